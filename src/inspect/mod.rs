//! The pipeline from a source of bytes to a report: [`Inspector`], and its builder.

mod collector;
mod detect;
mod findings;
mod inspector;
mod location;
mod options;
mod paths;
mod report;
mod traversal;
mod triage;

use std::io;
use std::sync::Arc;

pub use self::detect::{Detection, detect_bytes, detect_path, detect_reader};
pub use self::inspector::Inspector;
pub use self::report::{Finding, Report};

use self::options::Options;
use crate::bytes::Buffer;
use crate::container::{ExtractOptions, PstOpener, PstReader};
use crate::kinds::Depth;
use crate::license::{ParserCache, ReadOptions};
use crate::limits::{Interrupt, Limits};
use crate::source::{Cache, Spill, Spiller};

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
    #[cfg(feature = "verify")]
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

    /// Opens the members of archives, messages and other containers (the default). With `false`, a file
    /// with members is undecided (`limit-members`), unless the file itself is protected. Members of no
    /// known format do not count.
    ///
    /// ```
    /// use rmsight::{Inspector, Protection};
    ///
    /// let mut inspector = Inspector::builder().members(false).build();
    /// let detection = inspector.detect_path("corpus/containers/ooxml-chain8.docx")?;
    /// assert_eq!(detection.protection(), Protection::Rms);
    /// # Ok::<(), rmsight::Error>(())
    /// ```
    pub fn members(mut self, members: bool) -> Self {
        self.options.members = members;
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
                members: true,
                keep_licenses: true,
                spiller: None,
                pst: None,
            },
            first_read: 4096,
            block: 4096,
        }
    }
}
