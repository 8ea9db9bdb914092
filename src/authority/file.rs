//! Reads the estate file. It is TOML, read without `serde` in order to report all errors at once,
//! each with its line.
//!
//! ```toml
//! clock_skew = "1d"                       # by how much clocks can differ; optional
//!
//! [[authority]]
//! name = "Headquarters"
//! kind = "ad-rms"                         # or azure-rms
//! retiring = true                         # true, false or "?"; ad-rms: true, azure-rms: false
//! # tenant = "…"                          # azure-rms: the Entra tenant
//! hosts = ["rms.example.com", ".rms.example.com", { name = "connector.example.com", role = "connector" }]
//! settled = ["licensing-only"]            # questions whose answer is "nothing"
//!
//! [[authority.key]]
//! slc_key = "sha256:…"                    # as in the record
//! slc_id = "…"                            # as in the record; optional
//! status = "read-only"                    # active, read-only, imported, lost, foreign or "?"
//! since = 2024-03-01                      # read-only: when publishing was denied
//! # tenant = "…"                          # imported: the tenant
//! # held_by = ["Another cluster"]         # clusters that imported its trusted publishing domain
//! # origin = "own"                        # or sub-enrolled, tpd
//! ```
//! The status of a key of an `azure-rms` authority is `active` (also if it is missing), `archived`,
//! `revoked`, `lost` or `?`. `?` and an empty status are open questions: they never lead to `no`.

use std::collections::HashMap;

use sha2::{Digest, Sha256};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::check::{self, EstateError, EstateMistake, Subject};
use super::estate::Estate;
use super::model::{
    Authority, AuthorityHost, AuthorityKey, AuthorityKind, HostRole, KeyStatus, Origin, Question,
    Retiring,
};
use super::text;
use crate::timestamp::Timestamp;

impl Estate {
    /// Reads an estate file: TOML in UTF-8 or UTF-16.
    ///
    /// The file has the optional field `clock_skew`, text such as `"1d"`, `"12h"`, `"30m"` or `"0s"`, and a
    /// table `[[authority]]` for each [`Authority`]. Their fields are those of [`Authority`] and, in tables
    /// `[[authority.key]]`, of [`AuthorityKey`], where `slc_key` and `slc_id` are the names of `key` and
    /// `id`. `hosts` is a list of names or of tables `{ name = …, role = … }`. `retiring` is `true`, `false`
    /// or `"?"`. Required are `name` and `kind` of an authority, `slc_key` or `slc_id` of a key, and the
    /// `status` of a key of AD RMS; that of Azure RMS is `active` if it is missing. An empty `status` is `?`.
    /// Keys and GUIDs can be in upper case. An unknown field is a mistake.
    ///
    /// ```
    /// use rmsight::{Estate, KeyStatus};
    ///
    /// let file = r#"
    ///     [[authority]]
    ///     name = "Headquarters"
    ///     kind = "ad-rms"
    ///
    ///     [[authority.key]]
    ///     slc_id = "5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41"
    ///     status = "read-only"
    ///     since = 2024-03-01
    /// "#;
    /// let estate = Estate::from_toml(file)?;
    /// assert_eq!(estate.authorities()[0].keys[0].status, KeyStatus::ReadOnly);
    /// # Ok::<(), rmsight::EstateError>(())
    /// ```
    ///
    /// # Errors
    /// Fails with all mistakes in the file, by line. Invalid values are not guessed: what depends on a value
    /// that is wrong is checked once that is right, and after an error of TOML's syntax nothing else is.
    pub fn from_toml(file: impl AsRef<[u8]>) -> Result<Estate, EstateError> {
        read(file.as_ref())
    }
}

