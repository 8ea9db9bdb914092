//! Runs the programs of `examples/`.

use std::path::{Path, PathBuf};

use rmsight::{Estate, Inspector};

#[path = "../../examples/custom_source.rs"]
#[allow(dead_code)] // `main`
mod custom_source;
#[path = "../../examples/detect.rs"]
#[allow(dead_code)]
mod detect;
#[cfg(all(feature = "serde", feature = "estate"))]
#[path = "../../examples/judge_stored.rs"]
#[allow(dead_code)]
mod judge_stored;
#[path = "../../examples/stream.rs"]
#[allow(dead_code)]
mod stream;
#[path = "../../examples/walk_dir.rs"]
#[allow(dead_code)]
mod walk_dir;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn document() -> PathBuf {
    corpus().join("containers/ooxml-chain8.docx")
}

fn lines(out: Vec<u8>) -> Vec<String> {
    String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn detect_answers_for_each_file() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let files = [document(), readme, corpus().join("no-such-file")];
    let mut out = Vec::new();
    detect::detect(files.into_iter().map(PathBuf::into_os_string), &mut out).unwrap();
    let lines = lines(out);
    assert_eq!(lines.len(), 3);
    assert!(lines[0].contains("ooxml-irm with sha256:"), "{}", lines[0]);
    assert!(lines[1].ends_with("not rights-protected (none)"), "{}", lines[1]);
    assert!(lines[2].contains("not opened"), "{}", lines[2]);
}

#[test]
fn walk_dir_writes_a_record_of_every_file() {
    let folder = corpus().join("containers");
    let mut out = Vec::new();
    walk_dir::walk_dir(&folder, &Estate::default(), &mut out).unwrap();
    let lines = lines(out);
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name();
        let path = format!("{}\"", name.to_string_lossy());
        assert!(lines.iter().any(|line| line.contains(&path)), "{path}");
    }
    assert!(lines.iter().all(|line| line.starts_with('{') && line.ends_with('}')));
    assert!(lines.iter().any(|line| line.contains("\"need\":\"possible\"")));
}

#[cfg(all(feature = "serde", feature = "estate"))]
#[test]
fn judge_stored_writes_new_verdicts_and_keeps_facts() {
    let mut stored = Vec::new();
    walk_dir::walk_dir(&corpus().join("containers"), &Estate::default(), &mut stored).unwrap();
    let key = "sha256:dc66f72e72e7f547342b6fe46714d3b440869991d8042a3aa009d2010d3dd6e8";
    let estate = format!(
        "[[authority]]\nname = \"Contoso\"\nkind = \"ad-rms\"\n\
         [[authority.key]]\nslc_key = \"{key}\"\nstatus = \"active\"\n"
    );
    let estate = Estate::from_toml(estate).unwrap();
    let mut out = Vec::new();
    judge_stored::judge_stored(&stored[..], &estate, &mut out).unwrap();
    let (before, after) = (lines(stored), lines(out));
    assert_eq!(before.len(), after.len());
    assert!(before.iter().all(|line| !line.contains("\"need\":\"yes\"")));
    assert!(after.iter().any(|line| line.contains("\"need\":\"yes\"")));
    let facts = |line: &String| rmsight::Facts::from_ndjson(line).unwrap();
    assert!(before.iter().map(facts).eq(after.iter().map(facts)));
}

#[test]
fn custom_source_reads_an_object_by_ranges() {
    let mut out = Vec::new();
    let bucket = custom_source::Bucket { file: document() };
    custom_source::inspect_object(&bucket, &mut out).unwrap();
    let lines = lines(out);
    assert_eq!(lines[0], "the object: ooxml-irm rms");
    assert!(lines[1].ends_with(" requests") && lines.len() == 2, "{lines:?}");
}

#[test]
fn stream_blocks_what_is_protected_and_forwards_the_rest() {
    let mut inspector = Inspector::default();
    let mut forward = |bytes: &[u8]| {
        let mut out = Vec::new();
        (stream::forward(&mut inspector, bytes, &mut out).unwrap(), out)
    };
    let text = b"Nothing in this text is protected. ".repeat(1000);
    assert_eq!(forward(&text), (None, text.clone()));
    let (reason, out) = forward(&std::fs::read(document()).unwrap());
    assert!(reason.unwrap().starts_with("blocked: ooxml-irm with sha256:") && out.is_empty());
    let (reason, out) = forward(b"<XrML version=\"1.2\">");
    assert!(reason.unwrap().starts_with("blocked: undecided, ") && out.is_empty());
}
