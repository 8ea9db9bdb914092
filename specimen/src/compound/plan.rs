//! Describes the compound file to write.

/// The major versions of MS-CFB 2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Sectors of 512 bytes.
    Three,
    /// Sectors of 4096 bytes.
    Four,
}

impl Version {
    /// Returns the base-2 logarithm of the sector size.
    pub(crate) fn shift(self) -> u32 {
        match self {
            Version::Three => 9,
            Version::Four => 12,
        }
    }

    /// Returns the sector size in bytes.
    pub(crate) fn sector(self) -> u64 {
        1 << self.shift()
    }
}

/// A part of the file. The parts follow the header in the order of the layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Region {
    /// The stream with this path. Streams of less than 4096 bytes are part of the mini stream instead.
    Stream(String),
    /// All large streams that the layout does not name, in the order in which they were added.
    OtherStreams,
    /// The mini stream, which contains the small streams.
    MiniStream,
    /// The mini FAT, which contains the chains of the small streams.
    MiniFat,
    /// The directory.
    Directory,
    /// The first FAT sectors, at most this number.
    FatHead(u64),
    /// The FAT sectors that no other part contains.
    Fat,
    /// The DIFAT sectors, which list the FAT sectors that the header has no room for.
    Difat,
}

/// The shape of the sibling trees in the directory (MS-CFB 2.6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Siblings {
    /// A balanced red-black tree.
    Balanced,
    /// A list linked by right siblings, all nodes black. Microsoft's SDK writes this shape.
    RightOnly,
    /// A list linked by left siblings, all nodes black.
    LeftOnly,
    /// Like [`RightOnly`](Self::RightOnly), but in the order in which the nodes were added. This violates
    /// the specification.
    Unsorted,
}

/// The content of a directory entry.
#[derive(Debug, Clone)]
pub(crate) enum NodeContent {
    Storage,
    Bytes(Vec<u8>),
    /// A stream of this number of zeros.
    Zeros(u64),
}

impl NodeContent {
    pub(crate) fn len(&self) -> u64 {
        match self {
            NodeContent::Storage => 0,
            NodeContent::Bytes(bytes) => bytes.len() as u64,
            NodeContent::Zeros(len) => *len,
        }
    }
}

/// A storage or a stream.
#[derive(Debug, Clone)]
pub(crate) struct CompoundNode {
    pub(crate) path: String,
    pub(crate) content: NodeContent,
    pub(crate) class: [u8; 16],
}

impl CompoundNode {
    /// Returns the last element of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().expect("split yields at least one")
    }

    /// Returns the path of the parent storage; empty for the root.
    pub(crate) fn parent(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    pub(crate) fn is_storage(&self) -> bool {
        matches!(self.content, NodeContent::Storage)
    }

    /// Returns whether the stream is part of the mini stream (MS-CFB 2.3).
    pub(crate) fn is_small(&self) -> bool {
        !self.is_storage() && self.content.len() < 4096
    }
}

/// The nodes of a compound file and the way to write them. The root is not one of the nodes.
#[derive(Debug, Clone)]
pub(crate) struct CompoundPlan {
    pub(crate) version: Version,
    /// The class id of the root.
    pub(crate) class: [u8; 16],
    pub(crate) nodes: Vec<CompoundNode>,
    pub(crate) layout: Vec<Region>,
    pub(crate) siblings: Siblings,
    pub(crate) is_fragmented: bool,
}
