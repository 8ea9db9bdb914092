//! [`ErrorCode`], the closed list of reasons why something was not read.
//!
//! A leaf of the import graph: the only file that spells the names of the codes. `CODES.md` tells users
//! what each code means and what to do; a test compares the two lists.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use crate::kinds::{UnknownName, serde_by_name, vocabulary};

vocabulary! {
    /// Groups the codes by what the reader of a record can do about them.
    pub enum ErrorFamily {
        /// The bytes of the file were not available: a failed read, a missing permission, a cloud file.
        Access = "access",
        /// The bytes break their format: `truncated`, `license-unreadable` and every `malformed-*`.
        Damage = "damage",
        /// The bytes are well formed, and this build does not read them.
        Unsupported = "unsupported",
        /// A budget of [`Limits`](crate::Limits) or of the program is spent: every `limit-*`.
        Limit = "limit",
        /// The caller ended the read, or gave input that is wrong.
        Caller = "caller",
    }
}

macro_rules! codes {
    ($($family:ident { $($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)* })*) => {
        /// The reason why something was not read: the record's `error_code`.
        ///
        /// With a code, a record that shows no license is undecided, never `none`. New codes are added in
        /// later versions; the name of a code never changes. [`Facts::error_code`](crate::Facts::error_code)
        /// is therefore the name as text, which keeps unknown codes;
        /// [`Detection::error_code`](crate::Detection::error_code) and [`Error::code`](crate::Error::code)
        /// return the enum. [`as_str`](ErrorCode::as_str) and [`FromStr`] convert. `CODES.md` of the package
        /// says what to do about each code.
        ///
        /// ```
        /// use rmsight::{ErrorCode, ErrorFamily};
        ///
        /// let code: ErrorCode = "malformed-zip".parse()?;
        /// assert_eq!((code.to_string().as_str(), code.family()), ("malformed-zip", ErrorFamily::Damage));
        /// # Ok::<(), rmsight::UnknownName>(())
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode {
            $($($(#[doc = $doc])+ #[doc = concat!("\n\nName: `", $name, "`.")] $variant,)*)*
        }

        impl ErrorCode {
            /// Every code, grouped by family.
            pub const ALL: &'static [ErrorCode] = &[$($(ErrorCode::$variant,)*)*];

            /// Returns the name in the record, such as `malformed-zip`.
            pub const fn as_str(self) -> &'static str {
                match self { $($(ErrorCode::$variant => $name,)*)* }
            }

            /// Returns the group that the code belongs to.
            pub const fn family(self) -> ErrorFamily {
                match self { $($(ErrorCode::$variant => ErrorFamily::$family,)*)* }
            }
        }

        impl FromStr for ErrorCode {
            type Err = UnknownName;

            fn from_str(name: &str) -> Result<ErrorCode, UnknownName> {
                match name {
                    $($($name => Ok(ErrorCode::$variant),)*)*
                    _ => Err(UnknownName::new("ErrorCode", name, &[$($($name,)*)*])),
                }
            }
        }
    };
}

codes! {
    Access {
        /// The system failed to read the bytes.
        Io = "io",
        /// The system refused access to the file.
        PermissionDenied = "permission-denied",
        /// The content of the file is in cloud or archive storage, not on this disk.
        NotHydrated = "not-hydrated",
        /// A read did not return in time.
        Hung = "hung",
        /// The file changed during the read.
        ChangedWhileReading = "changed-while-reading",
    }
    Caller {
        /// The caller raised its [`Cancel`](crate::Cancel).
        Cancelled = "cancelled",
        /// The deadline of [`Inspector::deadline`](crate::Inspector::deadline) has passed. The only code that
        /// depends on time: the same bytes can give another report.
        Deadline = "deadline",
        /// An estate file or an option is wrong. It is in no record.
        Config = "config",
    }
    Damage {
        /// A structure ends before a field that its format requires.
        Truncated = "truncated",
        /// The file is rights-protected and contains no license.
        LicenseMissing = "license-missing",
        /// The bytes in the position of the license are no license, or name no readable key.
        LicenseUnreadable = "license-unreadable",
        /// A member is named like a protected file, and its bytes are of no known format.
        MalformedAttachment = "malformed-attachment",
        /// A signed message (RFC 5652).
        MalformedCms = "malformed-cms",
        /// The data spaces of a protected compound file (MS-OFFCRYPTO 2.1, 2.2).
        MalformedDataSpaces = "malformed-data-spaces",
        /// Compressed data in any container (RFC 1950, 1951).
        MalformedDeflate = "malformed-deflate",
        /// The DIFAT of a compound file (MS-CFB 2.5).
        MalformedDifat = "malformed-difat",
        /// The directory of a compound file (MS-CFB 2.6).
        MalformedDirectory = "malformed-directory",
        /// `EncryptionInfo` of a document with a password (MS-OFFCRYPTO 2.3).
        MalformedEncryptionInfo = "malformed-encryption-info",
        /// The FAT or mini FAT of a compound file (MS-CFB 2.3, 2.4).
        MalformedFat = "malformed-fat",
        /// A gzip file whose checksum or size differs from its data (RFC 1952).
        MalformedGzip = "malformed-gzip",
        /// The header of a compound file (MS-CFB 2.2) or of a message (RFC 5322).
        MalformedHeader = "malformed-header",
        /// XML with sensitivity labels (MS-OFFCRYPTO 2.6).
        MalformedLabel = "malformed-label",
        /// A member that decodes to more bytes than its container states.
        MalformedMemberSize = "malformed-member-size",
        /// A multipart message (RFC 2046).
        MalformedMime = "malformed-mime",
        /// The catalog of a PDF (ISO 32000-2, 7.7.2).
        MalformedPdfCatalog = "malformed-pdf-catalog",
        /// The encryption dictionary of a PDF (ISO 32000-2, 7.6).
        MalformedPdfEncrypt = "malformed-pdf-encrypt",
        /// An object of a PDF (ISO 32000-2, 7.3).
        MalformedPdfObject = "malformed-pdf-object",
        /// The embedded payload of a PDF wrapper (ISO 32000-2, 7.6.7).
        MalformedPdfPayload = "malformed-pdf-payload",
        /// A stream of a PDF (ISO 32000-2, 7.3.8).
        MalformedPdfStream = "malformed-pdf-stream",
        /// The trailer of a PDF (ISO 32000-2, 7.5.5).
        MalformedPdfTrailer = "malformed-pdf-trailer",
        /// The cross-reference of a PDF (ISO 32000-2, 7.5.4, 7.5.8).
        MalformedPdfXref = "malformed-pdf-xref",
        /// The header of a generic protected file.
        MalformedPfileHeader = "malformed-pfile-header",
        /// An Outlook data file (MS-PST).
        MalformedPst = "malformed-pst",
        /// The attachment of a protected message (MS-OXORMMS 2.2.4).
        MalformedRpmsg = "malformed-rpmsg",
        /// A tape archive (POSIX.1-2017, pax).
        MalformedTar = "malformed-tar",
        /// `winmail.dat` (MS-OXTNEF).
        MalformedTnef = "malformed-tnef",
        /// `\x06Primary`, which contains the license (MS-OFFCRYPTO 2.2.6).
        MalformedTransformInfo = "malformed-transform-info",
        /// The text of a license.
        MalformedXrml = "malformed-xrml",
        /// The directory or a member of a ZIP archive (APPNOTE.TXT 4.3).
        MalformedZip = "malformed-zip",
        /// The end of a ZIP archive (APPNOTE.TXT 4.3.14 to 4.3.16).
        MalformedZipEnd = "malformed-zip-end",
    }
    Unsupported {
        /// The transform of a data space or the security handler of a PDF is in no list of known ones.
        UnknownTransform = "unknown-transform",
        /// A format that can hold files and that this library does not open; the error names it.
        ArchiveNotOpened = "archive-not-opened",
        /// A message or mailbox in UTF-16, or with line ends that mail does not have.
        MailNotRead = "mail-not-read",
        /// A member that its archive or PDF encrypts with a password.
        EncryptedMember = "encrypted-member",
        /// This build has no reader for the format, or the caller gave none.
        FeatureOff = "feature-off",
        /// The process that reads Outlook data files ended, or sent an answer that breaks its protocol.
        ReaderFailed = "reader-failed",
    }
    Limit {
        /// Bytes read from the file.
        LimitBytesRead = "limit-bytes-read",
        /// Bytes of memory for the structures of one member.
        LimitAllocation = "limit-allocation",
        /// Bytes inflated from one member.
        LimitInflated = "limit-inflated",
        /// Bytes inflated from all members of the file.
        LimitInflatedTotal = "limit-inflated-total",
        /// Bytes inflated for each byte read.
        LimitRatio = "limit-ratio",
        /// Bytes of one license.
        LimitLicenseBytes = "limit-license-bytes",
        /// Licenses in one file.
        LimitLicenses = "limit-licenses",
        /// Documents in one license.
        LimitChainLength = "limit-chain-length",
        /// Nesting of XML elements.
        LimitXmlDepth = "limit-xml-depth",
        /// Attributes of one XML element.
        LimitAttributes = "limit-attributes",
        /// Directory entries of one compound file.
        LimitDirectoryEntries = "limit-directory-entries",
        /// Sectors followed in one compound file.
        LimitChainSectors = "limit-chain-sectors",
        /// Members of one file.
        LimitMembers = "limit-members",
        /// Bytes of the largest member that is opened.
        LimitMemberSize = "limit-member-size",
        /// Records of one file.
        LimitFindings = "limit-findings",
        /// Members in members.
        LimitNesting = "limit-nesting",
        /// Parts of one message.
        LimitMailParts = "limit-mail-parts",
        /// Objects looked up in one PDF.
        LimitPdfObjects = "limit-pdf-objects",
        /// Bytes of one member in memory, for a format that needs random access.
        LimitSpool = "limit-spool",
        /// Work for one member.
        LimitSteps = "limit-steps",
        /// Work for the file.
        LimitStepsTotal = "limit-steps-total",
        /// Seconds of the process that reads an Outlook data file.
        LimitPstTime = "limit-pst-time",
        /// Memory of the process that reads an Outlook data file.
        LimitPstMemory = "limit-pst-memory",
        /// Folders in folders, in a walk of a tree.
        LimitFolderDepth = "limit-folder-depth",
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

serde_by_name!(ErrorCode);

impl From<ErrorCode> for Cow<'static, str> {
    fn from(code: ErrorCode) -> Cow<'static, str> {
        Cow::Borrowed(code.as_str())
    }
}

impl PartialEq<str> for ErrorCode {
    fn eq(&self, name: &str) -> bool {
        self.as_str() == name
    }
}

impl PartialEq<&str> for ErrorCode {
    fn eq(&self, name: &&str) -> bool {
        self.as_str() == *name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_parses_and_matches_its_family() {
        for code in ErrorCode::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            let is_limit = code.as_str().starts_with("limit-");
            assert_eq!(is_limit, code.family() == ErrorFamily::Limit, "{code}");
            let is_malformed = code.as_str().starts_with("malformed-");
            assert!(!is_malformed || code.family() == ErrorFamily::Damage, "{code}");
        }
        assert!("malformed".parse::<ErrorCode>().is_err());
    }
}
