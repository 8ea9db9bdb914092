//! [`ParserCache`] and its [`CertificateCache`], which keeps certificates by their bytes.
//!
//! Certificates repeat from file to file: the license of a client contains about seven, those of
//! its server and one for its user and month. Fields and signature of a certificate depend only on
//! its bytes.

use std::collections::HashMap;
use std::sync::Arc;

use super::key::KnownKeys;
use super::owned::OwnedDocument;

/// The caches of the parser. They are kept from file to file, and do not change any result.
#[derive(Debug, Default)]
pub(crate) struct ParserCache {
    pub(super) keys: KnownKeys,
    pub(super) certificates: CertificateCache,
    /// The offset of WORK in the last license, from the words `Rights Label`.
    pub(super) work_at: usize,
}

/// The maximum number of cached certificates. An estate has a few servers with about five
/// certificates each, one client certificate for each user and month, and a use license in each
/// file that a client published. With real certificates the cache takes about 6 MB, with those of
/// [`LONGEST`] bytes at most 32 MB. A full cache is cleared: that costs the signatures of one chain
/// in 1,000 files.
const ENTRIES: usize = 1_024;

/// The maximum length of a cached document in bytes; real certificates have 1 to 8 KB.
const LONGEST: usize = 16_384;

/// The number of leading bytes that select the entry. They contain the id of the certificate, and
/// its end is not known before it is read. Shorter documents contain no key, and are not cached.
const PREFIX: usize = 512;

/// The certificates of earlier licenses.
#[derive(Debug, Default)]
pub(crate) struct CertificateCache {
    /// The key is the hash of the first bytes. A certificate replaces one with the same hash.
    known: HashMap<u64, Known>,
}

#[derive(Debug)]
struct Known {
    /// The bytes of the whole document.
    bytes: Box<[u8]>,
    document: Arc<OwnedDocument>,
}

impl CertificateCache {
    /// Returns the cached certificate at the beginning of `text`, and its length.
    pub(crate) fn find(&self, text: &[u8]) -> Option<(usize, &Arc<OwnedDocument>)> {
        let known = self.known.get(&hash(text)?)?;
        text.starts_with(&known.bytes).then_some((known.bytes.len(), &known.document))
    }

    /// Caches the certificate whose document is `bytes`, if its length is that of a real one.
    pub(crate) fn insert(&mut self, bytes: &[u8], document: &Arc<OwnedDocument>) {
        let Some(hash) = hash(bytes).filter(|_| bytes.len() <= LONGEST) else { return };
        if self.known.len() >= ENTRIES {
            self.known.clear();
        }
        let document = Arc::clone(document);
        self.known.insert(hash, Known { bytes: bytes.into(), document });
    }
}

/// Hashes the first [`PREFIX`] bytes, eight in each step. A cryptographic hash would cost more than
/// reading the document. Input with colliding hashes only replaces entries.
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
    use crate::license::owned::DocumentEntry;
    use crate::license::{ReadOptions, documents as read_documents, link, read};
    use crate::limits::{Interrupt, Limits, Meter};
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use rmsight_specimen::{Client, Documents, LicenseBuilder, Server};

    fn meter() -> Meter<'static> {
        Meter::new(Limits::default(), Interrupt::default())
    }

    /// Formats all documents of `text`, with everything computed that is computed on request.
    fn documents(text: &[u8], depth: Depth, cache: Option<&mut CertificateCache>) -> String {
        let meter = meter();
        let documents = read_documents::documents(text, depth, cache, &meter);
        for located in documents.list.iter().map(DocumentEntry::locate) {
            link::signature(&located, &[], &meter).unwrap();
            for party in [&located.document.issuer, &located.document.principal] {
                let Some(key) = &party.key else { continue };
                key.fingerprint();
                #[cfg(feature = "verify")]
                key.public_key();
            }
        }
        format!("{documents:?} {meter:?}")
    }

    fn readings(text: &[u8], depth: Depth, caches: &mut ParserCache) -> String {
        let meter = meter();
        let options = ReadOptions { depth, evidence: true, verify: true, fingerprint: false };
        format!("{:?} {meter:?}", read(text, options, caches, &meter))
    }

    /// Asserts equal results and costs with a warm cache and without a cache.
    fn assert_same(text: &[u8], depth: Depth, caches: &mut ParserCache) {
        let shown = String::from_utf8_lossy(text);
        let cold = readings(text, depth, &mut ParserCache::default());
        assert!(readings(text, depth, caches) == cold, "{shown}");
        let cache = Some(&mut caches.certificates);
        assert_eq!(documents(text, depth, cache), documents(text, depth, None), "{shown}");
    }

    /// Returns a document that is long enough to be cached.
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
        let mut caches = ParserCache::default();
        for text in texts.iter().cycle().take(4) {
            assert_same(text.as_bytes(), Depth::Full, &mut caches);
            assert_eq!(caches.certificates.known.len(), 1);
        }
    }

    /// Changes single bytes of a license with its chain.
    #[test]
    fn changed_certificates_are_verified_as_new_ones() {
        let license = LicenseBuilder::client(&Server::contoso(), &Client::windows())
            .documents(Documents::Eight)
            .build();
        let mut caches = ParserCache::default();
        assert_same(&license, Depth::Full, &mut caches);
        assert!(caches.certificates.known.len() >= 5);
        for at in (0..license.len()).step_by(license.len() / 24) {
            let mut changed = license.clone();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_same(&changed, Depth::Full, &mut caches);
            assert_same(&license, Depth::Full, &mut caches);
        }
    }

    /// A second byte order mark shifts all documents in the text of the chain.
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
        let mut caches = ParserCache::default();
        for text in [chain.as_bytes(), &license] {
            assert_same(text, Depth::Full, &mut caches);
        }
    }

    proptest! {
        /// Reads documents and damaged parts in any order with a cache of all preceding ones.
        #[test]
        fn cached_documents_are_read_as_new_ones(
            texts in prop::collection::vec(prop::collection::vec(piece(), 0..6), 1..6),
        ) {
            let mut caches = ParserCache::default();
            for (which, text) in texts.into_iter().enumerate() {
                let depth = if which % 2 == 0 { Depth::Full } else { Depth::Head };
                assert_same(text.concat().as_bytes(), depth, &mut caches);
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
