//! Scan of all directory entries for names that only files with data spaces have.

use std::collections::HashSet;

use super::layout::{ProtectionSign, SIGNS};
use super::transform::Transform;
use crate::bytes::to_u64;
use crate::container::compound::{CompoundFile, DirectoryAudit, DirectoryEntry};
use crate::error::{Error, Result};
use crate::kinds::Container;
use crate::limits::Limit;
use crate::source::Window;

/// Result of a scan over the names of all directory entries, whether its trees contain them or not.
#[derive(Debug, Default)]
pub(super) struct DirectoryScan {
    /// Descriptions of transforms that the trees do not contain.
    pub(super) primaries: Vec<DirectoryEntry>,
    /// Number of scanned entries.
    pub(super) entries: u32,
    pub(super) audit: DirectoryAudit,
    /// Error that ended the scan early.
    pub(super) error: Option<Error>,
    signs: u8,
    /// Offset of the first of those names.
    pub(super) first: Option<u64>,
}

impl DirectoryScan {
    /// Scans all entries. Transforms in `known` are not added again.
    pub(super) fn of(
        file: &mut CompoundFile,
        window: &mut Window<'_>,
        known: &[Transform],
    ) -> Result<DirectoryScan> {
        let mut scan = DirectoryScan::default();
        let known: HashSet<u32> = known.iter().map(|transform| transform.primary.id).collect();
        loop {
            window.meter().charge(Limit::Steps, 1)?;
            let kept = file.keep(window, scan.entries);
            match kept.and_then(|()| file.entry(window, scan.entries)) {
                Ok(Some(entry)) => {
                    if scan.add(entry, &known) {
                        window
                            .meter()
                            .charge(Limit::Allocation, to_u64(size_of::<DirectoryEntry>()))?;
                        scan.primaries.push(entry);
                    }
                }
                Ok(None) => return Ok(scan),
                Err(error) if error.ends_file() => return Err(error),
                Err(error) => {
                    scan.error = Some(error);
                    return Ok(scan);
                }
            }
            scan.entries = scan.entries.saturating_add(1);
        }
    }

    /// Records the sign that the name of an entry is. Returns whether it is a transform not in
    /// `known`.
    fn add(&mut self, entry: DirectoryEntry, known: &HashSet<u32>) -> bool {
        self.audit.count(&entry);
        // The type of the entry is ignored, because it may be damaged.
        let Some(sign) = entry.find_in(SIGNS) else { return false };
        self.signs |= bit(*sign);
        self.first = self.first.or(Some(entry.offset));
        *sign == ProtectionSign::Primary && !known.contains(&entry.id)
    }

    fn has(&self, sign: ProtectionSign) -> bool {
        self.signs & bit(sign) != 0
    }

    /// Returns whether a name was found that only documents with a publishing license have.
    pub(super) fn is_rights_managed(&self) -> bool {
        self.container().is_some()
    }

    /// Returns whether the names are those of a document with a password. No writer stores
    /// `EncryptionInfo` in a document with a license.
    pub(super) fn is_password(&self) -> bool {
        self.has(ProtectionSign::EncryptionInfo)
            && self.has(ProtectionSign::Package)
            && !self.is_rights_managed()
    }

    /// Returns whether a name of data spaces of any kind was found.
    pub(super) fn has_data_spaces(&self) -> bool {
        self.has(ProtectionSign::DataSpaces)
            || self.has(ProtectionSign::Primary)
            || self.has(ProtectionSign::Package)
    }

    /// Returns the layout that the names belong to.
    pub(super) fn container(&self) -> Option<Container> {
        [
            (ProtectionSign::Binary, Container::BinaryIrm),
            (ProtectionSign::Ooxml, Container::OoxmlIrm),
            (ProtectionSign::Envelope, Container::XpsIrm),
        ]
        .into_iter()
        .find(|(sign, _)| self.has(*sign))
        .map(|(_, container)| container)
    }
}

fn bit(sign: ProtectionSign) -> u8 {
    match sign {
        ProtectionSign::Binary => 1,
        ProtectionSign::Ooxml => 2,
        ProtectionSign::Envelope => 4,
        ProtectionSign::DataSpaces => 8,
        ProtectionSign::Primary => 16,
        ProtectionSign::Package => 32,
        ProtectionSign::EncryptionInfo => 64,
    }
}
