//! Calendars (iCalendar, RFC 5545) and contacts (vCard, RFC 6350): files in their properties.
//!
//! A property is a line: a name, parameters, a colon, a value. A line that begins with white space
//! continues the preceding line, in the name and the parameters too. vCard 2.1 continues base64 on
//! lines without white space, up to an empty line.

use super::eml;
use crate::bytes::{to_u64, to_usize, utf8_lossy};
use crate::code::ErrorCode;
use crate::container::name::{Name, is_named_protected, not_as_named};
use crate::container::recognizer::Recognizer;
use crate::container::sink::{Body, Member, Sink, WAITING};
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::limits::Limit;
use crate::source::{Encoding, Extent, Window, head_of};

/// The first line, in any case of letters. Programs also store a component without the calendar
/// around it.
const BEGINNINGS: [&[u8]; 11] = [
    b"BEGIN:VCALENDAR",
    b"BEGIN:VCARD",
    b"BEGIN:VNOTE",
    b"BEGIN:VMSG",
    b"BEGIN:VEVENT",
    b"BEGIN:VTODO",
    b"BEGIN:VJOURNAL",
    b"BEGIN:VALARM",
    b"BEGIN:VFREEBUSY",
    b"BEGIN:VTIMEZONE",
    b"BEGIN:VAVAILABILITY",
];
const STRUCTURE: &str = "calendar";
/// Bytes that are searched at once.
const CHUNK: usize = 65_536;
/// Bytes of a name with its parameters that are kept.
const MAX_PARAMETERS: usize = 4096;
/// Bytes of a value that are decoded to recognize a file.
const HEAD: usize = 5600;
/// Bytes of a value from which on it may contain a protected file.
const SMALLEST_FILE: u64 = 512;
/// Bytes of base64 by which it is distinguished from a parameter.
const BASE64_RUN: usize = 256;
/// Lines after the first one that are examined for a calendar.
const FIRST_LINES: usize = 9;
/// Members that are reported before the first of them is read.
const BATCH: usize = 16;

/// Returns whether `head` begins with one of the first lines. One byte of it may be damaged.
pub(crate) fn matches(head: &[u8]) -> bool {
    let head = eml::begin(head);
    // All of them begin with the same letters, which few other files do.
    let begin = head.get(..6).unwrap_or_default();
    let common = begin.iter().zip(b"BEGIN:");
    let equal = common.filter(|(found, byte)| found.eq_ignore_ascii_case(byte)).count();
    if !matches!(begin, [b'B' | b'b', ..]) || equal < 5 {
        return false;
    }
    BEGINNINGS.iter().any(|begin| {
        let found = head.get(..begin.len()).unwrap_or_default();
        let pairs = found.iter().zip(*begin);
        let equal = pairs.filter(|(found, byte)| found.eq_ignore_ascii_case(byte)).count();
        equal.saturating_add(1) >= begin.len()
    })
}

/// Returns whether one of the lines after the first one begins a component, or is the version that
/// follows the first line: that one is damaged.
pub(crate) fn matches_later(head: &[u8]) -> bool {
    let mut ends = memchr::memchr_iter(b'\n', head).take(FIRST_LINES);
    ends.any(|end| {
        let rest = head.get(end.saturating_add(1)..).unwrap_or_default();
        // Few other lines begin with one of these letters.
        if !matches!(rest, [b'B' | b'b' | b'V' | b'v', ..]) {
            return false;
        }
        let line = rest.split(|byte| *byte == b'\n').next().unwrap_or_default().trim_ascii_end();
        let is_component = BEGINNINGS.iter().any(|begin| line.eq_ignore_ascii_case(begin));
        let version = line.get(..8).filter(|name| name.eq_ignore_ascii_case(b"VERSION:"));
        let is_number = || {
            matches!(line.get(8..), Some([a, b'.', b]) if a.is_ascii_digit() && b.is_ascii_digit())
        };
        is_component || version.is_some() && is_number()
    })
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Other);
    let head = window.head()?;
    if memchr::memchr(b'\n', head).is_none() && memchr::memchr(b'\r', head).is_some() {
        sink.protection(Protection::Unknown);
        let detail = "a calendar whose lines end in a bare CR";
        return Err(Error::unsupported(ErrorCode::MailNotRead, STRUCTURE, 0, detail));
    }
    read_on(window, sink, 0)
}

