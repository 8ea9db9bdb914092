//! The files that tests of sources and calls read.

use std::io::{self, Read};
use std::path::Path;

use rmsight_specimen::{Client, Encoding, LicenseBuilder, Server};

/// A reader that cannot seek.
pub(crate) struct Pipe<'a>(pub(crate) &'a [u8]);

impl Read for Pipe<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(61);
        self.0.read(&mut buf[..len])
    }
}

/// Returns the files of `corpus/` and a few more, with their names.
pub(crate) fn samples() -> Vec<(String, Vec<u8>)> {
    let builder = LicenseBuilder::client(&Server::contoso(), &Client::windows());
    let mut samples = vec![
        ("empty".to_owned(), Vec::new()),
        ("text".to_owned(), b"plain text\n".to_vec()),
        ("license".to_owned(), builder.build()),
        ("UTF-16".to_owned(), builder.clone().size(40_000).encoding(Encoding::Utf16).build()),
    ];
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                samples.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    assert!(samples.len() > 300, "{}", samples.len());
    samples
}
