//! Lines by which a message or a mailbox is recognized.

/// Fields that identify a message. One is enough, if every other line of the header has the
/// form of a field, because a text that is wrongly recognized as a message has no parts. More of
/// them outweigh lines without that form.
const KNOWN: &[&str] = &[
    "from",
    "to",
    "cc",
    "subject",
    "date",
    "sender",
    "reply-to",
    "message-id",
    "received",
    "return-path",
    "delivered-to",
    "mime-version",
    "content-type",
    "content-class",
    "content-transfer-encoding",
    "dkim-signature",
    "arc-seal",
    "x-mailer",
    "x-originating-ip",
    "x-ms-has-attach",
    "x-mozilla-status",
];

pub(super) fn is_known_field(name: &[u8]) -> bool {
    KNOWN
        .iter()
        .any(|known| known.len() == name.len() && name.eq_ignore_ascii_case(known.as_bytes()))
}

/// Bytes of the longest name of an unknown field.
const MAX_NAME: usize = 76;

/// Returns whether the field may belong to the header of a message: its name contains a hyphen (RFC
/// 6648), or it is a word that begins with a letter. A time, a path or an address is none.
pub(super) fn is_possible_field(name: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.');
    memchr::memchr(b'-', name).is_some()
        || name.len() <= MAX_NAME
            && name.first().is_some_and(u8::is_ascii_alphabetic)
            && name.iter().all(is_word)
}

/// Returns whether the words contain a date as separator lines have it (RFC 4155, appendix A):
/// day of the week, month, and then a time.
pub(super) fn is_dated(words: &[u8]) -> bool {
    const DAYS: [&[u8]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || *byte == b',';
    let mut words = words.split(is_space).filter(|word| !word.is_empty());
    let has_day = words.any(|word| DAYS.contains(&word));
    let has_month = words.by_ref().take(2).any(|word| MONTHS.contains(&word));
    let is_time = |word: &[u8]| matches!(word, [a, b, b':', c, d, ..] if [a, b, c, d].iter().all(|it| it.is_ascii_digit()));
    has_day && has_month && words.any(is_time)
}
