//! Outlook items (MS-OXMSG): their attachments, and those of messages embedded in them.

use std::collections::BTreeSet;

use crate::bytes::{Cursor, to_u64, utf8_lossy, utf16_lossy};
use crate::code::ErrorCode;
use crate::container::compound::{self, CompoundFile, DirectoryEntry, EntryKind};
use crate::container::name::{Name, is_named_protected, not_as_named};
use crate::container::sink::{Body, Member, Sink, WAITING, report_damage};
use crate::container::{embedded_object, label, xrml_file};
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::{Limit, Meter};
use crate::source::{Encoding, HEAD, Window, decode_all, head_of};

/// The stream of fixed-size properties, MS-OXMSG 2.4.
const PROPERTIES: &str = "__properties_version1.0";
/// The storage of an attachment, 2.2.2; a number in hexadecimal follows.
const ATTACHMENT: &str = "__attach_version1.0_#";
/// The storage of the names of named properties, 2.2.3.
const NAMES: &str = "__nameid_version1.0";
/// Its streams: `Entry` and `String`, 2.2.3.1.2 and 2.2.3.1.3.
const NAME_ENTRIES: &str = "__substg1.0_00030102";
const NAME_STRINGS: &str = "__substg1.0_00040102";

/// `PidTagAttachDataBinary`, MS-OXPROPS 2.580.
const DATA: &str = "__substg1.0_37010102";
/// `PidTagAttachDataObject`: a message, or an object of some program.
const OBJECT: &str = "__substg1.0_3701000D";
/// `PidTagAttachLongFilename`, `PidTagAttachFilename`, `PidTagDisplayName`; Unicode first.
const FILE_NAMES: [(&str, TextCoding); 6] = [
    ("__substg1.0_3707001F", TextCoding::Utf16),
    ("__substg1.0_3707001E", TextCoding::Ansi),
    ("__substg1.0_3704001F", TextCoding::Utf16),
    ("__substg1.0_3704001E", TextCoding::Ansi),
    ("__substg1.0_3001001F", TextCoding::Utf16),
    ("__substg1.0_3001001E", TextCoding::Ansi),
];

/// `PidNameRightsManagementLicense`, MS-OXPROPS 2.474, after the length of its UTF-16 in bytes.
const LICENSE_NAME: &str = "DRMLicense";
/// The mail header with sensitivity labels: Outlook keeps headers that it does not know as
/// properties of PS_INTERNET_HEADERS with their names.
const LABELS_NAME: &str = "msip_labels";
/// The first id of a named property, MS-OXMSG 2.2.3.1.2.
const FIRST_NAMED: u16 = 0x8000;

/// The tag of `PidTagAttachDataBinary` in the stream of properties of an attachment, which has a
/// header and properties of these lengths (2.4.1.3, 2.4.2).
const DATA_TAG: u32 = 0x3701_0102;
const PROPERTIES_HEADER: usize = 8;
const PROPERTY_LEN: usize = 16;
/// The types of properties (MS-OXCDATA 2.11.1), and the bit that makes a list of one.
const PROPERTY_TYPES: [u16; 18] = [
    0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0007, 0x000A, 0x000B, 0x000D, 0x0014, 0x001E, 0x001F,
    0x0040, 0x0048, 0x00FB, 0x00FD, 0x00FE, 0x0102,
];
const MULTIPLE: u16 = 0x1000;
/// Bytes of the smallest sector of a compound file.
const SECTOR: usize = 512;
/// Bytes of that stream that are read.
const MAX_PROPERTIES: u64 = 4096;

/// Bytes of a name, of the streams of names, and of the value with labels, that are read.
const MAX_NAME: u64 = 1024;
const MAX_LABELS: u64 = 1 << 16;
const MAX_NAMES: u64 = 1 << 20;
/// First bytes of a protected message (MS-OXORMMS 2.2.4). At another offset of an attachment they
/// show that bytes were inserted or lost.
const RPMSG: &[u8] = b"\x76\xE8\x04\x60\xC4\x11\xE3\x86";
/// Prefix of the names of all storages and streams of an item (MS-OXMSG 2.2).
const PREFIXES: [&str; 5] =
    [PROPERTIES, ATTACHMENT, "__nameid_version1.0", "__recip_version1.0_#", "__substg1.0_"];
