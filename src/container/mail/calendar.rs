//! Calendars (iCalendar, RFC 5545) and contacts (vCard, RFC 6350): files in their properties.
//!
//! A property is a line: a name, parameters, a colon, a value. A line that begins with white space
//! continues the line before it. vCard 2.1 writes base64 over lines of its own up to an empty one.

use super::eml;
use crate::bytes::{utf8_lossy, wide};
use crate::container::{
    Body, Container, Member, Name, Sink, WAITING, is_firmly_known, is_known, is_named_protected,
    not_as_named,
};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Encoding, Extent, Window, head_of};

/// The first line, in any case of letters.
const BEGINNINGS: [&[u8]; 4] = [b"BEGIN:VCALENDAR", b"BEGIN:VCARD", b"BEGIN:VNOTE", b"BEGIN:VMSG"];
/// Bytes that are searched at once.
const CHUNK: usize = 65_536;
/// Bytes of a name with its parameters that are kept.
const MAX_PARAMETERS: usize = 4096;
/// Bytes of a value that are decoded to recognize a file.
const HEAD: usize = 5600;
/// Members that are given to the sink before the first of them is read.
const BATCH: usize = 16;

pub(crate) fn matches(head: &[u8]) -> bool {
    let head = eml::begin(head);
    BEGINNINGS
        .iter()
        .any(|begin| head.get(..begin.len()).is_some_and(|found| found.eq_ignore_ascii_case(begin)))
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    go_on(window, sink, 0)
}

/// Reads the properties from the line at `position` on.
fn go_on(window: &mut Window<'_>, sink: &mut dyn Sink, mut position: u64) -> Result<()> {
    let mut named: usize = 0;
    while let Some((property, next)) = Property::read(window, position)? {
        position = next;
        named = named.saturating_add(usize::from(property.open(window, sink)?));
        if named >= BATCH {
            sink.rest(Box::new(move |window, sink| go_on(window, sink, position)));
            break;
        }
    }
    Ok(())
}

/// A property with its continuation lines.
struct Property {
    /// Name and parameters, continuation lines joined.
    parameters: Vec<u8>,
    /// The value, with the line breaks inside of it.
    value: Extent,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Parameters { is_quoted: bool },
    Value,
}

impl Property {
    /// Reads the property at `offset`, and where the next one begins; `None` at the end. The value
    /// includes the lines behind it that are no property by themselves.
    fn read(window: &mut Window<'_>, offset: u64) -> Result<Option<(Property, u64)>> {
        let mut parameters = Vec::new();
        let mut value = None;
        let mut state = State::Parameters { is_quoted: false };
        let mut position = offset;
        loop {
            let chunk = window.on_the_way(position, CHUNK, CHUNK)?;
            let is_last = chunk.len() < CHUNK;
            let mut used: usize = 0;
            while let Some(rest) = chunk.get(used..).filter(|rest| !rest.is_empty()) {
                let at = position.saturating_add(wide(used));
                let len = memchr::memchr(b'\n', rest).map(|end| end.saturating_add(1));
                if len.is_none() && used > 0 && !is_last {
                    break;
                }
                let line = rest.get(..len.unwrap_or(rest.len())).unwrap_or_default();
                if at > offset && begins_property(line, state) {
                    let value = value.unwrap_or(Extent { offset: at, len: 0 });
                    let len = at.saturating_sub(value.offset);
                    return Ok(Some((Property { parameters, value: Extent { len, ..value } }, at)));
                }
                for (index, byte) in line.iter().enumerate() {
                    let State::Parameters { is_quoted } = state else { break };
                    match byte {
                        b':' if !is_quoted => {
                            let offset = at.saturating_add(wide(index)).saturating_add(1);
                            value = Some(Extent { offset, len: 0 });
                            state = State::Value;
                        }
                        b'\r' | b'\n' => {}
                        b' ' | b'\t' if index == 0 => {}
                        _ => {
                            let is_quoted = is_quoted != (*byte == b'"');
                            state = State::Parameters { is_quoted };
                            if parameters.len() < MAX_PARAMETERS {
                                parameters.push(*byte);
                            }
                        }
                    }
                }
                used = used.saturating_add(line.len());
            }
            position = position.saturating_add(wide(used));
            window.meter().charge(Limit::Steps, wide(used).wrapping_shr(4).max(1))?;
            if is_last {
                let value = value.unwrap_or(Extent { offset: position, len: 0 });
                let len = position.saturating_sub(value.offset);
                let property = Property { parameters, value: Extent { len, ..value } };
                return Ok((position > offset).then_some((property, position)));
            }
        }
    }

