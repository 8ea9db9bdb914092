//! [`Document`]: the objects of a PDF, found by its cross-reference or by a search.

use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::byte_search::{backwards, forwards};
use crate::container::pdf::file::load::{Fields, Lead, Seen, Spot, load, look};
use crate::container::pdf::file::object_stream::ObjectStream;
use crate::container::pdf::file::small_list::Few;
use crate::container::pdf::file::xref::{Entry, Section};
use crate::container::pdf::layout::{HEADER, HEADER_WITHIN, SPACE_BEFORE, STARTXREF, TAIL};
use crate::container::pdf::protection::candidates::is_about_one;
use crate::container::pdf::protection::read::Depth;
use crate::container::pdf::protection::search::header_before;
use crate::container::pdf::syntax::lexer::{Lexer, Token};
use crate::container::pdf::syntax::object::{Dict, Object};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::Limit;
use crate::source::Window;

/// An object that a search has found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) number: u64,
    pub(crate) at: u64,
}

/// The objects of a PDF.
pub(crate) struct Document {
    /// Whether the file ends with the newest section that was found.
    pub(crate) is_last: bool,
    /// Newest first, as far as they were followed.
    sections: Few<Section>,
    /// Where the next older section lies.
    older: Few<u64>,
    /// Where the header stands, if that was looked for.
    header: usize,
    /// What all offsets are counted from: junk before the header counts or does not.
    base: u64,
    /// Everything that a search has found, in the order of the file; then no section counts.
    sightings: Option<Vec<Sighting>>,
    /// Object streams that a search has found, by their place.
    streams: Vec<u64>,
    /// With sightings: where the trailer lies that is believed. Objects before it are preferred.
    trailer_at: u64,
    /// The object stream that was decoded last.
    decoded: Option<(Place, ObjectStream)>,
    pub(crate) depth: Depth,
    /// Whether an encryption dictionary was read, and embedded files are encrypted with the rest.
    pub(crate) encrypts_files: bool,
    /// The same by any trailer of the file.
    may_encrypt: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Number(u64),
    At(u64),
}

impl Document {
    /// Finds the newest section from the end of the file (ISO 32000-2 7.5.5).
    pub(crate) fn open(window: &mut Window<'_>, depth: Depth) -> Result<Document> {
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
        let mut document = Document {
            is_last,
            sections: Few::default(),
            older: Few::default(),
            header,
            base: 0,
            sightings: None,
            streams: Vec::new(),
            trailer_at: 0,
            decoded: None,
            depth,
            encrypts_files: false,
            may_encrypt: false,
        };
        let first = match Section::read(window, offset) {
            Err(error) if start > 0 && error.kind() == ErrorKind::Malformed => {
                document.base = start;
                Section::read(window, offset.saturating_add(start)).map_err(|_| error)?
            }
            first => first?,
        };
        document.add(first)?;
        Ok(document)
    }

    /// The objects that a search has found, objects and object streams in the order of the file.
    pub(crate) fn from_search(
        sightings: Vec<Sighting>,
        streams: Vec<u64>,
        depth: Depth,
    ) -> Document {
        Document {
            is_last: true,
            sections: Few::default(),
            older: Few::default(),
            header: 0,
            base: 0,
            sightings: Some(sightings),
            streams,
            trailer_at: u64::MAX,
            decoded: None,
            depth,
            encrypts_files: false,
            may_encrypt: false,
        }
    }

    /// Resolves references from now on for the trailer or object at `at`.
    pub(crate) fn believe(&mut self, at: Option<u64>) {
        self.trailer_at = at.unwrap_or(u64::MAX);
        self.decoded = None;
        // Without a trailer any of them may be the one that counts.
        self.encrypts_files = at.is_none() && self.may_encrypt;
    }

