//! Selection by paths.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::exit::{Failure, Result};
use crate::fs::stored_path::{is_windows, slashed};

/// Globs on the path of a file, with slashes between names whatever the system.
#[derive(Debug, Clone, Default)]
pub(super) struct PathGlobs {
    /// As the user wrote them.
    pub(super) texts: Vec<String>,
    /// [`FORMS`] globs for each text. `None` without texts.
    set: Option<GlobSet>,
}

/// Number of globs for each text: the file itself, and all files in a folder of that name.
const FORMS: usize = 2;

impl PathGlobs {
    pub(super) fn new(texts: &[String]) -> Result<PathGlobs> {
        if texts.is_empty() {
            return Ok(PathGlobs::default());
        }
        let mut set = GlobSetBuilder::new();
        for text in texts {
            let wrong = |error| Failure::message(format_args!("--path {text:?}: {error}"));
            let slashed = slashed(text);
            let name = slashed.trim_end_matches('/').trim_start_matches('/');
            let globs: [String; FORMS] = [format!("**/{name}"), format!("**/{name}/**")];
            for glob in globs {
                let glob = GlobBuilder::new(&glob)
                    .literal_separator(true)
                    .case_insensitive(is_windows(text))
                    .build();
                set.add(glob.map_err(wrong)?);
            }
        }
        let set = set.build().map_err(Failure::message)?;
        Ok(PathGlobs { texts: texts.to_vec(), set: Some(set) })
    }

    pub(super) fn takes(&self, path: &str) -> bool {
        self.set.as_ref().is_none_or(|globs| globs.is_match(&*slashed(path)))
    }

    /// Returns the indexes of the texts that match the path.
    pub(super) fn matching(&self, path: &str) -> Vec<usize> {
        let globs = self.set.as_ref().map(|globs| globs.matches(&*slashed(path)));
        globs.into_iter().flatten().map(|at| at / FORMS).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::PathGlobs;

    #[test]
    fn globs_match_names_folders_and_paths_of_both_systems() {
        let cases = [
            ("*.docx", "/mnt/a/b.docx", true),
            ("*.docx", "/mnt/a/b.pdf", false),
            ("Legal", "/mnt/Legal/2016/a.pdf", true),
            ("Legal", "/mnt/Legally/a.pdf", false),
            ("/mnt/Legal/", "/mnt/Legal/a.pdf", true),
            ("Legal/*.pdf", "/mnt/Legal/a.pdf", true),
            ("Legal/*.pdf", "/mnt/Legal/b/a.pdf", false),
            ("Legal/**/*.pdf", "/mnt/Legal/b/a.pdf", true),
            (r"\\fs1\share\Legal", r"\\fs1\share\Legal\a.pdf", true),
            (r"z:\legal\*.PDF", r"Z:\Legal\a.pdf", true),
            ("a.pdf", "a.pdf", true),
        ];
        for (glob, path, expected) in cases {
            let globs = PathGlobs::new(&[glob.to_owned()]).unwrap();
            assert_eq!(globs.takes(path), expected, "{glob} {path}");
            assert_eq!(!globs.matching(path).is_empty(), expected, "{glob} {path}");
        }
        let two = PathGlobs::new(&["a".to_owned(), "b".to_owned()]).unwrap();
        assert_eq!((two.matching("/b"), two.matching("/c")), (vec![1], vec![]));
        assert!(PathGlobs::new(&["a[".to_owned()]).is_err());
        assert!(PathGlobs::new(&[]).unwrap().takes("anything"));
    }
}
