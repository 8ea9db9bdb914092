//! Status codes, and the message of the last error of a thread.

use std::cell::RefCell;

use crate::text::RmsightText;

/// Result of a call.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RmsightStatus {
    /// The call succeeded.
    Ok = 0,
    /// A required pointer is null.
    NullArgument = 1,
    /// A handle is 0, was closed, or is of another kind.
    InvalidHandle = 2,
    /// The size of a struct, a buffer or a number of bytes is not valid.
    InvalidSize = 3,
    /// A text is not valid UTF-8.
    InvalidUtf8 = 4,
    /// A column, a row or the name of a limit does not exist.
    NotFound = 5,
    /// The column has another type.
    WrongType = 6,
    /// The value is unknown or missing.
    NoValue = 7,
    /// Another thread uses the inspector.
    Busy = 8,
    /// The file could not be opened, or the system refused its size.
    Io = 9,
    /// The estate file has mistakes. `rmsight_last_error` returns all of them.
    InvalidEstate = 10,
    /// An error inside the library. The inspector was closed. Please report it.
    Internal = 11,
}

thread_local! {
    static LAST: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Sets the message of the last error of this thread.
pub(crate) fn fail(status: RmsightStatus, message: impl Into<String>) -> RmsightStatus {
    // The slot is not borrowed elsewhere: nothing runs between its borrow and its return.
    LAST.with(|last| {
        if let Ok(mut last) = last.try_borrow_mut() {
            *last = message.into();
        }
    });
    status
}

/// Returns the message of the last failed call of this thread, for people. It is valid until the next call of
/// this thread fails.
///
/// # Safety
/// `text` points to an `RmsightText` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_last_error(text: *mut RmsightText) -> RmsightStatus {
    let found = LAST.with(|last| last.try_borrow().map(|last| RmsightText::of(&last)));
    let found = found.unwrap_or_default();
    // SAFETY: the caller guarantees it.
    unsafe { crate::input::write(text, found) }
}

/// Returns the meaning of a status. The string is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_status_text(status: i32) -> RmsightText {
    const TEXTS: [&str; 12] = [
        "ok",
        "a required pointer is null",
        "the handle is not open, or of another kind",
        "the size of a struct or buffer is not valid",
        "the text is not valid UTF-8",
        "there is no such column, row or limit",
        "the column has another type",
        "the value is unknown or missing",
        "another thread uses the inspector",
        "the file could not be opened or read",
        "the estate file has mistakes",
        "internal error",
    ];
    let found = usize::try_from(status).ok().and_then(|at| TEXTS.get(at));
    RmsightText::of(found.unwrap_or(&"unknown status"))
}
