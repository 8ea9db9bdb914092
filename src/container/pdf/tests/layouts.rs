//! Undamaged files in each layout: results, reads and limits.

use std::io;

use super::build::{
    LICENSE, Payload, Pdf, TRAILER, appended_wrapper, compact_wrapper, deflate, dictionary,
    encrypted, hex, hybrid_wrapper, literal, packed, plain, v1, v1_bare_dictionary, v2, wrapper,
};
use super::{ReadRecorder, read_file, read_file_within};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::Limits;
use crate::source::ReadAt;

#[test]
fn license_of_each_layout_is_read() {
    let utf16: Vec<u8> =
        LICENSE.trim_start_matches('\u{feff}').encode_utf16().flat_map(u16::to_le_bytes).collect();
    let escaped = b"(\xEF\xBB\xBF<XrML>a\\(b\\)c\\\nd\\101\\e\r\nf(g)</XrML>)";
    let unescaped = b"\xEF\xBB\xBF<XrML>a(b)cdAe\nf(g)</XrML>";
    let v2_with = |license: &[u8]| encrypted(&dictionary("/MicrosoftIRMVersion 2", license));
    let license = LICENSE.as_bytes();
    let (one, two) = (Container::PdfIrmV1, Container::PdfIrmV2);
    let cases: &[(&str, Vec<u8>, Container, &[u8])] = &[
        ("version 1", v1(), one, license),
        ("version 1, short", v1_bare_dictionary(), one, license),
        ("version absent", encrypted(&dictionary("", &packed(license))), one, license),
        ("version 1, UTF-16", encrypted(&dictionary("", &packed(&utf16))), one, &utf16),
        ("version 2", v2(), two, license),
        ("version 2, hexadecimal", v2_with(&hex(license)), two, license),
        ("version 2, escapes", v2_with(escaped), two, unescaped),
        ("version 2 in a table", v2_with(&literal(license)), two, license),
        ("wrapper", wrapper(&v2(), Payload::Stored), two, license),
        ("wrapper, compressed", wrapper(&v2(), Payload::Flate), two, license),
        ("wrapper in streams", compact_wrapper(&v2(), Payload::Stored), two, license),
        ("hybrid wrapper", hybrid_wrapper(&v2(), Payload::Stored), two, license),
        ("hybrid wrapper, compressed", hybrid_wrapper(&v2(), Payload::Flate), two, license),
        ("wrapper all compressed", compact_wrapper(&v2(), Payload::Flate), two, license),
        ("wrapper around version 1", wrapper(&v1(), Payload::Stored), two, license),
        ("wrapper around version 1, compressed", wrapper(&v1(), Payload::Flate), two, license),
        ("appended wrapper", appended_wrapper(&v1()), one, license),
        ("junk before", [b"junk\n".to_vec(), v1()].concat(), one, license),
    ];
    for (name, file, container, license) in cases {
        let sink = read_file(file);
        assert!(sink.error.is_none(), "{name}: {:?}", sink.error);
        assert_eq!(sink.container, Some(*container), "{name}");
        assert_eq!(sink.protection, Some(Protection::Rms), "{name}");
        assert_eq!(sink.licenses.len(), 1, "{name}");
        assert_eq!(
            sink.licenses[0].0.escape_ascii().to_string(),
            license.escape_ascii().to_string(),
            "{name}"
        );
        assert!(!sink.anomalies.contains(&Anomaly::XrefRebuilt), "{name}");
    }
}

#[test]
fn license_without_escapes_has_an_offset() {
    let file = v2();
    let sink = read_file(&file);
    let (license, offset) = &sink.licenses[0];
    let offset = usize::try_from(offset.unwrap()).unwrap();
    assert_eq!(&file[offset..offset + license.len()], license);
}

#[test]
fn indirect_license_and_filter_are_read() {
    let mut pdf = Pdf::new();
    pdf.pages()
        .object(6, "<< /Filter 8 0 R /MicrosoftIRMVersion 2 /V 5 /PublishingLicense 7 0 R >>")
        .object(7, literal(LICENSE.as_bytes()))
        .object(8, "/microsoftirmservices")
        .table(&format!("{TRAILER} /Encrypt 6 0 R"));
    let sink = read_file(&pdf.bytes);
    assert_eq!(sink.licenses[0].0, LICENSE.as_bytes());
}

