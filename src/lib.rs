//! Reads rights-protected containers and their publishing licenses, and says for each whether it
//! depends on AD RMS or on Azure RMS.
//!
//! A publishing license names the key of the server that can open the document: the key of its
//! Server Licensor Certificate. This library finds the license in whatever container holds it, reads
//! it, checks what can be checked, and judges it against what an operator knows of that key. It
//! never decrypts, never talks to a server, and never says "not needed" when it could not tell.
//!
//! ```
//! use rmsight::{Estate, Inspector, Need, judge};
//!
//! let mut inspector = Inspector::default();
//! let report = inspector.inspect_path("corpus/containers/ooxml-chain8.docx")?;
//! for finding in report.findings() {
//!     let verdict = judge(finding.facts(), &Estate::default());
//!     assert_eq!(verdict.need(), Need::Possible);
//!     println!("{}: {}", finding.facts().slc_key().unwrap_or("-"), verdict.reason());
//! }
//! # Ok::<(), rmsight::Error>(())
//! ```
//!
//! # Stages
//!
//! Bytes flow one way. [`ReadAt`] is where they are; a [`Container`] says where the license is; the
//! [`License`] is read into [`Facts`]; [`judge`] makes a [`Verdict`] of facts and an [`Estate`]; a
//! [`Record`] is both, flat. [`Inspector`] runs the first stages, and gives a [`Report`] of
//! [`Finding`]s. Facts can be stored and judged again at any time without opening a file.
//!
//! # Hostile input
//!
//! Any bytes are answered: there is no panic, no unsafe code, and no loop, read or allocation that
//! is not charged to [`Limits`]. What cannot be read is part of the report
//! ([`Report::incomplete`]), beside everything that was found before.
//!
//! # Features
//!
//! `verify` (default) checks signatures; `estate` (default) reads what operators know. Outlook data
//! files are read by a [`PstReader`] of the caller's. The oldest compiler is Rust 1.88, and is raised
//! only in minor versions.

mod authority;
mod bytes;
mod code;
#[cfg_attr(not(test), warn(clippy::disallowed_methods))]
mod container;
mod error;
mod facts;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod inspect;
mod kinds;
#[cfg_attr(not(test), warn(clippy::disallowed_methods))]
mod license;
mod license_text;
mod limits;
mod record;
#[cfg_attr(not(test), warn(clippy::disallowed_methods))]
mod source;
mod timestamp;
mod verdict;

pub use authority::{
    Authority, AuthorityHost, AuthorityKey, AuthorityKind, Estate, EstateError, HostRole, KeyMatch,
    KeyStatus, OpenQuestion, Origin, Question,
};
#[cfg(feature = "estate")]
pub use authority::{Learned, learn};
pub use code::{ErrorCode, ErrorFamily, UnknownErrorCode};
pub use container::{PstAttachment, PstDamage, PstError, PstItem, PstReader};
pub use error::{Error, ErrorKind, Result, Stage};
pub use facts::{Facts, LicenseFacts};
pub use inspect::{Finding, Inspector, InspectorBuilder, Report};
pub use kinds::{
    Anomaly, Container, Depth, Hierarchy, IssuerKind, KeyLink, Protection, Searched, Signature,
};
pub use license::{AppData, Certificate, CertificateKind, Evidence, License, LicenseParty};
pub use limits::{Cancel, Limits};
pub use record::{
    COLUMNS, Column, ColumnKind, ColumnPart, ColumnValue, Envelope, READER_VERSION, Record,
    Redactor, SCHEMA_VERSION,
};
pub use source::{FileSource, ReadAt, SeekSource, Spill, StreamSource};
pub use timestamp::Timestamp;
pub use verdict::{
    Confidence, Dependency, Modifier, Need, RULES_VERSION, Rating, Rule, Verdict, judge,
    judge_dated, modifiers, rules,
};

/// The README's examples compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
