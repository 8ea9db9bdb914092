//! Directory entries, and the walk over the trees that they form.

use super::CompoundFile;
use super::layout::{ENTRY_LEN, LINKS_AT_ONCE, MINI_STREAM_CUTOFF, NAME_LEN, NO_STREAM, VERSION_3};
use crate::bytes::{Cursor, to_u64, utf16_lossy};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::Window;

/// What an entry is (MS-CFB 2.6.1, object type).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EntryKind {
    /// Nothing.
    Free,
    /// It has children.
    Storage,
    /// It has bytes.
    Stream,
    /// The first entry; its bytes are the mini stream.
    Root,
    /// None of the specification.
    Invalid(u8),
}

/// One entry of the directory, copied out of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry {
    /// Its place in the directory.
    pub(crate) id: u32,
    pub(crate) kind: EntryKind,
    /// How many bytes the stream has.
    pub(crate) size: u64,
    /// Where the entry itself lies in the file.
    pub(crate) offset: u64,
    pub(super) left: u32,
    pub(super) right: u32,
    pub(super) child: u32,
    pub(super) start: u32,
    name: [u8; NAME_LEN],
    name_len: u16,
}

impl Entry {
    /// Reads the fields of MS-CFB 2.6.1 in their order.
    pub(super) fn parse(id: u32, bytes: &[u8], offset: u64, version: u16) -> Result<Entry> {
        // Of one that is whole, no field has to be asked whether it is there.
        match bytes.first_chunk::<ENTRY_LEN>() {
            Some(whole) => Entry::parse_fields(id, whole, offset, version),
            None => Entry::parse_fields(id, bytes, offset, version),
        }
    }

    #[inline(always)]
    fn parse_fields(id: u32, bytes: &[u8], offset: u64, version: u16) -> Result<Entry> {
        let mut cursor = Cursor::new("directory entry", bytes, offset);
        let name = cursor.array("name")?;
        let name_len = cursor.u16_le("name length")?;
        let kind = match cursor.u8("object type")? {
            0 => EntryKind::Free,
            1 => EntryKind::Storage,
            2 => EntryKind::Stream,
            5 => EntryKind::Root,
            other => EntryKind::Invalid(other),
        };
        cursor.skip(1, "color")?;
        let left = cursor.u32_le("left sibling")?;
        let right = cursor.u32_le("right sibling")?;
        let child = cursor.u32_le("child")?;
        cursor.skip(16, "CLSID")?;
        cursor.skip(20, "state bits and times")?;
        let start = cursor.u32_le("starting sector")?;
        let size = match cursor.u64_le("stream size")? {
            // Old writers left garbage in the high half.
            size if version == VERSION_3 => size & 0xFFFF_FFFF,
            size => size,
        };
        Ok(Entry { id, kind, size, offset, left, right, child, start, name, name_len })
    }

    /// The name's UTF-16LE bytes, without the zero at their end.
    fn name_bytes(&self) -> &[u8] {
        let len = usize::from(self.name_len).min(NAME_LEN);
        let name = self.name.get(..len).unwrap_or_default();
        // The zero at the end is counted in, but not by every writer.
        name.strip_suffix(&[0, 0]).unwrap_or(name)
    }

