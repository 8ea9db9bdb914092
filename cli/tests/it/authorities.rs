//! `check --authority`: which findings of other authorities do not count.

use std::fs;
use std::path::Path;

use rmsight_specimen::{Client, LicenseBuilder, Server, Signing};
use tempfile::TempDir;

use super::gaps::{named, scan};
use super::{folder, license, rmsight, stderr, stdout};

/// Returns an estate of two clusters with active keys and an Azure tenant. `further` follows the
/// key of Contoso.
fn estate(further: &str) -> String {
    let key = |server: &Server| server.key.fingerprint();
    format!(
        "[[authority]]\nname = \"Contoso\"\nkind = \"ad-rms\"\n\n[[authority.key]]\n\
         slc_key = \"{}\"\n{further}\n[[authority]]\nname = \"Branch\"\nkind = \"ad-rms\"\n\n\
         [[authority.key]]\nslc_key = \"{}\"\nslc_id = \"{}\"\nstatus = \"active\"\n\n\
         [[authority]]\nname = \"Tenant\"\nkind = \"azure-rms\"\n\n\
         [[authority.key]]\nslc_key = \"{}\"\n",
        key(&Server::contoso()),
        key(&Server::branch()),
        Server::branch().id.trim_matches(['{', '}']),
        key(&Server::azure())
    )
}

const ACTIVE: &str = "status = \"active\"\n";

const IMPORTED: &str = "status = \"imported\"\ntenant = \"6594232e-6968-45f0-9f7e-c711fc49ef58\"\n";

/// Creates a folder with an estate file and this license in `share`, scanned with `args`.
fn scanned(license: &[u8], further: &str, args: &[&str]) -> TempDir {
    let folder = folder(&[("share/offer.xml", license), ("share/plain", b"x")]);
    fs::write(folder.path().join("estate.toml"), estate(further)).unwrap();
    scan(folder.path(), "i.db", &[args, &["share"]].concat());
    folder
}

fn check(folder: &Path, authority: &str, args: &[&str]) -> (String, i32) {
    let check = ["check", "i.db", "--estate", "estate.toml", "--authority", authority];
    let done = rmsight(folder, &[&check[..], args].concat());
    (stdout(&done) + &stderr(&done), done.get_output().status.code().unwrap())
}

#[test]
fn a_proven_key_of_another_authority_does_not_count_and_is_named() {
    let folder = scanned(&license(), ACTIVE, &[]);
    let (said, code) = check(folder.path(), "Branch", &[]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("  1 finding needs another authority: Contoso\n"), "{said}");
    let (said, code) = check(folder.path(), "Contoso", &[]);
    assert!(code == 1 && said.contains("yes               1"), "{said}");
}

#[test]
fn a_license_that_does_not_prove_its_key_is_possible_for_every_authority() {
    for signing in [Signing::Tampered, Signing::Mismatched, Signing::Absent, Signing::Unknown] {
        let license =
            LicenseBuilder::client(&Server::contoso(), &Client::windows()).signing(signing).build();
        let folder = scanned(&license, ACTIVE, &[]);
        for authority in ["Branch", "Tenant"] {
            let (said, code) = check(folder.path(), authority, &[]);
            assert_eq!(code, 1, "{signing:?}: {said}");
            assert!(said.contains("possible          1"), "{signing:?}: {said}");
            assert!(said.contains("R04, key of Contoso, but not proven"), "{said}");
        }
    }
}

#[test]
fn a_license_with_the_key_of_one_authority_and_the_id_of_another_is_possible_for_both() {
    let mut server = Server::contoso();
    server.id = Server::branch().id;
    let license = LicenseBuilder::client(&server, &Client::windows()).build();
    for further in [ACTIVE, IMPORTED] {
        let folder = scanned(&license, further, &[]);
        for authority in ["Branch", "Tenant"] {
            let (said, code) = check(folder.path(), authority, &[]);
            assert_eq!(code, 1, "{authority}: {said}");
            assert!(said.contains("possible          1"), "{authority}: {said}");
        }
    }
}

#[test]
fn an_unchecked_key_of_another_authority_is_a_gap() {
    for option in ["--no-verify", "--quick"] {
        let folder = scanned(&license(), ACTIVE, &[option]);
        let (said, code) = check(folder.path(), "Branch", &[]);
        assert_eq!((named(&said), code), (vec!["unverified".to_owned()], 1), "{option}: {said}");
        let (said, code) = check(folder.path(), "Branch", &["--accept", "unverified"]);
        assert_eq!(code, 0, "{option}: {said}");
        // It is not a gap for the authority that needs it.
        let (said, code) = check(folder.path(), "Contoso", &[]);
        assert_eq!((named(&said).len(), code), (0, 1), "{option}: {said}");
    }
}

#[test]
fn a_key_imported_into_azure_is_possible_for_each_azure_authority() {
    let folder = scanned(&license(), IMPORTED, &[]);
    let (said, code) = check(folder.path(), "Tenant", &[]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("possible          1"), "{said}");
    assert!(said.contains("1 finding is under a key that was imported into Azure"), "{said}");
    for cluster in ["Contoso", "Branch"] {
        let (said, code) = check(folder.path(), cluster, &[]);
        assert_eq!(code, 0, "{said}");
    }
}

