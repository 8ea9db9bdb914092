//! Certificates repeat from file to file: [`CertificateCache`] keeps them, keyed by their bytes.
//!
//! A client's license contains about seven certificates: those of its server, and one of its user
//! and month. What the reader and the signature check say of a certificate depends only on its
//! bytes.

use std::collections::HashMap;
use std::sync::Arc;

use super::owned::OwnedDocument;

/// How many certificates are cached. An estate has a handful of servers with about five
/// certificates each, one client certificate for each user and month, and a use license in each file
/// that a client published. Real ones take about 6 MB with their values, those of [`LONGEST`] bytes
/// at most 32 MB. A full cache is cleared: that costs the signatures of one chain in 1,000 files.
const ENTRIES: usize = 1_024;

/// The longest document that is cached; real certificates have 1 to 8 KB.
const LONGEST: usize = 16_384;

/// How many of the first bytes select the entry. They contain the certificate's id, and its end is
/// not known before it was read. Shorter documents are not cached: they contain no key.
const PREFIX: usize = 512;

/// The certificates of earlier licenses.
#[derive(Debug, Default)]
pub(crate) struct CertificateCache {
    /// By the hash of their first bytes. A certificate replaces one with the same hash.
    known: HashMap<u64, Known>,
}

#[derive(Debug)]
struct Known {
    /// The bytes of the whole document.
    bytes: Box<[u8]>,
    document: Arc<OwnedDocument>,
}

impl CertificateCache {
    /// The known certificate with which `text` begins, and its length.
    pub(crate) fn find(&self, text: &[u8]) -> Option<(usize, &Arc<OwnedDocument>)> {
        let known = self.known.get(&hash(text)?)?;
        text.starts_with(&known.bytes).then_some((known.bytes.len(), &known.document))
    }

    /// Keeps the certificate whose document is `bytes`, unless that is shorter or longer than real
    /// ones.
    pub(crate) fn insert(&mut self, bytes: &[u8], document: &Arc<OwnedDocument>) {
        let Some(hash) = hash(bytes).filter(|_| bytes.len() <= LONGEST) else { return };
        if self.known.len() >= ENTRIES {
            self.known.clear();
        }
        let document = Arc::clone(document);
        self.known.insert(hash, Known { bytes: bytes.into(), document });
    }
}

