//! [`OwnedDocument`]: the decoded values of a document, without references to the text.
//!
//! Certificates repeat from file to file, so the cache shares owned documents. All comparisons
//! between the documents of a chain use them.

use std::sync::Arc;

use super::document::{Field, RawParty, XrmlDocument};
use super::key::{Modulus, RsaKey};
use super::kind::CertificateKind;
use super::signature::Signed;
use super::value::{guid, string, time};
use crate::timestamp::Timestamp;

/// One document. It contains no offset into the text, so that it does not depend on the location of
/// the document.
#[derive(Debug)]
pub(crate) struct OwnedDocument {
    pub(crate) kind: CertificateKind,
    /// `</XrML>` is present.
    pub(crate) closed: bool,
    pub(crate) has_second_body: bool,
    /// The document has a `BODY type`, and its DESCRIPTOR is that of a use license.
    pub(crate) is_use_license: bool,
    pub(crate) issued: Option<Timestamp>,
    pub(crate) descriptor_id: Option<String>,
    pub(crate) issuer: OwnedParty,
    pub(crate) principal: OwnedParty,
    /// The principal may issue documents: `RIGHT name="ISSUE"`.
    pub(crate) may_issue: bool,
    /// `RANGETIME` of that right.
    pub(crate) issue_from: Bound,
    pub(crate) issue_until: Bound,
    pub(crate) signed: Signed,
}

/// The issuer or the principal of a document.
#[derive(Debug)]
pub(crate) struct OwnedParty {
    pub(crate) object_type: Option<String>,
    pub(crate) is_server: bool,
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) address: Option<String>,
    pub(crate) key: Option<RsaKey>,
    pub(crate) server_version: Option<String>,
    pub(crate) server_sku: Option<String>,
    pub(crate) tenant_id: Option<String>,
}

/// One end of a `RANGETIME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// The element is missing.
    Missing,
    /// The element contains no valid time.
    Unreadable,
    At(Timestamp),
}

impl Bound {
    fn new(field: Field<'_>) -> Bound {
        match field {
            None => Bound::Missing,
            Some(_) => time(field).map_or(Bound::Unreadable, Bound::At),
        }
    }

    pub(crate) fn time(self) -> Option<Timestamp> {
        match self {
            Bound::At(time) => Some(time),
            Bound::Missing | Bound::Unreadable => None,
        }
    }
}

impl OwnedDocument {
    pub(crate) fn new(document: &XrmlDocument<'_>) -> OwnedDocument {
        let body_type = document.body_type.map_or(&[][..], |value| value.raw);
        let descriptor = document.descriptor_type.map(|value| value.raw);
        let issuer = OwnedParty::new(&document.issuer);
        let signed = Signed::new(document, issuer.key.as_ref());
        OwnedDocument {
            kind: CertificateKind::of(body_type, descriptor),
            closed: document.closed,
            has_second_body: document.has_second_body,
            is_use_license: document.body_type.is_some() && descriptor == Some(b"Content-License"),
            issued: time(document.issued),
            descriptor_id: guid(document.descriptor_id),
            issuer,
            principal: OwnedParty::new(&document.principal),
            may_issue: document.may_issue,
            issue_from: Bound::new(document.issue_from),
            issue_until: Bound::new(document.issue_until),
            signed,
        }
    }
}

impl OwnedParty {
    fn new(party: &RawParty<'_>) -> OwnedParty {
        let modulus = party.modulus.and_then(|text| Modulus::from_xrml(text.raw));
        OwnedParty {
            object_type: string(party.object_type),
            is_server: party.is_server(),
            id: guid(party.id),
            name: string(party.name),
            address: string(party.address),
            key: modulus.map(RsaKey::new),
            server_version: string(party.server_version),
            server_sku: string(party.server_sku),
            tenant_id: guid(party.tenant_id),
        }
    }

    /// Whether both parties have the same key. A key that cannot be decoded differs from all keys.
    pub(crate) fn has_key_of(&self, other: &OwnedParty) -> bool {
        match (&self.key, &other.key) {
            (Some(one), Some(other)) => one.modulus() == other.modulus(),
            _ => false,
        }
    }
}

/// One document of a text.
#[derive(Debug)]
pub(crate) struct DocumentEntry<'t> {
    /// The byte offset in the text.
    pub(crate) start: usize,
    /// The text of the whole document.
    pub(crate) bytes: &'t [u8],
    pub(crate) content: DocumentContent<'t>,
}

/// The values of a document.
#[derive(Debug)]
pub(crate) enum DocumentContent<'t> {
    /// A publishing license, whose values have offsets in the text.
    License(Box<XrmlDocument<'t>>),
    /// Any other document.
    Certificate(Arc<OwnedDocument>),
}

/// An owned document with its offset and its text, which the signature covers.
#[derive(Debug, Clone)]
pub(crate) struct LocatedDocument<'t> {
    pub(crate) start: usize,
    pub(crate) bytes: &'t [u8],
    pub(crate) document: Arc<OwnedDocument>,
}

impl<'t> DocumentEntry<'t> {
    /// Returns the entry of a document of `text`.
    pub(crate) fn new(document: Box<XrmlDocument<'t>>, text: &'t [u8]) -> DocumentEntry<'t> {
        let start = document.start;
        let bytes = text.get(start..document.end).unwrap_or_default();
        let content = if document.is_publishing_license() {
            DocumentContent::License(document)
        } else {
            DocumentContent::Certificate(Arc::new(OwnedDocument::new(&document)))
        };
        DocumentEntry { start, bytes, content }
    }

    pub(crate) fn license(&self) -> Option<&XrmlDocument<'t>> {
        match &self.content {
            DocumentContent::License(license) => Some(license),
            DocumentContent::Certificate(_) => None,
        }
    }

    pub(crate) fn certificate(&self) -> Option<&Arc<OwnedDocument>> {
        match &self.content {
            DocumentContent::License(_) => None,
            DocumentContent::Certificate(document) => Some(document),
        }
    }

    /// `</XrML>` is present.
    pub(crate) fn closed(&self) -> bool {
        match &self.content {
            DocumentContent::License(license) => license.closed,
            DocumentContent::Certificate(document) => document.closed,
        }
    }

    /// Returns the owned document.
    pub(crate) fn locate(&self) -> LocatedDocument<'t> {
        let document = match &self.content {
            DocumentContent::License(license) => Arc::new(OwnedDocument::new(license)),
            DocumentContent::Certificate(document) => Arc::clone(document),
        };
        LocatedDocument { start: self.start, bytes: self.bytes, document }
    }
}
