//! Integration tests of the library's public interface, in one test binary.
#![allow(missing_docs, clippy::arithmetic_side_effects, clippy::as_conversions)]
#![allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::string_slice)]

mod api;
mod budgets;
mod calls;
mod codes;
mod corpus;
mod damage;
mod decoys;
mod detect;
#[cfg(all(feature = "fuzzing", feature = "verify"))]
mod differential;
mod embedded;
mod evasion;
mod examples;
#[cfg(all(feature = "fuzzing", feature = "verify"))]
mod hostile;
mod inputs;
mod labels;
// Reads source files, which are the same on all systems.
#[cfg(not(windows))]
mod layers;
mod license;
mod limits;
mod mail;
mod mail_forms;
mod openings;
mod outlook;
mod pdf_candidates;
mod polyglots;
mod reads;
#[cfg(feature = "serde")]
mod round_trip;
mod samples;
#[cfg(feature = "verify")]
mod signature;
#[cfg(all(feature = "fuzzing", feature = "verify"))]
mod sources;
mod specimens;
mod streams;
#[cfg(all(feature = "fuzzing", feature = "verify"))]
#[path = "../../fuzz/src/targets.rs"]
#[allow(unreachable_pub, clippy::type_complexity)] // shared with the fuzz crate
mod targets;
mod unsupported_archives;
mod use_licenses;
