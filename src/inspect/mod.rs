//! [`Inspector`]: the pipeline from a source of bytes to a report.

mod collector;
mod location;
mod options;
mod paths;
mod report;
mod traversal;
mod triage;

use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

pub use self::report::{Finding, Report};

use self::options::Options;
use self::traversal::{Buffers, Traversal};
use self::triage::Triage;
use crate::bytes::Buffer;
use crate::container::{ExtractOptions, PstOpener, PstReader, is_named_like_archive};
use crate::error::{Error, Result};
use crate::kinds::Depth;
use crate::license::{ParserCache, ReadOptions};
use crate::limits::{Cancel, Deadline, Interrupt, Limits, Meter};
use crate::source::{Cache, FileSource, ReadAt, SeekSource, Spill, Spiller, StreamSource};

/// Inspects files, one after the other. Make one for each worker and keep it: its buffers are
/// reused from file to file.
#[derive(Debug)]
pub struct Inspector {
    options: Options,
    cache: Cache,
    license: Buffer,
    memory: ParserCache,
    /// For the next call only.
    interrupt: Interrupt,
}

/// Configures an [`Inspector`].
#[derive(Debug, Clone)]
#[must_use]
pub struct InspectorBuilder {
    options: Options,
    first_read: usize,
    block: usize,
}

impl InspectorBuilder {
    /// Sets the limits of one file.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Reads licenses whole (the default), or only their heads.
    pub fn depth(mut self, depth: Depth) -> Self {
        self.options.manner.depth = depth;
        self
    }

    /// Reads sensitivity labels outside of licenses, and those of unprotected files.
    pub fn labels(mut self, labels: bool) -> Self {
        self.options.extract.labels = labels;
        self
    }

    /// Inspects the files inside of documents too: the members of Office packages, the objects
    /// embedded in binary documents, and the attachments of PDF.
    pub fn deep(mut self, deep: bool) -> Self {
        self.options.extract.deep = deep;
        self
    }

    /// Collects evidence for display: [`Finding::evidence`](crate::Finding::evidence).
    pub fn evidence(mut self, evidence: bool) -> Self {
        self.options.extract.evidence = evidence;
        self.options.manner.evidence = evidence;
        self
    }

    /// Checks the signature of each license and whether it leads to the key that the license names
    /// (feature `verify`). On by default; [`Depth::Head`] checks nothing.
    pub fn verify(mut self, verify: bool) -> Self {
        self.options.manner.verify = verify;
        self
    }

    /// Computes the SHA-256 of each license that is read whole
    /// ([`LicenseFacts::license_sha256`](crate::LicenseFacts::license_sha256)). Off by default: hashing
    /// a license costs more than parsing it.
    pub fn fingerprint(mut self, fingerprint: bool) -> Self {
        self.options.manner.fingerprint = fingerprint;
        self
    }

    /// Keeps the bytes of licenses for [`Finding::license`](crate::Finding::license) (the default); a scan of many files
    /// does not need them.
    pub fn keep_licenses(mut self, keep: bool) -> Self {
        self.options.keep_licenses = keep;
        self
    }

    /// Sets the storage for decoded bytes of a member after the first [`Limits::spool`] bytes. Each call of
    /// `open` creates the storage of one member. Without it the member ends there (`limit-spool`).
    pub fn spill(
        mut self,
        open: impl Fn() -> io::Result<Box<dyn Spill>> + Send + Sync + 'static,
    ) -> Self {
        self.options.spiller = Some(Spiller(Arc::new(open)));
        self
    }

    /// Sets the reader of Outlook data files. Each call of `open` creates a reader of one file. Without it
    /// such files are `feature-off`, and their contents stay unknown.
    pub fn pst(
        mut self,
        open: impl Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync + 'static,
    ) -> Self {
        self.options.pst = Some(PstOpener(Arc::new(open)));
        self
    }

    /// Sets the bytes of the first read of a file; at least 512.
    pub fn first_read(mut self, bytes: usize) -> Self {
        self.first_read = bytes;
        self
    }

    /// Sets the least bytes of later reads of structures; at least 512.
    pub fn block(mut self, bytes: usize) -> Self {
        self.block = bytes;
        self
    }

    /// Builds the inspector.
    pub fn build(self) -> Inspector {
        Inspector {
            options: self.options,
            cache: Cache::new(self.first_read, self.block),
            license: Buffer::default(),
            memory: ParserCache::default(),
            interrupt: Interrupt::default(),
        }
    }
}

impl Default for Inspector {
    fn default() -> Inspector {
        Inspector::builder().build()
    }
}

impl Inspector {
    /// Returns a builder with the default options.
    pub fn builder() -> InspectorBuilder {
        InspectorBuilder {
            options: Options {
                limits: Limits::default(),
                manner: ReadOptions {
                    depth: Depth::Full,
                    evidence: false,
                    verify: cfg!(feature = "verify"),
                    fingerprint: false,
                },
                extract: ExtractOptions { labels: false, deep: false, evidence: false },
                keep_licenses: true,
                spiller: None,
                pst: None,
            },
            first_read: 4096,
            block: 4096,
        }
    }

