//! Checks that a person makes, with boxes for the answers.

use maud::{Markup, html};

use super::markup::{Section, marked};
use crate::commands::report::page::ReportPage;
use crate::manual_check::{ManualCheck, of_kind};
use crate::output::format::{day, shown};

/// The checks of each kind of authority.
pub(super) fn blind(page: &ReportPage) -> Section {
    let kinds = page.kinds();
    let body = html! {
        p { "Each of these may need an authority when no file does. Check them before you decide." }
        @for kind in &kinds {
            @if kinds.len() > 1 { h3 { (kind) } }
            (list(page, of_kind(*kind), None))
        }
    };
    Section::new("blind", "A file scan cannot see", body)
}

/// A list of checks; `key` is that of checks of the read-only mode.
pub(super) fn list(page: &ReportPage, checks: &[ManualCheck], key: Option<&str>) -> Markup {
    html! {
        div.checks { @for check in checks { (one(page, check, key)) } }
    }
}

fn one(page: &ReportPage, check: &ManualCheck, key: Option<&str>) -> Markup {
    let answer = page.answer_to(check.id, key);
    let on = answer.map_or_else(String::new, |answer| day(Some(answer.on)));
    let is_redacted = page.redactor.is_some();
    let by = answer.map_or("", |answer| if is_redacted { "" } else { &answer.by });
    let note = answer.and_then(|answer| answer.note.as_deref()).filter(|_| !is_redacted);
    html! {
        div.check data-check=(check.id) data-key=[key] data-on=(on) {
            label.name { input.done type="checkbox" checked[answer.is_some()]; " " (check.name) }
            p { (check.why) }
            p { b { "Check: " } (marked(check.check)) }
            div.fields {
                label { "answered by " input.by type="text" size="18" value=(shown(by)); }
                label { "note " input.note type="text" size="30" value=(shown(note.unwrap_or_default())); }
                @if !on.is_empty() { span.quiet { "recorded on " (on) } }
            }
        }
    }
}
