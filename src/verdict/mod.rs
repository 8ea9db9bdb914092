//! The verdict: [`judge()`] is a pure function of facts and an estate.
//!
//! The key decides. Addresses are only locators: no address changes a `yes`. Without the
//! declaration of a key by the operator, no verdict is `yes`, and none has high confidence.

mod inputs;
mod judge;
mod modifiers;
mod outcome;
mod rules;
#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests;

pub(crate) use judge::StoredVerdict;
pub use judge::{Verdict, judge, judge_dated};
pub use modifiers::{Modifier, modifiers};
pub use outcome::{Confidence, Dependency, Need};
pub use rules::{RULES_VERSION, Rating, Rule, rules};
