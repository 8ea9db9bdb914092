//! What a license says: text decoding, XrML events, the chain, and the fields of the record.
//!
//! A publishing license is a run of `<XrML>` documents, one after the other without a common root
//! (MS-RMPR 2.2.9): the license itself, then perhaps the certificates that lead to the server's
//! key. [`read`] finds the license among them, in whatever order they stand.

mod anchors;
mod cache;
mod certificate;
mod chain;
mod document;
mod events;
mod key;
mod kind;
mod link;
mod near;
mod outside;
mod owned;
mod place;
mod reader;
#[cfg(feature = "verify")]
mod signature;
#[cfg(not(feature = "verify"))]
#[path = "signature_off.rs"]
mod signature;
mod tag;
mod text;
mod value;

pub use certificate::{AppData, Certificate, License, Party};
pub use kind::CertificateKind;

use std::cell::LazyCell;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::facts::LicenseFacts;
use crate::kinds::Anomaly;
use crate::kinds::{Depth, Hierarchy, IssuerKind, KeyLink, Signature};
use crate::limits::{Limit, Meter};
use crate::timestamp::Timestamp;
use cache::CertificateCache;
use document::Document;
#[cfg(feature = "estate")]
pub(crate) use key::Modulus;
use key::{Key, KnownKeys};
use owned::{Entry, Located, OwnedParty};
use reader::Documents;
use text::Text;
use value::{crypto_mode, guid, string, time};

pub(crate) use anchors::SELF_ENROLLMENT;
#[cfg(feature = "estate")]
pub(crate) use certificate::certificates_in_wrapper;
pub(crate) use certificate::unwrap_chain;

/// What is remembered from file to file, and changes no answer.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    keys: KnownKeys,
    certificates: CertificateCache,
    /// How far behind its beginning the last license had its WORK.
    work_at: usize,
}

/// So far before the place where the last license had it, WORK is searched for first.
const NEAR_WORK: usize = 256;

/// What a run of XrML is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A publishing license, `BODY type="Microsoft Rights Label"`.
    PublishingLicense,
    /// XrML that protects nothing by itself; the text names it: a certificate, a template.
    Other(&'static str),
    /// XrML of no kind that is known, or damaged beyond telling.
    Unknown,
}

/// A value that decides, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// The structure or element.
    pub element: &'static str,
    /// What it says.
    pub value: String,
    /// Where it stands in the file, if it stands there in the clear.
    pub offset: Option<u64>,
    /// Where it stands in the license ([`License::raw`]), if it is of the license.
    pub in_license: Option<u64>,
    /// How many bytes of the license say so.
    pub length: Option<u64>,
}

/// All that one license yields.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) kind: Kind,
    /// Where the finding has them too: they are too many to be moved.
    pub(crate) facts: Box<LicenseFacts>,
    /// The license's own label and its tenant.
    pub(crate) label: Option<(String, Option<String>)>,
    pub(crate) anomalies: Vec<Anomaly>,
    /// Values with byte offsets into the license as it was handed in; empty unless asked for.
    pub(crate) evidence: Vec<Evidence>,
    /// Why the reading stopped early, with an offset into the license.
    pub(crate) error: Option<Error>,
}

/// How a license is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) depth: Depth,
    pub(crate) evidence: bool,
    pub(crate) verify: bool,
    /// Hash the bytes of each license that is read whole.
    pub(crate) fingerprint: bool,
}

/// What a cached use license tells.
#[derive(Debug)]
pub(crate) struct UseLicense {
    pub(crate) issued: Option<Timestamp>,
    /// The Server Licensor Certificate fields of its chain; all else is empty.
    pub(crate) server: LicenseFacts,
}

