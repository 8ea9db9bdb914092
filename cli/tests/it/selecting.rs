//! Options that select findings, and the choice of columns.

use std::fs;
use std::sync::LazyLock;

use rmsight_specimen::{Client, LicenseBuilder, Server};
use tempfile::TempDir;

use super::{command, folder, records, rmsight, stderr, stdout};

const TEMPLATE: &str = "5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41";
const LABEL: &str = "d9f23ae3-4321-4321-8321-f515f824c57b";
const TENANT: &str = "6594232e-6968-45f0-9f7e-c711fc49ef58";

/// Returns the licenses of Ada, under AD RMS with a template and a label, and of Bob, under Azure.
fn licenses() -> [Vec<u8>; 2] {
    static LICENSES: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
        let ada = LicenseBuilder::client(&Server::contoso(), &Client::windows())
            .owner("ada@contoso.com")
            .descriptor(TEMPLATE, &[(1033, "Board Only", "-")])
            .label(LABEL, TENANT);
        let bob =
            LicenseBuilder::client(&Server::azure(), &Client::windows()).owner("bob@contoso.com");
        [ada.build(), bob.build()]
    });
    LICENSES.clone()
}

/// Creates a share with an inventory `i.db`, its records `i.ndjson`, and an estate file.
fn share() -> TempDir {
    let [ada, bob] = licenses();
    let folder = folder(&[
        ("share/Legal/ada.xml", &ada),
        ("share/bob.xml", &bob),
        ("share/cut.xml", &ada[..600]),
        ("share/plain.txt", b"x"),
    ]);
    let estate = format!(
        "[[authority]]\nname = \"Headquarters\"\nkind = \"ad-rms\"\n\n[[authority.key]]\n\
         slc_key = \"{}\"\nstatus = \"active\"\n",
        Server::contoso().key.fingerprint()
    );
    fs::write(folder.path().join("estate.toml"), estate).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "--labels", "-i", "i.db", "share"]);
    let stored = stdout(&rmsight(folder.path(), &["export", "i.db"]).success());
    fs::write(folder.path().join("i.ndjson"), stored).unwrap();
    folder
}

#[test]
fn filters_select_the_same_findings_in_export_and_judge() {
    let folder = share();
    let key = Server::contoso().key.fingerprint();
    let id = Server::contoso().id.to_uppercase();
    assert!(id.starts_with('{'), "{id}");
    let template = format!("{{{}}}", TEMPLATE.to_uppercase());
    let code =
        records(&rmsight(folder.path(), &["export", "i.db", "--path", "cut.xml"]))[0]["error_code"]
            .as_str()
            .unwrap()
            .to_owned();
    let cases: &[(&[&str], &[&str])] = &[
        (&["--need", "yes"], &["ada.xml"]),
        (&["--owner", "ADA@contoso.com"], &["ada.xml"]),
        (&["--owner", "*@contoso.com"], &["ada.xml", "bob.xml"]),
        (&["--owner", "ada@contoso.com", "--owner", "bob@contoso.com"], &["ada.xml", "bob.xml"]),
        (&["--owner", "*@contoso.com", "--need", "no"], &["bob.xml"]),
        (&["--authority", "Headquarters"], &["ada.xml"]),
        (&["--key", &key[..15]], &["ada.xml"]),
        (&["--key", &key[7..15].to_uppercase()], &["ada.xml"]),
        (&["--key", &id], &["ada.xml"]),
        (&["--error", &code], &["cut.xml"]),
        (&["--label", LABEL], &["ada.xml"]),
        (&["--template", &template, "--owner", "ada@contoso.com"], &["ada.xml"]),
        (&["--template", "board only", "--need", "yes"], &["ada.xml"]),
        (&["--template", "Board*", "--need", "yes"], &["ada.xml"]),
        (&["--container", "license"], &["ada.xml", "bob.xml", "cut.xml"]),
        (&["--path", "*.txt"], &["plain.txt"]),
        (&["--path", "Legal"], &["ada.xml"]),
        (&["--path", "share/*.xml", "--container", "license"], &["bob.xml", "cut.xml"]),
    ];
    for (args, expected) in cases {
        for command in [
            &["export", "i.db", "--format", "ndjson"][..],
            &["judge", "i.db", "--format", "ndjson"],
            &["judge", "i.ndjson", "--format", "ndjson"],
        ] {
            let all = [command, &["--estate", "estate.toml"], args].concat();
            let done = rmsight(folder.path(), &all);
            let mut found: Vec<String> = records(&done)
                .iter()
                .map(|record| record["path"].as_str().unwrap())
                .map(|path| path.rsplit(['/', '\\']).next().unwrap().to_owned())
                .collect();
            found.sort();
            assert_eq!(found, *expected, "{all:?}: {}", stderr(&done));
        }
    }
}

