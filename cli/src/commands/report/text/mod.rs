//! The report as text.

mod read_only;
mod sign_off;
mod table;

use std::io::{self, Write};

use super::authority::AuthorityAnswer;
use super::page::{KeyLine, ReportPage};
use super::todo::todo;
use super::trend::{CountChange, Trend};
use super::wording;
use crate::inventory::scope::{left_out, rights};
use crate::manual_check::of_kind;
use crate::output::advice;
use crate::output::format::{counted, day, settling, thousands};
use crate::output::line::short_key;
use crate::output::meaning;
use crate::output::terminal::escaped;
use table::{TOP, folders, groups, heading, table};

pub(super) fn write(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", wording::question(page))?;
    writeln!(out, "{}", wording::verdict(page).1)?;
    writeln!(out, "As of {}. {}", page.evidence.as_of, escaped(&page.judged_with))?;
    page.authorities.iter().try_for_each(|one| authority(page, one, out))?;
    if page.is_contradicted() {
        odd(page, out)?;
    }
    heading("What to do next", out)?;
    for (number, step) in (1..).zip(todo(page)) {
        writeln!(out, "  {number}. {}", escaped(&step.text))?;
    }
    needs(page, out)?;
    files(page, out)?;
    keys(page, out)?;
    read_only::write(page, out)?;
    if let Some(trend) = &page.trend {
        changes(page, trend, out)?;
    }
    scanned(page, out)?;
    errors(page, out)?;
    hosts(page, out)?;
    let aggregate = &page.aggregate;
    groups("By owner", &aggregate.owners, out)?;
    groups("By issuer", &aggregate.issuers, out)?;
    groups("By policy (descriptor)", &aggregate.descriptors, out)?;
    folders("By folder", &aggregate.folders, out)?;
    groups("By container", &aggregate.containers, out)?;
    table("By year issued", aggregate.issued.by_name(), &aggregate.issued, out)?;
    table("By year modified", aggregate.modified.by_name(), &aggregate.modified, out)?;
    if !page.is_contradicted() {
        odd(page, out)?;
    }
    unknown(page, out)?;
    questions(page, out)?;
    blind(page, out)?;
    sign_off::write(page, out)
}

fn odd(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    if page.aggregate.odd.is_empty() {
        return Ok(());
    }
    heading(
        if page.is_contradicted() { "Licenses contradict the estate file" } else { "What is odd" },
        out,
    )?;
    for (anomaly, count) in &page.aggregate.odd {
        let name = anomaly.as_str();
        writeln!(out, "  {:>9}  {name:<28}  {}", thousands(*count), meaning::anomaly(*anomaly))?;
    }
    Ok(())
}

/// The first findings that need or may need an authority.
fn files(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let list = &page.aggregate.lists.findings;
    let needs = page.aggregate.stats.needs;
    if needs.yes + needs.possible == 0 {
        return Ok(());
    }
    heading(&format!("Findings that need or may need {}", page.terms.authority()), out)?;
    let mut shown = 0;
    for finding in list.entries().filter(|finding| finding.need != rmsight::Need::No) {
        shown += 1;
        let why = match (finding.key.is_empty(), finding.code.is_empty()) {
            (false, true) => finding.key.clone(),
            (false, false) => format!("{} {}", finding.key, finding.code),
            (true, false) => finding.code.clone(),
            (true, true) => "-".to_owned(),
        };
        writeln!(out, "  {:<8}  {:<22}  {}", finding.need, escaped(&why), escaped(&finding.path))?;
    }
    let more = (needs.yes + needs.possible).saturating_sub(shown);
    if more > 0 {
        let list =
            page.commands.on_inventories("export", "--need yes --need possible -o findings.csv");
        writeln!(out, "  and {} more: `{}`", thousands(more), escaped(&list))?;
    }
    Ok(())
}

fn changes(page: &ReportPage, trend: &Trend, out: &mut impl Write) -> io::Result<()> {
    let since = match trend.scanned {
        Some(time) => format!("Since the earlier inventory of {}", day(Some(time))),
        None => "Since the earlier inventory".to_owned(),
    };
    heading(&since, out)?;
    let stats = &page.aggregate.stats;
    let all = trend.all(stats);
    writeln!(out, "  yes       {}", CountChange::words(all.before.yes, all.now.yes))?;
    writeln!(out, "  possible  {}", CountChange::words(all.before.possible, all.now.possible))?;
    writeln!(out, "  no        {}", CountChange::words(all.before.no, all.now.no))?;
    for (key, change) in trend.changed_keys(stats).into_iter().take(2 * TOP) {
        let short = short_key(key.strip_prefix("id:").unwrap_or(key));
        let words = CountChange::words(change.before.all(), change.now.all());
        writeln!(out, "  {short}  {words} findings under this key")?;
    }
    Ok(())
}

