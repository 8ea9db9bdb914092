//! `rmsight merge`: several inventories into one.

mod order;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::exit::{Failure, Outcome, Result};
use crate::inventory::{FIRST_ID, Inventory, Store, patient, with_separator};
use crate::words::counted;
use order::{Numbers, ScanOf, numbers, scans, shared, warn_of_two_names};

/// Put several inventories together in a new one.
///
/// Scans, roots and findings keep their source, and gaps of each inventory stay gaps. Of copies of
/// one inventory, the one that looked at a file last is believed. A scan that several inventories
/// have, because an earlier merge put it into each of them, is one scan. Inventories that different
/// scans made are refused if they have the same path of the same source, or a root inside a root of
/// the other: these would be two files, and become one. NAME=INVENTORY gives a source a name.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  rmsight merge all.db fs1.db fs2.db
  rmsight merge all.db FS1=fs1.db FS2=fs2.db")]
pub(crate) struct Merge {
    /// The inventory to make; it must not be there yet
    #[arg(value_name = "NEW")]
    output: PathBuf,

    /// The inventories to put into it, each with a name for its source if it needs one; they stay
    /// as they are
    #[arg(value_name = "[NAME=]INVENTORY", required = true, value_parser = Input::parse)]
    inventories: Vec<Input>,
}

/// An inventory to merge.
#[derive(Debug, Clone)]
struct Input {
    file: PathBuf,
    /// The name of its source, in place of that in the file.
    source: Option<String>,
}

impl Input {
    /// `NAME=FILE`, or a file, whose name may have a `=` if it exists.
    fn parse(text: &str) -> std::result::Result<Input, String> {
        match text.split_once('=') {
            Some((name, file)) if !Path::new(text).exists() => {
                if name.is_empty() || file.is_empty() {
                    return Err("it has the form NAME=INVENTORY".to_owned());
                }
                Ok(Input { file: file.into(), source: Some(name.to_owned()) })
            }
            _ => Ok(Input { file: text.into(), source: None }),
        }
    }
}

pub(crate) fn run(args: &Merge) -> Result<Outcome> {
    let mut inputs = Vec::new();
    for input in &args.inventories {
        // Reports what is wrong with a file before anything is made.
        let inventory = Inventory::open(&input.file)?;
        let sources = sources(input, &inventory)
            .map_err(|error| Failure::message(format_args!("{}: {error}", input.file.display())))?;
        if input.source.is_some() && sources.len() > 1 {
            let names: Vec<String> = sources.iter().map(|one| format!("{:?}", one.own)).collect();
            return Err(Failure::message(format_args!(
                "{}: it has several sources ({}), which cannot get one name",
                input.file.display(),
                names.join(", ")
            )));
        }
        let scans = scans(input, &inventory)
            .map_err(|error| Failure::message(format_args!("{}: {error}", input.file.display())))?;
        inputs.push(Loaded { input, sources, scans });
    }
    let numbers = numbers(&inputs);
    warn_of_two_names(&inputs);
    if args.output.exists() {
        let name = args.output.display();
        return Err(Failure::message(format_args!("{name}: it is there already")));
    }
    let mut part = args.output.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    _ = std::fs::remove_file(&part);
    Store::open(&part)?.close();
    let failed = |error| Failure::message(format_args!("{}: {error}", args.output.display()));
    let merged = (|| {
        for (at, one) in inputs.iter().enumerate() {
            for (other_at, other) in inputs.iter().enumerate().take(at) {
                let shared = shared(&numbers, other_at, at);
                let same = same_path(&part, other, one, &shared);
                if let Some((source, path)) = same.map_err(failed)? {
                    return Err(conflict(&args.output, other.input, one.input, &source, &path));
                }
            }
        }
        merge(&part, &args.inventories, &numbers).map_err(failed)?.map_err(|changed| {
            Failure::message(format_args!(
                "{}: a scan began in it during the merge: wait until that scan ends, and merge again",
                changed.display()
            ))
        })
    })();
    let files = merged.inspect_err(|_| _ = std::fs::remove_file(&part))?;
    std::fs::rename(&part, &args.output)
        .map_err(|error| Failure::message(format_args!("{}: {error}", args.output.display())))?;
    let from = counted(u64::try_from(args.inventories.len()).unwrap_or(u64::MAX), "inventory");
    eprintln!(
        "{} of {} in {}.",
        counted(u64::try_from(files).unwrap_or_default(), "file"),
        from.replace("inventorys", "inventories"),
        args.output.display()
    );
    Ok(Outcome::Complete)
}

