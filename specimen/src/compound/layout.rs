//! Gives every chain its sectors, and writes header, FAT and all else.

use super::directory::{self, Entry};
use super::{Compound, Content, Node, Region, Version};
use crate::sparse::SparseFile;

const DIFAT_SECTOR: u32 = 0xFFFF_FFFC;
const FAT_SECTOR: u32 = 0xFFFF_FFFD;
pub(crate) const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
const FREE: u32 = 0xFFFF_FFFF;
/// DIFAT entries in the header (MS-CFB 2.2).
const IN_HEADER: u64 = 109;
const MINI: u64 = 64;
/// Longer chains are not cut in pieces.
const LONGEST_FRAGMENTED: u64 = 4096;

/// What owns a run of sectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Node(usize),
    MiniStream,
    MiniFat,
    Directory,
    Fat,
    Difat,
}

/// The sectors of one owner, in the order of its chain.
struct Chain {
    owner: Owner,
    sectors: Vec<std::ops::Range<u64>>,
}

impl Chain {
    fn each(&self) -> impl Iterator<Item = u64> + '_ {
        self.sectors.iter().cloned().flatten()
    }

    fn start(&self) -> u32 {
        self.each().next().map_or(END_OF_CHAIN, |sector| sector as u32)
    }

    fn len(&self) -> u64 {
        self.sectors.iter().map(|run| run.end - run.start).sum()
    }
}

/// The whole file.
pub(crate) fn write(file: &Compound) -> SparseFile {
    let mut entries = directory::entries(file);
    let (mini_stream, mini_fat) = mini(file, &mut entries);
    let directory_len = directory::write(&entries, file.version).len() as u64;
    let sizes = Sizes {
        version: file.version,
        mini_stream: mini_stream.len() as u64,
        mini_fat: mini_fat.len() as u64,
        directory: directory_len,
    };
    let (chains, total) = place(file, &sizes);
    let chain = |owner| chains.iter().filter(move |chain| chain.owner == owner);
    for (place, entry) in entries.iter_mut().skip(1).enumerate() {
        if let Some(chain) = chain(Owner::Node(place)).next() {
            entry.start = chain.start();
        }
    }
    entries[0].start = chain(Owner::MiniStream).next().map_or(END_OF_CHAIN, Chain::start);
    entries[0].size = mini_stream.len() as u64;

    let mut pieces = vec![(0, header(file.version, &chains))];
    let fat_sectors: Vec<u64> = chain(Owner::Fat).flat_map(Chain::each).collect();
    let difat_sectors: Vec<u64> = chain(Owner::Difat).flat_map(Chain::each).collect();
    let mut out = Pieces { version: file.version, pieces: &mut pieces };
    out.put(fat_sectors.iter().copied(), &fat(&chains, fat_sectors.len(), file.version));
    out.put(difat_sectors.iter().copied(), &difat(&fat_sectors, &difat_sectors, file.version));
    for chain in &chains {
        match chain.owner {
            Owner::Node(place) => {
                if let Content::Bytes(bytes) = &file.nodes[place].content {
                    out.put(chain.each(), bytes);
                }
            }
            Owner::MiniStream => out.put(chain.each(), &mini_stream),
            Owner::MiniFat => out.put(chain.each(), &mini_fat),
            Owner::Directory => out.put(chain.each(), &directory::write(&entries, file.version)),
            Owner::Fat | Owner::Difat => {}
        }
    }
    SparseFile::new((total + 1) * file.version.sector(), pieces)
}

/// The mini stream and its FAT; small streams learn where in it they start.
fn mini(file: &Compound, entries: &mut [Entry]) -> (Vec<u8>, Vec<u8>) {
    let mut stream = Vec::new();
    let mut fat: Vec<u8> = Vec::new();
    for (place, node) in file.nodes.iter().enumerate() {
        let (true, bytes) = (node.is_small(), small_bytes(node)) else { continue };
        if bytes.is_empty() {
            continue;
        }
        let start = stream.len() as u64 / MINI;
        entries[place + 1].start = start as u32;
        stream.extend_from_slice(&bytes);
        stream.resize(stream.len().next_multiple_of(MINI as usize), 0);
        let end = stream.len() as u64 / MINI;
        for next in start + 1..end {
            fat.extend_from_slice(&(next as u32).to_le_bytes());
        }
        fat.extend_from_slice(&END_OF_CHAIN.to_le_bytes());
    }
    let sector = file.version.sector() as usize;
    fat.resize(fat.len().next_multiple_of(sector), 0xFF);
    (stream, fat)
}

