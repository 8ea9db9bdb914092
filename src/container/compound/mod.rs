//! Compound files (MS-CFB), read lazily.
use crate::error::Result;
use crate::source::Window;

#[derive(Debug)]
pub(crate) struct CompoundFile {}

pub(crate) fn matches(_head: &[u8]) -> bool {
    false
}

impl CompoundFile {
    pub(crate) fn open(_window: &mut Window<'_>) -> Result<CompoundFile> {
        Ok(CompoundFile {})
    }
}