    /// Returns what of the entry no writer leaves (MS-CFB 2.6.1): bytes that were inserted into a
    /// directory, or removed, move the fields of all entries behind.
    fn implausible(&self) -> Option<&'static str> {
        match self.kind {
            EntryKind::Free => {
                // Writers leave old names, or noise, but reset the links.
                let links = [self.left, self.right, self.child];
                let is_zero = links == [0; 3] && self.name == [0; NAME_LEN] && self.name_len == 0;
                let is_reset = links == [NO_STREAM; 3] || is_zero;
                (!is_reset).then_some("a free entry has links")
            }
            // A sector of the directory that is there twice moves the entries behind it.
            EntryKind::Root if self.id > 0 => Some("a root that is not the first entry"),
            EntryKind::Storage | EntryKind::Stream => {
                let is_cut =
                    usize::from(self.name_len) == NAME_LEN && !self.name.ends_with(&[0, 0]);
                let is_odd = self.name_len == 0 || usize::from(self.name_len) > NAME_LEN;
                (is_cut || is_odd || !self.name_len.is_multiple_of(2))
                    .then_some("the length of a name")
            }
            _ => None,
        }
    }

    fn units(&self) -> impl ExactSizeIterator<Item = u16> {
        self.name_bytes().chunks_exact(2).map(|pair| match pair {
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        })
    }

    /// The name as text.
    pub(crate) fn name(&self) -> String {
        utf16_lossy(self.name_bytes())
    }

    /// Returns the first sector of the stream, and whether it is one of the mini stream.
    pub(crate) fn first_sector(&self) -> (u32, bool) {
        (self.start, self.size < MINI_STREAM_CUTOFF)
    }

    /// Whether the entry has this name; case does not count.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        if !name.is_ascii() {
            return self.units().map(upper).eq(name.encode_utf16().map(upper));
        }
        // Most names differ in their length, which costs nothing to see.
        let (units, odd) = self.name_bytes().as_chunks::<2>();
        units.len() == name.len() && odd.is_empty() && is_ascii_text(units, name)
    }

    /// Whether the name begins with `prefix`; case does not count.
    pub(crate) fn name_starts_with(&self, prefix: &str) -> bool {
        let mut units = self.units().map(upper);
        prefix.encode_utf16().map(upper).all(|unit| units.next() == Some(unit))
    }

    /// Whether `name` would stand to the left of this entry (MS-CFB 2.6.4): the shorter name
    /// first, then by upper-case code units. Real files break that order, so it is but a guess.
    fn is_after(&self, name: &str) -> bool {
        let mine = self.units().len();
        let len = if name.is_ascii() { name.len() } else { name.encode_utf16().count() };
        if len == mine {
            name.encode_utf16().map(upper).lt(self.units().map(upper))
        } else {
            len < mine
        }
    }
}

/// Whether UTF-16LE units are those of an ASCII text of that length; case does not count.
#[inline]
pub(crate) fn is_ascii_text(units: &[[u8; 2]], text: &str) -> bool {
    let both = || units.iter().map(|unit| u16::from_le_bytes(*unit)).zip(text.as_bytes());
    // Writers keep the case. Without a branch for each letter many are looked at together.
    let differ = both().fold(0, |differ, (unit, letter)| differ | (unit ^ u16::from(*letter)));
    differ == 0 || both().all(|(unit, letter)| upper(unit) == upper(u16::from(*letter)))
}

/// Upper case as far as the names go that anybody searches for.
fn upper(unit: u16) -> u16 {
    match u8::try_from(unit) {
        Ok(byte) => u16::from(byte.to_ascii_uppercase()),
        Err(_) => unit,
    }
}

/// The children of a storage, from left to right in their tree.
///
/// Neither the order nor the shape of the tree is believed. Each node has one parent
/// ([`CompoundFile::claim`]), so that a walk visits it once.
#[derive(Debug)]
pub(crate) struct Children {
    /// The next node. The others follow from the end of the list: most storages have one child,
    /// and need no list.
    next: Option<Node>,
    pending: Vec<Node>,
}

/// A node that a walk has yet to visit.
#[derive(Debug, Clone, Copy)]
enum Node {
    /// Together with its left subtree.
    Tree(Link, u32),
    /// Its left subtree was visited.
    Itself(u32),
}

/// The entry that points to a node, and the field that does so.
#[derive(Debug, Clone, Copy)]
enum Link {
    Left(u32),
    Right(u32),
    Child(u32),
}

impl Link {
    /// Returns a number above zero that no other link has.
    fn key(self) -> u64 {
        let (id, field) = match self {
            Link::Left(id) => (id, 1),
            Link::Right(id) => (id, 2),
            Link::Child(id) => (id, 3),
        };
        (u64::from(id) << 2) | field
    }
}

