//! [`Inspector`]: the pipeline on one page, and the explicit stack of members.

mod gather;
mod glance;
mod paths;
mod place;
mod walk;

use std::io::{self, Read, Seek};
use std::path::Path;
use std::sync::Arc;

use self::glance::Glance;
use self::walk::{Buffers, Walk};
use crate::bytes::Buffer;
use crate::container::mail::pst::{PstOpener, PstReader};
use crate::container::{self, Wanted};
use crate::error::{Error, Result};
use crate::kinds::Depth;
use crate::license::{Manner, Memory};
use crate::limits::{Cancel, Limits, Meter};
use crate::report::Report;
use crate::source::{Cache, FileSource, ReadAt, SeekSource, Spill, Spiller, StreamSource};

/// Inspects files, one after the other. Make one for each worker and keep it: its buffers are
/// reused from file to file.
#[derive(Debug)]
pub struct Inspector {
    options: Options,
    cache: Cache,
    license: Buffer,
    memory: Memory,
}

#[derive(Debug, Clone)]
struct Options {
    limits: Limits,
    cancel: Cancel,
    manner: Manner,
    wanted: Wanted,
    keep_licenses: bool,
    spiller: Option<Spiller>,
    pst: Option<PstOpener>,
}

/// Sets an [`Inspector`] up.
#[derive(Debug, Clone)]
#[must_use]
pub struct InspectorBuilder {
    options: Options,
    first_read: usize,
    block: usize,
}

impl InspectorBuilder {
    /// What one file may cost.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Reads licenses whole (the default), or only their heads.
    pub fn depth(mut self, depth: Depth) -> Self {
        self.options.manner.depth = depth;
        self
    }

    /// Reads sensitivity labels beside licenses, and those of unprotected files.
    pub fn labels(mut self, labels: bool) -> Self {
        self.options.wanted.labels = labels;
        self
    }

    /// Looks at the files inside of documents too: the members of Office packages, the objects
    /// embedded in binary documents, and the attachments of PDF.
    pub fn deep(mut self, deep: bool) -> Self {
        self.options.wanted.deep = deep;
        self
    }

    /// Collects evidence for people: [`Finding::evidence`](crate::Finding::evidence).
    pub fn evidence(mut self, evidence: bool) -> Self {
        self.options.wanted.evidence = evidence;
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

    /// Keeps the bytes of licenses for [`Finding::license`](crate::Finding::license) (the default); a scan over many files
    /// has no use for them.
    pub fn keep_licenses(mut self, keep: bool) -> Self {
        self.options.keep_licenses = keep;
        self
    }

    /// Lets another thread end an inspection.
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.options.cancel = cancel;
        self
    }

    /// Where decoded bytes of a member go behind [`Limits::spool`]: each call of `open` makes room
    /// for those of one member. Without it the library stops there (`limit-spool`).
    pub fn spill(
        mut self,
        open: impl Fn() -> io::Result<Box<dyn Spill>> + Send + Sync + 'static,
    ) -> Self {
        self.options.spiller = Some(Spiller(Arc::new(open)));
        self
    }

    /// Who reads Outlook data files: each call of `open` makes a reader for one of them. Without it
    /// they are `feature-off`, and nobody knows what is in them.
    pub fn pst(
        mut self,
        open: impl Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync + 'static,
    ) -> Self {
        self.options.pst = Some(PstOpener(Arc::new(open)));
        self
    }

    /// Bytes that the first read of a file takes; at least 512.
    pub fn first_read(mut self, bytes: usize) -> Self {
        self.first_read = bytes;
        self
    }

    /// Bytes that later reads of structures take at least; at least 512.
    pub fn block(mut self, bytes: usize) -> Self {
        self.block = bytes;
        self
    }

    /// The inspector.
    pub fn build(self) -> Inspector {
        Inspector {
            options: self.options,
            cache: Cache::new(self.first_read, self.block),
            license: Buffer::default(),
            memory: Memory::default(),
        }
    }
}

