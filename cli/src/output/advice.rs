//! Advice for findings that are undecided.

use rmsight::{Anomaly, Dependency, ErrorCode, ErrorFamily, Facts, Verdict};

/// The gap name of rows that an older version of the program read.
pub(crate) const OLDER_READER: &str = "older-reader";

/// Returns what to do about an error code: the text of `inspect`, the report and `CODES.md`.
///
/// A record of another version can have an unknown code.
pub(crate) fn of_code(name: &str) -> &'static str {
    const OTHER: &str = "Read the error: `rmsight inspect FILE` shows it.";
    if name == OLDER_READER {
        return "Scan again: rows of an older rmsight are read again.";
    }
    let Ok(code) = name.parse::<ErrorCode>() else { return OTHER };
    match code {
        ErrorCode::Io => {
            "Check the server or the disk, then scan again: only such files are read again."
        }
        ErrorCode::PermissionDenied => {
            "Scan again with an account that may read all files (backup rights)."
        }
        ErrorCode::NotHydrated => {
            "Scan the files in the cloud, or scan again with `--hydrate`, which fetches them."
        }
        ErrorCode::Hung => "Check the server, then scan again.",
        ErrorCode::ChangedWhileReading | ErrorCode::Cancelled => "Scan again.",
        ErrorCode::Deadline => "Allow more time.",
        ErrorCode::Config => "Correct the estate file or the option.",
        ErrorCode::Truncated => {
            "Restore the file from a backup, or accept that it cannot be opened: it ends too \
             early."
        }
        ErrorCode::LicenseMissing | ErrorCode::LicenseUnreadable => {
            "Restore the file from a backup, or accept that it cannot be opened."
        }
        ErrorCode::UnknownTransform => {
            "Try to open the file: its protection is of a kind that rmsight does not know."
        }
        ErrorCode::ArchiveNotOpened => "Extract or decrypt the content, and scan the result.",
        ErrorCode::MailNotRead => {
            "Convert the message to UTF-8 with lines that end in CR LF, and scan the result."
        }
        ErrorCode::EncryptedMember => {
            "Ask the owner for the password, extract the content, and scan the result."
        }
        ErrorCode::FeatureOff => "Use a build of rmsight that contains the reader.",
        ErrorCode::ReaderFailed => "Report the file as a bug of rmsight.",
        ErrorCode::LimitPstTime => "Scan again with a longer `--pst-timeout`.",
        ErrorCode::LimitPstMemory => "Scan again with more `--pst-memory`.",
        ErrorCode::LimitFolderDepth => "Scan the folder that the error names as a separate root.",
        code if code.family() == ErrorFamily::Limit => LIMIT,
        code if code.family() == ErrorFamily::Damage => DAMAGE,
        _ => OTHER,
    }
}

/// Advice for a spent budget.
pub(crate) const LIMIT: &str =
    "Scan again with a higher `--limit` of that name: the file cost more than one file may.";

/// Advice for bytes that break their format.
pub(crate) const DAMAGE: &str = "Read an undamaged copy of the file, or accept that it cannot be \
    opened: it is damaged, or not what its name says. `rmsight inspect` shows where.";

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
