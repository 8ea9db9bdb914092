//! The summary below text records: totals, keys, and what they mean.

use std::io::{self, Write};

use rmsight::{Estate, KeyStatus, modifiers};

use crate::output::format::counted;
use crate::output::line::short_key;
use crate::output::terminal::escaped;
use crate::stats::{KeyStats, Publishes, READ_ONLY_CHECKS, Stats};

/// Writes the totals below `head`, which describes the action.
pub(crate) fn write(
    head: &str,
    stats: &Stats,
    estate: &Estate,
    out: &mut impl Write,
) -> io::Result<()> {
    if stats.findings() > 0 {
        writeln!(out)?;
    }
    writeln!(out, "{head}")?;
    needs(stats, out)?;
    keys(stats, out)?;
    read_only(stats, estate, out)?;
    errors(stats, out)?;
    writeln!(out)?;
    meaning(stats, estate, out)
}

fn needs(stats: &Stats, out: &mut impl Write) -> io::Result<()> {
    let needs = stats.needs;
    writeln!(out, "\nStill needs an AD RMS cluster")?;
    writeln!(out, "  yes       {:>9}", needs.yes)?;
    write!(out, "  possible  {:>9}", needs.possible)?;
    match stats.undecided {
        0 => writeln!(out)?,
        undecided => writeln!(out, "  ({undecided} undecided)")?,
    }
    let no = needs.no + stats.unprotected;
    writeln!(out, "  no        {no:>9}  ({} not rights-protected)", stats.unprotected)
}

fn keys(stats: &Stats, out: &mut impl Write) -> io::Result<()> {
    if stats.keys.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nServer licensor keys")?;
    writeln!(out, "  key            yes  possible        no  who")?;
    for (name, key) in &stats.keys {
        let needs = key.needs;
        writeln!(
            out,
            "  {:<8}  {:>8}  {:>8}  {:>8}  {}",
            short_key(name.strip_prefix("id:").unwrap_or(name)),
            needs.yes,
            needs.possible,
            needs.no,
            escaped(&describe(key)),
        )?;
    }
    Ok(())
}

/// Writes the checks of keys that are declared read-only, and when the last right to publish
/// offline ends.
fn read_only(stats: &Stats, estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    for authority in estate.authorities() {
        for declared in authority.keys.iter().filter(|key| key.status == KeyStatus::ReadOnly) {
            let Some(name) = &declared.key else { continue };
            let Some(key) = stats.keys.get(name) else { continue };
            let since = declared.since.map_or_else(String::new, |since| since.to_string());
            let owner = escaped(&authority.name);
            writeln!(out, "\nRead-only since {since}: {} of {owner}", short_key(name))?;
            for (id, count) in READ_ONLY_CHECKS.iter().zip(key.checks) {
                let modifier = modifiers().find(|modifier| modifier.id() == *id);
                let sentence = modifier.map_or("", |modifier| modifier.sentence());
                writeln!(out, "  {count:>9}  {id}  {sentence}")?;
            }
            let publishes = key.publishes;
            if let Some(until) = publishes.proven {
                writeln!(
                    out,
                    "  The last right to publish of any client certificate seen ends at {until}."
                )?;
            }
            if let Some(until) = publishes.only_claimed() {
                writeln!(
                    out,
                    "  Client certificates whose signatures were not checked, or lead nowhere, \
                     claim a right until {until}: scan with --verify to know which are genuine."
                )?;
            }
            if publishes == Publishes::default() {
                writeln!(out, "  No client certificate was seen.")?;
            }
        }
    }
    Ok(())
}

/// Describes a key in one line, as files name it.
pub(crate) fn describe(key: &KeyStats) -> String {
    let said = key.said();
    let authority = said.authority.as_ref().map(|name| format!("{name:?}"));
    let bits = said.bits.map(|bits| format!("{bits} bits"));
    let id = said.id.as_ref().map(|id| format!("id {id}"));
    let parts = [authority, said.name, said.address, bits, id];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    parts.join(", ")
}

/// Writes the lines of a key for an estate file.
pub(crate) fn declaration(name: &str, key: &KeyStats, out: &mut impl Write) -> io::Result<()> {
    let findings = counted(key.needs.all(), "finding");
    writeln!(out, "  [[authority.key]]    # {findings}: {}", escaped(&describe(key)))?;
    if name.starts_with("sha256:") {
        writeln!(out, "  slc_key = \"{}\"", escaped(name))?;
    }
    // An id that is not a GUID may contain any characters, including quotation marks.
    let is_id = |id: &&String| id.chars().all(|char| char.is_ascii_hexdigit() || char == '-');
    if let Some(id) = key.said().id.as_ref().filter(is_id) {
        writeln!(out, "  slc_id = \"{id}\"")?;
    }
    writeln!(out, "  status = \"\"    # active, read-only, imported, lost or foreign\n")
}

fn errors(stats: &Stats, out: &mut impl Write) -> io::Result<()> {
    if stats.errors.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nNot read, or not to the end")?;
    for (code, count) in &stats.errors {
        writeln!(out, "  {count:>9}  {}", escaped(code))?;
    }
    Ok(())
}

fn meaning(stats: &Stats, estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    let needs = stats.needs;
    if needs.yes > 0 {
        writeln!(
            out,
            "{} in what was searched can only be opened with a key that an AD RMS cluster holds: \
             do not switch it off yet.",
            counted(needs.yes, "finding"),
        )?;
    }
    if needs.possible > 0 {
        writeln!(
            out,
            "{} may still need an AD RMS cluster, and nothing here can rule it out.",
            counted(needs.possible, "finding"),
        )?;
    }
    if stats.is_empty() {
        writeln!(out, "No file was read, so this is no answer: is everything mounted?")?;
    } else if needs.yes == 0 && needs.possible == 0 {
        writeln!(out, "Nothing in what was searched needs an AD RMS cluster.")?;
    }
    let unknown: Vec<(&String, &KeyStats)> =
        stats.keys.iter().filter(|(_, key)| !key.is_declared && key.needs.possible > 0).collect();
    if !unknown.is_empty() {
        let lead = if estate.is_empty() {
            "Without an estate file no finding can be `yes`. These keys decide"
        } else {
            "The estate file does not have these keys"
        };
        writeln!(
            out,
            "{lead}: declare in estate.toml, below the [[authority]] that each belongs to, what \
             became of it, and judge again with --estate estate.toml.\n"
        )?;
        for (name, key) in unknown {
            declaration(name, key, out)?;
        }
    }
    if stats.undecided > 0 || !stats.errors.is_empty() {
        writeln!(
            out,
            "What was not read or decided counts as possible: `rmsight inspect FILE` says why."
        )?;
    }
    Ok(())
}
