//! Files inside of documents, which are looked into if somebody asks for all members.

use rmsight::specimen::{
    Compound, CrossReference, IrmDocument, IrmKind, LicenseBuilder, Method, PasswordForm, Server,
    Zip, packaged, password_ooxml, pdf_with_attachments,
};
use rmsight::{Inspector, Protection, Report};

fn protected() -> Vec<u8> {
    let license = LicenseBuilder::server(&Server::contoso()).build();
    IrmDocument::new(IrmKind::Ooxml, license).payload(3000).build()
}

fn inspect(bytes: &[u8], deep: bool) -> Report {
    Inspector::builder().deep(deep).build().inspect_bytes(bytes)
}

/// The members of which there is something to say, and whose key it is.
fn found(report: &Report) -> Vec<(&str, Protection, bool)> {
    let members = report.findings().filter(|finding| finding.facts().member.is_some());
    let said = members.map(|finding| {
        let facts = finding.facts();
        (facts.member.as_deref().unwrap(), facts.protection, facts.slc_key().is_some())
    });
    said.collect()
}

#[test]
fn objects_of_documents_are_looked_into_if_asked() {
    let (offer, text) = (protected(), vec![b'.'; 2000]);
    let native = "\u{1}Ole10Native";
    let object = |stream: Vec<u8>| Compound::new().stream(native, stream).build();
    let package = |bytes: Vec<u8>| {
        let types = b"<Types xmlns=\"\"/>".to_vec();
        Zip::new()
            .member("[Content_Types].xml", types, Method::Deflated)
            .member("word/embeddings/oleObject1.bin", bytes, Method::Deflated)
            .build()
    };
    let doc = |stream: &str, bytes: Vec<u8>| {
        let doc = Compound::new().stream("WordDocument", vec![0xEC; 4096]);
        doc.stream(&format!("ObjectPool/_1234/{stream}"), bytes).build()
    };
    let mut link = packaged("offer.docx", &offer);
    let kind = link.windows(4).position(|at| at == [0, 0, 3, 0]).unwrap() + 2;
    link[kind] = 1;
    let cases: [(&str, Vec<u8>, &[&str]); 8] = [
        ("by itself", object(packaged("offer.docx", &offer)), &["offer.docx"]),
        (
            "in a package",
            package(object(packaged("offer.docx", &offer))),
            &["word/embeddings/oleObject1.bin!/offer.docx"],
        ),
        ("in a document", doc(native, packaged("offer.docx", &offer)), &["offer.docx"]),
        ("of another program", doc(native, [&[9, 0, 0, 0][..], &offer].concat()), &["stream#4"]),
        ("as it is", doc("Package", offer.clone()), &["stream#4"]),
        ("a text", doc(native, packaged("offer.txt", &text)), &[]),
        ("a link", doc(native, link), &[]),
        ("nothing", doc("Package", text), &[]),
    ];
    for (name, bytes, members) in cases {
        assert_eq!(found(&inspect(&bytes, false)), [], "{name}");
        let report = inspect(&bytes, true);
        let expected: Vec<_> =
            members.iter().map(|member| (*member, Protection::Rms, true)).collect();
        assert_eq!(found(&report), expected, "{name}");
        assert!(report.incomplete().is_none(), "{name}");
    }
}

#[test]
fn attachments_of_a_pdf_are_looked_into_if_asked() {
    let (offer, password) = (protected(), password_ooxml(PasswordForm::Agile));
    let files: [(&str, &[u8]); 4] = [
        ("readme.txt", b"nothing"),
        ("offer.docx", &offer),
        ("damaged.rpmsg", b"nothing"),
        ("password.xlsx", &password),
    ];
    for form in [CrossReference::Table, CrossReference::Stream, CrossReference::Hybrid] {
        for compressed in [false, true] {
            let bytes = pdf_with_attachments(form, &files, compressed);
            let shallow = inspect(&bytes, false);
            assert_eq!((shallow.worst(), found(&shallow).len()), (Protection::None, 0));
            let report = inspect(&bytes, true);
            assert_eq!(found(&report), [("offer.docx", Protection::Rms, true)], "{form:?}");
            let code = report.incomplete().map(|error| error.code());
            assert_eq!(code, Some("malformed-attachment"), "{form:?}");
        }
    }
}

#[test]
fn an_attachment_that_cannot_be_read_is_said() {
    let offer = protected();
    let bytes = pdf_with_attachments(CrossReference::Table, &[("offer.docx", &offer)], true);
    let find = |word: &[u8]| bytes.windows(word.len()).position(|at| at == word).unwrap();
    let cases = [
        ("a filter that nobody uses", "/FlateDecode", "/LZWDecode  ", "archive-not-opened"),
        ("no stream", "/F 6 0 R", "/F 2 0 R", "malformed-pdf-stream"),
    ];
    for (name, old, new, code) in cases {
        let mut bytes = bytes.clone();
        let at = find(old.as_bytes());
        bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
        let report = inspect(&bytes, true);
        assert_eq!(report.incomplete().map(|error| error.code()), Some(code), "{name}");
        assert_eq!(report.worst(), Protection::Unknown, "{name}");
    }
}
