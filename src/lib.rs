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
//! # Stages
//!
//! Data flows in one direction:
//!
//! 1. [`ReadAt`] provides the bytes: a [`FileSource`], a slice, a [`SeekSource`], a
//!    [`StreamSource`].
//! 2. The readers of containers recognize the format ([`Container`]) and locate the license.
//! 3. The license parser reads the [`License`] and its [`Certificate`]s, and checks signatures.
//! 4. [`Facts`] are the result: only what the bytes say.
//! 5. [`judge`] computes a [`Verdict`] from facts and an [`Estate`], which declares the keys.
//! 6. A [`Record`] is facts, verdict and an [`Envelope`] as one flat row of [`COLUMNS`].
//!
//! [`Inspector`] runs stages 1 to 4 for a file and its members, and returns a [`Report`] of
//! [`Finding`]s, or passes them on one by one ([`Inspector::inspect_with`]). Stored facts can be judged
//! again at any time, without the file.
//!
//! Each thread has its own [`Inspector`]. All threads can share one [`Estate`].
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
//! | `verify` | yes | checks signatures; without it they are `not-checked` |
//! | `estate` | yes | reads estate files ([`Estate::from_toml`]) and learns keys ([`learn()`]) |
//! | `zlib-rs` | no | inflates with zlib-rs, which is faster and contains unsafe code |
//! | `fuzzing` | no | exposes internals to fuzz targets; not part of the API |
//!
//! Outlook data files need a reader from the caller ([`PstReader`]).
//!
//! The minimum supported Rust version is 1.89. It rises in minor versions only.

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
    KeyStatus, OpenQuestion, Origin, Question, Retiring,
};
#[cfg(feature = "estate")]
pub use authority::{Learned, learn};
pub use code::{ErrorCode, ErrorFamily, UnknownErrorCode};
pub use container::{PstAttachment, PstDamage, PstError, PstItem, PstReader};
pub use error::{Error, ErrorKind, Result, Stage};
pub use facts::{Facts, LicenseFacts};
pub use inspect::{
    Detection, Finding, Inspector, InspectorBuilder, Report, detect_bytes, detect_path,
    detect_reader,
};
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

/// Compiles the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
