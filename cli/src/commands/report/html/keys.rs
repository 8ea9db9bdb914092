//! Sections of the HTML report about keys.

use maud::{Markup, html};

use super::checks;
use super::markup::{Section, folder_table, marked, number_heads, numbers, path};
use crate::commands::report::page::{KeyLine, ReportPage};
use crate::commands::report::read_only::{Alarm, ReadOnlyUse};
use crate::commands::report::trend::CountChange;
use crate::commands::report::wording;
use crate::manual_check::read_only_checks;
use crate::output::format::{counted, day, shown, thousands};
use crate::output::line::short_key;
use crate::stats::{NeedCounts, Publishes};

/// Maximum number of keys of a table.
const KEYS: usize = 500;

/// Maximum number of rows of the tables of a read-only key.
const TOP: usize = 25;

pub(super) fn keys(page: &ReportPage) -> Section {
    let keys = page.keys();
    let (apart, own): (Vec<&KeyLine<'_>>, Vec<&KeyLine<'_>>) =
        keys.iter().partition(|key| key.is_apart());
    let body = html! {
        p.quiet { "A server licensor key opens what was sealed to it, and no other does. All of this holds in what was scanned." }
        (table(&own))
        @if !apart.is_empty() {
            h3 { "Keys of others, and keys that open nothing" }
            p.quiet { "No server of yours opens these, so none has to stay for them." }
            (table(&apart))
        }
    };
    Section::new("keys", "The answer for each key", body)
}

