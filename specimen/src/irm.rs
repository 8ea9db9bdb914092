//! [`IrmDocument`]: compound files with the data spaces of a rights-protected document
//! (MS-OFFCRYPTO 2.1 and 2.2).

use crate::bytes::{noise, put32, unicode_lp_p4, utf8_lp_p4};
use crate::compound::{Compound, Siblings};
use crate::label::{Label, document_summary, label_info};

/// The class of the IRM transform (MS-OFFCRYPTO 2.2.6).
pub const DRM_TRANSFORM: &str = "{C73DFACD-061F-43B0-8B64-0C620D2A8B50}";
/// The class of the compression transform.
pub const LZX_TRANSFORM: &str = "{86DE7F2B-DDCE-486d-B016-405BBE82B8BC}";
/// The class of the password encryption transform.
pub const PASSWORD_TRANSFORM: &str = "{FF9A3F03-56EF-4613-BDD5-5A41C1D07246}";

/// The kind of document, which determines the names of the storages and streams.
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
    /// The message in `message.rpmsg`: names of binary documents, no placeholder.
    Message,
    /// The envelope of .NET, which the XPS viewer uses.
    Xps,
}

/// Names of storages and streams.
struct DataSpaceNames {
    component: &'static str,
    space: &'static str,
    transform: &'static str,
    content: &'static str,
}

impl IrmKind {
    fn names(self) -> DataSpaceNames {
        match self {
            IrmKind::Ooxml => DataSpaceNames {
                component: "EncryptedPackage",
                space: "DRMEncryptedDataSpace",
                transform: "DRMEncryptedTransform",
                content: "EncryptedPackage",
            },
            // .NET derives the name of the data space from the time and writes the component in lower case.
            IrmKind::Xps => DataSpaceNames {
                component: "encryptedpackage",
                space: "636000000000000000",
                transform: "EncryptionTransform",
                content: "EncryptedPackage",
            },
            _ => DataSpaceNames {
                component: "\u{9}DRMContent",
                space: "\u{9}DRMDataSpace",
                transform: "\u{9}DRMTransform",
                content: "\u{9}DRMContent",
            },
        }
    }

    /// Returns the class id of the root, which Office documents have.
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
    is_hole: bool,
    use_licenses: Vec<Vec<u8>>,
    label_info: Option<String>,
    labels: Vec<Label>,
    placeholder: bool,
    further_transforms: Vec<(String, String, Vec<u8>)>,
}

impl IrmDocument {
    /// Creates a document with this license. Office writes the license in UTF-8 without a byte-order mark.
    pub fn new(kind: IrmKind, license: Vec<u8>) -> IrmDocument {
        IrmDocument {
            kind,
            license: Some(license),
            class: DRM_TRANSFORM.into(),
            transform: None,
            extensibility: Vec::new(),
            payload: 8192,
            is_hole: false,
            use_licenses: Vec::new(),
            label_info: None,
            labels: Vec::new(),
            placeholder: true,
            further_transforms: Vec::new(),
        }
    }

    /// Omits `\x06Primary`.
    pub fn without_license(mut self) -> Self {
        self.license = None;
        self
    }

    /// Sets the class in `\x06Primary`.
    pub fn transform_class(mut self, class: &str) -> Self {
        self.class = class.into();
        self
    }

    /// Sets the name of the transform's storage.
    pub fn transform_name(mut self, name: &str) -> Self {
        self.transform = Some(name.into());
        self
    }

    /// Sets the bytes of the extensibility header, which .NET permits.
    pub fn extensibility(mut self, bytes: &[u8]) -> Self {
        self.extensibility = bytes.to_vec();
        self
    }

    /// Sets the length of the protected content, which is pseudo-random.
    pub fn payload(mut self, len: u64) -> Self {
        self.payload = len;
        self
    }

    /// Sets the length of the protected content, which consists of zeros.
    pub fn payload_hole(mut self, len: u64) -> Self {
        self.payload = len;
        self.is_hole = true;
        self
    }

    /// Adds an `EUL-*` stream; see [`use_license_stream`](crate::use_license_stream).
    pub fn use_license(mut self, stream: Vec<u8>) -> Self {
        self.use_licenses.push(stream);
        self
    }

    /// Adds the stream `LabelInfo`.
    pub fn label_info(mut self, labels: &[Label]) -> Self {
        self.label_info = Some(label_info(labels));
        self
    }

    /// Adds labels to the unencrypted property set.
    pub fn properties(mut self, labels: &[Label]) -> Self {
        self.labels = labels.to_vec();
        self
    }

    /// Sets whether a binary document contains the placeholder for old readers.
    pub fn placeholder(mut self, placeholder: bool) -> Self {
        self.placeholder = placeholder;
        self
    }

    /// Adds a transform to which no data space refers, with the name of its storage, its class and its
    /// license.
    pub fn further_transform(mut self, name: &str, class: &str, license: Vec<u8>) -> Self {
        self.further_transforms.push((name.to_owned(), class.to_owned(), license));
        self
    }

    /// Returns the builder of the compound file, to change its layout.
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
        for (name, class, license) in &self.further_transforms {
            let path = format!("\u{6}DataSpaces/TransformInfo/{name}/\u{6}Primary");
            file = file.stream(&path, primary(class, &[], license));
        }
        for (index, stream) in self.use_licenses.iter().enumerate() {
            let letter = char::from(b'A' + index as u8);
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
        if self.is_hole {
            return file.zeros(names.content, self.payload + 8);
        }
        let mut content = self.payload.to_le_bytes().to_vec();
        content.extend_from_slice(&noise(self.payload, self.payload as usize));
        file.stream(names.content, content)
    }

    /// Builds the file in the layout of Office.
    pub fn build(&self) -> Vec<u8> {
        self.compound().build()
    }

    /// Builds the file in the layout of MIP SDK: license first, directory and FAT last.
    pub fn build_as_sdk(&self) -> Vec<u8> {
        let file = self.compound().layout(&Compound::sdk_layout());
        file.siblings(Siblings::RightOnly).build()
    }
}

/// Adds `Version`, `DataSpaceMap`, `DataSpaceInfo` and the storage of the transform.
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

/// Returns TransformInfoHeader (MS-OFFCRYPTO 2.1.8).
pub(crate) fn transform_header(class: &str, name: &str) -> Vec<u8> {
    let mut out = Vec::new();
    put32(&mut out, 12 + class.len() * 2);
    put32(&mut out, 1);
    unicode_lp_p4(&mut out, class);
    unicode_lp_p4(&mut out, name);
    out.extend_from_slice(&[1, 0, 0, 0].repeat(3));
    out
}

/// Returns IRMDSTransformInfo (MS-OFFCRYPTO 2.2.6).
fn primary(class: &str, extensibility: &[u8], license: &[u8]) -> Vec<u8> {
    let mut out = transform_header(class, "Microsoft.Metadata.DRMTransform");
    put32(&mut out, 4 + extensibility.len());
    out.extend_from_slice(extensibility);
    utf8_lp_p4(&mut out, license);
    out
}

/// Adds the streams of the document that old readers display instead of the content.
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
    fn data_space_streams_have_the_lengths_of_real_files() {
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
    fn primary_stream_has_the_license_at_offset_0xb0() {
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
