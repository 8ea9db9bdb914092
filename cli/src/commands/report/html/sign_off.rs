//! The sign-off page of the HTML report: what a change board signs.

use maud::{Markup, html};

use super::markup::{Section, path};
use crate::commands::report::page::{DecisionLine, ReportPage};
use crate::commands::report::wording;
use crate::output::format::{counted, day, shown};

/// Rows for signatures.
const ROLES: [&str; 4] = ["Prepared by", "Checked by", "Approved by", "Change board"];

pub(super) fn sign_off(page: &ReportPage) -> Section {
    let decisions = page.decisions();
    let (class, answer) = wording::verdict(page);
    let answered = &page.acceptance.decisions.answered;
    let body = html! {
        p class={ "answer " (class) } { (answer) }
        h3 { "Made from" }
        div.scroll { table.evidence { tbody { @for (name, value) in page.evidence.rows() {
            tr { th { (shown(&name)) } td.path { (path(&value)) } }
        } } } }
        h3 { "Accepted" }
        @if decisions.is_empty() { p { "Nothing was accepted." } } @else { (accepted(&decisions)) }
        h3 { "Open: " (page.open_words()) }
        @if !page.gaps.is_empty() {
            ul { @for gap in page.gaps.iter().take(50) { li { code { (gap.name) } " " (path(&gap.text)) } } }
            @if page.gaps.len() > 50 { p { "And " (page.gaps.len() - 50) " more." } }
        }
        @if !answered.is_empty() && page.redactor.is_none() {
            h3 { "Checks that were answered" }
            div.scroll { table {
                thead { tr { th { "Check" } th { "By" } th { "On" } th { "Note" } } }
                tbody { @for answer in answered { tr {
                    td { code { (answer.check) } } td { (shown(&answer.by)) } td.day { (day(Some(answer.on))) }
                    td.wide { (shown(answer.note.as_deref().unwrap_or_default())) }
                } } }
            } }
        }
        @if page.redactor.is_none() {
            div.save {
                button #save type="button" { "Save decisions" }
                " " span.quiet { "Writes decisions.toml with what was accepted and answered on this page. Make the report again with "
                    code { "--decisions decisions.toml" } ". The page itself stores nothing." }
                p #save-result.gap role="status" hidden {}
            }
        }
        h3 { "Signatures" }
        div.scroll { table.signatures {
            thead { tr { th { "Role" } th { "Name" } th { "Date" } th { "Signature" } } }
            tbody { @for role in ROLES { tr { th { (role) } td { input type="text" aria-label={ "Name: " (role) }; } td {} td {} } } }
        } }
    };
    Section::new("sign-off", "Sign-off", body)
}

fn accepted(decisions: &[DecisionLine]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "Gap or error" } th { "Below" } th { "By" } th { "On" } th { "Until" } th { "Reason" } th { "Ticket" } th { "Effect" } } }
            tbody { @for line in decisions { tr {
                td { code { (line.code) } } td.path { (path(&line.path)) } td { (shown(&line.by)) }
                td.day { (line.on) } td.day { (line.until) } td.wide { (shown(&line.reason)) } td { (shown(&line.ticket)) }
                td {
                    @match &line.idle {
                        Some(why) => { span.pill.possible { "does not count" } " " (why) },
                        None => { (counted(line.findings, "finding")) ", " (counted(line.gaps, "gap")) },
                    }
                }
            } } }
        } }
    }
}
