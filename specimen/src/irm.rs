//! [`IrmDocument`]: compound files with the data spaces of a rights-protected document
//! (MS-OFFCRYPTO 2.1 and 2.2).

use crate::bytes::{noise, put32, unicode_lp_p4, utf8_lp_p4};
use crate::compound::{Compound, Siblings};
use crate::label::{Label, document_summary, label_info};

/// The class of the IRM transform (MS-OFFCRYPTO 2.2.6).
pub const DRM_TRANSFORM: &str = "{C73DFACD-061F-43B0-8B64-0C620D2A8B50}";
/// The class of the transform that compresses.
pub const LZX_TRANSFORM: &str = "{86DE7F2B-DDCE-486d-B016-405BBE82B8BC}";
/// The class of the transform that encrypts with a password.
pub const PASSWORD_TRANSFORM: &str = "{FF9A3F03-56EF-4613-BDD5-5A41C1D07246}";

/// Who wrote it: that decides the names of its streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IrmKind {
    /// An ECMA-376 document.
    Ooxml,
    /// A Word document in binary form.
    Word,
    /// A workbook in binary form.
    Excel,
    /// A presentation in binary form.
    PowerPoint,
    /// The message in an rpmsg: binary names, no notice for old readers.
    Message,
    /// The envelope of .NET and the XPS viewer.
    Xps,
}

/// The names in the data spaces.
struct Names {
    component: &'static str,
    space: &'static str,
    transform: &'static str,
    content: &'static str,
}

impl IrmKind {
    fn names(self) -> Names {
        match self {
            IrmKind::Ooxml => Names {
                component: "EncryptedPackage",
                space: "DRMEncryptedDataSpace",
                transform: "DRMEncryptedTransform",
                content: "EncryptedPackage",
            },
            // .NET names the data space by the clock and writes the component in lower case.
            IrmKind::Xps => Names {
                component: "encryptedpackage",
                space: "636000000000000000",
                transform: "EncryptionTransform",
                content: "EncryptedPackage",
            },
            _ => Names {
                component: "\u{9}DRMContent",
                space: "\u{9}DRMDataSpace",
                transform: "\u{9}DRMTransform",
                content: "\u{9}DRMContent",
            },
        }
    }

    /// The first bytes of the root's class id; documents of both forms have that of the program.
    fn class(self) -> [u8; 16] {
        let first: [u8; 4] = match self {
            IrmKind::Excel => [0x20, 0x08, 0x02, 0x00],
            IrmKind::PowerPoint => [0x10, 0x8D, 0x81, 0x64],
            IrmKind::Message | IrmKind::Xps => return [0; 16],
            IrmKind::Ooxml | IrmKind::Word => [0x06, 0x09, 0x02, 0x00],
        };
        let mut class = [0, 0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0x46];
        class[..4].copy_from_slice(&first);
        class
    }
}

/// Builds a rights-protected document.
///
/// ```
/// use rmsight_specimen::{IrmDocument, IrmKind, LicenseBuilder, Server};
///
/// let license = LicenseBuilder::server(&Server::azure()).build();
/// let document = IrmDocument::new(IrmKind::Ooxml, license).build();
/// assert!(document.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct IrmDocument {
    kind: IrmKind,
    license: Option<Vec<u8>>,
    class: String,
    transform: Option<String>,
    extensibility: Vec<u8>,
    payload: u64,
    hole: bool,
    use_licenses: Vec<Vec<u8>>,
    label_info: Option<String>,
    labels: Vec<Label>,
    placeholder: bool,
    further: Vec<(String, String, Vec<u8>)>,
}

impl IrmDocument {
    /// A document with this license in it, in whatever encoding; Office writes UTF-8 without a mark.
    pub fn new(kind: IrmKind, license: Vec<u8>) -> IrmDocument {
        IrmDocument {
            kind,
            license: Some(license),
            class: DRM_TRANSFORM.into(),
            transform: None,
            extensibility: Vec::new(),
            payload: 8192,
            hole: false,
            use_licenses: Vec::new(),
            label_info: None,
            labels: Vec::new(),
            placeholder: true,
            further: Vec::new(),
        }
    }

    /// No `\x06Primary` at all.
    pub fn without_license(mut self) -> Self {
        self.license = None;
        self
    }

