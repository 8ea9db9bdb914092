//! The report as one HTML file. It loads and sends nothing, and its policy forbids both. Text from
//! files is always escaped.

mod authorities;
mod chart;
mod checks;
mod groups;
mod keys;
mod lists;
mod markup;
mod scanned;
mod sign_off;

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::page::ReportPage;
use super::wording;
use crate::output::format::shown;
use markup::Section;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

pub(super) fn write(page: &ReportPage, out: &mut impl Write) -> io::Result<()> {
    let (class, answer) = wording::verdict(page);
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(SCRIPT),
        hash(STYLE)
    );
    let sections = sections(page);
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
                header #top {
                    h1 { (wording::question(page)) }
                    p class={ "answer " (class) } { (answer) }
                    p.quiet { "As of " (page.evidence.as_of) ". " (shown(&page.judged_with)) }
                }
                nav aria-label="Contents" {
                    ul { @for section in &sections { li { a href={ "#" (section.id) } { (section.title) } } } }
                }
                main { @for section in &sections { (section.markup()) } }
                footer.quiet {
                    "rmsight " (env!("CARGO_PKG_VERSION")) ". This file loads nothing from elsewhere. "
                    a href="#top" { "To the top" }
                }
                script #data type="application/json" { (PreEscaped(lists::data(page))) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    out.write_all(head.into_string().as_bytes())
}

/// Returns the sections in the order of the page.
fn sections(page: &ReportPage) -> Vec<Section> {
    let mut odd = groups::odd(page);
    let mut first: Vec<Section> = authorities::authorities(page).into_iter().collect();
    if page.is_contradicted() {
        first.splice(0..0, odd.take());
    }
    let rest = [
        Some(authorities::sums(page)),
        Some(keys::keys(page)),
        keys::read_only(page),
        page.trend.as_ref().map(|trend| authorities::trend(page, trend)),
        keys::unknown(page),
        authorities::questions(page),
        scanned::gaps(page),
        Some(scanned::roots(page)),
        Some(scanned::errors(page)),
        Some(groups::hosts(page)),
        Some(groups::pictures(page)),
        Some(groups::tables(page)),
        Some(groups::decided(page)),
        odd,
        Some(lists::findings(page)),
        Some(checks::blind(page)),
        Some(sign_off::sign_off(page)),
        Some(authorities::glossary(page)),
    ];
    let rest: Vec<Section> = rest.into_iter().flatten().collect();
    let ids: Vec<&str> = first.iter().chain(&rest).map(|section| section.id).collect();
    let next = authorities::next(page, &|id| ids.contains(&id));
    first.push(next);
    first.extend(rest);
    first
}

fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text))
}
