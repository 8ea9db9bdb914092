//! Sensitivity labels in the clear part of a file (MS-OFFCRYPTO 2.6, MIP metadata).
//!
//! A label never makes a file protected, and never says whose key opens it.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use crate::bytes::{Cursor, to_u64, utf8_lossy, utf16_lossy};
use crate::code::ErrorCode;
use crate::container::sink::Label;
use crate::error::{Error, Result};
use crate::limits::{Limit, Meter};

/// Prefix of the properties of a label: `MSIP_Label_<guid>_<field>`.
const PREFIX: &str = "MSIP_Label_";
/// Characters of a GUID without braces.
const GUID_LEN: usize = 36;
/// Maximum number of labels in a file. Real files have two, a parent and its child.
const MOST_LABELS: usize = 256;
/// Maximum number of characters of an id that is not a GUID.
const LONGEST_ID: usize = 256;

/// Returns the label of `docMetadata/LabelInfo.xml` or of the `LabelInfo` stream (MS-OFFCRYPTO
/// 2.6.3).
pub(crate) fn label_info(xml: &[u8], meter: &Meter) -> Result<Option<Label>> {
    let mut candidates = LabelCandidates::default();
    let outcome = walk("LabelInfo", xml, meter, &mut |node| {
        let Node::Start { name: "label", element } = node else { return };
        for (key, value) in attributes(element) {
            match key {
                "id" => candidates.begin(value),
                // In all real files the id precedes these attributes.
                "enabled" => candidates.enabled(value),
                "siteId" => candidates.tenant(value),
                "removed" if is_true(value) => candidates.enabled("false"),
                _ => {}
            }
        }
    });
    candidates.conclude(outcome)
}

/// Returns the label of `docProps/custom.xml`: properties `MSIP_Label_<guid>_*`.
pub(crate) fn custom_properties(xml: &[u8], meter: &Meter) -> Result<Option<Label>> {
    let mut candidates = LabelCandidates::default();
    let mut property = String::new();
    let outcome = walk("custom properties", xml, meter, &mut |node| match node {
        Node::Start { name: "property", element } => {
            property.clear();
            let name = attributes(element).find(|(key, _)| *key == "name");
            property.push_str(name.map_or("", |(_, name)| name));
        }
        Node::End { name: "property" } => property.clear(),
        Node::Text(value) if !value.trim().is_empty() => candidates.property(&property, value),
        _ => {}
    });
    candidates.conclude(outcome)
}

/// Returns the label of an XMP packet: `msip:labels` of a PFILE, or `MSIP_Label_<guid>_*` of a PDF.
pub(crate) fn xmp(xml: &[u8], meter: &Meter) -> Result<Option<Label>> {
    let mut candidates = LabelCandidates::default();
    let mut element_name = String::new();
    // Depth within `msip:labels`. `Id` and `Enabled` belong to a label only there.
    let mut within: u32 = 0;
    let outcome = walk("XMP packet", xml, meter, &mut |node| match node {
        Node::Start { name, element } => {
            within = if within > 0 || name == "labels" { within.saturating_add(1) } else { 0 };
            element_name.clear();
            element_name.push_str(name);
            for (key, value) in attributes(element) {
                candidates.xmp_field(key, value, within > 0);
            }
        }
        Node::End { .. } => {
            within = within.saturating_sub(1);
            element_name.clear();
        }
        Node::Text(value) if !value.trim().is_empty() => {
            candidates.xmp_field(&element_name, value, within > 0);
        }
        Node::Text(_) => {}
    });
    candidates.conclude(outcome)
}

/// Returns the label in pairs of name and value: `MSIP_Label_<guid>_Enabled`, `_SiteId` …
pub(crate) fn named_values<'a>(
    properties: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<Label> {
    let mut candidates = LabelCandidates::default();
    for (name, value) in properties {
        candidates.property(name, value);
    }
    candidates.choose()
}

