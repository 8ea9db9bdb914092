//! Selection of findings: the arguments that several commands share, and their evaluation.
//!
//! A value that no finding has is an error, because an empty result would be mistaken for an answer.

mod args;
mod finding_filter;
mod known_values;
mod path_globs;
mod value_selector;

pub(crate) use args::FilterArgs;
pub(crate) use finding_filter::FindingFilter;
pub(crate) use known_values::KnownValues;

/// Returns a message that no finding matches the options `words`.
pub(crate) fn nothing_selected(words: &str) -> String {
    match words.is_empty() {
        true => "the inventories have no finding".to_owned(),
        false => format!("no finding is selected by {words}"),
    }
}

/// Returns the options of a filter for the output; empty if it selects all findings. They can
/// contain names.
pub(crate) fn shown_words(filter: &FindingFilter, is_redacted: bool) -> String {
    match is_redacted && !filter.is_empty() {
        true => "options with names".to_owned(),
        false => filter.words().to_owned(),
    }
}
