//! Digests, as hexadecimal text.

use sha2::{Digest, Sha256};

/// Returns bytes as hexadecimal digits in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Digest of a set of names, which does not depend on their order: the sum of the digests of the
/// names.
#[derive(Debug, Default)]
pub(crate) struct UnorderedDigest([u64; 4]);

impl UnorderedDigest {
    pub(crate) fn add(&mut self, name: &[u8]) {
        let hash = Sha256::digest(name);
        for (sum, bytes) in self.0.iter_mut().zip(hash.chunks_exact(8)) {
            let value = bytes.try_into().map(u64::from_be_bytes).unwrap_or_default();
            *sum = sum.wrapping_add(value);
        }
    }

    /// Returns the SHA-256 of the sum.
    pub(crate) fn hex(&self) -> String {
        let sum: Vec<u8> = self.0.iter().flat_map(|value| value.to_be_bytes()).collect();
        hex(&Sha256::digest(sum))
    }
}
