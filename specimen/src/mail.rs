//! Mail with protected attachments: Internet messages (RFC 5322), mbox (RFC 4155), `winmail.dat`
//! (MS-OXTNEF) and Outlook items (MS-OXMSG).

use crate::bytes::{base64, pad, put32, utf16};
use crate::compound::Compound;

/// The media type of `message.rpmsg`.
pub const RPMSG_TYPE: &str = "application/x-microsoft-rpmsg-message";

/// An attachment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The file name; empty if the attachment has no name.
    pub name: String,
    /// The media type.
    pub media_type: String,
    /// The content.
    pub bytes: Vec<u8>,
}

impl Attachment {
    /// Creates an attachment of type `application/octet-stream`.
    pub fn new(name: &str, bytes: Vec<u8>) -> Attachment {
        Attachment { name: name.into(), media_type: "application/octet-stream".into(), bytes }
    }

    /// Creates the attachment `message.rpmsg` of a rights-managed mail.
    pub fn rpmsg(bytes: Vec<u8>) -> Attachment {
        Attachment { name: "message.rpmsg".into(), media_type: RPMSG_TYPE.into(), bytes }
    }
}

/// Builds an Internet message with attachments in base64. `headers` are lines without line breaks.
pub fn eml(headers: &[&str], attachments: &[Attachment]) -> Vec<u8> {
    eml_bounded("----=_specimen_0", headers, attachments)
}

/// Builds an Internet message with this boundary. Messages inside messages need different boundaries.
pub fn eml_bounded(boundary: &str, headers: &[&str], attachments: &[Attachment]) -> Vec<u8> {
    let mut text = String::from(
        "From: Ada <ada@contoso.com>\r\nTo: alan@fabrikam.example\r\nSubject: a specimen\r\n\
         Date: Tue, 05 Mar 2024 14:20:00 +0000\r\nMessage-ID: <1@contoso.com>\r\n",
    );
    for header in headers {
        text += &format!("{header}\r\n");
    }
    text += &format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\r\n\
         This is a multi-part message in MIME format.\r\n\r\n--{boundary}\r\n\
         Content-Type: text/plain; charset=\"us-ascii\"\r\n\r\nThis message is protected.\r\n"
    );
    let mut out = text.into_bytes();
    for attachment in attachments {
        out.extend_from_slice(format!("\r\n--{boundary}\r\n").as_bytes());
        part(&mut out, attachment);
    }
    out.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    out
}

/// Appends the headers and the body of a part.
fn part(out: &mut Vec<u8>, attachment: &Attachment) {
    let Attachment { name, media_type, bytes } = attachment;
    if media_type == "message/rfc822" {
        out.extend_from_slice(b"Content-Type: message/rfc822\r\n\r\n");
        out.extend_from_slice(bytes);
        return;
    }
    let (named, file_name) = match name.as_str() {
        "" => (String::new(), String::new()),
        name => (format!(";\r\n name=\"{name}\""), format!("; filename=\"{name}\"")),
    };
    let head = format!(
        "Content-Type: {media_type}{named}\r\nContent-Transfer-Encoding: base64\r\n\
         Content-Disposition: attachment{file_name}\r\n\r\n"
    );
    out.extend_from_slice(head.as_bytes());
    for line in base64(bytes).as_bytes().chunks(76) {
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
}

/// Builds an mbox file. Lines end with LF, as on Unix.
pub fn mbox(messages: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for message in messages {
        out.extend_from_slice(b"From ada@contoso.com Tue Mar  5 14:20:00 2024\n");
        for line in message.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.starts_with(b"From ") {
                out.push(b'>');
            }
            out.extend_from_slice(line);
            out.push(b'\n');
        }
    }
    out
}

