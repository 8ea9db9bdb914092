//! The connection between the threads of a scan and the thread that writes the inventory.

use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;

use super::lookup::Lookup;
use super::rows::{BegunScan, FileRow};
use crate::exit::Result;
use crate::fs::walk::{InventoryHandle, InventoryLookup, Note};

/// A message to the thread that writes the inventory.
#[derive(Debug)]
pub(crate) enum WriteRequest {
    Note(Note),
    File(Box<FileRow>),
    /// No message follows.
    End,
}

/// An inventory that a scan fills.
#[derive(Debug)]
pub(crate) struct ScanHandle {
    pub(crate) requests: Sender<WriteRequest>,
    /// Path of the inventory, absolute.
    pub(crate) file: PathBuf,
    pub(crate) begun: BegunScan,
    /// Records of unchanged files are written too.
    pub(crate) shows_unchanged: bool,
}

impl ScanHandle {
    /// Stores the findings of a file.
    pub(crate) fn add(&self, row: FileRow) {
        self.send(WriteRequest::File(Box::new(row)));
    }

    fn send(&self, request: WriteRequest) {
        // If the writer has ended, its failure is reported elsewhere.
        _ = self.requests.send(request);
    }
}

impl InventoryHandle for ScanHandle {
    fn file(&self) -> &Path {
        &self.file
    }

    fn shows_unchanged(&self) -> bool {
        self.shows_unchanged
    }

    fn lookup(&self) -> Result<Box<dyn InventoryLookup>> {
        Ok(Box::new(Lookup::open(&self.file, self.begun.clone())?))
    }

    fn note(&self, note: Note) {
        self.send(WriteRequest::Note(note));
    }
}
