//! Reading an inventory.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rmsight::{Column, Facts, Timestamp};
use rusqlite::{Connection, OpenFlags, Row};

use super::connection::configure;
use super::database_file::check_database;
use super::failure::failed;
use super::path_mapping::PathMapping;
use super::read_rows::{
    LinkRow, RootRow, ScanRow, Stored, envelope, fact_values, root_row, scan_row, source,
};
use super::schema;
use crate::exit::{Failure, Result, opening};
use crate::fs::path;

/// An inventory, opened read-only.
#[derive(Debug)]
pub(crate) struct Inventory {
    db: Connection,
    file: PathBuf,
    columns: Vec<&'static Column>,
    /// An earlier version did not store the owners of files.
    has_owner: bool,
    /// Whether files have the columns of objects.
    has_objects: bool,
}

/// Number of columns before the facts.
const AHEAD: usize = 12;

impl Inventory {
    /// Opens an existing inventory.
    pub(crate) fn open(file: &Path) -> Result<Inventory> {
        if let Err(error) = file.metadata() {
            let advice = "`rmsight scan FOLDER -i FILE` makes one";
            return Err(opening(file, &error, "inventory", advice));
        }
        check_database(file)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut db =
            Connection::open_with_flags(file, flags).map_err(|error| failed(file, &error))?;
        configure(&mut db).map_err(|error| failed(file, &error))?;
        schema::check(&db, file)?;
        let columns = schema::stored_columns(&db).map_err(|error| failed(file, &error))?;
        let has_owner = schema::has_owner(&db).map_err(|error| failed(file, &error))?;
        let has_objects = schema::has_object_columns(&db).map_err(|error| failed(file, &error))?;
        Ok(Inventory { db, file: file.to_owned(), columns, has_owner, has_objects })
    }

    /// Begins a transaction, so that all later reads see the same rows.
    pub(super) fn freeze(&self) -> Result<()> {
        self.db.execute_batch("BEGIN").map_err(|error| failed(&self.file, &error))
    }

    /// Returns the columns of the record that findings have in this file.
    pub(crate) fn columns(&self) -> &[&'static Column] {
        &self.columns
    }

    /// Returns the database, for further queries.
    pub(crate) fn db(&self) -> &Connection {
        &self.db
    }

    /// Returns the path of the inventory.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Returns the scans of roots, oldest first. A scan of single files (--only) answers for no root.
    pub(crate) fn scans(&self) -> Result<Vec<ScanRow>> {
        self.rows(
            "SELECT scans.*, sources.name AS source_name, readings.reader, readings.options \
             FROM scans JOIN sources ON sources.id = scans.source \
             JOIN readings ON readings.id = scans.reading \
             WHERE EXISTS (SELECT 1 FROM root_scans WHERE scan = scans.id) ORDER BY scans.id",
            scan_row,
        )
    }

    /// Returns the visits of all scans, in their order.
    pub(crate) fn roots(&self) -> Result<Vec<RootRow>> {
        // Tables of version 1 have no such column.
        let real = if self.is_first()? { "NULL" } else { "roots.real" };
        let sql = format!(
            "SELECT root_scans.*, sources.name AS source_name, roots.kind, {real} AS real_path, \
             roots.path AS raw_path, coalesce(roots.display, CAST(roots.path AS TEXT)) AS path, \
             devices.name AS device_name FROM root_scans \
             JOIN roots ON roots.id = root_scans.root JOIN sources ON sources.id = roots.source \
             LEFT JOIN devices ON devices.id = root_scans.device \
             ORDER BY root_scans.scan, root_scans.root"
        );
        self.rows(&sql, root_row)
    }

