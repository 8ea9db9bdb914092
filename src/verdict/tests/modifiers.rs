//! One test for each modifier.

use super::*;
use crate::kinds::{IssuerKind, Searched};

#[test]
fn m16_broken_license_is_never_not_needed() {
    let breaks: [fn(&mut LicenseFacts); 2] = [
        |license| license.signature = Signature::Invalid,
        |license| license.link = KeyLink::Broken,
    ];
    for break_it in breaks {
        let broken = |mut facts: Facts| {
            break_it(facts.license.as_mut().unwrap());
            facts
        };
        assert_eq!(row_alone(&broken(in_azure())), ["R06", "azure-rms", "possible", "low"]);
        assert_eq!(row_alone(&broken(on_premises())), ["R08", "ad-rms", "possible", "low"]);
        let imported = row(&broken(on_premises()), &holding(KeyStatus::Imported));
        assert_eq!(imported, ["R03", "ad-rms-key-in-azure", "possible", "medium"]);
        let active = row(&broken(on_premises()), &holding(KeyStatus::Active));
        assert_eq!(active, ["R04", "ad-rms", "yes", "medium"]);
    }
}

#[test]
fn m18_high_confidence_needs_linked_signature() {
    let high = [(Signature::Valid, KeyLink::Linked), (Signature::Valid, KeyLink::Own)];
    for signature in Signature::ALL {
        for link in KeyLink::ALL {
            let mut facts = on_premises();
            let license = facts.license.as_mut().unwrap();
            (license.signature, license.link) = (*signature, *link);
            let verdict = judge(&facts, &holding(KeyStatus::Active));
            let is_high = high.contains(&(*signature, *link));
            let expected = if is_high { Confidence::High } else { Confidence::Medium };
            assert_eq!(verdict.confidence(), Some(expected), "{signature} {link}");
            assert_eq!(modifier_ids(&verdict).contains(&"M18"), !is_high);
        }
    }
}

#[test]
fn m19_matching_id_names_authority_and_does_not_decide() {
    let mut known = AuthorityKey::new(KeyStatus::Active);
    known.id = Some(ID.to_owned());
    let known = tenant("Tenant", Retiring::No, vec![known]);
    let verdict = judge(&in_azure(), &estate(vec![known]));
    assert_eq!((verdict.rule(), verdict.need()), ("R06", Need::Possible));
    assert_eq!((verdict.key_match(), verdict.authority()), (KeyMatch::Id, Some("Tenant")));
    assert_eq!(verdict.anomalies(), [Anomaly::IdOnlyMatch]);
}

#[test]
fn m20_unknown_key_at_known_host_is_possible() {
    let host = "0c5a1b2e-0000-4000-8000-000000000001.rms.eu.aadrm.com";
    for host in [host, ".eu.aadrm.com"] {
        let cluster = with_host(authority("Cluster", vec![key('b', KeyStatus::Active)]), host);
        let verdict = judge(&in_azure(), &estate(vec![cluster]));
        assert_eq!((verdict.rule(), verdict.need()), ("R06", Need::Possible));
        assert_eq!((verdict.key_match(), verdict.authority()), (KeyMatch::Host, Some("Cluster")));
        assert_eq!(verdict.anomalies(), [Anomaly::UnknownKeyAtKnownHost]);
    }
}

#[test]
fn m20_does_not_match_at_host_of_tenant_that_stays() {
    let at = |retiring| {
        let tenant = with_host(tenant("Tenant", retiring, vec![]), ".aadrm.com");
        judge(&in_azure(), &estate(vec![tenant]))
    };
    let verdict = at(Retiring::No);
    assert_eq!((verdict.rule(), verdict.need()), ("R06", Need::No));
    assert_eq!((verdict.key_match(), verdict.authority()), (KeyMatch::Host, Some("Tenant")));
    assert_eq!(verdict.anomalies(), []);
    for retiring in [Retiring::Yes, Retiring::Open] {
        let verdict = at(retiring);
        assert_eq!((verdict.rule(), verdict.need()), ("R06", Need::Possible));
        assert_eq!(verdict.anomalies(), [Anomaly::UnknownKeyAtKnownHost]);
        assert_eq!(modifier_ids(&verdict), ["M20", "M29"]);
    }
}

