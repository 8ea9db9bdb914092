//! Selection by values that only files know: owners, keys, labels and templates.

use globset::{GlobBuilder, GlobMatcher};
use rmsight::{Column, ColumnValue, Record};

use crate::exit::{Failure, Result};
use crate::inventory::query::Judged;

/// One option with its values, and the columns that have to contain one of them.
#[derive(Debug, Clone)]
pub(super) struct ValueSelector {
    /// The name of the option, without the dashes.
    pub(super) option: &'static str,
    pub(super) columns: Vec<&'static Column>,
    /// A finding without a value has the owner of its file as one.
    pub(super) has_file_owners: bool,
    pub(super) values: Vec<WantedValue>,
}

/// A value of an option.
#[derive(Debug, Clone)]
pub(super) struct WantedValue {
    /// As the user wrote it.
    pub(super) text: String,
    pattern: ValuePattern,
}

#[derive(Debug, Clone)]
enum ValuePattern {
    /// Equal, whatever the case.
    Text(String),
    Glob(GlobMatcher),
    /// The first digits of a SHA-256, in lower case, or a whole id.
    Key {
        digits: String,
        id: String,
    },
}

/// Prefix of the fingerprint of a key.
const SHA256: &str = "sha256:";

impl ValueSelector {
    /// Returns a selector for texts, in which `*` stands for any characters.
    pub(super) fn texts(
        option: &'static str,
        columns: &[&str],
        wanted: &[String],
    ) -> Result<ValueSelector> {
        ValueSelector::new(option, columns, wanted, |text| {
            if !text.contains('*') {
                return Ok(ValuePattern::Text(plain_guid(text).to_lowercase()));
            }
            let glob = text.split('*').map(globset::escape).collect::<Vec<_>>().join("*");
            let glob = GlobBuilder::new(&glob).case_insensitive(true).build();
            let wrong = |error| Failure::message(format_args!("--{option} {text:?}: {error}"));
            Ok(ValuePattern::Glob(glob.map_err(wrong)?.compile_matcher()))
        })
    }

    /// Returns the selector with the owners of files that were not read.
    pub(super) fn with_file_owners(self) -> ValueSelector {
        ValueSelector { has_file_owners: true, ..self }
    }

    /// Returns a selector for keys.
    pub(super) fn keys(
        option: &'static str,
        columns: &[&str],
        wanted: &[String],
    ) -> Result<ValueSelector> {
        ValueSelector::new(option, columns, wanted, |text| {
            let id = plain_guid(text).to_lowercase();
            let digits = id.strip_prefix(SHA256).unwrap_or(&id).to_owned();
            if digits.is_empty() {
                return Err(Failure::message(format_args!("--{option}: the value is empty")));
            }
            Ok(ValuePattern::Key { digits, id })
        })
    }

    fn new(
        option: &'static str,
        columns: &[&str],
        wanted: &[String],
        pattern: impl Fn(&str) -> Result<ValuePattern>,
    ) -> Result<ValueSelector> {
        let columns = columns.iter().filter_map(|name| Column::named(name)).collect();
        let value =
            |text: &String| Ok(WantedValue { text: text.clone(), pattern: pattern(text.trim())? });
        Ok(ValueSelector {
            option,
            columns,
            has_file_owners: false,
            values: wanted.iter().map(value).collect::<Result<_>>()?,
        })
    }

    /// Returns whether the record has one of the values, or no value is wanted.
    pub(super) fn takes(&self, judged: &Judged) -> bool {
        let is_wanted = |found: &str| self.values.iter().any(|value| value.is(found));
        let owner = judged.file_owner.as_deref();
        let record = judged.record();
        // The owner of the file stands for that of a license which was not read so far.
        let owner = owner.filter(|_| self.has_file_owners && self.found(&record).next().is_none());
        self.values.is_empty() || self.found(&record).any(is_wanted) || owner.is_some_and(is_wanted)
    }

    /// Returns the values of the record in the columns.
    pub(super) fn found<'r>(&self, record: &'r Record<'_>) -> impl Iterator<Item = &'r str> {
        self.columns.iter().filter_map(|column| match column.value(record) {
            ColumnValue::Text(text) => Some(text),
            _ => None,
        })
    }
}

impl WantedValue {
    /// Returns whether `found` is a value that the user wants.
    pub(super) fn is(&self, found: &str) -> bool {
        match &self.pattern {
            ValuePattern::Text(text) => found.to_lowercase() == *text,
            ValuePattern::Glob(glob) => glob.is_match(found),
            ValuePattern::Key { digits, id } => match found.strip_prefix(SHA256) {
                Some(hash) => hash.starts_with(digits),
                None => found.to_lowercase() == *id,
            },
        }
    }
}

/// Returns a GUID without the braces that Windows writes around it, and any other text as it is.
fn plain_guid(text: &str) -> &str {
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    let is_guid = |text: &&str| text.chars().all(|char| char.is_ascii_hexdigit() || char == '-');
    inner.filter(is_guid).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(selector: Result<ValueSelector>, found: &str) -> bool {
        selector.unwrap().values[0].is(found)
    }

    #[test]
    fn values_match_whatever_their_case_and_braces() {
        let text = |wanted: &str| ValueSelector::texts("owner", &["owner"], &[wanted.to_owned()]);
        let key = |wanted: &str| ValueSelector::keys("key", &["slc_key"], &[wanted.to_owned()]);
        let id = "5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41";
        assert!(is(text("Ada@Contoso.com"), "ada@contoso.com"));
        assert!(is(text("*@contoso.com"), "ada@contoso.com"));
        assert!(is(text("[a]*"), "[A]b"));
        assert!(!is(text("[a]*"), "ab"));
        assert!(!is(text("ada"), "ada@contoso.com"));
        assert!(is(text(&format!(" {{{}}} ", id.to_uppercase())), id));
        assert!(is(key(&format!("{{{}}}", id.to_uppercase())), id));
        assert!(is(key("SHA256:DC66"), "sha256:dc66f72e"));
        assert!(is(key("dc66"), "sha256:dc66f72e"));
        assert!(!is(key("66f7"), "sha256:dc66f72e"));
        assert!(!is(key("5f0c"), id));
        assert!(ValueSelector::keys("key", &["slc_key"], &["sha256:".to_owned()]).is_err());
    }
}
