//! Properties of all licenses and all estates.

use std::collections::BTreeSet;

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

/// The estate's answer to the key of [`sealed`], as far as the table distinguishes it.
#[derive(Debug, Clone, Copy)]
enum Declaration {
    /// The estate does not have the key. `tenants` says whether an Azure authority goes away, and
    /// whether [`TENANT`] is one that stays.
    Unknown { retiring: Retiring, stays: bool },
    /// One authority has the key.
    Of(AuthorityKind, Retiring, KeyStatus),
    /// A cluster has the key, which a tenant imported that the estate has, perhaps without its id.
    Imported { by: Retiring, is_named: bool },
}

/// Returns estates with each value of K.
fn estates() -> Vec<(Declaration, Estate)> {
    let unknown = Declaration::Unknown { retiring: Retiring::No, stays: false };
    let mut estates = vec![
        (unknown, Estate::default()),
        (unknown, estate(vec![declaring_host("Host", 'c')])),
        (unknown, estate(vec![declaring_id("Id", Some('d'))])),
    ];
    for retiring in Retiring::ALL.iter().copied() {
        for stays in [false, true] {
            let mut authorities = vec![tenant("Other", retiring, Vec::new())];
            authorities.extend(stays.then(|| known_tenant("Stays", Retiring::No)));
            estates.push((Declaration::Unknown { retiring, stays }, estate(authorities)));
        }
        for is_named in [false, true] {
            let cluster = authority("Ours", vec![key('a', KeyStatus::Imported)]);
            let mut importer = known_tenant("Tenant", retiring);
            importer.tenant = importer.tenant.filter(|_| is_named);
            let declaration = Declaration::Imported { by: retiring, is_named };
            estates.push((declaration, estate(vec![cluster, importer])));
        }
        for kind in AuthorityKind::ALL.iter().copied() {
            for status in KeyStatus::of_kind(kind).iter().copied() {
                let declaration = Declaration::Of(kind, retiring, status);
                estates.push((declaration, holding_as(kind, retiring, status)));
            }
        }
    }
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

/// The rule and the need of a key that the estate decides; `None` if the license decides.
fn expected_of_estate(declaration: Declaration) -> Option<(&'static str, Need)> {
    use AuthorityKind::{AdRms, AzureRms};
    use KeyStatus::{Active, Archived, Foreign, Imported, Lost, ReadOnly, Revoked};
    // A key that is held is needed as far as its holder goes away.
    let gone = |retiring| match retiring {
        Retiring::Yes => Need::Yes,
        Retiring::No => Need::No,
        _ => Need::Possible,
    };
    let pick = |retiring, goes, stays| if retiring == Retiring::Yes { goes } else { stays };
    Some(match declaration {
        Declaration::Imported { by: Retiring::Yes, is_named: false } => ("R03", Need::Possible),
        Declaration::Imported { by, .. } => (pick(by, "R03r", "R03"), gone(by)),
        Declaration::Of(AdRms, _, Imported) => ("R03", Need::No),
        Declaration::Of(AdRms, retiring, Active | ReadOnly) => {
            (pick(retiring, "R04", "R04k"), gone(retiring))
        }
        Declaration::Of(AdRms, _, Foreign | Lost) => ("R05f", Need::No),
        Declaration::Of(AzureRms, _, Revoked | Lost) => ("R05x", Need::No),
        Declaration::Of(AzureRms, retiring, Active | Archived) => {
            (pick(retiring, "R05r", "R05"), gone(retiring))
        }
        _ => return None,
    })
}

/// A second formulation of the table: by the conditions that each rule excludes, not by order.
fn expected_of_license(class: InputClass) -> &'static str {
    let InputClass { principal, extranet, intranet, tenant, isv, passport, old, .. } = class;
    let within = |allowed: &[&str]| allowed.contains(&extranet) && allowed.contains(&intranet);
    let any_org = [principal, extranet, intranet].iter().any(|host| [ORG, BAD].contains(host));
    match (isv, principal, tenant) {
        (true, ..) => "R14",
        (false, LEGACY, _) => "R11",
        (false, ..) if passport && !any_org => "R11",
        (false, AZ, true) if within(&[AZ, ""]) && old => "R06b",
        (false, AZ, true) if within(&[AZ, ""]) => "R06",
        (false, AZ, false) if within(&[AZ, ""]) => "R07",
        (false, ORG, false) if extranet == AZ || intranet == AZ => "R09",
        (false, ORG | "", false) if within(&[ORG, ""]) && (extranet, intranet) != ("", "") => "R08",
        (false, AZ, _) | (false, _, true) if !within(&[AZ]) => "R10",
        _ => "R00",
    }
}

/// The doubts about a `no` that come from the estate and from signatures.
fn is_doubtful(class: InputClass, declaration: Declaration, rule: &str, estate: &Estate) -> bool {
    let is_tenant_rule = matches!(rule, "R06" | "R06b");
    let is_of_retiring = match declaration {
        Declaration::Unknown { retiring: Retiring::No, .. } => false,
        Declaration::Unknown { stays, .. } => is_tenant_rule && !stays,
        // No status is declared.
        Declaration::Of(_, _, KeyStatus::Open) => true,
        _ => false,
    };
    // Two of the estates declare an id or a host of the license, with another key.
    let names = |authority: &Authority| authority.name == "Id" || authority.name == "Host";
    let is_suspicious = estate.authorities().iter().any(names)
        && judge(&class.facts(), estate).key_match() != KeyMatch::None;
    is_of_retiring || is_suspicious || class.trust.1 == KeyLink::Broken
}

