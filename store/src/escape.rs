//! Escapes of keys in canonical addresses.
//!
//! A key is any text, and an address has to be a path: it has no empty and no relative segment, and
//! it does not end with a slash. So a slash that begins a key, ends it or follows another slash, the
//! first dot of a segment `.` or `..`, control characters and `%` are percent-encoded. All other
//! characters are written as they are. Two keys never have the same escaped form.

/// Appends the escaped form of `key` to `out`.
pub(crate) fn escape(key: &str, out: &mut String) {
    let mut segments = key.split('/').peekable();
    let mut before: Option<&str> = None;
    while let Some(segment) = segments.next() {
        if let Some(before) = before {
            let ends_key = segment.is_empty() && segments.peek().is_none();
            out.push_str(if before.is_empty() || ends_key { "%2F" } else { "/" });
        }
        before = Some(segment);
        match segment {
            "." => out.push_str("%2E"),
            ".." => out.push_str("%2E%2E"),
            segment => push(segment, out),
        }
    }
}

fn push(segment: &str, out: &mut String) {
    for char in segment.chars() {
        if char == '%' || char.is_ascii_control() {
            out.push_str(&format!("%{:02X}", u32::from(char)));
        } else {
            out.push(char);
        }
    }
}

/// Decodes percent-encoded bytes. Other characters, also a `%` that no two digits follow, stay.
///
/// Returns `None` if the result is not UTF-8.
pub(crate) fn unescape(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'%').then(|| after.first_chunk::<2>()).flatten().and_then(code);
        match code {
            Some(code) => {
                bytes.push(code);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).ok()
}

fn code(digits: &[u8; 2]) -> Option<u8> {
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_hex)?;
    u8::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_form_that_is_a_path_and_read_back_as_they_were() {
        let cases = [
            ("a/b.docx", "a/b.docx"),
            ("Größe 100%.docx", "Größe 100%25.docx"),
            ("a//b", "a/%2Fb"),
            ("a///b", "a/%2F%2Fb"),
            ("/a", "%2Fa"),
            ("//a", "%2F%2Fa"),
            ("a/", "a%2F"),
            ("a//", "a/%2F"),
            ("a/./..//b", "a/%2E/%2E%2E/%2Fb"),
            ("...", "..."),
            ("a\n\u{7f}", "a%0A%7F"),
            ("a?b#c&d=e+f", "a?b#c&d=e+f"),
            ("%2F", "%252F"),
            ("", ""),
        ];
        for (key, expected) in cases {
            let mut escaped = String::new();
            escape(key, &mut escaped);
            assert_eq!(escaped, expected, "{key}");
            assert_eq!(unescape(&escaped).as_deref(), Some(key), "{escaped}");
            assert!(!escaped.ends_with('/') && !escaped.contains("//"), "{escaped}");
        }
    }

    #[test]
    fn escape_needs_two_digits_and_utf8() {
        assert_eq!(unescape("50% a%2").as_deref(), Some("50% a%2"));
        assert_eq!(unescape("%+1").as_deref(), Some("%+1"));
        assert_eq!(unescape("%FF"), None);
    }
}