/// Whether `bytes` reach far enough for [`Depth::Head`]: to the WORK of the publishing license.
pub(crate) fn head_is_complete(bytes: &[u8], memory: &mut Memory) -> bool {
    static ENDS: LazyLock<[[Finder<'static>; 2]; 2]> = LazyLock::new(|| {
        const WIDE_LABEL: &[u8] = b"R\0i\0g\0h\0t\0s\0 \0L\0a\0b\0e\0l\0";
        [
            [Finder::new(b"Rights Label"), Finder::new(b"<WORK")],
            [Finder::new(WIDE_LABEL), Finder::new(b"<\0W\0O\0R\0K\0")],
        ]
    });
    ENDS.iter().any(|[label, work]| {
        let Some(start) = label.find(bytes) else { return false };
        let rest = bytes.get(start..).unwrap_or_default();
        // Licenses of one server have it at much the same place.
        let likely = memory.work_at.saturating_sub(NEAR_WORK);
        let found = match work.find(rest.get(likely..).unwrap_or_default()) {
            Some(at) => at.checked_add(likely),
            None => work.find(rest),
        };
        memory.work_at = found.unwrap_or(memory.work_at);
        let end = found.and_then(|at| at.checked_add(start));
        end.is_some_and(|end| !hides_text(bytes.get(..end).unwrap_or_default()))
    })
}

/// Whether comments, CDATA or document types may hide what a search for words finds. No server
/// writes them, and a license with them is read whole.
fn hides_text(bytes: &[u8]) -> bool {
    let before = |at| bytes.get(..at).unwrap_or_default();
    memchr::memchr_iter(b'!', bytes)
        .any(|at| before(at).ends_with(b"<") || before(at).ends_with(b"<\0"))
}

/// All that the XrML of one structure yields.
#[derive(Debug)]
pub(crate) struct Readings {
    /// Of the first publishing license, or of XrML that contains none.
    pub(crate) first: Reading,
    /// Of each further publishing license, in the order of the text.
    pub(crate) others: Vec<Reading>,
}

/// Reads XrML in any encoding, bare or in a `<certificatechain>`. Damage becomes the `error` of a
/// reading.
pub(crate) fn read(bytes: &[u8], manner: Manner, memory: &mut Memory, meter: &Meter) -> Readings {
    let text = Text::decode(bytes);
    let cache = Some(&mut memory.certificates);
    let mut documents = reader::documents(text.utf8(), manner.depth, cache, meter);
    if documents.list.is_empty()
        && let Some(readings) = read_chain(bytes, &text, &mut documents, manner, memory, meter)
    {
        return readings;
    }
    read_documents(bytes, &text, &mut documents, manner, memory, meter)
}

/// Reads the documents in the base64 of a `<certificatechain>`; `None` if `text` is no such chain.
/// `outer` is what `text` itself yields.
fn read_chain(
    bytes: &[u8],
    text: &Text<'_>,
    outer: &mut Documents<'_>,
    manner: Manner,
    memory: &mut Memory,
    meter: &Meter,
) -> Option<Readings> {
    let chain = match unwrap_chain(text.utf8(), meter) {
        Ok(chain) if chain.is_empty() => return None,
        Ok(chain) => chain,
        Err(error) => {
            outer.error.get_or_insert(error.at_stage(Stage::License));
            return None;
        }
    };
    let cache = Some(&mut memory.certificates);
    let mut documents = reader::documents(&chain, manner.depth, cache, meter);
    documents.trailing |= outer.trailing;
    // The certificates of the chain are no stray text of it.
    let has_bare = memchr::memmem::find(text.utf8(), b"XrML").is_some();
    documents.has_stray_text |= outer.has_stray_text && has_bare;
    // An offset into decoded text is none into the file.
    documents.error = documents.error.map(|error| error.with_offset(None));
    documents.error = outer.error.take().or(documents.error);
    let decoded = Text::decode(&chain);
    let mut readings = read_documents(bytes, &decoded, &mut documents, manner, memory, meter);
    for reading in std::iter::once(&mut readings.first).chain(&mut readings.others) {
        for evidence in &mut reading.evidence {
            (evidence.offset, evidence.in_license, evidence.length) = (None, None, None);
        }
    }
    Some(readings)
}

