//! The C interface of rmsight.
//!
//! # Rules
//!
//! - Every function returns an `RmsightStatus`. No function panics or unwinds into the caller.
//! - A handle is a number. `0` is no handle. A handle that was closed, or never existed, is
//!   `RMSIGHT_STATUS_INVALID_HANDLE`, so that closing twice is an error and not undefined behavior.
//! - Neither side frees memory of the other. Strings are a pointer and a length, without a NUL at the end.
//!   A string that the library returns is valid until its handle is closed.
//! - A struct begins with its size in bytes, which the caller sets. Later versions append fields.
//! - An inspector is used by one thread at a time: a second call at the same time is
//!   `RMSIGHT_STATUS_BUSY`. Reports, estates and cancel handles may be used by several threads.
//! - After `fork`, a child process may use handles only if no other thread was inside the library during
//!   the fork.

mod callback;
mod cancel;
mod column;
mod detection;
mod estate;
mod guard;
mod handle;
mod input;
mod inspector;
mod outlook;
mod report;
mod status;
mod text;

pub use callback::RmsightReadAt;
pub use cancel::{rmsight_cancel_close, rmsight_cancel_open, rmsight_cancel_raise};
pub use column::{
    RmsightColumnKind, rmsight_column_count, rmsight_column_kind, rmsight_column_name,
};
pub use detection::{RmsightDetection, RmsightProtection};
pub use estate::{rmsight_estate_close, rmsight_estate_parse, rmsight_judge};
pub use inspector::{
    RmsightCall, RmsightOptions, rmsight_detect_bytes, rmsight_detect_callback,
    rmsight_detect_path, rmsight_inspect_bytes, rmsight_inspect_callback, rmsight_inspect_path,
    rmsight_inspector_close, rmsight_inspector_open, rmsight_inspector_set_limit,
    rmsight_inspector_set_pst_child,
};
pub use report::{
    rmsight_report_bool, rmsight_report_close, rmsight_report_count, rmsight_report_int,
    rmsight_report_text, rmsight_report_time,
};
pub use status::{RmsightStatus, rmsight_last_error, rmsight_status_text};
pub use text::RmsightText;

/// Version of this binary interface. It rises when a function, a struct or a column id changes in a way that
/// a compiled caller would notice; new functions and columns do not raise it.
pub const RMSIGHT_ABI_VERSION: u32 = 1;

/// Returns `RMSIGHT_ABI_VERSION` of the library that is loaded. Compare it with that of the header.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_abi_version() -> u32 {
    RMSIGHT_ABI_VERSION
}

/// Returns the version of the library, such as `0.1.0`. The string is never freed.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_version() -> RmsightText {
    RmsightText::of(env!("CARGO_PKG_VERSION"))
}
