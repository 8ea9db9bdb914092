//! [`Zip`]: archives (APPNOTE 6.3), and unprotected packages.

use crate::bytes::{noise, put32};
use crate::deflate::{crc32, deflate};
use crate::label::{Label, custom_properties, label_info};

/// The storage method of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Not compressed.
    Stored,
    /// Deflated.
    Deflated,
    /// Deflated, with a data descriptor after the data, which streaming writers need.
    Streamed,
    /// Encrypted with a password.
    Encrypted,
}

#[derive(Debug, Clone)]
struct ZipMember {
    name: String,
    bytes: Vec<u8>,
    method: Method,
}

/// Builds an archive.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Zip {
    members: Vec<ZipMember>,
    comment: Vec<u8>,
}

/// 1980-01-01 00:00:00 as a DOS time and date.
const DOS_TIME: [u8; 4] = [0, 0, 0x21, 0];

impl Zip {
    /// Creates an empty archive.
    pub fn new() -> Zip {
        Zip::default()
    }

    /// Adds a member. Names need not be unique.
    pub fn member(mut self, name: &str, bytes: Vec<u8>, method: Method) -> Self {
        self.members.push(ZipMember { name: name.into(), bytes, method });
        self
    }

    /// Sets the archive comment.
    pub fn comment(mut self, comment: &[u8]) -> Self {
        self.comment = comment.to_vec();
        self
    }

    /// Builds the archive.
    pub fn build(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut directory = Vec::new();
        for member in &self.members {
            let offset = out.len();
            let (fields, data) = member.fields();
            let streamed = member.method == Method::Streamed;
            out.extend_from_slice(b"PK\x03\x04");
            let mut local = fields.clone();
            if streamed {
                local[10..22].fill(0);
            }
            out.extend_from_slice(&local);
            out.extend_from_slice(&[0, 0]);
            out.extend_from_slice(member.name.as_bytes());
            out.extend_from_slice(&data);
            if streamed {
                out.extend_from_slice(b"PK\x07\x08");
                out.extend_from_slice(&fields[10..22]);
            }
            directory.extend_from_slice(b"PK\x01\x02\x14\x00");
            directory.extend_from_slice(&fields);
            directory.extend_from_slice(&[0; 12]);
            put32(&mut directory, offset);
            directory.extend_from_slice(member.name.as_bytes());
        }
        let at = out.len();
        let count = u16::try_from(self.members.len()).expect("fits without ZIP64").to_le_bytes();
        let len = directory.len();
        out.append(&mut directory);
        out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        out.extend_from_slice(&[count, count].concat());
        put32(&mut out, len);
        put32(&mut out, at);
        out.extend_from_slice(&(self.comment.len() as u16).to_le_bytes());
        out.extend_from_slice(&self.comment);
        out
    }
}

/// Turns an archive into the last of two volumes: sets the disk numbers of the end record (APPNOTE 8).
pub fn last_volume(mut archive: Vec<u8>) -> Vec<u8> {
    let end = archive.len() - 22;
    archive[end + 4..end + 8].copy_from_slice(&[1, 0, 1, 0]);
    archive
}

/// Turns an archive into the first of two volumes, which ends before the central directory.
pub fn first_volume(archive: &[u8]) -> Vec<u8> {
    let directory = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02");
    let members = &archive[..directory.unwrap_or(archive.len())];
    [b"PK\x07\x08", members].concat()
}

/// Builds a NuGet package with these files: a package (ECMA-376 part 2) that is not an Office document.
pub fn nuget_package(files: &[(&str, &[u8])]) -> Vec<u8> {
    let head = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
    let links = format!(
        "{head}<Relationships xmlns=\"{RELATIONSHIPS}\"><Relationship \
         Type=\"http://schemas.microsoft.com/packaging/2010/07/manifest\" Target=\"/offers.nuspec\" \
         Id=\"R0\"/></Relationships>"
    );
    let types = format!(
        "{head}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"nuspec\" ContentType=\"application/octet\"/></Types>"
    );
    let package = Zip::new()
        .member("_rels/.rels", links.into_bytes(), Method::Deflated)
        .member("offers.nuspec", format!("{head}<package/>").into_bytes(), Method::Deflated)
        .member("[Content_Types].xml", types.into_bytes(), Method::Deflated);
    let add = |zip: Zip, (name, bytes): &(&str, &[u8])| {
        zip.member(name, bytes.to_vec(), Method::Deflated)
    };
    files.iter().fold(package, add).build()
}

