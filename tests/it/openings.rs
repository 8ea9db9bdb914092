//! Protected files that the first bytes do not reveal, and ordinary files that resemble them.

use std::sync::LazyLock;

use rmsight::{Dependency, Estate, Inspector, Protection, judge};
use rmsight_specimen::{
    Attachment, CrossReference, IrmDocument, IrmKind, LicenseBuilder, Method, PdfForm, PdfIrm,
    Pfile, PfileVersion, Server, Zip, eml, gzip, mbox, noise, plain_pdf, rpmsg, self_extracting,
    tar, tnef, word_package, zlib,
};

fn license() -> Vec<u8> {
    static LICENSE: LazyLock<Vec<u8>> =
        LazyLock::new(|| LicenseBuilder::server(&Server::contoso()).build());
    LICENSE.clone()
}

fn document() -> Vec<u8> {
    IrmDocument::new(IrmKind::Ooxml, license()).payload(2048).build()
}

fn archive() -> Vec<u8> {
    Zip::new().member("offer.docx", document(), Method::Deflated).build()
}

/// Classifies a file: `rms` if a finding is protected, `none` if no finding needs a key, otherwise
/// the error code.
fn classify(bytes: &[u8]) -> &'static str {
    let report = Inspector::default().inspect_bytes(bytes);
    let estate = Estate::default();
    if report.worst() == Protection::Rms {
        return "rms";
    }
    if report.findings().all(|one| judge(one.facts(), &estate).dependency() == Dependency::None) {
        return "none";
    }
    report.incomplete().map_or("unknown", |error| error.code().as_str())
}

/// Compares the classes of all files, and shows all differences.
fn check(cases: Vec<(String, Vec<u8>, &str)>) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(_, bytes, expected)| classify(bytes) != *expected)
        .map(|(name, bytes, expected)| format!("{name}: {}, not {expected}", classify(bytes)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Builds an unprotected Word document with an additional member.
fn word_with(name: &str, bytes: Vec<u8>, main: &str) -> Vec<u8> {
    let links = format!(
        "<Relationships><Relationship Type=\"http://schemas.openxmlformats.org/{main}\" \
         Target=\"word/document.xml\"/></Relationships>"
    );
    Zip::new()
        .member("[Content_Types].xml", b"<Types/>".to_vec(), Method::Deflated)
        .member("_rels/.rels", links.into_bytes(), Method::Deflated)
        .member("word/document.xml", b"<w:document/>".to_vec(), Method::Deflated)
        .member(name, bytes, Method::Deflated)
        .build()
}

const OFFICE: &str = "officeDocument/2006/relationships/officeDocument";

#[test]
fn member_outside_office_document_parts_is_inspected() {
    let mut cases: Vec<(String, Vec<u8>, &str)> = Vec::new();
    for (name, expected) in [
        ("offer.docx", "rms"),
        ("files/offer.pdf", "rms"),
        ("word/offer.docx", "rms"),
        ("word/media/image1.png", "none"),
        ("word/embeddings/offer.docx", "none"),
    ] {
        cases.push((name.into(), word_with(name, document(), OFFICE), expected));
        // The relationships do not name a main document.
        let other = word_with(name, document(), "package/2006/relationships/thumbnail");
        cases.push((format!("{name}, other relationships"), other, "rms"));
    }
    let plain = word_with("word/media/image1.png", noise(2, 500), OFFICE);
    cases.push(("plain".into(), plain.clone(), "none"));
    cases.push(("cut".into(), plain[..plain.len() - 40].to_vec(), "truncated"));
    cases.push(("followed by an archive".into(), [plain, archive()].concat(), "rms"));
    check(cases);
}

#[test]
fn archive_with_long_comment_is_found() {
    let commented = |comment: &[u8]| {
        Zip::new().member("offer.docx", document(), Method::Deflated).comment(comment).build()
    };
    let text = b"A comment of many words. ".repeat(400);
    check(vec![
        ("after noise".into(), [noise(3, 9000), commented(&text)].concat(), "rms"),
        ("after short noise".into(), [noise(3, 500), commented(&noise(4, 9000))].concat(), "rms"),
        (
            "after a PDF".into(),
            [plain_pdf(CrossReference::Table), commented(&text)].concat(),
            "rms",
        ),
        ("no archive".into(), [noise(3, 90_000), text].concat(), "none"),
    ]);
}

#[test]
fn document_appended_to_archive_or_pdf_is_found() {
    let plain = Zip::new().member("a.txt", b"text".to_vec(), Method::Stored).build();
    let mut cases = Vec::new();
    for (name, archive) in [
        ("archive", plain),
        ("package", word_package(&[], &[])),
        ("PDF", plain_pdf(CrossReference::Table)),
        ("PDF with a stream", plain_pdf(CrossReference::Stream)),
    ] {
        let with = |appended: &[u8]| [&archive, appended].concat();
        cases.push((format!("document after {name}"), with(&document()), "rms"));
        cases.push((format!("license after {name}"), with(&license()), "rms"));
        let pdf = PdfIrm::new(PdfForm::V2, license()).build();
        cases.push((format!("PDF after {name}"), with(&pdf), "rms"));
        cases.push((format!("text after {name}"), with(&b"text. ".repeat(90)), "none"));
        cases.push((format!("zeros after {name}"), with(&[0; 900]), "none"));
    }
    check(cases);
}

/// Builds a protected file of each format that begins with its magic.
fn protected() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("compound file", document()),
        ("PFILE", Pfile::new(PfileVersion::V3_0, license()).build()),
        ("rpmsg", rpmsg(&document())),
        ("TNEF", tnef(&[Attachment::new("offer.docx", document())])),
        ("gzip", gzip(&document())),
        ("tar", tar(&[("offer.docx", &document())])),
        ("license", license()),
        ("PDF", PdfIrm::new(PdfForm::V2, license()).build()),
        ("archive", archive()),
    ]
}

