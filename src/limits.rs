//! [`Limits`], the caller's word on what one file may cost, and `Meter`, which every loop, read
//! and allocation fed by input is charged to.
//!
//! Budgets count work, never time, so that the same bytes give the same report on any machine.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// Declares the budgets once: the public field, its scope, its two defaults and its code.
macro_rules! limits {
    ($($(#[doc = $doc:literal])* $variant:ident $field:ident $code:literal $scope:ident default $default:literal strict $strict:literal;)*) => {
        /// What one file may cost before the reading of it, or of the member at hand, ends.
        ///
        /// [`Limits::default`] is generous: it is meant for an estate that is read once and must
        /// be read whole. [`Limits::strict`] suits a gateway that sees anything. A budget that is
        /// spent ends the member in which it is met, or the file where the field says so; what was
        /// found before stays, and the record says `limit-<name>`.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub struct Limits {
            $($(#[doc = $doc])* pub $field: u64,)*
        }

        impl Limits {
            /// For input that is hostile until shown otherwise: a mail gateway, an upload form.
            pub fn strict() -> Limits {
                Limits { $($field: $strict,)* }
            }

            fn of(&self, limit: Limit) -> u64 {
                match limit { $(Limit::$variant => self.$field,)* }
            }

            /// Every budget by its name (the `<name>` of `limit-<name>`) and its amount.
            pub fn entries(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
                Limit::ALL.iter().map(|limit| (limit.name(), self.of(*limit)))
            }

            /// Sets the budget called `name`; false where no budget has that name.
            pub fn set(&mut self, name: &str, amount: u64) -> bool {
                match name {
                    $(_ if name == Limit::$variant.name() => self.$field = amount,)*
                    _ => return false,
                }
                true
            }
        }

        impl Default for Limits {
            fn default() -> Limits {
                Limits { $($field: $default,)* }
            }
        }

        /// The budgets by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Limit { $($variant,)* }

        impl Limit {
            const ALL: &[Limit] = &[$(Limit::$variant,)*];

            /// The record's `error_code`.
            pub(crate) fn code(self) -> &'static str {
                match self { $(Limit::$variant => $code,)* }
            }

            /// Whether the budget is shared by all members of a file.
            pub(crate) fn is_file_wide(self) -> bool {
                match self { $(Limit::$variant => scope!($scope),)* }
            }
        }

        /// The account that a file's work is charged to.
        ///
        /// One is made for every file, most of which are read in no time: so it borrows the limits
        /// of who inspects, and begins with zeros.
        #[derive(Debug)]
        pub(crate) struct Meter<'l> {
            limits: Cow<'l, Limits>,
            cancel: Cancel,
            /// Bytes of the file.
            file_size: u64,
            /// What was spent of each budget.
            spent: Spent,
        }

        #[derive(Debug, Default)]
        struct Spent {
            $($field: Cell<u64>,)*
        }

        impl Meter<'_> {
            fn spent(&self, limit: Limit) -> &Cell<u64> {
                match limit { $(Limit::$variant => &self.spent.$field,)* }
            }

            /// Gives the next member its own budgets back; those of the file stay spent.
            pub(crate) fn begin_member(&self) {
                $(if !scope!($scope) { self.spent.$field.set(0); })*
            }
        }
    };
}

macro_rules! scope {
    (file) => {
        true
    };
    (member) => {
        false
    };
}

