//! A zlib stream as a file (RFC 1950), which programs write that keep their objects packed.

use crate::container::name::Name;
use crate::container::sink::{Body, Member, Sink};
use crate::error::Result;
use crate::kinds::Container;
use crate::limits::Limit;
use crate::source::Encoding;
use crate::source::{Extent, UNKNOWN_SIZE, Window, head_of};

/// `CMF` of deflate with a window of 32 KB, which nearly all writers use.
const METHOD: u8 = 0x78;
/// First bytes that distinguish text from deflated data.
const SAMPLE: usize = 32;
/// Steps of inflating a head.
const STEPS: u64 = 256;

/// Returns whether `head` begins with a header whose check bits are right (RFC 1950 2.2), without a
/// preset dictionary, and inflates.
pub(super) fn matches(head: &[u8]) -> bool {
    let is_text = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
    matches!(head, [METHOD, 0x01 | 0x5E | 0x9C | 0xDA, ..])
        // A formula may begin with these two.
        && !head.iter().take(SAMPLE).all(is_text)
        && head_of(Encoding::Zlib, head).is_some_and(|inflated| !inflated.is_empty())
}

pub(super) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    window.meter().charge(Limit::Steps, STEPS)?;
    if !head_of(Encoding::Zlib, window.head()?)
        .is_some_and(|inflated| sink.recognizer().is_known(&inflated))
    {
        return Ok(());
    }
    let extents = vec![Extent { offset: 0, len: window.known_len().unwrap_or(UNKNOWN_SIZE) }];
    let body = Body::Encoded { extents, encoding: Encoding::Zlib, size: None };
    sink.member(Member { name: Name::Unnamed("content"), body })
}
