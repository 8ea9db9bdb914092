//! Advice for findings that are undecided.

use rmsight::{Anomaly, Dependency, Facts, Verdict};

/// Returns advice for an error code.
pub(crate) fn of_code(code: &str) -> &'static str {
    match code {
        "permission-denied" => {
            "Scan again with an account that may read everything (backup rights)."
        }
        "not-hydrated" => {
            "Its content is in the cloud only: scan it there, or again with --hydrate."
        }
        "io" => "Look at the server or the disk, then scan again: only these are read again.",
        "hung" => "The read did not come back: look at the server, then scan again.",
        "changed-while-reading" => "The file changed while it was read: scan again.",
        "truncated" => {
            "The file ends too early: restore it from a backup, or accept that it cannot be opened."
        }
        "encrypted-member" => "An archive with a password: ask its owner what is in it.",
        "archive-not-opened" => "A kind of archive that is not opened: extract it and scan that.",
        "mail-not-read" => {
            "A message that was converted: convert it to UTF-8 with usual ends of lines, scan that."
        }
        "license-missing" | "license-unreadable" => {
            "It is protected but damaged: try to open it, or restore it from a backup."
        }
        "unknown-transform" => "Protected in a way that is not known here: try to open it.",
        "older-reader" => "An older rmsight read it: scan again, all such files are read anew.",
        "feature-off" => "This rmsight was built without the part that reads it.",
        "limit-pst-time" => {
            "An Outlook data file that takes long: scan it with a longer --pst-timeout."
        }
        "limit-pst-memory" => "A large Outlook data file: scan it with more --pst-memory.",
        "reader-failed" => "A mistake in rmsight or in what it reads with: please report the file.",
        code if code.starts_with("limit-") => {
            "It cost more than one file may: scan it again with a higher --limit of that name."
        }
        code if code.starts_with("malformed-") => {
            "It is damaged, or not what its name says: `rmsight inspect` shows where."
        }
        _ => "`rmsight inspect FILE` says why.",
    }
}

/// Returns whether the key of a finding is known only from the chain of a use license.
pub(crate) fn is_from_use_license(facts: &Facts, verdict: &Verdict) -> bool {
    verdict.rule() == "R02"
        && facts.slc_key().is_some()
        && facts.anomalies.contains(&Anomaly::FromUseLicense)
}

/// Returns the reason of a verdict.
pub(crate) fn reason(facts: &Facts, verdict: &Verdict) -> &'static str {
    if is_from_use_license(facts, verdict) {
        return "Its publishing license could not be read. A use license in the file names the key \
            below; that the file is sealed to this key is likely, not proven.";
    }
    verdict.reason()
}

/// Returns what would settle a verdict, if anything would. If the key could not be read, the advice
/// is that of the error code.
pub(crate) fn settled_by(facts: &Facts, verdict: &Verdict) -> Option<&'static str> {
    if verdict.dependency() == Dependency::None {
        return None;
    }
    if is_from_use_license(facts, verdict) {
        return Some(
            "Declare the key in the estate file, and read the message itself from where its \
             publishing license is: the mailbox, or a copy that is not damaged.",
        );
    }
    match facts.error_code.as_deref() {
        Some(code) if facts.slc_key().is_none() => Some(of_code(code)),
        _ => verdict.settled_by(),
    }
}
