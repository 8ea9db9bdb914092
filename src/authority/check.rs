//! What no estate may say, wherever it comes from.

use std::collections::HashMap;
use std::fmt;

use super::{Authority, AuthorityKind, Key, KeyStatus};

/// Something that cannot be meant like this.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mistake {
    /// The line of the estate file, counted from 1.
    pub line: Option<usize>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for Mistake {}

/// What a mistake is about; numbers count from 0 in the order of the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Authority(usize),
    Host(usize, usize),
    Key(usize, usize),
}

/// Every mistake, in the order of the estate.
pub(crate) fn all(authorities: &[Authority]) -> Vec<(Subject, String)> {
    let mut wrong = Vec::new();
    let mut seen = Seen::default();
    for (number, authority) in authorities.iter().enumerate() {
        let subject = Subject::Authority(number);
        if authority.name.trim().is_empty() {
            wrong.push((subject, "an authority needs a name".to_owned()));
        }
        if !seen.is_new("name", &authority.name, authority) {
            wrong.push((subject, format!("there are two authorities named `{}`", authority.name)));
        }
        for (at, host) in authority.hosts.iter().enumerate() {
            for message in
                host_mistakes(&host.name).into_iter().chain(seen.host(&host.name, authority))
            {
                wrong.push((Subject::Host(number, at), message));
            }
        }
        for (at, key) in authority.keys.iter().enumerate() {
            let mut messages = key_mistakes(key, authority.kind);
            messages.extend(held_by_mistakes(key, authorities));
            messages.extend(seen.key(key, authority));
            wrong.extend(messages.into_iter().map(|message| (Subject::Key(number, at), message)));
        }
    }
    wrong
}

/// Names that were met, each with the authority that it belongs to.
#[derive(Default)]
struct Seen<'a>(HashMap<(&'static str, &'a str), &'a str>);

impl<'a> Seen<'a> {
    fn is_new(&mut self, what: &'static str, name: &'a str, authority: &'a Authority) -> bool {
        self.0.insert((what, name), &authority.name).is_none()
    }

    fn host(&mut self, name: &'a str, authority: &'a Authority) -> Option<String> {
        let other = self.0.insert(("host", name), &authority.name)?;
        Some(format!("the host `{name}` is declared twice, first for `{other}`"))
    }

    fn key(&mut self, key: &'a Key, authority: &'a Authority) -> Vec<String> {
        let mut messages = Vec::new();
        for (what, value) in [("key", &key.key), ("id", &key.id)] {
            let Some(value) = value else { continue };
            let Some(other) = self.0.insert((what, value), &authority.name) else { continue };
            messages.push(if other == authority.name {
                format!("the {what} {value} is declared twice: a key has one status")
            } else {
                format!(
                    "the {what} {value} is declared for `{other}` too: declare it once, for the \
                     authority that made it, and name clusters that got it in `held_by`"
                )
            });
        }
        messages
    }
}

fn host_mistakes(name: &str) -> Option<String> {
    let bare = name.strip_prefix('.').unwrap_or(name);
    let clean = super::host::clean(bare).is_some_and(|clean| clean == bare);
    (!clean).then(|| {
        format!(
            "`{name}` is no host name: write `rms.example.com`, or `.example.com` for all names \
             below it, in lower case, without scheme, port and path"
        )
    })
}

fn key_mistakes(key: &Key, kind: AuthorityKind) -> Vec<String> {
    let mut messages = Vec::new();
    let mut say = |wrong: bool, message: &str| {
        if wrong {
            messages.push(message.to_owned());
        }
    };
    say(key.key.is_none() && key.id.is_none(), "a key needs `key`, or at least `id`");
    say(
        !key.key.as_deref().is_none_or(is_fingerprint),
        "`key` has to be `sha256:` and 64 hex digits, over the big-endian modulus",
    );
    say(!key.id.as_deref().is_none_or(is_guid), "`id` has to be a GUID");
    say(!key.tenant.as_deref().is_none_or(is_guid), "`tenant` has to be a GUID");
    let is_azure = key.status == KeyStatus::Azure;
    say(
        kind == AuthorityKind::AzureRms && !is_azure,
        "a key of an azure-rms authority was born there: its status is `azure` or is left out; \
         declare an imported key for the cluster that it came from",
    );
    say(
        kind == AuthorityKind::AdRms && is_azure,
        "only an azure-rms authority has keys with the status `azure`; a key that Azure got from \
         this cluster is `imported`",
    );
    let is_read_only = key.status == KeyStatus::ReadOnly;
    say(is_read_only && key.since.is_none(), "a `read-only` key needs `since`");
    say(!is_read_only && key.since.is_some(), "`since` belongs to `read-only` keys");
    let is_imported = key.status == KeyStatus::Imported;
    say(is_imported && key.tenant.is_none(), "an `imported` key needs `tenant`");
    say(!is_imported && key.tenant.is_some(), "`tenant` belongs to `imported` keys");
    let is_gone = matches!(key.status, KeyStatus::Lost | KeyStatus::Foreign);
    say(
        is_gone && !key.held_by.is_empty(),
        "a key that one of your clusters holds is neither `lost` nor `foreign`, but `active` or \
         `read-only`",
    );
    messages
}

fn held_by_mistakes<'a>(
    key: &'a Key,
    authorities: &'a [Authority],
) -> impl Iterator<Item = String> + 'a {
    let clusters = |name: &str| {
        authorities.iter().any(|other| other.kind == AuthorityKind::AdRms && other.name == name)
    };
    key.held_by.iter().filter(move |name| !clusters(name)).map(|name| {
        format!("`held_by` names `{name}`, and there is no ad-rms authority of that name")
    })
}

/// Whether it is a key's fingerprint as the record has it.
pub(crate) fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(|digits| digits.len() == 64 && is_hex(digits))
}

/// Whether it is a GUID as the record has it: lower case, no braces.
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
