//! Inventories that another process has locked.

use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;

use super::gaps::{bench, scan};

#[test]
fn a_command_says_that_it_waits_for_a_locked_inventory() {
    let folder = bench(&[("share/a", b"x")]);
    scan(folder.path(), "i.db", &["share"]);
    let commands: [&[&str]; 3] = [
        &["scan", "--quiet", "-i", "i.db", "share"],
        &["inventory", "forget", "i.db", "share"],
        &["report", "i.db"],
    ];
    for args in commands {
        let db = Connection::open(folder.path().join("i.db")).unwrap();
        db.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let child = std::process::Command::new(env!("CARGO_BIN_EXE_rmsight"))
            .current_dir(folder.path())
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(2_500));
        db.execute_batch("ROLLBACK").unwrap();
        drop(db);
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(0), "{args:?}: {said}");
        assert!(said.contains("i.db: another process has locked it"), "{args:?}: {said}");
        assert!(said.contains("for up to 60 s"), "{args:?}: {said}");
        scan(folder.path(), "i.db", &["share"]);
    }
}