/// A source of an inventory.
#[derive(Debug)]
struct Source {
    id: i64,
    /// Its name in the file.
    own: String,
    /// Its name in the new inventory.
    name: String,
    /// Names of the inventories whose scans filled it.
    scanners: BTreeSet<String>,
}

fn sources(input: &Input, inventory: &Inventory) -> rusqlite::Result<Vec<Source>> {
    let db = inventory.db();
    let mut statement = db.prepare("SELECT id, name FROM sources ORDER BY id")?;
    let sources = statement.query_map([], |row| {
        let own: String = row.get(1)?;
        let name = input.source.clone().unwrap_or_else(|| own.clone());
        Ok(Source { id: row.get(0)?, own, name, scanners: BTreeSet::new() })
    })?;
    let mut sources = sources.collect::<rusqlite::Result<Vec<Source>>>()?;
    let own = inventory.id().unwrap_or_default();
    // Tables of version 1 do not have them.
    let has_scanners = !inventory.is_first().unwrap_or(true);
    for source in &mut sources {
        if has_scanners {
            let mut statement = db.prepare("SELECT id FROM scanners WHERE source = ?")?;
            let names = statement.query_map([source.id], |row| row.get(0))?;
            source.scanners = names.collect::<rusqlite::Result<_>>()?;
        }
        if source.scanners.is_empty() {
            source.scanners.insert(own.clone());
        }
    }
    Ok(sources)
}

/// An inventory to merge, with what identifies its rows.
struct Loaded<'a> {
    input: &'a Input,
    sources: Vec<Source>,
    /// In the order of their numbers.
    scans: Vec<ScanOf>,
}

/// Returns a path that two inventories have in the same source although different scanners filled
/// it, with the name of the source: the same file, or a folder inside a root of the other inventory,
/// which a scan of that root would have listed.
///
/// `shared` has the scans that both have. What a root that both have contains is the same in both.
fn same_path(
    output: &Path,
    one: &Loaded<'_>,
    other: &Loaded<'_>,
    shared: &[Vec<i64>; 2],
) -> rusqlite::Result<Option<(String, String)>> {
    let pairs = one.sources.iter().flat_map(|own| other.sources.iter().map(move |two| (own, two)));
    let is_one_scanner =
        |one: &Source, other: &Source| one.scanners == other.scanners && one.scanners.len() == 1;
    let pairs: Vec<(&Source, &Source)> = pairs
        .filter(|(one, other)| one.name == other.name)
        .filter(|(one, other)| !is_one_scanner(one, other))
        .collect();
    if pairs.is_empty() {
        return Ok(None);
    }
    let db = Connection::open(output)?;
    patient(&db)?;
    attach(&db, &one.input.file)?;
    db.execute("ATTACH ? AS j", [other.input.file.to_string_lossy()])?;
    // The roots that only one of them has.
    for (inventory, scans) in ["i", "j"].iter().zip(shared) {
        db.execute_batch(&format!(
            "CREATE TEMP TABLE own_{inventory} AS SELECT id FROM {inventory}.roots;"
        ))?;
        let sql = format!(
            "DELETE FROM own_{inventory} WHERE id IN (SELECT root FROM {inventory}.root_scans \
             JOIN {inventory}.roots ON roots.id = root WHERE scan = ?1 AND roots.source = ?2)"
        );
        let mut remove = db.prepare(&sql)?;
        // Scans of different scanners are different, even if they look the same.
        for (one, other) in
            pairs.iter().filter(|(one, two)| !one.scanners.is_disjoint(&two.scanners))
        {
            let source = if *inventory == "i" { one.id } else { other.id };
            for scan in scans {
                remove.execute([*scan, source])?;
            }
        }
    }
    for (one, other) in pairs {
        let inside = [("i", one.id, "j", other.id), ("j", other.id, "i", one.id)];
        for (outer, outer_source, inner, inner_source) in inside {
            for root in roots(&db, outer, outer_source)? {
                if let Some(path) = inside_of(&db, inner, inner_source, &root)? {
                    return Ok(Some((one.name.clone(), lossy(&path))));
                }
            }
        }
        let sql = "SELECT CAST(a.path || f.name AS BLOB) FROM i.dirs a \
             JOIN j.dirs b ON b.source = ?2 AND b.path = a.path \
             JOIN i.files f ON f.dir = a.id JOIN j.files g ON g.dir = b.id AND g.name = f.name \
             WHERE a.source = ?1 AND a.root IN own_i AND b.root IN own_j LIMIT 1";
        let found: Option<Vec<u8>> =
            db.query_row(sql, [one.id, other.id], |row| row.get(0)).optional()?;
        if let Some(path) = found {
            return Ok(Some((one.name.clone(), lossy(&path))));
        }
    }
    Ok(None)
}