/// Eight bytes a step: a cryptographic hash of a miss would cost more than reading the document. An
/// input that provokes equal hashes only replaces entries.
fn hash(text: &[u8]) -> Option<u64> {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let (words, _) = text.first_chunk::<PREFIX>()?.as_chunks::<8>();
    Some(words.iter().fold(0, |hash: u64, word| {
        (hash.rotate_left(23) ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::Depth;
    use crate::license::owned::Entry;
    use crate::license::{Manner, Memory, link, read, reader};
    use crate::limits::{Cancel, Limits, Meter};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use rmsight_specimen::{Client, Documents, LicenseBuilder, Server};

    fn meter() -> Meter<'static> {
        Meter::new(Limits::default(), Cancel::default())
    }

    /// Every document of `text`, with the signatures and fingerprints that are computed on request.
    fn documents(text: &[u8], depth: Depth, cache: Option<&mut CertificateCache>) -> String {
        let meter = meter();
        let documents = reader::documents(text, depth, cache, &meter);
        for located in documents.list.iter().map(Entry::locate) {
            link::signature(&located, &meter).unwrap();
            for party in [&located.document.issuer, &located.document.principal] {
                party.key.as_ref().map(|key| key.fingerprint().len());
            }
        }
        format!("{documents:?} {meter:?}")
    }

    fn readings(text: &[u8], depth: Depth, memory: &mut Memory) -> String {
        let meter = meter();
        let manner = Manner { depth, evidence: true, verify: true, fingerprint: false };
        format!("{:?} {meter:?}", read(text, manner, memory, &meter))
    }

    /// Checks that a text gives the same with a warm cache as with none, and costs the same.
    fn assert_same(text: &[u8], depth: Depth, memory: &mut Memory) {
        let shown = String::from_utf8_lossy(text);
        let cold = readings(text, depth, &mut Memory::default());
        assert_eq!(readings(text, depth, memory), cold, "{shown}");
        let cache = Some(&mut memory.certificates);
        assert_eq!(documents(text, depth, cache), documents(text, depth, None), "{shown}");
    }

    /// A document that is long enough to be cached.
    fn certificate(inside: &str) -> String {
        let rest = "A".repeat(PREFIX);
        format!("<XrML><BODY type=\"LICENSE\">{inside}<REST>{rest}</REST></BODY></XrML>")
    }

    #[test]
    fn documents_without_end_licenses_and_long_documents_are_not_cached() {
        let whole = certificate("");
        let cases = [
            (whole.clone(), 1),
            (format!("{whole}{whole}{}", certificate("<ID>1</ID>")), 2),
            (whole.replace("</XrML>", ""), 0),
            (whole.replace("</BODY>", ""), 0),
            (whole.replace("LICENSE", "Microsoft Rights Label"), 0),
            (whole.replace("</BODY>", "<!-- <XrML> --></BODY>"), 0),
            (certificate(&"A".repeat(LONGEST)), 0),
            ("<XrML></XrML>".to_owned(), 0),
        ];
        for (text, count) in cases {
            let mut cache = CertificateCache::default();
            documents(text.as_bytes(), Depth::Full, Some(&mut cache));
            assert_eq!(cache.known.len(), count, "{text}");
        }
    }

    #[test]
    fn cache_is_bounded_and_contains_the_last_certificate() {
        let mut cache = CertificateCache::default();
        for number in 0..=ENTRIES {
            let text = certificate(&format!("<ISSUEDTIME>{number}</ISSUEDTIME>"));
            documents(text.as_bytes(), Depth::Full, Some(&mut cache));
            assert!(cache.known.len() <= ENTRIES);
            assert_eq!(cache.find(text.as_bytes()).map(|(len, _)| len), Some(text.len()));
        }
    }

    #[test]
    fn certificates_of_equal_prefix_replace_each_other() {
        let texts = ["a</REST>", "b</REST>"].map(|end| certificate("").replace("</REST>", end));
        let mut memory = Memory::default();
        for text in texts.iter().cycle().take(4) {
            assert_same(text.as_bytes(), Depth::Full, &mut memory);
            assert_eq!(memory.certificates.known.len(), 1);
        }
    }

    /// A license with its chain; a change of one byte anywhere in it.
    #[test]
    fn changed_certificates_are_verified_as_new_ones() {
        let license = LicenseBuilder::client(&Server::contoso(), &Client::windows())
            .documents(Documents::Eight)
            .build();
        let mut memory = Memory::default();
        assert_same(&license, Depth::Full, &mut memory);
        assert!(memory.certificates.known.len() >= 5);
        for at in (0..license.len()).step_by(license.len() / 24) {
            let mut changed = license.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_same(&changed, Depth::Full, &mut memory);
            assert_same(&license, Depth::Full, &mut memory);
        }
    }

    /// A second byte order mark moves all documents in the text of the chain.
    #[test]
    fn moved_documents_do_not_change_cached_signatures() {
        let license = LicenseBuilder::client(&Server::contoso(), &Client::windows())
            .documents(Documents::Eight)
            .declaration(false)
            .build();
        let marked = [b"\xEF\xBB\xBF\xEF\xBB\xBF", &license[..]].concat();
        let base64 = STANDARD.encode(marked);
        let tags = ["<CERTIFICATECHAIN><CERTIFICATE>", "</CERTIFICATE></CERTIFICATECHAIN>"];
        let chain = [tags[0], &base64, tags[1]].concat();
        let mut memory = Memory::default();
        for text in [chain.as_bytes(), &license] {
            assert_same(text, Depth::Full, &mut memory);
        }
    }

    proptest! {
        /// Parts of documents in any order, damaged ones among them, read with a cache of all
        /// that precede.
        #[test]
        fn cached_documents_are_read_as_new_ones(
            texts in prop::collection::vec(prop::collection::vec(piece(), 0..6), 1..6),
        ) {
            let mut memory = Memory::default();
            for (which, text) in texts.into_iter().enumerate() {
                let depth = if which % 2 == 0 { Depth::Full } else { Depth::Head };
                assert_same(text.concat().as_bytes(), depth, &mut memory);
            }
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        const KEY: &str =
            "<PUBLICKEY><PARAMETER name=\"modulus\"><VALUE>AQAB</VALUE></PARAMETER></PUBLICKEY>";
        let object = "<OBJECT type=\"MS-DRM-Server\"><ID>1</ID></OBJECT>";
        let issuer = format!("<ISSUER>{object}{KEY}</ISSUER>");
        let principal = format!("<ISSUEDPRINCIPALS><PRINCIPAL>{object}{KEY}</PRINCIPAL>");
        let parties = format!("{issuer}{principal}</ISSUEDPRINCIPALS>");
        let descriptor =
            |kind: &str| format!("<DESCRIPTOR><OBJECT type=\"{kind}\"></OBJECT></DESCRIPTOR>");
        let kinds = ["Server-Licensor-Certificate", "Client-Licensor-Certificate", "x"];
        let mut all = vec![
            certificate("<ISSUEDTIME><![CDATA[2016-05-30T10:39]]></ISSUEDTIME>"),
            certificate(&format!("{issuer} {}", descriptor("x"))),
            certificate(&format!("{issuer}{issuer}")),
            certificate(&format!("{issuer}</BODY><BODY>{issuer}")),
            certificate(&parties).replace("LICENSE", "Microsoft Rights Label"),
            certificate("").replace("</BODY>", "</BODY><SIGNATURE><VALUE>abc</VALUE></SIGNATURE>"),
            "<XrML><SIGNATURE><VALUE>abc</VALUE></SIGNATURE></XrML>".to_owned(),
        ];
        all.extend(kinds.map(|kind| certificate(&format!("{}{parties}", descriptor(kind)))));
        let parts = ["<XrML>", "</XrML>", "<BODY>", "</BODY>", "x", " ", "<", "</BODY></XrML>"];
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        prop_oneof![3 => prop::sample::select(all), 2 => prop::sample::select(parts)]
    }
}