impl Default for Inspector {
    fn default() -> Inspector {
        Inspector::builder().build()
    }
}

impl Inspector {
    /// An inspector with its defaults, to be changed.
    pub fn builder() -> InspectorBuilder {
        InspectorBuilder {
            options: Options {
                limits: Limits::default(),
                cancel: Cancel::default(),
                manner: Manner {
                    depth: Depth::Full,
                    evidence: false,
                    verify: cfg!(feature = "verify"),
                    fingerprint: false,
                },
                wanted: Wanted { labels: false, deep: false, evidence: false },
                keep_licenses: true,
                spiller: None,
                pst: None,
            },
            first_read: 4096,
            block: 4096,
        }
    }

    /// Inspects the file at `path`.
    ///
    /// # Errors
    /// Only when the file could not be opened. Damage inside is [`Report::incomplete`].
    pub fn inspect_path(&mut self, path: impl AsRef<Path>) -> Result<Report> {
        let source = FileSource::open(&path).map_err(Error::io)?;
        self.inspect_named(&source, path)
    }

    /// Inspects bytes in memory.
    pub fn inspect_bytes(&mut self, bytes: &[u8]) -> Report {
        self.inspect(&bytes).unwrap_or_else(|error| Report::unopened(&error))
    }

    /// Inspects what a reader gives, from where it stands to its end; up to
    /// [`Limits::spool`] bytes of it are held in memory, what lies behind is `limit-spool`.
    ///
    /// # Errors
    /// What the reader said.
    pub fn inspect_reader(&mut self, reader: impl Read) -> Result<Report> {
        let source = StreamSource::new(reader, self.options.limits.spool).map_err(Error::io)?;
        self.inspect(&source)
    }

    /// Inspects what a reader that can seek gives, from its beginning.
    ///
    /// # Errors
    /// What the reader said of its end.
    pub fn inspect_seekable(&mut self, reader: impl Read + Seek) -> Result<Report> {
        let source = SeekSource::new(reader).map_err(Error::io)?;
        self.inspect(&source)
    }

    /// Inspects any source of bytes.
    ///
    /// # Errors
    /// Only when the source cannot say how large it is.
    pub fn inspect(&mut self, source: &dyn ReadAt) -> Result<Report> {
        self.inspect_as(source, false)
    }

    /// Inspects any source of bytes that has a file name. If the name ends like that of an archive
    /// or a document (`.zip`, `.jar`, `.exe`, `.docx` …) and the first bytes are of no format with
    /// members, the last 4 KB are read too: an archive may follow a prefix of any kind.
    ///
    /// # Errors
    /// Only when the source cannot say how large it is.
    pub fn inspect_named(&mut self, source: &dyn ReadAt, name: impl AsRef<Path>) -> Result<Report> {
        let name = name.as_ref().file_name().unwrap_or_default().to_string_lossy();
        self.inspect_as(source, container::is_named_like_archive(name.as_bytes()))
    }

    fn inspect_as(&mut self, source: &dyn ReadAt, reads_tail: bool) -> Result<Report> {
        let size = source.size().map_err(Error::io)?;
        let options = &self.options;
        let mut meter = Meter::within(&options.limits, options.cancel.clone(), size);
        let format = match glance::look(source, reads_tail, &mut self.cache, &meter) {
            Ok(Glance::Nothing(container)) => {
                return Ok(glance::report(container, options.manner.depth));
            }
            Ok(Glance::Begun(format)) => format,
            // What is wrong with it the walk says, from the beginning.
            Err(_) => {
                meter = Meter::within(&options.limits, options.cancel.clone(), size);
                None
            }
        };
        let buffers = Buffers {
            cache: &mut self.cache,
            license: &mut self.license,
            memory: &mut self.memory,
        };
        Ok(Walk::new(options, &meter, buffers).run(source, size, format))
    }
}