fn read(bytes: &[u8]) -> Result<Estate, EstateError> {
    let Some(text) = text::decode(bytes) else {
        let message = "the file is neither UTF-8 nor UTF-16 text".to_owned();
        return Err(EstateError::new(vec![EstateMistake { line: None, message }]));
    };
    let mut reader = EstateReader { lines: LineEnds::of(&text), errors: Vec::new() };
    let (table, errors) = DeTable::parse_recoverable(&text);
    for error in &errors {
        let at = error.span().map_or(0, |span| span.start);
        reader.report(at, error.message().to_owned());
    }
    // After a syntax error, the values are unreliable.
    let estate = if errors.is_empty() { reader.estate(table.get_ref()) } else { None };
    match estate {
        Some(estate) if reader.errors.is_empty() => {
            let digest = Sha256::digest(bytes);
            let hex = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            Ok(estate.with_digest(hex))
        }
        _ => {
            reader.errors.sort_by_key(|mistake| mistake.line);
            Err(EstateError::new(reader.errors))
        }
    }
}

/// The offsets of line ends.
struct LineEnds(Vec<usize>);

impl LineEnds {
    fn of(text: &str) -> LineEnds {
        LineEnds(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// Returns the line of a byte, from 1.
    fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset).saturating_add(1)
    }
}

struct EstateReader {
    lines: LineEnds,
    errors: Vec<EstateMistake>,
}

/// A table and its offset in the file.
#[derive(Clone, Copy)]
struct TomlTable<'t> {
    fields: &'t DeTable<'t>,
    at: usize,
}

impl<'t> TomlTable<'t> {
    fn get(self, name: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.fields.get(name)
    }

    /// Returns the offset of a field, or of the table if the field is missing.
    fn at(self, name: &str) -> usize {
        self.get(name).map_or(self.at, |value| value.span().start)
    }
}

impl EstateReader {
    fn report(&mut self, at: usize, message: String) {
        self.errors.push(EstateMistake { line: Some(self.lines.at(at)), message });
    }

    fn estate(&mut self, root: &DeTable<'_>) -> Option<Estate> {
        let root = TomlTable { fields: root, at: 0 };
        self.only(root, &["authority", "clock_skew"]);
        let skew = self.clock_skew(root);
        let mut authorities = Vec::new();
        let mut tables = HashMap::new();
        for table in self.tables(root, "authority") {
            if let Some((authority, keys)) = self.authority(table) {
                tables.insert(authorities.len(), (table, keys));
                authorities.push(authority);
            }
        }
        for (subject, message) in check::all(&authorities) {
            let at = match subject {
                Subject::Authority(number) => tables.get(&number).map(|(table, _)| table.at),
                Subject::Field(number, field) => {
                    tables.get(&number).map(|(table, _)| table.at(field))
                }
                Subject::Host(number, at) => tables.get(&number).and_then(|(table, _)| {
                    let hosts = table.get("hosts")?;
                    Some(hosts.get_ref().as_array()?.get(at)?.span().start)
                }),
                Subject::Key(number, at, field) => {
                    tables.get(&number).and_then(|(_, keys)| Some(keys.get(at)?.at(field)))
                }
            };
            self.report(at.unwrap_or(0), message);
        }
        let estate = self.errors.is_empty().then(|| Estate::index(authorities))?;
        Some(skew.map_or(estate.clone(), |skew| estate.with_clock_skew(skew)))
    }

