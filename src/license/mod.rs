//! What a license says: text decoding, XrML events, the chain, and the fields of the record.

use crate::container::Anomaly;
use crate::error::{Error, Result};
use crate::facts::{Depth, LicenseFacts};
use crate::limits::Meter;
use crate::timestamp::Timestamp;

/// What a run of XrML is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A publishing license, `BODY type="Microsoft Rights Label"`.
    PublishingLicense,
    /// XrML that protects nothing by itself; the text names it: a certificate, a template.
    Other(&'static str),
    /// XrML of no kind that is known, or damaged beyond telling.
    Unknown,
}

/// A value that decides, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// The structure or element.
    pub element: &'static str,
    /// What it says.
    pub value: String,
    /// Where it stands in the file, if it stands there in the clear.
    pub offset: Option<u64>,
}

/// All that one license yields.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) kind: Kind,
    pub(crate) facts: LicenseFacts,
    /// The license's own label and its tenant.
    pub(crate) label: Option<(String, Option<String>)>,
    pub(crate) anomalies: Vec<Anomaly>,
    /// Values with byte offsets into the license as it was handed in; empty unless asked for.
    pub(crate) evidence: Vec<Evidence>,
    /// Why the reading stopped early, with an offset into the license.
    pub(crate) error: Option<Error>,
}

/// How a license is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) depth: Depth,
    pub(crate) evidence: bool,
    pub(crate) verify: bool,
}

/// What a cached use license tells.
#[derive(Debug)]
pub(crate) struct UseLicense {
    pub(crate) issued: Option<Timestamp>,
    /// The Server Licensor Certificate fields of its chain; all else is empty.
    pub(crate) server: LicenseFacts,
}

/// Whether `bytes` reach far enough for [`Depth::Head`].
pub(crate) fn head_is_complete(_bytes: &[u8]) -> bool {
    true
}

/// Reads a license in whatever encoding. Damage is part of the reading, never a failure of it.
pub(crate) fn read(_bytes: &[u8], _manner: Manner, _meter: &Meter) -> Reading {
    Reading {
        kind: Kind::Unknown,
        facts: LicenseFacts::new(),
        label: None,
        anomalies: Vec::new(),
        evidence: Vec::new(),
        error: None,
    }
}

/// Reads a use license: XrML, or the `<certificatechain>` around it.
pub(crate) fn read_use_license(_bytes: &[u8], _meter: &Meter) -> Result<UseLicense> {
    Ok(UseLicense { issued: None, server: LicenseFacts::new() })
}

/// A publishing license as it lies in its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    pub(crate) raw: Vec<u8>,
    pub(crate) offset: Option<u64>,
}

impl License {
    /// Its bytes as the container delivers them.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Where they lie in the file, if they do so in one piece and not encoded.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }
}
