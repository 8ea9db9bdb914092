//! A tenant that goes away, without any AD RMS: from the first estate file to the lists.

use std::fs;
use std::path::Path;

use rmsight::{AuthorityKind, Estate, KeyStatus, Retiring};
use rmsight_specimen::{LicenseBuilder, Server};
use tempfile::TempDir;

use super::{command, document, folder, records, rmsight, stderr, stdout};

const OLD: &str = "3c5e7a90-1b2d-4f6e-8a9c-0d1e2f3a4b5c";

/// Returns the old tenant with another key than its first one.
fn rekeyed(key: &Server, digit: char) -> Server {
    let mut server = Server::azure();
    server.key = key.key;
    server.id = server.id.replace("1b6d2c77", &digit.to_string().repeat(8));
    server
}

fn archived() -> Server {
    rekeyed(&Server::branch(), 'a')
}

fn revoked() -> Server {
    rekeyed(&Server::forger(), 'b')
}

fn undeclared() -> Server {
    rekeyed(&Server::contoso(), 'c')
}

/// Returns the tenant that stays.
fn stays() -> Server {
    Server::imported()
}

/// Creates a share with a file under each key, scanned into `i.db`.
fn scanned() -> TempDir {
    let license = |server: &Server| document(&LicenseBuilder::server(server).build());
    let folder = folder(&[
        ("share/active.xml", &license(&Server::azure())),
        ("share/archived.xml", &license(&archived())),
        ("share/revoked.xml", &license(&revoked())),
        ("share/undeclared.xml", &license(&undeclared())),
        ("share/stays.xml", &license(&stays())),
        ("share/plain.txt", b"x"),
    ]);
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "share"]).success();
    folder
}

/// Sets the status of a key in the lines of `estate init`.
fn with_status(text: &str, server: &Server, status: &str) -> String {
    let key = text.find(&server.key.fingerprint()).unwrap();
    let (before, after) = text.split_at(key);
    format!("{before}{}", after.replacen("status = \"?\"", &format!("status = \"{status}\""), 1))
}

/// Removes the table of a key from the lines of `estate init`.
fn without_key(text: &str, server: &Server) -> String {
    let key = text.find(&server.key.fingerprint()).unwrap();
    let start = text[..key].rfind("[[authority.key]]").unwrap();
    let end = text[key..].find("\n\n").map_or(text.len(), |end| key + end);
    format!("{}{}", &text[..start], &text[end..])
}

/// Returns the file of `estate init` after an operator has filled it in, except for one key.
fn filled(text: &str) -> String {
    let mut text = text.to_owned();
    for (server, status) in [
        (Server::azure(), "active"),
        (archived(), "archived"),
        (revoked(), "revoked"),
        (stays(), "active"),
    ] {
        text = with_status(&text, &server, status);
    }
    let tenant = text.find(&format!("tenant = \"{OLD}\"")).unwrap();
    let retiring = text[..tenant].rfind("retiring = \"?\"").unwrap();
    text.replace_range(retiring..retiring + 14, "retiring = true");
    without_key(&text.replace("retiring = \"?\"", "retiring = false"), &undeclared())
}

fn init(folder: &Path) -> String {
    let args = ["estate", "init", "i.db", "--no-input", "-o", "estate.toml"];
    let said = stderr(&rmsight(folder, &args).success());
    assert!(said.contains("2 authorities"), "{said}");
    fs::read_to_string(folder.join("estate.toml")).unwrap()
}

const ESTATE: [&str; 3] = ["i.db", "--estate", "estate.toml"];

fn told(folder: &Path, command: &str, args: &[&str], code: i32) -> String {
    let done = rmsight(folder, &[&[command], &ESTATE[..], args].concat()).code(code);
    stdout(&done)
}

#[test]
fn init_declares_each_server_with_open_decisions() {
    let folder = scanned();
    let text = init(folder.path());
    let estate = Estate::from_toml(&text).unwrap();
    let [old, new] = estate.authorities() else { panic!("{text}") };
    assert_eq!((old.keys.len(), new.keys.len()), (4, 1), "{text}");
    assert_eq!(old.tenant.as_deref(), Some(OLD));
    assert_eq!(old.hosts[0].name, "7d2f1c3b-4a5e-4d6f-8b9a-0c1d2e3f4a5b.rms.eu.aadrm.com");
    for authority in [old, new] {
        assert_eq!(authority.kind, AuthorityKind::AzureRms);
        assert_eq!(authority.retiring, Retiring::Open);
        assert!(authority.keys.iter().all(|key| key.status == KeyStatus::Open), "{text}");
    }
    assert!(text.contains("[[authority]]    # 4 findings\n"), "{text}");
    // One edit can answer all questions.
    let settled = "settled = []    # add each of these of which there is none: \"older-key\"\n";
    assert!(text.contains(settled), "{text}");
    // With open decisions, everything is possible and nothing is `no`.
    let found = records(&rmsight(folder.path(), &[&["export"], &ESTATE[..]].concat()).success());
    let needs = found.iter().filter(|record| record["protection"] == "rms");
    assert!(needs.clone().count() == 5 && needs.clone().all(|record| record["need"] == "possible"));
    let text = told(folder.path(), "report", &[], 1);
    assert!(text.contains("Open questions of the estate file"), "{text}");
    assert!(text.contains("Ask: Connect-AipService; Get-AipServiceKeys"), "{text}");
    // An existing file is not changed.
    let again = rmsight(folder.path(), &["estate", "init", "i.db", "-o", "estate.toml"]).code(2);
    assert!(stderr(&again).contains("the file exists"), "{}", stderr(&again));
}

