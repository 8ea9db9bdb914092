//! [`PdfDocument`]: the objects of a PDF, located by its cross-reference or by a scan of the file.

use super::header::find_header;
use super::header::header_before;
use super::load::{Loaded, ObjectOffsets, Prefix, load, load_fields};
use super::object_stream::ObjectStream;
use super::scan::ScannedObject;
use super::small_list::SmallList;
use super::xref::XrefSection;
use super::xref_entry::XrefEntry;
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::byte_search::{backwards, forwards};
use crate::container::pdf::layout::{SPACE_BEFORE, STARTXREF, TAIL};
use crate::container::pdf::syntax::dict::Dict;
use crate::container::pdf::syntax::fields::DictFields;
use crate::container::pdf::syntax::lexer::{Lexer, Token};
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::value::PdfValue;
use crate::container::pdf::types::{Nesting, is_about_one};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limit;
use crate::source::Window;

/// The objects of a PDF, which are read when they are fetched.
pub(crate) struct PdfDocument {
    /// Whether the file ends with the newest section that was found.
    pub(crate) is_last: bool,
    /// The sections that were read, newest first.
    sections: SmallList<XrefSection>,
    /// The offsets of older sections that were not read yet.
    older: SmallList<u64>,
    /// The offset of the header; 0 if the file was scanned.
    header: usize,
    /// The offset from which the cross-reference counts: the start of the file, or the header.
    base: u64,
    /// The objects that a scan found, in the order of the file. With them no section is used.
    scanned: Option<Vec<ScannedObject>>,
    /// The offsets of the object streams that a scan found.
    streams: Vec<u64>,
    /// With a scan: the offset of the trailer whose references are resolved. Objects before it are
    /// preferred.
    trailer_at: u64,
    /// The object stream that was decoded last.
    decoded: Option<(StreamKey, ObjectStream)>,
    pub(crate) nesting: Nesting,
    /// Whether an encryption dictionary was read that encrypts embedded files.
    pub(crate) encrypts_files: bool,
    /// The same for all trailers of the file.
    may_encrypt: bool,
}

/// The identity of an object stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamKey {
    /// Its object number.
    Number(u64),
    /// Its offset.
    At(u64),
}

impl PdfDocument {
    /// Reads the newest section, which the `startxref` at the end of the file locates (ISO 32000-2
    /// 7.5.5).
    pub(crate) fn open(window: &mut Window<'_>, nesting: Nesting) -> Result<PdfDocument> {
        let header = find_header(window.head()?).unwrap_or_default();
        let start = to_u64(header);
        let tail_at = window.len().saturating_sub(to_u64(TAIL));
        let tail = window.up_to(tail_at, TAIL)?;
        let missing = || {
            Error::malformed(
                ErrorCode::MalformedPdfXref,
                "startxref",
                tail_at,
                "is not at the file's end",
            )
        };
        let at = backwards(STARTXREF, 5, tail).next().ok_or_else(missing)?;
        let after = at.saturating_add(STARTXREF.len());
        let mut lexer = Lexer::whole(tail.get(after..).unwrap_or_default());
        let Ok(Token::Int(offset)) = lexer.token() else { return Err(missing()) };
        let offset = u64::try_from(offset).map_err(|_| missing())?;
        // Objects after the `startxref` are an update whose own `startxref` is damaged.
        let rest = tail.get(after..).unwrap_or_default();
        let is_last = [&b"trailer"[..], b" obj"]
            .iter()
            .all(|word| memchr::memmem::find(rest, word).is_none());
        let mut document = PdfDocument {
            is_last,
            sections: SmallList::default(),
            older: SmallList::default(),
            header,
            base: 0,
            scanned: None,
            streams: Vec::new(),
            trailer_at: 0,
            decoded: None,
            nesting,
            encrypts_files: false,
            may_encrypt: false,
        };
        let first = match XrefSection::read(window, offset) {
            Err(error) if start > 0 && error.kind() == ErrorKind::Malformed => {
                document.base = start;
                XrefSection::read(window, offset.saturating_add(start)).map_err(|_| error)?
            }
            first => first?,
        };
        document.add(first)?;
        Ok(document)
    }

