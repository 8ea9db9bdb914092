//! The output of `inspect` and `license`: certificates, evidence, and the license.

use std::fs;

use rmsight_specimen::{
    Attachment, Documents, IrmDocument, IrmKind, LicenseBuilder, Method, Server, Zip, eml,
    server_certificate,
};
use serde_json::Value;

use super::{folder, license, records, rmsight, scan, stderr, stdout};

#[test]
fn inspect_writes_json() {
    let document = IrmDocument::new(IrmKind::Word, license()).build();
    let folder = folder(&[("offer.docx", &document)]);
    let done = rmsight(folder.path(), &["inspect", "--json", "offer.docx"]).success();
    let page = &records(&done)[0];
    let (scanned, _) =
        scan(folder.path(), &["--verify", "--labels", "--fingerprint", "offer.docx"]);
    for (column, value) in scanned[0].as_object().unwrap() {
        assert_eq!(&page[column], value, "{column}");
    }
    assert_eq!(page["verdict"]["rule"], page["rule"]);
    assert!(page["verdict"]["settled_by"].as_str().unwrap().contains("Declare this key"));
    let chain = page["chain"].as_array().unwrap();
    assert_eq!(chain.len(), page["chain_length"].as_u64().unwrap() as usize);
    // Issuers precede the certificates that they issued.
    let numbers: Vec<&Value> = chain.iter().map(|node| &node["number"]).collect();
    for (at, node) in chain.iter().enumerate() {
        assert_eq!(node["signature"], "valid");
        match node["issued_by"].as_u64() {
            None => assert_eq!((at, &node["link"]), (0, &"end".into())),
            Some(by) => {
                let above = numbers.iter().position(|number| **number == by).unwrap();
                assert!(above < at && node["link"] == "good", "{node}");
                assert_eq!(chain[above]["principal"]["key"], node["issuer"]["key"]);
            }
        }
    }
    let text = stdout(&rmsight(folder.path(), &["inspect", "offer.docx"]).success());
    assert!(text.contains("link       good: certificate 2 is of its issuer"), "{text}");
    rmsight(folder.path(), &["inspect", "--json", "--format", "csv", "offer.docx"]).code(2);
}

#[test]
fn evidence_is_located_at_its_offsets() {
    let document = IrmDocument::new(IrmKind::Word, license()).build();
    let mut wide = b"\xFF\xFE".to_vec();
    wide.extend(String::from_utf8(license()).unwrap().encode_utf16().flat_map(u16::to_le_bytes));
    let folder = folder(&[("offer.docx", &document), ("wide.xml", &wide)]);
    for (name, bytes) in [("offer.docx", &document), ("wide.xml", &wide)] {
        let done = rmsight(folder.path(), &["inspect", "--json", name]).success();
        let raw = rmsight(folder.path(), &["license", "--raw", name]).success();
        let raw = raw.get_output().stdout.clone();
        let page = &records(&done)[0];
        let at = |evidence: &Value, name: &str| evidence[name].as_u64().unwrap() as usize;
        let mut seen = 0;
        for one in page["evidence"].as_array().unwrap() {
            let value = one["value"].as_str().unwrap();
            if one["stream"].is_null() || value.starts_with("sha256:") {
                continue;
            }
            let length = at(one, "length");
            let in_file = &bytes[at(one, "offset")..][..length];
            assert_eq!(in_file, &raw[at(one, "stream_offset")..][..length], "{name} {one}");
            let said: String =
                in_file.iter().filter(|byte| **byte != 0).map(|byte| char::from(*byte)).collect();
            assert_eq!(said, value, "{name}");
            seen += 1;
        }
        assert!(seen > 8, "{name}: {seen}");
    }
}

#[test]
fn a_circle_of_certificates_ends() {
    let all = server_certificate(&Server::contoso());
    let one = &all[..all.find("</XrML>").unwrap() + "</XrML>".len()];
    let moduli: Vec<&str> = one
        .split("<VALUE encoding=\"base64\" size=\"2048\">")
        .skip(1)
        .map(|rest| &rest[..rest.find('<').unwrap()])
        .collect();
    let other = one.replace(moduli[0], "?").replace(moduli[1], moduli[0]).replace('?', moduli[1]);
    let alone = LicenseBuilder::server(&Server::contoso()).documents(Documents::One).text();
    let folder = folder(&[("circle.xml", format!("{alone}{one}{other}").as_bytes())]);
    let done = rmsight(folder.path(), &["inspect", "--json", "circle.xml"]);
    let page = &records(&done)[0];
    let mut numbers: Vec<u64> =
        page["chain"].as_array().unwrap().iter().map(|n| n["number"].as_u64().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2, 3]);
}

