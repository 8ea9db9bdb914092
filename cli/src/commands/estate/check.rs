//! `rmsight estate check`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rmsight::{Authority, AuthorityKey, Estate, HostRole, KeyStatus, Retiring};

use super::contradictions::{self, Contradiction};
use crate::authority_file::{authority_lines, load};
use crate::exit::{Failure, Outcome, Result};
use crate::inventory::scope::now;
use crate::output::format::{counted, settling};
use crate::output::stdout::Stdout;
use crate::output::terminal::escaped;

/// Prints what an estate file declares, its open questions, and its contradictions with inventories.
pub(super) fn check(file: &Path, inventories: &[PathBuf]) -> Result<Outcome> {
    let estate = load(Some(file))?;
    let contradictions = contradictions::of(&estate, inventories)?;
    let (missing, contradicted): (Vec<&Contradiction>, Vec<&Contradiction>) =
        contradictions.iter().partition(|one| one.is_missing);
    let mut keys = estate.authorities().iter().flat_map(|authority| &authority.keys);
    let is_consistent = contradictions.is_empty() && !keys.any(is_later);
    let mut out = Stdout::lock();
    overview(&estate, &mut out)
        .and_then(|()| read_only(&estate, file, inventories, &mut out))
        .and_then(|()| listed("Contradicted by the inventory", &contradicted, &mut out))
        .and_then(|()| listed("Missing from the estate file", &missing, &mut out))
        .and_then(|()| questions(&estate, file, is_consistent, &mut out))
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing(&error))?;
    let is_answered = !estate.is_empty() && estate.open_questions().is_empty();
    Ok(Outcome::of(is_answered && is_consistent))
}

fn overview(estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    for authority in estate.authorities() {
        let tenant =
            authority.tenant.as_ref().map_or_else(String::new, |id| format!(", tenant {id}"));
        let name = escaped(&authority.name);
        writeln!(out, "{name} ({}{tenant}, {})", authority.kind, retiring(authority))?;
        for host in &authority.hosts {
            let role = if host.role == HostRole::Connector { "  (connector)" } else { "" };
            writeln!(out, "  host  {}{role}", escaped(&host.name))?;
        }
        for key in &authority.keys {
            let name = key.key.as_ref().or(key.id.as_ref()).map_or("", String::as_str);
            let since = key.since.map_or_else(String::new, |since| format!(" since {since}"));
            let status = match key.status {
                KeyStatus::Open => "open question",
                status => status.as_str(),
            };
            writeln!(out, "  key   {}  {status}{since}", escaped(name))?;
            if is_later(key) {
                writeln!(
                    out,
                    "        The date is in the future: correct it, or leave the key `active` until then."
                )?;
            }
        }
    }
    Ok(())
}

/// Returns whether a key is declared read-only from a later time on.
fn is_later(key: &AuthorityKey) -> bool {
    key.since.is_some_and(|since| since > now())
}

/// Writes where the checks of the read-only mode are, if the estate has such keys.
fn read_only(
    estate: &Estate,
    file: &Path,
    inventories: &[PathBuf],
    out: &mut impl Write,
) -> io::Result<()> {
    let keys = estate.authorities().iter().flat_map(|authority| &authority.keys);
    let count = keys.filter(|key| key.status == KeyStatus::ReadOnly).count();
    if count == 0 {
        return Ok(());
    }
    let keys = counted(count.try_into().unwrap_or(u64::MAX), "read-only key");
    let names: Vec<String> = inventories.iter().map(|file| file.display().to_string()).collect();
    let names = if names.is_empty() { "INVENTORY".to_owned() } else { names.join(" ") };
    let file = file.display().to_string();
    writeln!(
        out,
        "\n{keys}: `rmsight report {} --estate {}` lists who still publishes, and the checks of the \
         read-only mode.",
        escaped(&names),
        escaped(&file)
    )
}

fn retiring(authority: &Authority) -> &'static str {
    match authority.retiring {
        Retiring::Yes => "retiring",
        Retiring::No => "stays",
        _ => "retiring or not: open question",
    }
}

fn listed(title: &str, all: &[&Contradiction], out: &mut impl Write) -> io::Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}:")?;
    for one in all {
        let findings = counted(one.findings, "finding");
        writeln!(out, "  {}: {} ({findings})", escaped(&one.subject), escaped(&one.text))?;
    }
    Ok(())
}

/// Writes the open questions. `is_consistent` says that the inventory contradicts nothing, that no key
/// is missing, and that no date is in the future.
fn questions(
    estate: &Estate,
    file: &Path,
    is_consistent: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    let open = estate.open_questions();
    if estate.is_empty() {
        return writeln!(
            out,
            "It declares no authority. `rmsight estate init`, `rmsight scan` and `rmsight estate \
             learn` print lines for it."
        );
    }
    if open.is_empty() {
        return match is_consistent {
            true => writeln!(out, "\nNothing is left to ask."),
            false => writeln!(out, "\nNo other question is open: correct the file as above."),
        };
    }
    let lines = authority_lines(file);
    let line_of = |name: &str| {
        let at = estate.authorities().iter().position(|authority| authority.name == name)?;
        // Without a line for each authority the numbers would be wrong.
        lines.get(at).filter(|_| lines.len() == estate.authorities().len())
    };
    writeln!(out, "\nStill to ask:")?;
    for one in open {
        writeln!(out, "  {}: {}", escaped(&one.authority), escaped(&one.text))?;
        if let Some(answer) = settling(&one) {
            let line = line_of(&one.authority).map_or_else(String::new, |line| {
                format!(" That is line {line} of {}.", file.display())
            });
            writeln!(out, "    {}{}", escaped(&answer), escaped(&line))?;
        }
        if let Some(command) = one.command {
            writeln!(out, "    Ask: {command}")?;
        }
    }
    Ok(())
}
