//! [`corpus`]: the generated files of the folder `corpus/` of this repository.

mod containers;
mod damaged;
mod licenses;
mod lookalikes;
mod publishers;
mod rules;

/// A file of the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusFile {
    /// The path relative to `corpus/`, separated by `/`.
    pub path: String,
    /// The content.
    pub bytes: Vec<u8>,
}

/// Builds all files, sorted by path: each container, each form of license, each rule of the verdict that
/// needs no estate file, look-alikes and damaged files.
pub fn corpus() -> Vec<CorpusFile> {
    let folders = [
        ("containers", containers::files()),
        ("damaged", damaged::files()),
        ("licenses", licenses::files()),
        ("lookalikes", lookalikes::files()),
        ("rules", rules::files()),
    ];
    let mut all = Vec::new();
    for (folder, files) in folders {
        for (name, bytes) in files {
            all.push(CorpusFile { path: format!("{folder}/{name}"), bytes });
        }
    }
    all.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(all.windows(2).all(|pair| pair[0].path != pair[1].path), "duplicate path");
    all
}
