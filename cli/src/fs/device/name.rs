//! [`Device`].

use std::sync::Arc;

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) name: Arc<str>,
    /// A mounted share of a Windows server, which provides DOS attributes. On Windows the listing of a
    /// folder contains them.
    #[cfg(unix)]
    pub(crate) is_smb: bool,
}
