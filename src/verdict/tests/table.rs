//! One test for each rule and each modifier.

use super::*;
use crate::kinds::{Hierarchy, IssuerKind, Searched};

/// Returns rule, dependency, need and confidence, as in the record.
fn row(facts: &Facts, estate: &Estate) -> [&'static str; 4] {
    let verdict = judge(facts, estate);
    let confidence = verdict.confidence().map_or("–", Confidence::as_str);
    [verdict.rule(), verdict.dependency().as_str(), verdict.need().as_str(), confidence]
}

fn row_alone(facts: &Facts) -> [&'static str; 4] {
    row(facts, &Estate::default())
}

#[test]
fn r01_searched_and_unprotected_file_needs_no_key() {
    for protection in [Protection::None, Protection::Password, Protection::Other] {
        let facts = Facts::new(Container::Ole, protection);
        assert_eq!(row_alone(&facts), ["R01", "none", "no", "–"]);
    }
    let mut certificate = sealed(|license| license.signature = Signature::Invalid);
    certificate.container = Container::License;
    certificate.protection = Protection::None;
    assert_eq!(row_alone(&certificate), ["R01", "none", "no", "–"]);
}

#[test]
fn r02_license_without_key_is_undecided() {
    let expected = ["R02", "undecided", "possible", "low"];
    for protection in [Protection::Rms, Protection::Unknown] {
        assert_eq!(row_alone(&Facts::new(Container::Pfile, protection)), expected);
    }
    for searched in [Searched::Partial, Searched::No] {
        for protection in [Protection::None, Protection::Password, Protection::Other] {
            let mut facts = Facts::new(Container::Zip, protection);
            facts.searched = searched;
            assert_eq!(row_alone(&facts), expected);
        }
    }
    let unopened = Facts::not_opened(crate::ErrorCode::NotHydrated, "it lies elsewhere");
    assert_eq!(row_alone(&unopened), expected);
    for address in ["invalid", "https://google.com"] {
        let facts = sealed(|license| {
            license.slc_key = None;
            license.slc_id = None;
            at(license, "", "", address);
        });
        assert_eq!(row_alone(&facts), expected);
    }
}

#[test]
fn r02_key_from_use_license_does_not_decide() {
    let mut facts = on_premises();
    facts.add_anomaly(Anomaly::FromUseLicense);
    for status in [KeyStatus::Active, KeyStatus::Imported] {
        let verdict = judge(&facts, &holding(status));
        assert_eq!((verdict.rule(), verdict.need()), ("R02", Need::Possible));
        assert_eq!(verdict.authority(), Some("Ours"));
    }
}