/// Returns the label of the mail header `msip_labels`:
/// `MSIP_Label_<guid>_Enabled=True;MSIP_Label_<guid>_SiteId=…;`.
pub(crate) fn mail_header(value: &str) -> Option<Label> {
    let pairs = value.split(';').filter_map(|pair| pair.split_once('='));
    named_values(pairs.map(|(name, value)| (name.trim(), value.trim())))
}

/// FMTID_UserDefinedProperties (MS-OLEPS 3.1.4), as stored in the file.
const USER_DEFINED: [u8; 16] = [
    0x05, 0xD5, 0xCD, 0xD5, 0x9C, 0x2E, 0x1B, 0x10, 0x93, 0x97, 0x08, 0x00, 0x2B, 0x2C, 0xF9, 0xAE,
];
/// Dictionary and code page, the properties that describe the others (MS-OLEPS 2.18).
const DICTIONARY: u32 = 0;
const CODE_PAGE: u32 = 1;
/// CP_WINUNICODE (MS-OLEPS 2.2).
const UTF_16: u16 = 1200;
/// VT_BOOL, VT_LPSTR, VT_LPWSTR (MS-OLEPS 2.2).
const BOOL: u32 = 0x0B;
const STRING: u32 = 0x1E;
const WIDE_STRING: u32 = 0x1F;

/// Returns the label in a property set stream (MS-OLEPS 2.21), such as
/// `\x05DocumentSummaryInformation`.
pub(crate) fn property_set(bytes: &[u8], meter: &Meter) -> Result<Option<Label>> {
    let mut cursor = Cursor::new("PropertySetStream", bytes, 0);
    cursor.skip(24, "ByteOrder to CLSID")?;
    let sets = cursor.u32_le("NumPropertySets")?;
    for _ in 0..sets.min(2) {
        let format: [u8; 16] = cursor.array("FMTID")?;
        let offset = cursor.u32_le("Offset")?;
        if format == USER_DEFINED {
            let set = from(bytes, offset).unwrap_or_default();
            return user_defined(set, u64::from(offset), meter);
        }
    }
    Ok(None)
}

fn from(bytes: &[u8], offset: u32) -> Option<&[u8]> {
    bytes.get(usize::try_from(offset).ok()?..)
}

/// Returns the label in a set of named properties (MS-OLEPS 2.20).
fn user_defined(set: &[u8], offset: u64, meter: &Meter) -> Result<Option<Label>> {
    let mut cursor = Cursor::new("PropertySet", set, offset);
    cursor.skip(4, "Size")?;
    let count = cursor.u32_le("NumProperties")?;
    let mut properties = Vec::new();
    for _ in 0..count {
        meter.charge(Limit::Steps, 1)?;
        meter.charge(Limit::Allocation, 8)?;
        properties.push((cursor.u32_le("PropertyIdentifier")?, cursor.u32_le("Offset")?));
    }
    let at = |id: u32| properties.iter().find(|(known, _)| *known == id).map(|(_, at)| *at);
    let Some(dictionary) = at(DICTIONARY).and_then(|at| from(set, at)) else { return Ok(None) };
    // Names and values of labels are ASCII, which every code page contains.
    let code_page = at(CODE_PAGE).and_then(|at| from(set, at)).and_then(|typed| {
        let mut cursor = Cursor::new("CodePage", typed, offset);
        cursor.skip(4, "Type").ok()?;
        cursor.u16_le("Value").ok()
    });
    let mut names = Cursor::new("Dictionary", dictionary, offset);
    let entries = names.u32_le("NumEntries")?;
    let mut candidates = LabelCandidates::default();
    for _ in 0..entries {
        meter.charge(Limit::Steps, to_u64(properties.len()).saturating_add(1))?;
        let id = names.u32_le("PropertyIdentifier")?;
        let len = usize::try_from(names.u32_le("Length")?).unwrap_or(usize::MAX);
        let name = if code_page == Some(UTF_16) {
            let len = len.saturating_mul(2);
            let name = utf16_lossy(names.take(len, "Name")?);
            names.skip(len.next_multiple_of(4).saturating_sub(len), "Name")?;
            name
        } else {
            utf8_lossy(names.take(len, "Name")?).into_owned()
        };
        let value = at(id).and_then(|at| from(set, at)).and_then(typed_value);
        if let Some(value) = value {
            candidates.property(name.trim_end_matches('\0'), value.trim_end_matches('\0'));
        }
    }
    Ok(candidates.choose())
}

