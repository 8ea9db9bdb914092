//! Pieces of markup that several sections use.

use maud::{Markup, html};

use crate::commands::report::folder_tree::FolderRow;
use crate::commands::report::page::ReportPage;
use crate::dictionary::entry;
use crate::output::format::{shown, thousands};
use crate::stats::NeedCounts;

/// A section of the page.
pub(super) struct Section {
    /// The anchor.
    pub(super) id: &'static str,
    pub(super) title: String,
    pub(super) body: Markup,
}

impl Section {
    pub(super) fn new(id: &'static str, title: &str, body: Markup) -> Section {
        Section { id, title: title.to_owned(), body }
    }

    pub(super) fn markup(&self) -> Markup {
        html! { section id=(self.id) { h2 { (self.title) } (self.body) } }
    }
}

/// Formats text between backticks as code.
pub(super) fn marked(text: &str) -> Markup {
    let text = shown(text);
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (words(part)) } } @else { (part) }
        }
    }
}

/// The words of a command. A browser must not break an option after one of its hyphens.
fn words(command: &str) -> Markup {
    let is_whole = |word: &str| word.starts_with('-') && word.len() < 24;
    html! {
        @for (at, word) in command.split(' ').enumerate() {
            @if at > 0 { " " }
            @if is_whole(word) { span.whole { (word) } } @else { (word) }
        }
    }
}

/// A path, which a browser breaks after separators.
pub(super) fn path(text: &str) -> Markup {
    let text = shown(text);
    let parts: Vec<&str> = text.split_inclusive(['/', '\\']).collect();
    html! { @for part in parts { (part) wbr; } }
}

pub(super) fn number(count: u64) -> Markup {
    html! { td.number { (thousands(count)) } }
}

pub(super) fn numbers(needs: NeedCounts) -> Markup {
    html! { (number(needs.yes)) (number(needs.possible)) (number(needs.no)) }
}

/// The headings of [`numbers`].
pub(super) fn number_heads() -> Markup {
    html! { th.number { "Yes" } th.number { "Possible" } th.number { "No" } }
}

/// Returns the name of a column of the record, and its meaning.
pub(super) fn tooltip(column: &str) -> String {
    entry(column).map_or_else(String::new, |entry| format!("{column}: {}", entry.text()))
}

/// A table of folders.
pub(super) fn folder_table(rows: &[FolderRow]) -> Markup {
    html! {
        table {
            thead { tr { th title=(tooltip("path")) { "Folder" } (number_heads()) } }
            tbody { @for row in rows { tr { td.path { (path(&row.name())) } (numbers(row.needs)) } } }
        }
    }
}

/// A box that accepts a gap or an error code below a path. The button for decisions writes it. A redacted
/// page has none, because its paths are not those of files.
pub(super) fn accept_box(page: &ReportPage, code: &str, below: &str) -> Markup {
    html! {
        @if page.redactor.is_none() {
            div.decide data-code=(code) {
                label { input.accept type="checkbox"; " accept" }
                div.fields hidden {
                    label { "below " input.below type="text" value=(shown(below)) size="18"; }
                    label { "by " input.by type="text" size="14"; }
                    label { "reason " input.reason type="text" size="24"; }
                    label { "ticket " input.ticket type="text" size="8"; }
                    label { "until " input.until type="text" placeholder="2027-06-30" size="10"; }
                }
            }
        }
    }
}
