//! Signatures of licenses, and the chain of certificates to the key.

use proptest::prelude::*;
use rmsight::{Inspector, KeyLink, Limits, Signature};
use rmsight_specimen::{
    Client, Documents, KeyPair, LicenseBuilder, Mode, Server, Signing, client_certificate, keys,
    server_certificate, signed_document, template,
};

use crate::license::inspect;

fn read(bytes: &[u8]) -> (Signature, KeyLink) {
    let finding = inspect(bytes);
    let license = finding.facts().license.as_deref().expect("a publishing license");
    (license.signature, license.link)
}

fn client() -> LicenseBuilder {
    LicenseBuilder::client(&Server::contoso(), &Client::windows())
}

#[test]
fn signature_and_key_link_of_each_license_form() {
    use Documents::*;
    let server = || LicenseBuilder::server(&Server::azure());
    let legacy = || LicenseBuilder::client(&Server::contoso_legacy(), &Client::windows());
    let branch = || LicenseBuilder::client(&Server::branch(), &Client::windows());
    let forged = || LicenseBuilder::client(&Server::forger(), &Client::windows());
    let certificate = client_certificate(&Server::contoso(), &Client::windows());
    let cases: Vec<(&str, LicenseBuilder, Signature, KeyLink)> = vec![
        ("eight", client().documents(Eight), Signature::Valid, KeyLink::Linked),
        ("six", client().documents(Six), Signature::Valid, KeyLink::Linked),
        ("two", client().documents(Two), Signature::Valid, KeyLink::Linked),
        ("mode one", legacy().documents(Eight), Signature::Valid, KeyLink::Linked),
        ("licensing-only", branch().documents(Six), Signature::Valid, KeyLink::Linked),
        ("no certificate", client().documents(One), Signature::Valid, KeyLink::Unanchored),
        ("server", server(), Signature::Valid, KeyLink::Own),
        ("server, chain", server().documents(Six), Signature::Valid, KeyLink::Linked),
        (
            "server, client certificate",
            server().followed_by(&certificate),
            Signature::Valid,
            KeyLink::Own,
        ),
        ("reflowed", client().reflowed(), Signature::Reflowed, KeyLink::Linked),
        ("unsigned", client().signing(Signing::Absent), Signature::Unsigned, KeyLink::Unanchored),
        ("tampered", client().signing(Signing::Tampered), Signature::Invalid, KeyLink::Broken),
        ("mismatched", client().signing(Signing::Mismatched), Signature::Invalid, KeyLink::Broken),
        (
            "unknown algorithm",
            client().signing(Signing::Unknown),
            Signature::Unsupported,
            KeyLink::Unanchored,
        ),
        (
            "key of another server",
            forged().principal(&Server::contoso()),
            Signature::Valid,
            KeyLink::Broken,
        ),
        (
            "key of another server, issued by a server",
            LicenseBuilder::server(&Server::forger()).principal(&Server::contoso()),
            Signature::Valid,
            KeyLink::Unanchored,
        ),
        (
            "server, before its certificate",
            server().documents(Six).issued("1999-01-01T00:00"),
            Signature::Valid,
            KeyLink::Broken,
        ),
    ];
    for (name, builder, signature, link) in cases {
        assert_eq!(read(&builder.build()), (signature, link), "{name}");
    }
}

#[test]
fn license_issued_outside_certificate_validity_is_broken() {
    // The certificate is valid from 2016-05-29T07:12 (included) to 2016-06-29T07:12 (excluded).
    let cases = [
        ("2016-05-29T07:11", KeyLink::Broken),
        ("2016-05-29T07:12", KeyLink::Linked),
        ("2016-06-29T07:11", KeyLink::Linked),
        ("2016-06-29T07:12", KeyLink::Broken),
        ("1999-01-01T00:00", KeyLink::Broken),
        ("once upon a time", KeyLink::Broken),
    ];
    for (issued, link) in cases {
        let found = read(&client().documents(Documents::Two).issued(issued).build());
        assert_eq!(found, (Signature::Valid, link), "{issued}");
    }
}