/// Reads each publishing license among `documents`, which are those of `text`.
fn read_documents(
    bytes: &[u8],
    text: &Text<'_>,
    documents: &mut Documents<'_>,
    manner: Manner,
    memory: &mut Memory,
    meter: &Meter,
) -> Readings {
    let error = documents.error.take().map(|error| {
        let offset = error.offset().and_then(crate::bytes::to_usize);
        let offset = offset.map(|at| to_u64(text.raw_offset(at)));
        error.with_offset(offset)
    });
    let empty = || {
        let mut anomalies = Vec::new();
        if documents.trailing {
            anomalies.push(Anomaly::TrailingData);
        }
        if documents.has_stray_text {
            anomalies.push(Anomaly::StrayLicenseText);
        }
        Reading {
            kind: Kind::Unknown,
            facts: Box::default(),
            label: None,
            anomalies,
            evidence: Vec::new(),
            error: error.clone(),
        }
    };
    let list = documents.list.as_slice();
    let full = manner.depth == Depth::Full;
    let chain: Vec<Located<'_>> =
        if full { list.iter().map(Entry::locate).collect() } else { Vec::new() };
    let sha256 = LazyCell::new(|| key::fingerprint(bytes).split_off("sha256:".len()));
    let mut licenses = (0_usize..).zip(list).filter_map(|(at, entry)| Some((at, entry.license()?)));
    let mut read = |(at, license)| {
        let mut reading = empty();
        reading.kind = Kind::PublishingLicense;
        read_head(license, &mut memory.keys, &mut reading);
        if reading.facts.slc_key.is_none() {
            let at = Some(to_u64(text.raw_offset(license.start)));
            let detail = "no key of a principal could be read";
            let error =
                Error::malformed(ErrorCode::LicenseUnreadable, "ISSUEDPRINCIPALS", at, detail);
            reading.error.get_or_insert(error.at_stage(Stage::License));
        }
        if let Some(located) = chain.get(at) {
            read_rest(license, located, &chain, &mut reading);
            if manner.fingerprint {
                reading.facts.license_sha256 = Some(sha256.clone());
            }
        }
        read_anomalies(license, list.get(..at).unwrap_or_default(), &mut reading);
        if let Some(located) = chain.get(at).filter(|_| manner.verify) {
            match link::verify(located, &chain, meter) {
                Ok((signature, link)) => {
                    reading.facts.signature = signature;
                    reading.facts.link = link;
                }
                Err(error) => {
                    reading.error.get_or_insert(error.at_stage(Stage::License));
                }
            }
        }
        if manner.evidence {
            read_evidence(license, text, &mut reading);
        }
        reading
    };
    let Some(first) = licenses.next() else {
        let kind = kind_of_others(list, documents.has_stray_body);
        return Readings { first: Reading { kind, ..empty() }, others: Vec::new() };
    };
    Readings { first: read(first), others: licenses.map(read).collect() }
}

/// Names XrML that is no publishing license (MS-RMPR 2.2.9, the table of certificate kinds): by its
/// first document, if every one of them is of a kind that is known. What is not, has a second BODY or
/// no end, or stands between them with a BODY, may be a license that somebody damaged.
fn kind_of_others(entries: &[Entry<'_>], has_stray_body: bool) -> Kind {
    let known = |entry: &Entry<'_>| {
        let certificate = entry.certificate()?;
        let is_whole = certificate.closed && !certificate.has_second_body;
        Some(certificate.kind).filter(|kind| is_whole && *kind != CertificateKind::Unknown)
    };
    match entries.first().and_then(known) {
        Some(first) if entries.iter().all(|entry| known(entry).is_some()) && !has_stray_body => {
            Kind::Other(first.as_str())
        }
        _ => Kind::Unknown,
    }
}

