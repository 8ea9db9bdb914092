//! One `<XrML>` document after the other, read off the events (MS-RMPR 2.2.9).
//!
//! Licenses, certificates and templates share one shape, so one reader serves them all.

use std::cell::Cell;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::document::{DOUBLE_KEY_ENTRIES, Document, Field, Party, Span, Value};
use super::events::{Attributes, Event, Events};
use super::known::{KnownDocuments, KnownParty, Point, SEALED};
use super::outside::{Outside, next_tag, outside};
use super::place::{Part, Place, Side};
use super::tag::Tag;
use crate::bytes::wide;
use crate::error::{Error, ErrorKind, Result, Stage};
use crate::facts::Depth;
use crate::license_text::has_license_text;
use crate::limits::{Limit, Meter};

/// The documents of one license.
#[derive(Debug, Default)]
pub(crate) struct Documents<'t> {
    pub(crate) list: Vec<Document<'t>>,
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
    known: Option<&'d mut KnownDocuments>,
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
    /// Whether the issuer and the principal were met.
    parties_met: [bool; 2],
    /// Where the party begins that is being read, if it may be remembered.
    party_start: Option<usize>,
    /// The same of a distribution point, and its address once that was met.
    point_start: Option<usize>,
    point_address: Option<(Point, Value<'t>)>,
    /// A tag has more attributes than are looked at.
    has_too_many: Cell<bool>,
    /// Depth of the open element whose text was taken.
    taken_at: Option<usize>,
    /// A foreign element contains a document.
    has_nested: bool,
}

static BODY_END: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"</BODY>"));

/// Documents of a client's license.
const USUAL: usize = 8;

/// Reads every document of `text`; of a publishing license only up to its `WORK` where `depth`
/// says head.
pub(crate) fn documents<'t>(text: &'t [u8], depth: Depth, meter: &Meter) -> Documents<'t> {
    documents_known(text, depth, None, meter)
}

/// Reads every document of `text`, whatever elements contain it: the answer of a server has its
/// certificates in a SOAP envelope.
#[cfg(feature = "estate")]
pub(crate) fn documents_in_wrapper<'t>(text: &'t [u8], meter: &Meter) -> Documents<'t> {
    let mut documents = Documents::default();
    let next = |text: &[u8], at, _: &mut Documents<'_>, _: &mut Option<Error>| next_tag(text, at);
    if let Err(error) = read_documents(text, Depth::Full, None, meter, &mut documents, next) {
        documents.error = Some(error.at_stage(Stage::License));
    }
    documents
}

/// The same with a memory of documents, which changes nothing of what is read, nor of what is
/// charged for it.
pub(crate) fn documents_known<'t>(
    text: &'t [u8],
    depth: Depth,
    known: Option<&mut KnownDocuments>,
    meter: &Meter,
) -> Documents<'t> {
    documents_into(Vec::new(), text, depth, known, meter)
}

/// The same into a list that is empty, and has room perhaps.
pub(crate) fn documents_into<'t>(
    list: Vec<Document<'t>>,
    text: &'t [u8],
    depth: Depth,
    known: Option<&mut KnownDocuments>,
    meter: &Meter,
) -> Documents<'t> {
    let mut documents = Documents { list, ..Documents::default() };
    let next = next_document;
    if let Err(error) = read_documents(text, depth, known, meter, &mut documents, next) {
        documents.error = Some(error.at_stage(Stage::License));
    }
    documents
}

