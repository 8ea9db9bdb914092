//! Prolog of an XML document (XML 1.0, 2.8), in UTF-8 or in UTF-16.

/// Letters of UTF-16 that are examined.
pub(super) const LETTERS: usize = 2048;

/// Returns whether text is an XML document whose root element passes `test`. The test receives the text
/// from the `<` of the root on, without the zeros of UTF-16.
pub(super) fn has_root(head: &[u8], test: impl FnOnce(&[u8]) -> bool) -> bool {
    with_prolog(head, |prolog| matches!(prolog, Prolog::Root(root) if test(root)))
}

/// Calls `test` with the text after the prolog. Returns false for files that are no text.
pub(super) fn with_prolog(head: &[u8], test: impl FnOnce(Prolog<'_>) -> bool) -> bool {
    // Hardly any file begins with a tag or a byte order mark.
    if head.first().is_some_and(|first| {
        !matches!(first, 0 | b'<' | 0xEF | 0xFE | 0xFF) && !first.is_ascii_whitespace()
    }) {
        return false;
    }
    let Some(wide) = utf16(head) else {
        return test(prolog(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head)));
    };
    // Every second byte is enough, because the roots are plain ASCII.
    let mut low = [0; LETTERS];
    let letters = low.iter_mut().zip(wide.iter().step_by(2));
    letters.for_each(|(low, byte)| *low = *byte);
    test(prolog(low.get(..wide.len().div_ceil(2)).unwrap_or(&low)))
}

/// Returns the text from the low byte of its first letter on, if it is UTF-16.
pub(super) fn utf16(head: &[u8]) -> Option<&[u8]> {
    match head {
        [0xFF, 0xFE, wide @ ..] => Some(wide),
        // Without its first byte, UTF-16BE is UTF-16LE.
        [0xFE, 0xFF, _, wide @ ..] => Some(wide),
        [0, wide @ ..] if matches!(wide, [letter, 0, ..] if *letter != 0) => Some(wide),
        [low, 0, _, 0, ..] if *low != 0 => Some(head),
        _ => None,
    }
}

/// Text after the prolog: declaration, comments, processing instructions, document type and white
/// space.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Prolog<'t> {
    /// The root element, from its `<` on.
    Root(&'t [u8]),
    /// The text ends within the prolog.
    Unfinished,
    /// The text is not an XML document.
    Foreign,
}

/// Skips the prolog.
pub(super) fn prolog(mut text: &[u8]) -> Prolog<'_> {
    loop {
        text = text.trim_ascii_start();
        let rest = match text {
            [b'<', b'?', rest @ ..] => instruction(rest),
            [b'<', b'!', b'-', b'-', rest @ ..] => after(rest, b"-->"),
            // No document has a CDATA section here, but a reader that skips it finds the root.
            [b'<', b'!', b'[', rest @ ..] => after(rest, b"]]>"),
            [b'<', b'!', rest @ ..] if is_document_type(rest) => document_type(rest),
            [] | [b'<'] | [b'<', b'!'] | [b'<', b'!', b'-'] => None,
            [b'<', first, ..] if is_name_start(*first) => return Prolog::Root(text),
            _ => return Prolog::Foreign,
        };
        match rest {
            Some(rest) => text = rest,
            None => return Prolog::Unfinished,
        }
    }
}

/// Returns whether a name, which may be damaged, begins with this byte (XML 1.0, 2.3).
fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || matches!(byte, b'_' | b':' | 0..=8 | 0x80..)
}

/// Returns the text after `end`.
fn after<'t>(text: &'t [u8], end: &[u8]) -> Option<&'t [u8]> {
    let at = memchr::memmem::find(text, end)?;
    text.get(at.checked_add(end.len())?..)
}

/// Returns the text after a processing instruction. The `?` of an XML declaration may be damaged, or one letter
/// of its name: a `>` before another markup ends that too.
fn instruction(text: &[u8]) -> Option<&[u8]> {
    let equal = text.iter().zip(b"xml ").filter(|(found, byte)| found == byte).count();
    let is_declaration = text.get(3) == Some(&b' ') && equal >= 3;
    let rest = after(text, b">")?;
    let is_end = matches!(rest.trim_ascii_start(), [] | [b'<', ..]);
    if is_declaration && is_end { Some(rest) } else { after(text, b"?>") }
}

fn is_document_type(text: &[u8]) -> bool {
    text.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"DOCTYPE"))
}

/// Returns the text after a document type declaration, which may have an internal subset in brackets.
fn document_type(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    let mut depth: u32 = 0;
    loop {
        let at = rest.iter().position(|byte| b"<>[]\"'".contains(byte))?;
        let (mark, after_mark) = rest.get(at..)?.split_first()?;
        rest = after_mark;
        match mark {
            b'[' => depth = depth.saturating_add(1),
            b']' => depth = depth.saturating_sub(1),
            b'>' if depth == 0 => return Some(rest),
            b'<' if rest.starts_with(b"!--") => rest = after(rest, b"-->")?,
            b'"' | b'\'' => rest = after(rest, &[*mark])?,
            _ => {}
        }
    }
}
