//! Sensitivity labels in all forms that documents and mail contain outside the license.

use crate::bytes::{pad, put32, set32, utf16};

/// A sensitivity label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The id, a GUID without braces.
    pub id: String,
    /// The tenant id, a GUID without braces.
    pub tenant: String,
    /// The display name.
    pub name: String,
    /// Whether the label is set. A removed label has the value `False`.
    pub enabled: bool,
    /// The actions of the label; 8 is encryption.
    pub content_bits: u32,
    /// The id of the parent label.
    pub parent: Option<String>,
}

impl Label {
    /// Creates a label that is set and encrypts.
    pub fn new(id: &str, tenant: &str) -> Label {
        Label {
            id: id.into(),
            tenant: tenant.into(),
            name: "Secret".into(),
            enabled: true,
            content_bits: 8,
            parent: None,
        }
    }

    /// Returns the names and values of the six properties `MSIP_Label_<id>_…`.
    pub fn properties(&self) -> Vec<(String, String)> {
        let enabled = if self.enabled { "true" } else { "False" };
        let bits = self.content_bits.to_string();
        let values = [
            ("Enabled", enabled),
            ("SetDate", "2024-03-05T14:18:07Z"),
            ("Method", "Privileged"),
            ("Name", &self.name),
            ("SiteId", &self.tenant),
            ("ContentBits", &bits),
        ];
        let named =
            values.map(|(key, value)| (format!("MSIP_Label_{}_{key}", self.id), value.into()));
        named.to_vec()
    }
}

/// Builds the labelList (MS-OFFCRYPTO 2.6.4) of the stream `LabelInfo` and of the part
/// `docMetadata/LabelInfo.xml`.
pub fn label_info(labels: &[Label]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\" standalone=\"yes\"?><clbl:labelList \
         xmlns:clbl=\"http://schemas.microsoft.com/office/2020/mipLabelMetadata\">",
    );
    for label in labels {
        let enabled = u8::from(label.enabled);
        text += &format!(
            "<clbl:label id=\"{{{}}}\" enabled=\"{enabled}\" method=\"Privileged\" siteId=\"{{{}}}\" \
             contentBits=\"{}\" removed=\"0\" />",
            label.id, label.tenant, label.content_bits
        );
    }
    text + "</clbl:labelList>"
}

/// Builds the part `docProps/custom.xml` of an Office package.
pub fn custom_properties(labels: &[Label]) -> String {
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\r\n<Properties \
         xmlns=\"http://schemas.openxmlformats.org/officeDocument/2006/custom-properties\" \
         xmlns:vt=\"http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes\">",
    );
    for (index, (name, value)) in labels.iter().flat_map(Label::properties).enumerate() {
        text += &format!(
            "<property fmtid=\"{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}\" pid=\"{}\" name=\"{name}\">\
             <vt:lpwstr>{value}</vt:lpwstr></property>",
            index + 2
        );
    }
    text + "</Properties>"
}

/// Builds the XMP packet of generic protected files.
pub fn pfile_xmp(labels: &[Label]) -> Vec<u8> {
    let mut items = String::new();
    for label in labels {
        let enabled = if label.enabled { "True" } else { "False" };
        let parent = label.parent.as_deref().unwrap_or_default();
        items += &format!(
            "<rdf:li rdf:parseType=\"Resource\"><lbl:Id>{}</lbl:Id><lbl:Name>{}</lbl:Name>\
             <lbl:Enabled>{enabled}</lbl:Enabled><lbl:ParentId>{parent}</lbl:ParentId>\
             <lbl:SiteId>{}</lbl:SiteId><lbl:SetDate>2024-03-05T14:18:07Z</lbl:SetDate></rdf:li>",
            label.id, label.name, label.tenant
        );
    }
    let body = format!(
        "<rdf:Description rdf:about=\"\" xmlns:msip=\"http://www.microsoft.com/msip/1.0/\" \
         xmlns:lbl=\"http://www.microsoft.com/msip/label/1.0/\"><msip:labels><rdf:Bag>{items}</rdf:Bag>\
         </msip:labels></rdf:Description>"
    );
    xmp_packet(&body)
}