    /// The value of a parameter, without quotes.
    fn parameter(&self, name: &[u8]) -> Option<&[u8]> {
        self.parameters.split(|byte| *byte == b';').skip(1).find_map(|parameter| {
            let at = memchr::memchr(b'=', parameter)?;
            let (found, value) = parameter.split_at_checked(at)?;
            let value = value.strip_prefix(b"=").unwrap_or(value).trim_ascii();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = value.strip_suffix(b"\"").unwrap_or(value);
            found.trim_ascii().eq_ignore_ascii_case(name).then_some(value)
        })
    }

    fn file_name(&self) -> Option<String> {
        let names = [&b"FILENAME"[..], b"X-FILENAME", b"X-APPLE-FILENAME", b"NAME"];
        let name = names.iter().find_map(|name| self.parameter(name))?;
        Some(utf8_lossy(name).into_owned()).filter(|name| !name.is_empty())
    }

    /// Gives the value to the sink if it is a file; returns whether it is one. A value that is
    /// base64 of a known format is a file whatever its parameters are: they may be damaged.
    fn open(&self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<bool> {
        let Some((extent, is_inline)) = self.inline(window, sink)? else { return Ok(false) };
        let len = crate::bytes::narrow(extent.len.min(wide(HEAD))).unwrap_or_default();
        let raw = window.up_to(extent.offset, len)?;
        if !is_inline && !raw.iter().take(16).all(|byte| is_base64(*byte)) {
            return Ok(false);
        }
        let head = head_of(Encoding::Base64, raw).unwrap_or_default();
        let is_file = if is_inline { is_known(&head) } else { is_firmly_known(&head) };
        let name = self.file_name();
        if !is_file {
            if is_inline && name.as_deref().is_some_and(is_named_protected) {
                sink.incomplete(not_as_named());
            }
            return Ok(false);
        }
        window.meter().charge(Limit::Allocation, WAITING)?;
        let body = Body::Encoded { extents: vec![extent], encoding: Encoding::Base64, size: None };
        let name = name.map_or(Name::Unnamed("attachment"), Name::Named);
        sink.member(Member { name, body })?;
        Ok(true)
    }

    /// The part of the value that may be base64, and whether the property says that it is.
    fn inline(
        &self,
        window: &mut Window<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Option<(Extent, bool)>> {
        if self.value.len == 0 {
            return Ok(None);
        }
        let len = crate::bytes::narrow(self.value.len.min(1024)).unwrap_or_default();
        let begin = window.up_to(self.value.offset, len)?;
        let is_uri = begin.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case(b"data:"));
        if is_uri {
            let Some(comma) = memchr::memchr(b',', begin) else { return Ok(None) };
            let kind = begin.get(..comma).unwrap_or_default();
            let kind: Vec<u8> =
                kind.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
            let skip = wide(comma).saturating_add(1);
            let extent = Extent {
                offset: self.value.offset.saturating_add(skip),
                len: self.value.len.saturating_sub(skip),
            };
            return Ok(Some((extent, kind.to_ascii_lowercase().ends_with(b";base64"))));
        }
        let encoding = self.parameter(b"ENCODING").unwrap_or_default().to_ascii_uppercase();
        // vCard 2.1 has parameters without a name.
        let is_bare = |parameter: &[u8]| parameter.trim_ascii().eq_ignore_ascii_case(b"BASE64");
        let is_base64 = matches!(encoding.as_slice(), b"BASE64" | b"B")
            || self.parameters.split(|byte| *byte == b';').any(is_bare)
            || self.parameter(b"VALUE").is_some_and(|of| of.eq_ignore_ascii_case(b"BINARY"));
        let is_text =
            matches!(encoding.as_slice(), b"" | b"8BIT" | b"7BIT" | b"QUOTED-PRINTABLE" | b"Q");
        if !is_base64 && !is_text {
            let detail = format!("encoded as {}", utf8_lossy(&encoding));
            let offset = self.value.offset;
            sink.incomplete(Error::unsupported(
                "archive-not-opened",
                "inline attachment",
                offset,
                detail,
            ));
            return Ok(None);
        }
        Ok(Some((self.value, is_base64)))
    }
}

/// Returns whether the line begins another property. Inside of a value, a line without a colon
/// continues base64 of vCard 2.1.
fn begins_property(line: &[u8], state: State) -> bool {
    let is_continuation = matches!(line, [b' ' | b'\t', ..]);
    let begin = line.get(..line.len().min(MAX_PARAMETERS)).unwrap_or_default();
    !is_continuation && (state != State::Value || memchr::memchr(b':', begin).is_some())
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace()
}
