//! Reads the parts of a record back from the values of its columns.

use std::borrow::Cow;
use std::collections::HashSet;

use super::column::Access;
use super::columns::{COLUMNS, read_name};
use super::envelope::{Envelope, SCHEMA_VERSION};
use super::row::Record;
use super::value::ColumnValue;
use crate::authority::KeyMatch;
use crate::error::{Error, Result};
use crate::facts::{ANOMALIES, Facts, UnknownValue};
use crate::kinds::{Anomaly, Container, Protection};
use crate::verdict::{Confidence, Dependency, Need, StoredVerdict, Verdict};

impl Facts {
    /// Reads the facts of a record. `value` returns the value of a column by its name. Numbers,
    /// times and booleans can be text, and anomalies can be one text with spaces between the names.
    ///
    /// A missing column reads as null. An unknown name of a closed list reads as the value that
    /// claims least, and is kept in [`unknown`](Facts::unknown). A value of another kind reads as
    /// null.
    ///
    /// ```
    /// use rmsight::{ColumnValue, Facts, Protection};
    ///
    /// let row = [("schema", "1"), ("container", "zip"), ("protection", "future"), ("searched", "full")];
    /// let facts = Facts::from_columns(|name| {
    ///     let (_, text) = row.iter().find(|(column, _)| *column == name)?;
    ///     Some(ColumnValue::Text(text))
    /// })?;
    /// assert_eq!(facts.protection, Protection::Unknown);
    /// assert_eq!(facts.unknown[0].name, "future");
    /// # Ok::<(), rmsight::Error>(())
    /// ```
    ///
    /// # Errors
    /// Fails if `value` returns no schema, container, protection or searched, or another schema.
    pub fn from_columns<'a>(value: impl Fn(&str) -> Option<ColumnValue<'a>>) -> Result<Facts> {
        check_schema(value("schema"))?;
        for name in ["container", "protection", "searched"] {
            required(name, value(name).and_then(ColumnValue::text))?;
        }
        let mut facts = Facts::new(Container::Other, Protection::Unknown);
        for column in COLUMNS {
            let read = value(column.name).unwrap_or(ColumnValue::Null);
            match column.access {
                Access::Facts { set, .. } => set(&mut facts, read),
                Access::Anomalies => {
                    let (known, unknown) = StoredAnomalies::new(read).facts;
                    facts.anomalies = known;
                    facts.unknown.extend(unknown);
                }
                Access::Envelope(_) | Access::Verdict(_) => {}
            }
        }
        Ok(facts)
    }
}

impl Envelope<'_> {
    /// Reads the envelope of a record, as [`Facts::from_columns`] reads its facts.
    ///
    /// # Errors
    /// Fails if `value` returns no schema, path or reader, or another schema.
    pub fn from_columns<'v>(
        value: impl Fn(&str) -> Option<ColumnValue<'v>>,
    ) -> Result<Envelope<'v>> {
        check_schema(value("schema"))?;
        let text = |name| value(name).and_then(ColumnValue::text);
        let mut envelope = Envelope::new(required("path", text("path"))?);
        envelope.reader = required("reader", value("reader").and_then(ColumnValue::small))?;
        envelope.source = text("source").map(Cow::Borrowed);
        envelope.path_raw = text("path_raw").map(Cow::Borrowed);
        envelope.size = value("size").and_then(ColumnValue::int);
        envelope.modified = value("modified").and_then(ColumnValue::time);
        envelope.etag = text("etag").map(Cow::Borrowed);
        envelope.version_id = text("version_id").map(Cow::Borrowed);
        envelope.tier = text("tier").map(Cow::Borrowed);
        Ok(envelope)
    }
}

