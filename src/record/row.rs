//! [`Record`]: one row, with references to its three parts.

use super::envelope::Envelope;
use crate::facts::Facts;
use crate::verdict::Verdict;

/// One row: envelope, facts and verdict of one finding.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Path, size and time of the file, from the caller.
    pub envelope: &'a Envelope<'a>,
    /// What the bytes say.
    pub facts: &'a Facts,
    /// The verdict about the facts.
    pub verdict: &'a Verdict,
}
