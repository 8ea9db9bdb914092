//! Trees that the directory entries form (MS-CFB 2.6.4).

use super::entry::{DirectoryEntry, EntryKind};
use super::file::CompoundFile;
use super::layout::{LINKS_AT_ONCE, NO_STREAM};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::Window;

/// Children of a storage, from left to right in their tree.
///
/// Neither the order nor the shape of the tree is trusted. Each node has one parent
/// ([`CompoundFile::claim`]), so that a traversal visits it once.
#[derive(Debug)]
pub(crate) struct Children {
    /// The next node. The others follow from the end of the list: most storages have one child,
    /// and need no list.
    next: Option<TreeNode>,
    pending: Vec<TreeNode>,
}

/// Node to be visited.
#[derive(Debug, Clone, Copy)]
enum TreeNode {
    /// Together with its left subtree.
    Tree(Link, u32),
    /// Its left subtree was visited.
    Itself(u32),
}

/// Entry that points to a node, and the field that contains the pointer.
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
    ) -> Result<Option<DirectoryEntry>> {
        while let Some(node) = self.next.take().or_else(|| self.pending.pop()) {
            window.meter().charge(Limit::Steps, 1)?;
            let entry = match node {
                TreeNode::Tree(link, id) => file.linked_entry(window, link, id)?,
                TreeNode::Itself(id) => file.used_entry(window, id)?,
            };
            if matches!(node, TreeNode::Itself(_)) || entry.left == NO_STREAM {
                self.descend(Link::Right(entry.id), entry.right);
                return Ok(Some(entry));
            }
            self.push(TreeNode::Itself(entry.id));
            self.push(TreeNode::Tree(Link::Left(entry.id), entry.left));
        }
        Ok(None)
    }

    fn descend(&mut self, link: Link, node: u32) {
        if node != NO_STREAM {
            self.push(TreeNode::Tree(link, node));
        }
    }

    fn push(&mut self, node: TreeNode) {
        self.pending.extend(self.next.replace(node));
    }
}

/// All entries of the directory in order, used or not.
#[derive(Debug)]
pub(crate) struct Entries {
    next: u32,
}

impl Entries {
    /// Returns the next entry; `None` after the last one.
    pub(crate) fn next(
        &mut self,
        file: &mut CompoundFile,
        window: &mut Window<'_>,
    ) -> Result<Option<DirectoryEntry>> {
        let Some(entry) = file.entry(window, self.next)? else { return Ok(None) };
        window.meter().charge(Limit::Steps, 1)?;
        self.next = self.next.saturating_add(1);
        Ok(Some(entry))
    }
}

impl CompoundFile {
    /// Returns all entries of the directory.
    pub(crate) fn entries(&self) -> Entries {
        Entries { next: 0 }
    }

    /// Returns the children of `parent`.
    pub(crate) fn children(&self, parent: &DirectoryEntry) -> Children {
        let mut children = Children { next: None, pending: Vec::new() };
        children.descend(Link::Child(parent.id), parent.child);
        children
    }

    /// Returns the child of `parent` with that name, anywhere in the tree.
    pub(crate) fn child(
        &mut self,
        window: &mut Window<'_>,
        parent: &DirectoryEntry,
        name: &str,
    ) -> Result<Option<DirectoryEntry>> {
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

    /// Returns the child of `parent` with that name, if the order of names leads to it. Another
    /// position in the tree may contain it.
    pub(crate) fn likely_child(
        &mut self,
        window: &mut Window<'_>,
        parent: &DirectoryEntry,
        name: &str,
    ) -> Result<Option<DirectoryEntry>> {
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
    fn linked_entry(
        &mut self,
        window: &mut Window<'_>,
        link: Link,
        id: u32,
    ) -> Result<DirectoryEntry> {
        let entry = self.used_entry(window, id)?;
        self.claim(window, link, &entry)?;
        Ok(entry)
    }

    /// Records that `link` points to `entry`. Fails if another link does so too (MS-CFB 2.6.4: the
    /// entries form trees): the traversal of storages that share a subtree would cost the product
    /// of their sizes, and a cycle would not end.
    #[inline]
    fn claim(&mut self, window: &mut Window<'_>, link: Link, entry: &DirectoryEntry) -> Result<()> {
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

    /// Records the link to an entry with a higher id than all recorded ones. The entry exists, so
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

    /// Returns the entry `id`, to which another entry points.
    fn used_entry(&mut self, window: &mut Window<'_>, id: u32) -> Result<DirectoryEntry> {
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
                format!("entry {id} is after its end"),
            )),
        }
    }
}
