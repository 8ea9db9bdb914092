//! Audit of the directory: whether its links and entries agree.

use super::entry::{DirectoryEntry, EntryKind};
use super::file::CompoundFile;
use super::layout::NO_STREAM;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::Window;

/// Result of a pass over all entries, whether a tree contains them or not.
///
/// In an intact directory every used entry is the sibling or child of exactly one other entry.
/// Otherwise a part of the directory may be lost, and with it the entries that show that a file is
/// protected.
#[derive(Debug, Default)]
pub(crate) struct DirectoryAudit {
    /// Sum over the ids of used entries, minus the sum over the ids in links.
    balance: u64,
    highest: u32,
    invalid: Option<u64>,
    /// Offset of the first entry that no writer produces, and the reason.
    implausible: Option<(u64, &'static str)>,
    is_root_childless: bool,
    has_used: bool,
}

impl DirectoryAudit {
    /// Adds an entry.
    pub(crate) fn count(&mut self, entry: &DirectoryEntry) {
        if self.implausible.is_none()
            && let Some(detail) = entry.implausible()
        {
            self.implausible = Some((entry.offset, detail));
        }
        match entry.kind {
            EntryKind::Root => self.is_root_childless |= entry.child == NO_STREAM,
            EntryKind::Stream | EntryKind::Storage => self.has_used = true,
            EntryKind::Free | EntryKind::Invalid(_) => {}
        }
        let (siblings, child) = match entry.kind {
            EntryKind::Free => return,
            EntryKind::Invalid(_) => {
                self.invalid.get_or_insert(entry.offset);
                return;
            }
            // Readers ignore the child of a stream and the siblings of the root.
            EntryKind::Stream => ([entry.left, entry.right], NO_STREAM),
            EntryKind::Root => ([NO_STREAM, NO_STREAM], entry.child),
            EntryKind::Storage => ([entry.left, entry.right], entry.child),
        };
        if entry.kind != EntryKind::Root {
            self.balance = self.balance.wrapping_add(spread(entry.id));
        }
        for id in siblings.into_iter().chain([child]).filter(|id| *id != NO_STREAM) {
            self.highest = self.highest.max(id);
            self.balance = self.balance.wrapping_sub(spread(id));
        }
    }

    /// Judges the directory once all entries are added.
    ///
    /// # Errors
    /// A part of the directory is lost.
    pub(crate) fn conclude(
        &self,
        file: &mut CompoundFile,
        window: &mut Window<'_>,
        entries: u32,
    ) -> Result<()> {
        let malformed = |offset: Option<u64>, detail: &'static str| {
            Err(Error::malformed(ErrorCode::MalformedDirectory, "directory", offset, detail))
        };
        if self.invalid.is_some() {
            return malformed(self.invalid, "an object type of no specification");
        }
        if self.highest >= entries {
            return malformed(None, "an entry points past the end of the directory");
        }
        if let Some((offset, detail)) = self.implausible {
            return malformed(Some(offset), detail);
        }
        if self.is_root_childless && self.has_used {
            return malformed(None, "the root has no child, and other entries are in use");
        }
        if self.balance == 0 {
            return Ok(());
        }
        // An entry has two links or none, or is lost. Only the latter matters.
        for id in 0..entries {
            let Some(entry) = file.entry(window, id)? else { break };
            window.meter().charge(Limit::Steps, 4)?;
            let targets = match entry.kind {
                EntryKind::Free | EntryKind::Invalid(_) => continue,
                EntryKind::Root => [NO_STREAM, NO_STREAM, entry.child],
                EntryKind::Stream => [entry.left, entry.right, NO_STREAM],
                EntryKind::Storage => [entry.left, entry.right, entry.child],
            };
            for target in targets.into_iter().filter(|id| *id != NO_STREAM) {
                let target = file.entry(window, target)?;
                if target.is_none_or(|target| target.kind == EntryKind::Free) {
                    return malformed(
                        Some(entry.offset),
                        "it points to an entry that is not there",
                    );
                }
            }
        }
        Ok(())
    }
}

/// Hashes an id, so that the sums of different sets differ.
fn spread(id: u32) -> u64 {
    let mixed = u64::from(id).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}
