//! [`SeekSource`] and [`StreamSource`]: readers of the standard library, with and without `Seek`.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};

use super::chunks::Chunks;
use super::read_at::ReadAt;
use crate::bytes::{to_u64, to_usize};
use crate::error::Error;
use crate::limits::Limit;

/// A reader that can seek, for example a member of another library's container. Its bytes are not kept in
/// memory. Other users must not move its cursor during a call. It is not `Sync`.
///
/// ```
/// use rmsight::{Inspector, SeekSource};
/// use std::io::Cursor;
///
/// let source = SeekSource::new(Cursor::new("Nothing in this text is protected."))?;
/// let detection = Inspector::default().detect(&source)?;
/// assert!(detection.is_decided());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SeekSource<R> {
    reader: RefCell<R>,
    size: u64,
}

impl<R: Read + Seek> SeekSource<R> {
    /// Creates a source of all bytes of `reader`, from its beginning, and seeks to its end to learn its size.
    ///
    /// # Errors
    /// The error of the reader.
    pub fn new(mut reader: R) -> io::Result<SeekSource<R>> {
        let size = reader.seek(SeekFrom::End(0))?;
        Ok(SeekSource { reader: RefCell::new(reader), size })
    }
}

impl<R> fmt::Debug for SeekSource<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SeekSource").field("size", &self.size).finish_non_exhaustive()
    }
}

impl<R: Read + Seek> ReadAt for SeekSource<R> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let mut reader = self.reader.borrow_mut();
        reader.seek(SeekFrom::Start(offset))?;
        reader.read(buf)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

/// A reader without `Seek`, read as far as its bytes are requested.
///
/// The bytes that were read stay in memory (the spool), up to a maximum, because readers of containers go
/// back. Beyond the maximum a read fails (`limit-spool`); the bytes that precede it stay readable. The size
/// of a stream is unknown until its end was read, see [`ReadAt::is_sized`].
///
/// [`Inspector::inspect_reader`](crate::Inspector::inspect_reader) and
/// [`Inspector::detect_reader`](crate::Inspector::detect_reader) make one. Make it yourself to read on
/// afterwards, for example to forward an upload: [`into_reader`](StreamSource::into_reader).
///
/// ```
/// use rmsight::{Inspector, Protection, StreamSource};
/// use std::io::Read;
///
/// let upload: &[u8] = b"Nothing in this text is protected.";
/// let source = StreamSource::new(upload, 16 << 20);
/// let detection = Inspector::default().detect(&source)?;
/// assert_eq!(detection.protection(), Protection::None);
/// let mut whole = Vec::new();
/// source.into_reader().read_to_end(&mut whole)?;
/// assert_eq!(whole, upload);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct StreamSource<R> {
    max: u64,
    state: RefCell<StreamState<R>>,
}

struct StreamState<R> {
    reader: R,
    held: Chunks,
    /// The byte that shows that the stream exceeds the maximum.
    next: Option<u8>,
    end: Option<StreamEnd>,
}

/// Why no more bytes are read.
enum StreamEnd {
    /// The stream ended.
    Reached,
    /// The stream has more bytes than the maximum, or its reader failed.
    Failed(Error),
}

/// Maximum number of bytes that are requested from the reader at once.
const READ: usize = 8192;

impl<R: Read> StreamSource<R> {
    /// Creates a source that keeps up to `max` bytes of `reader` in memory. It reads nothing yet.
    /// [`Limits::spool`] has no effect on a source that the caller makes; 16 MiB is its default.
    ///
    /// [`Limits::spool`]: crate::Limits::spool
    pub fn new(reader: R, max: u64) -> StreamSource<R> {
        let state = StreamState { reader, held: Chunks::default(), next: None, end: None };
        StreamSource { max, state: RefCell::new(state) }
    }

    /// Returns how many bytes were read and are in memory; at most the maximum. 0 before the first call of an
    /// inspector.
    pub fn held(&self) -> u64 {
        self.state.borrow().held.len()
    }

    /// Returns a reader of the whole stream: first the bytes in memory, then those that were not read. No
    /// byte is lost, also after the maximum was exceeded. A reader that failed is read again.
    pub fn into_reader(self) -> impl Read {
        let StreamState { reader, held, next, .. } = self.state.into_inner();
        let next = next.map_or_else(Vec::new, |byte| vec![byte]);
        HeldReader { held, position: 0 }.chain(io::Cursor::new(next)).chain(reader)
    }

    /// Reads until `wanted` bytes are in memory, the stream ends, or the maximum is exceeded.
    fn pull(&self, state: &mut StreamState<R>, wanted: u64) {
        let mut buf = [0; READ];
        while state.end.is_none() && state.held.len() < wanted {
            let room = wanted.min(self.max).saturating_sub(state.held.len());
            // At the maximum, one more byte shows whether the stream ends there.
            let len = to_usize(room).map_or(READ, |room| room.clamp(1, READ));
            match state.reader.read(buf.get_mut(..len).unwrap_or_default()) {
                Ok(0) => state.end = Some(StreamEnd::Reached),
                Ok(_) if room == 0 => {
                    state.next = buf.first().copied();
                    state.end = Some(StreamEnd::Failed(Limit::Spool.error(self.max)));
                }
                Ok(read) => state.held.push(buf.get(..read.min(len)).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => state.end = Some(StreamEnd::Failed(Error::io(error))),
            }
        }
    }
}

impl<R> fmt::Debug for StreamSource<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamSource").field("max", &self.max).finish_non_exhaustive()
    }
}

impl<R: Read> ReadAt for StreamSource<R> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut state = self.state.borrow_mut();
        self.pull(&mut state, offset.saturating_add(to_u64(buf.len())));
        match (state.held.copy_to(offset, buf), &state.end) {
            (0, Some(StreamEnd::Failed(error))) => Err(io::Error::other(error.clone())),
            (read, _) => Ok(read),
        }
    }

    /// Reads the stream to its end.
    fn size(&self) -> io::Result<u64> {
        let mut state = self.state.borrow_mut();
        self.pull(&mut state, u64::MAX);
        match &state.end {
            Some(StreamEnd::Failed(error)) => Err(io::Error::other(error.clone())),
            _ => Ok(state.held.len()),
        }
    }

    /// Returns whether the end of the stream was read.
    fn is_sized(&self) -> bool {
        matches!(self.state.borrow().end, Some(StreamEnd::Reached))
    }
}

/// A reader of the bytes that a [`StreamSource`] has in memory.
struct HeldReader {
    held: Chunks,
    position: u64,
}

impl Read for HeldReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.held.copy_to(self.position, buf);
        self.position = self.position.saturating_add(to_u64(read));
        Ok(read)
    }
}