    /// Another class in `\x06Primary`.
    pub fn transform_class(mut self, class: &str) -> Self {
        self.class = class.into();
        self
    }

    /// Another name of the transform's storage.
    pub fn transform_name(mut self, name: &str) -> Self {
        self.transform = Some(name.into());
        self
    }

    /// Bytes in the extensibility header, which .NET permits.
    pub fn extensibility(mut self, bytes: &[u8]) -> Self {
        self.extensibility = bytes.to_vec();
        self
    }

    /// The size of the protected content.
    pub fn payload(mut self, len: u64) -> Self {
        self.payload = len;
        self
    }

    /// Protected content of that size that is a hole in the file.
    pub fn payload_hole(mut self, len: u64) -> Self {
        self.payload = len;
        self.hole = true;
        self
    }

    /// An `EUL-*` stream, as [`use_license_stream`](crate::use_license_stream) makes them.
    pub fn use_license(mut self, stream: Vec<u8>) -> Self {
        self.use_licenses.push(stream);
        self
    }

    /// The stream `LabelInfo`.
    pub fn label_info(mut self, labels: &[Label]) -> Self {
        self.label_info = Some(label_info(labels));
        self
    }

    /// Labels in the property set that stays in the clear.
    pub fn properties(mut self, labels: &[Label]) -> Self {
        self.labels = labels.to_vec();
        self
    }

    /// Whether a binary document carries the notice for old readers.
    pub fn placeholder(mut self, placeholder: bool) -> Self {
        self.placeholder = placeholder;
        self
    }

    /// Adds a transform that no data space names, in a storage called `name`, with this class and
    /// license.
    pub fn further_transform(mut self, name: &str, class: &str, license: Vec<u8>) -> Self {
        self.further.push((name.to_owned(), class.to_owned(), license));
        self
    }

    /// The compound file, for another layout.
    pub fn compound(&self) -> Compound {
        let names = self.kind.names();
        let transform = self.transform.as_deref().unwrap_or(names.transform);
        let mut file = Compound::new().class(self.kind.class());
        if self.placeholder {
            file = placeholder(file, self.kind);
        }
        file = data_spaces(file, names.component, names.space, transform);
        let storage = format!("\u{6}DataSpaces/TransformInfo/{transform}");
        if let Some(license) = &self.license {
            let primary = primary(&self.class, &self.extensibility, license);
            file = file.stream(&format!("{storage}/\u{6}Primary"), primary);
        }
        for (name, class, license) in &self.further {
            let path = format!("\u{6}DataSpaces/TransformInfo/{name}/\u{6}Primary");
            file = file.stream(&path, primary(class, &[], license));
        }
        for (place, stream) in self.use_licenses.iter().enumerate() {
            let letter = char::from(b'A' + place as u8);
            let name = format!("{storage}/EUL-{}", letter.to_string().repeat(26));
            file = file.stream(&name, stream.clone());
        }
        if let Some(text) = &self.label_info {
            let path = "\u{6}DataSpaces/TransformInfo/LabelInfo";
            file = file.stream(path, text.clone().into_bytes());
        }
        if !self.labels.is_empty() {
            let summary = document_summary(&self.labels);
            file = file.stream("\u{5}DocumentSummaryInformation", summary);
        }
        if self.hole {
            return file.zeros(names.content, self.payload + 8);
        }
        let mut content = self.payload.to_le_bytes().to_vec();
        content.extend_from_slice(&noise(self.payload, self.payload as usize));
        file.stream(names.content, content)
    }

    /// The file as Office lays it out.
    pub fn build(&self) -> Vec<u8> {
        self.compound().build()
    }

    /// The file as MIP SDK lays it out: license first, directory and FAT last.
    pub fn build_as_sdk(&self) -> Vec<u8> {
        let file = self.compound().layout(&Compound::sdk_layout());
        file.siblings(Siblings::RightOnly).build()
    }
}

