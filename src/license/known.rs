//! Certificates that repeat from file to file: each is read once, and known by its bytes then.
//!
//! A client's license brings some seven certificates along, those of its server and one of its
//! user and month. What is read of a document depends on nothing but its text, so that the same
//! text has the same fields, at the same places within it.

use super::document::{Document, DocumentOf, Span, Value};

/// How many are remembered. An estate has a handful of servers, each with some five certificates,
/// and one client certificate for each user and month.
const REMEMBERED: usize = 64;

/// Bytes of the longest one; real ones have 2 to 8 KB.
const LONGEST: usize = 16_384;

/// A value by its places from the beginning of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    at: usize,
    raw: Span,
}

#[derive(Debug)]
struct Known {
    text: Vec<u8>,
    /// Offsets are from the beginning of `text`.
    document: DocumentOf<Place>,
}

/// The certificates met last.
#[derive(Debug, Default)]
pub(crate) struct KnownDocuments {
    known: Vec<Known>,
    /// The one that is forgotten next.
    oldest: usize,
    /// The one that was remembered behind the one met last, and most likely follows it.
    likely: usize,
}

impl KnownDocuments {
    /// The document that begins at `start` of `text`, if it is a known one: what reading it makes
    /// of it.
    pub(super) fn find<'t>(&mut self, text: &'t [u8], start: usize) -> Option<Document<'t>> {
        let rest = text.get(start..)?;
        let (before, after) = self.known.split_at_checked(self.likely)?;
        let mut all = after.iter().chain(before).enumerate();
        let (behind, known) = all.find(|(_, known)| rest.starts_with(&known.text))?;
        let index = self.likely.saturating_add(behind).checked_rem(self.known.len())?;
        self.likely = index.saturating_add(1);
        let place = |at: usize| start.saturating_add(at);
        Some(known.document.map(place, |value| {
            let raw = rest.get(value.raw.start..value.raw.end)?;
            Some(Value { raw, at: place(value.at) })
        }))
    }

    /// Remembers a document of `text` that was read without fault.
    pub(super) fn remember(&mut self, text: &[u8], document: &Document<'_>) {
        // A license is met once. What has no end depends on what follows it.
        let has_ends = document.closed && (document.body_closed || document.body.is_none());
        let whole = text.get(document.start..document.end).unwrap_or_default();
        if !has_ends || document.is_publishing_license() || whole.len() > LONGEST {
            return;
        }
        let place = |at: usize| at.saturating_sub(document.start);
        let places = document.map(place, |value| {
            let start = value.raw.as_ptr().addr().checked_sub(whole.as_ptr().addr())?;
            let raw = Span { start, end: start.checked_add(value.raw.len())? };
            Some(Place { at: place(value.at), raw })
        });
        let entry = Known { text: whole.to_vec(), document: places };
        match self.known.get_mut(self.oldest) {
            Some(oldest) => *oldest = entry,
            None => self.known.push(entry),
        }
        self.oldest = self.oldest.saturating_add(1);
        self.likely = self.oldest;
        if self.oldest >= REMEMBERED {
            self.oldest = 0;
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use crate::facts::Depth;
    use crate::license::reader::{self, Documents};
    use crate::limits::{Cancel, Limits, Meter};
    use proptest::prelude::*;

    fn read<'t>(text: &'t str, known: &mut KnownDocuments) -> Documents<'t> {
        let meter = Meter::new(Limits::default(), Cancel::default());
        reader::documents_known(text.as_bytes(), Depth::Full, Some(known), &meter)
    }

    fn assert_same(text: &str, known: &mut KnownDocuments) {
        let (cold, warm) = (read(text, &mut KnownDocuments::default()), read(text, known));
        assert_eq!(cold.list, warm.list, "{text}");
        assert_eq!(cold.error, warm.error, "{text}");
        assert_eq!(cold.trailing, warm.trailing, "{text}");
        assert_eq!(cold.has_stray_body, warm.has_stray_body, "{text}");
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
            let has = read(text, &mut known).list.first().is_some_and(|first| first.body.is_none());
            assert_eq!(known.known.len(), usize::from(has), "{text}");
        }
    }

    #[test]
    fn those_met_last_are_remembered() {
        let mut known = KnownDocuments::default();
        let text = |which: usize| certificate(&format!("<ISSUEDTIME>{which}</ISSUEDTIME>"));
        for round in 0..3 {
            for which in 0..REMEMBERED + 3 {
                assert_same(&text(which + round), &mut known);
            }
        }
        assert_eq!(known.known.len(), REMEMBERED);
        let last = text(REMEMBERED + 4);
        assert!(known.find(last.as_bytes(), 0).is_some());
        assert!(known.find(text(3).as_bytes(), 0).is_none());
    }

    proptest! {
        /// Pieces of documents in any order, damaged ones among them, read with the memory of all
        /// that came before.
        #[test]
        fn a_known_document_is_read_as_a_new_one(
            texts in prop::collection::vec(prop::collection::vec(piece(), 0..6), 1..6),
        ) {
            let mut known = KnownDocuments::default();
            for text in texts {
                assert_same(&text.concat(), &mut known);
            }
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        const KEY: &str =
            "<PUBLICKEY><PARAMETER name=\"modulus\"><VALUE>AQAB</VALUE></PARAMETER></PUBLICKEY>";
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
