//! AttachmentHints of files in text that is not read as parts: fields of a part, and encodings that are
//! recognized but not decoded.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::container::recognizer::Recognizer;
use crate::source::{Encoding, head_of};

/// Bytes of a line of base64 by which it is distinguished from a word.
const BASE64_LINE: usize = 40;
/// Bytes of base64 that are decoded to recognize a file.
const BASE64_HEAD: usize = 128;
/// Bytes of blanks and quotation marks that may precede a line of an encoded file.
const MAX_INDENT: usize = 16;
/// Lines in which the first encoded line is searched for.
const MAX_EMPTY: usize = 16;
/// First bytes of files that may be present in a message without an encoding.
const MAGICS: [&[u8]; 5] =
    [b"%PDF-", b"PK\x03\x04", b"\xD0\xCF\x11\xE0\xA1\xB1", b".pfile", b"\x76\xE8\x04\x60"];

/// AttachmentHints of parts in content that is not read as a part.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct AttachmentHints {
    /// Whether a line is a field that only parts have.
    pub(super) has_part_fields: bool,
    /// The encoding of a file of a known format.
    pub(super) encoded: Option<&'static str>,
    /// Whether a line may be the delimiter of a multipart.
    pub(super) has_dashes: bool,
}

impl AttachmentHints {
    /// Searches a piece of a content; `is_begin` if the content begins with it.
    pub(super) fn look(&mut self, content: &[u8], is_begin: bool, recognizer: Recognizer) {
        if self.encoded.is_none()
            && (has_body(content, recognizer)
                || is_begin && is_body(content.trim_ascii_start(), recognizer))
        {
            self.encoded = Some("body of a part without its header");
        }
        // Every other hint contains a space, and lines of base64 contain none.
        if memchr::memchr(b' ', content).is_none() {
            return;
        }
        self.has_part_fields |= has_part_fields(content);
        if self.encoded.is_none() {
            self.encoded = encoded(content, recognizer);
        }
    }
}

/// Returns whether a line is the field that every attachment has (RFC 2183).
fn has_part_fields(content: &[u8]) -> bool {
    const BEGIN: &[u8] = b"content-disposition:";
    [&b"-Disposition:"[..], b"-disposition:", b"-DISPOSITION:"].iter().any(|name| {
        memchr::memmem::find_iter(content, name).any(|at| {
            let begin = at.checked_sub(b"content".len());
            let line = begin.and_then(|begin| content.get(begin..)).unwrap_or_default();
            let is_field = line.get(..BEGIN.len()).is_some_and(|it| it.eq_ignore_ascii_case(BEGIN));
            let value = line.get(BEGIN.len()..).unwrap_or_default().trim_ascii_start();
            let is_attachment =
                value.get(..10).is_some_and(|it| it.eq_ignore_ascii_case(b"attachment"));
            let begins_line = begin
                .and_then(|begin| content.get(..begin))
                .is_some_and(|before| before.ends_with(b"\n"));
            is_field && is_attachment && begins_line
        })
    })
}

/// Returns whether the bytes of a file follow an empty line, in base64 or as they are: the fields of
/// its part are damaged or missing.
fn has_body(content: &[u8], recognizer: Recognizer) -> bool {
    [&b"\n\n"[..], b"\n\r\n"].iter().any(|end| {
        memchr::memmem::find_iter(content, end).any(|at| {
            let body = content.get(at.saturating_add(end.len())..).unwrap_or_default();
            is_body(body, recognizer)
        })
    })
}

fn is_body(body: &[u8], recognizer: Recognizer) -> bool {
    MAGICS.iter().any(|magic| body.starts_with(magic)) || is_base64_of_file(body, recognizer)
}

fn is_base64_of_file(body: &[u8], recognizer: Recognizer) -> bool {
    let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/');
    let is_line = body.get(..BASE64_LINE).is_some_and(|line| line.iter().all(is_letter));
    is_line
        && head_of(Encoding::Base64, body.get(..BASE64_HEAD).unwrap_or(body))
            .is_some_and(|head| recognizer.is_firmly_known(&head))
}

