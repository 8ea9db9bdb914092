//! PDFs with several encryption dictionaries or payloads: an Azure license hides none of AD RMS, and
//! no structure that may hold another license is dropped without an error.

use std::sync::LazyLock;

use rmsight::{Anomaly, Estate, Inspector, Need, Protection, Report, judge};
use rmsight_specimen::{Encoding, LicenseBuilder, PdfForm, PdfIrm, Server, zlib};

fn license(server: &Server) -> Vec<u8> {
    LicenseBuilder::server(server).encoding(Encoding::Utf8Bom).build()
}

/// The license of an AD RMS cluster.
fn cluster() -> &'static [u8] {
    static LICENSE: LazyLock<Vec<u8>> = LazyLock::new(|| license(&Server::contoso()));
    &LICENSE
}

/// The license of an Azure tenant.
fn azure() -> &'static [u8] {
    static LICENSE: LazyLock<Vec<u8>> = LazyLock::new(|| license(&Server::azure()));
    &LICENSE
}

fn protected(license: &[u8]) -> Vec<u8> {
    PdfIrm::new(PdfForm::V2, license.to_vec()).content(100).build()
}

/// A literal string.
fn literal(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![b'('];
    for byte in bytes {
        if matches!(byte, b'(' | b')' | b'\\') {
            out.push(b'\\');
        }
        out.push(*byte);
    }
    out.push(b')');
    out
}

fn dictionary(license: &[u8]) -> Vec<u8> {
    let head = b"<< /Filter /MicrosoftIRMServices /MicrosoftIRMVersion 2 /V 5 /PublishingLicense ";
    [head, literal(license).as_slice(), b" >>"].concat()
}

/// A PDF, written object by object.
#[derive(Clone)]
struct Pdf {
    bytes: Vec<u8>,
    /// Number and offset of the objects that no section lists yet.
    places: Vec<(usize, usize)>,
    section: usize,
}

impl Pdf {
    fn new() -> Pdf {
        Pdf { bytes: b"%PDF-1.7\n%\xE2\xE3\xCF\xD3\n".to_vec(), places: Vec::new(), section: 0 }
    }

    /// A PDF with this catalog, one page, and no trailer yet.
    fn with_catalog(catalog: &str) -> Pdf {
        Pdf::new()
            .object(1, format!("<< /Type /Catalog /Pages 2 0 R {catalog} >>"))
            .object(2, "<< /Type /Pages /Kids [3 0 R] /Count 1 >>")
            .object(3, "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] >>")
    }

    fn object(mut self, number: usize, value: impl AsRef<[u8]>) -> Pdf {
        self.places.push((number, self.bytes.len()));
        self.bytes.extend(format!("{number} 0 obj\n").bytes());
        self.bytes.extend(value.as_ref());
        self.bytes.extend(b"\nendobj\n");
        self
    }

    fn stream(self, number: usize, dict: &str, data: &[u8]) -> Pdf {
        let head = format!("<< {dict} /Length {} >>\nstream\n", data.len());
        self.object(number, [head.as_bytes(), data, b"\nendstream"].concat())
    }

    /// An embedded file.
    fn file(self, number: usize, data: &[u8]) -> Pdf {
        self.stream(number, "/Type /EmbeddedFile", data)
    }

    fn deflated(self, number: usize, data: &[u8]) -> Pdf {
        self.stream(number, "/Type /EmbeddedFile /Filter /FlateDecode", &zlib(data))
    }

    /// The cross-reference of the objects since the last one, and a trailer.
    fn table(mut self, trailer: impl AsRef<[u8]>) -> Pdf {
        let at = self.bytes.len();
        self.places.sort_unstable();
        let mut table = String::from("xref\n0 1\n0000000000 65535 f \n");
        for (number, place) in self.places.drain(..) {
            table += &format!("{number} 1\n{place:010} 00000 n \n");
        }
        self.bytes.extend(table.bytes());
        self.bytes.extend(b"trailer\n<< /Size 99 ");
        self.bytes.extend(trailer.as_ref());
        self.bytes.extend(format!(" >>\nstartxref\n{at}\n%%EOF\n").bytes());
        self.section = at;
        self
    }

