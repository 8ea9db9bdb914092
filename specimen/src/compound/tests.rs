//! The `cfb` crate reads the built files.

use std::io::{self, Read};

use super::*;
use crate::bytes::noise;

/// A file with large, small and empty streams in nested storages.
fn sample(large: usize) -> (Compound, Vec<(String, Vec<u8>)>) {
    let mut streams = vec![
        ("License".to_owned(), noise(1, 47_000)),
        ("\u{6}DataSpaces/Version".to_owned(), noise(2, 76)),
        ("\u{6}DataSpaces/Deep/Er/Small".to_owned(), noise(3, 4095)),
        ("\u{6}DataSpaces/Deep/Er/Large".to_owned(), noise(4, 4096)),
        ("Empty".to_owned(), Vec::new()),
        ("Payload".to_owned(), noise(5, large)),
    ];
    for n in 0..40 {
        streams.push((format!("many/{}{n}", "x".repeat(n % 7)), noise(n as u64, n * 3)));
    }
    let mut file = Compound::new();
    for (path, bytes) in &streams {
        file = file.stream(path, bytes.clone());
    }
    (file, streams)
}

fn assert_reads_back(file: &Compound, streams: &[(String, Vec<u8>)], what: &str) {
    let bytes = file.build();
    let mut read = cfb::CompoundFile::open_strict(io::Cursor::new(bytes))
        .unwrap_or_else(|error| panic!("{what}: {error}"));
    for (path, bytes) in streams {
        let mut got = Vec::new();
        read.open_stream(format!("/{path}")).expect(what).read_to_end(&mut got).expect(what);
        assert!(got == *bytes, "{what}: {path:?}");
    }
    assert_eq!(read.walk().filter(cfb::Entry::is_stream).count(), streams.len(), "{what}");
}

#[test]
fn every_layout_reads_back() {
    use Region::*;
    let license_last = vec![OtherStreams, MiniFat, Fat, Directory, Stream("License".into())];
    let license_first = vec![Stream("License".into()), Directory, Fat, OtherStreams];
    let layouts =
        [Compound::office_layout(), Compound::sdk_layout(), license_first, license_last, vec![]];
    let (file, streams) = sample(300_000);
    for layout in &layouts {
        for version in [Version::Three, Version::Four] {
            for siblings in [Siblings::Balanced, Siblings::RightOnly, Siblings::LeftOnly] {
                let file = file.clone().layout(layout).version(version).siblings(siblings);
                let what = format!("{layout:?} {version:?} {siblings:?}");
                assert_reads_back(&file, &streams, &what);
                assert_reads_back(&file.fragmented(), &streams, &format!("{what} fragmented"));
            }
        }
    }
}

#[test]
fn more_fat_sectors_than_the_header_lists_need_difat_sectors() {
    let (file, streams) = sample(7_200_000);
    for layout in [Compound::office_layout(), Compound::sdk_layout()] {
        let file = file.clone().layout(&layout);
        let bytes = file.build();
        assert_ne!(bytes[0x48..0x4C], [0; 4], "number of DIFAT sectors");
        assert_reads_back(&file, &streams, "difat");
    }
}

#[test]
fn sdk_layout_stores_the_license_in_the_first_sector() {
    let license = noise(9, 40_000);
    let file = Compound::new().stream("L", license.clone()).zeros("P", 100_000);
    let bytes = file.layout(&Compound::sdk_layout()).siblings(Siblings::RightOnly).build();
    assert_eq!(bytes[512..512 + license.len()], license);
}

#[test]
fn stream_of_one_gibibyte_needs_less_than_10_mb() {
    let license = noise(9, 47_000);
    for (layout, version) in [
        (Compound::office_layout(), Version::Three),
        (Compound::sdk_layout(), Version::Three),
        (Compound::sdk_layout(), Version::Four),
    ] {
        let file = Compound::new()
            .version(version)
            .layout(&layout)
            .stream("License", license.clone())
            .zeros("Payload", 1 << 30)
            .build_sparse();
        assert!(file.len() > 1 << 30);
        assert!(file.pieces().map(|(_, bytes)| bytes.len()).sum::<usize>() < 10_000_000);
        let reader = io::BufReader::with_capacity(65_536, file.reader());
        let mut read = cfb::CompoundFile::open(reader).unwrap();
        let mut got = Vec::new();
        read.open_stream("/License").unwrap().read_to_end(&mut got).unwrap();
        assert_eq!(got, license);
        assert_eq!(read.entry("/Payload").unwrap().len(), 1 << 30);
    }
}
