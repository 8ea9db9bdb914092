//! Learning keys, and the lines for the estate file.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmsight::{Estate, KeyStatus};
use rmsight_specimen::{
    Client, IrmDocument, IrmKind, KeyPair, LicenseBuilder, Server, certificate_chain_file,
    server_certificate, server_info,
};
use tempfile::TempDir;

use super::{folder, license, rmsight, scan, stderr, stdout};

/// Returns the estate of the lines after every status is filled in.
fn filled(lines: &str) -> Estate {
    let text = lines.replace("status = \"?\"", "status = \"active\"");
    Estate::from_toml(&text).unwrap_or_else(|wrong| panic!("{wrong:?}\n{text}"))
}

fn keys(estate: &Estate) -> Vec<String> {
    let all = estate.authorities().iter().flat_map(|authority| &authority.keys);
    all.filter_map(|key| key.key.clone()).collect()
}

fn told(folder: &TempDir, args: &[&str], code: i32) -> (String, String) {
    let done = rmsight(folder.path(), &[&["estate"], args].concat()).code(code);
    (stdout(&done), stderr(&done))
}

#[test]
fn keys_are_learned_from_protected_files() {
    let server = Server::contoso();
    let document = IrmDocument::new(IrmKind::Word, license()).build();
    let folder = folder(&[
        ("offer.xml", &license()),
        ("offer.docx", &document),
        ("chain.bin", &certificate_chain_file(&server)),
        ("slc.xml", server_certificate(&server).as_bytes()),
        ("answer.xml", server_info(&server).as_bytes()),
        ("key.pem", server.key.public_key_pem().as_bytes()),
        ("key.der", &server.key.public_key_der()),
    ]);
    let names =
        ["offer.xml", "offer.docx", "chain.bin", "slc.xml", "answer.xml", "key.pem", "key.der"];
    for name in names {
        let args = ["learn", "--as", "own", "--name", "Ours \"1\"", name];
        let (lines, _) = told(&folder, &args, 0);
        let estate = filled(&lines);
        assert_eq!(estate.authorities()[0].name, "Ours \"1\"", "{name}");
        assert_eq!(keys(&estate), [server.key.fingerprint()], "{name}");
        // The status is open, which only the operator knows.
        let open = Estate::from_toml(&lines).unwrap();
        assert_eq!(open.authorities()[0].keys[0].status, KeyStatus::Open, "{name}");
    }
    let (lines, _) = told(&folder, &[&["learn", "--as", "own"], &names[..]].concat(), 0);
    assert_eq!(lines.matches("[[authority.key]]").count(), 1, "{lines}");
    // The lines explain what the certificate of a server shows.
    let (lines, _) = told(&folder, &["import", "slc.xml"], 0);
    assert!(lines.contains("trusted user domain"), "{lines}");
    assert!(lines.contains("gives nobody the ability to open"), "{lines}");
}

#[test]
fn the_operator_states_the_owner_of_keys() {
    let folder = folder(&[
        ("offer.xml", &license()),
        ("azure.xml", &LicenseBuilder::server(&Server::azure()).build()),
    ]);
    let learn = |whose: &str, file: &str| {
        told(&folder, &["learn", "--as", whose, "--name", "N", file], 0).0
    };
    assert!(learn("tpd", "offer.xml").contains("origin = \"tpd\""));
    let foreign = Estate::from_toml(learn("foreign", "offer.xml")).unwrap();
    assert_eq!(foreign.authorities()[0].keys[0].status.as_str(), "foreign");
    let azure = Estate::from_toml(learn("own", "azure.xml")).unwrap();
    assert_eq!(azure.authorities()[0].kind.as_str(), "azure-rms");
    assert_eq!(keys(&azure), [Server::azure().key.fingerprint()]);
}

