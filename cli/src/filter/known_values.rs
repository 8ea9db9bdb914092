//! Which wanted values any finding has.

use std::collections::BTreeSet;

use super::finding_filter::FindingFilter;
use super::value_selector::ValueSelector;
use crate::exit::{Failure, Result};
use crate::inventory::query::{Inventories, Judged};
use crate::nearest::suggestion;

/// Maximum number of values that are kept for suggestions.
const KEPT: usize = 100_000;

/// The values of findings in the columns that a filter selects by.
#[derive(Debug)]
pub(crate) struct KnownValues<'f> {
    all: Vec<SelectorValues<'f>>,
}

#[derive(Debug)]
struct SelectorValues<'f> {
    selector: &'f ValueSelector,
    names: BTreeSet<String>,
    /// For each wanted value, whether any finding has it.
    is_found: Vec<bool>,
}

impl SelectorValues<'_> {
    fn add(&mut self, found: &str) {
        if self.names.contains(found) {
            return;
        }
        for (value, is_found) in self.selector.values.iter().zip(&mut self.is_found) {
            *is_found |= value.is(found);
        }
        if self.names.len() < KEPT {
            self.names.insert(found.to_owned());
        }
    }
}

impl<'f> KnownValues<'f> {
    pub(crate) fn new(filter: &'f FindingFilter) -> KnownValues<'f> {
        let used = filter.selectors.iter().filter(|selector| !selector.values.is_empty());
        let all = used.map(|selector| SelectorValues {
            selector,
            names: BTreeSet::new(),
            is_found: vec![false; selector.values.len()],
        });
        KnownValues { all: all.collect() }
    }

    /// Adds the values of all findings of the inventories.
    pub(crate) fn add_inventories(&mut self, inventories: &Inventories) -> Result<()> {
        for values in &mut self.all {
            for (_, inventory) in &inventories.all {
                for column in &values.selector.columns {
                    inventory.distinct(column, |found| values.add(found))?;
                }
                if values.selector.has_file_owners {
                    inventory.file_owners(|found| values.add(found))?;
                }
            }
        }
        Ok(())
    }

    /// Adds the values of one finding.
    pub(crate) fn add(&mut self, judged: &Judged) {
        for values in &mut self.all {
            let record = judged.record();
            values.selector.found(&record).for_each(|found| values.add(found));
        }
    }

    /// Fails if no finding has a wanted value.
    pub(crate) fn check(&self) -> Result<()> {
        for SelectorValues { selector, names, is_found } in &self.all {
            let mut wanted = selector.values.iter().zip(is_found);
            let Some((value, _)) = wanted.find(|(_, is_found)| !**is_found) else { continue };
            let option = selector.option;
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let mut text = format!("--{option} {:?}: no finding has it", value.text);
            let suggestion = suggestion(&value.text, names.iter().copied());
            if names.is_empty() {
                text += &format!("; no finding has any {option}");
            } else if !suggestion.is_empty() {
                text += &format!("; {suggestion}");
            }
            return Err(Failure::message(text));
        }
        Ok(())
    }
}
