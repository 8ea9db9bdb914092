//! Directory entries (MS-CFB 2.6) and their sibling trees.

use super::plan::{CompoundNode, CompoundPlan, Siblings, Version};
use super::sectors::END_OF_CHAIN;
use crate::bytes::utf16;

/// NOSTREAM (MS-CFB 2.6.1).
const NO_STREAM: u32 = 0xFFFF_FFFF;
/// Object types (MS-CFB 2.6.1).
const STORAGE: u8 = 1;
const STREAM: u8 = 2;
const ROOT: u8 = 5;

/// A directory entry. The writer sets `start` and `size` after it has allocated the sectors.
pub(crate) struct DirectoryEntry {
    name: String,
    kind: u8,
    is_black: bool,
    left: u32,
    right: u32,
    child: u32,
    class: [u8; 16],
    /// The first sector of the stream; for the root, of the mini stream.
    pub(crate) start: u32,
    pub(crate) size: u64,
}

impl DirectoryEntry {
    fn new(name: &str, kind: u8, class: [u8; 16], size: u64) -> DirectoryEntry {
        DirectoryEntry {
            name: name.into(),
            kind,
            is_black: true,
            left: NO_STREAM,
            right: NO_STREAM,
            child: NO_STREAM,
            class,
            start: if kind == STORAGE { 0 } else { END_OF_CHAIN },
            size,
        }
    }

    /// Appends the 128 bytes of the entry (MS-CFB 2.6.1).
    fn write(&self, out: &mut Vec<u8>) {
        let mut name = utf16(&self.name);
        assert!(name.len() <= 62, "{:?} exceeds 31 UTF-16 code units", self.name);
        let len = if name.is_empty() { 0 } else { name.len() + 2 };
        name.resize(64, 0);
        out.extend_from_slice(&name);
        out.extend_from_slice(&(len as u16).to_le_bytes());
        out.extend_from_slice(&[self.kind, u8::from(self.is_black)]);
        for link in [self.left, self.right, self.child] {
            out.extend_from_slice(&link.to_le_bytes());
        }
        out.extend_from_slice(&self.class);
        // State bits and timestamps.
        out.extend_from_slice(&[0; 20]);
        out.extend_from_slice(&self.start.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
    }
}

/// Returns the entries: the root first, then one for each node, in the order of the nodes.
pub(crate) fn entries(plan: &CompoundPlan) -> Vec<DirectoryEntry> {
    let mut entries = vec![DirectoryEntry::new("Root Entry", ROOT, plan.class, 0)];
    for node in &plan.nodes {
        let kind = if node.is_storage() { STORAGE } else { STREAM };
        entries.push(DirectoryEntry::new(node.name(), kind, node.class, node.content.len()));
    }
    entries[0].child = link_children(plan, "", &mut entries);
    for (index, node) in plan.nodes.iter().enumerate() {
        if node.is_storage() {
            entries[index + 1].child = link_children(plan, &node.path, &mut entries);
        }
    }
    entries
}

/// Links the children of a storage and returns the id of the topmost one.
fn link_children(plan: &CompoundPlan, parent: &str, entries: &mut [DirectoryEntry]) -> u32 {
    let is_child = |node: &CompoundNode| node.parent() == parent;
    let mut children: Vec<usize> =
        (0..plan.nodes.len()).filter(|index| is_child(&plan.nodes[*index])).collect();
    if plan.siblings != Siblings::Unsorted {
        children.sort_by_key(|index| sort_key(plan.nodes[*index].name()));
    }
    let ids: Vec<u32> = children.into_iter().map(|index| index as u32 + 1).collect();
    match plan.siblings {
        Siblings::RightOnly | Siblings::Unsorted => {
            for pair in ids.windows(2) {
                entries[pair[0] as usize].right = pair[1];
            }
            ids.first().copied().unwrap_or(NO_STREAM)
        }
        Siblings::LeftOnly => {
            for pair in ids.windows(2) {
                entries[pair[1] as usize].left = pair[0];
            }
            ids.last().copied().unwrap_or(NO_STREAM)
        }
        Siblings::Balanced => balance(&ids, 0, ids.len().checked_ilog2().unwrap_or(0), entries),
    }
}

/// Makes the middle entry the parent of both halves and returns its id. Only the entries of the deepest
/// level are red.
fn balance(ids: &[u32], depth: u32, deepest: u32, entries: &mut [DirectoryEntry]) -> u32 {
    if ids.is_empty() {
        return NO_STREAM;
    }
    let middle = ids.len() / 2;
    let left = balance(&ids[..middle], depth + 1, deepest, entries);
    let right = balance(&ids[middle + 1..], depth + 1, deepest, entries);
    let entry = &mut entries[ids[middle] as usize];
    (entry.left, entry.right) = (left, right);
    entry.is_black = depth == 0 || depth < deepest;
    ids[middle]
}

/// Orders shorter names before longer ones, then by upper-case UTF-16 code units (MS-CFB 2.6.4).
fn sort_key(name: &str) -> (usize, Vec<u16>) {
    let upper: Vec<u16> = name.to_uppercase().encode_utf16().collect();
    (name.encode_utf16().count(), upper)
}

/// Returns the bytes of the directory, padded with unused entries to whole sectors.
pub(crate) fn write(entries: &[DirectoryEntry], version: Version) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        entry.write(&mut out);
    }
    let unused = DirectoryEntry { start: 0, ..DirectoryEntry::new("", 0, [0; 16], 0) };
    while !(out.len() as u64).is_multiple_of(version.sector()) {
        unused.write(&mut out);
    }
    out
}
