//! Signatures and sizes of APPNOTE.TXT 6.3.10, and the parts that identify an Office package.

use crate::bytes::to_u64;

/// Local file header (4.3.7).
pub(super) const LOCAL: u32 = 0x0403_4B50;
/// Record of the central directory (4.3.12).
pub(super) const CENTRAL: u32 = 0x0201_4B50;
/// Digital signature (4.3.13), which can follow the last record.
pub(super) const SIGNATURE: u32 = 0x0505_4B50;
/// End of central directory record (4.3.16).
pub(super) const END: u32 = 0x0605_4B50;
/// [`END`] as bytes.
pub(crate) const END_SIGNATURE: &[u8] = &END.to_le_bytes();
/// Marker before the first local header of a split archive (8.5.3).
pub(super) const SPLIT: &[u8] = b"PK\x07\x08";
/// Zip64 end of central directory record (4.3.14).
pub(super) const END_64: u32 = 0x0606_4B50;
/// Zip64 end of central directory locator (4.3.15).
pub(super) const LOCATOR_64: u32 = 0x0706_4B50;

/// Bytes of a local header, a record and the end record before the name or the comment.
pub(super) const LOCAL_FIXED: usize = 30;
pub(super) const CENTRAL_FIXED: usize = 46;
pub(super) const END_FIXED: usize = 22;
pub(super) const LOCAL_LEN: u64 = to_u64(LOCAL_FIXED);
pub(super) const CENTRAL_LEN: u64 = to_u64(CENTRAL_FIXED);
pub(super) const END_LEN: u64 = to_u64(END_FIXED);
pub(super) const END_64_LEN: u64 = 56;
pub(super) const LOCATOR_64_LEN: u64 = 20;
/// Possible lengths of a data descriptor (4.3.9): missing, or with sizes of 32 or 64 bits, without
/// or with its signature.
pub(super) const DESCRIPTORS: [usize; 5] = [0, 12, 16, 20, 24];
/// Bytes of the longest comment after the end record.
pub(super) const MAX_COMMENT: u64 = 65_535;

/// Flag, bit 0: the member is encrypted (4.4.4).
pub(super) const ENCRYPTED: u16 = 1;
/// Flag, bit 3: the sizes follow the data.
pub(super) const DESCRIPTOR: u16 = 1 << 3;
/// Flag, bit 11: the name is UTF-8.
pub(super) const UTF8: u16 = 1 << 11;
/// Flag, bit 13: the local header is masked, because the directory is encrypted.
pub(super) const MASKED: u16 = 1 << 13;

/// Compression methods (4.4.5).
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;
/// Method of a member encrypted by AES (appendix E).
pub(super) const AES: u16 = 99;

/// Id of the extra field with sizes of 64 bits (4.5.3).
pub(super) const EXTRA_64: u16 = 1;

/// Relationships of the package (ECMA-376 part 2, 9.3.4).
pub(super) const RELATIONSHIPS: &[u8] = b"_rels/.rels";
/// Names of main parts, used by nearly all writers.
pub(super) const MAIN_PARTS: &[&[u8]] = &[
    b"word/document.xml",
    b"xl/workbook.xml",
    b"xl/workbook.bin",
    b"ppt/presentation.xml",
    b"visio/document.xml",
];
/// Relationship types of a main part: the common end of the transitional and the strict type
/// (ECMA-376 part 1, 15.2.1), and the type of [MS-VSDX] 2.3.3.
pub(super) const MAIN_TYPES: [&[u8]; 2] =
    [b"/relationships/officeDocument", b"schemas.microsoft.com/visio/2010/relationships/document"];
/// Part with labels (MS-OFFCRYPTO 2.6.4).
pub(super) const LABEL_INFO: &[u8] = b"docMetadata/LabelInfo.xml";
/// Part with custom properties (ECMA-376 part 1, 15.2.12.2).
pub(super) const CUSTOM_PROPERTIES: &[u8] = b"docProps/custom.xml";

/// IBM code page 437 from 0x80 on, for names without the UTF-8 bit (appendix D).
pub(super) const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
