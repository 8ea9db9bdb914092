//! Members that a container stores without an encoding.

use super::name::{Name, is_named_protected, named, not_as_named};
use crate::container::sink::{Body, Member, Sink};
use crate::error::Result;
use crate::kinds::Anomaly;
use crate::source::{Extent, Window};

/// Reports a member if it can be or contain a protected file. Returns whether it was reported.
pub(super) fn stored(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    name: String,
    content: Extent,
) -> Result<bool> {
    if content.len == 0 {
        return Ok(false);
    }
    let head = window.head_of_extent(content)?;
    if !sink.recognizer().is_worth_opening(name.as_bytes(), head) {
        if is_named_protected(&name) {
            sink.incomplete(not_as_named());
        }
        return Ok(false);
    }
    sink.member(Member { name: named(name), body: Body::Stored(vec![content]) })?;
    Ok(true)
}

/// Reports the bytes from offset `at` on as a member that the container does not name.
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
