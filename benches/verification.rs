//! Cost of verifying whole licenses, compared with the necessary operations.
//!
//! `cargo bench -p rmsight --bench verification` prints microseconds a license, the
//! best of alternating rounds: the bare RSA operation and the bare digest of the signed text for one
//! signature, reading without verification, and reading with it. The last line is the ratio of the last
//! figure to the sum of the others. All certificates are cached, as they are after the first files of a
//! scan. No license is read twice in a round.

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

/// License, and the parts of its signature.
struct Signed {
    license: Vec<u8>,
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
fn signed(which: usize) -> Signed {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows())
        .documents(Documents::Eight)
        .size(36_000)
        .content_id(&format!("{{184b0f60-0000-4000-8000-{which:012x}}}"))
        .build();
    let text = std::str::from_utf8(&license).unwrap();
    let modulus = between(between(text, "<ISSUER>", "</ISSUER>"), "modulus", "/VALUE>");
    let modulus = STANDARD.decode(between(modulus.rsplit_once("<VALUE").unwrap().1, ">", "<"));
    let modulus = modulus.unwrap();
    let bits = modulus.len() * 8;
    let modulus = BoxedUint::from_le_slice_vartime(&modulus);
    let key = PublicKey::new(modulus, BoxedUint::from(65_537_u32)).unwrap();
    let signature = value(between(text, "<SIGNATURE>", "</SIGNATURE>"));
    let body = between(text, "<BODY", "</BODY>");
    let body = format!("<BODY{body}</BODY>").encode_utf16().flat_map(u16::to_le_bytes).collect();
    Signed { key, bits, signature, text: body, license }
}

/// Returns the microseconds for one license.
fn timed(licenses: &[Signed], mut work: impl FnMut(&Signed)) -> f64 {
    let begin = Instant::now();
    licenses.iter().for_each(|license| work(black_box(license)));
    begin.elapsed().as_secs_f64() * 1e6 / licenses.len() as f64
}

fn main() {
    let licenses: Vec<Signed> = (0..LICENSES).map(signed).collect();
    let inspector = |verify| Inspector::builder().verify(verify).keep_licenses(false).build();
    let (mut unverified, mut verified) = (inspector(false), inspector(true));
    for one in &licenses {
        let report = verified.inspect_bytes(&one.license);
        let facts = report.findings().next().expect("a finding").facts();
        let signature = facts.license.as_ref().map(|license| license.signature);
        assert_eq!(signature, Some(Signature::Valid), "verification has to be done in full");
    }
    let hashed = |one: &Signed| {
        black_box(Sha256::digest(&one.text));
    };
    let checked = |one: &Signed| {
        // A failed verification takes the same time.
        black_box(one.key.verify(Pkcs1v15Sign::new::<Sha256>(), &[0; 32], &one.signature).is_ok());
    };
    let rounds: Vec<[f64; 4]> = (0..ROUNDS)
        .map(|_| {
            [
                timed(&licenses, checked),
                timed(&licenses, hashed),
                timed(&licenses, |one| drop(unverified.inspect_bytes(&one.license))),
                timed(&licenses, |one| drop(verified.inspect_bytes(&one.license))),
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
    let Signed { license, text, bits, .. } = &licenses[0];
    println!(
        "({LICENSES} licenses of {} bytes; {} signed, by {bits} bits)",
        license.len(),
        text.len()
    );
}
