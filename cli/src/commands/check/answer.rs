//! The answer for one authority, as text.

use std::io::{self, Write};

use super::counts::CheckCounts;
use crate::inventory::gaps::Gap;
use crate::output::format::counted;
use crate::output::terminal::escaped;

/// The answer for one authority.
#[derive(Debug)]
pub(super) struct CheckAnswer<'a> {
    pub(super) authority: &'a str,
    pub(super) counts: &'a CheckCounts,
    /// Gaps of the scans and of the findings that count.
    pub(super) gaps: Vec<&'a Gap>,
    /// Gaps that `--accept` excuses.
    pub(super) excused: Vec<&'a Gap>,
}

impl CheckAnswer<'_> {
    /// Returns whether nothing that was scanned needs the authority, without a gap.
    pub(super) fn is_free(&self) -> bool {
        self.counts.is_free() && self.gaps.is_empty()
    }

    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let counts = self.counts;
        let name = escaped(self.authority);
        let answer = if self.is_free() { "not needed" } else { "not shown to be free" };
        writeln!(out, "{name}: {answer}, in what was scanned")?;
        writeln!(out, "  yes       {:>9}", counts.yes)?;
        writeln!(out, "  possible  {:>9}", counts.possible)?;
        for (reason, count) in &counts.reasons {
            writeln!(out, "            {count:>9}  {}", escaped(reason))?;
        }
        if counts.in_use > 0 {
            let one = counts.in_use == 1;
            let words = if one { "finding needs" } else { "findings need" };
            writeln!(out, "  in use    {:>9}  {words} a key of this authority", counts.in_use)?;
        }
        writeln!(out, "  findings  {:>9}", counts.findings)?;
        for gap in &self.gaps {
            writeln!(out, "  gap       {:<14}  {}", gap.name, escaped(&gap.text))?;
        }
        for (code, count) in &counts.excused {
            writeln!(out, "  excused   {count:>9}  {} (--accept)", escaped(code))?;
        }
        for gap in &self.excused {
            writeln!(out, "  excused   {:<14}  {} (--accept)", gap.name, escaped(&gap.text))?;
        }
        if counts.imported > 0 {
            let findings = counted(counts.imported, "finding");
            let verb = if counts.imported == 1 { "is" } else { "are" };
            writeln!(
                out,
                "  {findings} {verb} under a key that was imported into Azure: the estate file \
                 does not say which Azure authority has its tenant, so each may need it"
            )?;
        }
        for (other, count) in &counts.elsewhere {
            let findings = counted(*count, "finding");
            let verb = if *count == 1 { "needs" } else { "need" };
            let other = escaped(other);
            writeln!(out, "  {findings} {verb} another authority: {other}")?;
        }
        Ok(())
    }
}
