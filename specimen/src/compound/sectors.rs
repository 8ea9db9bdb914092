//! Allocates sectors to chains.

use std::ops::Range;

use super::plan::{CompoundNode, CompoundPlan, Region, Version};

/// Special FAT entries (MS-CFB 2.1).
pub(crate) const DIFAT_SECTOR: u32 = 0xFFFF_FFFC;
pub(crate) const FAT_SECTOR: u32 = 0xFFFF_FFFD;
pub(crate) const END_OF_CHAIN: u32 = 0xFFFF_FFFE;
pub(crate) const FREE: u32 = 0xFFFF_FFFF;
/// DIFAT entries in the header (MS-CFB 2.2).
pub(crate) const HEADER_DIFAT_ENTRIES: u64 = 109;
/// Chains of more sectors are not fragmented.
const MAX_FRAGMENTED: u64 = 4096;

/// The part of the file that a chain belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ChainOwner {
    /// The node with this index.
    Node(usize),
    MiniStream,
    MiniFat,
    Directory,
    Fat,
    Difat,
}

/// The sectors of one owner, in the order of the chain.
pub(crate) struct Chain {
    pub(crate) owner: ChainOwner,
    sectors: Vec<Range<u64>>,
}

impl Chain {
    /// Iterates over the sector numbers.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.sectors.iter().cloned().flatten()
    }

    pub(crate) fn start(&self) -> u32 {
        self.iter().next().map_or(END_OF_CHAIN, |sector| sector as u32)
    }

    /// Returns the number of sectors.
    pub(crate) fn len(&self) -> u64 {
        self.sectors.iter().map(|run| run.end - run.start).sum()
    }
}

/// Lengths in bytes of the parts that are built before the allocation.
pub(crate) struct PartLengths {
    pub(crate) version: Version,
    pub(crate) mini_stream: u64,
    pub(crate) mini_fat: u64,
    pub(crate) directory: u64,
}

/// Allocates the sectors of all owners in the order of the layout. Returns the chains and the total
/// number of sectors.
///
/// The number of FAT sectors depends on the total, which includes the FAT. The loop repeats the
/// allocation with more FAT and DIFAT sectors until they suffice.
pub(crate) fn allocate(plan: &CompoundPlan, lengths: &PartLengths) -> (Vec<Chain>, u64) {
    let entries = lengths.version.sector() / 4;
    let (mut fat, mut difat) = (1, 0);
    loop {
        let (chains, total) = allocate_with(plan, lengths, fat, difat);
        let needed_fat = total.div_ceil(entries);
        let needed_difat = needed_fat.saturating_sub(HEADER_DIFAT_ENTRIES).div_ceil(entries - 1);
        if needed_fat <= fat && needed_difat <= difat {
            return (chains, total);
        }
        (fat, difat) = (needed_fat.max(fat), needed_difat.max(difat));
    }
}

/// Allocates with a fixed number of FAT and DIFAT sectors.
fn allocate_with(
    plan: &CompoundPlan,
    lengths: &PartLengths,
    fat: u64,
    difat: u64,
) -> (Vec<Chain>, u64) {
    let mut chains: Vec<Chain> = Vec::new();
    let mut next = 0;
    let mut layout = plan.layout.clone();
    layout.extend([
        Region::OtherStreams,
        Region::MiniStream,
        Region::MiniFat,
        Region::Directory,
        Region::Fat,
        Region::Difat,
    ]);
    let is_named = |path: &str| layout.iter().any(|r| matches!(r, Region::Stream(p) if p == path));
    for region in &layout {
        for (owner, sectors) in owners(plan, lengths, region, fat, difat, &is_named) {
            let allocated: u64 =
                chains.iter().filter(|chain| chain.owner == owner).map(Chain::len).sum();
            // The FAT can have two parts; every other owner has one.
            let sectors = match (owner, region) {
                (ChainOwner::Fat, Region::Fat) => fat - allocated,
                (ChainOwner::Fat, _) => sectors.min(fat - allocated),
                _ if allocated > 0 => 0,
                _ => sectors,
            };
            if sectors > 0 {
                let end = next + sectors;
                chains.push(Chain { owner, sectors: std::iter::once(next..end).collect() });
                next = end;
            }
        }
    }
    if plan.is_fragmented {
        scatter(&mut chains);
    }
    (chains, next)
}

/// Returns the owners of a region and the number of sectors that each needs.
fn owners(
    plan: &CompoundPlan,
    lengths: &PartLengths,
    region: &Region,
    fat: u64,
    difat: u64,
    is_named: &dyn Fn(&str) -> bool,
) -> Vec<(ChainOwner, u64)> {
    let sectors = |len: u64| len.div_ceil(lengths.version.sector());
    let streams = |selects: &dyn Fn(&CompoundNode) -> bool| {
        let nodes = plan.nodes.iter().enumerate();
        nodes
            .filter(|(_, node)| !node.is_storage() && !node.is_small() && selects(node))
            .map(|(index, node)| (ChainOwner::Node(index), sectors(node.content.len())))
            .collect()
    };
    match region {
        Region::Stream(path) => streams(&|node| node.path == *path),
        Region::OtherStreams => streams(&|node| !is_named(&node.path)),
        Region::MiniStream => vec![(ChainOwner::MiniStream, sectors(lengths.mini_stream))],
        Region::MiniFat => vec![(ChainOwner::MiniFat, sectors(lengths.mini_fat))],
        Region::Directory => vec![(ChainOwner::Directory, sectors(lengths.directory))],
        Region::FatHead(count) => vec![(ChainOwner::Fat, *count)],
        Region::Fat => vec![(ChainOwner::Fat, fat)],
        Region::Difat => vec![(ChainOwner::Difat, difat)],
    }
}

/// Shuffles the sectors of all short chains, except for FAT and DIFAT, with a fixed xorshift seed.
fn scatter(chains: &mut [Chain]) {
    let is_movable = |chain: &Chain| {
        !matches!(chain.owner, ChainOwner::Fat | ChainOwner::Difat) && chain.len() <= MAX_FRAGMENTED
    };
    let mut pool: Vec<u64> =
        chains.iter().filter(|chain| is_movable(chain)).flat_map(Chain::iter).collect();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    for last in (1..pool.len()).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        pool.swap(last, (state % (last as u64 + 1)) as usize);
    }
    let mut pool = pool.into_iter();
    for chain in chains.iter_mut().filter(|chain| is_movable(chain)) {
        let len = chain.len() as usize;
        chain.sectors = pool.by_ref().take(len).map(|sector| sector..sector + 1).collect();
    }
}