    /// Creates a document of the objects and object streams that a scan found, in the order of the
    /// file.
    pub(crate) fn from_scan(
        scanned: Vec<ScannedObject>,
        streams: Vec<u64>,
        nesting: Nesting,
    ) -> PdfDocument {
        PdfDocument {
            is_last: true,
            sections: SmallList::default(),
            older: SmallList::default(),
            header: 0,
            base: 0,
            scanned: Some(scanned),
            streams,
            trailer_at: u64::MAX,
            decoded: None,
            nesting,
            encrypts_files: false,
            may_encrypt: false,
        }
    }

    /// From now on resolves references of the trailer at `at`, or of no trailer.
    pub(crate) fn resolve_for(&mut self, at: Option<u64>) {
        self.trailer_at = at.unwrap_or(u64::MAX);
        self.decoded = None;
        // Without a trailer any encryption dictionary may apply.
        self.encrypts_files = at.is_none() && self.may_encrypt;
    }

    /// Adds a section, and the offsets of the older sections that it names.
    fn add(&mut self, mut section: XrefSection) -> Result<()> {
        for at in section.older.offsets.into_iter().flatten() {
            self.older.push(at.saturating_add(self.base));
        }
        if let Some(fault) = section.older.fault.take() {
            return Err(fault);
        }
        self.sections.push(section);
        Ok(())
    }

    /// Returns the section `index`, counted from the newest. Reads older sections on demand.
    pub(crate) fn section(
        &mut self,
        window: &mut Window<'_>,
        index: usize,
    ) -> Result<Option<&XrefSection>> {
        while self.sections.len() <= index && self.follow(window)? {}
        Ok(self.sections.get(index))
    }

    /// Reads the next older section. Returns false if there is none. A chain with a loop spends
    /// [`Limit::PdfObjects`].
    fn follow(&mut self, window: &mut Window<'_>) -> Result<bool> {
        let Some(at) = self.older.pop() else { return Ok(false) };
        window.meter().charge(Limit::Allocation, 512)?;
        let section = XrefSection::read(window, at)?;
        self.add(section)?;
        Ok(true)
    }

