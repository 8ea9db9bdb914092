//! Stored findings, judged again. All commands that read inventories use them.

use std::path::PathBuf;

use rmsight::{
    Container, Envelope, Estate, Facts, LicenseFacts, Need, Protection, READER_VERSION, Record,
    Redactor, Verdict, judge_dated,
};

use super::path_mapping::PathMapping;
use super::reader::Inventory;
use crate::exit::Result;
use crate::output::advice::OLDER_READER;

/// Inventories that are read as one.
#[derive(Debug, Default)]
pub(crate) struct Inventories {
    pub(crate) all: Vec<(PathBuf, Inventory)>,
    redactor: Option<Redactor>,
}

/// One finding with its verdict.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) envelope: Envelope<'static>,
    pub(crate) facts: Facts,
    pub(crate) verdict: Verdict,
    /// The owner in the file system of a file that was not read. It is no column of the record.
    pub(crate) file_owner: Option<String>,
}

impl Judged {
    pub(crate) fn record(&self) -> Record<'_> {
        Record::new(&self.envelope, &self.facts, &self.verdict)
    }
}

/// Judges the facts of a record as far as they are reliable. If an older reader found that a file
/// does not need a cluster, a newer reader might find more: the file counts as not read.
pub(crate) fn reliable(envelope: &Envelope<'_>, facts: Facts, estate: &Estate) -> (Facts, Verdict) {
    let verdict = judge_dated(&facts, envelope.modified, estate);
    if !is_older(envelope) || verdict.need() != Need::No {
        return (facts, verdict);
    }
    let words = format!(
        "an older rmsight (reader {}) read it, which may have missed a license: scan again (reader \
         {READER_VERSION})",
        envelope.reader
    );
    let mut unread = Facts::not_opened(OLDER_READER, words);
    unread.container = facts.container;
    (unread.member, unread.member_size) = (facts.member, facts.member_size);
    let verdict = judge_dated(&unread, envelope.modified, estate);
    (unread, verdict)
}

/// Redacts the name of a person like the owner of a license.
fn person(redactor: &Redactor, name: String) -> String {
    let mut license = LicenseFacts::default();
    license.owner = Some(name);
    let mut facts = Facts::new(Container::License, Protection::Rms);
    facts.license = Some(Box::new(license));
    redactor.redact(&mut Envelope::new(""), &mut facts);
    facts.license.and_then(|license| license.owner).unwrap_or_default()
}

/// Returns whether an older version of the fact reader made the record.
pub(crate) fn is_older(envelope: &Envelope<'_>) -> bool {
    envelope.reader < READER_VERSION
}

impl Inventories {
    pub(crate) fn open(files: &[PathBuf]) -> Result<Inventories> {
        let mut all = Vec::with_capacity(files.len());
        for file in files {
            all.push((file.clone(), Inventory::open(file)?));
        }
        Ok(Inventories { all, redactor: None })
    }

    /// Reads all inventories as they are now, whatever other processes write meanwhile.
    pub(crate) fn freeze(&self) -> Result<()> {
        self.all.iter().try_for_each(|(_, inventory)| inventory.freeze())
    }

    /// Sets the redactor of names and paths.
    pub(crate) fn redacted(self, redactor: Option<Redactor>) -> Inventories {
        Inventories { redactor, ..self }
    }

    /// Judges every finding of files that were not deleted.
    pub(crate) fn judged(
        &self,
        estate: &Estate,
        visit: impl FnMut(&Judged) -> Result<()>,
    ) -> Result<()> {
        self.judged_where(estate, |_| true, visit)
    }

    /// Judges every finding of files that were not deleted, and visits those that `takes` accepts.
    /// It gets names and paths as they are, `visit` gets them redacted.
    pub(crate) fn judged_where(
        &self,
        estate: &Estate,
        mut takes: impl FnMut(&Judged) -> bool,
        mut visit: impl FnMut(&Judged) -> Result<()>,
    ) -> Result<()> {
        for (_, inventory) in &self.all {
            inventory.records(|stored| {
                let envelope = stored.envelope;
                let (facts, verdict) = reliable(&envelope, stored.facts, estate);
                let file_owner = stored.file_owner;
                let mut judged = Judged { envelope, facts, verdict, file_owner };
                if !takes(&judged) {
                    return Ok(());
                }
                if let Some(redactor) = &self.redactor {
                    redactor.redact(&mut judged.envelope, &mut judged.facts);
                    judged.file_owner = judged.file_owner.map(|owner| person(redactor, owner));
                }
                visit(&judged)
            })?;
        }
        Ok(())
    }

    /// Returns the translation of paths for all sources.
    pub(crate) fn translation(&self) -> Result<Translation> {
        let mut maps = Vec::new();
        // Redacted paths are not translated.
        let all = self.all.iter().filter(|_| self.redactor.is_none());
        for (_, inventory) in all {
            let mut sources: Vec<Option<String>> =
                inventory.scans()?.into_iter().map(|scan| scan.source).collect();
            sources.sort_unstable();
            sources.dedup();
            for source in sources {
                let map = inventory.maps(source.as_deref())?;
                if !map.is_empty() {
                    maps.push((source, map));
                }
            }
        }
        Ok(Translation { maps })
    }
}

/// Path mappings of all sources.
#[derive(Debug, Clone)]
pub(crate) struct Translation {
    maps: Vec<(Option<String>, PathMapping)>,
}

impl Translation {
    /// Returns the name of a path of `source` on other machines, or the path itself without a
    /// mapping.
    pub(crate) fn path(&self, source: Option<&str>, path: &str) -> String {
        let own = self.maps.iter().filter(|(name, _)| name.as_deref() == source);
        let mut mapped = own.map(|(_, maps)| maps.apply(path));
        let found = mapped.find(|mapped| mapped != path);
        found.map_or_else(|| path.to_owned(), std::borrow::Cow::into_owned)
    }
}

impl Translation {
    /// Returns the names that a path of any source has on other machines.
    pub(crate) fn all(&self, path: &str) -> Vec<String> {
        let mapped = self.maps.iter().map(|(_, maps)| maps.apply(path).into_owned());
        mapped.filter(|mapped| mapped != path).collect()
    }

    /// Returns the mappings in words, with the source of each.
    pub(crate) fn words(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for (source, maps) in &self.maps {
            let source = source.as_ref().map_or_else(String::new, |source| format!(" ({source})"));
            all.extend(maps.pairs().map(|(prefix, target)| format!("{prefix}={target}{source}")));
        }
        all
    }
}
