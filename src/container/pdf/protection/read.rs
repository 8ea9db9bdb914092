//! From the trailer to what keeps people out.

use crate::code::ErrorCode;
use crate::container::pdf::file::document::Document;
use crate::container::pdf::file::small_list::Few;
use crate::container::pdf::file::xref::Said;
use crate::container::pdf::layout::{SUSPECTS, TRAILER_KEYS};
use crate::container::pdf::protection::attachment;
use crate::container::pdf::protection::candidates::Candidates;
use crate::container::pdf::protection::catalog;
use crate::container::pdf::protection::handler;
use crate::container::pdf::protection::label;
use crate::container::pdf::protection::search;
use crate::container::pdf::syntax::object::{Dict, Object, refs};
use crate::container::pdf::syntax::value::Value;
use crate::container::sink::Sink;
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::source::{Extent, Window};

/// What the structure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Candidates were found.
    Settled,
    /// Nothing protects it.
    Plain,
    /// The structure is odd: a protected file with one byte changed may look like this.
    Doubtful,
    /// An object of the structure is missing or damaged, or more of the file follows: whatever was
    /// found, there may be more.
    Damaged,
}

/// Whether the PDF is the member itself, or the compressed payload of one. In the latter another
/// compressed payload is not opened: nothing here recurses further than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    Outer,
    Payload,
}

/// Reads a PDF.
pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    read_at(Depth::Outer, window, sink)
}

pub(crate) fn read_at(depth: Depth, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Pdf);
    sink.protection(Protection::Unknown);
    let mut out = Candidates::new(sink);
    read_candidates(depth, window, &mut out)?;
    let protection = out.protection().unwrap_or(Protection::None);
    out.protection_of_file(protection);
    Ok(())
}

fn read_candidates(
    depth: Depth,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<Answer> {
    let followed = Document::open(window, depth).and_then(|mut document| {
        let answer = judge(&mut document, window, out)?;
        if answer != Answer::Settled && out.options().labels {
            label::read(&mut document, window, &mut **out);
        }
        Ok(answer)
    });
    match followed {
        Ok(Answer::Doubtful | Answer::Damaged) => search::confirm(window, out, depth),
        Err(error) if error.kind() == ErrorKind::Malformed => {
            out.anomaly(Anomaly::XrefRebuilt, error.offset());
            search::rebuild(window, out, depth, error)
        }
        answer => answer,
    }
}

/// Reads what the trailers, oldest last, and the catalog lead to.
fn judge(
    document: &mut Document,
    window: &mut Window<'_>,
    out: &mut Candidates<'_>,
) -> Result<Answer> {
    let mut index: usize = 0;
    let mut roots = Few::default();
    let mut suspects = Vec::new();
    let (mut doubt, mut is_damaged) = (false, !document.is_last);
    while let Some(section) = document.section(window, index)? {
        let (root, protected) = match &section.trailer {
            Said::Plain(plain) => (plain.root, None),
            Said::Whole(trailer) => {
                let seen = Trailer::read(trailer)?;
                doubt |= seen.doubt;
                is_damaged |= seen.has_strays;
                suspects.extend(&seen.suspects);
                (seen.root, seen.is_protected().then(|| trailer.clone()))
            }
        };
        if let Some(root) = root
            && !roots.iter().any(|known| *known == root)
        {
            roots.push(root);
        }
        if let Some(trailer) = protected {
            Trailer::read(&trailer)?.settle(index, document, window, out)?;
        }
        index = index.saturating_add(1);
    }
    for suspect in suspects {
        match document.fetch(window, suspect)? {
            Some(object) if handler::resembles(&object) => {
                handler::read(&object, document, window, out)?;
            }
            Some(_) => {}
            // It may be in the file all the same.
            None => is_damaged = true,
        }
    }
    let is_encrypted = out.protection().is_some();
    if roots.len() == 0 && !is_encrypted {
        return Err(Error::malformed(
            ErrorCode::MalformedPdfTrailer,
            "trailer",
            None,
            "has no /Root",
        ));
    }
    for (older, root) in roots.iter().enumerate() {
        match catalog::read(*root, document, window, out) {
            Ok(answer) => {
                doubt |= answer == Answer::Doubtful;
                is_damaged |= answer == Answer::Damaged;
            }
            Err(error) if error.kind() != ErrorKind::Malformed => return Err(error),
            // Object streams are encrypted too, and what is in them is not named in the clear.
            Err(_) if is_encrypted && is_hidden(*root, document, window, out)? => {}
            Err(_) if older > 0 => is_damaged = true,
            Err(error) => return Err(error),
        }
    }
    if !is_encrypted && !out.is_wrapper && !doubt {
        doubt = !lists_first(document, window)?;
    }
    let answer = match out.protection() {
        _ if is_damaged => Answer::Doubtful,
        Some(_) => Answer::Settled,
        None if doubt => Answer::Doubtful,
        None => Answer::Plain,
    };
    if let Some(root) = roots.iter().next() {
        attachment::read(*root, document, window, out)?;
    }
    Ok(answer)
}

/// Returns whether the catalog of an encrypted file says nothing in the clear, or the file needs a
/// rights management server whatever its catalog says.
fn is_hidden(
    root: u64,
    document: &mut Document,
    window: &mut Window<'_>,
    out: &Candidates<'_>,
) -> Result<bool> {
    if out.protection() == Some(Protection::Rms) {
        return Ok(true);
    }
    match document.is_compressed(window, root) {
        Err(error) if error.kind() == ErrorKind::Malformed => Ok(false),
        is_compressed => is_compressed,
    }
}

/// Whether the beginning of the file is part of the document. What cannot be looked up is not.
fn lists_first(document: &mut Document, window: &mut Window<'_>) -> Result<bool> {
    match document.lists_first(window) {
        Err(error) if error.kind() == ErrorKind::Malformed => Ok(false),
        listed => listed,
    }
}

/// What one trailer says, read apart from the document.
pub(crate) struct Trailer<'a> {
    object: &'a Object,
    encrypt: Vec<Value<'a>>,
    wrapper: Option<Option<u64>>,
    wrapper_type: Option<Vec<u8>>,
    pub(crate) root: Option<u64>,
    info: Option<u64>,
    /// Whether one of these stands in the trailer itself.
    has_direct: bool,
    /// Objects under keys that nobody knows.
    suspects: Vec<u64>,
    /// Whether it is written as nobody writes it.
    doubt: bool,
    /// Whether tokens follow its dictionary.
    has_strays: bool,
}

