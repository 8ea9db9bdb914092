//! The table of budgets: [`Limits`] for callers, `Limit` for readers, and the amounts spent.

use std::cell::Cell;

use crate::code::ErrorCode;
use crate::error::Error;

/// Declares each budget once: the public field, its error code, its scope and its two defaults.
macro_rules! limits {
    ($($(#[doc = $doc:literal])* $variant:ident $field:ident $with:ident $code:ident $scope:ident default $default:literal strict $strict:literal;)*) => {
        /// The budgets of one file.
        ///
        /// [`Limits::default`] suits an estate that is scanned once and has to be read completely.
        /// [`Limits::strict`] suits a gateway. A spent budget ends the member in which it is spent, or the
        /// whole file where the field says so. Findings so far stay, and the record has a `limit-*` code,
        /// such as [`ErrorCode::LimitSteps`].
        ///
        /// The description of each field begins with its unit. "For each member" counts anew for each member
        /// and for the file itself; "for each file" counts the file with all of its members. Any amount is
        /// valid; 0 leaves nothing. The budgets count work and not time: the same bytes and limits give the
        /// same report on every machine.
        ///
        /// ```
        /// use rmsight::{Inspector, Limits};
        ///
        /// let limits = Limits::strict().with_members(1_000).with_nesting(4);
        /// assert_eq!(limits.nesting, 4);
        /// let inspector = Inspector::builder().limits(limits).build();
        /// ```
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub struct Limits {
            $(
                $(#[doc = $doc])*
                #[doc = ""]
                #[doc = concat!(
                    "For each ", stringify!($scope), ". Default: ", stringify!($default),
                    "; strict: ", stringify!($strict), "."
                )]
                pub $field: u64,
            )*
        }

        impl Limits {
            /// Returns the budgets for hostile input: a mail gateway, an upload form. Each field states them.
            pub fn strict() -> Limits {
                Limits { $($field: $strict,)* }
            }

            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](Limits::", stringify!($field), ").")]
                #[must_use]
                pub fn $with(mut self, amount: u64) -> Limits {
                    self.$field = amount;
                    self
                }
            )*

            pub(super) fn of(&self, limit: Limit) -> u64 {
                match limit { $(Limit::$variant => self.$field,)* }
            }

            /// Returns the name (`<name>` of `limit-<name>`) and the amount of every budget.
            pub fn entries(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
                Limit::ALL.iter().map(|limit| (limit.name(), self.of(*limit)))
            }

            /// Sets the budget with this name, which [`entries`](Limits::entries) lists. Hyphens and
            /// underscores are the same. Any amount is valid; 0 leaves nothing. Returns false, and changes
            /// nothing, if no budget has this name.
            #[must_use = "a name that no budget has is ignored"]
            pub fn set(&mut self, name: &str, amount: u64) -> bool {
                let name = name.replace('_', "-");
                match name.as_str() {
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
    /// Bytes read from the source. A mailbox is read to its end, and real ones have tens of
    /// gigabytes; a protected document costs about 60 KB, whatever its size.
    BytesRead bytes_read with_bytes_read LimitBytesRead file default 1_099_511_627_776 strict 268_435_456;
    /// Bytes of memory for structures that the reader builds.
    Allocation allocation with_allocation LimitAllocation member default 33_554_432 strict 8_388_608;
    /// Bytes that one member decodes to: inflated (RFC 1951), or decoded from base64 or quoted-printable (RFC
    /// 2045). Real licenses in mail inflate to about 1 MB, the compound file of a protected mail to tens of
    /// megabytes.
    Inflated inflated with_inflated LimitInflated member default 1_073_741_824 strict 67_108_864;
    /// Bytes that all members together decode to, as for [`inflated`](Limits::inflated).
    InflatedTotal inflated_total with_inflated_total LimitInflatedTotal file default 1_099_511_627_776 strict 268_435_456;
    /// Ratio: bytes that a member and the members in it decode to, for each stored byte, after the first
    /// 1 MiB. Deflate reaches 1,032 for zeros.
    /// Protected data does not compress, and mail compresses to a tenth.
    Ratio ratio with_ratio LimitRatio member default 200 strict 100;
    /// Bytes of one publishing license (MS-RMPR 2.2.9). The largest known one has 953 KB; .NET rejects
    /// more than 1,000,000 characters.
    LicenseBytes license_bytes with_license_bytes LimitLicenseBytes member default 4_194_304 strict 2_097_152;
    /// Licenses, cached use licenses included.
    Licenses licenses with_licenses LimitLicenses file default 1_000_000 strict 1_000;
    /// `<XrML>` documents in one license (MS-RMPR 2.2.9). Real licenses have 1 to 8.
    ChainLength chain_length with_chain_length LimitChainLength member default 64 strict 32;
    /// Depth of XML elements. Real licenses have less than 15.
    XmlDepth xml_depth with_xml_depth LimitXmlDepth member default 64 strict 64;
    /// Attributes of one XML element. Real licenses have at most 6.
    Attributes attributes with_attributes LimitAttributes member default 64 strict 32;
    /// Directory entries of a compound file (MS-CFB 2.6). A message can have 2,048 attachments of about
    /// twenty streams each.
    DirectoryEntries directory_entries with_directory_entries LimitDirectoryEntries member default 1_048_576 strict 131_072;
    /// Sectors followed in the FAT, DIFAT and mini FAT of a compound file (MS-CFB 2.3 to 2.5). The
    /// directory and the license of a file of 2 GB need less than 20,000.
    ChainSectors chain_sectors with_chain_sectors LimitChainSectors member default 4_194_304 strict 262_144;
    /// Members, at all depths.
    Members members with_members LimitMembers file default 1_000_000 strict 10_000;
    /// Bytes of the largest member that is opened. The content of a larger member is unknown.
    MemberSize member_size with_member_size LimitMemberSize member default 1_099_511_627_776 strict 268_435_456;
    /// Records of members, each of some hundred bytes of memory. A record whose member has a long path
    /// counts once more for each 512 bytes of the path. Members past the limit have no record; the
    /// record of the file is then `partial`.
    Findings findings with_findings LimitFindings file default 50_000 strict 5_000;
    /// Levels of members in members. The members of a file are level 1.
    Nesting nesting with_nesting LimitNesting member default 16 strict 8;
    /// Parts of one message (RFC 2046).
    MailParts mail_parts with_mail_parts LimitMailParts member default 10_000 strict 1_000;
    /// Objects looked up in one PDF (ISO 32000-2, 7.3.10).
    PdfObjects pdf_objects with_pdf_objects LimitPdfObjects member default 4_096 strict 1_024;
    /// Bytes of a stream or of a decoded member that are kept in memory, because the format reads them in any
    /// order. [`inspect_reader`](crate::Inspector::inspect_reader) and
    /// [`detect_reader`](crate::Inspector::detect_reader) keep at most this many bytes of a stream. Members
    /// that are open at the same time share twice this amount. Storage of
    /// [`InspectorBuilder::spill`](crate::InspectorBuilder::spill) takes the bytes of members after them.
    Spool spool with_spool LimitSpool member default 16_777_216 strict 16_777_216;
    /// Steps of all other loops: about one for each byte or element that is examined. A step takes at
    /// most about 20 ns, so that a member ends after about 5 s.
    Steps steps with_steps LimitSteps member default 268_435_456 strict 67_108_864;
    /// Steps of all members together; each byte that is read for the first time allows 8 more. A file
    /// that has the same bytes in thousands of members ends after about 8 s, and a mailbox of gigabytes
    /// is read to its end.
    StepsTotal steps_total with_steps_total LimitStepsTotal file default 402_653_184 strict 268_435_456;
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
