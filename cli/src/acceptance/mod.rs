//! Which gaps, and which findings that were not read, do not count against an answer: the options and
//! the decisions file that `check` and `report` share.
//!
//! A finding whose key is known is never accepted, whatever a decision says.

mod accepted;
mod args;
mod decision;
mod decision_file;
mod decision_path;

pub(crate) use accepted::{Acceptance, Ruling, excusable};
pub(crate) use args::AcceptArgs;
pub(crate) use decision::AnsweredCheck;
pub(crate) use decision_path::DecisionPath;
