//! Inventories that another process has locked.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

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
    let (told, waits) = mpsc::channel();
    let children = commands.map(|args| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_rmsight"))
            .current_dir(folder.path())
            .args(args)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (said, told) = (BufReader::new(child.stderr.take().unwrap()), told.clone());
        let reader = thread::spawn(move || {
            let lines = said.lines().map(Result::unwrap).inspect(|line| {
                if line.contains("another process has locked it") {
                    told.send(()).unwrap();
                }
            });
            lines.collect::<Vec<_>>().join("\n")
        });
        (child, reader)
    });
    drop(told);
    // If a command says nothing, the assertion below fails.
    let until = Instant::now() + Duration::from_secs(30);
    for _ in &commands {
        _ = waits.recv_timeout(until.saturating_duration_since(Instant::now()));
    }
    db.execute_batch("ROLLBACK").unwrap();
    drop(db);
    for ((mut child, reader), args) in children.into_iter().zip(commands) {
        let said = reader.join().unwrap();
        child.wait().unwrap();
        // The other commands can have forgotten or renamed the root meanwhile.
        assert!(said.contains("i.db: another process has locked it"), "{args:?}: {said}");
        assert!(said.contains("for up to 60 s"), "{args:?}: {said}");
        assert!(!said.contains("has kept it locked"), "{args:?}: {said}");
    }
}
