//! The report as one HTML file. It loads and sends nothing, and its policy forbids both. Text from
//! files is always escaped.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::aggregate::Groups;
use super::page::{KeyLine, ReportPage};
use super::parts::{self, marked};
use super::todo::todo;
use super::{chart, wording};
use crate::inventory::scope::{left_out, rights};
use crate::output::advice;
use crate::output::format::{day, shown};
use crate::output::line::short_key;
use crate::output::meaning;
use crate::stats::{NeedCounts, Publishes};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Maximum number of rows of each table.
const TOP: usize = 25;

/// The columns of the list of findings: heading, and column of the record.
const LISTED: [(&str, &str); 9] = [
    ("Need", "need"),
    ("Depends on", "dependency"),
    ("Container", "container"),
    ("Key", "slc_key"),
    ("Owner", "owner"),
    ("Policy", "descriptor_name"),
    ("Issued", "issued"),
    ("Path", "path"),
    ("Not read", "error_code"),
];

pub(super) fn write(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let (class, answer) = wording::verdict(page);
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let head = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                title { (wording::question(page)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header {
                    h1 { (wording::question(page)) }
                    p class={ "answer " (class) } { (answer) }
                    p.quiet { "Made " (page.made) ". " (shown(&page.judged_with)) }
                }
                main {
                    (parts::authorities(page)) (next(page)) (sums(page)) (keys(page)) (unknown(page))
                    (parts::questions(page)) (scanned(page))
                    (errors(page)) (hosts(page)) (pictures(page)) (tables(page)) (decided(page))
                    (listed(page)) (parts::blind(page)) (parts::glossary(page))
                }
                footer.quiet { "rmsight " (env!("CARGO_PKG_VERSION")) ". This file loads nothing from elsewhere." }
                script #rows type="application/json" { (PreEscaped(rows(page))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    out.write_all(head.into_string().as_bytes())
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}

fn next(page: &ReportPage) -> Markup {
    html! {
        section #next {
            h2 { "What to do next" }
            ol { @for text in todo(page) { li { (marked(&text)) } } }
        }
    }
}

fn sums(page: &ReportPage) -> Markup {
    let stats = &page.aggregate.stats;
    html! {
        section #sums {
            h2 { "In what was scanned" }
            div.tiles {
                div.tile.yes { b { (stats.needs.yes) } "need " (page.terms.authority()) }
                div.tile.possible { b { (stats.needs.possible) } "may need one (" (stats.undecided) " undecided)" }
                div.tile.no { b { (stats.needs.no) } "protected, and need none" }
                div.tile { b { (stats.unprotected) } "not rights-protected" }
                div.tile { b { (page.aggregate.contents()) } "protected documents, copies counted once" }
            }
        }
    }
}

fn keys(page: &ReportPage) -> Markup {
    let keys = page.keys();
    let (apart, own): (Vec<&KeyLine<'_>>, Vec<&KeyLine<'_>>) =
        keys.iter().partition(|key| key.is_apart());
    html! {
        section #keys {
            h2 { "The answer for each key" }
            p.quiet { "A server licensor key opens what was sealed to it, and no other does. All of this holds in what was scanned." }
            (key_table(&own))
            @if !apart.is_empty() {
                h3 { "Keys of others, and keys that open nothing" }
                p.quiet { "No server of yours opens these, so none has to stay for them." }
                (key_table(&apart))
            }
        }
    }
}

fn key_table(keys: &[&KeyLine<'_>]) -> Markup {
    html! {
        div.scroll { table.keys {
            thead { tr {
                th { "Key" } th { "Whose" } th { "Status" } th { "Answer" }
                th.number { "Yes" } th.number { "Possible" } th.number { "No" }
                th { "Newest" }
            } }
            tbody { @for key in keys.iter().take(500) { (key_row(key)) } }
        } }
        @if keys.len() > 500 { p.quiet { "And " (keys.len() - 500) " more: see the export." } }
    }
}

fn key_row(key: &KeyLine<'_>) -> Markup {
    let (word, sentence) = wording::answer(key);
    let class = match key.needs {
        _ if key.is_apart() => "",
        NeedCounts { yes: 1.., .. } => "yes",
        NeedCounts { possible: 1.., .. } => "possible",
        _ => "no",
    };
    html! {
        tr {
            td { code title=(shown(key.name)) { (shown(short_key(key.name.strip_prefix("id:").unwrap_or(key.name)))) } }
            td.path.who { (shown(&key.owner())) }
            td.status { (key.status_text()) }
            td.wide { span class={ "pill " (class) } { (word) } " " (sentence) }
            (numbers(key.needs))
            td.newest {
                div { span.quiet { "license " } (day(key.dates.newest_license)) }
                div {
                    span.quiet { "client certificate " } (day(key.dates.newest_clc))
                    @if key.dates.publishes != Publishes::default() {
                        span.quiet { ", publishes until " } (wording::until(key.dates.publishes))
                    }
                }
                div { span.quiet { "file change " } (day(key.dates.newest_change)) }
            }
        }
    }
}

fn numbers(needs: NeedCounts) -> Markup {
    html! { td.number { (needs.yes) } td.number { (needs.possible) } td.number { (needs.no) } }
}

fn unknown(page: &ReportPage) -> Markup {
    let unknown = page.unknown();
    if unknown.is_empty() {
        return html! {};
    }
    let servers = page.servers();
    let mut lines = Vec::new();
    // Writing into memory cannot fail.
    _ = servers.iter().take(200).try_for_each(|server| server.write(&mut lines));
    html! {
        section #unknown {
            h2 { "Keys that the estate does not have" }
            p { "They decide " (unknown.iter().map(|(_, key)| key.needs.possible).sum::<u64>()) " findings. "
                "Add these lines to the estate file, and fill in each " code { "?" } ". "
                "The id and the address say which server to ask." }
            pre { (String::from_utf8_lossy(&lines)) }
        }
    }
}

