//! [`Candidates`]: the structures that may protect one PDF, collected from its trailers,
//! dictionaries and payloads.

use crate::container::pdf::types::is_about_one;
use crate::source::Window;
use std::collections::HashSet;
use std::ops::{Deref, DerefMut};

use crate::container::name::Name;
use crate::container::sink::{Body, Member, Sink};
use crate::error::{Error, Result};
use crate::kinds::Protection;
use crate::source::Extent;

/// Reads the PDF in the compressed payload of a wrapper. A payload is read like a file, so the
/// reader of payloads receives the reader of files as a function.
pub(crate) type PayloadReader = fn(&mut Window<'_>, &mut dyn Sink) -> Result<()>;

/// Collects the protection of one PDF. A PDF may name several encryption dictionaries and several
/// payloads. Each one is a candidate, and the file has the strongest protection of all.
pub(crate) struct Candidates<'s> {
    sink: &'s mut (dyn Sink + 's),
    read_payload: PayloadReader,
    protection: Option<Protection>,
    /// The structures that were read.
    read: HashSet<(CandidateKind, u64)>,
    /// Offset and length of each layer that was emitted.
    layers: HashSet<(u64, u64)>,
    /// Whether a candidate is a wrapper.
    pub(crate) is_wrapper: bool,
}

impl<'s> Candidates<'s> {
    /// Creates an empty collection. `read_payload` reads the PDF in a compressed payload.
    pub(crate) fn new(
        sink: &'s mut (dyn Sink + 's),
        read_payload: PayloadReader,
    ) -> Candidates<'s> {
        Candidates {
            sink,
            read_payload,
            protection: None,
            read: HashSet::new(),
            layers: HashSet::new(),
            is_wrapper: false,
        }
    }

    /// Returns the function that reads a compressed payload.
    pub(crate) fn payload_reader(&self) -> PayloadReader {
        self.read_payload
    }

    /// Adds the protection of one candidate.
    pub(crate) fn protects(&mut self, protection: Protection) {
        self.protection = Some(self.protection.map_or(protection, |known| known.worse(protection)));
        if protection == Protection::Rms {
            self.sink.protection(protection);
        }
    }

    /// Reports the protection of the whole file.
    pub(crate) fn protection_of_file(&mut self, protection: Protection) {
        self.sink.protection(protection);
    }

    /// Emits a protected PDF that is stored in the member without compression.
    pub(crate) fn layer(&mut self, extent: Extent) -> Result<()> {
        if self.layers.insert((extent.offset, extent.len)) {
            self.sink.member(Member { name: Name::Layer, body: Body::Stored(vec![extent]) })?;
        }
        Ok(())
    }

    /// Returns the strongest protection so far, or `None` without a candidate.
    pub(crate) fn protection(&self) -> Option<Protection> {
        self.protection
    }

    /// Records that the structure of this kind at `at` is read, and returns whether it was not read
    /// before. A structure without an offset is always new.
    pub(crate) fn is_new(&mut self, kind: CandidateKind, at: Option<u64>) -> bool {
        at.is_none_or(|at| self.read.insert((kind, at)))
    }

    /// Returns whether the structure of this kind at `at` was read.
    pub(crate) fn has_read(&self, kind: CandidateKind, at: Option<u64>) -> bool {
        at.is_some_and(|at| self.read.contains(&(kind, at)))
    }

    /// Reports a candidate that cannot be read. It becomes a separate record.
    pub(crate) fn unread(&mut self, error: Error) -> Result<()> {
        self.protects(Protection::Unknown);
        self.sink.unread_license(error)
    }

    /// Reports an error that concerns every candidate: further candidates may be hidden.
    pub(crate) fn report_incomplete(&mut self, error: Error) {
        self.protects(Protection::Unknown);
        self.sink.incomplete(error);
    }

    /// Reports an error about one candidate, which is damaged or not supported. Returns every other
    /// error: a limit concerns all records of the file.
    pub(crate) fn keep_error(&mut self, read: Result<()>) -> Result<()> {
        match read {
            Err(error) if is_about_one(&error) => self.unread(error),
            read => read,
        }
    }
}

/// The kind of a structure that is read once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum CandidateKind {
    /// An encryption dictionary.
    Dictionary,
    /// The file specification of a wrapper.
    Wrapper,
    /// The data of an embedded file.
    Payload,
}

impl<'s> Deref for Candidates<'s> {
    type Target = dyn Sink + 's;

    fn deref(&self) -> &(dyn Sink + 's) {
        self.sink
    }
}

impl<'s> DerefMut for Candidates<'s> {
    fn deref_mut(&mut self) -> &mut (dyn Sink + 's) {
        self.sink
    }
}
