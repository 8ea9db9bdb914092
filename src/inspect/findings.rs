//! [`Findings`]: the findings of a file while it is read, and their delivery.

use std::ops::ControlFlow;

use super::collector::merge_layers;
use super::report::{Finding, Report};
use crate::error::{Error, ErrorKind};
use crate::facts::Facts;
use crate::kinds::{Container, Protection, Searched};

/// Receives findings one by one, and decides whether the inspection continues.
pub(super) type Receiver<'r> = dyn FnMut(Finding) -> ControlFlow<()> + 'r;

/// The findings of a file: its own first, then those of its members.
#[derive(Default)]
pub(super) struct Findings {
    /// Most files have only this finding, which needs no allocation.
    first: Option<Finding>,
    own: Vec<Finding>,
    /// Whether findings of the file itself were delivered.
    is_own_delivered: bool,
    members: Vec<Finding>,
    /// Number of findings of members that were delivered.
    delivered: usize,
    /// Index of the last finding of a member that names a key, delivered ones included.
    last_key: Option<usize>,
    /// Structures whose layers are being read.
    unmerged: usize,
    /// The first thing that was not read, anywhere in the file.
    incomplete: Option<Error>,
    /// The first error that no record contains.
    unrecorded: Option<Error>,
    /// The error that ended the reading of the file.
    ended: Option<Error>,
}

/// The number of findings at some point of the traversal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since {
    own: usize,
    /// Delivered ones included.
    members: usize,
}

impl Findings {
    pub(super) fn note(&mut self, error: &Error) {
        if error.ends_file() {
            self.ended.get_or_insert_with(|| error.clone());
        }
        self.incomplete.get_or_insert_with(|| error.clone());
    }

    /// Notes an error that no record contains.
    pub(super) fn note_unrecorded(&mut self, error: &Error) {
        self.note(error);
        self.unrecorded.get_or_insert_with(|| error.clone());
    }

    /// Notes an error that makes all findings incomplete.
    pub(super) fn note_ended(&mut self, error: &Error) {
        self.note(error);
        self.ended.get_or_insert_with(|| error.clone());
    }

    pub(super) fn add_own(&mut self, finding: Finding) {
        match self.first {
            None => self.first = Some(finding),
            Some(_) => self.own.push(finding),
        }
    }

    pub(super) fn add_member(&mut self, finding: Finding) {
        if finding.has_key() {
            self.last_key = Some(self.members_len());
        }
        self.members.push(finding);
    }

    /// Returns the number of findings of members, delivered ones included.
    pub(super) fn members_len(&self) -> usize {
        self.delivered.saturating_add(self.members.len())
    }

    /// Returns whether the findings of members from `since` on name a key.
    pub(super) fn have_key(&self, since: usize) -> bool {
        self.last_key.is_some_and(|last| last >= since)
    }

    /// Begins a structure of several layers, whose findings from here on are merged later.
    pub(super) fn begin_layers(&mut self) -> Since {
        self.unmerged = self.unmerged.saturating_add(1);
        let own = self.own.len().saturating_add(usize::from(self.first.is_some()));
        Since { own, members: self.members_len() }
    }

    /// Merges the layers of one structure: the findings of the file from `since.own` on, or those of
    /// the member at `path` from `since.members` on.
    pub(super) fn merge(&mut self, path: Option<&str>, since: Since) {
        self.unmerged = self.unmerged.saturating_sub(1);
        let Some(path) = path else {
            let mut group: Vec<Finding> = match since.own.checked_sub(1) {
                None => self.first.take().into_iter().chain(self.own.drain(..)).collect(),
                Some(since) => self.own.drain(since.min(self.own.len())..).collect(),
            };
            merge_layers(&mut group);
            group.into_iter().for_each(|finding| self.add_own(finding));
            return;
        };
        // Nothing is delivered before all layers are merged.
        let from = since.members.saturating_sub(self.delivered).min(self.members.len());
        let later = self.members.drain(from..);
        let (mut group, inside): (Vec<Finding>, Vec<Finding>) =
            later.partition(|finding| finding.facts.member.as_deref() == Some(path));
        merge_layers(&mut group);
        self.last_key = self.last_key.filter(|last| *last < since.members);
        group.into_iter().chain(inside).for_each(|finding| self.add_member(finding));
    }

