//! [`ObjectQueue`]: a queue of objects, each of which is read once.

use std::collections::HashSet;

use super::document::PdfDocument;
use crate::bytes::to_u64;
use crate::container::pdf::syntax::dict::Dict;
use crate::container::pdf::syntax::lexer::Lexer;
use crate::container::pdf::syntax::object::{Object, object_error};
use crate::container::pdf::syntax::value::PdfValue;
use crate::error::Result;
use crate::limits::{Limit, Meter};
use crate::source::Window;

/// Bytes of memory for each queued object.
const OBJECT: u64 = 64;

/// Objects to read, in the order in which they were added. Direct objects come first.
#[derive(Default)]
pub(crate) struct ObjectQueue {
    objects: Vec<Object>,
    numbers: Vec<u64>,
    /// The number of direct and of indirect objects that were taken.
    taken: (usize, usize),
    /// The numbers that were added.
    seen: HashSet<u64>,
}

/// An object of the queue.
pub(crate) enum QueuedObject {
    Object(Object),
    /// An object that the cross-reference does not list, which is null (ISO 32000-2 7.3.10).
    Missing,
}

impl ObjectQueue {
    /// Adds the dictionaries in each value of `key`: one dictionary or an array of them, direct or
    /// indirect. Skips names and strings between them.
    pub(crate) fn add(
        &mut self,
        dict: &Dict<'_>,
        key: &[u8],
        document: &mut PdfDocument,
        window: &mut Window<'_>,
    ) -> Result<()> {
        for value in dict.all(key) {
            match value {
                PdfValue::Array(raw) => self.add_all(raw, window.meter())?,
                PdfValue::Dict(raw) => self.add_direct(raw, window.meter())?,
                PdfValue::Ref(number) => {
                    let list = document.fetch(window, *number)?;
                    match list.as_ref().map(Object::value) {
                        Some(PdfValue::Array(raw)) => self.add_all(raw, window.meter())?,
                        _ => self.add_number(*number),
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Adds the dictionaries of an array.
    fn add_all(&mut self, raw: &[u8], meter: &Meter<'_>) -> Result<()> {
        let mut lexer = Lexer::whole(raw);
        while !lexer.is_done() {
            meter.charge(Limit::Steps, 1)?;
            match lexer.value().map_err(|fault| object_error(fault, "EmbeddedFiles", None))? {
                PdfValue::Ref(number) => {
                    meter.charge(Limit::Allocation, OBJECT)?;
                    self.add_number(number);
                }
                PdfValue::Dict(raw) => self.add_direct(raw, meter)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn add_direct(&mut self, raw: &[u8], meter: &Meter<'_>) -> Result<()> {
        meter.charge(Limit::Allocation, to_u64(raw.len()).saturating_add(OBJECT))?;
        self.add_object(Object::direct(raw, None));
        Ok(())
    }

    pub(crate) fn add_object(&mut self, object: Object) {
        self.objects.push(object);
    }

    /// Adds an indirect object, unless it was added before.
    pub(crate) fn add_number(&mut self, number: u64) {
        if self.seen.insert(number) {
            self.numbers.push(number);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.taken.0 >= self.objects.len() && self.taken.1 >= self.numbers.len()
    }

    /// Takes the next object. After an error the next call continues with the following object.
    pub(crate) fn next(
        &mut self,
        document: &mut PdfDocument,
        window: &mut Window<'_>,
    ) -> Result<Option<QueuedObject>> {
        if let Some(object) = self.objects.get(self.taken.0) {
            self.taken.0 = self.taken.0.saturating_add(1);
            return Ok(Some(QueuedObject::Object(object.clone())));
        }
        let Some(number) = self.numbers.get(self.taken.1) else { return Ok(None) };
        self.taken.1 = self.taken.1.saturating_add(1);
        Ok(Some(
            document.fetch(window, *number)?.map_or(QueuedObject::Missing, QueuedObject::Object),
        ))
    }
}
