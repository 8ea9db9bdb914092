//! Header fields of a message or of a part (RFC 5322 2.2, RFC 2045 3), as far as they say where the
//! next parts are and how they are encoded.

use std::collections::BTreeMap;

use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};
use crate::source::{Encoding, Window};

/// Bytes that readers of mail request at once.
pub(super) const CHUNK: usize = 65_536;
/// Bytes that are parsed at once. Most headers are shorter.
const PIECE: usize = 4096;
/// Bytes of one field that are read. A longer relevant field is an error.
const MAX_FIELD: usize = 16_384;
/// Fields longer than this are charged for the square of their length, because
/// decoding them may take that long.
const LONG_FIELD: usize = 512;

/// Prefix of the class of rights-managed mail (MS-OXORMMS 2.2.3.2).
const RPMSG_CLASS: &str = "rpmsg.message";

/// Fields that describe the body.
const FIELDS: &[&str] = &[
    "content-type",
    "content-transfer-encoding",
    "content-disposition",
    "content-class",
    "msip_labels",
];

/// Header of a message or of a part.
#[derive(Debug, Default)]
pub(super) struct MailHeader {
    /// Parsed from `Content-Type`: lower-case type, and its parameters.
    mimetype: Option<String>,
    parameters: BTreeMap<String, String>,
    file_name: Option<String>,
    /// Every `Content-Transfer-Encoding` in order; there should be one. An unknown encoding is
    /// represented by all known ones.
    pub(super) encodings: Vec<Option<Encoding>>,
    /// Whether the class of the message is that of rights-managed mail.
    pub(super) is_protected: bool,
    /// The sensitivity label that Outlook writes.
    pub(super) labels: Option<String>,
    /// Whether it contains lines of base64: the empty line that ends it is damaged.
    pub(super) has_body: bool,
    /// Whether an empty line or a delimiter ends it, not the end of the bytes.
    pub(super) is_ended: bool,
    /// Offset of the body.
    pub(super) body: u64,
}

impl MailHeader {
    /// Reads the header at `offset`. It ends with an empty line, or where `ends` returns true for
    /// the bytes from the beginning of a line on.
    pub(super) fn read(
        window: &mut Window<'_>,
        offset: u64,
        ends: impl Fn(&[u8]) -> bool,
    ) -> Result<MailHeader> {
        let meter = window.meter();
        let mut header = MailHeader::default();
        let mut field = Vec::new();
        let mut position = offset;
        // Whether the next byte begins a line. A line may be longer than a chunk.
        let mut fresh = true;
        loop {
            let chunk = window.read_forward(position, PIECE, CHUNK)?;
            let is_last = chunk.len() < PIECE;
            let mut used: usize = 0;
            let mut done = false;
            while let Some(rest) = chunk.get(used..).filter(|rest| !rest.is_empty()) {
                let len = match memchr::memchr(b'\n', rest) {
                    Some(at) => at.saturating_add(1),
                    None if used == 0 || is_last => rest.len(),
                    None => break,
                };
                let line = rest.get(..len).unwrap_or_default();
                if fresh && ends(rest) {
                    done = true;
                    break;
                }
                used = used.saturating_add(len);
                if fresh && matches!(line, b"\n" | b"\r\n") {
                    done = true;
                    break;
                }
                let folded = matches!(line.first(), Some(b' ' | b'\t'));
                header.has_body |= fresh && is_base64(line);
                if fresh && !folded {
                    header.take(meter, &field, position)?;
                    field.clear();
                }
                // One byte more than the maximum shows that the field is too long.
                let room = MAX_FIELD.saturating_add(1).saturating_sub(field.len());
                #[allow(clippy::disallowed_methods)] // at most MAX_FIELD and one
                field.extend_from_slice(line.get(..room.min(line.len())).unwrap_or_default());
                fresh = line.ends_with(b"\n");
            }
            position = position.saturating_add(to_u64(used));
            meter.charge(Limit::Steps, to_u64(used).saturating_add(1))?;
            if done || is_last {
                header.take(meter, &field, position)?;
                header.body = position;
                header.is_ended = done;
                return Ok(header);
            }
        }
    }

