//! Size and times of a file. A later scan uses them to detect changes.

/// A file with an equal stamp counts as unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Stamp {
    pub(crate) size: u64,
    /// Seconds since 1970, and the nanoseconds of the second.
    pub(crate) modified: Option<(i64, u32)>,
    /// Nanoseconds since 1970, if the system has a change time.
    pub(crate) changed: Option<i64>,
}

/// What a store says about the content of an object, beside size and time. Empty for a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct ObjectStamp {
    /// Entity tag: it differs after each change.
    pub(crate) etag: Option<String>,
    pub(crate) version_id: Option<String>,
    /// Storage class, as the store names it.
    pub(crate) tier: Option<String>,
}

impl Stamp {
    /// Returns whether the file system stores times in whole seconds, as far as this stamp shows.
    pub(crate) fn is_coarse(&self) -> bool {
        let is_whole = |nanoseconds: i64| nanoseconds % 1_000_000_000 == 0;
        self.modified.is_none_or(|(_, nanoseconds)| nanoseconds == 0)
            && self.changed.is_none_or(is_whole)
    }
}

#[cfg(unix)]
pub(super) fn of_stat(found: &rustix::fs::Stat) -> Stamp {
    let nanoseconds = i64::try_from(found.st_ctime_nsec).unwrap_or_default();
    Stamp {
        size: u64::try_from(found.st_size).unwrap_or_default(),
        modified: Some((found.st_mtime, u32::try_from(found.st_mtime_nsec).unwrap_or_default())),
        changed: Some(found.st_ctime.saturating_mul(1_000_000_000).saturating_add(nanoseconds)),
    }
}

/// Returns the stamp of an open file.
#[cfg(unix)]
pub(crate) fn stamp_of(found: &std::fs::Metadata) -> Stamp {
    use std::os::unix::fs::MetadataExt;
    Stamp {
        size: found.len(),
        modified: Some((found.mtime(), u32::try_from(found.mtime_nsec()).unwrap_or_default())),
        changed: Some(
            found.ctime().saturating_mul(1_000_000_000).saturating_add(found.ctime_nsec()),
        ),
    }
}

/// Returns the stamp of an open file. The change time is not available.
#[cfg(windows)]
pub(crate) fn stamp_of(found: &std::fs::Metadata) -> Stamp {
    let since = found
        .modified()
        .ok()
        .and_then(|modified| modified.duration_since(std::time::UNIX_EPOCH).ok());
    let modified =
        since.and_then(|since| Some((i64::try_from(since.as_secs()).ok()?, since.subsec_nanos())));
    Stamp { size: found.len(), modified, changed: None }
}