/// Minimum number of bytes of a protected message or license.
const LEAST: u64 = 512;
/// Bytes by which it is recognized.
const LOST_HEAD: u64 = 256;
/// Minimum number of bytes of a protected file.
const SMALLEST: u64 = 2048;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextCoding {
    Utf16,
    Ansi,
}

impl TextCoding {
    fn text(self, bytes: &[u8]) -> String {
        match self {
            TextCoding::Utf16 => utf16_lossy(bytes),
            TextCoding::Ansi => utf8_lossy(bytes).into_owned(),
        }
    }
}

/// Message to be searched, and the steps of its path.
struct EmbeddedMessage {
    storage: DirectoryEntry,
    steps: Vec<String>,
}

/// Reads an Outlook item. Returns false if the file is not an Outlook item.
pub(crate) fn read(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<bool> {
    let root = file.root();
    if file.child(window, &root, PROPERTIES)?.is_none() && !is_item(file, window)? {
        return Ok(false);
    }
    sink.container(Container::Msg);
    if !file.is_whole_sectors(window) {
        let detail = "the file does not end with a sector: bytes were inserted or removed";
        sink.incomplete(Error::malformed(ErrorCode::MalformedFat, "compound file", None, detail));
    }
    let mut looked_at = BTreeSet::new();
    let mut messages = vec![EmbeddedMessage { storage: root, steps: Vec::new() }];
    let mut property = None;
    // A use license can be the only sign of protection, at any depth.
    let read = NamedProperties::read(file, window, &root);
    if let Some(names) = report_damage(sink, read)?.flatten() {
        property = names.id(LICENSE_NAME);
        if let Some(id) = names.id(LABELS_NAME).filter(|_| sink.options().labels) {
            let read = labels(file, window, sink, &root, id);
            report_damage(sink, read)?;
        }
    }
    while let Some(message) = messages.pop() {
        if let Some(id) = property {
            let read = use_license(file, window, sink, &message.storage, id, &mut looked_at);
            report_damage(sink, read)?;
        }
        let mut children = file.children(&message.storage);
        while let Some(child) = children.next(file, window)? {
            if child.kind == EntryKind::Storage && child.name_starts_with(ATTACHMENT) {
                let read = attachment(file, window, sink, &message, &child, &mut looked_at);
                messages.extend(report_damage(sink, read)?.flatten());
            }
        }
    }
    lost(file, window, sink, &looked_at)?;
    sink.protection(Protection::None);
    Ok(true)
}

/// Returns whether any entry of the directory has a name of an item, in any storage. The names at
/// the root may be damaged.
fn is_item(file: &mut CompoundFile, window: &mut Window<'_>) -> Result<bool> {
    let mut entries = file.entries();
    while let Some(entry) = entries.next(file, window)? {
        if PREFIXES.iter().any(|prefix| entry.name_starts_with(prefix)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The first sector of each stream, and the offset of its entry.
type StreamStarts = Vec<((u32, bool), u64)>;

/// Examines the streams that were not read as attachments. A damaged name or a damaged tree of
/// siblings may hide an attachment.
fn lost(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    looked_at: &BTreeSet<u32>,
) -> Result<()> {
    let mut starts = StreamStarts::new();
    let examined = examine_streams(file, window, sink, looked_at, &mut starts);
    report_shared(sink, starts);
    examined
}

fn examine_streams(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    looked_at: &BTreeSet<u32>,
    starts: &mut StreamStarts,
) -> Result<()> {
    let mut entries = file.entries();
    while let Some(entry) = entries.next(file, window)? {
        if entry.kind != EntryKind::Stream || entry.size == 0 {
            continue;
        }
        window.meter().charge(Limit::Allocation, 16)?;
        starts.push((entry.first_sector(), entry.offset));
        if entry.size < LEAST || looked_at.contains(&entry.id) {
            continue;
        }
        let head = file.read(window, &entry, LOST_HEAD);
        let Some(head) = report_damage(sink, head)? else { continue };
        if embedded_object::is_native(&entry, &head) {
            let read = embedded_object::native(file, window, sink, &entry);
            report_damage(sink, read)?;
            continue;
        }
        if !sink.recognizer().is_firmly_known(&head) {
            if is_use_license(&head) {
                sink.anomaly(Anomaly::NonSpecLayout, Some(entry.offset));
                let read = take_use_license(file, window, sink, &entry);
                report_damage(sink, read)?;
                continue;
            }
            if memchr::memmem::find(&head, RPMSG).is_some() {
                sink.incomplete(not_as_named());
            }
            continue;
        }
        sink.anomaly(Anomaly::NonSpecLayout, Some(entry.offset));
        window.meter().charge(Limit::Allocation, WAITING)?;
        let extents = file.extents(window, &entry);
        let Some(extents) = report_damage(sink, extents)? else { continue };
        let name = Name::Numbered("stream", u64::from(entry.id));
        sink.member(Member { name, body: Body::Stored(extents) })?;
    }
    Ok(())
}

/// Reports the first stream that begins at the sector of a stream with a lower offset.
fn report_shared(sink: &mut dyn Sink, mut starts: StreamStarts) {
    starts.sort_unstable();
    let shared = starts.windows(2).filter_map(|pair| match pair {
        [(one, _), (other, offset)] if one == other => Some(*offset),
        _ => None,
    });
    if let Some(offset) = shared.min() {
        let detail = "two streams begin at the same sector";
        let structure = "directory entry";
        let code = ErrorCode::MalformedDirectory;
        sink.incomplete(Error::malformed(code, structure, offset, detail));
    }
}

/// Streams of an attachment.
#[derive(Default)]
struct AttachmentStreams {
    data: Option<DirectoryEntry>,
    object: Option<DirectoryEntry>,
    names: [Option<DirectoryEntry>; FILE_NAMES.len()],
    /// Properties of fixed size.
    properties: Option<DirectoryEntry>,
    /// The largest other stream, which contains the data if its name is damaged.
    largest: Option<DirectoryEntry>,
}

/// Reports an attachment, or returns the message that it contains.
fn attachment(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    message: &EmbeddedMessage,
    storage: &DirectoryEntry,
    looked_at: &mut BTreeSet<u32>,
) -> Result<Option<EmbeddedMessage>> {
    let streams = streams(file, window, storage)?;
    // An attachment that is a reference has small streams and no data.
    let largest = streams.largest.filter(|largest| largest.size >= SMALLEST);
    let other = largest.filter(|_| streams.object.is_none());
    if let Some(data) = streams.data.or(other) {
        let head = file.read(window, &data, to_u64(HEAD))?;
        window.meter().charge(Limit::Allocation, 16)?;
        looked_at.insert(data.id);
        let recognizer = sink.recognizer();
        let is_known = recognizer.is_known(&head);
        let mut is_opened = is_known;
        if !is_known {
            let name = file_name(file, window, &streams)?;
            is_opened =
                name.as_ref().is_some_and(|name| recognizer.is_worth_opening(name.as_bytes(), b""));
            // Programs do not attach empty files without a name.
            let is_odd = name.map_or(head.is_empty(), |name| is_named_protected(&name));
            if is_odd || contains_beginning(&head) {
                sink.incomplete(not_as_named());
            }
            // A damaged start sector changes the bytes and the length of the chain.
            file.check_chain(window, &data)?;
            if streams.data.is_some() {
                check_properties(file, window, &data, streams.properties)?;
            }
        }
        if is_opened {
            window.meter().charge(Limit::Allocation, WAITING)?;
            let name = match file_name(file, window, &streams)? {
                Some(name) => Name::Named(name),
                None => Name::Unnamed("attachment"),
            };
            let body = Body::Stored(file.extents(window, &data)?);
            // Each attachment stores the names of the enclosing messages.
            let names = message.steps.iter().map(String::len).fold(0, usize::saturating_add);
            window.meter().charge(Limit::Allocation, to_u64(names))?;
            sink.member(Member { name: within(message, name), body })?;
        }
    }
    let Some(object) = streams.object else { return Ok(None) };
    window.meter().charge(Limit::Allocation, WAITING)?;
    // Any other object is a document. The data spaces of all documents in the file were searched
    // already.
    if file.child(window, &object, PROPERTIES)?.is_some() {
        let name = file_name(file, window, &streams)?;
        let depth = to_u64(message.steps.len()).saturating_add(1);
        window.meter().check(Limit::Nesting, depth)?;
        let names = message.steps.iter().map(String::len).fold(0, usize::saturating_add);
        window.meter().charge(Limit::Allocation, to_u64(names))?;
        let mut steps = message.steps.clone();
        steps.push(name.unwrap_or_else(|| format!("message#{}", storage.id)));
        return Ok(Some(EmbeddedMessage { storage: object, steps }));
    }
    Ok(None)
}

/// Returns whether a head of no known format contains the beginning of a protected message, or at
/// the beginning of a sector that of a compound file. Its bytes or sectors are then misplaced.
fn contains_beginning(head: &[u8]) -> bool {
    let mut sectors = head.chunks(SECTOR).skip(1);
    memchr::memmem::find(head, RPMSG).is_some() || sectors.any(compound::begins)
}

/// Checks that the properties of an attachment agree with its data (MS-OXMSG 2.4.2.2): that they
/// are properties at all, and that the size of the data, if they name it, is that of the stream.
/// The bytes of the stream are of no known format, and may be those of another one: sectors may be
/// missing or swapped, or the stream's size or first sector in the directory damaged.
fn check_properties(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    data: &DirectoryEntry,
    properties: Option<DirectoryEntry>,
) -> Result<()> {
    let Some(stream) = properties else { return Ok(()) };
    let malformed = |detail: String| {
        Err(Error::malformed(ErrorCode::MalformedDirectory, "stream", stream.offset, detail))
    };
    let header = to_u64(PROPERTIES_HEADER);
    let listed = stream.size.checked_sub(header);
    if listed.is_none_or(|len| len.checked_rem(to_u64(PROPERTY_LEN)) != Some(0)) {
        return malformed(format!("{} bytes are no whole properties", stream.size));
    }
    let bytes = file.read(window, &stream, MAX_PROPERTIES)?;
    let properties = bytes.get(PROPERTIES_HEADER..).unwrap_or_default();
    for property in properties.chunks_exact(PROPERTY_LEN) {
        let mut cursor = Cursor::new("property", property, stream.offset);
        let tag = cursor.u32_le("Property Tag")?;
        cursor.skip(4, "Flags")?;
        let size = cursor.u32_le("Size")?;
        if !is_property_tag(tag) {
            return malformed(format!("an attachment has a property {tag:08X}"));
        }
        if tag == DATA_TAG && u64::from(size) != data.size {
            let has = data.size;
            return malformed(format!("the attachment has {has} bytes, its properties say {size}"));
        }
    }
    Ok(())
}

/// Returns whether a tag has an id and a type (MS-OXCDATA 2.11.1).
fn is_property_tag(tag: u32) -> bool {
    let [low, high, id_low, id_high] = tag.to_le_bytes();
    let kind = u16::from_le_bytes([low, high]) & !MULTIPLE;
    u16::from_le_bytes([id_low, id_high]) != 0 && PROPERTY_TYPES.contains(&kind)
}

fn within(message: &EmbeddedMessage, name: Name) -> Name {
    match message.steps.is_empty() {
        true => name,
        false => Name::Within(message.steps.clone(), Box::new(name)),
    }
}

fn streams(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    storage: &DirectoryEntry,
) -> Result<AttachmentStreams> {
    let mut streams = AttachmentStreams::default();
    let mut children = file.children(storage);
    while let Some(child) = children.next(file, window)? {
        if child.kind == EntryKind::Stream && child.is_named(DATA) {
            streams.data = Some(child);
        } else if child.kind == EntryKind::Storage && child.is_named(OBJECT) {
            streams.object = Some(child);
        } else if child.kind == EntryKind::Stream {
            for (slot, (name, _)) in streams.names.iter_mut().zip(FILE_NAMES) {
                if child.is_named(name) {
                    *slot = Some(child);
                }
            }
            if child.is_named(PROPERTIES) {
                streams.properties = Some(child);
            }
            if streams.largest.is_none_or(|largest| largest.size < child.size) {
                streams.largest = Some(child);
            }
        }
    }
    Ok(streams)
}

fn file_name(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    streams: &AttachmentStreams,
) -> Result<Option<String>> {
    for (entry, (_, coding)) in streams.names.iter().zip(FILE_NAMES) {
        let Some(entry) = entry else { continue };
        let bytes = file.read(window, entry, MAX_NAME)?;
        let name = coding.text(&bytes);
        let name = name.trim_matches('\0').trim();
        if !name.is_empty() {
            return Ok(Some(name.to_owned()));
        }
    }
    Ok(None)
}

/// Reads the use license that a client has cached in a message (MS-OXORMMS 2.2.3.1): zlib around
/// the `<certificatechain>`. `id` is that of the property, the same for embedded messages.
fn use_license(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    message: &DirectoryEntry,
    id: u16,
    looked_at: &mut BTreeSet<u32>,
) -> Result<()> {
    // The values of a PtypMultipleBinary, MS-OXMSG 2.1.4.2; only the first one is a license.
    let name = format!("__substg1.0_{id:04X}1102-00000000");
    let Some(value) = file.child(window, message, &name)? else { return Ok(()) };
    looked_at.insert(value.id);
    take_use_license(file, window, sink, &value)
}

fn take_use_license(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    value: &DirectoryEntry,
) -> Result<()> {
    let max = window.meter().allowed(Limit::LicenseBytes);
    window.meter().check(Limit::LicenseBytes, value.size)?;
    let packed = file.read(window, value, max)?;
    sink.use_license(&inflated_use_license(&packed, window.meter())?)
}

/// Inflates the first value of `DRMLicense`.
pub(super) fn inflated_use_license(packed: &[u8], meter: &Meter) -> Result<Vec<u8>> {
    let max = meter.allowed(Limit::LicenseBytes);
    decode_all(Encoding::Zlib, packed, max).map_err(|error| match error.kind() {
        ErrorKind::Limit => Limit::LicenseBytes.error(max),
        _ => error,
    })
}

/// Returns whether `head` begins a use license, whose stream or property may have a damaged name.
fn is_use_license(head: &[u8]) -> bool {
    let text = if head.starts_with(&[0x78]) { head_of(Encoding::Zlib, head) } else { None };
    text.is_some_and(|text| {
        xrml_file::matches(&text) || memchr::memmem::find(&text, b"<certificatechain").is_some()
    })
}

/// Reads the label in the mail header of the item.
fn labels(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    root: &DirectoryEntry,
    id: u16,
) -> Result<()> {
    for (kind, coding) in [("001F", TextCoding::Utf16), ("001E", TextCoding::Ansi)] {
        let name = format!("__substg1.0_{id:04X}{kind}");
        let Some(value) = file.child(window, root, &name)? else { continue };
        let bytes = file.read(window, &value, MAX_LABELS)?;
        if let Some(found) = label::mail_header(&coding.text(&bytes)) {
            sink.label(found);
        }
    }
    Ok(())
}

/// Names of the properties of an item, MS-OXMSG 2.2.3.
struct NamedProperties {
    entries: Vec<u8>,
    strings: Vec<u8>,
}

impl NamedProperties {
    fn read(
        file: &mut CompoundFile,
        window: &mut Window<'_>,
        root: &DirectoryEntry,
    ) -> Result<Option<NamedProperties>> {
        let Some(names) = file.child(window, root, NAMES)? else { return Ok(None) };
        let Some(strings) = file.child(window, &names, NAME_STRINGS)? else { return Ok(None) };
        let strings = file.read(window, &strings, MAX_NAMES)?;
        if string_offset(&strings, LICENSE_NAME).or(string_offset(&strings, LABELS_NAME)).is_none()
        {
            return Ok(None);
        }
        let Some(entries) = file.child(window, &names, NAME_ENTRIES)? else { return Ok(None) };
        let entries = file.read(window, &entries, MAX_NAMES)?;
        Ok(Some(NamedProperties { entries, strings }))
    }

    /// Returns the id of the property of this name.
    fn id(&self, name: &str) -> Option<u16> {
        let offset = string_offset(&self.strings, name)?;
        self.entries.chunks_exact(8).find_map(|entry| {
            let mut cursor = Cursor::new("name entry", entry, 0);
            let name = cursor.u32_le("Name Identifier").ok()?;
            let index_and_kind = cursor.u16_le("GUID Index and Kind").ok()?;
            let index = cursor.u16_le("Property Index").ok()?;
            let is_it = u64::from(name) == offset && index_and_kind & 1 == 1;
            if is_it { FIRST_NAMED.checked_add(index) } else { None }
        })
    }
}

/// Returns the offset of the length of a string in the stream of strings.
fn string_offset(strings: &[u8], name: &str) -> Option<u64> {
    let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let len = u32::try_from(units.len()).ok()?;
    let sought = [len.to_le_bytes().as_slice(), &units].concat();
    memchr::memmem::find(strings, &sought).map(to_u64)
}
