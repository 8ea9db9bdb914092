//! Properties of all licenses and all estates.

use proptest::prelude::*;

use super::*;
use crate::kinds::Hierarchy;

/// An address of each class.
const CLASSES: [&str; 6] = [AZ, LEGACY, OTHER, ORG, BAD, ""];

/// The states of signature and link that the table distinguishes.
const TRUST: [(Signature, KeyLink); 3] = [
    (Signature::Valid, KeyLink::Linked),
    (Signature::NotChecked, KeyLink::NotChecked),
    (Signature::Invalid, KeyLink::Broken),
];

/// One class of each value that a condition uses, except the estate.
#[derive(Debug, Clone, Copy)]
struct InputClass {
    principal: &'static str,
    extranet: &'static str,
    intranet: &'static str,
    tenant: bool,
    isv: bool,
    passport: bool,
    old: bool,
    trust: (Signature, KeyLink),
}

impl InputClass {
    fn facts(self) -> Facts {
        sealed(|license| {
            at(license, self.principal, self.extranet, self.intranet);
            license.tenant_id = self.tenant.then(|| TENANT.to_owned());
            license.hierarchy = Some(if self.isv { Hierarchy::Isv } else { Hierarchy::Production });
            license.issuer_id_type = self.passport.then(|| "Passport".to_owned());
            license.owner_id_type = license.issuer_id_type.clone();
            license.server_version = self.old.then(|| "6.1.0.0".to_owned());
            (license.signature, license.link) = self.trust;
        })
    }
}

/// Returns all combinations of classes.
fn classes() -> Vec<InputClass> {
    let mut classes = Vec::new();
    for principal in CLASSES {
        for extranet in CLASSES {
            for intranet in CLASSES {
                for bits in 0..16u8 {
                    for trust in TRUST {
                        classes.push(InputClass {
                            principal,
                            extranet,
                            intranet,
                            tenant: bits & 1 != 0,
                            isv: bits & 2 != 0,
                            passport: bits & 4 != 0,
                            old: bits & 8 != 0,
                            trust,
                        });
                    }
                }
            }
        }
    }
    classes
}

/// Returns the combinations of values that are independent of the estate.
fn few_classes() -> Vec<InputClass> {
    let mut classes = classes();
    classes.retain(|class| !class.old && !class.isv && class.trust.1 != KeyLink::NotChecked);
    classes
}

/// Returns estates with each value of K. The first three do not declare the key.
fn estates() -> Vec<(Option<KeyStatus>, Estate)> {
    let mut estates = vec![
        (None, Estate::default()),
        (None, estate(vec![declaring_host("Host", 'c')])),
        (None, estate(vec![declaring_id("Id", Some('d'))])),
    ];
    estates.extend(KeyStatus::ALL.iter().map(|status| (Some(*status), holding(*status))));
    estates
}

fn declaring_host(name: &str, digit: char) -> Authority {
    let known = authority(name, vec![key(digit, KeyStatus::Active)]);
    with_host(with_host(known, "rms.example.org"), ".aadrm.com")
}

fn declaring_id(name: &str, digit: Option<char>) -> Authority {
    let mut known = AuthorityKey::new(KeyStatus::Active);
    known.key = digit.map(fingerprint);
    known.id = Some(ID.to_owned());
    authority(name, vec![known])
}

/// A second formulation of the table: by the conditions that each rule excludes, not by order.
fn expected_rule(class: InputClass, status: Option<KeyStatus>) -> &'static str {
    let InputClass { principal, extranet, intranet, tenant, isv, passport, old, .. } = class;
    let within = |allowed: &[&str]| allowed.contains(&extranet) && allowed.contains(&intranet);
    let any_org = [principal, extranet, intranet].iter().any(|host| [ORG, BAD].contains(host));
    match (status, isv, principal, tenant) {
        (Some(KeyStatus::Imported), ..) => "R03",
        (Some(KeyStatus::Active | KeyStatus::ReadOnly), ..) => "R04",
        (Some(KeyStatus::Azure), ..) => "R05",
        (Some(KeyStatus::Foreign | KeyStatus::Lost), ..) => "R05f",
        (None, true, ..) => "R14",
        (None, false, LEGACY, _) => "R11",
        (None, false, ..) if passport && !any_org => "R11",
        (None, false, AZ, true) if within(&[AZ, ""]) && old => "R06b",
        (None, false, AZ, true) if within(&[AZ, ""]) => "R06",
        (None, false, AZ, false) if within(&[AZ, ""]) => "R07",
        (None, false, ORG, false) if extranet == AZ || intranet == AZ => "R09",
        (None, false, ORG | "", false)
            if within(&[ORG, ""]) && (extranet, intranet) != ("", "") =>
        {
            "R08"
        }
        (None, false, AZ, _) | (None, false, _, true) if !within(&[AZ]) => "R10",
        _ => "R00",
    }
}