#[test]
fn file_after_blanks_or_byte_order_mark_is_recognized() {
    let prefixes: [(&str, Vec<u8>); 9] = [
        ("a BOM", b"\xEF\xBB\xBF".to_vec()),
        ("a UTF-16 BOM", b"\xFF\xFE".to_vec()),
        ("an empty line", b"\r\n".to_vec()),
        ("a zero", vec![0]),
        ("511 blanks", vec![b' '; 511]),
        ("512 zeros", vec![0; 512]),
        ("2000 blanks", vec![b' '; 2000]),
        ("5000 blanks", b"\r\n".repeat(2500)),
        ("a BOM and empty lines", b"\xEF\xBB\xBF\n\n\n".to_vec()),
    ];
    let mut cases = Vec::new();
    for (name, bytes) in protected() {
        for (prefix, before) in &prefixes {
            cases.push((format!("{name} after {prefix}"), [before, &bytes[..]].concat(), "rms"));
        }
    }
    for (name, plain) in [
        ("text", b"Nothing is protected. ".repeat(90)),
        ("gzip", gzip(b"Nothing is protected.")),
        ("tar", tar(&[("a.txt", b"Nothing is protected.")])),
        ("noise", noise(7, 9000)),
    ] {
        for (prefix, before) in &prefixes {
            cases.push((format!("{name} after {prefix}"), [before, &plain[..]].concat(), "none"));
        }
    }
    check(cases);
}

#[test]
fn zlib_stream_is_inspected() {
    let packed = zlib(&document());
    let cut = packed[..packed.len() - 900].to_vec();
    let mut other = packed.clone();
    other[1] ^= 1;
    check(vec![
        ("a document".into(), packed, "rms"),
        ("a document, cut".into(), cut, "rms"),
        ("another header".into(), other, "none"),
        ("text".into(), zlib(&b"Nothing is protected. ".repeat(90)), "none"),
        ("a formula".into(), b"x^2 + y^2 = r^2\n".repeat(90), "none"),
        ("a stream in a stream".into(), zlib(&zlib(&document())), "rms"),
    ]);
}

#[test]
fn pdf_header_within_the_first_4_kib_is_found() {
    let pdf = PdfIrm::new(PdfForm::V2, license()).build();
    let mut cases = Vec::new();
    for len in [1000, 1024, 1030, 2000, 3900] {
        let mut text = b"A line that a mail gateway prepended.\n".repeat(110);
        text.truncate(len);
        for (name, before) in
            [("text", text), ("noise", noise(3, len)), ("blanks", vec![b' '; len])]
        {
            cases.push((format!("{len} bytes of {name}"), [before, pdf.clone()].concat(), "rms"));
        }
    }
    check(cases);
}

