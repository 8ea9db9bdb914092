//! Streams: how much of them is read and held, and what is said if they exceed the spool.

use std::cell::Cell;
use std::io::{self, Read};

use rmsight::{
    Detection, ErrorCode, Inspector, Limits, Protection, ReadAt, Searched, StreamSource,
};
use rmsight_specimen::{
    Attachment, Client, Documents, IrmDocument, IrmKind, LicenseBuilder, Method, Server,
    SparseFile, Zip, eml, noise, plain_compound,
};

use crate::samples::{Pipe, samples};

const MIB: u64 = 1 << 20;

/// Counts the bytes that are read.
struct CountedReader<'a, R> {
    reader: R,
    read: &'a Cell<u64>,
}

impl<R: Read> Read for CountedReader<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buf)?;
        self.read.set(self.read.get() + read as u64);
        Ok(read)
    }
}

/// Returns the detection, the bytes that were read from the stream, and those that were held.
fn detect(reader: impl Read, max: u64) -> (Detection, u64, u64) {
    detect_within(reader, max, Limits::default())
}

fn detect_within(reader: impl Read, max: u64, limits: Limits) -> (Detection, u64, u64) {
    let read = Cell::new(0);
    let source = StreamSource::new(CountedReader { reader, read: &read }, max);
    let detection = Inspector::builder().limits(limits).build().detect(&source).unwrap();
    (detection, read.get(), source.held())
}

fn license() -> Vec<u8> {
    let builder = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    builder.documents(Documents::Eight).size(47_000).build()
}

fn large_document() -> SparseFile {
    IrmDocument::new(IrmKind::Ooxml, license()).payload_hole(100 * MIB).compound().build_sparse()
}

#[test]
fn document_of_100_mb_is_detected_by_its_first_100_kb() {
    let file = large_document();
    assert!(file.len() > 100 * MIB);
    for max in [16 * MIB, 100_000] {
        let (detection, read, held) = detect(file.reader(), max);
        println!("spool {max}: {read} bytes read, {held} held");
        assert_eq!(detection.protection(), Protection::Rms);
        assert!(detection.slc_key().is_some());
        assert_eq!(detection.error_code(), None);
        // The bytes that were not read can be another file.
        assert!(!detection.is_searched());
        assert!(read == held && read < 100_000, "{read} read, {held} held");
    }
}

#[test]
fn mail_is_read_up_to_its_first_protected_attachment() {
    let document = IrmDocument::new(IrmKind::Ooxml, license()).build();
    let attachments =
        [Attachment::new("a.docx", document), Attachment::new("b.bin", noise(1, 5_000_000))];
    let mail = eml(&[], &attachments);
    let (detection, read, _) = detect(mail.as_slice(), 16 * MIB);
    println!("{read} of {} bytes", mail.len());
    assert_eq!(detection.protection(), Protection::Rms);
    assert_eq!(detection.member(), Some("a.docx"));
    assert!(read < 500_000, "{read}");
}

#[test]
fn stream_of_no_known_format_is_read_as_far_as_recognition_requires() {
    let text = b"Nothing in this text is protected. ".repeat(100_000);
    let picture = [b"\x89PNG\r\n\x1A\n".to_vec(), noise(1, 1_000_000)].concat();
    for bytes in [text, picture] {
        let (detection, read, held) = detect(bytes.as_slice(), 16 * MIB);
        assert_eq!(detection.protection(), Protection::None);
        assert_eq!((read, held), (4096, 4096));
    }
}

#[test]
fn stream_without_a_license_is_held_whole_or_up_to_the_spool() {
    let bytes = plain_compound();
    let len = bytes.len() as u64;
    let (detection, read, held) = detect(bytes.as_slice(), 16 * MIB);
    assert_eq!((detection.protection(), read, held), (Protection::None, len, len));
    let (detection, read, held) = detect(bytes.as_slice(), len);
    assert_eq!((detection.protection(), read, held), (Protection::None, len, len));
    let (detection, read, held) = detect(bytes.as_slice(), len - 1);
    assert_eq!(detection.protection(), Protection::Unknown);
    assert_eq!(detection.error_code(), Some(ErrorCode::LimitSpool));
    assert_eq!((read, held), (len, len - 1), "one byte shows that the stream is longer");
}

/// The directory of an archive is at its end, and so is a document after other bytes.
#[test]
fn stream_longer_than_the_spool_is_undecided_without_a_license() {
    let document = IrmDocument::new(IrmKind::Ooxml, license()).build();
    let large = large_document();
    let zip = Zip::new()
        .member("a", noise(1, 300_000), Method::Stored)
        .member("b", document.clone(), Method::Stored)
        .build();
    let after_compound = [plain_compound(), noise(2, 300_000), zip.clone()].concat();
    let license_last = [vec![b' '; 200_000], license()].concat();
    for (name, bytes) in
        [("zip", zip), ("zip after a compound file", after_compound), ("license", license_last)]
    {
        let (detection, _, held) = detect(bytes.as_slice(), 150_000);
        assert_ne!(detection.protection(), Protection::None, "{name}");
        assert!(held <= 150_000, "{name}");
        let mut limits = Limits::default();
        limits.spool = 150_000;
        let mut inspector = Inspector::builder().limits(limits).build();
        let report = inspector.inspect_reader(bytes.as_slice()).unwrap();
        assert_ne!(report.worst(), Protection::None, "{name}");
        assert_eq!(report.incomplete().unwrap().code(), ErrorCode::LimitSpool, "{name}");
    }
    // The license of a document is found, and the report is not complete.
    let report = Inspector::default().inspect_reader(large.reader()).unwrap();
    assert_eq!(report.worst(), Protection::Rms);
    let facts = report.findings().next().unwrap().facts();
    assert!(facts.slc_key().is_some());
    assert_eq!(facts.searched, Searched::Partial);
    assert_eq!(facts.error_code.as_deref(), Some("limit-spool"));
}

