//! Parses rights-protected files (AD RMS, Azure RMS) and decides whose key opens them.
//!
//! A publishing license names the key of the server that can open the file: the key of its Server
//! Licensor Certificate (SLC). This library locates the license in its container, parses it, checks
//! its signatures, and judges it by the keys that an operator declares. It does not decrypt, and
//! does not contact servers. It says "not needed" only if the file was read far enough to tell.
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
//! If the only question is whether a file is protected, [`detect_path`], [`detect_bytes`] and
//! [`detect_reader`] answer it in one call, with a [`Detection`].
//!
//! # Map of the crate
//!
//! Data flows in one direction:
//!
//! | stage | result | items |
//! |---|---|---|
//! | bytes of a file | a source | [`ReadAt`], [`FileSource`], [`SeekSource`], [`StreamSource`], slices; [`Spill`] |
//! | container and license | a report of findings | [`detect_path`], [`Detection`]; [`Inspector`], [`InspectorBuilder`], [`Report`], [`Finding`]; [`Limits`], [`Cancel`] |
//! | finding | facts: only what the bytes say | [`Facts`], [`LicenseFacts`]; [`Container`], [`Protection`], [`Searched`], [`Anomaly`] and other closed lists |
//! | license | its documents | [`License`], [`Certificate`], [`LicenseParty`], [`AppData`], [`Evidence`] |
//! | declarations of the operator | an estate | [`Estate`], [`Authority`], [`AuthorityKey`], [`AuthorityHost`], [`EstateError`], [`OpenQuestion`]; [`learn()`], [`Learned`] |
//! | facts and estate | a verdict | [`judge()`], [`Verdict`], [`Need`], [`Dependency`], [`Confidence`]; [`rules()`], [`modifiers()`] |
//! | envelope, facts and verdict | one flat row | [`Record`], [`Envelope`], [`COLUMNS`], [`Column`], [`ColumnValue`]; [`Redactor`] |
//! | failure | the reason | [`Error`], [`ErrorCode`], [`ErrorFamily`] |
//!
//! [`Inspector`] inspects a file and its members, and returns a report or passes findings on one by one
//! ([`Inspector::inspect_with`]). [`judge()`] is a pure function: stored facts are judged again at any
//! time, without the file. Records are written as NDJSON ([`Record::write_ndjson`]) and by columns, and
//! read back the same ways.
//!
//! # Threads
//!
//! Data is `Send + Sync`. Each thread has its own [`Inspector`]. All threads can share one [`Estate`].
//!
//! # Hostile input
//!
//! The library accepts any bytes. It has no unsafe code, does not panic, and charges each loop,
//! read and allocation that input drives to [`Limits`]. A part that cannot be read is an error in
//! the report ([`Report::incomplete`]); the findings before it stay. A call can be ended early by
//! another thread ([`Inspector::cancel`]) or at a point in time ([`Inspector::deadline`]).
//!
//! # Features
//!
//! | feature | default | effect |
//! |---|---|---|
//! | `verify` | yes | checks signatures; without it they are `not-checked`, and `InspectorBuilder::verify` is missing |
//! | `estate` | yes | reads estate files (`Estate::from_toml`) and learns keys (`learn`) |
//! | `serde` | no | serializes facts, verdicts, records, estates and closed lists; `Record::from_ndjson` and `Facts::from_ndjson` |
//! | `zlib-rs` | no | inflates with zlib-rs, which is faster and contains unsafe code |
//! | `fuzzing` | no | exposes internals to fuzz targets; not part of the API |
//!
//! Outlook data files need a reader from the caller ([`PstReader`]), such as that of the crate
//! `rmsight-pst`.
//!
//! The minimum supported Rust version is 1.89. It rises in minor versions only.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![deny(missing_docs)]

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
    Authority, AuthorityHost, AuthorityKey, AuthorityKind, Estate, EstateError, EstateMistake,
    HostRole, KeyMatch, KeyStatus, OpenQuestion, Origin, Question, Retiring,
};
#[cfg(feature = "estate")]
pub use authority::{Learned, learn};
pub use code::{ErrorCode, ErrorFamily};
pub use container::{PstAttachment, PstDamage, PstError, PstItem, PstReader};
pub use error::{Error, ErrorKind, Stage};
pub use facts::{Facts, LicenseFacts, UnknownValue};
pub use inspect::{
    Detection, Finding, Inspector, InspectorBuilder, Report, detect_bytes, detect_path,
    detect_reader,
};
pub use kinds::{
    Anomaly, Container, Depth, Hierarchy, IssuerKind, KeyLink, Protection, Searched, Signature,
    UnknownName,
};
pub use license::{AppData, Certificate, CertificateKind, Evidence, License, LicenseParty};
pub use limits::{Cancel, Limits};
pub use record::{
    COLUMNS, Column, ColumnKind, ColumnPart, ColumnValue, Envelope, NameList, READER_VERSION,
    Record, Redactor, SCHEMA_VERSION,
};
pub use source::{FileSource, ReadAt, SeekSource, Spill, StreamSource};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use verdict::{
    Confidence, Dependency, Modifier, Need, RULES_VERSION, Rating, Rule, Verdict, judge,
    judge_dated, modifiers, rules,
};

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