#[test]
fn deciding_rule_equals_second_formulation() {
    let mut decided = std::collections::BTreeSet::new();
    for (status, estate) in estates() {
        for class in classes() {
            let verdict = judge(&class.facts(), &estate);
            assert_eq!(verdict.rule(), expected_rule(class, status), "{class:?} {status:?}");
            decided.insert(verdict.rule());

            // Only a declared key makes the need certain, and no address, name, version or label
            // changes that.
            let is_held = matches!(status, Some(KeyStatus::Active | KeyStatus::ReadOnly));
            assert_eq!(verdict.need() == Need::Yes, is_held, "{class:?} {status:?}");
            let is_sure = status.is_some() && class.trust == (Signature::Valid, KeyLink::Linked);
            let is_high = verdict.confidence() == Some(Confidence::High);
            assert_eq!(is_high, is_sure, "{class:?} {status:?}");
        }
    }
    assert_eq!(decided.len(), rules().count() - 2, "R01 and R02 need unread or unprotected files");
}

#[test]
fn declaring_an_active_key_never_lowers_the_need() {
    let more = [
        authority("More", vec![key('a', KeyStatus::Active)]),
        authority("More", vec![key('e', KeyStatus::Active)]),
        declaring_id("More", Some('e')),
        declaring_id("More", None),
        declaring_host("More", 'e'),
    ];
    for (_, before) in estates() {
        let classes = few_classes();
        let facts: Vec<_> = classes.iter().map(|class| class.facts()).collect();
        let needs = |estate: &Estate| -> Vec<_> {
            facts.iter().map(|facts| judge(facts, estate).need()).collect()
        };
        let needed_before = needs(&before);
        for more in &more {
            let mut authorities = before.authorities().to_vec();
            authorities.push(more.clone());
            // An estate rejects a second declaration of a key, id or host.
            let Ok(after) = Estate::new(authorities) else { continue };
            // The order of `Need` is yes, possible, no.
            for ((class, before), after) in classes.iter().zip(&needed_before).zip(needs(&after)) {
                assert!(after <= *before, "{class:?} {more:?}");
            }
        }
    }
    // Nor if the estate declared another status of the key before.
    for class in few_classes() {
        assert_eq!(judge(&class.facts(), &holding(KeyStatus::Active)).need(), Need::Yes);
    }
}

/// Without an estate, three rules say `no` from the license alone: those of Azure (R06, R06b) and
/// of the discontinued service (R11).
#[test]
fn without_estate_only_licenses_of_other_services_are_not_needed() {
    for (_, estate) in estates() {
        for class in few_classes() {
            let facts = class.facts();
            let alone = judge(&facts, &Estate::default());
            if judge(&facts, &estate).need() != Need::No && alone.need() == Need::No {
                assert!(["R06", "R06b", "R11"].contains(&alone.rule()), "{class:?}");
            }
        }
    }
}

proptest! {
    #[test]
    fn forged_license_never_has_high_confidence(
        own_key in any::<bool>(),
        id in prop_oneof![Just(ID.to_owned()), "[0-9a-f]{8}"],
        tenant in proptest::option::of("\\PC*"),
        addresses in proptest::array::uniform3(prop_oneof![Just(ORG), Just(AZ), Just("")]),
        version in proptest::option::of("[0-9.]{0,8}"),
        status in prop::sample::select(KeyStatus::ALL),
        signature in prop::sample::select(Signature::ALL),
        link in prop::sample::select(KeyLink::ALL),
    ) {
        // A forger can sign with a new key, but not with the key of a server.
        let is_consistent = matches!(link, KeyLink::Linked | KeyLink::Own);
        prop_assume!(own_key || !is_consistent);
        let facts = sealed(|license| {
            license.slc_key = Some(fingerprint(if own_key { 'f' } else { 'a' }));
            license.slc_id = Some(id);
            license.tenant_id = tenant;
            license.server_version = version;
            (license.signature, license.link) = (signature, link);
            at(license, addresses[0], addresses[1], addresses[2]);
        });
        let mut known = key('a', status);
        known.id = Some(ID.to_owned());
        let known = with_host(authority("Ours", vec![known]), "rms.example.org");
        let verdict = judge(&facts, &estate(vec![known]));
        prop_assert_ne!(verdict.confidence(), Some(Confidence::High));
    }

    #[test]
    fn any_text_gets_a_verdict(
        principal in "\\PC*",
        extranet in "https?://[a-z@:.%/\\\\ \u{e4}\\[\\]]{0,24}",
        intranet in any::<String>(),
        version in any::<String>(),
    ) {
        let facts = sealed(|license| {
            at(license, &principal, &extranet, &intranet);
            license.server_version = Some(version);
        });
        let estate = estate(vec![declaring_host("Host", 'c')]);
        for estate in [Estate::default(), estate] {
            let verdict = judge(&facts, &estate);
            prop_assert!(verdict.need() != Need::Yes);
            prop_assert_ne!(verdict.dependency(), Dependency::None);
        }
    }
}
