//! Checks that a person makes, because no file scan can: dependencies outside of files, and whether the
//! read-only mode of a cluster holds. Each has an id, by which a decisions file records its answer.

mod blind_spots;
mod read_only_mode;

use rmsight::AuthorityKind;

pub(crate) use blind_spots::of_kind;
pub(crate) use read_only_mode::read_only_checks;

use crate::nearest::suggestion;

/// A check, and a way to make it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ManualCheck {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
    pub(crate) why: &'static str,
    pub(crate) check: &'static str,
}

/// Returns whether a check is about one key, and not about an authority.
pub(crate) fn needs_key(id: &str) -> bool {
    read_only_checks().iter().any(|check| check.id == id)
}

/// Returns the id of a check.
///
/// # Errors
/// Fails if there is no such check.
pub(crate) fn check_id(text: &str) -> Result<&'static str, String> {
    let kinds = AuthorityKind::ALL.iter().flat_map(|kind| of_kind(*kind));
    let ids: Vec<&'static str> = kinds.chain(read_only_checks()).map(|check| check.id).collect();
    ids.iter().copied().find(|id| *id == text).ok_or_else(|| {
        let nearest = suggestion(text, ids.iter().copied());
        match nearest.is_empty() {
            true => format!("there is no check of that name; there are: {}", ids.join(", ")),
            false => format!("there is no check of that name; {nearest}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_of_checks_are_unique() {
        let kinds = AuthorityKind::ALL.iter().flat_map(|kind| of_kind(*kind));
        let all: Vec<&ManualCheck> = kinds.chain(read_only_checks()).collect();
        let ids: BTreeSet<&str> = all.iter().map(|check| check.id).collect();
        assert_eq!(ids.len(), all.len());
        assert!(all.iter().all(|check| check_id(check.id) == Ok(check.id)));
        assert!(check_id("cluster-sharepiont").unwrap_err().contains("cluster-sharepoint"));
    }
}