/// Builds the XMP packet of a PDF.
pub fn pdf_xmp(labels: &[Label]) -> Vec<u8> {
    let mut items = String::new();
    for (name, value) in labels.iter().flat_map(Label::properties) {
        items += &format!("<pdfx:{name}>{value}</pdfx:{name}>");
    }
    xmp_packet(&format!(
        "<rdf:Description rdf:about=\"\" xmlns:pdfx=\"http://ns.adobe.com/pdfx/1.3/\">{items}</rdf:Description>"
    ))
}

fn xmp_packet(body: &str) -> Vec<u8> {
    format!(
        "<?xpacket begin=\"\u{FEFF}\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?><x:xmpmeta xmlns:x=\"adobe:ns:meta/\">\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">{body}</rdf:RDF></x:xmpmeta>\
         <?xpacket end=\"w\"?>"
    )
    .into_bytes()
}

/// Builds the mail header `msip_labels`.
pub fn mail_header(labels: &[Label]) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .flat_map(Label::properties)
        .map(|(name, value)| format!("{name}={value};"))
        .collect();
    format!("msip_labels: {}", pairs.join("\r\n "))
}

/// FMTID_DocSummaryInformation and FMTID_UserDefinedProperties (MS-OLEPS 2.27).
const FORMAT_IDS: [[u8; 16]; 2] = [
    [
        0x02, 0xD5, 0xCD, 0xD5, 0x9C, 0x2E, 0x1B, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2B, 0x2C, 0xF9,
        0xAE,
    ],
    [
        0x05, 0xD5, 0xCD, 0xD5, 0x9C, 0x2E, 0x1B, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2B, 0x2C, 0xF9,
        0xAE,
    ],
];

/// Builds the stream `\x05DocumentSummaryInformation` with the labels as user-defined properties
/// (MS-OLEPS 2.21). Binary Office documents store unencrypted labels in this form.
pub fn document_summary(labels: &[Label]) -> Vec<u8> {
    let mut out = vec![0xFE, 0xFF, 0, 0];
    put32(&mut out, 0x0002_000A);
    out.extend_from_slice(&[0; 16]);
    put32(&mut out, 2);
    let first = code_page_only();
    let base = out.len() + 40;
    for (format_id, at) in FORMAT_IDS.iter().zip([base, base + first.len()]) {
        out.extend_from_slice(format_id);
        put32(&mut out, at);
    }
    out.extend_from_slice(&first);
    let properties: Vec<(String, String)> = labels.iter().flat_map(Label::properties).collect();
    out.extend_from_slice(&user_defined(&properties));
    out
}

/// Returns a property set that contains only the code page.
fn code_page_only() -> Vec<u8> {
    property_set(&[(1, vec![2, 0, 0, 0, 0xE4, 0x04, 0, 0])])
}

/// Returns a property set with a dictionary, the code page and a VT_LPWSTR for each value.
fn user_defined(properties: &[(String, String)]) -> Vec<u8> {
    let mut dictionary = Vec::new();
    put32(&mut dictionary, properties.len());
    for (index, (name, _)) in properties.iter().enumerate() {
        put32(&mut dictionary, index + 2);
        put32(&mut dictionary, name.len() + 1);
        dictionary.extend_from_slice(name.as_bytes());
        dictionary.push(0);
    }
    pad(&mut dictionary, 4);
    let mut values = vec![(0, dictionary), (1, vec![2, 0, 0, 0, 0xE4, 0x04, 0, 0])];
    for (index, (_, value)) in properties.iter().enumerate() {
        let mut bytes = Vec::new();
        put32(&mut bytes, 0x1F);
        put32(&mut bytes, value.encode_utf16().count() + 1);
        bytes.extend_from_slice(&utf16(&format!("{value}\0")));
        pad(&mut bytes, 4);
        values.push((index + 2, bytes));
    }
    property_set(&values)
}

/// Returns a PropertySet (MS-OLEPS 2.20): size, count, table of ids and offsets, values.
fn property_set(values: &[(usize, Vec<u8>)]) -> Vec<u8> {
    let mut out = vec![0; 4];
    put32(&mut out, values.len());
    let mut at = 8 + values.len() * 8;
    for (id, bytes) in values {
        put32(&mut out, *id);
        put32(&mut out, at);
        at += bytes.len();
    }
    for (_, bytes) in values {
        out.extend_from_slice(bytes);
    }
    set32(&mut out, 0, at);
    out
}
