//! The forms of `export`: endings, workbooks, and lists for other programs.

use std::fs;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmsight_specimen::{Client, LicenseBuilder, Server};
use tempfile::TempDir;

use super::{document, folder, license, rmsight, stderr, stdout};

const TEMPLATE: &str = "5f0c2c3a-8d0e-4c0b-9a4f-0c7e1d2b3a41";
const LABEL: &str = "d9f23ae3-4321-4321-8321-f515f824c57b";

fn with_template() -> Vec<u8> {
    LicenseBuilder::client(&Server::contoso(), &Client::windows())
        .owner("=ada@contoso.com")
        .descriptor(TEMPLATE, &[(1033, "Board Only", "-")])
        .build()
}

fn mail(document: &[u8]) -> Vec<u8> {
    let part = STANDARD.encode(document);
    let head = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n";
    let member = |name: &str| {
        format!(
            "\r\n--b\r\nContent-Type: application/octet-stream; name={name}\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{part}"
        )
    };
    format!("{head}{}{}\r\n--b--\r\n", member("one.pfile"), member("two.pfile")).into_bytes()
}

/// Creates a share with an inventory: three protected files, two protected members, a damaged file,
/// an archive that is not opened, and two files without protection.
fn share() -> TempDir {
    let (offer, board) = (document(&license()), document(&with_template()));
    let folder = folder(&[
        ("share/a.pfile", &offer),
        ("share/b.pfile", &offer),
        ("share/board.pfile", &board),
        ("share/mail.eml", &mail(&offer)),
        ("share/cut.xml", &license()[..600]),
        ("share/old.7z", b"7z\xbc\xaf\x27\x1c\0\x04aaaaaaaaaaaaaaaaaaaaaaaa"),
        ("share/plain.txt", b"x"),
        ("share/zero", b""),
    ]);
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "share"]);
    folder
}

