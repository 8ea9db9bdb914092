//! [`Answer`]: the answer to a request, and what a refusal means.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use crate::error::{StoreError, StoreErrorKind};

/// Longest code of a store that messages show.
const CODE: usize = 64;

/// An answer with its whole body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the time after which the server wants the request again, if it gives one in seconds.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        let text = self.header(header::RETRY_AFTER.as_str())?;
        text.trim().parse().ok().map(Duration::from_secs)
    }

    /// Returns the code of a store for its refusal, such as `BlobArchived`.
    fn code(&self) -> Option<String> {
        let given = self.header("x-ms-error-code").map(str::to_owned);
        given.or_else(|| code_in(&self.body)).filter(|code| {
            !code.is_empty()
                && code.len() <= CODE
                && code.bytes().all(|it| it.is_ascii_alphanumeric())
        })
    }
}

/// Returns the text of the element `Code` in an error document.
fn code_in(body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, after) = text.split_once("<Code>")?;
    after.split_once("</Code>").map(|(code, _)| code.to_owned())
}

/// Returns the error for an answer that is no success.
pub(crate) fn refused(host: &str, answer: &Answer) -> StoreError {
    let code = answer.code();
    let status = answer.status;
    let kind = match (status, code.as_deref()) {
        (_, Some("BlobArchived" | "InvalidObjectState" | "BlobBeingRehydrated")) => {
            StoreErrorKind::Archived
        }
        (StatusCode::PRECONDITION_FAILED | StatusCode::RANGE_NOT_SATISFIABLE, _) => {
            StoreErrorKind::Changed
        }
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => StoreErrorKind::Denied,
        (StatusCode::NOT_FOUND | StatusCode::GONE, _) => StoreErrorKind::NotFound,
        _ => StoreErrorKind::Io,
    };
    let what = match kind {
        StoreErrorKind::Archived => "the object is in an archive tier",
        StoreErrorKind::Changed => "the object has changed since it was listed",
        StoreErrorKind::Denied => "access was denied",
        StoreErrorKind::NotFound => "there is no such object or container",
        _ => "the request was refused",
    };
    let code = code.map(|code| format!(", {code}")).unwrap_or_default();
    StoreError::new(kind, format!("{host}: {what} (HTTP status {}{code})", status.as_u16()))
}
