//! The file of `--log`: one line for each event of a scan.
//!
//! A line is `TIME RUN EVENT NAME=VALUE …`. The time is in UTC as in RFC 3339, and all lines of one
//! scan have the same run. A value with other characters than letters, digits and `-._/:+` is a
//! string of JSON.

use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::exit::{Failure, Result, warn};

/// A log, to which lines are added.
#[derive(Debug)]
pub(super) struct ScanLog {
    path: PathBuf,
    file: Mutex<File>,
    /// Distinguishes the scans in one log.
    run: String,
    has_failed: AtomicBool,
}

impl ScanLog {
    /// Opens the log, or creates it.
    ///
    /// # Errors
    /// Fails if the file cannot be opened for writing.
    pub(super) fn open(path: &Path) -> Result<ScanLog> {
        let file = OpenOptions::new().append(true).create(true).open(path);
        let file = file.map_err(|error| failed(path, &error))?;
        // The keys of the hash are random.
        let run = RandomState::new().hash_one(std::process::id());
        let run = format!("{run:016x}").chars().take(8).collect();
        let has_failed = AtomicBool::new(false);
        Ok(ScanLog { path: path.to_owned(), file: Mutex::new(file), run, has_failed })
    }

    /// Writes a line. Values that are `None` are left out. The first failure is a warning.
    pub(super) fn write(&self, event: &str, values: &[(&str, Option<&str>)]) {
        let time = DateTime::<Utc>::from(SystemTime::now());
        let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut line = format!("{time} {} {event}", self.run);
        for (name, value) in values {
            if let Some(value) = value {
                line += &format!(" {name}={}", shown(value));
            }
        }
        line.push('\n');
        let mut file = self.file.lock().unwrap_or_else(|error| error.into_inner());
        // One write for each line, so that lines of two scans are not mixed.
        if let Err(error) = file.write_all(line.as_bytes())
            && !self.has_failed.swap(true, Ordering::Relaxed)
        {
            let path = self.path.display();
            warn(format_args!("{path}: the log is not complete: {error}"));
        }
    }

    /// Returns whether a line could not be written.
    pub(super) fn has_failed(&self) -> bool {
        self.has_failed.load(Ordering::Relaxed)
    }
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    Failure::message(format_args!("{}: {error}", path.display()))
}

/// Returns a value as it is, or as a string of JSON if other characters than those of plain values
/// are in it.
fn shown(value: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "-._/:+".contains(char);
    match !value.is_empty() && value.chars().all(is_plain) {
        true => value.to_owned(),
        false => serde_json::Value::from(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn a_value_cannot_add_lines_or_values() {
        assert_eq!(shown("/mnt/share/a.docx"), "/mnt/share/a.docx");
        assert_eq!(shown("2026-12-01T06:00:00Z"), "2026-12-01T06:00:00Z");
        assert_eq!(shown(""), "\"\"");
        assert_eq!(shown("a b"), "\"a b\"");
        assert_eq!(shown("a\nb=c"), "\"a\\nb=c\"");
        assert_eq!(shown("C:\\a"), "\"C:\\\\a\"");
    }
}
