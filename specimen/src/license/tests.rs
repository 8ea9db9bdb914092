//! Checks the built licenses with code that is independent of the builder.

use super::*;
use crate::chain::{server_certificate, template, use_license};
use crate::client::Client;
use crate::server::Server;
use crate::text::Encoding;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use sha2::Digest as _;

/// Returns the text between the first `open` and the next `close`.
fn between<'a>(text: &'a str, open: &str, close: &str) -> &'a str {
    let start = text.find(open).expect(open) + open.len();
    &text[start..start + text[start..].find(close).expect(close)]
}

/// Returns the modulus of the first PUBLICKEY.
fn first_modulus(text: &str) -> &str {
    between(between(text, "\"modulus\">", "</PARAMETER>"), "\">", "</VALUE>")
}

/// Returns whether the signature of a document verifies.
fn verifies(document: &str) -> bool {
    let body = format!("<BODY{}</BODY>", between(document, "<BODY", "</BODY>"));
    let issuer = between(&body, "<ISSUER>", "</ISSUER>");
    let mut modulus = STANDARD.decode(first_modulus(issuer)).unwrap();
    modulus.reverse();
    let key = PublicKey::new(BoxedUint::from_be_slice_vartime(&modulus), 65537_u32.into()).unwrap();
    let signature = between(document, "<SIGNATURE>", "</SIGNATURE>");
    let digest = between(signature, "<DIGEST>", "</DIGEST>");
    let outside = signature.replace(digest, "");
    let value = STANDARD
        .decode(
            between(&outside, "<VALUE encoding=\"base64\" size=\"", "</VALUE>")
                .split_once("\">")
                .unwrap()
                .1,
        )
        .unwrap();
    let surface: Vec<u8> = body.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let (scheme, hash) = if digest.contains("<ALGORITHM>SHA1</ALGORITHM>") {
        (Pkcs1v15Sign::new::<sha1::Sha1>(), sha1::Sha1::digest(&surface).to_vec())
    } else {
        (Pkcs1v15Sign::new::<sha2::Sha256>(), sha2::Sha256::digest(&surface).to_vec())
    };
    let written = STANDARD.encode(&hash);
    digest.contains(&format!(">{written}<")) && key.verify(scheme, &hash, &value).is_ok()
}

fn documents(text: &str) -> Vec<&str> {
    text.split_inclusive("</XrML>").filter(|part| part.contains("<XrML")).collect()
}

#[test]
fn signatures_of_all_documents_verify() {
    let client = Client::windows();
    let mut servers = vec![Server::contoso(), Server::contoso_legacy(), Server::azure()];
    servers.extend([Server::imported(), Server::branch(), Server::forger()]);
    for server in servers {
        let forms =
            [(Documents::One, 1), (Documents::Two, 2), (Documents::Six, 6), (Documents::Eight, 8)];
        for (form, count) in forms {
            let builder = LicenseBuilder::client(&server, &client).documents(form);
            let text = builder.descriptor("{0}", &[(1033, "Größe ☃", "x")]).text();
            let more = usize::from(server.enrolled_by.is_some() && count > 2);
            assert_eq!(documents(&text).len(), count + more);
            assert!(documents(&text).into_iter().all(verifies), "{:?}", server.name);
        }
        let online = LicenseBuilder::server(&server).text();
        assert!(verifies(documents(&online)[0]));
        assert!(verifies(&template(&server, "{0}", &[])));
        assert!(use_license(&server, &client, "2020-01-01T00:00").iter().all(|d| verifies(d)));
        assert!(documents(&server_certificate(&server)).into_iter().all(verifies));
    }
}

#[test]
fn issuer_key_is_the_principal_of_the_next_document() {
    let text = LicenseBuilder::client(&Server::contoso(), &Client::windows())
        .documents(Documents::Six)
        .text();
    let documents = documents(&text);
    let issuers: Vec<&str> = documents
        .iter()
        .map(|document| first_modulus(between(document, "<ISSUER>", "</ISSUER>")))
        .collect();
    let principals: Vec<&str> = documents
        .iter()
        .map(|document| {
            first_modulus(between(document, "<ISSUEDPRINCIPALS>", "</ISSUEDPRINCIPALS>"))
        })
        .collect();
    assert_eq!(issuers[..5], principals[1..], "issuers and principals");
    assert_eq!(principals[0], issuers[1], "the license names the key that issued the CLC");
}

#[test]
fn each_signing_state_has_its_damage() {
    let builder = LicenseBuilder::server(&Server::azure());
    let text = |signing| builder.clone().signing(signing).text();
    for signing in [Signing::Tampered, Signing::Mismatched] {
        assert!(!verifies(documents(&text(signing))[0]), "{signing:?}");
    }
    let mismatched = text(Signing::Mismatched);
    let good = text(Signing::Valid);
    let digest = |text: &str| between(text, "<DIGEST>", "</DIGEST>").to_owned();
    assert_eq!(digest(&mismatched), digest(&good), "only the value differs");
    assert!(!text(Signing::Absent).contains("<SIGNATURE>"));
    assert!(text(Signing::Unknown).contains("RSA-PSS"));
}

#[test]
fn reflowed_license_without_inserted_breaks_is_the_original() {
    let builder = LicenseBuilder::client(&Server::contoso_legacy(), &Client::windows())
        .descriptor("{0}", &[(1033, "A", "b")]);
    let reflowed = builder.clone().reflowed().text();
    assert!(!verifies(documents(&reflowed)[0]));
    let mut joined = String::new();
    for (index, line) in reflowed.split('\n').enumerate() {
        let follows_tag = joined.ends_with('>') && line.trim_start().starts_with('<');
        if index > 0 && !follows_tag {
            joined.push('\n');
        }
        joined += if follows_tag { line.trim_start() } else { line };
    }
    assert_eq!(
        joined.replace("\n</NAME>", "</NAME>"),
        builder.text().replace("\n</NAME>", "</NAME>")
    );
}

#[test]
fn size_is_reached_in_every_encoding() {
    for encoding in Encoding::ALL {
        for size in [36_000, 47_111, 953_000] {
            let license =
                LicenseBuilder::server(&Server::azure()).encoding(encoding).size(size).build();
            assert!((size..size + 8).contains(&license.len()), "{size} {}", license.len());
        }
    }
}

#[test]
fn equal_calls_give_equal_bytes() {
    let build = || LicenseBuilder::client(&Server::imported(), &Client::federation()).build();
    assert_eq!(build(), build());
}
