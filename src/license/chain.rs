//! Which document of a license vouches for which: by key, by kind and by time, not by signature
//! (MS-RMPR 2.2.9.2).

use super::anchors;
use super::kind::CertificateKind;
use super::owned::{Bound, LocatedDocument, OwnedDocument, OwnedParty};
use crate::kinds::Hierarchy;

/// Whether the principal of a document is one that issues certificates for others.
fn is_of_a_licensor(document: &OwnedDocument) -> bool {
    matches!(document.kind, CertificateKind::ServerLicensor | CertificateKind::CertificateAuthority)
}

/// A Client Licensor Certificate of the client that signed the license.
pub(crate) fn is_clc_of(document: &OwnedDocument, license: &OwnedDocument) -> bool {
    document.kind == CertificateKind::ClientLicensor
        && document.principal.has_key_of(&license.issuer)
}

/// The Client Licensor Certificate that the license was issued with. Where several are of the same
/// key, it is the first that fits the license, or the first of all if none does.
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

/// The first certificate of the server that the license names.
pub(crate) fn slc_of<'d>(
    license: &OwnedDocument,
    documents: &'d [LocatedDocument<'d>],
) -> Option<&'d LocatedDocument<'d>> {
    documents.iter().find(|located| {
        located.document.kind == CertificateKind::ServerLicensor
            && located.document.principal.has_key_of(&license.principal)
    })
}

/// Whether a Client Licensor Certificate comes from the server that the license names, and allowed
/// its issue.
pub(crate) fn fits(clc: &OwnedDocument, license: &OwnedDocument) -> bool {
    is_same_server(&clc.issuer, &license.principal) && allows(clc, license)
}

/// Key and id; names and addresses change when a server's certificate is issued again.
fn is_same_server(one: &OwnedParty, other: &OwnedParty) -> bool {
    one.has_key_of(other) && one.id == other.id
}

/// Whether `parent` gives the right to issue, and `child` was issued in its time: from the
/// beginning of RANGETIME on, and before its end (MS-RMPR 2.2.9.1.3). A right without RANGETIME has
/// no end; a time that cannot be read allows nothing.
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

/// The certificates of the licensor that issued a document, which is one of `documents`.
pub(crate) fn parents<'d>(
    child: &'d LocatedDocument,
    documents: &'d [LocatedDocument<'d>],
) -> impl Iterator<Item = &'d LocatedDocument<'d>> + Clone {
    // By place: the same certificate may be there twice.
    documents.iter().filter(|parent| {
        !std::ptr::eq(*parent, child)
            && is_of_a_licensor(&parent.document)
            && parent.document.principal.has_key_of(&child.document.issuer)
    })
}

/// Follows the issuers of a Server Licensor Certificate to the first anchor key.
pub(crate) fn hierarchy(slc: &LocatedDocument<'_>, documents: &[LocatedDocument<'_>]) -> Hierarchy {
    let mut certificate = slc;
    // A chain is no longer than the documents that there are; a loop ends with them.
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
