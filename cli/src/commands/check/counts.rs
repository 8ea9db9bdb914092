//! What the findings say about one authority.

use std::collections::BTreeMap;

use rmsight::Dependency;

use crate::authority_use::{AuthorityTest, AuthorityUse};
use crate::inventory::gaps::Doubts;
use crate::inventory::query::Judged;

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
    /// Findings that `--accept` excuses, by error code.
    pub(super) excused: BTreeMap<String, u64>,
    /// Reasons of possible needs, by rule or error code.
    pub(super) reasons: BTreeMap<String, u64>,
    pub(super) doubts: Doubts,
}

impl CheckCounts {
    /// Counts a finding. `accepts` says whether an error code is excused.
    pub(super) fn add(
        &mut self,
        test: &AuthorityTest<'_>,
        judged: &Judged,
        accepts: impl Fn(&str) -> bool,
    ) {
        self.findings += 1;
        self.doubts.add(judged);
        match test.of(judged) {
            AuthorityUse::Yes => self.yes += 1,
            AuthorityUse::InUse => self.in_use += 1,
            AuthorityUse::MaybeImported(reason) => {
                self.imported += 1;
                self.add_possible(reason);
            }
            AuthorityUse::Possible(reason) => {
                let code = excusable(judged).filter(|code| accepts(code));
                match code {
                    Some(code) => *self.excused.entry(code.to_owned()).or_default() += 1,
                    None => self.add_possible(reason),
                }
            }
            AuthorityUse::Elsewhere(other) => {
                *self.elsewhere.entry(other).or_default() += 1;
                self.doubts.add_excused(judged);
            }
            AuthorityUse::OtherTenant => self.doubts.add_excused(judged),
            AuthorityUse::No => {}
        }
    }

    fn add_possible(&mut self, reason: String) {
        self.possible += 1;
        *self.reasons.entry(reason).or_default() += 1;
    }

    /// Returns whether no finding needs or may need the authority.
    pub(super) fn is_free(&self) -> bool {
        self.yes == 0 && self.possible == 0 && self.in_use == 0
    }
}

/// Returns the error code of what was not read and names no key. A known key is never excused.
fn excusable(judged: &Judged) -> Option<&str> {
    let code = judged.facts.error_code.as_deref()?;
    let is_undecided = judged.verdict.dependency() == Dependency::Undecided
        && judged.facts.slc_key().is_none()
        && judged.facts.slc_id().is_none();
    is_undecided.then_some(code)
}
