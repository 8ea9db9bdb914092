//! `rmsight estate check`.

use std::io::{self, Write};
use std::path::Path;

use rmsight::{AuthorityKind, Estate, HostRole};

use crate::authority_file::load;
use crate::exit::{Failure, Outcome, Result};
use crate::output::terminal::escaped;

/// Prints what an estate file declares, and its open questions.
pub(super) fn check(file: &Path) -> Result<Outcome> {
    let estate = load(Some(file))?;
    let mut out = io::stdout().lock();
    overview(&estate, &mut out)
        .and_then(|()| questions(&estate, &mut out))
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing(&error))?;
    Ok(Outcome::of(!estate.is_empty() && estate.open_questions().is_empty()))
}

fn overview(estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    for authority in estate.authorities() {
        writeln!(out, "{} ({})", escaped(&authority.name), authority.kind)?;
        for host in &authority.hosts {
            let role = if host.role == HostRole::Connector { "  (connector)" } else { "" };
            writeln!(out, "  host  {}{role}", escaped(&host.name))?;
        }
        for key in &authority.keys {
            let name = key.key.as_ref().or(key.id.as_ref()).map_or("", String::as_str);
            let since = key.since.map_or_else(String::new, |since| format!(" since {since}"));
            write!(out, "  key   {}", escaped(name))?;
            match authority.kind {
                AuthorityKind::AzureRms => writeln!(out)?,
                _ => writeln!(out, "  {}{since}", key.status)?,
            }
        }
    }
    Ok(())
}

fn questions(estate: &Estate, out: &mut impl Write) -> io::Result<()> {
    let open = estate.open_questions();
    if estate.is_empty() {
        return writeln!(
            out,
            "It declares no authority. `rmsight scan` and `rmsight estate learn` print lines for it."
        );
    }
    if open.is_empty() {
        return writeln!(out, "\nNothing is left to ask.");
    }
    writeln!(out, "\nStill to ask:")?;
    for one in open {
        writeln!(out, "  {}: {}", escaped(&one.authority), escaped(&one.text))?;
        if let Some(question) = one.question {
            writeln!(out, "    (if there is nothing: settled = [\"{question}\"])")?;
        }
    }
    Ok(())
}
