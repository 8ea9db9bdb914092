//! Paths of members on the command line: `archive.zip!/member`.

use std::path::{Path, PathBuf};

use rmsight::{Facts, Report};

use crate::nearest::suggestion;

/// What separates a file from its member, and a member from the member inside it.
const SEPARATOR: &str = "!/";

/// A file to inspect, and the member to show.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InspectTarget {
    pub(super) file: PathBuf,
    /// `None` shows all findings.
    pub(super) member: Option<String>,
}

impl InspectTarget {
    /// Returns the file and the member that `path` names. A path without a file before `!/` is the
    /// path of a file.
    ///
    /// # Errors
    /// Fails if `path` is the path of a file and also that of a member of another file.
    pub(super) fn parse(path: &Path) -> Result<InspectTarget, String> {
        let literal = InspectTarget { file: path.to_owned(), member: None };
        let Some(text) = path.to_str() else { return Ok(literal) };
        let split = text.match_indices(SEPARATOR).find_map(|(at, _)| {
            let (file, member) = (text.get(..at)?, text.get(at + SEPARATOR.len()..)?);
            (!member.is_empty() && Path::new(file).is_file()).then_some((file, member))
        });
        match split {
            None => Ok(literal),
            Some((file, _)) if path.symlink_metadata().is_ok() => Err(format!(
                "a file has this name, and {file} can have a member of this name. Use `--member` to \
                 inspect the member, or run rmsight in the folder of the file to inspect the file"
            )),
            Some((file, member)) => {
                Ok(InspectTarget { file: file.into(), member: Some(member.to_owned()) })
            }
        }
    }
}

/// Returns whether facts are about a member or about a member inside it.
pub(super) fn is_about(facts: &Facts, member: &str) -> bool {
    let rest = facts.member.as_deref().and_then(|path| path.strip_prefix(member));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(SEPARATOR))
}

/// Returns why a report has no finding about a member, as far as that is known.
pub(super) fn missing(report: &Report, member: &str) -> String {
    let members = report.findings().filter_map(|one| one.facts().member.as_deref());
    let mut text = format!("no finding is about the member {member:?}");
    let nearest = suggestion(member, members);
    if !nearest.is_empty() {
        text = format!("{text}; {nearest}");
    }
    text += ". The file has no such member, or the member is not rights-protected";
    if let Some(error) = report.incomplete() {
        text = format!("{text}, or it was not read: {error}");
    }
    text + ". Members of documents are inspected only with --deep"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_behind_the_first_file() {
        let folder = tempfile::TempDir::new().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a.zip"), "").unwrap();
        std::fs::create_dir(at("odd!")).unwrap();
        std::fs::write(at("odd!/b.zip"), "").unwrap();
        let member = |file: &str, member: &str| InspectTarget {
            file: at(file),
            member: Some(member.to_owned()),
        };
        let file = |name: &str| InspectTarget { file: at(name), member: None };
        for (path, expected) in [
            ("a.zip!/b/c.docx", member("a.zip", "b/c.docx")),
            ("a.zip!/b.zip!/c.docx", member("a.zip", "b.zip!/c.docx")),
            ("odd!/b.zip", file("odd!/b.zip")),
            ("odd!/b.zip!/c", member("odd!/b.zip", "c")),
            ("a.zip", file("a.zip")),
            ("a.zip!/", file("a.zip!/")),
            ("missing.zip!/c", file("missing.zip!/c")),
        ] {
            assert_eq!(InspectTarget::parse(&at(path)), Ok(expected), "{path}");
        }
        std::fs::create_dir(at("a.zip!")).unwrap();
        std::fs::write(at("a.zip!/b"), "").unwrap();
        assert!(InspectTarget::parse(&at("a.zip!/b")).unwrap_err().contains("--member"));
    }
}
