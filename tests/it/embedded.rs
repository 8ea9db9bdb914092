//! Files embedded in documents, which are inspected if the option `deep` is set.

use rmsight::{Inspector, Limits, Protection, Report};
use rmsight_specimen::{
    Compound, CrossReference, IrmDocument, IrmKind, LicenseBuilder, Method, PasswordForm, Server,
    Zip, packaged, password_ooxml, pdf_with_attachments,
};

fn protected() -> Vec<u8> {
    let license = LicenseBuilder::server(&Server::contoso()).build();
    IrmDocument::new(IrmKind::Ooxml, license).payload(3000).build()
}

fn inspect(bytes: &[u8], deep: bool) -> Report {
    Inspector::builder().deep(deep).build().inspect_bytes(bytes)
}

/// Returns name, protection and whether a key is known, for each finding about a member.
fn found(report: &Report) -> Vec<(&str, Protection, bool)> {
    let members = report.findings().filter(|finding| finding.facts().member.is_some());
    let rows = members.map(|finding| {
        let facts = finding.facts();
        (facts.member.as_deref().unwrap(), facts.protection, facts.slc_key().is_some())
    });
    rows.collect()
}

#[test]
fn embedded_objects_are_inspected_if_deep() {
    let (offer, text) = (protected(), vec![b'.'; 2000]);
    let native = "\u{1}Ole10Native";
    let object = |stream: Vec<u8>| Compound::new().stream(native, stream).build();
    let package = |bytes: Vec<u8>| {
        let types = b"<Types xmlns=\"\"/>".to_vec();
        let main =
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument";
        let links = format!("<Relationships><Relationship Type=\"{main}\"/></Relationships>");
        Zip::new()
            .member("[Content_Types].xml", types, Method::Deflated)
            .member("_rels/.rels", links.into_bytes(), Method::Deflated)
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
    let long_name = packaged(&format!("{}\\offer.docx", "d".repeat(2100)), &offer);
    let cases: [(&str, Vec<u8>, &[&str]); 8] = [
        ("compound file of one object", object(packaged("offer.docx", &offer)), &["offer.docx"]),
        (
            "in a package",
            package(object(packaged("offer.docx", &offer))),
            &["word/embeddings/oleObject1.bin!/offer.docx"],
        ),
        ("in a document", doc(native, packaged("offer.docx", &offer)), &["offer.docx"]),
        (
            "native data of another program",
            doc(native, [&[9, 0, 0, 0][..], &offer].concat()),
            &["stream#4"],
        ),
        ("stream without a header", doc("Package", offer.clone()), &["stream#4"]),
        ("text", doc(native, packaged("offer.txt", &text)), &[]),
        ("link", doc(native, link), &[]),
        ("package of text", doc("Package", text), &[]),
    ];
    for (name, bytes, members) in cases {
        let expected: Vec<_> =
            members.iter().map(|member| (*member, Protection::Rms, true)).collect();
        // A compound file that is only an object is inspected without `deep` as well.
        let always =
            if name == "compound file of one object" { expected.clone() } else { Vec::new() };
        assert_eq!(found(&inspect(&bytes, false)), always, "{name}");
        let report = inspect(&bytes, true);
        assert_eq!(found(&report), expected, "{name}");
        assert!(report.incomplete().is_none(), "{name}");
    }
    // The long names fill the prefix in which the embedded file is searched.
    assert_eq!(inspect(&object(long_name), true).worst(), Protection::Unknown);
}

#[test]
fn document_with_many_streams_is_searched_completely() {
    let mut doc = Compound::new().stream("WordDocument", vec![0xEC; 600]);
    for stream in 0..600 {
        doc = doc.stream(&format!("ObjectPool/_{stream}/Data"), vec![b'.'; 600]);
    }
    let bytes = doc.stream("ObjectPool/Package", protected()).build();
    let mut limits = Limits::default();
    limits.allocation = 1 << 20;
    let report = Inspector::builder().deep(true).limits(limits).build().inspect_bytes(&bytes);
    assert_eq!(found(&report).len(), 1);
    assert!(report.incomplete().is_none(), "{:?}", report.incomplete());
}

/// Builds a PDF from `objects`. The first one is the catalog.
fn pdf(objects: &[Vec<u8>]) -> Vec<u8> {
    let mut out = b"%PDF-1.7\n".to_vec();
    let mut table = format!("xref\n0 {}\n0000000000 65535 f \n", objects.len() + 1);
    for (index, object) in objects.iter().enumerate() {
        table += &format!("{:010} 00000 n \n", out.len());
        out.extend(format!("{} 0 obj\n", index + 1).bytes());
        out.extend(object);
        out.extend(b"\nendobj\n");
    }
    let at = out.len();
    let size = objects.len() + 1;
    let end = format!("{table}trailer\n<< /Size {size} /Root 1 0 R >>\nstartxref\n{at}\n%%EOF\n");
    out.extend(end.bytes());
    out
}

#[test]
fn pdf_attachments_are_found_in_every_form_of_name_tree() {
    let offer = protected();
    let stream = |bytes: &[u8], len: usize| {
        let head = format!("<< /Type /EmbeddedFile /Length {len} >>\nstream\n");
        [head.as_bytes(), bytes, b"\nendstream"].concat()
    };
    let refs = |count: usize| (0..count).map(|_| "(a) 5 0 R ").collect::<String>();
    let kids = |count: usize| (0..count).map(|_| "3 0 R ").collect::<String>();
    let file = "<< /F (offer.docx) /EF << /F 4 0 R >> >>";
    // Object 3 is an empty node, 4 the attachment, 5 another file. Each case defines 6 and 7.
    let cases: [(&str, String, String, String); 9] = [
        ("after many", format!("/Names [{} (b) 6 0 R]", refs(700)), file.into(), String::new()),
        (
            "in the last kid",
            format!("/Kids [{} 6 0 R]", kids(30)),
            "<< /Names [(a) 7 0 R] >>".into(),
            file.into(),
        ),
        ("in an indirect array", "/Names 6 0 R".into(), "[(a) 7 0 R]".into(), file.into()),
        (
            "indirect kids",
            "/Kids 6 0 R".into(),
            "[7 0 R]".into(),
            format!("<< /Names [(a) {file}] >>"),
        ),
        ("direct kid", format!("/Kids [<< /Names [(a) {file}] >>]"), String::new(), String::new()),
        (
            "loop",
            "/Kids [6 0 R]".into(),
            "<< /Kids [2 0 R 6 0 R] /Names [(a) 7 0 R] >>".into(),
            file.into(),
        ),
        ("direct", format!("/Names [(a) {file}]"), String::new(), String::new()),
        (
            "under the second name",
            "/Names [(a) 6 0 R]".into(),
            "<< /UF (offer.docx) /EF << /F 5 0 R /UF 4 0 R >> >>".into(),
            String::new(),
        ),
        (
            "beside a missing object",
            format!("/Names [(a) 99 0 R (b) {file}]"),
            String::new(),
            String::new(),
        ),
    ];
    for (name, node, six, seven) in cases {
        for len in [offer.len(), 0, 7] {
            let null = |text: &str| if text.is_empty() { b"null".to_vec() } else { text.into() };
            let bytes = pdf(&[
                b"<< /Type /Catalog /Pages 3 0 R /Names << /EmbeddedFiles 2 0 R >> >>".to_vec(),
                format!("<< {node} >>").into_bytes(),
                b"<< /Type /Pages /Kids [] /Count 0 >>".to_vec(),
                stream(&offer, len),
                stream(b"<< nothing >>", 13),
                null(&six),
                null(&seven),
            ]);
            let report = inspect(&bytes, true);
            assert_eq!(found(&report), [("offer.docx", Protection::Rms, true)], "{name} {len}");
        }
    }
}

#[test]
fn misplaced_file_specification_is_reported() {
    let offer = protected();
    let files: [(&str, &[u8]); 2] = [("offer.docx", &offer), ("lost.docx", &offer)];
    let bytes = pdf_with_attachments(CrossReference::Table, &files, false);
    let at = bytes.windows(8).rposition(|at| at == b"\n7 0 obj").unwrap() + 1;
    let entry = format!("{at:010} 00000 n");
    let entry_at = bytes.windows(entry.len()).position(|at| at == entry.as_bytes()).unwrap();
    let mut damaged = bytes.clone();
    damaged[entry_at..entry_at + 10].copy_from_slice(format!("{:010}", at + 3).as_bytes());
    let report = inspect(&damaged, true);
    assert_eq!(found(&report), [("offer.docx", Protection::Rms, true)]);
    assert!(report.incomplete().is_some());
}

#[test]
fn pdf_attachments_are_inspected_if_deep() {
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
            let code = report.incomplete().map(|error| error.code().as_str());
            assert_eq!(code, Some("malformed-attachment"), "{form:?}");
        }
    }
}

