//! Scans into an inventory: rescans, deleted files and kills.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command as Plain, Stdio};
use std::time::{Duration, SystemTime};

use rusqlite::Connection;
use tempfile::TempDir;

use super::{folder, license, records, rmsight, stderr, stdout};

fn db(folder: &Path) -> Connection {
    Connection::open(folder.join("estate.db")).unwrap()
}

fn number(db: &Connection, sql: &str) -> i64 {
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

/// Returns the numbers of files that the last scan read, found unchanged, failed to read, and found
/// deleted.
fn last(folder: &Path) -> [i64; 4] {
    let sql = "SELECT read, unchanged, failed, gone FROM scans ORDER BY id DESC LIMIT 1";
    let numbers = db(folder)
        .query_row(sql, [], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]));
    numbers.unwrap()
}

fn keep(folder: &Path, args: &[&str], code: i32) -> String {
    let args = [&["scan", "-i", "estate.db", "share"], args].concat();
    let done = rmsight(folder, &args).code(code);
    stdout(&done) + &stderr(&done)
}

/// Creates a folder `share` with files in folders.
fn share(files: usize, license: &[u8]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for dir in 0..50 {
        fs::create_dir_all(folder.path().join(format!("share/{dir}"))).unwrap();
    }
    for file in 0..files {
        let content = if file % 100 == 0 { license } else { b"plain" };
        fs::write(folder.path().join(format!("share/{}/{file}", file % 50)), content).unwrap();
    }
    folder
}

#[test]
fn only_what_changed_is_read_again() {
    let license = license();
    // A transaction has 1000 files.
    let folder = share(3000, &license);
    keep(folder.path(), &[], 0);
    assert_eq!(last(folder.path()), [3000, 0, 0, 0]);
    for file in (0..3000).step_by(73) {
        let path = folder.path().join(format!("share/{}/{file}", file % 50));
        let file = File::options().write(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(1000)).unwrap();
    }
    let text = keep(folder.path(), &[], 0);
    assert_eq!(last(folder.path()), [42, 2958, 0, 0]);
    assert!(
        text.contains("Searched 42 files. 2,958 files unchanged since the last scan."),
        "{text}"
    );
    // The totals are those of all files.
    assert!(text.contains("possible         30"), "{text}");
    // A changed estate file is not a reason to open files.
    let key: String =
        db(folder.path()).query_row("SELECT key FROM slc_keys", [], |row| row.get(0)).unwrap();
    let estate = format!(
        "[[authority]]\nname = \"Contoso AD RMS\"\nkind = \"ad-rms\"\n\
         [[authority.key]]\nslc_key = \"{key}\"\nstatus = \"active\"\n"
    );
    fs::write(folder.path().join("estate.toml"), estate).unwrap();
    let text = keep(folder.path(), &["--estate", "estate.toml"], 0);
    assert_eq!(last(folder.path()), [0, 3000, 0, 0]);
    assert!(text.contains("yes              30"), "{text}");
}

#[test]
fn a_rescan_inherits_the_options_of_its_inventory() {
    let license = license();
    let folder = folder(&[("share/a", b"x"), ("share/offer.xml", &license)]);
    // Each case: the options, the number of files that they cause to be read, and the message.
    for (args, read, said) in [
        (&["--quick"][..], 2, ""),
        (&[], 0, "options taken over from its earlier scans: --quick"),
        // For a file without a license, more options do not add facts.
        (&["--no-verify", "--quiet"], 0, "--quick"),
        (&["--verify"], 1, "options added: full depth (without --quick), --verify;"),
        (&[], 0, ""),
        (&["-j", "3", "--limit", "steps=30000000000"], 0, "--limit steps=30000000000"),
        (&["--labels"], 2, "options added: --labels;"),
        (&["--deep"], 2, "options taken over from its earlier scans: --labels, --limit steps="),
        (&["--verify"], 0, "options taken over from its earlier scans: --labels, --deep"),
        (&["--fingerprint"], 1, "options added: --fingerprint;"),
        (&[], 0, "options taken over from its earlier scans: --labels, --deep, --fingerprint"),
    ] {
        let text = keep(folder.path(), args, 0);
        assert_eq!(last(folder.path())[0], read, "{args:?}");
        assert!(text.contains(said), "{args:?}: {text}");
        assert!(!said.is_empty() || !text.contains("options"), "{args:?}: {text}");
    }
    let verified = "SELECT count(*) FROM records WHERE signature = 'valid'";
    assert_eq!(number(&db(folder.path()), verified), 1);
    let hashed = "SELECT count(*) FROM records WHERE license_sha256 IS NOT NULL";
    assert_eq!(number(&db(folder.path()), hashed), 1);
}