limits! {
    /// Bytes read from the source, for the whole file. An mbox is read to its end, and real ones
    /// reach tens of gigabytes; a protected document costs some 60 KB whatever its size.
    BytesRead bytes_read "limit-bytes-read" file default 1_099_511_627_776 strict 268_435_456;
    /// Bytes of memory that one member's structures may take together.
    Allocation allocation "limit-allocation" member default 33_554_432 strict 8_388_608;
    /// Bytes inflated from one compressed member. Real licenses in mail inflate to about 1 MB; an
    /// inner compound file of a protected mail to tens of megabytes.
    Inflated inflated "limit-inflated" member default 1_073_741_824 strict 67_108_864;
    /// Bytes inflated for the whole file, all members together.
    InflatedTotal inflated_total "limit-inflated-total" file default 1_099_511_627_776 strict 268_435_456;
    /// Bytes inflated for each byte read, once more than 1 MiB came out. Deflate reaches 1,032 for
    /// zeros; what is protected does not compress, and mail by ten.
    Ratio ratio "limit-ratio" member default 200 strict 100;
    /// Bytes of one publishing license. The largest real one seen has 953 KB; .NET refuses more
    /// than 1,000,000 characters.
    LicenseBytes license_bytes "limit-license-bytes" member default 4_194_304 strict 2_097_152;
    /// Licenses in one file.
    Licenses licenses "limit-licenses" file default 1_000_000 strict 1_000;
    /// `<XrML>` documents in one license. Real chains have 1 to 8.
    ChainLength chain_length "limit-chain-length" member default 64 strict 32;
    /// Depth of XML elements. Real licenses stay under 15.
    XmlDepth xml_depth "limit-xml-depth" member default 64 strict 64;
    /// Attributes of one XML element. Real ones have at most 6.
    Attributes attributes "limit-attributes" member default 64 strict 32;
    /// Entries of one compound file's directory. A message may have 2,048 attachments of some
    /// twenty streams each.
    DirectoryEntries directory_entries "limit-directory-entries" member default 1_048_576 strict 131_072;
    /// Sectors followed along one member's chains (FAT, DIFAT, mini FAT). The directory and the
    /// license of a 2 GB version 3 file need less than 20,000.
    ChainSectors chain_sectors "limit-chain-sectors" member default 4_194_304 strict 262_144;
    /// Members of one file, at all depths.
    Members members "limit-members" file default 1_000_000 strict 10_000;
    /// Bytes of the largest member that is opened. What is in a larger one, nobody knows then.
    MemberSize member_size "limit-member-size" member default 1_099_511_627_776 strict 268_435_456;
    /// Records of one file's members, each some hundred bytes of memory; one whose member has a long
    /// path counts once more for each 512 bytes of it. Findings past the limit are not reported one
    /// by one; the file's own record then reads `partial`.
    Findings findings "limit-findings" file default 50_000 strict 5_000;
    /// How deep members may lie in members.
    Nesting nesting "limit-nesting" member default 16 strict 8;
    /// Parts of one mail message.
    MailParts mail_parts "limit-mail-parts" member default 10_000 strict 1_000;
    /// Objects looked up in one PDF.
    PdfObjects pdf_objects "limit-pdf-objects" member default 4_096 strict 1_024;
    /// Bytes of one member held in memory because its format needs random access.
    Spool spool "limit-spool" member default 16_777_216 strict 16_777_216;
    /// Steps of all other loops, for one member: about one for each byte or element looked at. A
    /// step takes at most some 20 ns, so that a member ends after about 5 s.
    Steps steps "limit-steps" member default 268_435_456 strict 67_108_864;
    /// Steps for the whole file, all members together; each byte that is read of it, once, allows 8
    /// more. A file that has the same bytes in thousands of members ends after about 8 s, and a
    /// mailbox of gigabytes is read to its end.
    StepsTotal steps_total "limit-steps-total" file default 402_653_184 strict 268_435_456;
}

impl Limit {
    /// The `<name>` of `limit-<name>`.
    pub(crate) fn name(self) -> &'static str {
        self.code().strip_prefix("limit-").unwrap_or_default()
    }

    /// The budget of the whole file that a charge to this one is also charged to.
    fn file_wide(self) -> Option<Limit> {
        match self {
            Limit::Inflated => Some(Limit::InflatedTotal),
            Limit::Steps => Some(Limit::StepsTotal),
            _ => None,
        }
    }
}

/// Steps that each byte read of the file adds to [`Limits::steps_total`]. Mail with a license in
/// every message takes 1 to 4.
const STEPS_PER_BYTE: u64 = 8;

