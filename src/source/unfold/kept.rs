//! Where decoded bytes are kept: memory first, then where the caller says.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use crate::bytes::{narrow, wide};
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};
use crate::source::ReadAt;

/// A place for decoded bytes that memory shall not hold; an unlinked temporary file.
///
/// A factory of them is given to
/// [`InspectorBuilder::spill`](crate::InspectorBuilder::spill). Without one the library stops at
/// [`Limits::spool`](crate::Limits::spool).
pub trait Spill: ReadAt {
    /// Adds `bytes` behind those that are there.
    ///
    /// # Errors
    /// What the system said; the member ends there.
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

/// The memory for decoded bytes that all members of one file share: one inside the other, each
/// would take its own `Limits::spool` otherwise.
#[derive(Debug)]
pub(crate) struct Pool {
    left: Cell<u64>,
    spiller: Option<Spiller>,
}

impl Pool {
    /// A pool for a file whose members may take `spool` bytes each: two of them at a time.
    pub(crate) fn new(spool: u64, spiller: Option<Spiller>) -> Pool {
        Pool { left: Cell::new(spool.saturating_mul(2)), spiller }
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

/// Bytes of one piece in memory.
const PIECE: usize = 65_536;

/// The decoded bytes of one member, from the first on.
pub(super) struct Kept {
    pool: Rc<Pool>,
    /// All full but the last.
    pieces: Vec<Vec<u8>>,
    in_memory: u64,
    spill: Option<Box<dyn Spill>>,
    len: u64,
}

impl Kept {
    pub(super) fn new(pool: &Rc<Pool>) -> Kept {
        Kept { pool: Rc::clone(pool), pieces: Vec::new(), in_memory: 0, spill: None, len: 0 }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn append(&mut self, meter: &Meter, bytes: Vec<u8>) -> Result<()> {
        let len = wide(bytes.len());
        let total = self.in_memory.saturating_add(len);
        let in_memory =
            self.spill.is_none() && meter.check(Limit::Spool, total).is_ok() && self.pool.take(len);
        if in_memory {
            self.in_memory = total;
            self.push(&bytes);
        } else {
            self.spill(meter, &bytes)?;
        }
        self.len = self.len.saturating_add(len);
        Ok(())
    }

    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let room = self.pieces.last().map_or(0, |piece| PIECE.saturating_sub(piece.len()));
            if room == 0 {
                self.pieces.push(Vec::new());
                continue;
            }
            let (now, later) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
            if let Some(piece) = self.pieces.last_mut() {
                #[allow(clippy::disallowed_methods)] // at most PIECE, charged by the caller
                piece.extend_from_slice(now);
            }
            bytes = later;
        }
    }

    fn spill(&mut self, meter: &Meter, bytes: &[u8]) -> Result<()> {
        if self.spill.is_none() {
            let Some(Spiller(open)) = &self.pool.spiller else {
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
        if let Some(behind) = offset.checked_sub(self.in_memory) {
            return match &self.spill {
                Some(spill) => spill.read_at(behind, buf),
                None => Ok(0),
            };
        }
        let mut done: usize = 0;
        while done < buf.len() {
            let at = offset.saturating_add(wide(done));
            let index = at.checked_div(wide(PIECE)).and_then(narrow);
            let within = at.checked_rem(wide(PIECE)).and_then(narrow);
            let from = index
                .and_then(|index| self.pieces.get(index))
                .and_then(|piece| piece.get(within?..))
                .unwrap_or_default();
            let to = buf.get_mut(done..).unwrap_or_default();
            let len = from.len().min(to.len());
            if len == 0 {
                break;
            }
            if let (Some(to), Some(from)) = (to.get_mut(..len), from.get(..len)) {
                to.copy_from_slice(from);
            }
            done = done.saturating_add(len);
        }
        Ok(done)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.pool.give_back(self.in_memory);
    }
}
