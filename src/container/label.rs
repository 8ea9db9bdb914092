//! Sensitivity labels in the clear part of a file (MS-OFFCRYPTO 2.6, MIP metadata).
//!
//! A label never makes a file protected, and never says whose key opens it.

use crate::container::Label;
use crate::error::Result;
use crate::limits::Meter;

/// The label of `docMetadata/LabelInfo.xml` or of the `LabelInfo` stream (MS-OFFCRYPTO 2.6.3).
pub(crate) fn label_info(_xml: &[u8], _meter: &Meter) -> Result<Option<Label>> {
    Ok(None)
}

/// The label of `docProps/custom.xml`: properties `MSIP_Label_<guid>_*`.
pub(crate) fn custom_properties(_xml: &[u8], _meter: &Meter) -> Result<Option<Label>> {
    Ok(None)
}

/// The label of an XMP packet: that of a PFILE (`msip:labels`), or the `MSIP_Label_<guid>_*` of a PDF.
pub(crate) fn xmp(_xml: &[u8], _meter: &Meter) -> Result<Option<Label>> {
    Ok(None)
}

/// The label in properties that have names and values: `MSIP_Label_<guid>_Enabled`, `_SiteId` …
pub(crate) fn named_values<'a>(
    _properties: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<Label> {
    None
}

/// The label in a property set stream (MS-OLEPS 2.21), such as `\x05DocumentSummaryInformation`.
pub(crate) fn property_set(_bytes: &[u8], _meter: &Meter) -> Result<Option<Label>> {
    Ok(None)
}
