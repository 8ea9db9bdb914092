//! The program from outside: exit codes, records and messages.

mod answers;
mod authorities;
mod coverage;
mod deciding;
mod dictionary;
mod events;
mod exporting;
mod file_child;
#[cfg(unix)]
mod file_owners;
mod gaps;
mod generated;
mod help_examples;
mod inspect_output;
mod inventory;
mod inventory_commands;
mod judging;
mod learning;
mod lists;
mod locked;
mod members;
mod merging;
mod only;
mod open_answers;
mod outlook;
mod reading;
mod readme;
mod reporting;
mod selecting;
#[cfg(feature = "object-store")]
mod stores;
mod streams;
mod tenants;
mod unmounted;
mod usage;
mod walking;

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use rmsight_specimen::{Client, LicenseBuilder, Pfile, PfileVersion, Server};
use serde_json::Value;
use tempfile::TempDir;

/// Returns a publishing license of an AD RMS cluster. It is cached, because signing is slow.
fn license() -> Vec<u8> {
    static LICENSE: LazyLock<Vec<u8>> =
        LazyLock::new(|| LicenseBuilder::client(&Server::contoso(), &Client::windows()).build());
    LICENSE.clone()
}

/// Returns a protected document with this license.
fn document(license: &[u8]) -> Vec<u8> {
    Pfile::new(PfileVersion::V2_1, license.to_vec()).build()
}

/// Creates a folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn command(folder: &Path) -> Command {
    let mut command = Command::cargo_bin("rmsight").unwrap();
    command
        .current_dir(folder)
        .env_remove("RMSIGHT_ESTATE")
        .env_remove("RMSIGHT_INVENTORY")
        .env_remove("RMSIGHT_DECISIONS");
    command
}

fn rmsight(folder: &Path, args: &[&str]) -> Assert {
    command(folder).args(args).assert()
}

fn stdout(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

fn stderr(assert: &Assert) -> String {
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

/// Returns text in which paths have slashes on all systems.
fn slashes(text: &str) -> String {
    if cfg!(windows) { text.replace('\\', "/") } else { text.to_owned() }
}

/// Returns the NDJSON records on standard output. Paths have slashes on all systems.
fn records(assert: &Assert) -> Vec<Value> {
    let record = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        if let Some(path) = record["path"].as_str() {
            record["path"] = slashes(path).into();
        }
        record
    };
    stdout(assert).lines().map(record).collect()
}

/// Returns the records of a scan, ordered by name, and its exit code.
fn scan(folder: &Path, args: &[&str]) -> (Vec<Value>, i32) {
    let args = [&["scan", "--format", "ndjson", "-j", "1"], args].concat();
    let done = rmsight(folder, &args);
    (records(&done), done.get_output().status.code().unwrap())
}
