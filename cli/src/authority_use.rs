//! Whether a finding needs one authority of the estate.

use std::collections::HashMap;

use rmsight::{
    Authority, AuthorityKey, AuthorityKind, Dependency, Estate, KeyLink, KeyMatch, KeyStatus, Need,
    Retiring, Signature, Verdict,
};

use crate::inventory::query::Judged;

/// How a finding uses an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum AuthorityUse {
    /// Only a key of the authority opens it, and the authority goes away.
    Yes,
    /// A key of the authority opens it, and the verdict does not depend on the authority.
    InUse,
    /// It may need the authority, for this reason: a rule or an error code.
    Possible(String),
    /// A tenant imported its key, and the estate does not say which Azure authority has the tenant.
    MaybeImported(String),
    /// It needs another authority, of this name.
    Elsewhere(String),
    /// It is possible for Azure authorities only, and not for this one.
    OtherTenant,
    No,
}

/// One authority, and the keys of all.
#[derive(Debug)]
pub(crate) struct AuthorityTest<'e> {
    authority: &'e Authority,
    estate: &'e Estate,
    keys: HashMap<&'e str, (&'e Authority, &'e AuthorityKey)>,
}

/// The authority that holds a declared key, as far as one authority is concerned.
enum KeyHolder {
    /// The authority that is tested.
    Own,
    /// The tested authority may be the tenant that imported the key.
    MaybeOwn,
    /// Another one, of this name.
    Other(String),
    /// The key opens nothing any more.
    Gone,
}

/// Returns the authorities that go away or may go away. An authority of which only foreign keys are
/// declared is another organization's, and its clusters are not the operator's to give up. One whose keys
/// are all lost or revoked opens nothing, if the estate has no open question about it.
pub(crate) fn retiring(estate: &Estate) -> impl Iterator<Item = &Authority> {
    let is_foreign = |authority: &Authority| {
        let mut keys = authority.keys.iter();
        !authority.keys.is_empty() && keys.all(|key| key.status == KeyStatus::Foreign)
    };
    let open = estate.open_questions();
    let opens_nothing = move |authority: &Authority| {
        let gone = [KeyStatus::Lost, KeyStatus::Revoked, KeyStatus::Foreign];
        let mut keys = authority.keys.iter();
        let mut others = estate.authorities().iter().flat_map(|other| &other.keys);
        !authority.keys.is_empty()
            && keys.all(|key| gone.contains(&key.status))
            && !others.any(|key| key.held_by.contains(&authority.name))
            && !open.iter().any(|question| question.authority == authority.name)
    };
    let all = estate.authorities().iter();
    all.filter(move |one| one.retiring != Retiring::No && !is_foreign(one) && !opens_nothing(one))
}

/// Returns whether an estate file is given that declares no such authority, so that verdicts answer nothing.
pub(crate) fn asks_nothing(estate: &Estate) -> bool {
    !estate.is_empty() && retiring(estate).next().is_none()
}

