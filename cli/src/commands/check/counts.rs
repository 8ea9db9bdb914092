//! What the findings say about one authority.

use std::collections::{BTreeMap, BTreeSet};

use crate::acceptance::{Acceptance, Ruling, excusable};
use crate::authority_use::{AuthorityTest, AuthorityUse};
use crate::inventory::gaps::{Doubts, OF_FINDINGS};
use crate::inventory::query::Judged;
use crate::output::advice;

/// Numbers of findings, by what they need of one authority.
#[derive(Debug, Default)]
pub(super) struct CheckCounts {
    pub(super) yes: u64,
    pub(super) possible: u64,
    /// Findings that a key of the authority opens, and whose verdict is `no`.
    pub(super) in_use: u64,
    /// Findings under a key that was imported into the Azure tenant of an unknown authority.
    pub(super) imported: u64,
    /// Findings that need another authority, by name.
    pub(super) elsewhere: BTreeMap<String, u64>,
    pub(super) findings: u64,
    /// Findings that `--accept` or a decision excuses, by error code.
    pub(super) excused: BTreeMap<(String, Ruling), u64>,
    /// Findings with a doubt that a decision accepts, by gap name.
    pub(super) accepted: BTreeMap<(String, Ruling), u64>,
    /// Reasons of possible needs, by rule or error code.
    pub(super) reasons: BTreeMap<String, u64>,
    /// For each of these reasons why its findings are possible, and what would settle them.
    pub(super) texts: BTreeMap<String, BTreeSet<String>>,
    pub(super) doubts: Doubts,
}

impl CheckCounts {
    /// Counts a finding.
    pub(super) fn add(
        &mut self,
        test: &AuthorityTest<'_>,
        judged: &Judged,
        acceptance: &Acceptance,
    ) {
        self.findings += 1;
        let source = judged.envelope.source.as_deref();
        let path = &*judged.envelope.path;
        let used = test.of(judged);
        let is_elsewhere = matches!(used, AuthorityUse::Elsewhere(_) | AuthorityUse::OtherTenant);
        let mut is_accepted = [false; OF_FINDINGS.len()];
        for ((name, is_accepted), is_doubt) in OF_FINDINGS
            .iter()
            .zip(&mut is_accepted)
            .zip(Doubts::causes(&judged.record(), is_elsewhere))
        {
            let ruling = is_doubt.then(|| acceptance.decided(name, source, path)).flatten();
            if let Some(ruling) = ruling {
                *is_accepted = true;
                *self.accepted.entry(((*name).to_owned(), ruling)).or_default() += 1;
            }
        }
        self.doubts.add(&judged.record(), is_elsewhere, is_accepted);
        match used {
            AuthorityUse::Yes => self.yes += 1,
            AuthorityUse::InUse => self.in_use += 1,
            AuthorityUse::MaybeImported(reason) => {
                self.imported += 1;
                self.add_possible(reason, judged);
            }
            AuthorityUse::Possible(reason) => {
                let code = excusable(&judged.facts, &judged.verdict);
                let ruled = code
                    .and_then(|code| Some((code.to_owned(), acceptance.code(code, source, path)?)));
                match ruled {
                    Some(ruled) => *self.excused.entry(ruled).or_default() += 1,
                    None => self.add_possible(reason, judged),
                }
            }
            AuthorityUse::Elsewhere(other) => *self.elsewhere.entry(other).or_default() += 1,
            AuthorityUse::OtherTenant | AuthorityUse::No => {}
        }
    }

    fn add_possible(&mut self, reason: String, judged: &Judged) {
        self.possible += 1;
        self.texts.entry(reason.clone()).or_default().insert(text(judged));
        *self.reasons.entry(reason).or_default() += 1;
    }

    /// Returns whether no finding needs or may need the authority.
    pub(super) fn is_free(&self) -> bool {
        self.yes == 0 && self.possible == 0 && self.in_use == 0
    }
}

/// Returns why a finding is possible, and what would settle it.
fn text(judged: &Judged) -> String {
    let (facts, verdict) = (&judged.facts, &judged.verdict);
    let settled = advice::settled_by(facts, verdict).unwrap_or_default();
    match facts.error_code {
        Some(_) => settled.to_owned(),
        None => format!("{} {settled}", advice::reason(facts, verdict)).trim_end().to_owned(),
    }
}
