//! Relations between the documents of a license by key, kind and time, without signatures (MS-RMPR
//! 2.2.9.2).

use super::anchors;
use super::kind::CertificateKind;
use super::owned::{Bound, LocatedDocument, OwnedDocument, OwnedParty};
use crate::kinds::Hierarchy;

/// Whether the principal of a document issues certificates.
fn is_of_a_licensor(document: &OwnedDocument) -> bool {
    matches!(document.kind, CertificateKind::ServerLicensor | CertificateKind::CertificateAuthority)
}

/// Whether a document is a Client Licensor Certificate with the key that signed the license.
pub(crate) fn is_clc_of(document: &OwnedDocument, license: &OwnedDocument) -> bool {
    document.kind == CertificateKind::ClientLicensor
        && document.principal.has_key_of(&license.issuer)
}

/// Returns the Client Licensor Certificate that issued the license. Of several with the same key,
/// returns the first that fits the license, or the first of all if none does.
pub(crate) fn clc_of<'d>(
    license: &OwnedDocument,
    documents: &'d [LocatedDocument<'d>],
) -> Option<&'d OwnedDocument> {
    let all = || {
        let documents = documents.iter().map(|located| &*located.document);
        documents.filter(|document| is_clc_of(document, license))
    };
    all().find(|clc| fits(clc, license)).or_else(|| all().next())
}

/// Returns the first certificate of the server that the license names.
pub(crate) fn slc_of<'d>(
    license: &OwnedDocument,
    documents: &'d [LocatedDocument<'d>],
) -> Option<&'d LocatedDocument<'d>> {
    documents.iter().find(|located| {
        located.document.kind == CertificateKind::ServerLicensor
            && located.document.principal.has_key_of(&license.principal)
    })
}

/// Whether the server that the license names issued a Client Licensor Certificate, and that allows
/// to issue the license.
pub(crate) fn fits(clc: &OwnedDocument, license: &OwnedDocument) -> bool {
    is_same_server(&clc.issuer, &license.principal) && allows(clc, license)
}

/// Compares key and id. Name and address change when the certificate of a server is issued again.
fn is_same_server(one: &OwnedParty, other: &OwnedParty) -> bool {
    one.has_key_of(other) && one.id == other.id
}

/// Whether `parent` has the right to issue, and ISSUEDTIME of `child` is within its RANGETIME,
/// whose end is excluded (MS-RMPR 2.2.9.1.3). A right without RANGETIME has no limits. A time that
/// cannot be read allows nothing.
pub(crate) fn allows(parent: &OwnedDocument, child: &OwnedDocument) -> bool {
    let has_begun = match (parent.issue_from, child.issued) {
        (Bound::Missing, _) => true,
        (Bound::At(from), Some(issued)) => from <= issued,
        _ => false,
    };
    let has_not_ended = match (parent.issue_until, child.issued) {
        (Bound::Missing, _) => true,
        (Bound::At(until), Some(issued)) => issued < until,
        _ => false,
    };
    parent.may_issue && has_begun && has_not_ended
}

/// Returns the certificates of the licensor that issued `child`, which is one of `documents`.
pub(crate) fn parents<'d>(
    child: &'d LocatedDocument,
    documents: &'d [LocatedDocument<'d>],
) -> impl Iterator<Item = &'d LocatedDocument<'d>> + Clone {
    // Compares addresses in memory, because a certificate can be present twice.
    documents.iter().filter(|parent| {
        !std::ptr::eq(*parent, child)
            && is_of_a_licensor(&parent.document)
            && parent.document.principal.has_key_of(&child.document.issuer)
    })
}

/// Returns the hierarchy of the first anchor key above a Server Licensor Certificate.
pub(crate) fn hierarchy(slc: &LocatedDocument<'_>, documents: &[LocatedDocument<'_>]) -> Hierarchy {
    let mut certificate = slc;
    // The number of documents bounds the length of the chain, also if issuers form a cycle.
    for _ in documents {
        let issuer = certificate.document.issuer.key.as_ref();
        if let Some(found) = issuer.and_then(|key| anchors::hierarchy(key.fingerprint())) {
            return found;
        }
        match parents(certificate, documents).next() {
            Some(parent) => certificate = parent,
            None => break,
        }
    }
    Hierarchy::Unknown
}