fn lossy(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// Returns the roots of `source` that only the attached inventory has, without lists.
fn roots(db: &Connection, inventory: &str, source: i64) -> rusqlite::Result<Vec<Vec<u8>>> {
    let sql = format!(
        "SELECT path FROM {inventory}.roots WHERE source = ? AND kind = 'path' \
         AND id IN own_{inventory}"
    );
    db.prepare(&sql)?.query_map([source], |row| row.get(0))?.collect()
}

/// Returns a root or a folder of `source` that only the attached inventory has, and that is `root` or
/// inside of it.
fn inside_of(
    db: &Connection,
    inventory: &str,
    source: i64,
    root: &[u8],
) -> rusqlite::Result<Option<Vec<u8>>> {
    let from = with_separator(root.to_vec());
    let mut to = from.clone();
    if let Some(last) = to.last_mut() {
        // It is a separator, which is less than 255.
        *last = last.saturating_add(1);
    }
    let sql = format!(
        "SELECT path FROM {inventory}.roots WHERE source = ?1 AND kind = 'path' \
         AND id IN own_{inventory} AND (path = ?2 OR path >= ?3 AND path < ?4) \
         UNION ALL SELECT path FROM {inventory}.dirs WHERE source = ?1 \
         AND root IN own_{inventory} AND path >= ?3 AND path < ?4 LIMIT 1"
    );
    db.query_row(&sql, params![source, root, from, to], |row| row.get(0)).optional()
}

fn conflict(output: &Path, one: &Input, other: &Input, source: &str, path: &str) -> Failure {
    let (output, one, other) = (output.display(), one.file.display(), other.file.display());
    Failure::message(format_args!(
        "{one} and {other} both have {path} of the source {source:?}, or a root that contains it, \
         and different scans made them: two files would become one. Give each a name of its own: \
         rmsight merge {output} FS1={one} FS2={other}"
    ))
}

/// Merges the inventories into `output`. Returns how many files it has, or the inventory in which a
/// scan began since it was numbered.
fn merge(
    output: &Path,
    inventories: &[Input],
    numbers: &[Numbers],
) -> rusqlite::Result<std::result::Result<i64, PathBuf>> {
    let db = Connection::open(output)?;
    patient(&db)?;
    // Nobody else knows the file yet; a failure begins anew.
    db.pragma_update_and_check(None, "journal_mode", "off", |_| Ok(()))?;
    db.pragma_update(None, "synchronous", "off")?;
    db.pragma_update(None, "cache_size", -65_536)?;
    db.pragma_update(None, "temp_store", "file")?;
    for (input, numbers) in inventories.iter().zip(numbers) {
        attach(&db, &input.file)?;
        db.execute_batch("BEGIN")?;
        if !one(&db, numbers, input.source.as_deref())? {
            return Ok(Err(input.file.clone()));
        }
        db.execute_batch("COMMIT; DETACH i")?;
    }
    // A later listing of the folder has written its own.
    db.execute_batch(
        "DELETE FROM skipped WHERE EXISTS (SELECT 1 FROM dirs WHERE dirs.id = skipped.dir \
         AND skipped.scan < dirs.listed \
         AND (skipped.device IS NULL OR skipped.device IS dirs.device));",
    )?;
    db.query_row("SELECT count(*) FROM files WHERE gone IS NULL", [], |row| row.get(0)).map(Ok)
}

fn attach(db: &Connection, file: &Path) -> rusqlite::Result<()> {
    // An URI would say "read only", but not every file name can be written as one.
    db.execute("ATTACH ? AS i", [file.to_string_lossy()]).map(|_| ())
}

/// When a file was looked at last: a file that did not change is not read again, but its folder is
/// listed.
const LOOKED: &str = "max(f.scan, coalesce(f.gone, 0), coalesce(d.listed, 0))";

/// Copies the inventory `i`, row numbers made new. Returns `false` if it has a scan without a number.
fn one(db: &Connection, numbers: &Numbers, source: Option<&str>) -> rusqlite::Result<bool> {
    db.execute_batch(
        "DROP TABLE IF EXISTS temp.scan; DROP TABLE IF EXISTS temp.source;
         DROP TABLE IF EXISTS temp.reading; DROP TABLE IF EXISTS temp.device;
         DROP TABLE IF EXISTS temp.root; DROP TABLE IF EXISTS temp.dir;
         DROP TABLE IF EXISTS temp.file;",
    )?;
    db.execute_batch("CREATE TEMP TABLE scan (old INTEGER PRIMARY KEY, new INTEGER)")?;
    for (old, new) in numbers {
        db.prepare_cached("INSERT INTO temp.scan (old, new) VALUES (?, ?)")?.execute([old, new])?;
    }
    let has_others = "SELECT EXISTS (SELECT 1 FROM i.scans WHERE id NOT IN (SELECT old FROM scan))";
    if db.query_row(has_others, [], |row| row.get(0))? {
        return Ok(false);
    }
    db.execute_batch("CREATE TEMP TABLE source (old INTEGER PRIMARY KEY, new INTEGER)")?;
    db.execute(
        "INSERT OR IGNORE INTO sources (name) SELECT coalesce(?, name) FROM i.sources",
        [source],
    )?;
    db.execute(
        "INSERT INTO source SELECT o.id, n.id FROM i.sources o \
         JOIN main.sources n ON n.name = coalesce(?, o.name)",
        [source],
    )?;
    scanners(db)?;
    db.execute_batch(
        "INSERT OR IGNORE INTO maps (source, prefix, target)
           SELECT s.new, prefix, target FROM i.maps JOIN source s ON s.old = source;
         INSERT OR IGNORE INTO readings (reader, digest, options)
           SELECT reader, digest, options FROM i.readings;
         CREATE TEMP TABLE reading (old INTEGER PRIMARY KEY, new INTEGER);
         INSERT INTO reading SELECT o.id, n.id FROM i.readings o JOIN main.readings n USING (digest);
         INSERT OR IGNORE INTO devices (name) SELECT name FROM i.devices;
         CREATE TEMP TABLE device (old INTEGER PRIMARY KEY, new INTEGER);
         INSERT INTO device SELECT o.id, n.id FROM i.devices o JOIN main.devices n USING (name);
         INSERT OR IGNORE INTO roots (source, kind, path, display)
           SELECT s.new, kind, path, display FROM i.roots JOIN source s ON s.old = source;
         CREATE TEMP TABLE root (old INTEGER PRIMARY KEY, new INTEGER);
         INSERT INTO root SELECT o.id, n.id FROM i.roots o JOIN source s ON s.old = o.source
           JOIN main.roots n ON n.source = s.new AND n.kind = o.kind AND n.path = o.path;",
    )?;
    if columns(db, "roots")?.iter().any(|column| column == "real") {
        db.execute_batch(
            "UPDATE main.roots SET real = o.real FROM i.roots o JOIN temp.root r ON r.old = o.id
             WHERE r.new = main.roots.id AND o.real IS NOT NULL;",
        )?;
    }
    let known = "ON CONFLICT DO NOTHING";
    copy(db, "scans", &[("id", "scan"), ("source", "source"), ("reading", "reading")], known)?;
    copy(db, "root_scans", &[("scan", "scan"), ("root", "root"), ("device", "device")], known)?;
    copy(db, "slc_keys", &[("scan", "scan")], known)?;
    // What was known until now, before folders are said to have been listed later.
    db.execute_batch(&format!(
        "DROP TABLE IF EXISTS temp.looked;
         CREATE TEMP TABLE looked (file INTEGER PRIMARY KEY, at INTEGER);
         INSERT INTO looked SELECT f.id, {LOOKED} FROM main.files f
           JOIN main.dirs d ON d.id = f.dir;"
    ))?;
    dirs(db)?;
    skipped(db)?;
    files(db)?;
    Ok(true)
}

/// Whether the inventory `i` has a table: one of the first version lacks some.
fn has_table(db: &Connection, table: &str) -> rusqlite::Result<bool> {
    db.query_row(
        "SELECT EXISTS (SELECT 1 FROM i.sqlite_schema WHERE type = 'table' AND name = ?)",
        [table],
        |row| row.get(0),
    )
}

/// Which inventories filled each source.
fn scanners(db: &Connection) -> rusqlite::Result<()> {
    if has_table(db, "scanners")? {
        return db.execute_batch(
            "INSERT OR IGNORE INTO main.scanners (source, id)
               SELECT s.new, o.id FROM i.scanners o JOIN temp.source s ON s.old = o.source;",
        );
    }
    db.execute_batch(&format!(
        "INSERT OR IGNORE INTO main.scanners (source, id)
           SELECT s.new, id.* FROM temp.source s, ({}) id;",
        FIRST_ID.replace("FROM scans", "FROM i.scans")
    ))
}

/// Links that were not followed.
fn skipped(db: &Connection) -> rusqlite::Result<()> {
    if !has_table(db, "skipped")? {
        return Ok(());
    }
    let has_device = columns(db, "skipped")?.iter().any(|column| column == "device");
    let device = match has_device {
        true => "(SELECT new FROM temp.device WHERE old = o.device)",
        false => "NULL",
    };
    db.execute_batch(&format!(
        "INSERT INTO main.skipped (dir, name, root, scan, target, device)
           SELECT d.new, o.name, r.new, n.new, o.target, {device} FROM i.skipped o
             JOIN temp.dir d ON d.old = o.dir JOIN temp.root r ON r.old = o.root
             JOIN temp.scan n ON n.old = o.scan WHERE true
           ON CONFLICT (dir, name) DO UPDATE SET root = excluded.root, scan = excluded.scan,
             target = excluded.target, device = excluded.device
             WHERE excluded.scan > skipped.scan;",
    ))
}

/// Copies a table; columns in `mapped` get their new number from the table of that name.
fn copy(
    db: &Connection,
    table: &str,
    mapped: &[(&str, &str)],
    conflict: &str,
) -> rusqlite::Result<()> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for column in columns(db, table)? {
        let map = mapped.iter().find(|(name, _)| *name == column);
        values.push(match map {
            Some((_, map)) => format!("(SELECT new FROM temp.{map} WHERE old = t.{column})"),
            None => format!("t.{column}"),
        });
        names.push(column);
    }
    let (names, values) = (names.join(", "), values.join(", "));
    db.execute_batch(&format!(
        "INSERT INTO main.{table} ({names}) SELECT {values} FROM i.{table} t WHERE true {conflict}"
    ))
}

