//! One test for each rule.

use super::*;
use crate::kinds::{Hierarchy, Searched};

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
