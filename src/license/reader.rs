//! One `<XrML>` document after the other, read off the events (MS-RMPR 2.2.9).
//!
//! Licenses, certificates and templates share one shape, so one reader serves them all.

use std::cell::Cell;
use std::sync::{Arc, LazyLock};

use memchr::memmem::Finder;

use super::cache::CertificateCache;
use super::document::{DOUBLE_KEY_ENTRIES, Document, Field, Party, Span, Value};
use super::events::{Attributes, Event, Events};
use super::outside::{Outside, next_tag, outside};
use super::owned::{Content, Entry};
use super::place::{Part, Place, Side};
use super::tag::Tag;
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::kinds::Depth;
use crate::license_text::has_license_text;
use crate::limits::{Limit, Meter};

/// The documents of one license.
#[derive(Debug, Default)]
pub(crate) struct Documents<'t> {
    pub(crate) list: Vec<Entry<'t>>,
    /// Something that is neither white space nor a document follows a document.
    pub(crate) trailing: bool,
    /// The end of a `BODY` stands in it: what was a document has lost its tag. Or it is cut within
    /// that.
    pub(crate) has_stray_body: bool,
    /// License text is present where an XML parser skips it, or in a foreign element.
    pub(crate) has_stray_text: bool,
    /// Why the reading stopped before the end of the text; offsets are into the text.
    pub(crate) error: Option<Error>,
}

impl Documents<'_> {
    /// Notes text that is passed over, behind a document that is closed or not.
    fn pass(&mut self, text: &[u8], last_is_closed: bool) {
        if text.is_empty() {
            return;
        }
        let rest = text.trim_ascii();
        self.trailing |= last_is_closed && !rest.is_empty();
        let is_cut = !rest.is_empty() && b"<XrML".starts_with(rest);
        self.has_stray_body |= is_cut || BODY_END.find(text).is_some();
    }
}

/// Which address a `DISTRIBUTIONPOINT` contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Point {
    Intranet,
    Extranet,
    Referral,
    Other,
}

/// What the text of the open `AUTHENTICATEDDATA` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Data {
    LabelId,
    LabelTenant,
    Other,
}

/// Elements on the way from the root that are told apart; deeper ones only count.
const PATH: usize = 16;

struct Reader<'t, 'm, 'd> {
    text: &'t [u8],
    events: Events<'t>,
    meter: &'m Meter<'m>,
    /// Where each element on the way from the root stands.
    path: [Place; PATH],
    depth: usize,
    /// Where the present element stands.
    place: Place,
    document: &'d mut Document<'t>,
    point: Option<Point>,
    data: Data,
    /// `PARAMETER name` of the key that is being read.
    parameter: &'t [u8],
    /// The present `RIGHT` is the one to issue.
    may_issue: bool,
    /// Inside a second `BODY`, which no signature covers: nothing of it counts.
    is_uncovered: bool,
    /// The document is a publishing license.
    is_license: bool,
    /// A tag has more attributes than are looked at.
    has_too_many: Cell<bool>,
    /// Depth of the open element whose text was taken.
    taken_at: Option<usize>,
    /// A foreign element contains a document.
    has_nested: bool,
}

static BODY_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"</BODY>"));

/// Reads every document of `text`; of a publishing license only up to its `WORK` where `depth` says
/// head. A cache changes nothing of what is read, nor of what is charged for it.
pub(crate) fn documents<'t>(
    text: &'t [u8],
    depth: Depth,
    cache: Option<&mut CertificateCache>,
    meter: &Meter,
) -> Documents<'t> {
    read_documents(text, depth, cache, meter, next_document)
}

/// Reads every document of `text`, whatever elements contain it: the answer of a server has its
/// certificates in a SOAP envelope.
#[cfg(feature = "estate")]
pub(crate) fn documents_in_wrapper<'t>(text: &'t [u8], meter: &Meter) -> Documents<'t> {
    let next = |text: &[u8], at, _: &mut Documents<'_>, _: &mut Option<Error>| next_tag(text, at);
    read_documents(text, Depth::Full, None, meter, next)
}

fn read_documents<'t>(
    text: &'t [u8],
    depth: Depth,
    cache: Option<&mut CertificateCache>,
    meter: &Meter,
    next: impl Fn(&[u8], usize, &mut Documents<'_>, &mut Option<Error>) -> Option<usize>,
) -> Documents<'t> {
    let mut documents = Documents::default();
    if let Err(error) = read_each(text, depth, cache, meter, &mut documents, next) {
        documents.error = Some(error.at_stage(Stage::License));
    }
    documents
}

