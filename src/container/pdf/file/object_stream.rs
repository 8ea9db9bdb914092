//! [`ObjectStream`]: a compressed stream of objects (ISO 32000-2 7.5.7).

use super::load::{Loaded, Prefix, load_fields};
use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::pdf::layout::OBJECT_STREAM;
use crate::container::pdf::syntax::fields::{DictFields, DictText, fields_of, set_once};
use crate::container::pdf::syntax::lexer::{Lexer, Token};
use crate::container::pdf::syntax::object::Object;
use crate::container::pdf::syntax::stream::{Coding, StreamForm};
use crate::container::pdf::syntax::value::PdfValue;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};
use crate::source::Window;

/// A decoded object stream.
#[derive(Debug)]
pub(crate) struct ObjectStream {
    /// The list of objects, and the objects.
    bytes: Vec<u8>,
    /// Number and offset of each object.
    objects: Vec<(u64, usize)>,
    /// The offsets in ascending order; empty if `objects` is in that order.
    offsets: Vec<usize>,
}

/// The fields of a plain object stream (ISO 32000-2 table 16).
#[derive(Default)]
struct ObjectStreamFields {
    is_object_stream: Option<bool>,
    count: Option<u64>,
    first: Option<usize>,
    coding: Coding,
}

impl DictFields for ObjectStreamFields {
    fn take(&mut self, key: &[u8], value: &PdfValue<'_>) -> Option<()> {
        match key {
            b"Type" => set_once(&mut self.is_object_stream, value.is_name(b"ObjStm")),
            b"N" => set_once(&mut self.count, value.number()?),
            b"First" => set_once(&mut self.first, to_usize(value.number()?)?),
            _ => self.coding.take(key, value),
        }
    }

    fn end(&self, text: &DictText<'_>) -> Option<()> {
        let is_stream = self.is_object_stream == Some(true) && text.has_data;
        (is_stream && self.count.is_some() && self.first.is_some()).then_some(())
    }
}

impl ObjectStream {
    /// Loads and decodes the object stream at `at`.
    pub(crate) fn read(window: &mut Window<'_>, at: u64, prefix: Prefix) -> Result<ObjectStream> {
        match load_fields::<ObjectStreamFields>(window, at, prefix, "object stream")? {
            Loaded::Fields(fields, offsets) => {
                let form = fields.coding.form(offsets.data.unwrap_or_default(), window.len());
                let first = fields.first.unwrap_or_default();
                ObjectStream::decode(
                    window,
                    form,
                    first,
                    fields.count.unwrap_or_default(),
                    offsets.at,
                )
            }
            Loaded::Object(object) => ObjectStream::of(&object, window),
        }
    }

    /// Decodes an object stream that was loaded as an object.
    fn of(object: &Object, window: &mut Window<'_>) -> Result<ObjectStream> {
        let dict = object.dict("object stream")?;
        let malformed = |why| {
            Error::malformed(ErrorCode::MalformedPdfObject, "object stream", object.at(), why)
        };
        let Some(data) = object.data.filter(|_| dict.name(b"Type") == Some(b"ObjStm")) else {
            return Err(malformed("is no object stream"));
        };
        let first = dict.number(b"First").and_then(to_usize);
        let (Some(first), Some(count)) = (first, dict.number(b"N")) else {
            return Err(malformed("/First or /N is missing"));
        };
        let form = StreamForm::of(&dict, data, window.len())?;
        ObjectStream::decode(window, form, first, count, object.at())
    }

    /// Decodes the data, and reads the list of objects, which ends at `first`.
    fn decode(
        window: &mut Window<'_>,
        form: StreamForm,
        first: usize,
        count: u64,
        at: Option<u64>,
    ) -> Result<ObjectStream> {
        const OBJECTS: u64 = 65_536;
        let damaged = || {
            let why = "its list of objects is damaged";
            Error::malformed(ErrorCode::MalformedPdfObject, "object stream", at, why)
        };
        let bytes = form.all(window, OBJECT_STREAM)?;
        let list = bytes.get(..first).unwrap_or_default();
        let count = to_usize(count.min(OBJECTS)).unwrap_or_default();
        // An entry has at least four bytes: two digits and two spaces. The last space may be
        // missing.
        let listed = count.min(list.len().div_ceil(4));
        // Two tokens for each object.
        window.meter().charge(Limit::Steps, to_u64(listed).saturating_mul(4))?;
        let mut lexer = Lexer::whole(list);
        #[allow(clippy::disallowed_methods)] // at most 256
        let mut objects = Vec::with_capacity(listed.min(256));
        for _ in 0..count {
            let (Ok(Token::Int(number)), Ok(Token::Int(offset))) = (lexer.token(), lexer.token())
            else {
                return Err(damaged());
            };
            let offset = usize::try_from(offset).ok().and_then(|offset| offset.checked_add(first));
            let (Ok(number), Some(offset)) = (u64::try_from(number), offset) else {
                return Err(damaged());
            };
            objects.push((number, offset));
        }
        let mut offsets = Vec::new();
        if !objects.is_sorted_by_key(|(_, offset)| *offset) {
            offsets = objects.iter().map(|(_, offset)| *offset).collect();
            offsets.sort_unstable();
        }
        Ok(ObjectStream { bytes, objects, offsets })
    }

