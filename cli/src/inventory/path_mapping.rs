//! Translation of paths to their names on other machines.

use std::borrow::Cow;

/// Path prefixes with their replacements: `/mnt/fs1` is `\\fs1\share`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct PathMapping(Vec<(String, String)>);

impl PathMapping {
    pub(crate) fn new(pairs: impl IntoIterator<Item = (String, String)>) -> PathMapping {
        let mut pairs: Vec<(String, String)> = pairs
            .into_iter()
            .map(|(prefix, target)| (trimmed(&prefix), trimmed(&target)))
            .collect();
        // The longest matching prefix is used.
        pairs.sort_by(|one, other| other.0.len().cmp(&one.0.len()).then(one.cmp(other)));
        PathMapping(pairs)
    }

    /// Returns the mapping back from the names on other machines.
    pub(crate) fn reversed(&self) -> PathMapping {
        PathMapping::new(
            self.pairs().map(|(prefix, target)| (target.to_owned(), prefix.to_owned())),
        )
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(prefix, target)| (prefix.as_str(), target.as_str()))
    }

    /// Returns the name of `path` on other machines, or `path` itself if no prefix matches. If the
    /// replacement contains backslashes and the prefix does not, the separators after it become
    /// backslashes too.
    pub(crate) fn apply<'a>(&self, path: &'a str) -> Cow<'a, str> {
        for (prefix, target) in self.pairs() {
            let Some(rest) = path.strip_prefix(prefix) else { continue };
            if !rest.is_empty() && !rest.starts_with(['/', '\\']) {
                continue;
            }
            let rest = match (prefix.contains('\\'), target.contains('\\')) {
                (false, true) => Cow::Owned(rest.replace('/', "\\")),
                (true, false) => Cow::Owned(rest.replace('\\', "/")),
                _ => Cow::Borrowed(rest),
            };
            return Cow::Owned(format!("{target}{rest}"));
        }
        Cow::Borrowed(path)
    }
}

fn trimmed(path: &str) -> String {
    path.trim_end_matches(['/', '\\']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::PathMapping;

    #[test]
    fn the_longest_prefix_of_whole_names_is_used() {
        let maps = PathMapping::new(
            [("/mnt/fs1/", r"\\fs1\share"), ("/mnt/fs1/deep", "/srv/deep/"), (r"D:\a", "/d")]
                .map(|(prefix, target)| (prefix.to_owned(), target.to_owned())),
        );
        let cases = [
            ("/mnt/fs1/a/b.docx", r"\\fs1\share\a\b.docx"),
            ("/mnt/fs1", r"\\fs1\share"),
            ("/mnt/fs10/a", "/mnt/fs10/a"),
            ("/mnt/fs1/deep/x", "/srv/deep/x"),
            (r"D:\a\b\c", "/d/b/c"),
            ("elsewhere", "elsewhere"),
        ];
        for (path, expected) in cases {
            assert_eq!(maps.apply(path), expected);
            assert_eq!(maps.reversed().apply(expected), path);
        }
    }
}
