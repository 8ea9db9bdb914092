//! Tables of the text report.

use std::io::{self, Write};

use crate::commands::report::folder_tree::FolderTree;
use crate::commands::report::groups::Groups;
use crate::output::format::thousands;
use crate::output::terminal::escaped;
use crate::stats::NeedCounts;

/// Maximum number of rows of each table.
pub(super) const TOP: usize = 10;

pub(super) fn heading(text: &str, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "\n{text}")
}

/// The groups with the most needed files.
pub(super) fn groups(name: &str, all: &Groups, out: &mut impl Write) -> io::Result<()> {
    table(name, all.top(TOP), all, out)
}

pub(super) fn table(
    name: &str,
    rows: Vec<(&str, NeedCounts)>,
    groups: &Groups,
    out: &mut impl Write,
) -> io::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    head(name, out)?;
    let shown = rows.len();
    rows.into_iter().try_for_each(|(name, needs)| row(name, needs, out))?;
    let more = groups.len().saturating_sub(shown).try_into().unwrap_or(u64::MAX);
    if more > 0 {
        writeln!(out, "  and {} more: see the HTML page or `rmsight export`", thousands(more))?;
    }
    if groups.others.all() > 0 {
        let others = thousands(groups.others.all());
        writeln!(out, "  and {others} findings of names beyond those counted")?;
    }
    Ok(())
}

/// Folders, divided as far as rows remain.
pub(super) fn folders(name: &str, all: &FolderTree, out: &mut impl Write) -> io::Result<()> {
    let rows = all.roll_up(TOP);
    if rows.is_empty() {
        return Ok(());
    }
    head(name, out)?;
    rows.iter().try_for_each(|folder| row(&folder.name(), folder.needs, out))
}

fn head(name: &str, out: &mut impl Write) -> io::Result<()> {
    heading(name, out)?;
    writeln!(out, "        yes   possible         no")
}

fn row(name: &str, needs: NeedCounts, out: &mut impl Write) -> io::Result<()> {
    let [yes, possible, no] = [needs.yes, needs.possible, needs.no].map(thousands);
    writeln!(out, "  {yes:>9}  {possible:>9}  {no:>9}  {}", escaped(name))
}
