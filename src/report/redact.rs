//! Taking people out of what is passed on.

use crate::facts::Facts;

/// What stands where a person was named.
const REDACTED: &str = "redacted";

impl Facts {
    /// Replaces who owns and who issued a license by the word `redacted`. Nothing that a verdict
    /// is made from changes.
    pub fn redact_principals(&mut self) {
        let Some(license) = &mut self.license else { return };
        let people = [&mut license.owner, &mut license.issuer_name, &mut license.issuer_id];
        for name in people.into_iter().flatten() {
            REDACTED.clone_into(name);
        }
    }
}
