use std::collections::BTreeMap;
use std::io::{Cursor, Read, Write};

use proptest::prelude::*;
use rmsight_specimen::{Compound, Region, Siblings, Version};

use super::counting::CountingSource;
use super::*;
use crate::error::Result;
use crate::limits::{Interrupt, Limits, Meter};
use crate::source::{Cache, ReadAt, Window};

type Files = BTreeMap<String, Option<Vec<u8>>>;

fn with_window<T>(source: &dyn ReadAt, run: impl FnOnce(&mut Window<'_>) -> T) -> T {
    let meter = Meter::new(Limits::strict(), Interrupt::default());
    let mut cache = Cache::new(4096, 4096);
    let mut window = Window::new(source, &mut cache, &meter).unwrap();
    run(&mut window)
}

/// Returns all entries of a file by path, with the bytes of streams.
fn listing(source: &dyn ReadAt) -> Result<Files> {
    with_window(source, |window| {
        let mut file = CompoundFile::open(window)?;
        let mut found = Files::new();
        let mut pending = vec![(String::new(), file.root())];
        while let Some((path, storage)) = pending.pop() {
            let mut children = file.children(&storage);
            while let Some(child) = children.next(&mut file, window)? {
                let path = format!("{path}/{}", child.name());
                if child.kind == EntryKind::Stream {
                    let bytes = file.read(window, &child, u64::MAX)?;
                    found.insert(path, Some(bytes));
                } else {
                    found.insert(path.clone(), None);
                    pending.push((path, child));
                }
            }
        }
        Ok(found)
    })
}

/// Returns the same entries as read by the `cfb` crate.
fn listing_by_cfb(bytes: &[u8]) -> Files {
    let mut file = cfb::CompoundFile::open(Cursor::new(bytes)).unwrap();
    let paths: Vec<(String, bool)> = file
        .walk()
        .skip(1)
        .map(|entry| (entry.path().to_str().unwrap().to_owned(), entry.is_stream()))
        .collect();
    let mut found = Files::new();
    for (path, is_stream) in paths {
        let mut bytes = Vec::new();
        if is_stream {
            file.open_stream(&path).unwrap().read_to_end(&mut bytes).unwrap();
        }
        // The crate joins names by the separator of the system. No name contains either.
        found.insert(path.replace('\\', "/"), is_stream.then_some(bytes));
    }
    found
}

fn pattern(len: usize, seed: usize) -> Vec<u8> {
    (0..len).map(|n| ((n * 7 + n / 251 + seed * 31) % 255) as u8 + 1).collect()
}

/// Builds a file with storages, streams of many sizes, and a stream that needs several FAT sectors.
fn sample(version: Version, siblings: Siblings) -> Compound {
    let mut file = Compound::new().version(version).siblings(siblings).layout(&[]);
    file = file.storage("outer/Inner Storage");
    for (n, len) in [0, 1, 63, 64, 65, 511, 512, 4095, 4096, 4097, 70_000].into_iter().enumerate() {
        let parent = ["", "outer/", "outer/Inner Storage/"][n % 3];
        file = file.stream(&format!("{parent}stream {n}"), pattern(len, n));
    }
    file.stream("large", pattern(200_000, 99))
}

fn stream_region(path: &str) -> Region {
    Region::Stream(path.to_owned())
}

#[test]
fn entries_equal_those_of_cfb_in_every_layout() {
    use Region::{Directory, Fat, MiniFat, MiniStream};
    let (large, medium) = (stream_region("large"), stream_region("outer/stream 10"));
    let layouts = [
        vec![],
        vec![Fat, Directory, MiniFat, MiniStream],
        vec![large.clone(), MiniStream, medium, Fat],
        vec![Directory, large],
    ];
    for version in [Version::Three, Version::Four] {
        for layout in &layouts {
            for siblings in [Siblings::Balanced, Siblings::RightOnly, Siblings::LeftOnly] {
                let file = sample(version, siblings).layout(layout);
                for file in [file.clone(), file.fragmented()] {
                    let bytes = file.build();
                    let ours = listing(&bytes).unwrap();
                    let what = format!("{version:?} {layout:?} {siblings:?}");
                    assert_eq!(ours.len(), 14, "{what}");
                    assert_eq!(ours, listing_by_cfb(&bytes), "{what}");
                }
            }
        }
    }
}

#[test]
fn files_written_by_cfb_are_read() {
    for version in [cfb::Version::V3, cfb::Version::V4] {
        let file = cfb::CompoundFile::create_with_version(version, Cursor::new(Vec::new()));
        let mut file = file.unwrap();
        file.create_storage("/many").unwrap();
        for n in 0..300usize {
            let path = format!("/many/stream {n}");
            file.create_stream(&path).unwrap().write_all(&pattern(n * 37, n)).unwrap();
        }
        file.flush().unwrap();
        let bytes = file.into_inner().into_inner();
        assert_eq!(listing(&bytes).unwrap(), listing_by_cfb(&bytes));
    }
}

#[test]
fn name_is_found_in_a_tree_of_any_shape() {
    for siblings in
        [Siblings::Balanced, Siblings::RightOnly, Siblings::LeftOnly, Siblings::Unsorted]
    {
        let bytes = sample(Version::Three, siblings).build();
        with_window(&bytes, |window| {
            let mut file = CompoundFile::open(window).unwrap();
            let root = file.root();
            let outer = file.child(window, &root, "OUTER").unwrap().unwrap();
            let inner = file.child(window, &outer, "inner storage").unwrap().unwrap();
            let stream = file.child(window, &inner, "Stream 5").unwrap().unwrap();
            assert_eq!(file.read(window, &stream, 10).unwrap(), pattern(511, 5)[..10]);
            assert!(file.child(window, &root, "Stream 5").unwrap().is_none(), "{siblings:?}");
        });
    }
}

#[test]
fn contiguous_sectors_are_one_extent() {
    let sample = sample(Version::Three, Siblings::Balanced);
    let bytes = sample.build();
    with_window(&bytes, |window| {
        let mut file = CompoundFile::open(window).unwrap();
        let root = file.root();
        let large = file.child(window, &root, "large").unwrap().unwrap();
        let extents = file.extents(window, &large).unwrap();
        assert_eq!(extents.len(), 1);
        assert_eq!(extents[0].len, 200_000);
        let small = file.child(window, &root, "stream 6").unwrap().unwrap();
        let extents = file.extents(window, &small).unwrap();
        let at = extents[0].offset as usize;
        assert_eq!(bytes[at..at + 512], pattern(512, 6), "in the mini stream");
    });
    let bytes = sample.fragmented().build();
    with_window(&bytes, |window| {
        let mut file = CompoundFile::open(window).unwrap();
        let root = file.root();
        let large = file.child(window, &root, "large").unwrap().unwrap();
        assert!(file.extents(window, &large).unwrap().len() > 100);
    });
}

#[test]
fn damage_is_reported_and_earlier_entries_are_kept() {
    let sample = sample(Version::Three, Siblings::Balanced);
    let whole = sample.layout(&[stream_region("large")]).build();
    // The tenth sector of the chain is after the end of the file.
    let (stream, start) = with_window(&whole, |window| {
        let mut file = CompoundFile::open(window).unwrap();
        let root = file.root();
        let large = file.child(window, &root, "large").unwrap().unwrap();
        (large, large.start)
    });
    let fat_sector = u32::from_le_bytes(whole[76..80].try_into().unwrap()) as usize;
    assert!(start < 118, "the chain begins in the first FAT sector");
    for (value, code) in
        [(0x00FF_FFFFu32, "truncated"), (0xFFFF_FFFF, "malformed-fat"), (0xFFFF_FFFE, "truncated")]
    {
        let mut bytes = whole.clone();
        let at = (fat_sector + 1) * 512 + (start as usize + 9) * 4;
        bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
        with_window(&bytes, |window| {
            let mut file = CompoundFile::open(window).unwrap();
            let mut extents = Vec::new();
            let error = file.follow(window, &stream, stream.size, &mut extents).unwrap_err();
            assert_eq!(error.code().as_str(), code, "{value:08X}");
            assert_eq!(extents[0].len, 5120, "{value:08X}");
        });
    }
}

#[test]
fn cyclic_trees_and_chains_end() {
    let whole = sample(Version::Three, Siblings::RightOnly).build();
    let first = u32::from_le_bytes(whole[48..52].try_into().unwrap()) as usize;
    let directory = (first + 1) * 512;
    // The right sibling of the first child of the root becomes that child again.
    let child = u32::from_le_bytes(whole[directory + 76..directory + 80].try_into().unwrap());
    let mut bytes = whole.clone();
    let at = directory + child as usize * 128 + 72;
    bytes[at..at + 4].copy_from_slice(&child.to_le_bytes());
    assert_eq!(listing(&bytes).unwrap_err().code().as_str(), "malformed-directory");
    // The chain of the directory returns to its first sector.
    let mut bytes = whole.clone();
    let fat_sector = u32::from_le_bytes(whole[76..80].try_into().unwrap()) as usize;
    let fat_index = first / 128;
    assert!(fat_index < 109);
    let fat_sector = match fat_index {
        0 => fat_sector,
        n => u32::from_le_bytes(whole[76 + n * 4..80 + n * 4].try_into().unwrap()) as usize,
    };
    let at = (fat_sector + 1) * 512 + first % 128 * 4;
    bytes[at..at + 4].copy_from_slice(&(first as u32).to_le_bytes());
    with_window(&bytes, |window| {
        let mut file = CompoundFile::open(window).unwrap();
        let error = (0..).find_map(|id| file.entry(window, id).err()).unwrap();
        assert_eq!(error.code().as_str(), "malformed-fat");
    });
}

#[test]
fn storages_with_shared_children_are_damage() {
    const STORAGES: usize = 500;
    const CHILDREN: usize = 500;
    let mut file = Compound::new().siblings(Siblings::RightOnly).layout(&[]);
    for n in 0..STORAGES {
        file = file.storage(&format!("storage {n:04}"));
    }
    for n in 0..CHILDREN {
        file = file.storage(&format!("storage 0000/child {n:04}"));
    }
    let mut bytes = file.build();
    let first = u32::from_le_bytes(bytes[48..52].try_into().unwrap()) as usize;
    let child_at = |storage: usize| (first + 1) * 512 + storage * 128 + 76;
    // Entry 0 is the root; the storages follow it.
    let shared: [u8; 4] = bytes[child_at(1)..][..4].try_into().unwrap();
    for storage in 2..=STORAGES {
        bytes[child_at(storage)..][..4].copy_from_slice(&shared);
    }
    let limits = Limits { steps: 60 * (STORAGES + CHILDREN) as u64, ..Limits::default() };
    let meter = Meter::new(limits, Interrupt::default());
    let mut cache = Cache::new(4096, 4096);
    let mut window = Window::new(&bytes, &mut cache, &meter).unwrap();
    let mut file = CompoundFile::open(&mut window).unwrap();
    let root = file.root();
    let mut outer = file.children(&root);
    let mut codes = BTreeMap::new();
    while let Some(storage) = outer.next(&mut file, &mut window).unwrap() {
        let by_name = file.child(&mut window, &storage, "child 0000").map(|found| found.is_some());
        let mut children = file.children(&storage);
        let mut count = 0;
        let walked = loop {
            match children.next(&mut file, &mut window) {
                Ok(Some(_)) => count += 1,
                Ok(None) => break Ok(count),
                Err(error) => break Err(error.code().as_str()),
            }
        };
        *codes.entry((walked, by_name.map_err(|error| error.code().as_str()))).or_insert(0) += 1;
    }
    let damage = "malformed-directory";
    let expected = [((Ok(CHILDREN), Ok(true)), 1), ((Err(damage), Err(damage)), STORAGES - 1)];
    assert_eq!(codes, BTreeMap::from(expected));
}

#[test]
fn repeated_fat_sector_in_difat_takes_no_memory() {
    // Every FAT sector is the first one, so the chain of the directory is a cycle.
    let layout = [Region::Fat, Region::Directory];
    let mut bytes = Compound::new().zeros("payload", 4 << 20).layout(&layout).build();
    for n in 0..109 {
        bytes.copy_within(76..80, 76 + n * 4);
    }
    let directory = u32::from_le_bytes(bytes[48..52].try_into().unwrap());
    let at = 512 + directory as usize * 4;
    bytes[at..at + 4].copy_from_slice(&(directory + 1).to_le_bytes());
    let mut limits = Limits::strict();
    limits.allocation = 1 << 20;
    let meter = Meter::new(limits, Interrupt::default());
    let mut cache = Cache::new(4096, 4096);
    let source: &dyn ReadAt = &bytes;
    let mut window = Window::new(source, &mut cache, &meter).unwrap();
    let mut file = CompoundFile::open(&mut window).unwrap();
    let error = (0..).find_map(|id| match file.entry(&mut window, id) {
        Ok(Some(_)) => None,
        Ok(None) => Some(None),
        Err(error) => Some(Some(error.code().as_str())),
    });
    assert!(matches!(error, Some(None | Some("malformed-fat" | "limit-allocation" | "truncated"))));
}

#[test]
fn difat_of_a_large_file_is_read_as_far_as_needed() {
    let file = Compound::new()
        .stream("first", pattern(5000, 1))
        .zeros("payload", 40 << 20)
        .stream("last", pattern(5000, 2))
        .layout(&[stream_region("first"), stream_region("payload")]);
    let source = CountingSource::new(file.build_sparse());
    let found = |name: &str| {
        source.reads.borrow_mut().clear();
        with_window(&source, |window| {
            let mut file = CompoundFile::open(window).unwrap();
            let root = file.root();
            let stream = file.likely_child(window, &root, name).unwrap().unwrap();
            file.read(window, &stream, u64::MAX).unwrap()
        })
    };
    assert_eq!(found("first"), pattern(5000, 1));
    assert!(source.cost().0 <= 4, "{:?}", source.reads);
    assert_eq!(found("last"), pattern(5000, 2));
    // 640 FAT sectors: 109 in the header, the others in 5 DIFAT sectors.
    assert!(source.cost().0 <= 4 + 5, "{:?}", source.reads);
    assert_eq!(&listing_by_cfb(&source.file.to_vec())["/last"], &Some(pattern(5000, 2)));
}

#[test]
fn compound_file_with_damaged_signature_is_recognized() {
    let mut bytes = sample(Version::Three, Siblings::Balanced).build();
    assert!(matches(&bytes));
    bytes[3] ^= 1;
    assert!(matches(&bytes));
    assert_eq!(listing(&bytes).unwrap_err().code().as_str(), "malformed-header");
    assert!(!matches(b"\x50\x4B\x03\x04"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn damaged_files_never_panic(
        version in prop::sample::select(vec![Version::Three, Version::Four]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        in_structures: bool,
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let layout = [Region::Directory, Region::Fat, Region::MiniFat];
        let mut bytes = sample(version, Siblings::Balanced).layout(&layout).build();
        let reach = if in_structures { bytes.len().min(8192) } else { bytes.len() };
        for (at, value) in damage {
            bytes[at.index(reach)] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = listing(&bytes);
    }

    #[test]
    fn bytes_after_a_header_are_read_or_rejected(tail in prop::collection::vec(any::<u8>(), 0..4096)) {
        let mut bytes = Compound::new().zeros("payload", 9000).build();
        bytes.truncate(76);
        bytes.extend(tail);
        let _ = listing(&bytes);
    }
}