#[test]
fn message_after_lines_or_blanks_is_recognized() {
    let letter = eml(&[], &[Attachment::new("offer.docx", document())]);
    let mailbox = mbox(std::slice::from_ref(&letter));
    let lines = b"A line of a program that converts mail.\n".repeat(12);
    let blanks = b"\r\n".repeat(2500);
    let odd: String = String::from_utf8_lossy(&letter).replace("\r\n", "\n\r");
    let plain = mbox(&[eml(&[], &[])]);
    check(vec![
        ("a mailbox after lines".into(), [&lines, &mailbox[..]].concat(), "rms"),
        ("a mailbox after blanks".into(), [&blanks, &mailbox[..]].concat(), "rms"),
        ("a message after blanks".into(), [&blanks, &letter[..]].concat(), "rms"),
        ("lines that end in LF CR".into(), odd.into_bytes(), "mail-not-read"),
        ("a plain mailbox after lines".into(), [&lines, &plain[..]].concat(), "none"),
        ("text after blanks".into(), [&blanks, &lines[..]].concat(), "none"),
    ]);
}

#[test]
fn armored_message_within_text_is_reported() {
    let line = "hQEMA5v4Q0q0p2xVAQf/Zk1lbnVzIGFyZSBub3QgdGhlIG1lYWwgYW5kIHRoZSBt\n";
    // A signature begins with another packet type.
    let other = line.replacen("hQEM", "iQEz", 1);
    let armor = |label: &str| {
        let line = if label == "PGP MESSAGE" || label == "PKCS7" { line } else { &other };
        format!("-----BEGIN {label}-----\n\n{}-----END {label}-----\n", line.repeat(3))
    };
    let quoted = |armor: String| armor.lines().map(|line| format!("> {line}\r\n")).collect();
    let within = |text: String| format!("Dear all,\nhere it is:\n\n{text}\nRegards\n").into_bytes();
    check(vec![
        ("PGP".into(), within(armor("PGP MESSAGE")), "archive-not-opened"),
        ("PGP, quoted".into(), within(quoted(armor("PGP MESSAGE"))), "archive-not-opened"),
        ("CMS, damaged".into(), within(armor("PKCS7")), "malformed-cms"),
        ("a signature".into(), within(armor("PGP SIGNATURE")), "none"),
        ("a key".into(), within(armor("PGP PUBLIC KEY BLOCK")), "none"),
        ("certificates".into(), within(armor("CERTIFICATE")), "none"),
        (
            "a mention".into(),
            within("It begins with\n-----BEGIN PGP MESSAGE-----\nand ends.\n".repeat(9)),
            "none",
        ),
    ]);
}

#[test]
fn license_after_damaged_markup_is_not_ordinary() {
    let text = String::from_utf8(LicenseBuilder::server(&Server::contoso()).build()).unwrap();
    let text = format!("<?xml version=\"1.0\"?>{text}");
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut missed = Vec::new();
    for (name, whole) in [("UTF-8", text.into_bytes()), ("UTF-16", wide)] {
        for at in 0..100 {
            let removed = [&whole[..at], &whole[at + 1..]].concat();
            let inserted = [&whole[..at], b"\0", &whole[at..]].concat();
            let both = [removed, inserted];
            missed.extend(
                both.iter()
                    .filter(|bytes| classify(bytes) == "none")
                    .map(|_| format!("{name}, {at}")),
            );
        }
    }
    assert!(missed.is_empty(), "{missed:?}");
}

