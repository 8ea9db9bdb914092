//! Runs every example of every help text.

use std::fs;
use std::path::Path;
use std::process::{Command as Plain, Stdio};
use std::sync::LazyLock;

use rmsight_specimen::{
    Attachment, IrmDocument, IrmKind, Method, Msg, Server, Zip, server_certificate,
};
use tempfile::TempDir;

use super::{license, rmsight, stdout};

/// A folder in which examples find their files. Each example gets a copy.
static BENCH: LazyLock<TempDir> = LazyLock::new(bench);

/// Lines of blocks with these heads are for PowerShell, which the machines of this project do not
/// have. The commands of the block are not run.
const POWERSHELL: &str = "In PowerShell";

/// Examples that no test can run here, each with the reason.
const NOT_RUN: [(&str, &str); 1] =
    [("rmsight scan az://account/container/prefix -i estate.db", "it needs an object store")];

fn bench() -> TempDir {
    let folder = TempDir::new().unwrap();
    let dir = folder.path();
    let put = |name: &str, bytes: &[u8]| {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    let document = IrmDocument::new(IrmKind::Word, license()).build();
    for name in ["share/offer.docx", "old-share/b.docx", "offer.docx"] {
        put(name, &document);
    }
    let mail = Msg::new().attachment(Attachment::new("attachment.docx", document.clone())).build();
    for name in ["theirs.msg", "mail.msg"] {
        put(name, &mail);
    }
    put("archive.zip", &Zip::new().member("offer.docx", document, Method::Deflated).build());
    put("server.xml", server_certificate(&Server::contoso()).as_bytes());
    put("rms-key.pem", Server::contoso_legacy().key.public_key_pem().as_bytes());
    let id = "1b4e28ba-2fa1-4d2e-883f-0016d3cca427";
    put("keys.json", format!("{{\"KeyIdentifier\":\"{id}\",\"Status\":\"Active\"}}").as_bytes());
    put("tenant.txt", format!("BPOSId : {id}\nCurrentLicensorCertificateGuid : {id}\n").as_bytes());
    let decision = "[[accepted]]\ncode = \"excluded\"\npath = \"**\"\nby = \"Ada\"\non = 2026-11-30\n\
                    reason = \"temporary files\"\n";
    put("decisions.toml", decision.as_bytes());
    put("labels.csv", format!("old,new\n*,{id}\n").as_bytes());
    let run = |args: &[&str]| {
        let done = rmsight(dir, args);
        let code = done.get_output().status.code();
        assert!(matches!(code, Some(0 | 1)), "{args:?}: {done:?}");
    };
    let (share, old) = (dir.join("share"), dir.join("old-share"));
    let (share, old) = (share.to_str().unwrap(), old.to_str().unwrap());
    run(&["scan", "-q", share, old, "-i", "estate.db"]);
    run(&["scan", "-q", share, "-i", "fs1.db", "--source", "FS1"]);
    run(&["scan", "-q", old, "-i", "fs2.db", "--source", "FS2"]);
    for name in
        ["january.db", "june.db", "fs1-january.db", "fs1-june.db", "fs2-january.db", "fs2-june.db"]
    {
        fs::copy(dir.join("estate.db"), dir.join(name)).unwrap();
    }
    run(&["scan", "-q", share, "-o", "findings.ndjson"]);
    run(&["export", "-q", "estate.db", "--for", "set-filelabel", "-o", "todo.csv"]);
    run(&["estate", "init", "estate.db", "--no-input", "-o", "estate.toml"]);
    folder
}

/// Returns a copy of the folder in which the inventories have the paths of the copy.
fn copy() -> TempDir {
    let folder = TempDir::new().unwrap();
    copy_to(BENCH.path(), folder.path());
    folder
}

fn copy_to(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_to(&entry.path(), &target),
            false => _ = fs::copy(entry.path(), target).unwrap(),
        }
    }
}