/// Replaces `old` with `new` in the BODY of a document and signs it again.
fn resigned(document: &str, key: &KeyPair, mode: Mode, old: &str, new: &str) -> String {
    let start = document.find("<BODY").unwrap();
    let end = document.find("</BODY>").unwrap() + "</BODY>".len();
    let body = &document[start..end];
    assert!(body.contains(old), "{old}");
    signed_document(&body.replace(old, new), key, mode)
}

/// Reads the license followed by `documents`.
fn with(documents: &[&str]) -> (Signature, KeyLink) {
    let license = client().documents(Documents::One).text();
    read((license + &documents.concat()).as_bytes())
}

/// Returns the certificate of the client, followed by those of its issuers.
fn certificates() -> Vec<String> {
    let all = client_certificate(&Server::contoso(), &Client::windows());
    all.split_inclusive("</XrML>").map(str::to_owned).collect()
}

/// Returns the certificate of the client with a change, signed again by the server.
fn clc(old: &str, new: &str) -> String {
    resigned(&certificates()[0], &keys::CONTOSO, Mode::Two, old, new)
}

#[test]
fn client_certificate_must_match_license() {
    let cases = [
        ("unchanged", "ISSUEDTIME", "ISSUEDTIME", KeyLink::Linked),
        ("without the right to issue", "name=\"ISSUE\"", "name=\"VIEW\"", KeyLink::Broken),
        ("without a time", "RANGETIME", "ANYTIME", KeyLink::Linked),
        ("unreadable time", "<FROM>2016", "<FROM>MMXVI", KeyLink::Broken),
        ("another id of the server", "{5f0c2c3a", "{5f0c2c3b", KeyLink::Broken),
        ("id in upper case", "{5f0c2c3a", "{5F0C2C3A", KeyLink::Linked),
        ("no client certificate", "Client-Licensor-Certificate", "Other", KeyLink::Unanchored),
        ("no certificate", "type=\"LICENSE\"", "type=\"Other\"", KeyLink::Unanchored),
    ];
    for (name, old, new, link) in cases {
        assert_eq!(with(&[&clc(old, new)]), (Signature::Valid, link), "{name}");
    }
    // Issued before the certificate of the server.
    let early = clc("<ISSUEDTIME>2016", "<ISSUEDTIME>1999");
    assert_eq!(with(&[&early]).1, KeyLink::Linked);
    assert_eq!(with(&[&early, &certificates()[1]]).1, KeyLink::Broken);
}

#[test]
fn one_matching_client_certificate_of_two_is_enough() {
    let good = &certificates()[0];
    let ended = &clc("<UNTIL>2016-06", "<UNTIL>2016-05");
    let elsewhere = &clc("{5f0c2c3a", "{5f0c2c3b");
    for other in [ended, elsewhere, good] {
        assert_eq!(with(&[good, other]).1, KeyLink::Linked);
        assert_eq!(with(&[other, good]).1, KeyLink::Linked);
    }
    assert_eq!(with(&[ended, elsewhere]).1, KeyLink::Broken);
    // The facts describe the certificate that matches.
    let license = client().documents(Documents::One).text();
    let facts = inspect((license + ended + good).as_bytes());
    let until = facts.facts().license.as_ref().unwrap().clc_until.unwrap();
    assert_eq!(until.to_string(), "2016-06-29T07:12:00Z");
}

#[test]
fn change_in_any_document_breaks_the_link() {
    let all = certificates();
    for index in 0..all.len() {
        let mut changed = all.clone();
        changed[index] = changed[index].replacen("<ISSUEDTIME>20", "<ISSUEDTIME>19", 1);
        let changed: Vec<&str> = changed.iter().map(String::as_str).collect();
        assert_eq!(with(&changed), (Signature::Valid, KeyLink::Broken), "{index}");
    }
    // The license of the owner is not part of the chain to the key.
    let eight = client().documents(Documents::Eight).text();
    let owner = eight.find("OWNER\"").unwrap();
    let changed = format!("{}READER{}", &eight[..owner], &eight[owner + 5..]);
    assert_eq!(read(changed.as_bytes()), (Signature::Valid, KeyLink::Broken));
}