#[test]
fn unknown_filter_values_are_errors_with_the_nearest_matches() {
    let folder = share();
    let key = Server::contoso().key.fingerprint();
    let cases: &[(&[&str], &str)] = &[
        (&["--need", "maybe"], "yes, possible or no"),
        (&["--owner", "adda@contoso.com"], "nearest: ada@contoso.com"),
        (&["--owner", "*@fabrikam.com"], "no finding has it"),
        (&["--authority", "Headquarter"], "Headquarters"),
        (&["--key", "zzz"], &key),
        (&["--key", "sha256:00"], "no finding has it"),
        (&["--error", "permission-denyed"], "permission-denied"),
        (&["--label", TEMPLATE], LABEL),
        (&["--template", "Bord Only"], "Board Only"),
        (&["--container", "pdf-irm-v3"], "pdf-irm-v2"),
        (&["--path", "a["], "--path"),
        (&["--path", "*.zzz"], "--path \"*.zzz\": no finding has it"),
        (&["--path", "cut.xml", "--path", "*.zzz"], "*.zzz"),
        (&["--error", "io"], "--error \"io\": no finding has it"),
        (&["--container", "pfile"], "--container \"pfile\": no finding has it"),
        (&["--owner", "ada@contoso.com", "--owner", "bobb@contoso.com"], "bob@contoso.com"),
    ];
    for (args, said) in cases {
        for command in [&["export", "i.db"][..], &["judge", "i.db"], &["judge", "i.ndjson"]] {
            let all = [command, &["--estate", "estate.toml"], args].concat();
            let done = rmsight(folder.path(), &all).code(2);
            assert!(stderr(&done).contains(said), "{all:?}: {}", stderr(&done));
        }
    }
}

#[test]
fn a_value_that_cannot_be_known_is_an_error_with_the_reason() {
    let folder = share();
    let args = ["export", "i.db", "--authority", "Headquarters"];
    let said = stderr(&rmsight(folder.path(), &args).code(2));
    assert!(said.contains("needs the estate file that declares it: --estate"), "{said}");
    rmsight(folder.path(), &["scan", "-q", "--quick", "-i", "q.db", "share/bob.xml"]);
    let said = stderr(&rmsight(folder.path(), &["export", "q.db", "--owner", "eve"]).code(2));
    assert!(said.contains("no finding has any owner, and files were read with --quick"), "{said}");
}

#[test]
fn an_empty_result_is_reported() {
    let folder = share();
    let args = ["--owner", "bob@contoso.com", "--need", "yes"];
    let words = "no finding is selected by --need yes --owner bob@contoso.com";
    let done = rmsight(folder.path(), &[&["export", "i.db"], &args[..]].concat()).success();
    assert!(stdout(&done).is_empty());
    assert!(stderr(&done).contains(words), "{}", stderr(&done));
    for file in ["i.db", "i.ndjson"] {
        let done = rmsight(folder.path(), &[&["judge", file], &args[..]].concat()).code(1);
        assert!(stderr(&done).contains(words), "{}", stderr(&done));
    }
}

#[test]
fn a_selection_is_no_answer_about_the_other_records() {
    let folder = share();
    let select = ["judge", "i.db", "--path", "*.txt"];
    let done = rmsight(folder.path(), &select).code(1);
    let text = stdout(&done);
    assert!(text.contains("Judged 4 stored records; 1 selected by --path *.txt"), "{text}");
    assert!(text.contains("0 yes, 0 possible, 1 no"), "{text}");
    assert!(!text.contains("Nothing"), "{text}");
}

#[test]
fn names_are_selected_before_they_are_redacted() {
    let folder = share();
    fs::write(folder.path().join("key"), "0123456789abcdef\n").unwrap();
    let args = ["--owner", "ada@contoso.com", "--path", "Legal", "--redact", "key"];
    for command in [
        &["export", "i.db"][..],
        &["judge", "i.db", "--format", "ndjson"],
        &["judge", "i.ndjson", "--format", "ndjson"],
    ] {
        let done = rmsight(folder.path(), &[command, &args].concat());
        let found = records(&done);
        assert_eq!(found.len(), 1, "{command:?}");
        assert!(!stdout(&done).contains("ada"), "{command:?}");
    }
}

