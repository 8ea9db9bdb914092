//! Copies of an inventory.

use std::path::Path;

use super::failure::failed;
use super::reader::Inventory;
use crate::exit::{Failure, Result};

impl Inventory {
    /// Writes the state of this moment to the new file `to`, also while another process writes.
    ///
    /// # Errors
    /// Fails if the path is not Unicode, or if the file cannot be written.
    pub(crate) fn copy_to(&self, to: &Path) -> Result<()> {
        let Some(name) = to.to_str() else {
            return Err(Failure::message(format_args!(
                "{}: the path of a copy has to be Unicode",
                to.display()
            )));
        };
        self.db().execute("VACUUM INTO ?", [name]).map(drop).map_err(|error| failed(to, &error))
    }

    /// Returns the number of files that were not deleted.
    pub(crate) fn count_files(&self) -> Result<u64> {
        let sql = "SELECT count(*) FROM files WHERE gone IS NULL AND name <> x''";
        let count = self.db().query_row(sql, [], |row| row.get(0));
        count.map_err(|error| failed(self.file(), &error))
    }
}