    /// Returns the links, junctions and mount points that were not followed.
    pub(crate) fn links(&self) -> Result<Vec<LinkRow>> {
        if self.is_first()? {
            return Ok(Vec::new());
        }
        // An earlier version stored links without a device.
        let has_device = schema::has_skipped_device(&self.db);
        let device = match has_device.map_err(|error| failed(&self.file, &error))? {
            true => "skipped.device",
            false => "NULL",
        };
        self.rows(
            &format!(
                "SELECT skipped.root, dirs.path, skipped.name, skipped.target, devices.name, \
                 CASE WHEN dirs.device = {device} AND dirs.listed <> skipped.scan \
                 THEN dirs.listed END, skipped.scan FROM skipped \
                 JOIN dirs ON dirs.id = skipped.dir \
                 LEFT JOIN devices ON devices.id = {device} \
                 ORDER BY skipped.root, dirs.path, skipped.name"
            ),
            |row| {
                let mut path = row.get::<_, Vec<u8>>(1)?;
                let name = row.get::<_, Vec<u8>>(2)?;
                let is_folder = name.is_empty();
                if is_folder {
                    path.truncate(path::trimmed(&path).len());
                }
                path.extend_from_slice(&name);
                Ok(LinkRow {
                    root: row.get(0)?,
                    path: String::from_utf8_lossy(&path).into_owned(),
                    target: row.get(3)?,
                    is_folder,
                    device: row.get(4)?,
                    listed: row.get(5)?,
                    scan: row.get(6)?,
                })
            },
        )
    }

    /// Returns the identity of this inventory. Copies have the same identity.
    pub(crate) fn id(&self) -> Result<String> {
        let sql = match self.is_first()? {
            true => schema::FIRST_ID,
            false => "SELECT value FROM about WHERE name = 'id'",
        };
        let ids = self.rows(sql, |row| row.get::<_, String>(0))?;
        Ok(ids.into_iter().next().unwrap_or_default())
    }

    /// Returns the sources, each with the [`id`](Inventory::id) of an inventory whose scans filled
    /// it. A source that several inventories filled occurs several times.
    pub(crate) fn scanners(&self) -> Result<Vec<(Option<String>, String)>> {
        if self.is_first()? {
            return Ok(Vec::new());
        }
        // The name of the computer follows the id.
        self.rows(
            "SELECT DISTINCT sources.name AS source_name, CASE instr(scanners.id, '@') \
             WHEN 0 THEN scanners.id ELSE substr(scanners.id, 1, instr(scanners.id, '@') - 1) END \
             FROM scanners JOIN sources ON sources.id = scanners.source",
            |row| Ok((source(row)?, row.get(1)?)),
        )
    }

    /// Returns whether the tables are those of the first version.
    pub(crate) fn is_first(&self) -> Result<bool> {
        schema::is_first(&self.db).map_err(|error| failed(&self.file, &error))
    }