#[test]
fn other_handlers_are_recognized() {
    let cases = [
        ("/Filter /Standard /V 4 /R 4", Protection::Password, "Standard"),
        ("/Filter /Adobe.PubSec /V 4", Protection::Other, "Adobe.PubSec"),
        ("/Filter /Adobe.#41PS /V 4", Protection::Other, "Adobe.APS"),
        ("/Filter /EBX_HANDLER /V 3", Protection::Other, "EBX_HANDLER"),
    ];
    for (dictionary, protection, name) in cases {
        let sink = read_file(&encrypted(format!("<< {dictionary} >>").as_bytes()));
        assert_eq!(sink.protection, Some(protection));
        assert_eq!(sink.container, Some(Container::Pdf));
        assert!(sink.evidence.contains(&("Encrypt/Filter", name.to_owned())));
        assert!(sink.error.is_none() && sink.is_none());
    }
}

#[test]
fn unprotected_files_have_no_protection() {
    let mut updated = Pdf::new();
    updated.pages().table(TRAILER);
    for _ in 0..2 {
        let prev = updated.section;
        updated.object(5, "<< /Producer (again) >>").table(&format!("{TRAILER} /Prev {prev}"));
    }
    let mut hybrid = Pdf::new();
    hybrid.object(2, "<< /Type /Pages /Kids [] /Count 0 >>");
    hybrid.object_stream(14, &[(1, "<< /Type /Catalog /Pages 2 0 R >>")]);
    let stream = hybrid.stream_section(13, TRAILER).section;
    hybrid.raw("5 0 obj\n<<>>\nendobj\n").table(&format!("{TRAILER} /XRefStm {stream}"));
    let mut attached = Pdf::new();
    attached
        .object(
            1,
            "<< /Type /Catalog /Pages 2 0 R /AF [10 0 R] \
             /Names << /EmbeddedFiles << /Kids [9 0 R] >> >> >>",
        )
        .object(9, "<< /Names [(a.xml) 10 0 R] >>")
        .object(10, "<< /Type /Filespec /F (a.xml) /AFRelationship /Data /EF << /F 11 0 R >> >>")
        .stream(11, "/Type/EmbeddedFile/Length 4", b"<a/>")
        .object(2, "<< /Type /Pages /Kids [] /Count 0 >>")
        .table(TRAILER);
    let cases = [
        ("a table", plain()),
        ("a stream", Pdf::new().pages().stream_section(7, TRAILER).bytes.clone()),
        ("updates", updated.bytes),
        ("hybrid", hybrid.bytes),
        ("an attachment", attached.bytes),
        ("junk before", [b"junk\n".to_vec(), plain()].concat()),
    ];
    for (name, file) in cases {
        let file = ReadRecorder::new(file);
        let sink = read_file(&file);
        assert!(sink.error.is_none(), "{name}: {:?}", sink.error);
        assert_eq!(sink.protection, Some(Protection::None), "{name}");
        assert_eq!(sink.anomalies, [], "{name}");
        assert!(file.reads.borrow().len() <= 8, "{name}");
    }
}

#[test]
fn wrapper_of_another_handler_is_not_microsofts() {
    let file = "<< /Type /Filespec /F (a.pdf) /AFRelationship /EncryptedPayload \
                /EP << /Subtype /FOPN_fLock >> /EF << /F 11 0 R >> >>";
    let inner = encrypted(b"<< /Filter /FOPN_fLock /V 4 >>");
    for filter in ["", "/Filter/FlateDecode"] {
        let data = if filter.is_empty() { inner.clone() } else { deflate(&inner) };
        let mut pdf = Pdf::new();
        pdf.object(1, "<< /Type /Catalog /Pages 2 0 R /AF [10 0 R] >>")
            .object(10, file)
            .stream(11, &format!("/Type/EmbeddedFile{filter}/Length {}", data.len()), &data)
            .table(TRAILER);
        let sink = read_file(&pdf.bytes);
        assert_eq!(sink.protection, Some(Protection::Other), "{filter} {:?}", sink.error);
        assert!(sink.error.is_none());
    }
}

/// A file with a long run of zeros, which takes no memory.
struct Holed {
    before: Vec<u8>,
    hole: u64,
    after: Vec<u8>,
}

impl ReadAt for Holed {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let end = self.before.len() as u64 + self.hole;
        if offset < self.before.len() as u64 {
            return self.before.as_slice().read_at(offset, buf);
        }
        if offset >= end {
            return self.after.as_slice().read_at(offset - end, buf);
        }
        let len = usize::try_from(end - offset).unwrap_or(usize::MAX).min(buf.len());
        buf[..len].fill(0);
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.before.len() as u64 + self.hole + self.after.len() as u64)
    }
}

const HOLE: u64 = 200 << 20;

