//! Files that are written under a temporary name and renamed when they are complete.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};

use crate::exit::{Failure, Result};

/// A file that has its name only after [`AtomicFile::keep`].
#[derive(Debug)]
pub(crate) struct AtomicFile {
    name: PathBuf,
    /// `None` for a device or a pipe, which is written directly.
    part: Option<PathBuf>,
}

impl AtomicFile {
    /// Creates the temporary file, which is `name` with `.part` at its end. Opens a device or a pipe
    /// as it is: a rename would replace it.
    pub(crate) fn create(name: &Path) -> Result<(AtomicFile, File)> {
        let failed = |error| {
            Failure::message(format_args!("{}: cannot be written: {error}", name.display()))
        };
        let is_special = name.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir());
        if is_special {
            let file = OpenOptions::new().write(true).open(name);
            let file = file.map_err(failed)?;
            return Ok((AtomicFile { name: name.to_owned(), part: None }, file));
        }
        let mut part = name.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part).map_err(failed)?;
        Ok((AtomicFile { name: name.to_owned(), part: Some(part) }, file))
    }

    /// Renames the file.
    pub(crate) fn keep(self) -> Result<()> {
        let Some(part) = &self.part else { return Ok(()) };
        std::fs::rename(part, &self.name)
            .map_err(|error| Failure::message(format_args!("{}: {error}", self.name.display())))
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if let Some(part) = &self.part {
            // After `keep` the temporary file does not exist.
            _ = std::fs::remove_file(part);
        }
    }
}