    /// An update of the file with these entries in its trailer.
    fn update(self, trailer: &str) -> Pdf {
        let prev = self.section;
        self.table(format!("/Root 1 0 R /Prev {prev} {trailer}"))
    }

    /// The objects `values` in an object stream, number 50, and a cross-reference stream.
    fn compact(mut self, values: &[(usize, String)], trailer: &str) -> Pdf {
        let (mut list, mut text) = (String::new(), String::new());
        for (number, value) in values {
            list += &format!("{number} {} ", text.len());
            text += &format!("{value}\n");
        }
        let (count, first) = (values.len(), list.len());
        let dict = format!("/Type /ObjStm /N {count} /First {first} /Filter /FlateDecode");
        self = self.stream(50, &dict, &zlib((list + &text).as_bytes()));
        let at = self.bytes.len();
        let (mut index, mut rows) = (String::new(), Vec::new());
        for (number, place) in self.places.drain(..) {
            index += &format!("{number} 1 ");
            rows.push(1);
            rows.extend(u32::try_from(place).unwrap().to_be_bytes());
        }
        for (number, _) in values {
            index += &format!("{number} 1 ");
            rows.push(2);
            rows.extend(50_u32.to_be_bytes());
        }
        let dict = format!("/Type /XRef /Size 99 /W [1 4 0] /Index [{index}] {trailer}");
        self = self.stream(51, &dict, &rows);
        self.bytes.extend(format!("startxref\n{at}\n%%EOF\n").bytes());
        self
    }

    /// The same with the last `startxref` damaged: its objects are searched for.
    fn damaged(mut self) -> Pdf {
        let at = self.bytes.windows(9).rposition(|word| word == b"startxref").unwrap();
        self.bytes[at + 5] = b'X';
        self
    }

    fn replaced(mut self, from: &str, to: &str) -> Pdf {
        let at = self.bytes.windows(from.len()).rposition(|word| word == from.as_bytes());
        let at = at.unwrap_or_else(|| panic!("no {from}"));
        self.bytes.splice(at..at + from.len(), to.bytes());
        self
    }
}

const ROOT: &str = "/Root 1 0 R";
const EP: &str = "/EP << /Type /EncryptedPayload /Subtype /MicrosoftIRMServices /Version 2 >>";

/// A file specification of a payload with these entries in `/EF`.
fn payload(files: &str) -> String {
    format!(
        "<< /Type /Filespec /F (a.pdf) /UF (a.pdf) /AFRelationship /EncryptedPayload {EP} \
         /EF << {files} >> >>"
    )
}

/// A wrapper with these entries in its catalog; object 10 is the payload of a tenant and 12 that of
/// a cluster, with their data in 11 and 13.
fn wrapper(catalog: &str) -> Pdf {
    Pdf::with_catalog(catalog)
        .object(10, payload("/F 11 0 R"))
        .file(11, &protected(azure()))
        .object(12, payload("/F 13 0 R"))
        .file(13, &protected(cluster()))
}

fn read(bytes: &[u8]) -> Report {
    Inspector::default().inspect_bytes(bytes)
}

fn need(report: &Report) -> Need {
    let estate = Estate::default();
    let needs = report.findings().map(|finding| judge(finding.facts(), &estate).need());
    let rank = |need: &Need| match need {
        Need::No => 0,
        Need::Possible => 1,
        _ => 2,
    };
    needs.max_by_key(rank).unwrap()
}

