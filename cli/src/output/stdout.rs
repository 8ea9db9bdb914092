//! Standard output, and what happens after its reader has closed it.

use std::io::{self, StdoutLock, Write};

/// Standard output. After its reader has closed it, writes succeed without effect: a command ends
/// with the exit code of its result, and not with one that depends on when the reader ended.
#[derive(Debug)]
pub(crate) struct Stdout {
    lock: StdoutLock<'static>,
    is_closed: bool,
}

impl Stdout {
    pub(crate) fn lock() -> Stdout {
        Stdout { lock: io::stdout().lock(), is_closed: false }
    }

    fn ignore_closed<T>(&mut self, done: io::Result<T>, otherwise: T) -> io::Result<T> {
        match done {
            Err(error) if is_closed(&error) => {
                self.is_closed = true;
                Ok(otherwise)
            }
            done => done,
        }
    }
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closed {
            return Ok(bytes.len());
        }
        let done = self.lock.write(bytes);
        self.ignore_closed(done, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        let done = self.lock.flush();
        self.ignore_closed(done, ())
    }
}

/// ERROR_PIPE_NOT_CONNECTED, which the standard library does not count as a broken pipe.
const NOT_CONNECTED: i32 = 233;

/// Returns whether a write failed because the reader has closed the pipe.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
        || cfg!(windows) && error.raw_os_error() == Some(NOT_CONNECTED)
}

/// Where a command writes its output.
pub(crate) trait Destination: Write {
    /// Returns whether later writes have no effect.
    fn is_closed(&self) -> bool {
        false
    }
}

impl Destination for Stdout {
    fn is_closed(&self) -> bool {
        self.is_closed
    }
}

/// The lock itself, whose writes fail after the reader has closed it.
impl Destination for StdoutLock<'_> {}

/// For tests.
impl Destination for Vec<u8> {}
