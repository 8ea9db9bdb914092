//! Cross-reference sections (ISO 32000-2 7.5.4 and 7.5.8). A lookup reads one entry, not the whole
//! table.

use super::load::{Loaded, Prefix, load_fields};
use super::small_list::SmallList;
use super::trailer::{OlderSections, Trailer, TrailerFields, TrailerInfo};
use super::xref_entry::{XrefEntry, table_entry, xref_error};
use super::xref_stream::{XrefStream, XrefStreamFields};
use crate::bytes::{to_u64, to_usize};
use crate::container::pdf::layout::ENTRY;
use crate::container::pdf::syntax::lexer::{Lexer, Token, begins_with_word};
use crate::container::pdf::syntax::object::Object;
use crate::error::Result;
use crate::limits::Limit;
use crate::source::{Ahead, Window};

/// A cross-reference section with its trailer.
#[derive(Debug)]
pub(crate) struct XrefSection {
    kind: SectionKind,
    pub(crate) trailer: TrailerInfo,
    pub(crate) older: OlderSections,
}

/// The entries of a section.
#[derive(Debug)]
enum SectionKind {
    Table(SmallList<Subsection>),
    Stream(XrefStream),
}

/// A subsection of a table: entries of consecutive object numbers.
#[derive(Debug, Clone, Copy)]
struct Subsection {
    first: u64,
    count: u64,
    /// The offset of the first entry.
    at: u64,
}

impl XrefSection {
    /// Reads the section at `at`, a table or a stream.
    pub(crate) fn read(window: &mut Window<'_>, at: u64) -> Result<XrefSection> {
        if at >= window.len() {
            return Err(xref_error(at, "begins after the end of the file"));
        }
        let bytes = window.up_to(at, 64)?;
        if !begins_with_word(bytes, b"xref") {
            return XrefSection::stream(window, at);
        }
        let mut lexer = Lexer::part(bytes);
        if lexer.token() != Ok(Token::Word(b"xref")) {
            return Err(xref_error(at, "no table"));
        }
        let subsections = at.saturating_add(to_u64(lexer.at()));
        XrefSection::table(window, subsections)
    }

    /// Reads a table. `at` is the offset of its first subsection.
    fn table(window: &mut Window<'_>, mut at: u64) -> Result<XrefSection> {
        let meter = window.meter();
        let mut subsections = SmallList::default();
        loop {
            meter.charge(Limit::Steps, 64)?;
            let mut lexer = Lexer::part(window.up_to(at, 64)?);
            let (first, count) = match (lexer.token(), lexer.token()) {
                (Ok(Token::Word(b"trailer")), _) => break,
                (Ok(Token::Int(first)), Ok(Token::Int(count))) => (first, count),
                _ => return Err(xref_error(at, "no subsection and no trailer")),
            };
            let (Ok(first), Ok(count)) = (u64::try_from(first), u64::try_from(count)) else {
                return Err(xref_error(at, "a subsection with a negative number"));
            };
            lexer.space();
            let entries = at.saturating_add(to_u64(lexer.at()));
            let end = count.checked_mul(ENTRY).and_then(|len| entries.checked_add(len));
            let Some(end) = end.filter(|end| *end <= window.len()) else {
                return Err(xref_error(at, "a subsection ends after the end of the file"));
            };
            meter.charge(Limit::Allocation, 24)?;
            subsections.push(Subsection { first, count, at: entries });
            at = end;
        }
        let kind = SectionKind::Table(subsections);
        let section = match load_fields::<TrailerFields>(window, at, Prefix::Trailer, "trailer")? {
            Loaded::Fields(fields, _) => XrefSection::plain(kind, &fields),
            Loaded::Object(trailer) => XrefSection::of_table(kind, trailer),
        };
        Ok(section)
    }

    fn of_table(kind: SectionKind, trailer: Object) -> XrefSection {
        let (plain, older) = match trailer.dict("trailer") {
            Ok(dict) => {
                (Trailer::of(&trailer, &dict).plain(), OlderSections::read(&dict, trailer.at()))
            }
            Err(fault) => (None, OlderSections { fault: Some(fault), ..OlderSections::default() }),
        };
        XrefSection { kind, trailer: TrailerInfo::of(trailer, plain), older }
    }

    fn stream(window: &mut Window<'_>, at: u64) -> Result<XrefSection> {
        let prefix = Prefix::Indirect(None);
        let structure = "cross-reference stream";
        let section = match load_fields::<XrefStreamFields>(window, at, prefix, structure)? {
            Loaded::Fields(fields, offsets) => {
                let trailer = fields.trailer.clone();
                let stream = fields.stream(offsets, window.len());
                XrefSection::plain(SectionKind::Stream(stream), &trailer)
            }
            Loaded::Object(trailer) => XrefSection::of_stream(at, trailer, window.len())?,
        };
        if let SectionKind::Stream(stream) = &section.kind {
            window.meter().charge(Limit::Allocation, stream.runs().saturating_mul(16))?;
        }
        Ok(section)
    }

    fn of_stream(at: u64, trailer: Object, file: u64) -> Result<XrefSection> {
        let dict = trailer.dict("cross-reference stream")?;
        let Some(data) = trailer.data.filter(|_| dict.name(b"Type") == Some(b"XRef")) else {
            return Err(xref_error(at, "neither a table nor a stream"));
        };
        let kind = SectionKind::Stream(XrefStream::of(&dict, data, at, file)?);
        let older = OlderSections::read(&dict, trailer.at());
        let plain = Trailer::of(&trailer, &dict).plain();
        Ok(XrefSection { kind, trailer: TrailerInfo::of(trailer, plain), older })
    }

