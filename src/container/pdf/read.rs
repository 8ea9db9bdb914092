//! From the trailer to what keeps people out.

use super::document::Document;
use super::layout::{PAYLOAD_DAMAGED, SUSPECTS, TRAILER_KEYS};
use super::object::{Dict, Object, refs};
use super::value::Value;
use super::xref::Said;
use super::{attachment, catalog, handler, label, search};
use crate::container::{Anomaly, Body, Container, Member, Name, Protection, Sink};
use crate::error::{Error, ErrorKind, Result};
use crate::source::{Extent, Window};

/// What the structure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The sink was told what protects it.
    Settled,
    /// Nothing protects it.
    Plain,
    /// Nothing protects it as far as it can be read, but something is not as anybody writes it: a
    /// protected file with one byte changed looks like this too.
    Doubtful,
}

/// Whether the PDF is the member itself, or the compressed payload of one. In the latter another
/// compressed payload is not opened: nothing here recurses further than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Depth {
    Outer,
    Payload,
}

/// Reads a PDF.
pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    read_at(Depth::Outer, window, sink)
}

pub(super) fn read_at(depth: Depth, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Pdf);
    sink.protection(Protection::Unknown);
    let followed = Document::open(window, depth).and_then(|mut document| {
        let answer = judge(&mut document, window, sink)?;
        if answer != Answer::Settled && sink.wanted().labels {
            label::read(&mut document, window, sink);
        }
        Ok(answer)
    });
    let answer = match followed {
        Ok(Answer::Doubtful) => search::confirm(window, sink, depth)?,
        Err(error) if error.kind() == ErrorKind::Malformed && !is_final(&error) => {
            sink.anomaly(Anomaly::XrefRebuilt, error.offset());
            search::rebuild(window, sink, depth, error)?
        }
        answer => answer?,
    };
    if answer != Answer::Settled {
        sink.protection(Protection::None);
    }
    Ok(())
}

/// Whether the structure was believed, and what it leads to is damaged: no search finds better.
pub(super) fn is_final(error: &Error) -> bool {
    error.code().starts_with("license-") || error.code() == PAYLOAD_DAMAGED
}

/// What the trailers, oldest last, and the catalog say.
fn judge(document: &mut Document, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<Answer> {
    let mut index: usize = 0;
    let mut root = None;
    let mut suspects = Vec::new();
    let mut doubt = false;
    while let Some(section) = document.section(window, index)? {
        index = index.saturating_add(1);
        let trailer = match &section.trailer {
            Said::Plain(plain) => {
                root = root.or(plain.root);
                continue;
            }
            Said::Whole(trailer) => trailer.clone(),
        };
        let seen = Trailer::read(&trailer)?;
        if seen.is_protected() {
            seen.settle(document, window, sink)?;
            return Ok(Answer::Settled);
        }
        doubt |= seen.doubt;
        root = root.or(seen.root);
        suspects.extend(seen.suspects);
        suspects.truncate(SUSPECTS);
    }
    let Some(root) = root else {
        return Err(Error::malformed("malformed-pdf-trailer", "trailer", None, "has no /Root"));
    };
    for suspect in suspects {
        match document.fetch(window, suspect)? {
            Some(object) if handler::resembles(&object) => {
                handler::read(&object, document, window, sink)?;
                return Ok(Answer::Settled);
            }
            Some(_) => {}
            // It may stand in the file all the same.
            None => doubt = true,
        }
    }
    let answer = match catalog::read(root, document, window, sink)? {
        Answer::Plain if doubt || !lists_first(document, window)? => Answer::Doubtful,
        answer => answer,
    };
    if answer != Answer::Settled {
        attachment::read(root, document, window, sink)?;
    }
    Ok(answer)
}

/// Whether the beginning of the file is part of the document. What cannot be looked up is not.
fn lists_first(document: &mut Document, window: &mut Window<'_>) -> Result<bool> {
    match document.lists_first(window) {
        Err(error) if error.kind() == ErrorKind::Malformed => Ok(false),
        listed => listed,
    }
}

/// What one trailer says, read apart from the document.
pub(super) struct Trailer<'a> {
    object: &'a Object,
    encrypt: Vec<Value<'a>>,
    wrapper: Option<Option<u64>>,
    wrapper_type: Option<Vec<u8>>,
    pub(super) root: Option<u64>,
    info: Option<u64>,
    /// Whether one of these stands in the trailer itself.
    has_direct: bool,
    /// Objects under keys that nobody knows.
    suspects: Vec<u64>,
    /// Whether it is written as nobody writes it.
    doubt: bool,
}

