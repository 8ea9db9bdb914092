//! What repeats from file to file is read once, and known by its bytes then: certificates, and the
//! parties and servers' addresses of licenses.
//!
//! A client's license brings some seven certificates along, those of its server and one of its
//! user and month; the license itself names its issuer and its server as all others do. What is
//! read of a document, or of a party, depends on nothing but its text, so that the same text has
//! the same fields, at the same places within it.

use memchr::memmem;

use super::document::{Document, DocumentOf, Party, PartyOf, Span, Value};
use super::place::Side;
use super::ring::{LONGEST, Ring};

/// How many certificates are remembered. An estate has a handful of servers, each with some five
/// certificates, and one client certificate for each user and month.
const DOCUMENTS: usize = 64;

/// How many issuers are remembered, and how many principals.
const PARTIES: usize = 16;

/// How many addresses of servers are remembered. Each has two.
const POINTS: usize = 16;

/// What of a party is sealed for one license: no two have the same.
pub(super) const SEALED: &[u8] = b"<ENABLINGBITS";

/// A value by its places from the beginning of what it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    at: usize,
    raw: Span,
}

/// The certificates and parties met last.
#[derive(Debug, Default)]
pub(crate) struct KnownDocuments {
    documents: Ring<DocumentOf<Place>, DOCUMENTS>,
    issuers: Ring<PartyOf<Place>, PARTIES>,
    principals: Ring<PartyOf<Place>, PARTIES>,
    points: Ring<(Point, Place), POINTS>,
}

/// Which address a `DISTRIBUTIONPOINT` gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    Intranet,
    Extranet,
    Referral,
    Other,
}

/// A party that is known by its text.
#[derive(Debug)]
pub(super) struct KnownParty<'t> {
    pub(super) party: Party<'t>,
    /// Bytes of it that are known.
    pub(super) len: usize,
    /// Whether that is the whole element, not only what stands before [`SEALED`].
    pub(super) is_whole: bool,
}

impl KnownDocuments {
    /// The document that begins at `start` of `text`, if it is a known one: what reading it makes
    /// of it.
    pub(super) fn document<'t>(&mut self, text: &'t [u8], start: usize) -> Option<Document<'t>> {
        let rest = text.get(start..)?;
        let (_, document) = self.documents.find(rest)?;
        let place = |at: usize| start.saturating_add(at);
        Some(document.map(place, |value| value_at(rest, start, value)))
    }

    /// Remembers a document of `text` that was read without fault.
    pub(super) fn remember_document(&mut self, text: &[u8], document: &Document<'_>) {
        // A license is met once. What has no end depends on what follows it.
        let has_ends = document.closed && (document.body_closed || document.body.is_none());
        let whole = text.get(document.start..document.end).unwrap_or_default();
        if !has_ends || document.is_publishing_license() {
            return;
        }
        let start = document.start;
        let place = |at: usize| at.saturating_sub(start);
        let places = document.map(place, |value| place_in(whole, start, value));
        // A value that did not stand in the text would be lost: then nothing is remembered.
        let back = places.map(|at| start.saturating_add(at), |value| value_at(whole, start, value));
        if back == *document {
            self.documents.remember(whole, places);
        }
    }

    /// The party whose element begins at `start` of `text`, if it is a known one.
    pub(super) fn party<'t>(
        &mut self,
        side: Side,
        text: &'t [u8],
        start: usize,
    ) -> Option<KnownParty<'t>> {
        let rest = text.get(start..)?;
        let (known, party) = self.parties(side).find(rest)?;
        let party = party.map(|value| value_at(rest, start, value));
        let before = known.strip_suffix(SEALED);
        let len = before.unwrap_or(known).len();
        Some(KnownParty { party, len, is_whole: before.is_none() })
    }

    /// Remembers a party whose element begins at `start`, and of which this text was read without
    /// fault: all of it, or what stands before [`SEALED`] and that word.
    pub(super) fn remember_party(
        &mut self,
        side: Side,
        text: &[u8],
        start: usize,
        party: &Party<'_>,
    ) {
        // Where only the head is wanted, a license ends at its first WORK, wherever that stands.
        if text.len() > LONGEST || memmem::find(text, b"<WORK").is_some() {
            return;
        }
        let places = party.map(|value| place_in(text, start, value));
        if places.map(|value| value_at(text, start, value)) == *party {
            self.parties(side).remember(text, places);
        }
    }

    /// The address in the `DISTRIBUTIONPOINT` that begins at `start` of `text`, if that is a known
    /// one, and how long the element is.
    pub(super) fn point<'t>(
        &mut self,
        text: &'t [u8],
        start: usize,
    ) -> Option<(Point, Value<'t>, usize)> {
        let rest = text.get(start..)?;
        let (known, (point, place)) = self.points.find(rest)?;
        Some((*point, value_at(rest, start, place)?, known.len()))
    }

    /// Remembers a `DISTRIBUTIONPOINT` that begins at `start`, has this text and no address but
    /// this, all of it read without fault.
    pub(super) fn remember_point(
        &mut self,
        text: &[u8],
        start: usize,
        point: Point,
        address: &Value<'_>,
    ) {
        if text.len() > LONGEST || memmem::find(text, b"<WORK").is_some() {
            return;
        }
        let place = place_in(text, start, address);
        if let Some(place) = place
            && value_at(text, start, &place) == Some(*address)
        {
            self.points.remember(text, (point, place));
        }
    }

    fn parties(&mut self, side: Side) -> &mut Ring<PartyOf<Place>, PARTIES> {
        match side {
            Side::Issuer => &mut self.issuers,
            Side::Principal => &mut self.principals,
        }
    }
}