fn scanned(page: &ReportPage) -> Markup {
    html! {
        section #scanned {
            h2 { "What was scanned" }
            @for gap in &page.gaps { p.gap { code { (gap.name) } " " (shown(&gap.text)) } }
            div.scroll { table {
                thead { tr { th { "Root" } th { "Source" } th { "Scanned" } th { "State" } th.number { "Files" } } }
                tbody { @for (number, scope) in page.scopes.iter().enumerate() { @for root in &scope.roots {
                    tr {
                        td.path { (shown(&root.path)) }
                        td { (shown(root.source.as_deref().unwrap_or("–"))) }
                        td { (root.started) @if let Some(finished) = root.finished { " to " (finished) } }
                        td { @if page.is_whole(number, root.root) { "whole" } @else { span.pill.possible { "not whole" } } }
                        td.number { (root.files) }
                    }
                } } }
            } }
            @for text in page.scopes.iter().flat_map(|scope| &scope.scans).filter_map(rights) {
                p { (text) "." }
            }
            @for text in page.scopes.iter().flat_map(|scope| &scope.scans).flat_map(left_out) {
                p { "Left out: " (shown(&text)) "." }
            }
        }
    }
}

fn errors(page: &ReportPage) -> Markup {
    let errors = &page.aggregate.stats.errors;
    html! {
        section #errors {
            h2 { "Not searched, and why" }
            @if errors.is_empty() { p { "Everything that was scanned could be read to its end." } }
            @else {
                p.quiet { "What was not read counts as possible." }
                div.scroll { table {
                    thead { tr { th { "Code" } th.number { "Findings" } th { "What helps" } } }
                    tbody { @for (code, count) in errors { tr {
                        td { code { (shown(code)) } } td.number { (count) } td { (marked(advice::of_code(code))) }
                    } } }
                } }
            }
        }
    }
}

fn hosts(page: &ReportPage) -> Markup {
    let mut hosts: Vec<_> = page.aggregate.hosts.iter().collect();
    hosts.sort_by(|one, other| other.1.needs.cmp(&one.1.needs).then(one.0.cmp(other.0)));
    html! {
        section #hosts {
            h2 { "Hosts that have to keep resolving, or to be redirected" }
            @if hosts.is_empty() { p { "No file that needs one of the servers names a host." } }
            @else {
                div.scroll { table {
                    thead { tr { th { "Host" } th { "What to do" } th.number { "Yes" } th.number { "Possible" } th.number { "Key in Azure" } th { "Named as" } } }
                    tbody { @for (name, used) in hosts.iter().take(200) { tr {
                        td.path { (shown(name)) } td { (wording::host_advice(name, used)) }
                        td.number { (used.needs.yes) } td.number { (used.needs.possible) } td.number { (used.redirect) }
                        td { (used.roles.iter().copied().collect::<Vec<_>>().join(", ")) }
                    } } }
                } }
                p.quiet { "Each address counts: a file names up to four." }
            }
        }
    }
}

fn pictures(page: &ReportPage) -> Markup {
    html! {
        section #pictures {
            h2 { "When they were protected, by key" }
            div.scroll { (chart::timeline(page)) }
            h2 { "Where they lie" }
            (chart::bars(&page.aggregate.folders.top(15)))
        }
    }
}

