//! [`Inflater`]: a deflate decoder whose state is reused from stream to stream.
//!
//! The state has some 43 KB, and creating it costs more than inflating a small stream does. The
//! streams of a PDF and the members of an archive are usually small (`benches/instructions.rs`,
//! `pdf-stream`).

use std::cell::Cell;

use flate2::{Decompress, DecompressError, FlushDecompress, Status};

thread_local! {
    /// The most recently dropped state. It is reset before it is used again.
    static SPARE: Cell<Option<Decompress>> = const { Cell::new(None) };
}

/// A decoder of deflate (RFC 1951), bare or in a zlib stream (RFC 1950).
pub(crate) struct Inflater {
    is_zlib: bool,
    /// Acquired when the first bytes are decoded.
    state: Option<Decompress>,
}

impl Inflater {
    /// Creates a decoder of bare deflate.
    pub(crate) fn bare() -> Inflater {
        Inflater { is_zlib: false, state: None }
    }

    /// Creates a decoder of a zlib stream.
    pub(crate) fn zlib() -> Inflater {
        Inflater { is_zlib: true, state: None }
    }

    fn state(&mut self) -> &mut Decompress {
        let is_zlib = self.is_zlib;
        self.state.get_or_insert_with(|| match SPARE.take() {
            Some(mut state) => {
                state.reset(is_zlib);
                state
            }
            None => Decompress::new(is_zlib),
        })
    }

    /// Returns the number of compressed bytes consumed so far.
    pub(crate) fn total_in(&self) -> u64 {
        self.state.as_ref().map_or(0, Decompress::total_in)
    }

    /// Returns the number of bytes inflated so far.
    pub(crate) fn total_out(&self) -> u64 {
        self.state.as_ref().map_or(0, Decompress::total_out)
    }

    /// Inflates `input` into `out`.
    pub(crate) fn inflate(&mut self, input: &[u8], out: &mut [u8]) -> Inflated {
        self.step(|state| state.decompress(input, out, FlushDecompress::None))
    }

    /// Inflates `input` into the spare capacity of `out`.
    pub(crate) fn inflate_vec(&mut self, input: &[u8], out: &mut Vec<u8>) -> Inflated {
        self.step(|state| state.decompress_vec(input, out, FlushDecompress::None))
    }

    fn step(
        &mut self,
        work: impl FnOnce(&mut Decompress) -> Result<Status, DecompressError>,
    ) -> Inflated {
        let state = self.state();
        let (before_in, before_out) = (state.total_in(), state.total_out());
        let status = work(state);
        let taken = state.total_in().saturating_sub(before_in);
        let given = state.total_out().saturating_sub(before_out);
        Inflated { taken, given, status }
    }
}

/// The result of one call of an [`Inflater`].
#[derive(Debug)]
pub(crate) struct Inflated {
    /// Number of compressed bytes consumed.
    pub(crate) taken: u64,
    /// Number of bytes inflated, also if the data that follow them are invalid.
    pub(crate) given: u64,
    pub(crate) status: Result<Status, DecompressError>,
}

impl Drop for Inflater {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            // A thread that is ending has no such storage any more.
            let _ = SPARE.try_with(|spare| spare.set(Some(state)));
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").field("is_zlib", &self.is_zlib).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::new(6));
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn no_state_remains_from_the_previous_stream() {
        let secret = b"a stream with an end, repeated, repeated, repeated".repeat(50);
        let mut out = vec![0; 8192];
        let mut first = Inflater::zlib();
        // The stream ends in its middle, and the next one is invalid.
        first.inflate(&zlib(&secret)[..40], &mut out).status.unwrap();
        drop(first);
        assert!(Inflater::zlib().inflate(b"no zlib", &mut out).status.is_err());
        // A copy from before the beginning has the same result as with new state.
        let reaches_back = [0b0000_0011_u8, 0b0000_0010, 0, 0];
        let mut expected = vec![0; 8192];
        let expected_status =
            Decompress::new(false).decompress(&reaches_back, &mut expected, FlushDecompress::None);
        out.fill(0);
        let status = Inflater::bare().inflate(&reaches_back, &mut out).status;
        assert_eq!((status.ok(), &out), (expected_status.ok(), &expected));
        let mut last = Inflater::zlib();
        let inflated = last.inflate(&zlib(b"the next one"), &mut out);
        assert_eq!(inflated.status.unwrap(), Status::StreamEnd);
        assert_eq!((inflated.taken, inflated.given), (20, 12));
        assert_eq!(out.get(..12), Some(&b"the next one"[..]));
        assert_eq!((last.total_in(), last.total_out()), (20, 12));
    }
}
