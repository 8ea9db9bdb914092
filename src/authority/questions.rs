//! The questions that an operator has to answer before an estate counts as complete.

use super::estate::Estate;
use super::model::{Authority, AuthorityKey, AuthorityKind, KeyStatus, Origin, Question};

/// A question that the estate leaves open.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenQuestion {
    /// The name of the authority.
    pub authority: String,
    /// The entry for the `settled` list of the authority if the answer is "nothing"; `None` if only
    /// a declaration answers the question.
    pub question: Option<Question>,
    /// The text of the question.
    pub text: String,
}

impl Estate {
    /// Returns the open questions, in the order of the authorities.
    pub fn open_questions(&self) -> Vec<OpenQuestion> {
        self.authorities().iter().flat_map(|authority| self.open_of(authority)).collect()
    }

    fn open_of(&self, authority: &Authority) -> Vec<OpenQuestion> {
        let mut open = Vec::new();
        let mut ask = |question, text: String| {
            open.push(OpenQuestion { authority: authority.name.clone(), question, text });
        };
        if authority.keys.is_empty() {
            let text = "It has no key, so nothing can be said of its files. Learn its key from a file \
                    that it protected, or from its certificate.";
            ask(None, text.to_owned());
        }
        for key in authority.keys.iter().filter(|key| key.key.is_none()) {
            let id = key.id.as_deref().unwrap_or_default();
            ask(
                None,
                format!(
                    "Of the key {id} only the id is known, which decides nothing. Learn it from a file whose slc_id is that."
                ),
            );
        }
        for question in Question::ALL {
            let is_open =
                !authority.settled.contains(question) && !self.is_answered(*question, authority);
            if let Some(text) = text(*question, authority).filter(|_| is_open) {
                ask(Some(*question), text.to_owned());
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

/// Returns the text of a question; `None` if it does not apply to the authority.
fn text(question: Question, authority: &Authority) -> Option<&'static str> {
    let is_foreign = |key: &AuthorityKey| key.status == KeyStatus::Foreign;
    if !authority.keys.is_empty() && authority.keys.iter().all(is_foreign) {
        return None;
    }
    match (question, authority.kind) {
        (Question::LicensingOnly, AuthorityKind::AdRms) => {
            Some("Has it licensing-only (sub-enrolled) members? Each has a separate key.")
        }
        (Question::OlderKey, AuthorityKind::AdRms) => Some(
            "Was it ever in cryptographic mode 1, or installed anew? Then it has an older key \
             besides.",
        ),
        (Question::OlderKey, AuthorityKind::AzureRms) => {
            Some("Was the tenant ever rekeyed? Get-AipServiceKeys lists all its keys.")
        }
        (Question::TrustedPublishingDomains, AuthorityKind::AdRms) => Some(
            "Did it import trusted publishing domains? It opens what those clusters published. \
             Declare their keys here with the origin `tpd`, or name this cluster in their `held_by`.",
        ),
        _ => None,
    }
}
