//! Words for people: counts, and sentences of the library's documentation made to fit.

use rmsight::{Container, Timestamp};

use super::terminal::escaped;

/// Without its full stop, to be followed by more.
pub(crate) fn sentence(text: &str) -> &str {
    text.trim_end_matches('.')
}

/// In the middle of a sentence: without its full stop, and with a small letter where the first word
/// is no abbreviation.
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

/// The stream that the license lies in, by the kind of its container.
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

/// `1 file`, `2 files`.
pub(crate) fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ => format!("{count} {one}s"),
    }
}

/// Text from files: what could turn its direction around or hide in it is written out.
pub(crate) fn shown(text: &str) -> String {
    escaped(text).to_string()
}

/// The day of a point in time.
pub(crate) fn day(time: Option<Timestamp>) -> String {
    time.map_or_else(|| "–".to_owned(), |time| time.to_string().chars().take(10).collect())
}
