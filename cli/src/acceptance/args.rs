//! The arguments that say what does not count as a gap.

use std::path::PathBuf;

use clap::Args;
use rmsight::Timestamp;

use super::accepted::Acceptance;
use super::decision::Decisions;
use super::decision_file;
use crate::exit::Result;
use crate::inventory::gap_name;
use crate::inventory::query::Inventories;
use crate::inventory::scope::{Scope, now};

/// The variable that names the decisions file.
const DECISIONS_VARIABLE: &str = "RMSIGHT_DECISIONS";

/// What does not count as a gap, and the time of the answer.
#[derive(Debug, Args)]
#[command(next_help_heading = "What counts as a gap")]
pub(crate) struct AcceptArgs {
    /// How old the scan of a root may be: 30d, 12h, 4w
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(crate) max_age: Option<i64>,

    /// Do not count a gap of this name, or what was not read for this error code; may be repeated
    ///
    /// It never excuses a finding whose key is known. CODES.md lists the names.
    #[arg(long, value_name = "NAME", value_parser = gap_name)]
    accept: Vec<String>,

    /// Accept the gaps that this file lists, each with the person who decided and the reason
    ///
    /// The file has a table [[accepted]] for each decision: `code` (a name of --accept), `path` (a file or
    /// folder: in full, or relative to a scanned root, so that `Legal` is /mnt/share/Legal if the root is
    /// /mnt/share; `**` is everything), `by`, `on`, `reason`, and optionally `ticket` and `until` (the last
    /// day). It accepts that code below that path only. Decisions that expired or that
    /// match nothing are listed. The HTML report has a button that writes the file.
    #[arg(long, value_name = "FILE", env = DECISIONS_VARIABLE, hide_env_values = true)]
    decisions: Option<PathBuf>,

    /// Answer as of this time (UTC): 2026-11-30 or 2026-11-30T14:00:00Z [default: now]
    ///
    /// It decides which decisions have expired and how old a scan is.
    #[arg(long, value_name = "TIME", value_parser = time)]
    as_of: Option<Timestamp>,
}

/// Parses `30d`, `12h` or `4w`. Returns seconds.
fn age(text: &str) -> std::result::Result<i64, String> {
    let wrong = || "it is a number and m, h, d or w: 30d".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u32 = text.strip_suffix(unit).unwrap_or_default().parse().map_err(|_| wrong())?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    Ok(i64::from(number) * seconds)
}

fn time(text: &str) -> std::result::Result<Timestamp, String> {
    Timestamp::parse(text)
        .ok_or_else(|| "it is a time in UTC: 2026-11-30 or 2026-11-30T14:00:00Z".to_owned())
}

impl AcceptArgs {
    /// Reads the decisions file.
    ///
    /// # Errors
    /// Fails if it cannot be read or has mistakes, all of which are printed.
    pub(crate) fn decisions(&self) -> Result<Decisions> {
        self.decisions.as_deref().map_or_else(|| Ok(Decisions::default()), decision_file::load)
    }

    /// Returns the time of the answer.
    pub(crate) fn as_of(&self) -> Timestamp {
        self.as_of.unwrap_or_else(now)
    }

    /// Returns what is accepted in the scans of these inventories.
    pub(crate) fn acceptance(
        &self,
        decisions: Decisions,
        inventories: &Inventories,
        scopes: &[Scope],
    ) -> Result<Acceptance> {
        let roots = scopes.iter().flat_map(|scope| &scope.roots);
        let roots = roots.filter(|root| root.kind != "list").map(|root| root.path.clone());
        Ok(Acceptance::new(
            self.accept.clone(),
            decisions,
            self.as_of(),
            roots.collect(),
            inventories.translation()?,
        ))
    }

    /// Returns the options in force, each with its value.
    pub(crate) fn in_force(&self) -> Vec<(&'static str, String)> {
        let mut all: Vec<(&'static str, String)> = Vec::new();
        all.extend(self.max_age.map(|seconds| ("--max-age", format!("{seconds} s"))));
        all.extend(self.accept.iter().map(|name| ("--accept", name.clone())));
        let file = self.decisions.as_ref();
        all.extend(file.map(|file| ("--decisions", file.display().to_string())));
        all.extend(self.as_of.map(|time| ("--as-of", time.to_string())));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn ages_have_units() {
        assert_eq!(age("30d"), Ok(2_592_000));
        assert_eq!(age("12h"), Ok(43_200));
        for wrong in ["", "d", "30", "-1d", "1y", "1é"] {
            assert!(age(wrong).is_err(), "{wrong}");
        }
    }
}
