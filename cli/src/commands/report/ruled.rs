//! What accepts a finding, or a doubt about it.

use rmsight::Record;

use crate::acceptance::{Acceptance, Ruling, excusable};
use crate::inventory::gaps::{Doubts, OF_FINDINGS};

/// The rulings on one finding.
#[derive(Debug, Clone, Default)]
pub(super) struct FindingRulings {
    /// On its error code, if it was not read and names no key.
    pub(super) error: Option<(String, Ruling)>,
    /// On each of the gaps [`OF_FINDINGS`].
    doubts: [Option<Ruling>; OF_FINDINGS.len()],
}

impl FindingRulings {
    /// Returns the rulings on a record whose names and paths are not redacted.
    pub(super) fn of(record: &Record<'_>, acceptance: &Acceptance) -> FindingRulings {
        let source = record.envelope.source.as_deref();
        let path = &*record.envelope.path;
        let error = excusable(&record.facts, &record.verdict)
            .and_then(|code| Some((code.to_owned(), acceptance.code(code, source, path)?)));
        let mut doubts = [None; OF_FINDINGS.len()];
        let causes = Doubts::causes(record, true);
        for ((name, doubt), is_doubt) in OF_FINDINGS.iter().zip(&mut doubts).zip(causes) {
            *doubt = is_doubt.then(|| acceptance.decided(name, source, path)).flatten();
        }
        FindingRulings { error, doubts }
    }

    pub(super) fn is_doubt_accepted(&self) -> [bool; OF_FINDINGS.len()] {
        self.doubts.map(|doubt| doubt.is_some())
    }

    /// Returns the rulings that change the answer, with the names of what they accept.
    pub(super) fn counted(&self, record: &Record<'_>) -> Vec<(&str, Ruling)> {
        let error = self.error.iter().map(|(code, ruling)| (code.as_str(), *ruling));
        let doubts = OF_FINDINGS.iter().zip(self.doubts).zip(Doubts::causes(record, false));
        let doubts = doubts.filter(|(_, is_doubt)| *is_doubt);
        error.chain(doubts.filter_map(|((name, ruling), _)| Some((*name, ruling?)))).collect()
    }
}