/// Reads the properties from the line at `position` on.
fn read_on(window: &mut Window<'_>, sink: &mut dyn Sink, mut position: u64) -> Result<()> {
    let mut named: usize = 0;
    while let Some((property, next)) = Property::read(window, position)? {
        position = next;
        named = named.saturating_add(usize::from(property.open(window, sink)?));
        if named >= BATCH {
            sink.continue_with(Box::new(move |window, sink| read_on(window, sink, position)));
            break;
        }
    }
    Ok(())
}

/// A property with its continuation lines.
struct Property {
    /// Name and parameters, continuation lines joined.
    parameters: Vec<u8>,
    /// The value, with its line breaks.
    value: Extent,
    /// Offset after the last colon in the parameters, if an unclosed quote contains it.
    quoted_colon: Option<u64>,
}

/// Part of a property to which the next byte belongs.
#[derive(Clone, Copy)]
enum PropertyState {
    Parameters { is_quoted: bool },
    Value,
}

impl Property {
    /// Reads the property at `offset`, and returns it with the offset of the next one; `None` at
    /// the end. The value includes the following lines that begin no property.
    fn read(window: &mut Window<'_>, offset: u64) -> Result<Option<(Property, u64)>> {
        let mut parameters = Vec::new();
        let mut value = None;
        let mut quoted_colon = None;
        let mut state = PropertyState::Parameters { is_quoted: false };
        let mut position = offset;
        loop {
            let chunk = window.read_forward(position, CHUNK, CHUNK)?;
            let is_last = chunk.len() < CHUNK;
            let mut used: usize = 0;
            while let Some(rest) = chunk.get(used..).filter(|rest| !rest.is_empty()) {
                let at = position.saturating_add(to_u64(used));
                let len = memchr::memchr(b'\n', rest).map(|end| end.saturating_add(1));
                let is_cut = len.is_none() || rest.len() < MAX_PARAMETERS;
                if is_cut && used > 0 && !is_last {
                    break;
                }
                let line = rest.get(..len.unwrap_or(rest.len())).unwrap_or_default();
                if at > offset && begins_property(rest) {
                    let property = Property::new(parameters, value, at, quoted_colon);
                    return Ok(Some((property, at)));
                }
                for (index, byte) in line.iter().enumerate() {
                    let PropertyState::Parameters { is_quoted } = state else { break };
                    match byte {
                        b':' if !is_quoted => {
                            let offset = at.saturating_add(to_u64(index)).saturating_add(1);
                            value = Some(Extent { offset, len: 0 });
                            state = PropertyState::Value;
                        }
                        b':' => {
                            quoted_colon = Some(at.saturating_add(to_u64(index)).saturating_add(1));
                        }
                        b'\r' | b'\n' => {}
                        b' ' | b'\t' if index == 0 => {}
                        _ => {
                            let is_quoted = is_quoted != (*byte == b'"');
                            state = PropertyState::Parameters { is_quoted };
                            if parameters.len() < MAX_PARAMETERS {
                                parameters.push(*byte);
                            }
                        }
                    }
                }
                used = used.saturating_add(line.len());
            }
            position = position.saturating_add(to_u64(used));
            window.meter().charge(Limit::Steps, to_u64(used).wrapping_shr(4).max(1))?;
            if is_last {
                let property = Property::new(parameters, value, position, quoted_colon);
                return Ok((position > offset).then_some((property, position)));
            }
        }
    }

    /// Returns the property that ends at `end`. `value` begins its value, if it has one.
    fn new(
        parameters: Vec<u8>,
        value: Option<Extent>,
        end: u64,
        quoted_colon: Option<u64>,
    ) -> Property {
        let quoted_colon = quoted_colon.filter(|_| value.is_none());
        let value = value.unwrap_or(Extent { offset: end, len: 0 });
        let len = end.saturating_sub(value.offset);
        Property { parameters, value: Extent { len, ..value }, quoted_colon }
    }

    /// Returns the value of a parameter, without quotes.
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

    /// Returns whether the parameters end with base64 and the value is empty: the colon that
    /// separates them is damaged.
    fn lacks_colon(&self) -> bool {
        let is_letter =
            |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
        let end = self.parameters.get(self.parameters.len().saturating_sub(BASE64_RUN)..);
        let end = end.filter(|end| end.len() == BASE64_RUN);
        self.value.len == 0 && end.is_some_and(|end| end.iter().all(is_letter))
    }

