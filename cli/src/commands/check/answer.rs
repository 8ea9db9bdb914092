//! The answer for one authority, as text.

use std::io::{self, Write};

use super::counts::CheckCounts;
use crate::acceptance::{Acceptance, Ruling};
use crate::inventory::gaps::Gap;
use crate::output::format::{counted, thousands};
use crate::output::terminal::escaped;

/// The answer for one authority.
#[derive(Debug)]
pub(super) struct CheckAnswer<'a> {
    pub(super) authority: &'a str,
    pub(super) counts: &'a CheckCounts,
    /// Gaps of the scans and of the findings that count.
    pub(super) gaps: Vec<&'a Gap>,
    /// Gaps that `--accept` or a decision excuses.
    pub(super) excused: Vec<(&'a Gap, Ruling)>,
}

impl CheckAnswer<'_> {
    /// Returns whether nothing that was scanned needs the authority, without a gap.
    pub(super) fn is_free(&self) -> bool {
        self.counts.is_free() && self.gaps.is_empty()
    }

    pub(super) fn write(&self, acceptance: &Acceptance, out: &mut impl Write) -> io::Result<()> {
        let counts = self.counts;
        let name = escaped(self.authority);
        let answer = match self.is_free() {
            true => "not needed",
            false if counts.yes + counts.in_use > 0 => "needed",
            false => "not shown to be free",
        };
        writeln!(out, "{name}: {answer}, in what was scanned")?;
        writeln!(out, "  yes       {:>9}", thousands(counts.yes))?;
        writeln!(out, "  possible  {:>9}", thousands(counts.possible))?;
        for (reason, count) in &counts.reasons {
            writeln!(out, "            {:>9}  {}", thousands(*count), escaped(reason))?;
            let texts = counts.texts.get(reason).into_iter().flatten();
            for text in texts.filter(|text| !text.is_empty()) {
                writeln!(out, "                       {text}")?;
            }
        }
        if counts.in_use > 0 {
            let one = counts.in_use == 1;
            let words = if one { "finding needs" } else { "findings need" };
            let count = thousands(counts.in_use);
            writeln!(out, "  in use    {count:>9}  {words} a key of this authority")?;
        }
        writeln!(out, "  findings  {:>9}", thousands(counts.findings))?;
        for gap in &self.gaps {
            writeln!(out, "  gap       {:<14}  {}", gap.name, escaped(&gap.text))?;
        }
        for ((code, ruling), count) in counts.excused.iter().chain(&counts.accepted) {
            let why = words(acceptance, *ruling);
            writeln!(out, "  excused   {:>9}  {} ({why})", thousands(*count), escaped(code))?;
        }
        for (gap, ruling) in &self.excused {
            let why = words(acceptance, *ruling);
            writeln!(out, "  excused   {:<14}  {} ({why})", gap.name, escaped(&gap.text))?;
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

/// Returns what a ruling is: the option, or the person, the day and the reason of a decision.
fn words(acceptance: &Acceptance, ruling: Ruling) -> String {
    let decision = acceptance.at(ruling).map(|decision| escaped(&decision.words()).to_string());
    decision.unwrap_or_else(|| "--accept".to_owned())
}
