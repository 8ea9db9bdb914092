//! Office files with password protection, which have no license.

use crate::bytes::{noise, put32, utf16};
use crate::compound::Compound;
use crate::irm::{PASSWORD_TRANSFORM, data_spaces, transform_header};

/// The encryption of an ECMA-376 document with a password (MS-OFFCRYPTO 2.3.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PasswordForm {
    /// Version 4.4, described in XML.
    Agile,
    /// Version 3.2, described by a binary header.
    Standard,
    /// Version 4.3, for third-party providers.
    Extensible,
}

/// Builds an ECMA-376 document with a password.
pub fn password_ooxml(form: PasswordForm) -> Vec<u8> {
    let transform = "StrongEncryptionTransform";
    let file = Compound::new();
    let file = data_spaces(file, "EncryptedPackage", "StrongEncryptionDataSpace", transform);
    let mut primary =
        transform_header(PASSWORD_TRANSFORM, "Microsoft.Container.EncryptionTransform");
    for field in [0, 16, 0, 4] {
        put32(&mut primary, field);
    }
    let path = format!("\u{6}DataSpaces/TransformInfo/{transform}/\u{6}Primary");
    file.stream(&path, primary)
        .stream("EncryptionInfo", encryption_info(form))
        .stream("EncryptedPackage", [8000_u64.to_le_bytes().to_vec(), noise(7, 8192)].concat())
        .build()
}

fn encryption_info(form: PasswordForm) -> Vec<u8> {
    let (major, minor, flags) = match form {
        PasswordForm::Agile => (4, 4, 0x40),
        PasswordForm::Standard => (3, 2, 0x24),
        PasswordForm::Extensible => (4, 3, 0x10),
    };
    let mut out = vec![major, 0, minor, 0];
    put32(&mut out, flags);
    if form == PasswordForm::Agile {
        out.extend_from_slice(
            b"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<encryption \
              xmlns=\"http://schemas.microsoft.com/office/2006/encryption\"><keyData saltSize=\"16\" \
              blockSize=\"16\" keyBits=\"256\" hashSize=\"64\" cipherAlgorithm=\"AES\" \
              cipherChaining=\"ChainingModeCBC\" hashAlgorithm=\"SHA512\" \
              saltValue=\"AAAAAAAAAAAAAAAAAAAAAA==\"/></encryption>",
        );
        return out;
    }
    let provider = utf16("Microsoft Enhanced RSA and AES Cryptographic Provider\0");
    put32(&mut out, 32 + provider.len());
    for field in [flags, 0, 0x660E, 0x8004, 128, 24, 0, 0] {
        put32(&mut out, field);
    }
    out.extend_from_slice(&provider);
    put32(&mut out, 16);
    out.extend_from_slice(&noise(8, 16 + 16));
    put32(&mut out, 20);
    out.extend_from_slice(&noise(9, 32));
    out
}

/// Builds a workbook in which FILEPASS follows BOF (MS-XLS 2.4.117).
pub fn password_xls() -> Vec<u8> {
    let mut book =
        vec![0x09, 0x08, 0x10, 0, 0, 6, 5, 0, 0xBB, 0x0D, 0xCC, 7, 0, 0, 0, 0, 6, 0, 0, 0];
    book.extend_from_slice(&[0x2F, 0, 54, 0, 1, 0, 1, 0, 1, 0]);
    book.extend_from_slice(&noise(10, 48));
    book.extend_from_slice(&noise(11, 6000));
    Compound::new().stream("Workbook", book).build()
}

/// Builds a document with the flag fEncrypted in the FIB (MS-DOC 2.5.2).
pub fn password_doc() -> Vec<u8> {
    let mut document = vec![0xEC, 0xA5, 0xC1, 0x00, 0, 0, 0x09, 0x04, 0, 0, 0x00, 0x13];
    document.extend_from_slice(&[0xBF, 0, 52, 0, 0, 0]);
    document.resize(1024, 0);
    document.extend_from_slice(&noise(12, 6000));
    let table = [vec![1, 0, 1, 0], noise(13, 5000)].concat();
    Compound::new().stream("WordDocument", document).stream("1Table", table).build()
}

/// Builds a presentation with the token of encrypted files in CurrentUserAtom (MS-PPT 2.3.2).
pub fn password_ppt() -> Vec<u8> {
    let mut user = vec![0, 0, 0xF6, 0x0F, 0x20, 0, 0, 0, 0x14, 0, 0, 0, 0xDF, 0xC4, 0xD1, 0xF3];
    user.extend_from_slice(&[0; 4]);
    user.extend_from_slice(&[3, 0, 0xF4, 3, 3, 0, 0, 0]);
    user.extend_from_slice(b"ada\x08\x00\x00\x00a\x00d\x00a\x00");
    Compound::new()
        .stream("Current User", user)
        .stream("PowerPoint Document", noise(14, 6000))
        .build()
}

/// Builds a compound file of no known format.
pub fn plain_compound() -> Vec<u8> {
    Compound::new().stream("Catalog", noise(15, 300)).stream("1", noise(16, 5000)).build()
}