fn authority(page: &ReportPage, answer: &AuthorityAnswer, out: &mut impl Write) -> io::Result<()> {
    heading(&format!("{} ({})", escaped(&answer.question()), answer.kind), out)?;
    writeln!(out, "  {}", answer.answer().1)?;
    writeln!(out, "  yes       {:>9}", thousands(answer.yes))?;
    if answer.in_use > 0 {
        writeln!(out, "  in use    {:>9}", thousands(answer.in_use))?;
    }
    writeln!(out, "  possible  {:>9}", thousands(answer.possible))?;
    if answer.accepted > 0 {
        writeln!(out, "  accepted  {:>9}  (not read)", thousands(answer.accepted))?;
    }
    answer
        .steps(&page.commands)
        .iter()
        .try_for_each(|step| writeln!(out, "  Next: {}", escaped(step)))
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
        for check in of_kind(kind) {
            writeln!(out, "  {}: {}\n    Check: {}", check.name, check.why, check.check)?;
            sign_off::answer(page, check.id, None, out)?;
        }
    }
    Ok(())
}

fn needs(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let stats = &page.aggregate.stats;
    let authority = page.terms.authority();
    heading(&format!("Findings in what was scanned that still need {authority}"), out)?;
    let distinct = page.aggregate.needed_contents();
    let documents = counted(distinct, "distinct document");
    let words = if distinct > 0 { format!("  ({documents})") } else { String::new() };
    writeln!(out, "  yes       {:>9}{words}", thousands(stats.needs.yes))?;
    let (possible, undecided) = (thousands(stats.needs.possible), thousands(stats.undecided));
    let accepted = match page.aggregate.accepted {
        0 => String::new(),
        count => format!(", {} accepted", thousands(count)),
    };
    writeln!(out, "  possible  {possible:>9}  ({undecided} undecided{accepted})")?;
    let no = thousands(stats.needs.no + stats.unprotected);
    let unprotected = thousands(stats.unprotected);
    writeln!(out, "  no        {no:>9}  ({unprotected} not rights-protected)")?;
    let documents = thousands(page.aggregate.contents());
    writeln!(out, "  documents {documents:>9}  (protected, copies counted once)")
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
            let short = match key.name.strip_prefix("id:") {
                Some(id) => format!("id {}", short_key(id)),
                None => short_key(key.name).to_owned(),
            };
            let (word, sentence) = wording::answer(key);
            writeln!(out, "  {short}  {}: {word}. {sentence}", escaped(&key.owner()))?;
            writeln!(
                out,
                "    {}; yes {}, possible {}, no {}",
                key.status_text(),
                thousands(key.needs.yes),
                thousands(key.needs.possible),
                thousands(key.needs.no)
            )?;
            let dates = &key.dates;
            let certificate = match dates.newest_clc {
                None => "no client certificate".to_owned(),
                newest => format!(
                    "newest client certificate {} (publishes until {})",
                    day(newest),
                    wording::until(dates.publishes)
                ),
            };
            writeln!(
                out,
                "    newest license {}, {certificate}, newest file change {}",
                day(dates.newest_license),
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
            writeln!(out, "    left out: {}", escaped(&text))?;
        }
    }
    for gap in &page.gaps {
        writeln!(out, "  gap  {:<14}  {}", gap.name, escaped(&gap.text))?;
    }
    for (gap, _) in &page.accepted_gaps {
        writeln!(out, "  accepted  {:<14}  {}", gap.name, escaped(&gap.text))?;
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
        let advice = advice::of_code(code);
        writeln!(out, "  {:>9}  {:<24}  {advice}", thousands(*count), escaped(code))?;
        if let Some(text) = page.not_acceptable(code) {
            writeln!(out, "             {text}")?;
        }
    }
    let unread = &page.aggregate.lists.unread;
    for finding in unread.entries() {
        writeln!(out, "  {:<22}  {}", escaped(&finding.code), escaped(&finding.path))?;
    }
    if unread.left() > 0 {
        let codes: Vec<String> = errors.keys().map(|code| format!("--error {code}")).collect();
        let list = format!("{} -o unread.csv", codes.join(" "));
        let list = page.commands.on_inventories("export", &list);
        writeln!(out, "  and {} more: `{}`", thousands(unread.left()), escaped(&list))?;
    }
    Ok(())
}

fn hosts(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    if page.aggregate.hosts.is_empty() {
        return Ok(());
    }
    heading("Hosts that files name", out)?;
    for (name, used) in page.aggregate.hosts.sorted().into_iter().take(2 * TOP) {
        let roles: Vec<&str> = used.roles.iter().copied().collect();
        let files = counted(used.files.all(), "file");
        let (advice, roles) = (wording::host_advice(name, used), roles.join(", "));
        writeln!(out, "  {files:>13}  {}: {advice} ({roles})", escaped(name))?;
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