    /// Parses a field with all of its lines. The first of two fields with the same name counts.
    fn take(&mut self, meter: &Meter, field: &[u8], offset: u64) -> Result<()> {
        let Some(name) = name_of(field).filter(|name| FIELDS.contains(&name.as_str())) else {
            return Ok(());
        };
        if field.len() > MAX_FIELD {
            let detail = format!("{name} has more than {MAX_FIELD} bytes");
            return Err(Error::malformed(
                ErrorCode::MalformedHeader,
                "header field",
                offset,
                detail,
            ));
        }
        if field.len() > LONG_FIELD {
            let len = to_u64(field.len());
            meter.charge(Limit::Steps, len.saturating_mul(len).wrapping_shr(2))?;
        }
        let Ok((parsed, _)) = mailparse::parse_header(field) else {
            return Ok(());
        };
        let value = parsed.get_value();
        match name.as_str() {
            "content-type" if self.mimetype.is_none() => {
                let parsed = mailparse::parse_content_type(&value);
                self.mimetype = Some(parsed.mimetype);
                self.parameters = parsed.params;
            }
            "content-disposition" if self.file_name.is_none() => {
                let mut parsed = mailparse::parse_content_disposition(&value);
                self.file_name = parsed.params.remove("filename");
            }
            "content-transfer-encoding" => self.encodings.extend(encodings(&value)),
            "content-class" => self.is_protected |= value.trim().starts_with(RPMSG_CLASS),
            "msip_labels" if self.labels.is_none() => self.labels = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// Returns whether it is a multipart without a boundary.
    pub(super) fn lacks_boundary(&self) -> bool {
        let is_multipart = self.mimetype.as_ref().is_some_and(|of| of.starts_with("multipart/"));
        is_multipart && self.boundary().is_none()
    }

    /// Returns the boundary of a multipart (RFC 2046 5.1.1).
    pub(super) fn boundary(&self) -> Option<&str> {
        let is_multipart = self.mimetype.as_ref().is_some_and(|of| of.starts_with("multipart/"));
        let boundary = self.parameters.get("boundary").filter(|_| is_multipart)?;
        Some(boundary.trim_end()).filter(|boundary| !boundary.is_empty())
    }

    /// Returns whether the body is a piece of a message that is not the first one (RFC 2046,
    /// 5.2.2).
    pub(super) fn is_later_piece(&self) -> bool {
        let is_piece = self.mimetype.as_deref() == Some("message/partial");
        is_piece && self.parameters.get("number").is_none_or(|number| number.trim() != "1")
    }

    /// Returns how many parts the subtype of a multipart requires (RFC 1847 2.1, RFC 6522 3).
    pub(super) fn required_parts(&self) -> u32 {
        match self.mimetype.as_deref() {
            Some("multipart/signed" | "multipart/report" | "multipart/encrypted") => 2,
            _ => 1,
        }
    }

    /// Returns whether the body is text by its media type (RFC 2045 5.2).
    pub(super) fn is_text(&self) -> bool {
        self.mimetype.as_ref().is_none_or(|of| of.starts_with("text/"))
    }

    /// Returns the name that the sender gave the part.
    pub(super) fn file_name(&self) -> Option<&str> {
        let name = self.file_name.as_deref().or(self.parameters.get("name").map(String::as_str));
        name.map(str::trim).filter(|name| !name.is_empty())
    }
}

/// Returns whether the line is base64 (RFC 2045 6.8) and longer than the name of a field.
fn is_base64(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    line.len() >= 60
        && line
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='))
}

/// Returns the encodings that a value may mean (RFC 2045 6.1); `None` is no encoding.
fn encodings(value: &str) -> Vec<Option<Encoding>> {
    let end = value.find(|char: char| char.is_whitespace() || matches!(char, ';' | '('));
    let word = value.trim_start().split_at_checked(end.unwrap_or(value.len()));
    match word.map_or(value, |(word, _)| word).trim().to_ascii_lowercase().as_str() {
        "base64" => vec![Some(Encoding::Base64)],
        "quoted-printable" => vec![Some(Encoding::QuotedPrintable)],
        "7bit" | "8bit" | "binary" => vec![None],
        _ => vec![None, Some(Encoding::Base64), Some(Encoding::QuotedPrintable)],
    }
}

/// Returns the lower-case name of a field, if the line has the form of one (RFC 5322 2.2).
fn name_of(line: &[u8]) -> Option<String> {
    written_name(line).map(|name| String::from_utf8_lossy(name).to_ascii_lowercase())
}

/// Returns the name of a field in its original case, if the line has the form of one.
pub(super) fn written_name(line: &[u8]) -> Option<&[u8]> {
    // The search for the colon ends with the first byte that a name does not contain.
    let len = line.iter().position(|byte| !matches!(byte, b'!'..=b'9' | b';'..=b'~'))?;
    let (name, after) = line.split_at_checked(len)?;
    (!name.is_empty() && after.trim_ascii_start().first() == Some(&b':')).then_some(name)
}
