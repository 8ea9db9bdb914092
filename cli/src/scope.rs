//! What was scanned, and how far it is known: without it, no answer means anything.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use rmsight::{Redactor, Timestamp};

use crate::exit::Result;
use crate::inventory::{Link, RootRow, ScanRow};
use crate::stored::Inventories;

/// What one inventory covers.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) inventory: String,
    /// The newest scan of each source.
    pub(crate) scans: Vec<ScanRow>,
    /// The newest visit of each root.
    pub(crate) roots: Vec<RootRow>,
    /// The scans of these visits, by their rows.
    pub(crate) visits: BTreeMap<i64, ScanRow>,
    /// Links, junctions and mount points that were not followed.
    pub(crate) links: Vec<Link>,
    /// Codes of the folders that could not be listed, of each root.
    pub(crate) unlisted: BTreeMap<i64, Vec<String>>,
}

impl Scope {
    pub(crate) fn of(inventories: &Inventories) -> Result<Vec<Scope>> {
        let mut scopes = Vec::new();
        for (file, inventory) in &inventories.all {
            let mut scans: BTreeMap<Option<String>, ScanRow> = BTreeMap::new();
            let mut visits = BTreeMap::new();
            for scan in inventory.scans()? {
                visits.insert(scan.id, scan.clone());
                scans.insert(scan.source.clone(), scan);
            }
            let mut roots: BTreeMap<i64, RootRow> = BTreeMap::new();
            for root in inventory.roots()? {
                roots.insert(root.root, root);
            }
            let name = file.display().to_string();
            let unlisted = unlisted(inventory.db())
                .map_err(|error| crate::exit::Failure::message(format_args!("{name}: {error}")))?;
            scopes.push(Scope {
                inventory: name,
                scans: scans.into_values().collect(),
                roots: roots.into_values().collect(),
                visits,
                links: inventory.links()?,
                unlisted,
            });
        }
        Ok(scopes)
    }

    /// Takes names out of it, as they are taken out of the findings.
    pub(crate) fn redact(&mut self, redactor: &Redactor) {
        let scans = self.scans.iter_mut().chain(self.visits.values_mut());
        let lists = scans.flat_map(|scan| [&mut scan.include, &mut scan.exclude]);
        let globs = lists.flatten();
        let roots = self.roots.iter_mut().map(|root| &mut root.path);
        let links = self.links.iter_mut().map(|link| &mut link.path);
        roots.chain(links).chain(globs).for_each(|path| *path = redactor.path(path));
    }
}

fn unlisted(db: &rusqlite::Connection) -> rusqlite::Result<BTreeMap<i64, Vec<String>>> {
    let mut statement = db.prepare(
        "SELECT DISTINCT dirs.root, files.outcome FROM files JOIN dirs ON dirs.id = files.dir \
         WHERE files.name = x'' AND files.outcome <> 'read' AND files.gone IS NULL ORDER BY 1, 2",
    )?;
    let mut codes: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for row in statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (root, code) = row?;
        codes.entry(root).or_default().push(code);
    }
    Ok(codes)
}

/// What was left out on purpose, in words; nothing where nothing was.
pub(crate) fn left_out(scan: &ScanRow) -> Vec<String> {
    let mut all = Vec::new();
    if !scan.include.is_empty() {
        all.push(format!("only names like {}", scan.include.join(", ")));
    }
    if !scan.exclude.is_empty() {
        all.push(format!("without names like {}", scan.exclude.join(", ")));
    }
    if scan.one_file_system {
        all.push("without other file systems below the roots".to_owned());
    }
    for (count, what) in [
        (scan.excluded, "files and folders left out by these"),
        (scan.links, "symbolic links not followed"),
        (scan.special, "sockets, pipes and devices not opened"),
    ] {
        if let Some(count) = count.filter(|count| *count > 0) {
            all.push(format!("{count} {what}"));
        }
    }
    all
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix(i64::try_from(since.as_secs()).unwrap_or(i64::MAX))
}
