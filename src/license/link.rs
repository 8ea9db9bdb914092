//! Whether the signatures of a license lead to the key that the license names (MS-RMPR
//! 2.2.9.1.12). Wall-clock time is not compared: the chains of AD RMS have long expired by it.

use super::chain::{allows, fits, is_clc_of, parents};
use super::key::MAX_LETTERS;
use super::owned::{LocatedDocument, OwnedDocument};
use crate::bytes::to_u64;
use crate::error::Result;
use crate::kinds::{KeyLink, Signature};
use crate::limits::{Limit, Meter};

/// Steps of one signature, cached or not, so that a warm and a cold cache give the same report:
/// 400 µs, the time for a key of 4,096 bits.
const STEPS: u64 = 20_000;

/// Checks the signatures of all documents. Returns that of the license, which is one of them, and
/// where it leads.
pub(crate) fn verify(
    license: &LocatedDocument<'_>,
    documents: &[LocatedDocument<'_>],
    meter: &Meter,
) -> Result<(Signature, KeyLink)> {
    for document in documents {
        signature(document, meter)?;
    }
    let chain = SignedChain { documents, meter };
    Ok((signature_of(license), chain.link(license)?))
}

/// The signature of one document, computed once for all places that share the document.
pub(crate) fn signature(located: &LocatedDocument<'_>, meter: &Meter) -> Result<Signature> {
    meter.charge(Limit::Steps, STEPS.saturating_add(to_u64(located.bytes.len())))?;
    let OwnedDocument { signed, issuer, .. } = &*located.document;
    Ok(signed.check(issuer.key.as_ref(), located.bytes))
}

/// The result of [`signature`].
fn signature_of(located: &LocatedDocument<'_>) -> Signature {
    located.document.signed.found()
}

fn is_good(located: &LocatedDocument<'_>) -> bool {
    matches!(signature_of(located), Signature::Valid | Signature::Reflowed)
}

/// The documents of a license, whose signatures were checked.
struct SignedChain<'d> {
    documents: &'d [LocatedDocument<'d>],
    meter: &'d Meter<'d>,
}

impl<'d> SignedChain<'d> {
    /// Where the license leads.
    ///
    /// A signature that does not hold breaks it wherever it is located, even beside the way to the
    /// key: the text was changed. So does a certificate that has no signature, or no end: a single
    /// bit in a tag takes a signature out of sight, and no server issues such a certificate. One
    /// that cannot be checked proves nothing, so nothing is said to lead anywhere.
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
            true => self.of_a_server(license)?,
            false => self.of_a_client(license)?,
        };
        Ok(match link {
            KeyLink::Linked | KeyLink::Own => self.beside(license).unwrap_or(link),
            other => other,
        })
    }

    /// What certificates that are not whole make of a way that leads to the key.
    fn beside(&self, license: &LocatedDocument<'_>) -> Option<KeyLink> {
        let others = self.documents.iter().filter(|located| !std::ptr::eq(*located, license));
        let broken = others.map(|located| match signature_of(located) {
            Signature::Unsigned => Some(KeyLink::Broken),
            _ if !located.document.closed => Some(KeyLink::Broken),
            Signature::Unsupported => Some(KeyLink::Unanchored),
            _ => None,
        });
        // Broken says more.
        broken.flatten().max_by_key(|link| *link == KeyLink::Broken)
    }

    /// A server signs with the key that it names. Documents beside that, which lead nowhere, change
    /// nothing.
    fn of_a_server(&self, license: &'d LocatedDocument) -> Result<KeyLink> {
        if !license.document.issuer.has_key_of(&license.document.principal) {
            return Ok(KeyLink::Unanchored);
        }
        match parents(license, self.documents).next() {
            None => Ok(KeyLink::Own),
            Some(_) => self.up(license),
        }
    }

    /// A client signs with the key of its certificate, and the server that the license names has
    /// signed that. Of several certificates of the same key one that leads there is enough.
    fn of_a_client(&self, license: &'d LocatedDocument) -> Result<KeyLink> {
        let license = &license.document;
        let mut found = KeyLink::Unanchored;
        for clc in self.documents.iter().filter(|clc| is_clc_of(&clc.document, license)) {
            let link = if fits(&clc.document, license) { self.up(clc)? } else { KeyLink::Broken };
            match link {
                KeyLink::Linked => return Ok(link),
                KeyLink::Broken => found = link,
                _ => {}
            }
        }
        Ok(found)
    }

    /// Follows a document to the last issuer in the file. That the last one is Microsoft's is not
    /// asked: it would prove nothing (`anchors`).
    fn up(&self, from: &'d LocatedDocument) -> Result<KeyLink> {
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
    use crate::limits::{Cancel, Limits};

    #[test]
    fn a_signature_costs_the_same_whenever_it_is_met() {
        let text = b"<XrML><BODY></BODY><SIGNATURE></SIGNATURE></XrML>";
        let meter = Meter::new(Limits::default(), Cancel::default());
        let documents = documents::documents(text, Depth::Full, None, &meter);
        let located = documents.list[0].locate();
        let cost = STEPS.saturating_add(to_u64(text.len()));
        for _ in 0..3 {
            for (steps, is_enough) in [(cost.saturating_sub(1), false), (cost, true)] {
                let limits = Limits { steps, ..Limits::default() };
                let meter = Meter::new(limits, Cancel::default());
                assert_eq!(signature(&located, &meter).is_ok(), is_enough);
            }
        }
    }
}
