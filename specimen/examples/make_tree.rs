//! Writes the reference tree of `tree_bench`:
//! `cargo run --release -p rmsight-specimen --example make_tree -- DIR [FILES]`.
//!
//! Half of the files are protected documents in the layouts of Office and of Microsoft's SDK. The other half
//! consists of unprotected docx, zip, pdf and txt files in equal parts. Files have 20 to 450 KB and licenses
//! have 36 to 47 KB, like real files. Two documents of 1 GB are in a separate folder.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions, clippy::indexing_slicing)]

use std::fs::{self, File};
use std::io;
use std::path::Path;

use rmsight_specimen::{
    Client, Compound, CrossReference, Documents, IrmDocument, IrmKind, LicenseBuilder, Method,
    Region, Server, Siblings, Zip, noise, plain_pdf,
};

/// A folder of files with numbered names.
struct Folder<'a> {
    path: &'a Path,
    extension: &'a str,
    files: usize,
}

impl Folder<'_> {
    /// Writes the files. Each of `distinct` contents is repeated as often as necessary.
    fn fill(&self, distinct: usize, content: impl Fn(usize) -> Vec<u8>) -> io::Result<()> {
        fs::create_dir_all(self.path)?;
        let distinct = distinct.min(self.files);
        for which in 0..distinct {
            let bytes = content(which);
            for number in (which..self.files).step_by(distinct) {
                let name = format!("{number:05}.{}", self.extension);
                fs::write(self.path.join(name), &bytes)?;
            }
        }
        Ok(())
    }
}

/// Returns a size between 20 and 450 KB. Small sizes are more frequent, as among real documents.
fn size(which: usize) -> usize {
    let spread = (which * 7919) % 1000;
    20_000 + 430_000 * spread * spread / 1_000_000
}

/// Builds a license of 36 to 47 KB with eight documents from one of three servers.
fn license(which: usize) -> Vec<u8> {
    let (server, client) = match which % 3 {
        0 => (Server::contoso(), Client::windows()),
        1 => (Server::azure(), Client::federation()),
        _ => (Server::branch(), Client::windows()),
    };
    LicenseBuilder::client(&server, &client)
        .documents(Documents::Eight)
        .content_id(&format!("{{184b0f60-0000-4000-8000-{which:012x}}}"))
        .owner(&format!("user{which}@contoso.com"))
        .sealed(which as u64)
        .size(36_000 + (which * 997) % 11_000)
        .build()
}

fn protected(which: usize) -> IrmDocument {
    let license = license(which);
    let payload = size(which).saturating_sub(license.len() + 4096).max(4096);
    IrmDocument::new(IrmKind::Ooxml, license).payload(payload as u64)
}

/// Builds a package with the parts of a small document and one large part.
fn package(which: usize) -> Vec<u8> {
    let part = |name: &str| format!("<?xml version=\"1.0\"?><{name}>{which}</{name}>").into_bytes();
    let types = format!(
        "<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/\
         content-types\">{}</Types>",
        "<Override PartName=\"/word/document.xml\" ContentType=\"application/xml\"/>".repeat(8)
    );
    let mut zip = Zip::new().member("[Content_Types].xml", types.into_bytes(), Method::Deflated);
    let links = "<?xml version=\"1.0\"?><Relationships xmlns=\"http://schemas.openxmlformats.org/package/\
        2006/relationships\"><Relationship Id=\"rId1\" Type=\"http://schemas.openxmlformats.org/\
        officeDocument/2006/relationships/officeDocument\" Target=\"word/document.xml\"/></Relationships>";
    zip = zip.member("_rels/.rels", links.as_bytes().to_vec(), Method::Deflated);
    for name in ["word/document.xml", "word/styles.xml", "docProps/app.xml"] {
        zip = zip.member(name, part("part"), Method::Deflated);
    }
    zip.member("word/media/image1.png", noise(which as u64, size(which)), Method::Stored).build()
}

/// Builds an archive of six stored files of no known format.
fn archive(which: usize) -> Vec<u8> {
    let mut zip = Zip::new();
    for member in 0..6 {
        let bytes = noise((which * 8 + member) as u64, size(which) / 6);
        zip = zip.member(&format!("photos/{member}.jpg"), bytes, Method::Stored);
    }
    zip.build()
}

/// Builds a PDF. A comment before the cross-references enlarges it.
fn pdf(which: usize) -> Vec<u8> {
    let form = if which.is_multiple_of(2) { CrossReference::Table } else { CrossReference::Stream };
    let mut bytes = plain_pdf(form);
    let comment = noise(which as u64, size(which)).into_iter().map(|byte| b'a' + byte % 26);
    let start =
        bytes.windows(9).rposition(|found| found == b"startxref").expect("a PDF has startxref");
    let end = String::from_utf8_lossy(&bytes[start..]).into_owned();
    let offset = end.lines().nth(1).expect("an offset follows").to_owned();
    let at: usize = offset.parse().expect("a number");
    let moved = (at + comment.len() + 2).to_string();
    bytes.truncate(start);
    let references = bytes.split_off(at);
    bytes.push(b'%');
    bytes.extend(comment);
    bytes.push(b'\n');
    bytes.extend_from_slice(&references);
    bytes.extend_from_slice(end.replacen(&offset, &moved, 1).as_bytes());
    bytes
}

fn text(which: usize) -> Vec<u8> {
    let line = format!("Nothing in file {which} is protected, and nothing in it needs a server.\n");
    line.repeat(size(which) / line.len() + 1).into_bytes()
}

/// Writes two documents of 1 GB: one with directory and license at its start, one with both at its end.
fn large(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let document = |len| IrmDocument::new(IrmKind::Ooxml, license(1)).payload_hole(len);
    let head = document(1 << 30).compound();
    head.build_sparse().write_to(&mut File::create(folder.join("head.docx"))?)?;
    let tail = document(1 << 30).compound().layout(&tail_layout()).siblings(Siblings::RightOnly);
    tail.build_sparse().write_to(&mut File::create(folder.join("tail.docx"))?)
}

/// The layout with the content first. Directory and license follow it.
fn tail_layout() -> Vec<Region> {
    let content = Region::Stream("EncryptedPackage".to_owned());
    [vec![content], Compound::sdk_layout()].concat()
}

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let root = args.next().expect("a folder to fill");
    let files: usize = args.next().map_or(10_000, |files| files.parse().expect("a number"));
    let root = Path::new(&root);
    let fill = |path: &str, extension: &str, files: usize, content: &dyn Fn(usize) -> Vec<u8>| {
        Folder { path: &root.join(path), extension, files }.fill(100, content)
    };
    fill("tree/irm/office", "docx", files / 4, &|which| protected(which).build())?;
    fill("tree/irm/sdk", "docx", files / 4, &|which| protected(which).build_as_sdk())?;
    fill("tree/plain/docx", "docx", files / 8, &package)?;
    fill("tree/plain/zip", "zip", files / 8, &archive)?;
    fill("tree/plain/pdf", "pdf", files / 8, &pdf)?;
    fill("tree/plain/txt", "txt", files / 8, &text)?;
    large(&root.join("large"))
}