/// Returns a TypedPropertyValue (MS-OLEPS 2.15) as text, if its type is one that labels use.
fn typed_value(bytes: &[u8]) -> Option<String> {
    let mut cursor = Cursor::new("TypedPropertyValue", bytes, 0);
    match cursor.u32_le("Type").ok()? {
        BOOL => Some((cursor.u16_le("Value").ok()? != 0).to_string()),
        STRING => {
            let len = usize::try_from(cursor.u32_le("Size").ok()?).ok()?;
            Some(utf8_lossy(cursor.take(len, "Characters").ok()?).into_owned())
        }
        WIDE_STRING => {
            let len = usize::try_from(cursor.u32_le("Length").ok()?).ok()?.checked_mul(2)?;
            Some(utf16_lossy(cursor.take(len, "Characters").ok()?))
        }
        _ => None,
    }
}

/// Labels of a file, of which [`choose`](Self::choose) selects one.
#[derive(Default)]
struct LabelCandidates {
    list: Vec<LabelCandidate>,
    /// Index of the label that the next fields belong to.
    current: usize,
}

struct LabelCandidate {
    id: String,
    tenant: Option<String>,
    parent: Option<String>,
    is_enabled: bool,
}

impl LabelCandidates {
    /// Starts a label; the following fields belong to it.
    fn begin(&mut self, id: &str) {
        let id = plain_id(id);
        self.current = self.list.len();
        if self.list.len() < MOST_LABELS && !id.is_empty() {
            self.list.push(LabelCandidate { id, tenant: None, parent: None, is_enabled: true });
        }
    }

    fn current(&mut self) -> Option<&mut LabelCandidate> {
        self.list.get_mut(self.current)
    }

    fn enabled(&mut self, value: &str) {
        if let Some(current) = self.current() {
            current.is_enabled &= is_true(value);
        }
    }

    fn tenant(&mut self, value: &str) {
        if let Some(current) = self.current() {
            current.tenant = Some(plain_id(value)).filter(|tenant| !tenant.is_empty());
        }
    }

    fn parent(&mut self, value: &str) {
        if let Some(current) = self.current() {
            current.parent = Some(plain_id(value));
        }
    }

    /// Adds the property `MSIP_Label_<guid>_<field>`; ignores all others.
    fn property(&mut self, name: &str, value: &str) {
        let Some((prefix, rest)) = name.split_at_checked(PREFIX.len()) else { return };
        let Some((guid, field)) = rest.split_at_checked(GUID_LEN) else { return };
        let Some(field) = field.strip_prefix('_') else { return };
        if !prefix.eq_ignore_ascii_case(PREFIX) || !is_guid(guid) {
            return;
        }
        let id = plain_id(guid);
        match self.list.iter().position(|candidate| candidate.id == id) {
            Some(known) => self.current = known,
            None => self.begin(guid),
        }
        match field {
            "Enabled" => self.enabled(value),
            "SiteId" => self.tenant(value),
            "Parent" | "ParentId" => self.parent(value),
            _ => {}
        }
    }

    fn xmp_field(&mut self, name: &str, value: &str, within_labels: bool) {
        match name {
            "Id" if within_labels => self.begin(value),
            "Enabled" if within_labels => self.enabled(value),
            "SiteId" if within_labels => self.tenant(value),
            "ParentId" if within_labels => self.parent(value),
            _ => self.property(name, value),
        }
    }