#[test]
fn unverifiable_certificate_leaves_license_unanchored() {
    let good = &certificates()[0];
    let end = good.find("<SIGNATURE>").unwrap();
    // Each certificate contains the modulus of the server, but no signature of the server.
    let forged = [
        format!("{}</XrML>", &good[..end]),
        good.replace("SHA256", "SHA512"),
        good.replace("PKCS#1-V1.5", "PSS"),
        good.replacen(">65537<", ">1<", 1).replacen("AAD", "AAE", 1),
    ];
    for clc in &forged {
        assert_eq!(with(&[clc]), (Signature::Valid, KeyLink::Unanchored));
    }
    let slc = certificates()[1].replace("SHA256", "SHA512");
    assert_eq!(with(&[good, &slc]).1, KeyLink::Unanchored);
}

#[test]
fn unsigned_second_body_is_ignored() {
    // The server signs templates, and a template names no principal. A forger can add one in a
    // second BODY to look like a client of that server.
    let template = template(&Server::contoso(), "{0f1e2d3c-4b5a-4968-8778-695a4b3c2d1e}", &[]);
    let clc = &certificates()[0];
    // No such document is known, but a server could sign it.
    let issuer = between(clc, "<ISSUER>", "</ISSUER>");
    let bare = format!("<BODY type=\"LICENSE\"><ISSUER>{issuer}</ISSUER></BODY>");
    let bare = signed_document(&bare, &keys::CONTOSO, Mode::Two);
    let body = &clc[clc.find("<BODY").unwrap()..clc.find("</BODY>").unwrap() + 7];
    let claimed = body.replace("type=\"LICENSE\"", "type=\"Microsoft Official Rights Template\"");
    for added in [body, claimed.as_str()] {
        for genuine in [&template, &bare] {
            for forged in [
                genuine.replace("<SIGNATURE>", &format!("{added}<SIGNATURE>")),
                genuine.replace("</SIGNATURE>", &format!("</SIGNATURE>{added}")),
            ] {
                assert_eq!(with(&[&forged]).1, KeyLink::Unanchored);
            }
        }
    }
}

/// Returns the text between the first `open` and the next `close`.
fn between<'t>(text: &'t str, open: &str, close: &str) -> &'t str {
    let start = text.find(open).unwrap() + open.len();
    &text[start..start + text[start..].find(close).unwrap()]
}