#[test]
fn no_key_is_learned_from_a_contradictory_license() {
    let forged = LicenseBuilder::client(&Server::forger(), &Client::windows());
    let forged = forged.principal(&Server::contoso()).build();
    let unanchored = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    let unanchored = unanchored.documents(rmsight_specimen::Documents::One).build();
    let folder = folder(&[
        ("forged.xml", &forged),
        ("cut.xml", &license()[..600]),
        ("plain.txt", b"hello"),
        ("tpd.xml", b"<TrustedPublishingDomain/>"),
        ("offer.xml", &license()),
        ("alone.xml", &unanchored),
    ]);
    for (file, said) in [
        ("forged.xml", "contradicts itself"),
        ("cut.xml", "cut.xml"),
        ("plain.txt", "not rights-protected"),
        ("tpd.xml", "encrypted with the password"),
        ("missing", "missing"),
    ] {
        let (lines, warned) = told(&folder, &["learn", "--as", "own", file], 2);
        assert!(warned.contains(said), "{file}: {warned}");
        assert!(lines.is_empty(), "{file}: {lines}");
    }
    let (_, warned) = told(&folder, &["import", "tpd.xml"], 2);
    assert!(warned.contains("a file that the cluster is known to have protected"), "{warned}");
    // An unusable file does not affect the others.
    let (lines, _) = told(&folder, &["learn", "--as", "own", "forged.xml", "offer.xml"], 1);
    assert!(lines.contains("slc_key"), "{lines}");
    let (lines, _) = told(&folder, &["learn", "--as", "own", "alone.xml"], 0);
    assert!(lines.contains("No signature leads"), "{lines}");
}

#[test]
fn ids_and_redirections_only_annotate() {
    let id = "1b4e28ba-2fa1-4d2e-883f-0016d3cca427";
    let configuration = format!("BPOSId : {id}\nCurrentLicensorCertificateGuid : {id}\n");
    let export = "Windows Registry Editor Version 5.00\n\n\
        [HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\MSIPC\\ServiceLocation\\LicensingRedirection]\n\
        \"https://rms.example.com/_wmcs/licensing\"=\"https://x.rms.eu.aadrm.com/_wmcs/licensing\"\n";
    let folder =
        folder(&[("tenant.txt", configuration.as_bytes()), ("clients.reg", export.as_bytes())]);
    let (lines, _) = told(&folder, &["import", "tenant.txt", "--name", "Tenant"], 0);
    assert!(lines.contains("an id decides nothing: learn the keys from files"), "{lines}");
    let estate = Estate::from_toml(&lines).unwrap();
    assert_eq!(keys(&estate), Vec::<String>::new());
    assert_eq!(estate.authorities()[0].keys[0].id.as_deref(), Some(id));
    let (lines, _) = told(&folder, &["import", "clients.reg"], 0);
    assert!(lines.contains("learn the key from a file that names the host"), "{lines}");
    assert!(!lines.contains("[[authority"), "{lines}");
}

#[test]
fn keys_are_imported_from_each_form_of_the_output_of_a_cmdlet() {
    let id = "1b4e28ba-2fa1-4d2e-883f-0016d3cca427";
    let key = Server::azure().key;
    let base64 = STANDARD.encode(key.public_key_der());
    let json = format!(
        "[{{\"KeyIdentifier\":\"{id}\",\"Status\":\"Active\",\"PublicKey\":\"{base64}\"}}]"
    );
    let csv = format!(
        "\"KeyIdentifier\",\"Status\",\"PublicKey\"\r\n\"{id}\",\"Active\",\"{base64}\"\r\n"
    );
    let csv: Vec<u8> = format!("\u{feff}{csv}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let clixml = format!(
        "<Objs Version=\"1.1.0.1\"><Obj RefId=\"0\"><Props><G N=\"KeyIdentifier\">{id}</G>\
         <S N=\"Status\">Active</S><BA N=\"PublicKey\">{base64}</BA></Props></Obj></Objs>"
    );
    let table = format!(
        "KeyIdentifier                        Status PublicKey\n\
         -------------                        ------ ---------\n{id} Active {base64}\n"
    );
    let records = br#"{"path":"a.docx","need":"yes"}"#;
    let folder = folder(&[
        ("keys.json", json.as_bytes()),
        ("keys.csv", &csv),
        ("keys.xml", clixml.as_bytes()),
        ("keys.txt", table.as_bytes()),
        ("f.ndjson", records),
        ("cut.txt", table.replace(&base64, "MIIBIjANBg...").as_bytes()),
    ]);
    for name in ["keys.json", "keys.csv", "keys.xml", "keys.txt"] {
        let (lines, _) = told(&folder, &["import", name, "--name", "Tenant"], 0);
        let estate = Estate::from_toml(&lines).unwrap();
        let learned = &estate.authorities()[0].keys[0];
        assert_eq!(learned.key, Some(key.fingerprint()), "{name}: {lines}");
        assert_eq!(learned.id.as_deref(), Some(id), "{name}");
        assert_eq!(learned.status, KeyStatus::Active, "{name}");
    }
    for (name, said) in [
        ("f.ndjson", "It is JSON, and has neither KeyIdentifier"),
        (
            "cut.txt",
            "It is a table in which PublicKey is cut: write the output with `| Format-List`",
        ),
    ] {
        let (_, warned) = told(&folder, &["import", name], 2);
        assert!(warned.contains(&format!("{name}: {said}")), "{warned}");
    }
}