/// The fields that stand before WORK, and its first ones.
fn read_head(license: &Document<'_>, keys: &mut KnownKeys, reading: &mut Reading) {
    let facts = &mut reading.facts;
    facts.issued = time(license.issued);
    facts.valid_until = time(license.valid_until);
    facts.descriptor_id = guid(license.descriptor_id);
    facts.descriptor_name = string(license.descriptor_name).map(first_name);
    facts.content_id = guid(license.content_id);
    facts.owner = string(license.owner);
    facts.owner_id_type = string(license.owner_id_type);
    let issuer = &license.issuer;
    facts.issuer_kind = match issuer.object_type.map(|kind| kind.raw) {
        Some(b"Group-Identity") => Some(IssuerKind::Client),
        Some(b"MS-DRM-Server") => Some(IssuerKind::Server),
        _ => None,
    };
    facts.issuer_id_type = string(issuer.id_type);
    facts.issuer_id = guid(issuer.id);
    facts.issuer_name = string(issuer.name);
    facts.client_version = string(issuer.sdk);
    read_server(&license.principal, keys, facts);
    facts.licensing_intranet = string(license.intranet);
    facts.licensing_extranet = string(license.extranet);
    facts.referral = string(license.referral);
}

/// The Server Licensor Certificate fields, from the party that is the server.
fn read_server(server: &document::Party<'_>, keys: &mut KnownKeys, facts: &mut LicenseFacts) {
    facts.slc_id = guid(server.id);
    if let Some(key) = server.modulus.and_then(|text| keys.name(text.raw)) {
        facts.slc_key = Some(key.fingerprint);
        facts.slc_key_bits = Some(key.bits);
    }
    facts.slc_name = string(server.name);
    facts.slc_address = string(server.address);
    facts.server_version = string(server.server_version);
    facts.server_sku = string(server.server_sku);
    facts.tenant_id = guid(server.tenant_id);
}

/// The fields that stand behind WORK, and those of the other documents. `located` is the license
/// in the chain.
fn read_rest(
    license: &Document<'_>,
    located: &Located<'_>,
    chain: &[Located<'_>],
    reading: &mut Reading,
) {
    let facts = &mut reading.facts;
    facts.chain_length = u32::try_from(chain.len()).ok();
    facts.crypto_mode = license.signature.digest_algorithm.and_then(|name| crypto_mode(name.raw));
    facts.double_key = Some(license.double_key_any);
    if let Some(id) = guid(license.label_id) {
        reading.label = Some((id, guid(license.label_tenant)));
    }
    if let Some(clc) = chain::clc_of(&located.document, chain) {
        facts.clc_issued = clc.issued;
        facts.clc_until = clc.issue_until.time();
    }
    facts.hierarchy = Some(Hierarchy::Unknown);
    if let Some(slc) = chain::slc_of(&located.document, chain) {
        let issuer = slc.document.issuer.key.as_ref();
        facts.slc_issuer_key = issuer.map(|key| key.fingerprint().to_owned());
        facts.hierarchy = Some(chain::hierarchy(slc, chain));
    }
    if !license.signature.present {
        // Nothing needs to be computed to see that.
        (facts.signature, facts.link) = (Signature::Unsigned, KeyLink::Unanchored);
    }
}

/// `before` are the entries that precede the license.
fn read_anomalies(license: &Document<'_>, before: &[Entry<'_>], reading: &mut Reading) {
    let anomalies = &mut reading.anomalies;
    if license.duplicate.is_some() {
        anomalies.push(Anomaly::DuplicateElement);
    }
    if before.iter().any(|entry| entry.license().is_none()) {
        anomalies.push(Anomaly::ChainOrder);
    }
    if license.reflowed {
        anomalies.push(Anomaly::ReflowedLicense);
    }
    if license.double_key_any && !license.double_key.iter().all(|there| *there) {
        anomalies.push(Anomaly::DoubleKeyIncomplete);
    }
}

