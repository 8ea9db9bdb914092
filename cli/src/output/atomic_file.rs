//! Files that are written under a temporary name and renamed when they are complete.

use std::fs::File;
use std::path::{Path, PathBuf};

use crate::exit::{Failure, Result};

/// A file that has its name only after [`AtomicFile::keep`].
#[derive(Debug)]
pub(crate) struct AtomicFile {
    name: PathBuf,
    part: PathBuf,
}

impl AtomicFile {
    /// Creates the temporary file, which is `name` with `.part` at its end.
    pub(crate) fn create(name: &Path) -> Result<(AtomicFile, File)> {
        let mut part = name.as_os_str().to_owned();
        part.push(".part");
        let part = PathBuf::from(part);
        let file = File::create(&part)
            .map_err(|error| Failure::message(format_args!("{}: {error}", part.display())))?;
        Ok((AtomicFile { name: name.to_owned(), part }, file))
    }

    /// Renames the file.
    pub(crate) fn keep(self) -> Result<()> {
        std::fs::rename(&self.part, &self.name)
            .map_err(|error| Failure::message(format_args!("{}: {error}", self.name.display())))
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        // After `keep` the temporary file does not exist.
        _ = std::fs::remove_file(&self.part);
    }
}
