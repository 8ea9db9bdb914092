//! The fuzz targets and their checks.
//!
//! The tests of the library include this file and run each target over `corpus/regressions/`.

use std::collections::BTreeMap;
use std::io::{self, Cursor, Read};
use std::sync::OnceLock;

use arbitrary::{Result, Unstructured};
use rmsight::{
    COLUMNS, Dependency, Envelope, Estate, Inspector, InspectorBuilder, Limits, Protection, ReadAt,
    Record, Report, Searched, Signature, judge,
};
use rmsight_specimen::{
    Attachment, Client, Compound, Documents, Encoding, IrmDocument, IrmKind, LicenseBuilder,
    Method, Pfile, PfileVersion, Server, Version, Zip, eml, mbox, rpmsg as rpmsg_of, tnef,
};

/// The targets by name.
pub const TARGETS: [(&str, fn(&[u8])); 12] = [
    ("inspect", inspect),
    ("compound", compound),
    ("irm", irm),
    ("xrml", xrml),
    ("pdf", pdf),
    ("rpmsg", rpmsg),
    ("pfile", pfile),
    ("mail", mail),
    ("zip", zip),
    ("estate", estate),
    ("split", split),
    ("signature", signature),
];

/// Returns strict budgets that end one run within milliseconds.
fn limits() -> Limits {
    let mut limits = Limits::strict();
    limits.inflated_total = 1 << 20;
    limits.steps_total = 8 << 20;
    limits
}

/// Returns an inspector with every optional extraction. Only the target `signature` checks signatures,
/// because a check takes longer than reading a file.
fn thorough() -> InspectorBuilder {
    Inspector::builder().limits(limits()).evidence(true).labels(true).deep(true).verify(false)
}

/// Checks the invariants of every report.
fn check(report: &Report) {
    let estate = Estate::default();
    assert!(report.findings().count() > 0);
    if report.incomplete().is_some() {
        let worst = report.worst();
        assert!(matches!(worst, Protection::Rms | Protection::Unknown), "{worst:?}");
    }
    for finding in report.findings() {
        let facts = finding.facts();
        let verdict = judge(facts, &estate);
        if verdict.dependency() == Dependency::None {
            assert_eq!(facts.searched, Searched::Full);
            assert_eq!(facts.error_code, None);
            assert!(!matches!(facts.protection, Protection::Rms | Protection::Unknown));
        }
        let envelope = Envelope::new("file");
        let record = Record::new(&envelope, facts, &verdict);
        for column in COLUMNS {
            std::hint::black_box(column.value(&record));
        }
    }
}

fn inspected(bytes: &[u8]) -> Report {
    let report = thorough().build().inspect_bytes(bytes);
    check(&report);
    report
}

/// Reads the input as a file, whole and with `Depth::Head`.
pub fn inspect(data: &[u8]) {
    inspected(data);
    let quick = Inspector::builder().limits(limits()).depth(rmsight::Depth::Head).verify(false);
    let quick = quick.build();
    check(&{ quick }.inspect_bytes(data));
}

/// Reads a compound file with the library and with the `cfb` crate. The streams must match if both succeed.
pub fn compound(data: &[u8]) {
    inspected(data);
    let Ok(ours) = rmsight::fuzzing::compound_listing(data, limits()) else { return };
    if let Ok(theirs) = by_cfb(data) {
        assert_eq!(ours, theirs);
    }
}

/// Returns the entries of a compound file by path, with the bytes of streams, as the `cfb` crate reads them.
pub fn by_cfb(data: &[u8]) -> io::Result<BTreeMap<String, Option<Vec<u8>>>> {
    let mut file = cfb::CompoundFile::open_strict(Cursor::new(data))?;
    let entries: Vec<(String, bool)> = file
        .walk()
        .skip(1)
        .map(|entry| (entry.path().to_string_lossy().into_owned(), entry.is_stream()))
        .collect();
    let mut found = BTreeMap::new();
    for (path, is_stream) in entries {
        let mut bytes = Vec::new();
        if is_stream {
            file.open_stream(&path)?.read_to_end(&mut bytes)?;
        }
        // The crate joins names by the separator of the system. No name contains either.
        found.insert(path.replace('\\', "/"), is_stream.then_some(bytes));
    }
    Ok(found)
}

