//! Charts as SVG without scripts, colored by the style of the page.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::page::ReportPage;
use crate::output::format::shown;
use crate::output::line::short_key;
use crate::stats::NeedCounts;

/// Number of keys with their own color.
const COLORS: usize = 6;

/// Years that are drawn. RMS began in 2003; a license may contain any year.
const YEARS: std::ops::RangeInclusive<i64> = 2003..=2100;

const HEIGHT: u64 = 160;
const BAR: u64 = 34;
const LEFT: u64 = 70;

/// Draws licenses by year of issue, stacked by key.
pub(super) fn timeline(page: &ReportPage) -> Markup {
    let keys = page.keys();
    let drawn: Vec<_> = keys.iter().filter(|key| !key.dates.years.is_empty()).collect();
    let mut years: BTreeMap<i64, Vec<u64>> = BTreeMap::new();
    let mut outside = 0;
    for (at, key) in drawn.iter().enumerate() {
        for (year, count) in &key.dates.years {
            if YEARS.contains(year) {
                let stack = years.entry(*year).or_insert_with(|| vec![0; COLORS + 1]);
                stack[at.min(COLORS)] += count;
            } else {
                outside += count;
            }
        }
    }
    let (Some(first), Some(last)) = (years.keys().next(), years.keys().next_back()) else {
        return html! { p.quiet { "No license says when it was issued." } };
    };
    let (first, last) = (*first, *last);
    let top = years.values().map(|stack| stack.iter().sum::<u64>()).max().unwrap_or(1).max(1);
    let width = LEFT + BAR * u64::try_from(last - first + 1).unwrap_or(1) + 10;
    html! {
        svg role="img" viewBox={ "0 0 " (width) " " (HEIGHT + 34) } width=(width) height=(HEIGHT + 34) {
            title { "Licenses by year of issue, stacked by key" }
            text.axis x=(LEFT - 8) y="14" text-anchor="end" { (top) }
            text.axis x=(LEFT - 8) y=(HEIGHT + 10) text-anchor="end" { "0" }
            line.axis x1=(LEFT) x2=(width) y1=(HEIGHT + 10) y2=(HEIGHT + 10) {}
            @for (at, year) in (0_u64..).zip(first..=last) {
                @let x = LEFT + BAR * at + 3;
                @if let Some(stack) = years.get(&year) { (stacked(stack, x, top, year)) }
                text.axis x=(x + BAR / 2 - 3) y=(HEIGHT + 26) text-anchor="middle" { (year) }
            }
        }
        ul.legend {
            @for (at, key) in drawn.iter().take(COLORS).enumerate() {
                li { span class={ "chip k" (at) } {} code { (short_key(key.name.strip_prefix("id:").unwrap_or(key.name))) } " " (shown(&key.owner())) }
            }
            @if drawn.len() > COLORS {
                li { span class={ "chip k" (COLORS) } {} (drawn.len() - COLORS) " other keys" }
            }
        }
        @if outside > 0 { p.quiet { (outside) " with a year that cannot be right are not drawn." } }
    }
}

fn stacked(stack: &[u64], x: u64, top: u64, year: i64) -> Markup {
    let mut y = HEIGHT + 10;
    let mut blocks = Vec::new();
    for (at, count) in stack.iter().enumerate().filter(|(_, count)| **count > 0) {
        // Small counts remain visible.
        let height = scaled(*count, top, HEIGHT).max(1);
        y = y.saturating_sub(height);
        blocks.push((at, count, y, height));
    }
    html! {
        @for (at, count, y, height) in blocks {
            rect class={ "k" (at) } x=(x) y=(y) width=(BAR - 6) height=(height) {
                title { (year) ": " (count) }
            }
        }
    }
}

fn scaled(count: u64, top: u64, length: u64) -> u64 {
    let share = u128::from(count) * u128::from(length) / u128::from(top.max(1));
    u64::try_from(share).unwrap_or(length)
}

/// Draws bars of yes, possible and no.
pub(super) fn bars(rows: &[(&str, NeedCounts)]) -> Markup {
    let top = rows.iter().map(|(_, needs)| needs.all()).max().unwrap_or(1);
    let height = 22 * u64::try_from(rows.len()).unwrap_or_default() + 4;
    html! {
        svg.wide role="img" viewBox={ "0 0 900 " (height) } {
            title { "Findings by folder: yes, possible, no" }
            @for (at, (name, needs)) in (0_u64..).zip(rows) {
                @let y = 22 * at + 2;
                @let (yes, possible, no) = (scaled(needs.yes, top, 440), scaled(needs.possible, top, 440), scaled(needs.no, top, 440));
                text.axis x="392" y=(y + 13) text-anchor="end" { (tail(name, 56)) title { (shown(name)) } }
                rect.yes x="400" y=(y) width=(yes) height="17" { title { "yes: " (needs.yes) } }
                rect.possible x=(400 + yes) y=(y) width=(possible) height="17" { title { "possible: " (needs.possible) } }
                rect.no x=(400 + yes + possible) y=(y) width=(no) height="17" { title { "no: " (needs.no) } }
                text.axis x=(406 + yes + possible + no) y=(y + 13) { (needs.all()) }
            }
        }
        ul.legend {
            li { span.chip.yes {} "yes" } li { span.chip.possible {} "possible" } li { span.chip.no {} "no" }
        }
    }
}

/// Returns the end of a path, which is more informative than its start.
fn tail(name: &str, length: usize) -> String {
    let name = shown(name);
    let count = name.chars().count();
    if count <= length {
        return name;
    }
    std::iter::once('…').chain(name.chars().skip(count - length + 1)).collect()
}
