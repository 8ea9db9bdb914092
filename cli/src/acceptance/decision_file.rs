//! Reads a decisions file. It is TOML, read without `serde` in order to report all mistakes at once,
//! each with its line.

use std::io::Read as _;
use std::path::Path;

use rmsight::Timestamp;
use sha2::{Digest as _, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::decision::{AnsweredCheck, Decision, Decisions};
use super::decision_path::DecisionPath;
use crate::digest::hex;
use crate::exit::{Failure, Result, opening, warn};
use crate::fs::text::{Marks, decoded};
use crate::inventory::gap_name;
use crate::manual_check::{check_id, needs_key};
use crate::output::format::counted;

/// The fields of a table `[[accepted]]`.
const ACCEPTED: [&str; 7] = ["code", "path", "by", "on", "reason", "ticket", "until"];

/// The fields of a table `[[answered]]`.
const ANSWERED: [&str; 5] = ["check", "key", "by", "on", "note"];

/// Loads a decisions file.
///
/// # Errors
/// Fails if the file cannot be read or has mistakes, all of which are printed.
pub(super) fn load(file: &Path) -> Result<Decisions> {
    let failed =
        |error: std::io::Error| Failure::message(format_args!("{}: {error}", file.display()));
    let bytes = std::fs::read(file).map_err(|error| {
        opening(file, &error, "decisions file", "a button of the HTML report writes one")
    })?;
    let mut text = String::new();
    let reader = std::io::Cursor::new(bytes.clone());
    decoded(reader, Marks::Optional)
        .and_then(|mut reader| reader.read_to_string(&mut text))
        .map_err(failed)?;
    match parse(&text) {
        Ok(decisions) => {
            let digest = hex(&Sha256::digest(&bytes));
            Ok(Decisions { file: Some(file.to_owned()), digest: Some(digest), ..decisions })
        }
        Err(mistakes) => {
            for (line, message) in &mistakes {
                warn(format_args!("{}: line {line}: {message}", file.display()));
            }
            let count = counted(mistakes.len().try_into().unwrap_or(u64::MAX), "mistake");
            Err(Failure::message(format_args!("{}: it has {count}", file.display())))
        }
    }
}

/// Mistakes, each with its line.
type Mistakes = Vec<(usize, String)>;

fn parse(text: &str) -> std::result::Result<Decisions, Mistakes> {
    let mut reader = DecisionReader { text, mistakes: Vec::new() };
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.report(at, error.message().to_owned());
    }
    let mut decisions = Decisions::default();
    // After a syntax error, the values are unreliable.
    if errors.is_empty() {
        reader.decisions(root.get_ref(), &mut decisions);
    }
    reader.mistakes.sort();
    match reader.mistakes.is_empty() {
        true => Ok(decisions),
        false => Err(reader.mistakes),
    }
}

/// A table `[[accepted]]` or `[[answered]]`, and its offset in the file.
#[derive(Clone, Copy)]
struct DecisionTable<'t> {
    fields: &'t DeTable<'t>,
    at: usize,
}

struct DecisionReader<'t> {
    text: &'t str,
    mistakes: Mistakes,
}

