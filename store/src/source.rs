//! [`ObjectSource`]: an object as a source of bytes, read by few bounded ranges.
//!
//! Requests cost more than bytes, so an object of up to [`WHOLE`] bytes is read by one request. Of a
//! larger one the first [`HEAD`] are read, which are enough for media, text and programs, then the
//! end at once, where ZIP and PDF have their directories, then blocks that grow while they follow
//! each other. That takes 2.5 requests on average, and 110 KB.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use rmsight::ReadAt;

use crate::error::{StoreError, StoreErrorKind};
use crate::object::{ListedObject, without_quotes};
use crate::store::Stores;
use crate::time::Time;

/// Largest object that is read whole, on tiers with a fee for each byte that is retrieved (Azure Cool,
/// S3 Infrequent Access) and on others. On the former one request costs as much as 100 KB.
const WHOLE: [u64; 2] = [256 << 10, 512 << 10];

/// Bytes of the first read of a larger object.
const HEAD: u64 = 8 << 10;

/// Bytes of the end that are read together.
const TAIL: u64 = 64 << 10;

/// Bytes of any other read, at first and at most.
const BLOCK: Range<u64> = 32 << 10..1 << 20;

/// Maximum bytes of one request.
const MOST: u64 = 8 << 20;

/// Maximum number of parts and bytes that are kept, beside the newest part.
const KEPT: (usize, usize) = (8, 4 << 20);

/// An open object.
///
/// All requests carry the entity tag of the listing, or of the first answer: the bytes are those of
/// one version of the object.
pub struct ObjectSource {
    stores: Arc<Stores>,
    object: ListedObject,
    size: u64,
    /// In the form of HTTP, with quotes.
    etag: Option<String>,
    version_id: Option<String>,
    modified: Option<Time>,
    /// The parts that were read, oldest first.
    parts: RefCell<Vec<(u64, Bytes)>>,
    block: Cell<u64>,
    /// End of the last block.
    end: Cell<u64>,
    has_changed: Cell<bool>,
}

impl fmt::Debug for ObjectSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectSource").field("object", &self.object).finish_non_exhaustive()
    }
}

impl ObjectSource {
    pub(crate) fn open(
        stores: Arc<Stores>,
        object: &ListedObject,
    ) -> Result<ObjectSource, StoreError> {
        let mut source = ObjectSource {
            stores,
            object: object.clone(),
            size: object.size.unwrap_or(0),
            // Only a strong tag can be a condition. That of a listing of web addresses is not the
            // one that the web server has.
            etag: object.etag.as_deref().filter(|_| !object.is_web()).and_then(condition),
            version_id: object.version_id.clone(),
            modified: object.modified,
            parts: RefCell::default(),
            block: Cell::new(BLOCK.start),
            end: Cell::new(0),
            has_changed: Cell::new(false),
        };
        if object.size != Some(0) {
            source.read_head()?;
        }
        Ok(source)
    }

    fn read_head(&mut self) -> Result<(), StoreError> {
        let end = match self.object.size {
            Some(size) if size <= self.whole() => size,
            Some(_) => HEAD,
            // The answer says what the size is.
            None => BLOCK.start,
        };
        let part = match self.stores.get(&self.object.address, 0..end, self.etag.as_deref()) {
            Ok(part) => part,
            // An object without bytes has no range.
            Err(error) if self.object.size.is_none() && is_empty(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        if self.object.size.is_some_and(|size| size != part.size) {
            return Err(changed());
        }
        self.size = part.size;
        self.etag = self.etag.take().or(part.etag.as_deref().and_then(condition));
        self.version_id = part.version_id.or(self.version_id.take());
        self.modified = self.modified.or(part.modified);
        self.keep(0, part.bytes, end.min(part.size))
    }

    /// Returns the size up to which the object is read whole.
    fn whole(&self) -> u64 {
        let [small, large] = WHOLE;
        let tier = self.object.tier.as_deref().unwrap_or_default().to_ascii_lowercase();
        if tier == "cool" || tier.ends_with("_ia") || tier == "nearline" { small } else { large }
    }

    /// Returns the version that is read, if the store keeps versions.
    pub fn version_id(&self) -> Option<&str> {
        self.version_id.as_deref()
    }

    /// Returns the entity tag without quotes, if the store or the listing has one.
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref().map(without_quotes)
    }

    /// Returns when the object was last written, if the store or the listing tells.
    pub fn modified(&self) -> Option<Time> {
        self.modified
    }

    /// Returns the size of the object.
    pub fn len(&self) -> u64 {
        self.size
    }

    /// Returns whether the object has no bytes.
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }

