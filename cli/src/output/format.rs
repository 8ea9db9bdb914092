//! Formatting of counts, dates, and sentences of the library.

use rmsight::{Container, OpenQuestion, Timestamp};

use super::terminal::escaped;

/// Removes the full stop of a sentence.
pub(crate) fn sentence(text: &str) -> &str {
    text.trim_end_matches('.')
}

/// Returns a sentence as a clause: without its full stop, and with a small initial letter unless
/// the first word is an abbreviation.
pub(crate) fn clause(text: &str) -> String {
    let text = sentence(text);
    let mut chars = text.chars();
    match (chars.next(), chars.as_str()) {
        (Some(first), rest) if !rest.starts_with(char::is_uppercase) => {
            first.to_lowercase().chain(rest.chars()).collect()
        }
        _ => text.to_owned(),
    }
}

/// Returns where the license is located in a container.
pub(crate) fn stream(container: Container) -> Option<&'static str> {
    Some(match container {
        Container::OoxmlIrm | Container::BinaryIrm | Container::XpsIrm | Container::Rpmsg => {
            "in the stream \\x06DataSpaces/TransformInfo/(transform)/\\x06Primary"
        }
        Container::PdfIrmV1 => "in the string PublishingLicense of the Encrypt dictionary",
        Container::PdfIrmV2 => {
            "in the embedded PDF, in PublishingLicense of its Encrypt dictionary"
        }
        Container::Pfile => "behind the header of the file",
        Container::License => "the file itself",
        _ => return None,
    })
}

/// Returns a number of bytes with a unit: `812.4 MB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    let mut tenths = u128::from(count).saturating_mul(10);
    let mut unit = "bytes";
    for larger in UNITS {
        if tenths < 10_000 {
            break;
        }
        (tenths, unit) = (tenths.div_ceil(1000), larger);
    }
    match unit {
        "bytes" => counted(count, "byte"),
        unit => format!("{}.{} {unit}", tenths.div_euclid(10), tenths.rem_euclid(10)),
    }
}

/// Formats a count: `1 file`, `2 files`, `3,648 files`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{} {one}s", thousands(count)),
    }
}

/// Formats a number with separators of thousands: `3,648`.
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns an argument in quotation marks that both POSIX shells and PowerShell understand, if it needs
/// them.
pub(crate) fn argument(text: &str) -> String {
    let is_plain = |char: char| char.is_alphanumeric() || "-_./\\:+@,".contains(char);
    match text.chars().all(is_plain) && !text.is_empty() {
        true => text.to_owned(),
        false if text.contains('\'') => format!("\"{text}\""),
        false => format!("'{text}'"),
    }
}

/// Escapes characters of text from files that hide or reorder text.
pub(crate) fn shown(text: &str) -> String {
    escaped(text).to_string()
}

/// Formats the day of a time; a dash if it is unknown.
pub(crate) fn day(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "–".to_owned(), |time| time.to_string().chars().take(10).collect())
}

/// Returns how to say in the estate file that the answer to a question is "nothing"; `None` if only
/// a declaration answers the question.
pub(crate) fn settling(open: &OpenQuestion) -> Option<String> {
    let question = open.question?;
    Some(format!(
        "If there is nothing, add \"{question}\" to `settled` (`settled = [\"{question}\"]`), below \
         the [[authority]] of {} and above its keys.",
        open.authority
    ))
}

/// Returns the host of a URL in lower case, without port and user.
pub(crate) fn address_host(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = host.split(':').next()?.trim();
    (!host.is_empty() && host.len() < 256).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_have_separators() {
        let cases = [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345_678, "12,345,678")];
        for (number, expected) in cases {
            assert_eq!(thousands(number), expected);
        }
        assert_eq!(counted(3_648, "file"), "3,648 files");
    }

    #[test]
    fn hosts_are_parsed_from_addresses() {
        let cases = [
            ("https://RMS.contoso.com/_wmcs/licensing", Some("rms.contoso.com")),
            ("http://u:p@rms:8443/x", Some("rms")),
            ("rms.contoso.com", None),
            ("https:///x", None),
        ];
        for (address, expected) in cases {
            assert_eq!(address_host(address).as_deref(), expected, "{address}");
        }
    }
}