#[test]
fn m29_unknown_key_while_a_tenant_retires() {
    let mut old = in_azure();
    old.license.as_mut().unwrap().server_version = Some("6.1.0.0".to_owned());
    for facts in [in_azure(), old] {
        let of = |authorities| {
            let verdict = judge(&facts, &estate(authorities));
            (verdict.need(), modifier_ids(&verdict))
        };
        let possible = (Need::Possible, vec!["M29"]);
        let mut other = known_tenant("Other", Retiring::Yes);
        other.tenant = Some(ID.to_owned());
        for retiring in [Retiring::Yes, Retiring::Open] {
            assert_eq!(of(vec![tenant("Old", retiring, vec![])]), possible);
            assert_eq!(of(vec![known_tenant("Old", retiring)]), possible);
        }
        // The license names a tenant that the estate does not have.
        assert_eq!(of(vec![other.clone()]), possible);
        // The license names a tenant that stays.
        let stays = known_tenant("Stays", Retiring::No);
        assert_eq!(of(vec![other, stays.clone()]), (Need::No, vec![]));
        assert_eq!(of(vec![stays]), (Need::No, vec![]));
        // A cluster that goes away does not matter to a tenant's license.
        assert_eq!(of(vec![authority("Cluster", vec![])]), (Need::No, vec![]));
    }
    // A license without a Tenant-ID does not belong to a tenant whose id is not declared.
    let retiring =
        estate(vec![known_tenant("Old", Retiring::Yes), tenant("New", Retiring::No, vec![])]);
    assert_eq!(judge(&in_azure(), &retiring).need(), Need::Possible);
}

#[test]
fn m30_open_decision_never_leads_to_no() {
    let possible = |facts: &Facts, estate: &Estate| {
        let verdict = judge(facts, estate);
        assert_eq!((verdict.need(), verdict.key_match()), (Need::Possible, KeyMatch::Key));
        verdict.rule().to_owned()
    };
    // Without a status, the license decides as if the estate did not have the key.
    for kind in AuthorityKind::ALL {
        for retiring in Retiring::ALL {
            let estate = holding_as(*kind, *retiring, KeyStatus::Open);
            assert_eq!(possible(&in_azure(), &estate), "R06");
            assert_eq!(possible(&on_premises(), &estate), "R08");
        }
    }
    let open = |kind, status| possible(&on_premises(), &holding_as(kind, Retiring::Open, status));
    for status in [KeyStatus::Active, KeyStatus::ReadOnly] {
        assert_eq!(open(AuthorityKind::AdRms, status), "R04k");
    }
    for status in [KeyStatus::Active, KeyStatus::Archived] {
        assert_eq!(open(AuthorityKind::AzureRms, status), "R05");
    }
    // The tenant that imported the key is undecided, or a retiring tenant may be that one.
    let mut cluster = authority("Ours", vec![key('a', KeyStatus::Imported)]);
    cluster.retiring = Retiring::No;
    for importer in [
        known_tenant("Tenant", Retiring::Open),
        tenant("Tenant", Retiring::Open, vec![]),
        tenant("Tenant", Retiring::Yes, vec![]),
    ] {
        assert_eq!(possible(&on_premises(), &estate(vec![cluster.clone(), importer])), "R03");
    }
    // Whether its first authority goes away does not matter to an imported key.
    cluster.retiring = Retiring::Open;
    assert_eq!(judge(&on_premises(), &estate(vec![cluster])).need(), Need::No);
}

#[test]
fn m31_imported_key_and_own_host() {
    for (retiring, rule) in [(Retiring::Yes, "R03r"), (Retiring::No, "R03")] {
        let cluster = authority("Ours", vec![key('a', KeyStatus::Imported)]);
        let estate = estate(vec![cluster, known_tenant("Tenant", retiring)]);
        for (extranet, intranet, expected) in [
            (ORG, ORG, true),
            (AZ, ORG, true),
            (ORG, "", true),
            (AZ, AZ, false),
            ("", "", false),
            (BAD, BAD, false),
        ] {
            let verdict = judge(&sealed(|license| at(license, ORG, extranet, intranet)), &estate);
            let told: &[Anomaly] = if expected { &[Anomaly::NeedsRedirection] } else { &[] };
            assert_eq!(
                (verdict.rule(), verdict.anomalies()),
                (rule, told),
                "{extranet} {intranet}"
            );
        }
    }
    assert!(judge(&on_premises(), &holding(KeyStatus::Active)).anomalies().is_empty());
}

#[test]
fn m16_unanchored_license_is_possible() {
    let doubtful = [
        (Signature::Invalid, KeyLink::Broken),
        (Signature::Unsigned, KeyLink::Unanchored),
        (Signature::Unsupported, KeyLink::Unanchored),
        (Signature::Valid, KeyLink::Unanchored),
        (Signature::Valid, KeyLink::Broken),
    ];
    for (signature, link) in doubtful {
        let mut facts = in_azure();
        let license = facts.license.as_mut().unwrap();
        (license.signature, license.link) = (signature, link);
        let verdict = judge(&facts, &Estate::default());
        let expected = (Need::Possible, Some(Confidence::Low));
        assert_eq!((verdict.need(), verdict.confidence()), expected, "{signature} {link}");
        assert_eq!(verdict.modifiers().map(Modifier::id).collect::<Vec<_>>(), ["M16"]);
    }
}

