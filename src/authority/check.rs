//! Checks the declarations of an estate, from a file or from a program.

use std::collections::HashMap;
use std::fmt;

use super::model::{Authority, AuthorityKey, AuthorityKind, KeyStatus};
use crate::error::Error;

/// All mistakes in the declarations of an estate, or the one of a source for `learn`.
/// [`Display`](fmt::Display) writes each in a line, with the number of the line in the estate file if there
/// is one: `line 12: …`. The name of the file is unknown here: put it before each of
/// [`mistakes`](EstateError::mistakes). It converts into [`Error`], with the code `config`.
///
/// ```
/// use rmsight::{Authority, AuthorityKind, Estate};
///
/// let nameless = Authority::new("", AuthorityKind::AdRms);
/// let error = Estate::new(vec![nameless]).unwrap_err();
/// assert_eq!(error.mistakes().len(), 1);
/// assert_eq!(error.to_string(), "an authority needs a name");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EstateError {
    mistakes: Vec<EstateMistake>,
}

impl EstateError {
    pub(crate) fn new(mistakes: Vec<EstateMistake>) -> EstateError {
        EstateError { mistakes }
    }

    /// Returns the mistakes, at least one; those of a file by line.
    pub fn mistakes(&self) -> &[EstateMistake] {
        &self.mistakes
    }
}

impl fmt::Display for EstateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mistake) in self.mistakes.iter().enumerate() {
            let separator = if at == 0 { "" } else { "\n" };
            write!(f, "{separator}{mistake}")?;
        }
        Ok(())
    }
}

impl std::error::Error for EstateError {}

impl From<EstateError> for Error {
    fn from(error: EstateError) -> Error {
        Error::config(error.to_string())
    }
}

/// One mistake in an estate. [`Display`](fmt::Display) writes `line 12: …`, or only the message without a
/// line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EstateMistake {
    /// The line in the estate file, from 1; `None` for mistakes that do not belong to a line.
    pub line: Option<usize>,
    /// The mistake and its correction, in English.
    pub message: String,
}

impl fmt::Display for EstateMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// The declaration that contains an error: indexes of the authority and of its host or key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Authority(usize),
    /// A field of an authority, by its name in the estate file.
    Field(usize, &'static str),
    Host(usize, usize),
    /// A key and a field of it, by its name in the estate file; empty for the whole key.
    Key(usize, usize, &'static str),
}

/// Returns all errors, in the order of the estate.
pub(crate) fn all(authorities: &[Authority]) -> Vec<(Subject, String)> {
    let mut errors = Vec::new();
    let mut seen = DeclaredNames::default();
    for (number, authority) in authorities.iter().enumerate() {
        let mut about = |message| errors.push((Subject::Authority(number), message));
        if authority.name.trim().is_empty() {
            about("an authority needs a name".to_owned());
        }
        if seen.insert("name", &authority.name, authority).is_some() {
            about(format!("there are two authorities named `{}`", authority.name));
        }
        for (field, message) in tenant_errors(authority, &mut seen) {
            errors.push((Subject::Field(number, field), message));
        }
        for (at, host) in authority.hosts.iter().enumerate() {
            let mut about = |message| errors.push((Subject::Host(number, at), message));
            if !is_host(&host.name) {
                about(host_error(&host.name));
            }
            if let Some(other) = seen.insert("host", &host.name, authority) {
                about(format!("the host `{}` is declared for `{other}` already", host.name));
            }
        }
        for (at, key) in authority.keys.iter().enumerate() {
            let mut about =
                |field, message| errors.push((Subject::Key(number, at, field), message));
            for (field, message) in key_errors(key, authority.kind) {
                about(field, message.to_owned());
            }
            for name in &key.held_by {
                if !is_cluster(name, authorities) {
                    about("held_by", format!("there is no ad-rms authority named `{name}`"));
                }
            }
            for (field, value) in [("slc_key", &key.key), ("slc_id", &key.id)] {
                let Some(value) = value else { continue };
                if let Some(other) = seen.insert(field, value, authority) {
                    about(field, twice(value, other, &authority.name));
                }
            }
        }
    }
    errors
}

/// Names that were declared, each with the name of its authority.
#[derive(Default)]
struct DeclaredNames<'a>(HashMap<(&'static str, &'a str), &'a str>);

impl<'a> DeclaredNames<'a> {
    /// Records a name, and returns the authority that declared it before.
    fn insert(
        &mut self,
        what: &'static str,
        name: &'a str,
        authority: &'a Authority,
    ) -> Option<&'a str> {
        self.0.insert((what, name), &authority.name)
    }
}