/// The columns that the table has in both files: an older one may lack some.
fn columns(db: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = db.prepare(
        "SELECT o.name FROM pragma_table_info(?1, 'i') o \
         JOIN pragma_table_info(?1, 'main') n ON n.name = o.name ORDER BY o.cid",
    )?;
    let names = statement.query_map(params![table], |row| row.get(0))?;
    names.collect()
}

fn dirs(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "INSERT INTO main.dirs (source, root, path, display, seen, listed, device)
           SELECT s.new, r.new, d.path, d.display, n.new,
             (SELECT new FROM temp.scan WHERE old = d.listed),
             (SELECT new FROM temp.device WHERE old = d.device)
           FROM i.dirs d JOIN temp.source s ON s.old = d.source JOIN temp.root r ON r.old = d.root
           JOIN temp.scan n ON n.old = d.seen WHERE true
           ON CONFLICT (source, path) DO UPDATE SET root = excluded.root, seen = excluded.seen,
             listed = excluded.listed, device = excluded.device
           WHERE excluded.seen > dirs.seen;
         CREATE TEMP TABLE dir (old INTEGER PRIMARY KEY, new INTEGER);
         INSERT INTO dir SELECT d.id, n.id FROM i.dirs d JOIN temp.source s ON s.old = d.source
           JOIN main.dirs n ON n.source = s.new AND n.path = d.path;
         UPDATE main.dirs SET parent = p.new FROM temp.dir o
           JOIN i.dirs d ON d.id = o.old JOIN temp.dir p ON p.old = d.parent
           WHERE o.new = main.dirs.id AND main.dirs.parent IS NULL;",
    )
}

