//! Records of PDFs with several candidates for the license.

use rmsight::Need;
use rmsight_specimen::zlib;

use super::builder::Pdf;
use super::{
    EP, ROOT, are_marked, azure, cluster, codes, dictionary, keys, literal, need, payload,
    protected, read, wrapper,
};

/// Order and damage of the cross-reference do not matter.
#[test]
fn each_of_several_candidates_has_a_record() {
    let (ms, ad) = (dictionary(azure()), dictionary(cluster()));
    let both =
        |first: &[u8], second: &[u8]| Pdf::with_catalog("").object(6, first).object(7, second);
    let direct = format!("/AF [{} {}]", payload("/F 11 0 R"), payload("/F 13 0 R"));
    let two_files = |files: &str| {
        Pdf::with_catalog("/AF [10 0 R]")
            .object(10, payload(files))
            .file(11, &protected(azure()))
            .file(13, &protected(cluster()))
            .table(ROOT)
    };
    let many: String = (20..90).map(|number| format!("{number} 0 R ")).collect();
    let mut hundred = Pdf::with_catalog(&format!("/AF [{many} 12 0 R]"));
    for number in 20..90 {
        hundred = hundred.object(number, payload("/F 11 0 R"));
    }
    hundred = hundred.object(12, payload("/F 13 0 R"));
    hundred = hundred.file(11, &protected(azure())).file(13, &protected(cluster())).table(ROOT);
    let names = "/EmbeddedFiles << /Names [(a) 10 0 R (b) 12 0 R] >>";
    let filters = [
        b"<< /Filter /MicrosoftIRMServices /MicrosoftIRMVersion 2 /V 5 /CF << /A << \
          /PublishingLicense "
            .as_slice(),
        &literal(cluster()),
        b" >> >> /PublishingLicense ",
        &literal(azure()),
        b" >>",
    ]
    .concat();
    let revisions = || both(&ms, b"null").table(format!("{ROOT} /Encrypt 6 0 R"));
    let cases: Vec<(&str, Pdf)> = vec![
        ("/AF", wrapper("/AF [10 0 R 12 0 R]").table(ROOT)),
        ("/AF, reversed", wrapper("/AF [12 0 R 10 0 R]").table(ROOT)),
        ("/AF with three", wrapper("/AF [10 0 R 10 0 R 12 0 R]").table(ROOT)),
        ("/AF, indirect", wrapper("/AF 9 0 R").object(9, "[10 0 R 12 0 R]").table(ROOT)),
        ("/AF twice", wrapper("/AF [10 0 R] /AF [12 0 R]").table(ROOT)),
        ("/AF with direct dictionaries", wrapper(&direct).table(ROOT)),
        ("/AF with more than 64", hundred),
        ("/AF and names", {
            let names = "/Names << /EmbeddedFiles << /Names [(b) 12 0 R] >> >>";
            wrapper(&format!("/AF [10 0 R] {names}")).table(ROOT)
        }),
        ("names", wrapper(&format!("/Names << {names} >>")).table(ROOT)),
        ("names, indirect", {
            wrapper("/Names 9 0 R").object(9, format!("<< {names} >>")).table(ROOT)
        }),
        ("names in kids", {
            wrapper("/Names << /EmbeddedFiles << /Kids [8 0 R 9 0 R] >> >>")
                .object(8, "<< /Names [(a) 10 0 R] >>")
                .object(9, "<< /Names [(b) 12 0 R] >>")
                .table(ROOT)
        }),
        ("/EF with /F and /UF", two_files("/F 11 0 R /UF 13 0 R")),
        ("/EF with /UF and /F", two_files("/UF 11 0 R /F 13 0 R")),
        ("/EF with /DOS", two_files("/DOS 13 0 R /F 11 0 R")),
        ("/EF with /Mac", two_files("/F 11 0 R /Mac 13 0 R")),
        ("/EF with /Unix and a damaged key", two_files("/Unix 11 0 R /G 13 0 R")),
        ("/EF, indirect", {
            Pdf::with_catalog("/AF [10 0 R]")
                .object(10, format!("<< /AFRelationship /EncryptedPayload {EP} /EF 9 0 R >>"))
                .object(9, "<< /F 11 0 R /UF 13 0 R >>")
                .file(11, &protected(azure()))
                .file(13, &protected(cluster()))
                .table(ROOT)
        }),
        ("a compressed payload and a stored one", {
            Pdf::with_catalog("/AF [10 0 R 12 0 R]")
                .object(10, payload("/F 11 0 R"))
                .deflated(11, &protected(azure()))
                .object(12, payload("/F 13 0 R"))
                .file(13, &protected(cluster()))
                .table(ROOT)
        }),
        ("compressed payloads", {
            Pdf::with_catalog("/AF [10 0 R 12 0 R]")
                .object(10, payload("/F 11 0 R"))
                .deflated(11, &protected(azure()))
                .object(12, payload("/F 13 0 R"))
                .deflated(13, &protected(cluster()))
                .table(ROOT)
        }),
        ("object streams", {
            let catalog = "<< /Type /Catalog /Pages 2 0 R /AF [10 0 R 12 0 R] >>";
            Pdf::new()
                .object(2, "<< /Type /Pages /Kids [] /Count 0 >>")
                .file(11, &protected(azure()))
                .file(13, &protected(cluster()))
                .compact(
                    &[
                        (1, catalog.to_owned()),
                        (10, payload("/F 11 0 R")),
                        (12, payload("/F 13 0 R")),
                    ],
                    ROOT,
                )
        }),
        ("two /Encrypt", both(&ms, &ad).table(format!("{ROOT} /Encrypt 6 0 R /Encrypt 7 0 R"))),
        ("two /Encrypt, reversed", {
            both(&ad, &ms).table(format!("{ROOT} /Encrypt 6 0 R /Encrypt 7 0 R"))
        }),
        ("a direct /Encrypt and another one", {
            let trailer = format!("{ROOT} /Encrypt 7 0 R /Encrypt ");
            both(b"null", &ad).table([trailer.as_bytes(), &ms].concat())
        }),
        ("/Encrypt of an older trailer", { revisions().object(7, &ad).update("/Encrypt 7 0 R") }),
        ("/Encrypt of an older trailer only", {
            let base = Pdf::with_catalog("/AF [10 0 R]")
                .object(6, &ad)
                .object(10, payload("/F 11 0 R"))
                .file(11, &protected(azure()));
            base.table(format!("{ROOT} /Encrypt 6 0 R")).object(5, "<<>>").update("")
        }),
        ("an older revision of the dictionary", {
            both(&ad, b"null")
                .table(format!("{ROOT} /Encrypt 6 0 R"))
                .object(6, &ms)
                .update("/Encrypt 6 0 R")
        }),
        ("an older revision with direct /Encrypt", {
            let trailer = format!("{ROOT} /Encrypt ");
            let base = both(b"null", &ms).table([trailer.as_bytes(), &ad].concat());
            base.object(5, "<<>>").update("/Encrypt 7 0 R")
        }),
        ("/Encrypt and a payload", {
            wrapper("/AF [12 0 R]").object(6, &ms).table(format!("{ROOT} /Encrypt 6 0 R"))
        }),
        ("a crypt filter", both(&filters, b"null").table(format!("{ROOT} /Encrypt 6 0 R"))),
        ("/Encrypt and a damaged key", {
            both(&ms, &ad).table(format!("{ROOT} /Encrypt 6 0 R /Encrqpt 7 0 R"))
        }),
    ];
    let mut wrong = Vec::new();
    for (name, pdf) in cases {
        for (how, pdf) in [("", pdf.clone()), (", damaged", pdf.damaged())] {
            let report = read(&pdf.bytes);
            let keys = keys(&report);
            if keys.len() != 2 || !are_marked(&report) || need(&report) != Need::Possible {
                let (marked, codes) = (are_marked(&report), codes(&report));
                wrong.push(format!("{name}{how}: {} keys, {marked}, {codes:?}", keys.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The file that `/Collection /D` names can be the payload even if its specification does not say
/// so.
#[test]
fn other_files_of_a_wrapper_are_candidates() {
    let names = "/Names << /EmbeddedFiles << /Names [(a) 10 0 R (b) 9 0 R] >> >>";
    let pdf = wrapper(&format!("/AF [10 0 R] /Collection << /D (b) /View /H >> {names}"))
        .object(9, "<< /Type /Filespec /F (b) /EF << /F 13 0 R >> >>")
        .table(ROOT);
    for pdf in [pdf.clone(), pdf.damaged()] {
        let report = read(&pdf.bytes);
        assert_eq!((keys(&report).len(), need(&report)), (2, Need::Possible));
    }
}

/// Identical licenses count as one candidate.
#[test]
fn repeated_license_has_one_record() {
    let ad = dictionary(cluster());
    let same = |catalog: &str| {
        Pdf::with_catalog(catalog)
            .object(10, payload("/F 11 0 R /UF 11 0 R"))
            .file(11, &protected(cluster()))
            .object(12, payload("/F 13 0 R"))
            .file(13, &protected(cluster()))
            .table(ROOT)
    };
    for (name, pdf) in [
        ("payloads", same("/AF [10 0 R 12 0 R]")),
        ("references", same("/AF [10 0 R 10 0 R]")),
        (
            "revisions",
            Pdf::with_catalog("")
                .object(6, &ad)
                .table(format!("{ROOT} /Encrypt 6 0 R"))
                .object(6, &ad)
                .update("/Encrypt 6 0 R"),
        ),
    ] {
        for pdf in [pdf.clone(), pdf.damaged()] {
            let report = read(&pdf.bytes);
            assert_eq!(report.findings().count(), 1, "{name}: {:?}", codes(&report));
            assert!(!are_marked(&report) && codes(&report).is_empty(), "{name}");
        }
    }
}

/// The error of an unreadable candidate stays although another candidate parses.
#[test]
fn unreadable_candidate_has_a_record() {
    let (ms, mut cut) = (dictionary(azure()), zlib(&protected(cluster())));
    cut.truncate(60);
    let with = |second: &str| {
        Pdf::with_catalog("/AF [10 0 R 12 0 R]")
            .object(10, payload("/F 11 0 R"))
            .file(11, &protected(azure()))
            .object(12, payload(second))
    };
    let flate = "/Type /EmbeddedFile /Filter /FlateDecode";
    let encrypt = |object: &str| {
        Pdf::with_catalog("")
            .object(6, &ms)
            .object(7, object)
            .table(format!("{ROOT} /Encrypt 6 0 R /Encrypt 7 0 R"))
    };
    let ours = "/Filter /MicrosoftIRMServices /V 4 /PublishingLicense";
    let cases: Vec<(&str, Pdf, &str)> = vec![
        ("no stream", with("/F 3 0 R").table(ROOT), "license-missing"),
        ("no object", with("/F 77 0 R").table(ROOT), "license-missing"),
        ("no reference", with("/F (a)").table(ROOT), "license-missing"),
        ("cut", with("/F 13 0 R").stream(13, flate, &cut).table(ROOT), "malformed-pdf-payload"),
        ("no license", with("/F 13 0 R").file(13, b"text").table(ROOT), "license-missing"),
        (
            "not deflated",
            with("/F 13 0 R").stream(13, flate, b"x").table(ROOT),
            "malformed-pdf-payload",
        ),
        (
            "another filter",
            with("/F 13 0 R").stream(13, "/Filter /LZWDecode", b"x").table(ROOT),
            "malformed-pdf-stream",
        ),
        ("license that is no base64", encrypt(&format!("<< {ours} (??) >>")), "license-unreadable"),
        ("license that is no string", encrypt(&format!("<< {ours} 5 >>")), "license-missing"),
        ("an unknown handler", encrypt("<< /Filter /AcmeVault /V 4 >>"), "unknown-transform"),
        (
            "shortened handler name",
            encrypt("<< /Filter /MicrosoftServices /V 4 >>"),
            "unknown-transform",
        ),
        ("Foxit's handler", encrypt("<< /Filter /FoxitRMS /V 2 >>"), "license-missing"),
        ("Foxit's second handler", encrypt("<< /Filter /FoxitRMSV2 /V 4 >>"), "license-missing"),
    ];
    let mut wrong = Vec::new();
    for (name, pdf, code) in cases {
        for (how, pdf) in [("", pdf.clone()), (", damaged", pdf.damaged())] {
            let report = read(&pdf.bytes);
            let is_right = keys(&report).len() == 1
                && codes(&report).contains(&code)
                && need(&report) == Need::Possible
                && report.findings().count() > 1
                && are_marked(&report);
            if !is_right {
                let count = report.findings().count();
                wrong.push(format!("{name}{how}: {count}, {:?}", codes(&report)));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
