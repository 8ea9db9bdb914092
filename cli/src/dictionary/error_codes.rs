//! The meaning of each error code. `output::advice` says what to do about it.

use rmsight::ErrorCode;

/// Describes why something was not read: for `malformed-*` the structure, for `limit-*` the budget.
pub(crate) fn meaning(code: ErrorCode) -> &'static str {
    use ErrorCode as Code;
    match code {
        Code::Io => "The system failed to read the bytes",
        Code::PermissionDenied => "The system refused access",
        Code::NotHydrated => {
            "The content of the file is in cloud or archive storage, not on this disk"
        }
        Code::Hung => "A read did not return in time",
        Code::ChangedWhileReading => "The file changed during the read",
        Code::Cancelled => "The caller ended the read",
        Code::Deadline => {
            "The deadline that a caller of the library set has passed. The only code that \
             depends on time: the same bytes can give another report"
        }
        Code::Config => {
            "An estate file or an option is wrong; it occurs in errors of the library, in no \
             record"
        }
        Code::Truncated => "A structure ends before a field that its format requires",
        Code::LicenseMissing => "The file is rights-protected and contains no license",
        Code::LicenseUnreadable => {
            "The bytes in the position of the license are no license, or name no readable key"
        }
        Code::UnknownTransform => {
            "The protection is of an unknown kind: the data space of an Office file, or a \
             security handler of a PDF that is not in the list of known handlers"
        }
        Code::ArchiveNotOpened => {
            "A format that can contain files and is not opened; the error names it"
        }
        Code::MailNotRead => {
            "A message or mailbox in UTF-16, or with lines that end in a bare CR, in CR CR LF \
             or in LF CR"
        }
        Code::EncryptedMember => {
            "An archive member with a password, or the protected payload of a PDF that is \
             encrypted by the PDF's own password"
        }
        Code::FeatureOff => {
            "This build does not contain the reader, or the caller provided no reader"
        }
        Code::ReaderFailed => {
            "The reader has a fault, or the process that reads the file died or broke the protocol"
        }
        _ => malformed(code).or_else(|| limit(code)).unwrap_or(code.as_str()),
    }
}

/// Returns the structure whose bytes break the format.
fn malformed(code: ErrorCode) -> Option<&'static str> {
    use ErrorCode as Code;
    Some(match code {
        Code::MalformedAttachment => {
            "A member that is named like a protected file and is of no known format"
        }
        Code::MalformedCms => "A signed message (RFC 5652)",
        Code::MalformedDataSpaces => {
            "The data spaces of a protected compound file (MS-OFFCRYPTO 2.1, 2.2)"
        }
        Code::MalformedDeflate => "Compressed data in any container (RFC 1950, 1951)",
        Code::MalformedDifat => "The DIFAT of a compound file (MS-CFB 2.5)",
        Code::MalformedDirectory => "The directory of a compound file (MS-CFB 2.6)",
        Code::MalformedEncryptionInfo => {
            "`EncryptionInfo` of a document with a password (MS-OFFCRYPTO 2.3)"
        }
        Code::MalformedFat => "The FAT or mini FAT of a compound file (MS-CFB 2.3, 2.4)",
        Code::MalformedGzip => {
            "A gzip file whose checksum or size differs from its data (RFC 1952)"
        }
        Code::MalformedHeader => {
            "The header of a compound file (MS-CFB 2.2) or of a message (RFC 5322)"
        }
        Code::MalformedLabel => "XML with sensitivity labels (MS-OFFCRYPTO 2.6)",
        Code::MalformedMemberSize => {
            "A member that decodes to more bytes than its container states"
        }
        Code::MalformedMime => "A multipart message (RFC 2046)",
        Code::MalformedPdfCatalog => "The catalog of a PDF (ISO 32000-2, 7.7.2)",
        Code::MalformedPdfEncrypt => "The encryption dictionary of a PDF (ISO 32000-2, 7.6)",
        Code::MalformedPdfObject => "An object of a PDF (ISO 32000-2, 7.3)",
        Code::MalformedPdfPayload => "The embedded payload of a PDF wrapper (ISO 32000-2, 7.6.7)",
        Code::MalformedPdfStream => "A stream of a PDF (ISO 32000-2, 7.3.8)",
        Code::MalformedPdfTrailer => "The trailer of a PDF (ISO 32000-2, 7.5.5)",
        Code::MalformedPdfXref => "The cross-reference of a PDF (ISO 32000-2, 7.5.4, 7.5.8)",
        Code::MalformedPfileHeader => "The header of a generic protected file",
        Code::MalformedPst => "An Outlook data file (MS-PST)",
        Code::MalformedRpmsg => "The attachment of a protected message (MS-OXORMMS 2.2.4)",
        Code::MalformedTar => "A tape archive (POSIX.1-2017, pax)",
        Code::MalformedTnef => "`winmail.dat` (MS-OXTNEF)",
        Code::MalformedTransformInfo => {
            "`\\x06Primary`, which contains the license (MS-OFFCRYPTO 2.2.6)"
        }
        Code::MalformedXrml => "The text of a license",
        Code::MalformedZip => "The directory or a member of a ZIP archive (APPNOTE.TXT 4.3)",
        Code::MalformedZipEnd => "The end of a ZIP archive (APPNOTE.TXT 4.3.14 to 4.3.16)",
        _ => return None,
    })
}

/// Returns what a budget counts.
fn limit(code: ErrorCode) -> Option<&'static str> {
    use ErrorCode as Code;
    Some(match code {
        Code::LimitBytesRead => "Bytes read from the file",
        Code::LimitAllocation => "Bytes of memory for the structures of one member",
        Code::LimitInflated => "Bytes of decompressed data of one member",
        Code::LimitInflatedTotal => "Bytes of decompressed data of the file",
        Code::LimitRatio => "Bytes of decompressed data for each byte read",
        Code::LimitLicenseBytes => "Bytes of a license",
        Code::LimitLicenses => "Licenses of a file",
        Code::LimitChainLength => "Certificates of a license",
        Code::LimitXmlDepth => "Nesting of XML elements",
        Code::LimitAttributes => "Attributes of one XML element",
        Code::LimitDirectoryEntries => "Entries in the directory of a compound file",
        Code::LimitChainSectors => "Sectors followed in the chains of a compound file",
        Code::LimitMembers => "Members of a file",
        Code::LimitMemberSize => "Bytes of one member",
        Code::LimitFindings => "Records of one file",
        Code::LimitNesting => "Nesting of members",
        Code::LimitMailParts => "Parts of one message",
        Code::LimitPdfObjects => "Objects looked up in one PDF",
        Code::LimitSpool => {
            "Bytes of a member that are buffered because its format needs random access"
        }
        Code::LimitSteps => "Work for one member",
        Code::LimitStepsTotal => "Work for the file",
        Code::LimitPstTime => "Seconds of the process that reads an Outlook data file",
        Code::LimitPstMemory => "Bytes of memory of the process that reads an Outlook data file",
        Code::LimitFolderDepth => "Nesting of folders during the walk of a tree",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_meaning() {
        assert!(ErrorCode::ALL.iter().all(|code| meaning(*code) != code.as_str()));
    }
}