#[test]
fn verdict_equals_second_formulation() {
    let classes: Vec<_> = classes().into_iter().map(|class| (class, class.facts())).collect();
    let estates = estates();
    let (some, others) = estates.split_at(estates.len() / 2);
    // Other tests have ended before this one, which takes seconds.
    let decided = std::thread::scope(|scope| {
        let of_some = scope.spawn(|| compare(some, &classes));
        let mut decided = compare(others, &classes);
        decided.extend(of_some.join().unwrap());
        decided
    });
    assert_eq!(decided.len(), rules().count() - 2, "R01 and R02 need unread or unprotected files");
}

/// Compares the verdicts with the second formulation. Returns the rules that decided.
fn compare(
    estates: &[(Declaration, Estate)],
    classes: &[(InputClass, Facts)],
) -> BTreeSet<&'static str> {
    let mut decided = BTreeSet::new();
    for (declaration, estate) in estates {
        for (class, facts) in classes {
            let (declaration, class) = (*declaration, *class);
            let verdict = judge(facts, estate);
            let of_estate = expected_of_estate(declaration);
            let rule = of_estate.map_or_else(|| expected_of_license(class), |(rule, _)| rule);
            assert_eq!(verdict.rule(), rule, "{class:?} {declaration:?}");
            decided.insert(rule);

            // Only a declared key makes the need certain, and no address, name, version or label
            // changes that.
            let of_license =
                if matches!(rule, "R06" | "R06b" | "R11") { Need::No } else { Need::Possible };
            let need = match of_estate.map_or(of_license, |(_, need)| need) {
                Need::No if is_doubtful(class, declaration, rule, estate) => Need::Possible,
                need => need,
            };
            assert_eq!(verdict.need(), need, "{class:?} {declaration:?}");
            let is_sure = of_estate.is_some() && class.trust == (Signature::Valid, KeyLink::Linked);
            let is_high = verdict.confidence() == Some(Confidence::High);
            assert_eq!(is_high, is_sure, "{class:?} {declaration:?}");
        }
    }
    decided
}

/// An open decision never lowers a need: it is at least that of each answer, or `possible`.
#[test]
fn open_decision_is_never_no() {
    for class in few_classes() {
        for kind in AuthorityKind::ALL.iter().copied() {
            for status in KeyStatus::of_kind(kind).iter().copied() {
                let of =
                    |retiring| judge(&class.facts(), &holding_as(kind, retiring, status)).need();
                let answers = [of(Retiring::Yes), of(Retiring::No)];
                if answers.iter().any(|need| *need != Need::No) {
                    assert_ne!(of(Retiring::Open), Need::No, "{class:?} {kind} {status}");
                }
            }
            let open = judge(&class.facts(), &holding_as(kind, Retiring::No, KeyStatus::Open));
            assert_ne!(open.need(), Need::No, "{class:?} {kind}");
        }
    }
}

#[test]
fn declaring_an_active_key_at_a_retiring_authority_never_lowers_the_need() {
    let tenant = |digit| tenant("More", Retiring::Yes, vec![key(digit, KeyStatus::Active)]);
    let more = [
        tenant('a'),
        tenant('e'),
        with_host(tenant('e'), ".aadrm.com"),
        authority("More", vec![key('a', KeyStatus::Active)]),
        authority("More", vec![key('e', KeyStatus::Active)]),
        declaring_id("More", Some('e')),
        declaring_id("More", None),
        declaring_host("More", 'e'),
    ];
    // A declared key decides whatever is added, so one answer about its authority is enough.
    let is_enough = |declaration: &Declaration| {
        !matches!(declaration, Declaration::Of(_, Retiring::Yes | Retiring::Open, _))
    };
    for (_, before) in estates().into_iter().filter(|(declaration, _)| is_enough(declaration)) {
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
            for ((class, before), after) in classes.iter().zip(&needed_before).zip(needs(&after)) {
                assert!(after >= *before, "{class:?} {more:?}");
            }
        }
    }
    // Nor if the estate declared another status of the key before.
    for kind in AuthorityKind::ALL.iter().copied() {
        let estate = holding_as(kind, Retiring::Yes, KeyStatus::Active);
        for class in few_classes() {
            assert_eq!(judge(&class.facts(), &estate).need(), Need::Yes);
        }
    }
}

/// Without an estate, three rules say `no` from the license alone: those of Azure (R06, R06b) and
/// of the discontinued service (R11).
#[test]
fn without_estate_only_licenses_of_other_services_are_not_needed() {
    let estates = estates();
    for class in few_classes() {
        let facts = class.facts();
        let alone = judge(&facts, &Estate::default());
        for (_, estate) in &estates {
            if alone.need() == Need::No && judge(&facts, estate).need() != Need::No {
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
        kind in prop::sample::select(AuthorityKind::ALL),
        retiring in prop::sample::select(Retiring::ALL),
        status in prop::sample::select(KeyStatus::ALL),
        signature in prop::sample::select(Signature::ALL),
        link in prop::sample::select(KeyLink::ALL),
    ) {
        // A forger can sign with a new key, but not with the key of a server.
        let is_consistent = matches!(link, KeyLink::Linked | KeyLink::Own);
        prop_assume!(own_key || !is_consistent);
        prop_assume!(KeyStatus::of_kind(kind).contains(&status));
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
        let mut known = with_host(authority("Ours", vec![known]), "rms.example.org");
        (known.kind, known.retiring) = (kind, retiring);
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
