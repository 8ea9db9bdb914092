//! [`Document`]: the objects of a PDF, found by its cross-reference or by a search.

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

/// The objects of a PDF.
pub(crate) struct PdfDocument {
    /// Whether the file ends with the newest section that was found.
    pub(crate) is_last: bool,
    /// Newest first, as far as they were followed.
    sections: SmallList<XrefSection>,
    /// Where the next older section lies.
    older: SmallList<u64>,
    /// Where the header stands, if that was looked for.
    header: usize,
    /// What all offsets are counted from: junk before the header counts or does not.
    base: u64,
    /// Everything that a search has found, in the order of the file; then no section counts.
    scanned: Option<Vec<ScannedObject>>,
    /// Object streams that a search has found, by their place.
    streams: Vec<u64>,
    /// With sightings: where the trailer lies that is believed. Objects before it are preferred.
    trailer_at: u64,
    /// The object stream that was decoded last.
    decoded: Option<(StreamKey, ObjectStream)>,
    pub(crate) nesting: Nesting,
    /// Whether an encryption dictionary was read, and embedded files are encrypted with the rest.
    pub(crate) encrypts_files: bool,
    /// The same by any trailer of the file.
    may_encrypt: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamKey {
    Number(u64),
    At(u64),
}

impl PdfDocument {
    /// Finds the newest section from the end of the file (ISO 32000-2 7.5.5).
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
        // An update whose `startxref` is damaged follows the one that was found.
        let behind = tail.get(after..).unwrap_or_default();
        let is_last = [&b"trailer"[..], b" obj"]
            .iter()
            .all(|word| memchr::memmem::find(behind, word).is_none());
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

    /// The objects that a search has found, objects and object streams in the order of the file.
    pub(crate) fn from_search(
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

    /// Resolves references from now on for the trailer or object at `at`.
    pub(crate) fn resolve_for(&mut self, at: Option<u64>) {
        self.trailer_at = at.unwrap_or(u64::MAX);
        self.decoded = None;
        // Without a trailer any of them may be the one that counts.
        self.encrypts_files = at.is_none() && self.may_encrypt;
    }

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

    /// The section `index`, newest first; older ones are read when asked for.
    pub(crate) fn section(
        &mut self,
        window: &mut Window<'_>,
        index: usize,
    ) -> Result<Option<&XrefSection>> {
        while self.sections.len() <= index && self.follow(window)? {}
        Ok(self.sections.get(index))
    }

    /// Reads the next older section. What loops runs into [`Limit::PdfObjects`].
    fn follow(&mut self, window: &mut Window<'_>) -> Result<bool> {
        let Some(at) = self.older.pop() else { return Ok(false) };
        window.meter().charge(Limit::Allocation, 512)?;
        let section = XrefSection::read(window, at)?;
        self.add(section)?;
        Ok(true)
    }

    /// The object `number`, or nothing where the cross-reference does not list it.
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

    /// Returns each object that may be `number`: by the cross-reference from section `since` on the
    /// one that it lists, by a search all that it found.
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
        let places: Vec<u64> =
            scanned.iter().filter(|found| found.number == number).map(|found| found.at).collect();
        let mut objects = Vec::new();
        for at in places {
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

    /// Notes what an encryption dictionary says of embedded files (ISO 32000-2 table 20): by
    /// default they are encrypted as all streams are, and `Identity` leaves them in the clear.
    pub(crate) fn note_encryption(&mut self, dict: &Dict<'_>) {
        let has_filters = dict.number(b"V").is_some_and(|version| version >= 4);
        let filter = dict.get(b"EFF").or(dict.get(b"StmF"));
        let is_identity = filter.is_none_or(|filter| filter.is_name(b"Identity"));
        let encrypts = !(has_filters && is_identity);
        self.encrypts_files |= encrypts;
        self.may_encrypt |= encrypts;
    }

    /// The same of an object that is ordinary mostly.
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

    fn lookup(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<XrefEntry>> {
        self.lookup_since(window, number, 0)
    }

    /// Returns where the sections from `index` on say that the object `number` is.
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

    /// Whether the object that stands first in the file is one that a section lists there.
    ///
    /// Nobody lists it where two files stand one behind the other, and the cross-reference of the
    /// second knows nothing of the first.
    pub(crate) fn lists_first_object(&mut self, window: &mut Window<'_>) -> Result<bool> {
        let head = window.head()?;
        let first = forwards(b"obj", 2, head)
            .filter(|end| *end > self.header)
            .find_map(|end| header_before(head.get(..end).unwrap_or_default()));
        let Some((at, number)) = first else { return Ok(false) };
        for section in self.sections.iter_mut() {
            if let Some(XrefEntry::Offset(listed)) = section.lookup(window, number)? {
                let before = to_u64(at).checked_sub(listed.saturating_add(self.base));
                // White space before an object does not matter.
                if before.is_some_and(|before| before <= SPACE_BEFORE) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn fetch_scanned(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Object>> {
        let scanned = self.scanned.as_deref().unwrap_or_default();
        window.meter().charge(Limit::Steps, to_u64(scanned.len()))?;
        let ours = |scanned_object: &&ScannedObject| scanned_object.number == number;
        let before = |scanned_object: &&ScannedObject| {
            ours(scanned_object) && scanned_object.at <= self.trailer_at
        };
        let found = scanned.iter().rfind(before).or_else(|| scanned.iter().rfind(ours));
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

    fn compressed(&mut self, window: &mut Window<'_>, stream: u64, number: u64) -> Result<Object> {
        self.decode(window, StreamKey::Number(stream))?.object(number).ok_or_else(|| {
            let why = format!("object {number} is not in the object stream {stream}");
            Error::malformed(ErrorCode::MalformedPdfObject, "object stream", None, why)
        })
    }

    fn decode(&mut self, window: &mut Window<'_>, place: StreamKey) -> Result<&ObjectStream> {
        if self.decoded.as_ref().is_none_or(|(decoded, _)| *decoded != place) {
            self.decoded = None;
            let (at, prefix) = match place {
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
            self.decoded = Some((place, stream));
        }
        match &self.decoded {
            Some((_, stream)) => Ok(stream),
            None => Err(Error::changed()),
        }
    }

    /// The decoded text of the object stream at `at`, for a search.
    pub(crate) fn stream_text(&mut self, window: &mut Window<'_>, at: u64) -> Result<&[u8]> {
        self.decode(window, StreamKey::At(at)).map(ObjectStream::bytes)
    }

    /// Returns the objects of the object stream at `at` whose text matches, and how many of those
    /// cannot be read.
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
