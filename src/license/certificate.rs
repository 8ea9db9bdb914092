//! The public view of the documents of a license: [`License`], [`Certificate`], [`AppData`].

use super::chain_file::each_in_chain;
use super::documents::{self, Documents};
use super::events::{Attributes, Event, Events};
use super::key::RsaKey;
use super::kind::CertificateKind;
use super::link;
use super::owned::{DocumentEntry, LocatedDocument, OwnedParty};
use super::text::LicenseText;
use crate::bytes::to_u64;
use crate::kinds::{Depth, Signature};
use crate::limits::{Interrupt, Limits, Meter};
use crate::timestamp::Timestamp;

/// The bytes of a publishing license (MS-RMPR 2.2.9), as its container has them. [`Finding::license`] returns
/// it.
///
/// Its functions parse the bytes anew with each call, within [`Limits::default`], and do not fail: what is
/// damaged is missing from the result.
///
/// [`Finding::license`]: crate::Finding::license
///
/// ```
/// use rmsight::{CertificateKind, Inspector};
///
/// let text = r#"<XrML xmlns="" version="1.2"><BODY type="LICENSE" version="3.0">
///     <DESCRIPTOR><OBJECT type="Server-Licensor-Certificate"/></DESCRIPTOR></BODY></XrML>"#;
/// let report = Inspector::default().inspect_bytes(text.as_bytes());
/// let license = report.findings().next().unwrap().license().unwrap();
/// assert_eq!(license.raw(), text.as_bytes());
/// assert_eq!(license.certificates()[0].kind, CertificateKind::ServerLicensor);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct License {
    pub(crate) raw: Vec<u8>,
    pub(crate) offset: Option<u64>,
}

impl License {
    /// Returns the bytes of the license, in the encoding of the container: UTF-8 or UTF-16.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Returns the byte offset of the license in the file; `None` if its bytes are not contiguous,
    /// or are compressed or encoded.
    pub fn offset(&self) -> Option<u64> {
        self.offset
    }

    /// Returns all documents (the license and its certificates), in the order of the text; for a damaged
    /// license those that could be read. Checks the signature of each with the feature `verify`. In a
    /// `<CERTIFICATECHAIN>`, start and end are those of the base64.
    pub fn certificates(&self) -> Vec<Certificate> {
        let text = LicenseText::decode(&self.raw);
        let meter = Meter::new(Limits::default(), Interrupt::default());
        let mut all = certificates_of(&text, &meter);
        if !all.is_empty() {
            return all;
        }
        // After damage, or a spent budget, the documents before it are the result.
        let _ = each_in_chain(text.utf8(), &meter, |place, bytes| {
            for mut certificate in certificates_of(&LicenseText::decode(bytes), &meter) {
                certificate.start = to_u64(text.raw_offset(place.start));
                certificate.end = to_u64(text.raw_offset(place.end));
                all.push(certificate);
            }
            Ok(())
        });
        all
    }

    /// Returns the text of every document, decoded, in the order of [`License::certificates`].
    pub fn documents(&self) -> Vec<String> {
        let meter = Meter::new(Limits::default(), Interrupt::default());
        let of = |text: &LicenseText<'_>| -> Vec<String> {
            let documents = documents::documents(text.utf8(), Depth::Full, None, &meter);
            let whole =
                |entry: &DocumentEntry<'_>| crate::bytes::utf8_lossy(entry.bytes).into_owned();
            documents.list.iter().map(whole).collect()
        };
        let text = LicenseText::decode(&self.raw);
        let mut all = of(&text);
        if all.is_empty() {
            // As in `certificates`, damage ends the list.
            let _ = each_in_chain(text.utf8(), &meter, |_, bytes| {
                all.extend(of(&LicenseText::decode(bytes)));
                Ok(())
            });
        }
        all
    }

    /// Returns the whole license as text, decoded; U+FFFD replaces what is not Unicode.
    pub fn text(&self) -> String {
        crate::bytes::utf8_lossy(LicenseText::decode(&self.raw).utf8()).into_owned()
    }

    /// Returns the `AUTHENTICATEDDATA` elements of the publishing license, encrypted rights data
    /// included.
    pub fn app_data(&self) -> Vec<AppData> {
        let text = LicenseText::decode(&self.raw);
        let meter = Meter::new(Limits::default(), Interrupt::default());
        let documents = documents::documents(text.utf8(), Depth::Full, None, &meter);
        let license = documents.list.iter().find_map(DocumentEntry::license);
        let body = license.and_then(|license| license.body);
        body.map(|body| app_data(body.of(text.utf8()))).unwrap_or_default()
    }
}