fn lines(folder: &TempDir, name: &str) -> Vec<String> {
    let text = fs::read_to_string(folder.path().join(name)).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// Returns the numbers before `words` in messages, added up.
fn told(said: &str, words: &str) -> u64 {
    let lines = said.lines().filter(|line| line.contains(words));
    lines.map(|line| line.split(' ').next().unwrap().parse::<u64>().unwrap()).sum()
}

#[test]
fn set_filelabel_accounts_for_every_finding_and_names_every_file() {
    let folder = share();
    let export = ["export", "i.db", "--for", "set-filelabel"];
    let done = rmsight(folder.path(), &[&export[..], &["-o", "todo.csv"]].concat()).success();
    let said = stderr(&done);
    assert!(said.contains("3 findings written to todo.csv."), "{said}");
    assert!(said.contains("2 findings written to todo-extract-first.csv."), "{said}");
    assert!(said.contains("left out: not rights-protected."), "{said}");
    assert!(said.contains("1 finding left out: no key was read: archive-not-opened."), "{said}");
    let all = told(&said, "selected.");
    assert_eq!(told(&said, "written to") + told(&said, "left out"), all, "{said}");
    assert_eq!(lines(&folder, "todo.csv").len(), 4);
    assert_eq!(lines(&folder, "todo-extract-first.csv").len(), 3);

    // Of a selection too, and on standard output.
    let possible = [&export[..], &["--need", "possible", "-o", "part.csv"]].concat();
    let said = stderr(&rmsight(folder.path(), &possible).success());
    let all = told(&said, "selected.");
    assert_eq!(told(&said, "written to") + told(&said, "left out"), all, "{said}");
    let done = rmsight(folder.path(), &export).success();
    assert_eq!(stdout(&done).lines().count(), 4);
    let said = stderr(&done);
    assert!(said.contains("2 findings left out: in an archive or mail"), "{said}");
    assert_eq!(told(&said, "left out") + 3, told(&said, "selected."), "{said}");
}

#[test]
fn files_that_no_program_can_change_are_left_out() {
    let whole = document(&license());
    let cut = whole.len() - 2_000;
    let folder = folder(&[
        ("share/whole.pfile", &whole),
        ("share/bare.xml", &license()),
        ("share/cut.pfile", &whole[..cut]),
    ]);
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "share"]);
    for tool in ["set-filelabel", "unprotect-rmsfile"] {
        let export = ["export", "i.db", "--for", tool, "-o", "todo.csv"];
        let said = stderr(&rmsight(folder.path(), &export).success());
        assert!(said.contains("1 finding written to todo.csv."), "{said}");
        assert!(said.contains("1 finding left out: a license without a document"), "{said}");
        assert!(said.contains("1 finding left out: cut (truncated)"), "{said}");
        assert!(lines(&folder, "todo.csv")[1].contains("whole.pfile"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_path_that_is_not_unicode_is_left_out_and_reported() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = folder(&[("share/a.pfile", &document(&license()))]);
    let name = OsStr::from_bytes(b"share/caf\xe9.pfile");
    fs::write(folder.path().join(name), document(&license())).unwrap();
    rmsight(folder.path(), &["scan", "--quiet", "-i", "i.db", "share"]);
    for tool in ["set-filelabel", "unprotect-rmsfile"] {
        let export = ["export", "i.db", "--for", tool, "-o", "todo.csv"];
        let said = stderr(&rmsight(folder.path(), &export).success());
        assert!(said.contains("1 finding written to todo.csv."), "{said}");
        assert!(said.contains("1 finding left out: the path is not Unicode"), "{said}");
        assert!(said.contains("caf\u{fffd}.pfile: left out"), "{said}");
        let list = lines(&folder, "todo.csv");
        assert!(list.len() == 2 && !list.iter().any(|line| line.contains("caf")), "{list:?}");
    }
}

#[test]
fn a_label_map_gives_each_file_its_label() {
    let folder = share();
    let map = |text: &str| fs::write(folder.path().join("map.csv"), text).unwrap();
    let export = ["export", "i.db", "--for", "set-filelabel", "--label-map", "map.csv"];
    let export = [&export[..], &["-o", "todo.csv"]].concat();
    map(&format!("old,new\n{{{}}},{LABEL}\nnowhere,{LABEL}\n", TEMPLATE.to_uppercase()));
    let said = stderr(&rmsight(folder.path(), &export).success());
    assert!(said.contains("1 finding written to todo.csv."), "{said}");
    assert!(said.contains("4 findings left out: the label map has no line"), "{said}");
    assert!(said.contains("line 3: no file of the list has \"nowhere\""), "{said}");
    let list = lines(&folder, "todo.csv");
    assert!(list[0].ends_with(",Container,LabelId"), "{list:?}");
    assert!(list[1].contains("board.pfile,'=ada@contoso.com,"), "{list:?}");
    assert!(list[1].ends_with(&format!(",pfile,{LABEL}")), "{list:?}");
    map(&format!("old,new\nboard only,{LABEL}\n*,{TEMPLATE}\n"));
    let said = stderr(&rmsight(folder.path(), &export).success());
    assert!(said.contains("3 findings written to todo.csv."), "{said}");
    // A map that matches nothing is a mistake. The message has the name as it is written.
    fs::remove_file(folder.path().join("todo.csv")).unwrap();
    map(&format!("old,new\nNowhere,{LABEL}\n"));
    let said = stderr(&rmsight(folder.path(), &export).code(2));
    assert!(said.contains("map.csv: no line has the template or label"), "{said}");
    assert!(!folder.path().join("todo.csv").exists());
    map(&format!("old,new\nboard only,{LABEL}\nNowhere,{LABEL}\n"));
    let said = stderr(&rmsight(folder.path(), &export).success());
    assert!(said.contains("no file of the list has \"Nowhere\""), "{said}");
    map("old,new\nboard only,Public\n");
    let said = stderr(&rmsight(folder.path(), &export).code(2));
    assert!(said.contains("map.csv: line 2: "), "{said}");
}

#[test]
fn batches_have_at_most_so_many_rows_and_are_all_named() {
    let folder = share();
    fs::write(folder.path().join("todo-3.csv"), "an earlier export").unwrap();
    let export = ["export", "i.db", "--for", "unprotect-rmsfile", "--batch", "2"];
    let done = rmsight(folder.path(), &[&export[..], &["-o", "todo.csv"]].concat()).success();
    let said = stderr(&done);
    for (name, rows) in [("todo.csv", 2), ("todo-2.csv", 1), ("todo-extract-first.csv", 2)] {
        let words = format!("written to {name}.");
        assert_eq!(told(&said, &words), rows, "{said}");
        let list = lines(&folder, name);
        assert_eq!(list.len() as u64, rows + 1, "{name}");
        assert!(list[0].starts_with("File,Owner,"), "{name}: {list:?}");
    }
    assert!(said.contains("todo-3.csv is of an earlier export: delete it."), "{said}");
    // The proof reads all batches, and names what is not done.
    let lists = "--only todo.csv --only todo-2.csv --only todo-extract-first.csv";
    assert!(said.contains(&format!("`rmsight scan -i i.db {lists}`")), "{said}");
    fs::write(folder.path().join("share/a.pfile"), b"decrypted").unwrap();
    let scan = format!("scan --quiet -i i.db {lists}");
    let done = rmsight(folder.path(), &scan.split(' ').collect::<Vec<_>>()).success();
    let said = stdout(&done);
    assert!(said.contains("Read 4 of 4 listed files again."), "{said}");
    assert!(said.contains("b.pfile") && !said.contains("a.pfile"), "{said}");
    let without = rmsight(folder.path(), &export).code(2);
    assert!(stderr(&without).contains("--output"), "{}", stderr(&without));
}

#[test]
fn an_ending_that_contradicts_the_format_is_an_error() {
    let folder = share();
    let cases: &[(&[&str], &str)] = &[
        (&["-o", "report.pdf"], "report.pdf: no format has the ending .pdf"),
        (
            &["-o", "f.csv", "--format", "ndjson"],
            "the ending is that of csv, and --format is ndjson",
        ),
        (&["-o", "f.parquet", "--format", "csv"], "that of parquet"),
        (&["-o", "f.xlsx", "--excel"], "that of xlsx"),
        (&["-o", "f.xlsx", "--for", "set-filelabel"], "that of xlsx"),
        (&["-o", "f.csv", "--paths0"], "--paths0 writes paths"),
        (&["--format", "xlsx"], "--output FILE"),
    ];
    for (args, said) in cases {
        let done = rmsight(folder.path(), &[&["export", "i.db"], *args].concat()).code(2);
        assert!(stderr(&done).contains(said), "{args:?}: {}", stderr(&done));
        let written = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(written, 2, "{args:?}: only the share and the inventory");
    }
    // A separator, or the letter of a drive.
    let first = &folder.path().as_os_str().as_encoded_bytes()[..1];
    for (args, start) in [
        (&["-o", "f.jsonl"][..], &b"{\"schema\":"[..]),
        (&["-o", "F.CSV"], b"schema,"),
        (&["-o", "plain", "--format", "csv"], b"schema,"),
        (&["-o", "list.txt", "--paths0"], first),
    ] {
        rmsight(folder.path(), &[&["export", "i.db"], args].concat()).success();
        let bytes = fs::read(folder.path().join(args[1])).unwrap();
        assert!(bytes.starts_with(start), "{args:?}");
    }
}

#[test]
fn other_commands_write_files_by_their_ending_too() {
    let folder = share();
    let estate = "[[authority]]\nname = \"HQ\"\nkind = \"ad-rms\"\n";
    fs::write(folder.path().join("estate.toml"), estate).unwrap();
    let cases: &[(&[&str], &str, &[u8])] = &[
        (&["inspect", "share/a.pfile"], "page.txt", b"share/a.pfile"),
        (&["inspect", "share/a.pfile"], "a.csv", b"schema,"),
        (&["inspect", "--json", "share/a.pfile"], "a.json", b"{"),
        (&["diff", "i.db", "i.db"], "diff.txt", b""),
        (&["diff", "i.db", "i.db"], "diff.ndjson", b""),
        (&["report", "i.db"], "report.htm", b"<!DOCTYPE html>"),
        (&["check", "i.db", "--estate", "estate.toml", "--authority", "HQ"], "check.txt", b"HQ: "),
    ];
    for (args, name, start) in cases {
        let done = rmsight(folder.path(), &[*args, &["-o", name]].concat());
        assert!(stdout(&done).is_empty(), "{args:?}");
        let bytes = fs::read(folder.path().join(name)).unwrap();
        assert!(bytes.starts_with(start), "{name}: {}", String::from_utf8_lossy(&bytes));
        let done = rmsight(folder.path(), &[*args, &["-o", "f.pdf"]].concat()).code(2);
        assert!(stderr(&done).contains("f.pdf: no format has the ending .pdf"), "{args:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_device_is_written_and_not_replaced() {
    let folder = share();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/dev/null", &link).unwrap();
    rmsight(folder.path(), &["export", "i.db", "-o", "link"]).success();
    assert!(link.symlink_metadata().unwrap().file_type().is_symlink());
    assert!(!folder.path().join("link.part").exists());
}

#[test]
#[cfg(feature = "xlsx")]
fn a_workbook_has_a_frozen_header_typed_cells_and_no_formula() {
    let folder = share();
    let columns = ["--columns", "path,size,issued,owner,anomalies"];
    let export = [&["export", "i.db", "-o", "f.xlsx"], &columns[..]].concat();
    let said = stderr(&rmsight(folder.path(), &export).success());
    assert!(said.contains("written to f.xlsx."), "{said}");
    let file = fs::File::open(folder.path().join("f.xlsx")).unwrap();
    let mut book = zip::ZipArchive::new(file).unwrap();
    let mut sheet = String::new();
    book.by_name("xl/worksheets/sheet1.xml").unwrap().read_to_string(&mut sheet).unwrap();
    for part in [
        "state=\"frozen\"",
        "<c r=\"A1\" s=\"1\" t=\"inlineStr\"><is><t>path</t></is></c>",
        "<is><t>=ada@contoso.com</t></is>",
        "<row r=\"10\"",
    ] {
        assert!(sheet.contains(part), "{part}: {sheet}");
    }
    assert!(!sheet.contains("<f>"), "{sheet}");
    // A size is a number, and a time a number with a format.
    let size = fs::metadata(folder.path().join("share/board.pfile")).unwrap().len();
    assert!(sheet.contains(&format!("><v>{size}</v></c>")), "{sheet}");
    let time = sheet.split("<c r=\"C").nth(2).unwrap().split("</c>").next().unwrap();
    assert!(time.contains("\" s=\"") && time.contains("><v>4"), "{time}");
}
