//! The documents of a license as a caller sees them: [`License`], [`Certificate`], [`AppData`].

use std::borrow::Cow;
use std::ops::Range;

use super::events::{Attributes, Event, Events};
use super::key::{Key, MAX_CERTIFICATE_LETTERS, decode_base64_of};
use super::kind::CertificateKind;
use super::link;
use super::owned::{Entry, Located, OwnedParty};
use super::reader::{self, Documents};
use super::text::Text;
use crate::bytes::{Buffer, to_u64};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::kinds::{Depth, Signature};
use crate::limits::{Cancel, Limit, Limits, Meter};
use crate::timestamp::Timestamp;

/// A publishing license as it lies in its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct License {
    pub(crate) raw: Vec<u8>,
    pub(crate) offset: Option<u64>,
}

impl License {
    /// Its bytes as the container delivers them, in whatever encoding.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Where they lie in the file, if they do so in one piece and not encoded.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }

    /// Every document in it, in the order in which they stand; those of a damaged license that
    /// could be read. In a `<CERTIFICATECHAIN>` each stands where its base64 does.
    pub fn certificates(&self) -> Vec<Certificate> {
        let text = Text::decode(&self.raw);
        let meter = Meter::new(Limits::default(), Cancel::default());
        let mut all = certificates_of(&text, &meter);
        if !all.is_empty() {
            return all;
        }
        // What follows damage, or a budget that is spent, is left out.
        let _ = each_in_chain(text.utf8(), &meter, |place, bytes| {
            for mut certificate in certificates_of(&Text::decode(bytes), &meter) {
                certificate.start = to_u64(text.raw_offset(place.start));
                certificate.end = to_u64(text.raw_offset(place.end));
                all.push(certificate);
            }
            Ok(())
        });
        all
    }

    /// The text of every document as it is signed, whatever encoding it lies in; in the order of
    /// [`License::certificates`].
    pub fn documents(&self) -> Vec<String> {
        let meter = Meter::new(Limits::default(), Cancel::default());
        let of = |text: &Text<'_>| -> Vec<String> {
            let documents = reader::documents(text.utf8(), Depth::Full, None, &meter);
            let whole = |entry: &Entry<'_>| crate::bytes::utf8_lossy(entry.bytes).into_owned();
            documents.list.iter().map(whole).collect()
        };
        let text = Text::decode(&self.raw);
        let mut all = of(&text);
        if all.is_empty() {
            // As in `certificates`.
            let _ = each_in_chain(text.utf8(), &meter, |_, bytes| {
                all.extend(of(&Text::decode(bytes)));
                Ok(())
            });
        }
        all
    }

    /// All of it as text, whatever encoding it lies in.
    pub fn text(&self) -> String {
        crate::bytes::utf8_lossy(Text::decode(&self.raw).utf8()).into_owned()
    }

    /// The named data that the publishing license carries in the clear.
    pub fn app_data(&self) -> Vec<AppData> {
        let text = Text::decode(&self.raw);
        let meter = Meter::new(Limits::default(), Cancel::default());
        let documents = reader::documents(text.utf8(), Depth::Full, None, &meter);
        let license = documents.list.iter().find_map(Entry::license);
        let body = license.and_then(|license| license.body);
        body.map(|body| app_data(body.of(text.utf8()))).unwrap_or_default()
    }
}

/// One `AUTHENTICATEDDATA` element.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AppData {
    /// `id`, for example `APPSPECIFIC` or `LABEL`.
    pub id: String,
    /// `name`; absent for the encrypted rights data.
    pub name: Option<String>,
    /// Its text, often base64.
    pub value: String,
}

fn app_data(body: &[u8]) -> Vec<AppData> {
    let lossy = |bytes| crate::bytes::utf8_lossy(bytes).into_owned();
    let mut events = Events::new(body, 0);
    let mut list = Vec::new();
    let mut open: Option<AppData> = None;
    while let Some(Ok(event)) = events.next() {
        match event {
            Event::Open { name: b"AUTHENTICATEDDATA", attributes, .. } => {
                let mut data = AppData { id: String::new(), name: None, value: String::new() };
                for (name, value) in Attributes::new(attributes) {
                    match name {
                        b"id" => data.id = lossy(value),
                        b"name" => data.name = Some(lossy(value)),
                        _ => {}
                    }
                }
                open = Some(data);
            }
            Event::Text(text) => {
                if let Some(data) = &mut open {
                    data.value.push_str(&lossy(text));
                }
            }
            Event::Close { name } if name.trim_ascii_end() == b"AUTHENTICATEDDATA" => {
                list.extend(open.take());
            }
            _ => {}
        }
    }
    list
}

