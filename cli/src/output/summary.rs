//! The summary below text records: totals, keys, and what they mean.

use std::io::{self, Write};

use rmsight::{Estate, KeyStatus, modifiers};

use crate::authority_use::asks_nothing;
use crate::inventory::gaps::Gap;
use crate::output::estate_lines::{self, is_unknown};
use crate::output::format::{counted, thousands};
use crate::output::line::short_key;
use crate::output::terminal::escaped;
use crate::output::terms::NeedTerms;
use crate::stats::{Publishes, READ_ONLY_CHECKS, Stats, describe};

/// Writes the totals below `head`, which describes the action. `gaps` are those of the scans; those of
/// the findings are added.
pub(crate) fn write(
    head: &str,
    stats: &Stats,
    mut gaps: Vec<Gap>,
    estate: &Estate,
    out: &mut impl Write,
) -> io::Result<()> {
    gaps.extend(stats.doubts.gaps());
    if stats.findings() > 0 {
        writeln!(out)?;
    }
    writeln!(out, "{head}")?;
    needs(stats, NeedTerms::of(estate), out)?;
    keys(stats, out)?;
    read_only(stats, estate, out)?;
    errors(stats, out)?;
    gap_lines(&gaps, out)?;
    writeln!(out)?;
    meaning(stats, !gaps.is_empty(), estate, out)
}

fn needs(stats: &Stats, terms: NeedTerms, out: &mut impl Write) -> io::Result<()> {
    let needs = stats.needs;
    writeln!(out, "\nStill needs {}", terms.authority())?;
    writeln!(out, "  yes       {:>9}", thousands(needs.yes))?;
    write!(out, "  possible  {:>9}", thousands(needs.possible))?;
    match stats.undecided {
        0 => writeln!(out)?,
        undecided => writeln!(out, "  ({} undecided)", thousands(undecided))?,
    }
    let (no, unprotected) = (thousands(needs.no + stats.unprotected), thousands(stats.unprotected));
    writeln!(out, "  no        {no:>9}  ({unprotected} not rights-protected)")
}

fn keys(stats: &Stats, out: &mut impl Write) -> io::Result<()> {
    if stats.keys.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nServer licensor keys")?;
    writeln!(out, "  key            yes  possible        no  description")?;
    for (name, key) in &stats.keys {
        let needs = key.needs;
        writeln!(
            out,
            "  {:<8}  {:>8}  {:>8}  {:>8}  {}",
            short_key(name.strip_prefix("id:").unwrap_or(name)),
            thousands(needs.yes),
            thousands(needs.possible),
            thousands(needs.no),
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
                writeln!(out, "  {:>9}  {id}  {sentence}", thousands(count))?;
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

fn errors(stats: &Stats, out: &mut impl Write) -> io::Result<()> {
    if stats.errors.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nNot read, or not to the end")?;
    for (code, count) in &stats.errors {
        writeln!(out, "  {:>9}  {}", thousands(*count), escaped(code))?;
    }
    Ok(())
}

/// Writes the gaps as `check` names them.
fn gap_lines(gaps: &[Gap], out: &mut impl Write) -> io::Result<()> {
    if gaps.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nGaps: `rmsight check` does not say \"not needed\" while one is open")?;
    for gap in gaps {
        writeln!(out, "  {:<14}  {}", gap.name, escaped(&gap.text))?;
    }
    Ok(())
}

/// Writes which other servers files need. Without an estate file, no verdict is about those.
fn others(stats: &Stats, estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    let others = estate_lines::others(stats.keys.iter(), estate);
    if others.is_empty() {
        return Ok(());
    }
    writeln!(out, "Files need these servers, which this answer is not about:")?;
    others.iter().try_for_each(|server| writeln!(out, "  {}", escaped(server)))?;
    writeln!(
        out,
        "If one of them goes away, `rmsight estate init INVENTORY -o estate.toml` asks about it: \
         set `retiring = true`, and judge again with --estate estate.toml."
    )
}

fn meaning(stats: &Stats, has_gaps: bool, estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    let needs = stats.needs;
    let terms = NeedTerms::of(estate);
    let authority = terms.authority();
    if needs.yes > 0 {
        writeln!(
            out,
            "{} in what was searched can only be opened with a key that {authority} holds: {}.",
            counted(needs.yes, "finding"),
            terms.warning(),
        )?;
    }
    if needs.possible > 0 {
        writeln!(
            out,
            "{} may still need {authority}, and nothing here can rule it out.",
            counted(needs.possible, "finding"),
        )?;
    }
    if stats.is_empty() {
        writeln!(out, "No file was read, so this is no answer: is everything mounted?")?;
    } else if asks_nothing(estate) {
        writeln!(
            out,
            "No authority of the estate file is retiring and can open files, so the totals answer \
             nothing: set `retiring = true` for the one that goes away."
        )?;
    } else if needs.yes == 0 && needs.possible == 0 {
        let but = if has_gaps { ", but the gaps above leave that open" } else { "" };
        writeln!(out, "Nothing in what was searched needs {authority}{but}.")?;
        others(stats, estate, out)?;
    }
    unknown(stats, estate, out)?;
    if stats.undecided > 0 || !stats.errors.is_empty() {
        writeln!(
            out,
            "What was not read or decided counts as possible: `rmsight inspect FILE` says why."
        )?;
    }
    Ok(())
}

/// Writes lines for the estate file about the keys that it does not have.
fn unknown(stats: &Stats, estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    let unknown = stats.keys.iter().filter(|(name, key)| is_unknown(name, key, estate));
    let servers = estate_lines::servers(unknown, estate);
    if servers.is_empty() {
        return Ok(());
    }
    let lead = if estate.is_empty() {
        "Without an estate file no finding can be `yes`. These keys decide"
    } else {
        "The estate file does not have these keys"
    };
    writeln!(
        out,
        "{lead}: declare in estate.toml what became of each (`rmsight estate init` does it for an \
         inventory), and judge again with --estate estate.toml.\n"
    )?;
    servers.iter().try_for_each(|server| server.write(out))
}