#[test]
fn an_estate_file_is_appended_to_and_never_overwritten() {
    let partner = LicenseBuilder::server(&Server::forger()).build();
    let folder = folder(&[("offer.xml", &license()), ("theirs.xml", &partner)]);
    let path = folder.path().join("estate.toml");
    let read = || fs::read_to_string(&path).unwrap();
    let into = |whose: &str, name: &str, file: &str, code: i32| {
        let args = ["learn", "--as", whose, "--name", name, "--into", "estate.toml", file];
        told(&folder, &args, code)
    };
    assert!(into("foreign", "Partner", "theirs.xml", 0).0.contains("added 1 key"));
    let first = read();
    assert!(into("foreign", "Partner", "theirs.xml", 0).0.contains("nothing to add"));
    assert_eq!(read(), first);
    let (said, _) = into("own", "Ours", "offer.xml", 0);
    assert!(said.contains("added 1 key") && said.contains("replace each `?`"), "{said}");
    assert!(read().starts_with(&first));
    // While a status is open, its findings are possible, and further keys can be added.
    let scanned = rmsight(folder.path(), &["scan", "--estate", "estate.toml", "offer.xml"]);
    assert!(stdout(&scanned).contains("\npossible "), "{}", stdout(&scanned));
    let second = read();
    let (said, _) = into("own", "Ours", "offer.xml", 0);
    assert!(said.contains("nothing to add") && said.contains("1 key without a status"), "{said}");
    assert_eq!(read(), second);
    let older = LicenseBuilder::client(&Server::contoso_legacy(), &Client::windows()).build();
    fs::write(folder.path().join("older.xml"), older).unwrap();
    let (said, _) = into("own", "Ours", "older.xml", 0);
    assert!(said.contains("added 1 key") && said.contains("2 keys without a status"), "{said}");
    fs::remove_file(folder.path().join("older.xml")).unwrap();
    fs::write(&path, read().replace("status = \"?\"", "status = \"active\"")).unwrap();
    let (records, _) = scan(folder.path(), &["--estate", "estate.toml", "."]);
    let needs: Vec<_> = records.iter().map(|record| record["need"].as_str().unwrap()).collect();
    assert_eq!(needs, ["no", "yes", "no"]);
    // Keys at the end of the file belong to the last authority.
    let azure = LicenseBuilder::server(&Server::azure()).build();
    fs::write(folder.path().join("azure.xml"), azure).unwrap();
    let before = read();
    assert!(into("foreign", "Partner", "azure.xml", 2).1.contains("not the last one"));
    assert_eq!(read(), before);
    assert!(
        told(&folder, &["learn", "--as", "own", "--into", "x", "offer.xml"], 2)
            .1
            .contains("--name")
    );
    fs::write(&path, b"\xFF\xFEa\0").unwrap();
    into("own", "Ours", "offer.xml", 2);
    assert_eq!(fs::read(&path).unwrap(), b"\xFF\xFEa\0");
}

/// Returns an authority with these lines for each of its keys.
fn authority(name: &str, kind: &str, keys: &[(&KeyPair, &str)]) -> String {
    let mut text = format!("[[authority]]\nname = \"{name}\"\nkind = \"{kind}\"\n");
    for (key, status) in keys {
        text += &format!("[[authority.key]]\nslc_key = \"{}\"\n{status}\n", key.fingerprint());
    }
    text
}