impl Children {
    /// Returns the next child; `None` after the last one.
    ///
    /// Fails if a node of the tree is also the node of another tree, or occurs in this one twice.
    pub(crate) fn next(
        &mut self,
        file: &mut CompoundFile,
        window: &mut Window<'_>,
    ) -> Result<Option<Entry>> {
        while let Some(node) = self.next.take().or_else(|| self.pending.pop()) {
            window.meter().charge(Limit::Steps, 1)?;
            let entry = match node {
                Node::Tree(link, id) => file.linked_entry(window, link, id)?,
                Node::Itself(id) => file.used_entry(window, id)?,
            };
            if matches!(node, Node::Itself(_)) || entry.left == NO_STREAM {
                self.go_on(Link::Right(entry.id), entry.right);
                return Ok(Some(entry));
            }
            self.push(Node::Itself(entry.id));
            self.push(Node::Tree(Link::Left(entry.id), entry.left));
        }
        Ok(None)
    }

    fn go_on(&mut self, link: Link, node: u32) {
        if node != NO_STREAM {
            self.push(Node::Tree(link, node));
        }
    }

    fn push(&mut self, node: Node) {
        self.pending.extend(self.next.replace(node));
    }
}

/// All entries of the directory, used or not, as they lie in it.
#[derive(Debug)]
pub(crate) struct Entries {
    next: u32,
}

impl Entries {
    /// The next entry; `None` behind the last one.
    pub(crate) fn next(
        &mut self,
        file: &mut CompoundFile,
        window: &mut Window<'_>,
    ) -> Result<Option<Entry>> {
        let Some(entry) = file.entry(window, self.next)? else { return Ok(None) };
        window.meter().charge(Limit::Steps, 1)?;
        self.next = self.next.saturating_add(1);
        Ok(Some(entry))
    }
}

impl CompoundFile {
    /// All entries of the directory.
    pub(crate) fn entries(&self) -> Entries {
        Entries { next: 0 }
    }

    /// The children of `parent`.
    pub(crate) fn children(&self, parent: &Entry) -> Children {
        let mut children = Children { next: None, pending: Vec::new() };
        children.go_on(Link::Child(parent.id), parent.child);
        children
    }

    /// The child of `parent` with that name, wherever in the tree it is.
    pub(crate) fn child(
        &mut self,
        window: &mut Window<'_>,
        parent: &Entry,
        name: &str,
    ) -> Result<Option<Entry>> {
        if let Ok(Some(found)) = self.likely_child(window, parent, name) {
            return Ok(Some(found));
        }
        let mut children = self.children(parent);
        while let Some(child) = children.next(self, window)? {
            if child.is_named(name) {
                return Ok(Some(child));
            }
        }
        Ok(None)
    }

    /// The child of `parent` with that name, if it is where the order of names puts it. It may
    /// be elsewhere.
    pub(crate) fn likely_child(
        &mut self,
        window: &mut Window<'_>,
        parent: &Entry,
        name: &str,
    ) -> Result<Option<Entry>> {
        let (mut link, mut id) = (Link::Child(parent.id), parent.child);
        while id != NO_STREAM {
            window.meter().charge(Limit::Steps, 1)?;
            let entry = self.linked_entry(window, link, id)?;
            if entry.is_named(name) {
                return Ok(Some(entry));
            }
            (link, id) = match entry.is_after(name) {
                true => (Link::Left(entry.id), entry.left),
                false => (Link::Right(entry.id), entry.right),
            };
        }
        Ok(None)
    }

    /// Returns the entry `id`, which `link` points to.
    #[inline]
    fn linked_entry(&mut self, window: &mut Window<'_>, link: Link, id: u32) -> Result<Entry> {
        let entry = self.used_entry(window, id)?;
        self.claim(window, link, &entry)?;
        Ok(entry)
    }