/// Files of which this inventory knows the latest, with all their findings.
fn files(db: &Connection) -> rusqlite::Result<()> {
    // In `i`, scans have their old numbers.
    let looked_here = "max((SELECT new FROM temp.scan WHERE old = f.scan), \
        coalesce((SELECT new FROM temp.scan WHERE old = f.gone), 0), \
        coalesce((SELECT new FROM temp.scan WHERE old = d.listed), 0))";
    db.execute_batch(&format!(
        "CREATE TEMP TABLE file (old INTEGER PRIMARY KEY, new INTEGER);
         CREATE TEMP TABLE rival AS SELECT f.id AS old, k.id AS known, {looked_here} AS here,
           (SELECT at FROM temp.looked WHERE file = k.id) AS there
           FROM i.files f JOIN i.dirs d ON d.id = f.dir JOIN temp.dir m ON m.old = f.dir
           JOIN main.files k ON k.dir = m.new AND k.name = f.name;
         DELETE FROM main.findings WHERE file IN (SELECT known FROM rival WHERE here > there);
         DELETE FROM main.files WHERE id IN (SELECT known FROM rival WHERE here > there);
         INSERT INTO temp.file (old, new) SELECT f.id, row_number() OVER (ORDER BY f.id)
             + (SELECT coalesce(max(id), 0) FROM main.files)
           FROM i.files f WHERE f.id NOT IN (SELECT old FROM rival WHERE here <= there);
         DROP TABLE temp.rival;"
    ))?;
    let mapped = [
        ("id", "file"),
        ("dir", "dir"),
        ("device", "device"),
        ("reading", "reading"),
        ("scan", "scan"),
        ("gone", "scan"),
    ];
    // Of files that lost, there is no new number.
    let names = columns(db, "files")?;
    let values: Vec<String> = names
        .iter()
        .map(|name| match mapped.iter().find(|(mapped, _)| mapped == name) {
            Some(("id", _)) => "m.new".to_owned(),
            Some((_, map)) => format!("(SELECT new FROM temp.{map} WHERE old = t.{name})"),
            None => format!("t.{name}"),
        })
        .collect();
    db.execute_batch(&format!(
        "INSERT INTO main.files ({}) SELECT {} FROM temp.file m JOIN i.files t ON t.id = m.old \
         ORDER BY m.new",
        names.join(", "),
        values.join(", ")
    ))?;
    let names = columns(db, "findings")?;
    let values: Vec<String> = names
        .iter()
        .map(|name| if name == "file" { "m.new".to_owned() } else { format!("t.{name}") })
        .collect();
    db.execute_batch(&format!(
        "INSERT INTO main.findings ({}) SELECT {} FROM temp.file m \
         JOIN i.findings t ON t.file = m.old ORDER BY m.new, t.nr",
        names.join(", "),
        values.join(", ")
    ))
}