    fn add(&mut self, mut section: Section) -> Result<()> {
        for at in section.older.places.into_iter().flatten() {
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
    ) -> Result<Option<&Section>> {
        while self.sections.len() <= index && self.follow(window)? {}
        Ok(self.sections.get(index))
    }

    /// Reads the next older section. What loops runs into [`Limit::PdfObjects`].
    fn follow(&mut self, window: &mut Window<'_>) -> Result<bool> {
        let Some(at) = self.older.pop() else { return Ok(false) };
        window.meter().charge(Limit::Allocation, 512)?;
        let section = Section::read(window, at)?;
        self.add(section)?;
        Ok(true)
    }

    /// The object `number`, or nothing where the cross-reference does not list it.
    pub(crate) fn fetch(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Object>> {
        window.meter().charge(Limit::PdfObjects, 1)?;
        if self.sightings.is_some() {
            return self.fetch_sighted(window, number);
        }
        match self.lookup(window, number)? {
            None => Ok(None),
            Some(Entry::Offset(at)) => {
                let at = at.saturating_add(self.base);
                load(window, at, Lead::Indirect(Some(number)), "object").map(Some)
            }
            Some(Entry::Compressed { stream }) => self.compressed(window, stream, number).map(Some),
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
        let Some(sightings) = self.sightings.as_deref() else {
            let object = match self.lookup_since(window, number, since)? {
                None => None,
                Some(Entry::Offset(at)) => {
                    let at = at.saturating_add(self.base);
                    Some(load(window, at, Lead::Indirect(Some(number)), "object")?)
                }
                Some(Entry::Compressed { stream }) => {
                    Some(self.compressed(window, stream, number)?)
                }
            };
            return Ok(object.into_iter().map(Ok).collect());
        };
        window.meter().charge(Limit::Steps, to_u64(sightings.len()))?;
        let places: Vec<u64> =
            sightings.iter().filter(|found| found.number == number).map(|found| found.at).collect();
        let mut objects = Vec::new();
        for at in places {
            match load(window, at, Lead::Indirect(Some(number)), "object") {
                Err(error) if !is_about_one(&error) => return Err(error),
                object => objects.push(object),
            }
        }
        if objects.is_empty() {
            objects.extend(self.fetch_sighted(window, number)?.map(Ok));
        }
        Ok(objects)
    }

    /// Returns whether the cross-reference lists `number` in an object stream.
    pub(crate) fn is_compressed(&mut self, window: &mut Window<'_>, number: u64) -> Result<bool> {
        if self.sightings.is_some() {
            return Ok(false);
        }
        Ok(matches!(self.lookup(window, number)?, Some(Entry::Compressed { .. })))
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
    pub(crate) fn look<T: Fields>(
        &mut self,
        window: &mut Window<'_>,
        number: u64,
    ) -> Result<Option<Seen<T>>> {
        if self.sightings.is_some() {
            return Ok(self.fetch(window, number)?.map(Seen::Object));
        }
        window.meter().charge(Limit::PdfObjects, 1)?;
        match self.lookup(window, number)? {
            None => Ok(None),
            Some(Entry::Offset(at)) => {
                let at = at.saturating_add(self.base);
                look(window, at, Lead::Indirect(Some(number)), "object").map(Some)
            }
            Some(Entry::Compressed { stream }) => {
                let fields = self.decode(window, Place::Number(stream))?.fields(number);
                if let Some(fields) = fields {
                    return Ok(Some(Seen::Fields(fields, Spot::default())));
                }
                self.compressed(window, stream, number).map(Seen::Object).map(Some)
            }
        }
    }

    fn lookup(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Entry>> {
        self.lookup_since(window, number, 0)
    }

    /// Returns where the sections from `index` on say that the object `number` is.
    fn lookup_since(
        &mut self,
        window: &mut Window<'_>,
        number: u64,
        mut index: usize,
    ) -> Result<Option<Entry>> {
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
    pub(crate) fn lists_first(&mut self, window: &mut Window<'_>) -> Result<bool> {
        let head = window.head()?;
        let first = forwards(b"obj", 2, head)
            .filter(|end| *end > self.header)
            .find_map(|end| header_before(head.get(..end).unwrap_or_default()));
        let Some((at, number)) = first else { return Ok(false) };
        for section in self.sections.iter_mut() {
            if let Some(Entry::Offset(listed)) = section.lookup(window, number)? {
                let before = to_u64(at).checked_sub(listed.saturating_add(self.base));
                // White space before an object does not matter.
                if before.is_some_and(|before| before <= SPACE_BEFORE) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn fetch_sighted(&mut self, window: &mut Window<'_>, number: u64) -> Result<Option<Object>> {
        let sightings = self.sightings.as_deref().unwrap_or_default();
        window.meter().charge(Limit::Steps, to_u64(sightings.len()))?;
        let ours = |sighting: &&Sighting| sighting.number == number;
        let before = |sighting: &&Sighting| ours(sighting) && sighting.at <= self.trailer_at;
        let found = sightings.iter().rfind(before).or_else(|| sightings.iter().rfind(ours));
        if let Some(found) = found {
            let (at, lead) = (found.at, Lead::Indirect(Some(number)));
            return load(window, at, lead, "object").map(Some);
        }
        for index in (0..self.streams.len()).rev() {
            let Some(at) = self.streams.get(index).copied() else { break };
            match self.decode(window, Place::At(at)) {
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
        self.decode(window, Place::Number(stream))?.object(number).ok_or_else(|| {
            let why = format!("object {number} is not in the object stream {stream}");
            Error::malformed(ErrorCode::MalformedPdfObject, "object stream", None, why)
        })
    }

    fn decode(&mut self, window: &mut Window<'_>, place: Place) -> Result<&ObjectStream> {
        if self.decoded.as_ref().is_none_or(|(decoded, _)| *decoded != place) {
            self.decoded = None;
            let (at, lead) = match place {
                Place::At(at) => (at, Lead::Indirect(None)),
                Place::Number(number) => match self.lookup(window, number)? {
                    Some(Entry::Offset(at)) => {
                        (at.saturating_add(self.base), Lead::Indirect(Some(number)))
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
            let stream = ObjectStream::read(window, at, lead)?;
            self.decoded = Some((place, stream));
        }
        match &self.decoded {
            Some((_, stream)) => Ok(stream),
            None => Err(Error::changed()),
        }
    }

    /// The decoded text of the object stream at `at`, for a search.
    pub(crate) fn stream_text(&mut self, window: &mut Window<'_>, at: u64) -> Result<&[u8]> {
        self.decode(window, Place::At(at)).map(ObjectStream::bytes)
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
        self.decode(window, Place::At(at))?.matching(meter, matches)
    }
}

/// Where `%PDF-` begins within the first 1024 bytes.
pub(crate) fn find_header(head: &[u8]) -> Option<usize> {
    let within = HEADER_WITHIN.saturating_add(HEADER.len()).min(head.len());
    forwards(HEADER, 0, head.get(..within).unwrap_or_default()).next()
}

/// The same in the rest of `head`, where some readers accept it too.
pub(crate) fn find_late_header(head: &[u8]) -> Option<usize> {
    let late = forwards(HEADER, 0, head.get(HEADER_WITHIN..)?).next()?;
    Some(late.saturating_add(HEADER_WITHIN))
}
