//! Real files, where the machine has them: they are named by the environment, and never kept here.

use std::path::PathBuf;

use lopdf::Document;

use super::build::{Payload, appended_wrapper, compact_wrapper, plain, v1, v2, wrapper};
use super::{PdfTestSink, tell};
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

fn is_pdf(told: &PdfTestSink) -> bool {
    matches!(told.container, Some(Container::Pdf | Container::PdfIrmV1 | Container::PdfIrmV2))
}

#[test]
fn lookalikes_are_what_the_table_says() {
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
        let told = tell(&source);
        let found = told.protection.map_or("none", |protection| protection.as_str());
        println!(
            "{file}: {} reads {} bytes {:?}",
            source.reads.borrow().len(),
            source.bytes_read(),
            told.anomalies
        );
        let kind = told.container.map_or("other", |container| container.as_str());
        if (kind, found) != (container, protection) || told.error.is_some() {
            wrong.push(format!("{file}: {kind} {found} {:?} not {protection}", told.error));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether `lopdf` finds `/Encrypt`, and whose it says that it is. Nothing where it gives up.
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

fn by_us(told: &PdfTestSink) -> Option<String> {
    let filter = told.evidence.iter().find(|(element, _)| *element == "Encrypt/Filter");
    filter.map(|(_, name)| name.clone())
}

/// The two differ only where the table, made by a third reader, agrees with us.
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
        assert_eq!(by_lopdf(&file), Some(by_us(&tell(&file))), "{name}");
    }
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (name, bytes) in files("lookalikes") {
        let told = tell(&bytes);
        if !is_pdf(&told) || !name.ends_with(".pdf") {
            continue;
        }
        if let Some(theirs) = by_lopdf(&bytes) {
            compared += 1;
            if theirs != by_us(&told) {
                wrong.push(format!("{name}: {theirs:?} and {:?}", by_us(&told)));
            }
        }
    }
    println!("{compared} files compared");
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn one_changed_byte_of_the_real_file_hides_nothing() {
    for (name, bytes) in files("protected") {
        if !bytes.starts_with(b"%PDF-") {
            continue;
        }
        // Of the streams that nobody looks at a sample is enough.
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
            assert!(!tell(&damaged).is_none(), "{name} at {at}");
            damaged[at] = bytes[at];
        }
    }
}

#[test]
fn hostile_files_never_read_rms() {
    for (name, bytes) in files("hostile") {
        let start = std::time::Instant::now();
        let told = tell(&bytes);
        println!(
            "{name}: {:?} {:?} {:?} {:?}",
            told.container,
            told.protection,
            told.error.as_ref().map(|error| error.to_string()),
            start.elapsed()
        );
        assert_ne!(told.protection, Some(Protection::Rms), "{name}");
    }
}

#[test]
fn the_protected_file_gives_its_license() {
    for (name, bytes) in files("protected") {
        if !bytes.starts_with(b"%PDF-") {
            continue;
        }
        let source = super::ReadRecorder::new(bytes);
        let told = tell(&source);
        println!("{name}: {} reads {} bytes", source.reads.borrow().len(), source.bytes_read());
        assert!(is_pdf(&told));
        assert_eq!(told.container, Some(Container::PdfIrmV2), "{name}");
        assert_eq!(told.protection, Some(Protection::Rms));
        assert!(told.error.is_none(), "{:?}", told.error);
        assert_eq!(told.licenses.len(), 1);
        let (license, offset) = &told.licenses[0];
        assert!(license.starts_with(b"\xEF\xBB\xBF<?xml"));
        assert!(license.ends_with(b"</XrML>"), "{}", license[license.len() - 20..].escape_ascii());
        assert_eq!(*offset, None);
    }
}

/// A file that is as it should be costs a few reads; a search is for those that are not.
#[test]
fn lookalikes_cost_a_few_reads() {
    let mut wrong = Vec::new();
    for (name, bytes) in files("lookalikes") {
        if !bytes.starts_with(b"%PDF-") {
            continue;
        }
        let size = bytes.len();
        let file = super::ReadRecorder::new(bytes);
        let told = tell(&file);
        let reads = file.reads.borrow().len();
        let is_plain = told.protection == Some(Protection::None) && told.anomalies.is_empty();
        // Four kinds of objects in four places of the file, and the end of it.
        if is_plain && reads > 9 {
            wrong.push(format!("{name}: {reads} reads of {size} bytes"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