#[test]
fn fingerprints_of_a_quick_inventory_read_licenses_whole() {
    let license = license();
    let folder = folder(&[("share/a", b"x"), ("share/offer.xml", &license)]);
    keep(folder.path(), &["--quick"], 0);
    let text = keep(folder.path(), &["--fingerprint"], 0);
    assert_eq!(last(folder.path())[0], 1);
    let said = "options added: full depth (without --quick), --verify, --fingerprint;";
    assert!(text.contains(said), "{text}");
    let whole = "SELECT count(*) FROM records WHERE license_sha256 IS NOT NULL \
        AND signature = 'valid'";
    assert_eq!(number(&db(folder.path()), whole), 1);
}

#[test]
fn limits_with_a_default_of_the_first_version_are_not_inherited() {
    let options = "SELECT options FROM readings JOIN scans ON scans.reading = readings.id \
        ORDER BY scans.id DESC LIMIT 1";
    let limit = |folder: &Path, name: &str| {
        let options: String = db(folder).query_row(options, [], |row| row.get(0)).unwrap();
        let words = options.split(' ').filter_map(|word| word.split_once('='));
        let found = words.filter(|(found, _)| *found == name).map(|(_, amount)| amount.to_owned());
        found.collect::<Vec<_>>().join(" ")
    };
    // Each case: the limit in the inventory of the first version, arguments, and the limit of the
    // next scan. The current default replaces the old one, and a chosen limit stays.
    for (name, first, args, expected) in [
        ("steps-total", "1099511627776", &[][..], None),
        ("steps-total", "1099511627776", &["--limit", "steps-total=5000000"], Some("5000000")),
        ("steps-total", "2199023255552", &[], Some("2199023255552")),
        ("ratio", "1100", &[], None),
    ] {
        let folder = folder(&[("share/a", b"x")]);
        keep(folder.path(), &[], 0);
        let default = limit(folder.path(), name);
        super::gaps::make_first(&folder.path().join("estate.db"));
        let of_default = format!("{name}={default}");
        db(folder.path())
            .execute(
                "UPDATE readings SET options = replace(options, ?, ?)",
                [of_default, format!("{name}={first}")],
            )
            .unwrap();
        let text = keep(folder.path(), args, 0);
        let expected = expected.unwrap_or(&default);
        assert_eq!(limit(folder.path(), name), expected, "{name}: {text}");
        assert_eq!(text.contains("taken over"), first == expected, "{name}: {text}");
    }
}

#[test]
fn a_rescan_reduces_options_only_on_request() {
    let license = license();
    let folder = folder(&[("share/offer.xml", &license), ("share/b", b"x")]);
    keep(folder.path(), &["--labels"], 0);
    for (args, named) in [
        (&["--quick"][..], "--quick"),
        (&["--no-verify"], "--no-verify"),
        (&["--limit", "steps=1000"], "--limit steps=1000"),
        (&["--limits", "strict"], "--limit bytes-read="),
    ] {
        let text = keep(folder.path(), args, 2);
        assert!(text.contains(named) && text.contains("--downgrade"), "{args:?}: {text}");
    }
    // Facts that were read with more options are kept.
    let text = keep(folder.path(), &["--quick", "--downgrade"], 0);
    assert!(text.contains("options removed: full depth"), "{text}");
    assert_eq!(last(folder.path())[0], 0);
    let verified = "SELECT count(*) FROM records WHERE signature = 'valid' AND depth = 'full'";
    assert_eq!(number(&db(folder.path()), verified), 1);
    let scans = "SELECT count(*) FROM scans";
    assert_eq!(number(&db(folder.path()), scans), 2, "a refused scan was written down");
}

