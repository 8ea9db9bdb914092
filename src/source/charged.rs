//! Reads of a source, and what they cost.

use std::io;

use super::read_at::ReadAt;
use crate::bytes::to_u64;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// Steps of one read of any length: a system call takes about a microsecond.
const READ_STEPS: u64 = 48;

/// Charges one read of `len` bytes: the bytes, and as steps the time of the call and of copying.
/// Without the steps, a chain that jumps between the sectors of a large table costs a read for each
/// charged sector.
#[inline]
pub(crate) fn charge_read(meter: &Meter, len: usize) -> Result<()> {
    meter.charge(Limit::BytesRead, to_u64(len))?;
    meter.charge(Limit::Steps, read_steps(len))
}

/// Returns the steps of one read of `len` bytes.
pub(super) fn read_steps(len: usize) -> u64 {
    READ_STEPS.saturating_add(to_u64(len).wrapping_shr(6))
}

/// Reads until `buf` is full or the source ends. Returns the number of bytes read, also if an error
/// follows them.
pub(crate) fn fill(source: &dyn ReadAt, offset: u64, buf: &mut [u8]) -> (usize, Result<()>) {
    let mut done: usize = 0;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match source.read_at(offset.saturating_add(to_u64(done)), rest) {
            Ok(0) => break,
            Ok(read) => done = done.saturating_add(read),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (done, Err(Error::io(error))),
        }
    }
    (done, Ok(()))
}
