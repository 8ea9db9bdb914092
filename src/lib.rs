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
//! # Terms
//!
//! `docs/RECORD.md` of the package, and `rmsight columns --glossary`, explain further words of the record.
//!
//! | term | meaning |
//! |---|---|
//! | publishing license | the XrML text in a protected file that names the key, the owner and the rights (MS-RMPR 2.2.9). "License" alone means this one: [`License`] |
//! | use license | what a server issues to one user to open one content. Some files cache use licenses; they do not replace the server |
//! | document, chain | one `<XrML>` element of a license. The chain is the license itself and the certificates that it contains: [`Certificate`] |
//! | SLC | Server Licensor Certificate: the certificate of the key that content is sealed to. The server that holds this key can open the content: [`LicenseFacts::slc_key`] |
//! | CLC | Client Licensor Certificate: with it a client publishes offline, without the server |
//! | principal | the party that a document is issued to. The principal of a publishing license is the server that can open the content |
//! | descriptor | the policy of a license: its rights template, or the rights that a user chose |
//! | hierarchy | the root of the certificates of a server: Microsoft's production root, or its pre-production root for independent software vendors (ISV), which test servers have: [`Hierarchy`] |
//! | authority | a service that opens content with its keys: an AD RMS cluster or an Azure RMS tenant: [`Authority`] |
//! | estate | all authorities and keys that an operator declares: [`Estate`]. An estate file is its written form |
//! | retiring | an authority that goes away is retiring: files that need it have to be protected again: [`Retiring`] |
//! | read-only | a cluster that opens content and denies publishing: [`KeyStatus::ReadOnly`] |
//! | sub-enrolled | a licensing-only cluster whose SLC the root cluster issued. It has a separate key: [`Origin::SubEnrolled`] |
//! | TPD, imported key | trusted publishing domain: a key that was exported from one AD RMS cluster for another, or for Azure. Azure holds an imported key: [`KeyStatus::Imported`] |
//! | DKE, HYOK | double key encryption: Azure RMS and a key service of the organization are both needed. Hold your own key: a label that protects with an AD RMS cluster |
//! | label | a sensitivity label: a GUID that classifies content, in the license or in the container |
//! | container | the format of a file or member: [`Container`] |
//! | member | a file inside a file: a document in an archive, an attachment of a message |
//! | finding | the result about one file or member: [`Finding`] |
//! | record, envelope | a finding with its verdict as one flat row of columns: [`Record`]. The envelope is the part that the caller knows, such as the path: [`Envelope`] |
//! | anomaly | an irregularity that does not prevent reading or judging: [`Anomaly`] |
//! | rule, modifier | the first [`Rule`] whose condition matches decides a verdict. Each [`Modifier`] that matches then adds an anomaly, lowers the confidence, or changes `no` to `possible` |
//! | undecided | whose key opens the content is unknown: [`Dependency::Undecided`]; or whether a file is protected: [`Protection::Unknown`] |
//! | quick scan | an inspection that reads only the head of a license: [`Depth::Head`] |
//! | closed list | an enum whose values have stable names. [`Display`](std::fmt::Display) and [`FromStr`](std::str::FromStr) convert them. Later versions add names |
//! | budget, step | the maximum of a resource that one file or member may use: [`Limits`]. The internal counter of the amounts is called meter, and using a resource is a charge. A step is one unit of work of a loop |
//! | spool | the memory for the bytes of a stream, or for the decoded bytes of a member, that a format reads in any order: [`Limits::spool`] |
//! | spill | storage of the caller, such as a temporary file, for the decoded bytes that exceed the spool: [`Spill`] |
//!
//! # Threads
//!
//! Data (reports, findings, facts, estates, verdicts, records, errors) is `Send + Sync`. An [`Inspector`] is
//! `Send`: each thread has its own. All threads can share one [`Estate`]. A source ([`ReadAt`]) is used by
//! one thread at a time and need not be `Send`.
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