/// One document of a license: the license itself or a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Certificate {
    /// What it is.
    pub kind: CertificateKind,
    /// Where it begins in [`License::raw`], or the base64 that it was in.
    pub start: u64,
    /// Where it ends there.
    pub end: u64,
    /// ISSUEDTIME.
    pub issued: Option<Timestamp>,
    /// The certificate's own id; not that of its principal.
    pub descriptor_id: Option<String>,
    /// Who signed it.
    pub issuer: Party,
    /// Whom it is about.
    pub principal: Party,
    /// When its principal may issue, from and until, where it says so.
    pub may_issue: (Option<Timestamp>, Option<Timestamp>),
    /// What its own signature says.
    pub signature: Signature,
}

impl Certificate {
    fn new(located: &Located<'_>, text: &Text<'_>, signature: Signature) -> Certificate {
        let document = &located.document;
        Certificate {
            kind: document.kind,
            start: to_u64(text.raw_offset(located.start)),
            end: to_u64(text.raw_offset(located.start.saturating_add(located.bytes.len()))),
            issued: document.issued,
            descriptor_id: document.descriptor_id.clone(),
            issuer: Party::new(&document.issuer),
            principal: Party::new(&document.principal),
            may_issue: (document.issue_from.time(), document.issue_until.time()),
            signature,
        }
    }
}

/// The issuer or the principal of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Party {
    /// `OBJECT type`: `MS-DRM-Server`, `Group-Identity`, `DRM-Certificate-Authority` …
    pub object_type: Option<String>,
    /// `ID`, a GUID without braces where it is one.
    pub id: Option<String>,
    /// `NAME`.
    pub name: Option<String>,
    /// `ADDRESS` of a server.
    pub address: Option<String>,
    /// `sha256:` and 64 hex digits over the big-endian modulus.
    pub key: Option<String>,
    /// Bits of the modulus.
    pub key_bits: Option<u32>,
}

impl Party {
    fn new(party: &OwnedParty) -> Party {
        Party {
            object_type: party.object_type.clone(),
            id: party.id.clone(),
            name: party.name.clone(),
            address: party.address.clone(),
            key: party.key.as_ref().map(|key| key.fingerprint().to_owned()),
            key_bits: party.key.as_ref().map(Key::bits),
        }
    }
}

/// Reads every document of a text.
fn certificates_of(text: &Text<'_>, meter: &Meter) -> Vec<Certificate> {
    let documents = reader::documents(text.utf8(), Depth::Full, None, meter);
    certificates_in(&documents, text, meter)
}

/// Reads every document of a text that an operator gives, whatever elements contain it.
#[cfg(feature = "estate")]
pub(crate) fn certificates_in_wrapper(bytes: &[u8], meter: &Meter) -> Vec<Certificate> {
    let text = Text::decode(bytes);
    let documents = reader::documents_in_wrapper(text.utf8(), meter);
    certificates_in(&documents, &text, meter)
}

fn certificates_in(documents: &Documents<'_>, text: &Text<'_>, meter: &Meter) -> Vec<Certificate> {
    let certificate = |entry: &Entry<'_>| {
        let located = entry.locate();
        let signature = link::signature(&located, meter);
        Certificate::new(&located, text, signature.unwrap_or(Signature::NotChecked))
    };
    documents.list.iter().map(certificate).collect()
}

/// Decodes the XrML of `<CERTIFICATECHAIN><CERTIFICATE>base64</CERTIFICATE>…`, in either case, leaf
/// first; text that is XrML already stays as it is. Fails on a certificate that is no base64.
pub(crate) fn unwrap_chain<'a>(bytes: &'a [u8], meter: &Meter) -> Result<Cow<'a, [u8]>> {
    let text = Text::decode(bytes);
    let mut chain = Buffer::default();
    let is_chain = each_in_chain(text.utf8(), meter, |_, certificate| {
        chain.extend(meter, Text::decode(certificate).utf8())
    })?;
    Ok(if is_chain { Cow::Owned(chain.into_vec()) } else { Cow::Borrowed(bytes) })
}

/// Hands out what each `<CERTIFICATE>` of a chain holds, and where its base64 stands. False where
/// the text is XrML itself.
fn each_in_chain(
    text: &[u8],
    meter: &Meter,
    mut take: impl FnMut(Range<usize>, &[u8]) -> Result<()>,
) -> Result<bool> {
    let mut events = Events::new(text, 0);
    let mut inside = false;
    while let Some(Ok(event)) = events.next() {
        meter.charge(Limit::Steps, 1)?;
        match event {
            Event::Open { name: b"XrML", .. } => return Ok(false),
            Event::Open { name, .. } => inside = name.eq_ignore_ascii_case(b"CERTIFICATE"),
            Event::Close { .. } => inside = false,
            Event::Text(base64) if inside => {
                // Certificates of a use license are of a few kilobytes each.
                let at = to_u64(events.start());
                let decoded = decode_base64_of(base64, MAX_CERTIFICATE_LETTERS);
                let certificate = decoded.ok_or_else(|| {
                    Error::malformed(ErrorCode::MalformedXrml, "CERTIFICATE", at, "it is no base64")
                })?;
                take(events.start()..events.end(), &certificate)?;
            }
            Event::Text(_) => {}
        }
    }
    Ok(true)
}