/// Asserts the rule of each license, whatever its addresses say.
fn assert_declared(estate: &Estate, expected: [&'static str; 4]) {
    for facts in [on_premises(), in_azure()] {
        assert_eq!(row(&facts, estate), expected);
    }
}

#[test]
fn r03_imported_key() {
    let cluster = || authority("Ours", vec![key('a', KeyStatus::Imported)]);
    let expected = ["R03", "ad-rms-key-in-azure", "no", "high"];
    let mut other = tenant("Other", Retiring::Yes, Vec::new());
    other.tenant = Some(ID.to_owned());
    assert_declared(&estate(vec![cluster()]), expected);
    assert_declared(&estate(vec![cluster(), known_tenant("Tenant", Retiring::No)]), expected);
    assert_declared(&estate(vec![cluster(), other]), expected);
}

#[test]
fn r03r_key_imported_by_a_retiring_tenant() {
    let mut cluster = authority("Ours", vec![key('a', KeyStatus::Imported)]);
    cluster.retiring = Retiring::No;
    let estate = estate(vec![cluster, known_tenant("Tenant", Retiring::Yes)]);
    assert_declared(&estate, ["R03r", "ad-rms-key-in-azure", "yes", "high"]);
}

#[test]
fn r04_and_r04k_key_of_a_cluster() {
    for status in [KeyStatus::Active, KeyStatus::ReadOnly] {
        let at = |retiring| holding_as(AuthorityKind::AdRms, retiring, status);
        assert_declared(&at(Retiring::Yes), ["R04", "ad-rms", "yes", "high"]);
        assert_declared(&at(Retiring::No), ["R04k", "ad-rms", "no", "high"]);
    }
}

#[test]
fn r05x_key_of_azure_that_opens_nothing() {
    for status in [KeyStatus::Revoked, KeyStatus::Lost] {
        for retiring in [Retiring::Yes, Retiring::No, Retiring::Open] {
            let estate = holding_as(AuthorityKind::AzureRms, retiring, status);
            assert_declared(&estate, ["R05x", "azure-rms", "no", "high"]);
        }
    }
}

#[test]
fn r05r_and_r05_key_of_a_tenant() {
    for status in [KeyStatus::Active, KeyStatus::Archived] {
        let at = |retiring| holding_as(AuthorityKind::AzureRms, retiring, status);
        assert_declared(&at(Retiring::Yes), ["R05r", "azure-rms", "yes", "high"]);
        assert_declared(&at(Retiring::No), ["R05", "azure-rms", "no", "high"]);
    }
}

#[test]
fn r05f_key_of_others_or_lost() {
    for status in [KeyStatus::Foreign, KeyStatus::Lost] {
        for retiring in [Retiring::Yes, Retiring::No, Retiring::Open] {
            let estate = holding_as(AuthorityKind::AdRms, retiring, status);
            assert_declared(&estate, ["R05f", "ad-rms", "no", "high"]);
        }
    }
}

#[test]
fn keys_of_one_authority_have_separate_status() {
    let keys = vec![key('a', KeyStatus::Imported), key('b', KeyStatus::Active)];
    let estate = estate(vec![authority("Ours", keys)]);
    assert_eq!(judge(&on_premises(), &estate).need(), Need::No);
    let other = sealed(|license| license.slc_key = Some(fingerprint('b')));
    assert_eq!(judge(&other, &estate).need(), Need::Yes);
}

#[test]
fn r14_pre_production_hierarchy() {
    let facts = sealed(|license| {
        at(license, ORG, "", ORG);
        license.hierarchy = Some(Hierarchy::Isv);
    });
    assert_eq!(row_alone(&facts), ["R14", "ad-rms", "possible", "medium"]);
    assert_eq!(judge(&facts, &Estate::default()).anomalies(), [Anomaly::PreProduction]);
}

#[test]
fn r11_passport_service() {
    let expected = ["R11", "microsoft-hosted", "no", "medium"];
    assert_eq!(row_alone(&sealed(|license| at(license, LEGACY, "", LEGACY))), expected);
    let passport = |extranet: &str| {
        sealed(|license| {
            at(license, "", extranet, LEGACY);
            license.issuer_id_type = Some("Passport".to_owned());
            license.owner_id_type = Some("passport".to_owned());
        })
    };
    assert_eq!(row_alone(&passport("")), expected);
    // An unclear host can be one of an organization.
    for other in [ORG, BAD] {
        assert_eq!(row_alone(&passport(other)), ["R00", "undecided", "possible", "low"]);
    }
}

#[test]
fn r06_and_r06b_azure_tenant() {
    assert_eq!(row_alone(&in_azure()), ["R06", "azure-rms", "no", "medium"]);
    let changes: [fn(&mut LicenseFacts); 4] = [
        |license| license.server_version = Some("6.1.0.0".to_owned()),
        |license| license.server_version = Some(" 5.2.3790.134".to_owned()),
        |license| license.slc_key_bits = Some(1024),
        |license| license.slc_key_bits = Some(512),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut facts = in_azure();
        change(facts.license.as_mut().unwrap());
        let verdict = judge(&facts, &Estate::default());
        let is_imported = number < 3;
        assert_eq!(verdict.rule(), if is_imported { "R06b" } else { "R06" });
        assert_eq!(verdict.anomalies().contains(&Anomaly::ImportedKeyLikely), is_imported);
        assert_eq!((verdict.need(), verdict.dependency()), (Need::No, Dependency::AzureRms));
    }
}

#[test]
fn r07_azure_without_a_tenant() {
    let expected = ["R07", "azure-rms", "possible", "low"];
    assert_eq!(row_alone(&sealed(|license| at(license, AZ, "", AZ))), expected);
}

#[test]
fn r09_on_premises_key_with_azure_url() {
    let both = sealed(|license| at(license, ORG, AZ, AZ));
    assert_eq!(row_alone(&both), ["R09", "ad-rms-key-in-azure", "possible", "medium"]);
    let one = sealed(|license| at(license, ORG, AZ, "https://rms/_wmcs/licensing"));
    assert_eq!(row_alone(&one), ["R09", "ad-rms-key-in-azure", "possible", "low"]);
}

#[test]
fn r08_on_premises_addresses() {
    let expected = ["R08", "ad-rms", "possible", "medium"];
    for (principal, extranet, intranet) in [
        ("http://ed-drm-red3/_wmcs", "", "http://ed-drm-red3/_wmcs/licensing"),
        ("HTTP://rms:80/_wmcs", "http://rms.contoso.com/_wmcs", "http://rms/_wmcs"),
        ("", "", ORG),
    ] {
        let facts = sealed(|license| at(license, principal, extranet, intranet));
        assert_eq!(row_alone(&facts), expected);
    }
    let nowhere = sealed(|license| at(license, ORG, "", ""));
    assert_eq!(row_alone(&nowhere), ["R00", "undecided", "possible", "low"]);
}

#[test]
fn r10_contradictory_addresses() {
    let with_tenant = |principal: &str, extranet: &str| {
        sealed(|license| {
            at(license, principal, extranet, ORG);
            license.tenant_id = Some(TENANT.to_owned());
        })
    };
    let conflicts =
        [with_tenant(AZ, AZ), with_tenant(ORG, ORG), sealed(|license| at(license, AZ, ORG, AZ))];
    let nowhere = sealed(|license| license.tenant_id = Some(TENANT.to_owned()));
    assert_eq!(row_alone(&nowhere), ["R10", "undecided", "possible", "low"]);
    for facts in conflicts {
        assert_eq!(row_alone(&facts), ["R10", "undecided", "possible", "low"]);
        assert_eq!(judge(&facts, &Estate::default()).anomalies(), [Anomaly::LocatorConflict]);
    }
}

#[test]
fn r00_no_other_rule_matches() {
    for (principal, extranet, intranet) in [(BAD, "", ORG), (OTHER, OTHER, OTHER), ("", "", "")] {
        let facts = sealed(|license| at(license, principal, extranet, intranet));
        assert_eq!(row_alone(&facts), ["R00", "undecided", "possible", "low"]);
    }
}

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
        verdict.rule()
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
fn r01_does_not_match_with_error_or_license_text() {
    let mut facts = Facts::new(Container::Other, Protection::None);
    assert_eq!(judge(&facts, &Estate::default()).rule(), "R01");
    facts.anomalies.push(Anomaly::StrayLicenseText);
    assert_eq!(judge(&facts, &Estate::default()).rule(), "R02");
    facts.anomalies.clear();
    facts.error_code = Some("truncated".into());
    assert_eq!(judge(&facts, &Estate::default()).rule(), "R02");
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

#[test]
fn table_has_ids_effects_and_sentences() {
    let ids: Vec<_> = rules().map(Rule::id).collect();
    let expected = [
        "R01", "R02", "R03r", "R03", "R04", "R04k", "R05x", "R05r", "R05", "R05f", "R14", "R11",
        "R06b", "R06", "R07", "R09", "R08", "R10", "R00",
    ];
    assert_eq!(ids, expected);
    assert_eq!(RULES_VERSION, 3);
    let effects: Vec<_> = modifiers().map(|row| (row.id(), row.effect())).collect();
    assert!(effects.contains(&("M16", "confidence one step down, `no` becomes `possible`".into())));
    assert!(effects.contains(&("M13", String::new())));
    for text in rules().map(Rule::sentence).chain(modifiers().map(Modifier::sentence)) {
        assert!(text.ends_with('.') || text.ends_with("\"."), "{text}");
    }
}
