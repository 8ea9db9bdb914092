//! [`Object`]: an object in memory.

use super::dict::Dict;
use super::lexer::{Fault, Lexer};
use super::markers::{contains_ignore_case, contains_marker};
use super::value::PdfValue;
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, Result};

/// The value of an object, in memory.
#[derive(Debug, Clone)]
pub(crate) struct Object {
    /// The value, and the tokens between the value and the end of the object.
    bytes: Vec<u8>,
    /// The length of the value.
    len: usize,
    /// The offset of the value in the member; `None` for one of an object stream.
    at: Option<u64>,
    /// The offset of the data of a stream.
    pub(crate) data: Option<u64>,
}

impl Object {
    /// Creates an object whose value is the first `len` bytes of `bytes`.
    pub(crate) fn new(bytes: Vec<u8>, len: usize, at: Option<u64>, data: Option<u64>) -> Object {
        Object { bytes, len, at, data }
    }

    /// Creates an object of a direct dictionary. `inside` is the text between its brackets, and
    /// `at` the offset of that text.
    pub(crate) fn direct(inside: &[u8], at: Option<u64>) -> Object {
        let bytes = [b"<<", inside, b">>"].concat();
        let (len, at) = (bytes.len(), at.and_then(|at| at.checked_sub(2)));
        Object { bytes, len, at, data: None }
    }

    /// Returns the value and the trailing tokens.
    fn split(&self) -> (&[u8], &[u8]) {
        self.bytes.split_at_checked(self.len).unwrap_or((&self.bytes, &[]))
    }

    /// Returns the bytes of the value and of the trailing tokens.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the offset of the value in the member; `None` for an object of an object stream.
    pub(crate) fn at(&self) -> Option<u64> {
        self.at
    }

    pub(crate) fn value(&self) -> PdfValue<'_> {
        Lexer::whole(self.split().0).value().unwrap_or(PdfValue::Null)
    }

    /// Returns the dictionary of the object or of its stream, with the entries among the trailing
    /// tokens.
    pub(crate) fn dict(&self, structure: &'static str) -> Result<Dict<'_>> {
        let (value, trailing) = self.split();
        let value = match value.strip_prefix(b"<<").and_then(|rest| rest.strip_suffix(b">>")) {
            // The text was parsed up to the closing bracket when the object was loaded.
            Some(inside) => {
                debug_assert_eq!(self.value(), PdfValue::Dict(inside));
                PdfValue::Dict(inside)
            }
            None => self.value(),
        };
        match value {
            PdfValue::Dict(raw) => {
                let mut dict =
                    Dict::parse(raw).map_err(|fault| object_error(fault, structure, self.at))?;
                dict.add_trailing_entries(trailing);
                Ok(dict)
            }
            _ => Err(Error::malformed(
                ErrorCode::MalformedPdfObject,
                structure,
                self.at,
                "no dictionary",
            )),
        }
    }

    /// Returns the offset in the member of `part`, which is borrowed from this object.
    pub(crate) fn offset_of(&self, part: &[u8]) -> Option<u64> {
        let inside = part.as_ptr().addr().checked_sub(self.bytes.as_ptr().addr())?;
        self.at?.checked_add(to_u64(inside))
    }

    /// Returns whether the object contains `words` in any case.
    pub(crate) fn contains_ignore_case(&self, words: &[u8]) -> bool {
        contains_ignore_case(&self.bytes, words)
    }

    /// Returns whether the object contains one of
    /// [`MARKERS`](crate::container::pdf::layout::MARKERS).
    pub(crate) fn contains_marker(&self) -> bool {
        contains_marker(&self.bytes)
    }
}

/// Converts a fault in the object at `at` to an error.
pub(crate) fn object_error(fault: Fault, structure: &'static str, at: Option<u64>) -> Error {
    match fault {
        Fault::Incomplete => {
            Error::truncated(structure, at.unwrap_or_default(), "the file ends inside it")
        }
        Fault::Malformed(inside, why) => {
            let at = at.and_then(|at| at.checked_add(to_u64(inside)));
            Error::malformed(ErrorCode::MalformedPdfObject, structure, at, why)
        }
    }
}