/// Returns the names and help texts of all commands below `command`, and of `command` itself.
fn commands(dir: &Path, command: &[String]) -> Vec<(Vec<String>, String)> {
    let help = help(dir, command);
    let mut all = vec![(command.to_vec(), help.clone())];
    let mut lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    while let Some(line) = lines.next().filter(|line| !line.is_empty()) {
        // Longer descriptions continue below their beginning.
        let Some(name) = line.strip_prefix("  ").and_then(|line| line.split(' ').next()) else {
            continue;
        };
        if name.is_empty() || name == "help" {
            continue;
        }
        all.extend(commands(dir, &[command, &[name.to_owned()]].concat()));
    }
    all
}

fn help(dir: &Path, command: &[String]) -> String {
    let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
    args.push("--help");
    stdout(&rmsight(dir, &args).success())
}

/// Returns the examples of a help text.
fn examples(help: &str) -> Vec<String> {
    let blocks = help.split("\n\n").filter(|block| {
        let head = block.lines().next().unwrap_or_default();
        matches!(head, "Examples:" | "Start here:") && !head.contains(POWERSHELL)
    });
    let mut all: Vec<String> = Vec::new();
    for line in blocks.flat_map(|block| block.lines().skip(1)) {
        match all.last_mut() {
            Some(last) if last.ends_with('\\') => {
                last.pop();
                last.push_str(line.trim_start());
            }
            _ => all.push(line.trim().to_owned()),
        }
    }
    all
}

/// Returns a command line of the shell with paths of this machine.
fn here(example: &str, bench: &Path) -> String {
    let bench = bench.display();
    let program = Path::new(env!("CARGO_BIN_EXE_rmsight"));
    let line = example
        .replace("/mnt/share", &format!("{bench}/share"))
        .replace("/mnt/old-share", &format!("{bench}/old-share"))
        .replace("/mnt/new-share", &format!("{bench}/new-share"))
        .replace("'D:\\Legal'", &format!("{bench}/share"))
        .replace("'E:\\Legal'", &format!("{bench}/new-share"))
        .replace("estate.db --source FS1", "fs1.db --source FS1")
        .replace("'Contoso AD RMS'", "CONTOSO-RMS")
        .replace("--authority HQ", "--authority CONTOSO-RMS")
        .replace("'*@contoso.com'", "'ada@*'")
        .replace("~/", "home/");
    let words = line.split(' ').map(|word| match word {
        "rmsight" => program.display().to_string(),
        word => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Returns why an example fails; `None` if it works.
fn failure(example: &str) -> Option<String> {
    let folder = copy();
    for name in [
        "home/.local/share/bash-completion/completions",
        "home/.zfunc",
        "home/.config/fish/completions",
    ] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    // Some commands do not replace a file.
    if example.contains("estate init") || example.contains("inventory snapshot") {
        let output = example.split(" -o ").nth(1).unwrap_or("none");
        _ = fs::remove_file(folder.path().join(output));
    }
    let done = Plain::new("sh")
        .args(["-c", &here(example, BENCH.path())])
        .current_dir(folder.path())
        .env_remove("RMSIGHT_ESTATE")
        .env_remove("RMSIGHT_INVENTORY")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    if ["jq", "man", "xargs"].iter().any(|tool| said.contains(&format!("{tool}: not found"))) {
        eprintln!("skipped: a tool is missing for {example}");
        return None;
    }
    let is_done = matches!(done.status.code(), Some(0 | 1)) && !said.contains("error:");
    (!is_done).then(|| format!("{example}\n  {:?}: {said}", done.status.code()))
}

#[test]
fn each_command_has_examples_that_work() {
    let dir = BENCH.path();
    let all = commands(dir, &[]);
    assert!(all.len() > 15, "{all:?}");
    let mut failures = Vec::new();
    let mut run = 0;
    for (command, help) in all {
        let examples = examples(&help);
        // A command with commands has none of its own, except the program.
        let is_group = help.contains("\nCommands:\n");
        if examples.is_empty() && !is_group {
            failures.push(format!("{command:?} has no example"));
        }
        for example in &examples {
            let is_own = example.contains(&format!("rmsight {}", command.join(" ")));
            if !is_own && !is_group {
                failures.push(format!("{command:?}: {example}"));
            }
            if NOT_RUN.iter().any(|(line, _)| line == example) || cfg!(windows) {
                continue;
            }
            run += 1;
            failures.extend(failure(example));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(run > 45 || cfg!(windows), "{run}");
}