fn read_each<'t>(
    text: &'t [u8],
    depth: Depth,
    mut cache: Option<&mut CertificateCache>,
    meter: &Meter,
    documents: &mut Documents<'t>,
    next: impl Fn(&[u8], usize, &mut Documents<'_>, &mut Option<Error>) -> Option<usize>,
) -> Result<()> {
    meter.charge(Limit::Steps, to_u64(text.len()))?;
    let mut at = 0;
    let mut damage = None;
    while let Some(start) = next(text, at, documents, &mut damage) {
        let count = to_u64(documents.list.len()).saturating_add(1);
        meter.check(Limit::ChainLength, count)?;
        let rest = text.get(start..).unwrap_or_default();
        if let Some((len, document)) = cache.as_ref().and_then(|cache| cache.find(rest)) {
            at = start.saturating_add(len);
            let content = Content::Certificate(Arc::clone(document));
            let bytes = rest.get(..len).unwrap_or_default();
            documents.list.push(Entry { start, bytes, content });
            continue;
        }
        let mut document = Box::new(Document { start, ..Document::default() });
        let mut reader = Reader::new(text, &mut document, meter);
        let read = reader.run(depth);
        let has_stray_text = reader.has_nested || reader.events.has_license_text();
        documents.has_stray_text |= has_stray_text;
        at = if document.closed { document.end } else { start.saturating_add(1) };
        // What has no end depends on what follows it.
        let has_ends = document.closed && (document.body_closed || document.body.is_none());
        let entry = Entry::new(document, text);
        let is_license = entry.license().is_some();
        if let (Some(cache), Some(certificate)) = (&mut cache, entry.certificate())
            && read.is_ok()
            && has_ends
            && !has_stray_text
        {
            cache.insert(entry.bytes, certificate);
        }
        documents.list.push(entry);
        match read {
            Err(error) if error.kind() == ErrorKind::Limit => return Err(error),
            // A document that was cut does not hide the next one.
            Err(error) => _ = damage.get_or_insert(error),
            Ok(()) if is_license && depth == Depth::Head => break,
            Ok(()) => {}
        }
    }
    damage.map_or(Ok(()), Err)
}

/// Returns where the next document begins, and notes what precedes it.
///
/// Damage hides which text is markup. From the first damage on, each `<XrML` tag counts: the error
/// that goes with it keeps every record of the license from saying `no`.
fn next_document(
    text: &[u8],
    mut at: usize,
    documents: &mut Documents<'_>,
    damage: &mut Option<Error>,
) -> Option<usize> {
    let last_is_closed = documents.list.last().is_some_and(Entry::closed);
    while damage.is_none() {
        match outside(text, at) {
            Outside::Document(start) => return Some(start),
            Outside::Skipped(end) => {
                let skipped = text.get(at..end).unwrap_or_default();
                // Each document of a chain can have an XML declaration of its own.
                let is_instruction = skipped.starts_with(b"<?");
                documents.pass(skipped, last_is_closed && !is_instruction);
                documents.has_stray_text |= has_license_text(skipped);
                at = end;
            }
            // It hides nothing if no document follows.
            Outside::Unfinished(_) if next_tag(text, at).is_none() => break,
            Outside::Unfinished(error) => *damage = Some(error),
            Outside::End => return None,
        }
    }
    let start = next_tag(text, at);
    let skipped = text.get(at..start.unwrap_or(text.len())).unwrap_or_default();
    documents.pass(skipped, last_is_closed);
    start
}

