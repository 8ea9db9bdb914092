//! Contradictions between an estate file and the licenses in inventories.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use rmsight::{
    Anomaly, Authority, AuthorityKey, AuthorityKind, Dependency, Estate, Facts, KeyMatch,
    KeyStatus, Need, Origin, Question, judge,
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
    /// The estate file does not have the key.
    pub(super) is_missing: bool,
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
    let mut counts: BTreeMap<(String, String, bool), u64> = BTreeMap::new();
    inventories.judged(estate, |judged| {
        let Some(name) = judged.facts.slc_key() else { return Ok(()) };
        let mut count = |subject: String, text: String, is_missing: bool| {
            *counts.entry((subject, text, is_missing)).or_default() += 1;
        };
        match keys.get(name).filter(|_| judged.verdict.key_match() == KeyMatch::Key) {
            Some((authority, key)) => {
                let subject = || format!("{}, key {}", authority.name, short_key(name));
                let alone = judge(&judged.facts, &nothing_known).dependency();
                let texts = [
                    of_kind(authority, key, alone),
                    of_tenant(authority, key, &judged.facts),
                    of_settled(authority, key, judged.verdict.anomalies()),
                ];
                texts.into_iter().flatten().for_each(|text| count(subject(), text, false));
            }
            None if judged.verdict.need() == Need::Possible => {
                let subject = format!("Key {}", short_key(name));
                let text = "the estate file does not have it: `rmsight report` prints its lines";
                count(subject, text.to_owned(), true);
            }
            None => {}
        }
        Ok(())
    })?;
    let all = counts.into_iter();
    let of = |((subject, text, is_missing), findings)| Contradiction {
        subject,
        text,
        findings,
        is_missing,
    };
    Ok(all.map(of).collect())
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

/// Returns the contradiction between a settled question and a license.
fn of_settled(authority: &Authority, key: &AuthorityKey, anomalies: &[Anomaly]) -> Option<String> {
    let is_settled = authority.settled.contains(&Question::LicensingOnly);
    let is_own = key.origin == Origin::Own;
    (is_settled && is_own && anomalies.contains(&Anomaly::LicensingOnlyCluster)).then(|| {
        "`settled` says that there is no licensing-only cluster, and the certificate of this key \
         looks like that of one: give the key `origin = \"sub-enrolled\"`, or keep it and take \
         `licensing-only` out of `settled`"
            .to_owned()
    })
}
