//! The record as one line of JSON.

use std::io::{self, Write};

use super::column::Column;
use super::columns::COLUMNS;
use super::row::Record;
use super::value::ColumnValue;

impl Record<'_> {
    /// Writes the record as one line of JSON: every column, null or not, in the order of [`COLUMNS`], then
    /// the columns of a later version if the record was read from one. The line is UTF-8 and ends with `\n`;
    /// control characters are escaped.
    ///
    /// # Errors
    /// Returns the error of `out`; a `Vec` returns none.
    pub fn write_ndjson(&self, out: &mut impl Write) -> io::Result<()> {
        self.write_fields(COLUMNS, out)?;
        #[cfg(feature = "serde")]
        for (name, value) in &self.other {
            out.write_all(b",")?;
            write_text(name, out)?;
            out.write_all(b":")?;
            serde_json::to_writer(&mut *out, value)?;
        }
        out.write_all(b"}\n")
    }

    /// Writes these columns as one line of JSON, null or not, in this order. Such a line is a whole
    /// record only if it has all of [`COLUMNS`].
    ///
    /// # Errors
    /// Returns the error of `out`; a `Vec` returns none.
    pub fn write_ndjson_of<'c>(
        &self,
        columns: impl IntoIterator<Item = &'c Column>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        self.write_fields(columns, out)?;
        out.write_all(b"}\n")
    }

    /// Writes the object without the brace at its end.
    fn write_fields<'c>(
        &self,
        columns: impl IntoIterator<Item = &'c Column>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        out.write_all(b"{")?;
        for (at, column) in columns.into_iter().enumerate() {
            let value = column.value(self);
            let key = if value.is_null() { column.json_null } else { column.json_key };
            let key = if at == 0 { key.trim_start_matches(',') } else { key };
            out.write_all(key.as_bytes())?;
            if !value.is_null() {
                write_value(value, out)?;
            }
        }
        Ok(())
    }
}

fn write_value(value: ColumnValue<'_>, out: &mut impl Write) -> io::Result<()> {
    match value {
        ColumnValue::Null => out.write_all(b"null"),
        ColumnValue::Bool(true) => out.write_all(b"true"),
        ColumnValue::Bool(false) => out.write_all(b"false"),
        ColumnValue::Int(number) => write!(out, "{number}"),
        ColumnValue::Text(text) => write_text(text, out),
        ColumnValue::Time(time) => write!(out, "\"{time}\""),
        ColumnValue::List(names) => {
            out.write_all(b"[")?;
            for (at, name) in names.iter().enumerate() {
                if at > 0 {
                    out.write_all(b",")?;
                }
                write_text(name, out)?;
            }
            out.write_all(b"]")
        }
    }
}

/// Writes a JSON string (RFC 8259 section 7). Control characters are escaped up to U+009F, beyond
/// what JSON requires, because the line may be shown on a terminal.
fn write_text(text: &str, out: &mut impl Write) -> io::Result<()> {
    out.write_all(b"\"")?;
    let mut rest = text;
    while let Some((plain, found, after)) = next_special(rest) {
        out.write_all(plain.as_bytes())?;
        match found {
            '"' => out.write_all(b"\\\"")?,
            '\\' => out.write_all(b"\\\\")?,
            '\n' => out.write_all(b"\\n")?,
            '\r' => out.write_all(b"\\r")?,
            '\t' => out.write_all(b"\\t")?,
            other => write!(out, "\\u{:04x}", u32::from(other))?,
        }
        rest = after;
    }
    out.write_all(rest.as_bytes())?;
    out.write_all(b"\"")
}

/// The text before the next character that needs an escape, the character, and what follows.
fn next_special(text: &str) -> Option<(&str, char, &str)> {
    let bytes = text.as_bytes();
    // The lead byte of U+0080 to U+00BF is a candidate only: its second byte decides.
    let is_special = |at: usize, byte: u8| match byte {
        0..0x20 | 0x7f | b'"' | b'\\' => true,
        0xc2 => bytes.get(at.saturating_add(1)).is_some_and(|next| *next < 0xa0),
        _ => false,
    };
    let at = bytes.iter().enumerate().position(|(at, byte)| is_special(at, *byte))?;
    let (plain, rest) = text.split_at_checked(at)?;
    let mut chars = rest.chars();
    let found = chars.next()?;
    Some((plain, found, chars.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped_as_json_and_for_terminals() {
        let cases = [
            ("", r#""""#),
            ("plain Größe 語 \u{2028}", "\"plain Größe 語 \u{2028}\""),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("\n\r\t\u{0}\u{1b}[2J", r#""\n\r\t\u0000\u001b[2J""#),
            ("\u{7f}\u{80}\u{9f}\u{a0}\u{c2}", "\"\\u007f\\u0080\\u009f\u{a0}\u{c2}\""),
        ];
        for (text, expected) in cases {
            let mut out = Vec::new();
            write_text(text, &mut out).unwrap();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