#[test]
fn one_folder_and_four_estates_with_no_file_opened_twice() {
    let user = Client::windows();
    let old = LicenseBuilder::client(&Server::contoso_legacy(), &user).build();
    let azure = LicenseBuilder::server(&Server::azure()).build();
    let document = IrmDocument::new(IrmKind::Word, license()).build();
    let folder = folder(&[
        ("files/a-new.xml", &license()),
        ("files/b-new.docx", &document),
        ("files/c-old.xml", &old),
        ("files/d-azure.xml", &azure),
        ("files/e-plain.txt", b"hello"),
    ]);
    let args = ["scan", "--format", "ndjson", "-j", "1", "--verify", "files"];
    let store = stdout(&rmsight(folder.path(), &args));
    fs::write(folder.path().join("store.ndjson"), &store).unwrap();
    fs::remove_dir_all(folder.path().join("files")).unwrap();

    let (new, old) = (Server::contoso().key, Server::contoso_legacy().key);
    let imported = "status = \"imported\"\ntenant = \"6594232e-6968-45f0-9f7e-c711fc49ef58\"";
    let held = "status = \"read-only\"\nsince = 2016-05-01";
    let both = |one: &str, other: &str| authority("Ours", "ad-rms", &[(new, one), (old, other)]);
    let tenant = authority("Tenant", "azure-rms", &[(Server::azure().key, "")]);
    let estates = [
        ("", ["R08 possible", "R08 possible", "R08 possible", "R06 no", "R01 no"]),
        (&(both(imported, imported) + &tenant), ["R03 no", "R03 no", "R03 no", "R05 no", "R01 no"]),
        (&(both(held, held) + &tenant), ["R04 yes", "R04 yes", "R04 yes", "R05 no", "R01 no"]),
        (
            &both(imported, "status = \"active\""),
            ["R03 no", "R03 no", "R04 yes", "R06 no", "R01 no"],
        ),
    ];
    for (estate, expected) in estates {
        fs::write(folder.path().join("estate.toml"), estate).unwrap();
        let args = ["judge", "--format", "ndjson", "--estate", "estate.toml", "store.ndjson"];
        let is_decided = !expected.iter().any(|verdict| verdict.ends_with("possible"));
        let judged = rmsight(folder.path(), &args).code(i32::from(!is_decided));
        let judged = super::records(&judged);
        let found: Vec<String> = judged
            .iter()
            .map(|row| {
                format!("{} {}", row["rule"].as_str().unwrap(), row["need"].as_str().unwrap())
            })
            .collect();
        assert_eq!(found, expected, "{estate}");
    }
    // Keys in an HSM: the clients got their certificates after the denial.
    fs::write(folder.path().join("estate.toml"), both(held, held)).unwrap();
    let args = ["judge", "--estate", "estate.toml", "store.ndjson"];
    let text = stdout(&rmsight(folder.path(), &args).success());
    for said in [
        "Read-only since 2016-05-01T00:00:00Z",
        "        2  M24  A client got a certificate",
        "        0  M26  The server itself",
        "The last right to publish of any client certificate seen ends at 2016-06-29T07:12:00Z.",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn lines_are_appended_in_the_encoding_of_the_estate_file() {
    let theirs = LicenseBuilder::client(&Server::branch(), &Client::windows()).build();
    let folder = folder(&[("ours.xml", &license()), ("theirs.xml", &theirs)]);
    let (lines, _) = told(&folder, &["learn", "--as", "own", "--name", "Ours", "ours.xml"], 0);
    // As `>` of Windows PowerShell 5.1 writes it.
    let text = format!("\u{feff}{}", lines.replace('\n', "\r\n"));
    let bytes: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = folder.path().join("estate.toml");
    fs::write(&file, bytes).unwrap();
    let args = ["learn", "--as", "foreign", "--name", "Partner", "--into", "estate.toml"];
    told(&folder, &[&args[..], &["theirs.xml"]].concat(), 0);
    let units: Vec<u16> = fs::read(&file)
        .unwrap()
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]))
        .collect();
    let text = String::from_utf16(&units).unwrap();
    let estate = filled(text.trim_start_matches('\u{feff}'));
    let expected = [Server::contoso(), Server::branch()].map(|server| server.key.fingerprint());
    assert_eq!(keys(&estate), expected);
}