/// Returns a PDF with a stream of 200 MB as object 20, followed by `objects`.
fn holed(objects: &[(usize, Vec<u8>)], many: usize, trailer: &str) -> Holed {
    let before = format!("%PDF-1.7\n20 0 obj\n<</Length {HOLE}>>stream\n").into_bytes();
    let start = before.len() as u64 + HOLE;
    let mut after = b"\nendstream\nendobj\n".to_vec();
    let mut table = String::from("0000000009 00000 n \n");
    for number in 0..many {
        table.push_str(&format!("{:010} 00000 n \n", 7 * number));
    }
    let mut runs = String::new();
    for (number, value) in objects {
        let at = start + after.len() as u64;
        runs.push_str(&format!("{number} 1\n{at:010} 00000 n \n"));
        after.extend(format!("{number} 0 obj\n").bytes().chain(value.iter().copied()));
        after.extend(b"\nendobj\n");
    }
    let section = start + after.len() as u64;
    let count = many + 1;
    after.extend(
        format!("xref\n{runs}20 {count}\n{table}trailer\n<< /Size {} {trailer} >>\nstartxref\n{section}\n%%EOF\n", 20 + count)
            .bytes(),
    );
    Holed { before, hole: HOLE, after }
}

fn pages() -> Vec<(usize, Vec<u8>)> {
    vec![
        (1, b"<< /Type /Catalog /Pages 2 0 R >>".to_vec()),
        (2, b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec()),
    ]
}

fn long_license(len: usize) -> Vec<u8> {
    let mut license = LICENSE.as_bytes().to_vec();
    license.resize(len, b'x');
    license
}

#[test]
fn large_file_needs_few_reads() {
    let license = long_license(40_000);
    let dictionary = dictionary("/MicrosoftIRMVersion 2", &literal(&license));
    let trailer = "/Root 1 0 R /Encrypt 6 0 R";
    let objects = [pages(), vec![(6, dictionary)]].concat();
    for many in [0, 300_000] {
        let bare = ReadRecorder::new(holed(&objects, many, trailer));
        let sink = read_file(&bare);
        assert_eq!(sink.licenses[0].0, license, "{:?}", sink.error);
        assert!(bare.reads.borrow().len() <= 32, "{}", bare.reads.borrow().len());
        assert!(bare.bytes_read() <= 131_072 + license.len(), "{}", bare.bytes_read());

        let unprotected = ReadRecorder::new(holed(&pages(), many, "/Root 1 0 R"));
        let sink = read_file(&unprotected);
        assert_eq!(sink.protection, Some(Protection::None), "{:?}", sink.error);
        assert!(unprotected.reads.borrow().len() <= 8, "{:?}", unprotected.reads.borrow());
    }
}

/// Returns a wrapper around a payload that is `Holed` too.
fn wrapped_hole(inner: &Holed) -> Holed {
    let catalog = b"<< /Type /Catalog /Pages 2 0 R /AF [10 0 R] >>";
    let file = b"<< /Type /Filespec /F (x.pdf) /AFRelationship /EncryptedPayload \
        /EP << /Type /EncryptedPayload /Subtype /MicrosoftIRMServices >> /EF << /F 11 0 R >> >>";
    let len = inner.size().unwrap();
    let stream = "%PDF-2.0\n11 0 obj\n<</Type/EmbeddedFile/Length 12 0 R>>stream\n".to_owned();
    let before = [stream.as_bytes(), &inner.before].concat();
    let start = before.len() as u64 + inner.hole;
    let mut after = [inner.after.as_slice(), b"\nendstream\nendobj\n"].concat();
    let mut runs = String::from("11 1\n0000000009 00000 n \n");
    let length = len.to_string();
    let objects: [(usize, &[u8]); 3] = [(1, catalog), (10, file), (12, length.as_bytes())];
    for (number, value) in objects {
        let at = start + after.len() as u64;
        runs.push_str(&format!("{number} 1\n{at:010} 00000 n \n"));
        after.extend(format!("{number} 0 obj\n").bytes().chain(value.iter().copied()));
        after.extend(b"\nendobj\n");
    }
    let section = start + after.len() as u64;
    after.extend(
        format!("xref\n{runs}trailer\n<< /Size 13 /Root 1 0 R >>\nstartxref\n{section}\n%%EOF\n")
            .bytes(),
    );
    Holed { before, hole: inner.hole, after }
}

