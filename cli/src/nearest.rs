//! Suggestions for names that are not known.

use strsim::jaro_winkler;

/// Maximum number of names that are suggested.
const SUGGESTED: usize = 3;

/// Minimum similarity of a suggestion, from 0 (nothing in common) to 1 (equal).
const SIMILAR: f64 = 0.75;

/// A list that is not longer is shown completely.
const SHORT: usize = 5;

/// Returns a sentence about the names that `wanted` may stand for: the most similar names, or all of
/// a short list. Empty if there is nothing to suggest.
pub(crate) fn suggestion<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let nearest = nearest(wanted, &names);
    if !nearest.is_empty() {
        return format!("nearest: {}", nearest.join(", "));
    }
    if names.is_empty() || names.len() > SHORT {
        return String::new();
    }
    format!("there are: {}", names.join(", "))
}

/// Returns the names that are most similar to `wanted`, the best one first. Case does not matter.
fn nearest<'a>(wanted: &str, names: &[&'a str]) -> Vec<&'a str> {
    let wanted = wanted.to_lowercase();
    let mut rated: Vec<(f64, &str)> = names
        .iter()
        .map(|name| (jaro_winkler(&wanted, &name.to_lowercase()), *name))
        .filter(|(similarity, _)| *similarity >= SIMILAR)
        .collect();
    rated.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(other.1)));
    rated.into_iter().take(SUGGESTED).map(|(_, name)| name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_suggested_and_short_lists_shown() {
        let owners = ["ada@contoso.com", "bob@contoso.com", "eve@fabrikam.com"];
        assert!(suggestion("adda@contoso.com", owners).starts_with("nearest: ada@contoso.com"));
        assert!(suggestion("ADA@CONTOSO.COM", owners).starts_with("nearest: ada@contoso.com"));
        let text = suggestion("zzz", owners);
        assert_eq!(text, "there are: ada@contoso.com, bob@contoso.com, eve@fabrikam.com");
        let many: Vec<String> = (0..50).map(|number| format!("name-{number}")).collect();
        assert_eq!(suggestion("zzz", many.iter().map(String::as_str)), "");
        assert_eq!(suggestion("zzz", []), "");
    }
}
