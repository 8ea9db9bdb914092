//! The files of an inventory, ordered by source and path, so that two inventories can be merged.

use rmsight::{Column, Envelope, Facts, Timestamp};
use rusqlite::{Row, Rows};

use crate::inventory::{envelope, fact_values};

/// Identity of a file in two inventories. Its order is that of the rows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct FileKey {
    pub(super) source: String,
    pub(super) dir: Vec<u8>,
    pub(super) name: Vec<u8>,
}

/// A file with all of its findings.
#[derive(Debug)]
pub(super) struct FileFindings {
    pub(super) name: FileKey,
    pub(super) device: Option<String>,
    pub(super) is_gone: bool,
    pub(super) envelope: Envelope<'static>,
    pub(super) findings: Vec<Facts>,
}

/// The cross joins follow the indexes, so that SQLite does not sort or collect rows.
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

/// Iterates over all files.
pub(super) struct FileRows<'s> {
    rows: Rows<'s>,
    columns: &'s [&'static Column],
    /// The first row of the next file.
    next: Option<(i64, FileFindings)>,
}

impl<'s> FileRows<'s> {
    pub(super) fn new(rows: Rows<'s>, columns: &'s [&'static Column]) -> FileRows<'s> {
        FileRows { rows, columns, next: None }
    }

    pub(super) fn next(&mut self) -> rusqlite::Result<Option<FileFindings>> {
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

fn read(columns: &[&'static Column], row: &Row<'_>) -> rusqlite::Result<FileFindings> {
    let name = FileKey {
        source: row.get(0)?,
        dir: row.get_ref(1)?.as_blob()?.to_vec(),
        name: row.get_ref(2)?.as_blob()?.to_vec(),
    };
    let path = [name.dir.as_slice(), &name.name].concat();
    let mut envelope = envelope(path, &name.source, row.get(8)?);
    envelope.size = row.get(6)?;
    envelope.modified = row.get::<_, Option<i64>>(7)?.map(Timestamp::from_unix);
    Ok(FileFindings {
        name,
        device: row.get(4)?,
        is_gone: row.get(5)?,
        envelope,
        findings: facts(columns, row).into_iter().collect(),
    })
}

fn facts(columns: &[&'static Column], row: &Row<'_>) -> Option<Facts> {
    Facts::from_columns(fact_values(columns, row, AHEAD)).ok()
}
