//! [`DocumentReader`]: reads one `<XrML>` document from its events (MS-RMPR 2.2.9).
//!
//! Licenses, certificates and templates have one structure, so one reader reads all of them.

use std::cell::Cell;

use super::document::{DOUBLE_KEY_ENTRIES, Field, RawParty, RawValue, Span, XrmlDocument};
use super::element_path::{ElementPath, PartyElement, PartyRole};
use super::events::{Attributes, Event, Events};
use super::tag::Tag;
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::kinds::Depth;
use crate::limits::{Limit, Meter};

/// The address that a `DISTRIBUTIONPOINT` contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PointKind {
    Intranet,
    Extranet,
    Referral,
    Other,
}

/// The meaning of the text in the open `AUTHENTICATEDDATA`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DataKind {
    LabelId,
    LabelTenant,
    Other,
}

/// The number of nested elements that are distinguished; of deeper ones only the depth counts.
const PATH: usize = 16;

/// Reads one document into an [`XrmlDocument`].
pub(super) struct DocumentReader<'t, 'm, 'd> {
    text: &'t [u8],
    events: Events<'t>,
    meter: &'m Meter<'m>,
    /// The open elements, from the root.
    open_elements: [ElementPath; PATH],
    depth: usize,
    /// The innermost open element.
    element: ElementPath,
    document: &'d mut XrmlDocument<'t>,
    point: Option<PointKind>,
    data: DataKind,
    /// `PARAMETER name` of the key being read.
    parameter: &'t [u8],
    /// The open `RIGHT` is `ISSUE`.
    may_issue: bool,
    /// Inside a second `BODY`. No signature covers it, so it is ignored.
    is_uncovered: bool,
    /// The document is a publishing license.
    is_license: bool,
    /// A tag has more attributes than the limit allows.
    has_too_many: Cell<bool>,
    /// The depth of the open element whose text was stored.
    taken_at: Option<usize>,
    /// A foreign element contains a document.
    has_nested: bool,
}

