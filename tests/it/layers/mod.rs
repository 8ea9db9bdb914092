//! Imports between files follow the architecture: stages import to the left, formats do not import
//! each other, and no two files import each other.

mod graph;

use std::path::Path;

use graph::{Graph, Module};

/// The stages from left to right. Each imports only from stages to its left.
const STAGES: [&str; 7] =
    ["source", "container", "license", "authority", "verdict", "record", "inspect"];

/// Modules that every stage imports. They import only each other.
const SHARED: [&str; 8] =
    ["kinds", "facts", "code", "error", "limits", "bytes", "license_text", "timestamp"];

/// Files that a format imports besides those in its folder and the [`SHARED`] modules.
const FOR_FORMATS: [&str; 10] = [
    "binary",
    "byte_search",
    "compound",
    "external",
    "label",
    "name",
    "recognizer",
    "sink",
    "stored",
    "xml_prolog",
];

/// The detection table and its parts. They import formats, and no format imports them.
const TABLE: [&str; 5] = ["format", "head_words", "polyglot", "shifted", "tail"];

/// Formats that import another one: importer, imported, reason.
const EMBEDDED: &[(&str, &str, &str)] = &[
    ("armor", "cms", "PEM contains CMS"),
    ("armor", "mail", "text begins after the same mark and blanks as a message"),
    ("cms", "mail", "a message in base64 is not a message or mailbox"),
    ("cms", "pdf", "a message in base64 is not a PDF"),
    ("cms", "xrml_file", "a message in base64 is not a license"),
    ("cms", "zip", "a message in base64 is not an archive after a prefix"),
    ("mail", "embedded_object", "attachments of Outlook items are packages"),
    ("mail", "xrml_file", "Outlook items contain use licenses"),
    ("pe", "unsupported_archive", "programs unpack archives"),
    ("pe", "zip", "programs unpack archives"),
    ("zip", "pdf", "a PDF follows an archive"),
    ("sink", "mail", "the end of a part of a message is searched for while the part is read"),
];

/// The layers of the PDF reader from left to right. Each imports only from layers to its left.
const PDF_LAYERS: [&str; 3] = ["syntax", "file", "protection"];

/// The source folders of the crates.
const CRATES: [&str; 4] = ["src", "cli/src", "pst/src", "specimen/src"];

fn graph(src: &str) -> Graph {
    let graph = Graph::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join(src));
    assert!(graph.imports.len() > 5, "{src}");
    graph
}

/// Returns all pairs of importer and imported file.
fn edges(graph: &Graph) -> impl Iterator<Item = (&Module, &Module)> {
    graph.imports.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)))
}

fn joined(module: &Module) -> String {
    module.join("/")
}

#[test]
fn stages_import_to_the_left() {
    let rank = |module: &Module| {
        STAGES.iter().position(|stage| module.first().is_some_and(|it| it == stage))
    };
    let is_shared =
        |module: &Module| SHARED.iter().any(|it| module.first().is_some_and(|first| first == it));
    let graph = graph("src");
    let wrong: Vec<String> = edges(&graph)
        .filter(|(from, to)| match rank(from) {
            Some(own) => !is_shared(to) && rank(to).is_none_or(|other| other > own),
            None => is_shared(from) && !is_shared(to),
        })
        .map(|(from, to)| format!("{} imports {}", joined(from), joined(to)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn formats_import_no_other_format() {
    let graph = graph("src");
    let mut wrong = Vec::new();
    let mut unused: Vec<_> = EMBEDDED.to_vec();
    for (from, to) in edges(&graph) {
        let ([root, from, ..], [other, to, ..]) = (&from[..], &to[..]) else { continue };
        if root != "container" || other != "container" || from == to {
            continue;
        }
        let (from, to) = (from.as_str(), to.as_str());
        unused.retain(|(importer, imported, _)| (*importer, *imported) != (from, to));
        let is_embedded =
            EMBEDDED.iter().any(|(importer, imported, _)| (*importer, *imported) == (from, to));
        let is_allowed = FOR_FORMATS.contains(&to) || TABLE.contains(&from) || is_embedded;
        if !is_allowed {
            wrong.push(format!("{from} imports {to}"));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(unused, [], "exceptions without an import");
}

#[test]
fn no_files_import_each_other() {
    for src in CRATES {
        let graph = graph(src);
        let found: Vec<String> = graph
            .circles()
            .iter()
            .map(|circle| circle.iter().map(|file| joined(file)).collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(found, Vec::<String>::new(), "{src}");
    }
}

#[test]
fn layers_of_the_pdf_reader_import_to_the_left() {
    let graph = graph("src");
    let rank = |module: &Module| match &module[..] {
        [root, format, layer, ..] if root == "container" && format == "pdf" => {
            PDF_LAYERS.iter().position(|it| it == layer)
        }
        _ => None,
    };
    let wrong: Vec<String> = edges(&graph)
        .filter(|(from, to)| rank(from).zip(rank(to)).is_some_and(|(own, other)| other > own))
        .map(|(from, to)| format!("{} imports {}", joined(from), joined(to)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// Types that share a name: both are the same type with and without a feature.
const ALTERNATIVES: [&str; 1] = ["Signed"];

#[test]
fn types_of_a_crate_have_different_names() {
    for src in CRATES {
        let graph = graph(src);
        let shared: Vec<_> = graph
            .types
            .iter()
            .filter(|(name, files)| files.len() > 1 && !ALTERNATIVES.contains(&name.as_str()))
            .collect();
        assert_eq!(shared, Vec::<(&String, &Vec<Module>)>::new(), "{src}");
    }
}

#[test]
fn commands_import_no_other_command() {
    let graph = graph("cli/src");
    let command = |module: &Module| match &module[..] {
        [root, command, ..] if root == "commands" => Some(command.clone()),
        _ => None,
    };
    let wrong: Vec<String> = edges(&graph)
        .filter(|(from, to)| command(from).zip(command(to)).is_some_and(|(from, to)| from != to))
        .map(|(from, to)| format!("{} imports {}", joined(from), joined(to)))
        .collect();
    assert_eq!(wrong, Vec::<String>::new());
}

/// Returns the folders below `folder` that contain source files, as paths from the root of the project.
fn source_folders(root: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut has_source = false;
    for entry in std::fs::read_dir(root.join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        has_source |= name.ends_with(".rs") && name != "tests.rs";
        // The tests of a module have no row of their own.
        if path.is_dir() && name != "tests" {
            found.extend(source_folders(root, &format!("{folder}{name}/")));
        }
    }
    if has_source {
        found.push(folder.to_owned());
    }
    found
}

#[test]
fn architecture_page_lists_every_source_folder() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/ARCHITECTURE.md")).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let mut listed: Vec<String> = rows
        .filter(|row| row.starts_with("src/") || row.starts_with("cli/src/"))
        .map(str::to_owned)
        .collect();
    let mut folders = source_folders(root, "src/");
    folders.extend(source_folders(root, "cli/src/"));
    listed.sort_unstable();
    folders.sort_unstable();
    assert_eq!(listed, folders);
}
