//! Parses licenses: text decoding, XML events, documents, certificates, signatures, fields.
//!
//! A publishing license is a run of `<XrML>` documents without a common root (MS-RMPR 2.2.9): the
//! license itself, and optionally the certificates that lead to the key of the server. [`read`]
//! finds the license in any order of the documents.

mod anchors;
mod cache;
mod certificate;
mod chain;
mod chain_file;
mod document;
mod documents;
mod element_path;
mod events;
mod evidence;
mod fields;
mod head;
mod key;
mod kind;
mod link;
mod owned;
mod parse;
mod parsed;
mod reader;
#[cfg(feature = "verify")]
mod signature;
#[cfg(not(feature = "verify"))]
#[path = "signature_off.rs"]
mod signature;
mod swar;
mod tag;
mod text;
mod top_level;
mod use_license;
mod value;

pub use certificate::{AppData, Certificate, License, LicenseParty};
pub use kind::CertificateKind;
pub use parsed::Evidence;

pub(crate) use anchors::SELF_ENROLLMENT;
pub(crate) use cache::ParserCache;
#[cfg(feature = "estate")]
pub(crate) use certificate::certificates_in_wrapper;
#[cfg(feature = "estate")]
pub(crate) use chain_file::unwrap_chain;
pub(crate) use head::head_is_complete;
#[cfg(feature = "estate")]
pub(crate) use key::Modulus;
pub(crate) use parse::read;
pub(crate) use parsed::{LicenseKind, ParsedLicense, ReadOptions};
pub(crate) use use_license::{UseLicense, read_use_license};
