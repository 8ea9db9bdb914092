//! Cost of verifying whole licenses, compared with the necessary operations.
//!
//! `cargo bench -p rmsight --bench verification` prints microseconds a license, the
//! best of alternating rounds: the bare RSA operations and the bare digests of the signed texts, reading
//! without verification, and reading with it. The last line is the ratio of the last figure to the sum of
//! the others. The certificates that all licenses share are cached, as they are after the first files of a
//! scan. Two signatures of each license of a client are its own: that of the license, and that of the use
//! license of its author. No license is read twice in a round.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]

use std::hint::black_box;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmsight::{Inspector, Signature};
use rmsight_specimen::{Client, Documents, LicenseBuilder, Server};
use rsa::{BoxedUint, Pkcs1v15Sign, PublicKey};
use sha2::{Digest, Sha256};

const LICENSES: usize = 64;

const ROUNDS: usize = 41;

/// License, and the documents in it that no other license contains.
struct License {
    bytes: Vec<u8>,
    own: Vec<Signed>,
}

/// The parts of a signature.
struct Signed {
    key: PublicKey,
    bits: usize,
    signature: Vec<u8>,
    /// The signed text, from `<BODY` to `</BODY>`, in UTF-16LE.
    text: Vec<u8>,
}

/// Returns the text between two delimiters.
fn between<'t>(text: &'t str, before: &str, behind: &str) -> &'t str {
    text.split_once(before).unwrap().1.split_once(behind).unwrap().0
}

fn value(element: &str) -> Vec<u8> {
    let (_, value) = element.rsplit_once("<VALUE").unwrap();
    STANDARD.decode(between(value, ">", "<")).unwrap()
}

/// Returns a license of one client with a unique content id, like each document of a user.
fn license(which: usize) -> Vec<u8> {
    LicenseBuilder::client(&Server::contoso(), &Client::windows())
        .documents(Documents::Eight)
        .size(36_000)
        .content_id(&format!("{{184b0f60-0000-4000-8000-{which:012x}}}"))
        .build()
}

/// Returns the documents of a license.
fn documents(license: &[u8]) -> Vec<&str> {
    std::str::from_utf8(license).unwrap().split_inclusive("</XrML>").collect()
}

fn signed(document: &str) -> Signed {
    let issuer = between(document, "<ISSUER>", "</ISSUER>");
    let modulus = between(issuer, "modulus", "/VALUE>").rsplit_once("<VALUE").unwrap().1;
    let modulus = STANDARD.decode(between(modulus, ">", "<")).unwrap();
    let bits = modulus.len() * 8;
    let modulus = BoxedUint::from_le_slice_vartime(&modulus);
    let key = PublicKey::new(modulus, BoxedUint::from(65_537_u32)).unwrap();
    let signature = value(between(document, "<SIGNATURE>", "</SIGNATURE>"));
    let body = between(document, "<BODY", "</BODY>");
    let text = format!("<BODY{body}</BODY>").encode_utf16().flat_map(u16::to_le_bytes).collect();
    Signed { key, bits, signature, text }
}

fn licenses() -> Vec<License> {
    let other = license(LICENSES);
    let own = |bytes: &[u8]| {
        let shared = documents(&other);
        documents(bytes).into_iter().filter(|one| !shared.contains(one)).map(signed).collect()
    };
    (0..LICENSES).map(license).map(|bytes| License { own: own(&bytes), bytes }).collect()
}

/// Returns the microseconds for one license.
fn timed(licenses: &[License], mut work: impl FnMut(&License)) -> f64 {
    let begin = Instant::now();
    licenses.iter().for_each(|license| work(black_box(license)));
    begin.elapsed().as_secs_f64() * 1e6 / licenses.len() as f64
}

fn main() {
    let licenses = licenses();
    let inspector = |verify| Inspector::builder().verify(verify).keep_licenses(false).build();
    let (mut unverified, mut verified) = (inspector(false), inspector(true));
    for one in &licenses {
        let report = verified.inspect_bytes(&one.bytes);
        let facts = report.findings().next().expect("a finding").facts();
        let signature = facts.license.as_ref().map(|license| license.signature);
        assert_eq!(signature, Some(Signature::Valid), "verification has to be done in full");
    }
    let hashed = |one: &License| {
        for signed in &one.own {
            black_box(Sha256::digest(&signed.text));
        }
    };
    let checked = |one: &License| {
        for Signed { key, signature, .. } in &one.own {
            // A failed verification takes the same time.
            black_box(key.verify(Pkcs1v15Sign::new::<Sha256>(), &[0; 32], signature).is_ok());
        }
    };
    let rounds: Vec<[f64; 4]> = (0..ROUNDS)
        .map(|_| {
            [
                timed(&licenses, checked),
                timed(&licenses, hashed),
                timed(&licenses, |one| drop(unverified.inspect_bytes(&one.bytes))),
                timed(&licenses, |one| drop(verified.inspect_bytes(&one.bytes))),
            ]
        })
        .collect();
    let [rsa, digest, without, with] = [0, 1, 2, 3]
        .map(|column| rounds.iter().map(|round| round[column]).fold(f64::MAX, f64::min));
    println!("bare rsa                    {rsa:7.2} us");
    println!("bare sha-256                {digest:7.2} us");
    println!("whole license, unverified   {without:7.2} us");
    println!("whole license, verified     {with:7.2} us");
    println!("verified / sum of the rest  {:7.2}", with / (rsa + digest + without));
    let License { bytes, own } = &licenses[0];
    let texts: Vec<String> = own
        .iter()
        .map(|signed| format!("{} bytes signed with {} bits", signed.text.len(), signed.bits))
        .collect();
    println!("({LICENSES} licenses of {} bytes; in each: {})", bytes.len(), texts.join(", "));
}
