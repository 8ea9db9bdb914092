//! Owners of files in the file system.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The number of a user.
pub(crate) type OwnerId = u32;

/// Returns the owner of an open file; `None` on Windows.
#[cfg(unix)]
pub(crate) fn of(found: &Metadata) -> Option<OwnerId> {
    use std::os::unix::fs::MetadataExt as _;
    Some(found.uid())
}

/// Returns the owner of an open file; `None` on Windows.
#[cfg(windows)]
pub(crate) fn of(_: &Metadata) -> Option<OwnerId> {
    None
}

/// Returns the owner of a file that may not be readable, without following a link.
pub(crate) fn of_path(path: &Path) -> Option<OwnerId> {
    path.symlink_metadata().ok().as_ref().and_then(of)
}

/// The names of owners. A directory service can be slow, so each name is asked for once.
#[derive(Debug, Default)]
pub(crate) struct OwnerNames(Mutex<HashMap<OwnerId, Arc<str>>>);

impl OwnerNames {
    /// Returns the name of a user, or `uid:` and the number if the system does not know one.
    pub(crate) fn name(&self, id: OwnerId) -> Arc<str> {
        let known = |names: &HashMap<OwnerId, Arc<str>>| names.get(&id).map(Arc::clone);
        if let Some(name) = known(&self.0.lock().unwrap_or_else(|error| error.into_inner())) {
            return name;
        }
        // The lock is not held meanwhile: other names are known.
        let name: Arc<str> = user(id).unwrap_or_else(|| format!("uid:{id}")).into();
        let mut names = self.0.lock().unwrap_or_else(|error| error.into_inner());
        Arc::clone(names.entry(id).or_insert(name))
    }
}

#[cfg(unix)]
fn user(id: OwnerId) -> Option<String> {
    let user = nix::unistd::User::from_uid(id.into()).ok()?;
    user.map(|user| user.name).filter(|name| !name.is_empty())
}

#[cfg(windows)]
fn user(_: OwnerId) -> Option<String> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn an_owner_has_its_name_or_its_number() {
        let names = OwnerNames::default();
        assert_eq!(&*names.name(0), "root");
        assert_eq!(&*names.name(0), "root");
        assert_eq!(&*names.name(3_999_999_999), "uid:3999999999");
        assert!(of_path(Path::new("/")).is_some());
        assert_eq!(of_path(Path::new("/no/such/file")), None);
    }
}