/// Builds `winmail.dat` with attachments (MS-OXTNEF 2.1.3).
pub fn tnef(attachments: &[Attachment]) -> Vec<u8> {
    let mut out = vec![0x78, 0x9F, 0x3E, 0x22, 1, 0];
    attribute(&mut out, 1, 0x0008_9006, &[0, 0, 1, 0]);
    attribute(&mut out, 1, 0x0006_9007, &[0xE4, 4, 0, 0, 0, 0, 0, 0]);
    attribute(&mut out, 1, 0x0007_8008, b"IPM.Microsoft Mail.Note\0");
    for attachment in attachments {
        attribute(
            &mut out,
            2,
            0x0006_9002,
            &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0],
        );
        attribute(&mut out, 2, 0x0001_8010, format!("{}\0", attachment.name).as_bytes());
        attribute(&mut out, 2, 0x0006_800F, &attachment.bytes);
    }
    out
}

/// Builds `winmail.dat` with attachments as MAPI properties in `attAttachment` (MS-OXTNEF 2.1.3.4). Outlook
/// writes objects and long file names in this form.
pub fn tnef_with_properties(attachments: &[Attachment]) -> Vec<u8> {
    let mut out = tnef(&[]);
    for attachment in attachments {
        attribute(
            &mut out,
            2,
            0x0006_9002,
            &[1, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0, 0, 0],
        );
        let mut list = Vec::new();
        put32(&mut list, 3);
        put32(&mut list, 0x3705_0003);
        put32(&mut list, 1);
        let mut name = utf16(&attachment.name);
        name.extend_from_slice(&[0, 0]);
        for (tag, value) in [(0x3707_001F, &name), (0x3701_0102, &attachment.bytes)] {
            put32(&mut list, tag);
            put32(&mut list, 1);
            put32(&mut list, value.len());
            list.extend_from_slice(value);
            pad(&mut list, 4);
        }
        attribute(&mut out, 2, 0x0006_9005, &list);
    }
    out
}

/// Appends an attribute: level, id, length, data, checksum.
fn attribute(out: &mut Vec<u8>, level: u8, id: u32, data: &[u8]) {
    out.push(level);
    out.extend_from_slice(&id.to_le_bytes());
    put32(out, data.len());
    out.extend_from_slice(data);
    let sum = data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    out.extend_from_slice(&sum.to_le_bytes());
}

/// Builds an Outlook item.
#[derive(Debug, Clone, Default)]
#[must_use]
pub struct Msg {
    attachments: Vec<Attachment>,
    embedded: Vec<Msg>,
    use_license: Option<Vec<u8>>,
    labels: Option<String>,
}

impl Msg {
    /// Creates an item without attachments.
    pub fn new() -> Msg {
        Msg::default()
    }

