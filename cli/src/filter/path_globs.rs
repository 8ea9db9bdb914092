//! Selection by paths.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::exit::{Failure, Result};
use crate::fs::stored_path::{is_windows, slashed};

/// Globs on the path of a file, with slashes between names whatever the system.
#[derive(Debug, Clone, Default)]
pub(super) struct PathGlobs(Option<GlobSet>);

impl PathGlobs {
    pub(super) fn new(texts: &[String]) -> Result<PathGlobs> {
        if texts.is_empty() {
            return Ok(PathGlobs(None));
        }
        let mut set = GlobSetBuilder::new();
        for text in texts {
            let wrong = |error| Failure::message(format_args!("--path {text:?}: {error}"));
            let slashed = slashed(text);
            let name = slashed.trim_end_matches('/').trim_start_matches('/');
            // The file itself, and all files in a folder of that name, at any depth.
            for glob in [format!("**/{name}"), format!("**/{name}/**")] {
                let glob = GlobBuilder::new(&glob)
                    .literal_separator(true)
                    .case_insensitive(is_windows(text))
                    .build();
                set.add(glob.map_err(wrong)?);
            }
        }
        set.build().map(|set| PathGlobs(Some(set))).map_err(Failure::message)
    }

    pub(super) fn takes(&self, path: &str) -> bool {
        self.0.as_ref().is_none_or(|globs| globs.is_match(&*slashed(path)))
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
        }
        assert!(PathGlobs::new(&["a[".to_owned()]).is_err());
        assert!(PathGlobs::new(&[]).unwrap().takes("anything"));
    }
}
