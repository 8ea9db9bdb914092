//! The structure of a PDF file (ISO 32000-2 7.5): header, cross-reference, object streams and
//! objects.

pub(crate) mod document;
pub(crate) mod header;
pub(crate) mod load;
pub(crate) mod object_queue;
pub(crate) mod object_stream;
pub(crate) mod scan;
pub(crate) mod small_list;
pub(crate) mod trailer;
pub(crate) mod two_pass_reader;
pub(crate) mod xref;
pub(crate) mod xref_entry;
pub(crate) mod xref_stream;
