//! The report as text.

use std::io::{self, Write};

use super::aggregate::Groups;
use super::authority::AuthorityAnswer;
use super::page::{KeyLine, ReportPage};
use super::todo::todo;
use super::{blind, wording};
use crate::inventory::scope::{left_out, rights};
use crate::output::advice;
use crate::output::format::{counted, day, settling};
use crate::output::line::short_key;
use crate::output::terminal::escaped;
use crate::stats::NeedCounts;

/// Maximum number of rows of each table.
const TOP: usize = 10;

pub(super) fn write(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", wording::question(page))?;
    writeln!(out, "{}", wording::verdict(page).1)?;
    writeln!(out, "{}", escaped(&page.judged_with))?;
    page.authorities.iter().try_for_each(|one| authority(one, out))?;
    heading("What to do next", out)?;
    for (number, text) in (1..).zip(todo(page)) {
        writeln!(out, "  {number}. {}", escaped(&text))?;
    }
    needs(page, out)?;
    keys(page, out)?;
    scanned(page, out)?;
    errors(page, out)?;
    hosts(page, out)?;
    let aggregate = &page.aggregate;
    for (name, groups) in [
        ("By owner", &aggregate.owners),
        ("By issuer", &aggregate.issuers),
        ("By policy (descriptor)", &aggregate.descriptors),
        ("By folder", &aggregate.folders),
        ("By container", &aggregate.containers),
    ] {
        table(name, groups.top(TOP), groups, out)?;
    }
    table("By year issued", aggregate.issued.by_name(), &aggregate.issued, out)?;
    table("By year modified", aggregate.modified.by_name(), &aggregate.modified, out)?;
    unknown(page, out)?;
    questions(page, out)?;
    blind(page, out)?;
    Ok(())
}

fn heading(text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{text}")
}

fn authority(answer: &AuthorityAnswer, out: &mut impl Write) -> io::Result<()> {
    heading(&format!("{} ({})", escaped(&answer.question()), answer.kind), out)?;
    writeln!(out, "  {}", answer.answer().1)?;
    writeln!(out, "  yes       {:>9}", answer.yes)?;
    if answer.in_use > 0 {
        writeln!(out, "  in use    {:>9}", answer.in_use)?;
    }
    writeln!(out, "  possible  {:>9}", answer.possible)?;
    answer.steps().iter().try_for_each(|step| writeln!(out, "  Next: {}", escaped(step)))
}

fn questions(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    if page.questions.is_empty() {
        return Ok(());
    }
    heading("Open questions of the estate file", out)?;
    for open in &page.questions {
        writeln!(out, "  {}: {}", escaped(&open.authority), escaped(&open.text))?;
        if let Some(answer) = settling(open) {
            writeln!(out, "    {}", escaped(&answer))?;
        }
        if let Some(command) = open.command {
            writeln!(out, "    Ask: {command}")?;
        }
    }
    Ok(())
}

fn blind(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    for kind in page.kinds() {
        heading(&format!("A file scan cannot see ({kind})"), out)?;
        for spot in blind::of(kind) {
            writeln!(out, "  {}: {}\n    Check: {}", spot.name, spot.why, spot.check)?;
        }
    }
    Ok(())
}

fn needs(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let stats = &page.aggregate.stats;
    let authority = page.terms.authority();
    heading(&format!("Findings in what was scanned that still need {authority}"), out)?;
    writeln!(out, "  yes       {:>9}", stats.needs.yes)?;
    writeln!(out, "  possible  {:>9}  ({} undecided)", stats.needs.possible, stats.undecided)?;
    let no = stats.needs.no + stats.unprotected;
    writeln!(out, "  no        {no:>9}  ({} not rights-protected)", stats.unprotected)?;
    writeln!(out, "  documents {:>9}  (protected, copies counted once)", page.aggregate.contents())
}

