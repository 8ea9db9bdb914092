//! The node database of a data file (MS-PST 2.2), read with `outlook-pst`: nodes, subnodes and
//! blocks. Hides the two formats, which are different types in that crate.

use std::io;
use std::sync::{Mutex, MutexGuard};

use outlook_pst::PstReader as Source;
use outlook_pst::ndb::NdbError;
use outlook_pst::ndb::block::{
    AnsiDataTree, AnsiSubNodeTree, Block as _, IntermediateDataTreeEntry as _,
    IntermediateTreeBlock as _, IntermediateTreeHeader as _, UnicodeDataTree, UnicodeSubNodeTree,
};
use outlook_pst::ndb::block_id::{
    AnsiBlockId, AnsiPageId, BlockId as _, UnicodeBlockId, UnicodePageId,
};
use outlook_pst::ndb::block_ref::{AnsiPageRef, BlockRef as _, UnicodePageRef};
use outlook_pst::ndb::header::Header as _;
use outlook_pst::ndb::page::{
    AnsiBlockBTree, AnsiNodeBTree, BTreePage as _, BTreePageEntry as _, BlockBTreeEntry as _,
    NodeBTreeEntry as _, UnicodeBlockBTree, UnicodeNodeBTree,
};
use outlook_pst::ndb::root::Root as _;
use outlook_pst::{AnsiPstFile, PstFile as _, UnicodePstFile};

use super::protocol::LastSeek;

/// Number of cached pages of both trees, each of 512 bytes and its decoded form: about 30 MB.
const PAGES: usize = 32_768;
/// Maximum number of pages of the node tree on the stack. A page has at most 31 entries, a tree
/// eight levels.
const WAITING: usize = 1 << 16;
/// Maximum number of blocks of a node: 8 KB each, for the largest possible attachment (2 GB).
const BLOCKS: usize = 1 << 19;
/// Maximum number of levels of intermediate blocks, XBLOCK and XXBLOCK.
const LEVELS: u8 = 2;

/// A node: an object, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) id: u32,
    /// The id of its data block.
    pub(super) data: u64,
    /// The id of the block with its subnodes.
    pub(super) below: Option<u64>,
    /// The parent folder of a folder or message.
    pub(super) parent: u32,
}

impl Node {
    /// `nidType`, 2.2.2.1.
    pub(super) fn kind(&self) -> u8 {
        u8::try_from(self.id & 0x1F).unwrap_or_default()
    }
}

/// A data block and its length in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DataBlock {
    pub(super) block: u64,
    pub(super) len: u64,
}

pub(super) trait NodeStore {
    /// Returns the nodes of the next page of the node tree; `None` at the end.
    fn next_nodes(&mut self) -> Option<io::Result<Vec<Node>>>;
    /// Returns the existing node with this id.
    fn node(&mut self, id: u32) -> io::Result<Node>;
    /// Returns the subnodes in the tree with this block.
    fn below(&mut self, block: u64) -> io::Result<Vec<Node>>;
    /// Returns the data blocks of a node, from its first block.
    fn data_blocks(&mut self, block: u64) -> io::Result<Vec<DataBlock>>;
    /// Returns the decoded bytes of a block.
    fn bytes(&mut self, block: u64) -> io::Result<Vec<u8>>;
}

/// Opens a data file. Tries the newer format first.
pub(super) fn open(
    source: &dyn Fn() -> Box<dyn Source>,
    last_seek: &LastSeek,
) -> io::Result<Box<dyn NodeStore>> {
    match UnicodePstFile::read_from(source()) {
        Ok(file) => Ok(Box::new(unicode::OpenStore::new(file)?)),
        Err(error) => {
            let offset = last_seek.get();
            match AnsiPstFile::read_from(source()) {
                Ok(file) => Ok(Box::new(ansi::OpenStore::new(file)?)),
                Err(_) => {
                    last_seek.set(offset);
                    Err(error)
                }
            }
        }
    }
}

/// Returns whether an error only means that a node is not in the tree.
pub(super) fn is_absent(error: &io::Error) -> bool {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<NdbError>());
    matches!(inner, Some(NdbError::BTreePageNotFound(_)))
}