    /// Lets another thread end the next call, by [`Cancel::raise`]. Later calls are not affected.
    ///
    /// The report of a file that was ended has the code `cancelled`, and the findings until then. The
    /// flag is checked before each charge to a budget; a read that blocks is not interrupted.
    ///
    /// ```
    /// use rmsight::{Cancel, Inspector, Protection};
    ///
    /// let mut inspector = Inspector::default();
    /// let cancel = Cancel::new();
    /// cancel.raise(); // usually by another thread, which has a clone
    /// let report = inspector.cancel(&cancel).inspect_bytes(b"<XrML>");
    /// assert_eq!(report.incomplete().unwrap().code(), "cancelled");
    /// assert_eq!(report.worst(), Protection::Unknown);
    /// // The next file is inspected as usual.
    /// assert_eq!(inspector.inspect_bytes(b"prose").worst(), Protection::None);
    /// ```
    pub fn cancel(&mut self, cancel: &Cancel) -> &mut Inspector {
        self.interrupt.cancel = cancel.clone();
        self
    }

    /// Ends the next call at this point in time. Later calls are not affected.
    ///
    /// The report of a file that was ended has the code `deadline`, and the findings until then. Unlike
    /// the budgets of [`Limits`](crate::Limits), a deadline makes results depend on the speed of the
    /// machine. A read that blocks is not interrupted.
    ///
    /// ```
    /// use rmsight::{Inspector, Protection};
    /// use std::time::{Duration, Instant};
    ///
    /// let mut inspector = Inspector::default();
    /// let report = inspector.deadline(Instant::now()).inspect_bytes(b"<XrML>");
    /// assert_eq!(report.incomplete().unwrap().code(), "deadline");
    /// let later = Instant::now() + Duration::from_secs(60);
    /// let report = inspector.deadline(later).inspect_bytes(b"prose");
    /// assert_eq!(report.worst(), Protection::None);
    /// ```
    pub fn deadline(&mut self, at: Instant) -> &mut Inspector {
        self.interrupt.deadline = Some(Deadline::new(at));
        self
    }

    /// Inspects the file at `path`.
    ///
    /// # Errors
    /// Only when the file could not be opened. Damage inside is [`Report::incomplete`].
    pub fn inspect_path(&mut self, path: impl AsRef<Path>) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let source = FileSource::open(&path).map_err(Error::io)?;
        self.inspect_as(&source, is_archive(path.as_ref()), &interrupt)
    }

    /// Inspects bytes in memory.
    pub fn inspect_bytes(&mut self, bytes: &[u8]) -> Report {
        self.inspect(&bytes).unwrap_or_else(|error| Report::unopened(&error))
    }

    /// Inspects the bytes of a reader from its position to its end. Up to [`Limits::spool`] bytes are kept
    /// in memory; the rest is `limit-spool`.
    ///
    /// # Errors
    /// The reader failed.
    pub fn inspect_reader(&mut self, reader: impl Read) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let source = StreamSource::new(reader, self.options.limits.spool).map_err(Error::io)?;
        self.inspect_as(&source, false, &interrupt)
    }

    /// Inspects the bytes of a reader that can seek, from its beginning.
    ///
    /// # Errors
    /// The reader failed to seek to its end.
    pub fn inspect_seekable(&mut self, reader: impl Read + Seek) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let source = SeekSource::new(reader).map_err(Error::io)?;
        self.inspect_as(&source, false, &interrupt)
    }

    /// Inspects any source of bytes.
    ///
    /// # Errors
    /// Only when the source cannot say how large it is.
    pub fn inspect(&mut self, source: &dyn ReadAt) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        self.inspect_as(source, false, &interrupt)
    }

    /// Inspects any source of bytes that has a file name. If the name ends like that of an archive
    /// or a document (`.zip`, `.jar`, `.exe`, `.docx` …) and the first bytes are of no format with
    /// members, the last 4 KB are read too: an archive may follow a prefix of any kind.
    ///
    /// # Errors
    /// Only when the source cannot say how large it is.
    pub fn inspect_named(&mut self, source: &dyn ReadAt, name: impl AsRef<Path>) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        self.inspect_as(source, is_archive(name.as_ref()), &interrupt)
    }

    fn inspect_as(
        &mut self,
        source: &dyn ReadAt,
        reads_tail: bool,
        interrupt: &Interrupt,
    ) -> Result<Report> {
        let size = source.size().map_err(Error::io)?;
        let options = &self.options;
        let mut meter = Meter::within(&options.limits, interrupt.clone(), size);
        let format = match triage::triage(source, reads_tail, &mut self.cache, &meter) {
            Ok(Triage::Unknown(container)) => {
                return Ok(triage::report(container, options.manner.depth));
            }
            Ok(Triage::Read(format)) => format,
            // Triage failed. Restart with a fresh meter; the traversal reports the error.
            Err(_) => {
                meter = Meter::within(&options.limits, interrupt.clone(), size);
                None
            }
        };
        let buffers = Buffers {
            cache: &mut self.cache,
            license: &mut self.license,
            memory: &mut self.memory,
        };
        Ok(Traversal::new(options, &meter, buffers).run(source, size, format))
    }
}

/// Returns whether the end of a file with this name is read too.
fn is_archive(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    is_named_like_archive(name.as_bytes())
}
