//! Decodes raw values: text, GUIDs, times.

use std::borrow::Cow;

use super::document::RawValue;
use super::swar::find_byte;
use crate::timestamp::Timestamp;

/// Returns the text of a value, with entities resolved and outer white space trimmed; `None` if it
/// is empty.
pub(super) fn string(value: Option<RawValue<'_>>) -> Option<String> {
    let raw = value?.raw;
    if let [b'!'..=b'~', .., b'!'..=b'~'] = raw
        && !raw.iter().fold(false, |has, byte| has | (*byte == b'&'))
        && let Ok(text) = String::from_utf8(raw.to_vec())
    {
        // Nearly all values are ASCII without entities and without white space at the ends.
        return Some(text);
    }
    let text = crate::bytes::utf8_lossy(raw);
    // Text with an unknown entity stays as written.
    let text = match find_byte(b'&', raw).map(|_| quick_xml::escape::unescape(&text)) {
        Some(Ok(Cow::Owned(resolved))) => Cow::Owned(resolved),
        _ => text,
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Returns a GUID in the form of the record, and other text unchanged.
pub(super) fn guid(value: Option<RawValue<'_>>) -> Option<String> {
    match normal(value?.raw) {
        Some(guid) => Some(guid),
        None => string(value).map(normal_guid),
    }
}

/// Returns a GUID in lower case without braces, and other text unchanged.
pub(crate) fn normal_guid(text: String) -> String {
    normal(text.as_bytes()).unwrap_or(text)
}

/// Returns a GUID in lower case without braces; `None` for other text.
fn normal(text: &[u8]) -> Option<String> {
    let inner = match text {
        [b'{', inner @ .., b'}'] => inner,
        _ => text,
    };
    let mut guid: [u8; 36] = inner.try_into().ok()?;
    guid.make_ascii_lowercase();
    let is_guid = guid
        .iter()
        .zip(b"00000000-0000-0000-0000-000000000000")
        .all(|(byte, form)| if *form == b'-' { *byte == b'-' } else { byte.is_ascii_hexdigit() });
    if is_guid { std::str::from_utf8(&guid).ok().map(str::to_owned) } else { None }
}

pub(super) fn time(value: Option<RawValue<'_>>) -> Option<Timestamp> {
    Timestamp::parse(std::str::from_utf8(value?.raw).ok()?)
}

/// Returns the cryptographic mode of a digest algorithm: 1 for SHA-1, 2 for SHA-256 (MS-RMPR
/// 3.1.4.7). Producers spell both with and without a hyphen.
pub(super) fn crypto_mode(name: &[u8]) -> Option<u32> {
    match name.trim_ascii() {
        name if name.eq_ignore_ascii_case(b"SHA1") || name.eq_ignore_ascii_case(b"SHA-1") => {
            Some(1)
        }
        name if name.eq_ignore_ascii_case(b"SHA256") || name.eq_ignore_ascii_case(b"SHA-256") => {
            Some(2)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value(text: &str) -> Option<RawValue<'_>> {
        Some(RawValue { raw: text.as_bytes(), at: 0 })
    }

    fn slowly(text: &str) -> Option<String> {
        let text = quick_xml::escape::unescape(text).unwrap_or(Cow::Borrowed(text));
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    #[test]
    fn guid_is_normalized_and_other_text_is_unchanged() {
        let guid = "0123abcd-ef45-6789-abcd-ef0123456789";
        let upper = guid.to_ascii_uppercase();
        for text in [guid, &upper, &format!("{{{upper}}}"), &format!(" {{{guid}}}\n")] {
            assert_eq!(super::guid(value(text)).as_deref(), Some(guid), "{text}");
        }
        let others = [
            &format!("{{{guid}"),
            &guid.replace('-', "0"),
            &guid.replacen('0', "-", 1),
            &guid.replace('a', "g"),
            &guid.replace('a', "`"),
            &guid.replace('9', ":"),
            &guid.replace("ab", "\u{fc}"),
            "S-1-5-21",
        ];
        for text in others {
            assert_eq!(super::guid(value(text)).as_deref(), Some(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn value_is_unescaped_and_trimmed(
            text in "[ \t\u{a0}]{0,2}[a-c&;\u{e4} ]{0,6}(&(amp|lt|#65|x);)?[a-z]{0,40}[ \u{b}\n]{0,2}",
        ) {
            prop_assert_eq!(string(value(&text)), slowly(&text));
        }
    }
}
