//! Signed and encrypted messages (CMS, RFC 5652; S/MIME, RFC 8551): `smime.p7m` and the like, in
//! DER and BER, in PEM (RFC 7468) and in base64.
//!
//! Signed content is stored without an encoding, and is inspected. Signatures without content
//! (`.p7s`) and bundles of certificates are ordinary files. Encrypted and compressed content is not
//! opened, and may contain a protected file.

mod base64;
mod der;
mod message;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests;

pub(super) use base64::{LABELS, PEM, PEM_END, find, matches_base64, read_base64};
pub(super) use message::{matches, read};
