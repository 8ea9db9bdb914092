//! The builder of compound files.

use super::plan::{CompoundNode, CompoundPlan, NodeContent, Region, Siblings, Version};
use super::writer;
use crate::sparse::SparseFile;

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
    plan: CompoundPlan,
}

impl Default for Compound {
    fn default() -> Compound {
        Compound::new()
    }
}

impl Compound {
    /// Creates an empty file of version 3 with [`office_layout`](Self::office_layout).
    pub fn new() -> Compound {
        let plan = CompoundPlan {
            version: Version::Three,
            class: [0; 16],
            nodes: Vec::new(),
            layout: Compound::office_layout(),
            siblings: Siblings::Balanced,
            is_fragmented: false,
        };
        Compound { plan }
    }

    /// The layout of Microsoft Office, approximately: the first FAT sector and the directory precede
    /// the streams.
    pub fn office_layout() -> Vec<Region> {
        use Region::{Difat, Directory, Fat, FatHead, MiniFat, MiniStream, OtherStreams};
        vec![FatHead(1), Directory, MiniFat, MiniStream, OtherStreams, Fat, Difat]
    }

    /// The layout of Microsoft's MIP SDK: streams, mini stream, directory, FAT.
    pub fn sdk_layout() -> Vec<Region> {
        use Region::{Difat, Directory, Fat, MiniFat, MiniStream, OtherStreams};
        vec![OtherStreams, MiniStream, MiniFat, Directory, Fat, Difat]
    }

    /// Sets the version.
    pub fn version(mut self, version: Version) -> Self {
        self.plan.version = version;
        self
    }

    /// Sets the class id of the root.
    pub fn class(mut self, class: [u8; 16]) -> Self {
        self.plan.class = class;
        self
    }

    /// Adds a stream. `path` is separated by `/`; missing storages of the path are added too.
    pub fn stream(self, path: &str, bytes: Vec<u8>) -> Self {
        self.node(path, NodeContent::Bytes(bytes))
    }

    /// Adds a stream of `len` zeros.
    pub fn zeros(self, path: &str, len: u64) -> Self {
        self.node(path, NodeContent::Zeros(len))
    }

    /// Adds a storage.
    pub fn storage(self, path: &str) -> Self {
        self.node(path, NodeContent::Storage)
    }

    /// Sets the order of the parts. Parts that are not listed follow the listed ones.
    pub fn layout(mut self, layout: &[Region]) -> Self {
        self.plan.layout = layout.to_vec();
        self
    }

    /// Sets the shape of the sibling trees.
    pub fn siblings(mut self, siblings: Siblings) -> Self {
        self.plan.siblings = siblings;
        self
    }

    /// Shuffles the sectors of all chains of up to 4096 sectors, except for FAT and DIFAT.
    pub fn fragmented(mut self) -> Self {
        self.plan.is_fragmented = true;
        self
    }

    fn node(mut self, path: &str, content: NodeContent) -> Self {
        if let Some((parent, _)) = path.rsplit_once('/')
            && !self.plan.nodes.iter().any(|node| node.path == parent)
        {
            self = self.node(parent, NodeContent::Storage);
        }
        let nodes = &mut self.plan.nodes;
        assert!(nodes.iter().all(|node| node.path != path), "{path:?} was added before");
        nodes.push(CompoundNode { path: path.into(), content, class: [0; 16] });
        self
    }

    /// Builds the file in memory.
    pub fn build(&self) -> Vec<u8> {
        self.build_sparse().to_vec()
    }

    /// Builds the file as pieces, for streams of zeros that exceed the memory.
    pub fn build_sparse(&self) -> SparseFile {
        writer::write(&self.plan)
    }
}