fn small_bytes(node: &Node) -> Vec<u8> {
    match &node.content {
        Content::Storage => Vec::new(),
        Content::Bytes(bytes) => bytes.clone(),
        Content::Zeros(len) => vec![0; *len as usize],
    }
}

struct Sizes {
    version: Version,
    mini_stream: u64,
    mini_fat: u64,
    directory: u64,
}

/// Gives each owner its sectors in the wanted order. How many the FAT takes depends on how many all
/// take, so it is tried until it fits.
fn place(file: &Compound, sizes: &Sizes) -> (Vec<Chain>, u64) {
    let per_sector = sizes.version.sector() / 4;
    let (mut fat, mut difat) = (1, 0);
    loop {
        let (chains, total) = place_with(file, sizes, fat, difat);
        let wanted_fat = total.div_ceil(per_sector);
        let wanted_difat = wanted_fat.saturating_sub(IN_HEADER).div_ceil(per_sector - 1);
        if wanted_fat <= fat && wanted_difat <= difat {
            return (chains, total);
        }
        (fat, difat) = (wanted_fat.max(fat), wanted_difat.max(difat));
    }
}

fn place_with(file: &Compound, sizes: &Sizes, fat: u64, difat: u64) -> (Vec<Chain>, u64) {
    let mut chains: Vec<Chain> = Vec::new();
    let mut next = 0;
    let mut layout = file.layout.clone();
    layout.extend([
        Region::OtherStreams,
        Region::MiniStream,
        Region::MiniFat,
        Region::Directory,
        Region::Fat,
        Region::Difat,
    ]);
    let named = |path: &str| layout.iter().any(|r| matches!(r, Region::Stream(p) if p == path));
    for region in &layout {
        for (owner, sectors) in owners(file, sizes, region, fat, difat, &named) {
            let there: u64 =
                chains.iter().filter(|chain| chain.owner == owner).map(Chain::len).sum();
            // The FAT may lie in two places; all else is placed once.
            let sectors = match (owner, region) {
                (Owner::Fat, Region::Fat) => fat - there,
                (Owner::Fat, _) => sectors.min(fat - there),
                _ if there > 0 => 0,
                _ => sectors,
            };
            if sectors > 0 {
                chains.push(Chain {
                    owner,
                    sectors: std::iter::once(next..next + sectors).collect(),
                });
                next += sectors;
            }
        }
    }
    if file.fragmented {
        scatter(&mut chains);
    }
    (chains, next)
}

/// What lies in a region, and how many sectors it takes.
fn owners(
    file: &Compound,
    sizes: &Sizes,
    region: &Region,
    fat: u64,
    difat: u64,
    named: &dyn Fn(&str) -> bool,
) -> Vec<(Owner, u64)> {
    let sectors = |len: u64| len.div_ceil(sizes.version.sector());
    let streams = |wanted: &dyn Fn(&Node) -> bool| {
        let nodes = file.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| !node.is_storage() && !node.is_small() && wanted(node))
            .map(|(place, node)| (Owner::Node(place), sectors(node.content.len())))
            .collect()
    };
    match region {
        Region::Stream(path) => streams(&|node| node.path == *path),
        Region::OtherStreams => streams(&|node| !named(&node.path)),
        Region::MiniStream => vec![(Owner::MiniStream, sectors(sizes.mini_stream))],
        Region::MiniFat => vec![(Owner::MiniFat, sectors(sizes.mini_fat))],
        Region::Directory => vec![(Owner::Directory, sectors(sizes.directory))],
        Region::FatHead(count) => vec![(Owner::Fat, *count)],
        Region::Fat => vec![(Owner::Fat, fat)],
        Region::Difat => vec![(Owner::Difat, difat)],
    }
}

