//! [`Events`]: a scanner for XrML that borrows from the text and does not allocate.
//!
//! Real producers use a small part of XML: elements, attributes, text, and an optional declaration.
//! The scanner reads that part, skips comments, declarations and document types, and resolves no
//! entities. The tests compare it with quick-xml: on well-formed text, both return the same events.

use memchr::memmem;

use super::swar::{find_any, find_byte, find_name_end, find_space};
use crate::license_text::has_license_text;

/// One tag or text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event<'t> {
    /// `<name attributes>`. No `Close` follows an `empty` one.
    Open { name: &'t [u8], attributes: &'t [u8], empty: bool },
    /// `</name>`; the name may end with white space.
    Close { name: &'t [u8] },
    /// Text between tags with unresolved entities, or the content of CDATA; never empty.
    Text(&'t [u8]),
}

/// A tag without its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unfinished;

/// Reads the events of a text.
#[derive(Debug, Clone)]
pub(crate) struct Events<'t> {
    text: &'t [u8],
    /// The text from the beginning of the last event.
    last: &'t [u8],
    /// The text after the last event.
    rest: &'t [u8],
    /// A comment, processing instruction, declaration or CDATA contained license text.
    has_license_text: bool,
}

impl<'t> Events<'t> {
    pub(crate) fn new(text: &'t [u8], at: usize) -> Events<'t> {
        let rest = text.get(at..).unwrap_or_default();
        Events { text, last: rest, rest, has_license_text: false }
    }

    /// Returns the offset of the last event.
    #[inline(always)]
    pub(crate) fn start(&self) -> usize {
        // `last` is a suffix of `text`, so this does not wrap.
        self.text.len().wrapping_sub(self.last.len())
    }

    /// Returns the offset after the last event.
    #[inline(always)]
    pub(crate) fn end(&self) -> usize {
        self.text.len().wrapping_sub(self.rest.len())
    }

    /// Whether skipped text or CDATA contained a part of a license.
    pub(super) fn has_license_text(&self) -> bool {
        self.has_license_text
    }

    /// Moves to `len` bytes after the beginning of the last event.
    pub(super) fn pass(&mut self, len: usize) {
        self.rest = self.last.get(len..).unwrap_or_default();
    }

    /// Returns the next event; `None` at the end of the text. Inlined into the loops of its
    /// callers, so that events stay in registers.
    #[inline(always)]
    pub(crate) fn next(&mut self) -> Option<Result<Event<'t>, Unfinished>> {
        loop {
            self.last = self.rest;
            match self.rest {
                [] => return None,
                [b'<', b'/', name @ ..] => {
                    let Some((name, rest)) = split(name, find_byte(b'>', name)) else {
                        return Some(Err(self.unfinished()));
                    };
                    self.rest = rest;
                    return Some(Ok(Event::Close { name }));
                }
                [b'<', inside @ ..] => {
                    if let Some((event, rest)) = usual_tag(inside) {
                        self.rest = rest;
                        return Some(Ok(event));
                    }
                    if let Some(event) = self.markup(inside) {
                        return Some(event);
                    }
                }
                rest => {
                    let len = find_byte(b'<', rest).unwrap_or(rest.len());
                    let (text, rest) = rest.split_at_checked(len).unwrap_or_default();
                    self.rest = rest;
                    return Some(Ok(Event::Text(text)));
                }
            }
        }
    }