/// A value in `rest`, which begins at `start` of the text.
fn value_at<'t>(rest: &'t [u8], start: usize, place: &Place) -> Option<Value<'t>> {
    let raw = rest.get(place.raw.start..place.raw.end)?;
    Some(Value { raw, at: start.saturating_add(place.at) })
}

/// Where a value stands in `whole`, which begins at `start` of the text.
fn place_in(whole: &[u8], start: usize, value: &Value<'_>) -> Option<Place> {
    let from = value.raw.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
    let raw = Span { start: from, end: from.checked_add(value.raw.len())? };
    Some(Place { at: value.at.saturating_sub(start), raw })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use crate::facts::Depth;
    use crate::license::reader::{self, Documents};
    use crate::limits::{Cancel, Limits, Meter};
    use proptest::prelude::*;

    fn read<'t>(text: &'t str, depth: Depth, known: &mut KnownDocuments) -> Documents<'t> {
        let meter = Meter::new(Limits::default(), Cancel::default());
        reader::documents_known(text.as_bytes(), depth, Some(known), &meter)
    }

    fn assert_same(text: &str, depth: Depth, known: &mut KnownDocuments) {
        let meter = Meter::new(Limits::default(), Cancel::default());
        let cold = reader::documents(text.as_bytes(), depth, &meter);
        let warm = read(text, depth, known);
        assert_eq!(cold.list, warm.list, "{text}");
        assert_eq!(cold.error, warm.error, "{text}");
        assert_eq!(cold.trailing, warm.trailing, "{text}");
        assert_eq!(cold.has_stray_body, warm.has_stray_body, "{text}");
        assert_eq!(cold.has_stray_text, warm.has_stray_text, "{text}");
    }

    fn certificate(inside: &str) -> String {
        format!("<XrML><BODY type=\"LICENSE\">{inside}</BODY></XrML>")
    }

    #[test]
    fn what_has_no_end_and_what_is_a_license_is_not_remembered() {
        let license = "<XrML><BODY type=\"Microsoft Rights Label\"></BODY></XrML>";
        let long = certificate(&"A".repeat(LONGEST));
        for text in ["<XrML><BODY>", "<XrML><BODY></XrML>", "<XrML></XrML><b", license, &long] {
            let mut known = KnownDocuments::default();
            let has = read(text, Depth::Full, &mut known)
                .list
                .first()
                .is_some_and(|first| first.body.is_none());
            assert_eq!(known.documents.len(), usize::from(has), "{text}");
        }
    }

    #[test]
    fn those_met_last_are_remembered() {
        let mut known = KnownDocuments::default();
        let text = |which: usize| certificate(&format!("<ISSUEDTIME>{which}</ISSUEDTIME>"));
        for round in 0..3 {
            for which in 0..DOCUMENTS + 3 {
                assert_same(&text(which + round), Depth::Full, &mut known);
            }
        }
        assert_eq!(known.documents.len(), DOCUMENTS);
        let last = text(DOCUMENTS + 4);
        assert!(known.document(last.as_bytes(), 0).is_some());
        assert!(known.document(text(3).as_bytes(), 0).is_none());
    }

    #[test]
    fn a_server_is_known_whatever_it_was_sealed_for() {
        let mut known = KnownDocuments::default();
        let sealed = |value: &str| format!("<ENABLINGBITS><VALUE>{value}</VALUE></ENABLINGBITS>");
        let license = |value: &str| {
            let object = "<OBJECT type=\"MS-DRM-Server\"><ID>1</ID></OBJECT>";
            let level = "<SECURITYLEVEL name=\"Server-SKU\" value=\"x\"/>";
            let principal = format!("<PRINCIPAL>{object}{KEY}{}{level}</PRINCIPAL>", sealed(value));
            certificate(&format!("<ISSUEDPRINCIPALS>{principal}</ISSUEDPRINCIPALS><WORK></WORK>"))
                .replace("LICENSE", "Microsoft Rights Label")
        };
        for value in ["AAAA", "BBBB", "CCCC"] {
            assert_same(&license(value), Depth::Full, &mut known);
            assert_eq!(known.principals.len(), 1, "{value}");
        }
    }

    #[test]
    fn addresses_of_servers_are_known_and_those_of_people_are_not() {
        let mut known = KnownDocuments::default();
        let point = |kind: &str, address: &str| {
            let object = format!("<OBJECT type=\"{kind}\"><ADDRESS>{address}</ADDRESS></OBJECT>");
            format!("<DISTRIBUTIONPOINT>{object}</DISTRIBUTIONPOINT>")
        };
        let server = ["License-Acquisition-URL", "Extranet-License-Acquisition-URL"];
        for owner in ["ada", "bob"] {
            let points =
                [point(server[0], "a"), point(server[1], "b"), point("Referral-Info", owner)];
            let license =
                certificate(&points.concat()).replace("LICENSE", "Microsoft Rights Label");
            assert_same(&license, Depth::Full, &mut known);
            assert_eq!(known.points.len(), 2, "{owner}");
        }
    }

    proptest! {
        /// Pieces of documents in any order, damaged ones among them, read with the memory of all
        /// that came before.
        #[test]
        fn a_known_document_is_read_as_a_new_one(
            texts in prop::collection::vec(prop::collection::vec(piece(), 0..6), 1..6),
        ) {
            let mut known = KnownDocuments::default();
            for (which, text) in texts.into_iter().enumerate() {
                let depth = if which % 2 == 0 { Depth::Full } else { Depth::Head };
                assert_same(&text.concat(), depth, &mut known);
            }
        }

        /// The same for what stands in a license: parties in any order, twice, broken, in a second
        /// body, with all that may stand between.
        #[test]
        fn a_known_party_is_read_as_a_new_one(
            bodies in prop::collection::vec(prop::collection::vec(part(), 0..7), 2..7),
        ) {
            let mut known = KnownDocuments::default();
            for (which, body) in bodies.into_iter().enumerate() {
                let depth = if which % 2 == 0 { Depth::Full } else { Depth::Head };
                let license = certificate(&body.concat()).replace("LICENSE", "Microsoft Rights Label");
                assert_same(&license, depth, &mut known);
            }
        }
    }

    const KEY: &str =
        "<PUBLICKEY><PARAMETER name=\"modulus\"><VALUE>AQAB</VALUE></PARAMETER></PUBLICKEY>";

    fn part() -> impl Strategy<Value = String> {
        let object = |kind: &str| {
            format!("<OBJECT type=\"{kind}\"><ID type=\"a\">1</ID><ADDRESS>b</ADDRESS></OBJECT>")
        };
        let (server, client) = (object("MS-DRM-Server"), object("Group-Identity"));
        let sdk = "<SECURITYLEVEL name=\"SDK\" value=\"1\"/>";
        let insides = [
            format!("{server}{KEY}"),
            format!("{client}{sdk}{sdk}"),
            format!("{client} {KEY}"),
            format!("{server}<![CDATA[x]]><NAME><![CDATA[c]]></NAME>"),
            format!("<WORK></WORK>{server}"),
            format!("{server}<XrML>"),
            format!("{client}<a></a></b>"),
            format!("{server}{KEY}<ENABLINGBITS><VALUE>1</VALUE></ENABLINGBITS>{sdk}"),
            format!("{server}{KEY}<ENABLINGBITS><VALUE>2</VALUE></ENABLINGBITS>{sdk}{client}"),
            format!("{server}{KEY}<ENABLINGBITSx/>{KEY}{sdk}{sdk}"),
            format!("{server}{KEY}<ENABLINGBITS <WORK></WORK>"),
            format!("{server}{KEY}x<ENABLINGBITS/>y<ENABLINGBITS>"),
            format!("{server}{KEY} <ENABLINGBITS/>{sdk}"),
            format!("{server}{KEY}<!-- <XrML></XrML> -->"),
            format!("{server}{KEY}<x><XrML></XrML></x>"),
            format!("{client}<NAME>a<!-- -->b</NAME>"),
        ];
        let mut parts: Vec<String> = Vec::new();
        for inside in insides {
            parts.push(format!("<ISSUER>{inside}</ISSUER>"));
            let principal = format!("<PRINCIPAL>{inside}</PRINCIPAL>");
            parts.push(format!(
                "<ISSUEDPRINCIPALS internal-id=\"1\">{principal}</ISSUEDPRINCIPALS>"
            ));
            parts.push(format!("<ISSUEDPRINCIPALS>{principal}{principal}</ISSUEDPRINCIPALS>"));
        }
        for kind in
            ["License-Acquisition-URL", "Extranet-License-Acquisition-URL", "Referral-Info", "x"]
        {
            let begin = format!("<DISTRIBUTIONPOINT><OBJECT type=\"{kind}\">");
            let end = "</OBJECT></DISTRIBUTIONPOINT>";
            let insides =
                ["a", "b", "<![CDATA[c]]>", "a</ADDRESS><ADDRESS>b", " ", "<WORK>", "<XrML>"];
            for inside in insides {
                parts.push(format!("{begin}<NAME>n</NAME><ADDRESS>{inside}</ADDRESS>{end}"));
            }
            parts.push(format!("{begin}<ADDRESS>a</ADDRESS> {end}"));
            parts.push(format!("{begin}<ADDRESS>a</ADDRESS>"));
            parts.push(format!("{begin}</OBJECT><OBJECT><ADDRESS>a</ADDRESS>{end}"));
        }
        for other in ["<ISSUER/>", "<ISSUER>", "</ISSUER>", "</BODY><BODY>", " ", "<WORK>", "<"] {
            parts.push(other.to_owned());
        }
        prop::sample::select(parts)
    }

    fn piece() -> impl Strategy<Value = String> {
        let party =
            format!("<ISSUER><OBJECT type=\"MS-DRM-Server\"><ID>1</ID></OBJECT>{KEY}</ISSUER>");
        let whole = vec![
            certificate("<ISSUEDTIME><![CDATA[2016-05-30T10:39]]></ISSUEDTIME>"),
            certificate(&format!("{party} <DESCRIPTOR><OBJECT type=\"x\"></OBJECT></DESCRIPTOR>")),
            certificate(&format!("{party}{party}")),
            certificate(&format!("{party}</BODY><BODY>{party}")),
            certificate("").replace("LICENSE", "Microsoft Rights Label"),
            "<XrML><SIGNATURE><VALUE>abc</VALUE></SIGNATURE></XrML>".to_owned(),
        ];
        let parts = ["<XrML>", "</XrML>", "<BODY>", "</BODY>", "x", " ", "<", "</BODY></XrML>"];
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        prop_oneof![3 => prop::sample::select(whole), 2 => prop::sample::select(parts)]
    }
}