    /// Reads an authority, and returns it with the tables of its keys; `None` without a valid name
    /// and kind.
    fn authority<'t>(&mut self, table: TomlTable<'t>) -> Option<(Authority, Vec<TomlTable<'t>>)> {
        self.only(table, &["name", "kind", "retiring", "tenant", "hosts", "key", "settled"]);
        let name = self.required(table, "name", "an authority");
        let kind = self.required(table, "kind", "an authority");
        let kind = self.name(table, "kind", kind, AuthorityKind::ALL, AuthorityKind::as_str);
        let retiring = self.retiring(table);
        let tenant = self.string(table, "tenant").map(guid);
        let hosts = self.hosts(table);
        let settled = self.strings(table, "settled");
        let settled = settled
            .into_iter()
            .filter_map(|text| {
                self.name(table, "settled", Some(text), Question::ALL, Question::as_str)
            })
            .collect();
        let mut keys = Vec::new();
        let mut key_tables = Vec::new();
        for key_table in self.tables(table, "key") {
            if let Some(key) = self.key(key_table, kind) {
                keys.push(key);
                key_tables.push(key_table);
            }
        }
        let (name, kind) = (name?.to_owned(), kind?);
        let retiring = retiring.unwrap_or(Retiring::default_of(kind));
        Some((Authority { name, kind, retiring, tenant, hosts, keys, settled }, key_tables))
    }

    /// Reads `true`, `false` or `"?"`.
    fn retiring(&mut self, table: TomlTable<'_>) -> Option<Retiring> {
        let value = table.get("retiring")?;
        let retiring = match value.get_ref() {
            DeValue::Boolean(true) => Some(Retiring::Yes),
            DeValue::Boolean(false) => Some(Retiring::No),
            DeValue::String(text) if text == Retiring::Open.as_str() => Some(Retiring::Open),
            _ => None,
        };
        if retiring.is_none() {
            let message = "`retiring` is `true`, `false` or `\"?\"`".to_owned();
            self.report(value.span().start, message);
        }
        retiring
    }

    fn hosts(&mut self, table: TomlTable<'_>) -> Vec<AuthorityHost> {
        let mut hosts = Vec::new();
        for value in self.array(table, "hosts") {
            let at = value.span().start;
            match value.get_ref() {
                DeValue::String(name) => hosts.push(AuthorityHost::new(name.as_ref())),
                DeValue::Table(fields) => {
                    let table = TomlTable { fields, at };
                    self.only(table, &["name", "role"]);
                    let name = self.required(table, "name", "a host").unwrap_or_default();
                    let role = self.string(table, "role");
                    let role = self.name(table, "role", role, HostRole::ALL, HostRole::as_str);
                    hosts.push(AuthorityHost {
                        name: name.to_owned(),
                        role: role.unwrap_or(HostRole::Server),
                    });
                }
                _ => self.report(at, "a host is a name, or { name = …, role = … }".to_owned()),
            }
        }
        hosts
    }

    fn key(&mut self, table: TomlTable<'_>, kind: Option<AuthorityKind>) -> Option<AuthorityKey> {
        let known = ["slc_key", "slc_id", "status", "since", "tenant", "held_by", "origin"];
        self.only(table, &known);
        let status = self.status(table, kind);
        let origin = self.string(table, "origin");
        let origin = self.name(table, "origin", origin, Origin::ALL, Origin::as_str);
        let key = AuthorityKey {
            key: self.string(table, "slc_key").map(|text| text.trim().to_ascii_lowercase()),
            id: self.string(table, "slc_id").map(guid),
            status: KeyStatus::Lost,
            since: self.time(table, "since"),
            tenant: self.string(table, "tenant").map(guid),
            held_by: self.strings(table, "held_by").into_iter().map(str::to_owned).collect(),
            origin: origin.unwrap_or(Origin::Own),
        };
        status.map(|status| AuthorityKey { status, ..key })
    }

    /// Reads the state of a key. An empty one is an open question, as `?` is.
    fn status(&mut self, table: TomlTable<'_>, kind: Option<AuthorityKind>) -> Option<KeyStatus> {
        let text = match self.string(table, "status") {
            None if table.get("status").is_some() => return None,
            None if kind == Some(AuthorityKind::AzureRms) => return Some(KeyStatus::Active),
            None => {
                let known = kind.map_or(KeyStatus::ALL, KeyStatus::of_kind);
                let names = list(known.iter().map(|status| status.as_str()));
                self.report(table.at, format!("a key needs a `status`: {names}"));
                return None;
            }
            Some(text) => text.trim(),
        };
        match text {
            "" => Some(KeyStatus::Open),
            // The spelling of the first version, which had one state for all keys of Azure.
            "azure" if kind == Some(AuthorityKind::AzureRms) => Some(KeyStatus::Active),
            text => self.name(table, "status", Some(text), KeyStatus::ALL, KeyStatus::as_str),
        }
    }

    /// Reads a date or a time in UTC, as a TOML date or as text.
    fn time(&mut self, table: TomlTable<'_>, name: &str) -> Option<Timestamp> {
        let value = table.get(name)?;
        let time = match value.get_ref() {
            DeValue::Datetime(time) => Timestamp::parse(&time.to_string()),
            DeValue::String(text) => Timestamp::parse(text),
            _ => None,
        };
        if time.is_none() {
            let message = format!("`{name}` is a date such as 2024-03-01, or a time in UTC");
            self.report(value.span().start, message);
            // Any time avoids a second mistake, that the field is missing.
            return Some(Timestamp::from_unix(0));
        }
        time
    }

    fn clock_skew(&mut self, root: TomlTable<'_>) -> Option<u32> {
        let text = self.string(root, "clock_skew")?;
        let seconds = || {
            let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
            let unit: u32 = match text.strip_prefix(digits)? {
                "d" => 86_400,
                "h" => 3_600,
                "m" => 60,
                "s" => 1,
                _ => return None,
            };
            digits.trim().parse::<u32>().ok()?.checked_mul(unit)
        };
        let seconds = seconds();
        if seconds.is_none() {
            let message = "`clock_skew` is a number and a unit: `1d`, `12h`, `30m` or `0s`";
            self.report(root.at("clock_skew"), message.to_owned());
        }
        seconds
    }
}