    /// Returns the decoded data: the list of objects, and the objects.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns the range of the object at `index` of the list. It ends where the next object
    /// begins.
    fn range(&self, index: usize) -> Option<(usize, usize)> {
        let (_, start) = *self.objects.get(index)?;
        let next = if self.offsets.is_empty() {
            let later = self.objects.get(index.checked_add(1)?..).unwrap_or_default();
            // A binary search: thousands of objects may have the same offset.
            let next = later.partition_point(|(_, offset)| *offset <= start);
            later.get(next).map(|(_, offset)| *offset)
        } else {
            let next = self.offsets.partition_point(|offset| *offset <= start);
            self.offsets.get(next).copied()
        };
        Some((start, next.unwrap_or(self.bytes.len()).min(self.bytes.len())))
    }

    /// Returns the index of the object `number` in the list.
    fn index(&self, number: u64) -> Option<usize> {
        self.objects.iter().position(|(listed, _)| *listed == number)
    }

    /// Returns the fields of the object `number`, if it is plain and no token follows it.
    pub(crate) fn fields<T: DictFields>(&self, number: u64) -> Option<T> {
        let (start, end) = self.range(self.index(number)?)?;
        let (fields, len) = fields_of(self.bytes.get(start..)?)?;
        let rest = self.bytes.get(start.checked_add(len)?..end).unwrap_or_default();
        Lexer::whole(rest).is_done().then_some(fields)
    }

    /// Returns the object `number`, or `None` if it is not listed or cannot be read.
    pub(crate) fn object(&self, number: u64) -> Option<Object> {
        self.object_at(self.index(number)?)
    }

    /// Returns the object at `index` of the list.
    fn object_at(&self, index: usize) -> Option<Object> {
        let (start, end) = self.range(index)?;
        let rest = self.bytes.get(start..)?;
        let mut lexer = Lexer::whole(rest);
        lexer.value().ok()?;
        let len = lexer.at();
        let (own, others) = rest.split_at_checked(end.saturating_sub(start).max(len))?;
        debug_assert!(own.len() >= len && others.len() <= rest.len());
        let has_trailing_tokens = !Lexer::whole(own.get(len..)?).is_done();
        let kept = if has_trailing_tokens { own } else { own.get(..len)? };
        Some(Object::new(kept.to_vec(), len, None, None))
    }

    /// Returns the objects whose text matches, and the number of matching objects that cannot be
    /// read.
    pub(crate) fn matching(
        &self,
        meter: &Meter<'_>,
        matches: impl Fn(&[u8]) -> bool,
    ) -> Result<(Vec<Object>, usize)> {
        let (mut objects, mut unread) = (Vec::new(), 0_usize);
        for index in 0..self.objects.len() {
            let Some((start, end)) = self.range(index) else { continue };
            let text = self.bytes.get(start..end).unwrap_or_default();
            meter.charge(Limit::Steps, to_u64(text.len()).saturating_add(1))?;
            if !matches(text) {
                continue;
            }
            match self.object_at(index) {
                Some(object) => {
                    meter.charge(Limit::Allocation, to_u64(object.bytes().len()))?;
                    objects.push(object);
                }
                None => unread = unread.saturating_add(1),
            }
        }
        Ok((objects, unread))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::container::pdf::file::load::load;
    use crate::container::pdf::tests::with_window;
    use proptest::prelude::*;

    const ENTRIES: [&str; 13] = [
        "/Type /ObjStm",
        "/Type /ObjStm",
        "/Type /XRef",
        "/N 2",
        "/N 2",
        "/N 3",
        "/First 8",
        "/First 8",
        "/First 90",
        "/Length 13",
        "/Filter /FlateDecode",
        "/Extends 5 0 R %",
        "/Filter /Other",
    ];

    proptest! {
        #[test]
        fn plain_and_parsed_dictionaries_give_the_same_stream(
            begin in proptest::sample::select(&["", "/Type /ObjStm /N 2 /First 8"][..]),
            entries in proptest::collection::vec(proptest::sample::select(&ENTRIES[..]), 0..5),
            keyword in proptest::sample::select(&["stream\n", "endobj "][..]),
            content in proptest::sample::select(&["1 0 2 3 12 /A>>>>", "1 0 2x3 12 13", "x"][..]),
        ) {
            let bytes = format!("7 0 obj <<{begin}{}\n>>{keyword}{content}", entries.join(" "));
            with_window(bytes.as_bytes(), |window| {
                let by_fields = ObjectStream::read(window, 0, Prefix::Indirect(None));
                let by_object = load(window, 0, Prefix::Indirect(None), "object stream")
                    .and_then(|object| ObjectStream::of(&object, window));
                prop_assert_eq!(format!("{by_fields:?}"), format!("{by_object:?}"));
                Ok(())
            })?;
        }
    }
}
