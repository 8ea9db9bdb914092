//! What the options mean to the library.

use std::sync::LazyLock;

use rmsight::{
    Cancel, Depth, Estate, Inspector, InspectorBuilder, Limits, READER_VERSION, RULES_VERSION,
    Redactor, SCHEMA_VERSION,
};

use crate::args::{Budgets, LimitSet, Reading};

/// What `--version` prints.
pub(crate) static VERSIONS: LazyLock<String> = LazyLock::new(|| {
    format!(
        "{}
record schema {SCHEMA_VERSION}, fact reader {READER_VERSION}, rules {RULES_VERSION}",
        env!("CARGO_PKG_VERSION"),
    )
});

/// What every worker needs to know.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) estate: Estate,
    pub(crate) redactor: Option<Redactor>,
    pub(crate) source: Option<String>,
    pub(crate) inspector: InspectorBuilder,
    /// Ends what the inspectors are at.
    pub(crate) cancel: Cancel,
}

impl Reading {
    pub(crate) fn inspector(&self, cancel: Cancel) -> InspectorBuilder {
        self.budgets
            .inspector()
            .depth(if self.quick { Depth::Head } else { Depth::Full })
            .labels(self.labels)
            .deep(self.deep)
            .verify(self.verify)
            .keep_licenses(false)
            .cancel(cancel)
    }
}

impl Reading {
    /// All that decides what facts the bytes of a file give: the same text for the same.
    pub(crate) fn text(&self) -> String {
        let depth = if self.quick { Depth::Head } else { Depth::Full };
        let mut text = format!("depth={depth}");
        let options = [("labels", self.labels), ("deep", self.deep), ("verify", self.verify)];
        for (name, _) in options.iter().filter(|(_, is_on)| *is_on) {
            text += &format!(" {name}");
        }
        for (name, amount) in self.budgets.limits().entries() {
            text += &format!(" {name}={amount}");
        }
        #[cfg(feature = "pst")]
        {
            let limits = self.budgets.pst;
            text += &format!(" pst={}s,{}", limits.pst_timeout, limits.pst_memory);
        }
        text
    }
}

impl Budgets {
    /// An inspector with these limits, and with what only this program lends the library: room on
    /// the disk, and a reader of Outlook data files.
    pub(crate) fn inspector(&self) -> InspectorBuilder {
        let builder = Inspector::builder().limits(self.limits()).spill(crate::spill::open);
        #[cfg(feature = "pst")]
        let builder = builder.pst(self.pst.opener());
        builder
    }

    pub(crate) fn limits(&self) -> Limits {
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