#[test]
fn a_folder_in_two_spellings_is_one_root() {
    let folder = folder(&[("Legal/a", b"x"), ("Legal/deep/b", b"x"), ("other/c", b"x")]);
    let scan = |args: &[&str]| {
        let args = [&["scan", "-i", "estate.db"], args].concat();
        let done = rmsight(folder.path(), &args).code(0);
        stdout(&done) + &stderr(&done)
    };
    scan(&["Legal"]);
    let full = format!("{}/other/../Legal/", folder.path().display());
    let spellings: &[&[&str]] =
        &[&["Legal/"], &["other/../Legal"], &["./Legal//."], &[&full], &["Legal", "Legal/deep"]];
    for args in spellings {
        scan(args);
        assert_eq!(last(folder.path()), [0, 2, 0, 0], "{args:?}");
    }
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("Legal", folder.path().join("link")).unwrap();
        let text = scan(&["link"]);
        assert!(text.contains("the inventory has it as"), "{text}");
        scan(&["link", "Legal"]);
    }
    #[cfg(windows)]
    {
        let full = folder.path().join("Legal").display().to_string();
        for spelling in
            [full.to_lowercase(), format!("{}\\", full.to_uppercase()), format!(r"\\?\{full}")]
        {
            scan(&[&spelling]);
            assert_eq!(last(folder.path()), [0, 2, 0, 0], "{spelling}");
        }
    }
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM roots"), 1);
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 2);
    // The same is true without an inventory.
    let done = rmsight(folder.path(), &["scan", "Legal", "other/../Legal/", "Legal/deep"]);
    assert!(stdout(&done).contains("Searched 2 files"), "{}", stdout(&done));
}

#[test]
fn a_root_can_be_forgotten() {
    let folder = folder(&[("Legal/a", b"x"), ("Legal/deep/b", b"x"), ("one", b"x"), ("two", b"x")]);
    for root in ["Legal", "Legal/deep", "one", "two"] {
        rmsight(folder.path(), &["scan", "--quiet", "-i", "estate.db", root]).code(0);
    }
    let forget = |root: &str, code: i32| {
        let args = ["inventory", "forget", "estate.db", root];
        stderr(&rmsight(folder.path(), &args).code(code))
    };
    let left = || {
        let db = db(folder.path());
        let paths = "SELECT coalesce(group_concat(substr(path, ?), ' '), '') \
            FROM (SELECT path FROM records ORDER BY path)";
        let skipped = folder.path().as_os_str().len() + 2;
        let paths: String = db.query_row(paths, [skipped], |row| row.get(0)).unwrap();
        let paths = if cfg!(windows) { paths.replace('\\', "/") } else { paths };
        (number(&db, "SELECT count(*) FROM roots"), paths)
    };
    assert_eq!(left(), (4, "Legal/a Legal/deep/b one two".to_owned()));
    assert!(forget("missing", 2).contains("it has no root"));
    assert!(forget("Legal/../Legal/", 0).contains("1 file removed"));
    assert_eq!(left(), (3, "Legal/deep/b one two".to_owned()));
    forget("one", 0);
    assert_eq!(left(), (2, "Legal/deep/b two".to_owned()));
    forget("Legal/deep", 0);
    assert_eq!(left(), (1, "two".to_owned()));
    forget("two", 0);
    assert_eq!(left(), (0, String::new()));
    // A removed root can be scanned again.
    rmsight(folder.path(), &["scan", "--quiet", "-i", "estate.db", "Legal"]).code(0);
    assert_eq!(left(), (1, "Legal/a Legal/deep/b".to_owned()));
    rmsight(folder.path(), &["inventory", "forget", "none.db", "Legal"]).code(2);
    assert!(!folder.path().join("none.db").exists());
}

#[test]
#[cfg(unix)]
fn a_link_to_a_root_does_not_forget_the_root() {
    let folder = folder(&[("Legal/a", b"x")]);
    std::os::unix::fs::symlink("Legal", folder.path().join("link")).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "estate.db", "Legal"]).code(0);
    for (root, code, left) in [("link", 2, 1), ("link/../Legal/", 0, 0)] {
        rmsight(folder.path(), &["inventory", "forget", "estate.db", root]).code(code);
        assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM roots"), left, "{root}");
    }
}

#[test]
#[cfg(unix)]
fn a_file_in_two_spellings_is_one_root() {
    let folder = folder(&[("Legal/a", b"x")]);
    std::os::unix::fs::symlink("Legal", folder.path().join("link")).unwrap();
    for root in ["Legal/a", "link/a"] {
        rmsight(folder.path(), &["scan", "--quiet", "-i", "estate.db", root]).code(0);
    }
    let db = db(folder.path());
    let counts =
        ["roots", "records"].map(|table| number(&db, &format!("SELECT count(*) FROM {table}")));
    assert_eq!(counts, [1, 1]);
}

