//! What can go wrong, said with the structure, the offset and the spec's own term.

use std::borrow::Cow;
use std::fmt;
use std::io;
use std::sync::Arc;

use crate::limits::Limit;

/// A result of this library.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The stage of the pipeline in which an error arose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Getting at the bytes.
    Source,
    /// Finding the license in a container.
    Container,
    /// Reading the license text.
    License,
    /// Reading what the operator knows.
    Authority,
}

/// Whose fault it is, coarsely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The system could not give the bytes.
    Io,
    /// The bytes break the format.
    Malformed,
    /// The bytes are well formed, but nobody here can read them.
    Unsupported,
    /// A budget of [`Limits`](crate::Limits) is spent.
    Limit,
    /// The caller's own input (an estate file, an option) is wrong.
    Config,
    /// The caller raised its [`Cancel`](crate::Cancel) flag.
    Cancelled,
}

/// What stopped the reading.
///
/// One word wide. [`code`](Error::code) is the stable name that the record carries in `error_code`;
/// the display form names the structure and the spec's term.
#[derive(Debug, Clone)]
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
    Malformed { code: &'static str, structure: &'static str, detail: Cow<'static, str> },
    #[error("{structure}: {detail}")]
    Unsupported { code: &'static str, structure: &'static str, detail: Cow<'static, str> },
    #[error("the file changed while it was read")]
    Changed,
    #[error("limit {} of {allowed} is reached", .limit.name())]
    Limit { limit: Limit, allowed: u64 },
    #[error("{0}")]
    Config(Cow<'static, str>),
    #[error("cancelled")]
    Cancelled,
}

impl Error {
    fn new(cause: Cause, stage: Stage, offset: Option<u64>) -> Error {
        Error(Box::new(Inner { cause, stage, offset }))
    }

    /// The system's own error. One that carries an [`Error`] inside gives that back.
    pub(crate) fn io(error: io::Error) -> Error {
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>()) {
            return inner.clone();
        }
        Error::new(Cause::Io(Arc::new(error)), Stage::Source, None)
    }

    /// `structure` breaks its format at `offset`; `code` is `malformed-<structure>`.
    #[cold]
    pub(crate) fn malformed(
        code: &'static str,
        structure: &'static str,
        offset: impl Into<Option<u64>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Error {
        let cause = Cause::Malformed { code, structure, detail: detail.into() };
        Error::new(cause, Stage::Container, offset.into())
    }

    /// `structure` ends before the field that its format puts at `offset`.
    #[cold]
    pub(crate) fn truncated(
        structure: &'static str,
        offset: u64,
        detail: impl Into<Cow<'static, str>>,
    ) -> Error {
        Error::malformed("truncated", structure, offset, detail)
    }

    /// `structure` is what it says, but cannot be read here.
    #[cold]
    pub(crate) fn unsupported(
        code: &'static str,
        structure: &'static str,
        offset: impl Into<Option<u64>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Error {
        let cause = Cause::Unsupported { code, structure, detail: detail.into() };
        Error::new(cause, Stage::Container, offset.into())
    }

    /// The source gave less than its size had promised.
    #[cold]
    pub(crate) fn changed() -> Error {
        Error::new(Cause::Changed, Stage::Source, None)
    }

    /// The budget `limit` of `allowed` is spent.
    #[cold]
    pub(crate) fn limit(limit: Limit, allowed: u64) -> Error {
        Error::new(Cause::Limit { limit, allowed }, Stage::Container, None)
    }

    /// The caller's own input is wrong.
    pub(crate) fn config(detail: impl Into<Cow<'static, str>>) -> Error {
        Error::new(Cause::Config(detail.into()), Stage::Authority, None)
    }

    /// The caller raised its flag.
    pub(crate) fn cancelled() -> Error {
        Error::new(Cause::Cancelled, Stage::Source, None)
    }

    /// The same error, said to come from `stage`.
    pub(crate) fn at_stage(mut self, stage: Stage) -> Error {
        self.0.stage = stage;
        self
    }

    /// The same error with its offset moved from a member into the file.
    pub(crate) fn with_offset(mut self, offset: Option<u64>) -> Error {
        self.0.offset = offset;
        self
    }

    /// Whose fault it is.
    pub fn kind(&self) -> ErrorKind {
        match self.0.cause {
            Cause::Io(_) | Cause::Changed => ErrorKind::Io,
            Cause::Malformed { .. } => ErrorKind::Malformed,
            Cause::Unsupported { .. } => ErrorKind::Unsupported,
            Cause::Limit { .. } => ErrorKind::Limit,
            Cause::Config(_) => ErrorKind::Config,
            Cause::Cancelled => ErrorKind::Cancelled,
        }
    }

    /// Where in the pipeline it arose.
    pub fn stage(&self) -> Stage {
        self.0.stage
    }

    /// The byte in the file, or in the member that was read, at which the reading stopped.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The stable name, one of the record's `error_code` list.
    pub fn code(&self) -> &'static str {
        match &self.0.cause {
            Cause::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                "permission-denied"
            }
            Cause::Io(_) => "io",
            Cause::Malformed { code, .. } | Cause::Unsupported { code, .. } => code,
            Cause::Changed => "changed-while-reading",
            Cause::Limit { limit, .. } => limit.code(),
            Cause::Config(_) => "config",
            Cause::Cancelled => "cancelled",
        }
    }

    /// Whether a budget of the whole file is spent, so that no other member can be read either.
    pub(crate) fn ends_file(&self) -> bool {
        match self.0.cause {
            Cause::Limit { limit, .. } => limit.is_file_wide(),
            Cause::Cancelled => true,
            _ => false,
        }
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

/// Two errors are the same when a caller would see the same: code, stage, place and words.
impl PartialEq for Error {
    fn eq(&self, other: &Error) -> bool {
        self.code() == other.code()
            && self.0.stage == other.0.stage
            && self.0.offset == other.0.offset
            && self.to_string() == other.to_string()
    }
}

impl Eq for Error {}
