//! Sections of the HTML report about authorities: answers, next steps, and open questions.

use maud::{Markup, html};
use rmsight::AuthorityKind;

use super::markup::{Section, marked};
use crate::commands::report::authority::AuthorityAnswer;
use crate::commands::report::page::ReportPage;
use crate::commands::report::todo::{NextStep, todo};
use crate::commands::report::trend::{CountChange, Trend};
use crate::dictionary::glossary::GLOSSARY;
use crate::output::format::{counted, day, settling, shown, thousands};
use crate::output::line::short_key;

/// One answer for each authority that goes away.
pub(super) fn authorities(page: &ReportPage) -> Option<Section> {
    let body = html! { @for answer in &page.authorities { (authority(page, answer)) } };
    let title = "The answer for each authority";
    (!page.authorities.is_empty()).then(|| Section::new("authorities", title, body))
}

fn authority(page: &ReportPage, answer: &AuthorityAnswer) -> Markup {
    let (class, text) = answer.answer();
    html! {
        div.authority {
            h3 { (shown(&answer.question())) " " span.quiet { (answer.kind) } }
            p class={ "answer " (class) } { (text) }
            p {
                "Yes " b { (thousands(answer.yes)) } ", possible " b { (thousands(answer.possible)) }
                @if answer.in_use > 0 { ", in use " b { (thousands(answer.in_use)) } }
                @if answer.accepted > 0 { ", accepted " b { (thousands(answer.accepted)) } }
                "."
            }
            @for step in answer.steps(&page.commands) { p { b { "Next: " } (marked(&step)) } }
        }
    }
}

/// The next steps. `has` says whether the page has a section of this id.
pub(super) fn next(page: &ReportPage, has: &dyn Fn(&str) -> bool) -> Section {
    let link = |step: &NextStep| step.section.filter(|id| has(id));
    let body = html! {
        ol { @for step in todo(page) {
            li { (marked(&step.text)) @if let Some(id) = link(&step) { " " a href={ "#" (id) } { "Go there" } } }
        } }
    };
    Section::new("next", "What to do next", body)
}

pub(super) fn sums(page: &ReportPage) -> Section {
    let aggregate = &page.aggregate;
    let stats = &aggregate.stats;
    let body = html! {
        div.tiles {
            div.tile.yes {
                b { (thousands(stats.needs.yes)) } "need " (page.terms.authority())
                @if aggregate.needed_contents() > 0 { br; (counted(aggregate.needed_contents(), "distinct document")) }
            }
            div.tile.possible {
                b { (thousands(stats.needs.possible)) } "may need one (" (thousands(stats.undecided)) " undecided)"
                @if aggregate.accepted > 0 { br; (thousands(aggregate.accepted)) " accepted" }
            }
            div.tile.no { b { (thousands(stats.needs.no)) } "protected, and need none" }
            div.tile { b { (thousands(stats.unprotected)) } "not rights-protected" }
            div.tile { b { (thousands(aggregate.contents())) } "protected documents, copies counted once" }
        }
        p.quiet { "Findings: files, and members of archives and mails." }
    };
    Section::new("sums", "In what was scanned", body)
}

pub(super) fn trend(page: &ReportPage, trend: &Trend) -> Section {
    let stats = &page.aggregate.stats;
    let all = trend.all(stats);
    let key = |name: &str| short_key(name.strip_prefix("id:").unwrap_or(name)).to_owned();
    let body = html! {
        p.quiet {
            "The earlier inventory"
            @if let Some(time) = trend.scanned { " of " (day(Some(time))) }
            " is judged with the estate file of today. " code { "rmsight diff" } " lists the files."
        }
        div.scroll { table {
            thead { tr { th { "Findings" } th.number { "Yes" } th.number { "Possible" } th.number { "No" } } }
            tbody {
                tr {
                    td { "All" }
                    td.number { (CountChange::words(all.before.yes, all.now.yes)) }
                    td.number { (CountChange::words(all.before.possible, all.now.possible)) }
                    td.number { (CountChange::words(all.before.no, all.now.no)) }
                }
                @for (name, change) in trend.changed_keys(stats).into_iter().take(100) { tr {
                    td { "Key " code { (shown(&key(name))) } }
                    td.number { (CountChange::words(change.before.yes, change.now.yes)) }
                    td.number { (CountChange::words(change.before.possible, change.now.possible)) }
                    td.number { (CountChange::words(change.before.no, change.now.no)) }
                } }
            }
        } }
    };
    Section::new("trend", "Since the earlier inventory", body)
}

pub(super) fn questions(page: &ReportPage) -> Option<Section> {
    let body = html! {
        ul { @for open in &page.questions { li {
            b { (shown(&open.authority)) } ": " (shown(&open.text))
            @if let Some(answer) = settling(open) { br; (marked(&answer)) }
            @if let Some(command) = open.command { br; "Ask: " code { (command) } }
        } } }
    };
    let title = "Open questions of the estate file";
    (!page.questions.is_empty()).then(|| Section::new("questions", title, body))
}

/// The words of the page. Those about AD RMS are left out of a page that is not about AD RMS.
pub(super) fn glossary(page: &ReportPage) -> Section {
    let is_cluster = page.kinds().contains(&AuthorityKind::AdRms);
    let is_about_cluster =
        |text: &str| ["AD RMS", "cluster"].iter().any(|words| text.contains(words));
    let terms = GLOSSARY.iter().filter(|term| {
        is_cluster || !(is_about_cluster(term.word) || is_about_cluster(term.meaning))
    });
    let body =
        html! { dl { @for term in terms { dt { (term.word) } dd { (marked(term.meaning)) } } } };
    Section::new(
        "glossary",
        "What the words mean",
        html! { details { summary { "Show the words" } (body) } },
    )
}