    /// Delivers the findings that later bytes do not change: those of members, and those of the file
    /// itself if it is protected.
    pub(super) fn deliver(&mut self, to: &mut Receiver<'_>) -> ControlFlow<()> {
        if self.unmerged > 0 {
            return ControlFlow::Continue(());
        }
        self.deliver_members(to)?;
        let is_protected = |own: &Finding| own.facts.protection == Protection::Rms;
        match self.first.as_ref().is_some_and(is_protected) {
            true => self.deliver_own(to),
            false => ControlFlow::Continue(()),
        }
    }

    fn deliver_members(&mut self, to: &mut Receiver<'_>) -> ControlFlow<()> {
        self.doubt_all();
        let mut members = std::mem::take(&mut self.members).into_iter();
        self.delivered = self.delivered.saturating_add(members.len());
        let flow = members.by_ref().try_for_each(&mut *to);
        // After a stop, findings that were not delivered are left.
        self.members = members.collect();
        flow
    }

    fn deliver_own(&mut self, to: &mut Receiver<'_>) -> ControlFlow<()> {
        self.doubt_all();
        let Some(first) = self.first.take() else { return ControlFlow::Continue(()) };
        self.is_own_delivered = true;
        let mut own = std::mem::take(&mut self.own).into_iter();
        let flow = match to(first) {
            ControlFlow::Continue(()) => own.by_ref().try_for_each(&mut *to),
            stop => stop,
        };
        self.own = own.collect();
        flow
    }

    /// Returns whether all findings were delivered and everything until here was read.
    pub(super) fn is_delivered(&self) -> bool {
        self.members.is_empty()
            && self.first.is_none()
            && self.own.is_empty()
            && self.is_own_delivered
            && self.incomplete.is_none()
    }

    /// Delivers the findings that are left when the traversal has ended.
    pub(super) fn deliver_rest(mut self, to: &mut Receiver<'_>) -> ControlFlow<(), Option<Error>> {
        self.settle();
        self.deliver_members(to)?;
        self.deliver_own(to)?;
        ControlFlow::Continue(self.incomplete)
    }

    pub(super) fn into_report(mut self) -> Report {
        self.settle();
        let first = self
            .first
            .unwrap_or_else(|| Finding::new(Facts::new(Container::Other, Protection::Unknown)));
        let rest = self.own.into_iter().chain(self.members).collect();
        Report { first, rest, incomplete: self.incomplete }
    }

    /// Each cause of incompleteness is in one record: that of the member which it concerns, or else
    /// that of the file. An error that ends the whole file makes each record doubtful: the part that
    /// was not read may contain a rival of any license.
    fn settle(&mut self) {
        if self.first.is_none() && !self.is_own_delivered {
            let facts = Facts::new(Container::Other, Protection::Unknown);
            self.first = Some(Finding::new(facts));
        }
        if let (Some(error), Some(first)) = (&self.unrecorded, &mut self.first)
            && first.facts.protection != Protection::Rms
        {
            let is_new = first.facts.searched == Searched::Full;
            doubt(&mut first.facts, error);
            // Of two causes the record contains the one that the caller can change.
            if !is_new
                && error.kind() == ErrorKind::Limit
                && first.error().is_none_or(|own| own.kind() != ErrorKind::Limit)
            {
                first.facts.set_error(error);
            }
        }
        self.doubt_all();
    }

    /// Marks all findings as incomplete after an error that ended the file.
    fn doubt_all(&mut self) {
        if let Some(error) = &self.ended {
            let findings = self.first.iter_mut().chain(&mut self.own).chain(&mut self.members);
            findings.for_each(|finding| doubt(&mut finding.facts, error));
        }
    }
}

/// Marks facts as incomplete, unless they are marked already.
pub(super) fn doubt(facts: &mut Facts, error: &Error) {
    if facts.searched != Searched::Full {
        return;
    }
    facts.searched = Searched::Partial;
    facts.set_error(error);
    if facts.protection == Protection::None {
        facts.protection = Protection::Unknown;
    }
}
