//! Formats: each module reads a [`Window`](crate::source::Window) and reports licenses, members,
//! labels, protection and anomalies to a [`Sink`].
//!
//! A format opens no member itself and keeps no state between files. It ends at the first damage
//! that it cannot pass; everything that it has reported before stays. `format.rs` is the detection
//! table and imports the formats; the formats import the leaves `sink`, `name`, `recognizer`,
//! `external`, `stored` and the searches, but not this module.

mod ar;
mod armor;
mod binary;
mod byte_search;
mod cms;
pub(crate) mod compound;
mod embedded_object;
mod external;
mod format;
mod gzip;
mod head_words;
mod irm;
mod label;
mod mail;
mod name;
mod office_encryption;
mod pdf;
mod pe;
mod pfile;
mod polyglot;
mod recognizer;
mod rpmsg;
mod shifted;
mod sink;
mod stored;
mod tail;
mod tar;
mod unsupported_archive;
mod xml_prolog;
mod xrml_file;
mod zip;
mod zlib;

pub(crate) use external::{ExternalBytes, PstOpener};
pub use external::{PstAttachment, PstDamage, PstError, PstItem, PstReader};
pub(crate) use format::{Format, RECOGNIZER, read, read_file, reader_for};
pub(crate) use mail::boundary_scanner::DelimitedBytes;
pub(crate) use name::{Name, NameHint};
pub(crate) use recognizer::Recognizer;
pub(crate) use sink::{Body, Continuation, ExtractOptions, Label, LicenseBytes, Member, Sink};
