//! The syntax of PDF objects (ISO 32000-2 7.2 to 7.4): tokens, values, dictionaries, streams and
//! filters.

pub(crate) mod dict;
pub(crate) mod fields;
pub(crate) mod flate;
pub(crate) mod lexer;
pub(crate) mod markers;
pub(crate) mod object;
pub(crate) mod stream;
pub(crate) mod string;
pub(crate) mod value;