/// Returns a license that is built once, because signing takes longer than reading.
fn license() -> Vec<u8> {
    signed(0).to_vec()
}

/// Returns one of 12 licenses: of three servers, alone or with a certificate, in two encodings.
fn signed(which: u8) -> &'static [u8] {
    static BUILT: [OnceLock<Vec<u8>>; 12] = [const { OnceLock::new() }; 12];
    let which = usize::from(which) % BUILT.len();
    BUILT[which].get_or_init(|| {
        let server = [Server::contoso(), Server::contoso_legacy(), Server::azure()];
        let mut builder = LicenseBuilder::client(&server[which / 4], &Client::windows());
        if which & 1 == 1 {
            builder = builder.documents(Documents::Two);
        }
        if which & 2 == 2 {
            builder = builder.encoding(Encoding::Utf16);
        }
        builder.build()
    })
}

/// Edits bytes at offsets that the input selects.
fn edit(bytes: &mut Vec<u8>, u: &mut Unstructured<'_>) -> Result<()> {
    for _ in 0..u.int_in_range(0..=6)? {
        let at = usize::from(u.arbitrary::<u16>()?) % bytes.len().max(1);
        match u.int_in_range(0..=4)? {
            0 => bytes.truncate(at),
            1 => bytes.insert(at, u.arbitrary()?),
            2 => {
                let len = usize::from(u.arbitrary::<u8>()?).min(bytes.len() - at);
                bytes.drain(at..at + len);
            }
            3 => {
                let len = usize::from(u.arbitrary::<u8>()?).min(bytes.len() - at);
                let again = bytes[at..at + len].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = u.arbitrary()?;
                }
            }
        }
    }
    Ok(())
}

fn rest<'a>(u: &mut Unstructured<'a>) -> Result<&'a [u8]> {
    let len = u.len();
    u.bytes(len)
}

/// Reads a damaged protected document of any layout, or one whose transform is the input.
pub fn irm(data: &[u8]) {
    let _ = irm_of(&mut Unstructured::new(data));
}

fn irm_of(u: &mut Unstructured<'_>) -> Result<()> {
    const SPACES: &str = "\u{6}DataSpaces";
    let bytes = if u.arbitrary()? {
        let kind = *u.choose(&[IrmKind::Ooxml, IrmKind::Word, IrmKind::Excel, IrmKind::Xps])?;
        let mut document = IrmDocument::new(kind, license()).payload(600);
        if u.arbitrary()? {
            document = document.without_license();
        }
        if u.arbitrary()? {
            document = document.extensibility(u.arbitrary::<&[u8]>()?);
        }
        let mut compound = document.compound();
        if u.arbitrary()? {
            compound = compound.version(Version::Four);
        }
        if u.arbitrary()? {
            compound = compound.fragmented();
        }
        let mut bytes = compound.build();
        edit(&mut bytes, u)?;
        bytes
    } else {
        let storage = *u.choose(&["DRMEncryptedTransform", "DRMDataSpace", "other"])?;
        let map = u.arbitrary::<&[u8]>()?.to_vec();
        Compound::new()
            .stream(&format!("{SPACES}/DataSpaceMap"), map)
            .stream(&format!("{SPACES}/TransformInfo/{storage}/\u{6}Primary"), rest(u)?.to_vec())
            .stream("EncryptedPackage", vec![0; 64])
            .build()
    };
    inspected(&bytes);
    Ok(())
}

/// Reads a license with a cold and a warm cache, and compares the facts with those of [`tree`].
pub fn xrml(data: &[u8]) {
    let report = if data.starts_with(b"<") {
        inspected(data)
    } else {
        inspected(&[b"<XrML", data].concat())
    };
    // Licenses read before must not change the report.
    let build = || Inspector::builder().limits(limits()).verify(false).build();
    let (cold, mut warm) = (build().inspect_bytes(data), build());
    let which = data.len().to_le_bytes()[0];
    for before in [signed(which), signed(which ^ 1), data] {
        warm.inspect_bytes(before);
    }
    assert_eq!(warm.inspect_bytes(data), cold);
    if data.starts_with(b"<")
        && let Some(difference) = tree::difference(data, &report)
    {
        panic!("{difference}");
    }
}