#[test]
fn m28_incomplete_or_ambiguous_record_is_possible() {
    let doubts: [fn(&mut Facts); 6] = [
        |facts| facts.error_code = Some("truncated".into()),
        |facts| facts.searched = Searched::Partial,
        |facts| facts.searched = Searched::No,
        |facts| facts.anomalies.push(Anomaly::SeveralLicenses),
        |facts| facts.anomalies.push(Anomaly::DuplicateElement),
        |facts| facts.anomalies.push(Anomaly::StrayLicenseText),
    ];
    for doubt in doubts {
        let mut facts = in_azure();
        doubt(&mut facts);
        let verdict = judge(&facts, &Estate::default());
        assert_eq!((verdict.rule(), verdict.need()), ("R06", Need::Possible), "{facts:?}");
        assert_eq!(verdict.modifiers().map(Modifier::id).collect::<Vec<_>>(), ["M28"]);
    }
}

#[test]
fn m21_id_and_key_of_different_authorities() {
    let mut other = AuthorityKey::new(KeyStatus::Active);
    other.id = Some(ID.to_owned());
    let ours = || authority("Ours", vec![key('a', KeyStatus::Imported)]);
    let verdict =
        judge(&on_premises(), &estate(vec![ours(), authority("Other", vec![other.clone()])]));
    assert_eq!((verdict.rule(), verdict.need()), ("R03", Need::Possible));
    assert_eq!(verdict.authority(), Some("Ours"));
    assert_eq!(verdict.anomalies(), [Anomaly::AuthorityConflict, Anomaly::NeedsRedirection]);

    other.key = Some(fingerprint('b'));
    let verdict = judge(&on_premises(), &estate(vec![ours(), authority("Other", vec![other])]));
    let expected = [Anomaly::KeyIdConflict, Anomaly::AuthorityConflict, Anomaly::NeedsRedirection];
    assert_eq!(verdict.anomalies(), expected);
    assert_eq!(verdict.need(), Need::Possible);
}

#[test]
fn m21_declared_id_with_another_key() {
    let mut known = key('b', KeyStatus::Active);
    known.id = Some(ID.to_owned());
    let of = |keys| estate(vec![tenant("Tenant", Retiring::No, keys)]);
    let verdict = judge(&in_azure(), &of(vec![known.clone()]));
    assert_eq!((verdict.need(), verdict.key_match()), (Need::Possible, KeyMatch::Id));
    assert_eq!(verdict.anomalies(), [Anomaly::IdOnlyMatch, Anomaly::KeyIdConflict]);

    let verdict = judge(&in_azure(), &of(vec![known, key('a', KeyStatus::Active)]));
    assert_eq!((verdict.rule(), verdict.need()), ("R05", Need::Possible));
    assert_eq!(verdict.anomalies(), [Anomaly::KeyIdConflict]);
}

#[test]
fn m22_azure_license_with_key_declared_on_premises() {
    let at_azure = sealed(|license| at(license, AZ, "", ""));
    for facts in [in_azure(), at_azure] {
        let verdict = judge(&facts, &holding(KeyStatus::Active));
        assert_eq!((verdict.rule(), verdict.need()), ("R04", Need::Yes));
        assert_eq!(verdict.anomalies(), [Anomaly::EstateContradicted]);
        let kept = holding_as(AuthorityKind::AdRms, Retiring::No, KeyStatus::Active);
        assert_eq!(judge(&facts, &kept).anomalies(), [Anomaly::EstateContradicted]);
        assert!(judge(&facts, &holding(KeyStatus::Imported)).anomalies().is_empty());
    }
    assert!(judge(&on_premises(), &holding(KeyStatus::Active)).anomalies().is_empty());
}

#[test]
fn m12_label_on_ad_rms_file() {
    let labelled = |mut facts: Facts| {
        facts.label_id = Some(ID.to_owned());
        facts
    };
    let kept = holding_as(AuthorityKind::AdRms, Retiring::No, KeyStatus::Active);
    for estate in [Estate::default(), holding(KeyStatus::ReadOnly), kept] {
        let verdict = judge(&labelled(on_premises()), &estate);
        assert_eq!(verdict.anomalies(), [Anomaly::HyokCandidate]);
    }
    assert!(judge(&labelled(in_azure()), &Estate::default()).anomalies().is_empty());
}

