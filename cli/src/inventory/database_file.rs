//! Whether a file is a database, and what it is otherwise.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use crate::exit::{Failure, Result};
use crate::fs::text::{self, Marks};

/// Number of bytes that are looked at.
const HEAD: u64 = 4096;

/// Returns whether the file is an SQLite database, by its header (SQLite file format 1.3.1).
pub(crate) fn is_database(file: &Path) -> bool {
    let mut magic = [0; 16];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut magic));
    read.is_ok() && magic == *b"SQLite format 3\0"
}

/// Fails with the kind of a file that is not a database, and with the command that reads it.
pub(super) fn check_database(file: &Path) -> Result<()> {
    // A file that does not exist can be created. SQLite reports a file that cannot be read.
    let Ok(found) = file.metadata() else { return Ok(()) };
    let is_folder = found.is_dir();
    // Windows does not open folders as files.
    if is_database(file) || (!is_folder && File::open(file).is_err()) {
        return Ok(());
    }
    let name = file.display();
    let why = match is_folder {
        true => "it is a folder".to_owned(),
        false => kind(file),
    };
    Err(Failure::message(format_args!("{name}: {why}")))
}

fn kind(file: &Path) -> String {
    let name = file.display();
    let mut head = Vec::new();
    let read =
        text::open(file, Marks::Optional).and_then(|text| text.take(HEAD).read_to_end(&mut head));
    if read.is_err() {
        return "it is not an inventory".to_owned();
    }
    let text = String::from_utf8_lossy(&head);
    let text = text.trim_start();
    let first = text.lines().next().unwrap_or_default();
    let is_record = |text: &str| text.contains("need") && text.contains("path");
    if text.is_empty() {
        "it is empty, and not an inventory: `rmsight scan DIR -i FILE` makes one".to_owned()
    } else if text.starts_with('{') && is_record(first) {
        format!(
            "it is NDJSON, and not an inventory: judge it with `rmsight judge {name} --estate \
             estate.toml`. `rmsight scan DIR -i estate.db` makes an inventory, which the other \
             commands read"
        )
    } else if is_record(first) && first.contains([',', ';']) {
        "it is CSV, and not an inventory: name the inventory that it was exported from. Records \
         without an inventory are judged as NDJSON (`rmsight scan --format ndjson`, then `rmsight \
         judge`)"
            .to_owned()
    } else if text.contains("[[authority]]") {
        format!("it is an estate file, and not an inventory: give it with `--estate {name}`")
    } else {
        "it is not an inventory, nor any other database: `rmsight scan DIR -i FILE` makes one"
            .to_owned()
    }
}