fn keys(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let keys = page.keys();
    let (apart, own): (Vec<&KeyLine<'_>>, Vec<&KeyLine<'_>>) =
        keys.iter().partition(|key| key.is_apart());
    for (name, keys) in [("Keys", own), ("Keys of others, and keys that open nothing", apart)] {
        if keys.is_empty() {
            continue;
        }
        heading(name, out)?;
        for key in keys {
            let short = short_key(key.name.strip_prefix("id:").unwrap_or(key.name));
            let (word, sentence) = wording::answer(key);
            writeln!(out, "  {short}  {}: {word}. {sentence}", escaped(&key.owner()))?;
            writeln!(
                out,
                "    {}; yes {}, possible {}, no {}",
                key.status_text(),
                key.needs.yes,
                key.needs.possible,
                key.needs.no
            )?;
            let dates = &key.dates;
            writeln!(
                out,
                "    newest license {}, newest client certificate {} (publishes until {}), newest \
                 file change {}",
                day(dates.newest_license),
                day(dates.newest_clc),
                wording::until(dates.publishes),
                day(dates.newest_change)
            )?;
        }
    }
    Ok(())
}

fn scanned(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    heading("What was scanned", out)?;
    for (number, scope) in page.scopes.iter().enumerate() {
        writeln!(out, "  {}", escaped(&scope.inventory))?;
        for root in &scope.roots {
            let source =
                root.source.as_ref().map_or_else(String::new, |source| format!(" ({source})"));
            let state = if page.is_whole(number, root.root) { "whole" } else { "NOT WHOLE" };
            writeln!(
                out,
                "    {}{}  {state}, {}, {}",
                escaped(&root.path),
                escaped(&source),
                root.finished.unwrap_or(root.started),
                counted(root.files, "file")
            )?;
        }
        for text in scope.scans.iter().filter_map(rights) {
            writeln!(out, "    {text}")?;
        }
        for text in scope.scans.iter().flat_map(left_out) {
            writeln!(out, "    {}", escaped(&text))?;
        }
    }
    for gap in &page.gaps {
        writeln!(out, "  gap  {:<14}  {}", gap.name, escaped(&gap.text))?;
    }
    Ok(())
}

fn errors(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let errors = &page.aggregate.stats.errors;
    if errors.is_empty() {
        return Ok(());
    }
    heading("Not searched, or not to the end", out)?;
    for (code, count) in errors {
        writeln!(out, "  {count:>9}  {:<24}  {}", escaped(code), advice::of_code(code))?;
    }
    Ok(())
}

fn hosts(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let mut hosts: Vec<_> = page.aggregate.hosts.iter().collect();
    if hosts.is_empty() {
        return Ok(());
    }
    hosts.sort_by(|one, other| other.1.needs.cmp(&one.1.needs).then(one.0.cmp(other.0)));
    heading("Hosts that files name", out)?;
    for (name, used) in hosts.into_iter().take(2 * TOP) {
        let roles: Vec<&str> = used.roles.iter().copied().collect();
        let all = used.needs.all();
        writeln!(
            out,
            "  {all:>9}  {}: {} ({})",
            escaped(name),
            wording::host_advice(name, used),
            roles.join(", ")
        )?;
    }
    Ok(())
}

fn table(
    name: &str,
    rows: Vec<(&str, NeedCounts)>,
    groups: &Groups,
    out: &mut impl Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    heading(name, out)?;
    writeln!(out, "        yes   possible         no")?;
    let shown = rows.len();
    for (name, needs) in rows {
        let NeedCounts { yes, possible, no } = needs;
        writeln!(out, "  {yes:>9}  {possible:>9}  {no:>9}  {}", escaped(name))?;
    }
    let more = groups.len().saturating_sub(shown);
    if more > 0 {
        writeln!(out, "  and {more} more: see the HTML page or `rmsight export`")?;
    }
    if groups.others.all() > 0 {
        writeln!(out, "  and {} findings of names beyond those counted", groups.others.all())?;
    }
    Ok(())
}

fn unknown(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let servers = page.servers();
    if servers.is_empty() {
        return Ok(());
    }
    heading("Keys that the estate does not have", out)?;
    writeln!(out, "  Add to the estate file, and fill in each `?`:\n")?;
    servers.iter().take(100).try_for_each(|server| server.write(out))
}
