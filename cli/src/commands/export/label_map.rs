//! `--label-map`: which label a file gets for the template or label that it has.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use rmsight::LicenseFacts;

use crate::exit::{Failure, Result, opening};
use crate::fs::text::{self, Marks};

/// New labels by old templates and labels, from a CSV file with the columns `old` and `new`.
#[derive(Debug)]
pub(super) struct LabelMap {
    file: PathBuf,
    entries: BTreeMap<String, LabelEntry>,
}

#[derive(Debug)]
struct LabelEntry {
    /// The old name as the file has it.
    old: String,
    new: String,
    line: u64,
    is_used: bool,
}

/// The old name that stands for all others.
const REST: &str = "*";

impl LabelMap {
    /// Reads the file.
    ///
    /// # Errors
    /// Fails if the file is not CSV with the columns `old` and `new`, if a new label is not a GUID,
    /// or if two lines have the same old name and different labels.
    pub(super) fn read(file: &Path) -> Result<LabelMap> {
        let failed = |why: String| Failure::message(format_args!("{}: {why}", file.display()));
        let mut bytes = Vec::new();
        text::open(file, Marks::Optional).and_then(|mut map| map.read_to_end(&mut bytes)).map_err(
            |error| opening(file, &error, "label map", "it is CSV with the columns old,new"),
        )?;
        let text = String::from_utf8(bytes)
            .map_err(|_| failed("it is neither UTF-8 nor UTF-16".to_owned()))?;
        LabelMap::parse(file, &text).map_err(failed)
    }

    fn parse(file: &Path, text: &str) -> std::result::Result<LabelMap, String> {
        let header = text.lines().next().unwrap_or_default();
        // Spreadsheets of many countries write semicolons.
        let delimiter = if header.contains(';') && !header.contains(',') { b';' } else { b',' };
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| error.to_string())?.clone();
        let place = |name: &str| header.iter().position(|one| one.eq_ignore_ascii_case(name));
        let (Some(old_place), Some(new_place)) = (place("old"), place("new")) else {
            return Err("line 1: it needs the columns old and new".to_owned());
        };
        let mut entries: BTreeMap<String, LabelEntry> = BTreeMap::new();
        for row in reader.records() {
            let row = row.map_err(|error| error.to_string())?;
            let line = row.position().map_or(0, csv::Position::line);
            let written = row.get(old_place).unwrap_or_default();
            let old = normal(written);
            let new = normal(row.get(new_place).unwrap_or_default());
            if old.is_empty() && new.is_empty() {
                continue;
            }
            if old.is_empty() || !is_guid(&new) {
                return Err(format!(
                    "line {line}: old is the id or name of a template or label, or `*` for all \
                     others, and new the id of a label (a GUID)"
                ));
            }
            match entries.get(&old) {
                Some(first) if first.new != new => {
                    let first = first.line;
                    return Err(format!(
                        "line {line}: line {first} has another label for {written:?}"
                    ));
                }
                Some(_) => {}
                None => {
                    let written = written.to_owned();
                    let entry = LabelEntry { old: written, new, line, is_used: false };
                    entries.insert(old, entry);
                }
            }
        }
        Ok(LabelMap { file: file.to_owned(), entries })
    }

    /// Returns the new label of a file: by its label, its template's id or its template's name.
    pub(super) fn label(&mut self, label: Option<&str>, license: &LicenseFacts) -> Option<&str> {
        let (id, name) = (license.descriptor_id.as_deref(), license.descriptor_name.as_deref());
        let olds = [label, id, name].into_iter().flatten().map(normal).chain([REST.to_owned()]);
        let old = olds.into_iter().find(|old| self.entries.contains_key(old))?;
        let entry = self.entries.get_mut(&old)?;
        entry.is_used = true;
        Some(&entry.new)
    }

    /// Returns messages about lines that no finding used.
    pub(super) fn unused(&self) -> Vec<String> {
        let unused = self.entries.values().filter(|entry| !entry.is_used);
        let file = self.file.display();
        unused
            .map(|entry| {
                let LabelEntry { old, line, .. } = entry;
                format!("{file}: line {line}: no file of the list has {old:?}")
            })
            .collect()
    }

    /// Fails if no line was used.
    pub(super) fn require_use(&self) -> Result<()> {
        if self.entries.values().any(|entry| entry.is_used) {
            return Ok(());
        }
        Err(Failure::message(format_args!(
            "{}: no line has the template or label of a selected file, so nothing was written: \
             `rmsight export INVENTORY --columns descriptor_id,descriptor_name,label_id,path` shows \
             what they have",
            self.file.display()
        )))
    }
}

/// Returns a name in lower case, and a GUID without braces.
fn normal(text: &str) -> String {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    inner.filter(|text| is_guid(text)).unwrap_or(text).trim().to_lowercase()
}

fn is_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.chars().all(|char| char.is_ascii_hexdigit() || char == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41";
    const NEW: &str = "d9f23ae3-4321-4321-4321-f515f824c57b";

    fn parse(text: &str) -> std::result::Result<LabelMap, String> {
        LabelMap::parse(Path::new("map.csv"), text)
    }

    #[test]
    fn a_file_gets_the_label_of_its_template() {
        let upper = ID.to_uppercase();
        let text = format!("Old;New\n{{{upper}}};{{{NEW}}}\nSecret ;{ID}\nother;{ID}\n");
        let mut map = parse(&text).unwrap();
        let license = |id: &str, name: &str| {
            let mut license = LicenseFacts::default();
            license.descriptor_id = Some(id.to_owned());
            license.descriptor_name = Some(name.to_owned());
            license
        };
        assert_eq!(map.label(None, &license(ID, "x")), Some(NEW));
        assert_eq!(map.label(None, &license("x", "SECRET")), Some(ID));
        assert_eq!(map.label(Some(ID), &license("x", "SECRET")), Some(NEW));
        assert_eq!(map.label(None, &license("x", "y")), None);
        assert_eq!(map.unused(), ["map.csv: line 4: no file of the list has \"other\""]);
        let mut map = parse(&format!("old,new\n*,{NEW}\n")).unwrap();
        assert_eq!(map.label(None, &license("x", "y")), Some(NEW));
    }

    #[test]
    fn mistakes_are_reported_with_their_line() {
        for (text, said) in [
            ("", "line 1: it needs the columns old and new"),
            ("a,b\n", "line 1"),
            ("old,new\nSecret,Public\n", "line 2: old is"),
            (&format!("old,new\n,{NEW}\n"), "line 2: old is"),
            (&format!("old,new\na,{NEW}\nA,{ID}\n"), "line 3: line 2 has another label"),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.contains(said), "{text}: {wrong}");
        }
    }
}
