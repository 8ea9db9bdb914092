//! Escaping of text from files for a terminal.

use std::fmt::{self, Write as _};

/// Escapes characters that move the cursor, set colors, or reverse the reading direction.
pub(crate) fn escaped<T: AsRef<str> + ?Sized>(text: &T) -> Escaped<'_> {
    Escaped(text.as_ref())
}

/// See [`escaped`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.contains(is_steering) {
            return self.write(f);
        }
        f.pad(self.0)
    }
}

impl Escaped<'_> {
    pub(crate) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    fn write(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for found in self.0.chars() {
            if is_steering(found) {
                write!(f, "{}", found.escape_unicode())?;
            } else {
                f.write_char(found)?;
            }
        }
        Ok(())
    }
}

/// Control characters, and the format characters that hide or reorder text (UAX #9, and the line
/// separators).
pub(crate) fn is_steering(found: char) -> bool {
    found.is_control()
        || matches!(found,
            '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn control_characters_are_escaped() {
        let cases = [
            ("plain – Größe", "plain – Größe"),
            ("\u{1b}[31mred", "\\u{1b}[31mred"),
            ("two\nlines", "two\\u{a}lines"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("exe\u{202e}cod.doc", "exe\\u{202e}cod.doc"),
        ];
        for (text, expected) in cases {
            assert_eq!(escaped(text).to_string(), expected);
        }
    }
}
