//! The work of each thread of a walk.

use std::sync::Arc;

use super::folder::Folder;
use super::handle::InventoryLookup;
use super::job::{Job, count};
use super::root::Root;
use super::state::{Task, Walk};
use crate::exit::Result;
use crate::fs::open::{self, Links};
use crate::fs::watchdog::HangWatchdog;

impl Walk {
    /// Walks until no task is left. Each thread calls it.
    pub(crate) fn run(&self, watch: &HangWatchdog<Arc<Folder>>) {
        let lookup = match self.lookup() {
            Ok(lookup) => lookup,
            Err(failure) => {
                self.fail(failure);
                None
            }
        };
        while let Some(task) = self.next() {
            match task {
                Task::Root(root) => self.root(&root, lookup.as_deref()),
                Task::Folder(folder) => {
                    if !self.folder(&folder, lookup.as_deref(), watch) {
                        // Another thread has replaced this one.
                        return;
                    }
                }
                Task::Job(job) => self.send(job),
            }
            self.done();
        }
        let mut state = self.work.lock();
        state.threads -= 1;
        if state.threads > 0 {
            return;
        }
        drop(state);
        for _ in 0..self.workers {
            // If all workers have ended, the message is not needed.
            _ = self.jobs.send(Job::End);
        }
    }

    fn lookup(&self) -> Result<Option<Box<dyn InventoryLookup>>> {
        self.inventory.as_ref().map(|inventory| inventory.lookup()).transpose()
    }

    fn root(&self, root: &Arc<Root>, lookup: Option<&dyn InventoryLookup>) {
        if let Some(lister) = &root.objects {
            return self.objects(root, lister.as_ref(), lookup);
        }
        if let Some(list) = &root.list {
            if let Err(failure) = self.listed(root, list) {
                self.fail(failure);
            }
            return;
        }
        let path = &root.path;
        match path.metadata() {
            Ok(found) if found.is_dir() => {
                self.push(vec![Task::Folder(Arc::new(Folder::top(root)))]);
            }
            Ok(found) if found.is_file() => {
                count(&root.files);
                let dir = root.dir(path.parent().unwrap_or(path), None);
                self.file(path.clone(), dir, Links::Follow);
            }
            Ok(_) => count(&self.counters.special),
            Err(error) => {
                let folder = Folder::top(root);
                self.unlisted(&folder, open::code(&error), error.to_string());
            }
        }
    }
}