    /// Returns the path mapping of `source`.
    pub(crate) fn maps(&self, source: Option<&str>) -> Result<PathMapping> {
        let pairs = self.rows(
            "SELECT sources.name, prefix, target FROM maps \
             JOIN sources ON sources.id = maps.source",
            |row| Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let own = pairs.into_iter().filter(|(name, ..)| name == source.unwrap_or_default());
        Ok(PathMapping::new(own.map(|(_, prefix, target)| (prefix, target))))
    }

    fn rows<T>(&self, sql: &str, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>> {
        (|| self.db.prepare(sql)?.query_map([], read)?.collect::<rusqlite::Result<Vec<T>>>())()
            .map_err(|error| failed(&self.file, &error))
    }

    /// Visits the different texts that findings of existing files have in a column of the facts.
    pub(crate) fn distinct(&self, column: &Column, mut visit: impl FnMut(&str)) -> Result<()> {
        let name = column.name;
        if !self.columns.iter().any(|stored| stored.name == name) {
            // An inventory of an earlier version lacks the column.
            return Ok(());
        }
        (|| {
            let mut statement = self.db.prepare(&format!(
                "SELECT DISTINCT findings.{name} FROM findings \
                 JOIN files ON files.id = findings.file \
                 WHERE files.gone IS NULL AND findings.{name} IS NOT NULL"
            ))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if let Ok(text) = row.get_ref(0)?.as_str() {
                    visit(text);
                }
            }
            Ok(())
        })()
        .map_err(|error| failed(&self.file, &error))
    }

    /// Visits the different owners that files which were not read have in the file system.
    pub(crate) fn file_owners(&self, mut visit: impl FnMut(&str)) -> Result<()> {
        if !self.has_owner {
            return Ok(());
        }
        let sql = "SELECT DISTINCT owner FROM files WHERE gone IS NULL AND owner IS NOT NULL";
        let owners = self.rows(sql, |row| row.get::<_, String>(0))?;
        owners.iter().for_each(|owner| visit(owner));
        Ok(())
    }

    /// Visits every finding that was not deleted, in the order in which files were first found. A
    /// folder that could not be listed is a finding too.
    pub(crate) fn records(&self, mut visit: impl FnMut(Stored) -> Result<()>) -> Result<()> {
        self.findings("files.gone IS NULL", &mut visit)
    }

    /// Visits the findings of one file.
    pub(crate) fn records_of(
        &self,
        file: i64,
        mut visit: impl FnMut(Stored) -> Result<()>,
    ) -> Result<()> {
        self.findings(&format!("files.id = {file}"), &mut visit)
    }

    fn findings(&self, condition: &str, visit: &mut dyn FnMut(Stored) -> Result<()>) -> Result<()> {
        let owner = if self.has_owner { "files.owner" } else { "NULL" };
        let objects = match self.has_objects {
            true => "files.etag, files.version_id, files.tier",
            // An inventory of an earlier version.
            false => "NULL, NULL, NULL",
        };
        let mut sql = format!(
            "SELECT files.id, files.scan, readings.reader, sources.name, dirs.path, \
             files.name, files.size, files.modified, {owner}, {objects}"
        );
        for column in &self.columns {
            sql += ", findings.";
            sql += column.name;
        }
        // The cross joins keep the order of the tables: findings are stored by file.
        sql += " FROM files CROSS JOIN findings ON findings.file = files.id \
             JOIN dirs ON dirs.id = files.dir JOIN sources ON sources.id = dirs.source \
             JOIN readings ON readings.id = files.reading WHERE ";
        sql += condition;
        sql += " ORDER BY files.id, findings.nr";
        let broken = |error: rusqlite::Error| failed(&self.file, &error);
        let mut statement = self.db.prepare_cached(&sql).map_err(broken)?;
        let mut rows = statement.query([]).map_err(broken)?;
        while let Some(row) = rows.next().map_err(broken)? {
            visit(self.stored(row)?)?;
        }
        Ok(())
    }

    fn stored(&self, row: &Row<'_>) -> Result<Stored> {
        let broken = |error: rusqlite::Error| failed(&self.file, &error);
        let facts = Facts::from_columns(fact_values(&self.columns, row, AHEAD))
            .map_err(|error| Failure::message(format_args!("{}: {error}", self.file.display())))?;
        (|| {
            let mut path = row.get_ref(4)?.as_blob()?.to_vec();
            let name = row.get_ref(5)?.as_blob()?;
            if name.is_empty() {
                // It is a folder that could not be listed.
                path.truncate(path::trimmed(&path).len());
            }
            path.extend_from_slice(name);
            let mut envelope = envelope(path, row.get_ref(3)?.as_str()?, row.get(2)?);
            envelope.size = row.get(6)?;
            envelope.modified = row.get::<_, Option<i64>>(7)?.map(Timestamp::from_unix);
            let text = |at| row.get::<_, Option<String>>(at).map(|text| text.map(Cow::Owned));
            (envelope.etag, envelope.version_id, envelope.tier) = (text(9)?, text(10)?, text(11)?);
            Ok(Stored { envelope, facts, file_owner: row.get(8)? })
        })()
        .map_err(broken)
    }
}
