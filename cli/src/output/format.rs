//! Formatting of counts, dates, and sentences of the library.

use rmsight::{Container, Timestamp};

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

/// Formats a count: `1 file`, `2 files`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
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
