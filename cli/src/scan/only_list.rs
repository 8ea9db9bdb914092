//! The list of `--only`: the files that an export has listed.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;

use crate::exit::{Failure, Result, opening};
use crate::fs::text::{self, Marks};

/// Names of the column that has the path, in the lists of an export.
const COLUMNS: [&str; 2] = ["path", "file"];

/// The lists that `rmsight export` wrote.
#[derive(Debug, Default)]
pub(super) struct OnlyList {
    /// Each path once.
    pub(super) paths: BTreeSet<OsString>,
}

impl OnlyList {
    /// Reads lists: each is CSV with a column `Path` or `File`, NDJSON, or paths with NUL bytes.
    ///
    /// # Errors
    /// Fails if a list cannot be read, or is in none of these forms.
    pub(super) fn read(files: &[PathBuf]) -> Result<OnlyList> {
        let mut all = OnlyList::default();
        for file in files {
            all.add(file)?;
        }
        Ok(all)
    }

    fn add(&mut self, file: &Path) -> Result<()> {
        let failed = |why: String| Failure::message(format_args!("{}: {why}", file.display()));
        let mut bytes = Vec::new();
        // Paths of --paths0 contain zeros.
        text::open(file, Marks::Required)
            .and_then(|mut list| list.read_to_end(&mut bytes))
            .map_err(|error| opening(file, &error, "list", "`rmsight export` writes one"))?;
        self.paths.append(&mut parse(&bytes).map_err(failed)?);
        Ok(())
    }
}

fn parse(bytes: &[u8]) -> std::result::Result<BTreeSet<OsString>, String> {
    if bytes.contains(&0) {
        let names = bytes.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        return names.map(|name| native(name.to_vec())).collect();
    }
    let text =
        std::str::from_utf8(bytes).map_err(|_| "it is neither UTF-8 nor UTF-16".to_owned())?;
    let text = text.trim_start_matches('\u{feff}');
    if text.starts_with('{') { json(text) } else { table(text) }
}

fn json(text: &str) -> std::result::Result<BTreeSet<OsString>, String> {
    let mut paths = BTreeSet::new();
    for (line, number) in text.lines().zip(1_u64..) {
        if line.trim().is_empty() {
            continue;
        }
        let row: Json =
            serde_json::from_str(line).map_err(|error| format!("line {number}: {error}"))?;
        let Some(path) = row.get("path").and_then(Json::as_str) else {
            return Err(format!("line {number}: it has no path"));
        };
        let raw = row.get("path_raw").and_then(Json::as_str).filter(|_| cfg!(not(windows)));
        paths.insert(match raw.and_then(|raw| STANDARD.decode(raw).ok()) {
            Some(raw) => native(raw)?,
            None => path.into(),
        });
    }
    Ok(paths)
}

fn table(text: &str) -> std::result::Result<BTreeSet<OsString>, String> {
    let header = text.lines().next().unwrap_or_default();
    let delimiter = if header.contains(';') && !header.contains(',') { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(text.as_bytes());
    let header = reader.headers().map_err(|error| error.to_string())?;
    let is_path = |name: &str| COLUMNS.iter().any(|column| name.eq_ignore_ascii_case(column));
    let Some(place) = header.iter().position(is_path) else {
        return Err(
            "line 1: it needs a column Path or File, as `rmsight export` writes it".to_owned()
        );
    };
    let mut paths = BTreeSet::new();
    for row in reader.records() {
        let row = row.map_err(|error| error.to_string())?;
        paths.extend(row.get(place).filter(|path| !path.is_empty()).map(OsString::from));
    }
    Ok(paths)
}

#[cfg(unix)]
fn native(path: Vec<u8>) -> std::result::Result<OsString, String> {
    use std::os::unix::ffi::OsStringExt as _;
    Ok(OsString::from_vec(path))
}

#[cfg(not(unix))]
fn native(path: Vec<u8>) -> std::result::Result<OsString, String> {
    String::from_utf8(path).map(Into::into).map_err(|_| "a path is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_all_forms_have_their_paths() {
        for text in [
            "Path,Owner\r\n/a b,ada\r\n\"/c,d\",bob\r\n/a b,eve\r\n",
            "\u{feff}Owner;File\nada;/a b\nbob;/c,d\n",
            "schema,path\n1,/a b\n1,\"/c,d\"\n",
            "{\"path\":\"/a b\"}\n\n{\"path\":\"/c,d\",\"path_raw\":null}\n",
            "/a b\0/c,d\0",
        ] {
            let paths: Vec<OsString> = parse(text.as_bytes()).unwrap().into_iter().collect();
            assert_eq!(paths, ["/a b", "/c,d"], "{text}");
        }
        for text in ["", "Owner,Key\nada,1\n", "{\"owner\":\"ada\"}", "{"] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
