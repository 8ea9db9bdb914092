//! Builds protected-looking files and licenses for tests, with throw-away keys.
//!
//! Tests of a license reader, a mail gateway or a report need rights-protected files, but few test systems
//! have an AD RMS server. This crate builds licenses and certificate chains with correct signatures, and
//! every container that stores them. All data is fictitious: the private keys are public constants, the
//! ciphertext is pseudo-random, and the users and hosts do not exist. Equal calls give equal bytes on every
//! machine.
//!
//! ```
//! use rmsight_specimen::{Client, LicenseBuilder, Server};
//!
//! let license = LicenseBuilder::client(&Server::contoso(), &Client::windows())
//!     .descriptor("{0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e}", &[(1033, "Secret", "Only for us")])
//!     .build();
//! assert!(license.len() > 10_000);
//! ```
//!
//! The certificates name the authorities of Microsoft, but the test keys of this crate sign them. A reader
//! that knows the real trust anchors reports an unknown hierarchy.

// All values come from the tables of this crate, not from input. A panic is an error in a test.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used
)]

mod archive;
mod bytes;
mod chain;
mod client;
mod cms;
mod compound;
mod corpus;
mod deflate;
mod irm;
pub mod keys;
mod label;
mod license;
mod mail;
mod ole_package;
mod password;
mod pdf;
mod pfile;
mod pst;
mod rpmsg;
mod server;
mod sparse;
mod tar;
mod text;
mod xml;
mod zip;

pub use archive::{cab, rar4, rar5, self_extracting};
pub use bytes::noise;
pub use chain::{
    certificate_chain_file, client_certificate, server_certificate, server_info, template,
    use_license, use_license_stream,
};
pub use client::Client;
pub use cms::{signed, signed_in_pieces};
pub use compound::{Compound, Region, Siblings, Version};
pub use corpus::{CorpusFile, corpus};
pub use deflate::{deflate, zlib};
pub use irm::{DRM_TRANSFORM, IrmDocument, IrmKind, LZX_TRANSFORM, PASSWORD_TRANSFORM};
pub use keys::{KeyPair, Mode};
pub use label::{
    Label, custom_properties, document_summary, label_info, mail_header, pdf_xmp, pfile_xmp,
};
pub use license::{Documents, LicenseBuilder, Repeat, Signing};
pub use mail::{Attachment, Msg, RPMSG_TYPE, eml, eml_bounded, mbox, tnef, tnef_with_properties};
pub use ole_package::packaged;
pub use password::{
    PasswordForm, password_doc, password_ooxml, password_ppt, password_xls, plain_compound,
};
pub use pdf::{
    CrossReference, PdfForm, PdfIrm, StringForm, pdf_string, pdf_with_attachments,
    pdf_with_handler, plain_pdf,
};
pub use pfile::{Pfile, PfileVersion};
pub use pst::{PstMessage, pst};
pub use rpmsg::{rpmsg, rpmsg_blocks};
pub use server::{Root, Server};
pub use sparse::{SparseFile, SparseReader};
pub use tar::{gzip, tar, tar_v7};
pub use text::{Encoding, encode, reflow};
pub use xml::signed_document;
pub use zip::{Method, Zip, first_volume, last_volume, nuget_package, word_package};
