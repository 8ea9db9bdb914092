//! The text format of one record: a line of aligned columns, the path last.

use std::io::Write;

use anstyle::Style;
use rmsight::{Dependency, Record};

use super::color;
use super::terminal::escaped;

/// Returns the header of the columns.
pub(crate) fn header(is_colored: bool) -> Vec<u8> {
    let style = if is_colored { color::HEADER } else { Style::new() };
    let mut out = Vec::new();
    // Writing into memory cannot fail.
    _ = writeln!(
        out,
        "{style}{:<8}  {:<19}  {:<11}  {:<22}  PATH{style:#}",
        "NEED", "DEPENDENCY", "CONTAINER", "KEY OR ERROR"
    );
    out
}

/// Writes a line for a record that is protected or could not be read. Writes nothing for other
/// records.
pub(crate) fn write(record: &Record<'_>, is_colored: bool, out: &mut Vec<u8>) {
    let need = record.verdict.need();
    if record.verdict.dependency() == Dependency::None {
        return;
    }
    let style = if is_colored { color::of_need(need) } else { Style::new() };
    let key = record.facts.slc_key().map(short_key);
    let code = record.facts.error_code.as_deref();
    let why = match (key, code) {
        (Some(key), Some(code)) => format!("{key} {}", escaped(code)),
        (Some(key), None) => key.to_owned(),
        (None, Some(code)) => escaped(code).to_string(),
        (None, None) => "-".to_owned(),
    };
    _ = write!(
        out,
        "{style}{need:<8}{style:#}  {:<19}  {:<11}  {why:<22}  {}",
        record.verdict.dependency(),
        record.facts.container,
        escaped(&record.envelope.path),
    );
    if let Some(member) = &record.facts.member {
        _ = write!(out, "!/{}", escaped(member));
    }
    out.push(b'\n');
}

/// Returns the first eight digits of a key's SHA-256.
pub(crate) fn short_key(key: &str) -> &str {
    let digits = key.strip_prefix("sha256:").unwrap_or(key);
    digits.get(..8).unwrap_or(digits)
}

#[cfg(test)]
mod tests {
    use rmsight::{Envelope, ErrorCode, Estate, Facts, judge};

    use super::*;

    #[test]
    fn columns_are_aligned_and_the_path_is_last() {
        let facts = Facts::not_opened(ErrorCode::PermissionDenied, "os error 13");
        let verdict = judge(&facts, &Estate::default());
        let envelope = Envelope::new("a b.docx");
        let record = Record::new(&envelope, &facts, &verdict);
        for is_colored in [false, true] {
            let (head, mut line) = (header(is_colored), Vec::new());
            write(&record, is_colored, &mut line);
            let text = |bytes: Vec<u8>| {
                let text = String::from_utf8(bytes).unwrap();
                assert_eq!(text.contains('\u{1b}'), is_colored);
                anstream::adapter::strip_str(&text).to_string()
            };
            let (head, line) = (text(head), text(line));
            assert!(line.ends_with("  a b.docx\n"), "{line}");
            for (name, value) in
                [("NEED", "possible"), ("KEY OR ERROR", "permission-denied"), ("PATH", "a b.docx")]
            {
                assert_eq!(head.find(name).unwrap(), line.find(value).unwrap(), "{name}");
            }
        }
    }
}
