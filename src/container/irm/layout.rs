//! Names and sizes of the data spaces of a document (MS-OFFCRYPTO 2.1 and 2.2).

/// Storage of the data spaces (2.1.1).
pub(super) const DATA_SPACES: &str = "\u{6}DataSpaces";
/// Stream that assigns contents to data spaces (2.1.6).
pub(super) const DATA_SPACE_MAP: &str = "DataSpaceMap";
/// Storage with one storage for each transform (2.1.1).
pub(super) const TRANSFORM_INFO: &str = "TransformInfo";
/// Stream that describes a transform, in its storage (2.2.6).
pub(super) const PRIMARY: &str = "\u{6}Primary";
/// Stream of the label, in the storage of the transforms (2.6.2).
pub(super) const LABEL_INFO: &str = "LabelInfo";
/// Prefix of the names of streams with use licenses (2.2.11).
pub(super) const USE_LICENSE_PREFIX: &str = "EUL-";
/// Stream of the document properties, which include labels (MS-OSHARED 2.3.3.2).
pub(super) const DOCUMENT_SUMMARY: &str = "\u{5}DocumentSummaryInformation";

/// Storage of the transform of an ECMA-376 document (2.2.4).
pub(super) const OOXML_TRANSFORM: &str = "DRMEncryptedTransform";
/// Storage of the transform of a binary document (2.2.3).
pub(super) const BINARY_TRANSFORM: &str = "\u{9}DRMTransform";

/// Streams of the content of a binary document (MS-DOC, MS-XLS and its predecessor, MS-PPT). In a
/// protected document they contain a notice.
pub(super) const PLACEHOLDERS: [&str; 4] =
    ["WordDocument", "Workbook", "Book", "PowerPoint Document"];

/// Class of a transform that encrypts with a publishing license (2.2.6).
pub(super) const RMS_CLASS: &str = "{C73DFACD-061F-43B0-8B64-0C620D2A8B50}";
/// Class of a transform that encrypts with a password (2.1.8).
pub(super) const PASSWORD_CLASS: &str = "{FF9A3F03-56EF-4613-BDD5-5A41C1D07246}";
/// Class of a transform that only compresses (2.2.3).
pub(super) const COMPRESSION_CLASS: &str = "{86DE7F2B-DDCE-486D-B016-405BBE82B8BC}";

/// Stream of the properties of an Outlook item (MS-OXMSG 2.4), whose storages may be documents.
pub(super) const MESSAGE_PROPERTIES: &str = "__properties_version1.0";

/// Bytes of `\x06Primary` that are read for its class. Without extensions the fields before the
/// license have 176 bytes.
pub(super) const CLASS_WITHIN: u64 = 512;
/// `TransformLength`: bytes of `TransformInfoHeader` before its name, in files of all but one
/// writer (2.1.8).
pub(super) const TRANSFORM_LENGTH: u32 = 88;
/// Maximum bytes of a text in it. No known writer exceeds them.
pub(super) const LONGEST_TEXT: u32 = 1024;
/// `ExtensibilityHeader` has at least its own length (2.2.5); .NET accepts up to 4,096.
pub(super) const EXTENSIBILITY: std::ops::RangeInclusive<u32> = 4..=4096;
/// Bytes of the stream that are read with the class, so that the license needs no further read.
/// Real licenses of documents have up to 70 KB.
pub(super) const LICENSE_AHEAD: u64 = 131_072;
/// The same if only the head of the license is needed.
pub(super) const LICENSE_HEAD_AHEAD: u64 = 4096;
/// Maximum bytes of a stream with labels. Real ones have a few thousand bytes.
pub(super) const MOST_LABEL_BYTES: u64 = 1_048_576;

/// Kind of encryption that the name of a directory entry shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProtectionSign {
    /// Binary Office with a publishing license.
    Binary,
    /// An ECMA-376 document with a publishing license.
    Ooxml,
    /// The envelope of .NET with a publishing license.
    Envelope,
    /// Data spaces with any transform.
    DataSpaces,
    /// The description of a transform.
    Primary,
    /// Encrypted content, by a password or a license.
    Package,
    /// A password (2.3.4).
    EncryptionInfo,
}

/// Names that only encrypted files have.
pub(super) const SIGNS: &[(&str, ProtectionSign)] = &[
    (PRIMARY, ProtectionSign::Primary),
    (DATA_SPACES, ProtectionSign::DataSpaces),
    (DATA_SPACE_MAP, ProtectionSign::DataSpaces),
    ("DataSpaceInfo", ProtectionSign::DataSpaces),
    (TRANSFORM_INFO, ProtectionSign::DataSpaces),
    ("EncryptedPackage", ProtectionSign::Package),
    ("EncryptionInfo", ProtectionSign::EncryptionInfo),
    (OOXML_TRANSFORM, ProtectionSign::Ooxml),
    ("DRMEncryptedDataSpace", ProtectionSign::Ooxml),
    (BINARY_TRANSFORM, ProtectionSign::Binary),
    ("\u{9}DRMDataSpace", ProtectionSign::Binary),
    ("\u{9}LZXDRMDataSpace", ProtectionSign::Binary),
    ("\u{9}DRMContent", ProtectionSign::Binary),
    ("\u{9}DRMViewerContent", ProtectionSign::Binary),
    ("RMEncryptionNoCompression", ProtectionSign::Envelope),
];