/// Returns the name of the encoding in which a file of a known format begins in the text. Blanks and
/// quotation marks may precede each line.
pub(super) fn encoded(content: &[u8], recognizer: Recognizer) -> Option<&'static str> {
    // Making a finder takes as long as the search of a head.
    static WORDS: LazyLock<[Finder<'static>; 3]> = LazyLock::new(|| {
        let words: [&[u8]; 3] =
            [b"begin", b"=ybegin ", b"(This file must be converted with BinHex"];
        words.map(Finder::new)
    });
    let [uuencode, yencode, bin_hex] = &*WORDS;
    let lines = |word: &'static Finder<'static>| {
        word.find_iter(content).filter_map(|at| {
            let (before, lines) = content.split_at_checked(at)?;
            let blanks = before.iter().rev().take(MAX_INDENT);
            let indent = blanks.take_while(|byte| matches!(byte, b' ' | b'\t' | b'>')).count();
            let (before, indent) = before.split_at_checked(at.checked_sub(indent)?)?;
            (before.is_empty() || before.ends_with(b"\n")).then_some((lines, indent))
        })
    };
    // Outlook writes it into plain text if it is configured to.
    if lines(uuencode).any(|(lines, indent)| is_uuencoded(lines, indent, recognizer)) {
        return Some("uuencoded file");
    }
    if lines(yencode).any(|(lines, _)| is_yencoded(lines, recognizer)) {
        return Some("yEnc file");
    }
    let has_bin_hex = lines(bin_hex).any(|(lines, indent)| is_bin_hexed(lines, indent));
    has_bin_hex.then_some("BinHex file")
}

/// Returns whether a uuencoded file of a known format begins with these lines (POSIX.1): `begin`,
/// the mode and the name, then lines of encoded bytes. `indent` precedes each line. The name may be
/// missing, and empty lines may follow it.
fn is_uuencoded(lines: &[u8], indent: &[u8], recognizer: Recognizer) -> bool {
    let mut split = lines.split(|byte| *byte == b'\n').take(MAX_EMPTY);
    let begin = split.next().unwrap_or_default();
    let (is_base64, rest) = match begin.strip_prefix(b"begin-base64 ") {
        Some(rest) => (true, rest),
        None => (false, begin.strip_prefix(b"begin ").unwrap_or_default()),
    };
    let rest = rest.trim_ascii();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let name = rest.get(digits..).unwrap_or_default();
    if !(3..=6).contains(&digits) || !matches!(name, [] | [b' ' | b'\t', ..]) {
        return false;
    }
    let mut lines = split.map(|line| line.strip_prefix(indent).unwrap_or(line));
    let line = lines.find(|line| !line.trim_ascii().is_empty()).unwrap_or_default();
    if is_base64 {
        return head_of(Encoding::Base64, line).is_some_and(|head| recognizer.is_known(&head));
    }
    // A full line has 45 bytes in 60 characters.
    let is_full = line.starts_with(b"M") && line.trim_ascii_end().len() > 60;
    let head = uudecoded(line);
    recognizer.is_known(&head) || is_full && recognizer.is_worth_opening(name, &head)
}

/// Returns whether data follow the first of these lines (RFC 1741, appendix A): a colon begins them,
/// and their lines have 64 characters. Mail that quotes the line has no data.
fn is_bin_hexed(lines: &[u8], indent: &[u8]) -> bool {
    let split = lines.split(|byte| *byte == b'\n').take(MAX_EMPTY).skip(1);
    let mut lines = split.map(|line| line.strip_prefix(indent).unwrap_or(line).trim_ascii());
    let line = lines.find(|line| !line.is_empty()).unwrap_or_default();
    line.starts_with(b":") || line.len() >= BASE64_LINE && line.iter().all(u8::is_ascii_graphic)
}

/// Decodes one line: its length, and four characters for three bytes.
fn uudecoded(line: &[u8]) -> Vec<u8> {
    let six = |byte: &u8| u32::from(byte.wrapping_sub(b' ') & 0x3F);
    let Some((len, characters)) = line.split_first() else { return Vec::new() };
    let groups = characters.chunks_exact(4).take(15);
    let bytes = groups.flat_map(|group| {
        let bits = group.iter().fold(0, |bits, byte| bits << 6 | six(byte));
        let [_, bytes @ ..] = bits.to_be_bytes();
        bytes
    });
    bytes.take(usize::try_from(six(len)).unwrap_or_default()).collect()
}

/// Returns whether a yEnc file of a known format begins with these lines (yEnc 1.3): `=ybegin`, for
/// one of several parts `=ypart`, then the bytes, each plus 42.
fn is_yencoded(lines: &[u8], recognizer: Recognizer) -> bool {
    let mut split = lines.split(|byte| *byte == b'\n').skip(1);
    let line = split.find(|line| !line.starts_with(b"=ypart "));
    let mut is_escaped = false;
    let decode = |byte: &u8| match (std::mem::take(&mut is_escaped), *byte) {
        (false, b'=') => {
            is_escaped = true;
            None
        }
        (true, byte) => Some(byte.wrapping_sub(64 + 42)),
        (false, byte) => Some(byte.wrapping_sub(42)),
    };
    let line = line.unwrap_or_default().iter().take(BASE64_HEAD);
    recognizer.is_known(&line.filter_map(decode).collect::<Vec<u8>>())
}