#[test]
fn a_self_consistent_license_is_not_proven() {
    let mut forger = Server::azure();
    forger.key = Server::forger().key;
    let forged = LicenseBuilder::server(&forger).build();
    let mut cluster = Server::contoso();
    cluster.key = Server::forger().key;
    let beside = LicenseBuilder::client(&cluster, &Client::windows()).build();
    let folder = folder(&[("forged.xml", &forged), ("beside.xml", &beside)]);
    let estate = authority("Tenant", "azure-rms", &[(Server::azure().key, "")])
        + &authority("Ours", "ad-rms", &[(Server::contoso().key, "status = \"active\"")]);
    let id = |server: Server| format!("slc_id = \"{}\"", server.id.trim_matches(['{', '}']));
    let with_ids = authority("Tenant", "azure-rms", &[(Server::azure().key, &id(Server::azure()))])
        + &authority(
            "Ours",
            "ad-rms",
            &[(Server::contoso().key, &(id(Server::contoso()) + "\nstatus = \"active\""))],
        );
    for estate in [String::new(), estate, with_ids] {
        fs::write(folder.path().join("estate.toml"), &estate).unwrap();
        let has_ids = estate.contains("slc_id");
        let args = ["--verify", "--estate", "estate.toml", "forged.xml", "beside.xml"];
        let (records, _) = scan(folder.path(), &args);
        assert_eq!(records.len(), 2);
        for record in records {
            assert_ne!(record["confidence"], "high", "{record}");
            assert_eq!(record["key_match"], if has_ids { "id" } else { "none" }, "{record}");
        }
    }
}

#[test]
fn a_key_is_described_as_in_most_files() {
    let mut renamed = Server::contoso();
    renamed.name = Some("AAA".into());
    renamed.address = Some("https://aaa.contoso.com/_wmcs".into());
    let server = |server: &Server| LicenseBuilder::server(server).build();
    let (usual, rare) = (server(&Server::contoso()), server(&renamed));
    let folder = folder(&[("a.xml", &rare), ("b.xml", &usual), ("c.xml", &usual)]);
    for jobs in ["1", "3"] {
        let text = stdout(&rmsight(folder.path(), &["scan", "-j", jobs, "."]).success());
        assert!(text.contains("3 findings: CONTOSO-RMS, https://rms.contoso.com"), "{text}");
        assert!(!text.contains("AAA"), "{text}");
        assert_eq!(text.matches("[[authority.key]]").count(), 1, "{text}");
    }
}

#[test]
fn unsigned_certificates_do_not_extend_the_last_right_to_publish() {
    let genuine = license();
    let text = String::from_utf8(genuine.clone()).unwrap();
    // The certificate contains another time than the signed one.
    let forged = text.replace("<UNTIL>2016-06-29", "<UNTIL>2046-06-29");
    assert_ne!(text, forged);
    let folder = folder(&[("a.xml", &genuine), ("b.xml", forged.as_bytes())]);
    let held = "status = \"read-only\"\nsince = 2016-05-01";
    let estate = authority("Ours", "ad-rms", &[(Server::contoso().key, held)]);
    fs::write(folder.path().join("estate.toml"), estate).unwrap();
    let ends = "seen ends at 2016-06-29T07:12:00Z.";
    let claims = "claim a right until 2046-06-29T07:12:00Z: scan with --verify";
    for (args, proven, claimed) in [
        (&["a.xml", "b.xml"][..], true, false),
        (&["--no-verify", "a.xml", "b.xml"], false, true),
        (&["b.xml"], false, false),
    ] {
        let args = [&["scan", "--estate", "estate.toml"], args].concat();
        let text = stdout(&rmsight(folder.path(), &args).success());
        assert_eq!(text.contains(ends), proven, "{text}");
        assert_eq!(text.contains(claims), claimed, "{text}");
    }
    let scan = ["scan", "-i", "estate.db", "--quiet", "--no-verify", "a.xml", "b.xml"];
    rmsight(folder.path(), &scan).success();
    let report = ["report", "estate.db", "--estate", "estate.toml"];
    let text = stdout(&rmsight(folder.path(), &report).success());
    assert!(text.contains("unverified certificates claim until 2046-06-29"), "{text}");
}
