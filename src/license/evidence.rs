//! Collects the values that led to the facts, for people.

use super::document::XrmlDocument;
use super::parsed::{Evidence, ParsedLicense};
use super::text::LicenseText;
use super::value::string;
use crate::bytes::to_u64;

/// Adds the values that led to the facts, with their offsets in the license.
pub(super) fn read_evidence(
    license: &XrmlDocument<'_>,
    text: &LicenseText<'_>,
    parsed: &mut ParsedLicense,
) {
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
        parsed.evidence.push(Evidence { element, value, offset, in_license: offset, length });
    };
    for (element, value) in values {
        let place = value.map(|value| (value.at, value.raw.len()));
        if let (Some((at, length)), Some(value)) = (place, string(value)) {
            push(element, value, at, Some(length));
        }
    }
    if let (Some(modulus), Some(key)) = (principal.modulus, &parsed.facts.slc_key) {
        let length = Some(modulus.raw.len());
        push("ISSUEDPRINCIPALS/PRINCIPAL/PUBLICKEY modulus", key.clone(), modulus.at, length);
    }
    if let Some(at) = license.duplicate {
        push("repeated element", "the first one counts".to_owned(), at, None);
    }
}
