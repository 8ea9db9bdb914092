//! The documents of a license as a caller sees them: [`License`], [`Certificate`], [`AppData`].

use std::borrow::Cow;
use std::ops::Range;

use super::document::{self, Document};
use super::events::{Attributes, Event, Events};
use super::key::{MAX_CERTIFICATE_LETTERS, Modulus, decode_base64_of};
use super::reader::{self, Documents};
use super::text::Text;
use super::{Verifier, guid, string, time};
use crate::bytes::{Buffer, wide};
use crate::error::{Error, Result};
use crate::facts::{Depth, Signature};
use crate::limits::{Cancel, Limit, Limits, Meter};
use crate::names::names;
use crate::timestamp::Timestamp;

names! {
    /// What a document is, by its BODY and its DESCRIPTOR (MS-RMPR 2.2.9).
    pub enum CertificateKind {
        /// A publishing license.
        PublishingLicense = "publishing license",
        /// A rights policy template as the server publishes it.
        OfficialTemplate = "official rights template",
        /// A rights template: the plain text of encrypted rights data.
        Template = "rights template",
        /// Of a server, or of the service that enrolls servers.
        ServerLicensor = "server licensor certificate",
        /// Of a client that publishes offline.
        ClientLicensor = "client licensor certificate",
        /// Of a certificate authority.
        CertificateAuthority = "certificate authority",
        /// A use license, or the owner's copy of one.
        UseLicense = "use license",
        /// Of a user's account.
        RightsAccount = "rights account certificate",
        /// Of a machine.
        Machine = "machine certificate",
        /// Of an application's signer.
        ApplicationSigning = "application signing certificate",
        /// Some other certificate.
        Certificate = "certificate",
        /// Nothing that the format knows.
        Unknown = "unknown",
    }
}

impl CertificateKind {
    pub(crate) fn of(body_type: &[u8], descriptor_type: Option<&[u8]>) -> CertificateKind {
        match body_type.trim_ascii() {
            b"Microsoft Official Rights Template" => CertificateKind::OfficialTemplate,
            b"Microsoft Rights Template" => CertificateKind::Template,
            b"LICENSE" => match descriptor_type.map(<[u8]>::trim_ascii) {
                Some(b"Server-Licensor-Certificate") => CertificateKind::ServerLicensor,
                Some(b"Client-Licensor-Certificate") => CertificateKind::ClientLicensor,
                Some(b"DRM-CA-Certificate") => CertificateKind::CertificateAuthority,
                Some(b"Content-License") => CertificateKind::UseLicense,
                Some(b"Group-Identity-Credential") => CertificateKind::RightsAccount,
                Some(b"Machine-Certificate") => CertificateKind::Machine,
                Some(b"Application-Signing-Certificate") => CertificateKind::ApplicationSigning,
                _ => CertificateKind::Certificate,
            },
            other if other.eq_ignore_ascii_case(document::RIGHTS_LABEL) => {
                CertificateKind::PublishingLicense
            }
            _ => CertificateKind::Unknown,
        }
    }
}

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
        let mut verifier = Verifier::default();
        let mut all = certificates_of(&text, &mut verifier, &meter);
        if !all.is_empty() {
            return all;
        }
        // What follows damage, or a budget that is spent, is left out.
        let _ = each_in_chain(text.utf8(), &meter, |place, bytes| {
            for mut certificate in certificates_of(&Text::decode(bytes), &mut verifier, &meter) {
                certificate.start = wide(text.raw_offset(place.start));
                certificate.end = wide(text.raw_offset(place.end));
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
            let documents = reader::documents(text.utf8(), Depth::Full, &meter);
            let whole = |document: &Document<'_>| {
                let text = text.utf8().get(document.start..document.end);
                crate::bytes::utf8_lossy(text.unwrap_or_default()).into_owned()
            };
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
        let documents = reader::documents(text.utf8(), Depth::Full, &meter);
        let license = documents.list.iter().find(|document| document.is_publishing_license());
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
    fn new(document: &Document<'_>, text: &Text<'_>, signature: Signature) -> Certificate {
        Certificate {
            kind: document.kind(),
            start: wide(text.raw_offset(document.start)),
            end: wide(text.raw_offset(document.end)),
            issued: time(document.issued),
            descriptor_id: guid(document.descriptor_id),
            issuer: Party::new(&document.issuer),
            principal: Party::new(&document.principal),
            may_issue: (time(document.issue_from), time(document.issue_until)),
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
    fn new(party: &document::Party<'_>) -> Party {
        let modulus = party.modulus.and_then(|text| Modulus::from_xrml(text.raw));
        Party {
            object_type: string(party.object_type),
            id: guid(party.id),
            name: string(party.name),
            address: string(party.address),
            key: modulus.as_ref().map(Modulus::fingerprint),
            key_bits: modulus.as_ref().map(Modulus::bits),
        }
    }
}

/// Reads every document of a text.
fn certificates_of(text: &Text<'_>, verifier: &mut Verifier, meter: &Meter) -> Vec<Certificate> {
    let documents = reader::documents(text.utf8(), Depth::Full, meter);
    certificates_in(&documents, text, verifier, meter)
}

/// Reads every document of a text that an operator gives, whatever elements contain it.
#[cfg(feature = "estate")]
pub(crate) fn certificates_in_wrapper(bytes: &[u8], meter: &Meter) -> Vec<Certificate> {
    let text = Text::decode(bytes);
    let documents = reader::documents_in_wrapper(text.utf8(), meter);
    certificates_in(&documents, &text, &mut Verifier::default(), meter)
}

fn certificates_in(
    documents: &Documents<'_>,
    text: &Text<'_>,
    verifier: &mut Verifier,
    meter: &Meter,
) -> Vec<Certificate> {
    let certificate = |document| {
        let signature = verifier.certificate(document, text.utf8(), meter);
        Certificate::new(document, text, signature.unwrap_or(Signature::NotChecked))
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
                let at = wide(events.start());
                let decoded = decode_base64_of(base64, MAX_CERTIFICATE_LETTERS);
                let certificate = decoded.ok_or_else(|| {
                    Error::malformed("malformed-xrml", "CERTIFICATE", at, "it is no base64")
                })?;
                take(events.start()..events.end(), &certificate)?;
            }
            Event::Text(_) => {}
        }
    }
    Ok(true)
}
