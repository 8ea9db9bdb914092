//! The files of `corpus/`: one for each container, each form of license, each rule that needs no
//! estate, and what only looks like one or is damaged.

use crate::client::Client;
use crate::license::{Documents, LicenseBuilder};
use crate::server::Server;
use crate::text::Encoding;

mod containers;
mod damaged;
mod licenses;
mod lookalikes;
mod rules;

/// One file of the corpus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorpusFile {
    /// Its path below `corpus/`, with `/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// All of them, in the order of their paths.
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
    assert!(all.windows(2).all(|pair| pair[0].path != pair[1].path), "a name is there twice");
    all
}

/// Names and bytes of a folder.
type Files = Vec<(&'static str, Vec<u8>)>;

const TEMPLATE: &str = "{5a3b1c9d-7e2f-4a6b-8c0d-1e2f3a4b5c6d}";
const LABEL: &str = "8f6e4d2c-1b3a-4958-8776-a5b4c3d2e1f0";

/// What an AD RMS cluster in mode 2 has published for a client, with the whole chain.
fn contoso() -> LicenseBuilder {
    LicenseBuilder::client(&Server::contoso(), &Client::windows())
        .descriptor(TEMPLATE, &[(1033, "Contoso Confidential", "For employees only")])
        .app_data("Microsoft.MSIPC.RequireRmsAwareApplication", "True")
}

/// What an AD RMS cluster in mode 1 has published for a client, with its certificate.
fn legacy() -> LicenseBuilder {
    LicenseBuilder::client(&Server::contoso_legacy(), &Client::windows())
        .documents(Documents::Two)
        .descriptor(TEMPLATE, &[(1033, "Contoso Confidential", "For employees only")])
}

/// What an Azure tenant has published itself: one document.
fn azure() -> LicenseBuilder {
    LicenseBuilder::server(&Server::azure()).label(LABEL, &azure_tenant())
}

/// The tenant of [`Server::azure`], without braces.
fn azure_tenant() -> String {
    Server::azure().tenant.expect("it has one").trim_matches(['{', '}']).to_owned()
}

/// With the byte-order mark that generic files and PDF carry.
fn marked(license: LicenseBuilder) -> Vec<u8> {
    license.encoding(Encoding::Utf8Bom).build()
}