/// Reads the input as a PDF, with a header if it lacks one.
pub fn pdf(data: &[u8]) {
    if data.starts_with(b"%PDF-") {
        inspected(data);
    } else {
        inspected(&[b"%PDF-1.7\n", data].concat());
    }
}

/// Reads the blocks of an rpmsg attachment, or a valid attachment that contains the input.
pub fn rpmsg(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 3 {
        0 => drop(inspected(data)),
        1 => drop(inspected(&[b"\x76\xE8\x04\x60\xC4\x11\xE3\x86", data].concat())),
        _ => drop(inspected(&rpmsg_of(data))),
    }
}

/// Reads a generic protected file: the input, with or without a prefix, or a damaged valid file.
pub fn pfile(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 3 {
        0 => drop(inspected(data)),
        1 => drop(inspected(&[b".pfile", data].concat())),
        _ => {
            let mut u = Unstructured::new(data);
            let mut bytes = Pfile::new(PfileVersion::V3_0, license()).build();
            let _ = edit(&mut bytes, &mut u);
            inspected(&bytes);
        }
    }
}

/// Reads each mail format, with the input as the message or as its attachment.
pub fn mail(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    let attached = || [Attachment::new("file.bin", data.to_vec())];
    let bytes = match kind % 8 {
        0 => data.to_vec(),
        1 => [b"From: a@example.com\r\n", data].concat(),
        2 => [b"From a@example.com Mon May 30 10:39:00 2016\n", data].concat(),
        3 => [b"\x78\x9F\x3E\x22\x01\x00", data].concat(),
        4 => eml(&[], &attached()),
        5 => mbox(&[data.to_vec(), eml(&[], &attached())]),
        6 => tnef(&attached()),
        _ => Compound::new()
            .stream("__properties_version1.0", vec![0; 32])
            .stream("__attach_version1.0_#00000000/__properties_version1.0", data.to_vec())
            .stream("__attach_version1.0_#00000000/__substg1.0_37010102", data.to_vec())
            .stream("__attach_version1.0_#00000000/__substg1.0_3701000D", data.to_vec())
            .build(),
    };
    inspected(&bytes);
}

/// Reads a ZIP archive: the input, an Office package that contains it, or a damaged archive.
pub fn zip(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 4 {
        0 => drop(inspected(data)),
        1 => drop(inspected(&[b"PK\x03\x04", data].concat())),
        2 => drop(inspected(&word_package_with(data))),
        _ => drop(zip_of(&mut Unstructured::new(data)).is_ok()),
    }
}

fn word_package_with(data: &[u8]) -> Vec<u8> {
    Zip::new()
        .member("[Content_Types].xml", b"<Types/>".to_vec(), Method::Deflated)
        .member("docProps/custom.xml", data.to_vec(), Method::Deflated)
        .member("docMetadata/LabelInfo.xml", data.to_vec(), Method::Stored)
        .build()
}

fn zip_of(u: &mut Unstructured<'_>) -> Result<()> {
    let mut zip = Zip::new();
    for _ in 0..u.int_in_range(0..=3)? {
        let method = if u.arbitrary()? { Method::Stored } else { Method::Deflated };
        let member = if u.arbitrary()? { license() } else { u.arbitrary::<&[u8]>()?.to_vec() };
        zip = zip.member(u.arbitrary::<&str>()?, member, method);
    }
    let mut bytes = zip.comment(u.arbitrary::<&[u8]>()?).build();
    edit(&mut bytes, u)?;
    inspected(&bytes);
    Ok(())
}

/// Parses an estate file. A failure must name a mistake. No estate may turn a protected license into "none".
pub fn estate(data: &[u8]) {
    match Estate::from_toml(data) {
        Err(error) => assert!(!error.mistakes().is_empty()),
        Ok(estate) => {
            std::hint::black_box(estate.open_questions());
            let report = thorough().build().inspect_bytes(&license());
            for finding in report.findings() {
                let verdict = judge(finding.facts(), &estate);
                assert_ne!(verdict.dependency(), Dependency::None);
            }
        }
    }
}