fn read_documents<'t>(
    text: &'t [u8],
    depth: Depth,
    mut known: Option<&mut KnownDocuments>,
    meter: &Meter,
    documents: &mut Documents<'t>,
    next: impl Fn(&[u8], usize, &mut Documents<'_>, &mut Option<Error>) -> Option<usize>,
) -> Result<()> {
    meter.charge(Limit::Steps, wide(text.len()))?;
    let mut at = 0;
    let mut damage = None;
    while let Some(start) = next(text, at, documents, &mut damage) {
        let count = wide(documents.list.len()).saturating_add(1);
        meter.check(Limit::ChainLength, count)?;
        if documents.list.is_empty() {
            #[allow(clippy::disallowed_methods)] // a constant
            documents.list.reserve(USUAL);
        }
        if let Some(document) = known.as_mut().and_then(|known| known.document(text, start)) {
            at = document.end;
            documents.list.push(document);
            continue;
        }
        // It is read where it stays: it is too large to be moved for nothing.
        documents.list.push(Document { start, ..Document::default() });
        let Some(document) = documents.list.last_mut() else { break };
        let mut reader = Reader::new(text, document, known.as_deref_mut(), meter);
        let read = reader.run(depth);
        let has_stray_text = reader.has_nested || reader.events.has_license_text();
        documents.has_stray_text |= has_stray_text;
        at = if document.closed { document.end } else { start.saturating_add(1) };
        let is_license = document.is_publishing_license();
        match read {
            Err(error) if error.kind() == ErrorKind::Limit => return Err(error),
            // A document that was cut does not hide the next one.
            Err(error) => {
                damage.get_or_insert(error);
            }
            Ok(()) if is_license && depth == Depth::Head => return damage.map_or(Ok(()), Err),
            Ok(()) => {
                if let Some(known) = &mut known
                    && !has_stray_text
                {
                    known.remember_document(text, document);
                }
            }
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
    let last_is_closed = documents.list.last().is_some_and(|document| document.closed);
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
        known: Option<&'d mut KnownDocuments>,
        meter: &'m Meter<'m>,
    ) -> Reader<'t, 'm, 'd> {
        Reader {
            known,
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
            parties_met: [false; 2],
            party_start: None,
            point_start: None,
            point_address: None,
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
                    if self.party_start.is_some() {
                        self.remember_before_sealed();
                    }
                    self.push(tag)?;
                    if let Place::Party(side, Part::Itself) = self.place
                        && let Some(is_whole) = self.take_known(side)
                    {
                        if is_whole {
                            self.pop();
                        }
                        continue;
                    }
                    if self.place == Place::DistributionPoint && self.take_known_point() {
                        self.pop();
                        continue;
                    }
                    self.open(attributes);
                    if self.has_too_many.get() {
                        let allowed = self.meter.allowed(Limit::Attributes);
                        return Err(Error::limit(Limit::Attributes, allowed));
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
        Err(Error::truncated("XrML", wide(self.text.len()), detail))
    }

    fn malformed(&self, detail: &'static str) -> Error {
        Error::malformed("malformed-xrml", "XrML", wide(self.events.start()), detail)
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
        self.meter.check(Limit::XmlDepth, wide(self.depth))
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

    /// Takes the party of a license that begins here from memory, and says whether that is all of
    /// it. The first of its side only: what stands in a second one depends on the first.
    fn take_known(&mut self, side: Side) -> Option<bool> {
        let known = self.known.as_mut()?;
        let [issuer, principal] = &mut self.parties_met;
        let met = match side {
            Side::Issuer => issuer,
            Side::Principal => principal,
        };
        if self.is_uncovered || !self.is_license || std::mem::replace(met, true) {
            return None;
        }
        let start = self.events.start();
        let Some(KnownParty { party, len, is_whole }) = known.party(side, self.text, start) else {
            self.party_start = Some(start);
            return None;
        };
        self.events.pass(len);
        *self.party(side) = party;
        Some(is_whole)
    }

    /// Whether reading the text so far did more than to fill fields. Such text is not remembered.
    fn is_odd(&self) -> bool {
        self.document.duplicate.is_some()
            || self.document.reflowed
            || self.has_too_many.get()
            || self.has_nested
            || self.events.has_license_text()
    }

    /// Remembers what of the open party stands before the tag that begins here, if that is one
    /// whose content is never the same.
    fn remember_before_sealed(&mut self) {
        let Place::Party(side, Part::Itself) = self.place else { return };
        let at = self.events.start();
        if self.text.get(at..).is_some_and(|rest| rest.starts_with(SEALED)) {
            self.remember_party(side, at.saturating_add(SEALED.len()));
        }
    }

    /// Remembers the text of the open party up to `end`, if nothing in it is out of the ordinary.
    fn remember_party(&mut self, side: Side, end: usize) {
        let Some(start) = self.party_start.take() else { return };
        let is_odd = self.is_odd();
        let text = self.text.get(start..end).unwrap_or_default();
        if let Some(known) = &mut self.known
            && !is_odd
        {
            let party = match side {
                Side::Issuer => &self.document.issuer,
                Side::Principal => &self.document.principal,
            };
            known.remember_party(side, text, start, party);
        }
    }

    /// Takes the distribution point of a license that begins here from memory.
    fn take_known_point(&mut self) -> bool {
        self.point_start = None;
        self.point_address = None;
        if self.is_uncovered || !self.is_license {
            return false;
        }
        let Some(known) = &mut self.known else { return false };
        let start = self.events.start();
        let Some((point, address, len)) = known.point(self.text, start) else {
            self.point_start = Some(start);
            return false;
        };
        self.events.pass(len);
        self.take_address(point, address);
        true
    }

    /// Remembers the distribution point that ends here, if it gives one address of a server, and
    /// nothing in it is out of the ordinary.
    fn remember_point(&mut self) {
        let (Some(start), Some((point, address))) = (self.point_start, self.point_address) else {
            return;
        };
        // People are many, and would be what is remembered instead.
        let is_server = matches!(point, Point::Intranet | Point::Extranet);
        let is_odd = self.is_odd();
        let text = self.text.get(start..self.events.end()).unwrap_or_default();
        if let Some(known) = &mut self.known
            && is_server
            && !is_odd
        {
            known.remember_point(text, start, point, &address);
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
            Place::DistributionPoint => {
                self.point = None;
                self.remember_point();
            }
            Place::Party(side, Part::Itself) => self.remember_party(side, self.events.end()),
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
                if self.point_address.replace((point, address)).is_some() {
                    // It gives more than one.
                    self.point_start = None;
                }
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
        self.point_start = None;
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
