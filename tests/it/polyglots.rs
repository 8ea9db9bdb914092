//! Files that are two containers at once. The report describes both.

use std::sync::LazyLock;

use rmsight::{Anomaly, Inspector, Protection, Report};
use rmsight_specimen::{
    Attachment, CrossReference, IrmDocument, IrmKind, LicenseBuilder, Method, PdfForm, PdfIrm,
    Pfile, PfileVersion, Server, Zip, eml, plain_compound, plain_pdf, template, word_package,
};

fn license() -> Vec<u8> {
    static LICENSE: LazyLock<Vec<u8>> =
        LazyLock::new(|| LicenseBuilder::server(&Server::contoso()).build());
    LICENSE.clone()
}

fn protected_document() -> Vec<u8> {
    IrmDocument::new(IrmKind::Ooxml, license()).payload(2048).build()
}

fn protected_pdf() -> Vec<u8> {
    PdfIrm::new(PdfForm::V2, license()).build()
}

fn plain_zip() -> Vec<u8> {
    Zip::new().member("a.txt", b"nothing".repeat(50), Method::Deflated).build()
}

fn protected_zip() -> Vec<u8> {
    Zip::new().member("offer.docx", protected_document(), Method::Deflated).build()
}

/// Member, container, protection, and whether the finding has the anomaly `polyglot`.
type Row<'r> = (&'r str, &'r str, Protection, bool);

fn rows(report: &Report) -> Vec<Row<'_>> {
    let is_polyglot = |facts: &'_ rmsight::Facts| facts.anomalies.contains(&Anomaly::Polyglot);
    report
        .findings()
        .map(|finding| {
            let facts = finding.facts();
            let member = facts.member.as_deref().unwrap_or("");
            (member, facts.container.as_str(), facts.protection, is_polyglot(facts))
        })
        .collect()
}

#[test]
fn report_describes_both_containers() {
    use Protection::{None as No, Rms};
    let pfile = || Pfile::new(PfileVersion::V3_0, license());
    let mut padded = protected_zip();
    padded.resize(padded.len().next_multiple_of(512), 0);
    let mut many_sectors = plain_compound();
    many_sectors.resize(128 * 512 + 512, 0);
    let cases: Vec<(&str, Vec<u8>, Vec<Row<'_>>)> = vec![
        (
            "two plain containers",
            [plain_pdf(CrossReference::Table), plain_zip()].concat(),
            vec![("", "pdf", No, true), ("zip#1", "zip", No, true)],
        ),
        (
            "an archive after a PDF",
            [plain_pdf(CrossReference::Stream), protected_zip()].concat(),
            vec![
                ("", "pdf", No, true),
                ("zip#1", "zip", No, true),
                ("zip#1!/offer.docx", "ooxml-irm", Rms, false),
            ],
        ),
        (
            "an archive after a protected PDF",
            [protected_pdf(), protected_zip()].concat(),
            vec![
                ("", "pdf-irm-v2", Rms, true),
                ("zip#1", "zip", No, true),
                ("zip#1!/offer.docx", "ooxml-irm", Rms, false),
            ],
        ),
        (
            "an archive after a compound file",
            [plain_compound(), protected_zip()].concat(),
            vec![
                ("", "ole", No, true),
                ("zip#1", "zip", No, true),
                ("zip#1!/offer.docx", "ooxml-irm", Rms, false),
            ],
        ),
        (
            "a padded archive after more sectors than the FAT has",
            [many_sectors, padded].concat(),
            vec![
                ("", "ole", No, true),
                ("zip#1", "zip", No, true),
                ("zip#1!/offer.docx", "ooxml-irm", Rms, false),
            ],
        ),
        (
            "an archive after a generic file",
            [pfile().build(), protected_zip()].concat(),
            vec![
                ("", "pfile", Rms, true),
                ("zip#1", "zip", No, true),
                ("zip#1!/offer.docx", "ooxml-irm", Rms, false),
            ],
        ),
        (
            "an archive after a template",
            [
                template(&Server::contoso(), "{a}", &[(1033, "Secret", "For some")]).into_bytes(),
                protected_zip(),
            ]
            .concat(),
            vec![
                ("", "license", No, true),
                ("zip#1", "zip", No, true),
                ("zip#1!/offer.docx", "ooxml-irm", Rms, false),
            ],
        ),
        (
            "a PDF in the comment of an archive",
            {
                let mut text = protected_pdf();
                text.splice(0..0, *b"\n");
                Zip::new().member("a", b"x".to_vec(), Method::Stored).comment(&text).build()
            },
            vec![("", "zip", No, true), ("pdf#1", "pdf-irm-v2", Rms, true)],
        ),
        (
            "an archive after an archive",
            [protected_zip(), plain_zip()].concat(),
            vec![("", "zip", No, true), ("zip#1!/offer.docx", "ooxml-irm", Rms, false)],
        ),
    ];
    for (what, bytes, expected) in cases {
        let report = Inspector::default().inspect_bytes(&bytes);
        let mut rows = rows(&report);
        rows.sort_by_key(|(member, ..)| *member);
        assert_eq!(rows, expected, "{what}: {:?}", report.incomplete());
    }
}

