//! The questions that an operator has to answer before an estate counts as complete.

use super::estate::Estate;
use super::model::{Authority, AuthorityKey, AuthorityKind, KeyStatus, Origin, Question, Retiring};

/// Lists the keys of a tenant with their states (module AIPService of PowerShell).
const TENANT_KEYS: &str = "Connect-AipService; Get-AipServiceKeys | Format-List";

/// Prints the id of a tenant (BPOSId), its hosts and the ids of its keys.
const TENANT: &str = "Connect-AipService; Get-AipServiceConfiguration";

/// Prints the properties of a cluster: its name, its type, its servers (module AdRmsAdmin).
const CLUSTER: &str = "Import-Module AdRmsAdmin; New-PSDrive Rms AdRmsAdmin https://localhost; Get-ItemProperty Rms:\\";

/// Lists the keys that a cluster holds: its own, and those of imported trusted publishing domains.
const CLUSTER_KEYS: &str = "Import-Module AdRmsAdmin; New-PSDrive Rms AdRmsAdmin https://localhost; \
                            Get-ChildItem Rms:\\TrustPolicy\\TrustedPublishingDomain";

/// A question that the estate leaves open. [`Estate::open_questions`] returns them. Until they are answered,
/// verdicts can be `possible`, or files can need a key that the estate does not have.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct OpenQuestion {
    /// The name of the authority.
    pub authority: String,
    /// The entry for the `settled` list of the authority if the answer is "nothing"; `None` if only
    /// a declaration answers the question.
    pub question: Option<Question>,
    /// The question and how to answer it, in English, for people.
    pub text: String,
    /// A command (of PowerShell, or of the program `rmsight`) whose output helps to answer it, if one is
    /// known. The library does not run it.
    pub command: Option<&'static str>,
}

impl Estate {
    /// Returns the open questions, in the order of the authorities; empty for an estate without open
    /// questions, and for an empty one.
    pub fn open_questions(&self) -> Vec<OpenQuestion> {
        self.authorities().iter().flat_map(|authority| self.open_of(authority)).collect()
    }

    fn open_of(&self, authority: &Authority) -> Vec<OpenQuestion> {
        let is_azure = authority.kind == AuthorityKind::AzureRms;
        let keys_of_kind = if is_azure { TENANT_KEYS } else { CLUSTER_KEYS };
        let mut open = Vec::new();
        let mut ask = |question, text: String, command| {
            open.push(OpenQuestion { authority: authority.name.clone(), question, text, command });
        };
        if authority.retiring == Retiring::Open {
            let text = "Does the organization give it up? Set `retiring` to true or false: until \
                        then its files are possible.";
            ask(None, text.to_owned(), None);
        }
        if is_azure && authority.tenant.is_none() && authority.retiring != Retiring::No {
            let text = "Which tenant is it? Set `tenant`: until then, files of all tenants and \
                        all imported keys may need it.";
            ask(None, text.to_owned(), Some(TENANT));
        }
        if authority.keys.is_empty() {
            let text = "It has no key, so nothing can be said of its files. Learn its key from a \
                        file that it protected, or from its certificate.";
            ask(None, text.to_owned(), Some("rmsight estate learn --as own FILE"));
        }
        for key in &authority.keys {
            let name = key.key.as_deref().or(key.id.as_deref()).unwrap_or_default();
            if key.status == KeyStatus::Open {
                let names = KeyStatus::of_kind(authority.kind).iter();
                let names: Vec<&str> = names
                    .filter(|status| **status != KeyStatus::Open)
                    .map(|status| status.as_str())
                    .collect();
                let text =
                    format!("What became of the key {name}? Set `status` to {}.", list(&names));
                ask(None, text, Some(keys_of_kind));
            }
            if key.key.is_none() {
                let text = format!(
                    "Of the key {name} only the id is known, which decides nothing. Learn it from \
                     a file whose slc_id is that."
                );
                ask(None, text, Some("rmsight estate learn --as own FILE"));
            }
        }
        for question in Question::ALL {
            let is_open =
                !authority.settled.contains(question) && !self.is_answered(*question, authority);
            if let Some((text, command)) = text(*question, authority).filter(|_| is_open) {
                ask(Some(*question), text.to_owned(), Some(command));
            }
        }
        open
    }

    /// Whether the declared keys answer the question.
    fn is_answered(&self, question: Question, authority: &Authority) -> bool {
        let of_origin = |origin| authority.keys.iter().filter(move |key| key.origin == origin);
        match question {
            Question::LicensingOnly => of_origin(Origin::SubEnrolled).count() > 0,
            Question::OlderKey => of_origin(Origin::Own).count() > 1,
            Question::TrustedPublishingDomains => {
                let mut all = self.authorities().iter().flat_map(|authority| &authority.keys);
                of_origin(Origin::Tpd).count() > 0
                    || all.any(|key| key.held_by.contains(&authority.name))
            }
        }
    }
}

/// Returns the text of a question and a command that helps to answer it; `None` if the question does
/// not apply to the authority.
fn text(question: Question, authority: &Authority) -> Option<(&'static str, &'static str)> {
    let is_foreign = |key: &AuthorityKey| key.status == KeyStatus::Foreign;
    if !authority.keys.is_empty() && authority.keys.iter().all(is_foreign) {
        return None;
    }
    match (question, authority.kind) {
        (Question::LicensingOnly, AuthorityKind::AdRms) => Some((
            "Has it licensing-only (sub-enrolled) members? Each has a separate key.",
            CLUSTER,
        )),
        (Question::OlderKey, AuthorityKind::AdRms) => Some((
            "Was it ever in cryptographic mode 1, or installed anew? Then it has an older key \
             besides.",
            CLUSTER_KEYS,
        )),
        (Question::OlderKey, AuthorityKind::AzureRms) => {
            Some(("Was the tenant ever rekeyed? Then it has archived keys besides.", TENANT_KEYS))
        }
        (Question::TrustedPublishingDomains, AuthorityKind::AdRms) => Some((
            "Did it import trusted publishing domains? It opens what those clusters published. \
             Declare their keys here with the origin `tpd`, or name this cluster in their `held_by`.",
            CLUSTER_KEYS,
        )),
        _ => None,
    }
}

/// Returns `a, b or c`.
fn list(names: &[&str]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        _ => names.concat(),
    }
}