    /// Adds a part, which has to have `len` bytes.
    fn keep(&self, offset: u64, bytes: Bytes, len: u64) -> Result<(), StoreError> {
        if u64::try_from(bytes.len()).ok() != Some(len) {
            return Err(StoreError::io("the answer has another length than the range"));
        }
        let mut parts = self.parts.borrow_mut();
        let (most, most_bytes) = KEPT;
        let mut sum: usize = parts.iter().map(|(_, part)| part.len()).sum();
        // The head stays: formats read it again.
        while parts.len() > 1 && (parts.len() > most || sum > most_bytes) {
            let (_, oldest) = parts.remove(1);
            sum = sum.saturating_sub(oldest.len());
        }
        parts.push((offset, bytes));
        Ok(())
    }

    /// Copies the kept bytes at `offset`, as many as one part has.
    fn copy(&self, offset: u64, buf: &mut [u8]) -> usize {
        for (start, bytes) in self.parts.borrow().iter().rev() {
            let skip = offset.checked_sub(*start).and_then(|skip| usize::try_from(skip).ok());
            let rest = skip.and_then(|skip| bytes.get(skip..)).unwrap_or_default();
            let len = rest.len().min(buf.len());
            if let (true, Some(to), Some(from)) = (len > 0, buf.get_mut(..len), rest.get(..len)) {
                to.copy_from_slice(from);
                return len;
            }
        }
        0
    }

    /// Returns the range to request so that the `len` bytes at `offset`, which are not kept, are read.
    fn plan(&self, offset: u64, len: u64) -> Range<u64> {
        let wanted = offset.saturating_add(len.min(MOST));
        let tail = self.size.saturating_sub(TAIL);
        if offset >= tail {
            return tail.max(self.kept_until(tail))..self.size;
        }
        let block = if offset == self.end.get() {
            self.block.get().saturating_mul(2).min(BLOCK.end)
        } else {
            BLOCK.start
        };
        self.block.set(block);
        let end = wanted.max(offset.saturating_add(block)).min(self.size);
        // A short rest is not worth a request of its own.
        let end = if end >= tail { self.size } else { end };
        self.end.set(end);
        offset..end
    }

    /// Returns the end of the kept bytes that contain `offset`, or `offset`.
    fn kept_until(&self, offset: u64) -> u64 {
        let parts = self.parts.borrow();
        let ends = parts.iter().filter_map(|(start, bytes)| {
            let end = start.saturating_add(u64::try_from(bytes.len()).ok()?);
            (*start <= offset && offset < end).then_some(end)
        });
        ends.max().unwrap_or(offset)
    }
}

/// Returns the condition of a request for a tag, in the form of HTTP. A weak tag is none.
fn condition(etag: &str) -> Option<String> {
    let tag = without_quotes(etag);
    (!tag.is_empty() && !tag.starts_with("W/")).then(|| format!("\"{tag}\""))
}

fn is_empty(error: &StoreError) -> bool {
    error.kind() == StoreErrorKind::Changed
}

fn changed() -> StoreError {
    StoreError::changed("the object has another size than its listing says")
}

impl ReadAt for ObjectSource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.size.saturating_sub(offset);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let mut done = 0;
        while let Some(rest) = buf.get_mut(done..len).filter(|rest| !rest.is_empty()) {
            let at = offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
            let copied = self.copy(at, rest);
            if copied > 0 {
                done = done.saturating_add(copied);
                continue;
            }
            let range = self.plan(at, u64::try_from(rest.len()).unwrap_or(u64::MAX));
            let etag = self.etag.as_deref();
            let part = self.stores.get(&self.object.address, range.clone(), etag);
            let part = part.and_then(|part| match part.size == self.size {
                true => self.keep(range.start, part.bytes, range.end.saturating_sub(range.start)),
                false => Err(changed()),
            });
            if let Err(error) = part {
                if error.kind() == StoreErrorKind::Changed {
                    self.has_changed.set(true);
                }
                return Err(error.into());
            }
        }
        Ok(done)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn has_changed(&self) -> bool {
        self.has_changed.get()
    }
}