impl<'l> Meter<'l> {
    /// A meter that owns its limits, for bytes that are no file.
    pub(crate) fn new(limits: Limits, cancel: Cancel) -> Meter<'l> {
        Meter { limits: Cow::Owned(limits), cancel, file_size: 0, spent: Spent::default() }
    }

    /// A meter for a file of `file_size` bytes.
    pub(crate) fn within(limits: &'l Limits, cancel: Cancel, file_size: u64) -> Meter<'l> {
        Meter { limits: Cow::Borrowed(limits), cancel, file_size, spent: Spent::default() }
    }

    /// Returns the amount of a budget.
    #[inline]
    fn amount(&self, limit: Limit) -> u64 {
        let amount = self.limits.of(limit);
        match limit {
            Limit::StepsTotal => {
                // What is read again and again allows no more than the file has.
                let read = self.spent(Limit::BytesRead).get().min(self.file_size);
                amount.saturating_add(read.saturating_mul(STEPS_PER_BYTE))
            }
            _ => amount,
        }
    }

    /// Takes `amount` from the budget, or says that it is spent.
    #[inline]
    pub(crate) fn charge(&self, limit: Limit, amount: u64) -> Result<()> {
        if self.cancel.is_raised() {
            return Err(Error::cancelled());
        }
        self.take(limit, amount)?;
        match limit.file_wide() {
            Some(total) => self.take(total, amount),
            None => Ok(()),
        }
    }

    #[inline]
    fn take(&self, limit: Limit, amount: u64) -> Result<()> {
        match self.sum(limit, amount) {
            Some(sum) => {
                self.spent(limit).set(sum);
                Ok(())
            }
            None => Err(self.exhaust(limit)),
        }
    }

    #[cold]
    fn exhaust(&self, limit: Limit) -> Error {
        let allowed = self.amount(limit);
        self.spent(limit).set(allowed);
        Error::limit(limit, allowed)
    }

    /// Whether so much of the budget is left.
    pub(crate) fn has(&self, limit: Limit, amount: u64) -> bool {
        self.sum(limit, amount).is_some()
    }

    /// What will be spent of the budget with `amount`, if there is so much.
    #[inline]
    fn sum(&self, limit: Limit, amount: u64) -> Option<u64> {
        let sum = self.spent(limit).get().checked_add(amount);
        sum.filter(|sum| *sum <= self.amount(limit))
    }

    /// Holds a size, a depth or a ratio against its maximum.
    pub(crate) fn check(&self, limit: Limit, value: u64) -> Result<()> {
        let allowed = self.amount(limit);
        if value > allowed { Err(Error::limit(limit, allowed)) } else { Ok(()) }
    }

    /// The maximum itself, for code that reads up to it and then says so.
    pub(crate) fn allowed(&self, limit: Limit) -> u64 {
        self.amount(limit)
    }
}

/// A flag with which another thread ends an inspection at its next charge.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Option<Arc<AtomicBool>>);

impl Cancel {
    /// A flag that can be raised. [`Cancel::default`] is one that never is.
    pub fn new() -> Cancel {
        Cancel(Some(Arc::new(AtomicBool::new(false))))
    }

    /// Ends what is being read with this flag.
    pub fn raise(&self) {
        if let Some(flag) = &self.0 {
            flag.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the flag is up.
    pub fn is_raised(&self) -> bool {
        self.0.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spent_budget_stays_spent_until_the_next_member() {
        let limits = Limits { steps: 10, ..Limits::default() };
        let meter = Meter::new(limits, Cancel::default());
        assert!(meter.charge(Limit::Steps, 10).is_ok());
        let error = meter.charge(Limit::Steps, 1).unwrap_err();
        assert_eq!(error.code(), "limit-steps");
        assert!(!error.ends_file());
        meter.begin_member();
        assert!(meter.charge(Limit::Steps, 10).is_ok());
    }

    #[test]
    fn a_budget_of_the_file_outlives_its_members() {
        let limits = Limits { steps_total: 15, ..Limits::default() };
        let meter = Meter::new(limits, Cancel::default());
        assert!(meter.charge(Limit::Steps, 10).is_ok());
        meter.begin_member();
        let error = meter.charge(Limit::Steps, 10).unwrap_err();
        assert_eq!(error.code(), "limit-steps-total");
        assert!(error.ends_file());
    }

    #[test]
    fn bytes_read_once_allow_more_steps() {
        let limits = Limits { steps_total: 100, ..Limits::default() };
        let meter = Meter::within(&limits, Cancel::default(), 1000);
        for (read, steps) in [(0, 100), (10, 80), (990, 7920), (5000, 0)] {
            meter.charge(Limit::BytesRead, read).unwrap();
            meter.charge(Limit::Steps, steps).unwrap();
            assert_eq!(meter.charge(Limit::Steps, 1).unwrap_err().code(), "limit-steps-total");
        }
    }

    #[test]
    fn every_budget_can_be_set_by_its_name() {
        let mut limits = Limits::default();
        let names: Vec<&str> = Limits::default().entries().map(|(name, _)| name).collect();
        for name in names {
            assert!(limits.set(name, 7), "{name}");
        }
        assert!(limits.entries().all(|(_, amount)| amount == 7));
        assert!(!limits.set("no-such-budget", 7));
    }

    #[test]
    fn a_raised_flag_ends_the_next_charge() {
        let cancel = Cancel::new();
        let meter = Meter::new(Limits::default(), cancel.clone());
        assert!(meter.charge(Limit::Steps, 1).is_ok());
        cancel.raise();
        assert_eq!(meter.charge(Limit::Steps, 1).unwrap_err().code(), "cancelled");
    }
}
