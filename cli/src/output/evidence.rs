//! What an answer was made from: digests of the inputs, versions, and the options in force. The same
//! evidence gives the same answer.

use std::path::{Path, PathBuf};

use rmsight::{Estate, READER_VERSION, RULES_VERSION, Timestamp};
use serde_json::{Value, json};

use crate::exit::Result;
use crate::inventory::query::Inventories;

/// An inventory and its digest.
#[derive(Debug, Clone)]
pub(crate) struct InventoryEvidence {
    /// The file, as it was named.
    pub(crate) file: String,
    /// The SHA-256 of the logical rows.
    pub(crate) digest: String,
    /// How its scans read files: version of the reader and options, each different one once.
    pub(crate) readings: Vec<String>,
}

/// The evidence of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) as_of: Timestamp,
    pub(crate) inventories: Vec<InventoryEvidence>,
    /// Earlier inventories, for a comparison.
    pub(crate) earlier: Vec<InventoryEvidence>,
    /// The estate file and its SHA-256.
    pub(crate) estate: Option<(PathBuf, String)>,
    /// The decisions file and its SHA-256.
    pub(crate) decisions: Option<(PathBuf, String)>,
    /// Options and mappings in force, each with its value.
    pub(crate) options: Vec<(String, String)>,
}

impl Evidence {
    /// Returns the evidence of inventories that are judged with an estate. The options include the
    /// mappings of paths in the inventories.
    pub(crate) fn of(
        inventories: &Inventories,
        estate_file: Option<&Path>,
        estate: &Estate,
        as_of: Timestamp,
    ) -> Result<Evidence> {
        let estate_digest = estate.digest().map(str::to_owned);
        let mappings = inventories.translation()?.words();
        Ok(Evidence {
            as_of,
            inventories: of_all(inventories)?,
            earlier: Vec::new(),
            estate: estate_file.map(Path::to_owned).zip(estate_digest),
            decisions: None,
            options: mappings.into_iter().map(|map| ("--map".to_owned(), map)).collect(),
        })
    }

    pub(crate) fn add_options(&mut self, options: Vec<(&'static str, String)>) {
        self.options.extend(options.into_iter().map(|(name, value)| (name.to_owned(), value)));
    }

    /// Returns the evidence as rows of a name and a value, for people.
    pub(crate) fn rows(&self) -> Vec<(String, String)> {
        let mut rows = vec![("As of".to_owned(), self.as_of.to_string())];
        let mut digests = |name: &str, all: &[InventoryEvidence]| {
            for one in all {
                rows.push((format!("{name} {}", one.file), format!("SHA-256 {}", one.digest)));
                let read =
                    one.readings.iter().map(|text| (format!("{name}, read by"), short(text)));
                rows.extend(read);
            }
        };
        digests("Inventory", &self.inventories);
        digests("Earlier inventory", &self.earlier);
        for (name, file) in [("Estate file", &self.estate), ("Decisions", &self.decisions)] {
            rows.push(match file {
                Some((file, digest)) => {
                    (format!("{name} {}", file.display()), format!("SHA-256 {digest}"))
                }
                None => (name.to_owned(), "none".to_owned()),
            });
        }
        rows.push((
            "Program".to_owned(),
            format!(
                "rmsight {}, rules {RULES_VERSION}, reader {READER_VERSION}",
                env!("CARGO_PKG_VERSION")
            ),
        ));
        let options = self
            .options
            .iter()
            .map(|(name, value)| format!("{name} {value}").trim_end().to_owned());
        let options: Vec<String> = options.collect();
        let options = if options.is_empty() { "none".to_owned() } else { options.join("; ") };
        rows.push(("Options".to_owned(), options));
        rows
    }

    pub(crate) fn json(&self) -> Value {
        let inventories = |all: &[InventoryEvidence]| -> Vec<Value> {
            let all = all.iter().map(
                |one| json!({ "file": one.file, "sha256": one.digest, "readings": one.readings }),
            );
            all.collect()
        };
        let file = |file: &Option<(PathBuf, String)>| {
            file.as_ref().map(
                |(file, digest)| json!({ "file": file.display().to_string(), "sha256": digest }),
            )
        };
        let options = self.options.iter();
        json!({
            "inventories": inventories(&self.inventories),
            "earlier_inventories": inventories(&self.earlier),
            "estate": file(&self.estate),
            "decisions": file(&self.decisions),
            "program": env!("CARGO_PKG_VERSION"),
            "rules": RULES_VERSION,
            "reader": READER_VERSION,
            "options": options
                .map(|(name, value)| json!({ "name": name, "value": value }))
                .collect::<Vec<_>>(),
        })
    }
}

/// Returns a reading without its limits, which the digest of the inventory covers.
fn short(reading: &str) -> String {
    let is_limit = |word: &&str| {
        let value = word.split_once('=').map(|(_, value)| value);
        value.is_some_and(|value| value.starts_with(|char: char| char.is_ascii_digit()))
    };
    let words: Vec<&str> = reading.split(' ').filter(|word| !is_limit(word)).collect();
    words.join(" ")
}

/// Returns the evidence of each inventory.
pub(crate) fn of_all(inventories: &Inventories) -> Result<Vec<InventoryEvidence>> {
    let mut all = Vec::new();
    for (file, inventory) in &inventories.all {
        let scans = inventory.scans()?;
        let mut readings: Vec<String> = scans
            .iter()
            .map(|scan| format!("reader {}, options {}", scan.reader, scan.options))
            .collect();
        readings.sort_unstable();
        readings.dedup();
        all.push(InventoryEvidence {
            file: file.display().to_string(),
            digest: inventory.digest()?,
            readings,
        });
    }
    Ok(all)
}
