//! The data of the operator: the Server Licensor Certificate keys of an organization, and the state
//! of each.
//!
//! A file names the key that it is sealed to and the servers to contact. The present holder of
//! that key is not in the file: the operator declares it in an [`Estate`].

mod check;
mod estate;
#[cfg(feature = "estate")]
mod file;
pub(crate) mod host;
#[cfg(feature = "estate")]
mod learn;
mod model;
mod questions;
#[cfg(feature = "serde")]
mod serialize;
#[cfg(test)]
#[cfg(feature = "estate")]
mod tests;
#[cfg(feature = "estate")]
mod text;

pub use check::{EstateError, EstateMistake};
pub use estate::Estate;
pub(crate) use estate::EstateMatch;
#[cfg(feature = "estate")]
pub use learn::{Learned, learn};
pub use model::{
    Authority, AuthorityHost, AuthorityKey, AuthorityKind, HostRole, KeyMatch, KeyStatus, Origin,
    Question, Retiring,
};
pub use questions::OpenQuestion;
