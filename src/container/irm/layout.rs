//! What the data spaces of a protected document are called (MS-OFFCRYPTO 2.1 and 2.2).

/// The storage of all of it (2.1.1).
pub(super) const DATA_SPACES: &str = "\u{6}DataSpaces";
/// Which content is in which data space (2.1.6).
pub(super) const DATA_SPACE_MAP: &str = "DataSpaceMap";
/// The transforms, a storage each (2.1.1).
pub(super) const TRANSFORM_INFO: &str = "TransformInfo";
/// What a transform is, in its storage (2.2.6).
pub(super) const PRIMARY: &str = "\u{6}Primary";
/// The label, beside the transforms (2.6.2).
pub(super) const LABEL_INFO: &str = "LabelInfo";
/// How the names of the streams with use licenses begin (2.2.11).
pub(super) const USE_LICENSE_PREFIX: &str = "EUL-";
/// Clear properties, labels among them (MS-OSHARED 2.3.3.2).
pub(super) const DOCUMENT_SUMMARY: &str = "\u{5}DocumentSummaryInformation";

/// The transform of an ECMA-376 document (2.2.4).
pub(super) const OOXML_TRANSFORM: &str = "DRMEncryptedTransform";
/// The transform of a binary document (2.2.3).
pub(super) const BINARY_TRANSFORM: &str = "\u{9}DRMTransform";

/// The content of a binary document (MS-DOC, MS-XLS and its forerunner, MS-PPT), which in a
/// protected one is a notice.
pub(super) const PLACEHOLDERS: [&str; 4] =
    ["WordDocument", "Workbook", "Book", "PowerPoint Document"];

/// The class of the transform that a publishing license decides about (2.2.6).
pub(super) const RMS_CLASS: &str = "{C73DFACD-061F-43B0-8B64-0C620D2A8B50}";
/// The class of the transform that a password decides about (2.1.8).
pub(super) const PASSWORD_CLASS: &str = "{FF9A3F03-56EF-4613-BDD5-5A41C1D07246}";
/// The class of the transform that only compresses (2.2.3).
pub(super) const COMPRESSION_CLASS: &str = "{86DE7F2B-DDCE-486D-B016-405BBE82B8BC}";

/// The properties of an Outlook item (MS-OXMSG 2.4), which may hold documents as its storages.
pub(super) const MESSAGE_PROPERTIES: &str = "__properties_version1.0";

/// How much of `\x06Primary` is looked at for its class: the fields before the license have 176
/// bytes where nobody extends them.
pub(super) const CLASS_WITHIN: u64 = 512;
/// Bytes of `TransformInfoHeader` before its name, as all but one writer count them (2.1.8).
pub(super) const TRANSFORM_LENGTH: u32 = 88;
/// Bytes of the longest text in it that anybody writes.
pub(super) const LONGEST_TEXT: u32 = 1024;
/// `ExtensibilityHeader` has at least its own length (2.2.5); .NET accepts up to 4,096.
pub(super) const EXTENSIBILITY: std::ops::RangeInclusive<u32> = 4..=4096;
/// How much of the stream is read with the class, so that the license needs no other read: real
/// ones have up to 70 KB in documents.
pub(super) const LICENSE_AHEAD: u64 = 131_072;
/// The same where only the license's head is wanted.
pub(super) const LICENSE_HEAD_AHEAD: u64 = 4096;
/// A label has a few hundred bytes, a property set with labels a few thousand.
pub(super) const MOST_LABEL_BYTES: u64 = 1_048_576;

/// What an entry's name says about its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProtectionSign {
    /// Binary Office with a publishing license.
    Binary,
    /// An ECMA-376 document with a publishing license.
    Ooxml,
    /// .NET's envelope with a publishing license.
    Envelope,
    /// Data spaces, whatever their transform.
    DataSpaces,
    /// A transform's own description.
    Primary,
    /// Encrypted content, by a password or a license.
    Package,
    /// A password (2.3.4).
    EncryptionInfo,
}

/// The names that no other file has.
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
