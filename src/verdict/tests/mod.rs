//! Each rule, each modifier, hosts of addresses, and properties of all verdicts.

mod hosts;
mod modifiers;
mod properties;
mod table;

use super::*;
use crate::authority::{
    Authority, AuthorityHost, AuthorityKey, AuthorityKind, Estate, KeyMatch, KeyStatus, Origin,
    Retiring,
};
use crate::facts::{Facts, LicenseFacts};
use crate::kinds::{Anomaly, Container, KeyLink, Protection, Signature};
use crate::timestamp::Timestamp;

const AZ: &str = "https://0c5a1b2e-0000-4000-8000-000000000001.rms.eu.aadrm.com/_wmcs/licensing";
const ORG: &str = "https://rms.example.org/_wmcs/licensing";
const LEGACY: &str = "https://licensing.drm.microsoft.com/licensing";
const OTHER: &str = "https://api.azurerms.com/x";
const BAD: &str = "rms/_wmcs";

const ID: &str = "1b4e28ba-2fa1-4d2e-883f-0016d3cca427";
const TENANT: &str = "6fa459ea-ee8a-4ca4-894e-db77e160355e";
const SINCE: i64 = 1_500_000_000;

fn fingerprint(digit: char) -> String {
    format!("sha256:{}", digit.to_string().repeat(64))
}

/// Returns facts about a valid, linked license that contains only the key.
fn sealed(change: impl FnOnce(&mut LicenseFacts)) -> Facts {
    let mut license = LicenseFacts::new();
    license.slc_key = Some(fingerprint('a'));
    license.slc_key_bits = Some(2048);
    license.slc_id = Some(ID.to_owned());
    license.signature = Signature::Valid;
    license.link = KeyLink::Linked;
    change(&mut license);
    let mut facts = Facts::new(Container::OoxmlIrm, Protection::Rms);
    facts.license = Some(Box::new(license));
    facts
}

/// Sets the addresses of principal, extranet and intranet.
fn at(license: &mut LicenseFacts, principal: &str, extranet: &str, intranet: &str) {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    license.slc_address = some(principal);
    license.licensing_extranet = some(extranet);
    license.licensing_intranet = some(intranet);
}

fn on_premises() -> Facts {
    sealed(|license| at(license, ORG, ORG, ORG))
}

fn in_azure() -> Facts {
    sealed(|license| {
        at(license, AZ, AZ, AZ);
        license.tenant_id = Some(TENANT.to_owned());
    })
}

fn key(digit: char, status: KeyStatus) -> AuthorityKey {
    let mut key = AuthorityKey::new(status);
    key.key = Some(fingerprint(digit));
    key.since = (status == KeyStatus::ReadOnly).then(|| Timestamp::from_unix(SINCE));
    key.tenant = (status == KeyStatus::Imported).then(|| TENANT.to_owned());
    key.origin = Origin::Own;
    key
}

/// Returns an AD RMS cluster, which is retiring.
fn authority(name: &str, keys: Vec<AuthorityKey>) -> Authority {
    let mut authority = Authority::new(name, AuthorityKind::AdRms);
    authority.keys = keys;
    authority
}

/// Returns an Azure tenant. The estate does not declare its id.
fn tenant(name: &str, retiring: Retiring, keys: Vec<AuthorityKey>) -> Authority {
    let mut authority = Authority::new(name, AuthorityKind::AzureRms);
    authority.retiring = retiring;
    authority.keys = keys;
    authority
}

/// Returns an Azure tenant with the id [`TENANT`] and without keys.
fn known_tenant(name: &str, retiring: Retiring) -> Authority {
    let mut authority = tenant(name, retiring, Vec::new());
    authority.tenant = Some(TENANT.to_owned());
    authority
}

fn estate(authorities: Vec<Authority>) -> Estate {
    Estate::new(authorities).unwrap()
}

/// Returns an estate of one retiring cluster, `Ours`, with the key of [`sealed`].
fn holding(status: KeyStatus) -> Estate {
    estate(vec![authority("Ours", vec![key('a', status)])])
}

/// Returns an estate of one authority, `Ours`, with the key of [`sealed`].
fn holding_as(kind: AuthorityKind, retiring: Retiring, status: KeyStatus) -> Estate {
    let mut ours = authority("Ours", vec![key('a', status)]);
    (ours.kind, ours.retiring) = (kind, retiring);
    estate(vec![ours])
}

fn with_host(mut authority: Authority, host: &str) -> Authority {
    authority.hosts.push(AuthorityHost::new(host));
    authority
}

fn modifier_ids(verdict: &Verdict) -> Vec<&'static str> {
    verdict.modifiers().map(Modifier::id).collect()
}

/// Returns rule, dependency, need and confidence, as in the record.
fn row(facts: &Facts, estate: &Estate) -> [&'static str; 4] {
    let verdict = judge(facts, estate);
    let confidence = verdict.confidence().map_or("–", Confidence::as_str);
    let rule = rules().map(Rule::id).find(|id| *id == verdict.rule()).unwrap();
    [rule, verdict.dependency().as_str(), verdict.need().as_str(), confidence]
}

fn row_alone(facts: &Facts) -> [&'static str; 4] {
    row(facts, &Estate::default())
}