#[test]
fn no_spool_hides_a_license() {
    let mut cut = 0;
    for (name, bytes) in samples() {
        let whole = Inspector::default().inspect_bytes(&bytes);
        let len = bytes.len() as u64;
        let mut limits = Limits::default();
        // A license in a stream of unknown length gets a buffer of this size. The default is 4 MiB.
        limits.license_bytes = 256 << 10;
        assert!(len < limits.license_bytes, "{name}");
        for spool in [0, 1, 100, 4095, 4096, 5000, len / 2, len.saturating_sub(1)] {
            limits.spool = spool;
            let mut inspector = Inspector::builder().limits(limits.clone()).build();
            let report = inspector.inspect_reader(bytes.as_slice()).unwrap();
            let (detection, _, held) = detect_within(Pipe(&bytes), spool, limits.clone());
            assert!(held <= spool, "{name}: {held} of {spool}");
            if whole.worst() == Protection::None {
                continue;
            }
            let context = format!("{name}, spool {spool}");
            assert_ne!(report.worst(), Protection::None, "{context}");
            assert_ne!(detection.protection(), Protection::None, "{context}");
            if detection.protection() == Protection::Rms {
                // Names show the protection if the transform cannot be read.
                let is_license = detection.error_code().is_none();
                assert!(!is_license || whole.worst() == Protection::Rms, "{context}");
            } else {
                cut += 1;
            }
            if spool < len {
                let is_whole = report.findings().all(|finding| finding.is_searched());
                assert!(!is_whole && report.incomplete().is_some(), "{context}");
            }
        }
    }
    assert!(cut > 200, "{cut}");
}

#[test]
fn stream_is_forwarded_whole_after_detection() {
    let document = IrmDocument::new(IrmKind::Ooxml, license()).payload(300_000).build();
    let text = b"prose ".repeat(50_000);
    for (bytes, max) in [(&document, 1_000_000), (&text, 1_000_000), (&document, 1000), (&text, 10)]
    {
        let source = StreamSource::new(Pipe(bytes), max);
        assert_eq!(source.held(), 0, "nothing is read before it is needed");
        Inspector::default().detect(&source).unwrap();
        let mut forwarded = Vec::new();
        source.into_reader().read_to_end(&mut forwarded).unwrap();
        assert!(forwarded == *bytes, "{} of {} bytes", forwarded.len(), bytes.len());
    }
}

/// A reader that fails after its bytes.
struct Broken<'a>(&'a [u8]);

impl Read for Broken<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buf)? {
            0 => Err(io::ErrorKind::PermissionDenied.into()),
            read => Ok(read),
        }
    }
}

#[test]
fn reader_that_fails_is_an_error_unless_the_answer_is_known() {
    let document = IrmDocument::new(IrmKind::Ooxml, license()).payload(300_000).build();
    let mut inspector = Inspector::default();
    let detection = inspector.detect_reader(Broken(&document[..200_000])).unwrap();
    assert_eq!(detection.protection(), Protection::Rms);
    for bytes in [&document[..200], &document[..20_000], b"", b"prose"] {
        let error = inspector.detect_reader(Broken(bytes)).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PermissionDenied);
    }
    assert!(inspector.inspect_reader(Broken(&document[..200_000])).is_err());
    let text = vec![b'x'; 5000];
    assert_eq!(inspector.detect_reader(Broken(&text)).unwrap().protection(), Protection::None);
}

#[test]
fn size_of_a_stream_is_known_after_its_end_was_read() {
    let source = StreamSource::new(b"0123456789".as_slice(), 10);
    let mut buf = [0; 4];
    assert_eq!(source.read_at(2, &mut buf).unwrap(), 4);
    assert_eq!((&buf, source.held(), source.is_sized()), (b"2345", 6, false));
    assert_eq!(source.read_at(8, &mut buf).unwrap(), 2);
    assert_eq!(source.read_at(10, &mut buf).unwrap(), 0);
    assert_eq!((source.size().unwrap(), source.is_sized(), source.held()), (10, true, 10));
    let source = StreamSource::new(b"0123456789".as_slice(), 9);
    assert!(source.size().is_err() && source.read_at(9, &mut buf).is_err());
    assert_eq!(source.read_at(7, &mut buf).unwrap(), 2);
    assert!(!source.is_sized());
}