    /// Reads markup other than an end tag; `None` if it is skipped.
    #[cold]
    #[inline(never)]
    fn markup(&mut self, inside: &'t [u8]) -> Option<Result<Event<'t>, Unfinished>> {
        match inside {
            [b'!' | b'?', ..] => self.declaration(inside),
            _ => {
                let Some((tag, rest)) = split(inside, tag_length(inside)) else {
                    return Some(Err(self.unfinished()));
                };
                self.rest = rest;
                let (tag, empty) = match tag {
                    [tag @ .., b'/'] => (tag, true),
                    _ => (tag, false),
                };
                let name = name_length(tag);
                let (name, attributes) = tag.split_at_checked(name).unwrap_or((tag, &[]));
                Some(Ok(Event::Open { name, attributes, empty }))
            }
        }
    }

    /// Skips comments, declarations and document types, and returns CDATA as text.
    #[cold]
    fn declaration(&mut self, inside: &'t [u8]) -> Option<Result<Event<'t>, Unfinished>> {
        const FORMS: [(&[u8], &[u8]); 4] =
            [(b"!--", b"-->"), (b"![CDATA[", b"]]>"), (b"?", b"?>"), (b"!", b">")];
        for (open, close) in FORMS {
            let Some(content) = inside.strip_prefix(open) else { continue };
            let Some(len) = memmem::find(content, close) else {
                return Some(Err(self.unfinished()));
            };
            let total = len.saturating_add(open.len()).saturating_add(close.len());
            self.pass(total.saturating_add(1));
            self.has_license_text |= has_license_text(content.get(..len).unwrap_or_default());
            if open == b"![CDATA[" && len > 0 {
                return Some(Ok(Event::Text(content.get(..len).unwrap_or_default())));
            }
            return None;
        }
        None
    }

    /// Ends the events: the text after an unfinished tag is unreliable.
    #[cold]
    fn unfinished(&mut self) -> Unfinished {
        self.rest = &[];
        Unfinished
    }
}

/// Returns the text before and after the byte at `at`.
#[inline(always)]
fn split(text: &[u8], at: Option<usize>) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(at?)?;
    Some((before, rest.split_first()?.1))
}

/// Fast path for the form in which producers write nearly all tags: a name, then attributes, each
/// after one space and with a value in double quotes. Returns the event and the rest, as
/// [`Events::markup`] would; `None` for all other tags, which says nothing about them.
#[inline(always)]
fn usual_tag(inside: &[u8]) -> Option<(Event<'_>, &[u8])> {
    let (name, mut rest) = inside.split_at_checked(find_name_end(inside)?)?;
    let from = rest;
    while let [b' ', attribute @ ..] = rest {
        rest = usual_attribute(attribute)?.2;
    }
    let [b'>', behind @ ..] = rest else { return None };
    if name.first() == Some(&b'?') {
        // A processing instruction: `?` is greater than `>`, as letters are.
        return None;
    }
    let attributes = from.get(..from.len().checked_sub(rest.len())?)?;
    Some((Event::Open { name, attributes, empty: false }, behind))
}

/// Reads an attribute of the form `name="value"`. Returns its name, its raw value and the rest.
#[inline(always)]
fn usual_attribute(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (name, rest) = text.split_at_checked(find_name_end(text)?)?;
    let [b'=', b'"', rest @ ..] = rest else { return None };
    let (value, rest) = split(rest, find_byte(b'"', rest))?;
    Some((name, value, rest))
}

/// Returns the length of a tag up to its `>`. A `>` in a quoted value does not count.
#[inline]
fn tag_length(inside: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = inside.get(at..)?;
        let found = find_any([b'>', b'"', b'\''], rest)?;
        let position = at.checked_add(found)?;
        let quote = *rest.get(found)?;
        if quote == b'>' {
            return Some(position);
        }
        let quoted = inside.get(position.checked_add(1)?..)?;
        at = position.checked_add(find_byte(quote, quoted)?)?.checked_add(2)?;
    }
}

/// Returns the length of the name of a tag.
#[inline]
fn name_length(tag: &[u8]) -> usize {
    // White space is less than all letters of names; few other bytes are.
    let low = find_space(tag).unwrap_or(tag.len());
    match tag.get(low) {
        Some(byte) if !byte.is_ascii_whitespace() => {
            tag.iter().position(u8::is_ascii_whitespace).unwrap_or(tag.len())
        }
        _ => low,
    }
}

/// Iterator over the attributes of a tag: name and raw value. Text that is not an attribute ends
/// it.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'t> {
    rest: &'t [u8],
}