    /// Returns the section of a plain trailer.
    fn plain(kind: SectionKind, trailer: &TrailerFields) -> XrefSection {
        XrefSection { kind, trailer: trailer.info(), older: trailer.older() }
    }

    /// Returns the location of the object `number`, or `None` if this section does not list it in
    /// use.
    pub(crate) fn lookup(
        &mut self,
        window: &mut Window<'_>,
        number: u64,
    ) -> Result<Option<XrefEntry>> {
        match &mut self.kind {
            SectionKind::Table(subsections) => lookup_table(subsections, window, number),
            SectionKind::Stream(stream) => stream.lookup(window, number),
        }
    }
}

/// Returns the location of the object `number` by a table.
fn lookup_table(
    subsections: &SmallList<Subsection>,
    window: &mut Window<'_>,
    number: u64,
) -> Result<Option<XrefEntry>> {
    window.meter().charge(Limit::Steps, to_u64(subsections.len()))?;
    let at = subsections.iter().find_map(|run| {
        let inside = number.checked_sub(run.first).filter(|inside| *inside < run.count)?;
        inside.checked_mul(ENTRY)?.checked_add(run.at)
    });
    let Some(at) = at else { return Ok(None) };
    let bytes = window.read(
        "cross-reference entry",
        at,
        to_usize(ENTRY).unwrap_or_default(),
        Ahead::Block,
    )?;
    table_entry(bytes, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::pdf::file::load::load;
    use crate::container::pdf::tests::with_window;
    use proptest::prelude::*;

    /// Valid and invalid entries of trailers and cross-reference streams.
    const ENTRIES: [&str; 48] = [
        "/Size 5",
        "/Root 1 0 R",
        "/Root 1 0 R",
        "/Root 1 0 R",
        "/Root <<>>",
        "/Info 3 0 R",
        "/Info 3 0 R",
        "/Info <</A 1>>",
        "/Prev 0",
        "/Prev 12",
        "/Prev -1",
        "/Prev null",
        "/XRefStm 7",
        "/ID [<00> (a)]",
        "/ID [<00> (\\))]",
        "/Type /XRef",
        "/Type /XRef",
        "/Type /XRef",
        "/W [1 2 1]",
        "/W [1 2 1]",
        "/W [1 2 1]",
        "/W [0 0 0]",
        "/W [1 2 9]",
        "/W [1 2 R]",
        "/Index [0 5]",
        "/Index [0 2 5 3 7]",
        "/Index [0 /A]",
        "/Filter /FlateDecode",
        "/Filter [/Fl]",
        "/Filter [/Fl /Fl]",
        "/Filter null",
        "/DecodeParms <</Predictor 12 /Columns 4>>",
        "/DecodeParms [<</Predictor 12 /Columns 400>>]",
        "/DecodeParms [null]",
        "/Length 5",
        "/Length 6 0 R",
        "/#50rev 5",
        "/Encrypt 5 0 R",
        "/Enc#72ypt 5 0 R",
        "/DL (encrypt)",
        "/DL /MicrosoftIRM",
        "/Unknown 1",
        "/Unknown 9 0 R",
        "% a comment\n",
        "]",
        "R",
        "/DL [[<<]]",
        "/F (",
    ];

    /// Returns the text of a dictionary, short or long. Its end may be missing.
    fn text(begin: &'static str) -> impl Strategy<Value = String> {
        let begin = proptest::sample::select(vec!["", begin]);
        let entries = proptest::collection::vec(proptest::sample::select(&ENTRIES[..]), 0..7);
        let end = proptest::sample::select(&[">>", ">>", ">>", ">", "", ">> >>", "%>>\n>>"][..]);
        let filler = prop_oneof![Just(0), Just(0), 900..1100_usize, 4000..4200_usize];
        (begin, entries, end, filler).prop_map(|(begin, entries, end, filler)| {
            let filler = match filler {
                0 => String::new(),
                _ => format!("/DL ({})", "x".repeat(filler)),
            };
            format!("<<{begin}{filler}{} {end}", entries.join(" "))
        })
    }

    proptest! {
        #[test]
        fn plain_and_parsed_trailers_give_the_same_section(text in text("/Size 5 /Root 1 0 R")) {
            let bytes = format!("trailer {text}");
            with_window(bytes.as_bytes(), |window| {
                let prefix = Prefix::Trailer;
                let kind = || SectionKind::Table(SmallList::default());
                let by_fields = load_fields::<TrailerFields>(window, 0, prefix, "trailer");
                let by_fields = by_fields.map(|loaded| match loaded {
                    Loaded::Fields(fields, _) => XrefSection::plain(kind(), &fields),
                    Loaded::Object(trailer) => XrefSection::of_table(kind(), trailer),
                });
                let by_object = load(window, 0, prefix, "trailer");
                let by_object = by_object.map(|trailer| XrefSection::of_table(kind(), trailer));
                prop_assert_eq!(format!("{by_fields:?}"), format!("{by_object:?}"));
                Ok(())
            })?;
        }

        #[test]
        fn plain_and_parsed_streams_give_the_same_section(
            text in text("/Type /XRef /W [1 2 1] /Size 5"),
            keyword in proptest::sample::select(
                &["stream\n.....", " stream\r\n.", "endobj", "", "str"][..],
            ),
        ) {
            let bytes = format!("1 0 obj {text}{keyword}");
            with_window(bytes.as_bytes(), |window| {
                let by_fields = XrefSection::stream(window, 0);
                let by_object = load(window, 0, Prefix::Indirect(None), "cross-reference stream");
                let by_object =
                    by_object.and_then(|trailer| XrefSection::of_stream(0, trailer, window.len()));
                prop_assert_eq!(format!("{by_fields:?}"), format!("{by_object:?}"));
                Ok(())
            })?;
        }
    }
}