/// Adds lines to the table of the tenant.
fn with_tenant(folder: &Path, lines: &str) {
    let path = folder.join("estate.toml");
    let text = fs::read_to_string(&path).unwrap();
    let kind = "kind = \"azure-rms\"\n";
    fs::write(path, text.replace(kind, &format!("{kind}{lines}"))).unwrap();
}

const IMPORTER: &str = "tenant = \"6594232e-6968-45f0-9f7e-c711fc49ef58\"\n";

#[test]
fn a_key_imported_into_azure_counts_for_the_authority_of_its_tenant() {
    let folder = scanned(&license(), IMPORTED, &[]);
    with_tenant(folder.path(), IMPORTER);
    let (said, code) = check(folder.path(), "Tenant", &[]);
    assert!(code == 1 && said.contains("in use            1  finding needs"), "{said}");
    for cluster in ["Contoso", "Branch"] {
        assert_eq!(check(folder.path(), cluster, &[]).1, 0);
    }
    // A tenant that goes away.
    with_tenant(folder.path(), "retiring = true\n");
    let (said, code) = check(folder.path(), "Tenant", &[]);
    assert!(code == 1 && said.contains("yes               1"), "{said}");
    let (said, code) = check(folder.path(), "Contoso", &[]);
    assert!(code == 0 && said.contains("1 finding needs another authority: Tenant"), "{said}");
    let all = ["check", "i.db", "--estate", "estate.toml"];
    let said = stdout(&rmsight(folder.path(), &all).code(1));
    for answer in ["Contoso: not needed", "Branch: not needed", "Tenant: needed, in"] {
        assert!(said.contains(answer), "{answer}: {said}");
    }
    let report = stdout(&rmsight(folder.path(), &["report", "i.db", "--estate", "estate.toml"]));
    assert!(report.contains("Can Contoso be switched off? (ad-rms)\n  Nothing"), "{report}");
    assert!(report.contains("Can Tenant be given up? (azure-rms)\n  No. Only a key"), "{report}");

    // The tenant that imported the key is not that of the authority.
    let other = scanned(&license(), IMPORTED, &[]);
    with_tenant(other.path(), "tenant = \"6fa459ea-ee8a-4ca4-894e-db77e160355e\"\n");
    assert_eq!(check(other.path(), "Tenant", &[]).1, 0);
}

#[test]
fn an_open_status_counts_only_for_authorities_that_may_have_the_key() {
    let folder = scanned(&license(), "status = \"?\"\n", &[]);
    for (authority, expected) in [("Contoso", 1), ("Tenant", 1), ("Branch", 0)] {
        let (said, code) = check(folder.path(), authority, &[]);
        assert_eq!(code, expected, "{said}");
        let part = if code == 1 { "possible          1" } else { "another authority: Contoso" };
        assert!(said.contains(part), "{said}");
    }
}

#[test]
fn a_cluster_that_stays_is_checked_by_name_only() {
    let folder = scanned(&license(), ACTIVE, &[]);
    let path = folder.path().join("estate.toml");
    let text = fs::read_to_string(&path).unwrap();
    let kind = "name = \"Contoso\"\n";
    fs::write(path, text.replacen(kind, &format!("{kind}retiring = false\n"), 1)).unwrap();
    let (said, code) = check(folder.path(), "Contoso", &[]);
    assert!(code == 1 && said.contains("in use            1"), "{said}");
    let said =
        stdout(&rmsight(folder.path(), &["check", "i.db", "--estate", "estate.toml"]).code(0));
    assert!(said.starts_with("Branch: not needed") && !said.contains("Contoso:"), "{said}");
}

#[test]
fn an_unknown_key_of_azure_counts_for_a_retiring_tenant_and_for_no_cluster() {
    let mut server = Server::azure();
    server.key = Server::forger().key;
    let folder = scanned(&LicenseBuilder::server(&server).build(), ACTIVE, &[]);
    with_tenant(folder.path(), "retiring = true\n");
    let (said, code) = check(folder.path(), "Tenant", &[]);
    assert!(code == 1 && said.contains("possible          1"), "{said}");
    let (said, code) = check(folder.path(), "Branch", &[]);
    assert_eq!(code, 0, "{said}");
    // Another tenant than the one in the license goes away.
    with_tenant(folder.path(), IMPORTER);
    assert_eq!(check(folder.path(), "Tenant", &[]).1, 1);
    // An unchecked signature is a gap for the clusters too.
    let folder = scanned(&LicenseBuilder::server(&server).build(), ACTIVE, &["--no-verify"]);
    with_tenant(folder.path(), "retiring = true\n");
    let (said, code) = check(folder.path(), "Branch", &[]);
    assert_eq!((named(&said), code), (vec!["unverified".to_owned()], 1), "{said}");
}

#[test]
fn the_authority_of_another_organization_is_not_one_to_give_up() {
    let folder = scanned(&license(), "status = \"foreign\"\n", &[]);
    let said =
        stdout(&rmsight(folder.path(), &["check", "i.db", "--estate", "estate.toml"]).code(0));
    assert!(said.starts_with("Branch: not needed") && !said.contains("Contoso:"), "{said}");
    let (said, code) = check(folder.path(), "Contoso", &[]);
    assert!(code == 1 && said.contains("in use            1"), "{said}");
}
