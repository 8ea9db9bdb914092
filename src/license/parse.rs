//! [`read`]: parses all licenses in the XrML of one structure.

use std::cell::LazyCell;

use super::cache::ParserCache;
use super::chain_file::unwrap_chain;
use super::documents::{self, Documents};
use super::evidence::read_evidence;
use super::fields::{read_anomalies, read_head, read_rest};
use super::key::fingerprint;
use super::kind::CertificateKind;
use super::link;
use super::owned::{DocumentEntry, LocatedDocument};
use super::parsed::{LicenseKind, ParsedLicense, ParsedLicenses, ReadOptions};
use super::text::LicenseText;
use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::error::{Error, Stage};
use crate::kinds::{Anomaly, Depth};
use crate::limits::Meter;

/// Reads XrML in any encoding, bare or in a `<certificatechain>`. Damage becomes the `error` of a
/// result.
pub(crate) fn read(
    bytes: &[u8],
    options: ReadOptions,
    caches: &mut ParserCache,
    meter: &Meter,
) -> ParsedLicenses {
    let text = LicenseText::decode(bytes);
    let cache = Some(&mut caches.certificates);
    let mut documents = documents::documents(text.utf8(), options.depth, cache, meter);
    if documents.list.is_empty()
        && let Some(licenses) = read_chain(bytes, &text, &mut documents, options, caches, meter)
    {
        return licenses;
    }
    read_documents(bytes, &text, &mut documents, options, caches, meter)
}

/// Reads the documents in the base64 of a `<certificatechain>`; `None` if `text` is no such chain.
/// `outer` are the documents of `text` outside of the base64.
fn read_chain(
    bytes: &[u8],
    text: &LicenseText<'_>,
    outer: &mut Documents<'_>,
    options: ReadOptions,
    caches: &mut ParserCache,
    meter: &Meter,
) -> Option<ParsedLicenses> {
    let chain = match unwrap_chain(text.utf8(), meter) {
        Ok(chain) if chain.is_empty() => return None,
        Ok(chain) => chain,
        Err(error) => {
            outer.error.get_or_insert(error.at_stage(Stage::License));
            return None;
        }
    };
    let cache = Some(&mut caches.certificates);
    let mut documents = documents::documents(&chain, options.depth, cache, meter);
    documents.trailing |= outer.trailing;
    // The tags of the chain count as license text, so only `XrML` outside of the base64 is stray.
    let has_bare = memchr::memmem::find(text.utf8(), b"XrML").is_some();
    documents.has_stray_text |= outer.has_stray_text && has_bare;
    // Offsets in decoded base64 are not offsets in the file.
    documents.error = documents.error.map(|error| error.with_offset(None));
    documents.error = outer.error.take().or(documents.error);
    let decoded = LicenseText::decode(&chain);
    let mut licenses = read_documents(bytes, &decoded, &mut documents, options, caches, meter);
    for parsed in std::iter::once(&mut licenses.first).chain(&mut licenses.others) {
        for evidence in &mut parsed.evidence {
            (evidence.offset, evidence.in_license, evidence.length) = (None, None, None);
        }
    }
    Some(licenses)
}

/// Reads each publishing license among the `documents` of `text`.
fn read_documents(
    bytes: &[u8],
    text: &LicenseText<'_>,
    documents: &mut Documents<'_>,
    options: ReadOptions,
    caches: &mut ParserCache,
    meter: &Meter,
) -> ParsedLicenses {
    let error = documents.error.take().map(|error| {
        let offset = error.offset().and_then(to_usize);
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
        ParsedLicense {
            kind: LicenseKind::Unknown,
            facts: Box::default(),
            label: None,
            anomalies,
            evidence: Vec::new(),
            error: error.clone(),
        }
    };
    let list = documents.list.as_slice();
    let full = options.depth == Depth::Full;
    let chain: Vec<LocatedDocument<'_>> =
        if full { list.iter().map(DocumentEntry::locate).collect() } else { Vec::new() };
    let sha256 = LazyCell::new(|| fingerprint(bytes).split_off("sha256:".len()));
    let mut licenses = (0_usize..).zip(list).filter_map(|(at, entry)| Some((at, entry.license()?)));
    let mut read = |(at, license)| {
        let mut parsed = empty();
        parsed.kind = LicenseKind::PublishingLicense;
        read_head(license, &mut caches.keys, &mut parsed);
        if parsed.facts.slc_key.is_none() {
            let at = Some(to_u64(text.raw_offset(license.start)));
            let detail = "no key of a principal could be read";
            let error =
                Error::malformed(ErrorCode::LicenseUnreadable, "ISSUEDPRINCIPALS", at, detail);
            parsed.error.get_or_insert(error.at_stage(Stage::License));
        }
        if let Some(located) = chain.get(at) {
            read_rest(license, located, &chain, &mut parsed);
            if options.fingerprint {
                parsed.facts.license_sha256 = Some(sha256.clone());
            }
        }
        read_anomalies(license, list.get(..at).unwrap_or_default(), &mut parsed);
        if let Some(located) = chain.get(at).filter(|_| options.verify) {
            match link::verify(located, &chain, meter) {
                Ok((signature, link)) => {
                    parsed.facts.signature = signature;
                    parsed.facts.link = link;
                }
                Err(error) => {
                    parsed.error.get_or_insert(error.at_stage(Stage::License));
                }
            }
        }
        if options.evidence {
            read_evidence(license, text, &mut parsed);
        }
        parsed
    };
    let Some(first) = licenses.next() else {
        let kind = kind_of_others(list, documents.has_stray_body);
        return ParsedLicenses { first: ParsedLicense { kind, ..empty() }, others: Vec::new() };
    };
    ParsedLicenses { first: read(first), others: licenses.map(read).collect() }
}

/// Returns the kind of XrML without a publishing license (MS-RMPR 2.2.9, the table of certificate
/// kinds): that of the first document, if all documents are complete and of a known kind. Otherwise
/// one of them can be a damaged license: an unknown kind, a second BODY, a missing end tag, or a
/// BODY outside of the documents.
fn kind_of_others(entries: &[DocumentEntry<'_>], has_stray_body: bool) -> LicenseKind {
    let known = |entry: &DocumentEntry<'_>| {
        let certificate = entry.certificate()?;
        let is_whole = certificate.closed && !certificate.has_second_body;
        Some(certificate.kind).filter(|kind| is_whole && *kind != CertificateKind::Unknown)
    };
    match entries.first().and_then(known) {
        Some(first) if entries.iter().all(|entry| known(entry).is_some()) && !has_stray_body => {
            LicenseKind::Other(first.as_str())
        }
        _ => LicenseKind::Unknown,
    }
}