#[test]
#[cfg(unix)]
fn sigterm_abandons_the_current_file_within_two_seconds() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("share")).unwrap();
    // At this rate the file takes minutes.
    fs::write(folder.path().join("share/mail.eml"), vec![b'\n'; 1 << 20]).unwrap();
    let file = fs::read(folder.path().join("share/mail.eml")).unwrap();
    let text = [b"From: a@example.com\r\nMIME-Version: 1.0\r\n\r\n".to_vec(), file].concat();
    fs::write(folder.path().join("share/mail.eml"), text).unwrap();
    let child = slow_scan(folder.path(), "4KB");
    std::thread::sleep(Duration::from_secs(2));
    let pid = child.id().to_string();
    let begun = std::time::Instant::now();
    assert!(Plain::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let done = child.wait_with_output().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(done.status.code(), Some(143), "{done:?}");
    // The next scan reads the whole file.
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 0);
    keep(folder.path(), &[], 0);
    assert_eq!(last(folder.path())[0], 1);
}

#[test]
fn records_are_the_same_with_and_without_an_inventory() {
    let license = license();
    let folder = folder(&[("share/offer.xml", &license), ("share/cut.xml", &license[..600])]);
    let share = folder.path().join("share");
    let share = share.to_str().unwrap();
    let plain = ["scan", "--format", "ndjson", "-j", "1", "--source", "fs1", share];
    let expected = stdout(&rmsight(folder.path(), &plain).code(1));
    let kept = [&plain[..], &["-i", "estate.db"]].concat();
    // The second scan reads nothing; the records come from the inventory.
    for read in [2, 0] {
        assert_eq!(stdout(&rmsight(folder.path(), &kept).code(1)), expected);
        assert_eq!(last(folder.path())[0], read);
    }
    let count = number(&db(folder.path()), "SELECT count(*) FROM records");
    assert_eq!(count, 2);
}

#[test]
fn an_inventory_in_the_scanned_folder_is_not_scanned() {
    let folder = folder(&[("a", b"x")]);
    for read in [1, 0] {
        rmsight(folder.path(), &["scan", "-i", "estate.db", "."]).code(0);
        assert_eq!(last(folder.path()), [read, 1 - read, 0, 0]);
    }
}

#[test]
fn deleted_files_are_gone_until_they_return() {
    let folder = folder(&[("share/a", b"x"), ("share/b/c", b"x"), ("share/b/d/e", b"x")]);
    keep(folder.path(), &[], 0);
    fs::remove_file(folder.path().join("share/a")).unwrap();
    fs::rename(folder.path().join("share/b"), folder.path().join("away")).unwrap();
    fs::write(folder.path().join("share/new"), b"x").unwrap();
    // Two names of one folder, and a folder inside of it, are one root.
    keep(folder.path(), &["share/b/..", "share"], 0);
    assert_eq!(last(folder.path()), [1, 0, 0, 3]);
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 1);
    fs::rename(folder.path().join("away"), folder.path().join("share/b")).unwrap();
    keep(folder.path(), &[], 0);
    assert_eq!(last(folder.path()), [2, 1, 0, 0]);
}

#[test]
fn an_empty_root_is_an_error_unless_it_is_accepted() {
    let folder = folder(&[("share/a", b"x"), ("share/b/c", b"x")]);
    keep(folder.path(), &[], 0);
    // An empty folder, like the mount point of a share that is not mounted.
    fs::rename(folder.path().join("share"), folder.path().join("away")).unwrap();
    fs::create_dir(folder.path().join("share")).unwrap();
    let text = keep(folder.path(), &[], 2);
    assert!(text.contains("it had files, and now has none"), "{text}");
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 2);
    let complete = "SELECT complete FROM root_scans ORDER BY scan DESC LIMIT 1";
    assert_eq!(number(&db(folder.path()), complete), 0);
    // A missing folder.
    fs::remove_dir(folder.path().join("share")).unwrap();
    keep(folder.path(), &[], 2);
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 3);
    fs::create_dir(folder.path().join("share")).unwrap();
    keep(folder.path(), &["--accept-empty"], 0);
    assert_eq!(last(folder.path()), [0, 0, 0, 2]);
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 0);
}

