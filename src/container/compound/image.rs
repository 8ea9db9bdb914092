//! A small writer of compound files in any layout, for tests. Its files may be larger than the
//! memory: what holds nothing but zeros is not kept.

use std::cell::RefCell;
use std::io;

use super::layout::{END_OF_CHAIN, NO_STREAM, SIGNATURE};
use crate::source::ReadAt;

/// What lies where, in the order of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// The node with that index.
    Stream(usize),
    MiniStream,
    MiniFat,
    Directory,
    Fat,
    Difat,
}

/// How siblings hang together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Balanced,
    RightOnly,
    LeftOnly,
    /// To the right, and not in the order of their names.
    Disordered,
}

#[derive(Debug, Clone)]
pub(crate) enum Content {
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

#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) parent: usize,
    pub(crate) name: String,
    pub(crate) content: Content,
}

/// What is to be written. Node 0 is the root.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) shift: u32,
    pub(crate) shape: Shape,
    /// Whether neighbouring sectors of a stream or of the directory change places.
    pub(crate) fragmented: bool,
    pub(crate) nodes: Vec<Node>,
    /// Parts not named follow in their usual order.
    pub(crate) order: Vec<Part>,
}

impl Plan {
    pub(crate) fn new(shift: u32) -> Plan {
        let root = Node { parent: 0, name: "Root Entry".to_owned(), content: Content::Storage };
        Plan {
            shift,
            shape: Shape::Balanced,
            fragmented: false,
            nodes: vec![root],
            order: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, parent: usize, name: &str, content: Content) -> usize {
        self.nodes.push(Node { parent, name: name.to_owned(), content });
        self.nodes.len() - 1
    }

    fn is_mini(&self, node: usize) -> bool {
        (1..4096).contains(&self.nodes[node].content.len())
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = self.order.clone();
        let streams = (1..self.nodes.len()).map(Part::Stream);
        let rest = [Part::MiniStream, Part::MiniFat, Part::Directory, Part::Fat, Part::Difat];
        for part in streams.chain(rest) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        parts
    }

    /// Siblings and children of each node: left, right, child.
    fn links(&self) -> Vec<[u32; 3]> {
        let mut links = vec![[NO_STREAM; 3]; self.nodes.len()];
        for parent in 0..self.nodes.len() {
            let mut children: Vec<usize> =
                (1..self.nodes.len()).filter(|n| self.nodes[*n].parent == parent).collect();
            if self.shape != Shape::Disordered {
                children.sort_by_key(|n| {
                    let name = self.nodes[*n].name.to_uppercase();
                    (name.encode_utf16().count(), name)
                });
            }
            links[parent][2] = match self.shape {
                Shape::Balanced => balance(&children, &mut links),
                Shape::RightOnly | Shape::Disordered => {
                    for pair in children.windows(2) {
                        links[pair[0]][1] = pair[1] as u32;
                    }
                    children.first().map_or(NO_STREAM, |n| *n as u32)
                }
                Shape::LeftOnly => {
                    for pair in children.windows(2) {
                        links[pair[1]][0] = pair[0] as u32;
                    }
                    children.last().map_or(NO_STREAM, |n| *n as u32)
                }
            };
        }
        links
    }

    pub(crate) fn write(&self) -> Image {
        let sector = 1u64 << self.shift;
        let per = sector / 4;
        let mut mini_stream = Vec::new();
        let mut mini_fat: Vec<u32> = Vec::new();
        let mut starts = vec![0u32; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().filter(|(n, _)| self.is_mini(*n)) {
            let bytes = match &node.content {
                Content::Bytes(bytes) => bytes.clone(),
                content => vec![0; content.len() as usize],
            };
            starts[index] = mini_fat.len() as u32;
            let count = bytes.len().div_ceil(64);
            for n in 1..=count {
                mini_fat.push(if n == count { END_OF_CHAIN } else { mini_fat.len() as u32 + 1 });
            }
            mini_stream.extend(bytes);
            mini_stream.resize(mini_fat.len() * 64, 0);
        }
        let mini_fat: Vec<u8> = mini_fat.into_iter().flat_map(u32::to_le_bytes).collect();
        let size = |part: Part, fat: u64, difat: u64| -> u64 {
            match part {
                Part::Stream(n) if self.is_mini(n) => 0,
                Part::Stream(n) => self.nodes[n].content.len().div_ceil(sector),
                Part::MiniStream => (mini_stream.len() as u64).div_ceil(sector),
                Part::MiniFat => (mini_fat.len() as u64).div_ceil(sector),
                Part::Directory => (self.nodes.len() as u64 * 128).div_ceil(sector),
                Part::Fat => fat,
                Part::Difat => difat,
            }
        };
        let (mut fat_len, mut difat_len) = (0, 0);
        loop {
            let total: u64 = self.parts().into_iter().map(|p| size(p, fat_len, difat_len)).sum();
            let needed = total.div_ceil(per);
            let difat = needed.saturating_sub(109).div_ceil(per - 1);
            if (needed, difat) == (fat_len, difat_len) {
                break;
            }
            (fat_len, difat_len) = (needed, difat);
        }
        // Where each part's sectors lie.
        let mut next: u64 = 0;
        let mut placed: Vec<(Part, Vec<u32>)> = Vec::new();
        let mut runs: Vec<(Part, u64, u64)> = Vec::new();
        for part in self.parts() {
            let count = size(part, fat_len, difat_len);
            let is_zeros = matches!(part, Part::Stream(n) if matches!(self.nodes[n].content, Content::Zeros(_)));
            if is_zeros {
                runs.push((part, next, count));
            } else {
                let mut sectors: Vec<u32> = (next..next + count).map(|n| n as u32).collect();
                if self.fragmented && !matches!(part, Part::Fat | Part::Difat) {
                    sectors.chunks_exact_mut(2).for_each(|pair| pair.swap(0, 1));
                }
                placed.push((part, sectors));
            }
            next += count;
        }
        let of = |part: Part| -> &[u32] {
            placed.iter().find(|(p, _)| *p == part).map_or(&[], |(_, sectors)| sectors)
        };
        let first = |part: Part| of(part).first().copied().unwrap_or(END_OF_CHAIN);
        let mut image =
            Image { pieces: Vec::new(), len: (next + 1) * sector, reads: RefCell::default() };
        // The FAT, of which long runs of zeros are written as such: chains by rule.
        let mut fat = vec![0xFFu8; (fat_len * sector) as usize];
        let mut set = |sector: u32, value: u32| {
            fat[sector as usize * 4..][..4].copy_from_slice(&value.to_le_bytes());
        };
        for (part, sectors) in &placed {
            for (n, sector) in sectors.iter().enumerate() {
                let value = match part {
                    Part::Fat => 0xFFFF_FFFD,
                    Part::Difat => 0xFFFF_FFFC,
                    _ => sectors.get(n + 1).copied().unwrap_or(END_OF_CHAIN),
                };
                set(*sector, value);
            }
        }
        for (part, start, count) in &runs {
            for n in *start..start + count {
                set(n as u32, if n + 1 == start + count { END_OF_CHAIN } else { n as u32 + 1 });
            }
            if let Part::Stream(node) = part {
                starts[*node] = *start as u32;
            }
        }
        for (part, sectors) in &placed {
            if let (Part::Stream(node), Some(first)) = (part, sectors.first()) {
                starts[*node] = *first;
            }
        }
        image.put_all(sector, of(Part::Fat), &fat);
        image.put_all(sector, of(Part::MiniStream), &mini_stream);
        image.put_all(sector, of(Part::MiniFat), &mini_fat);
        for (n, node) in self.nodes.iter().enumerate() {
            if let Content::Bytes(bytes) = &node.content
                && !self.is_mini(n)
            {
                image.put_all(sector, of(Part::Stream(n)), bytes);
            }
        }
        let fat_sectors = of(Part::Fat);
        let difat = of(Part::Difat);
        let mut difat_bytes = Vec::new();
        for (n, chunk) in fat_sectors.get(109..).unwrap_or(&[]).chunks(per as usize - 1).enumerate()
        {
            let mut numbers = chunk.to_vec();
            numbers.resize(per as usize - 1, NO_STREAM);
            numbers.push(difat.get(n + 1).copied().unwrap_or(END_OF_CHAIN));
            difat_bytes.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
        }
        image.put_all(sector, difat, &difat_bytes);
        starts[0] = first(Part::MiniStream);
        let directory = self.directory(&starts, mini_stream.len() as u64);
        image.put_all(sector, of(Part::Directory), &directory);
        let mut header = SIGNATURE.to_vec();
        header.resize(24, 0);
        header.extend([0x3E, 0, if self.shift == 9 { 3 } else { 4 }, 0, 0xFE, 0xFF]);
        header.extend([self.shift as u8, 0, 6, 0, 0, 0, 0, 0, 0, 0]);
        let v4_directory = if self.shift == 9 { 0 } else { of(Part::Directory).len() as u32 };
        for number in [
            v4_directory,
            fat_len as u32,
            first(Part::Directory),
            0,
            4096,
            first(Part::MiniFat),
            of(Part::MiniFat).len() as u32,
            first(Part::Difat),
            difat.len() as u32,
        ] {
            header.extend(number.to_le_bytes());
        }
        for n in 0..109 {
            header.extend(fat_sectors.get(n).copied().unwrap_or(NO_STREAM).to_le_bytes());
        }
        header.resize(sector as usize, 0);
        image.pieces.push((0, header));
        image.pieces.sort_by_key(|(offset, _)| *offset);
        image
    }

    fn directory(&self, starts: &[u32], mini_len: u64) -> Vec<u8> {
        let links = self.links();
        let mut bytes = Vec::new();
        for (n, node) in self.nodes.iter().enumerate() {
            let mut name: Vec<u8> = node.name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            let name_len = name.len() as u16 + 2;
            name.resize(64, 0);
            bytes.extend(name);
            bytes.extend(name_len.to_le_bytes());
            let is_storage = matches!(node.content, Content::Storage);
            bytes.extend([
                if n == 0 {
                    5
                } else if is_storage {
                    1
                } else {
                    2
                },
                1,
            ]);
            links[n].iter().for_each(|link| bytes.extend(link.to_le_bytes()));
            bytes.extend([0; 36]);
            bytes.extend(starts[n].to_le_bytes());
            let size = if n == 0 { mini_len } else { node.content.len() };
            bytes.extend(size.to_le_bytes());
        }
        while !bytes.len().is_multiple_of(1 << self.shift) {
            bytes.extend([0; 68]);
            bytes.extend([0xFF; 12]);
            bytes.extend([0; 48]);
        }
        bytes
    }
}

fn balance(children: &[usize], links: &mut [[u32; 3]]) -> u32 {
    if children.is_empty() {
        return NO_STREAM;
    }
    let middle = children.len() / 2;
    let node = children[middle];
    links[node][0] = balance(&children[..middle], links);
    links[node][1] = balance(&children[middle + 1..], links);
    node as u32
}

/// A written file, which counts how it is read.
#[derive(Debug)]
pub(crate) struct Image {
    pub(crate) pieces: Vec<(u64, Vec<u8>)>,
    pub(crate) len: u64,
    pub(crate) reads: RefCell<Vec<(u64, usize)>>,
}

impl Image {
    fn put_all(&mut self, sector: u64, sectors: &[u32], bytes: &[u8]) {
        for (number, chunk) in sectors.iter().zip(bytes.chunks(sector as usize)) {
            if chunk.iter().any(|byte| *byte != 0) {
                self.pieces.push(((u64::from(*number) + 1) * sector, chunk.to_vec()));
            }
        }
    }

    /// The whole file.
    pub(crate) fn to_vec(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len as usize];
        for (offset, piece) in &self.pieces {
            bytes[*offset as usize..][..piece.len()].copy_from_slice(piece);
        }
        bytes
    }

    /// How many reads there were, and of how many bytes.
    pub(crate) fn cost(&self) -> (usize, usize) {
        let reads = self.reads.borrow();
        (reads.len(), reads.iter().map(|(_, len)| len).sum())
    }
}

impl ReadAt for Image {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(self.len.saturating_sub(offset) as usize);
        self.reads.borrow_mut().push((offset, len));
        buf.fill(0);
        let end = offset + len as u64;
        let behind =
            self.pieces.partition_point(|(start, piece)| start + piece.len() as u64 <= offset);
        for (start, piece) in self.pieces[behind..].iter().take_while(|(start, _)| *start < end) {
            let from = offset.max(*start);
            let to = end.min(start + piece.len() as u64);
            let bytes = &piece[(from - start) as usize..(to - start) as usize];
            buf[(from - offset) as usize..(to - offset) as usize].copy_from_slice(bytes);
        }
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len)
    }
}