#[test]
fn large_stored_payload_needs_few_reads() {
    let license = long_license(40_000);
    let dictionary = dictionary("/MicrosoftIRMVersion 2", &literal(&license));
    let objects = [pages(), vec![(6, dictionary)]].concat();
    let inner = holed(&objects, 100, "/Root 1 0 R /Encrypt 6 0 R");
    let file = ReadRecorder::new(wrapped_hole(&inner));
    let sink = read_file(&file);
    assert!(sink.error.is_none(), "{:?}", sink.error);
    assert_eq!(sink.licenses[0].0, license);
    assert_eq!(sink.anomalies, []);
    assert!(file.reads.borrow().len() <= 32, "{:?}", file.reads.borrow());
    assert!(file.bytes_read() <= 131_072 + license.len(), "{}", file.bytes_read());
}

/// Returns a payload with `before` bytes before its license and `after` bytes after it.
fn large_payload(before: usize, license: &[u8], after: usize) -> Vec<u8> {
    let noise = |len: usize| (0..len).map(|n| ((n * n) >> 7) as u8 | 0x80).collect::<Vec<u8>>();
    let mut pdf = Pdf::new();
    pdf.pages().stream(8, &format!("/Length {before}"), &noise(before));
    pdf.object(6, dictionary("/MicrosoftIRMVersion 2", &literal(license)));
    pdf.stream(9, &format!("/Length {after}"), &noise(after));
    pdf.stream_section(7, &format!("{TRAILER} /Encrypt 6 0 R")).bytes.clone()
}

#[test]
fn compressed_payload_is_read_in_two_forward_passes() {
    let cases = [
        // Lengths before, of and after the license: at the end, in the middle, at the start, and
        // longer than the first pass stores.
        (3 << 20, 40_000, 100),
        (3 << 20, 40_000, 3 << 20),
        (10, 40_000, 3 << 20),
        (1 << 20, 1_500_000, 1 << 20),
    ];
    for (before, license, after) in cases {
        let license = long_license(license);
        let payload = large_payload(before, &license, after);
        let file = ReadRecorder::new(wrapper(&payload, Payload::Flate));
        let sink = read_file(&file);
        assert!(sink.error.is_none(), "{before} {after} {:?}", sink.error);
        assert_eq!(sink.licenses[0].0, license);
        assert_eq!(sink.licenses[0].1, None);
        let size = usize::try_from(file.size().unwrap()).unwrap();
        assert!(file.bytes_read() <= 2 * size + 65_536, "{} of {size}", file.bytes_read());
        let start = file
            .reads
            .borrow()
            .iter()
            .filter(|(_, len)| *len > 4096)
            .map(|(at, _)| *at)
            .collect::<Vec<_>>();
        let back = start.windows(2).filter(|pair| pair[1] < pair[0]).count();
        assert!(back <= 1, "{back} times back");
    }
}

#[test]
fn large_payload_needs_a_small_allocation() {
    let payload = large_payload(6 << 20, &long_license(40_000), 6 << 20);
    let file = wrapper(&payload, Payload::Flate);
    let limits = limited(|limits| limits.allocation = 3 << 20);
    let sink = read_file_within(&file, &limits);
    assert_eq!(sink.licenses.len(), 1, "{:?}", sink.error);
    assert!(sink.error.is_none());
}

fn limited(set: impl FnOnce(&mut Limits)) -> Limits {
    let mut limits = Limits::default();
    set(&mut limits);
    limits
}

#[test]
fn inflation_is_limited() {
    let file = wrapper(&large_payload(3 << 20, &long_license(100), 10), Payload::Flate);
    let limits = limited(|limits| limits.inflated = 1 << 20);
    let sink = read_file_within(&file, &limits);
    assert_eq!((sink.protection, sink.code()), (Some(Protection::Rms), "limit-inflated"));

    let bomb = wrapper(&vec![0; 8 << 20], Payload::Flate);
    let limits = limited(|limits| limits.ratio = 300);
    let sink = read_file_within(&bomb, &limits);
    assert_eq!((sink.protection, sink.code()), (Some(Protection::Rms), "limit-ratio"));
}

#[test]
fn loop_of_sections_ends_in_a_limit() {
    let mut pdf = Pdf::new();
    pdf.pages();
    let here = pdf.bytes.len();
    pdf.table(&format!("{TRAILER} /Prev {here}"));
    let sink = read_file(&pdf.bytes);
    assert_eq!((sink.protection, sink.code()), (Some(Protection::Unknown), "limit-pdf-objects"));
    // The candidates of the newest trailer are read before the limit is reached.
    let mut pdf = Pdf::new();
    pdf.pages().object(6, dictionary("", &packed(LICENSE.as_bytes())));
    let here = pdf.bytes.len();
    pdf.table(&format!("{TRAILER} /Encrypt 6 0 R /Prev {here}"));
    assert_eq!(read_file(&pdf.bytes).licenses.len(), 1);
}
