//! Kinds of changes.

/// The change of one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Issued after the earlier scan began, under a key that needs an AD RMS cluster.
    PublishedSince,
    /// New at this path under such a key, but issued before: copied, moved, renamed or restored.
    AppearedOld,
    /// It had such a key, and now has another key that needs no cluster, or no key.
    Reprotected,
    /// It is no longer protected.
    Unprotected,
    /// It was deleted.
    Gone,
    /// Only in the earlier inventory; its folder was not scanned again.
    NotLookedAt,
    /// It was read before, and cannot be read now.
    NotReadable,
}

impl Change {
    pub(super) fn name(self) -> &'static str {
        match self {
            Change::PublishedSince => "new-under-old-key",
            Change::AppearedOld => "appeared-under-old-key",
            Change::Reprotected => "re-protected",
            Change::Unprotected => "unprotected",
            Change::Gone => "gone",
            Change::NotLookedAt => "not-looked-at",
            Change::NotReadable => "not-readable",
        }
    }

    pub(super) fn meaning(self) -> &'static str {
        match self {
            Change::PublishedSince => "ALARM: published since, under a key that is still needed",
            Change::AppearedOld => {
                "new at this path under such a key, and issued before: copied, moved, renamed or restored"
            }
            Change::Reprotected => "protected anew, with another key that is not needed",
            Change::Unprotected => "not protected any more",
            Change::Gone => "gone: their folder was listed and does not have them",
            Change::NotLookedAt => {
                "in the earlier inventory only: no later scan listed their folder"
            }
            Change::NotReadable => "read before, and not readable now",
        }
    }

    pub(super) const ALL: [Change; 7] = [
        Change::PublishedSince,
        Change::AppearedOld,
        Change::Reprotected,
        Change::Unprotected,
        Change::Gone,
        Change::NotLookedAt,
        Change::NotReadable,
    ];
}