fn tables(page: &ReportPage) -> Markup {
    let aggregate = &page.aggregate;
    html! {
        section #groups {
            h2 { "Whose, how, since when" }
            div.columns {
                (group("Owner", "owner", aggregate.owners.top(TOP), &aggregate.owners))
                (group("Issuer", "issuer_name", aggregate.issuers.top(TOP), &aggregate.issuers))
                (group("Policy (descriptor)", "descriptor_name", aggregate.descriptors.top(TOP), &aggregate.descriptors))
                (group("Folder", "path", aggregate.folders.top(TOP), &aggregate.folders))
                (group("Container", "container", aggregate.containers.top(TOP), &aggregate.containers))
                (group("Year issued", "issued", aggregate.issued.by_name(), &aggregate.issued))
                (group("Year modified", "modified", aggregate.modified.by_name(), &aggregate.modified))
            }
        }
    }
}

/// A table of the values of a column of the record.
fn group(name: &str, column: &str, rows: Vec<(&str, NeedCounts)>, groups: &Groups) -> Markup {
    let more = groups.len().saturating_sub(rows.len().min(100));
    html! {
        div.group {
            table {
                thead { tr { th title=(parts::tooltip(column)) { (name) } th.number { "Yes" } th.number { "Possible" } th.number { "No" } } }
                tbody { @for (name, needs) in rows.iter().take(100) { tr { td.path { (shown(name)) } (numbers(*needs)) } } }
            }
            @if more > 0 { p.quiet { "And " (more) " more: see the export." } }
            @if groups.others.all() > 0 { p.quiet { "And " (groups.others.all()) " findings of names beyond those counted." } }
        }
    }
}

fn decided(page: &ReportPage) -> Markup {
    let aggregate = &page.aggregate;
    html! {
        section #decided {
            h2 { "What decided" }
            div.scroll { table {
                thead { tr { th { "Rule" } th { "Why" } th { "What would settle it" } th.number { "Yes" } th.number { "Possible" } th.number { "No" } } }
                tbody { @for (rule, (needs, why, settled)) in &aggregate.rules { tr {
                    td { (rule) } td { (why) } td { (settled.unwrap_or("–")) } (numbers(*needs))
                } } }
            } }
            @if !aggregate.odd.is_empty() {
                h3 { "What is odd" }
                div.scroll { table {
                    thead { tr { th { "Code" } th { "What it says" } th.number { "Findings" } } }
                    tbody { @for (anomaly, count) in &aggregate.odd { tr {
                        td { code { (anomaly.as_str()) } } td { (meaning::anomaly(*anomaly)) } td.number { (count) }
                    } } }
                } }
            }
        }
    }
}

fn listed(page: &ReportPage) -> Markup {
    let list = &page.aggregate.list;
    let left = list.all.saturating_sub(u64::try_from(list.len()).unwrap_or(u64::MAX));
    html! {
        section #list {
            h2 { "The findings" }
            @if left > 0 {
                p { "The first " (list.len()) " of " (list.all) ", what is needed first. All of them: "
                    code { "rmsight export INVENTORY --estate ESTATE -o findings.parquet" } }
            }
            @if !list.selection.is_empty() {
                p.gap { "Only findings that are selected by " code { (shown(&list.selection)) }
                    ". The rest of the page is about all findings." }
            }
            noscript { p.gap { "The list needs scripts. All findings: rmsight export." } }
            div.filter {
                label { "Find " input #find type="search" placeholder="path, owner, key …" autocomplete="off"; }
                label { "Need " select #need { option value="" { "all" } option { "yes" } option { "possible" } option { "no" } } }
                label { "Key " select #key { option value="" { "all" } } }
                span #count.quiet aria-live="polite" {}
            }
            div.scroll { table #findings {
                thead { tr {
                    @for (at, (name, column)) in LISTED.iter().enumerate() {
                        th aria-sort="none" { button type="button" data-column=(at) title=(parts::tooltip(column)) { (name) } }
                    }
                } }
                tbody {}
            } }
            button #more type="button" hidden { "Show more" }
        }
    }
}

/// Returns the list as JSON. It does not contain `<`, so that text from files cannot end the
/// script. Repeated values are stored in a separate table.
fn rows(page: &ReportPage) -> String {
    let mut words = std::collections::HashMap::new();
    let mut table: Vec<Value> = Vec::new();
    let mut word = |text: &str| -> Value {
        let at = *words.entry(text.to_owned()).or_insert_with(|| {
            table.push(Value::from(shown(text)));
            table.len() - 1
        });
        Value::from(at)
    };
    let mut lines: Vec<Value> = Vec::with_capacity(page.aggregate.list.len());
    for entry in page.aggregate.list.entries() {
        lines.push(json!([
            word(entry.need.as_str()),
            word(entry.dependency),
            word(entry.container),
            word(&entry.key),
            word(&entry.owner),
            word(&entry.descriptor),
            word(&entry.issued),
            shown(&entry.path),
            word(&entry.code),
        ]));
    }
    let text = json!({ "words": table, "rows": lines }).to_string();
    text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}
