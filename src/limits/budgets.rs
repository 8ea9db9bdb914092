//! The table of budgets: [`Limits`] for callers, `Limit` for readers, and the amounts spent.

use std::cell::Cell;

use crate::code::ErrorCode;
use crate::error::Error;

/// Declares each budget once: the public field, its error code, its scope and its two defaults.
macro_rules! limits {
    ($($(#[doc = $doc:literal])* $variant:ident $field:ident $code:ident $scope:ident default $default:literal strict $strict:literal;)*) => {
        /// The budgets of one file.
        ///
        /// [`Limits::default`] suits an estate that is scanned once and has to be read completely.
        /// [`Limits::strict`] suits a gateway. A spent budget ends the member in which it is spent, or the
        /// whole file where the field says so. Findings so far stay, and the record has a `limit-*` code.
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub struct Limits {
            $($(#[doc = $doc])* pub $field: u64,)*
        }

        impl Limits {
            /// Returns the budgets for hostile input: a mail gateway, an upload form.
            pub fn strict() -> Limits {
                Limits { $($field: $strict,)* }
            }

            pub(super) fn of(&self, limit: Limit) -> u64 {
                match limit { $(Limit::$variant => self.$field,)* }
            }

            /// Returns the name (`<name>` of `limit-<name>`) and the amount of every budget.
            pub fn entries(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
                Limit::ALL.iter().map(|limit| (limit.name(), self.of(*limit)))
            }

            /// Sets the budget with this name. Returns false if no budget has it.
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

        /// One budget.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Limit { $($variant,)* }

        impl Limit {
            const ALL: &[Limit] = &[$(Limit::$variant,)*];

            fn code(self) -> ErrorCode {
                match self { $(Limit::$variant => ErrorCode::$code,)* }
            }

            /// Returns whether all members of a file share the budget.
            fn is_file_wide(self) -> bool {
                match self { $(Limit::$variant => scope!($scope),)* }
            }
        }

        /// The amounts spent of each budget.
        #[derive(Debug, Default)]
        pub(super) struct Spent {
            $($field: Cell<u64>,)*
        }

        impl Spent {
            pub(super) fn of(&self, limit: Limit) -> &Cell<u64> {
                match limit { $(Limit::$variant => &self.$field,)* }
            }

            /// Resets the budgets of a member. The budgets of the file stay spent.
            pub(super) fn begin_member(&self) {
                $(if !scope!($scope) { self.$field.set(0); })*
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
    BytesRead bytes_read LimitBytesRead file default 1_099_511_627_776 strict 268_435_456;
    /// Bytes of memory that one member's structures may take together.
    Allocation allocation LimitAllocation member default 33_554_432 strict 8_388_608;
    /// Bytes inflated from one compressed member. Real licenses in mail inflate to about 1 MB; an
    /// inner compound file of a protected mail to tens of megabytes.
    Inflated inflated LimitInflated member default 1_073_741_824 strict 67_108_864;
    /// Bytes inflated for the whole file, all members together.
    InflatedTotal inflated_total LimitInflatedTotal file default 1_099_511_627_776 strict 268_435_456;
    /// Bytes inflated for each byte read, once more than 1 MiB came out. Deflate reaches 1,032 for
    /// zeros; what is protected does not compress, and mail by ten.
    Ratio ratio LimitRatio member default 200 strict 100;
    /// Bytes of one publishing license. The largest real one seen has 953 KB; .NET refuses more
    /// than 1,000,000 characters.
    LicenseBytes license_bytes LimitLicenseBytes member default 4_194_304 strict 2_097_152;
    /// Licenses in one file.
    Licenses licenses LimitLicenses file default 1_000_000 strict 1_000;
    /// `<XrML>` documents in one license. Real chains have 1 to 8.
    ChainLength chain_length LimitChainLength member default 64 strict 32;
    /// Depth of XML elements. Real licenses stay under 15.
    XmlDepth xml_depth LimitXmlDepth member default 64 strict 64;
    /// Attributes of one XML element. Real ones have at most 6.
    Attributes attributes LimitAttributes member default 64 strict 32;
    /// Entries of one compound file's directory. A message may have 2,048 attachments of some
    /// twenty streams each.
    DirectoryEntries directory_entries LimitDirectoryEntries member default 1_048_576 strict 131_072;
    /// Sectors followed along one member's chains (FAT, DIFAT, mini FAT). The directory and the
    /// license of a 2 GB version 3 file need less than 20,000.
    ChainSectors chain_sectors LimitChainSectors member default 4_194_304 strict 262_144;
    /// Members of one file, at all depths.
    Members members LimitMembers file default 1_000_000 strict 10_000;
    /// Bytes of the largest member that is opened. What is in a larger one, nobody knows then.
    MemberSize member_size LimitMemberSize member default 1_099_511_627_776 strict 268_435_456;
    /// Records of one file's members, each some hundred bytes of memory; one whose member has a long
    /// path counts once more for each 512 bytes of it. Findings past the limit are not reported one
    /// by one; the file's own record then reads `partial`.
    Findings findings LimitFindings file default 50_000 strict 5_000;
    /// How deep members may lie in members.
    Nesting nesting LimitNesting member default 16 strict 8;
    /// Parts of one mail message.
    MailParts mail_parts LimitMailParts member default 10_000 strict 1_000;
    /// Objects looked up in one PDF.
    PdfObjects pdf_objects LimitPdfObjects member default 4_096 strict 1_024;
    /// Bytes of one member held in memory because its format needs random access.
    Spool spool LimitSpool member default 16_777_216 strict 16_777_216;
    /// Steps of all other loops, for one member: about one for each byte or element looked at. A
    /// step takes at most some 20 ns, so that a member ends after about 5 s.
    Steps steps LimitSteps member default 268_435_456 strict 67_108_864;
    /// Steps for the whole file, all members together; each byte that is read of it, once, allows 8
    /// more. A file that has the same bytes in thousands of members ends after about 8 s, and a
    /// mailbox of gigabytes is read to its end.
    StepsTotal steps_total LimitStepsTotal file default 402_653_184 strict 268_435_456;
}

impl Limit {
    /// Returns `<name>` of `limit-<name>`.
    fn name(self) -> &'static str {
        self.code().as_str().trim_start_matches("limit-")
    }

    /// Returns the error of this budget, of which `allowed` is spent.
    #[cold]
    pub(crate) fn error(self, allowed: u64) -> Error {
        Error::limit(self.code(), allowed, self.is_file_wide())
    }

    /// Returns the budget of the whole file to which a charge to this one is charged too.
    pub(super) fn file_wide(self) -> Option<Limit> {
        match self {
            Limit::Inflated => Some(Limit::InflatedTotal),
            Limit::Steps => Some(Limit::StepsTotal),
            _ => None,
        }
    }
}
