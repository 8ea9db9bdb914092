//! The evaluation of the options that select findings.

use rmsight::{Container, Need, Record};

use super::path_globs::PathGlobs;
use super::value_selector::ValueSelector;
use crate::inventory::query::{Judged, Translation};

/// Selects findings. An option without values selects all.
#[derive(Debug, Clone)]
pub(crate) struct FindingFilter {
    pub(super) needs: Vec<Need>,
    pub(super) authorities: Vec<String>,
    pub(super) errors: Vec<String>,
    pub(super) containers: Vec<Container>,
    pub(super) selectors: Vec<ValueSelector>,
    pub(super) paths: PathGlobs,
    /// The names of files on other machines, which reports show.
    pub(super) names: Option<Translation>,
    pub(super) words: String,
}

impl FindingFilter {
    /// Returns whether the finding is selected.
    pub(crate) fn takes(&self, judged: &Judged) -> bool {
        let record = &judged.record();
        is_any(&self.needs, Some(record.verdict.need()))
            && is_any_text(&self.authorities, record.verdict.authority())
            && is_any_text(&self.errors, record.facts.error_code.as_deref())
            && is_any(&self.containers, Some(record.facts.container))
            && self.takes_path(record)
            && self.selectors.iter().all(|selector| selector.takes(judged))
    }

    /// Returns the indexes of the wanted paths that match the record.
    pub(super) fn matching_paths(&self, record: &Record<'_>) -> Vec<usize> {
        let path = &record.envelope.path;
        let mut all = self.paths.matching(path);
        if let Some(names) = &self.names {
            all.extend(self.paths.matching(&names.path(record.envelope.source.as_deref(), path)));
        }
        all
    }

    fn takes_path(&self, record: &Record<'_>) -> bool {
        let path = &record.envelope.path;
        self.paths.takes(path)
            || self.names.as_ref().is_some_and(|names| {
                self.paths.takes(&names.path(record.envelope.source.as_deref(), path))
            })
    }

    /// Returns a filter that knows paths by their names on other machines too.
    pub(crate) fn with_names(self, names: Translation) -> FindingFilter {
        FindingFilter { names: Some(names), ..self }
    }

    /// Returns whether the filter selects every finding.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Returns the options, for messages.
    pub(crate) fn words(&self) -> &str {
        &self.words
    }
}

fn is_any<T: PartialEq>(wanted: &[T], found: Option<T>) -> bool {
    wanted.is_empty() || found.is_some_and(|found| wanted.contains(&found))
}

fn is_any_text(wanted: &[String], found: Option<&str>) -> bool {
    wanted.is_empty() || found.is_some_and(|found| wanted.iter().any(|one| one == found))
}
