//! Inspectors with limits and with what this program adds to the library: temporary files, and a
//! reader of Outlook data files.

use rmsight::{Inspector, InspectorBuilder, Limits};
#[cfg(feature = "pst")]
use rmsight_pst::PstLimits;

use crate::fs::spill;
#[cfg(feature = "pst")]
use crate::pst;

/// Limits of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileLimits {
    pub(crate) library: Limits,
    #[cfg(feature = "pst")]
    pub(crate) pst: PstLimits,
}

/// Returns a builder of inspectors with these limits.
pub(crate) fn builder(limits: FileLimits) -> InspectorBuilder {
    let builder = Inspector::builder().limits(limits.library).spill(spill::open);
    #[cfg(feature = "pst")]
    let builder = builder.pst(pst::opener(limits.pst));
    builder
}
