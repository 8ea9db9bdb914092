//! Learns SLC keys from certificates, public keys and the output of commands.
//!
//! Only a modulus identifies a key. Ids, hosts and redirections without a modulus annotate, and
//! their notes name the file that would confirm them.

mod command;
mod learned;
mod recognize;
mod registry;
#[cfg(test)]
mod tests;
mod write;
mod x509;
mod xrml;

pub use learned::Learned;
pub use recognize::learn;