#[test]
fn unusual_keys_and_signature_values_are_classified() {
    use Signature::*;
    let whole = LicenseBuilder::server(&Server::azure()).text();
    let modulus = between(&whole, "<VALUE encoding=\"base64\" size=\"2048\">", "</VALUE>");
    let key = &keys::AZURE;
    let changed = |old: &str, new: &str| resigned(&whole, key, Mode::Two, old, new).into_bytes();
    let replaced = |old: &str, new: &str| {
        assert!(whole.contains(old), "{old}");
        whole.replace(old, new).into_bytes()
    };
    let sized = |key: &'static KeyPair, mode: Mode| {
        let mut server = Server::azure();
        (server.key, server.mode) = (key, mode);
        LicenseBuilder::server(&server).build()
    };
    let letters = |bytes: usize| "/".repeat(bytes / 3 * 4) + "/w==";
    let digest = between(&whole, "<VALUE encoding=\"base64\" size=\"256\">", "</VALUE>");
    let end = whole.find("</SIGNATURE>").unwrap();
    let value = between(&whole[whole[..end].rfind("<VALUE").unwrap()..], ">", "</VALUE>");
    let exponent = |text: &str| changed(">65537<", &format!(">{text}<"));
    let cases = [
        ("1024 bits", sized(&keys::IMPORTED, Mode::One), Valid, KeyLink::Own),
        ("1024 bits, SHA-256", sized(&keys::IMPORTED, Mode::Two), Valid, KeyLink::Own),
        ("2048 bits, SHA-1", sized(&keys::AZURE, Mode::One), Valid, KeyLink::Own),
        ("4096 bits", sized(&keys::LARGE, Mode::Two), Valid, KeyLink::Own),
        ("16384 bits", changed(modulus, &letters(2046)), Unsupported, KeyLink::Unanchored),
        ("512 bits", changed(modulus, &letters(63)), Unsupported, KeyLink::Unanchored),
        ("6 Mbit", changed(modulus, &letters(1 << 20)), Unsupported, KeyLink::Unanchored),
        ("one", changed(modulus, "AQ=="), Unsupported, KeyLink::Unanchored),
        ("zero", changed(modulus, "AAAA"), Unsupported, KeyLink::Unanchored),
        ("modulus that is no base64", changed(modulus, "!"), Unsupported, KeyLink::Unanchored),
        ("no modulus", changed(modulus, ""), Invalid, KeyLink::Broken),
        ("blank modulus", changed(modulus, " "), Invalid, KeyLink::Broken),
        ("no key", changed("PUBLICKEY", "NOKEY"), Invalid, KeyLink::Broken),
        ("exponent 1", exponent("1"), Unsupported, KeyLink::Unanchored),
        ("exponent 3", exponent("3"), Unsupported, KeyLink::Unanchored),
        ("exponent 2^32 + 1", exponent("4294967297"), Unsupported, KeyLink::Unanchored),
        ("exponent 65536", exponent("65536"), Unsupported, KeyLink::Unanchored),
        ("exponent -1", exponent("-1"), Unsupported, KeyLink::Unanchored),
        ("no exponent", exponent(""), Unsupported, KeyLink::Unanchored),
        ("no digest", replaced(digest, ""), Invalid, KeyLink::Broken),
        ("short digest", replaced(digest, "AAAA"), Invalid, KeyLink::Broken),
        ("no digest at all", replaced("DIGEST", "NODIGEST"), Unsupported, KeyLink::Unanchored),
        ("no signature value", replaced(value, ""), Invalid, KeyLink::Broken),
        ("short signature", replaced(value, "AAAA"), Invalid, KeyLink::Broken),
        ("signature that is no base64", replaced(value, "!"), Invalid, KeyLink::Broken),
        ("SHA-256", replaced("SHA256", "SHA-256"), Valid, KeyLink::Own),
        ("sha256", replaced("SHA256", " sha256\n"), Valid, KeyLink::Own),
        ("MD5", replaced("SHA256", "MD5"), Unsupported, KeyLink::Unanchored),
        ("SHA-1 over SHA-256", replaced("SHA256", "SHA-1"), Invalid, KeyLink::Broken),
        ("no scheme", replaced("RSA PKCS#1-V1.5", ""), Valid, KeyLink::Own),
        ("other scheme", replaced("RSA PKCS#1-V1.5", "RSA-PSS"), Unsupported, KeyLink::Unanchored),
        ("empty signature", replaced("SIGNATURE>", "SIGNATUR>"), Unsigned, KeyLink::Unanchored),
    ];
    for (name, bytes, signature, link) in cases {
        assert_eq!(read(&bytes), (signature, link), "{name}");
    }
    let legacy = LicenseBuilder::client(&Server::contoso_legacy(), &Client::windows()).text();
    let spelled = legacy.replace("SHA1", "SHA-1");
    assert_eq!(read(spelled.as_bytes()), (Valid, KeyLink::Linked));
}

/// Adds leading zero bits to a little-endian modulus, which means zero bytes at its end.
fn padded(modulus: &str) -> String {
    // 256 bytes of base64 end with two letters and `==`. Further zero bytes fill the group.
    let stem = modulus.strip_suffix("==").unwrap();
    assert!(stem.ends_with(['A', 'Q', 'g', 'w']), "no stray bits");
    format!("{stem}AAAAAA")
}

#[test]
fn modulus_with_leading_zeros_is_the_same_key() {
    let modulus_of = |text: &str| {
        between(text, "<VALUE encoding=\"base64\" size=\"2048\">", "</VALUE>").to_owned()
    };
    let azure = LicenseBuilder::server(&Server::azure()).text();
    let modulus = modulus_of(&azure);
    let bytes = resigned(&azure, &keys::AZURE, Mode::Two, &modulus, &padded(&modulus));
    assert_eq!(read(bytes.as_bytes()), (Signature::Valid, KeyLink::Own));
    let key = inspect(bytes.as_bytes()).facts().slc_key().map(str::to_owned);
    assert_eq!(key, Some(keys::AZURE.fingerprint()));
    // Only one document of the chain has the padded form.
    let modulus = modulus_of(&certificates()[1]);
    let server = modulus_of(between(&certificates()[1], "<ISSUEDPRINCIPALS>", "</BODY>"));
    assert_ne!(modulus, server);
    assert_eq!(with(&[&clc(&server, &padded(&server))]), (Signature::Valid, KeyLink::Linked));
}

