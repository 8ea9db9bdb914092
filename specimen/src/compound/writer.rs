//! Writes the header, the FAT and the other parts of a compound file.

use super::directory::{self, DirectoryEntry};
use super::plan::{CompoundNode, CompoundPlan, NodeContent, Version};
use super::sectors::{
    Chain, ChainOwner, DIFAT_SECTOR, END_OF_CHAIN, FAT_SECTOR, FREE, HEADER_DIFAT_ENTRIES,
    PartLengths, allocate,
};
use crate::sparse::SparseFile;

/// The size of a mini sector in bytes (MS-CFB 2.2).
const MINI_SECTOR: u64 = 64;

/// Writes the whole file.
pub(crate) fn write(plan: &CompoundPlan) -> SparseFile {
    let mut entries = directory::entries(plan);
    let (mini_stream, mini_fat) = mini_stream(plan, &mut entries);
    let lengths = PartLengths {
        version: plan.version,
        mini_stream: mini_stream.len() as u64,
        mini_fat: mini_fat.len() as u64,
        directory: directory::write(&entries, plan.version).len() as u64,
    };
    let (chains, total) = allocate(plan, &lengths);
    let chain = |owner| chains.iter().filter(move |chain| chain.owner == owner);
    for (index, entry) in entries.iter_mut().skip(1).enumerate() {
        if let Some(chain) = chain(ChainOwner::Node(index)).next() {
            entry.start = chain.start();
        }
    }
    entries[0].start = chain(ChainOwner::MiniStream).next().map_or(END_OF_CHAIN, Chain::start);
    entries[0].size = mini_stream.len() as u64;

    let mut pieces = vec![(0, header(plan.version, &chains))];
    let fat_sectors: Vec<u64> = chain(ChainOwner::Fat).flat_map(Chain::iter).collect();
    let difat_sectors: Vec<u64> = chain(ChainOwner::Difat).flat_map(Chain::iter).collect();
    let mut out = SectorWriter { version: plan.version, pieces: &mut pieces };
    out.write(fat_sectors.iter().copied(), &fat(&chains, fat_sectors.len(), plan.version));
    out.write(difat_sectors.iter().copied(), &difat(&fat_sectors, &difat_sectors, plan.version));
    for chain in &chains {
        match chain.owner {
            ChainOwner::Node(index) => {
                if let NodeContent::Bytes(bytes) = &plan.nodes[index].content {
                    out.write(chain.iter(), bytes);
                }
            }
            ChainOwner::MiniStream => out.write(chain.iter(), &mini_stream),
            ChainOwner::MiniFat => out.write(chain.iter(), &mini_fat),
            ChainOwner::Directory => {
                out.write(chain.iter(), &directory::write(&entries, plan.version));
            }
            ChainOwner::Fat | ChainOwner::Difat => {}
        }
    }
    SparseFile::new((total + 1) * plan.version.sector(), pieces)
}

/// Returns the mini stream and the mini FAT. Sets the start sector in the entries of the small streams.
fn mini_stream(plan: &CompoundPlan, entries: &mut [DirectoryEntry]) -> (Vec<u8>, Vec<u8>) {
    let mut stream = Vec::new();
    let mut fat: Vec<u8> = Vec::new();
    for (index, node) in plan.nodes.iter().enumerate().filter(|(_, node)| node.is_small()) {
        let bytes = small_bytes(node);
        if bytes.is_empty() {
            continue;
        }
        let start = stream.len() as u64 / MINI_SECTOR;
        entries[index + 1].start = start as u32;
        stream.extend_from_slice(&bytes);
        stream.resize(stream.len().next_multiple_of(MINI_SECTOR as usize), 0);
        let end = stream.len() as u64 / MINI_SECTOR;
        for next in start + 1..end {
            fat.extend_from_slice(&(next as u32).to_le_bytes());
        }
        fat.extend_from_slice(&END_OF_CHAIN.to_le_bytes());
    }
    let sector = plan.version.sector() as usize;
    fat.resize(fat.len().next_multiple_of(sector), 0xFF);
    (stream, fat)
}

fn small_bytes(node: &CompoundNode) -> Vec<u8> {
    match &node.content {
        NodeContent::Storage => Vec::new(),
        NodeContent::Bytes(bytes) => bytes.clone(),
        NodeContent::Zeros(len) => vec![0; *len as usize],
    }
}

