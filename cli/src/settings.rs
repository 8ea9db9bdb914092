//! What the options mean to the library.

use std::path::Path;

use rmsight::{Cancel, Depth, Estate, Inspector, InspectorBuilder, Limits};

use crate::args::{LimitSet, Reading, Redact};
use crate::exit::{Failure, Result};

/// What `--version` prints.
pub(crate) const VERSIONS: &str = concat!(env!("CARGO_PKG_VERSION"), "\nschema 1, reader 1");

/// What the operator knows; without a file nothing.
pub(crate) fn estate(file: Option<&Path>) -> Result<Estate> {
    match file {
        None => Ok(Estate::default()),
        Some(file) => {
            Err(Failure::message(format_args!("{}: estate files come later", file.display())))
        }
    }
}

/// What every worker needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) estate: Estate,
    pub(crate) redact: Option<Redact>,
    pub(crate) source: Option<String>,
    pub(crate) inspector: InspectorBuilder,
}

impl Reading {
    pub(crate) fn inspector(&self, cancel: Cancel) -> InspectorBuilder {
        Inspector::builder()
            .limits(self.limits())
            .depth(if self.quick { Depth::Head } else { Depth::Full })
            .labels(self.labels)
            .deep(self.deep)
            .verify(self.verify)
            .keep_licenses(false)
            .cancel(cancel)
    }

    fn limits(&self) -> Limits {
        let mut limits = match self.limits {
            LimitSet::Default => Limits::default(),
            LimitSet::Strict => Limits::strict(),
        };
        for (name, amount) in &self.limit {
            limits.set(name, *amount);
        }
        if let Some(depth) = self.max_depth {
            limits.nesting = depth;
        }
        if let Some(size) = self.max_member_size {
            limits.member_size = size;
        }
        limits
    }
}