impl<'t, 'm, 'd> DocumentReader<'t, 'm, 'd> {
    /// Returns a reader of the document that begins at `document.start` of `text`.
    pub(super) fn new(
        text: &'t [u8],
        document: &'d mut XrmlDocument<'t>,
        meter: &'m Meter<'m>,
    ) -> DocumentReader<'t, 'm, 'd> {
        DocumentReader {
            text,
            events: Events::new(text, document.start),
            meter,
            open_elements: [ElementPath::Elsewhere; PATH],
            depth: 0,
            element: ElementPath::Outside,
            document,
            point: None,
            data: DataKind::Other,
            parameter: &[],
            may_issue: false,
            is_uncovered: false,
            is_license: false,
            has_too_many: Cell::new(false),
            taken_at: None,
            has_nested: false,
        }
    }

    /// Reads one document, from its `<XrML` to its `</XrML>`.
    pub(super) fn run(&mut self, depth: Depth) -> Result<()> {
        loop {
            let event = match self.events.next() {
                Some(Ok(event)) => event,
                Some(Err(_)) => return self.cut("a tag does not end"),
                None => return self.cut("no </XrML>"),
            };
            match event {
                Event::Open { name, attributes, empty } => {
                    let tag = Tag::of(name);
                    let is_foreign = matches!(
                        self.element,
                        ElementPath::Elsewhere | ElementPath::ElsewhereInBody
                    );
                    if tag == Tag::Xrml && is_foreign {
                        self.has_nested = true;
                    } else if tag == Tag::Xrml && self.depth > 0 {
                        // This document is truncated, and the next one begins here.
                        self.document.end = self.events.start();
                        return Err(self.malformed("a document begins inside another one"));
                    }
                    if let Some(detail) = self.element.misplaced(tag, name) {
                        return Err(self.malformed(detail));
                    }
                    if tag == Tag::Work && depth == Depth::Head && self.is_license {
                        self.document.end = self.events.start();
                        return Ok(());
                    }
                    self.push(tag)?;
                    self.open(attributes);
                    if self.has_too_many.get() {
                        let allowed = self.meter.allowed(Limit::Attributes);
                        return Err(Limit::Attributes.error(allowed));
                    }
                    if empty {
                        self.close();
                    }
                }
                Event::Close { .. } => {
                    self.close();
                    if self.depth == 0 {
                        self.document.end = self.events.end();
                        self.document.closed = true;
                        return Ok(());
                    }
                }
                Event::Text(text) => self.take_text(text)?,
            }
        }
    }

    /// Whether license text was skipped, or a foreign element contains a document.
    pub(super) fn has_stray_text(&self) -> bool {
        self.has_nested || self.events.has_license_text()
    }

    fn cut(&mut self, detail: &'static str) -> Result<()> {
        self.document.end = self.text.len();
        Err(Error::truncated("XrML", to_u64(self.text.len()), detail))
    }

    fn malformed(&self, detail: &'static str) -> Error {
        Error::malformed(ErrorCode::MalformedXrml, "XrML", to_u64(self.events.start()), detail)
    }

    fn push(&mut self, tag: Tag) -> Result<()> {
        self.element = match self.open_elements.get_mut(self.depth) {
            Some(slot) => {
                *slot = self.element.inside(tag);
                *slot
            }
            None => ElementPath::Elsewhere,
        };
        self.depth = self.depth.saturating_add(1);
        self.meter.check(Limit::XmlDepth, to_u64(self.depth))
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.element = match self.depth.checked_sub(1) {
            Some(last) => self.open_elements.get(last).copied().unwrap_or(ElementPath::Elsewhere),
            None => ElementPath::Outside,
        };
    }

    /// Returns an attribute. The array makes the length of the name a constant, for fast
    /// comparison.
    fn attribute<const N: usize>(&self, attributes: &'t [u8], name: &[u8; N]) -> Field<'t> {
        // Producers write at most six. The limit bounds the repeated search in a hostile tag.
        let allowed = self.meter.allowed(Limit::Attributes);
        let mut all = Attributes::new(attributes);
        let mut seen = 0;
        while seen < allowed {
            let (found, raw) = all.next()?;
            if found == name {
                return Some(RawValue { raw, at: offset_in(self.text, raw) });
            }
            seen = seen.saturating_add(1);
        }
        if all.next().is_some() {
            self.has_too_many.set(true);
        }
        None
    }

    fn open(&mut self, attributes: &'t [u8]) {
        if self.is_uncovered {
            return;
        }
        match self.element {
            ElementPath::Body => {
                let start = self.events.start();
                if self.document.body.is_some() {
                    self.document.duplicate.get_or_insert(start);
                    self.is_uncovered = true;
                    self.document.has_second_body = true;
                    return;
                }
                self.document.body = Some(Span { start, end: self.text.len() });
                self.document.body_type = self.attribute(attributes, b"type");
                self.is_license = self.document.is_publishing_license();
            }
            ElementPath::DescriptorObject => {
                let found = self.attribute(attributes, b"type");
                self.document.descriptor_type = self.document.descriptor_type.or(found);
            }
            ElementPath::Party(role, part) => self.open_party(role, part, attributes),
            ElementPath::DistributionPoint => self.point = None,
            ElementPath::PointObject => {
                let kind = self.attribute(attributes, b"type").map(|kind| kind.raw);
                self.point = Some(match kind {
                    Some(b"License-Acquisition-URL") => PointKind::Intranet,
                    Some(b"Extranet-License-Acquisition-URL") => PointKind::Extranet,
                    Some(b"Referral-Info") => PointKind::Referral,
                    _ => PointKind::Other,
                });
            }
            ElementPath::OwnerId => {
                let found = self.attribute(attributes, b"type");
                self.document.owner_id_type = self.document.owner_id_type.or(found);
            }
            ElementPath::Right => {
                let name = self.attribute(attributes, b"name");
                self.may_issue = name.is_some_and(|name| name.raw == b"ISSUE");
                self.document.may_issue |= self.may_issue;
            }
            ElementPath::AuthenticatedData => self.open_data(attributes),
            ElementPath::Signature => self.document.signature.present = true,
            _ => {}
        }
    }

    fn open_party(&mut self, role: PartyRole, part: PartyElement, attributes: &'t [u8]) {
        match part {
            PartyElement::Object => {
                let found = self.attribute(attributes, b"type");
                let object = &mut self.party(role).object_type;
                let repeated = object.is_some();
                *object = object.or(found);
                self.note_repeated(repeated);
            }
            PartyElement::Id => {
                let found = self.attribute(attributes, b"type");
                let id_type = &mut self.party(role).id_type;
                *id_type = id_type.or(found);
            }
            PartyElement::Parameter => {
                self.parameter = self.attribute(attributes, b"name").map_or(&[], |name| name.raw);
            }
            PartyElement::SecurityLevel => {
                let name = self.attribute(attributes, b"name").map_or(&[][..], |name| name.raw);
                let value = self.attribute(attributes, b"value");
                let party = self.party(role);
                let level = match name {
                    b"Server-Version" => &mut party.server_version,
                    b"Server-SKU" => &mut party.server_sku,
                    b"Tenant-ID" => &mut party.tenant_id,
                    b"SDK" => &mut party.sdk,
                    _ => return,
                };
                let repeated = level.is_some();
                *level = level.or(value);
                self.note_repeated(repeated);
            }
            PartyElement::Itself
            | PartyElement::Name
            | PartyElement::Address
            | PartyElement::PublicKey
            | PartyElement::Value => {}
        }
    }

    /// Stores the address of a distribution point; the first one of each kind counts.
    fn take_address(&mut self, point: PointKind, address: RawValue<'t>) {
        let document = &mut *self.document;
        let field = match point {
            PointKind::Intranet => &mut document.intranet,
            PointKind::Extranet => &mut document.extranet,
            PointKind::Referral => &mut document.referral,
            PointKind::Other => return,
        };
        match field {
            None => *field = Some(address),
            // The referral does not influence the verdict.
            Some(_) if point == PointKind::Referral => {}
            Some(_) => {
                document.duplicate.get_or_insert(address.at);
            }
        }
    }

    /// Records a repeated element at the last event.
    fn note_repeated(&mut self, repeated: bool) {
        if repeated {
            self.document.duplicate.get_or_insert(self.events.start());
        }
    }

    fn party(&mut self, role: PartyRole) -> &mut RawParty<'t> {
        match role {
            PartyRole::Issuer => &mut self.document.issuer,
            PartyRole::Principal => &mut self.document.principal,
        }
    }

    fn open_data(&mut self, attributes: &'t [u8]) {
        let id = self.attribute(attributes, b"id").map_or(&[][..], |id| id.raw);
        let name = self.attribute(attributes, b"name").map_or(&[][..], |name| name.raw);
        self.data = match (id, name) {
            (b"LABEL", b"ID") => DataKind::LabelId,
            (b"LABEL", b"TenantId") => DataKind::LabelTenant,
            _ => DataKind::Other,
        };
        const PREFIX: &[u8] = b"Microsoft.DKE.";
        let begins = name.get(..PREFIX.len()).is_some_and(|it| it.eq_ignore_ascii_case(PREFIX));
        if id.eq_ignore_ascii_case(b"APPSPECIFIC") && begins {
            self.document.double_key_any = true;
            for (known, entry) in self.document.double_key.iter_mut().zip(DOUBLE_KEY_ENTRIES) {
                *known |= name.eq_ignore_ascii_case(entry.as_bytes());
            }
        }
    }

    fn close(&mut self) {
        if self.taken_at == Some(self.depth) {
            self.taken_at = None;
        }
        match self.element {
            ElementPath::Body => {
                self.is_uncovered = false;
                let end = self.events.end();
                if let Some(body) = &mut self.document.body
                    && !self.document.body_closed
                {
                    body.end = end;
                    self.document.body_closed = true;
                }
            }
            ElementPath::DistributionPoint => self.point = None,
            _ => {}
        }
        self.pop();
    }

    /// Stores the text of an element. Fails if a comment, CDATA or an element interrupts a value: a
    /// part of a key would be another key.
    fn take_text(&mut self, raw: &'t [u8]) -> Result<()> {
        if self.is_uncovered {
            return Ok(());
        }
        if raw.first().is_some_and(u8::is_ascii_whitespace) && raw.trim_ascii().is_empty() {
            self.document.reflowed |= self.element.is_in_body();
            return Ok(());
        }
        if self.events.end() >= self.text.len() {
            // The text ends within the value, and a part of a key would be another key.
            return Ok(());
        }
        let is_interrupted = self.taken_at == Some(self.depth);
        let at = self.events.start();
        let (parameter, may_issue) = (self.parameter, self.may_issue);
        let document = &mut *self.document;
        let field = match self.element {
            ElementPath::IssuedTime => &mut document.issued,
            ElementPath::ValidUntil => &mut document.valid_until,
            ElementPath::DescriptorId => &mut document.descriptor_id,
            ElementPath::DescriptorName => &mut document.descriptor_name,
            ElementPath::Party(role, part) => {
                let party = match role {
                    PartyRole::Issuer => &mut document.issuer,
                    PartyRole::Principal => &mut document.principal,
                };
                match party_field(party, part, parameter) {
                    Some(field) => field,
                    None => return Ok(()),
                }
            }
            ElementPath::PointAddress => {
                let (Some(point), address) = (self.point, RawValue { raw, at }) else {
                    return Ok(());
                };
                if is_interrupted {
                    self.forget_address(point);
                    return Err(self.interrupted());
                }
                self.taken_at = Some(self.depth);
                self.take_address(point, address);
                return Ok(());
            }
            ElementPath::WorkId => &mut document.content_id,
            ElementPath::OwnerName => &mut document.owner,
            ElementPath::IssueFrom if may_issue => &mut document.issue_from,
            ElementPath::IssueUntil if may_issue => &mut document.issue_until,
            ElementPath::AuthenticatedData => match self.data {
                DataKind::LabelId => &mut document.label_id,
                DataKind::LabelTenant => &mut document.label_tenant,
                DataKind::Other => return Ok(()),
            },
            ElementPath::SignatureAlgorithm => &mut document.signature.algorithm,
            ElementPath::DigestAlgorithm => &mut document.signature.digest_algorithm,
            ElementPath::DigestValue => &mut document.signature.digest,
            ElementPath::SignatureValue => &mut document.signature.value,
            _ => return Ok(()),
        };
        if is_interrupted {
            *field = None;
            return Err(self.interrupted());
        }
        match field {
            None => *field = Some(RawValue { raw, at }),
            Some(_) => {
                document.duplicate.get_or_insert(at);
            }
        }
        self.taken_at = Some(self.depth);
        Ok(())
    }

    /// Removes an address that was read only in part.
    fn forget_address(&mut self, point: PointKind) {
        let document = &mut *self.document;
        match point {
            PointKind::Intranet => document.intranet = None,
            PointKind::Extranet => document.extranet = None,
            PointKind::Referral => document.referral = None,
            PointKind::Other => {}
        }
    }

    fn interrupted(&self) -> Error {
        self.malformed("a value is interrupted by other markup")
    }
}

/// Returns the field of a party for the text of `part`.
fn party_field<'p, 't>(
    party: &'p mut RawParty<'t>,
    part: PartyElement,
    parameter: &[u8],
) -> Option<&'p mut Field<'t>> {
    match part {
        PartyElement::Id => Some(&mut party.id),
        PartyElement::Name => Some(&mut party.name),
        // The first address of a server is its URL. Addresses of people are mail aliases.
        PartyElement::Address if party.is_server() => Some(&mut party.address),
        PartyElement::Value => match parameter {
            b"modulus" => Some(&mut party.modulus),
            b"public-exponent" => Some(&mut party.exponent),
            _ => None,
        },
        _ => None,
    }
}

/// Returns the offset of `part`, a slice of `text`.
fn offset_in(text: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}