impl<'t> Attributes<'t> {
    pub(crate) fn new(attributes: &'t [u8]) -> Attributes<'t> {
        Attributes { rest: attributes }
    }
}

impl<'t> Iterator for Attributes<'t> {
    type Item = (&'t [u8], &'t [u8]);

    #[inline(always)]
    fn next(&mut self) -> Option<(&'t [u8], &'t [u8])> {
        if let [b' ', rest @ ..] = self.rest
            && let Some((name, value, rest)) = usual_attribute(rest)
        {
            self.rest = rest;
            return Some((name, value));
        }
        self.unusual()
    }
}

impl<'t> Attributes<'t> {
    /// Reads the next attribute in any form.
    #[cold]
    #[inline(never)]
    fn unusual(&mut self) -> Option<(&'t [u8], &'t [u8])> {
        let rest = self.rest.trim_ascii_start();
        let equals = find_byte(b'=', rest)?;
        let (name, value) = rest.split_at_checked(equals)?;
        let value = value.get(1..)?.trim_ascii_start();
        let (quote, value) = value.split_first()?;
        if !matches!(quote, b'"' | b'\'') {
            return None;
        }
        let (value, rest) = value.split_at_checked(find_byte(*quote, value)?)?;
        self.rest = rest.get(1..)?;
        Some((name.trim_ascii_end(), value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text: &str) -> Vec<Result<Event<'_>, Unfinished>> {
        let mut events = Events::new(text.as_bytes(), 0);
        std::iter::from_fn(|| events.next()).collect()
    }

    /// Returns the events of quick-xml as text.
    fn oracle(text: &str) -> Option<Vec<String>> {
        use quick_xml::events::Event as Quick;
        let mut reader = quick_xml::Reader::from_str(text);
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        let mut events: Vec<String> = Vec::new();
        let mut text = String::new();
        loop {
            let event = reader.read_event().ok()?;
            // quick-xml returns entities as separate events; here they are part of the text.
            match &event {
                Quick::Text(piece) => {
                    text.push_str(piece);
                    continue;
                }
                Quick::GeneralRef(name) => {
                    text.push_str(&format!("&{};", &**name));
                    continue;
                }
                _ if !text.is_empty() => events.push(format!("text {}", std::mem::take(&mut text))),
                _ => {}
            }
            match event {
                Quick::Start(tag) => events.push(format!("open {}", &*tag)),
                Quick::Empty(tag) => events.push(format!("empty {}", &*tag)),
                Quick::End(tag) => events.push(format!("close {}", tag.trim_end())),
                Quick::CData(cdata) if !cdata.is_empty() => {
                    events.push(format!("text {}", &*cdata))
                }
                Quick::Eof => return Some(events),
                _ => {}
            }
        }
    }

    fn ours(text: &str) -> Option<Vec<String>> {
        let lossy = |bytes| String::from_utf8_lossy(bytes).into_owned();
        let mut events = Vec::new();
        for event in all(text) {
            events.push(match event.ok()? {
                Event::Open { name, attributes, empty } => {
                    let kind = if empty { "empty" } else { "open" };
                    format!("{kind} {}{}", lossy(name), lossy(attributes))
                }
                Event::Close { name } => format!("close {}", lossy(name.trim_ascii_end())),
                Event::Text(text) => format!("text {}", lossy(text)),
            });
        }
        Some(events)
    }

    #[test]
    fn events_equal_those_of_quick_xml() {
        let cases = [
            "<a><b c=\"1\" d='2'/>text</a>",
            "<?xml version=\"1.0\"?><XrML version=\"1.2\" xmlns=\"\"><BODY type=\"x\"></BODY></XrML>",
            "<a><!-- <b> --><c/></a>",
            "<a b=\"1>2\">x</a >",
            "<RIGHT name = \"OWNER\"></RIGHT>",
            "<a><![CDATA[<b>]]></a>",
            "<a>&lt;b&gt; &amp; c</a>",
            "<a />",
            "<a></a><b></b>",
            "<a>b<?c?>d<?e f=\"1\"?></a>",
        ];
        for text in cases {
            assert_eq!(ours(text), oracle(text), "{text}");
        }
    }

    #[test]
    fn unfinished_tag_ends_the_events() {
        for text in ["<a", "<a b=\"1", "</a", "<!-- x", "<![CDATA[x", "<?xml", "<a b=\"1>x</a>"] {
            assert_eq!(all(text).last(), Some(&Err(Unfinished)), "{text}");
        }
    }

    #[test]
    fn attributes_end_at_the_first_invalid_one() {
        let found: Vec<_> = Attributes::new(b" a=\"1\"  b = '2' c=\"&lt;\" d=x e=\"5\"").collect();
        let expected: Vec<(&[u8], &[u8])> = vec![(b"a", b"1"), (b"b", b"2"), (b"c", b"&lt;")];
        assert_eq!(found, expected);
    }

    proptest! {
        #[test]
        fn events_of_generated_documents_equal_those_of_quick_xml(text in document()) {
            prop_assert_eq!(ours(&text), oracle(&text));
        }

        #[test]
        fn any_text_ends_without_panic(text in "[<>/!?a-c\"'= \\-\\[\\]&;]{0,64}") {
            prop_assert!(all(&text).len() <= text.len());
        }
    }

    /// Returns the event of [`Events::markup`] and the rest.
    fn slowly(inside: &str) -> (Option<Result<Event<'_>, Unfinished>>, &[u8]) {
        let mut events = Events::new(inside.as_bytes(), 0);
        let event = events.markup(inside.as_bytes());
        (event, events.rest)
    }

    proptest! {
        #[test]
        fn fast_path_for_tags_equals_plain_path(
            tag in "[A-Za-z?]{0,40}( [a-z]{0,12}=\"[a-zA-Z0-9<>/' ]{0,40}\"){0,4}",
            end in "[> /=\"'a]{1,3}",
            behind in "[<>a \"=]{0,20}",
        ) {
            let inside = format!("{tag}{end}{behind}");
            if let Some((event, rest)) = usual_tag(inside.as_bytes()) {
                prop_assert_eq!((Some(Ok(event)), rest), slowly(&inside));
            }
            // Far from the end of the text, the fast path accepts every usual tag.
            let usual = format!("{tag}>{behind}{}", "a".repeat(16));
            let (name, _) = tag.split_once(' ').unwrap_or((&tag, ""));
            let is_usual = name.len() < 32 && !name.starts_with('?');
            prop_assert_eq!(usual_tag(usual.as_bytes()).is_some(), is_usual);
        }

        #[test]
        fn fast_path_for_attributes_equals_plain_path(
            attributes in "( ?[a-z]{0,4} ?= ?(\"[a-z>' ]{0,12}\"|'[a-z\"]{0,12}')){0,4}.{0,3}",
        ) {
            let mut slow = Attributes::new(attributes.as_bytes());
            let slowly: Vec<_> = std::iter::from_fn(|| slow.unusual()).collect();
            let all: Vec<_> = Attributes::new(attributes.as_bytes()).collect();
            prop_assert_eq!(all, slowly);
        }
    }

    fn document() -> impl Strategy<Value = String> {
        let attribute =
            ("[a-z]{1,4}", "[a-zA-Z0-9 >/]{0,8}").prop_map(|(n, v)| format!(" {n}=\"{v}\""));
        let attributes = prop::collection::vec(attribute, 0..3).prop_map(|list| list.concat());
        let leaf = prop_oneof![
            "[a-zA-Z0-9+/=]{1,40}",
            Just("<!-- c > < -->".to_owned()),
            Just("<e/>".to_owned()),
            Just("&amp;".to_owned()),
        ];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            ("[A-Za-z]{1,8}", attributes.clone(), prop::collection::vec(inner, 0..4)).prop_map(
                |(name, attributes, children)| {
                    format!("<{name}{attributes}>{}</{name}>", children.concat())
                },
            )
        })
    }
}
