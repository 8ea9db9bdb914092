//! Strings that the library returns.

use std::ptr;

/// UTF-8 text that the library owns: a pointer and a length in bytes, without a NUL at the end.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RmsightText {
    /// First byte; null if `len` is 0.
    pub data: *const u8,
    /// Number of bytes.
    pub len: usize,
}

impl RmsightText {
    pub(crate) fn of(text: &str) -> RmsightText {
        match text.len() {
            0 => RmsightText::default(),
            len => RmsightText { data: text.as_ptr(), len },
        }
    }
}

impl Default for RmsightText {
    fn default() -> RmsightText {
        RmsightText { data: ptr::null(), len: 0 }
    }
}