/// What a trailer says of which nothing is odd and that protects nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) root: Option<u64>,
    pub(super) info: Option<u64>,
}

impl<'a> Trailer<'a> {
    pub(super) fn read(object: &'a Object) -> Result<Trailer<'a>> {
        Ok(Trailer::of(object, &object.dict("trailer")?))
    }

    /// The trailer `object`, whose dictionary is `dict`.
    pub(super) fn of(object: &'a Object, dict: &Dict<'a>) -> Trailer<'a> {
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
    pub(super) fn plain(&self) -> Option<Plain> {
        let is_plain = !self.is_protected() && self.suspects.is_empty() && !self.doubt;
        let is_plain = is_plain && !self.has_direct;
        is_plain.then_some(Plain { root: self.root, info: self.info })
    }

    fn doubt_value(&mut self, value: &Value<'_>) {
        match value {
            Value::Ref(_) | Value::Array(_) => self.suspects.extend(refs(value)),
            // `/Encrypt` may be direct, and `/Wrapper` is.
            Value::Dict(raw) => {
                let has = |key: &[u8]| Dict::parse(raw).is_ok_and(|dict| dict.get(key).is_some());
                self.doubt |= has(b"Filter") || (has(b"Type") && has(b"Version"));
            }
            _ => {}
        }
    }

    pub(super) fn is_protected(&self) -> bool {
        !self.encrypt.is_empty() || self.wrapper.is_some()
    }

    /// Tells the sink what protects the file by this trailer.
    pub(super) fn settle(
        &self,
        document: &mut Document,
        window: &mut Window<'_>,
        sink: &mut dyn Sink,
    ) -> Result<()> {
        if self.encrypt.is_empty() {
            return self.wrapped(window, sink);
        }
        let missing = || {
            let (at, why) = (self.object.at(), "/Encrypt leads to no dictionary");
            Err(Error::malformed("malformed-pdf-encrypt", "trailer", at, why))
        };
        let mut is_first = true;
        for value in &self.encrypt {
            let dictionary = match value {
                Value::Ref(number) => document.fetch(window, *number)?,
                Value::Dict(raw) => Some(Object::direct(raw, self.object.offset_of(raw))),
                _ => None,
            };
            // Of two entries the one that needs a server counts.
            match dictionary {
                Some(dictionary) if is_first || handler::is_microsoft(&dictionary) => {
                    handler::read(&dictionary, document, window, sink)?;
                }
                Some(_) => {}
                None => return missing(),
            }
            is_first = false;
        }
        Ok(())
    }

    /// `/Wrapper` and `/WrapperOffset`: the bytes before the offset are the protected PDF.
    fn wrapped(&self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
        let kind = self.wrapper_type.as_deref().unwrap_or_default();
        if handler::is_microsoft_name(kind) {
            sink.container(Container::PdfIrmV1);
            sink.protection(Protection::Rms);
        }
        sink.evidence("Wrapper/Type", &String::from_utf8_lossy(kind), self.object.at());
        let len = self.wrapper.flatten().filter(|len| (1..window.len()).contains(len));
        let Some(len) = len else {
            let (at, why) = (self.object.at(), "/WrapperOffset leads to no PDF");
            return Err(Error::malformed("malformed-pdf-trailer", "trailer", at, why));
        };
        sink.member(Member {
            name: Name::Layer,
            body: Body::Stored(vec![Extent { offset: 0, len }]),
        })
    }
}

fn wrapper_type(trailer: &Dict<'_>) -> Option<Vec<u8>> {
    trailer.dict(b"Wrapper")?.name(b"Type").map(<[u8]>::to_vec)
}