#[test]
fn m13_double_key_adds_modifier_only() {
    let mut facts = in_azure();
    facts.license.as_mut().unwrap().double_key = Some(true);
    let verdict = judge(&facts, &Estate::default());
    assert_eq!(modifier_ids(&verdict), ["M13"]);
    assert_eq!((verdict.need(), verdict.confidence()), (Need::No, Some(Confidence::Medium)));
}

#[test]
fn m15_licensing_only_cluster() {
    let self_enrollment = [
        "sha256:6769e1b6cfcddbce49fe61190264a9ecda0412b5adac354bf8852e529606010e",
        "sha256:da37b01e6c18be92a74ce5b8c2e56bd3d7d2509b35752967d7cf29aae6d1351d",
    ];
    let issued_by = |issuer: &str| {
        let facts = sealed(|license| {
            at(license, ORG, "", ORG);
            license.slc_issuer_key = Some(issuer.to_owned());
        });
        judge(&facts, &Estate::default()).anomalies().to_vec()
    };
    for issuer in self_enrollment {
        assert_eq!(issued_by(issuer), []);
    }
    // The Server Enrollment CA and all other keys.
    let server_enrollment =
        "sha256:ab6e1c6550ebd0498e18f50a6b4ca253be033d3efe244399c50bd0b8635d3575";
    for issuer in [server_enrollment, &fingerprint('b')] {
        assert_eq!(issued_by(issuer), [Anomaly::LicensingOnlyCluster]);
    }
}

#[test]
fn m23_use_license_of_another_key() {
    let mut facts = on_premises();
    facts.use_license_key = Some(fingerprint('a'));
    assert!(judge(&facts, &Estate::default()).anomalies().is_empty());
    facts.use_license_key = Some(fingerprint('b'));
    let verdict = judge(&facts, &holding(KeyStatus::Active));
    assert_eq!(verdict.anomalies(), [Anomaly::ServedElsewhere]);
    assert_eq!((verdict.need(), verdict.confidence()), (Need::Yes, Some(Confidence::High)));
}

const DAY: i64 = 86_400;

/// Returns the anomalies of a file whose CLC, license and last change are the given number of
/// seconds after the key became read-only.
fn anomalies(
    clc: Option<i64>,
    issued: i64,
    modified: Option<i64>,
    estate: &Estate,
) -> Vec<Anomaly> {
    let time = |after: i64| Timestamp::from_unix(SINCE + after);
    let facts = sealed(|license| {
        at(license, ORG, "", ORG);
        license.issued = Some(time(issued));
        license.clc_issued = clc.map(time);
        license.issuer_kind = Some(clc.map_or(IssuerKind::Server, |_| IssuerKind::Client));
    });
    judge_dated(&facts, modified.map(time), estate).anomalies().to_vec()
}

#[test]
fn m24_to_m26_publishing_after_read_only() {
    let estate = holding(KeyStatus::ReadOnly);
    let before = -DAY;
    let later = 2 * DAY;
    let cases: [(Option<i64>, i64, &[Anomaly]); 8] = [
        (Some(before), before, &[]),
        (Some(before), later, &[Anomaly::PublishedWithOldClc]),
        (Some(later), later, &[Anomaly::ClcIssuedAfterReadOnly]),
        (None, before, &[]),
        (None, later, &[Anomaly::ServerPublishedAfterReadOnly]),
        // Within the default clock skew of a day.
        (Some(DAY), DAY, &[]),
        (Some(DAY), DAY + 1, &[Anomaly::PublishedWithOldClc]),
        (Some(DAY + 1), DAY + 1, &[Anomaly::ClcIssuedAfterReadOnly]),
    ];
    for (clc, issued, expected) in cases {
        assert_eq!(anomalies(clc, issued, None, &estate), expected, "{clc:?} {issued}");
        assert_eq!(anomalies(clc, issued, None, &holding(KeyStatus::Active)), []);
    }
    let exact = estate.with_clock_skew(0);
    assert_eq!(anomalies(Some(0), 0, None, &exact), []);
    assert_eq!(anomalies(Some(1), 1, None, &exact), [Anomaly::ClcIssuedAfterReadOnly]);
}

#[test]
fn m27_edit_after_read_only() {
    let estate = holding(KeyStatus::ReadOnly);
    let expected = [Anomaly::EditedAfterReadOnly];
    assert_eq!(anomalies(Some(-DAY), -DAY, Some(1), &estate), expected);
    assert_eq!(anomalies(Some(-DAY), 0, Some(1), &estate), expected);
    assert_eq!(anomalies(Some(-DAY), -DAY, Some(0), &estate), []);
    assert_eq!(anomalies(Some(-DAY), -DAY, None, &estate), []);
    assert_eq!(anomalies(Some(-DAY), 1, Some(2), &estate), []);
}