impl ZipMember {
    /// Returns the fields that both headers have, from "version needed" to the length of the name, and the
    /// data of the member.
    fn fields(&self) -> (Vec<u8>, Vec<u8>) {
        let (flags, method, data) = match self.method {
            Method::Stored => (0_u16, 0_u16, self.bytes.clone()),
            Method::Deflated => (0, 8, deflate(&self.bytes)),
            Method::Streamed => (8, 8, deflate(&self.bytes)),
            Method::Encrypted => (1, 0, noise(0x21, self.bytes.len() + 12)),
        };
        let mut out = vec![20, 0];
        out.extend_from_slice(&flags.to_le_bytes());
        out.extend_from_slice(&method.to_le_bytes());
        out.extend_from_slice(&DOS_TIME);
        out.extend_from_slice(&crc32(&self.bytes).to_le_bytes());
        put32(&mut out, data.len());
        put32(&mut out, self.bytes.len());
        out.extend_from_slice(&(self.name.len() as u16).to_le_bytes());
        (out, data)
    }
}

const RELATIONSHIPS: &str = "http://schemas.openxmlformats.org/package/2006/relationships";

/// Builds an unprotected Word document with `custom` labels in `docProps/custom.xml` and `modern` labels in
/// `docMetadata/LabelInfo.xml`.
pub fn word_package(custom: &[Label], modern: &[Label]) -> Vec<u8> {
    package("word", "document", custom, modern).build()
}

/// Builds an unprotected package with the main part `folder/main.xml`, its relationships and labels.
fn package(folder: &str, main: &str, custom: &[Label], modern: &[Label]) -> Zip {
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n";
    let types = format!(
        "{head}<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\">\
         <Default Extension=\"rels\" ContentType=\"application/vnd.openxmlformats-package.relationships+xml\"/>\
         <Default Extension=\"xml\" ContentType=\"application/xml\"/><Override PartName=\"/{folder}/{main}.xml\" \
         ContentType=\"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml\"/></Types>"
    );
    let mut targets = vec![(
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument",
        format!("{folder}/{main}.xml"),
    )];
    let body = format!(
        "{head}<w:document xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\">\
         <w:body><w:p><w:r><w:t>Nothing is protected here.</w:t></w:r></w:p></w:body></w:document>"
    );
    let mut parts = vec![(format!("{folder}/{main}.xml"), body)];
    if !custom.is_empty() {
        targets.push((
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties",
            "docProps/custom.xml".into(),
        ));
        parts.push(("docProps/custom.xml".into(), custom_properties(custom)));
    }
    if !modern.is_empty() {
        targets.push((
            "http://schemas.microsoft.com/office/2020/02/relationships/classificationlabels",
            "docMetadata/LabelInfo.xml".into(),
        ));
        parts.push(("docMetadata/LabelInfo.xml".into(), label_info(modern)));
    }
    let mut links = format!("{head}<Relationships xmlns=\"{RELATIONSHIPS}\">");
    for (index, (kind, target)) in targets.iter().enumerate() {
        let id = index + 1;
        links += &format!("<Relationship Id=\"rId{id}\" Type=\"{kind}\" Target=\"{target}\"/>");
    }
    links += "</Relationships>";
    let mut zip = Zip::new()
        .member("[Content_Types].xml", types.into_bytes(), Method::Deflated)
        .member("_rels/.rels", links.into_bytes(), Method::Deflated);
    for (name, text) in parts {
        zip = zip.member(&name, text.into_bytes(), Method::Deflated);
    }
    zip
}