#[test]
fn base64_file_is_inspected() {
    use base64::Engine as _;
    let encoded = |bytes: &[u8]| {
        let text = base64::engine::general_purpose::STANDARD.encode(bytes);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        lines.join("\r\n") + "\r\n"
    };
    let pem = |label: &str, text: &str| {
        format!("-----BEGIN {label}-----\r\n{text}-----END {label}-----\r\n").into_bytes()
    };
    let pgp = pem("PGP MESSAGE", &format!("\r\n{}", encoded(&noise(5, 300))));
    let salted = [&b"Salted__"[..], &noise(6, 400)].concat();
    let mut cases: Vec<(String, Vec<u8>, &str)> = Vec::new();
    for blank in [&b""[..], b"\r\n", b"  ", b"\n\n\t"] {
        let name = format!("PGP after {blank:?}");
        cases.push((name, [blank, &pgp].concat(), "archive-not-opened"));
    }
    let pdf = plain_pdf(CrossReference::Table);
    for (name, bytes, expected) in [
        ("document", document(), "rms"),
        ("archive", archive(), "rms"),
        ("PDF", pdf, "none"),
        ("encrypted", salted, "archive-not-opened"),
        ("noise", noise(7, 3000), "none"),
        ("text", b"Nothing in it is protected. ".repeat(90), "none"),
    ] {
        let text = encoded(&bytes);
        for label in ["CERTIFICATE", "DATA", "X509 CRL"] {
            cases.push((format!("{name} as {label}"), pem(label, &text), expected));
        }
        cases.push((format!("{name} alone"), text.clone().into_bytes(), expected));
        let line = text.replace("\r\n", "").into_bytes();
        cases.push((format!("{name} in a line"), line, expected));
    }
    check(cases);
}

#[test]
fn file_appended_to_program_is_inspected() {
    let program = self_extracting;
    check(vec![
        ("nothing".into(), program(&[]), "none"),
        ("a document".into(), program(&document()), "rms"),
        ("gzip".into(), program(&gzip(&document())), "rms"),
        ("xz".into(), program(b"\xFD7zXZ\0\0\x04"), "archive-not-opened"),
        ("NSIS".into(), program(b"\0\0\0\0\xEF\xBE\xAD\xDENullsoftInst"), "archive-not-opened"),
        (
            "a signature".into(),
            program(&[&[8, 4, 0, 0, 0, 2, 2, 0], &noise(8, 900)[..]].concat()),
            "none",
        ),
    ]);
}

#[test]
fn text_that_mentions_pdf_object_is_ordinary() {
    let lines = ["1 0 obj", "10 0 obj 3\nendobj", "2 0 obj\n<< /Type /Page >>\nendobj"];
    let mut cases: Vec<(String, Vec<u8>, &str)> = Vec::new();
    for line in lines {
        let page = format!("# Formats\n\nA file begins with:\n\n{line}\n\nand so on.\n");
        cases.push((line.into(), page.into_bytes(), "none"));
    }
    let mut pdf = PdfIrm::new(PdfForm::V1, license()).build();
    pdf[..8].copy_from_slice(b"~~~~~~~~");
    cases.push(("a damaged header".into(), pdf, "rms"));
    check(cases);
}

/// These ordinary files resemble formats that can contain a protected file.
#[test]
fn headers_form_data_and_quoted_pdf_are_ordinary() {
    let mail = "From: a@b.example\r\nTo: c@d.example\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"abc\"\r\n";
    let http = "HTTP/1.1 200 OK\r\nDate: Mon, 1 Jun 2026 10:10:10 GMT\r\n\
        Content-Type: multipart/byteranges; boundary=abc\r\n";
    let mut cases: Vec<(String, Vec<u8>, &str)> = Vec::new();
    for header in [mail, http] {
        for end in ["", "\r\n", "\r\n\r\n\r\n"] {
            let name = format!("{} followed by {} bytes", &header[..4], end.len());
            cases.push((name, [header, end].concat().into_bytes(), "none"));
        }
        cases.push((header[..4].into(), [header, "\r\ntext"].concat().into_bytes(), "truncated"));
    }
    let form = b"%FDF-1.2\n1 0 obj\n<< /FDF << /Fields [ << /T (name) /V (value) >> ] >> >>\n\
        endobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n";
    cases.push(("form data".into(), form.to_vec(), "none"));
    let part = "```\n%PDF-1.1\n1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n...\n```\n";
    for words in [1, 80, 160] {
        let page = "Prose about the format. ".repeat(words) + "\n\n" + part;
        cases.push((format!("quoted PDF after {words} words"), page.clone().into_bytes(), "none"));
        let protected = page.replace("/Type", "/Encrypt 5 0 R /Type").into_bytes();
        cases.push((format!("protected PDF after {words} words"), protected, "malformed-pdf-xref"));
    }
    check(cases);
}
