//! Copies the values of a publishing license and its chain to [`LicenseFacts`].

use super::chain;
use super::document::{RawParty, XrmlDocument};
use super::key::KnownKeys;
use super::owned::{DocumentEntry, LocatedDocument};
use super::parsed::ParsedLicense;
use super::value::{crypto_mode, guid, string, time};
use crate::facts::LicenseFacts;
use crate::kinds::{Anomaly, Hierarchy, IssuerKind, KeyLink, Signature};

/// Reads the fields before WORK, and the first ones in it.
pub(super) fn read_head(
    license: &XrmlDocument<'_>,
    keys: &mut KnownKeys,
    parsed: &mut ParsedLicense,
) {
    let facts = &mut parsed.facts;
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

/// Reads the fields of the Server Licensor Certificate from the party that is the server.
fn read_server(server: &RawParty<'_>, keys: &mut KnownKeys, facts: &mut LicenseFacts) {
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

/// Reads the fields after WORK, and those of the other documents. `located` is the license in the
/// chain.
pub(super) fn read_rest(
    license: &XrmlDocument<'_>,
    located: &LocatedDocument<'_>,
    chain: &[LocatedDocument<'_>],
    parsed: &mut ParsedLicense,
) {
    let facts = &mut parsed.facts;
    facts.chain_length = u32::try_from(chain.len()).ok();
    facts.crypto_mode = license.signature.digest_algorithm.and_then(|name| crypto_mode(name.raw));
    facts.double_key = Some(license.double_key_any);
    if let Some(id) = guid(license.label_id) {
        parsed.label = Some((id, guid(license.label_tenant)));
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
        // This result needs no computation, so it does not depend on `ReadOptions::verify`.
        (facts.signature, facts.link) = (Signature::Unsigned, KeyLink::Unanchored);
    }
}

/// Adds the anomalies of a license. `before` are the entries that precede it.
pub(super) fn read_anomalies(
    license: &XrmlDocument<'_>,
    before: &[DocumentEntry<'_>],
    parsed: &mut ParsedLicense,
) {
    let anomalies = &mut parsed.anomalies;
    if license.duplicate.is_some() {
        anomalies.push(Anomaly::DuplicateElement);
    }
    if before.iter().any(|entry| entry.license().is_none()) {
        anomalies.push(Anomaly::ChainOrder);
    }
    if license.reflowed {
        anomalies.push(Anomaly::ReflowedLicense);
    }
    if license.double_key_any && !license.double_key.iter().all(|is_present| *is_present) {
        anomalies.push(Anomaly::DoubleKeyIncomplete);
    }
}

/// Returns the first name of a text that repeats `LCID <n>:NAME <name>:DESCRIPTION <text>;`, and other
/// text as it is.
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