#[test]
fn the_list_of_a_report_is_selected_and_its_answer_is_not() {
    let folder = share();
    fs::write(folder.path().join("key"), "0123456789abcdef\n").unwrap();
    let report = ["report", "i.db", "--estate", "estate.toml", "--format", "html"];
    let page =
        |args: &[&str]| stdout(&rmsight(folder.path(), &[&report[..], args].concat()).code(1));
    let (all, bob) = (page(&[]), page(&["--owner", "bob@contoso.com"]));
    assert!(all.contains("ada.xml") && !all.contains("Only findings"), "{all}");
    assert!(bob.contains("bob.xml") && !bob.contains("ada.xml"), "{bob}");
    assert!(bob.contains("--owner bob@contoso.com"), "{bob}");
    let answer =
        |page: &str| page.split("<h1").nth(1).unwrap().split("</h1>").next().unwrap().to_owned();
    assert_eq!(answer(&bob), answer(&all));
    let redacted = page(&["--owner", "bob@contoso.com", "--redact", "key"]);
    assert!(redacted.contains("Only findings") && !redacted.contains("bob@"), "{redacted}");
    for (args, said) in [
        (&["report", "i.db", "--need", "yes"][..], "only the HTML report lists findings"),
        (&["report", "i.db", "-o", "report.pdf"], "no format has the ending .pdf"),
        (&["report", "i.db", "-o", "r.html", "--format", "text"], "that of html"),
        (&["report", "i.db", "--format", "html", "--owner", "bobb@contoso.com"], "nearest: bob"),
    ] {
        let done = rmsight(folder.path(), args).code(2);
        assert!(stderr(&done).contains(said), "{args:?}: {}", stderr(&done));
    }
}

#[test]
fn columns_are_written_in_the_order_of_the_list() {
    let folder = share();
    let columns = ["--columns", "need,owner,size,path", "--owner", "ada@contoso.com"];
    let export = [&["export", "i.db"], &columns[..]].concat();
    let lines = stdout(&rmsight(folder.path(), &export).success());
    assert!(
        lines.starts_with(r#"{"need":"possible","owner":"ada@contoso.com","size":"#),
        "{lines}"
    );
    assert_eq!(records(&rmsight(folder.path(), &export))[0].as_object().unwrap().len(), 4);
    let csv = stdout(&rmsight(folder.path(), &[&export[..], &["--format", "csv"]].concat()));
    assert!(csv.starts_with("need,owner,size,path\npossible,ada@contoso.com,"), "{csv}");
    for (columns, said) in [("need,pth", "path"), ("need,need", "twice"), ("", "no column")] {
        let done = rmsight(folder.path(), &["export", "i.db", "--columns", columns]).code(2);
        assert!(stderr(&done).contains(said), "{columns}: {}", stderr(&done));
    }
}

#[test]
fn a_record_without_all_columns_is_not_judged() {
    let folder = share();
    let columns = "schema,reader,path,container,protection,searched";
    let part = stdout(&rmsight(folder.path(), &["export", "i.db", "--columns", columns]));
    let done = command(folder.path()).args(["judge", "-"]).write_stdin(part).assert().code(2);
    assert!(stderr(&done).contains("only whole records can be judged again"), "{}", stderr(&done));
}

#[test]
fn scan_and_judge_write_chosen_columns_too() {
    let folder = share();
    let columns = ["--columns", "need,owner,size,path", "--owner", "ada@contoso.com"];
    let lines = stdout(&rmsight(folder.path(), &[&["export", "i.db"], &columns[..]].concat()));
    let judge = [&["judge", "i.db", "--format", "ndjson"], &columns[..]].concat();
    assert_eq!(stdout(&rmsight(folder.path(), &judge)), lines);
    let scan = ["scan", "--quiet", "--format", "csv", "--columns", "path,need", "share/bob.xml"];
    assert_eq!(stdout(&rmsight(folder.path(), &scan)), "path,need\nshare/bob.xml,no\n");
    for command in [&["scan", "share"][..], &["judge", "i.db"]] {
        let done = rmsight(folder.path(), &[command, &["--columns", "pth"]].concat()).code(2);
        assert!(stderr(&done).contains("nearest: path"), "{command:?}: {}", stderr(&done));
        let done = rmsight(folder.path(), &[command, &["--columns", "path"]].concat()).code(2);
        assert!(stderr(&done).contains("--format"), "{command:?}: {}", stderr(&done));
    }
}
