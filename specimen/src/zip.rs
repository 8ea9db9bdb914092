//! [`Zip`]: archives (APPNOTE 6.3), and Office packages that are not protected.

use crate::bytes::put32;
use crate::deflate::{crc32, deflate};
use crate::label::{Label, custom_properties, label_info};

/// How a member is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// As it is.
    Stored,
    /// Deflated.
    Deflated,
    /// Deflated, with its sizes behind it as a streaming writer must put them.
    Streamed,
    /// Encrypted with a password.
    Encrypted,
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    bytes: Vec<u8>,
    method: Method,
}

/// Builds an archive.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Zip {
    members: Vec<Member>,
    comment: Vec<u8>,
}

/// 1980-01-01 00:00:00.
const DOS_TIME: [u8; 4] = [0, 0, 0x21, 0];

impl Zip {
    /// An empty archive.
    pub fn new() -> Zip {
        Zip::default()
    }

    /// A member; names may repeat.
    pub fn member(mut self, name: &str, bytes: Vec<u8>, method: Method) -> Self {
        self.members.push(Member { name: name.into(), bytes, method });
        self
    }

    /// The comment at the end.
    pub fn comment(mut self, comment: &[u8]) -> Self {
        self.comment = comment.to_vec();
        self
    }

    /// The archive.
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

/// An archive as the last of two volumes: its end record has the number of the volume (APPNOTE.TXT 8).
pub fn last_volume(mut archive: Vec<u8>) -> Vec<u8> {
    let end = archive.len() - 22;
    archive[end + 4..end + 8].copy_from_slice(&[1, 0, 1, 0]);
    archive
}

/// An archive as the first of two volumes, cut before its directory.
pub fn first_volume(archive: &[u8]) -> Vec<u8> {
    let directory = archive.windows(4).position(|bytes| bytes == b"PK\x01\x02");
    let members = &archive[..directory.unwrap_or(archive.len())];
    [b"PK\x07\x08", members].concat()
}

/// A package (ECMA-376 part 2) that is no Office document, as NuGet writes it, with these files.
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

impl Member {
    /// What both headers have in common, from "version needed" to the length of the name; and the
    /// bytes as they are stored.
    fn fields(&self) -> (Vec<u8>, Vec<u8>) {
        let (flags, method, data) = match self.method {
            Method::Stored => (0_u16, 0_u16, self.bytes.clone()),
            Method::Deflated => (0, 8, deflate(&self.bytes)),
            Method::Streamed => (8, 8, deflate(&self.bytes)),
            Method::Encrypted => (1, 0, crate::bytes::noise(0x21, self.bytes.len() + 12)),
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

/// An unprotected Word document, with labels in the place that Office used first and, where asked
/// for, in the newer one.
pub fn word_package(custom: &[Label], modern: &[Label]) -> Vec<u8> {
    package("word", "document", custom, modern).build()
}

/// An unprotected package: `folder/main.xml` and what belongs to it.
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
    for (place, (kind, target)) in targets.iter().enumerate() {
        let id = place + 1;
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
