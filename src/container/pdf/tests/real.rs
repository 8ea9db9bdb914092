//! Real files from the folder in the variable `RMSIGHT_SPECIMENS`. They are not part of the
//! repository.

use std::path::PathBuf;

use lopdf::Document;

use super::build::{Payload, appended_wrapper, compact_wrapper, plain, v1, v2, wrapper};
use super::{PdfTestSink, read_file};
use crate::kinds::{Container, Protection};

fn specimens() -> Option<PathBuf> {
    let specimens = std::env::var_os("RMSIGHT_SPECIMENS").map(PathBuf::from);
    if specimens.is_none() {
        println!("skipped: RMSIGHT_SPECIMENS is not set");
    }
    specimens
}

fn files(folder: &str) -> Vec<(String, Vec<u8>)> {
    let Some(specimens) = specimens() else { return Vec::new() };
    let mut files: Vec<_> = std::fs::read_dir(specimens.join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), path))
        .map(|(name, path)| (name, std::fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn is_pdf(sink: &PdfTestSink) -> bool {
    matches!(sink.container, Some(Container::Pdf | Container::PdfIrmV1 | Container::PdfIrmV2))
}

#[test]
fn lookalikes_match_the_table() {
    let Some(specimens) = specimens() else { return };
    let table = std::fs::read_to_string(specimens.join("lookalikes-expected.tsv")).unwrap();
    let mut wrong = Vec::new();
    for line in table.lines().filter(|line| line.contains(".pdf\t")) {
        let [file, container, protection] = line.split('\t').collect::<Vec<_>>()[..] else {
            continue;
        };
        if container != "pdf" {
            continue;
        }
        let bytes = std::fs::read(specimens.join(file)).unwrap();
        let source = super::ReadRecorder::new(bytes);
        let sink = read_file(&source);
        let found = sink.protection.map_or("none", |protection| protection.as_str());
        println!(
            "{file}: {} reads {} bytes {:?}",
            source.reads.borrow().len(),
            source.bytes_read(),
            sink.anomalies
        );
        let kind = sink.container.map_or("other", |container| container.as_str());
        if (kind, found) != (container, protection) || sink.error.is_some() {
            wrong.push(format!("{file}: {kind} {found} {:?} not {protection}", sink.error));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Returns the handler that `lopdf` finds, or `None` if it cannot read the file.
fn by_lopdf(bytes: &[u8]) -> Option<Option<String>> {
    match Document::load_mem(bytes) {
        Ok(document) => {
            let filter = document
                .get_encrypted()
                .and_then(|dict| dict.get(b"Filter"))
                .and_then(|filter| filter.as_name())
                .map(|name| String::from_utf8_lossy(name).into_owned());
            let opened = document.was_encrypted().then(|| "Standard".to_owned());
            Some(filter.ok().or(opened))
        }
        Err(lopdf::Error::UnsupportedSecurityHandler(name)) => {
            Some(Some(String::from_utf8_lossy(&name).into_owned()))
        }
        Err(error) => {
            println!("lopdf: {error}");
            None
        }
    }
}

fn by_us(sink: &PdfTestSink) -> Option<String> {
    let filter = sink.evidence.iter().find(|(element, _)| *element == "Encrypt/Filter");
    filter.map(|(_, name)| name.clone())
}

/// Compares the handlers with those of `lopdf`.
#[test]
fn lopdf_finds_the_same_handlers() {
    let own = [
        ("plain", plain()),
        ("v1", v1()),
        ("v2", v2()),
        ("wrapper", wrapper(b"", Payload::Stored)),
        ("compact wrapper", compact_wrapper(b"", Payload::Stored)),
        ("appended wrapper", appended_wrapper(b"%PDF-1.7\n")),
    ];
    for (name, file) in own {
        assert_eq!(by_lopdf(&file), Some(by_us(&read_file(&file))), "{name}");
    }
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (name, bytes) in files("lookalikes") {
        let sink = read_file(&bytes);
        if !is_pdf(&sink) || !name.ends_with(".pdf") {
            continue;
        }
        if let Some(theirs) = by_lopdf(&bytes) {
            compared += 1;
            if theirs != by_us(&sink) {
                wrong.push(format!("{name}: {theirs:?} and {:?}", by_us(&sink)));
            }
        }
    }
    println!("{compared} files compared");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_changed_byte_of_a_real_file_hides_no_protection() {
    for (name, bytes) in files("protected") {
        if !bytes.starts_with(b"%PDF-") {
            continue;
        }
        // A sample is sufficient for streams that the reader ignores.
        let marks = [b"/AF".as_slice(), b"/EncryptedPayload", b"/Type /EmbeddedFile", b"/XRef"];
        let near = |at: usize| {
            let from = at.saturating_sub(200);
            let around = &bytes[from..(at + 200).min(bytes.len())];
            marks.iter().any(|mark| memchr::memmem::find(around, mark).is_some())
        };
        let places = (5..bytes.len()).filter(|at| at % 997 == 0 || (at % 5 == 0 && near(*at)));
        let mut damaged = bytes.clone();
        for at in places {
            damaged[at] ^= [1, 0x20, 0x55][at % 3];
            assert!(!read_file(&damaged).is_none(), "{name} at {at}");
            damaged[at] = bytes[at];
        }
    }
}

#[test]
fn hostile_files_are_not_rms() {
    for (name, bytes) in files("hostile") {
        let start = std::time::Instant::now();
        let sink = read_file(&bytes);
        println!(
            "{name}: {:?} {:?} {:?} {:?}",
            sink.container,
            sink.protection,
            sink.error.as_ref().map(|error| error.to_string()),
            start.elapsed()
        );
        assert_ne!(sink.protection, Some(Protection::Rms), "{name}");
    }
}

#[test]
fn license_of_a_real_file_is_read() {
    for (name, bytes) in files("protected") {
        if !bytes.starts_with(b"%PDF-") {
            continue;
        }
        let source = super::ReadRecorder::new(bytes);
        let sink = read_file(&source);
        println!("{name}: {} reads {} bytes", source.reads.borrow().len(), source.bytes_read());
        assert!(is_pdf(&sink));
        assert_eq!(sink.container, Some(Container::PdfIrmV2), "{name}");
        assert_eq!(sink.protection, Some(Protection::Rms));
        assert!(sink.error.is_none(), "{:?}", sink.error);
        assert_eq!(sink.licenses.len(), 1);
        let (license, offset) = &sink.licenses[0];
        assert!(license.starts_with(b"\xEF\xBB\xBF<?xml"));
        assert!(license.ends_with(b"</XrML>"), "{}", license[license.len() - 20..].escape_ascii());
        assert_eq!(*offset, None);
    }
}

/// An undamaged file needs few reads, because it is not scanned.
#[test]
fn lookalikes_need_few_reads() {
    let mut wrong = Vec::new();
    for (name, bytes) in files("lookalikes") {
        if !bytes.starts_with(b"%PDF-") {
            continue;
        }
        let size = bytes.len();
        let file = super::ReadRecorder::new(bytes);
        let sink = read_file(&file);
        let reads = file.reads.borrow().len();
        let is_plain = sink.protection == Some(Protection::None) && sink.anomalies.is_empty();
        // Four kinds of objects at different offsets, and the end of the file.
        if is_plain && reads > 9 {
            wrong.push(format!("{name}: {reads} reads of {size} bytes"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
