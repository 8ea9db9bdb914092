//! The text format of one record.

use std::io::Write;

use rmsight::{Dependency, Record};

use crate::output::terminal::escaped;

/// Writes a line for a record that is protected or could not be read. Writes nothing for other
/// records.
pub(crate) fn write(record: &Record<'_>, out: &mut Vec<u8>) {
    let (facts, verdict) = (&*record.facts, &*record.verdict);
    if verdict.dependency() == Dependency::None {
        return;
    }
    let key = facts.slc_key().map_or("-", short_key);
    // Writing into memory cannot fail.
    _ = write!(
        out,
        "{:<8}  {:<19}  {:<11}  {:<8}  {}",
        verdict.need(),
        verdict.dependency(),
        facts.container,
        key,
        escaped(&record.envelope.path),
    );
    if let Some(member) = &facts.member {
        _ = write!(out, "!/{}", escaped(member));
    }
    if let Some(code) = &facts.error_code {
        let words = facts.error.as_deref().unwrap_or_default();
        _ = write!(out, "  ({}: {})", escaped(code), escaped(words));
    }
    out.push(b'\n');
}

/// Returns the first eight digits of a key's SHA-256.
pub(crate) fn short_key(key: &str) -> &str {
    let digits = key.strip_prefix("sha256:").unwrap_or(key);
    digits.get(..8).unwrap_or(digits)
}
