//! The payload of a wrapper: a protected PDF in an embedded file stream (ISO 32000-2 7.6.7).

use super::candidates::{CandidateKind, Candidates};
use super::handler::PayloadHandler;
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::pdf::file::document::PdfDocument;
use crate::container::pdf::file::header::find_header;
use crate::container::pdf::file::two_pass_reader::TwoPassReader;
use crate::container::pdf::layout::{PAYLOAD_DAMAGED, SEARCH_OVERLAP, SEARCH_PIECE};
use crate::container::pdf::syntax::dict::Dict;
use crate::container::pdf::syntax::lexer::{begins_with_word, is_space};
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::stream::{StreamForm, has_identity};
use crate::container::pdf::syntax::value::PdfValue;
use crate::container::pdf::types::Nesting;
use crate::container::recognizer::Recognizer;
use crate::container::sink::{ExtractOptions, Label, LicenseBytes, Member, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::Limit;
use crate::source::Encoding;
use crate::source::{Cache, Extent, Window, head_of};

/// Reads one payload. A stored payload is emitted as a layer. A compressed payload is read in two
/// passes.
pub(crate) fn read(
    stream: &Object,
    handler: PayloadHandler,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let dict = stream.dict("EmbeddedFile")?;
    let data = stream.data.unwrap_or_default();
    if !out.is_new(CandidateKind::Payload, Some(data)) {
        return Ok(());
    }
    let form = StreamForm::of(&dict, data, window.len());
    if document.encrypts_files && !is_clear(&dict, data, form.as_ref().ok(), window)? {
        if handler == PayloadHandler::Other {
            return Ok(());
        }
        let why = "the payload is encrypted by the handler of the wrapper";
        return Err(Error::unsupported(ErrorCode::EncryptedMember, "EmbeddedFile", data, why));
    }
    let form = form?;
    if form.has_predictor() {
        let why = "a predictor on an embedded file";
        return Err(Error::malformed(PAYLOAD_DAMAGED, "EmbeddedFile", data, why));
    }
    if form.is_flate() {
        if document.nesting == Nesting::Payload {
            let why = "a wrapper in a compressed payload is not opened";
            return Err(Error::unsupported(ErrorCode::ArchiveNotOpened, "EmbeddedFile", data, why));
        }
        return read_compressed(data, handler, window, out);
    }
    if handler != PayloadHandler::Microsoft && find_header(window.up_to(data, HEAD)?).is_none() {
        return if handler == PayloadHandler::Other { Ok(()) } else { Err(unknown_handler(data)) };
    }
    let len = match declared(&dict, document, window)? {
        Some(len) if ends_at(data, len, window)? => len,
        _ => {
            out.anomaly(Anomaly::NonSpecLayout, Some(data));
            measured(data, window)?
        }
    };
    out.layer(Extent { offset: data, len })
}

/// The number of bytes of a payload in which the header of a PDF is searched for.
const HEAD: usize = 4096;

fn unknown_handler(data: u64) -> Error {
    let why = "a payload that no known security handler protects";
    Error::unsupported(ErrorCode::UnknownTransform, "EmbeddedFile", data, why)
}

/// Returns whether a stream of an encrypted file is in the clear: it has the crypt filter
/// `Identity` (ISO 32000-2 7.4.10), or its bytes contain the header of a PDF.
pub(crate) fn is_clear(
    dict: &Dict<'_>,
    data: u64,
    form: Option<&StreamForm>,
    window: &mut Window<'_>,
) -> Result<bool> {
    if has_identity(dict) {
        return Ok(true);
    }
    window.meter().charge(Limit::Steps, to_u64(HEAD))?;
    let head = window.up_to(data, HEAD)?;
    Ok(match form {
        Some(form) if form.is_flate() => {
            head_of(Encoding::Zlib, head).is_some_and(|head| find_header(&head).is_some())
        }
        _ => find_header(head).is_some(),
    })
}

/// Returns `/Length`, direct or indirect. Returns `None` if the object is damaged.
pub(crate) fn declared(
    dict: &Dict<'_>,
    document: &mut PdfDocument,
    window: &mut Window<'_>,
) -> Result<Option<u64>> {
    let length = match dict.get(b"Length") {
        Some(PdfValue::Ref(number)) => match document.fetch(window, *number) {
            Ok(object) => object,
            Err(error) if error.kind() == ErrorKind::Malformed => None,
            Err(error) => return Err(error),
        },
        _ => return Ok(dict.number(b"Length")),
    };
    Ok(match length.as_ref().map(Object::value) {
        Some(PdfValue::Int(length)) => u64::try_from(length).ok(),
        _ => None,
    })
}

/// Returns whether `endstream` follows `len` bytes of the stream at `data`.
pub(crate) fn ends_at(data: u64, len: u64, window: &mut Window<'_>) -> Result<bool> {
    let Some(end) = data.checked_add(len).filter(|end| *end < window.len()) else {
        return Ok(false);
    };
    Ok(begins_with_word(window.up_to(end, 32)?, b"endstream"))
}

/// Measures a payload without a usable `/Length`. The payload contains streams too, so that it ends
/// at the first `endstream` after `%%EOF`, or else at the last `endstream`.
fn measured(data: u64, window: &mut Window<'_>) -> Result<u64> {
    let meter = window.meter();
    let mut at = data;
    let mut end = None;
    while at < window.len() {
        let piece = window.up_to(at, SEARCH_PIECE)?;
        meter.charge(Limit::Steps, to_u64(piece.len()))?;
        for found in memchr::memmem::find_iter(piece, b"endstream") {
            let before = piece.get(..found).unwrap_or_default();
            let trimmed = before.iter().rposition(|byte| !is_space(*byte));
            let before = trimmed.and_then(|last| before.get(..=last)).unwrap_or_default();
            let here = at.saturating_add(to_u64(before.len()));
            if before.ends_with(b"%%EOF") {
                return Ok(here.saturating_sub(data));
            }
            end = Some(here);
        }
        if piece.len() < SEARCH_PIECE {
            break;
        }
        at = at.saturating_add(to_u64(SEARCH_PIECE.saturating_sub(SEARCH_OVERLAP)));
    }
    let why = "the payload has no end";
    end.map(|end| end.saturating_sub(data))
        .ok_or_else(|| Error::malformed(PAYLOAD_DAMAGED, "EmbeddedFile", data, why))
}

/// Reads a compressed payload without a decoded copy of it.
fn read_compressed(
    data: u64,
    handler: PayloadHandler,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<()> {
    let (source, meter) = (window.source(), window.meter());
    let reader = TwoPassReader::new(
        source,
        meter,
        Extent { offset: data, len: window.len().saturating_sub(data) },
    )?;
    let mut cache = Cache::new(4096, 4096);
    let mut inner = Window::new(&reader, &mut cache, meter)?;
    let is_pdf = find_header(inner.head()?).is_some();
    let read_payload = out.payload_reader();
    let mut sink = PayloadSink { sink: &mut **out, candidates: 0, protection: None, data };
    let outcome = read_payload(&mut inner, &mut sink).map_err(|error| error.with_offset(None));
    let (candidates, protection) = (sink.candidates, sink.protection);
    let outcome = match reader.fault() {
        // The fault explains why no license was found.
        Some(fault) if candidates == 0 => Err(fault),
        // The bytes after the fault may contain a further license.
        Some(fault) => {
            out.incomplete(damaged(fault, data));
            Ok(())
        }
        None if !is_pdf && handler != PayloadHandler::Microsoft => {
            return if handler == PayloadHandler::Other {
                Ok(())
            } else {
                Err(unknown_handler(data))
            };
        }
        None => outcome,
    };
    if let Some(protection) = protection {
        out.protects(protection);
    }
    outcome.map_err(|error| damaged(error, data))?;
    let is_other = matches!(protection, Some(Protection::Other | Protection::Password));
    if candidates == 0 && !is_other {
        let why = "the payload contains no license";
        return Err(Error::malformed(ErrorCode::LicenseMissing, "EmbeddedFile", data, why));
    }
    Ok(())
}

/// Reports damage in the decoded bytes as damage of the stream: decoded bytes have no offset in the
/// file.
/// A code about the license is more specific, and stays.
fn damaged(error: Error, data: u64) -> Error {
    match (error.kind(), error.code()) {
        (ErrorKind::Malformed, ErrorCode::LicenseMissing | ErrorCode::LicenseUnreadable) => {
            error.with_offset(Some(data))
        }
        (ErrorKind::Malformed, _) => {
            Error::malformed(PAYLOAD_DAMAGED, "EmbeddedFile", data, error.to_string())
        }
        _ => error.with_offset(Some(data)),
    }
}

/// The sink of a compressed payload. Drops its offsets, which are offsets of decoded bytes, and its
/// container, because the wrapper determines that.
struct PayloadSink<'s> {
    sink: &'s mut dyn Sink,
    /// The number of licenses, readable or not.
    candidates: u64,
    protection: Option<Protection>,
    /// The offset of the compressed payload.
    data: u64,
}

impl Sink for PayloadSink<'_> {
    fn options(&self) -> ExtractOptions {
        ExtractOptions { labels: false, deep: false, ..self.sink.options() }
    }

    fn recognizer(&self) -> Recognizer {
        self.sink.recognizer()
    }

    fn container(&mut self, _container: Container) {}

    fn protection(&mut self, protection: Protection) {
        // A payload that was not read may be protected.
        self.protection = Some(protection).filter(|it| *it != Protection::None);
        if protection == Protection::Rms {
            self.sink.protection(protection);
        }
    }

    fn evidence(&mut self, element: &'static str, value: &str, _offset: Option<u64>) {
        self.sink.evidence(element, value, None);
    }

    fn license(&mut self, license: LicenseBytes<'_>) -> Result<()> {
        self.candidates = self.candidates.saturating_add(1);
        self.sink.license(LicenseBytes { bytes: license.bytes, offset: None })
    }

    fn license_at(&mut self, window: &mut Window<'_>, extents: &[Extent]) -> Result<()> {
        self.candidates = self.candidates.saturating_add(1);
        self.sink.license_at(window, extents)
    }

    fn unread_license(&mut self, error: Error) -> Result<()> {
        self.candidates = self.candidates.saturating_add(1);
        self.sink.unread_license(damaged(error.with_offset(None), self.data))
    }

    fn use_license(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.use_license(bytes)
    }

    fn label(&mut self, label: Label) {
        self.sink.label(label);
    }

    fn member(&mut self, _member: Member) -> Result<()> {
        let why = "a wrapper in a compressed payload is not opened";
        Err(Error::unsupported(ErrorCode::ArchiveNotOpened, "EmbeddedFile", None, why))
    }

    fn anomaly(&mut self, anomaly: Anomaly, _offset: Option<u64>) {
        self.sink.anomaly(anomaly, None);
    }

    fn incomplete(&mut self, error: Error) {
        self.sink.incomplete(error.with_offset(None));
    }
}
