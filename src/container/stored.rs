//! Members that a container holds as they are.

use super::{Body, Member, Name, Sink, is_named_protected, is_worth_opening, not_as_named};
use crate::bytes::to_usize;
use crate::error::Result;
use crate::kinds::Anomaly;
use crate::source::{Extent, Window};

/// Bytes of a member by which it is recognized.
const HEAD: u64 = 4096;

/// Gives a member to the sink that can be or contain a protected file, and returns whether it did.
pub(super) fn stored(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    name: String,
    content: Extent,
) -> Result<bool> {
    let len = to_usize(content.len.min(HEAD)).unwrap_or_default();
    if len == 0 || !is_worth_opening(name.as_bytes(), window.up_to(content.offset, len)?) {
        if len > 0 && is_named_protected(&name) {
            sink.incomplete(not_as_named());
        }
        return Ok(false);
    }
    sink.member(Member { name: named(name), body: Body::Stored(vec![content]) })?;
    Ok(true)
}

/// The name of a member, which may be empty.
pub(super) fn named(name: String) -> Name {
    if name.is_empty() { Name::Unnamed("member") } else { Name::Named(name) }
}

/// Gives what begins at `at` to the sink, as a member that the container does not name.
pub(super) fn rest(
    window: &Window<'_>,
    sink: &mut dyn Sink,
    name: &'static str,
    at: u64,
    anomaly: Anomaly,
) -> Result<()> {
    sink.anomaly(anomaly, Some(at));
    let extent = Extent { offset: at, len: window.len().saturating_sub(at) };
    sink.member(Member { name: Name::Unnamed(name), body: Body::Stored(vec![extent]) })
}
