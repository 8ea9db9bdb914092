//! [`LicenseBuilder`]: publishing licenses (MS-RMPR 2.2.9.7) with their certificate chains.

mod builder;
mod spec;
#[cfg(test)]
mod tests;
mod text;

pub use builder::LicenseBuilder;
pub use spec::{Documents, Repeat, Signing};
