//! Options of an inspection.

use crate::container::{ExtractOptions, PstOpener};
use crate::license::ReadOptions;
use crate::limits::Limits;
use crate::source::Spiller;

/// Options that an [`InspectorBuilder`](crate::InspectorBuilder) sets.
#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) limits: Limits,
    pub(super) manner: ReadOptions,
    pub(super) extract: ExtractOptions,
    /// Whether members are opened.
    pub(super) members: bool,
    pub(super) keep_licenses: bool,
    pub(super) spiller: Option<Spiller>,
    pub(super) pst: Option<PstOpener>,
}
