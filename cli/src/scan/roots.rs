//! The folders and files that the user named, without duplicates.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::object_roots::ObjectRoot;
use super::options::ScanOptions;
use crate::exit::{Failure, Result, warn};
use crate::fs::path::{is_address, normal, real};
use crate::fs::walk::{NameList, Root};

/// A folder or a file that the user named.
#[derive(Debug)]
pub(super) struct NamedPath {
    /// The path as the user spelled it.
    pub(super) spelled: PathBuf,
    /// The normalized path, as the inventory stores it.
    pub(super) normal: PathBuf,
    /// The identity: the real path of a folder, or the name of a file in its real folder.
    place: PathBuf,
}

impl NamedPath {
    fn new(path: &Path) -> Result<NamedPath> {
        let normal = normal(path)
            .map_err(|error| Failure::message(format_args!("{}: {error}", path.display())))?;
        let place = place(&normal).unwrap_or_else(|| normal.clone());
        Ok(NamedPath { spelled: path.to_owned(), normal, place })
    }

    /// Returns whether there is no file or folder with this path.
    fn is_missing(&self) -> bool {
        let kind = self.normal.metadata().err().map(|error| error.kind());
        matches!(kind, Some(ErrorKind::NotFound | ErrorKind::NotADirectory))
    }
}

/// What messages say about a path that does not exist.
const MISSING: &str = "no such file or folder";

/// Fails if a path does not exist and is no root of the inventory, whose roots are `known`: the path
/// is mistyped, or its file system is not mounted. A root that has vanished stays a gap.
pub(super) fn require_known(
    named: &[NamedPath],
    known: &[(PathBuf, Option<PathBuf>)],
) -> Result<()> {
    let is_known = |one: &NamedPath| known.iter().any(|(path, _)| *path == one.normal);
    let (vanished, unknown): (Vec<_>, Vec<_>) =
        named.iter().filter(|one| one.is_missing()).partition(|one| is_known(one));
    if !unknown.is_empty() {
        let names: Vec<String> =
            unknown.iter().map(|one| one.spelled.display().to_string()).collect();
        let names = names.join(", ");
        return Err(Failure::message(format_args!("{names}: {MISSING}; nothing was scanned")));
    }
    for one in vanished {
        let spelled = one.spelled.display();
        warn(format_args!("{spelled}: {MISSING}; the inventory keeps its files, and it is a gap"));
    }
    Ok(())
}

/// Returns the path that all spellings of a folder or file have in common: links are resolved in
/// the path of a folder, and in the path of the folder that contains a file. Returns `None` if the
/// path does not exist.
fn place(path: &Path) -> Option<PathBuf> {
    if let Some(real) = real(path).filter(|real| real.is_dir()) {
        return Some(real);
    }
    path.symlink_metadata().ok()?;
    Some(real(path.parent()?)?.join(path.file_name()?))
}

/// Returns the files and folders that the user named, without addresses of objects.
pub(super) fn paths(options: &ScanOptions) -> Vec<PathBuf> {
    let paths = options.paths.iter();
    paths.filter(|path| !is_address(path.as_os_str().as_encoded_bytes())).cloned().collect()
}

/// Returns `paths` without the folders and files that are inside another one. A path that does not
/// exist stays, because its record reports that.
///
/// With `one_file_system`, a folder inside another one stays if it is on another file system.
pub(super) fn distinct(paths: &[PathBuf], one_file_system: bool) -> Result<Vec<NamedPath>> {
    let all = paths.iter().map(|path| NamedPath::new(path)).collect::<Result<Vec<NamedPath>>>()?;
    let is_inside = |at: usize| {
        let Some(one) = all.get(at).filter(|one| one.normal.symlink_metadata().is_ok()) else {
            return false;
        };
        all.iter().enumerate().any(|(other_at, other)| {
            one.place.starts_with(&other.place)
                && (one.place != other.place || other_at < at)
                && !(one_file_system && are_apart(&one.place, &other.place))
        })
    };
    let inside: Vec<bool> = (0..all.len()).map(is_inside).collect();
    Ok(all.into_iter().zip(inside).filter(|(_, inside)| !inside).map(|(one, _)| one).collect())
}

/// Returns the roots as the user spelled them. Warns of paths that do not exist.
pub(super) fn spelled(options: &ScanOptions, objects: Vec<ObjectRoot>) -> Result<Vec<Arc<Root>>> {
    let named = distinct(&paths(options), options.walk.one_file_system)?;
    for one in named.iter().filter(|one| one.is_missing()) {
        warn(format_args!("{}: {MISSING}", one.spelled.display()));
    }
    let paths = named.into_iter().map(|one| Root::new(one.spelled, 0, None));
    let lists = options.list.iter();
    let lists = lists.map(|list| Root::new(list.file.clone(), 0, Some(NameList::new(list.end))));
    let objects = objects.into_iter().map(|one| Root::of_objects(one.path, 0, one.lister));
    Ok(paths.chain(objects).chain(lists).map(Arc::new).collect())
}

/// Returns whether two folders are on different file systems.
#[cfg(unix)]
fn are_apart(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (one.metadata(), other.metadata()) {
        (Ok(one), Ok(other)) => one.dev() != other.dev(),
        _ => false,
    }
}

#[cfg(windows)]
fn are_apart(one: &Path, other: &Path) -> bool {
    crate::fs::open::same_volume(one, other) == Some(false)
}

/// Returns the path that the inventory has for the same folder or file under another spelling.
///
/// `known` contains the paths of the inventory, each with its path with links resolved in its last
/// scan. A link that has another target now is not a spelling of its new target.
pub(super) fn known(named: &NamedPath, known: &[(PathBuf, Option<PathBuf>)]) -> Option<PathBuf> {
    // Compare as text: paths that differ only in a trailing separator are equal as paths.
    if known.iter().any(|(path, _)| path.as_os_str() == named.normal.as_os_str()) {
        return None;
    }
    let own = place(&named.normal)?;
    let is_same = |(path, before): &&(PathBuf, Option<PathBuf>)| {
        place(path).as_ref() == Some(&own)
            && before.as_ref().is_none_or(|before| real(path).as_ref() == Some(before))
    };
    known.iter().find(is_same).map(|(path, _)| path.clone())
}
