//! A pass over all of the directory, for the names that only a file with data spaces has.

use std::collections::HashSet;

use super::layout::{ProtectionSign, SIGNS};
use super::read::Transform;
use crate::bytes::to_u64;
use crate::container::compound::{CompoundFile, DirectoryAudit, DirectoryEntry};
use crate::error::{Error, Result};
use crate::kinds::Container;
use crate::limits::Limit;
use crate::source::Window;

/// Result of a scan over the names of all directory entries, whether its trees contain them or not.
#[derive(Debug, Default)]
pub(super) struct DirectoryScan {
    /// Descriptions of transforms that the trees did not lead to.
    pub(super) primaries: Vec<DirectoryEntry>,
    /// Entries of the directory.
    pub(super) entries: u32,
    pub(super) audit: DirectoryAudit,
    /// Error that ended the scan early.
    pub(super) error: Option<Error>,
    signs: u8,
    /// Offset of the first of those names.
    pub(super) first: Option<u64>,
}

impl DirectoryScan {
    /// Looks at every entry but those that are `known`.
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
                    if scan.look_at(entry, &known) {
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

    /// Notes what the name of an entry says. Returns whether it is a transform that is not `known`.
    fn look_at(&mut self, entry: DirectoryEntry, known: &HashSet<u32>) -> bool {
        self.audit.count(&entry);
        // A name counts whatever the entry's type says: that byte may be the damaged one.
        let Some((_, sign)) = SIGNS.iter().find(|(name, _)| entry.is_named(name)) else {
            return false;
        };
        self.signs |= bit(*sign);
        self.first = self.first.or(Some(entry.offset));
        *sign == ProtectionSign::Primary && !known.contains(&entry.id)
    }

    fn has(&self, sign: ProtectionSign) -> bool {
        self.signs & bit(sign) != 0
    }

    /// Whether only a document with a publishing license has such names.
    pub(super) fn is_rights_managed(&self) -> bool {
        self.container().is_some()
    }

    /// Whether it is a document with a password. No writer leaves `EncryptionInfo` in one with a
    /// license.
    pub(super) fn is_password(&self) -> bool {
        self.has(ProtectionSign::EncryptionInfo)
            && self.has(ProtectionSign::Package)
            && !self.is_rights_managed()
    }

    /// Whether anything speaks for data spaces, of whatever sort.
    pub(super) fn has_data_spaces(&self) -> bool {
        self.has(ProtectionSign::DataSpaces)
            || self.has(ProtectionSign::Primary)
            || self.has(ProtectionSign::Package)
    }

    /// The layout that the names belong to.
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
