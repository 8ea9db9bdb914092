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

/// Configures an [`Inspector`]. [`Inspector::builder`] returns one with the defaults.
///
/// | option | default |
/// |---|---|
/// | [`limits`](InspectorBuilder::limits) | [`Limits::default`] |
/// | [`depth`](InspectorBuilder::depth) | [`Depth::Full`] |
/// | [`labels`](InspectorBuilder::labels), [`deep`](InspectorBuilder::deep), [`evidence`](InspectorBuilder::evidence), [`fingerprint`](InspectorBuilder::fingerprint) | `false` |
/// | `verify` (feature `verify`) | `true` |
/// | [`keep_licenses`](InspectorBuilder::keep_licenses), [`members`](InspectorBuilder::members) | `true` |
/// | [`spill`](InspectorBuilder::spill), [`pst`](InspectorBuilder::pst) | none |
/// | [`first_read`](InspectorBuilder::first_read), [`block`](InspectorBuilder::block) | 4,096 bytes |
///
/// A builder can be cloned: one configuration for the inspectors of all threads.
///
/// ```
/// use rmsight::{Inspector, Limits};
///
/// let builder = Inspector::builder().limits(Limits::strict()).keep_licenses(false);
/// let workers: Vec<Inspector> = (0..2).map(|_| builder.clone().build()).collect();
/// assert_eq!(workers.len(), 2);
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct InspectorBuilder {
    options: Options,
    first_read: usize,
    block: usize,
}

impl InspectorBuilder {
    /// Sets the limits of one file. Each call of the inspector starts with all of them. The default is
    /// [`Limits::default`].
    pub fn limits(mut self, limits: Limits) -> Self {
        self.options.limits = limits;
        self
    }

    /// Reads licenses whole ([`Depth::Full`], the default), or only their heads (a quick scan).
    ///
    /// The head contains the key, the addresses, the issuer and the time of publishing. It suffices for a
    /// verdict, which then never has high confidence. With [`Depth::Head`] the columns with
    /// [`needs_whole_license`](crate::Column::needs_whole_license) are null, use licenses are not read, and
    /// signatures are not checked.
    pub fn depth(mut self, depth: Depth) -> Self {
        self.options.manner.depth = depth;
        self
    }

    /// Reads sensitivity labels outside of licenses, and those of unprotected files, into
    /// [`Facts::label_id`](crate::Facts::label_id). Off by default: then only labels in licenses are read.
    pub fn labels(mut self, labels: bool) -> Self {
        self.options.extract.labels = labels;
        self
    }

    /// Inspects the files inside of documents too: the members of Office packages, the objects
    /// embedded in binary documents, and the attachments of PDF.
    ///
    /// Off by default. Then most protected files inside of unprotected documents are not found: such a
    /// document is `none`, and counts as searched completely. Attachments of messages and members of archives
    /// are inspected in any case, see [`members`](InspectorBuilder::members).
    pub fn deep(mut self, deep: bool) -> Self {
        self.options.extract.deep = deep;
        self
    }

    /// Collects the values that led to the facts, for display:
    /// [`Finding::evidence`](crate::Finding::evidence). Off by default. The facts do not depend on it.
    pub fn evidence(mut self, evidence: bool) -> Self {
        self.options.extract.evidence = evidence;
        self.options.manner.evidence = evidence;
        self
    }

    /// Checks the signature of each license and whether it leads to the key that the license names
    /// (feature `verify`). On by default; [`Depth::Head`] checks nothing.
    ///
    /// Without it [`signature`](crate::LicenseFacts::signature) and [`link`](crate::LicenseFacts::link) are
    /// `not-checked`, except `unsigned` and `unanchored` for a license without a signature. Then no verdict
    /// has high confidence.
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

    /// Keeps the bytes of licenses for [`Finding::license`](crate::Finding::license). On by default; a scan
    /// of many files does not need them. The facts do not depend on it.
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
    /// `open` creates the storage of one member. Without it the member ends there (`limit-spool`); that is
    /// the default. [`Spill`] has an example.
    ///
    /// Inspectors of several threads that were built from one builder share `open`. If `open` fails, the
    /// member ends with the code of that error. The bytes of a stream ([`StreamSource`](crate::StreamSource))
    /// are never written to this storage.
    pub fn spill(
        mut self,
        open: impl Fn() -> io::Result<Box<dyn Spill>> + Send + Sync + 'static,
    ) -> Self {
        self.options.spiller = Some(Spiller(Arc::new(open)));
        self
    }

    /// Sets the reader of Outlook data files. Each call of `open` creates a reader of one file. Without it
    /// such files are `feature-off`, and their contents stay unknown; that is the default. The crate
    /// `rmsight-pst` has such a reader.
    pub fn pst(
        mut self,
        open: impl Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync + 'static,
    ) -> Self {
        self.options.pst = Some(PstOpener(Arc::new(open)));
        self
    }

    /// Sets the number of bytes of the first read of a file, and of each member that is read like a file. The
    /// default is 4,096.
    ///
    /// Formats are recognized by the first 4,096 bytes, so a smaller number saves no bytes; numbers below 512
    /// count as 512. A larger number, such as 65,536, saves requests where each one is slow, as in an object
    /// store. The report does not depend on it, unless a budget of bytes, memory or steps is spent: reads are
    /// charged to all three. An inspector keeps the last four reads in memory.
    pub fn first_read(mut self, bytes: usize) -> Self {
        self.first_read = bytes;
        self
    }

    /// Sets the least number of bytes of a read of a structure after the first read, such as a directory. The
    /// default is 4,096; numbers below 512 count as 512.
    ///
    /// Structures that are read ahead, and licenses, are read in larger pieces. A larger number saves
    /// requests and reads more bytes than necessary; a smaller one is the opposite. The report does not
    /// depend on it, see [`first_read`](InspectorBuilder::first_read). Of a file of at most 65,536 bytes the
    /// rest is read at once after its format is known.
    pub fn block(mut self, bytes: usize) -> Self {
        self.block = bytes;
        self
    }

    /// Builds the inspector. Its buffers are allocated when the first file needs them.
    pub fn build(self) -> Inspector {
        Inspector {
            options: self.options,
            cache: Cache::new(self.first_read, self.block),
            small: Vec::new(),
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
    /// Returns a builder with the default options, which [`InspectorBuilder`] lists.
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