/// Source that limits the length of each read.
pub struct Split<'a> {
    /// The bytes of the source.
    pub bytes: &'a [u8],
    /// The maximum length of a read.
    pub most: usize,
}

impl ReadAt for Split<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(self.most);
        self.bytes.read_at(offset, &mut buf[..len])
    }

    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }
}

/// Checks that the report does not depend on the length of reads or on earlier reads.
pub fn split(data: &[u8]) {
    let Some(([most, first, block], data)) = data.split_first_chunk() else { return };
    let expected = inspected(data);
    let mut other = thorough()
        .first_read(512 + usize::from(*first) * 64)
        .block(512 + usize::from(*block) * 64)
        .build();
    let source = Split { bytes: data, most: 1 + usize::from(*most) };
    let is_spent = |report: &Report| {
        let mut codes = report.findings().filter_map(|finding| finding.facts().error_code.as_ref());
        codes.any(|code| code.starts_with("limit-steps"))
    };
    let reports = [other.inspect(&source), other.inspect(&source), other.inspect_reader(data)];
    for report in reports {
        let report = report.expect("a source whose size is known");
        check(&report);
        if is_spent(&expected) || is_spent(&report) {
            // Each read costs steps, so a spent budget can end at another place. It hides no protection.
            let worst = [expected.worst(), report.worst()];
            assert!(!worst.contains(&Protection::Rms) || !worst.contains(&Protection::None));
        } else {
            assert_eq!(report, expected);
        }
    }
    let detections = [Some(other.detect_bytes(data)), other.detect_reader(data).ok()];
    for detection in detections.into_iter().flatten() {
        let is_clear = detection.protection() == Protection::None;
        assert!(!is_clear || expected.worst() == Protection::None, "{detection:?}");
    }
}

/// Edits a signed license. A changed BODY must never verify.
pub fn signature(data: &[u8]) {
    let _ = signature_of(&mut Unstructured::new(data));
}

