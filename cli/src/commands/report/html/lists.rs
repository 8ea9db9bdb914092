//! The lists of single findings. A script in the page shows, sorts and filters them.

use std::collections::HashMap;

use maud::{Markup, html};
use serde_json::{Value, json};

use super::markup::{Section, tooltip};
use crate::commands::report::list::{FindingList, ListedFinding};
use crate::commands::report::page::ReportPage;
use crate::output::format::{shown, thousands};

/// A column of a list.
struct ListColumn {
    title: &'static str,
    /// The column of the record.
    name: &'static str,
    kind: CellKind,
    /// The list can be filtered by its values.
    is_filter: bool,
    value: fn(&ListedFinding) -> CellValue<'_>,
}

/// How the page shows a cell.
#[derive(Debug, Clone, Copy)]
enum CellKind {
    Need,
    Text,
    Path,
    Number,
    Day,
    /// A sentence.
    Note,
}

/// The content of a cell.
enum CellValue<'a> {
    /// A value that many rows share.
    Word(&'a str),
    Text(&'a str),
    Number(Option<u64>),
}

use CellKind::{Day, Need, Note, Number, Path, Text};

const fn column(
    title: &'static str,
    name: &'static str,
    kind: CellKind,
    is_filter: bool,
    value: fn(&ListedFinding) -> CellValue<'_>,
) -> ListColumn {
    ListColumn { title, name, kind, is_filter, value }
}

const FINDINGS: &[ListColumn] = &[
    column("Need", "need", Need, true, |row| CellValue::Word(row.need.as_str())),
    column("Path", "path", Path, false, |row| CellValue::Text(&row.path)),
    column("Authority", "authority", Text, true, |row| CellValue::Word(&row.authority)),
    column("Key", "slc_key", Text, true, |row| CellValue::Word(&row.key)),
    column("Owner", "owner", Text, true, |row| CellValue::Word(&row.owner)),
    column("Policy", "descriptor_name", Text, true, |row| CellValue::Word(&row.descriptor)),
    column("Issued", "issued", Day, false, |row| CellValue::Word(&row.issued)),
    column("Container", "container", Text, true, |row| CellValue::Word(row.container)),
    column("Not read", "error_code", Text, true, |row| CellValue::Word(&row.code)),
    column("Depends on", "dependency", Text, true, |row| CellValue::Word(row.dependency)),
];

const UNREAD: &[ListColumn] = &[
    column("Error", "error_code", Text, true, |row| CellValue::Word(&row.code)),
    column("Path", "path", Path, false, |row| CellValue::Text(&row.path)),
    column("Owner", "owner", Text, true, |row| CellValue::Word(&row.owner)),
    column("Container", "container", Text, true, |row| CellValue::Word(row.container)),
    column("Size", "size", Number, false, |row| CellValue::Number(row.size)),
    column("Modified", "modified", Day, false, |row| CellValue::Word(&row.modified)),
    column("Message", "error", Note, false, |row| CellValue::Text(&row.error)),
];

/// The place of a list, which the script fills.
pub(super) fn table(id: &str, hint: &str) -> Markup {
    html! {
        noscript { p.gap { "The list needs scripts. All findings: rmsight export." } }
        div.list id=(id) {
            div.filter {
                label { "Find " input.find type="search" placeholder=(hint) autocomplete="off"; }
                span.choices {}
                button.csv type="button" { "Save as CSV" }
                span.count.quiet aria-live="polite" {}
            }
            div.scroll { table { thead {} tbody {} } }
            button.more type="button" hidden { "Show more" }
        }
    }
}

/// The list of findings.
pub(super) fn findings(page: &ReportPage) -> Section {
    let list = &page.aggregate.lists.findings;
    let all = page.commands.on_inventories("export", "-o findings.parquet");
    let body = html! {
        @if list.left() > 0 {
            p { "The first " (thousands(list.all - list.left())) " of " (thousands(list.all)) ", what is needed first. All of them: "
                code { (shown(&all)) } }
        }
        @if !page.selection.is_empty() {
            p.gap { "Only findings that are selected by " code { (shown(&page.selection)) }
                ". The rest of the page is about all findings." }
        }
        (table("findings", "path, owner, key …"))
    };
    Section::new("list", "The findings", body)
}

/// Returns the data of the page as JSON. It does not contain `<`, so that text from files cannot end the
/// script. Values that many rows share are stored once.
pub(super) fn data(page: &ReportPage) -> String {
    let mut words = Words::default();
    let lists = &page.aggregate.lists;
    let findings = words.list(FINDINGS, &lists.findings);
    let unread = words.list(UNREAD, &lists.unread);
    let accepted = page.acceptance.decisions.accepted.iter().filter(|_| page.redactor.is_none());
    let accepted: Vec<Value> = accepted.map(|decision| decision.fields()).collect();
    let text = json!({
        "words": words.table,
        "lists": { "findings": findings, "unread": unread },
        "accepted": accepted,
    });
    text.to_string().replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026")
}

/// Values that many rows share.
#[derive(Default)]
struct Words {
    indexes: HashMap<String, usize>,
    table: Vec<String>,
}

impl Words {
    fn index(&mut self, word: &str) -> usize {
        if let Some(at) = self.indexes.get(word) {
            return *at;
        }
        let at = self.table.len();
        self.indexes.insert(word.to_owned(), at);
        self.table.push(shown(word));
        at
    }

    fn list(&mut self, columns: &[ListColumn], list: &FindingList) -> Value {
        let mut rows: Vec<Value> = Vec::with_capacity(list.len());
        for row in list.entries() {
            let cells = columns.iter().map(|column| match (column.value)(row) {
                CellValue::Word(word) => Value::from(self.index(word)),
                CellValue::Text(text) => Value::from(shown(text)),
                CellValue::Number(number) => Value::from(number),
            });
            rows.push(cells.collect());
        }
        let columns = columns.iter().map(|column| {
            let kind = match column.kind {
                Need => "need",
                Text => "text",
                Path => "path",
                Number => "number",
                Day => "day",
                Note => "note",
            };
            let row = |listed: &ListedFinding| matches!((column.value)(listed), CellValue::Word(_));
            json!({
                "title": column.title,
                "name": column.name,
                "kind": kind,
                "filter": column.is_filter,
                "shared": list.entries().next().is_some_and(row),
                "tip": tooltip(column.name),
            })
        });
        json!({ "columns": columns.collect::<Vec<_>>(), "rows": rows })
    }
}
