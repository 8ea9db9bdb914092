//! Readers that the caller provides for formats that the library does not read itself. What they
//! return is trusted no more than the bytes of any other file.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use crate::bytes::{to_u64, to_usize};
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::limits::{Cancel, Limit, Meter};
use crate::source::ReadAt;

/// Structure in errors about Outlook data files.
pub(super) const PST: &str = "PST";
/// Characters of a reader's text that an error contains.
const MAX_TEXT: usize = 300;

/// Reads an Outlook data file for the library, in another process or library, with separate limits.
///
/// [`InspectorBuilder::pst`](crate::InspectorBuilder::pst) takes a factory of readers. Without one, an
/// Outlook data file is `feature-off`. The crate `rmsight-pst` contains one, which runs Microsoft's
/// `outlook-pst` in a child process. Each reader reads one file, and reads its bytes only through the `file`
/// argument of each call, which charges the reads to [`Limits`](crate::Limits). A reader is created, used and
/// dropped on the thread of the inspector, and need not be `Send`. What it returns is trusted no more than
/// the bytes of a file.
///
/// ```no_run
/// use rmsight::{Inspector, PstAttachment, PstError, PstItem, PstReader, ReadAt};
///
/// /// The attachments of one file, which another library has extracted.
/// #[derive(Debug, Default)]
/// struct Attachments {
///     left: Vec<(String, Vec<u8>)>,
///     current: Vec<u8>,
/// }
///
/// impl PstReader for Attachments {
///     fn next(&mut self, _file: &dyn ReadAt) -> Result<Option<PstItem>, PstError> {
///         let Some((name, bytes)) = self.left.pop() else { return Ok(None) };
///         self.current = bytes;
///         Ok(Some(PstItem::Attachment(PstAttachment {
///             message: vec!["Inbox".to_owned(), "Minutes".to_owned()],
///             name: Some(name),
///             size: self.current.len() as u64,
///             ..PstAttachment::default()
///         })))
///     }
///
///     fn read_at(
///         &mut self,
///         _file: &dyn ReadAt,
///         offset: u64,
///         buf: &mut [u8],
///     ) -> Result<usize, PstError> {
///         self.current.as_slice().read_at(offset, buf).map_err(PstError::Io)
///     }
/// }
///
/// let builder = Inspector::builder().pst(|| Ok(Box::new(Attachments::default())));
/// let report = builder.build().inspect_path("mail.pst")?;
/// # Ok::<(), rmsight::Error>(())
/// ```
pub trait PstReader: fmt::Debug {
    /// Tells the reader what ends the inspection of its file early. The library calls it once, before it
    /// requests the first item.
    ///
    /// A reader that waits, for example for another process, stops waiting when `cancel` is raised or
    /// `deadline` has passed, and returns any error. The report has the code `cancelled` or `deadline`.
    /// By default nothing happens: the inspection ends after the request.
    fn interrupted_by(&mut self, cancel: Option<&Cancel>, deadline: Option<Instant>) {
        let _ = (cancel, deadline);
    }

    /// Returns the next attachment or use license of any message; `None` at the end. The order is
    /// free, except that a use license follows the attachments of its message.
    ///
    /// # Errors
    /// Ends the reading of this file. Earlier items stay valid.
    fn next(&mut self, file: &dyn ReadAt) -> Result<Option<PstItem>, PstError>;

    /// Reads at `offset` of the item that [`next`](PstReader::next) returned last, like
    /// [`ReadAt::read_at`].
    ///
    /// # Errors
    /// Ends the reading of this attachment or use license.
    fn read_at(
        &mut self,
        file: &dyn ReadAt,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<usize, PstError>;
}

/// An item of an Outlook data file (MS-PST). [`PstReader::next`] returns it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PstItem {
    /// An attachment. Its bytes can be read until the next item is requested.
    Attachment(PstAttachment),
    /// A use license that a client has cached in a message, as it is stored there: the first value of
    /// the named property `DRMLicense` (MS-OXORMMS 2.2.3.1). It has no name.
    UseLicense(PstAttachment),
    /// A part of the file that could not be read. The search of the file is then incomplete
    /// (`malformed-pst`), and continues.
    Unread(PstDamage),
}

/// The damage in a part of an Outlook data file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PstDamage {
    /// The structure and its damage, in English. The record has the first 300 characters.
    pub detail: String,
    /// The byte offset of the damaged page or block in the data file; `None` if it is unknown.
    pub offset: Option<u64>,
}

impl From<String> for PstDamage {
    fn from(detail: String) -> PstDamage {
        PstDamage { detail, offset: None }
    }
}

