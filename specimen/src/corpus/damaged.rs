//! Protected files with one damage each. A reader has to report the damage and must not report that the
//! file is unprotected.

use super::publishers::{FolderFiles, azure, legacy, with_bom};
use crate::irm::{IrmDocument, IrmKind, LZX_TRANSFORM};
use crate::mail::{Attachment, Msg, eml, tnef};
use crate::pdf::{PdfForm, PdfIrm};
use crate::pfile::{Pfile, PfileVersion};
use crate::rpmsg::rpmsg;
use crate::tar::tar;
use crate::zip::{Method, Zip};

pub(crate) fn files() -> FolderFiles {
    [compound(), generic(), mail(), pdf()].concat()
}

/// Truncates the file to `numerator / denominator` of its length.
fn cut(mut bytes: Vec<u8>, numerator: usize, denominator: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() * numerator / denominator);
    bytes
}

/// Overwrites the bytes at `at`.
fn set(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

/// Returns the offset of the first occurrence of `needle`.
fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).expect("the file contains it")
}

/// Overwrites the first occurrence of `needle`.
fn replace(bytes: Vec<u8>, needle: &[u8], with: &[u8]) -> Vec<u8> {
    let at = find(&bytes, needle);
    set(bytes, at, with)
}

fn compound() -> FolderFiles {
    let document = || IrmDocument::new(IrmKind::Ooxml, azure().build()).payload(2048);
    let whole = document().build();
    // The license has offset 0xB0 in the stream \x06Primary.
    let primary = find(&whole, b"<?xml version=\"1.0\"?><XrML") - 0xB0;
    let no_license = IrmDocument::new(IrmKind::Ooxml, Vec::new()).payload(2048);
    let text = azure().text();
    let half_license = &text[..text.len() / 2];
    vec![
        ("ooxml-cut-in-license.docx", cut(document().build_as_sdk(), 1, 4)),
        ("ooxml-cut-before-directory.docx", cut(document().build_as_sdk(), 4, 5)),
        ("ooxml-cut-in-header.docx", whole[..300].to_vec()),
        ("ooxml-license-missing.docx", document().without_license().build()),
        ("ooxml-license-empty.docx", no_license.build()),
        ("ooxml-unknown-transform.docx", document().transform_class(UNKNOWN_TRANSFORM).build()),
        ("ooxml-compression-only.docx", document().transform_class(LZX_TRANSFORM).build()),
        ("ooxml-license-length.docx", set(whole.clone(), primary + 0xAC, &[0xFF; 4])),
        ("ooxml-transform-length.docx", set(whole.clone(), primary, &[0xFF, 0xFF, 0, 0])),
        ("ooxml-fat-looping.docx", set(whole.clone(), 512 + 4 * 12, &12_u32.to_le_bytes())),
        ("ooxml-directory-start.docx", set(whole, 0x30, &0x00FF_FFFF_u32.to_le_bytes())),
        (
            "ooxml-half-license.docx",
            IrmDocument::new(IrmKind::Ooxml, half_license.as_bytes().to_vec())
                .payload(2048)
                .build(),
        ),
        (
            "binary-no-placeholder.doc",
            IrmDocument::new(IrmKind::Word, azure().build()).placeholder(false).build(),
        ),
    ]
}

/// A transform class that no specification defines.
const UNKNOWN_TRANSFORM: &str = "{00000000-1111-2222-3333-444444444444}";

fn generic() -> FolderFiles {
    let file = Pfile::new(PfileVersion::V3_0, with_bom(azure()));
    let at = file.header_offset();
    let whole = file.build();
    let license = azure().text();
    vec![
        ("pfile-cut-in-license.pfile", cut(whole.clone(), 1, 2)),
        ("pfile-cut-in-content.pfile", cut(whole.clone(), 19, 20)),
        ("pfile-clear-text-length.pfile", set(whole.clone(), 14, &[0xFF; 4])),
        ("pfile-license-offset.pfile", set(whole.clone(), at + 12, &[0xFF; 4])),
        ("pfile-license-length.pfile", set(whole.clone(), at + 16, &[0xFF; 4])),
        ("pfile-version.pfile", set(whole, 6, &[9, 0, 0, 0])),
        ("license-cut.xml", license.as_bytes()[..license.len() / 3].to_vec()),
        ("license-no-end.xml", license.replace("</XrML>", "").into_bytes()),
    ]
}

fn mail() -> FolderFiles {
    let compound = || IrmDocument::new(IrmKind::Message, azure().build()).payload(512).build();
    let whole = rpmsg(&compound());
    let letter = eml(&[], &[Attachment::rpmsg(whole.clone())]);
    let winmail = tnef(&[Attachment::rpmsg(whole.clone())]);
    let zip = Zip::new().member("message.rpmsg", whole.clone(), Method::Deflated).build();
    let directory = find(&zip, b"PK\x01\x02");
    let item = Msg::new().attachment(Attachment::rpmsg(whole.clone())).build();
    let data: Vec<u8> = "37010102".encode_utf16().flat_map(u16::to_le_bytes).collect();
    // The match is at offset 24 of the directory entry, the size field at offset 120.
    let size = find(&item, &data) - 24 + 120;
    let archive = tar(&[("message.rpmsg", &whole)]);
    vec![
        ("rpmsg-cut.rpmsg", cut(whole.clone(), 1, 3)),
        ("rpmsg-prefix-only.rpmsg", whole[..8].to_vec()),
        ("rpmsg-block-tag.rpmsg", set(whole.clone(), 8, &[0xA1])),
        ("rpmsg-block-size.rpmsg", set(whole.clone(), 16, &[0xFF; 4])),
        ("rpmsg-not-zlib.rpmsg", set(whole, 20, &[0xFF; 16])),
        ("mail-cut.eml", cut(letter, 1, 2)),
        ("winmail-cut.dat", cut(winmail, 1, 2)),
        ("item-attachment-size.msg", set(item, size, &[0xFF; 3])),
        ("archive-cut.tar", cut(archive, 1, 2)),
        ("archive-no-directory.zip", zip[..directory].to_vec()),
    ]
}

fn pdf() -> FolderFiles {
    let v1 = || PdfIrm::new(PdfForm::V1, with_bom(legacy())).build();
    let v2 = || PdfIrm::new(PdfForm::V2, with_bom(azure())).build();
    let wrapped = || PdfIrm::new(PdfForm::V2Wrapped, with_bom(azure())).build();
    let payload = b"/EF << /F 6 0 R >>";
    vec![
        (
            "pdf-v1-not-base64.pdf",
            replace(v1(), b"/PublishingLicense (eJ", b"/PublishingLicense (!!"),
        ),
        ("pdf-v2-no-license.pdf", replace(v2(), b"/PublishingLicense", b"/PublishingNothing")),
        ("pdf-v2-no-startxref.pdf", replace(v2(), b"startxref", b"startnone")),
        ("pdf-v2-cut.pdf", cut(v2(), 9, 10)),
        ("pdf-v2-wrapped-no-payload.pdf", replace(wrapped(), payload, b"/EF << /F 9 9 R >>")),
        ("pdf-v2-wrapped-cut.pdf", cut(wrapped(), 1, 2)),
    ]
}
