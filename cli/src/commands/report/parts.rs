//! Sections of the HTML report about authorities: answers, open questions, and limits of a scan.

use maud::{Markup, html};
use rmsight::AuthorityKind;

use super::authority::AuthorityAnswer;
use super::blind;
use super::page::ReportPage;
use crate::dictionary::{entry, glossary::GLOSSARY};
use crate::output::format::{settling, shown};

/// Formats text between backticks as code.
pub(super) fn marked(text: &str) -> Markup {
    let text = shown(text);
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// One answer for each authority that goes away.
pub(super) fn authorities(page: &ReportPage) -> Markup {
    html! {
        @if !page.authorities.is_empty() {
            section #authorities {
                @for answer in &page.authorities { (authority(answer)) }
            }
        }
    }
}

fn authority(answer: &AuthorityAnswer) -> Markup {
    let (class, text) = answer.answer();
    html! {
        div.authority {
            h2 { (shown(&answer.question())) " " span.quiet { (answer.kind) } }
            p class={ "answer " (class) } { (text) }
            p {
                "Yes " b { (answer.yes) } ", possible " b { (answer.possible) }
                @if answer.in_use > 0 { ", in use " b { (answer.in_use) } }
                "."
            }
            @for step in answer.steps() { p { b { "Next: " } (marked(&step)) } }
        }
    }
}

pub(super) fn questions(page: &ReportPage) -> Markup {
    html! {
        @if !page.questions.is_empty() {
            section #questions {
                h2 { "Open questions of the estate file" }
                ul { @for open in &page.questions { li {
                    b { (shown(&open.authority)) } ": " (shown(&open.text))
                    @if let Some(answer) = settling(open) { br; (marked(&answer)) }
                    @if let Some(command) = open.command { br; "Ask: " code { (command) } }
                } } }
            }
        }
    }
}

pub(super) fn blind(page: &ReportPage) -> Markup {
    let kinds = page.kinds();
    html! {
        section #blind {
            h2 { "A file scan cannot see" }
            p { "Each of these may need an authority when no file does. Check them before you decide." }
            @for kind in &kinds {
                @if kinds.len() > 1 { h3 { (kind) } }
                dl { @for spot in blind::of(*kind) {
                    dt { span.box {} (spot.name) }
                    dd { (spot.why) br; b { "Check: " } (marked(spot.check)) }
                } }
            }
        }
    }
}

/// Returns the name of a column of the record, and its meaning.
pub(super) fn tooltip(column: &str) -> String {
    entry(column).map_or_else(String::new, |entry| format!("{column}: {}", entry.text()))
}

/// The words of the page. Those about AD RMS are left out of a page that is not about AD RMS.
pub(super) fn glossary(page: &ReportPage) -> Markup {
    let is_cluster = page.kinds().contains(&AuthorityKind::AdRms);
    let is_about_cluster =
        |text: &str| ["AD RMS", "cluster"].iter().any(|words| text.contains(words));
    let terms = GLOSSARY.iter().filter(|term| {
        is_cluster || !(is_about_cluster(term.word) || is_about_cluster(term.meaning))
    });
    html! {
        section #glossary {
            details {
                summary { "What the words mean" }
                dl { @for term in terms { dt { (term.word) } dd { (marked(term.meaning)) } } }
            }
        }
    }
}