    /// Returns the first label that is enabled and is not the parent of another label.
    fn choose(self) -> Option<Label> {
        let is_parent = |id: &str| {
            let mut enabled = self.list.iter().filter(|candidate| candidate.is_enabled);
            enabled.any(|other| other.parent.as_deref() == Some(id) && other.id != id)
        };
        let mut enabled = self.list.iter().filter(|candidate| candidate.is_enabled);
        let chosen = enabled.find(|candidate| !is_parent(&candidate.id))?;
        Some(Label { id: chosen.id.clone(), tenant: chosen.tenant.clone() })
    }

    /// Returns the selected label. Fails only if damage left no label.
    fn conclude(self, outcome: Result<()>) -> Result<Option<Label>> {
        match (self.choose(), outcome) {
            (Some(label), _) => Ok(Some(label)),
            (None, Ok(())) => Ok(None),
            (None, Err(error)) => Err(error),
        }
    }
}

/// Returns the id in the form of the record: a GUID in lower case without braces, others unchanged.
fn plain_id(id: &str) -> String {
    let id = id.trim();
    let bare = id.strip_prefix('{').and_then(|id| id.strip_suffix('}')).unwrap_or(id);
    if is_guid(bare) { bare.to_ascii_lowercase() } else { id.chars().take(LONGEST_ID).collect() }
}

fn is_guid(id: &str) -> bool {
    id.len() == GUID_LEN && id.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

fn is_true(value: &str) -> bool {
    let value = value.trim();
    value == "1" || value.eq_ignore_ascii_case("true")
}

/// Event of [`walk`]. Names have no prefix.
enum Node<'a> {
    Start { name: &'a str, element: &'a BytesStart<'a> },
    Text(&'a str),
    End { name: &'a str },
}

/// Returns the attributes, with names without prefix. Repeated attributes are repeated.
fn attributes<'a>(element: &'a BytesStart<'a>) -> impl Iterator<Item = (&'a str, &'a str)> {
    let mut attributes = element.attributes();
    attributes.with_checks(false);
    attributes.filter_map(|attribute| {
        let attribute = attribute.ok()?;
        let value = match attribute.value {
            std::borrow::Cow::Borrowed(value) => value,
            // The name of an attribute of a borrowed element is borrowed too.
            std::borrow::Cow::Owned(_) => return None,
        };
        Some((local(attribute.key.0), value))
    })
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, local)| local)
}