#[test]
fn unreadable_pdf_attachment_is_reported() {
    let offer = protected();
    let bytes = pdf_with_attachments(CrossReference::Table, &[("offer.docx", &offer)], true);
    let find = |word: &[u8]| bytes.windows(word.len()).position(|at| at == word).unwrap();
    let cases = [
        ("unsupported filter", "/FlateDecode", "/LZWDecode  ", "archive-not-opened"),
        ("not a stream", "/F 6 0 R", "/F 2 0 R", "malformed-pdf-stream"),
    ];
    for (name, old, new, code) in cases {
        let mut bytes = bytes.clone();
        let at = find(old.as_bytes());
        bytes[at..at + old.len()].copy_from_slice(new.as_bytes());
        let report = inspect(&bytes, true);
        assert_eq!(report.incomplete().map(|error| error.code().as_str()), Some(code), "{name}");
        assert_eq!(report.worst(), Protection::Unknown, "{name}");
    }
}

/// Pages, annotations and related files can attach files that the name tree does not list.
#[test]
fn attachments_of_pages_and_annotations_are_inspected_if_deep() {
    let offer = protected();
    let head = format!("<< /Type /EmbeddedFile /Length {} >>\nstream\n", offer.len());
    let stream = [head.as_bytes(), &offer, b"\nendstream"].concat();
    let file = "<< /F (offer.docx) /EF << /F 4 0 R >> >>";
    let note = "<< /Subtype /FileAttachment /FS 5 0 R >>";
    // Object 2 is the root of the pages, 3 a page, 4 the attachment. Each case defines 5 and 6.
    let cases: [(&str, &str, &str, String, String, &str); 6] = [
        ("of a page", "", "/AF [5 0 R]", file.into(), "null".into(), "offer.docx"),
        (
            "of a page, direct",
            "",
            "/AF << /F (offer.docx) /EF << /F 4 0 R >> >>",
            "null".into(),
            "null".into(),
            "offer.docx",
        ),
        ("of an annotation", "", "/Annots [null 6 0 R]", file.into(), note.into(), "offer.docx"),
        (
            "of a list of annotations",
            "",
            "/Annots 6 0 R",
            file.into(),
            format!("[{note}]"),
            "offer.docx",
        ),
        (
            "related",
            "/AF [5 0 R]",
            "",
            "<< /F (a.txt) /RF << /F [(b.docx) 4 0 R] >> >>".into(),
            "null".into(),
            "attachment#1",
        ),
        ("nothing", "", "/Annots [6 0 R 9 0 R]", "null".into(), "null".into(), ""),
    ];
    for (name, catalog, page, fifth, sixth, member) in cases {
        let objects = [
            format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>").into_bytes(),
            b"<< /Type /Pages /Count 1 /Kids [3 0 R] >>".to_vec(),
            format!("<< /Type /Page /Parent 2 0 R {page} >>").into_bytes(),
            stream.clone(),
            fifth.into_bytes(),
            sixth.into_bytes(),
        ];
        let report = inspect(&pdf(&objects), true);
        let expected = (!member.is_empty()).then_some((member, Protection::Rms, true));
        assert_eq!(found(&report), Vec::from_iter(expected), "{name}");
        assert_eq!(report.incomplete(), None, "{name}");
    }
}
