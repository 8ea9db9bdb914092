//! Which document of a license vouches for which: by key, by kind and by time, not by signature
//! (MS-RMPR 2.2.9.2).

use super::certificate::CertificateKind;
use super::document::{Document, Party};
use super::key::KnownKeys;
use super::{anchors, guid, time};
use crate::facts::Hierarchy;

impl Document<'_> {
    /// What it is, by its BODY and its DESCRIPTOR.
    pub(crate) fn kind(&self) -> CertificateKind {
        let body_type = self.body_type.map_or(&[][..], |value| value.raw);
        CertificateKind::of(body_type, self.descriptor_type.map(|value| value.raw))
    }

    /// Whether its principal is one that issues certificates for others.
    pub(crate) fn is_of_a_licensor(&self) -> bool {
        matches!(
            self.kind(),
            CertificateKind::ServerLicensor | CertificateKind::CertificateAuthority
        )
    }
}

/// A Client Licensor Certificate of whoever signed the license.
pub(crate) fn is_clc_of(document: &Document<'_>, license: &Document<'_>) -> bool {
    document.principal.has_key_of(&license.issuer)
        && document.kind() == CertificateKind::ClientLicensor
}

/// A certificate of the server that the license names.
fn is_slc_of(document: &Document<'_>, license: &Document<'_>) -> bool {
    document.principal.has_key_of(&license.principal)
        && document.kind() == CertificateKind::ServerLicensor
}

/// The Client Licensor Certificate that the license was issued with. Where several are of the same
/// key, it is the first that fits the license, or the first of all if none does.
pub(crate) fn clc_of<'d, 't>(
    license: &Document<'t>,
    documents: &'d [Document<'t>],
) -> Option<&'d Document<'t>> {
    let all = || documents.iter().filter(|document| is_clc_of(document, license));
    all().find(|clc| fits(clc, license)).or_else(|| all().next())
}

/// The first certificate of the server that the license names.
pub(crate) fn slc_of<'d, 't>(
    license: &Document<'t>,
    documents: &'d [Document<'t>],
) -> Option<&'d Document<'t>> {
    documents.iter().find(|document| is_slc_of(document, license))
}

/// Whether a Client Licensor Certificate comes from the server that the license names, and allowed
/// its issue.
pub(crate) fn fits(clc: &Document<'_>, license: &Document<'_>) -> bool {
    is_same_server(&clc.issuer, &license.principal) && allows(clc, license)
}

/// Key and id; names and addresses change when a server's certificate is issued again.
fn is_same_server(one: &Party<'_>, other: &Party<'_>) -> bool {
    one.has_key_of(other) && guid(one.id) == guid(other.id)
}

/// Whether `parent` gives the right to issue, and `child` was issued in its time: from the
/// beginning of RANGETIME on, and before its end (MS-RMPR 2.2.9.1.3). A right without RANGETIME has
/// no end; a time that cannot be read allows nothing.
pub(crate) fn allows(parent: &Document<'_>, child: &Document<'_>) -> bool {
    if !parent.may_issue {
        return false;
    }
    let Some(issued) = time(child.issued) else {
        return parent.issue_from.is_none() && parent.issue_until.is_none();
    };
    let has_begun = || time(parent.issue_from).is_some_and(|from| from <= issued);
    let has_not_ended = || time(parent.issue_until).is_some_and(|until| issued < until);
    (parent.issue_from.is_none() || has_begun())
        && (parent.issue_until.is_none() || has_not_ended())
}

/// The certificates of the licensor that issued a document.
pub(crate) fn parents<'d, 't>(
    child: &'d Document<'t>,
    documents: &'d [Document<'t>],
) -> impl Iterator<Item = &'d Document<'t>> + Clone {
    documents.iter().filter(|parent| {
        !std::ptr::eq(*parent, child)
            && parent.principal.has_key_of(&child.issuer)
            && parent.is_of_a_licensor()
    })
}

/// Follows the issuers of a Server Licensor Certificate to the first anchor key.
pub(crate) fn hierarchy(
    slc: &Document<'_>,
    documents: &[Document<'_>],
    keys: &mut KnownKeys,
) -> Hierarchy {
    let mut certificate = slc;
    // A chain is no longer than the documents that there are; a loop ends with them.
    for _ in documents {
        let issuer = certificate.issuer.modulus.and_then(|text| keys.name(text.raw));
        if let Some(found) = issuer.and_then(|key| anchors::hierarchy(&key.fingerprint)) {
            return found;
        }
        match parents(certificate, documents).next() {
            Some(parent) => certificate = parent,
            None => break,
        }
    }
    Hierarchy::Unknown
}