/// Reads a small XML document and calls `visit` for each event. Charges its bytes first.
fn walk(
    structure: &'static str,
    xml: &[u8],
    meter: &Meter,
    visit: &mut dyn FnMut(Node<'_>),
) -> Result<()> {
    meter.charge(Limit::Steps, to_u64(xml.len()))?;
    meter.charge(Limit::Allocation, to_u64(xml.len()))?;
    let text = match xml {
        [0xFF, 0xFE, rest @ ..] => utf16_lossy(rest).into(),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8_lossy(rest),
        _ => utf8_lossy(xml),
    };
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    let mut depth: u64 = 0;
    loop {
        let at = reader.buffer_position();
        let event = reader.read_event().map_err(|error| {
            Error::malformed(ErrorCode::MalformedLabel, structure, None, format!("{error} at {at}"))
        })?;
        match event {
            Event::Start(element) => {
                depth = depth.saturating_add(1);
                meter.check(Limit::XmlDepth, depth)?;
                visit(Node::Start { name: local(element.name().0), element: &element });
            }
            Event::Empty(element) => {
                let name = element.name();
                visit(Node::Start { name: local(name.0), element: &element });
                visit(Node::End { name: local(name.0) });
            }
            Event::End(element) => {
                depth = depth.saturating_sub(1);
                visit(Node::End { name: local(element.name().0) });
            }
            Event::Text(text) => visit(Node::Text(&text)),
            Event::CData(text) => visit(Node::Text(&text)),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests {
    use super::*;
    use crate::limits::{Interrupt, Limits};

    const ONE: &str = "11111111-2222-3333-4444-55555555aaaa";
    const TWO: &str = "99999999-2222-3333-4444-55555555bbbb";
    const TENANT: &str = "00000000-aaaa-bbbb-cccc-0123456789ab";

    fn meter() -> Meter<'static> {
        Meter::new(Limits::default(), Interrupt::default())
    }

    fn label(id: &str, tenant: Option<&str>) -> Option<Label> {
        Some(Label { id: id.to_owned(), tenant: tenant.map(str::to_owned) })
    }

    #[test]
    fn first_enabled_label_of_label_info_is_returned() {
        let cases = [
            (String::new(), None),
            (
                format!(
                    "<clbl:label id=\"{{{}}}\" enabled=\"1\" siteId=\"{{{TENANT}}}\"/>",
                    ONE.to_uppercase()
                ),
                label(ONE, Some(TENANT)),
            ),
            (format!("<label id='{{{ONE}}}' enabled='0' siteId='{{{TENANT}}}'/>"), None),
            (format!("<label id='{{{ONE}}}' enabled='true' removed='1'/>"), None),
            (
                format!("<label id='{ONE}' removed='1'/><label id='{TWO}' enabled='1'/>"),
                label(TWO, None),
            ),
            ("<label id='Secret' enabled='1'/>".to_owned(), label("Secret", None)),
        ];
        for (labels, expected) in cases {
            let xml = format!("<?xml version='1.0'?><clbl:labelList>{labels}</clbl:labelList>");
            assert_eq!(label_info(xml.as_bytes(), &meter()).unwrap(), expected, "{labels}");
        }
    }

    #[test]
    fn child_label_is_preferred_to_its_parent() {
        let names = [
            (format!("MSIP_Label_{ONE}_Enabled"), "True".to_owned()),
            (format!("MSIP_Label_{TWO}_Enabled"), "True".to_owned()),
            (format!("MSIP_Label_{ONE}_SiteId"), TENANT.to_owned()),
            (format!("MSIP_Label_{TWO}_SiteId"), TENANT.to_owned()),
            (format!("MSIP_Label_{TWO}_Parent"), ONE.to_owned()),
            ("Sensitivity".to_owned(), "Top".to_owned()),
        ];
        let values = || names.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        assert_eq!(named_values(values()), label(TWO, Some(TENANT)));
        assert_eq!(named_values(values().take(1)), label(ONE, None));
        assert_eq!(named_values(values().skip(5)), None);
    }

    #[test]
    fn label_in_custom_properties_and_xmp_is_read() {
        let custom = format!(
            "<Properties xmlns:vt='v'><property name='MSIP_Label_{ONE}_Enabled'><vt:lpwstr>true\
             </vt:lpwstr></property><property name='MSIP_Label_{ONE}_SiteId'>\n<vt:lpwstr>{TENANT}\
             </vt:lpwstr></property></Properties>"
        );
        let found = custom_properties(custom.as_bytes(), &meter()).unwrap();
        assert_eq!(found, label(ONE, Some(TENANT)));
        let xmp_of = |enabled: &str| {
            format!(
                "<x:xmpmeta><rdf:RDF><rdf:Description><pdfx:MSIP_Label_{ONE}_Enabled>{enabled}\
                 </pdfx:MSIP_Label_{ONE}_Enabled><pdfx:MSIP_Label_{ONE}_SiteId>{TENANT}\
                 </pdfx:MSIP_Label_{ONE}_SiteId></rdf:Description></rdf:RDF></x:xmpmeta>"
            )
        };
        let found = xmp(xmp_of("True").as_bytes(), &meter()).unwrap();
        assert_eq!(found, label(ONE, Some(TENANT)));
        assert_eq!(xmp(xmp_of("False").as_bytes(), &meter()).unwrap(), None);
    }

    #[test]
    fn label_list_in_xmp_of_pfile_is_read() {
        let li = |id: &str, enabled: &str, parent: &str| {
            format!(
                "<rdf:li rdf:parseType='Resource'><l:Id>{id}</l:Id><l:Enabled>{enabled}</l:Enabled>\
                 {parent}<l:SiteId>{TENANT}</l:SiteId><l:extended><rdf:Bag><rdf:li><e:Key>Id</e:Key>\
                 </rdf:li></rdf:Bag></l:extended></rdf:li>"
            )
        };
        let parent = format!("<l:ParentId>{ONE}</l:ParentId>");
        let packet = |first: &str, second: &str| {
            let labels = li(ONE, first, "") + &li(TWO, second, &parent);
            format!("<d:Id>x</d:Id><msip:labels><rdf:Bag>{labels}</rdf:Bag></msip:labels>\0\0")
        };
        for (first, second, expected) in [
            ("True", "True", label(TWO, Some(TENANT))),
            ("True", "False", label(ONE, Some(TENANT))),
            ("False", "False", None),
        ] {
            let found = xmp(packet(first, second).as_bytes(), &meter()).unwrap();
            assert_eq!(found, expected, "{first} {second}");
        }
    }

    /// Builds a property set stream with user-defined properties, names and values in `code_page`.
    fn property_stream(code_page: u16, properties: &[(&str, &str)]) -> Vec<u8> {
        let text = |value: &str| -> Vec<u8> {
            if code_page == UTF_16 {
                value.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
            } else {
                value.bytes().chain([0]).collect()
            }
        };
        let mut dictionary = (properties.len() as u32).to_le_bytes().to_vec();
        let mut values = vec![(
            CODE_PAGE,
            [&2u32.to_le_bytes()[..], &code_page.to_le_bytes(), &[0, 0]].concat(),
        )];
        for (id, (name, value)) in (2u32..).zip(properties) {
            dictionary.extend(id.to_le_bytes());
            dictionary.extend((name.len() as u32 + 1).to_le_bytes());
            let name = text(name);
            dictionary.extend(&name);
            if code_page == UTF_16 {
                dictionary.resize(dictionary.len().next_multiple_of(4), 0);
            }
            let kind = if code_page == UTF_16 { WIDE_STRING } else { STRING };
            let mut typed = kind.to_le_bytes().to_vec();
            typed.extend((value.len() as u32 + 1).to_le_bytes());
            typed.extend(text(value));
            values.push((id, typed));
        }
        values.insert(0, (DICTIONARY, dictionary));
        let mut at = 8 + 8 * values.len() as u32;
        let mut table = Vec::new();
        let mut body = Vec::new();
        for (id, mut value) in values {
            value.resize(value.len().next_multiple_of(4), 0);
            table.extend(id.to_le_bytes());
            table.extend(at.to_le_bytes());
            at += value.len() as u32;
            body.extend(value);
        }
        let mut stream = vec![0; 24];
        stream.extend(1u32.to_le_bytes());
        stream.extend(USER_DEFINED);
        stream.extend(48u32.to_le_bytes());
        stream.extend(at.to_le_bytes());
        stream.extend((table.len() as u32 / 8).to_le_bytes());
        stream.extend(table);
        stream.extend(body);
        stream
    }

    #[test]
    fn property_set_is_read_in_utf16_and_code_page() {
        let names = [format!("MSIP_Label_{ONE}_Enabled"), format!("MSIP_Label_{ONE}_SiteId")];
        let properties = [(names[0].as_str(), "true"), (names[1].as_str(), TENANT)];
        for code_page in [UTF_16, 1252] {
            let stream = property_stream(code_page, &properties);
            let found = property_set(&stream, &meter()).unwrap();
            assert_eq!(found, label(ONE, Some(TENANT)), "code page {code_page}");
        }
    }

    proptest::proptest! {
        #[test]
        fn damaged_labels_never_panic(mut bytes: Vec<u8>, at: usize, with: u8) {
            let _ = label_info(&bytes, &meter());
            let _ = custom_properties(&bytes, &meter());
            let _ = xmp(&bytes, &meter());
            let _ = property_set(&bytes, &meter());
            bytes = property_stream(UTF_16, &[("MSIP_Label_", "x"), ("y", "z")]);
            let at = at % bytes.len();
            bytes[at] = with;
            let _ = property_set(&bytes, &meter());
        }
    }
}
