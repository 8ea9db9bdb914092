//! What the options mean to the library.

use std::sync::LazyLock;

use rmsight::{
    Cancel, Estate, Inspector, InspectorBuilder, Limits, READER_VERSION, RULES_VERSION, Redactor,
    SCHEMA_VERSION,
};

use crate::args::{Budgets, LimitSet};

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

impl Budgets {
    /// An inspector with these limits, and with what only this program lends the library: room on
    /// the disk, and a reader of Outlook data files.
    pub(crate) fn inspector(&self, cancel: Cancel) -> InspectorBuilder {
        #[cfg(feature = "pst")]
        let builder = with_limits(self.limits(), cancel, self.pst);
        #[cfg(not(feature = "pst"))]
        let builder = with_limits(self.limits(), cancel);
        builder
    }

    pub(crate) fn limits(&self) -> Limits {
        let mut limits = match self.limits {
            Some(LimitSet::Strict) => Limits::strict(),
            Some(LimitSet::Default) | None => Limits::default(),
        };
        for (name, amount) in self.given().into_iter().flatten() {
            limits.set(name, amount);
        }
        limits
    }

    /// The limits that were set one by one; the later one of a name counts.
    fn given(&self) -> [Vec<(&str, u64)>; 2] {
        let one_by_one = self.limit.iter().map(|(name, amount)| (name.as_str(), *amount));
        let named = [("nesting", self.max_depth), ("member-size", self.max_member_size)];
        let named = named.into_iter().filter_map(|(name, amount)| Some((name, amount?)));
        [one_by_one.collect(), named.collect()]
    }

    /// All limits that the command line sets, by their names.
    pub(crate) fn set(&self) -> Vec<(String, u64)> {
        let limits = self.limits();
        if self.limits.is_some() {
            return limits.entries().map(|(name, amount)| (name.to_owned(), amount)).collect();
        }
        let given: Vec<&str> = self.given().into_iter().flatten().map(|(name, _)| name).collect();
        let set = limits.entries().filter(|(name, _)| given.contains(name));
        set.map(|(name, amount)| (name.to_owned(), amount)).collect()
    }
}

/// An inspector with limits and with what this program lends the library.
pub(crate) fn with_limits(
    limits: Limits,
    cancel: Cancel,
    #[cfg(feature = "pst")] pst: crate::pst::PstLimits,
) -> InspectorBuilder {
    let builder =
        Inspector::builder().limits(limits).spill(crate::spill::open).cancel(cancel.clone());
    #[cfg(feature = "pst")]
    let builder = builder.pst(pst.opener(cancel));
    builder
}