/// What a trailer says of which nothing is odd and that protects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Plain {
    pub(crate) root: Option<u64>,
    pub(crate) info: Option<u64>,
}

impl<'a> Trailer<'a> {
    pub(crate) fn read(object: &'a Object) -> Result<Trailer<'a>> {
        Ok(Trailer::of(object, &object.dict("trailer")?))
    }

    /// The trailer `object`, whose dictionary is `dict`.
    pub(crate) fn of(object: &'a Object, dict: &Dict<'a>) -> Trailer<'a> {
        let encrypt: Vec<Value<'a>> = dict.all(b"Encrypt").cloned().collect();
        let has_wrapper = dict.get(b"Wrapper").is_some() || dict.get(b"WrapperOffset").is_some();
        let mut trailer = Trailer {
            object,
            wrapper: has_wrapper.then(|| dict.number(b"WrapperOffset")),
            wrapper_type: wrapper_type(dict),
            root: dict.get(b"Root").and_then(Value::reference),
            info: dict.get(b"Info").and_then(Value::reference),
            has_direct: [&b"Root"[..], b"Info"]
                .iter()
                .any(|key| matches!(dict.get(key), Some(Value::Dict(_)))),
            suspects: Vec::new(),
            has_strays: dict.has_strays(),
            doubt: dict.is_odd() || dict.mentions(b"Encrypt") && encrypt.is_empty(),
            encrypt,
        };
        for (key, value) in dict.entries() {
            if !TRAILER_KEYS.contains(&key) {
                trailer.doubt_value(value);
            }
        }
        trailer.doubt |= dict.mentions_sign();
        trailer
    }

    /// All that it says, if that is no more than where the catalog is.
    pub(crate) fn plain(&self) -> Option<Plain> {
        let is_plain = !self.is_protected() && self.suspects.is_empty() && !self.doubt;
        let is_plain = is_plain && !self.has_direct;
        is_plain.then_some(Plain { root: self.root, info: self.info })
    }