fn signature_of(u: &mut Unstructured<'_>) -> Result<()> {
    let sound = signed(u.arbitrary()?).to_vec();
    let mut bytes = sound.clone();
    edit(&mut bytes, u)?;
    let mut limits = limits();
    // A check of one signature takes 20,000 steps.
    limits.steps_total = 32 << 20;
    let report = thorough().limits(limits).verify(true).build().inspect_bytes(&bytes);
    check(&report);
    // White space between tags is insignificant. Zeros are the high bytes of UTF-16.
    let body = |text: &[u8]| {
        let is_text = |byte: &u8| *byte != 0 && !byte.is_ascii_whitespace();
        let text: Vec<u8> = text.iter().copied().filter(is_text).collect();
        let start = find(&text, b"<BODY")?;
        let end = start + find(&text[start..], b"</BODY>")?;
        Some(text[start..end].to_vec())
    };
    let changed = body(&sound) != body(&bytes);
    for finding in report.findings() {
        if let Some(license) = &finding.facts().license
            && changed
            && license.license_sha256.is_some()
        {
            let sound = matches!(license.signature, Signature::Valid | Signature::Reflowed);
            assert!(!sound || license.chain_length > Some(1), "a changed BODY verifies");
        }
    }
    Ok(())
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

/// Differential oracle: builds the whole XML tree and looks values up by path.
pub mod tree {
    use quick_xml::Reader;
    use quick_xml::events::Event;
    use rmsight::Report;

    #[derive(Debug, Default)]
    struct Element {
        name: String,
        attributes: Vec<(String, String)>,
        text: String,
        children: Vec<Element>,
    }

    impl Element {
        fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Element> {
            self.children.iter().filter(move |child| child.name == name)
        }

        fn at(&self, path: &str) -> Option<&Element> {
            path.split('/').try_fold(self, |element, name| {
                element.children.iter().find(|child| child.name == name)
            })
        }

        fn attribute(&self, name: &str) -> Option<&str> {
            let mut all = self.attributes.iter();
            all.find(|(found, _)| found == name).map(|(_, value)| value.as_str())
        }
    }

    /// Returns the tree of one document, or `None` if it uses XML that no real license contains.
    fn parse(text: &[u8]) -> Option<Element> {
        let mut reader = Reader::from_str(std::str::from_utf8(text).ok()?);
        let mut open = vec![Element::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(tag) => open.push(element(&tag)?),
                Event::Empty(tag) => {
                    let element = element(&tag)?;
                    open.last_mut()?.children.push(element);
                }
                Event::End(_) => {
                    let done = open.pop()?;
                    open.last_mut()?.children.push(done);
                }
                Event::Text(text) => {
                    let text = text.trim();
                    let into = open.last_mut()?;
                    // No license contains split text or text around elements.
                    if !text.is_empty() && (!into.text.is_empty() || !into.children.is_empty()) {
                        return None;
                    }
                    into.text.push_str(text);
                }
                Event::Decl(_) => {}
                Event::Eof => break,
                _ => return None,
            }
        }
        if open.len() == 1 { open.pop() } else { None }
    }

    fn element(tag: &quick_xml::events::BytesStart<'_>) -> Option<Element> {
        let mut element = Element { name: tag.name().0.to_owned(), ..Element::default() };
        for attribute in tag.attributes() {
            let attribute = attribute.ok()?;
            let value = attribute.value.into_owned();
            element.attributes.push((attribute.key.0.to_owned(), value));
        }
        Some(element)
    }

    fn guid(text: &str) -> String {
        text.trim_start_matches('{').trim_end_matches('}').to_ascii_lowercase()
    }

    /// Returns the first difference between the library and the tree for a single sound license.
    pub fn difference(text: &[u8], report: &Report) -> Option<String> {
        let finding = report.findings().next()?;
        let facts = finding.facts();
        let license = facts.license.as_ref()?;
        if facts.error_code.is_some() || !facts.anomalies.is_empty() {
            return None;
        }
        let root = parse(text)?;
        let [document, ..] = root.children.as_slice() else { return None };
        let body = document.at("BODY")?;
        let point = |kind: &str| {
            body.all("DISTRIBUTIONPOINT").find_map(|point| {
                let object = point.at("OBJECT")?;
                (object.attribute("type")? == kind).then_some(())?;
                object.at("ADDRESS").map(|address| address.text.clone())
            })
        };
        let text = |path: &str| body.at(path).map(|element| element.text.clone());
        let id = |path: &str| text(path).map(|text| guid(&text));
        let principal = "ISSUEDPRINCIPALS/PRINCIPAL/OBJECT";
        // Only the address of a server is a URL.
        let is_server = body
            .at(principal)
            .is_some_and(|object| object.attribute("type") == Some("MS-DRM-Server"));
        let address = text(&format!("{principal}/ADDRESS")).filter(|_| is_server);
        let pairs = [
            ("slc_id", &license.slc_id, id(&format!("{principal}/ID"))),
            ("slc_name", &license.slc_name, text(&format!("{principal}/NAME"))),
            ("slc_address", &license.slc_address, address),
            ("content_id", &license.content_id, id("WORK/OBJECT/ID")),
            ("owner", &license.owner, text("WORK/METADATA/OWNER/OBJECT/NAME")),
            ("descriptor_id", &license.descriptor_id, id("DESCRIPTOR/OBJECT/ID")),
            ("intranet", &license.licensing_intranet, point("License-Acquisition-URL")),
            ("extranet", &license.licensing_extranet, point("Extranet-License-Acquisition-URL")),
        ];
        pairs.into_iter().find_map(|(name, ours, theirs)| {
            let theirs = theirs.filter(|text| !text.is_empty());
            // Values with entities or unusual spellings of GUIDs are not compared.
            let plain = theirs
                .iter()
                .chain(ours)
                .all(|text| !text.contains(['&', '{', '}']) && text.is_ascii());
            let same = ours.as_deref().map(str::to_ascii_lowercase)
                == theirs.as_deref().map(str::to_ascii_lowercase);
            (plain && !same).then(|| format!("{name}: {ours:?}, by the tree {theirs:?}"))
        })
    }
}
