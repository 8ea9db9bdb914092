//! `--only`: reads listed files again, to prove that work on them is done.
//!
//! Such a scan visits no root. It closes no gap, and no file counts as deleted by it: only a folder
//! that was listed can show that.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::object_roots::ObjectOpener;
use super::only_list::OnlyList;
use crate::exit::{Result, warn};
use crate::fs::open::Links;
use crate::fs::path::normal;
use crate::fs::walk::{Dir, FileJob, Object};
use crate::inventory::{Inventory, KnownPlace, PathMapping, Store};
use crate::output::format::{counted, thousands};
use crate::stats::{NeedCounts, Stats};

/// Maximum number of paths that messages name.
const EXAMPLES: usize = 20;

/// The files of a list.
#[derive(Debug, Default)]
pub(super) struct OnlyFiles {
    /// The files to read.
    pub(super) jobs: Vec<Arc<FileJob>>,
    /// Files that do not exist any more.
    missing: Vec<PathBuf>,
    /// Paths that the inventory does not have.
    unknown: Vec<PathBuf>,
}

impl OnlyFiles {
    /// Finds the files of a list in the inventory `file`, in which `store` has started a scan of
    /// `source`.
    pub(super) fn find(
        list: OnlyList,
        file: &Path,
        store: &Store,
        source: &str,
        opener: Option<&dyn ObjectOpener>,
    ) -> Result<OnlyFiles> {
        // The list may have the names that the files have on other machines.
        let own_names = Inventory::open(file)?.maps(Some(source))?.reversed();
        let mut found = OnlyFiles::default();
        for name in list.paths {
            found.add(Path::new(&name), &own_names, store, opener)?;
        }
        Ok(found)
    }

    fn add(
        &mut self,
        listed: &Path,
        own_names: &PathMapping,
        store: &Store,
        opener: Option<&dyn ObjectOpener>,
    ) -> Result<()> {
        let mapped = listed.to_str().map(|text| PathBuf::from(own_names.apply(text).as_ref()));
        for path in [Some(listed.to_owned()), mapped].into_iter().flatten() {
            let Ok(path) = normal(&path) else { continue };
            let Some(place) = store.place(&path)? else { continue };
            let object = opener.zip(path.to_str()).and_then(|(opener, path)| opener.object(path));
            match path.symlink_metadata() {
                _ if object.is_some() => self.jobs.push(Arc::new(job(path, place, object))),
                Err(error) if error.kind() == io::ErrorKind::NotFound => self.missing.push(path),
                _ => self.jobs.push(Arc::new(job(path, place, None))),
            }
            return Ok(());
        }
        self.unknown.push(listed.to_owned());
        Ok(())
    }

    /// Returns whether every file of the list is read.
    pub(super) fn is_complete(&self) -> bool {
        self.missing.is_empty() && self.unknown.is_empty()
    }

    /// Names the files that are not read.
    pub(super) fn tell_left_out(&self) {
        for (paths, why) in [
            (&self.missing, "not found; the next scan of its folder decides whether it is gone"),
            (&self.unknown, "not in the inventory: scan its folder"),
        ] {
            for path in paths.iter().take(EXAMPLES) {
                warn(format_args!("{}: {why}", path.display()));
            }
            if let Some(more) = paths.len().checked_sub(EXAMPLES).filter(|more| *more > 0) {
                let more = counted(u64::try_from(more).unwrap_or(u64::MAX), "further file");
                warn(format_args!("{more}: {why}"));
            }
        }
    }

    /// Returns sentences about the files that were read.
    pub(super) fn summary(&self, stats: &Stats) -> String {
        let count = |paths: usize| u64::try_from(paths).unwrap_or(u64::MAX);
        let all = count(self.jobs.len() + self.missing.len() + self.unknown.len());
        let NeedCounts { yes, possible, no } = stats.needs;
        let mut text =
            format!("Read {} of {} again", thousands(stats.files), counted(all, "listed file"));
        for (number, what) in [
            (stats.unreadable, "could not be read"),
            (count(self.missing.len()), "not found"),
            (count(self.unknown.len()), "not in the inventory"),
        ] {
            if number > 0 {
                text += &format!(", {} {what}", thousands(number));
            }
        }
        let (yes, possible) = (thousands(yes), thousands(possible));
        let no = thousands(no + stats.unprotected);
        text + &format!(
            ".\nWhat was read: {yes} yes, {possible} possible, {no} no. For all that was scanned, \
             `rmsight report` has the answer.\n"
        )
    }
}

/// Returns the job for a file, whose row keeps its folder, its root and its device.
fn job(path: PathBuf, place: KnownPlace, object: Option<Object>) -> FileJob {
    let folder = path.parent().unwrap_or(&path).to_owned();
    let row = OnceLock::from(place.dir);
    let dir = Arc::new(Dir { path: folder, parent: None, root: place.root, row });
    let device = place.device.map(Arc::from);
    FileJob { path, links: Links::Refuse, dir, stamp: None, device, object }
}
