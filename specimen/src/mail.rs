//! Mail around protected attachments: Internet messages (RFC 5322), mbox (RFC 4155),
//! `winmail.dat` (MS-OXTNEF) and Outlook items (MS-OXMSG).

use crate::bytes::{base64, pad, put32, utf16};
use crate::compound::Compound;

/// The media type of `message.rpmsg`.
pub const RPMSG_TYPE: &str = "application/x-microsoft-rpmsg-message";

/// Something attached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// Its file name; empty for none.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Attachment {
    /// An attachment of no particular type.
    pub fn new(name: &str, bytes: Vec<u8>) -> Attachment {
        Attachment { name: name.into(), media_type: "application/octet-stream".into(), bytes }
    }

    /// The attachment of a rights-managed mail.
    pub fn rpmsg(bytes: Vec<u8>) -> Attachment {
        Attachment { name: "message.rpmsg".into(), media_type: RPMSG_TYPE.into(), bytes }
    }
}

/// An Internet message with attachments in base64. `headers` are whole lines without their ends.
pub fn eml(headers: &[&str], attachments: &[Attachment]) -> Vec<u8> {
    eml_bounded("----=_specimen_0", headers, attachments)
}

/// The same with a boundary of one's own, for messages in messages.
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

/// Messages one after the other, with line feeds alone as Unix writes them.
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

/// `winmail.dat` with attachments (MS-OXTNEF 2.1.3).
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

/// `winmail.dat` whose attachments are MAPI properties in `attAttachment` (MS-OXTNEF 2.1.3.4), as
/// Outlook writes objects and long file names.
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

/// Level, id, length, data, sum of the data.
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
    /// An item without attachments.
    pub fn new() -> Msg {
        Msg::default()
    }

    /// An attachment.
    pub fn attachment(mut self, attachment: Attachment) -> Self {
        self.attachments.push(attachment);
        self
    }

    /// An item inside the item.
    pub fn embedded(mut self, item: Msg) -> Self {
        self.embedded.push(item);
        self
    }

    /// The named property `DRMLicense` (MS-OXORMMS 2.2.3.1) with a use license, compressed already.
    pub fn use_license(mut self, compressed: Vec<u8>) -> Self {
        self.use_license = Some(compressed);
        self
    }

    /// The header `msip_labels` with this value, which Outlook keeps as a named property.
    pub fn labels(mut self, value: &str) -> Self {
        self.labels = Some(value.into());
        self
    }

    /// The compound file, for another layout.
    pub fn compound(&self) -> Compound {
        let mut file = Compound::new();
        file = self.names(file);
        self.write(file, "", true)
    }

    /// The file.
    pub fn build(&self) -> Vec<u8> {
        self.compound().build()
    }

    /// The mapping of named properties: `DRMLicense` is 0x8000, `msip_labels` 0x8001, if they are
    /// there.
    fn names(&self, file: Compound) -> Compound {
        let (mut entries, mut strings) = (Vec::new(), Vec::new());
        // Of the set PS_PUBLIC_STRINGS, and of one of the item's own.
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
        for (place, attachment) in self.attachments.iter().enumerate() {
            file = attached(file, &storage(prefix, place), attachment);
        }
        for (place, item) in self.embedded.iter().enumerate() {
            let at = storage(prefix, self.attachments.len() + place);
            let mut table = vec![0; 8];
            property(&mut table, 0x3701_000D, 0xFFFF_FFFF);
            property(&mut table, 0x3705_0003, 5);
            file = file.stream(&format!("{at}__properties_version1.0"), table);
            file = item.write(file, &format!("{at}__substg1.0_3701000D/"), false);
        }
        file.stream(&format!("{prefix}__properties_version1.0"), properties)
    }
}

fn storage(prefix: &str, place: usize) -> String {
    format!("{prefix}__attach_version1.0_#{place:08X}/")
}

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

/// Tag, flags, value or size (MS-OXMSG 2.4.2).
fn property(table: &mut Vec<u8>, tag: u32, value: usize) {
    table.extend_from_slice(&tag.to_le_bytes());
    put32(table, 6);
    put32(table, value);
    put32(table, 0);
}
