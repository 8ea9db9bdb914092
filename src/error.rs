//! [`Error`]: the structure, the offset and the term of the specification at which reading stopped.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::code::ErrorCode;
use crate::kinds::vocabulary;

/// The result of an operation of this library.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

vocabulary! {
    /// The stage of the pipeline in which an error arose.
    pub enum Stage {
        /// Reads the bytes of the file.
        Source = "source",
        /// Locates the license in a container.
        Container = "container",
        /// Parses the license text.
        License = "license",
        /// Reads the estate file, or a record.
        Authority = "authority",
    }
}

vocabulary! {
    /// The broad cause of an error. [`ErrorFamily`](crate::ErrorFamily) groups codes by what to do about
    /// them.
    pub enum ErrorKind {
        /// The system failed to read the bytes.
        Io = "io",
        /// The bytes break the format.
        Malformed = "malformed",
        /// The bytes are well formed, and this build does not read them.
        Unsupported = "unsupported",
        /// A budget of [`Limits`](crate::Limits) is spent.
        Limit = "limit",
        /// An estate file, a record or an option of the caller is wrong.
        Config = "config",
        /// The caller raised its [`Cancel`](crate::Cancel), or its deadline has passed
        /// ([`Inspector::deadline`](crate::Inspector::deadline)).
        Cancelled = "cancelled",
    }
}

/// The reason why reading stopped.
///
/// One word in size, `Send + Sync`, and cheap to clone. [`code`](Error::code) is the record's `error_code`;
/// the display form names the structure, the term of its specification and the offset, and can change with
/// each version. [`source`](std::error::Error::source) is the [`io::Error`] of the system, if there is one.
///
/// ```
/// use rmsight::{ErrorCode, Inspector};
///
/// let report = Inspector::default().inspect_bytes(b"PK\x03\x04");
/// let error = report.incomplete().expect("the header of a member is cut off");
/// assert_eq!(error.code(), ErrorCode::Truncated);
/// println!("{}: {error}", error.stage());
/// ```
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    cause: Cause,
    stage: Stage,
    offset: Option<u64>,
}

#[derive(Debug, Clone, thiserror::Error)]
enum Cause {
    #[error("{0}")]
    Io(Arc<io::Error>),
    #[error("{structure}: {detail}")]
    Malformed { code: ErrorCode, structure: &'static str, detail: Cow<'static, str> },
    #[error("{structure}: {detail}")]
    Unsupported { code: ErrorCode, structure: &'static str, detail: Cow<'static, str> },
    #[error("the file changed while it was read")]
    Changed,
    #[error("limit {name} of {allowed} is reached", name = .code.as_str().trim_start_matches("limit-"))]
    Limit { code: ErrorCode, allowed: u64, ends_file: bool },
    #[error("{0}")]
    Config(Cow<'static, str>),
    #[error("cancelled")]
    Cancelled,
    #[error("the deadline of the caller has passed")]
    Deadline,
}

impl Error {
    fn new(cause: Cause, stage: Stage, offset: Option<u64>) -> Error {
        Error(Box::new(Inner { cause, stage, offset }))
    }

    /// Wraps an error of the system. If it wraps an [`Error`] itself, returns that one.
    pub(crate) fn io(error: io::Error) -> Error {
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            return inner.clone();
        }
        Error::new(Cause::Io(Arc::new(error)), Stage::Source, None)
    }