    fn doubt_value(&mut self, value: &Value<'_>) {
        match value {
            Value::Ref(_) | Value::Array(_) => {
                self.suspects.extend(refs(value).take(SUSPECTS));
                // A search finds what the rest of a long list leads to.
                self.doubt |= refs(value).nth(SUSPECTS).is_some();
            }
            // `/Encrypt` may be direct, and `/Wrapper` is.
            Value::Dict(raw) => {
                let has = |key: &[u8]| Dict::parse(raw).is_ok_and(|dict| dict.get(key).is_some());
                self.doubt |= has(b"Filter") || (has(b"Type") && has(b"Version"));
            }
            _ => {}
        }
    }

    pub(crate) fn is_protected(&self) -> bool {
        !self.encrypt.is_empty() || self.wrapper.is_some()
    }

    /// Reads every candidate that this trailer names. References are those of the cross-reference
    /// from section `since` on.
    pub(crate) fn settle(
        &self,
        since: usize,
        document: &mut Document,
        window: &mut Window<'_>,
        out: &mut Candidates<'_>,
    ) -> Result<()> {
        if self.wrapper.is_some() {
            self.wrapped(window, out)?;
        }
        for value in &self.encrypt {
            match value {
                Value::Ref(number) => {
                    self.dictionaries(*number, since, document, window, out)?;
                }
                Value::Dict(raw) => {
                    let dictionary = Object::direct(raw, self.object.offset_of(raw));
                    handler::read(&dictionary, document, window, out)?;
                }
                // A key without a value is absent (ISO 32000-2 7.3.7).
                Value::Null => {}
                _ => return Err(self.no_dictionary()),
            }
        }
        Ok(())
    }

    fn no_dictionary(&self) -> Error {
        let (at, why) = (self.object.at(), "/Encrypt leads to no dictionary");
        Error::malformed(ErrorCode::MalformedPdfEncrypt, "trailer", at, why)
    }

    /// Reads the encryption dictionary that is object `number`. A search may find several objects
    /// of that number, and those that look like one are all candidates.
    fn dictionaries(
        &self,
        number: u64,
        since: usize,
        document: &mut Document,
        window: &mut Window<'_>,
        out: &mut Candidates<'_>,
    ) -> Result<()> {
        let objects = document.fetch_all(window, number, since)?;
        if let [object] = objects.as_slice() {
            return handler::read(object.as_ref().map_err(Error::clone)?, document, window, out);
        }
        let mut is_found = false;
        let mut refused = None;
        for object in objects {
            match object {
                Ok(object) if handler::resembles(&object) => {
                    is_found = true;
                    let read = handler::read(&object, document, window, out);
                    out.keep_error(read)?;
                }
                Ok(_) => {}
                Err(error) => refused = Some(error),
            }
        }
        match refused {
            Some(error) => Err(error),
            None if is_found => Ok(()),
            None => match document.fetch(window, number)? {
                Some(object) => handler::read(&object, document, window, out),
                None => Err(self.no_dictionary()),
            },
        }
    }

    /// `/Wrapper` and `/WrapperOffset`: the bytes before the offset are the protected PDF.
    fn wrapped(&self, window: &mut Window<'_>, out: &mut Candidates<'_>) -> Result<()> {
        let kind = self.wrapper_type.as_deref().unwrap_or_default();
        if handler::is_microsoft_name(kind) {
            out.container(Container::PdfIrmV1);
            out.protects(Protection::Rms);
        }
        out.evidence("Wrapper/Type", &String::from_utf8_lossy(kind), self.object.at());
        let len = self.wrapper.flatten().filter(|len| (1..window.len()).contains(len));
        let Some(len) = len else {
            let (at, why) = (self.object.at(), "/WrapperOffset leads to no PDF");
            return Err(Error::malformed(ErrorCode::MalformedPdfTrailer, "trailer", at, why));
        };
        out.is_wrapper = true;
        out.layer(Extent { offset: 0, len })
    }
}

fn wrapper_type(trailer: &Dict<'_>) -> Option<Vec<u8>> {
    trailer.dict(b"Wrapper")?.name(b"Type").map(<[u8]>::to_vec)
}
