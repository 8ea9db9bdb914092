//! Names from a list.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{List, Root, Walk, count, of_list};
use crate::exit::Result;
use crate::inventory::{Dir, normal};
use crate::open::Links;

impl Walk {
    /// Hands over the names in the list; empty ones are passed over.
    pub(super) fn listed(&self, root: &Arc<Root>, list: List) -> Result<()> {
        let file = &root.path;
        let failed = |error| of_list(file, error);
        let mut reader: Box<dyn BufRead> = if file == Path::new("-") {
            Box::new(io::stdin().lock())
        } else {
            Box::new(BufReader::new(File::open(file).map_err(failed)?))
        };
        let mut name = Vec::new();
        // Names often come folder by folder.
        let mut last: Option<Arc<Dir>> = None;
        while !self.stop.is_raised() && reader.read_until(list.end, &mut name).map_err(failed)? > 0
        {
            if name.last() == Some(&list.end) {
                name.pop();
            }
            if list.end == b'\n' && name.last() == Some(&b'\r') && cfg!(windows) {
                name.pop();
            }
            if name.is_empty() {
                continue;
            }
            let path = path_from(std::mem::take(&mut name))
                .map_err(|()| of_list(file, "a name is not UTF-8"))?;
            count(&root.files);
            if self.omits(root, below(&path)) {
                continue;
            }
            let path = match &self.ledger {
                Some(_) => normal(&path).map_err(failed)?,
                None => path,
            };
            let folder = path.parent().unwrap_or(&path);
            let dir = match &last {
                Some(dir) if dir.path == folder => Arc::clone(dir),
                _ => root.dir(folder, None),
            };
            last = Some(Arc::clone(&dir));
            self.file(path, dir, Links::Refuse);
        }
        Ok(())
    }
}

/// Globs are for paths from the root, and a list has none but the one of the system.
fn below(path: &Path) -> &Path {
    let text = path.strip_prefix("/").unwrap_or(path);
    text.strip_prefix(".").unwrap_or(text)
}

#[cfg(unix)]
fn path_from(name: Vec<u8>) -> std::result::Result<PathBuf, ()> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::ffi::OsString::from_vec(name).into())
}

#[cfg(not(unix))]
fn path_from(name: Vec<u8>) -> std::result::Result<PathBuf, ()> {
    String::from_utf8(name).map(PathBuf::from).map_err(|_| ())
}
