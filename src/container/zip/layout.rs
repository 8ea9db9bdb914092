//! Signatures and sizes of APPNOTE.TXT 6.3.10, and the parts by which an Office package is known.

use crate::bytes::to_u64;

/// 4.3.7, a local file header.
pub(super) const LOCAL: u32 = 0x0403_4B50;
/// 4.3.12, a record of the central directory.
pub(super) const CENTRAL: u32 = 0x0201_4B50;
/// 4.3.13, the digital signature that may stand behind the last record.
pub(super) const SIGNATURE: u32 = 0x0505_4B50;
/// 4.3.16, the end of central directory record.
pub(super) const END: u32 = 0x0605_4B50;
/// Its bytes.
pub(crate) const END_SIGNATURE: &[u8] = &END.to_le_bytes();
/// 8.5.3, before the first local header of a split archive.
pub(super) const SPLIT: &[u8] = b"PK\x07\x08";
/// 4.3.14, its zip64 form.
pub(super) const END_64: u32 = 0x0606_4B50;
/// 4.3.15, which says where that is.
pub(super) const LOCATOR_64: u32 = 0x0706_4B50;

/// What a local header, a record and the end record have before the name or the comment.
pub(super) const LOCAL_FIXED: usize = 30;
pub(super) const CENTRAL_FIXED: usize = 46;
pub(super) const END_FIXED: usize = 22;
pub(super) const LOCAL_LEN: u64 = to_u64(LOCAL_FIXED);
pub(super) const CENTRAL_LEN: u64 = to_u64(CENTRAL_FIXED);
pub(super) const END_LEN: u64 = to_u64(END_FIXED);
pub(super) const END_64_LEN: u64 = 56;
pub(super) const LOCATOR_64_LEN: u64 = 20;
/// 4.3.9, how long a data descriptor is: none, with sizes of 32 or 64 bits, without and with its
/// signature.
pub(super) const DESCRIPTORS: [usize; 5] = [0, 12, 16, 20, 24];
/// The longest comment behind the end record.
pub(super) const MAX_COMMENT: u64 = 65_535;

/// 4.4.4, bit 0: the member is encrypted.
pub(super) const ENCRYPTED: u16 = 1;
/// Bit 3: sizes stand behind the data.
pub(super) const DESCRIPTOR: u16 = 1 << 3;
/// Bit 11: the name is UTF-8.
pub(super) const UTF8: u16 = 1 << 11;
/// Bit 13: the local header is masked, because the directory is encrypted.
pub(super) const MASKED: u16 = 1 << 13;

/// 4.4.5, compression methods.
pub(super) const STORED: u16 = 0;
pub(super) const DEFLATED: u16 = 8;
/// Appendix E: the member is encrypted by AES.
pub(super) const AES: u16 = 99;

/// 4.5.3, the extra field with sizes of 64 bits.
pub(super) const EXTRA_64: u16 = 1;

/// ECMA-376 part 2, 9.3.4: the relationships of the package itself.
pub(super) const RELATIONSHIPS: &[u8] = b"_rels/.rels";
/// Main parts under the names that nearly all writers give them.
pub(super) const MAIN_PARTS: &[&[u8]] = &[
    b"word/document.xml",
    b"xl/workbook.xml",
    b"xl/workbook.bin",
    b"ppt/presentation.xml",
    b"visio/document.xml",
];
/// Relationship types of a main part: ECMA-376 part 1, 15.2.1 (transitional and strict, of which this
/// is the end), and [MS-VSDX] 2.3.3.
pub(super) const MAIN_TYPES: [&[u8]; 2] =
    [b"/relationships/officeDocument", b"schemas.microsoft.com/visio/2010/relationships/document"];
/// MS-OFFCRYPTO 2.6.4.
pub(super) const LABEL_INFO: &[u8] = b"docMetadata/LabelInfo.xml";
/// ECMA-376 part 1, 15.2.12.2.
pub(super) const CUSTOM_PROPERTIES: &[u8] = b"docProps/custom.xml";

/// IBM code page 437 from 0x80 on, for names without the UTF-8 bit (appendix D).
pub(super) const CP437: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐└┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";