impl<'t, 'm, 'd> Reader<'t, 'm, 'd> {
    fn new(
        text: &'t [u8],
        document: &'d mut Document<'t>,
        meter: &'m Meter<'m>,
    ) -> Reader<'t, 'm, 'd> {
        Reader {
            text,
            events: Events::new(text, document.start),
            meter,
            path: [Place::Elsewhere; PATH],
            depth: 0,
            place: Place::Outside,
            document,
            point: None,
            data: Data::Other,
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
    fn run(&mut self, depth: Depth) -> Result<()> {
        loop {
            let event = match self.events.next() {
                Some(Ok(event)) => event,
                Some(Err(_)) => return self.cut("a tag does not end"),
                None => return self.cut("no </XrML>"),
            };
            match event {
                Event::Open { name, attributes, empty } => {
                    let tag = Tag::of(name);
                    let is_foreign =
                        matches!(self.place, Place::Elsewhere | Place::ElsewhereInBody);
                    if tag == Tag::Xrml && is_foreign {
                        self.has_nested = true;
                    } else if tag == Tag::Xrml && self.depth > 0 {
                        // The next document begins inside this one, which was cut.
                        self.document.end = self.events.start();
                        return Err(self.malformed("a document begins inside another one"));
                    }
                    if let Some(detail) = self.place.misplaced(tag, name) {
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

    fn cut(&mut self, detail: &'static str) -> Result<()> {
        self.document.end = self.text.len();
        Err(Error::truncated("XrML", to_u64(self.text.len()), detail))
    }

    fn malformed(&self, detail: &'static str) -> Error {
        Error::malformed(ErrorCode::MalformedXrml, "XrML", to_u64(self.events.start()), detail)
    }

    fn push(&mut self, tag: Tag) -> Result<()> {
        self.place = match self.path.get_mut(self.depth) {
            Some(slot) => {
                *slot = self.place.inside(tag);
                *slot
            }
            None => Place::Elsewhere,
        };
        self.depth = self.depth.saturating_add(1);
        self.meter.check(Limit::XmlDepth, to_u64(self.depth))
    }

    fn pop(&mut self) {
        self.depth = self.depth.saturating_sub(1);
        self.place = match self.depth.checked_sub(1) {
            Some(last) => self.path.get(last).copied().unwrap_or(Place::Elsewhere),
            None => Place::Outside,
        };
    }

    /// The length of a name is known where it is asked for: no two are compared letter by letter.
    fn attribute<const N: usize>(&self, attributes: &'t [u8], name: &[u8; N]) -> Field<'t> {
        // Producers write at most six; a limit keeps a hostile tag from being walked for each.
        let allowed = self.meter.allowed(Limit::Attributes);
        let mut all = Attributes::new(attributes);
        let mut seen = 0;
        while seen < allowed {
            let (found, raw) = all.next()?;
            if found == name {
                return Some(Value { raw, at: offset_in(self.text, raw) });
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
        match self.place {
            Place::Body => {
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
            Place::DescriptorObject => {
                let found = self.attribute(attributes, b"type");
                self.document.descriptor_type = self.document.descriptor_type.or(found);
            }
            Place::Party(side, part) => self.open_party(side, part, attributes),
            Place::DistributionPoint => self.point = None,
            Place::PointObject => {
                let kind = self.attribute(attributes, b"type").map(|kind| kind.raw);
                self.point = Some(match kind {
                    Some(b"License-Acquisition-URL") => Point::Intranet,
                    Some(b"Extranet-License-Acquisition-URL") => Point::Extranet,
                    Some(b"Referral-Info") => Point::Referral,
                    _ => Point::Other,
                });
            }
            Place::OwnerId => {
                let found = self.attribute(attributes, b"type");
                self.document.owner_id_type = self.document.owner_id_type.or(found);
            }
            Place::Right => {
                let name = self.attribute(attributes, b"name");
                self.may_issue = name.is_some_and(|name| name.raw == b"ISSUE");
                self.document.may_issue |= self.may_issue;
            }
            Place::AuthenticatedData => self.open_data(attributes),
            Place::Signature => self.document.signature.present = true,
            _ => {}
        }
    }

    fn open_party(&mut self, side: Side, part: Part, attributes: &'t [u8]) {
        match part {
            Part::Object => {
                let found = self.attribute(attributes, b"type");
                let object = &mut self.party(side).object_type;
                let repeated = object.is_some();
                *object = object.or(found);
                self.note_repeated(repeated);
            }
            Part::Id => {
                let found = self.attribute(attributes, b"type");
                let id_type = &mut self.party(side).id_type;
                *id_type = id_type.or(found);
            }
            Part::Parameter => {
                self.parameter = self.attribute(attributes, b"name").map_or(&[], |name| name.raw);
            }
            Part::SecurityLevel => {
                let name = self.attribute(attributes, b"name").map_or(&[][..], |name| name.raw);
                let value = self.attribute(attributes, b"value");
                let party = self.party(side);
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
            Part::Itself | Part::Name | Part::Address | Part::PublicKey | Part::Value => {}
        }
    }

    /// Takes the address of a distribution point; the first one of each kind counts.
    fn take_address(&mut self, point: Point, address: Value<'t>) {
        let document = &mut *self.document;
        let field = match point {
            Point::Intranet => &mut document.intranet,
            Point::Extranet => &mut document.extranet,
            Point::Referral => &mut document.referral,
            Point::Other => return,
        };
        match field {
            None => *field = Some(address),
            // Who may be asked decides nothing.
            Some(_) if point == Point::Referral => {}
            Some(_) => {
                document.duplicate.get_or_insert(address.at);
            }
        }
    }

    /// Notes that what is opened here was there before.
    fn note_repeated(&mut self, repeated: bool) {
        if repeated {
            self.document.duplicate.get_or_insert(self.events.start());
        }
    }

    fn party(&mut self, side: Side) -> &mut Party<'t> {
        match side {
            Side::Issuer => &mut self.document.issuer,
            Side::Principal => &mut self.document.principal,
        }
    }

    fn open_data(&mut self, attributes: &'t [u8]) {
        let id = self.attribute(attributes, b"id").map_or(&[][..], |id| id.raw);
        let name = self.attribute(attributes, b"name").map_or(&[][..], |name| name.raw);
        self.data = match (id, name) {
            (b"LABEL", b"ID") => Data::LabelId,
            (b"LABEL", b"TenantId") => Data::LabelTenant,
            _ => Data::Other,
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
        match self.place {
            Place::Body => {
                self.is_uncovered = false;
                let end = self.events.end();
                if let Some(body) = &mut self.document.body
                    && !self.document.body_closed
                {
                    body.end = end;
                    self.document.body_closed = true;
                }
            }
            Place::DistributionPoint => self.point = None,
            _ => {}
        }
        self.pop();
    }

    /// Takes the text of an element. Fails if a comment, CDATA or an element interrupts a value: a
    /// part of a key would be another key.
    fn take_text(&mut self, raw: &'t [u8]) -> Result<()> {
        if self.is_uncovered {
            return Ok(());
        }
        if raw.first().is_some_and(u8::is_ascii_whitespace) && raw.trim_ascii().is_empty() {
            self.document.reflowed |= self.place.is_in_body();
            return Ok(());
        }
        if self.events.end() >= self.text.len() {
            // Cut: half a key would be another key.
            return Ok(());
        }
        let is_interrupted = self.taken_at == Some(self.depth);
        let at = self.events.start();
        let (parameter, may_issue) = (self.parameter, self.may_issue);
        let document = &mut *self.document;
        let field = match self.place {
            Place::IssuedTime => &mut document.issued,
            Place::ValidUntil => &mut document.valid_until,
            Place::DescriptorId => &mut document.descriptor_id,
            Place::DescriptorName => &mut document.descriptor_name,
            Place::Party(side, part) => {
                let party = match side {
                    Side::Issuer => &mut document.issuer,
                    Side::Principal => &mut document.principal,
                };
                match party_field(party, part, parameter) {
                    Some(field) => field,
                    None => return Ok(()),
                }
            }
            Place::PointAddress => {
                let (Some(point), address) = (self.point, Value { raw, at }) else { return Ok(()) };
                if is_interrupted {
                    self.forget_address(point);
                    return Err(self.interrupted());
                }
                self.taken_at = Some(self.depth);
                self.take_address(point, address);
                return Ok(());
            }
            Place::WorkId => &mut document.content_id,
            Place::OwnerName => &mut document.owner,
            Place::IssueFrom if may_issue => &mut document.issue_from,
            Place::IssueUntil if may_issue => &mut document.issue_until,
            Place::AuthenticatedData => match self.data {
                Data::LabelId => &mut document.label_id,
                Data::LabelTenant => &mut document.label_tenant,
                Data::Other => return Ok(()),
            },
            Place::SignatureAlgorithm => &mut document.signature.algorithm,
            Place::DigestAlgorithm => &mut document.signature.digest_algorithm,
            Place::DigestValue => &mut document.signature.digest,
            Place::SignatureValue => &mut document.signature.value,
            _ => return Ok(()),
        };
        if is_interrupted {
            *field = None;
            return Err(self.interrupted());
        }
        match field {
            None => *field = Some(Value { raw, at }),
            Some(_) => {
                document.duplicate.get_or_insert(at);
            }
        }
        self.taken_at = Some(self.depth);
        Ok(())
    }

    /// Removes the address of which only a part was read.
    fn forget_address(&mut self, point: Point) {
        let document = &mut *self.document;
        match point {
            Point::Intranet => document.intranet = None,
            Point::Extranet => document.extranet = None,
            Point::Referral => document.referral = None,
            Point::Other => {}
        }
    }

    fn interrupted(&self) -> Error {
        self.malformed("a value is interrupted by other markup")
    }
}

/// The field of a party that the text of this part of it fills.
fn party_field<'p, 't>(
    party: &'p mut Party<'t>,
    part: Part,
    parameter: &[u8],
) -> Option<&'p mut Field<'t>> {
    match part {
        Part::Id => Some(&mut party.id),
        Part::Name => Some(&mut party.name),
        // An issuer has mail aliases and the like as addresses; the first address of a server is
        // its URL, and a person has none.
        Part::Address if party.is_server() => Some(&mut party.address),
        Part::Value => match parameter {
            b"modulus" => Some(&mut party.modulus),
            b"public-exponent" => Some(&mut party.exponent),
            _ => None,
        },
        _ => None,
    }
}

/// Where `part`, a slice of `text`, begins in it.
fn offset_in(text: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr().saturating_sub(text.as_ptr().addr())
}