    /// Adds an attachment.
    pub fn attachment(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// Adds an embedded item.
    pub fn embedded(mut self, item: Msg) -> Self {
        self.embedded.push(item);
        self
    }

    /// Sets the named property `DRMLicense` (MS-OXORMMS 2.2.3.1) to a compressed use license.
    pub fn use_license(mut self, compressed: Vec<u8>) -> Self {
        self.use_license = Some(compressed);
        self
    }

    /// Sets the value of the header `msip_labels`, which Outlook stores as a named property.
    pub fn labels(mut self, value: &str) -> Self {
        self.labels = Some(value.into());
        self
    }

    /// Returns the builder of the compound file, to change its layout.
    pub fn compound(&self) -> Compound {
        let mut file = Compound::new();
        file = self.names(file);
        self.write(file, "", true)
    }

    /// Builds the file.
    pub fn build(&self) -> Vec<u8> {
        self.compound().build()
    }

    /// Adds the mapping of named properties: `DRMLicense` has the id 0x8000, `msip_labels` has 0x8001.
    fn names(&self, file: Compound) -> Compound {
        let (mut entries, mut strings) = (Vec::new(), Vec::new());
        // The property set 2 is PS_PUBLIC_STRINGS. The set 3 is the first one of the GUID stream.
        let names = [
            ("DRMLicense", 2_u8, self.has_use_license()),
            ("msip_labels", 3, self.labels.is_some()),
        ];
        for (index, (name, set, _)) in names.into_iter().enumerate().filter(|(_, name)| name.2) {
            put32(&mut entries, strings.len());
            entries.extend_from_slice(&[set << 1 | 1, 0, index as u8, 0]);
            let name = utf16(name);
            put32(&mut strings, name.len());
            strings.extend_from_slice(&name);
            strings.resize(strings.len().next_multiple_of(4), 0);
        }
        file.stream("__nameid_version1.0/__substg1.0_00020102", Vec::new())
            .stream("__nameid_version1.0/__substg1.0_00030102", entries)
            .stream("__nameid_version1.0/__substg1.0_00040102", strings)
    }

    fn has_use_license(&self) -> bool {
        self.use_license.is_some() || self.embedded.iter().any(Msg::has_use_license)
    }

    /// Adds the streams of the item. Only the top-level property stream has the longer header.
    fn write(&self, mut file: Compound, prefix: &str, top: bool) -> Compound {
        let mut properties = vec![0; if top { 32 } else { 24 }];
        property(&mut properties, 0x001A_001F, 2 + "IPM.Note".len() * 2);
        file = file.stream(&format!("{prefix}__substg1.0_001A001F"), utf16("IPM.Note"));
        if let Some(license) = &self.use_license {
            property(&mut properties, 0x8000_1102, 8);
            let mut lengths = Vec::new();
            put32(&mut lengths, license.len());
            put32(&mut lengths, 0);
            let path = format!("{prefix}__substg1.0_80001102");
            file = file.stream(&path, lengths).stream(&format!("{path}-00000000"), license.clone());
        }
        if let Some(labels) = &self.labels {
            property(&mut properties, 0x8001_001F, 2 + labels.len() * 2);
            file = file.stream(&format!("{prefix}__substg1.0_8001001F"), utf16(labels));
        }
        for (index, attachment) in self.attachments.iter().enumerate() {
            file = attached(file, &storage(prefix, index), attachment);
        }
        for (index, item) in self.embedded.iter().enumerate() {
            let at = storage(prefix, self.attachments.len() + index);
            let mut table = vec![0; 8];
            property(&mut table, 0x3701_000D, 0xFFFF_FFFF);
            property(&mut table, 0x3705_0003, 5);
            file = file.stream(&format!("{at}__properties_version1.0"), table);
            file = item.write(file, &format!("{at}__substg1.0_3701000D/"), false);
        }
        file.stream(&format!("{prefix}__properties_version1.0"), properties)
    }
}

fn storage(prefix: &str, index: usize) -> String {
    format!("{prefix}__attach_version1.0_#{index:08X}/")
}

/// Adds the streams of an attachment to the storage `at`.
fn attached(file: Compound, at: &str, attachment: &Attachment) -> Compound {
    let mut table = vec![0; 8];
    property(&mut table, 0x3701_0102, attachment.bytes.len());
    property(&mut table, 0x3705_0003, 1);
    let mut file = file.stream(&format!("{at}__substg1.0_37010102"), attachment.bytes.clone());
    let texts = [(0x3707_u32, &attachment.name), (0x370E, &attachment.media_type)];
    for (id, text) in texts {
        if !text.is_empty() {
            property(&mut table, id << 16 | 0x1F, 2 + text.encode_utf16().count() * 2);
            file = file.stream(&format!("{at}__substg1.0_{id:04X}001F"), utf16(text));
        }
    }
    file.stream(&format!("{at}__properties_version1.0"), table)
}

/// Appends a property: tag, flags, value or size (MS-OXMSG 2.4.2).
fn property(table: &mut Vec<u8>, tag: u32, value: usize) {
    table.extend_from_slice(&tag.to_le_bytes());
    put32(table, 6);
    put32(table, value);
    put32(table, 0);
}
