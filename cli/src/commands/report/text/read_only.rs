//! The read-only keys in the text report.

use std::io::{self, Write};

use super::sign_off;
use super::table::{folders, groups, heading};
use crate::commands::report::page::ReportPage;
use crate::commands::report::read_only::ReadOnlyUse;
use crate::commands::report::trend::CountChange;
use crate::commands::report::wording::{alarms, until};
use crate::manual_check::read_only_checks;
use crate::output::format::{counted, day, thousands};
use crate::output::line::short_key;
use crate::output::terminal::escaped;

/// Maximum number of files that are listed for each alarm.
const FILES: usize = 5;

pub(super) fn write(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    page.aggregate.read_only.all().try_for_each(|used| key(page, used, out))
}

fn key(page: &ReportPage, used: &ReadOnlyUse, out: &mut impl Write) -> io::Result<()> {
    let (short, owner) = (short_key(&used.key), escaped(&used.authority));
    let name = format!("{owner}, key {short}");
    heading(&format!("{name}: read-only since {}", day(used.since)), out)?;
    let earlier = page.trend.as_ref().and_then(|trend| trend.checks(&used.key));
    for (at, (id, sentence, alarm)) in alarms(used).enumerate() {
        let change = earlier
            .and_then(|stats| stats.checks.get(at))
            .map(|before| format!(" [{}]", CountChange::words(*before, alarm.findings)));
        let change = change.unwrap_or_default();
        writeln!(out, "  {:>9}  {id}  {sentence}{change}", thousands(alarm.findings))?;
        for (issuer, needs) in alarm.issuers.top(FILES) {
            let findings = counted(needs.all(), "finding");
            writeln!(out, "               issuer {}: {findings}", escaped(issuer))?;
        }
        for file in alarm.files.iter().take(FILES) {
            let path = escaped(&file.path);
            let (issued, until) = (day(file.issued), day(file.clc_until));
            writeln!(out, "               issued {issued}, certificate until {until}  {path}")?;
        }
        let more = alarm.findings.saturating_sub(FILES.try_into().unwrap_or_default());
        if more > 0 {
            writeln!(out, "               and {} more: see the HTML page", thousands(more))?;
        }
    }
    writeln!(out, "  No client certificate can publish after: {}", until(used.publishes))?;
    let remaining = counted(used.remaining.all(), "finding");
    let change = page.trend.as_ref().map(|trend| trend.of_key(&used.key, &page.aggregate.stats));
    let change = change.map_or_else(String::new, |change| {
        format!(" [{}]", CountChange::words(change.before.all(), change.now.all()))
    });
    writeln!(out, "  Under this key remain {remaining}{change}")?;
    groups(&format!("{name}: what remains, by owner"), &used.owners, out)?;
    folders(&format!("{name}: what remains, by folder"), &used.folders, out)?;
    heading(&format!("{name}: checks of the read-only mode"), out)?;
    for check in read_only_checks() {
        writeln!(out, "  {}: {}\n    Check: {}", check.name, check.why, check.check)?;
        sign_off::answer(page, check.id, Some(&used.key), out)?;
    }
    Ok(())
}