impl<'e> AuthorityTest<'e> {
    pub(crate) fn new(authority: &'e Authority, estate: &'e Estate) -> AuthorityTest<'e> {
        let mut keys = HashMap::new();
        for owner in estate.authorities() {
            for key in &owner.keys {
                if let Some(name) = &key.key {
                    keys.insert(name.as_str(), (owner, key));
                }
            }
        }
        AuthorityTest { authority, estate, keys }
    }

    pub(crate) fn authority(&self) -> &'e Authority {
        self.authority
    }

    /// Returns how a finding uses the authority.
    pub(crate) fn of(&self, judged: &Judged) -> AuthorityUse {
        let verdict = &judged.verdict;
        if verdict.dependency() == Dependency::None {
            return AuthorityUse::No;
        }
        let declared = judged.facts.slc_key().and_then(|key| self.keys.get(key));
        match declared.filter(|_| verdict.key_match() == KeyMatch::Key && verdict.rule() != "R02") {
            Some((owner, key)) => self.of_declared(judged, owner, key),
            None => self.of_unknown(judged),
        }
    }

    fn of_declared(&self, judged: &Judged, owner: &Authority, key: &AuthorityKey) -> AuthorityUse {
        let verdict = &judged.verdict;
        let rule = verdict.rule();
        match (self.holder(owner, key), verdict.need()) {
            (KeyHolder::Own, Need::Yes) => AuthorityUse::Yes,
            (KeyHolder::Own, Need::No) => AuthorityUse::InUse,
            (KeyHolder::Own, _) => AuthorityUse::Possible(reason(judged)),
            (KeyHolder::MaybeOwn, _) if key.status == KeyStatus::Imported => {
                AuthorityUse::MaybeImported(rule.to_owned())
            }
            (KeyHolder::MaybeOwn, _) => AuthorityUse::Possible(reason(judged)),
            (KeyHolder::Other(_) | KeyHolder::Gone, Need::No) => AuthorityUse::No,
            (KeyHolder::Other(other), need) => match (proof(judged), need) {
                (Proof::Proven | Proof::NotChecked, _) => AuthorityUse::Elsewhere(other),
                (Proof::Missing, Need::Yes) => {
                    AuthorityUse::Possible(format!("{rule}, key of {other}, but not proven"))
                }
                (Proof::Missing, _) => AuthorityUse::Possible(reason(judged)),
            },
            (KeyHolder::Gone, _) => AuthorityUse::Possible(reason(judged)),
        }
    }

    /// Returns the holder of a declared key.
    fn holder(&self, owner: &Authority, key: &AuthorityKey) -> KeyHolder {
        let of = |authority: &Authority| match authority.name == self.authority.name {
            true => KeyHolder::Own,
            false => KeyHolder::Other(authority.name.clone()),
        };
        match key.status {
            KeyStatus::Lost | KeyStatus::Revoked => KeyHolder::Gone,
            KeyStatus::Imported => match self.importer(key) {
                Some(tenant) => of(tenant),
                None if self.is_azure() && self.authority.tenant.is_none() => KeyHolder::MaybeOwn,
                None => {
                    let tenant = key.tenant.as_deref().unwrap_or_default();
                    KeyHolder::Other(format!("tenant {tenant}"))
                }
            },
            // A tenant may have imported a key of AD RMS whose status is open.
            KeyStatus::Open if self.is_azure() && owner.kind == AuthorityKind::AdRms => {
                KeyHolder::MaybeOwn
            }
            _ => of(owner),
        }
    }

    /// Returns the authority that has the tenant of an imported key.
    fn importer(&self, key: &AuthorityKey) -> Option<&'e Authority> {
        let tenant = key.tenant.as_deref()?;
        let mut all = self.estate.authorities().iter();
        all.find(|authority| authority.tenant.as_deref() == Some(tenant))
    }

    /// Returns how a finding with a key that the estate does not have uses the authority.
    fn of_unknown(&self, judged: &Judged) -> AuthorityUse {
        let verdict = &judged.verdict;
        let is_tenant_rule = matches!(verdict.rule(), "R06" | "R06b");
        let may_be_own = self.is_azure() && !self.is_other_tenant(judged);
        match verdict.need() {
            Need::No if is_tenant_rule && may_be_own => AuthorityUse::Possible(reason(judged)),
            Need::No => AuthorityUse::No,
            _ if is_tenant_rule && !may_be_own && !has_other_doubts(verdict, self.estate) => {
                AuthorityUse::OtherTenant
            }
            _ => AuthorityUse::Possible(reason(judged)),
        }
    }

    /// Whether the license names a tenant that the estate declares for another authority.
    fn is_other_tenant(&self, judged: &Judged) -> bool {
        let license = judged.facts.license.as_deref();
        let tenant = license.and_then(|license| license.tenant_id.as_deref());
        let mut all = self.estate.authorities().iter();
        let named = all.find(|one| tenant.is_some() && one.tenant.as_deref() == tenant);
        named.is_some_and(|named| named.name != self.authority.name)
    }

    fn is_azure(&self) -> bool {
        self.authority.kind == AuthorityKind::AzureRms
    }
}

/// Returns the error code of a finding, or else the rule that decided.
fn reason(judged: &Judged) -> String {
    let code = judged.facts.error_code.as_deref();
    code.unwrap_or(judged.verdict.rule()).to_owned()
}

/// Returns whether anything but a retiring tenant makes a license of a tenant possible.
fn has_other_doubts(verdict: &Verdict, estate: &Estate) -> bool {
    let mut authorities = estate.authorities().iter();
    let matched = authorities.find(|one| verdict.authority() == Some(one.name.as_str()));
    let is_tenant = matched.is_some_and(|one| one.kind == AuthorityKind::AzureRms);
    verdict.modifiers().any(|modifier| match modifier.id() {
        "M16" | "M19" | "M21" | "M28" => true,
        "M20" => !is_tenant,
        _ => false,
    })
}

/// How far a license proves that its key is the declared one.
enum Proof {
    Proven,
    /// The signature was not checked; there is no other doubt.
    NotChecked,
    Missing,
}

/// Modifiers that turn a `no` into `possible` for a key that the estate has: the signature does not
/// hold (M16), the license is ambiguous (M28), or the estate has its id under another key (M21).
const DOUBTS: [&str; 3] = ["M16", "M21", "M28"];

fn proof(judged: &Judged) -> Proof {
    let verdict = &judged.verdict;
    let is_doubtful = verdict.modifiers().any(|modifier| DOUBTS.contains(&modifier.id()));
    let Some(license) = &judged.facts.license else { return Proof::Missing };
    if is_doubtful || verdict.key_match() != KeyMatch::Key {
        return Proof::Missing;
    }
    match (license.signature, license.link) {
        (Signature::Valid | Signature::Reflowed, KeyLink::Linked | KeyLink::Own) => Proof::Proven,
        (Signature::NotChecked, _) => Proof::NotChecked,
        _ => Proof::Missing,
    }
}