/// Locks the file, even if a reader panicked.
fn locked(source: &Mutex<Box<dyn Source>>) -> MutexGuard<'_, Box<dyn Source>> {
    source.lock().unwrap_or_else(|error| error.into_inner())
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// Implements [`NodeStore`] for one format.
macro_rules! form {
    ($module:ident, $File:ident, $Nodes:ident, $Blocks:ident, $Data:ident, $Below:ident,
     $Block:ident, $Page:ident, $PageRef:ident, $Key:ident) => {
        mod $module {
            use super::*;
            use std::collections::BTreeMap;

            pub(super) struct OpenStore {
                file: $File,
                nodes: $Nodes,
                blocks: $Blocks,
                /// The stack of pages of the node tree, each with its maximum level.
                waiting: Vec<($PageRef, u8)>,
                node_pages: BTreeMap<$Page, $Nodes>,
                block_pages: BTreeMap<$Page, $Blocks>,
            }

            impl OpenStore {
                pub(super) fn new(file: $File) -> io::Result<OpenStore> {
                    let root = file.header().root();
                    let (node_root, block_root) = (*root.node_btree(), *root.block_btree());
                    let (nodes, blocks) = {
                        let mut source = locked(file.reader());
                        let source = &mut *source;
                        ($Nodes::read(source, node_root)?, $Blocks::read(source, block_root)?)
                    };
                    Ok(OpenStore {
                        file,
                        nodes,
                        blocks,
                        waiting: vec![(node_root, u8::MAX)],
                        node_pages: BTreeMap::new(),
                        block_pages: BTreeMap::new(),
                    })
                }

                fn page(&mut self, page: $PageRef, most: u8) -> io::Result<Vec<Node>> {
                    let mut source = locked(self.file.reader());
                    match $Nodes::read(&mut *source, page)? {
                        $Nodes::Intermediate(page, ..) => {
                            let level = page.level();
                            if level > most || self.waiting.len() > WAITING {
                                return Err(damaged("the levels of the node tree do not fall"));
                            }
                            let pages = page.entries().iter().rev();
                            self.waiting.extend(pages.map(|entry| (entry.block(), level - 1)));
                            Ok(Vec::new())
                        }
                        $Nodes::Leaf(page) => Ok(page.entries().iter().map(node).collect()),
                    }
                }

                fn make_room(&mut self) {
                    if self.node_pages.len() + self.block_pages.len() > PAGES {
                        self.node_pages.clear();
                        self.block_pages.clear();
                    }
                }

                /// Looks up a block.
                fn block(
                    &mut self,
                    id: u64,
                ) -> io::Result<<$File as outlook_pst::PstFile>::BlockBTreeEntry> {
                    self.make_room();
                    let id = $Block::from($Key::try_from(id).map_err(io::Error::other)?);
                    let mut source = locked(self.file.reader());
                    self.blocks.find_entry(&mut *source, id.search_key(), &mut self.block_pages)
                }
            }

            fn node(entry: &<$File as outlook_pst::PstFile>::NodeBTreeEntry) -> Node {
                Node {
                    id: entry.node().into(),
                    data: $Key::from(entry.data()).into(),
                    below: entry.sub_node().map(|block| $Key::from(block).into()),
                    parent: entry.parent().map_or(0, u32::from),
                }
            }

            impl NodeStore for OpenStore {
                fn next_nodes(&mut self) -> Option<io::Result<Vec<Node>>> {
                    let (page, most) = self.waiting.pop()?;
                    Some(self.page(page, most))
                }

                fn node(&mut self, id: u32) -> io::Result<Node> {
                    self.make_room();
                    let mut source = locked(self.file.reader());
                    let pages = &mut self.node_pages;
                    let found = self.nodes.find_entry(&mut *source, id.into(), pages)?;
                    Ok(node(&found))
                }

                fn below(&mut self, block: u64) -> io::Result<Vec<Node>> {
                    let block = self.block(block)?;
                    let mut source = locked(self.file.reader());
                    let tree = $Below::read(&mut *source, &block)?;
                    let pages = &mut self.block_pages;
                    let entries = tree.entries(&mut *source, &self.blocks, pages)?;
                    let nodes = entries.map(|entry| Node {
                        id: entry.node().into(),
                        data: $Key::from(entry.block()).into(),
                        below: entry.sub_node().map(|block| $Key::from(block).into()),
                        parent: 0,
                    });
                    Ok(nodes.collect())
                }

                fn data_blocks(&mut self, block: u64) -> io::Result<Vec<DataBlock>> {
                    let mut data_blocks = Vec::new();
                    let mut waiting = vec![(block, LEVELS)];
                    while let Some((block, most)) = waiting.pop() {
                        let entry = self.block(block)?;
                        if !entry.block().block().is_internal() {
                            data_blocks.push(DataBlock { block, len: entry.size().into() });
                        } else {
                            let method = self.file.header().crypt_method();
                            let mut source = locked(self.file.reader());
                            let tree = $Data::read(&mut *source, method, &entry)?;
                            let $Data::Intermediate(tree) = tree else { continue };
                            if most == 0 || tree.header().level() > most {
                                return Err(damaged("the levels of a data tree do not fall"));
                            }
                            let blocks = tree.entries().iter().rev();
                            waiting.extend(
                                blocks.map(|entry| ($Key::from(entry.block()).into(), most - 1)),
                            );
                        }
                        if data_blocks.len() + waiting.len() > BLOCKS {
                            return Err(damaged("a data tree has too many blocks"));
                        }
                    }
                    Ok(data_blocks)
                }

                fn bytes(&mut self, block: u64) -> io::Result<Vec<u8>> {
                    let entry = self.block(block)?;
                    let method = self.file.header().crypt_method();
                    let mut source = locked(self.file.reader());
                    match $Data::read(&mut *source, method, &entry)? {
                        $Data::Leaf(block) => Ok(block.data().to_vec()),
                        $Data::Intermediate(_) => Err(damaged("a block of data is none")),
                    }
                }
            }
        }
    };
}

form! {
    unicode, UnicodePstFile, UnicodeNodeBTree, UnicodeBlockBTree, UnicodeDataTree,
    UnicodeSubNodeTree, UnicodeBlockId, UnicodePageId, UnicodePageRef, u64
}

form! {
    ansi, AnsiPstFile, AnsiNodeBTree, AnsiBlockBTree, AnsiDataTree,
    AnsiSubNodeTree, AnsiBlockId, AnsiPageId, AnsiPageRef, u32
}