/// Returns the errors of the tenant of an authority.
fn tenant_errors<'a>(
    authority: &'a Authority,
    seen: &mut DeclaredNames<'a>,
) -> Vec<(&'static str, String)> {
    let Some(tenant) = &authority.tenant else { return Vec::new() };
    let mut errors = Vec::new();
    let mut about = |message| errors.push(("tenant", message));
    if authority.kind != AuthorityKind::AzureRms {
        about(
            "`tenant` belongs to azure-rms authorities; the tenant that got a key of this cluster \
             belongs to that `imported` key"
                .to_owned(),
        );
    }
    if !is_guid(tenant) {
        about("`tenant` has to be a GUID".to_owned());
    }
    if let Some(other) = seen.insert("tenant", tenant, authority) {
        about(format!("the tenant {tenant} is declared for `{other}` already"));
    }
    errors
}

fn twice(value: &str, first: &str, second: &str) -> String {
    if first == second {
        format!("{value} is declared twice: a key has one status")
    } else {
        format!(
            "{value} is declared for `{first}` too: declare it once, for the authority that made \
             it, and name clusters that got it in `held_by`"
        )
    }
}

fn is_host(name: &str) -> bool {
    let bare = name.strip_prefix('.').unwrap_or(name);
    super::host::clean(bare).is_some_and(|clean| clean == bare)
}

fn host_error(name: &str) -> String {
    format!(
        "`{name}` is no host name: write `rms.example.com`, or `.example.com` for all names below \
         it, in lower case, without scheme, port and path"
    )
}

fn is_cluster(name: &str, authorities: &[Authority]) -> bool {
    authorities
        .iter()
        .any(|authority| authority.kind == AuthorityKind::AdRms && authority.name == name)
}

/// Returns the message about a state that keys of this kind of authority do not have.
fn status_error(kind: AuthorityKind) -> &'static str {
    match kind {
        AuthorityKind::AdRms => {
            "a key of an ad-rms authority is `active`, `read-only`, `imported`, `lost`, `foreign` \
             or `?`; a key that Azure got from this cluster is `imported`"
        }
        AuthorityKind::AzureRms => {
            "a key of an azure-rms authority is `active`, `archived`, `revoked`, `lost` or `?`; \
             declare an imported key for the cluster that it came from"
        }
    }
}

/// Returns the errors of a single key: the field and the message.
fn key_errors(
    key: &AuthorityKey,
    kind: AuthorityKind,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let is_of_kind = KeyStatus::of_kind(kind).contains(&key.status);
    let is_read_only = key.status == KeyStatus::ReadOnly;
    let is_imported = key.status == KeyStatus::Imported;
    let is_gone = matches!(key.status, KeyStatus::Lost | KeyStatus::Foreign);
    [
        (key.key.is_none() && key.id.is_none(), "", "a key needs `slc_key`, or at least `slc_id`"),
        (
            !key.key.as_deref().is_none_or(is_fingerprint),
            "slc_key",
            "`slc_key` has to be `sha256:` and 64 hex digits, over the big-endian modulus",
        ),
        (!key.id.as_deref().is_none_or(is_guid), "slc_id", "`slc_id` has to be a GUID"),
        (!key.tenant.as_deref().is_none_or(is_guid), "tenant", "`tenant` has to be a GUID"),
        (!is_of_kind, "status", status_error(kind)),
        (is_read_only && key.since.is_none(), "status", "a `read-only` key needs `since`"),
        (!is_read_only && key.since.is_some(), "since", "`since` belongs to `read-only` keys"),
        (is_imported && key.tenant.is_none(), "status", "an `imported` key needs `tenant`"),
        (!is_imported && key.tenant.is_some(), "tenant", "`tenant` belongs to `imported` keys"),
        (
            is_gone && !key.held_by.is_empty(),
            "held_by",
            "a key that one of your clusters holds is neither `lost` nor `foreign`, but `active` \
             or `read-only`",
        ),
    ]
    .into_iter()
    .filter_map(|(is_wrong, field, message)| is_wrong.then_some((field, message)))
}

/// Whether a text is the fingerprint of a key as in the record.
pub(crate) fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && is_hex(digits))
}

/// Whether a text is a GUID as in the record: lower case without braces.
pub(crate) fn is_guid(text: &str) -> bool {
    let mut parts = text.split('-');
    [8, 4, 4, 4, 12]
        .into_iter()
        .all(|length| parts.next().is_some_and(|part| part.len() == length && is_hex(part)))
        && parts.next().is_none()
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
