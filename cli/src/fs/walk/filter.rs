//! `--include` and `--exclude`.

use std::path::Path;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

use crate::exit::{Failure, Result};

/// Globs on the path below a root.
#[derive(Debug, Clone, Default)]
pub(crate) struct GlobFilter {
    include: Option<GlobSet>,
    exclude: Option<GlobSet>,
}

impl GlobFilter {
    pub(crate) fn new(include: &[String], exclude: &[String]) -> Result<GlobFilter> {
        Ok(GlobFilter { include: globs(include)?, exclude: globs(exclude)? })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.include.is_none() && self.exclude.is_none()
    }

    /// Returns whether a folder is left out with its content.
    pub(crate) fn omits_dir(&self, below_root: &Path) -> bool {
        self.exclude.as_ref().is_some_and(|exclude| exclude.is_match(below_root))
    }

    pub(crate) fn omits_file(&self, below_root: &Path) -> bool {
        self.omits_dir(below_root)
            || self.include.as_ref().is_some_and(|include| !include.is_match(below_root))
    }
}

/// A glob without a slash matches names at any depth. One with a slash matches paths from the root.
fn globs(texts: &[String]) -> Result<Option<GlobSet>> {
    if texts.is_empty() {
        return Ok(None);
    }
    let mut set = GlobSetBuilder::new();
    for text in texts {
        let wrong = |error| Failure::message(format_args!("{text:?} is not a valid glob: {error}"));
        let trimmed = text.trim_end_matches('/');
        let anchored = match trimmed.strip_prefix('/') {
            Some(rest) => rest.to_owned(),
            None if trimmed.contains('/') => trimmed.to_owned(),
            None => format!("**/{trimmed}"),
        };
        let glob = GlobBuilder::new(&anchored)
            .literal_separator(true)
            .case_insensitive(cfg!(windows))
            .build();
        set.add(glob.map_err(wrong)?);
    }
    set.build().map(Some).map_err(Failure::message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_matches_names_at_any_depth_and_paths_from_the_root() {
        let cases = [
            (&[][..], &["*.tmp"][..], "a/b.tmp", true),
            (&[], &["*.tmp"], "a/b.doc", false),
            (&[], &["/old"], "old", true),
            (&[], &["/old"], "a/old", false),
            (&[], &["~snapshot/"], "deep/~snapshot", true),
            (&[], &["a/**/c"], "a/b/b/c", true),
            (&["*.docx", "*.pdf"], &[], "x/y.pdf", false),
            (&["*.docx"], &[], "x/y.pdf", true),
            (&["*.docx"], &["x"], "x/y.docx", false),
        ];
        for (include, exclude, path, expected) in cases {
            let owned =
                |texts: &[&str]| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>();
            let filter = GlobFilter::new(&owned(include), &owned(exclude)).unwrap();
            assert_eq!(filter.omits_file(Path::new(path)), expected, "{exclude:?} {path}");
        }
        assert!(GlobFilter::new(&["a[".to_owned()], &[]).is_err());
    }
}