/// Deals the sectors of all chains that are short enough out anew, so that hardly two neighbours
/// stay neighbours. The header's lists stay as they are.
fn scatter(chains: &mut [Chain]) {
    let movable = |chain: &Chain| {
        !matches!(chain.owner, Owner::Fat | Owner::Difat) && chain.len() <= LONGEST_FRAGMENTED
    };
    let mut pool: Vec<u64> =
        chains.iter().filter(|chain| movable(chain)).flat_map(Chain::each).collect();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for last in (1..pool.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        pool.swap(last, (state % (last as u64 + 1)) as usize);
    }
    let mut pool = pool.into_iter();
    for chain in chains.iter_mut().filter(|chain| movable(chain)) {
        let len = chain.len() as usize;
        chain.sectors = pool.by_ref().take(len).map(|sector| sector..sector + 1).collect();
    }
}

/// The FAT: for each sector the next of its chain.
fn fat(chains: &[Chain], sectors: usize, version: Version) -> Vec<u8> {
    let mut table = vec![FREE; sectors * (version.sector() as usize / 4)];
    for chain in chains {
        match chain.owner {
            Owner::Fat => chain.each().for_each(|sector| table[sector as usize] = FAT_SECTOR),
            Owner::Difat => chain.each().for_each(|sector| table[sector as usize] = DIFAT_SECTOR),
            _ => {
                let mut each = chain.each().peekable();
                while let Some(sector) = each.next() {
                    table[sector as usize] = each.peek().map_or(END_OF_CHAIN, |next| *next as u32);
                }
            }
        }
    }
    table.into_iter().flat_map(u32::to_le_bytes).collect()
}

/// The DIFAT sectors: FAT sectors behind the first 109, and the next DIFAT sector.
fn difat(fat_sectors: &[u64], difat_sectors: &[u64], version: Version) -> Vec<u8> {
    let per_sector = version.sector() as usize / 4 - 1;
    let mut out = Vec::new();
    let mut rest = fat_sectors.iter().skip(IN_HEADER as usize);
    for place in 0..difat_sectors.len() {
        for _ in 0..per_sector {
            let entry = rest.next().map_or(FREE, |sector| *sector as u32);
            out.extend_from_slice(&entry.to_le_bytes());
        }
        let next = difat_sectors.get(place + 1).map_or(END_OF_CHAIN, |sector| *sector as u32);
        out.extend_from_slice(&next.to_le_bytes());
    }
    out
}

/// The header (MS-CFB 2.2), as long as a sector.
fn header(version: Version, chains: &[Chain]) -> Vec<u8> {
    let of = |owner| chains.iter().filter(move |chain| chain.owner == owner);
    let count = |owner| of(owner).map(Chain::len).sum::<u64>() as u32;
    let start = |owner| of(owner).next().map_or(END_OF_CHAIN, Chain::start);
    let (major, directory_sectors) = match version {
        Version::Three => (3_u16, 0),
        Version::Four => (4, count(Owner::Directory)),
    };
    let mut out = vec![0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1];
    out.extend_from_slice(&[0; 16]);
    for field in [0x3E, major, 0xFFFE, version.shift() as u16, 6, 0, 0, 0] {
        out.extend_from_slice(&field.to_le_bytes());
    }
    for field in [
        directory_sectors,
        count(Owner::Fat),
        start(Owner::Directory),
        0,
        4096,
        start(Owner::MiniFat),
        count(Owner::MiniFat),
        start(Owner::Difat),
        count(Owner::Difat),
    ] {
        out.extend_from_slice(&field.to_le_bytes());
    }
    let fat: Vec<u64> = of(Owner::Fat).flat_map(Chain::each).collect();
    for place in 0..IN_HEADER as usize {
        let entry = fat.get(place).map_or(FREE, |sector| *sector as u32);
        out.extend_from_slice(&entry.to_le_bytes());
    }
    out.resize(version.sector() as usize, 0);
    out
}

struct Pieces<'a> {
    version: Version,
    pieces: &'a mut Vec<(u64, Vec<u8>)>,
}

impl Pieces<'_> {
    /// Puts `bytes` into sectors; neighbours become one piece.
    fn put(&mut self, sectors: impl Iterator<Item = u64>, bytes: &[u8]) {
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
