//! [`ReadOptions`] and [`ParsedLicenses`]: input and output of the license parser.

use crate::error::Error;
use crate::facts::LicenseFacts;
use crate::kinds::{Anomaly, Depth};

/// The options for reading a license.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadOptions {
    /// `Head` stops before WORK.
    pub(crate) depth: Depth,
    /// Collect [`Evidence`].
    pub(crate) evidence: bool,
    /// Check all signatures; with depth `Full` only.
    pub(crate) verify: bool,
    /// Hash the bytes of the license; with depth `Full` only.
    pub(crate) fingerprint: bool,
}

/// A value that led to the facts, and its location. [`Finding::evidence`](crate::Finding::evidence)
/// returns them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Evidence {
    /// The structure, or the path of the XrML element (MS-RMPR 2.2.9), with the attribute or name that
    /// selects it: for example `ISSUER/OBJECT/@type`.
    pub element: &'static str,
    /// The value as text, decoded.
    pub value: String,
    /// The byte offset in the file; `None` if the bytes are compressed, encoded or not contiguous.
    pub offset: Option<u64>,
    /// The byte offset in the license ([`License::raw`](crate::License::raw)); `None` if the value
    /// is not part of one.
    pub in_license: Option<u64>,
    /// The length of the value in the license, in bytes.
    pub length: Option<u64>,
}

/// The kind of the XrML in a structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LicenseKind {
    /// A publishing license, `BODY type="Microsoft Rights Label"`.
    PublishingLicense,
    /// XrML that protects nothing, such as a certificate or a template; contains its name.
    Other(&'static str),
    /// XrML of an unknown kind, or too damaged to tell.
    Unknown,
}

/// The content of one license.
#[derive(Debug)]
pub(crate) struct ParsedLicense {
    pub(crate) kind: LicenseKind,
    /// In a box, as in the finding, so that moving them is cheap.
    pub(crate) facts: Box<LicenseFacts>,
    /// Label id and tenant from the license.
    pub(crate) label: Option<(String, Option<String>)>,
    pub(crate) anomalies: Vec<Anomaly>,
    /// Values with byte offsets in the license; empty unless [`ReadOptions::evidence`] is set.
    pub(crate) evidence: Vec<Evidence>,
    /// The error that ended the reading early; its offset is one in the license.
    pub(crate) error: Option<Error>,
}

/// The licenses in the XrML of one structure.
#[derive(Debug)]
pub(crate) struct ParsedLicenses {
    /// The first publishing license. Without any, describes the XrML instead.
    pub(crate) first: ParsedLicense,
    /// The other publishing licenses, in the order of the text.
    pub(crate) others: Vec<ParsedLicense>,
}
