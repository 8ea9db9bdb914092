//! Signatures and where they lead.

use proptest::prelude::*;
use rmsight::specimen::{Client, Documents, LicenseBuilder, Server, Signing};
use rmsight::{Link, Signature};

use crate::license::inspect;

fn read(bytes: &[u8]) -> (Signature, Link) {
    let finding = inspect(bytes);
    let license = finding.facts().license.as_deref().expect("a publishing license");
    (license.signature, license.link)
}

fn client() -> LicenseBuilder {
    LicenseBuilder::client(&Server::contoso(), &Client::windows())
}

#[test]
fn what_is_signed_and_how_it_leads_to_the_key() {
    use Documents::*;
    let server = || LicenseBuilder::server(&Server::azure());
    let legacy = || LicenseBuilder::client(&Server::contoso_legacy(), &Client::windows());
    let cases: Vec<(&str, LicenseBuilder, Signature, Link)> = vec![
        ("eight", client().documents(Eight), Signature::Valid, Link::Linked),
        ("six", client().documents(Six), Signature::Valid, Link::Linked),
        ("two", client().documents(Two), Signature::Valid, Link::Linked),
        ("mode one", legacy().documents(Eight), Signature::Valid, Link::Linked),
        ("no certificate", client().documents(One), Signature::Valid, Link::Unanchored),
        ("server", server(), Signature::Valid, Link::Own),
        ("reflowed", client().reflowed(), Signature::Reflowed, Link::Linked),
        ("unsigned", client().signing(Signing::Absent), Signature::Unsigned, Link::Unanchored),
        ("tampered", client().signing(Signing::Tampered), Signature::Invalid, Link::Broken),
        ("mismatched", client().signing(Signing::Mismatched), Signature::Invalid, Link::Broken),
        (
            "unknown algorithm",
            client().signing(Signing::Unknown),
            Signature::Unsupported,
            Link::Unanchored,
        ),
        (
            "somebody else's key",
            LicenseBuilder::client(&Server::forger(), &Client::windows())
                .principal(&Server::contoso()),
            Signature::Valid,
            Link::Broken,
        ),
        (
            "somebody else's key, by a server",
            LicenseBuilder::server(&Server::forger()).principal(&Server::contoso()),
            Signature::Valid,
            Link::Unanchored,
        ),
        (
            "before the certificate",
            client().issued("1999-01-01T00:00"),
            Signature::Valid,
            Link::Broken,
        ),
    ];
    for (name, builder, signature, link) in cases {
        assert_eq!(read(&builder.build()), (signature, link), "{name}");
    }
}

/// `BODY`, digest, signature and modulus: the runs of text in which every bit counts.
fn signed_runs(text: &str) -> Vec<std::ops::Range<usize>> {
    let run = |open: &str, close: &str| {
        let start = text.find(open).unwrap() + open.len();
        start..start + text[start..].find(close).unwrap()
    };
    let digest = run("<VALUE encoding=\"base64\" size=\"256\">", "</VALUE>");
    let signature = text.find("</SIGNATURE>").map(|end| {
        let start = text[..end].rfind("size=\"2048\">").unwrap() + 12;
        start..end - "</VALUE>".len()
    });
    vec![run("<BODY", "</BODY>"), digest, signature.unwrap()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]
    #[test]
    fn a_flipped_bit_is_caught(which in 0usize..3, position in 0.0f64..1.0, bit in 0u8..7) {
        let mut bytes = client().documents(Documents::Two).build();
        let text = String::from_utf8(bytes.clone()).unwrap();
        let run = signed_runs(&text)[which].clone();
        // The last letters of base64 may hold bits that mean nothing.
        let len = run.len().saturating_sub(3) as f64;
        let at = run.start + (len * position) as usize;
        bytes[at] ^= 1 << bit;
        let finding = inspect(&bytes);
        let signature = finding.facts().license.as_deref().map(|license| license.signature);
        prop_assert!(!matches!(signature, Some(Signature::Valid | Signature::Reflowed)));
    }
}