#[test]
fn license_prints_the_raw_license() {
    let document = IrmDocument::new(IrmKind::Word, license()).build();
    let mut mail = b"From: a@example.com\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        .to_vec();
    for name in ["a", "b"] {
        mail.extend(
            format!("--b\r\nContent-Disposition: attachment; filename={name}.xml\r\n\r\n").bytes(),
        );
        mail.extend(license());
        mail.extend(b"\r\n");
    }
    mail.extend(b"--b--\r\n");
    let folder = folder(&[("offer.docx", &document), ("mail.eml", &mail), ("plain.txt", b"hello")]);
    let dir = folder.path();
    let raw = rmsight(dir, &["license", "--raw", "offer.docx"]).success();
    assert_eq!(raw.get_output().stdout, license());
    let verified = |args: &[&str]| {
        let text = stdout(&rmsight(dir, &[&["license"], args].concat()).success());
        let plain: String =
            text.split_inclusive('\n').filter(|line| !line.starts_with("<!--")).collect();
        fs::write(dir.join("out.xml"), plain).unwrap();
        let (records, _) = scan(dir, &["--verify", "out.xml"]);
        let cell = |name: &str| records[0][name].as_str().unwrap().to_owned();
        (cell("signature"), cell("link"), records[0]["chain_length"].as_u64().unwrap())
    };
    let (signature, link, length) = verified(&["--certificates", "offer.docx"]);
    assert_eq!((signature.as_str(), link.as_str()), ("valid", "linked"));
    // Only white space between tags was added.
    assert_eq!(verified(&["offer.docx"]), ("reflowed".to_owned(), link, length));
    assert_eq!(verified(&["--xml", "offer.docx"]).0, "reflowed");
    // With several licenses, raw output requires a choice.
    let said = stderr(&rmsight(dir, &["license", "--raw", "mail.eml"]).code(2));
    assert!(said.contains("it has 2 licenses; choose one with --member: a.xml, b.xml"), "{said}");
    let one = rmsight(dir, &["license", "--raw", "mail.eml", "--member", "b.xml"]).success();
    assert_eq!(stdout(&one).trim_end().as_bytes(), license().trim_ascii_end());
    for (args, code) in [
        (&["license", "plain.txt"][..], 1),
        (&["license", "missing"], 2),
        (&["license", "--raw", "mail.eml", "--member", "c"], 1),
        (&["license", "--raw", "--xml", "offer.docx"], 2),
    ] {
        let done = rmsight(dir, args).code(code);
        assert!(stdout(&done).is_empty() && !stderr(&done).is_empty(), "{args:?}");
    }
}

#[test]
fn inspect_shows_the_findings_about_one_member() {
    let document = IrmDocument::new(IrmKind::Word, license()).build();
    let mail = eml(&[], &[Attachment::new("inner.docx", document.clone())]);
    let zip = Zip::new()
        .member("a.docx", document.clone(), Method::Deflated)
        .member("mail.eml", mail, Method::Deflated)
        .member("plain.txt", b"hello".to_vec(), Method::Stored)
        .build();
    let folder = folder(&[("all.zip", &zip), ("odd!/b.docx", &document)]);
    let dir = folder.path();
    let members = |args: &[&str]| -> Vec<String> {
        let args = [&["inspect", "--format", "ndjson"], args].concat();
        let records = records(&rmsight(dir, &args).success());
        records.iter().map(|it| it["member"].as_str().unwrap_or("-").to_owned()).collect()
    };
    assert_eq!(members(&["all.zip!/a.docx"]), ["a.docx"]);
    assert_eq!(members(&["all.zip!/mail.eml"]), ["mail.eml!/inner.docx"]);
    assert_eq!(members(&["all.zip!/mail.eml!/inner.docx"]), ["mail.eml!/inner.docx"]);
    assert_eq!(members(&["all.zip", "--member", "a.docx"]), ["a.docx"]);
    assert_eq!(members(&["odd!/b.docx"]), ["-"]);
    let text = stdout(&rmsight(dir, &["inspect", "all.zip!/a.docx"]).success());
    assert!(text.starts_with("all.zip!/a.docx\n"), "{text}");
    // A member without a finding may be missing or unprotected.
    for name in ["all.zip!/b.docx", "all.zip!/plain.txt", "all.zip!/mail"] {
        let done = rmsight(dir, &["inspect", name]).code(2);
        let said = stderr(&done);
        assert!(said.contains("all.zip: no finding is about the member"), "{said}");
        assert!(stdout(&done).is_empty());
    }
    assert!(stderr(&rmsight(dir, &["inspect", "all.zip!/b.docx"])).contains("nearest: a.docx"));
    let said = stderr(&rmsight(dir, &["inspect", "no.zip!/a.docx"]).code(2));
    assert!(said.contains("no.zip!/a.docx"), "{said}");
    fs::create_dir(dir.join("all.zip!")).unwrap();
    fs::write(dir.join("all.zip!/a.docx"), &document).unwrap();
    let said = stderr(&rmsight(dir, &["inspect", "all.zip!/a.docx"]).code(2));
    assert!(said.contains("--member"), "{said}");
}