#[test]
fn container_of_another_file_is_no_polyglot() {
    let pdf = || plain_pdf(CrossReference::Table);
    let stored = Zip::new().member("a.pdf", pdf(), Method::Stored).build();
    let late = Zip::new()
        .member("mimetype", b"application/epub+zip".to_vec(), Method::Stored)
        .member("a.pdf", protected_pdf(), Method::Stored)
        .build();
    let nested = Zip::new().member("a.pdf", protected_pdf(), Method::Stored).build();
    let nested = Zip::new().member("a.zip", nested, Method::Stored).build();
    let deeper = Zip::new().member("b.zip", nested.clone(), Method::Stored).build();
    let cases: Vec<(&str, Vec<u8>, usize)> = vec![
        ("a stored PDF in an archive", stored, 1),
        ("a stored PDF in a stored archive in an archive", nested, 2),
        ("the same in an archive", deeper, 2),
        ("a protected PDF after another member", late, 2),
        ("a document", protected_document(), 1),
        ("a package", word_package(&[], &[]), 1),
        ("a PDF after junk", [b"junk\n".as_slice(), &pdf()].concat(), 1),
        ("a PDF in a mail", eml(&[], &[Attachment::new("a.pdf", pdf())]), 1),
        ("a compound file of odd size", [plain_compound(), b"x".to_vec()].concat(), 1),
    ];
    for (what, bytes, records) in cases {
        let report = Inspector::default().inspect_bytes(&bytes);
        let rows = rows(&report);
        assert!(rows.iter().all(|(.., polyglot)| !polyglot), "{what}: {rows:?}");
        assert_eq!(rows.len(), records, "{what}: {rows:?}");
    }
}

#[test]
fn archive_after_junk_is_an_archive() {
    let bytes = [b"junk of unknown kind ".repeat(20).as_slice(), &protected_zip()].concat();
    let report = Inspector::default().inspect_bytes(&bytes);
    let rows = rows(&report);
    assert_eq!(rows[0].1, "zip");
    assert_eq!(rows[1].0, "offer.docx");
    assert_eq!(report.worst(), Protection::Rms);
}

/// Adds `before` to the offsets in the cross-reference table and to `startxref`.
fn shifted(pdf: &[u8], before: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(pdf);
    let mut is_startxref = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let number = line.trim_end().parse::<usize>().ok().filter(|_| is_startxref);
        is_startxref = line.trim_end() == "startxref";
        match line.split_once(' ').filter(|(at, rest)| at.len() == 10 && rest.contains('n')) {
            Some((at, rest)) => format!("{:010} {rest}", at.parse::<usize>().unwrap() + before),
            None => number.map_or(line.to_owned(), |at| format!("{}\n", at + before)),
        }
    });
    lines.collect::<String>().into_bytes()
}

#[test]
fn second_pdf_does_not_hide_the_first() {
    let mut plain = plain_pdf(CrossReference::Table);
    plain.retain(u8::is_ascii);
    let plain_start = String::from_utf8(plain.clone()).unwrap().find("1 0 obj").unwrap();
    assert!(plain_start < 100);
    // The shifted PDF parses at its new offset.
    let same = [b"x".repeat(10).as_slice(), &shifted(&plain, 10)].concat();
    assert_eq!(Inspector::default().inspect_bytes(&same).worst(), Protection::None);
    for form in [PdfForm::V1, PdfForm::V1Wrapped, PdfForm::V2, PdfForm::V2Wrapped] {
        let protected = PdfIrm::new(form, license()).build();
        for second in [plain.clone(), shifted(&plain, protected.len())] {
            let report = Inspector::default().inspect_bytes(&[&protected[..], &second].concat());
            let facts = report.findings().next().unwrap().facts();
            let found = (facts.protection, facts.license.is_some(), &facts.error_code);
            assert_eq!(found, (Protection::Rms, true, &None), "{form:?}");
            assert!(!facts.anomalies.is_empty(), "{form:?}");
        }
    }
    let twice = [&plain[..], &shifted(&plain, plain.len())].concat();
    assert_eq!(Inspector::default().inspect_bytes(&twice).worst(), Protection::None);
}
