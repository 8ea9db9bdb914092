//! Interface between a format and the inspection: what a format reports about the bytes that it
//! reads.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use super::external::{PstOpener, SharedPstReader};
use super::mail::boundary_scanner::BoundaryScanner;
use super::name::Name;
use super::recognizer::Recognizer;
use crate::code::ErrorCode;
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::source::{Encoding, Extent, StoredPart, Window};

/// License that a format has found, in memory.
#[derive(Debug)]
pub(crate) struct LicenseBytes<'a> {
    /// Bytes as the container stores them, in any text encoding.
    pub(crate) bytes: &'a [u8],
    /// Offset in the member, if the bytes are contiguous there and not encoded.
    pub(crate) offset: Option<u64>,
}

/// Part of a member that is inspected separately.
pub(crate) struct Member {
    pub(crate) name: Name,
    pub(crate) body: Body,
}

/// Bytes of memory that a member takes until it is read.
pub(crate) const WAITING: u64 = 512;

/// Location of a member's bytes.
pub(crate) enum Body {
    /// Extents of the container, not encoded.
    Stored(Vec<Extent>),
    /// Parts of the container, with zeros between them. The member has `size` bytes.
    Sparse { parts: Vec<StoredPart>, size: u64 },
    /// Extents of the container, encoded. They are decoded as far as they are read.
    Encoded {
        extents: Vec<Extent>,
        encoding: Encoding,
        /// Decoded size that the container declares; not verified.
        size: Option<u64>,
    },
    /// From an offset of the container up to an end that is searched for during reading.
    Delimited { content: Rc<RefCell<BoundaryScanner>>, begin: u64, encoding: Option<Encoding> },
    /// Only a reader that the caller provides can read the bytes.
    External { reader: SharedPstReader, size: u64 },
    /// Reparse the whole container as another format.
    Reparse(Read),
    /// The function locates the bytes in the container when the member is read.
    Deferred(Continuation),
    /// Not readable, and the reason.
    Unopened { error: Error, size: Option<u64> },
}

/// Reader of a format.
pub(crate) type Read = fn(&mut Window<'_>, &mut dyn Sink) -> Result<()>;

/// Continues a format once the members that it has reported are read.
///
/// A container of a million members reports them in batches, so that no more than a batch is in
/// memory.
pub(crate) type Continuation = Box<dyn FnOnce(&mut Window<'_>, &mut dyn Sink) -> Result<()>>;

/// Sensitivity label, inside or outside of a license.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) tenant: Option<String>,
}

/// Optional extraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ExtractOptions {
    /// Labels outside of licenses.
    pub(crate) labels: bool,
    /// Files inside of documents.
    pub(crate) deep: bool,
    /// Evidence and all other output of `inspect`; costs more reads.
    pub(crate) evidence: bool,
}

/// Receiver of what a format reports.
pub(crate) trait Sink {
    /// Returns what is extracted besides what decides.
    fn options(&self) -> ExtractOptions;

    /// Returns the detection table, by which a container recognizes its members.
    fn recognizer(&self) -> Recognizer;

    /// Returns whether licenses are read whole and use licenses are read, or only what decides.
    fn reads_whole_licenses(&self) -> bool {
        true
    }

    /// Returns whether the format reads a member of a container, not a file.
    fn is_member(&self) -> bool {
        false
    }

    /// Returns the caller's reader of Outlook data files.
    fn pst_opener(&self) -> Option<PstOpener> {
        None
    }

    /// Reports the kind of the member. The last report counts. A format reports the kind as soon as
    /// it is known, so that later errors belong to that kind of file.
    fn container(&mut self, container: Container);

    /// Reports the protection. After `rms` further reports have no effect.
    fn protection(&mut self, protection: Protection);

    /// Reports evidence for display: structure, value, offset.
    fn evidence(&mut self, element: &'static str, value: &str, offset: Option<u64>);

    /// Reports a license in memory.
    fn license(&mut self, license: LicenseBytes<'_>) -> Result<()>;

    /// Reports a license that the member stores without an encoding. The sink reads as much of it
    /// as the depth of the inspection requires.
    fn license_at(&mut self, window: &mut Window<'_>, extents: &[Extent]) -> Result<()>;

    /// Reports a license candidate that cannot be read. If the structure contains other candidates,
    /// it becomes a separate record with `error`.
    fn unread_license(&mut self, error: Error) -> Result<()> {
        self.incomplete(error);
        Ok(())
    }

    /// Reports a use license that the file caches: XrML, or the `<certificatechain>` around it.
    fn use_license(&mut self, bytes: &[u8]) -> Result<()>;

    /// Reports a label in the clear part of the member.
    fn label(&mut self, label: Label);

    /// Reports a member, which is inspected later.
    fn member(&mut self, member: Member) -> Result<()>;

    /// Reports that the same bytes are a PDF too, which begins at `span.start`, and whose
    /// `startxref` is located at `span.end`. If a stored member contains the span, that member is
    /// the PDF, and this report has no effect.
    fn trailing_pdf(&mut self, member: Member, span: Range<u64>) -> Result<()> {
        self.anomaly(Anomaly::Polyglot, Some(span.start));
        self.member(member)
    }

    /// Registers `next`, which continues the format when the members reported until now are read. A
    /// format calls this last, before it returns.
    fn continue_with(&mut self, next: Continuation) {
        drop(next);
        self.incomplete(Error::unsupported(
            ErrorCode::ArchiveNotOpened,
            "archive",
            None,
            "not read on",
        ));
    }

    /// Registers `next` like [`continue_with`](Sink::continue_with), for a format that reads all
    /// bytes after its position, once and in order.
    fn continue_forward(&mut self, next: Continuation) {
        self.continue_with(next);
    }

    /// Reports an anomaly of a readable structure.
    fn anomaly(&mut self, anomaly: Anomaly, offset: Option<u64>);

    /// Reports that something could not be read and the format continues without it. The first
    /// error is kept.
    fn incomplete(&mut self, error: Error);
}

/// Reports damage to the sink, so that it does not end the reading of the other parts.
///
/// # Errors
/// Returns every error of another kind, such as a limit.
pub(crate) fn report_damage<T>(sink: &mut dyn Sink, read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::Malformed => {
            sink.incomplete(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