    /// Records that `link` points to `entry`. Fails if another link does so too (MS-CFB 2.6.4: the
    /// entries form trees): storages that share a subtree would be walked at the product of their
    /// sizes, and a cycle without end.
    #[inline]
    fn claim(&mut self, window: &mut Window<'_>, link: Link, entry: &Entry) -> Result<()> {
        let index = usize::try_from(entry.id).unwrap_or(usize::MAX);
        let key = link.key();
        match self.links.get_mut(index) {
            Some(known) if *known == key => Ok(()),
            Some(known) if *known == 0 => {
                *known = key;
                Ok(())
            }
            Some(_) => Err(Error::malformed(
                ErrorCode::MalformedDirectory,
                "directory entry",
                entry.offset,
                "two entries point to it, or one does so twice",
            )),
            None => self.claim_first(window, index, key),
        }
    }

    /// Records the link to an entry past the highest that a link is known of. The entry exists, so
    /// that the size of the directory bounds the list.
    #[cold]
    fn claim_first(&mut self, window: &mut Window<'_>, index: usize, key: u64) -> Result<()> {
        let len = index.saturating_add(1).next_multiple_of(LINKS_AT_ONCE);
        let more = to_u64(len.saturating_sub(self.links.len()));
        window.meter().charge(Limit::Allocation, more.saturating_mul(8))?;
        #[allow(clippy::disallowed_methods)] // charged in the line before
        self.links.resize(len, 0);
        if let Some(link) = self.links.get_mut(index) {
            *link = key;
        }
        Ok(())
    }

    /// The entry `id`, which something points to.
    fn used_entry(&mut self, window: &mut Window<'_>, id: u32) -> Result<Entry> {
        match self.entry(window, id)? {
            Some(entry) if matches!(entry.kind, EntryKind::Free | EntryKind::Invalid(_)) => {
                Err(Error::malformed(
                    ErrorCode::MalformedDirectory,
                    "directory entry",
                    entry.offset,
                    "an object type that no sibling or child can have",
                ))
            }
            Some(entry) => Ok(entry),
            None => Err(Error::malformed(
                ErrorCode::MalformedDirectory,
                "directory",
                None,
                format!("entry {id} lies behind its end"),
            )),
        }
    }
}

/// What a pass over all entries tells, whether a tree leads to them or not.
///
/// In a whole directory every entry in use is the sibling or child of exactly one other. Where
/// that does not hold, part of it may have been lost, and with it what said that a file is
/// protected.
#[derive(Debug, Default)]
pub(crate) struct Census {
    /// What is in use, less what is pointed to, as a sum over the ids.
    balance: u64,
    highest: u32,
    invalid: Option<u64>,
    /// The first entry that no writer leaves like that, where it is, and why.
    implausible: Option<(u64, &'static str)>,
    is_root_childless: bool,
    has_used: bool,
}

impl Census {
    /// Counts an entry in.
    pub(crate) fn count(&mut self, entry: &Entry) {
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
            // Of a stream the child, of the root the siblings are not looked at by anybody.
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

    /// Says what of the directory is lost, once all entries are counted.
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
            return malformed(None, "an entry points behind the directory's end");
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
        // Something is pointed to twice, or not at all, or is lost. Only the last one matters.
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

/// Spreads ids so that the sums of different sets differ.
fn spread(id: u32) -> u64 {
    let mixed = u64::from(id).wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9)
}

#[cfg(test)]
mod tests {
    use super::is_ascii_text;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn case_does_not_count_and_all_else_does(text in "[ -~]{0,40}", at: prop::sample::Index, unit: u16) {
            let wide = |text: &str| -> Vec<[u8; 2]> {
                text.encode_utf16().map(u16::to_le_bytes).collect()
            };
            prop_assert!(is_ascii_text(&wide(&text), &text));
            prop_assert!(is_ascii_text(&wide(&text.to_ascii_uppercase()), &text));
            let mut units = wide(&text);
            if let Some(len) = Some(units.len()).filter(|len| *len > 0) {
                let place = at.index(len);
                let letter = u16::from(text.as_bytes()[place]);
                units[place] = unit.to_le_bytes();
                let folded = |unit: u16| u8::try_from(unit).map(|byte| byte.to_ascii_uppercase());
                prop_assert_eq!(is_ascii_text(&units, &text), folded(unit) == folded(letter));
            }
        }
    }
}
