//! Directory entries (MS-CFB 2.6) and their sibling trees.

use super::{Compound, Node, Siblings, Version};
use crate::bytes::utf16;

const NO_STREAM: u32 = 0xFFFF_FFFF;

/// The directory before it is known where its streams lie.
pub(crate) struct Entry {
    name: String,
    kind: u8,
    black: bool,
    left: u32,
    right: u32,
    child: u32,
    class: [u8; 16],
    /// Where the stream starts; of the root, the mini stream.
    pub(crate) start: u32,
    pub(crate) size: u64,
}

impl Entry {
    fn new(name: &str, kind: u8, class: [u8; 16], size: u64) -> Entry {
        Entry {
            name: name.into(),
            kind,
            black: true,
            left: NO_STREAM,
            right: NO_STREAM,
            child: NO_STREAM,
            class,
            start: if kind == 1 { 0 } else { super::layout::END_OF_CHAIN },
            size,
        }
    }

    /// The 128 bytes of MS-CFB 2.6.1.
    fn write(&self, out: &mut Vec<u8>) {
        let mut name = utf16(&self.name);
        assert!(name.len() <= 62, "{:?} is too long for a name", self.name);
        let len = if name.is_empty() { 0 } else { name.len() + 2 };
        name.resize(64, 0);
        out.extend_from_slice(&name);
        out.extend_from_slice(&(len as u16).to_le_bytes());
        out.extend_from_slice(&[self.kind, u8::from(self.black)]);
        for link in [self.left, self.right, self.child] {
            out.extend_from_slice(&link.to_le_bytes());
        }
        out.extend_from_slice(&self.class);
        out.extend_from_slice(&[0; 20]);
        out.extend_from_slice(&self.start.to_le_bytes());
        out.extend_from_slice(&self.size.to_le_bytes());
    }
}

/// The entries: the root, then the nodes in their order.
pub(crate) fn entries(file: &Compound) -> Vec<Entry> {
    let mut entries = vec![Entry::new("Root Entry", 5, file.class, 0)];
    for node in &file.nodes {
        let kind = if node.is_storage() { 1 } else { 2 };
        entries.push(Entry::new(node.name(), kind, node.class, node.content.len()));
    }
    entries[0].child = link(file, "", &mut entries);
    for (place, node) in file.nodes.iter().enumerate() {
        if node.is_storage() {
            entries[place + 1].child = link(file, &node.path, &mut entries);
        }
    }
    entries
}

/// Links the children of a storage, and says which of them is the first.
fn link(file: &Compound, parent: &str, entries: &mut [Entry]) -> u32 {
    let is_child = |node: &Node| node.parent() == parent;
    let mut ids: Vec<usize> =
        (0..file.nodes.len()).filter(|place| is_child(&file.nodes[*place])).collect();
    ids.sort_by_key(|place| sort_key(file.nodes[*place].name()));
    let ids: Vec<u32> = ids.into_iter().map(|place| place as u32 + 1).collect();
    match file.siblings {
        Siblings::RightOnly => {
            for pair in ids.windows(2) {
                entries[pair[0] as usize].right = pair[1];
            }
            ids.first().copied().unwrap_or(NO_STREAM)
        }
        Siblings::Balanced => balance(&ids, 0, ids.len().checked_ilog2().unwrap_or(0), entries),
    }
}

/// Makes the middle the parent of both halves. Only the deepest level is red.
fn balance(ids: &[u32], depth: u32, deepest: u32, entries: &mut [Entry]) -> u32 {
    if ids.is_empty() {
        return NO_STREAM;
    }
    let middle = ids.len() / 2;
    let left = balance(&ids[..middle], depth + 1, deepest, entries);
    let right = balance(&ids[middle + 1..], depth + 1, deepest, entries);
    let entry = &mut entries[ids[middle] as usize];
    (entry.left, entry.right) = (left, right);
    entry.black = depth == 0 || depth < deepest;
    ids[middle]
}

/// Shorter names first, then by upper-case code units (MS-CFB 2.6.4).
fn sort_key(name: &str) -> (usize, Vec<u16>) {
    let upper: Vec<u16> = name.to_uppercase().encode_utf16().collect();
    (name.encode_utf16().count(), upper)
}

/// The directory's bytes, whole sectors of them.
pub(crate) fn write(entries: &[Entry], version: Version) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        entry.write(&mut out);
    }
    let unused = Entry { start: 0, ..Entry::new("", 0, [0; 16], 0) };
    while !(out.len() as u64).is_multiple_of(version.sector()) {
        unused.write(&mut out);
    }
    out
}
