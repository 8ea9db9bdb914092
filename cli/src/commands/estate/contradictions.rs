//! Contradictions between an estate file and the licenses in inventories.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use rmsight::{
    Authority, AuthorityKey, AuthorityKind, Dependency, Estate, Facts, KeyMatch, KeyStatus, Need,
    judge,
};

use crate::exit::Result;
use crate::inventory::query::Inventories;
use crate::output::line::short_key;

/// A declaration that licenses contradict, or a key that the estate file does not have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Contradiction {
    /// The authority and the key.
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) findings: u64,
}

/// Returns the contradictions, ordered by authority and key.
pub(super) fn of(estate: &Estate, inventories: &[PathBuf]) -> Result<Vec<Contradiction>> {
    if inventories.is_empty() {
        return Ok(Vec::new());
    }
    let inventories = Inventories::open(inventories)?;
    let mut keys: HashMap<&str, (&Authority, &AuthorityKey)> = HashMap::new();
    for authority in estate.authorities() {
        for key in &authority.keys {
            keys.extend(key.key.as_deref().map(|name| (name, (authority, key))));
        }
    }
    let nothing_known = Estate::default();
    let mut counts: BTreeMap<(String, String), u64> = BTreeMap::new();
    inventories.judged(estate, |judged| {
        let Some(name) = judged.facts.slc_key() else { return Ok(()) };
        let mut count = |subject: String, text: String| {
            *counts.entry((subject, text)).or_default() += 1;
        };
        match keys.get(name).filter(|_| judged.verdict.key_match() == KeyMatch::Key) {
            Some((authority, key)) => {
                let subject = || format!("{}, key {}", authority.name, short_key(name));
                let alone = judge(&judged.facts, &nothing_known).dependency();
                let texts =
                    [of_kind(authority, key, alone), of_tenant(authority, key, &judged.facts)];
                texts.into_iter().flatten().for_each(|text| count(subject(), text));
            }
            None if judged.verdict.need() == Need::Possible => {
                let subject = format!("Key {}", short_key(name));
                let text = "the estate file does not have it: `rmsight report` prints its lines";
                count(subject, text.to_owned());
            }
            None => {}
        }
        Ok(())
    })?;
    let all = counts.into_iter();
    Ok(all.map(|((subject, text), findings)| Contradiction { subject, text, findings }).collect())
}

/// Returns the contradiction between the kind of an authority and the server that issued a license,
/// as far as the license alone tells.
fn of_kind(authority: &Authority, key: &AuthorityKey, alone: Dependency) -> Option<String> {
    let is_held = matches!(key.status, KeyStatus::Active | KeyStatus::ReadOnly);
    match (authority.kind, alone) {
        (AuthorityKind::AdRms, Dependency::AzureRms) if is_held => Some(format!(
            "its status is `{}`, and Azure issued licenses with it: was it imported?",
            key.status
        )),
        (AuthorityKind::AzureRms, Dependency::AdRms | Dependency::AdRmsKeyInAzure) => Some(
            "its authority is of the kind azure-rms, and an AD RMS cluster issued licenses with \
             it: declare it for that cluster, as `imported` if Azure has it"
                .to_owned(),
        ),
        _ => None,
    }
}

/// Returns the contradiction between the declared tenant and that of a license.
fn of_tenant(authority: &Authority, key: &AuthorityKey, facts: &Facts) -> Option<String> {
    let named = facts.license.as_deref()?.tenant_id.as_deref()?;
    let declared = match key.status {
        KeyStatus::Imported => key.tenant.as_deref()?,
        _ => authority.tenant.as_deref()?,
    };
    (declared != named).then(|| {
        format!("the estate file says tenant {declared}, and licenses name tenant {named}")
    })
}
