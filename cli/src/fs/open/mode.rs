//! How files are opened, and why this program refuses to open one.

use std::fmt;
use std::io;

/// Whether symbolic links are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Links {
    /// The user named it.
    Follow,
    /// The walk found it.
    Refuse,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenMode {
    pub(crate) links: Links,
    /// Fetches content that is in a cloud or on tape. Otherwise such a file is refused. Only Windows
    /// refuses; on other systems the walk knows the attributes of files on a share.
    #[cfg_attr(not(windows), allow(dead_code))]
    pub(crate) hydrate: bool,
}

impl OpenMode {
    /// A file that the user named in a command for single files.
    pub(crate) const NAMED: OpenMode = OpenMode { links: Links::Follow, hydrate: true };
}

/// Why this program does not open a file that the system would open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(windows), allow(dead_code))]
pub(super) enum Refusal {
    /// It is a link, a junction or a mount point.
    Link,
    /// Its content is in a cloud or on tape.
    Elsewhere,
    /// It is a reparse point with this tag, whose meaning is unknown.
    UnknownTag(u32),
    /// It was replaced while it was opened.
    Replaced,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Link => f.write_str("it is a link"),
            Refusal::Elsewhere => {
                f.write_str("its content is elsewhere, and --hydrate was not given")
            }
            Refusal::UnknownTag(tag) => {
                write!(f, "a reparse point with the unknown tag {tag:#010x}: not opened")
            }
            Refusal::Replaced => f.write_str("it was replaced while it was opened"),
        }
    }
}

impl std::error::Error for Refusal {}

/// Returns the refusal that caused an error.
pub(super) fn refusal(error: &io::Error) -> Option<Refusal> {
    error.get_ref()?.downcast_ref::<Refusal>().copied()
}