#[test]
fn two_tenants_from_init_to_export_without_ad_rms() {
    let folder = scanned();
    let text = filled(&init(folder.path()));
    let folder = folder.path();
    fs::write(folder.join("estate.toml"), &text).unwrap();
    let open = stdout(&rmsight(folder, &["estate", "check", "estate.toml", "i.db"]).code(1));
    assert!(open.contains("the estate file does not have it"), "{open}");

    let retiring = told(folder, "check", &[], 1);
    assert!(retiring.contains("Fabrikam: needed, in what was scanned"), "{retiring}");
    assert!(retiring.contains("yes               2\n  possible          1\n"), "{retiring}");
    assert!(!retiring.contains("northwind"), "{retiring}");
    let stays = told(folder, "check", &["--authority", "irm.northwind.example"], 1);
    assert!(stays.contains("in use            1  finding needs a key"), "{stays}");
    assert!(stays.contains("possible          0"), "{stays}");

    let report = told(folder, "report", &[], 1);
    for part in [
        "Can the retiring authorities be given up?",
        "Can Fabrikam be given up? (azure-rms)",
        "No. Only a key of this tenant opens 2 findings.",
        "protect 2 findings anew with another tenant's key",
        "revoked. This key was revoked: nothing opens these.",
        "stays. Its authority stays, and goes on opening these.",
        "Get-AipServiceMaxUseLicenseValidityTime",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    rmsight(folder, &["report", "i.db", "--estate", "estate.toml", "-o", "r.html"]).code(1);
    let page = fs::read_to_string(folder.join("r.html")).unwrap();
    assert!(page.contains("Can Fabrikam be given up?"));
    let judged = stdout(&rmsight(folder, &["scan", "--estate", "estate.toml", "share"]).success());
    let inspect = ["inspect", "--estate", "estate.toml", "share/active.xml"];
    let inspected = stdout(&rmsight(folder, &inspect).success());
    for said in [&open, &retiring, &stays, &report, &page, &judged, &inspected] {
        assert!(!said.contains("AD RMS") && !said.contains("cluster"), "{said}");
    }

    let yes = told(folder, "export", &["--need", "yes"], 0);
    let rules: Vec<_> = yes.lines().filter(|line| line.contains("\"rule\":\"R05r\"")).collect();
    assert_eq!((rules.len(), yes.lines().count()), (2, 2), "{yes}");
    let csv = ["--need", "yes", "--for", "set-filelabel", "-o", "todo.csv"];
    told(folder, "export", &csv, 0);
    let todo = fs::read_to_string(folder.join("todo.csv")).unwrap();
    assert!(todo.contains("active.xml") && todo.contains("archived.xml"), "{todo}");
    assert!(!todo.contains("revoked.xml") && !todo.contains("stays.xml"), "{todo}");

    // What is left does not need the old tenant: its key was revoked.
    for name in ["active.xml", "archived.xml", "undeclared.xml"] {
        fs::remove_file(folder.join("share").join(name)).unwrap();
    }
    rmsight(folder, &["scan", "--quiet", "-i", "i.db", "share"]).success();
    let free = told(folder, "check", &[], 0);
    assert!(free.contains("Fabrikam: not needed, in what was scanned"), "{free}");
}

#[test]
fn check_without_a_retiring_authority_is_an_error() {
    let folder = scanned();
    let text = filled(&init(folder.path())).replace("retiring = true", "retiring = false");
    fs::write(folder.path().join("estate.toml"), text).unwrap();
    let done = rmsight(folder.path(), &[&["check"], &ESTATE[..]].concat()).code(2);
    assert!(stderr(&done).contains("no authority is retiring"), "{}", stderr(&done));
    let report = told(folder.path(), "report", &[], 1);
    assert!(report.contains("Say which authority goes away"), "{report}");
}

#[test]
fn init_asks_and_writes_the_answers() {
    let folder = scanned();
    let answers = "Old tenant\nyes\nactive\nnonsense\narchived\nrevoked\n\nNew\nno\nactive\n";
    let args = ["estate", "init", "i.db", "-o", "estate.toml"];
    let done = command(folder.path()).args(args).write_stdin(answers).assert().success();
    assert!(stderr(&done).contains("answer with one of: active, archived"), "{}", stderr(&done));
    let text = fs::read_to_string(folder.path().join("estate.toml")).unwrap();
    let estate = Estate::from_toml(&text).unwrap();
    let names: Vec<_> = estate.authorities().iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Old tenant", "New"]);
    let [old, new] = estate.authorities() else { panic!("{text}") };
    assert_eq!((old.retiring, new.retiring), (Retiring::Yes, Retiring::No));
    let statuses: Vec<_> = old.keys.iter().map(|key| key.status.as_str()).collect();
    assert_eq!(statuses, ["active", "archived", "revoked", "?"]);
    assert_eq!(new.keys[0].status, KeyStatus::Active);
}

#[test]
fn init_without_inventory_asks_for_authorities() {
    let folder = folder(&[]);
    let answers = "HQ\nad-rms\nRMS.example.com, rms2\n\nCloud\nazure-rms\n\nx\n{3C5E7A90-1B2D-4F6E-8A9C-0D1E2F3A4B5C}\nno\n\n";
    let done = command(folder.path()).args(["estate", "init"]).write_stdin(answers).assert();
    let text = stdout(&done.success());
    let estate = Estate::from_toml(&text).unwrap_or_else(|wrong| panic!("{wrong:?}\n{text}"));
    let [cluster, tenant] = estate.authorities() else { panic!("{text}") };
    assert_eq!((cluster.retiring, tenant.retiring), (Retiring::Yes, Retiring::No));
    assert_eq!(cluster.hosts[1].name, "rms2");
    assert_eq!(tenant.tenant.as_deref(), Some(OLD));
    let done = command(folder.path()).args(["estate", "init"]).write_stdin("").assert().code(2);
    assert!(stderr(&done).contains("no cluster or tenant was named"), "{}", stderr(&done));
    rmsight(folder.path(), &["estate", "init", "--no-input"]).code(2);
}

#[test]
fn licenses_that_contradict_the_estate_are_listed() {
    let folder = scanned();
    let key = |server: &Server| server.key.fingerprint();
    // Both keys are declared for the wrong kind of authority or tenant.
    let text = format!(
        "[[authority]]\nname = \"HQ\"\nkind = \"ad-rms\"\n\n[[authority.key]]\nslc_key = \"{}\"\n\
         status = \"active\"\n\n[[authority]]\nname = \"Cloud\"\nkind = \"azure-rms\"\n\
         tenant = \"{OLD}\"\n\n[[authority.key]]\nslc_key = \"{}\"\n",
        key(&Server::azure()),
        key(&stays())
    );
    fs::write(folder.path().join("estate.toml"), text).unwrap();
    let said = stdout(&rmsight(folder.path(), &["estate", "check", "estate.toml", "i.db"]).code(1));
    assert!(said.contains("its status is `active`, and Azure issued licenses with it"), "{said}");
    assert!(said.contains("licenses name tenant 6f5e4d3c"), "{said}");
}

#[test]
fn init_writes_a_valid_file_for_hostile_names() {
    let mut named = Server::contoso();
    named.name = Some("evil\" \\ \u{202e} [[authority]]".to_owned());
    named.address = Some("https://RMS.contoso.com:8443/\"]".to_owned());
    // Another key under the same id, name and host, and an id that is no GUID.
    let mut other = named.clone();
    other.key = Server::branch().key;
    let mut odd = Server::forger();
    odd.id = "{no guid}".to_owned();
    odd.address = Some("https://a b/\\".to_owned());
    let license = |server: &Server| document(&LicenseBuilder::server(server).build());
    let folder = folder(&[
        ("a.xml", &license(&named)),
        ("b.xml", &license(&named)),
        ("c.xml", &license(&other)),
        ("d.xml", &license(&odd)),
    ]);
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "."]);
    let text = stdout(&rmsight(folder.path(), &["estate", "init", "i.db", "--no-input"]).success());
    let estate = Estate::from_toml(&text).unwrap_or_else(|wrong| panic!("{wrong:?}\n{text}"));
    let keys: Vec<_> = estate.authorities().iter().flat_map(|one| &one.keys).collect();
    assert_eq!(keys.len(), 3, "{text}");
    assert!(estate.authorities()[0].name.starts_with("evil\" \\ "), "{text}");
    assert_eq!(estate.authorities()[0].hosts[0].name, "rms.contoso.com");
}
