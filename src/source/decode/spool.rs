//! [`Spool`]: storage of decoded bytes, in memory first and then in the caller's [`Spill`].

use std::cell::Cell;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use crate::bytes::to_u64;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};
use crate::source::chunks::Chunks;
use crate::source::read_at::ReadAt;

/// Storage of the caller for decoded bytes of one member that exceed the memory budget
/// [`Limits::spool`](crate::Limits::spool), for example an unlinked temporary file.
///
/// [`InspectorBuilder::spill`](crate::InspectorBuilder::spill) takes a factory of it. Without one the member
/// ends there (`limit-spool`). Offset 0 of [`read_at`](ReadAt::read_at) is the first byte that was appended,
/// not the first byte of the member. The library appends and reads in any order, from one thread, and drops
/// the storage when the member is done. Its size is bounded by [`Limits::inflated`](crate::Limits::inflated)
/// for each member that is open.
///
/// ```
/// use rmsight::{FileSource, Inspector, ReadAt, Spill};
/// use std::fs::File;
/// use std::io::{self, Write};
///
/// /// A temporary file. The system deletes it when it is closed.
/// struct TemporaryFile {
///     file: File,
///     size: u64,
/// }
///
/// impl ReadAt for TemporaryFile {
///     fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
///         FileSource::new(self.file.try_clone()?)?.read_at(offset, buf)
///     }
///
///     fn size(&self) -> io::Result<u64> {
///         Ok(self.size)
///     }
/// }
///
/// impl Spill for TemporaryFile {
///     fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
///         self.file.write_all(bytes)?;
///         self.size += bytes.len() as u64;
///         Ok(())
///     }
/// }
///
/// let mut inspector = Inspector::builder()
///     .spill(|| Ok(Box::new(TemporaryFile { file: tempfile::tempfile()?, size: 0 })))
///     .build();
/// # inspector.inspect_bytes(b"");
/// ```
pub trait Spill: ReadAt {
    /// Appends `bytes`: all of them, or fails.
    ///
    /// # Errors
    /// The error of the system. The member ends there, with the code that [`ReadAt::read_at`] describes.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
}

type Open = dyn Fn() -> io::Result<Box<dyn Spill>> + Send + Sync;

/// The caller's factory.
#[derive(Clone)]
pub(crate) struct Spiller(pub(crate) Arc<Open>);

impl fmt::Debug for Spiller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Spiller")
    }
}

/// The memory for decoded bytes that all members of one file share. Without it, each level of nested
/// members would use its own `Limits::spool`.
#[derive(Debug)]
pub(crate) struct SpoolBudget {
    left: Cell<u64>,
    spiller: Option<Spiller>,
}

impl SpoolBudget {
    /// Creates the budget of a file whose members may use `spool` bytes each: two at the same time.
    pub(crate) fn new(spool: u64, spiller: Option<Spiller>) -> SpoolBudget {
        SpoolBudget { left: Cell::new(spool.saturating_mul(2)), spiller }
    }

    fn take(&self, bytes: u64) -> bool {
        match self.left.get().checked_sub(bytes) {
            Some(left) => {
                self.left.set(left);
                true
            }
            None => false,
        }
    }

    fn give_back(&self, bytes: u64) {
        self.left.set(self.left.get().saturating_add(bytes));
    }
}

/// The decoded bytes of one member, from the first byte on.
pub(super) struct Spool {
    budget: Rc<SpoolBudget>,
    in_memory: Chunks,
    spill: Option<Box<dyn Spill>>,
    len: u64,
}

impl Spool {
    pub(super) fn new(budget: &Rc<SpoolBudget>) -> Spool {
        Spool { budget: Rc::clone(budget), in_memory: Chunks::default(), spill: None, len: 0 }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn append(&mut self, meter: &Meter, bytes: Vec<u8>) -> Result<()> {
        let len = to_u64(bytes.len());
        let total = self.in_memory.len().saturating_add(len);
        let in_memory = self.spill.is_none()
            && meter.check(Limit::Spool, total).is_ok()
            && self.budget.take(len);
        if in_memory {
            self.in_memory.push(&bytes);
        } else {
            self.spill(meter, &bytes)?;
        }
        self.len = self.len.saturating_add(len);
        Ok(())
    }

    fn spill(&mut self, meter: &Meter, bytes: &[u8]) -> Result<()> {
        if self.spill.is_none() {
            let Some(Spiller(open)) = &self.budget.spiller else {
                return Err(Limit::Spool.error(meter.allowed(Limit::Spool)));
            };
            self.spill = Some(open().map_err(Error::io)?);
        }
        match &mut self.spill {
            Some(spill) => spill.append(bytes).map_err(Error::io),
            None => Ok(()),
        }
    }

    pub(super) fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if let Some(after) = offset.checked_sub(self.in_memory.len()) {
            return match &self.spill {
                Some(spill) => spill.read_at(after, buf),
                None => Ok(0),
            };
        }
        Ok(self.in_memory.copy_to(offset, buf))
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        self.budget.give_back(self.in_memory.len());
    }
}
