//! Checks whether the signatures of a license lead to the key that it names (MS-RMPR 2.2.9.1.12).
//!
//! Validity is not compared with the current time: the certificates of AD RMS chains have expired.

use super::chain::{allows, fits, is_clc_of, parents};
use super::key::MAX_LETTERS;
use super::owned::{LocatedDocument, OwnedDocument};
use crate::bytes::to_u64;
use crate::error::Result;
use crate::kinds::{KeyLink, Signature};
use crate::limits::{Limit, Meter};

/// The steps charged for one signature: 400 µs, the time for a key of 4,096 bits. Cached signatures
/// cost the same, so that the state of the cache does not change the report.
const STEPS: u64 = 20_000;

/// The steps charged for comparing two keys of at most 16,384 bits.
const STEPS_OF_COMPARISON: u64 = 4;

/// Checks the signatures of all documents. Returns the results for the license, which is one of
/// them. Fails if a budget is spent.
pub(crate) fn verify(
    license: &LocatedDocument<'_>,
    documents: &[LocatedDocument<'_>],
    meter: &Meter,
) -> Result<(Signature, KeyLink)> {
    for document in documents {
        signature(document, documents, meter)?;
    }
    let chain = SignedChain { documents, meter };
    Ok((signature_of(license), chain.link(license)?))
}

/// Checks the signature of one document. Files that share the cached document share the result.
///
/// `documents` are those of the same file. If one of them is a certificate of the issuer, its key is
/// used, because it is ready for checking signatures: the certificate was cached.
pub(crate) fn signature(
    located: &LocatedDocument<'_>,
    documents: &[LocatedDocument<'_>],
    meter: &Meter,
) -> Result<Signature> {
    let steps = STEPS.saturating_add(to_u64(located.bytes.len()));
    let compared = to_u64(documents.len()).saturating_mul(STEPS_OF_COMPARISON);
    meter.charge(Limit::Steps, steps.saturating_add(compared))?;
    let OwnedDocument { signed, issuer, .. } = &*located.document;
    let key = issuer.key.as_ref().map(|key| {
        let mut certified =
            documents.iter().filter_map(|other| other.document.principal.key.as_ref());
        certified.find(|other| other.modulus() == key.modulus()).unwrap_or(key)
    });
    Ok(signed.check(key, located.bytes))
}

/// Returns the result of [`signature`].
fn signature_of(located: &LocatedDocument<'_>) -> Signature {
    located.document.signed.found()
}

fn is_good(located: &LocatedDocument<'_>) -> bool {
    matches!(signature_of(located), Signature::Valid | Signature::Reflowed)
}

/// The documents of a license, with checked signatures.
struct SignedChain<'d> {
    documents: &'d [LocatedDocument<'d>],
    meter: &'d Meter<'d>,
}

impl<'d> SignedChain<'d> {
    /// Returns whether the license leads to the key.
    ///
    /// An invalid signature breaks the link, even on a certificate that is not part of the path to
    /// the key, because the text was changed. So does a certificate without a signature or an end
    /// tag: servers do not issue those, and a single changed bit in a tag can hide a signature.
    /// With an unsupported signature the link is unanchored.
    fn link(&self, license: &'d LocatedDocument) -> Result<KeyLink> {
        match signature_of(license) {
            Signature::NotChecked => return Ok(KeyLink::NotChecked),
            Signature::Unsigned | Signature::Unsupported => return Ok(KeyLink::Unanchored),
            Signature::Invalid => return Ok(KeyLink::Broken),
            Signature::Valid | Signature::Reflowed => {}
        }
        if self.documents.iter().any(|located| signature_of(located) == Signature::Invalid) {
            return Ok(KeyLink::Broken);
        }
        let link = match license.document.issuer.is_server {
            true => self.link_of_server(license)?,
            false => self.link_of_client(license)?,
        };
        Ok(match link {
            KeyLink::Linked | KeyLink::Own => self.incomplete_certificates(license).unwrap_or(link),
            other => other,
        })
    }

    /// Returns the link that incomplete certificates leave of a path to the key; `None` without
    /// any.
    fn incomplete_certificates(&self, license: &LocatedDocument<'_>) -> Option<KeyLink> {
        let others = self.documents.iter().filter(|located| !std::ptr::eq(*located, license));
        let broken = others.map(|located| match signature_of(located) {
            Signature::Unsigned => Some(KeyLink::Broken),
            _ if !located.document.closed => Some(KeyLink::Broken),
            Signature::Unsupported => Some(KeyLink::Unanchored),
            _ => None,
        });
        // `Broken` precedes `Unanchored`.
        broken.flatten().max_by_key(|link| *link == KeyLink::Broken)
    }

    /// Returns the link of a license from a server, which signs with the key that it names.
    /// Documents that are not above it do not count.
    fn link_of_server(&self, license: &'d LocatedDocument) -> Result<KeyLink> {
        if !license.document.issuer.has_key_of(&license.document.principal) {
            return Ok(KeyLink::Unanchored);
        }
        match parents(license, self.documents).next() {
            None => Ok(KeyLink::Own),
            Some(_) => self.follow(license),
        }
    }

    /// Returns the link of a license from a client. It signs with the key of its certificate, which
    /// the server that the license names has signed. Of several certificates with that key, one
    /// that leads to the server suffices.
    fn link_of_client(&self, license: &'d LocatedDocument) -> Result<KeyLink> {
        let license = &license.document;
        let mut found = KeyLink::Unanchored;
        for clc in self.documents.iter().filter(|clc| is_clc_of(&clc.document, license)) {
            let link =
                if fits(&clc.document, license) { self.follow(clc)? } else { KeyLink::Broken };
            match link {
                KeyLink::Linked => return Ok(link),
                KeyLink::Broken => found = link,
                _ => {}
            }
        }
        Ok(found)
    }

    /// Follows the issuers of a document to the last one in the file. Does not check that this is
    /// an anchor of Microsoft, which would prove nothing (see `anchors`).
    fn follow(&self, from: &'d LocatedDocument) -> Result<KeyLink> {
        let compared = to_u64(self.documents.len()).saturating_mul(to_u64(MAX_LETTERS));
        let mut located = from;
        for _ in self.documents {
            self.meter.charge(Limit::Steps, compared)?;
            if !is_good(located) {
                return Ok(KeyLink::Unanchored);
            }
            let mut above = parents(located, self.documents).peekable();
            if above.peek().is_none() {
                break;
            }
            match above.find(|parent| allows(&parent.document, &located.document)) {
                Some(parent) => located = parent,
                None => return Ok(KeyLink::Broken),
            }
        }
        Ok(KeyLink::Linked)
    }
}

#[cfg(all(test, feature = "verify"))]
mod tests {
    use super::*;
    use crate::kinds::Depth;
    use crate::license::documents;
    use crate::limits::{Interrupt, Limits};

    #[test]
    fn cached_signature_costs_as_much_as_new_one() {
        let text = b"<XrML><BODY></BODY><SIGNATURE></SIGNATURE></XrML>";
        let meter = Meter::new(Limits::default(), Interrupt::default());
        let documents = documents::documents(text, Depth::Full, None, &meter);
        let located = documents.list[0].locate();
        let cost = STEPS.saturating_add(to_u64(text.len()));
        for _ in 0..3 {
            for (steps, is_enough) in [(cost.saturating_sub(1), false), (cost, true)] {
                let limits = Limits { steps, ..Limits::default() };
                let meter = Meter::new(limits, Interrupt::default());
                assert_eq!(signature(&located, &[], &meter).is_ok(), is_enough);
            }
        }
    }
}
