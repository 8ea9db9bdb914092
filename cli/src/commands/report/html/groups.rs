//! Sections of the HTML report with groups of findings.

use maud::{Markup, html};

use super::chart;
use super::markup::{Section, folder_table, number, number_heads, numbers, path, tooltip};
use crate::commands::report::groups::Groups;
use crate::commands::report::page::ReportPage;
use crate::commands::report::wording;
use crate::output::format::{shown, thousands};
use crate::output::meaning;
use crate::stats::NeedCounts;

/// Maximum number of rows of each table.
const TOP: usize = 25;

/// Maximum number of hosts.
const HOSTS: usize = 200;

/// Number of bars of the chart of folders.
const BARS: usize = 15;

pub(super) fn hosts(page: &ReportPage) -> Section {
    let hosts = page.aggregate.hosts.sorted();
    let body = html! {
        @if hosts.is_empty() { p { "No file that needs one of the servers names a host." } }
        @else {
            div.scroll { table {
                thead { tr { th { "Host" } th { "What to do" } th.number { "Files: yes" } th.number { "Possible" } th.number { "Key in Azure" } th { "Named as" } } }
                tbody { @for (name, used) in hosts.iter().take(HOSTS) { tr {
                    td.path { (shown(name)) } td { (wording::host_advice(name, used)) }
                    (number(used.files.yes)) (number(used.files.possible)) (number(used.redirect))
                    td { (used.roles.iter().copied().collect::<Vec<_>>().join(", ")) }
                } } }
            } }
            @if hosts.len() > HOSTS { p.quiet { "And " (hosts.len() - HOSTS) " more." } }
            p.quiet { "Each file counts once for each host that it names." }
        }
    };
    Section::new("hosts", "Hosts that have to keep resolving, or to be redirected", body)
}

pub(super) fn pictures(page: &ReportPage) -> Section {
    let body = html! {
        div.scroll { (chart::timeline(page)) }
        h3 { "By folder" }
        (chart::bars(&page.aggregate.folders.roll_up(BARS)))
    };
    Section::new("pictures", "When they were protected, and where they are", body)
}

pub(super) fn tables(page: &ReportPage) -> Section {
    let aggregate = &page.aggregate;
    let top = |name, column, groups: &Groups| group(name, column, groups.top(TOP), groups);
    let body = html! {
        div.columns {
            (top("Owner", "owner", &aggregate.owners))
            (top("Issuer", "issuer_name", &aggregate.issuers))
            (top("Policy (descriptor)", "descriptor_name", &aggregate.descriptors))
            div.group { (folder_table(&aggregate.folders.roll_up(TOP))) }
            (top("Container", "container", &aggregate.containers))
            (group("Year issued", "issued", aggregate.issued.by_name(), &aggregate.issued))
            (group("Year modified", "modified", aggregate.modified.by_name(), &aggregate.modified))
        }
    };
    Section::new("groups", "By owner, policy, folder and year", body)
}

/// A table of the values of a column of the record.
fn group(name: &str, column: &str, rows: Vec<(&str, NeedCounts)>, groups: &Groups) -> Markup {
    let more = groups.len().saturating_sub(rows.len().min(100)).try_into().unwrap_or(u64::MAX);
    html! {
        div.group {
            table {
                thead { tr { th title=(tooltip(column)) { (name) } (number_heads()) } }
                tbody { @for (name, needs) in rows.iter().take(100) { tr { td.path { (path(name)) } (numbers(*needs)) } } }
            }
            @if more > 0 { p.quiet { "And " (thousands(more)) " more: see the export." } }
            @if groups.others.all() > 0 { p.quiet { "And " (thousands(groups.others.all())) " findings of names beyond those counted." } }
        }
    }
}

pub(super) fn decided(page: &ReportPage) -> Section {
    let body = html! {
        div.scroll { table {
            thead { tr { th { "Rule" } th { "Why" } th { "What would settle it" } (number_heads()) } }
            tbody { @for (rule, (needs, why, settled)) in &page.aggregate.rules { tr {
                td { (rule) } td.wide { (why) } td.wide { @if settled.is_empty() { "–" } @for advice in settled { p { (advice) } } } (numbers(*needs))
            } } }
        } }
    };
    Section::new("decided", "What decided", body)
}

/// What is odd. It is at the top of the page if licenses contradict the estate file.
pub(super) fn odd(page: &ReportPage) -> Option<Section> {
    let odd = &page.aggregate.odd;
    let body = html! {
        @if page.is_contradicted() {
            p.gap { "Licenses contradict the estate file: correct it first, because all answers depend on it. "
                code { (shown(&page.commands.estate_check())) } " lists the contradictions." }
        }
        div.scroll { table {
            thead { tr { th { "Code" } th { "What it says" } th.number { "Findings" } } }
            tbody { @for (anomaly, count) in odd { tr {
                td { code { (anomaly.as_str()) } } td.wide { (meaning::anomaly(*anomaly)) } (number(*count))
            } } }
        } }
    };
    (!odd.is_empty()).then(|| Section::new("odd", "What is odd", body))
}
