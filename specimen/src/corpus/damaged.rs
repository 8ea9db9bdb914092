//! Protected files with something broken in them: a reader says what, and never that there is
//! nothing.

use super::*;
use crate::irm::{IrmDocument, IrmKind, LZX_TRANSFORM};
use crate::mail::{Attachment, Msg, eml, tnef};
use crate::pdf::{PdfForm, PdfIrm};
use crate::pfile::{Pfile, PfileVersion};
use crate::rpmsg::rpmsg;
use crate::tar::tar;
use crate::zip::{Method, Zip};

pub(crate) fn files() -> Files {
    [compound(), generic(), mail(), pdf()].concat()
}

/// The first `part` of `whole` parts.
fn cut(mut bytes: Vec<u8>, part: usize, whole: usize) -> Vec<u8> {
    bytes.truncate(bytes.len() * part / whole);
    bytes
}

/// Overwrites bytes.
fn set(mut bytes: Vec<u8>, at: usize, with: &[u8]) -> Vec<u8> {
    bytes[at..at + with.len()].copy_from_slice(with);
    bytes
}

/// Where `needle` stands for the first time.
fn find(bytes: &[u8], needle: &[u8]) -> usize {
    bytes.windows(needle.len()).position(|window| window == needle).expect("it is in there")
}

/// The same with `needle` overwritten by `with`.
fn replace(bytes: Vec<u8>, needle: &[u8], with: &[u8]) -> Vec<u8> {
    let at = find(&bytes, needle);
    set(bytes, at, with)
}

fn compound() -> Files {
    let document = || IrmDocument::new(IrmKind::Ooxml, azure().build()).payload(2048);
    let whole = document().build();
    // The fields of \x06Primary stand 0xB0 bytes before the license.
    let primary = find(&whole, b"<?xml version=\"1.0\"?><XrML") - 0xB0;
    let no_license = IrmDocument::new(IrmKind::Ooxml, Vec::new()).payload(2048);
    let middle = azure().text();
    let broken = &middle[..middle.len() / 2];
    vec![
        ("ooxml-cut-in-license.docx", cut(document().build_as_sdk(), 1, 4)),
        ("ooxml-cut-before-directory.docx", cut(document().build_as_sdk(), 4, 5)),
        ("ooxml-cut-in-header.docx", whole[..300].to_vec()),
        ("ooxml-license-missing.docx", document().without_license().build()),
        ("ooxml-license-empty.docx", no_license.build()),
        ("ooxml-unknown-transform.docx", document().transform_class(UNKNOWN).build()),
        ("ooxml-compression-only.docx", document().transform_class(LZX_TRANSFORM).build()),
        ("ooxml-license-length.docx", set(whole.clone(), primary + 0xAC, &[0xFF; 4])),
        ("ooxml-transform-length.docx", set(whole.clone(), primary, &[0xFF, 0xFF, 0, 0])),
        ("ooxml-fat-looping.docx", set(whole.clone(), 512 + 4 * 12, &12_u32.to_le_bytes())),
        ("ooxml-directory-start.docx", set(whole, 0x30, &0x00FF_FFFF_u32.to_le_bytes())),
        (
            "ooxml-half-license.docx",
            IrmDocument::new(IrmKind::Ooxml, broken.as_bytes().to_vec()).payload(2048).build(),
        ),
        (
            "binary-no-placeholder.doc",
            IrmDocument::new(IrmKind::Word, azure().build()).placeholder(false).build(),
        ),
    ]
}

const UNKNOWN: &str = "{00000000-1111-2222-3333-444444444444}";

fn generic() -> Files {
    let file = Pfile::new(PfileVersion::V3_0, marked(azure()));
    let at = file.header_offset();
    let whole = file.build();
    let half = azure().text();
    vec![
        ("pfile-cut-in-license.pfile", cut(whole.clone(), 1, 2)),
        ("pfile-cut-in-content.pfile", cut(whole.clone(), 19, 20)),
        ("pfile-clear-text-length.pfile", set(whole.clone(), 14, &[0xFF; 4])),
        ("pfile-license-offset.pfile", set(whole.clone(), at + 12, &[0xFF; 4])),
        ("pfile-license-length.pfile", set(whole.clone(), at + 16, &[0xFF; 4])),
        ("pfile-version.pfile", set(whole, 6, &[9, 0, 0, 0])),
        ("license-cut.xml", half.as_bytes()[..half.len() / 3].to_vec()),
        ("license-no-end.xml", half.replace("</XrML>", "").into_bytes()),
    ]
}

fn mail() -> Files {
    let inner = || IrmDocument::new(IrmKind::Message, azure().build()).payload(512).build();
    let whole = rpmsg(&inner());
    let letter = eml(&[], &[Attachment::rpmsg(whole.clone())]);
    let winmail = tnef(&[Attachment::rpmsg(whole.clone())]);
    let zip = Zip::new().member("message.rpmsg", whole.clone(), Method::Deflated).build();
    let directory = find(&zip, b"PK\x01\x02");
    let item = Msg::new().attachment(Attachment::rpmsg(whole.clone())).build();
    let data: Vec<u8> = "37010102".encode_utf16().flat_map(u16::to_le_bytes).collect();
    // The name stands at the beginning of the entry, the size at its byte 120.
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

fn pdf() -> Files {
    let v1 = || PdfIrm::new(PdfForm::V1, marked(legacy())).build();
    let bare = || PdfIrm::new(PdfForm::V2, marked(azure())).build();
    let wrapped = || PdfIrm::new(PdfForm::V2Wrapped, marked(azure())).build();
    let payload = b"/EF << /F 6 0 R >>";
    vec![
        (
            "pdf-v1-not-base64.pdf",
            replace(v1(), b"/PublishingLicense (eJ", b"/PublishingLicense (!!"),
        ),
        ("pdf-v2-no-license.pdf", replace(bare(), b"/PublishingLicense", b"/PublishingNothing")),
        ("pdf-v2-no-startxref.pdf", replace(bare(), b"startxref", b"startnone")),
        ("pdf-v2-cut.pdf", cut(bare(), 9, 10)),
        ("pdf-v2-wrapped-no-payload.pdf", replace(wrapped(), payload, b"/EF << /F 9 9 R >>")),
        ("pdf-v2-wrapped-cut.pdf", cut(wrapped(), 1, 2)),
    ]
}
