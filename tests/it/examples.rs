//! Runs the programs of `examples/`.

use std::path::{Path, PathBuf};

use rmsight::{Estate, Inspector};

#[path = "../../examples/custom_source.rs"]
#[allow(dead_code)] // `main`
mod custom_source;
#[path = "../../examples/detect.rs"]
#[allow(dead_code)]
mod detect;
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