    /// Reports the value if it is a file. Returns whether it is one. A value that is
    /// base64 of a known format is a file whatever its parameters are: they may be damaged.
    fn open(&self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<bool> {
        if let Some(colon) = self.quoted_colon
            && self.value.offset.saturating_sub(colon) >= SMALLEST_FILE
        {
            sink.incomplete(malformed(colon, "a quoted parameter does not end before the value"));
        }
        if self.lacks_colon() {
            sink.incomplete(malformed(self.value.offset, "no colon precedes base64"));
        }
        let Some((mut extent, is_inline)) = self.inline(window, sink)? else { return Ok(false) };
        let len = to_usize(extent.len.min(to_u64(HEAD))).unwrap_or_default();
        let raw = window.up_to(extent.offset, len)?;
        let recognizer = sink.recognizer();
        let is_valid = |raw: &[u8]| raw.iter().all(|byte| is_base64(*byte));
        let firm = |raw: &[u8]| {
            head_of(Encoding::Base64, raw).is_some_and(|head| recognizer.is_firmly_known(&head))
        };
        let name = self.file_name();
        let is_known = match is_inline {
            true => head_of(Encoding::Base64, raw).is_some_and(|head| recognizer.is_known(&head)),
            false => is_valid(raw.get(..raw.len().min(16)).unwrap_or_default()) && firm(raw),
        };
        let mut is_file = is_known;
        // A parameter with an unquoted colon ends the name and the parameters early.
        if !is_known
            && let Some(colon) = memchr::memrchr2(b':', b',', raw)
            && raw.get(colon..).and_then(|rest| rest.get(1..)).is_some_and(firm)
        {
            let skip = to_u64(colon).saturating_add(1);
            let offset = extent.offset.saturating_add(skip);
            extent = Extent { offset, len: extent.len.saturating_sub(skip) };
            is_file = true;
        }
        if !is_file {
            if is_percent_encoded_file(raw, recognizer) {
                sink.incomplete(not_decoded(extent.offset, "percent-encoded".to_owned()));
            } else if is_inline && name.as_deref().is_some_and(is_named_protected) {
                sink.incomplete(not_as_named());
            } else if is_inline && extent.len >= SMALLEST_FILE && !is_valid(raw) {
                sink.incomplete(malformed(extent.offset, "the value is not valid base64"));
            } else if is_inline && extent.len >= SMALLEST_FILE && lacks_letters(window, extent)? {
                sink.incomplete(malformed(extent.offset, "letters of the base64 are missing"));
            } else {
                let is_opened = |name: &String| recognizer.is_worth_opening(name.as_bytes(), b"");
                is_file = is_inline && name.as_ref().is_some_and(is_opened);
            }
        }
        if !is_file {
            return Ok(false);
        }
        window.meter().charge(Limit::Allocation, WAITING)?;
        let body = Body::Encoded { extents: vec![extent], encoding: Encoding::Base64, size: None };
        let name = name.map_or(Name::Unnamed("attachment"), Name::Named);
        sink.member(Member { name, body })?;
        Ok(true)
    }

    /// Returns the part of the value that may be base64, and whether the property declares it as
    /// base64.
    fn inline(
        &self,
        window: &mut Window<'_>,
        sink: &mut dyn Sink,
    ) -> Result<Option<(Extent, bool)>> {
        if self.value.len == 0 {
            return Ok(None);
        }
        let len = to_usize(self.value.len.min(to_u64(HEAD))).unwrap_or_default();
        let begin = window.up_to(self.value.offset, len)?;
        if is_data_uri(begin) {
            let Some(comma) = memchr::memchr(b',', begin) else {
                if self.value.len >= SMALLEST_FILE {
                    sink.incomplete(malformed(self.value.offset, "a data: URI has no comma"));
                }
                return Ok(None);
            };
            let kind = begin.get(..comma).unwrap_or_default();
            let kind: Vec<u8> =
                kind.iter().filter(|byte| !byte.is_ascii_whitespace()).copied().collect();
            let skip = to_u64(comma).saturating_add(1);
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
            // What surrounds the words may be damaged.
            || [&b"BASE64"[..], b"BINARY"].iter().any(|word| {
                let mut found = self.parameters.windows(word.len());
                found.any(|found| found.eq_ignore_ascii_case(word))
            })
            || self.parameter(b"VALUE").is_some_and(|of| of.eq_ignore_ascii_case(b"BINARY"));
        let is_text =
            matches!(encoding.as_slice(), b"" | b"8BIT" | b"7BIT" | b"QUOTED-PRINTABLE" | b"Q");
        if !is_base64 && !is_text {
            let detail = format!("encoded as {}", utf8_lossy(&encoding));
            sink.incomplete(not_decoded(self.value.offset, detail));
            return Ok(None);
        }
        Ok(Some((self.value, is_base64)))
    }
}

/// Returns whether the line at the beginning of `text` begins a property: a colon or a semicolon
/// follows its name, which may continue on lines that begin with white space. Base64 of vCard 2.1
/// contains neither.
fn begins_property(text: &[u8]) -> bool {
    let begin = text.get(..text.len().min(MAX_PARAMETERS)).unwrap_or_default();
    let is_continuation = |line: &[u8]| matches!(line, [b' ' | b'\t', ..]);
    let mut lines = begin.split_inclusive(|byte| *byte == b'\n');
    let Some(first) = lines.next().filter(|line| !is_continuation(line)) else { return false };
    std::iter::once(first)
        .chain(lines.take_while(|line| is_continuation(line)))
        .any(|line| memchr::memchr2(b':', b';', line).is_some())
}

/// Returns whether a value begins with the scheme of a `data:` URI (RFC 2397), which may be folded.
fn is_data_uri(value: &[u8]) -> bool {
    const SCHEME: &[u8] = b"data:";
    let letters = value.iter().filter(|byte| !byte.is_ascii_whitespace());
    letters.take(SCHEME.len()).map(u8::to_ascii_lowercase).eq(SCHEME.iter().copied())
}

/// Returns whether the data of a `data:` URI without base64 is a file of a known format (RFC 3986,
/// 2.1).
fn is_percent_encoded_file(data: &[u8], recognizer: Recognizer) -> bool {
    let mut letters = data.iter().filter(|byte| !byte.is_ascii_whitespace());
    let mut decoded = Vec::new();
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    while let Some(letter) = letters.next() {
        let byte = match letter {
            b'%' => match (letters.next().and_then(digit), letters.next().and_then(digit)) {
                (Some(high), Some(low)) => u8::try_from(high << 4 | low).unwrap_or_default(),
                _ => break,
            },
            letter => *letter,
        };
        decoded.push(byte);
    }
    memchr::memchr(b'%', data).is_some() && recognizer.is_firmly_known(&decoded)
}

/// Returns whether no base64 has so many letters (RFC 4648, 4): one more than groups of four, or
/// with their padding no groups of four.
fn lacks_letters(window: &mut Window<'_>, extent: Extent) -> Result<bool> {
    let (mut letters, mut padding): (u64, u64) = (0, 0);
    let mut at: u64 = 0;
    while at < extent.len {
        let len = to_usize(extent.len.saturating_sub(at)).unwrap_or(CHUNK).min(CHUNK);
        let piece = window.up_to(extent.offset.saturating_add(at), len)?;
        if piece.is_empty() {
            break;
        }
        let pads = to_u64(memchr::memchr_iter(b'=', piece).count());
        let all = to_u64(
            piece.iter().filter(|byte| is_base64(**byte) && !byte.is_ascii_whitespace()).count(),
        );
        padding = padding.saturating_add(pads);
        letters = letters.saturating_add(all.saturating_sub(pads));
        at = at.saturating_add(to_u64(piece.len()));
        window.meter().charge(Limit::Steps, to_u64(len).wrapping_shr(3).max(1))?;
    }
    Ok(letters.checked_rem(4) == Some(1)
        || padding > 0 && letters.saturating_add(padding).checked_rem(4) != Some(0))
}

fn malformed(offset: u64, detail: &'static str) -> Error {
    Error::malformed(ErrorCode::MalformedAttachment, "inline attachment", offset, detail)
}

fn not_decoded(offset: u64, detail: String) -> Error {
    Error::unsupported(ErrorCode::ArchiveNotOpened, "inline attachment", offset, detail)
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=') || byte.is_ascii_whitespace()
}
