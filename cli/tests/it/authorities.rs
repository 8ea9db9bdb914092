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