#[test]
#[cfg(target_os = "linux")]
fn files_of_an_unmounted_file_system_are_not_deleted() {
    let folder = folder(&[("share/mnt/sentinel", b"not mounted"), ("share/a", b"x")]);
    let mount = folder.path().join("share/mnt");
    let mounted = Plain::new("mount").args(["-t", "tmpfs", "tmpfs"]).arg(&mount).output();
    if !mounted.is_ok_and(|done| done.status.success()) {
        eprintln!("skipped: this user may not mount");
        return;
    }
    fs::write(mount.join("b"), b"x").unwrap();
    fs::create_dir(mount.join("c")).unwrap();
    fs::write(mount.join("c/d"), b"x").unwrap();
    keep(folder.path(), &[], 0);
    assert_eq!(last(folder.path()), [3, 0, 0, 0]);
    keep(folder.path(), &["--one-file-system"], 0);
    assert_eq!(last(folder.path()), [0, 1, 0, 0]);
    assert!(Plain::new("umount").arg(&mount).status().unwrap().success());
    // The folder exists with other files, and later without files.
    let text = keep(folder.path(), &[], 1);
    assert!(text.contains("2 files not found, and kept"), "{text}");
    assert_eq!(last(folder.path())[3], 0);
    fs::remove_file(mount.join("sentinel")).unwrap();
    keep(folder.path(), &[], 1);
    fs::remove_dir(&mount).unwrap();
    keep(folder.path(), &[], 1);
    let kept = "SELECT count(*) FROM records WHERE path LIKE '%/mnt/b' OR path LIKE '%/c/d'";
    assert_eq!(number(&db(folder.path()), kept), 2);
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 3);
}

#[test]
#[cfg(unix)]
fn unreadable_files_are_read_again_and_not_deleted() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("share/shut/a", b"x"), ("share/b", b"x")]);
    let shut = folder.path().join("share/shut");
    keep(folder.path(), &[], 0);
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read_dir(&shut).is_ok() {
        eprintln!("skipped: this user may read everything");
        return;
    }
    keep(folder.path(), &[], 1);
    assert_eq!(last(folder.path()), [0, 1, 1, 0]);
    let code = "SELECT count(*) FROM records WHERE error_code = 'permission-denied'";
    assert_eq!(number(&db(folder.path()), code), 1);
    fs::set_permissions(&shut, fs::Permissions::from_mode(0o700)).unwrap();
    keep(folder.path(), &[], 0);
    assert_eq!(last(folder.path()), [0, 2, 0, 0]);
    assert_eq!(number(&db(folder.path()), code), 0);
}

#[test]
fn a_missing_file_of_a_list_is_read_again() {
    let folder = folder(&[("a", b"x"), ("list", b"a\nb\n")]);
    let args = ["scan", "-i", "estate.db", "--files-from", "list"];
    for (content, code) in [(None, 1), (Some(b"x"), 0)] {
        if let Some(content) = content {
            fs::write(folder.path().join("b"), content).unwrap();
        }
        rmsight(folder.path(), &args).code(code);
        assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 2);
    }
}

