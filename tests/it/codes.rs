//! `CODES.md` lists every code that the sources can give, and no other.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rmsight::Anomaly;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The sources of the library and of the program, without their tests and without the builders.
fn sources() -> Vec<String> {
    let mut folders = vec![root().join("src"), root().join("cli/src")];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            match name {
                "specimen" | "tests" | "tests.rs" => {}
                _ if path.is_dir() => folders.push(path),
                _ if name.ends_with(".rs") => {
                    let text = fs::read_to_string(&path).unwrap();
                    let text = text.split("\nmod tests {").next().unwrap();
                    sources.push(text.to_owned());
                }
                _ => {}
            }
        }
    }
    sources
}

/// The text literal with which `text` goes on, after no more than an argument.
fn literal(text: &str) -> Option<&str> {
    let (before, behind) = text.split_once('"')?;
    let is_argument = before.len() <= 40 && !before.contains([';', '{', '}', ')']);
    let (code, _) = behind.split_once('"')?;
    let is_code = code.contains(|char: char| char.is_ascii_lowercase())
        && code.chars().all(|char| char.is_ascii_lowercase() || char == '-');
    (is_argument && is_code).then_some(code)
}

/// What the sources give: the codes of two families wherever they stand, all others where an error
/// is made or a file was not opened.
fn given() -> BTreeSet<String> {
    const MAKERS: [&str; 5] =
        ["Error::malformed(", "unsupported(", "not_opened(", ".unlisted(", ".unreadable("];
    let mut codes = BTreeSet::new();
    for source in sources() {
        for family in ["\"malformed-", "\"limit-"] {
            let places = source.match_indices(family);
            codes.extend(places.filter_map(|(at, _)| literal(&source[at..])).map(str::to_owned));
        }
        for maker in MAKERS {
            let places = source.match_indices(maker);
            let made = places.filter_map(|(at, _)| literal(&source[at + maker.len()..]));
            codes.extend(made.map(str::to_owned));
        }
        // The codes of the system's errors, and of what has no other.
        for names in ["pub fn code(&self)", "const RETRIED"] {
            let Some((_, text)) = source.split_once(names) else { continue };
            let text = text.split("\n}\n").next().unwrap().split("\n    }\n").next().unwrap();
            let words = text
                .split(['"', ' ', ',', '\n'])
                .filter(|word| literal(&format!("\"{word}\"")).is_some());
            let quoted = words.filter(|word| text.contains(&format!("\"{word}\"")));
            codes.extend(quoted.map(str::to_owned));
        }
    }
    // What the prefix alone looks for.
    codes.remove("limit-");
    codes.remove("malformed-");
    codes
}

/// The names in the first column of the tables between two headings.
fn listed(from: &str, to: Option<&str>) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join("CODES.md")).unwrap();
    let (_, text) = text.split_once(from).expect(from);
    let text = to.map_or(text, |to| text.split_once(to).expect(to).0);
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" |").next());
    let names = cells.flat_map(|cell| cell.split_whitespace());
    names.filter_map(|name| Some(name.strip_prefix('`')?.strip_suffix('`')?.to_owned())).collect()
}

#[test]
fn every_error_code_is_documented_and_no_other() {
    let (given, listed) = (given(), listed("## `error_code`", Some("## `anomalies`")));
    let missing: Vec<_> = given.difference(&listed).collect();
    assert!(missing.is_empty(), "not in CODES.md: {missing:?}");
    let unknown: Vec<_> = listed.difference(&given).collect();
    assert!(unknown.is_empty(), "in CODES.md, and given by nothing: {unknown:?}");
    assert!(given.len() > 60, "{given:?}");
}

#[test]
fn every_anomaly_is_documented_and_no_other() {
    let given: BTreeSet<String> =
        Anomaly::ALL.iter().map(|anomaly| anomaly.as_str().to_owned()).collect();
    assert_eq!(listed("## `anomalies`", Some("## Gaps")), given);
}

/// What the corpus is said to be is in the list too.
#[test]
fn every_code_in_the_corpus_is_documented() {
    let listed = listed("## `error_code`", Some("## `anomalies`"));
    for folder in ["containers", "damaged", "licenses", "lookalikes", "rules"] {
        for entry in fs::read_dir(root().join("corpus").join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "ndjson") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            for (at, key) in text.match_indices("\"error_code\":\"") {
                let code = text[at + key.len()..].split('"').next().unwrap();
                assert!(listed.contains(code), "{}: {code}", path.display());
            }
        }
    }
}
