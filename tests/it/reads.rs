//! Upper limits for the reads and bytes of a large document.

use std::cell::Cell;
use std::io;

use rmsight::{Depth, Inspector, ReadAt};
use rmsight_specimen::{
    Client, Compound, IrmDocument, IrmKind, LicenseBuilder, Region, Server, SparseFile,
};

/// A source that counts its reads and bytes.
struct Counting<'a> {
    file: &'a SparseFile,
    reads: Cell<u64>,
    bytes: Cell<u64>,
}

impl ReadAt for Counting<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(offset, buf);
        self.reads.set(self.reads.get() + 1);
        self.bytes.set(self.bytes.get() + read as u64);
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.file.len())
    }
}

const LICENSE: usize = 47_000;
const GIGABYTE: u64 = 1 << 30;

/// Returns the reads and bytes of an inspection, which must find the license.
fn cost(file: &SparseFile, depth: Depth) -> (u64, u64) {
    let source = Counting { file, reads: Cell::new(0), bytes: Cell::new(0) };
    let report = Inspector::builder().depth(depth).build().inspect(&source).unwrap();
    let facts = report.findings().next().unwrap().facts();
    assert!(facts.slc_key().is_some(), "{facts:?}");
    assert_eq!(facts.error_code, None);
    (source.reads.get(), source.bytes.get())
}

fn document(payload: u64) -> Compound {
    let builder = LicenseBuilder::client(&Server::contoso(), &Client::windows()).size(LICENSE);
    IrmDocument::new(IrmKind::Ooxml, builder.build()).payload_hole(payload).compound()
}

/// Returns the number of DIFAT sectors of a version 3 file.
fn difat(len: u64) -> u64 {
    let fat = len.div_ceil(512).div_ceil(128);
    fat.saturating_sub(109).div_ceil(127)
}

fn primary() -> Region {
    Region::Stream("\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform/\u{6}Primary".into())
}

fn content() -> Region {
    Region::Stream("EncryptedPackage".into())
}

#[test]
fn document_of_a_gigabyte_takes_few_reads() {
    use Region::{Difat, Directory, Fat, FatHead, MiniFat, MiniStream, OtherStreams};
    let layouts: [(&str, Vec<Region>); 3] = [
        (
            "all in the first megabyte",
            vec![
                Directory,
                MiniFat,
                MiniStream,
                FatHead(1),
                primary(),
                Difat,
                Fat,
                content(),
                OtherStreams,
            ],
        ),
        (
            "license first, directory and FAT last",
            vec![primary(), content(), OtherStreams, MiniStream, MiniFat, Difat, Directory, Fat],
        ),
        (
            "all last",
            vec![content(), OtherStreams, primary(), MiniStream, MiniFat, Difat, Directory, Fat],
        ),
    ];
    for (index, (name, layout)) in layouts.into_iter().enumerate() {
        let file = document(GIGABYTE).layout(&layout).build_sparse();
        let (reads, bytes) = cost(&file, Depth::Full);
        let difat = difat(file.len());
        println!("{name}: {reads} reads, {bytes} bytes, {difat} DIFAT sectors");
        if index == 0 {
            assert!(reads <= 8, "{name}: {reads}");
        }
        assert!(reads <= 12 + difat, "{name}: {reads}");
        assert!(bytes <= 65_536 + LICENSE as u64 + 512 * difat, "{name}: {bytes}");
    }
}

#[test]
fn document_takes_its_license_and_at_most_8_kib() {
    for (name, layout) in [("office", Compound::office_layout()), ("sdk", Compound::sdk_layout())] {
        let file = document(300_000).layout(&layout).build_sparse();
        let (reads, bytes) = cost(&file, Depth::Full);
        println!("{name}: {reads} reads, {bytes} bytes");
        assert!(reads <= 4, "{name}: {reads}");
        assert!(bytes <= LICENSE as u64 + 8192, "{name}: {bytes}");
        let (reads, bytes) = cost(&file, Depth::Head);
        println!("{name}, head: {reads} reads, {bytes} bytes");
        assert!(reads <= 4, "{name}: {reads}");
        assert!(bytes <= 8192 + 8192, "{name}: {bytes}");
    }
}
