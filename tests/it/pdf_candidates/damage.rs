//! PDFs with damaged dictionaries, or with decoys in streams.

use rmsight::Need;

use super::builder::Pdf;
use super::{
    ROOT, are_marked, azure, cluster, dictionary, keys, need, payload, protected, read, wrapper,
};

/// A file with a damaged dictionary or handler name never reads as unprotected. An Azure license in
/// it is not proof that the file needs no cluster.
#[test]
fn damaged_dictionary_leaves_need_possible() {
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
    // The change precedes the cross-reference, which therefore has the right offsets.
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
        ("an unknown handler, escaped", text("<< /Filter /Stand#61rx /V 4 >>")),
        ("a handler in lower case", text("<< /Filter /standard /V 4 >>")),
        ("no handler", text("<< /V 4 >>")),
        ("two handlers", text("<< /Filter /Standard /V 4 /Filter /AcmeVault >>")),
        ("Foxit's handler", text("<< /Filter /FoxitRMS /V 2 >>")),
        ("Foxit's handler, escaped", text("<< /Filter /F#6fxitRMSV2 /V 2 >>")),
        ("a crypt filter", {
            text("<< /Filter /Standard /V 4 /CF << /MicrosoftIRMServices << >> >> >>")
        }),
        ("a shortened handler name", of(&ms, "/MicrosoftIRMServices", "/MicrosoftServices")),
        ("escaped names", encrypted(escaped.as_bytes())),
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
        ("a tenant's dictionary without its handler", of(&ms, "/MicrosoftIRMServices /Mi", "/Mi")),
        ("/Encrypt of a missing object", one(b"null", "/Encrypt 66 0 R")),
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

/// A dictionary in the data of a stream does not replace the real one.
#[test]
fn decoy_in_a_stream_does_not_hide_the_license() {
    let (ms, ad) = (dictionary(azure()), dictionary(cluster()));
    let decoy = [b"6 0 obj\n".as_slice(), &ms, b"\nendobj\n"].concat();
    let trailer = format!("{ROOT} /Encrypt 6 0 R");
    let whole = Pdf::with_catalog("").table(&trailer);
    for (name, pdf) in [
        ("after the dictionary", {
            Pdf::with_catalog("").object(6, &ad).stream(8, "", &decoy).table(&trailer)
        }),
        ("before the dictionary", {
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

/// Damage never leaves the license of a tenant as the only candidate.
#[test]
fn damage_beside_a_second_license_leaves_need_possible() {
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
            let (before, after) = pdf.bytes.split_at(at);
            let zeros = |count: usize| {
                let count = count.min(after.len());
                [before, &vec![0; count], &after[count..]].concat()
            };
            let mutations = [
                ("flip", [before, &[after[0] ^ 0x20], &after[1..]].concat()),
                ("zero", zeros(16)),
                ("delete", [before, &after[1..]].concat()),
                ("delete more", [before, &after[8.min(after.len())..]].concat()),
                ("cut", before.to_vec()),
                ("bracket", [before, b">>", after].concat()),
            ];
            for (mutation, bytes) in mutations {
                let report = read(&bytes);
                if need(&report) == Need::No {
                    let around = &pdf.bytes[at.saturating_sub(20)..(at + 20).min(len)];
                    wrong.push(format!("{name}, {mutation} at {at}: {}", around.escape_ascii()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} {wrong:#?}", wrong.len());
}
