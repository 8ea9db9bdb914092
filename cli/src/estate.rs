//! The estate file: reading it, and `rmsight estate check`.

use std::path::Path;

use rmsight::Estate;

use crate::exit::{Failure, Result};

/// What the operator knows; without a file nothing.
pub(crate) fn load(file: Option<&Path>) -> Result<Estate> {
    match file {
        None => Ok(Estate::default()),
        Some(file) => {
            Err(Failure::message(format_args!("{}: estate files come later", file.display())))
        }
    }
}
