//! The paths that a decision is about.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::fs::stored_path::{is_windows, slashed};

/// A glob on the path of a file or folder, in full or relative to a root. A folder stands for everything
/// in it. Unlike `--path`, a name does not match at any depth: a decision covers what it names.
#[derive(Debug, Clone)]
pub(crate) struct DecisionPath {
    /// As the user wrote it.
    pub(crate) text: String,
    globs: GlobSet,
}

impl DecisionPath {
    /// # Errors
    /// Fails if the glob is not valid.
    pub(super) fn new(text: &str) -> Result<DecisionPath, String> {
        let slashed = slashed(text);
        let name = match slashed.trim_end_matches('/') {
            "" if slashed.starts_with('/') => "/",
            name => name,
        };
        if name.is_empty() {
            return Err("it is empty; `**` stands for everything".to_owned());
        }
        let mut set = GlobSetBuilder::new();
        for glob in [name.to_owned(), format!("{}/**", name.trim_end_matches('/'))] {
            let glob = GlobBuilder::new(&glob)
                .literal_separator(true)
                .backslash_escape(false)
                .case_insensitive(is_windows(text))
                .build();
            set.add(glob.map_err(|error| error.to_string())?);
        }
        let globs = set.build().map_err(|error| error.to_string())?;
        Ok(DecisionPath { text: text.to_owned(), globs })
    }

    /// Returns a glob that names exactly this path.
    pub(crate) fn exact(path: &str) -> String {
        globset::escape(path)
    }

    /// Returns whether the decision is about `path`, which may be in one of `roots`.
    pub(super) fn covers(&self, path: &str, roots: &[String]) -> bool {
        let path = slashed(path);
        self.globs.is_match(&*path)
            || roots.iter().any(|root| {
                let root = slashed(root);
                below(&path, root.trim_end_matches('/'))
                    .is_some_and(|below| self.globs.is_match(below))
            })
    }
}

/// Returns the part of a path below a root; `.` for the root itself.
fn below<'p>(path: &'p str, root: &str) -> Option<&'p str> {
    match path.strip_prefix(root)?.trim_end_matches('/') {
        "" => Some("."),
        rest => rest.strip_prefix('/').or_else(|| root.is_empty().then_some(rest)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_covers_what_it_names_from_a_root_on() {
        let roots = ["/mnt/fs1".to_owned(), "share".to_owned(), r"\\fs1\s".to_owned()];
        let cases = [
            ("**", "/mnt/fs1", true),
            ("**", "/mnt/fs1/a/b.docx", true),
            ("/mnt/fs1", "/mnt/fs1", true),
            ("/mnt/fs1/", "/mnt/fs1/a/b.docx", true),
            ("/", "/mnt/fs1/a/b.docx", true),
            ("Legal", "/mnt/fs1/Legal/a.pdf", true),
            ("Legal", "/mnt/fs1/Legal", true),
            ("Legal", "share/Legal/2016/a.pdf", true),
            ("Legal", "/mnt/fs1/HR/Legal/a.pdf", false),
            ("Legal", "/mnt/fs1/Legally/a.pdf", false),
            ("Legal/*.pdf", "/mnt/fs1/Legal/a.pdf", true),
            ("Legal/*.pdf", "/mnt/fs1/Legal/b/a.pdf", false),
            ("**/*.pdf", "/mnt/fs1/Legal/b/a.pdf", true),
            ("a.pdf", "/mnt/fs1/a.pdf", true),
            ("a.pdf", "/mnt/fs1/b/a.pdf", false),
            ("legal", r"\\fs1\s\legal\a.pdf", true),
            (r"\\FS1\s\legal", r"\\fs1\s\legal\a.pdf", true),
            (".", "/mnt/fs1", true),
            (".", "/mnt/fs1/a.pdf", false),
        ];
        for (glob, path, expected) in cases {
            let covered = DecisionPath::new(glob).unwrap().covers(path, &roots);
            assert_eq!(covered, expected, "{glob} {path}");
        }
        assert!(DecisionPath::new("a[").is_err());
        assert!(DecisionPath::new("").is_err());
    }
}
