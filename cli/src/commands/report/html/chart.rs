//! Charts as SVG without scripts, colored by the style of the page.

use std::collections::BTreeMap;

use maud::{Markup, html};

use super::markup::path;
use crate::commands::report::folder_tree::FolderRow;
use crate::commands::report::page::ReportPage;
use crate::output::format::{shown, thousands};
use crate::output::line::short_key;

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
            text.axis x=(LEFT - 8) y="14" text-anchor="end" { (thousands(top)) }
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
                li { span class={ "chip k" (at) } {} code { (short_key(key.name.strip_prefix("id:").unwrap_or(key.name))) } " " (shown(&key.owner_name())) }
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
                title { (year) ": " (thousands(*count)) }
            }
        }
    }
}

fn scaled(count: u64, top: u64, length: u64) -> u64 {
    let share = u128::from(count) * u128::from(length) / u128::from(top.max(1));
    u64::try_from(share).unwrap_or(length)
}

/// The length of the longest bar, in units of its picture.
const LONGEST: u64 = 400;

/// Draws bars of yes, possible and no. Each bar is a separate picture, so that names and numbers are text,
/// which a narrow window breaks.
pub(super) fn bars(rows: &[FolderRow]) -> Markup {
    let top = rows.iter().map(|row| row.needs.all()).max().unwrap_or(1);
    html! {
        div.bars { @for row in rows {
            @let parts = [("yes", row.needs.yes), ("possible", row.needs.possible), ("no", row.needs.no)];
            @let lengths = parts.map(|(_, count)| scaled(count, top, LONGEST).max(u64::from(count > 0)));
            div.bar {
                span.path { (path(&row.name())) }
                svg role="img" viewBox={ "0 0 " (LONGEST + 3) " 10" } preserveAspectRatio="none" {
                    title { (shown(&row.name())) ": yes " (thousands(row.needs.yes)) ", possible " (thousands(row.needs.possible)) ", no " (thousands(row.needs.no)) }
                    @for (at, (class, _)) in parts.iter().enumerate() {
                        @let start = lengths.iter().take(at).sum::<u64>();
                        @if lengths[at] > 0 { rect class=(class) x=(start) y="0" width=(lengths[at]) height="10" {} }
                    }
                }
                span.number { (thousands(row.needs.all())) }
            }
        } }
        ul.legend {
            li { span.chip.yes {} "yes" } li { span.chip.possible {} "possible" } li { span.chip.no {} "no" }
        }
    }
}