#[test]
fn the_options_of_a_scan_are_stored() {
    let folder = folder(&[("share/a.doc", b"x"), ("share/b.tmp", b"x"), ("share/old/c", b"x")]);
    let map = format!("{}=\\\\fs1\\share", folder.path().join("share").display());
    let args = ["--exclude", "*.tmp", "--exclude", "/old", "--source", "fs1", "--map", &map];
    let text = keep(folder.path(), &args, 0);
    assert!(text.contains("Searched 1 file, 2 excluded"), "{text}");
    let db = db(folder.path());
    let row: (String, String, i64, String) = db
        .query_row(
            "SELECT outcome, exclude, excluded, target FROM scans JOIN maps USING (source)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .unwrap();
    let expected = ("finished", "[\"*.tmp\",\"/old\"]", 2, r"\\fs1\share");
    assert_eq!((&*row.0, &*row.1, row.2, &*row.3), expected);
}

#[test]
fn a_file_that_is_not_an_inventory_is_refused() {
    let folder = folder(&[("share/a", b"x"), ("estate.db", b"this is a text, and it stays one")]);
    let text = keep(folder.path(), &[], 2);
    assert!(text.contains("it is not an inventory"), "{text}");
    let content = fs::read(folder.path().join("estate.db")).unwrap();
    assert_eq!(content, b"this is a text, and it stays one");
}

/// Starts a slow scan.
fn slow_scan(folder: &Path, rate: &str) -> Child {
    Plain::new(env!("CARGO_BIN_EXE_rmsight"))
        .current_dir(folder)
        .args(["scan", "-i", "estate.db", "-j", "2", "--max-rate", rate, "share"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until the inventory has more than `than` files, or until the scan has ended.
fn wait_for_files(folder: &Path, than: i64, child: &mut Child) {
    while child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_millis(10));
        if !folder.join("estate.db").exists() {
            continue;
        }
        let files =
            db(folder).query_row("SELECT count(*) FROM files", [], |row| row.get::<_, i64>(0));
        if files.is_ok_and(|files| files > than) {
            return;
        }
    }
}

/// Returns all stored facts, without times and row numbers.
fn known(folder: &Path) -> Vec<String> {
    let db = db(folder);
    let mut rows = db
        .prepare(
            "SELECT substr(path, ?) || ' ' || size || container || protection || searched || \
             coalesce(slc_key, '-') || coalesce(license_sha256, '-') FROM records ORDER BY 1",
        )
        .unwrap();
    let skipped = folder.as_os_str().len() + 1;
    let rows = rows.query_map([skipped], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_scan_killed_twenty_times_finds_everything() {
    let license = license();
    let (killed, whole) = (share(2000, &license), share(2000, &license));
    keep(whole.path(), &[], 0);
    let mut read = 0;
    for kill in 0..20 {
        let mut child = slow_scan(killed.path(), "1000");
        // Half of the kills happen after a write, the others at any time.
        if kill % 2 == 0 {
            std::thread::sleep(Duration::from_millis(5 + 10 * kill));
        } else {
            wait_for_files(killed.path(), read, &mut child);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        if !killed.path().join("estate.db").exists() {
            continue;
        }
        let db = db(killed.path());
        let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
        let tables = number(&db, "SELECT count(*) FROM sqlite_schema");
        if tables > 0 {
            let now = number(&db, "SELECT count(*) FROM files");
            assert!(now >= read, "{now} after {read}");
            read = now;
            let without = "SELECT count(*) FROM files LEFT JOIN findings ON file = files.id \
                WHERE file IS NULL";
            assert_eq!(number(&db, without), 0);
        }
    }
    keep(killed.path(), &[], 0);
    assert_eq!(last(killed.path())[..2], [2000 - read, read]);
    let (found, expected) = (known(killed.path()), known(whole.path()));
    let differs = expected.iter().zip(&found).find(|(one, other)| one != other);
    assert_eq!((differs, found.len()), (None, expected.len()));
}

#[test]
#[cfg(unix)]
fn ctrl_c_keeps_what_was_read_and_explains_how_to_resume() {
    let folder = share(1000, b"x");
    let mut child = slow_scan(folder.path(), "100");
    wait_for_files(folder.path(), 0, &mut child);
    let pid = child.id().to_string();
    assert!(Plain::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let done = child.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(130), "{said}");
    assert!(said.contains("the same command goes on from here"), "{said}");
    let [read, ..] = last(folder.path());
    assert!(read > 0 && read < 1000, "{read}");
    // An incomplete scan does not find deleted files.
    fs::remove_file(folder.path().join("share/0/0")).unwrap();
    keep(folder.path(), &[], 0);
    let outcomes = "SELECT group_concat(outcome) FROM scans";
    let outcomes: String = db(folder.path()).query_row(outcomes, [], |row| row.get(0)).unwrap();
    assert_eq!(outcomes, "interrupted,finished");
    assert_eq!(number(&db(folder.path()), "SELECT count(*) FROM records"), 999);
}

#[test]
fn several_threads_and_one_find_the_same() {
    let license = license();
    let folder = share(300, &license);
    keep(folder.path(), &["-j", "1"], 0);
    let one = known(folder.path());
    fs::remove_file(folder.path().join("estate.db")).unwrap();
    keep(folder.path(), &["-j", "5"], 0);
    assert_eq!(known(folder.path()), one);
    let done = rmsight(
        folder.path(),
        &["scan", "-i", "estate.db", "--format", "ndjson", "-j", "3", "share"],
    );
    assert_eq!(records(&done.code(0)).len(), 300);
}
