//! Inventories that another process has locked.

use std::process::Stdio;
use std::time::Duration;

use rusqlite::Connection;

use super::gaps::{bench, scan};

#[test]
fn each_command_says_that_it_waits_for_a_locked_inventory() {
    let folder = bench(&[("share/a", b"x")]);
    scan(folder.path(), "i.db", &["share"]);
    let commands: [&[&str]; 12] = [
        &["scan", "--quiet", "-i", "i.db", "share"],
        &["inventory", "forget", "i.db", "share"],
        &["inventory", "rename", "i.db", "share", "moved"],
        &["inventory", "roots", "i.db"],
        &["inventory", "snapshot", "i.db", "-o", "copy.db"],
        &["report", "i.db"],
        &["judge", "i.db"],
        &["export", "i.db"],
        &["check", "i.db", "--estate", "estate.toml"],
        &["diff", "i.db", "i.db"],
        &["merge", "all.db", "i.db"],
        &["estate", "check", "estate.toml", "i.db"],
    ];
    // All of them wait for the same lock.
    let db = Connection::open(folder.path().join("i.db")).unwrap();
    db.execute_batch("BEGIN EXCLUSIVE").unwrap();
    let children = commands.map(|args| {
        std::process::Command::new(env!("CARGO_BIN_EXE_rmsight"))
            .current_dir(folder.path())
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    });
    std::thread::sleep(Duration::from_millis(4_000));
    db.execute_batch("ROLLBACK").unwrap();
    drop(db);
    for (child, args) in children.into_iter().zip(commands) {
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        // The other commands can have forgotten or renamed the root meanwhile.
        assert!(said.contains("i.db: another process has locked it"), "{args:?}: {said}");
        assert!(said.contains("for up to 60 s"), "{args:?}: {said}");
        assert!(!said.contains("has kept it locked"), "{args:?}: {said}");
    }
}