fn keys(report: &Report) -> Vec<&str> {
    let mut keys: Vec<&str> = report.findings().filter_map(|one| one.facts().slc_key()).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn codes(report: &Report) -> Vec<&str> {
    report.findings().filter_map(|one| one.facts().error_code.as_deref()).collect()
}

fn are_marked(report: &Report) -> bool {
    report.findings().all(|one| one.facts().anomalies.contains(&Anomaly::SeveralLicenses))
}

/// Both licenses are read, whatever the order and whether or not the cross-reference is damaged.
#[test]
fn each_of_several_candidates_is_a_record() {
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
        ("/AF, the other order", wrapper("/AF [12 0 R 10 0 R]").table(ROOT)),
        ("/AF with three", wrapper("/AF [10 0 R 10 0 R 12 0 R]").table(ROOT)),
        ("/AF elsewhere", wrapper("/AF 9 0 R").object(9, "[10 0 R 12 0 R]").table(ROOT)),
        ("/AF twice", wrapper("/AF [10 0 R] /AF [12 0 R]").table(ROOT)),
        ("/AF with direct dictionaries", wrapper(&direct).table(ROOT)),
        ("/AF with more than 64", hundred),
        ("/AF and names", {
            let names = "/Names << /EmbeddedFiles << /Names [(b) 12 0 R] >> >>";
            wrapper(&format!("/AF [10 0 R] {names}")).table(ROOT)
        }),
        ("names", wrapper(&format!("/Names << {names} >>")).table(ROOT)),
        ("names elsewhere", {
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
        ("/EF elsewhere", {
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
        ("two /Encrypt, the other order", {
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

/// The file that `/Collection /D` names may be the payload, whatever its file specification says.
#[test]
fn other_files_of_a_wrapper_are_read() {
    let names = "/Names << /EmbeddedFiles << /Names [(a) 10 0 R (b) 9 0 R] >> >>";
    let pdf = wrapper(&format!("/AF [10 0 R] /Collection << /D (b) /View /H >> {names}"))
        .object(9, "<< /Type /Filespec /F (b) /EF << /F 13 0 R >> >>")
        .table(ROOT);
    for pdf in [pdf.clone(), pdf.damaged()] {
        let report = read(&pdf.bytes);
        assert_eq!((keys(&report).len(), need(&report)), (2, Need::Possible));
    }
}

/// Identical licenses are one candidate, wherever they are.
#[test]
fn a_repeated_license_is_one_record() {
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

/// A candidate that cannot be read keeps its error beside one that can.
#[test]
fn an_unreadable_candidate_is_a_record() {
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
        ("no base64", encrypt(&format!("<< {ours} (??) >>")), "license-unreadable"),
        ("no string", encrypt(&format!("<< {ours} 5 >>")), "license-missing"),
        ("an unknown handler", encrypt("<< /Filter /AcmeVault /V 4 >>"), "unknown-transform"),
        (
            "a name that is cut",
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

/// A dictionary or a handler name that is damaged never reads as an unprotected file, and an Azure
/// license in it never as one that needs no cluster.
#[test]
fn damaged_dictionaries_are_not_believed() {
    let ms = dictionary(azure());
    let one = |object: &[u8], trailer: &str| {
        Pdf::with_catalog("").object(6, object).table(format!("{ROOT} {trailer}"))
    };
    let encrypted = |object: &[u8]| one(object, "/Encrypt 6 0 R");
    let text = |text: &str| encrypted(text.as_bytes());
    let escaped = String::from_utf8(dictionary(cluster())).unwrap();
    let escaped = escaped
        .replace("/MicrosoftIRMServices", "/#4dicrosoft#49RMServices")
        .replace("/PublishingLicense", "/#50ublishing#4cicense");
    // What is damaged before the file is written leaves the cross-reference right.
    let of = |dictionary: &[u8], from: &str, to: &str| {
        let text = String::from_utf8(dictionary.to_vec()).unwrap();
        assert!(text.contains(from), "{from}");
        encrypted(text.replacen(from, to, 1).as_bytes())
    };
    let ad = dictionary(cluster());
    let specified = |from: &str, to: &str| {
        let file = payload("/F 13 0 R");
        assert!(file.contains(from), "{from}");
        Pdf::with_catalog("/AF [12 0 R]")
            .object(12, file.replacen(from, to, 1))
            .file(13, &protected(cluster()))
            .table(ROOT)
    };
    let cases: Vec<(&str, Pdf)> = vec![
        ("an unknown handler", text("<< /Filter /AcmeVault /V 4 >>")),
        ("an unknown handler that is escaped", text("<< /Filter /Stand#61rx /V 4 >>")),
        ("a handler in lower case", text("<< /Filter /standard /V 4 >>")),
        ("no handler", text("<< /V 4 >>")),
        ("two handlers", text("<< /Filter /Standard /V 4 /Filter /AcmeVault >>")),
        ("Foxit's handler", text("<< /Filter /FoxitRMS /V 2 >>")),
        ("Foxit's handler, escaped", text("<< /Filter /F#6fxitRMSV2 /V 2 >>")),
        ("a crypt filter", {
            text("<< /Filter /Standard /V 4 /CF << /MicrosoftIRMServices << >> >> >>")
        }),
        ("a name that is cut", of(&ms, "/MicrosoftIRMServices", "/MicrosoftServices")),
        ("names that are escaped", encrypted(escaped.as_bytes())),
        ("a trailer that ends early", one(&ad, ">> /Encrypt 6 0 R")),
        ("a trailer that ends early, another handler", {
            one(b"<< /Filter /FoxitRMS /V 2 >>", ">> /Encrypt 6 0 R")
        }),
        ("a trailer with stray brackets", one(&ad, ">> ) ] >> /Encrypt 6 0 R")),
        ("a catalog that ends early", wrapper(">> /AF [12 0 R]").table(ROOT)),
        ("a catalog that ends early, before names", {
            wrapper(">> /Names << /EmbeddedFiles << /Names [(a) 12 0 R] >> >>").table(ROOT)
        }),
        ("a catalog in an object stream that ends early", {
            let catalog = "<< /Type /Catalog /Pages 2 0 R >> /AF [12 0 R] >>".to_owned();
            Pdf::new()
                .object(2, "<< /Type /Pages /Kids [] /Count 0 >>")
                .file(13, &protected(cluster()))
                .compact(&[(1, catalog), (12, payload("/F 13 0 R"))], ROOT)
        }),
        ("a cross-reference stream that ends early", {
            let catalog = "<< /Type /Catalog /Pages 2 0 R >>".to_owned();
            Pdf::new()
                .object(2, "<< /Type /Pages /Kids [] /Count 0 >>")
                .object(6, "<< /Filter /FoxitRMS /V 2 >>")
                .compact(&[(1, catalog)], "/Root 1 0 R >> /Encrypt 6 0 R")
        }),
        ("a file specification that ends early", specified("/EF", ">> /EF")),
        ("a file specification that ends at once", specified("/AFRel", ">> /AFRel")),
        ("a list of files that ends early", specified("/EF <<", "/EF << >> >> /EF <<")),
        ("a dictionary that ends early", of(&ad, "/PublishingL", ">> /PublishingL")),
        ("a dictionary that ends at once", of(&ad, "/Filter", ">> /Filter")),
        ("a tenant's dictionary that ends early", of(&ms, "/V 5", ">> /V 5")),
        ("a tenant's handler that is cut", of(&ms, "/MicrosoftIRMServices /Mi", "/Mi")),
        ("/Encrypt that leads nowhere", one(b"null", "/Encrypt 66 0 R")),
        ("/Encrypt that is a number", one(b"null", "/Encrypt 66")),
    ];
    let mut wrong = Vec::new();
    for (name, pdf) in cases {
        for (how, pdf) in [("", pdf.clone()), (", damaged", pdf.damaged())] {
            let report = read(&pdf.bytes);
            if need(&report) != Need::Possible {
                wrong.push(format!(
                    "{name}{how}: {:?}",
                    report.findings().next().unwrap().facts().protection
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A dictionary in the data of a stream does not win over the real one.
#[test]
fn a_decoy_in_a_stream_hides_nothing() {
    let (ms, ad) = (dictionary(azure()), dictionary(cluster()));
    let decoy = [b"6 0 obj\n".as_slice(), &ms, b"\nendobj\n"].concat();
    let trailer = format!("{ROOT} /Encrypt 6 0 R");
    let whole = Pdf::with_catalog("").table(&trailer);
    for (name, pdf) in [
        ("behind it", {
            Pdf::with_catalog("").object(6, &ad).stream(8, "", &decoy).table(&trailer)
        }),
        ("before it", {
            Pdf::with_catalog("").stream(8, "", &decoy).object(6, &ad).table(&trailer)
        }),
        ("with a trailer", {
            let decoy = [decoy.as_slice(), &whole.bytes].concat();
            Pdf::with_catalog("").object(6, &ad).stream(8, "", &decoy).table(&trailer)
        }),
    ] {
        let report = read(&pdf.damaged().bytes);
        assert_eq!(keys(&report).len(), 2, "{name}");
        assert!(are_marked(&report), "{name}");
    }
}

/// What a file with a password says in the clear counts.
#[test]
fn a_password_hides_no_payload() {
    let password = "<< /Filter /Standard /V 2 /R 3 /O (o) /U (u) /P -4 >>";
    let filters = |more: &str| {
        format!(
            "<< /Filter /Standard /V 4 /R 4 /O (o) /U (u) /P -4 \
             /CF << /StdCF << /CFM /AESV2 >> >> {more} >>"
        )
    };
    let trailer = format!("{ROOT} /Encrypt 6 0 R");
    let noise = b"\x93\x11\xE7\x5Cnothing that anybody can read".repeat(9);
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
            "a crypt filter of its own",
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
            "a wrapper of no kind",
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

/// Files of other handlers, and ordinary ones, stay what they are.
#[test]
fn other_protection_is_not_undecided() {
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

/// Damage never leaves a tenant's license as the only one that counts.
#[test]
fn damage_beside_a_second_license_is_not_believed() {
    let stride = std::env::var("RMSIGHT_WIDE").map_or(397, |stride| stride.parse().unwrap());
    let (ms, ad) = (dictionary(azure()), dictionary(cluster()));
    let both = Pdf::with_catalog("").object(6, &ms).object(7, &ad);
    let files = [
        ("payloads", wrapper("/AF [10 0 R 12 0 R]").table(ROOT)),
        ("revisions", {
            let base = both.clone().table(format!("{ROOT} /Encrypt 6 0 R"));
            base.object(5, "<<>>").update("/Encrypt 7 0 R")
        }),
        ("dictionaries", both.table(format!("{ROOT} /Encrypt 6 0 R /Encrypt 7 0 R"))),
    ];
    let mut wrong = Vec::new();
    for (name, pdf) in files {
        let len = pdf.bytes.len();
        for at in (5..len).step_by(stride) {
            let (before, behind) = pdf.bytes.split_at(at);
            let zeros = |count: usize| {
                let count = count.min(behind.len());
                [before, &vec![0; count], &behind[count..]].concat()
            };
            let ways = [
                ("flip", [before, &[behind[0] ^ 0x20], &behind[1..]].concat()),
                ("zero", zeros(16)),
                ("delete", [before, &behind[1..]].concat()),
                ("delete more", [before, &behind[8.min(behind.len())..]].concat()),
                ("cut", before.to_vec()),
                ("bracket", [before, b">>", behind].concat()),
            ];
            for (way, bytes) in ways {
                let report = read(&bytes);
                if need(&report) == Need::No {
                    let around = &pdf.bytes[at.saturating_sub(20)..(at + 20).min(len)];
                    wrong.push(format!("{name}, {way} at {at}: {}", around.escape_ascii()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} {wrong:#?}", wrong.len());
}
