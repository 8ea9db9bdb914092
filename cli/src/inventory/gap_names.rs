//! The names of gaps: kinds, and error codes of data that was not read.

use rmsight::ErrorCode;

use crate::nearest::suggestion;
use crate::output::advice::OLDER_READER;

/// A `no`, or a `yes` of another authority, whose signature was not checked.
pub(super) const UNVERIFIED: &str = "unverified";

/// The gap names that are not error codes.
const KINDS: [&str; 9] = [
    "not-scanned",
    "unfinished",
    "too-old",
    "excluded",
    "filtered",
    "empty-root",
    "not-followed",
    UNVERIFIED,
    OLDER_READER,
];

/// Returns all gap names: the kinds, then the error codes.
fn gap_names() -> Vec<&'static str> {
    let mut codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    codes.sort_unstable();
    KINDS.into_iter().chain(codes).collect()
}

/// Parses a gap name.
pub(crate) fn gap_name(text: &str) -> Result<String, String> {
    let names = gap_names();
    match names.contains(&text) {
        true => Ok(text.to_owned()),
        false => {
            let mut nearest = suggestion(text, names.iter().copied());
            if !nearest.is_empty() {
                nearest += "; ";
            }
            let names = names.join(", ");
            Err(format!("there is no gap of that name; {nearest}there are: {names}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn gap_names_are_those_of_the_documentation() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("CODES.md");
        let text = std::fs::read_to_string(page).unwrap();
        let listed = |from: &str, to: Option<&str>| -> BTreeSet<String> {
            let text = text.split_once(from).unwrap().1;
            let text = to.map_or(text, |to| text.split_once(to).unwrap().0);
            let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
            let names = cells.flat_map(str::split_whitespace);
            names
                .filter_map(|name| Some(name.strip_prefix('`')?.strip_suffix('`')?.to_owned()))
                .collect()
        };
        let mut expected = listed("## `error_code`", Some("## `anomalies`"));
        let kinds = listed("## Gaps", None);
        assert_eq!(kinds, KINDS.iter().map(|kind| (*kind).to_owned()).collect());
        expected.extend(kinds);
        let names = gap_names().into_iter().map(str::to_owned);
        assert_eq!(names.collect::<BTreeSet<_>>(), expected);
        assert!(gap_name("bogus").unwrap_err().contains("older-reader"));
    }
}