impl DecisionReader<'_> {
    fn report(&mut self, at: usize, message: String) {
        self.mistakes.push((self.line(at), message));
    }

    /// Returns the line of a byte, from 1.
    fn line(&self, at: usize) -> usize {
        let before = self.text.as_bytes().iter().take(at);
        before.filter(|byte| **byte == b'\n').count() + 1
    }

    fn decisions(&mut self, root: &DeTable<'_>, decisions: &mut Decisions) {
        self.only(root, &["accepted", "answered"]);
        for table in self.tables(root, "accepted") {
            decisions.accepted.extend(self.decision(table));
        }
        for table in self.tables(root, "answered") {
            decisions.answered.extend(self.answer(table));
        }
    }

    fn decision(&mut self, table: DecisionTable<'_>) -> Option<Decision> {
        self.only(table.fields, &ACCEPTED);
        let code = self.required(table, "code").and_then(|(at, code)| {
            gap_name(code).map_err(|why| self.report(at, format!("`code`: {why}"))).ok()
        });
        let path = self.required(table, "path").and_then(|(at, path)| {
            DecisionPath::new(path).map_err(|why| self.report(at, format!("`path`: {why}"))).ok()
        });
        let by = self.required(table, "by");
        let on = self.day(table, "on", true);
        let reason = self.required(table, "reason");
        let ticket = self.text(table, "ticket").map(|(_, text)| text.to_owned());
        let until = self.day(table, "until", false);
        if let (Some((_, on)), Some((at, until))) = (on, until)
            && until < on
        {
            self.report(at, "`until` is before `on`".to_owned());
        }
        Some(Decision {
            line: self.line(table.at),
            code: code?,
            path: path?,
            by: by?.1.to_owned(),
            on: on?.1,
            reason: reason?.1.to_owned(),
            ticket,
            until: until.map(|(_, until)| until),
        })
    }

    fn answer(&mut self, table: DecisionTable<'_>) -> Option<AnsweredCheck> {
        self.only(table.fields, &ANSWERED);
        let check = self.required(table, "check").and_then(|(at, id)| {
            check_id(id).map_err(|why| self.report(at, format!("`check`: {why}"))).ok()
        });
        let key = match check {
            Some(id) if needs_key(id) => self.required(table, "key"),
            _ => self.text(table, "key"),
        };
        let by = self.required(table, "by");
        let on = self.day(table, "on", true);
        let note = self.text(table, "note").map(|(_, text)| text.to_owned());
        Some(AnsweredCheck {
            check: check?.to_owned(),
            key: key.map(|(_, key)| key.trim().to_ascii_lowercase()),
            by: by?.1.to_owned(),
            on: on?.1,
            note,
        })
    }

    /// Rejects unknown fields, because a misspelled field would be ignored silently.
    fn only(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for name in table.keys() {
            if !known.contains(&name.get_ref().as_ref()) {
                let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
                let known = known.join(", ");
                let message = format!("there is no field `{}` here, only {known}", name.get_ref());
                self.report(name.span().start, message);
            }
        }
    }

    fn tables<'t>(&mut self, root: &'t DeTable<'t>, name: &str) -> Vec<DecisionTable<'t>> {
        let Some(value) = root.get(name) else { return Vec::new() };
        let DeValue::Array(array) = value.get_ref() else {
            let message = format!("write `[[{name}]]`, in two brackets: there can be several");
            self.report(value.span().start, message);
            return Vec::new();
        };
        let mut tables = Vec::new();
        for value in array {
            match value.get_ref() {
                DeValue::Table(fields) => {
                    tables.push(DecisionTable { fields, at: value.span().start });
                }
                _ => self.report(value.span().start, format!("`{name}` is a list of tables")),
            }
        }
        tables
    }

    /// Returns a text and its offset; `None` if it is missing. An empty text is a mistake.
    fn text<'t>(&mut self, table: DecisionTable<'t>, name: &str) -> Option<(usize, &'t str)> {
        let value = table.fields.get(name)?;
        let at = value.span().start;
        match value.get_ref().as_str().map(str::trim) {
            Some("") => self.report(at, format!("`{name}` is empty")),
            Some(text) => return Some((at, text)),
            None => self.report(at, format!("`{name}` is a text: \"…\"")),
        }
        None
    }

    fn required<'t>(&mut self, table: DecisionTable<'t>, name: &str) -> Option<(usize, &'t str)> {
        if table.fields.get(name).is_none() {
            self.missing(table, name);
        }
        self.text(table, name)
    }

    fn missing(&mut self, table: DecisionTable<'_>, name: &str) {
        self.report(table.at, format!("`{name}` is missing"));
    }

    /// Reads a day, as a TOML date or as text. Returns its start.
    fn day(
        &mut self,
        table: DecisionTable<'_>,
        name: &str,
        is_required: bool,
    ) -> Option<(usize, Timestamp)> {
        let Some(value) = table.fields.get(name) else {
            if is_required {
                self.missing(table, name);
            }
            return None;
        };
        let day = day_of(value);
        if day.is_none() {
            self.report(value.span().start, format!("`{name}` is a day: 2026-11-30"));
        }
        day.map(|day| (value.span().start, day))
    }
}

fn day_of(value: &Spanned<DeValue<'_>>) -> Option<Timestamp> {
    let text = match value.get_ref() {
        DeValue::Datetime(time) => time.to_string(),
        DeValue::String(text) => text.trim().to_owned(),
        _ => return None,
    };
    Timestamp::parse(&text).filter(|_| text.len() == 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_reported_with_their_lines() {
        let text = "[[accepted]]\ncode = \"unfinishd\"\npath = \"a[\"\nby = \"\"\non = \"soon\"\n\n\
                    [[accepted]]\ncode = \"excluded\"\npath = \"**\"\nby = \"Ada\"\n\
                    on = 2026-05-02\nreasn = \"x\"\nuntil = 2026-05-01\n\n\
                    [[answered]]\ncheck = \"cluster-sharepiont\"\nby = 1\non = 2026-05-01\n";
        let mistakes = parse(text).unwrap_err();
        let lines: Vec<usize> = mistakes.iter().map(|(line, _)| *line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 7, 12, 13, 16, 17], "{mistakes:?}");
        let words: String = mistakes.into_iter().map(|(_, message)| message + "\n").collect();
        for part in [
            "`reason` is missing",
            "nearest: unfinished",
            "`by` is empty",
            "`on` is a day: 2026-11-30",
            "there is no field `reasn` here",
            "`until` is before `on`",
            "cluster-sharepoint",
            "`by` is a text",
        ] {
            assert!(words.contains(part), "{part}: {words}");
        }
    }

    #[test]
    fn dates_are_dates_or_text() {
        let text = "[[accepted]]\ncode = \"excluded\"\npath = \"**\"\nby = \"Ada\"\non = 2026-05-01\n\
                    reason = \"r\"\nticket = \"T-1\"\nuntil = \"2026-06-01\"\n";
        let decisions = parse(text).unwrap();
        let [decision] = &decisions.accepted[..] else { panic!("{decisions:?}") };
        assert_eq!(decision.line, 1);
        assert_eq!(decision.words(), "by Ada on 2026-05-01, until 2026-06-01: r (T-1)");
        assert!(parse("").unwrap().accepted.is_empty());
        assert_eq!(parse("[accepted]\n").unwrap_err().len(), 1);
        assert_eq!(parse("[[accepted]\n").unwrap_err()[0].0, 1);
    }
}