/// The values that decide, with where they stand.
fn read_evidence(license: &Document<'_>, text: &Text<'_>, reading: &mut Reading) {
    let principal = &license.principal;
    let values = [
        ("BODY/@type", license.body_type),
        ("ISSUEDTIME", license.issued),
        ("ISSUER/OBJECT/@type", license.issuer.object_type),
        ("ISSUER/OBJECT/ID/@type", license.issuer.id_type),
        ("ISSUER/OBJECT/NAME", license.issuer.name),
        ("DISTRIBUTIONPOINT License-Acquisition-URL", license.intranet),
        ("DISTRIBUTIONPOINT Extranet-License-Acquisition-URL", license.extranet),
        ("ISSUEDPRINCIPALS/PRINCIPAL/OBJECT/ID", principal.id),
        ("ISSUEDPRINCIPALS/PRINCIPAL/OBJECT/NAME", principal.name),
        ("ISSUEDPRINCIPALS/PRINCIPAL/OBJECT/ADDRESS", principal.address),
        ("SECURITYLEVEL Server-Version", principal.server_version),
        ("SECURITYLEVEL Tenant-ID", principal.tenant_id),
    ];
    let mut push = |element, value: String, at: usize, length: Option<usize>| {
        let start = to_u64(text.raw_offset(at));
        let end = length.and_then(|length| at.checked_add(length));
        let end = end.map(|end| to_u64(text.raw_offset(end)));
        let length = end.and_then(|end| end.checked_sub(start));
        let offset = Some(start);
        reading.evidence.push(Evidence { element, value, offset, in_license: offset, length });
    };
    for (element, value) in values {
        let place = value.map(|value| (value.at, value.raw.len()));
        if let (Some((at, length)), Some(value)) = (place, string(value)) {
            push(element, value, at, Some(length));
        }
    }
    if let (Some(modulus), Some(key)) = (principal.modulus, &reading.facts.slc_key) {
        let length = Some(modulus.raw.len());
        push("ISSUEDPRINCIPALS/PRINCIPAL/PUBLICKEY modulus", key.clone(), modulus.at, length);
    }
    if let Some(at) = license.duplicate {
        push("repeated element", "the first one counts".to_owned(), at, None);
    }
}

/// Reads a use license: XrML, or the `<certificatechain>` around it (MS-OFFCRYPTO 2.2.7).
pub(crate) fn read_use_license(
    bytes: &[u8],
    memory: &mut Memory,
    meter: &Meter,
) -> Result<UseLicense> {
    meter.check(Limit::LicenseBytes, to_u64(bytes.len()))?;
    let chain = unwrap_chain(bytes, meter)?;
    let text = Text::decode(&chain);
    let cache = Some(&mut memory.certificates);
    let documents = reader::documents(text.utf8(), Depth::Full, cache, meter);
    // A budget is no fault of the license's.
    if let Some(error) = documents.error.filter(|error| error.kind() == ErrorKind::Limit) {
        return Err(error);
    }
    let all: Vec<Located<'_>> = documents.list.iter().map(Entry::locate).collect();
    let license = all.iter().find(|located| located.document.is_use_license).or(all.first());
    let Located { document: license, .. } = license.ok_or_else(|| {
        Error::malformed(ErrorCode::LicenseUnreadable, "use license", None, "no XrML in it")
            .at_stage(Stage::License)
    })?;
    let mut server = LicenseFacts::new();
    if license.issuer.is_server {
        copy_server(&license.issuer, &mut server);
    }
    Ok(UseLicense { issued: license.issued, server })
}

/// The Server Licensor Certificate fields, from a certificate.
fn copy_server(server: &OwnedParty, facts: &mut LicenseFacts) {
    facts.slc_id.clone_from(&server.id);
    facts.slc_key = server.key.as_ref().map(|key| key.fingerprint().to_owned());
    facts.slc_key_bits = server.key.as_ref().map(Key::bits);
    facts.slc_name.clone_from(&server.name);
    facts.slc_address.clone_from(&server.address);
    facts.server_version.clone_from(&server.server_version);
    facts.server_sku.clone_from(&server.server_sku);
    facts.tenant_id.clone_from(&server.tenant_id);
}

/// The name in `LCID <n>:NAME <name>:DESCRIPTION <text>;`, of which there may be many: the first.
fn first_name(text: String) -> String {
    let first = text
        .strip_prefix("LCID ")
        .and_then(|rest| rest.split_once(":NAME "))
        .map(|(_, rest)| rest.split_once(":DESCRIPTION").map_or(rest, |(name, _)| name));
    match first {
        Some(name) => name.trim().trim_end_matches(';').to_owned(),
        None => text,
    }
}