impl Verdict {
    /// Reads the verdict of a record, as [`Facts::from_columns`] reads its facts. It has no
    /// modifiers.
    ///
    /// # Errors
    /// Fails if `value` returns no schema, need, dependency, rule or rules, or another schema.
    pub fn from_columns<'a>(value: impl Fn(&str) -> Option<ColumnValue<'a>>) -> Result<Verdict> {
        check_schema(value("schema"))?;
        let text = |name| value(name).and_then(ColumnValue::text);
        for name in ["need", "dependency"] {
            required(name, text(name))?;
        }
        let get = |name| value(name).unwrap_or(ColumnValue::Null);
        let (known, mut unknown) = StoredAnomalies::new(get(ANOMALIES)).verdict;
        let need = read_name(&mut unknown, "need", get("need"), Need::from_name);
        let dependency =
            read_name(&mut unknown, "dependency", get("dependency"), Dependency::from_name);
        let confidence =
            read_name(&mut unknown, "confidence", get("confidence"), Confidence::from_name);
        let has_confidence = text("confidence").is_some_and(|name| !name.is_empty());
        let key_match = read_name(&mut unknown, "key_match", get("key_match"), KeyMatch::from_name);
        let stored = StoredVerdict {
            need: need.unwrap_or(Need::Possible),
            dependency: dependency.unwrap_or(Dependency::Undecided),
            confidence: confidence.or(has_confidence.then_some(Confidence::Low)),
            rule: required("rule", text("rule"))?.to_owned(),
            rules: required("rules", value("rules").and_then(ColumnValue::small))?,
            key_match: key_match.unwrap_or(KeyMatch::None),
            authority: text("authority").map(str::to_owned),
            estate: text("estate").map(str::to_owned),
            anomalies: known,
            unknown,
        };
        Ok(stored.into())
    }
}

impl Record<'_> {
    /// Reads a record, as [`Facts::from_columns`] reads its facts.
    ///
    /// # Errors
    /// Fails if a column is missing that one of the parts requires, or if the schema is another one.
    pub fn from_columns<'v>(value: impl Fn(&str) -> Option<ColumnValue<'v>>) -> Result<Record<'v>> {
        Ok(Record {
            envelope: Envelope::from_columns(&value)?,
            facts: Cow::Owned(Facts::from_columns(&value)?),
            verdict: Cow::Owned(Verdict::from_columns(&value)?),
            #[cfg(feature = "serde")]
            other: Vec::new(),
        })
    }
}

/// The anomalies of a record, by the part that they belong to.
struct StoredAnomalies {
    facts: (Vec<Anomaly>, Vec<UnknownValue>),
    verdict: (Vec<Anomaly>, Vec<UnknownValue>),
}

impl StoredAnomalies {
    /// Splits the list of a record, in which the anomalies of the facts precede those of the
    /// verdict. An unknown name between the two groups counts as one of the facts: facts with an
    /// unknown name are never judged `no`.
    fn new(list: ColumnValue<'_>) -> StoredAnomalies {
        let names = list.names();
        let known: Vec<Option<Anomaly>> =
            names.iter().map(|name| Anomaly::from_name(name)).collect();
        let is_of_facts = |anomaly: &Option<Anomaly>| anomaly.is_some_and(is_of_facts);
        let is_of_verdict = |anomaly: &Option<Anomaly>| anomaly.is_some() && !is_of_facts(anomaly);
        let last_of_facts = known.iter().rposition(is_of_facts);
        let first_of_verdict = known.iter().position(is_of_verdict);
        let mut split = StoredAnomalies { facts: Default::default(), verdict: Default::default() };
        for (at, (name, anomaly)) in names.iter().zip(&known).enumerate() {
            let is_of_verdict = match anomaly {
                Some(anomaly) => !self::is_of_facts(*anomaly),
                None => {
                    first_of_verdict.is_some_and(|first| first < at)
                        && last_of_facts.is_none_or(|last| last < at)
                }
            };
            let part = if is_of_verdict { &mut split.verdict } else { &mut split.facts };
            match anomaly {
                Some(anomaly) => part.0.push(*anomaly),
                None => part.1.push(UnknownValue::new(ANOMALIES, name)),
            }
        }
        for (known, unknown) in [&mut split.facts, &mut split.verdict] {
            known.sort_unstable();
            known.dedup();
            let mut seen = HashSet::new();
            unknown.retain(|value| seen.insert(value.name.clone()));
        }
        split
    }
}

/// In the vocabulary, the anomalies of facts precede those of verdicts.
fn is_of_facts(anomaly: Anomaly) -> bool {
    anomaly < Anomaly::ImportedKeyLikely
}

fn required<T>(name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::config(format!("not a record: it has no {name}")))
}

fn check_schema(schema: Option<ColumnValue<'_>>) -> Result<()> {
    let schema = required("schema", schema.and_then(ColumnValue::int))?;
    if schema == u64::from(SCHEMA_VERSION) {
        return Ok(());
    }
    Err(Error::config(format!(
        "the record has schema {schema}, and only {SCHEMA_VERSION} can be read here"
    )))
}
