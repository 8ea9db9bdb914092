//! The files of an inventory in the order of source and path, so that two can be walked side by
//! side.

use std::borrow::Cow;
use std::path::PathBuf;

use rmsight::{COLUMNS, Column, ColumnKind, ColumnPart, Envelope, Facts, Timestamp, Value};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, Rows};

/// What two inventories know a file by: source, folder, name. Ordered as the rows are.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Name {
    pub(super) source: String,
    pub(super) dir: Vec<u8>,
    pub(super) name: Vec<u8>,
}

/// One file with all that was found in it.
#[derive(Debug)]
pub(super) struct File {
    pub(super) name: Name,
    pub(super) device: Option<String>,
    pub(super) is_gone: bool,
    pub(super) envelope: Envelope<'static>,
    pub(super) findings: Vec<Facts>,
}

/// Columns of the record that a finding has in this file.
pub(super) fn columns(db: &Connection) -> rusqlite::Result<Vec<&'static Column>> {
    let mut statement = db.prepare("SELECT name FROM pragma_table_info('findings')")?;
    let names: Vec<String> =
        statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    let facts = COLUMNS.iter().filter(|column| column.part == ColumnPart::Facts);
    Ok(facts.filter(|column| names.iter().any(|name| name == column.name)).collect())
}

/// The cross joins walk along the indexes: nothing is sorted, and nothing held.
pub(super) fn sql(columns: &[&'static Column]) -> String {
    let mut sql = "SELECT sources.name, dirs.path, files.name, files.id, devices.name, \
        files.gone IS NOT NULL, files.size, files.modified, readings.reader"
        .to_owned();
    for column in columns {
        sql += ", findings.";
        sql += column.name;
    }
    sql + " FROM sources CROSS JOIN dirs ON dirs.source = sources.id \
        CROSS JOIN files ON files.dir = dirs.id CROSS JOIN findings ON findings.file = files.id \
        LEFT JOIN devices ON devices.id = files.device \
        LEFT JOIN readings ON readings.id = files.reading \
        ORDER BY sources.name, dirs.path, files.name, findings.nr"
}

const AHEAD: usize = 9;

/// A walk over all files.
pub(super) struct Walk<'s> {
    rows: Rows<'s>,
    columns: &'s [&'static Column],
    /// The row that belongs to the next file.
    next: Option<(i64, File)>,
}

impl<'s> Walk<'s> {
    pub(super) fn new(rows: Rows<'s>, columns: &'s [&'static Column]) -> Walk<'s> {
        Walk { rows, columns, next: None }
    }

    pub(super) fn next(&mut self) -> rusqlite::Result<Option<File>> {
        let mut current = self.next.take();
        while let Some(row) = self.rows.next()? {
            let id: i64 = row.get(3)?;
            match &mut current {
                Some((same, file)) if *same == id => {
                    file.findings.extend(facts(self.columns, row));
                }
                Some(_) => {
                    self.next = Some((id, read(self.columns, row)?));
                    return Ok(current.map(|(_, file)| file));
                }
                None => current = Some((id, read(self.columns, row)?)),
            }
        }
        Ok(current.map(|(_, file)| file))
    }
}

fn read(columns: &[&'static Column], row: &Row<'_>) -> rusqlite::Result<File> {
    let name = Name {
        source: row.get(0)?,
        dir: row.get_ref(1)?.as_blob()?.to_vec(),
        name: row.get_ref(2)?.as_blob()?.to_vec(),
    };
    let path = path(&name);
    let seen = Envelope::of_path(&path);
    let mut envelope = Envelope::new(seen.path.into_owned());
    envelope.path_raw = seen.path_raw.map(|raw| Cow::Owned(raw.into_owned()));
    envelope.source = Some(name.source.clone()).filter(|name| !name.is_empty()).map(Cow::Owned);
    envelope.size = row.get(6)?;
    envelope.modified = row.get::<_, Option<i64>>(7)?.map(Timestamp::from_unix);
    envelope.reader = row.get(8)?;
    Ok(File {
        name,
        device: row.get(4)?,
        is_gone: row.get(5)?,
        envelope,
        findings: facts(columns, row).into_iter().collect(),
    })
}

#[cfg(unix)]
fn path(name: &Name) -> PathBuf {
    use std::os::unix::ffi::OsStringExt as _;
    std::ffi::OsString::from_vec([name.dir.as_slice(), &name.name].concat()).into()
}

#[cfg(not(unix))]
fn path(name: &Name) -> PathBuf {
    String::from_utf8_lossy(&[name.dir.as_slice(), &name.name].concat()).into_owned().into()
}

fn facts(columns: &[&'static Column], row: &Row<'_>) -> Option<Facts> {
    let at = std::cell::Cell::new(0);
    Facts::from_columns(|name| {
        if name == "schema" {
            return Some(Value::Int(rmsight::SCHEMA_VERSION.into()));
        }
        // They are asked for in their order.
        let is_named = |at: &usize| columns.get(*at).is_some_and(|column| column.name == name);
        let found =
            Some(at.get()).filter(is_named).or_else(|| (0..columns.len()).find(is_named))?;
        at.set(found + 1);
        Some(value(columns.get(found)?.kind, row.get_ref(AHEAD + found).ok()?))
    })
    .ok()
}

fn value(kind: ColumnKind, stored: ValueRef<'_>) -> Value<'_> {
    match (kind, stored) {
        (ColumnKind::Bool, ValueRef::Integer(number)) => Value::Bool(number != 0),
        (ColumnKind::Time, ValueRef::Integer(number)) => Value::Time(Timestamp::from_unix(number)),
        (_, ValueRef::Integer(number)) => u64::try_from(number).map_or(Value::Null, Value::Int),
        (_, ValueRef::Text(text)) => std::str::from_utf8(text).map_or(Value::Null, Value::Text),
        _ => Value::Null,
    }
}
