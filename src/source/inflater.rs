//! [`Inflater`]: the state of a deflate decoder, used again from stream to stream.
//!
//! It has some 43 KB, and to make one costs more than a small stream does. The streams of a PDF and
//! the members of an archive are small mostly (`benches/instructions.rs`, `pdf-stream`).

use std::cell::Cell;

use flate2::{Decompress, DecompressError, FlushDecompress, Status};

thread_local! {
    /// The one that was done with last; it is as new before it is used again.
    static SPARE: Cell<Option<Decompress>> = const { Cell::new(None) };
}

/// RFC 1951, bare or in the envelope of RFC 1950.
pub(crate) struct Inflater {
    has_envelope: bool,
    /// Taken when the first bytes come.
    state: Option<Decompress>,
}

impl Inflater {
    /// Inflates bare deflate.
    pub(crate) fn bare() -> Inflater {
        Inflater { has_envelope: false, state: None }
    }

    /// Inflates deflate in the envelope of zlib.
    pub(crate) fn zlib() -> Inflater {
        Inflater { has_envelope: true, state: None }
    }

    fn state(&mut self) -> &mut Decompress {
        let has_envelope = self.has_envelope;
        self.state.get_or_insert_with(|| match SPARE.take() {
            Some(mut state) => {
                state.reset(has_envelope);
                state
            }
            None => Decompress::new(has_envelope),
        })
    }

    /// Bytes taken in until now.
    pub(crate) fn total_in(&self) -> u64 {
        self.state.as_ref().map_or(0, Decompress::total_in)
    }

    /// Bytes given out until now.
    pub(crate) fn total_out(&self) -> u64 {
        self.state.as_ref().map_or(0, Decompress::total_out)
    }

    /// Inflates into `out`.
    pub(crate) fn read(&mut self, input: &[u8], out: &mut [u8]) -> Result<Status, DecompressError> {
        self.state().decompress(input, out, FlushDecompress::None)
    }

    /// Inflates into the spare capacity of `out`.
    pub(crate) fn read_vec(
        &mut self,
        input: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Status, DecompressError> {
        self.state().decompress_vec(input, out, FlushDecompress::None)
    }
}

impl Drop for Inflater {
    fn drop(&mut self) {
        if let Some(state) = self.state.take() {
            // A thread that ends keeps nothing.
            let _ = SPARE.try_with(|spare| spare.set(Some(state)));
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater").field("has_envelope", &self.has_envelope).finish_non_exhaustive()
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
    fn nothing_of_a_stream_is_left_in_the_next_one() {
        let secret = b"a stream with an end, repeated, repeated, repeated".repeat(50);
        let mut out = vec![0; 8192];
        let mut first = Inflater::zlib();
        // Left in its middle, and then in a fault.
        first.read(&zlib(&secret)[..40], &mut out).unwrap();
        drop(first);
        assert!(Inflater::zlib().read(b"no zlib", &mut out).is_err());
        // A copy from before the beginning finds what it finds in a new one.
        let reaches_back = [0b0000_0011_u8, 0b0000_0010, 0, 0];
        let mut expected = vec![0; 8192];
        let expected_status =
            Decompress::new(false).decompress(&reaches_back, &mut expected, FlushDecompress::None);
        out.fill(0);
        let status = Inflater::bare().read(&reaches_back, &mut out);
        assert_eq!((status.ok(), &out), (expected_status.ok(), &expected));
        let mut last = Inflater::zlib();
        assert_eq!(last.read(&zlib(b"the next one"), &mut out).unwrap(), Status::StreamEnd);
        assert_eq!(out.get(..12), Some(&b"the next one"[..]));
        assert_eq!((last.total_in(), last.total_out()), (20, 12));
    }
}
