//! Reads rights-protected containers and their publishing licenses, and says for each whether it
//! depends on AD RMS or on Azure RMS.

mod authority;
mod bytes;
mod container;
mod error;
mod facts;
mod inspect;
mod license;
mod limits;
mod names;
mod report;
mod source;
#[cfg(feature = "specimen")]
pub mod specimen;
mod timestamp;
mod verdict;

pub use authority::{
    Authority, AuthorityKind, Estate, Host, HostRole, Key, KeyStatus, Mistake, Open, Origin,
    Question,
};
#[cfg(feature = "estate")]
pub use authority::{Learned, learn};
pub use container::{Anomaly, Container, Protection};
pub use error::{Error, ErrorKind, Result, Stage};
pub use facts::{Depth, Facts, Hierarchy, IssuerKind, LicenseFacts, Link, Searched, Signature};
pub use inspect::{Inspector, InspectorBuilder};
pub use license::{AppData, Certificate, CertificateKind, Evidence, License, Party};
pub use limits::{Cancel, Limits};
pub use report::{
    COLUMNS, Column, ColumnKind, ColumnPart, Envelope, Finding, READER_VERSION, Record, Report,
    SCHEMA_VERSION, Value,
};
pub use source::{FileSource, ReadAt, SeekSource, Spill, StreamSource};
pub use timestamp::Timestamp;
pub use verdict::{
    Confidence, Dependency, KeyMatch, Modifier, Need, RULES_VERSION, Rating, Rule, Verdict, judge,
    judge_dated, modifiers, rules,
};
