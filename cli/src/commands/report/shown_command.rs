//! Commands that a reader of the report can copy: they have the names of the files of this report.

use std::path::{Path, PathBuf};

use crate::output::format::argument;

/// The files of the report, as the user named them.
#[derive(Debug, Clone)]
pub(super) struct ShownCommands {
    inventories: Vec<String>,
    estate: Option<String>,
}

impl ShownCommands {
    pub(super) fn new(inventories: &[PathBuf], estate: Option<&Path>) -> ShownCommands {
        let quoted = |file: &Path| argument(&file.display().to_string());
        ShownCommands {
            inventories: inventories.iter().map(|file| quoted(file)).collect(),
            estate: estate.map(quoted),
        }
    }

    /// Returns the estate file, or a name for the one to write.
    pub(super) fn estate(&self) -> &str {
        self.estate.as_deref().unwrap_or("estate.toml")
    }

    /// Returns a command that reads all inventories with the estate file.
    pub(super) fn on_inventories(&self, command: &str, options: &str) -> String {
        let estate = self.estate.as_ref();
        let estate = estate.map_or_else(String::new, |file| format!(" --estate {file}"));
        let options = if options.is_empty() { String::new() } else { format!(" {options}") };
        format!("rmsight {command} {}{estate}{options}", self.inventories.join(" "))
    }

    /// Returns a scan into the inventory, or into the first of several.
    pub(super) fn scan(&self, options: &str) -> String {
        let inventory = self.inventories.first().map_or("estate.db", String::as_str);
        format!("rmsight scan -i {inventory} {options}")
    }

    /// Returns the command that lists what the estate file leaves open.
    pub(super) fn estate_check(&self) -> String {
        format!("rmsight estate check {} {}", self.estate(), self.inventories.join(" "))
    }

    /// Returns the command that writes an estate file.
    pub(super) fn estate_init(&self) -> String {
        format!("rmsight estate init {} -o estate.toml", self.inventories.join(" "))
    }
}