    /// Returns the error of a `structure` that breaks its format at `offset`.
    #[cold]
    pub(crate) fn malformed(
        code: ErrorCode,
        structure: &'static str,
        offset: impl Into<Option<u64>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Error {
        let cause = Cause::Malformed { code, structure, detail: detail.into() };
        Error::new(cause, Stage::Container, offset.into())
    }

    /// Returns the error of a `structure` that ends before the field which its format has at `offset`.
    #[cold]
    pub(crate) fn truncated(
        structure: &'static str,
        offset: u64,
        detail: impl Into<Cow<'static, str>>,
    ) -> Error {
        Error::malformed(ErrorCode::Truncated, structure, offset, detail)
    }

    /// Returns the error of a well-formed `structure` that this build does not read.
    #[cold]
    pub(crate) fn unsupported(
        code: ErrorCode,
        structure: &'static str,
        offset: impl Into<Option<u64>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Error {
        let cause = Cause::Unsupported { code, structure, detail: detail.into() };
        Error::new(cause, Stage::Container, offset.into())
    }

    /// Returns the error of a source that has fewer bytes than its size stated.
    #[cold]
    pub(crate) fn changed() -> Error {
        Error::new(Cause::Changed, Stage::Source, None)
    }

    /// Returns the error of a spent budget. `ends_file` tells whether the budget belongs to the whole file.
    #[cold]
    pub(crate) fn limit(code: ErrorCode, allowed: u64, ends_file: bool) -> Error {
        Error::new(Cause::Limit { code, allowed, ends_file }, Stage::Container, None)
    }

    /// Returns the error of wrong input from the caller.
    pub(crate) fn config(detail: impl Into<Cow<'static, str>>) -> Error {
        Error::new(Cause::Config(detail.into()), Stage::Authority, None)
    }

    /// Returns the error of an inspection that the caller ended.
    #[cold]
    pub(crate) fn cancelled() -> Error {
        Error::new(Cause::Cancelled, Stage::Source, None)
    }

    /// Returns the error of an inspection whose deadline has passed.
    #[cold]
    pub(crate) fn deadline() -> Error {
        Error::new(Cause::Deadline, Stage::Source, None)
    }

    /// Replaces the stage.
    pub(crate) fn at_stage(mut self, stage: Stage) -> Error {
        self.0.stage = stage;
        self
    }

    /// Replaces the offset, as when an offset in a member becomes one in the file.
    pub(crate) fn with_offset(mut self, offset: Option<u64>) -> Error {
        self.0.offset = offset;
        self
    }

    /// Returns the broad cause.
    pub fn kind(&self) -> ErrorKind {
        match self.0.cause {
            Cause::Io(_) | Cause::Changed => ErrorKind::Io,
            Cause::Malformed { .. } => ErrorKind::Malformed,
            Cause::Unsupported { .. } => ErrorKind::Unsupported,
            Cause::Limit { .. } => ErrorKind::Limit,
            Cause::Config(_) => ErrorKind::Config,
            Cause::Cancelled | Cause::Deadline => ErrorKind::Cancelled,
        }
    }

    /// Returns the stage in which the error arose.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// Returns the offset in bytes at which reading stopped: in the file, or in the member if that is
    /// compressed or encoded. `None` if the error has no offset.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// Returns the code that the record has in `error_code`. It compares with text too:
    /// `error.code() == "io"`.
    pub fn code(&self) -> ErrorCode {
        match &self.0.cause {
            Cause::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                ErrorCode::PermissionDenied
            }
            // A file server or an object store has another file under this name now.
            Cause::Io(error) if error.kind() == io::ErrorKind::StaleNetworkFileHandle => {
                ErrorCode::ChangedWhileReading
            }
            Cause::Io(_) => ErrorCode::Io,
            Cause::Malformed { code, .. }
            | Cause::Unsupported { code, .. }
            | Cause::Limit { code, .. } => *code,
            Cause::Changed => ErrorCode::ChangedWhileReading,
            Cause::Config(_) => ErrorCode::Config,
            Cause::Cancelled => ErrorCode::Cancelled,
            Cause::Deadline => ErrorCode::Deadline,
        }
    }

    /// Returns whether no other member of the file can be read either: a budget of the whole file is
    /// spent, or the caller ended the inspection.
    pub(crate) fn ends_file(&self) -> bool {
        match self.0.cause {
            Cause::Limit { ends_file, .. } => ends_file,
            Cause::Cancelled | Cause::Deadline => true,
            _ => false,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("code", &format_args!("{}", self.code()))
            .field("message", &format_args!("{self}"))
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.offset {
            Some(offset) => write!(f, "{} (at byte {offset})", self.0.cause),
            None => self.0.cause.fmt(f),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0.cause {
            Cause::Io(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}

/// Compares what a caller sees: code, stage, offset and message.
impl PartialEq for Error {
    fn eq(&self, other: &Error) -> bool {
        self.code() == other.code()
            && self.0.stage == other.0.stage
            && self.0.offset == other.0.offset
            && self.to_string() == other.to_string()
    }
}

impl Eq for Error {}
