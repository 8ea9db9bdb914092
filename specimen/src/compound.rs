//! [`Compound`]: compound files (MS-CFB) with their parts laid out in any order.
//!
//! Writers differ in where they put the directory, the FAT and the streams, and readers must not
//! care. So the order is a list here, chains can be cut in pieces, and a stream can be a hole of any
//! size.

use crate::bytes::put32;
use crate::sparse::SparseFile;

mod directory;
mod layout;

/// The versions of MS-CFB 2.2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// Sectors of 512 bytes.
    Three,
    /// Sectors of 4096 bytes.
    Four,
}

impl Version {
    fn shift(self) -> u32 {
        match self {
            Version::Three => 9,
            Version::Four => 12,
        }
    }

    fn sector(self) -> u64 {
        1 << self.shift()
    }
}

/// A part of the file, in the order in which the parts lie behind the header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Region {
    /// One stream, by its path; only streams of 4096 bytes and more have sectors of their own.
    Stream(String),
    /// All large streams that are not named, in the order in which they were added.
    OtherStreams,
    /// The sectors with the small streams.
    MiniStream,
    /// The chains of the small streams.
    MiniFat,
    /// The directory.
    Directory,
    /// The first so many sectors of the FAT.
    FatHead(u64),
    /// All sectors of the FAT that lie nowhere else.
    Fat,
    /// The list of FAT sectors that do not fit the header.
    Difat,
}

/// The shape of the sibling trees in the directory (MS-CFB 2.6.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Siblings {
    /// Balanced, red and black.
    Balanced,
    /// Each only has a right sibling, and all are black, as Microsoft's SDK writes them.
    RightOnly,
}

/// What a stream consists of.
#[derive(Debug, Clone)]
enum Content {
    Storage,
    Bytes(Vec<u8>),
    Zeros(u64),
}

impl Content {
    fn len(&self) -> u64 {
        match self {
            Content::Storage => 0,
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Zeros(len) => *len,
        }
    }
}

/// A storage or stream.
#[derive(Debug, Clone)]
struct Node {
    path: String,
    content: Content,
    class: [u8; 16],
}

impl Node {
    /// Its own name.
    fn name(&self) -> &str {
        self.path.rsplit('/').next().expect("split yields at least one")
    }

    /// The path of the storage that it is in; empty for the root.
    fn parent(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(parent, _)| parent)
    }

    fn is_storage(&self) -> bool {
        matches!(self.content, Content::Storage)
    }

    /// Whether it lies in the mini stream (MS-CFB 2.3).
    fn is_small(&self) -> bool {
        !self.is_storage() && self.content.len() < 4096
    }
}

/// Builds a compound file.
///
/// ```
/// use rmsight_specimen::{Compound, Region, Version};
///
/// let file = Compound::new()
///     .version(Version::Four)
///     .stream("Storage/Stream", vec![7; 10_000])
///     .layout(&[Region::OtherStreams, Region::Directory, Region::Fat])
///     .build();
/// assert!(file.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Compound {
    version: Version,
    class: [u8; 16],
    nodes: Vec<Node>,
    layout: Vec<Region>,
    siblings: Siblings,
    fragmented: bool,
}

impl Default for Compound {
    fn default() -> Compound {
        Compound::new()
    }
}

impl Compound {
    /// An empty file of version 3 in the layout of Office.
    pub fn new() -> Compound {
        Compound {
            version: Version::Three,
            class: [0; 16],
            nodes: Vec::new(),
            layout: Compound::office_layout(),
            siblings: Siblings::Balanced,
            fragmented: false,
        }
    }

    /// FAT and directory in front, then the streams: as Office writes, or nearly.
    pub fn office_layout() -> Vec<Region> {
        use Region::{Difat, Directory, Fat, FatHead, MiniFat, MiniStream, OtherStreams};
        vec![FatHead(1), Directory, MiniFat, MiniStream, OtherStreams, Fat, Difat]
    }

    /// Streams, mini stream, directory, FAT: as MIP SDK writes.
    pub fn sdk_layout() -> Vec<Region> {
        use Region::{Difat, Directory, Fat, MiniFat, MiniStream, OtherStreams};
        vec![OtherStreams, MiniStream, MiniFat, Directory, Fat, Difat]
    }

    /// The version.
    pub fn version(mut self, version: Version) -> Self {
        self.version = version;
        self
    }

    /// The class id of the root.
    pub fn class(mut self, class: [u8; 16]) -> Self {
        self.class = class;
        self
    }

    /// A stream; the storages of its path, parted by `/`, come into being with it.
    pub fn stream(self, path: &str, bytes: Vec<u8>) -> Self {
        self.node(path, Content::Bytes(bytes))
    }

    /// A stream of so many zeros.
    pub fn zeros(self, path: &str, len: u64) -> Self {
        self.node(path, Content::Zeros(len))
    }

    /// A storage.
    pub fn storage(self, path: &str) -> Self {
        self.node(path, Content::Storage)
    }

    /// The order of the parts. Parts that are not named come last.
    pub fn layout(mut self, layout: &[Region]) -> Self {
        self.layout = layout.to_vec();
        self
    }

    /// The shape of the sibling trees.
    pub fn siblings(mut self, siblings: Siblings) -> Self {
        self.siblings = siblings;
        self
    }

    /// Scatters the sectors of every chain of up to 4096 sectors over the places that they share.
    pub fn fragmented(mut self) -> Self {
        self.fragmented = true;
        self
    }

    fn node(mut self, path: &str, content: Content) -> Self {
        if let Some((parent, _)) = path.rsplit_once('/')
            && !self.nodes.iter().any(|node| node.path == parent)
        {
            self = self.node(parent, Content::Storage);
        }
        assert!(self.nodes.iter().all(|node| node.path != path), "{path:?} is there already");
        self.nodes.push(Node { path: path.into(), content, class: [0; 16] });
        self
    }

    /// The file in memory.
    pub fn build(&self) -> Vec<u8> {
        self.build_sparse().to_vec()
    }

    /// The file as pieces, for streams that are too large for memory.
    pub fn build_sparse(&self) -> SparseFile {
        layout::write(self)
    }
}

#[cfg(test)]
mod tests;

/// The stream `\x01Ole10Native` of an object that the packager made of a file (MS-OLEDS 2.3.6).
pub fn packaged(name: &str, bytes: &[u8]) -> Vec<u8> {
    let path = format!("C:\\Users\\ada\\{name}\0");
    let mut native = vec![2, 0];
    native.extend_from_slice(format!("{name}\0{path}").as_bytes());
    // Reserved, and the kind: the file itself.
    native.extend_from_slice(&[0, 0, 3, 0]);
    put32(&mut native, path.len());
    native.extend_from_slice(path.as_bytes());
    put32(&mut native, bytes.len());
    native.extend_from_slice(bytes);
    let mut stream = Vec::new();
    put32(&mut stream, native.len());
    stream.extend(native);
    stream
}
