//! The estate file: loading it, its mistakes, and which verdicts come from it.

use std::fs;
use std::io::{self, BufRead};
use std::path::Path;

use rmsight::{Estate, EstateMistake};

use crate::exit::{self, Failure, Result, opening};
use crate::fs::text::{self, Marks};
use crate::inventory::is_database;
use crate::output::format::{argument, counted};

/// Loads an estate file. Without a file the estate is empty.
pub(crate) fn load(file: Option<&Path>) -> Result<Estate> {
    let Some(file) = file else { return Ok(Estate::default()) };
    if is_database(file) {
        let name = argument(&file.display().to_string());
        return Err(Failure::message(format_args!(
            "{name}: it is an inventory, and not an estate file: `rmsight estate init {name} -o \
             estate.toml` makes one from it"
        )));
    }
    let bytes = fs::read(file).map_err(|error| {
        let advice = "`rmsight estate init estate.db -o estate.toml` makes one from an inventory";
        opening(file, &error, "estate file", advice)
    })?;
    parse(file, &bytes)
}

/// Returns the lines of an estate file that begin an authority, from 1, in the order of the file.
pub(crate) fn authority_lines(file: &Path) -> Vec<usize> {
    let lines = text::open(file, Marks::Optional).into_iter().flat_map(BufRead::lines);
    let is_head = |line: &String| {
        let line = line.split('#').next().unwrap_or_default();
        line.chars().filter(|char| !char.is_whitespace()).eq("[[authority]]".chars())
    };
    let lines = lines.map_while(io::Result::ok).zip(1..);
    lines.filter(|(line, _)| is_head(line)).map(|(_, number)| number).collect()
}

/// Parses the text of an estate file, and prints its mistakes.
pub(crate) fn parse(file: &Path, bytes: &[u8]) -> Result<Estate> {
    Estate::from_toml(bytes).map_err(|error| {
        warn_of(file, error.mistakes());
        Failure::message(format_args!("{}: it has {}", file.display(), wrong(error.mistakes())))
    })
}

fn warn_of(file: &Path, mistakes: &[EstateMistake]) {
    for mistake in mistakes {
        exit::warn(format_args!("{}: {mistake}", file.display()));
    }
}

fn wrong(mistakes: &[EstateMistake]) -> String {
    counted(mistakes.len().try_into().unwrap_or(u64::MAX), "mistake")
}

/// Fails if the estate does not have an authority of this name.
pub(crate) fn known_authority(name: &str, estate: &Estate) -> Result<()> {
    if estate.digest().is_none() {
        return Err(Failure::message(format_args!(
            "--authority {name:?} needs the estate file that declares it: --estate FILE"
        )));
    }
    if estate.authorities().iter().any(|authority| authority.name == name) {
        return Ok(());
    }
    let names: Vec<&str> =
        estate.authorities().iter().map(|authority| authority.name.as_str()).collect();
    Err(Failure::message(format_args!(
        "the estate file has no authority {name:?}; it has: {}",
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    )))
}

/// Returns a line about the estate that verdicts were made with.
pub(crate) fn judged_with(file: Option<&Path>, estate: &Estate) -> String {
    match (file, estate.digest()) {
        (Some(file), Some(digest)) => {
            format!("Judged with {}, SHA-256 {digest}.", file.display())
        }
        _ => "Judged without an estate file: no finding can be `yes`, and the owner of a key is a guess."
            .to_owned(),
    }
}
