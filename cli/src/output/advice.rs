//! Advice for findings that are undecided.

use rmsight::{Anomaly, Dependency, ErrorCode, ErrorFamily, Facts, Verdict};

/// The gap name of rows that an older version of the program read.
pub(crate) const OLDER_READER: &str = "older-reader";

/// Returns advice for an error code. A record of another version can have an unknown one.
pub(crate) fn of_code(name: &str) -> &'static str {
    const OTHER: &str = "`rmsight inspect FILE` says why.";
    if name == OLDER_READER {
        return "An older rmsight read it: scan again, all such files are read anew.";
    }
    let Ok(code) = name.parse::<ErrorCode>() else { return OTHER };
    match code {
        ErrorCode::PermissionDenied => {
            "Scan again with an account that may read everything (backup rights)."
        }
        ErrorCode::NotHydrated => {
            "Its content is in the cloud only: scan it there, or again with --hydrate."
        }
        ErrorCode::Io => {
            "Look at the server or the disk, then scan again: only these are read again."
        }
        ErrorCode::Hung => "The read did not come back: look at the server, then scan again.",
        ErrorCode::ChangedWhileReading => "The file changed while it was read: scan again.",
        ErrorCode::Truncated => {
            "The file ends too early: restore it from a backup, or accept that it cannot be opened."
        }
        ErrorCode::EncryptedMember => "An archive with a password: ask its owner what is in it.",
        ErrorCode::ArchiveNotOpened => {
            "A kind of archive that is not opened: extract it and scan that."
        }
        ErrorCode::MailNotRead => {
            "A message that was converted: convert it to UTF-8 with usual ends of lines, scan that."
        }
        ErrorCode::LicenseMissing | ErrorCode::LicenseUnreadable => {
            "It is protected but damaged: try to open it, or restore it from a backup."
        }
        ErrorCode::UnknownTransform => "Protected in a way that is not known here: try to open it.",
        ErrorCode::FeatureOff => "This rmsight was built without the part that reads it.",
        ErrorCode::LimitPstTime => {
            "An Outlook data file that takes long: scan it with a longer --pst-timeout."
        }
        ErrorCode::LimitPstMemory => "A large Outlook data file: scan it with more --pst-memory.",
        ErrorCode::ReaderFailed => {
            "A mistake in rmsight or in what it reads with: please report the file."
        }
        code if code.family() == ErrorFamily::Limit => {
            "It cost more than one file may: scan it again with a higher --limit of that name."
        }
        code if code.family() == ErrorFamily::Damage => {
            "It is damaged, or not what its name says: `rmsight inspect` shows where."
        }
        _ => OTHER,
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