/// Readers of fields by type.
impl EstateReader {
    /// Rejects unknown fields, because a misspelled field would be ignored silently.
    fn only(&mut self, table: TomlTable<'_>, known: &[&str]) {
        for name in table.fields.keys() {
            if !known.contains(&name.get_ref().as_ref()) {
                let known = list(known.iter().copied());
                let message = format!("there is no field `{}` here, only {known}", name.get_ref());
                self.report(name.span().start, message);
            }
        }
    }

    fn tables<'t>(&mut self, table: TomlTable<'t>, name: &str) -> Vec<TomlTable<'t>> {
        let mut tables = Vec::new();
        for value in self.array(table, name) {
            let at = value.span().start;
            match value.get_ref() {
                DeValue::Table(fields) => tables.push(TomlTable { fields, at }),
                _ => self.report(at, format!("`{name}` is a list of tables")),
            }
        }
        tables
    }

    fn array<'t>(&mut self, table: TomlTable<'t>, name: &str) -> &'t [Spanned<DeValue<'t>>] {
        let Some(value) = table.get(name) else { return &[] };
        match value.get_ref() {
            DeValue::Array(array) => array,
            _ if name == "authority" || name == "key" => {
                let message = format!("write `[[…{name}]]`, in two brackets: there can be several");
                self.report(value.span().start, message);
                &[]
            }
            _ => {
                self.report(value.span().start, format!("`{name}` is a list: [\"…\", \"…\"]"));
                &[]
            }
        }
    }

    fn strings<'t>(&mut self, table: TomlTable<'t>, name: &str) -> Vec<&'t str> {
        let mut strings = Vec::new();
        for value in self.array(table, name) {
            match value.get_ref() {
                DeValue::String(text) => strings.push(text.as_ref()),
                _ => self.report(value.span().start, format!("`{name}` is a list of texts")),
            }
        }
        strings
    }

    fn string<'t>(&mut self, table: TomlTable<'t>, name: &str) -> Option<&'t str> {
        let value = table.get(name)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            self.report(value.span().start, format!("`{name}` is a text: \"…\""));
        }
        text
    }

    fn required<'t>(&mut self, table: TomlTable<'t>, name: &str, what: &str) -> Option<&'t str> {
        if table.get(name).is_none() {
            self.report(table.at, format!("{what} needs `{name}`"));
        }
        self.string(table, name)
    }

    fn name<T: Copy>(
        &mut self,
        table: TomlTable<'_>,
        field: &str,
        text: Option<&str>,
        all: &[T],
        as_str: fn(T) -> &'static str,
    ) -> Option<T> {
        let text = text?;
        let found = all.iter().copied().find(|one| as_str(*one) == text);
        if found.is_none() {
            let all = list(all.iter().map(|one| as_str(*one)));
            self.report(table.at(field), format!("`{field}` is one of {all}, not `{text}`"));
        }
        found
    }
}

/// Returns a GUID in lower case without braces.
fn guid(text: &str) -> String {
    let text = text.trim();
    let inner = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    inner.unwrap_or(text).to_ascii_lowercase()
}

fn list<'n>(names: impl Iterator<Item = &'n str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
