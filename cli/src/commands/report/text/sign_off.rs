//! The sign-off of the text report: what was accepted by whom, and what the answer was made from.

use std::io::{self, Write};

use super::table::heading;
use crate::commands::report::page::{DecisionLine, ReportPage};
use crate::output::format::{counted, day};
use crate::output::terminal::escaped;

pub(super) fn write(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let decisions = page.decisions();
    if !decisions.is_empty() {
        heading("Accepted gaps and errors", out)?;
        decisions.iter().try_for_each(|line| decision(line, out))?;
    }
    heading("Sign-off", out)?;
    for (name, value) in page.evidence.rows() {
        writeln!(out, "  {}: {}", escaped(&name), escaped(&value))?;
    }
    writeln!(out, "  Open: {}", page.open_words())?;
    for role in ["Prepared by", "Checked by", "Approved by"] {
        writeln!(
            out,
            "  {role:<12} ______________________  Date __________  Signature ______________"
        )?;
    }
    Ok(())
}

fn decision(line: &DecisionLine, out: &mut impl Write) -> io::Result<()> {
    let (findings, gaps) = (counted(line.findings, "finding"), counted(line.gaps, "gap"));
    writeln!(out, "  {} below {}: {findings}, {gaps}", line.code, escaped(&line.path))?;
    if line.on.is_empty() {
        writeln!(out, "    {}", line.by)?;
    } else {
        let until =
            if line.until.is_empty() { String::new() } else { format!(", until {}", line.until) };
        let ticket =
            if line.ticket.is_empty() { String::new() } else { format!(" ({})", line.ticket) };
        let (by, reason) = (escaped(&line.by), escaped(&line.reason));
        writeln!(out, "    by {by} on {}{until}: {reason}{}", line.on, escaped(&ticket))?;
    }
    match &line.idle {
        Some(why) => writeln!(out, "    Does not count: {why}"),
        None => Ok(()),
    }
}

/// Writes the recorded answer to a check, if there is one.
pub(super) fn answer(
    page: &ReportPage,
    check: &str,
    key: Option<&str>,
    out: &mut impl Write,
) -> io::Result<()> {
    let Some(answer) = page.answer_to(check, key) else { return Ok(()) };
    let (by, on) = if page.redactor.is_some() {
        ("(redacted)".to_owned(), day(Some(answer.on)))
    } else {
        (answer.by.clone(), day(Some(answer.on)))
    };
    let note = answer.note.as_ref().filter(|_| page.redactor.is_none());
    let note = note.map_or_else(String::new, |note| format!(": {note}"));
    writeln!(out, "    Answered by {} on {on}{}", escaped(&by), escaped(&note))
}