    /// Reads the object `number`. Returns `None` if the cross-reference does not list it.
    pub(crate) fn fetch(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Object>> {
        window.meter().charge(Limit::PdfObjects, 1)?;
        if self.scanned.is_some() {
            return self.fetch_scanned(window, number);
        }
        match self.lookup(window, number)? {
            None => Ok(None),
            Some(XrefEntry::Offset(at)) => {
                let at = at.saturating_add(self.base);
                load(window, at, Prefix::Indirect(Some(number)), "object").map(Some)
            }
            Some(XrefEntry::Compressed { stream }) => {
                self.compressed(window, stream, number).map(Some)
            }
        }
    }

    /// Returns the dictionary under `key` of `dict`, direct or indirect.
    pub(crate) fn fetch_dict(
        &mut self,
        window: &mut Window<'_>,
        dict: &Dict<'_>,
        key: &[u8],
    ) -> Result<Option<Object>> {
        match dict.get(key) {
            Some(PdfValue::Ref(number)) => self.fetch(window, *number),
            Some(PdfValue::Dict(raw)) => Ok(Some(Object::direct(raw, None))),
            _ => Ok(None),
        }
    }

    /// Returns each object that may be `number`: the one that the cross-reference lists from
    /// section `since` on, or all that a scan found.
    pub(crate) fn fetch_all(
        &mut self,
        window: &mut Window<'_>,
        number: u64,
        since: usize,
    ) -> Result<Vec<Result<Object>>> {
        window.meter().charge(Limit::PdfObjects, 1)?;
        let Some(scanned) = self.scanned.as_deref() else {
            let object = match self.lookup_since(window, number, since)? {
                None => None,
                Some(XrefEntry::Offset(at)) => {
                    let at = at.saturating_add(self.base);
                    Some(load(window, at, Prefix::Indirect(Some(number)), "object")?)
                }
                Some(XrefEntry::Compressed { stream }) => {
                    Some(self.compressed(window, stream, number)?)
                }
            };
            return Ok(object.into_iter().map(Ok).collect());
        };
        window.meter().charge(Limit::Steps, to_u64(scanned.len()))?;
        let offsets: Vec<u64> =
            scanned.iter().filter(|found| found.number == number).map(|found| found.at).collect();
        let mut objects = Vec::new();
        for at in offsets {
            match load(window, at, Prefix::Indirect(Some(number)), "object") {
                Err(error) if !is_about_one(&error) => return Err(error),
                object => objects.push(object),
            }
        }
        if objects.is_empty() {
            objects.extend(self.fetch_scanned(window, number)?.map(Ok));
        }
        Ok(objects)
    }

    /// Returns whether the cross-reference lists `number` in an object stream.
    pub(crate) fn is_compressed(&mut self, window: &mut Window<'_>, number: u64) -> Result<bool> {
        if self.scanned.is_some() {
            return Ok(false);
        }
        Ok(matches!(self.lookup(window, number)?, Some(XrefEntry::Compressed { .. })))
    }

    /// Records whether an encryption dictionary applies to embedded files (ISO 32000-2 table 20):
    /// by default they are encrypted like all streams, and `Identity` leaves them in the clear.
    pub(crate) fn note_encryption(&mut self, dict: &Dict<'_>) {
        let has_filters = dict.number(b"V").is_some_and(|version| version >= 4);
        let filter = dict.get(b"EFF").or(dict.get(b"StmF"));
        let is_identity = filter.is_none_or(|filter| filter.is_name(b"Identity"));
        let encrypts = !(has_filters && is_identity);
        self.encrypts_files |= encrypts;
        self.may_encrypt |= encrypts;
    }

    /// Does the same as [`PdfDocument::fetch`], but reads only the fields of a plain dictionary.
    pub(crate) fn fetch_fields<T: DictFields>(
        &mut self,
        window: &mut Window<'_>,
        number: u64,
    ) -> Result<Option<Loaded<T>>> {
        if self.scanned.is_some() {
            return Ok(self.fetch(window, number)?.map(Loaded::Object));
        }
        window.meter().charge(Limit::PdfObjects, 1)?;
        match self.lookup(window, number)? {
            None => Ok(None),
            Some(XrefEntry::Offset(at)) => {
                let at = at.saturating_add(self.base);
                load_fields(window, at, Prefix::Indirect(Some(number)), "object").map(Some)
            }
            Some(XrefEntry::Compressed { stream }) => {
                let fields = self.decode(window, StreamKey::Number(stream))?.fields(number);
                if let Some(fields) = fields {
                    return Ok(Some(Loaded::Fields(fields, ObjectOffsets::default())));
                }
                self.compressed(window, stream, number).map(Loaded::Object).map(Some)
            }
        }
    }

    /// Returns the location of the object `number`.
    fn lookup(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<XrefEntry>> {
        self.lookup_since(window, number, 0)
    }

    /// Returns the location of the object `number` by the sections from `index` on.
    fn lookup_since(
        &mut self,
        window: &mut Window<'_>,
        number: u64,
        mut index: usize,
    ) -> Result<Option<XrefEntry>> {
        loop {
            while self.sections.len() <= index {
                if !self.follow(window)? {
                    return Ok(None);
                }
            }
            let found = match self.sections.get_mut(index) {
                Some(section) => section.lookup(window, number)?,
                None => None,
            };
            if found.is_some() {
                return Ok(found);
            }
            index = index.saturating_add(1);
        }
    }

    /// Returns whether a section lists the first object of the file at its offset.
    ///
    /// If two files are concatenated, the cross-reference of the second does not list the objects
    /// of the first.
    pub(crate) fn lists_first_object(&mut self, window: &mut Window<'_>) -> Result<bool> {
        let head = window.head()?;
        let first = forwards(b"obj", 2, head)
            .filter(|end| *end > self.header)
            .find_map(|end| header_before(head.get(..end).unwrap_or_default()));
        let Some((at, number)) = first else { return Ok(false) };
        for section in self.sections.iter_mut() {
            if let Some(XrefEntry::Offset(listed)) = section.lookup(window, number)? {
                let before = to_u64(at).checked_sub(listed.saturating_add(self.base));
                // White space before an object is allowed.
                if before.is_some_and(|before| before <= SPACE_BEFORE) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Reads the object `number` among those that a scan found: the last one before the trailer, or
    /// else the last one of the file.
    fn fetch_scanned(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Object>> {
        let scanned = self.scanned.as_deref().unwrap_or_default();
        window.meter().charge(Limit::Steps, to_u64(scanned.len()))?;
        let is_wanted = |object: &&ScannedObject| object.number == number;
        let is_before = |object: &&ScannedObject| is_wanted(object) && object.at <= self.trailer_at;
        let found = scanned.iter().rfind(is_before).or_else(|| scanned.iter().rfind(is_wanted));
        if let Some(found) = found {
            let (at, prefix) = (found.at, Prefix::Indirect(Some(number)));
            return load(window, at, prefix, "object").map(Some);
        }
        for index in (0..self.streams.len()).rev() {
            let Some(at) = self.streams.get(index).copied() else { break };
            match self.decode(window, StreamKey::At(at)) {
                Ok(stream) => {
                    if let Some(object) = stream.object(number) {
                        return Ok(Some(object));
                    }
                }
                Err(error) if error.kind() == ErrorKind::Malformed => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Reads the object `number` from the object stream `stream`.
    fn compressed(&mut self, window: &mut Window<'_>, stream: u64, number: u64) -> Result<Object> {
        self.decode(window, StreamKey::Number(stream))?.object(number).ok_or_else(|| {
            let why = format!("object {number} is not in the object stream {stream}");
            Error::malformed(ErrorCode::MalformedPdfObject, "object stream", None, why)
        })
    }

    /// Decodes an object stream. Keeps the last one, because objects of one stream are mostly read
    /// in sequence.
    fn decode(&mut self, window: &mut Window<'_>, key: StreamKey) -> Result<&ObjectStream> {
        if self.decoded.as_ref().is_none_or(|(decoded, _)| *decoded != key) {
            self.decoded = None;
            let (at, prefix) = match key {
                StreamKey::At(at) => (at, Prefix::Indirect(None)),
                StreamKey::Number(number) => match self.lookup(window, number)? {
                    Some(XrefEntry::Offset(at)) => {
                        (at.saturating_add(self.base), Prefix::Indirect(Some(number)))
                    }
                    _ => {
                        let why = format!("there is no object {number}");
                        return Err(Error::malformed(
                            ErrorCode::MalformedPdfObject,
                            "object stream",
                            None,
                            why,
                        ));
                    }
                },
            };
            let stream = ObjectStream::read(window, at, prefix)?;
            self.decoded = Some((key, stream));
        }
        match &self.decoded {
            Some((_, stream)) => Ok(stream),
            None => Err(Error::changed()),
        }
    }

    /// Returns the decoded text of the object stream at `at`.
    pub(crate) fn stream_text(&mut self, window: &mut Window<'_>, at: u64) -> Result<&[u8]> {
        self.decode(window, StreamKey::At(at)).map(ObjectStream::bytes)
    }

    /// Returns the objects of the object stream at `at` whose text matches, and the number of
    /// matching objects that cannot be read.
    pub(crate) fn matching_in(
        &mut self,
        window: &mut Window<'_>,
        at: u64,
        matches: impl Fn(&[u8]) -> bool,
    ) -> Result<(Vec<Object>, usize)> {
        let meter = window.meter();
        self.decode(window, StreamKey::At(at))?.matching(meter, matches)
    }
}
