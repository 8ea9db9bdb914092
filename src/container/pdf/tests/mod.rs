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
use crate::limits::{Cancel, Limits, Meter};
use crate::source::{Cache, Extent, Pieces, ReadAt, Section, Window};

/// What a sink was told, layers followed as the pipeline does.
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

/// What `work` does with a window on `bytes`.
pub(super) fn with_window<T>(bytes: &[u8], work: impl FnOnce(&mut Window<'_>) -> T) -> T {
    let meter = Meter::new(Limits::default(), Cancel::default());
    let mut cache = Cache::new(4096, 4096);
    work(&mut Window::new(&bytes, &mut cache, &meter).unwrap())
}

impl PdfTestSink {
    /// Whether the record would say that nothing of a rights management system is in the file.
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
        panic!("a PDF hands over bytes")
    }

    fn use_license(&mut self, _bytes: &[u8]) -> Result<()> {
        panic!("a PDF has none")
    }

    fn label(&mut self, _label: Label) {}

    fn member(&mut self, member: Member) -> Result<()> {
        // What another format than PDF holds is no matter here.
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

/// Bytes that count how often, and how much of them, is read.
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
pub(super) fn tell(source: &dyn ReadAt) -> PdfTestSink {
    tell_within(source, &Limits::default())
}

pub(super) fn tell_within(source: &dyn ReadAt, limits: &Limits) -> PdfTestSink {
    let meter = Meter::new(limits.clone(), Cancel::default());
    let mut told = PdfTestSink::default();
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
            .and_then(|mut window| container::read(&mut window, &mut told));
        if let Err(error) = outcome {
            told.error.get_or_insert(error);
            break;
        }
        // One layer in another lies at other offsets; the tests have none.
        if !told.is_layer {
            layers.append(&mut told.layers);
        }
        told.is_layer = true;
    }
    if told.protection == Some(Protection::Rms) && told.licenses.is_empty() && told.error.is_none()
    {
        told.error =
            Some(Error::malformed(ErrorCode::LicenseMissing, "publishing license", None, "none"));
    }
    told
}

#[test]
fn a_header_is_found_within_its_first_kilobyte() {
    let behind = |junk: usize| [vec![b'x'; junk], b"%PDF-1.7\n1 0 obj".to_vec()].concat();
    assert!(super::matches(b"%PDF-1.4\n"));
    assert!(super::matches(&behind(1024)));
    assert!(!super::matches(&behind(1025)));
    assert!(!super::matches(b"%PD"));
}

#[test]
fn a_header_quoted_in_text_is_no_pdf() {
    for (head, is_one) in [
        (&b"MAGIC = b\"%PDF-\"\n"[..], false),
        (b"{\"magic\": \"%PDF-1.4\"}", false),
        (b"<p>%PDF-1.4 and 1 0 obj</p>", false),
        (b" \r\n%PDF-1.4", true),
        (b"\xEF\xBB\xBF%PDF-1.4", true),
        (b"\x1B%-12345X@PJL\n%PDF-1.4", true),
        (b"HTTP/1.1 200 OK\r\n\r\n%PDF-1.4\n%\xE2\xE3\n7 0 obj\n", true),
    ] {
        assert_eq!(super::matches(head), is_one, "{}", head.escape_ascii());
    }
    let told = tell(&b"MAGIC = b\"%PDF-\"\n".as_slice());
    assert!(told.is_none() && told.container == Some(Container::Other), "{told:?}");
    // The same with a PDF behind more text than the head holds.
    let text = [b"MAGIC = b\"%PDF-\"\n".to_vec(), vec![b'x'; 70_000], build::v1()].concat();
    assert_eq!(tell(&text).protection, Some(Protection::Rms));
}