/// An attachment of a message in an Outlook data file (MS-PST 2.4.6).
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct PstAttachment {
    /// The path of the message: the names of its folders from the outside in, then its subject.
    pub message: Vec<String>,
    /// The subjects of the embedded messages that lead to the attachment, each attached to the
    /// preceding one; empty for an attachment of the message itself.
    pub embedded: Vec<String>,
    /// The file name; `None` if it is missing.
    pub name: Option<String>,
    /// The size in bytes. The library requests no bytes after it.
    pub size: u64,
}

/// The reason why a [`PstReader`] stops. It converts into [`Error`] with the code that each variant names.
#[derive(Debug)]
#[non_exhaustive]
pub enum PstError {
    /// The file violates its format: `malformed-pst`.
    Malformed(PstDamage),
    /// The reader itself failed, for example because its process died: `reader-failed`. The text says why, in
    /// English; the record has the first 300 characters.
    Failed(String),
    /// Reading took longer than this number of seconds: `limit-pst-time`.
    Time(u64),
    /// The reader needed more than this number of bytes of memory: `limit-pst-memory`.
    Memory(u64),
    /// The reader could not be started, or the file could not be read: `io`, or the code that
    /// [`ReadAt::read_at`] describes.
    Io(io::Error),
}

impl From<PstError> for Error {
    fn from(error: PstError) -> Error {
        let (code, detail) = match error {
            PstError::Io(error) => return Error::io(error),
            PstError::Malformed(PstDamage { detail, offset }) => {
                return Error::malformed(ErrorCode::MalformedPst, PST, offset, shortened(&detail));
            }
            PstError::Failed(detail) => (ErrorCode::ReaderFailed, shortened(&detail)),
            PstError::Time(seconds) => {
                (ErrorCode::LimitPstTime, format!("its reader was ended after {seconds} s"))
            }
            PstError::Memory(bytes) => (
                ErrorCode::LimitPstMemory,
                format!("its reader needed more than {bytes} bytes of memory"),
            ),
        };
        Error::unsupported(code, PST, None, detail)
    }
}

/// Returns the error of a reader. A call that its caller ends takes the reader with it, so the reason
/// of the caller precedes that of the reader.
pub(super) fn reader_error(error: PstError, meter: &Meter<'_>) -> Error {
    // Charges nothing, and reads the clock.
    meter.charge(Limit::BytesRead, 0).err().unwrap_or_else(|| error.into())
}

/// Returns the first [`MAX_TEXT`] characters of a text, without control characters.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(MAX_TEXT).filter(|char| !char.is_control()).collect()
}

type OpenPst = dyn Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync;

/// The caller's factory of readers.
#[derive(Clone)]
pub(crate) struct PstOpener(pub(crate) Arc<OpenPst>);

impl fmt::Debug for PstOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PstOpener")
    }
}

/// Reader that the format and its members share.
pub(crate) type SharedPstReader = Rc<RefCell<Box<dyn PstReader>>>;

/// Outlook data file whose reads are charged to the meter.
pub(super) struct MeteredFile<'a> {
    pub(super) file: &'a dyn ReadAt,
    pub(super) meter: &'a Meter<'a>,
}

impl ReadAt for MeteredFile<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let charged = self.meter.charge(Limit::Steps, 1);
        charged
            .and_then(|()| self.meter.charge(Limit::BytesRead, to_u64(buf.len())))
            .map_err(io::Error::other)?;
        self.file.read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn has_changed(&self) -> bool {
        self.file.has_changed()
    }
}

/// Bytes of an attachment, which the caller's reader returns.
pub(crate) struct ExternalBytes<'a, S> {
    pub(crate) file: S,
    pub(crate) reader: SharedPstReader,
    pub(crate) size: u64,
    pub(crate) meter: &'a Meter<'a>,
}

impl<S: ReadAt> ReadAt for ExternalBytes<'_, S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = to_usize(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = buf.len().min(left);
        let Some(buf) = buf.get_mut(..len).filter(|buf| !buf.is_empty()) else { return Ok(0) };
        let file = MeteredFile { file: &self.file, meter: self.meter };
        let read = self.reader.borrow_mut().read_at(&file, offset, buf);
        read.map(|read| read.min(len)).map_err(|error| match error {
            PstError::Io(error) => error,
            // The offset is one of the data file, and this error is of the attachment.
            error => io::Error::other(reader_error(error, self.meter).with_offset(None)),
        })
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn has_changed(&self) -> bool {
        self.file.has_changed()
    }
}