/// One `AUTHENTICATEDDATA` element of a publishing license (MS-RMPR 2.2.9): data of the application
/// that the license authenticates.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct AppData {
    /// The attribute `id`, for example `APPSPECIFIC` or `LABEL`; empty if it is missing.
    pub id: String,
    /// The attribute `name`; `None` for the encrypted rights data.
    pub name: Option<String>,
    /// The text as written, often base64. Entities are not resolved.
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

/// One document of a license: the license itself or a certificate (MS-RMPR 2.2.9). Text is decoded and
/// trimmed; a value is `None` if its element is missing, empty or unreadable.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Certificate {
    /// The kind of the document.
    pub kind: CertificateKind,
    /// The byte offset in [`License::raw`] at which the document begins, or the base64 that
    /// contains it.
    pub start: u64,
    /// The byte offset in [`License::raw`] after its end.
    pub end: u64,
    /// The time of issue, to the minute: `ISSUEDTIME`.
    pub issued: Option<Timestamp>,
    /// The GUID of the document itself, not of its principal: `DESCRIPTOR/OBJECT/ID`.
    pub descriptor_id: Option<String>,
    /// The party that signed the document: `ISSUER`.
    pub issuer: LicenseParty,
    /// The party that the document is issued to: `ISSUEDPRINCIPALS/PRINCIPAL`.
    pub principal: LicenseParty,
    /// The first time at which the principal may issue documents, and the end of that right, excluded:
    /// `RANGETIME` of the right `ISSUE`. `None` if the certificate sets no limit.
    pub may_issue: (Option<Timestamp>, Option<Timestamp>),
    /// The result of checking its signature, without its chain. `NotChecked` without the feature `verify`.
    pub signature: Signature,
}

impl Certificate {
    fn new(
        located: &LocatedDocument<'_>,
        text: &LicenseText<'_>,
        signature: Signature,
    ) -> Certificate {
        let document = &located.document;
        Certificate {
            kind: document.kind,
            start: to_u64(text.raw_offset(located.start)),
            end: to_u64(text.raw_offset(located.start.saturating_add(located.bytes.len()))),
            issued: document.issued,
            descriptor_id: document.descriptor_id.clone(),
            issuer: LicenseParty::new(&document.issuer),
            principal: LicenseParty::new(&document.principal),
            may_issue: (document.issue_from.time(), document.issue_until.time()),
            signature,
        }
    }
}

/// The issuer or the principal of a document of a license (MS-RMPR 2.2.9): the values of its `OBJECT`
/// and its `PUBLICKEY`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct LicenseParty {
    /// The attribute `type` of `OBJECT`: for example `MS-DRM-Server`, `Group-Identity` or
    /// `DRM-Certificate-Authority`.
    pub object_type: Option<String>,
    /// `OBJECT/ID`: a GUID in lower case without braces, or another id such as a SID.
    pub id: Option<String>,
    /// `OBJECT/NAME`: the name of a server or certificate, or the mail address of a user.
    pub name: Option<String>,
    /// `OBJECT/ADDRESS`, a URL. Only servers have it.
    pub address: Option<String>,
    /// The key: `sha256:` and 64 hex digits, the SHA-256 of the big-endian modulus: the form of
    /// [`LicenseFacts::slc_key`](crate::LicenseFacts::slc_key).
    pub key: Option<String>,
    /// The size of that modulus in bits, usually 1,024 or 2,048.
    pub key_bits: Option<u32>,
}

impl LicenseParty {
    fn new(party: &OwnedParty) -> LicenseParty {
        LicenseParty {
            object_type: party.object_type.clone(),
            id: party.id.clone(),
            name: party.name.clone(),
            address: party.address.clone(),
            key: party.key.as_ref().map(|key| key.fingerprint().to_owned()),
            key_bits: party.key.as_ref().map(RsaKey::bits),
        }
    }
}

/// Reads all documents of a text.
fn certificates_of(text: &LicenseText<'_>, meter: &Meter) -> Vec<Certificate> {
    let documents = documents::documents(text.utf8(), Depth::Full, None, meter);
    certificates_in(&documents, text, meter)
}

/// Reads all documents of a text from the operator, at any depth.
#[cfg(feature = "estate")]
pub(crate) fn certificates_in_wrapper(bytes: &[u8], meter: &Meter) -> Vec<Certificate> {
    let text = LicenseText::decode(bytes);
    let documents = documents::documents_in_wrapper(text.utf8(), meter);
    certificates_in(&documents, &text, meter)
}

fn certificates_in(
    documents: &Documents<'_>,
    text: &LicenseText<'_>,
    meter: &Meter,
) -> Vec<Certificate> {
    let certificate = |entry: &DocumentEntry<'_>| {
        let located = entry.locate();
        let signature = link::signature(&located, &[], meter);
        Certificate::new(&located, text, signature.unwrap_or(Signature::NotChecked))
    };
    documents.list.iter().map(certificate).collect()
}
