//! Messages in the forms that writers produce.

use super::der::*;
use super::message::*;
use crate::container::zip::tests::protected;
use crate::{Inspector, Protection, Report};

fn put(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = (content.len() as u32).to_be_bytes();
    [&[tag, 0x84][..], &len, &content].concat()
}

fn open(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    [&[tag, 0x80][..], &parts.concat(), END_OF_CONTENTS].concat()
}

/// Builds a message that encapsulates an OBJECT IDENTIFIER and optional content.
fn signed(encapsulated: &[&[u8]]) -> Vec<u8> {
    let algorithm = put(SEQUENCE, &[b"\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01"]);
    let data = [
        &b"\x02\x01\x01"[..],
        &put(SET, &[&algorithm]),
        &put(SEQUENCE, encapsulated),
        // Certificates, with the tag that content has too.
        &put(EXPLICIT_0, &[&put(SEQUENCE, &[b"certificate"])]),
        &put(SET, &[]),
    ];
    let id = [&[OBJECT_ID, 9][..], SIGNED].concat();
    put(SEQUENCE, &[&id, &put(EXPLICIT_0, &[&put(SEQUENCE, &data)])])
}

fn id(id: &[u8]) -> Vec<u8> {
    put(OBJECT_ID, &[id])
}

fn inspect(bytes: &[u8]) -> Report {
    Inspector::default().inspect_bytes(bytes)
}

/// Protection of the file, error code, and protected member.
fn outcome(bytes: &[u8]) -> (Protection, String, Option<String>) {
    let report = inspect(bytes);
    let rms = report.findings().find(|one| one.facts().member.is_some());
    let member = rms.and_then(|one| one.facts().member.clone());
    let own = report.findings().next().unwrap().facts();
    let code = own.error_code.as_deref().unwrap_or_default().to_owned();
    (own.protection, code, member)
}

#[test]
fn signed_content_is_inspected() {
    let mail = protected();
    let pieces: Vec<Vec<u8>> = mail.chunks(9).map(|part| put(OCTETS, &[part])).collect();
    let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
    let contents = [
        put(EXPLICIT_0, &[&put(OCTETS, &[&mail])]),
        put(EXPLICIT_0, &[&put(OCTETS_IN_PIECES, &pieces)]),
        open(EXPLICIT_0, &[&open(OCTETS_IN_PIECES, &pieces)]),
        put(EXPLICIT_0, &[&open(OCTETS_IN_PIECES, &pieces)]),
        open(EXPLICIT_0, &[&put(OCTETS, &[&mail])]),
    ];
    for content in contents {
        let file = signed(&[&id(DATA), &content]);
        let (_, _, member) = outcome(&file);
        assert_eq!(member.as_deref(), Some("content#1"));
        let cut = outcome(&file[..file.len() - 60]);
        assert_eq!((cut.0, cut.1.as_str()), (Protection::Unknown, "truncated"));
        let at = file.windows(8).position(|at| at == &mail[..8]).unwrap();
        for place in at - 6..at {
            let mut damaged = file.clone();
            damaged[place] ^= 0xFF;
            assert_ne!(inspect(&damaged).worst(), Protection::None, "{place}");
        }
    }
    let letter = b"Content-Type: text/plain\r\n\r\nNothing is protected here.\r\n";
    let file = signed(&[&id(DATA), &put(EXPLICIT_0, &[&put(OCTETS, &[letter])])]);
    assert_eq!(outcome(&file), (Protection::None, String::new(), None));
}

#[test]
fn detached_signature_and_other_content_are_ordinary() {
    let catalog = b"\x2B\x06\x01\x04\x01\x82\x37\x0A\x01";
    let content = put(EXPLICIT_0, &[&put(SEQUENCE, &[b"list"])]);
    let files = [
        signed(&[&id(DATA)]),
        signed(&[&id(catalog), &content]),
        put(SEQUENCE, &[&id(b"\x2A\x03"), &content]),
        // PKCS #12, an encrypted key (PKCS #8), the answer of a time-stamp server, a certificate.
        put(SEQUENCE, &[b"\x02\x01\x03", &put(SEQUENCE, &[PKCS_7, b"\x01", &content])]),
        put(SEQUENCE, &[&put(SEQUENCE, &[b"\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x05\x0D"])]),
        put(SEQUENCE, &[b"\x30\x03\x02\x01\x00", &signed(&[&id(DATA)])]),
        put(SEQUENCE, &[&put(SEQUENCE, &[b"\xA0\x03\x02\x01\x02\x02\x01\x07", &content])]),
        b"0123456789 is text".to_vec(),
        vec![SEQUENCE],
        vec![SEQUENCE, 0xFF, 6],
    ];
    for file in files {
        assert_eq!(outcome(&file), (Protection::None, String::new(), None), "{file:02X?}");
    }
}

#[test]
fn encrypted_content_is_not_opened() {
    for (content_type, _) in CLOSED {
        let file = put(SEQUENCE, &[&id(content_type), &put(EXPLICIT_0, &[&[7; 40]])]);
        let expected = (Protection::Unknown, "archive-not-opened".to_owned(), None);
        assert_eq!(outcome(&file), expected);
    }
}

proptest::proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..60)) {
        inspect(&bytes);
        inspect(&signed(&[&id(DATA), &bytes]));
        inspect(&signed(&[&id(DATA), &[&[EXPLICIT_0, 0x80, OCTETS_IN_PIECES, 0x80][..], &bytes].concat()]));
    }
}
