//! The digest of an inventory: over what it says, and not over how the file stores it.

use rusqlite::Row;
use rusqlite::types::ValueRef;
use sha2::{Digest as _, Sha256};

use super::failure::failed;
use super::reader::Inventory;
use super::schema;
use crate::digest::hex;
use crate::exit::Result;

impl Inventory {
    /// Returns the SHA-256, in hex digits, of the logical rows: scans, roots, links that were not
    /// followed, mappings of paths, and the findings of files that exist. Two inventories with the same
    /// rows have the same digest, whatever the order and the row numbers in which the file stores them.
    ///
    /// The rows are read in the order of the indexes, without a sort, and memory is constant.
    pub(crate) fn digest(&self) -> Result<String> {
        let failed = |error| failed(self.file(), &error);
        let mut digest = RowDigest(Sha256::new_with_prefix("rmsight inventory 1\0"));
        for (name, sql) in self.tables().map_err(failed)? {
            digest.text(name);
            let mut statement = self.db().prepare(&sql).map_err(failed)?;
            let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
            let mut rows = statement.query([]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                digest.row(&columns, row).map_err(failed)?;
            }
        }
        Ok(hex(&digest.0.finalize()))
    }

    /// Returns the tables of logical rows, each with the query that reads them in their order.
    fn tables(&self) -> rusqlite::Result<Vec<(&'static str, String)>> {
        let is_first = schema::is_first(self.db())?;
        let has_host = if is_first { "NULL" } else { "scans.host" };
        let mut all = vec![
            (
                "scans",
                format!(
                    "SELECT sources.name AS source, scans.started, scans.finished, scans.outcome, \
                     scans.include, scans.exclude, scans.one_file_system, scans.hydrate, \
                     scans.excluded, scans.links, {has_host} AS host, readings.reader, \
                     readings.options FROM scans \
                     JOIN sources ON sources.id = scans.source \
                     JOIN readings ON readings.id = scans.reading \
                     ORDER BY source, started, finished, outcome, host"
                ),
            ),
            (
                "roots",
                format!(
                    "SELECT sources.name AS source, roots.kind, roots.path, \
                     root_scans.started, root_scans.finished, root_scans.complete, \
                     root_scans.files, root_scans.error, devices.name AS device{} \
                     FROM root_scans JOIN roots ON roots.id = root_scans.root \
                     JOIN sources ON sources.id = roots.source \
                     LEFT JOIN devices ON devices.id = root_scans.device \
                     ORDER BY source, kind, roots.path, root_scans.started, root_scans.finished",
                    match is_first {
                        true => "",
                        false =>
                            ", root_scans.scanned, root_scans.excluded, root_scans.filtered, \
                             roots.real",
                    }
                ),
            ),
            (
                "maps",
                "SELECT sources.name AS source, prefix, target FROM maps \
                 JOIN sources ON sources.id = maps.source ORDER BY source, prefix"
                    .to_owned(),
            ),
        ];
        if !is_first {
            all.push((
                "links",
                "SELECT sources.name AS source, dirs.path, skipped.name, skipped.target \
                 FROM skipped JOIN dirs ON dirs.id = skipped.dir \
                 JOIN sources ON sources.id = dirs.source \
                 ORDER BY source, dirs.path, skipped.name"
                    .to_owned(),
            ));
        }
        // The cross joins keep the order of the tables, which is that of their indexes.
        let mut findings =
            "SELECT sources.name AS source, dirs.path AS folder, files.name AS file, \
             files.size, files.modified, files.outcome, readings.reader"
                .to_owned();
        for column in ["owner", "etag", "version_id", "tier"] {
            // An inventory of an earlier version lacks them.
            if schema::has_column(self.db(), "files", column)? {
                findings += ", files.";
                findings += column;
            }
        }
        for column in self.columns() {
            findings += ", findings.";
            findings += column.name;
        }
        findings += " FROM sources CROSS JOIN dirs ON dirs.source = sources.id \
             CROSS JOIN files ON files.dir = dirs.id CROSS JOIN findings ON findings.file = files.id \
             CROSS JOIN readings ON readings.id = files.reading WHERE files.gone IS NULL \
             ORDER BY sources.name, dirs.path, files.name, findings.nr";
        all.push(("findings", findings));
        Ok(all)
    }
}

/// Hashes rows. Each value follows its length, so that different rows are different bytes.
struct RowDigest(Sha256);

impl RowDigest {
    /// Adds the values that are not null with the names of their columns. A column that an older
    /// inventory lacks is null in a newer one.
    fn row(&mut self, columns: &[String], row: &Row<'_>) -> rusqlite::Result<()> {
        self.0.update(b"\xff");
        for (at, name) in columns.iter().enumerate() {
            let value = row.get_ref(at)?;
            if value == ValueRef::Null {
                continue;
            }
            self.text(name);
            match value {
                ValueRef::Null => {}
                ValueRef::Integer(number) => self.value(b'i', &number.to_le_bytes()),
                ValueRef::Real(number) => self.value(b'r', &number.to_le_bytes()),
                ValueRef::Text(text) => self.value(b't', text),
                ValueRef::Blob(bytes) => self.value(b'b', bytes),
            }
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        self.value(b'n', text.as_bytes());
    }

    fn value(&mut self, kind: u8, bytes: &[u8]) {
        self.0.update([kind]);
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_le_bytes());
        self.0.update(bytes);
    }
}