/// Returns the FAT, which maps each sector to the next one of its chain.
fn fat(chains: &[Chain], sectors: usize, version: Version) -> Vec<u8> {
    let mut table = vec![FREE; sectors * (version.sector() as usize / 4)];
    for chain in chains {
        match chain.owner {
            ChainOwner::Fat => chain.iter().for_each(|sector| table[sector as usize] = FAT_SECTOR),
            ChainOwner::Difat => {
                chain.iter().for_each(|sector| table[sector as usize] = DIFAT_SECTOR);
            }
            _ => {
                let mut sectors = chain.iter().peekable();
                while let Some(sector) = sectors.next() {
                    table[sector as usize] =
                        sectors.peek().map_or(END_OF_CHAIN, |next| *next as u32);
                }
            }
        }
    }
    table.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// Returns the DIFAT sectors. Each lists FAT sectors, from the 110th on, and ends with the number of the
/// next DIFAT sector.
fn difat(fat_sectors: &[u64], difat_sectors: &[u64], version: Version) -> Vec<u8> {
    let entries = version.sector() as usize / 4 - 1;
    let mut out = Vec::new();
    let mut listed = fat_sectors.iter().skip(HEADER_DIFAT_ENTRIES as usize);
    for index in 0..difat_sectors.len() {
        for _ in 0..entries {
            let entry = listed.next().map_or(FREE, |sector| *sector as u32);
            out.extend_from_slice(&entry.to_le_bytes());
        }
        let next = difat_sectors.get(index + 1).map_or(END_OF_CHAIN, |sector| *sector as u32);
        out.extend_from_slice(&next.to_le_bytes());
    }
    out
}

/// Returns the header (MS-CFB 2.2), padded to the size of a sector.
fn header(version: Version, chains: &[Chain]) -> Vec<u8> {
    let of = |owner| chains.iter().filter(move |chain| chain.owner == owner);
    let count = |owner| of(owner).map(Chain::len).sum::<u64>() as u32;
    let start = |owner| of(owner).next().map_or(END_OF_CHAIN, Chain::start);
    let (major, directory_sectors) = match version {
        Version::Three => (3_u16, 0),
        Version::Four => (4, count(ChainOwner::Directory)),
    };
    let mut out = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    out.extend_from_slice(&[0; 16]);
    // Minor and major version, byte order, sector shift, mini sector shift, reserved.
    for field in [0x3E, major, 0xFFFE, version.shift() as u16, 6, 0, 0, 0] {
        out.extend_from_slice(&field.to_le_bytes());
    }
    for field in [
        directory_sectors,
        count(ChainOwner::Fat),
        start(ChainOwner::Directory),
        // Transaction signature.
        0,
        // Mini stream cutoff size.
        4096,
        start(ChainOwner::MiniFat),
        count(ChainOwner::MiniFat),
        start(ChainOwner::Difat),
        count(ChainOwner::Difat),
    ] {
        out.extend_from_slice(&field.to_le_bytes());
    }
    let fat: Vec<u64> = of(ChainOwner::Fat).flat_map(Chain::iter).collect();
    for index in 0..HEADER_DIFAT_ENTRIES as usize {
        let entry = fat.get(index).map_or(FREE, |sector| *sector as u32);
        out.extend_from_slice(&entry.to_le_bytes());
    }
    out.resize(version.sector() as usize, 0);
    out
}

/// Collects the pieces of the file.
struct SectorWriter<'a> {
    version: Version,
    pieces: &'a mut Vec<(u64, Vec<u8>)>,
}

impl SectorWriter<'_> {
    /// Writes `bytes` to `sectors`. Adjacent sectors become one piece.
    fn write(&mut self, sectors: impl Iterator<Item = u64>, bytes: &[u8]) {
        let size = self.version.sector();
        let mut end = None;
        for (sector, chunk) in sectors.zip(bytes.chunks(size as usize)) {
            match self.pieces.last_mut() {
                Some((_, piece)) if end == Some(sector) => piece.extend_from_slice(chunk),
                _ => self.pieces.push(((sector + 1) << self.version.shift(), chunk.to_vec())),
            }
            end = Some(sector + 1);
        }
    }
}
