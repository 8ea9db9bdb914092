//! Which wanted values any finding has.

use std::collections::BTreeSet;

use rmsight::{Column, Depth, Estate};

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
    filter: &'f FindingFilter,
    /// For each wanted path, error code and container, whether any finding has it.
    paths: Vec<bool>,
    errors: Vec<bool>,
    containers: Vec<bool>,
    /// Files were read with --quick.
    is_quick: bool,
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
        KnownValues {
            all: all.collect(),
            filter,
            paths: vec![false; filter.paths.texts.len()],
            errors: vec![false; filter.errors.len()],
            containers: vec![false; filter.containers.len()],
            is_quick: false,
        }
    }

    /// Adds the values of all findings of the inventories, which are judged with the estate.
    pub(crate) fn add_inventories(
        &mut self,
        inventories: &Inventories,
        estate: &Estate,
    ) -> Result<()> {
        if !self.others().all(|(_, _, is_found)| is_found) {
            // Every finding is visited, because the path of a file and some codes are in no column.
            let visit = |judged: &Judged| {
                self.add_others(judged);
                false
            };
            inventories.judged_where(estate, visit, |_| Ok(()))?;
        }
        if let Some(depth) = Column::named("depth").filter(|_| !self.all.is_empty()) {
            for (_, inventory) in &inventories.all {
                inventory
                    .distinct(depth, |found| self.is_quick |= found == Depth::Head.as_str())?;
            }
        }
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
        self.is_quick |= judged.facts.depth == Depth::Head;
        self.add_others(judged);
    }

    fn add_others(&mut self, judged: &Judged) {
        for at in self.filter.matching_paths(&judged.record()) {
            self.paths.iter_mut().skip(at).take(1).for_each(|is_found| *is_found = true);
        }
        let code = judged.facts.error_code.as_deref();
        for (wanted, is_found) in self.filter.errors.iter().zip(&mut self.errors) {
            *is_found |= code == Some(wanted.as_str());
        }
        for (wanted, is_found) in self.filter.containers.iter().zip(&mut self.containers) {
            *is_found |= judged.facts.container == *wanted;
        }
    }

    /// Returns the wanted values that are not those of a selector: the option, the value, and whether any
    /// finding has it.
    fn others(&self) -> impl Iterator<Item = (&'static str, &str, bool)> {
        let filter = self.filter;
        let paths = filter.paths.texts.iter().map(String::as_str).zip(&self.paths);
        let errors = filter.errors.iter().map(String::as_str).zip(&self.errors);
        let containers = filter.containers.iter().map(|kind| kind.as_str()).zip(&self.containers);
        let paths = paths.map(|(value, is_found)| ("path", value, *is_found));
        let errors = errors.map(|(value, is_found)| ("error", value, *is_found));
        paths.chain(errors).chain(containers.map(|(value, found)| ("container", value, *found)))
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
                if self.is_quick {
                    text += ", and files were read with --quick, which does not read all of a \
                             license: scan again with --verify";
                }
            } else if !suggestion.is_empty() {
                text += &format!("; {suggestion}");
            }
            return Err(Failure::message(text));
        }
        match self.others().find(|(_, _, is_found)| !is_found) {
            Some((option, value, _)) => {
                Err(Failure::message(format_args!("--{option} {value:?}: no finding has it")))
            }
            None => Ok(()),
        }
    }
}
