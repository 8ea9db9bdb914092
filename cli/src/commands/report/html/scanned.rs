//! Sections of the HTML report about the scans: gaps, roots, and what was not read.

use maud::html;

use super::lists;
use super::markup::{Section, accept_box, marked, number, path};
use crate::acceptance::DecisionPath;
use crate::commands::report::page::ReportPage;
use crate::inventory::gaps::Gap;
use crate::inventory::scope::{left_out, rights};
use crate::output::advice;
use crate::output::format::{shown, thousands};

pub(super) fn gaps(page: &ReportPage) -> Option<Section> {
    let body = html! {
        p.quiet { "A gap keeps the answer open until it is closed, or accepted by name." }
        @if !page.gaps.is_empty() {
            div.scroll { table.gaps {
                thead { tr { th { "Gap" } th { "What it is" } th { "Decision" } } }
                tbody { @for gap in &page.gaps { tr {
                    td { code { (gap.name) } } td.path { (path(&gap.text)) }
                    td { (accept_box(page, &gap.name, &below(page, gap))) }
                } } }
            } }
        }
        @for (gap, _) in &page.accepted_gaps {
            p.gap { "Accepted: " code { (gap.name) } " " (path(&gap.text)) }
        }
    };
    let is_empty = page.gaps.is_empty() && page.accepted_gaps.is_empty();
    (!is_empty).then(|| Section::new("gaps", "Gaps of the scans", body))
}

/// Returns the path that a decision about a gap needs: its only path, or that of its root.
fn below(page: &ReportPage, gap: &Gap) -> String {
    if let [path] = &gap.paths[..] {
        return DecisionPath::exact(path);
    }
    let root = gap.root.and_then(|(scope, root)| {
        page.scopes.get(scope)?.roots.iter().find(|one| one.root == root)
    });
    root.map_or_else(|| "**".to_owned(), |root| DecisionPath::exact(&root.path))
}

pub(super) fn roots(page: &ReportPage) -> Section {
    let scans = || page.scopes.iter().flat_map(|scope| &scope.scans);
    let body = html! {
        div.scroll { table {
            thead { tr { th { "Root" } th { "Source" } th { "Scanned" } th { "State" } th.number { "Files" } } }
            tbody { @for (number_of, scope) in page.scopes.iter().enumerate() { @for root in &scope.roots {
                tr {
                    td.path { (path(&root.path)) }
                    td { (shown(root.source.as_deref().unwrap_or("–"))) }
                    td.day { (root.started) @if let Some(finished) = root.finished { " to " (finished) } }
                    td { @if page.is_whole(number_of, root.root) { "whole" } @else { span.pill.possible { "not whole" } } }
                    (number(root.files))
                }
            } } }
        } }
        @for text in scans().filter_map(rights) { p { (text) "." } }
        @for text in scans().flat_map(left_out) { p { "Left out: " (shown(&text)) "." } }
    };
    Section::new("scanned", "What was scanned", body)
}

pub(super) fn errors(page: &ReportPage) -> Section {
    let errors = &page.aggregate.stats.errors;
    let unread = &page.aggregate.lists.unread;
    let codes: Vec<String> = errors.keys().map(|code| format!("--error {code}")).collect();
    let all = page.commands.on_inventories("export", &format!("{} -o unread.csv", codes.join(" ")));
    let body = html! {
        @if errors.is_empty() { p { "Everything that was scanned could be read to its end." } }
        @else {
            p.quiet { "What was not read counts as possible." }
            div.scroll { table {
                thead { tr { th { "Code" } th.number { "Findings" } th { "What helps" } th { "Decision" } } }
                tbody { @for (code, count) in errors { tr {
                    td { code { (shown(code)) } } (number(*count)) td.wide {
                        (marked(advice::of_code(code)))
                        @if let Some(text) = page.not_acceptable(code) { " " (text) }
                    }
                    td { @if page.is_acceptable(code) { (accept_box(page, code, "**")) } }
                } } }
            } }
            h3 { "The files" }
            @if unread.left() > 0 {
                p { "The first " (thousands(unread.all - unread.left())) " of " (thousands(unread.all)) ". All of them: " code { (shown(&all)) } }
            }
            (lists::table("unread", "path, owner, error …"))
        }
    };
    Section::new("errors", "Not searched, and why", body)
}
