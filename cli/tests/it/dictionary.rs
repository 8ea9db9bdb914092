//! The data dictionary, and the advice about error codes.

use std::fs;

use rmsight_specimen::{IrmDocument, IrmKind, Method, Zip};
use serde_json::Value;

use super::{folder, license, records, rmsight, stderr, stdout};

fn document() -> Vec<u8> {
    IrmDocument::new(IrmKind::Word, license()).build()
}

#[test]
fn columns_are_those_of_a_record() {
    let folder = folder(&[("plain.txt", b"hello")]);
    let dir = folder.path();
    let described = records(&rmsight(dir, &["columns", "--json"]).success());
    let names: Vec<&str> = described.iter().map(|one| one["name"].as_str().unwrap()).collect();
    let header = stdout(&rmsight(dir, &["scan", "--format", "csv", "plain.txt"]));
    assert_eq!(names.join(","), header.lines().next().unwrap());
    assert!(described.iter().all(|one| !one["meaning"].as_str().unwrap().is_empty()));
    let value = |column: &str, name: &str| -> Value {
        let column = described.iter().find(|one| one["name"] == column).unwrap();
        let values = column["values"].as_array().unwrap();
        values.iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert!(value("need", "possible")["meaning"].as_str().unwrap().contains("may be needed"));
    assert!(value("error_code", "hung")["advice"].as_str().unwrap().contains("scan again"));
    let text = stdout(&rmsight(dir, &["columns", "Need", "issued"]).success());
    for part in ["need  text, verdict, since 0.1.0", "possible  ", "issued  time, RFC 3339, UTC"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let said = stderr(&rmsight(dir, &["columns", "ownr"]).code(2));
    assert!(said.contains("nearest: owner"), "{said}");
    let words = stdout(&rmsight(dir, &["columns", "--glossary"]).success());
    assert!(["finding", "SLC", "unanchored", "M24", "HYOK"].iter().all(|it| words.contains(it)));
}

#[test]
fn inspect_and_report_advise_by_the_error_code() {
    let seven_zip = [b"7z\xBC\xAF\x27\x1C\0\x04".as_slice(), &[0; 64]].concat();
    let secret = Zip::new().member("a.docx", document(), Method::Encrypted).build();
    let folder = folder(&[("a.7z", &seven_zip), ("secret.zip", &secret)]);
    let dir = folder.path();
    rmsight(dir, &["scan", "-i", "all.db", "a.7z", "secret.zip"]);
    let report = stdout(&rmsight(dir, &["report", "all.db"]));
    for (name, code, advice) in [
        ("a.7z", "archive-not-opened", "Extract or decrypt the content, and scan the result."),
        ("secret.zip", "encrypted-member", "Ask the owner for the password"),
    ] {
        let page = stdout(&rmsight(dir, &["inspect", name]).code(1));
        let described = stdout(&rmsight(dir, &["columns", "error_code"]).success());
        for text in [&page, &report, &described] {
            assert!(text.contains(code) && text.contains(advice), "{name}: {text}");
        }
        assert!(!page.contains("undamaged"), "{page}");
        let data = records(&rmsight(dir, &["inspect", "--json", name]));
        let is_advised = |page: &Value| {
            page["verdict"]["settled_by"].as_str().is_some_and(|text| text.contains(advice))
        };
        assert!(data.iter().any(is_advised), "{data:?}");
    }
}

#[test]
fn the_html_report_explains_its_columns_and_words() {
    let folder = folder(&[("offer.docx", &document())]);
    let dir = folder.path();
    rmsight(dir, &["scan", "-i", "all.db", "offer.docx"]);
    rmsight(dir, &["report", "all.db", "-o", "report.html"]);
    let page = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(page.contains("\"tip\":\"dependency: Whose key opens the content.\""));
    assert!(page.contains("<dt>unanchored</dt>"));
}