fn table(keys: &[&KeyLine<'_>]) -> Markup {
    html! {
        div.scroll { table.keys {
            thead { tr { th { "Key" } th { "Answer" } th { "Status" } (number_heads()) th { "Newest" } } }
            tbody { @for key in keys.iter().take(KEYS) { (row(key)) } }
        } }
        @if keys.len() > KEYS { p.quiet { "And " (keys.len() - KEYS) " more: see the export." } }
    }
}

fn row(key: &KeyLine<'_>) -> Markup {
    let (word, sentence) = wording::answer(key);
    let class = match key.needs {
        _ if key.is_apart() => "",
        NeedCounts { yes: 1.., .. } => "yes",
        NeedCounts { possible: 1.., .. } => "possible",
        _ => "no",
    };
    let (label, short) = match key.name.strip_prefix("id:") {
        Some(id) => (" id ", short_key(id)),
        None => (" ", short_key(key.name)),
    };
    let said = key.stats.map(|stats| stats.said()).unwrap_or_default();
    html! {
        tr {
            td.who {
                b { (shown(&key.owner_name())) } (label) code { (shown(short)) }
                details {
                    summary { "details" }
                    dl {
                        dt { "Fingerprint" } dd { code.long { (shown(key.name)) } }
                        @if let Some(id) = &said.id { dt { "Id" } dd { code.long { (shown(id)) } } }
                        @if let Some(name) = &said.name { dt { "Name in licenses" } dd { (shown(name)) } }
                        @if let Some(address) = &said.address { dt { "Address" } dd.path { (path(address)) } }
                        @if let Some(bits) = said.bits { dt { "Size" } dd { (bits) " bits" } }
                        @if let Some(tenant) = &said.tenant { dt { "Tenant" } dd { code.long { (shown(tenant)) } } }
                    }
                }
            }
            td.wide { span class={ "pill " (class) } { (word) } " " (sentence) }
            td.status { (key.status_text()) }
            (numbers(key.needs))
            td.newest {
                div { span.quiet { "license " } (day(key.dates.newest_license)) }
                @if key.dates.newest_clc.is_some() { div {
                    span.quiet { "client certificate " } (day(key.dates.newest_clc))
                    @if key.dates.publishes != Publishes::default() {
                        span.quiet { ", publishes until " } (wording::until(key.dates.publishes))
                    }
                } }
                div { span.quiet { "file change " } (day(key.dates.newest_change)) }
            }
        }
    }
}

pub(super) fn unknown(page: &ReportPage) -> Option<Section> {
    let unknown = page.unknown();
    let servers = page.servers();
    let mut lines = Vec::new();
    // Writing into memory cannot fail.
    _ = servers.iter().take(200).try_for_each(|server| server.write(&mut lines));
    let findings = unknown.iter().map(|(_, key)| key.needs.possible).sum::<u64>();
    let body = html! {
        p { "They decide " (counted(findings, "finding")) ". "
            "Add these lines to the estate file, and fill in each " code { "?" } ". "
            "The id and the address say which server to ask." }
        pre { (String::from_utf8_lossy(&lines)) }
    };
    let title = "Keys that the estate does not have";
    (!unknown.is_empty()).then(|| Section::new("unknown", title, body))
}

/// The keys that are declared read-only.
pub(super) fn read_only(page: &ReportPage) -> Option<Section> {
    let all = &page.aggregate.read_only;
    let body = html! { @for used in all.all() { (read_only_key(page, used)) } };
    (!all.is_empty()).then(|| Section::new("read-only", "Keys in read-only mode", body))
}

fn read_only_key(page: &ReportPage, used: &ReadOnlyUse) -> Markup {
    let class = if used.is_publishing() { "possible" } else { "no" };
    let words = match used.is_publishing() {
        true => "Something was published under this key after it became read-only.",
        false => "No file in what was scanned was published after this key became read-only.",
    };
    let earlier = page.trend.as_ref().and_then(|trend| trend.checks(&used.key));
    let remaining = page.trend.as_ref().map(|trend| trend.of_key(&used.key, &page.aggregate.stats));
    html! {
        div.authority {
            h3 { (shown(&used.authority)) " " code { (shown(short_key(&used.key))) } " " span.quiet { "read-only since " (day(used.since)) } }
            p class={ "answer " (class) } { (words) }
            p { "After this no client certificate seen can publish: " b { (wording::until(used.publishes)) } "." }
            @for (at, (id, sentence, alarm)) in wording::alarms(used).enumerate() {
                (alarm_block(id, sentence, alarm, earlier.and_then(|stats| stats.checks.get(at)).copied()))
            }
            h4 { "What remains under this key" }
            p {
                (counted(used.remaining.all(), "finding"))
                @if let Some(change) = remaining { " (" (CountChange::words(change.before.all(), change.now.all())) " since the earlier inventory)" }
                "."
            }
            div.columns {
                div.group { table {
                    thead { tr { th { "Owner" } (number_heads()) } }
                    tbody { @for (name, needs) in used.owners.top(TOP) { tr { td.path { (shown(name)) } (numbers(needs)) } } }
                } }
                div.group { (folder_table(&used.folders.roll_up(TOP))) }
            }
            h4 { "Checks of the mode" }
            (checks::list(page, read_only_checks(), Some(&used.key)))
        }
    }
}

fn alarm_block(id: &str, sentence: &str, alarm: &Alarm, before: Option<u64>) -> Markup {
    let change = before.map(|before| CountChange::words(before, alarm.findings));
    let head = html! {
        b { (thousands(alarm.findings)) } " " code { (id) } " " (marked(sentence))
        @if let Some(change) = change { span.quiet { " " (change) " since the earlier inventory" } }
    };
    if alarm.findings == 0 {
        return html! { p.alarm { (head) } };
    }
    let listed = alarm.files.len().try_into().unwrap_or(u64::MAX);
    html! {
        details.alarm {
            summary { (head) }
            div.scroll { table {
                thead { tr { th { "Issuer" } th.number { "Findings" } } }
                tbody { @for (issuer, needs) in alarm.issuers.top(TOP) { tr { td.path { (shown(issuer)) } td.number { (thousands(needs.all())) } } } }
            } }
            div.scroll { table {
                thead { tr { th { "File" } th { "Issuer" } th { "Issued" } th { "Certificate of" } th { "Certificate until" } } }
                tbody { @for file in &alarm.files { tr {
                    td.path { (path(&file.path)) } td { (shown(&file.issuer)) }
                    td.day { (day(file.issued)) } td.day { (day(file.clc_issued)) } td.day { (day(file.clc_until)) }
                } } }
            } }
            @if alarm.findings > listed {
                p.quiet { "And " (thousands(alarm.findings - listed)) " more: the column " code { "anomalies" } " of an export has them." }
            }
        }
    }
}
