//! Tests of the PDF reader: layouts, damage and real files.

#![allow(clippy::arithmetic_side_effects, clippy::as_conversions)]

mod build;
mod damage;
mod layouts;
mod real;

use std::cell::RefCell;
use std::io;

use crate::code::ErrorCode;
use crate::container::name::Name;
use crate::container::sink::{Body, ExtractOptions, Label, LicenseBytes, Member, Sink};
use crate::container::{self, RECOGNIZER, Recognizer};
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::{Interrupt, Limits, Meter};
use crate::source::{Cache, Extent, Pieces, ReadAt, Section, Window};

/// A sink that stores everything it receives, and reads layers like the library does.
#[derive(Debug, Default)]
pub(super) struct PdfTestSink {
    pub(super) container: Option<Container>,
    pub(super) protection: Option<Protection>,
    pub(super) licenses: Vec<(Vec<u8>, Option<u64>)>,
    pub(super) evidence: Vec<(&'static str, String)>,
    pub(super) anomalies: Vec<Anomaly>,
    pub(super) layers: Vec<Vec<Extent>>,
    pub(super) error: Option<Error>,
    is_layer: bool,
}

/// Returns the result of `work` with a window on `bytes`.
pub(super) fn with_window<T>(bytes: &[u8], work: impl FnOnce(&mut Window<'_>) -> T) -> T {
    let meter = Meter::new(Limits::default(), Interrupt::default());
    let mut cache = Cache::new(4096, 4096);
    work(&mut Window::new(&bytes, &mut cache, &meter).unwrap())
}

impl PdfTestSink {
    /// Returns whether the record would state that the file needs no rights management server.
    pub(super) fn is_none(&self) -> bool {
        let harmless = matches!(
            self.protection,
            None | Some(Protection::None | Protection::Password | Protection::Other)
        );
        harmless && self.error.is_none() && self.licenses.is_empty()
    }

    pub(super) fn code(&self) -> &'static str {
        self.error.as_ref().map_or("", |error| error.code().as_str())
    }
}

impl Sink for PdfTestSink {
    fn options(&self) -> ExtractOptions {
        ExtractOptions { labels: true, deep: false, evidence: true }
    }
    fn recognizer(&self) -> Recognizer {
        RECOGNIZER
    }

    fn container(&mut self, container: Container) {
        if !self.is_layer {
            self.container = Some(container);
        }
    }

    fn protection(&mut self, protection: Protection) {
        if self.protection != Some(Protection::Rms) {
            self.protection = Some(protection);
        }
    }

    fn evidence(&mut self, element: &'static str, value: &str, _offset: Option<u64>) {
        self.evidence.push((element, value.to_owned()));
    }

    fn license(&mut self, license: LicenseBytes<'_>) -> Result<()> {
        self.licenses.push((license.bytes.to_vec(), license.offset));
        Ok(())
    }

    fn license_at(&mut self, _window: &mut Window<'_>, _extents: &[Extent]) -> Result<()> {
        panic!("a PDF emits bytes")
    }

    fn use_license(&mut self, _bytes: &[u8]) -> Result<()> {
        panic!("a PDF has no use license")
    }

    fn label(&mut self, _label: Label) {}

    fn member(&mut self, member: Member) -> Result<()> {
        // Members of other formats are ignored.
        if member.name == Name::Layer {
            let Body::Stored(extents) = member.body else { panic!("payloads are stored") };
            self.layers.push(extents);
        }
        Ok(())
    }

    fn anomaly(&mut self, anomaly: Anomaly, _offset: Option<u64>) {
        self.anomalies.push(anomaly);
    }

    fn incomplete(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

/// A source that records the offset and the length of each read.
pub(super) struct ReadRecorder<S> {
    pub(super) source: S,
    pub(super) reads: RefCell<Vec<(u64, usize)>>,
}

impl<S> ReadRecorder<S> {
    pub(super) fn new(source: S) -> ReadRecorder<S> {
        ReadRecorder { source, reads: RefCell::default() }
    }

    pub(super) fn bytes_read(&self) -> usize {
        self.reads.borrow().iter().map(|(_, len)| len).sum()
    }
}

impl<S: ReadAt> ReadAt for ReadRecorder<S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read_at(offset, buf)?;
        self.reads.borrow_mut().push((offset, read));
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.source.size()
    }
}

/// Reads a file and its layers.
pub(super) fn read_file(source: &dyn ReadAt) -> PdfTestSink {
    read_file_within(source, &Limits::default())
}

/// Reads a file and its layers with these limits.
pub(super) fn read_file_within(source: &dyn ReadAt, limits: &Limits) -> PdfTestSink {
    let meter = Meter::new(limits.clone(), Interrupt::default());
    let mut sink = PdfTestSink::default();
    let mut layers = vec![Vec::new()];
    while let Some(extents) = layers.pop() {
        meter.begin_member();
        let mut cache = Cache::new(4096, 4096);
        let section;
        let source: &dyn ReadAt = if extents.is_empty() {
            source
        } else {
            section = Section::new(source, Pieces::new(extents), &meter);
            &section
        };
        let outcome = Window::new(source, &mut cache, &meter)
            .and_then(|mut window| container::read(&mut window, &mut sink));
        if let Err(error) = outcome {
            sink.error.get_or_insert(error);
            break;
        }
        // A layer of a layer has other offsets. The tests have none.
        if !sink.is_layer {
            layers.append(&mut sink.layers);
        }
        sink.is_layer = true;
    }
    if sink.protection == Some(Protection::Rms) && sink.licenses.is_empty() && sink.error.is_none()
    {
        sink.error =
            Some(Error::malformed(ErrorCode::LicenseMissing, "publishing license", None, "none"));
    }
    sink
}

#[test]
fn header_is_found_within_the_first_kilobyte() {
    let header_at = |junk: usize| [vec![b'x'; junk], b"%PDF-1.7\n1 0 obj".to_vec()].concat();
    assert!(super::matches(b"%PDF-1.4\n"));
    assert!(super::matches(&header_at(1024)));
    assert!(!super::matches(&header_at(1025)));
    assert!(!super::matches(b"%PD"));
}

#[test]
fn header_quoted_in_text_is_not_a_pdf() {
    for (head, is_pdf) in [
        (&b"MAGIC = b\"%PDF-\"\n"[..], false),
        (b"{\"magic\": \"%PDF-1.4\"}", false),
        (b"<p>%PDF-1.4 and 1 0 obj</p>", false),
        (b" \r\n%PDF-1.4", true),
        (b"\xEF\xBB\xBF%PDF-1.4", true),
        (b"\x1B%-12345X@PJL\n%PDF-1.4", true),
        (b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\n%\xE2\xE3\n7 0 obj\n", true),
    ] {
        assert_eq!(super::matches(head), is_pdf, "{}", head.escape_ascii());
    }
    let sink = read_file(&b"MAGIC = b\"%PDF-\"\n".as_slice());
    assert!(sink.is_none() && sink.container == Some(Container::Other), "{sink:?}");
    // The same text, with a PDF after the bytes that detection reads.
    let text = [b"MAGIC = b\"%PDF-\"\n".to_vec(), vec![b'x'; 70_000], build::v1()].concat();
    assert_eq!(read_file(&text).protection, Some(Protection::Rms));
}