/// `Version`, `DataSpaceMap` and `DataSpaceInfo`.
pub(crate) fn data_spaces(
    file: Compound,
    component: &str,
    space: &str,
    transform: &str,
) -> Compound {
    let mut version = Vec::new();
    unicode_lp_p4(&mut version, "Microsoft.Container.DataSpaces");
    version.extend_from_slice(&[1, 0, 0, 0].repeat(3));
    let mut entry = Vec::new();
    put32(&mut entry, 1);
    put32(&mut entry, 0);
    unicode_lp_p4(&mut entry, component);
    unicode_lp_p4(&mut entry, space);
    let mut map = vec![8, 0, 0, 0, 1, 0, 0, 0];
    put32(&mut map, entry.len() + 4);
    map.extend_from_slice(&entry);
    let mut definition = vec![8, 0, 0, 0, 1, 0, 0, 0];
    unicode_lp_p4(&mut definition, transform);
    file.stream("\u{6}DataSpaces/Version", version)
        .stream("\u{6}DataSpaces/DataSpaceMap", map)
        .stream(&format!("\u{6}DataSpaces/DataSpaceInfo/{space}"), definition)
        .storage("\u{6}DataSpaces/TransformInfo")
        .storage(&format!("\u{6}DataSpaces/TransformInfo/{transform}"))
}

/// TransformInfoHeader (MS-OFFCRYPTO 2.1.8).
pub(crate) fn transform_header(class: &str, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    put32(&mut out, 12 + class.len() * 2);
    put32(&mut out, 1);
    unicode_lp_p4(&mut out, class);
    unicode_lp_p4(&mut out, name);
    out.extend_from_slice(&[1, 0, 0, 0].repeat(3));
    out
}

/// IRMDSTransformInfo (MS-OFFCRYPTO 2.2.6).
fn primary(class: &str, extensibility: &[u8], license: &[u8]) -> Vec<u8> {
    let mut out = transform_header(class, "Microsoft.Metadata.DRMTransform");
    put32(&mut out, 4 + extensibility.len());
    out.extend_from_slice(extensibility);
    utf8_lp_p4(&mut out, license);
    out
}

/// What old readers see: a document that says that it cannot be shown.
fn placeholder(file: Compound, kind: IrmKind) -> Compound {
    match kind {
        IrmKind::Word => {
            let mut document = vec![0xEC, 0xA5, 0xC1, 0];
            document.resize(4096, 0);
            file.stream("WordDocument", document).stream("1Table", vec![0; 512])
        }
        IrmKind::Excel => {
            let mut workbook = vec![0x09, 0x08, 0x10, 0x00, 0x00, 0x06, 0x05, 0x00];
            workbook.resize(4096, 0);
            file.stream("Workbook", workbook)
        }
        IrmKind::PowerPoint => {
            file.stream("Current User", vec![0; 60]).stream("PowerPoint Document", vec![0; 4096])
        }
        IrmKind::Ooxml | IrmKind::Message | IrmKind::Xps => file,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Read};

    use super::*;

    fn stream(bytes: &[u8], path: &str) -> Vec<u8> {
        let mut file = cfb::CompoundFile::open_strict(Cursor::new(bytes)).unwrap();
        let mut out = Vec::new();
        file.open_stream(path).unwrap().read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn structures_have_the_sizes_of_real_files() {
        let license = vec![b'<'; 7001];
        for (kind, map, space, definition) in [
            (IrmKind::Ooxml, 104, "DRMEncryptedDataSpace", 56),
            (IrmKind::Word, 80, "\u{9}DRMDataSpace", 40),
        ] {
            let file = IrmDocument::new(kind, license.clone()).build();
            assert_eq!(stream(&file, "/\u{6}DataSpaces/Version").len(), 76);
            assert_eq!(stream(&file, "/\u{6}DataSpaces/DataSpaceMap").len(), map);
            let info = format!("/\u{6}DataSpaces/DataSpaceInfo/{space}");
            assert_eq!(stream(&file, &info).len(), definition);
        }
    }

    #[test]
    fn the_license_lies_where_the_structure_says() {
        let license = vec![b'<'; 7001];
        let file = IrmDocument::new(IrmKind::Ooxml, license.clone()).build();
        let path = "/\u{6}DataSpaces/TransformInfo/DRMEncryptedTransform/\u{6}Primary";
        let primary = stream(&file, path);
        assert_eq!(primary[..4], [0x58, 0, 0, 0]);
        assert_eq!(primary[0xA8..0xB0], [4, 0, 0, 0, 0x59, 0x1B, 0, 0]);
        assert_eq!(primary[0xB0..0xB0 + 7001], license);
        assert_eq!(primary.len(), 0xB0 + 7004);
    }
}
