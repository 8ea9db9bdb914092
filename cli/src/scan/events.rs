//! Failures of a scan as they happen: for `--log`, and for messages with `-v`.

use std::sync::Mutex;

use rmsight::Facts;

use super::log::ScanLog;

/// Maximum number of messages that wait to be printed.
const WAITING: usize = 10_000;

/// Receives the failures of all workers.
#[derive(Debug, Default)]
pub(super) struct ScanEvents {
    log: Option<ScanLog>,
    /// Messages that were not printed yet; `None` without `-v`.
    messages: Option<Mutex<Vec<String>>>,
}

/// What could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailedPlace {
    File,
    Folder,
}

impl ScanEvents {
    pub(super) fn new(log: Option<ScanLog>, is_verbose: bool) -> ScanEvents {
        ScanEvents { log, messages: is_verbose.then(Mutex::default) }
    }

    pub(super) fn log(&self) -> Option<&ScanLog> {
        self.log.as_ref()
    }

    /// Reports an error in the facts, if they have one.
    pub(super) fn add(&self, place: FailedPlace, path: &str, facts: &Facts) {
        let Some(code) = facts.error_code.as_deref() else { return };
        if self.log.is_none() && self.messages.is_none() {
            return;
        }
        let error = facts.error.as_deref().unwrap_or_default();
        let member = facts.member.as_deref();
        if let Some(log) = &self.log {
            let event = match place {
                FailedPlace::File => "file-failed",
                FailedPlace::Folder => "folder-failed",
            };
            log.write(
                event,
                &[
                    ("code", Some(code)),
                    ("path", Some(path)),
                    ("member", member),
                    ("error", Some(error)),
                ],
            );
        }
        if let Some(messages) = &self.messages {
            let member = member.map_or_else(String::new, |member| format!("!/{member}"));
            let mut messages = messages.lock().unwrap_or_else(|error| error.into_inner());
            if messages.len() < WAITING {
                messages.push(format!("rmsight: {path}{member}: {code}: {error}"));
            }
        }
    }

    /// Returns the messages that were not printed yet.
    pub(super) fn take_messages(&self) -> Vec<String> {
        let Some(messages) = &self.messages else { return Vec::new() };
        std::mem::take(&mut *messages.lock().unwrap_or_else(|error| error.into_inner()))
    }
}
