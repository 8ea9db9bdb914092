//! PDFs with a password or with the handler of another product.

use rmsight::{Need, Protection};
use rmsight_specimen::zlib;

use super::builder::Pdf;
use super::{EP, ROOT, cluster, codes, keys, need, payload, protected, read};

/// The unencrypted parts of a file with a password declare the payload.
#[test]
fn payload_in_pdf_with_password_is_reported() {
    let password = "<< /Filter /Standard /V 2 /R 3 /O (o) /U (u) /P -4 >>";
    let filters = |more: &str| {
        format!(
            "<< /Filter /Standard /V 4 /R 4 /O (o) /U (u) /P -4 \
             /CF << /StdCF << /CFM /AESV2 >> >> {more} >>"
        )
    };
    let trailer = format!("{ROOT} /Encrypt 6 0 R");
    let noise = b"\x93\x11\xE7\x5Cencrypted bytes of a payload".repeat(9);
    let wrapped = |encrypt: &str, dict: &str, data: &[u8]| {
        Pdf::with_catalog("/AF [12 0 R]")
            .object(6, encrypt)
            .object(12, payload("/F 13 0 R"))
            .stream(13, &format!("/Type /EmbeddedFile {dict}"), data)
            .table(&trailer)
    };
    let clear = protected(cluster());
    let all = filters("/StmF /StdCF /StrF /StdCF");
    let cases: Vec<(&str, Pdf, &str, usize)> = vec![
        ("a password", wrapped(password, "", &noise), "encrypted-member", 0),
        ("crypt filters", wrapped(&all, "", &noise), "encrypted-member", 0),
        (
            "a compressed payload",
            wrapped(&all, "/Filter /FlateDecode", &noise),
            "encrypted-member",
            0,
        ),
        (
            "an explicit crypt filter",
            wrapped(&all, "/Filter /Crypt /DecodeParms << /Name /StdCF >>", &noise),
            "encrypted-member",
            0,
        ),
        ("the default filter", wrapped(&all, "/Filter [/Crypt]", &clear), "", 1),
        (
            "Identity",
            wrapped(
                &all,
                "/Filter [/Crypt /FlateDecode] /DecodeParms [<< /Name /Identity >> null]",
                &zlib(&clear),
            ),
            "",
            1,
        ),
        (
            "Identity for embedded files",
            wrapped(&filters("/StmF /StdCF /EFF /Identity"), "", &clear),
            "",
            1,
        ),
        (
            "embedded files only",
            wrapped(&filters("/StmF /Identity /EFF /StdCF"), "", &noise),
            "encrypted-member",
            0,
        ),
        ("a payload in the clear", wrapped(password, "", &clear), "", 1),
        (
            "a wrapper of an unknown kind",
            wrapped(password, "", &noise).replaced("/MicrosoftIRMServices", "/AcmeVault"),
            "encrypted-member",
            0,
        ),
        (
            "a wrapper without /EP",
            wrapped(password, "", &noise).replaced(EP, ""),
            "encrypted-member",
            0,
        ),
        (
            "names only",
            Pdf::with_catalog("/Names << /EmbeddedFiles << /Names [(a) 12 0 R] >> >>")
                .object(6, password)
                .object(12, payload("/F 13 0 R"))
                .file(13, &noise)
                .table(&trailer),
            "encrypted-member",
            0,
        ),
    ];
    let mut wrong = Vec::new();
    for (name, pdf, code, count) in cases {
        for (how, pdf) in [("", pdf.clone()), (", damaged", pdf.damaged())] {
            let report = read(&pdf.bytes);
            let found = codes(&report).first().copied().unwrap_or_default();
            let is_right = found == code && keys(&report).len() == count;
            if !is_right || need(&report) != Need::Possible {
                wrong.push(format!(
                    "{name}{how}: {:?} {found}",
                    report.findings().next().unwrap().facts().protection
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Files of other handlers and ordinary files keep their protection.
#[test]
fn pdf_of_other_handler_keeps_its_protection() {
    let trailer = format!("{ROOT} /Encrypt 6 0 R");
    let files = "/AF [10 0 R] /Names << /EmbeddedFiles << /Names [(a) 10 0 R] >> >>";
    let attached = |encrypt: &str| {
        Pdf::with_catalog(files)
            .object(6, encrypt)
            .object(
                10,
                "<< /Type /Filespec /F (a.txt) /AFRelationship /Data /EF << /F 11 0 R >> >>",
            )
            .file(11, b"\x93\x11\xE7\x5C")
    };
    let handler = |name: &str| attached(&format!("<< /Filter /{name} /V 4 >>")).table(&trailer);
    let cases: Vec<(&str, Pdf, Protection)> = vec![
        ("Standard", handler("Standard"), Protection::Password),
        ("Standard, escaped", handler("#53tandard"), Protection::Password),
        ("certificates", handler("Adobe.PubSec"), Protection::Other),
        ("Adobe's shop", handler("EBX_HANDLER"), Protection::Other),
        ("FileOpen", handler("FOPN_foweb"), Protection::Other),
        ("Adobe's server", handler("Adobe.APS"), Protection::Other),
        ("attachments", attached("null").table(ROOT), Protection::None),
        (
            "no endobj",
            attached("null").table(ROOT).replaced("endobj\nxref", "xref"),
            Protection::None,
        ),
    ];
    for (name, pdf, protection) in cases {
        let report = read(&pdf.bytes);
        let found = report.findings().next().unwrap().facts().protection;
        assert_eq!((found, codes(&report)), (protection, vec![]), "{name}");
    }
}