#[test]
fn forged_license_never_proves_a_key() {
    let mut azure = Server::azure();
    azure.key = &keys::FORGER;
    let victims = [Server::contoso(), Server::azure(), Server::contoso_legacy()];
    for forger in [Server::forger(), azure] {
        for documents in [Documents::One, Documents::Two, Documents::Six, Documents::Eight] {
            for victim in &victims {
                let client = LicenseBuilder::client(&forger, &Client::windows());
                let server = LicenseBuilder::server(&forger);
                let genuine = server_certificate(victim);
                for builder in [client, server] {
                    let forged = builder.principal(victim).documents(documents);
                    for appended in ["", genuine.as_str()] {
                        let (_, link) = read(&forged.clone().followed_by(appended).build());
                        assert!(matches!(link, KeyLink::Unanchored | KeyLink::Broken), "{link}");
                    }
                }
            }
        }
    }
}

#[test]
fn certificate_cache_does_not_change_reports() {
    let good = client().documents(Documents::Eight).build();
    let bad = client().signing(Signing::Tampered).build();
    let ended = client().documents(Documents::Eight).issued("2016-06-29T07:12").build();
    let files = [&good, &bad, &ended, &good, &good[..good.len() - 3].to_vec(), &ended];
    // These budgets end before, during and after the verification of signatures.
    for steps in [200_000, 350_000, 600_000, 900_000, 1 << 28] {
        let limits = || {
            let mut limits = Limits::default();
            assert!(limits.set("steps", steps));
            limits
        };
        let inspector = || Inspector::builder().verify(true).limits(limits()).build();
        let mut warm = inspector();
        for file in files {
            for _ in 0..2 {
                assert_eq!(warm.inspect_bytes(file), inspector().inspect_bytes(file), "{steps}");
            }
        }
    }
}

/// Returns the ranges in which a changed bit must be detected: `BODY`, issuer modulus, digest and
/// signature of each document.
fn signed_runs(text: &str) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("<BODY") {
        let start = at + found;
        let end = start + text[start..].find("</XrML>").unwrap();
        let document = &text[start..end];
        let run = |open: &str, close: &str, from: usize| {
            let first = from + document[from..].find(open).unwrap() + open.len();
            start + first..start + first + document[first..].find(close).unwrap()
        };
        runs.push(run("<BODY", "</BODY>", 0));
        let issuer = document.find("<ISSUER>").unwrap();
        let modulus = run("<VALUE encoding=\"base64\" size=\"2048\">", "</VALUE>", issuer);
        runs.push(modulus);
        let signature = document.find("<SIGNATURE>").unwrap();
        runs.push(run("<VALUE encoding=\"base64\" size=\"256\">", "</VALUE>", signature));
        let value = run("<VALUE encoding=\"base64\" size=\"2048\">", "</VALUE>", signature);
        runs.push(value);
        at = end;
    }
    runs
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]
    #[test]
    fn flipped_bit_is_detected(
        is_whole: bool, which in 0usize..32, position in 0.0f64..1.0, bit in 0u8..7,
    ) {
        let documents = if is_whole { Documents::Eight } else { Documents::Two };
        let mut bytes = client().documents(documents).build();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let runs = signed_runs(&text);
        prop_assert_eq!(runs.len(), if is_whole { 32 } else { 8 });
        let which = which % runs.len();
        let run = runs[which].clone();
        // The last letters of base64 may contain unused bits.
        let len = run.len().saturating_sub(3) as f64;
        let at = run.start + (len * position) as usize;
        bytes[at] ^= 1 << bit;
        let finding = inspect(&bytes);
        let found = finding.facts().license.as_deref().map(|it| (it.signature, it.link));
        if which < 4 {
            let signature = found.map(|(signature, _)| signature);
            prop_assert!(!matches!(signature, Some(Signature::Valid | Signature::Reflowed)));
        }
        prop_assert!(!matches!(found, Some((_, KeyLink::Linked | KeyLink::Own))), "{:?}", found);
    }
}
