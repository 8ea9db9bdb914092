//! [`DictFields`]: fields of a plain dictionary, collected without storing its entries.
//!
//! Most trailers, cross-reference streams and catalogs contain only known keys with plain values.
//! Their fields are read in the pass that also finds the end of the dictionary. Every other
//! dictionary is parsed as a [`Dict`](super::dict::Dict).

use super::lexer::{Fault, Lexer};
use super::value::PdfValue;
use crate::container::pdf::layout::DICT_ENTRIES;

/// The fields of one kind of dictionary.
pub(crate) trait DictFields: Default {
    /// Adds an entry. Returns `None` if the dictionary is not plain, and has to be parsed as a
    /// whole.
    fn take(&mut self, key: &[u8], value: &PdfValue<'_>) -> Option<()>;

    /// Checks the complete dictionary. Returns `None` if it has to be parsed as a whole.
    fn end(&self, text: &DictText<'_>) -> Option<()>;
}

/// Sets a field. Returns `None` if it is already set: a plain dictionary repeats no key.
pub(crate) fn set_once<T>(field: &mut Option<T>, value: T) -> Option<()> {
    match field.replace(value) {
        Some(_) => None,
        None => Some(()),
    }
}

/// The bytes of a dictionary.
pub(crate) struct DictText<'a> {
    pub(crate) raw: &'a [u8],
    /// Whether it contains a comment or a NUL between its tokens.
    pub(crate) is_unusual: bool,
    /// Whether the data of a stream follow it.
    pub(crate) has_data: bool,
}

/// Reads the fields of the dictionary at the position of the lexer. Also returns whether the
/// dictionary contains a comment or a NUL between its tokens.
pub(crate) fn read_fields<T: DictFields>(
    lexer: &mut Lexer<'_>,
) -> Result<Option<(T, bool)>, Fault> {
    let mut fields = T::default();
    if !lexer.enter() {
        return Ok(None);
    }
    for _ in 0..=DICT_ENTRIES {
        let Some((key, value)) = lexer.entry()? else {
            return Ok(Some((fields, lexer.is_unusual())));
        };
        if fields.take(&key, &value).is_none() {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Returns the fields and the length of the dictionary at the start of `bytes`, if it is plain.
pub(crate) fn fields_of<T: DictFields>(bytes: &[u8]) -> Option<(T, usize)> {
    let mut lexer = Lexer::whole(bytes);
    let (fields, is_unusual) = read_fields::<T>(&mut lexer).ok()??;
    let raw = bytes.get(..lexer.at()).unwrap_or_default();
    fields.end(&DictText { raw, is_unusual, has_data: false })?;
    Some((fields, lexer.at()))
}
