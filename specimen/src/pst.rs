//! Outlook data files (MS-PST) in the Unicode format.
//!
//! The files contain only the structures that a reader of messages and attachments needs. Outlook cannot open
//! them, because the folder tables and the allocation maps are missing. Section numbers refer to MS-PST.

use crate::bytes::{put32, utf16};
use crate::mail::Attachment;

/// A message in a data file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PstMessage {
    subject: String,
    attachments: Vec<Attachment>,
    embedded: Vec<PstMessage>,
    use_license: Option<Vec<u8>>,
}

impl PstMessage {
    /// Creates a message without attachments. `subject` can be empty.
    pub fn new(subject: &str) -> PstMessage {
        PstMessage { subject: subject.into(), ..PstMessage::default() }
    }

    /// Adds an attachment.
    pub fn attachment(mut self, attachment: Attachment) -> PstMessage {
        self.attachments.push(attachment);
        self
    }

    /// Adds an embedded message.
    pub fn embedded(mut self, message: PstMessage) -> PstMessage {
        self.embedded.push(message);
        self
    }

    /// Sets the named property `DRMLicense` (MS-OXORMMS 2.2.3.1) to a compressed use license.
    pub fn use_license(mut self, compressed: Vec<u8>) -> PstMessage {
        self.use_license = Some(compressed);
        self
    }

    fn has_use_license(&self) -> bool {
        self.use_license.is_some() || self.embedded.iter().any(PstMessage::has_use_license)
    }
}

/// Builds a data file with one folder, which contains the messages.
pub fn pst(folder: &str, messages: &[PstMessage]) -> Vec<u8> {
    let mut file = PstWriter::default();
    file.bytes.resize(FIRST_BLOCK, 0);
    let record_key = [7; 16];
    let entry_id = [&[0; 4][..], &record_key, &VISIBLE_ROOT.to_le_bytes()].concat();
    let store = [
        PstProperty::binary(0x0FF9, record_key.to_vec()),
        PstProperty::text(0x3001, "Outlook data file"),
        PstProperty::binary(0x35E0, entry_id),
    ];
    file.object(STORE, 0, &store, &[]);
    file.object(ROOT_FOLDER, ROOT_FOLDER, &[PstProperty::text(0x3001, "")], &[]);
    let top = [PstProperty::text(0x3001, "Top of Outlook data file")];
    file.object(VISIBLE_ROOT, ROOT_FOLDER, &top, &[]);
    file.object(FOLDER, VISIBLE_ROOT, &[PstProperty::text(0x3001, folder)], &[]);
    if messages.iter().any(PstMessage::has_use_license) {
        file.names();
    }
    for message in messages {
        let id = file.next_id(MESSAGE);
        let (data, subnodes) = file.message(message);
        file.nodes.push(PstNode { id, data, subnodes, parent: FOLDER });
    }
    file.finish()
}

/// `NID_MESSAGE_STORE`, `NID_NAME_TO_ID_MAP`, `NID_ROOT_FOLDER` (2.4.1), and the ids of the top folder and
/// of the message folder.
const STORE: u32 = 0x21;
const NAMES: u32 = 0x61;
const ROOT_FOLDER: u32 = 0x122;
const VISIBLE_ROOT: u32 = 0x8022;
const FOLDER: u32 = 0x8082;
/// `nidType` (2.2.2.1).
const MESSAGE: u32 = 0x04;
const ATTACHMENT: u32 = 0x05;
const VALUE: u32 = 0x1F;
/// The offset of the first block. The header, the density list and the first allocation map precede it
/// (2.2.2).
const FIRST_BLOCK: usize = 0x4600;
/// The maximum data length of a block, and of a value in the heap of its property context.
const MAX_BLOCK: usize = 8176;
const MAX_HEAP_VALUE: usize = 3000;
/// The id of the named property `DRMLicense`.
const LICENSE: u16 = 0x8001;
/// `PtypInteger32`, `PtypObject`, `PtypString`, `PtypBinary`, `PtypMultipleBinary`.
const INTEGER: u16 = 0x03;
const OBJECT: u16 = 0x0D;
const STRING: u16 = 0x1F;
const BINARY: u16 = 0x0102;
const BINARIES: u16 = 0x1102;

struct PstProperty {
    id: u16,
    kind: u16,
    value: Vec<u8>,
    /// The id of the subnode that contains the value; 0 if the value is in the heap.
    node: u32,
}

impl PstProperty {
    fn new(id: u16, kind: u16, value: Vec<u8>) -> PstProperty {
        PstProperty { id, kind, value, node: 0 }
    }

    fn text(id: u16, text: &str) -> PstProperty {
        PstProperty::new(id, STRING, utf16(text))
    }

    fn binary(id: u16, bytes: Vec<u8>) -> PstProperty {
        PstProperty::new(id, BINARY, bytes)
    }

    fn integer(id: u16, number: u32) -> PstProperty {
        PstProperty::new(id, INTEGER, number.to_le_bytes().to_vec())
    }
}

#[derive(Clone, Copy)]
struct PstNode {
    id: u32,
    data: u64,
    subnodes: u64,
    parent: u32,
}

struct PstBlock {
    id: u64,
    at: usize,
    len: usize,
}

#[derive(Default)]
struct PstWriter {
    bytes: Vec<u8>,
    nodes: Vec<PstNode>,
    blocks: Vec<PstBlock>,
    ids: u32,
    pages: u64,
}

impl PstWriter {
    fn next_id(&mut self, kind: u32) -> u32 {
        self.ids += 1;
        (0x1_0000 + self.ids) << 5 | kind
    }

    /// Writes a data block or, if `internal`, a block of the node database (2.2.2.8). Returns its id.
    fn block(&mut self, data: &[u8], internal: bool) -> u64 {
        let id = (self.blocks.len() as u64 + 1) << 2 | u64::from(internal) << 1;
        let at = self.bytes.len();
        self.bytes.extend_from_slice(data);
        let whole = (data.len() + 16).next_multiple_of(64);
        self.bytes.resize(at + whole - 16, 0);
        self.bytes.extend_from_slice(&(data.len() as u16).to_le_bytes());
        self.bytes.extend_from_slice(&signature(at as u64, id).to_le_bytes());
        self.bytes.extend_from_slice(&crc(data).to_le_bytes());
        self.bytes.extend_from_slice(&id.to_le_bytes());
        self.blocks.push(PstBlock { id, at, len: data.len() });
        id
    }

    /// Writes data as one block, or as several blocks and an XBLOCK (2.2.2.8.3.2.1). Returns the id.
    fn data(&mut self, data: &[u8]) -> u64 {
        if data.len() <= MAX_BLOCK {
            return self.block(data, false);
        }
        let ids: Vec<u64> = data.chunks(MAX_BLOCK).map(|piece| self.block(piece, false)).collect();
        let mut tree = vec![1, 1];
        tree.extend_from_slice(&(ids.len() as u16).to_le_bytes());
        put32(&mut tree, data.len());
        ids.iter().for_each(|id| tree.extend_from_slice(&id.to_le_bytes()));
        self.block(&tree, true)
    }

    /// Writes an SLBLOCK (2.2.2.8.3.3.1), which lists subnodes. Returns its id; 0 without subnodes.
    fn subnode_block(&mut self, nodes: &[PstNode]) -> u64 {
        if nodes.is_empty() {
            return 0;
        }
        let mut sorted = nodes.to_vec();
        sorted.sort_by_key(|node| node.id);
        let mut tree = vec![2, 0];
        tree.extend_from_slice(&(nodes.len() as u16).to_le_bytes());
        put32(&mut tree, 0);
        for node in sorted {
            tree.extend_from_slice(&u64::from(node.id).to_le_bytes());
            tree.extend_from_slice(&node.data.to_le_bytes());
            tree.extend_from_slice(&node.subnodes.to_le_bytes());
        }
        self.block(&tree, true)
    }

    /// Adds a node with a property context.
    fn object(&mut self, id: u32, parent: u32, properties: &[PstProperty], subnodes: &[PstNode]) {
        let data = self.context(properties);
        let subnodes = self.subnode_block(subnodes);
        self.nodes.push(PstNode { id, data, subnodes, parent });
    }

    /// Adds the map of named properties (2.4.7): `Keywords` and `DRMLicense`.
    fn names(&mut self) {
        let (mut strings, mut entries) = (Vec::new(), Vec::new());
        for (index, name) in ["Keywords", "DRMLicense"].into_iter().enumerate() {
            // A name of the set PS_PUBLIC_STRINGS.
            put32(&mut entries, strings.len());
            entries.extend_from_slice(&[2 << 1 | 1, 0, index as u8, 0]);
            let name = utf16(name);
            put32(&mut strings, name.len());
            strings.extend_from_slice(&name);
            strings.resize(strings.len().next_multiple_of(4), 0);
        }
        let properties = [
            PstProperty::integer(1, 251),
            PstProperty::binary(2, Vec::new()),
            PstProperty::binary(3, entries),
            PstProperty::binary(4, strings),
        ];
        self.object(NAMES, 0, &properties, &[]);
    }

    /// Writes a property context (2.3.3) in a heap of one block. Returns the id of the block.
    fn context(&mut self, properties: &[PstProperty]) -> u64 {
        let mut allocations = vec![Vec::new(), Vec::new()];
        let mut sorted: Vec<&PstProperty> = properties.iter().collect();
        sorted.sort_by_key(|property| property.id);
        let mut records = Vec::new();
        for property in &sorted {
            records.extend_from_slice(&property.id.to_le_bytes());
            records.extend_from_slice(&property.kind.to_le_bytes());
            let value = match property.kind {
                INTEGER => u32::from_le_bytes(property.value[..4].try_into().expect("four")),
                _ if property.node != 0 => property.node,
                _ if property.value.is_empty() => 0,
                _ => {
                    allocations.push(property.value.clone());
                    (allocations.len() as u32) << 5
                }
            };
            records.extend_from_slice(&value.to_le_bytes());
        }
        let root: u32 = if records.is_empty() { 0 } else { 2 << 5 };
        allocations[0] = [&[0xB5, 2, 6, 0][..], &root.to_le_bytes()].concat();
        allocations[1] = records;
        let mut heap = vec![0, 0, 0xEC, 0xBC];
        put32(&mut heap, 1 << 5);
        put32(&mut heap, 0);
        let mut map = (allocations.len() as u16).to_le_bytes().to_vec();
        map.extend_from_slice(&[0, 0]);
        for allocation in &allocations {
            map.extend_from_slice(&(heap.len() as u16).to_le_bytes());
            heap.extend_from_slice(allocation);
        }
        map.extend_from_slice(&(heap.len() as u16).to_le_bytes());
        heap.resize(heap.len().next_multiple_of(2), 0);
        let at = (heap.len() as u16).to_le_bytes();
        heap[..2].copy_from_slice(&at);
        heap.extend_from_slice(&map);
        self.block(&heap, false)
    }

    /// Writes a message. Returns the ids of its data and of its subnodes.
    fn message(&mut self, message: &PstMessage) -> (u64, u64) {
        let mut subnodes = Vec::new();
        for attachment in &message.attachments {
            subnodes.push(self.attachment(attachment));
        }
        for embedded in &message.embedded {
            subnodes.push(self.embedded(embedded));
        }
        // PidTagSubject starts with U+0001 and the length of the prefix plus one (2.5.3.1.1.1).
        let subject = match message.subject.as_str() {
            "" => String::new(),
            subject => format!("\u{1}\u{1}{subject}"),
        };
        let mut properties =
            vec![PstProperty::text(0x001A, "IPM.Note"), PstProperty::text(0x0037, &subject)];
        if let Some(license) = &message.use_license {
            // Outlook stores two values (2.3.3.4.2): the license and the recipient.
            let mut values = Vec::new();
            for number in [2, 12, 12 + license.len()] {
                put32(&mut values, number);
            }
            values.extend_from_slice(license);
            values.extend_from_slice(&utf16("ada@contoso.com"));
            let mut property = PstProperty::new(LICENSE, BINARIES, values);
            if property.value.len() > MAX_HEAP_VALUE {
                let id = self.next_id(VALUE);
                let data = self.data(&property.value);
                subnodes.push(PstNode { id, data, subnodes: 0, parent: 0 });
                property.node = id;
            }
            properties.push(property);
        }
        (self.context(&properties), self.subnode_block(&subnodes))
    }

    fn attachment(&mut self, attachment: &Attachment) -> PstNode {
        let mut data = PstProperty::binary(0x3701, attachment.bytes.clone());
        let mut subnodes = Vec::new();
        if attachment.bytes.len() > MAX_HEAP_VALUE {
            let id = self.next_id(VALUE);
            subnodes.push(PstNode {
                id,
                data: self.data(&attachment.bytes),
                subnodes: 0,
                parent: 0,
            });
            data.node = id;
        }
        let properties =
            [PstProperty::text(0x3707, &attachment.name), PstProperty::integer(0x3705, 1), data];
        let id = self.next_id(ATTACHMENT);
        let data = self.context(&properties);
        PstNode { id, data, subnodes: self.subnode_block(&subnodes), parent: 0 }
    }

    fn embedded(&mut self, message: &PstMessage) -> PstNode {
        let (data, subnodes) = self.message(message);
        let inner = PstNode { id: self.next_id(MESSAGE), data, subnodes, parent: 0 };
        let object = [inner.id.to_le_bytes(), [0; 4]].concat();
        let properties =
            [PstProperty::new(0x3701, OBJECT, object), PstProperty::integer(0x3705, 5)];
        let id = self.next_id(ATTACHMENT);
        let data = self.context(&properties);
        PstNode { id, data, subnodes: self.subnode_block(&[inner]), parent: 0 }
    }

    /// Writes a tree of pages (2.2.2.7.7) for entries with their keys. Returns the `BREF` of the root.
    fn tree(&mut self, kind: u8, size: usize, entries: Vec<(u64, Vec<u8>)>) -> Vec<u8> {
        let (mut level, mut size, mut entries) = (0, size, entries);
        loop {
            let mut above = Vec::new();
            for entries in entries.chunks(488 / size) {
                let reference = self.page(kind, level, size, entries);
                above.push((entries[0].0, [&entries[0].0.to_le_bytes()[..], &reference].concat()));
            }
            if above.len() == 1 {
                return above[0].1[8..].to_vec();
            }
            (level, size, entries) = (level + 1, 24, above);
        }
    }

    /// Writes a page (2.2.2.7.7.1). Returns its `BREF`.
    fn page(&mut self, kind: u8, level: u8, size: usize, entries: &[(u64, Vec<u8>)]) -> Vec<u8> {
        self.bytes.resize(self.bytes.len().next_multiple_of(512), 0);
        let at = self.bytes.len();
        self.pages += 1;
        let mut page: Vec<u8> = entries.iter().flat_map(|(_, entry)| entry.clone()).collect();
        page.resize(488, 0);
        page.extend_from_slice(&[entries.len() as u8, (488 / size) as u8, size as u8, level]);
        put32(&mut page, 0);
        let sum = crc(&page);
        page.extend_from_slice(&[kind, kind]);
        page.extend_from_slice(&signature(at as u64, self.pages).to_le_bytes());
        page.extend_from_slice(&sum.to_le_bytes());
        page.extend_from_slice(&self.pages.to_le_bytes());
        self.bytes.extend_from_slice(&page);
        [self.pages.to_le_bytes(), (at as u64).to_le_bytes()].concat()
    }

    fn finish(mut self) -> Vec<u8> {
        self.nodes.sort_by_key(|node| node.id);
        let nodes = self.nodes.iter().map(|node| {
            let key = u64::from(node.id);
            let mut entry =
                [key.to_le_bytes(), node.data.to_le_bytes(), node.subnodes.to_le_bytes()].concat();
            entry.extend_from_slice(&u64::from(node.parent).to_le_bytes());
            (key, entry)
        });
        let nodes = nodes.collect();
        let mut blocks: Vec<(u64, Vec<u8>)> = self
            .blocks
            .iter()
            .map(|block| {
                let mut entry = [block.id.to_le_bytes(), (block.at as u64).to_le_bytes()].concat();
                entry.extend_from_slice(&(block.len as u16).to_le_bytes());
                entry.extend_from_slice(&[2, 0, 0, 0, 0, 0]);
                (block.id, entry)
            })
            .collect();
        blocks.sort_by_key(|(id, _)| *id);
        let node_root = self.tree(0x81, 32, nodes);
        let block_root = self.tree(0x80, 24, blocks);
        let header = self.header(&node_root, &block_root);
        self.bytes[..header.len()].copy_from_slice(&header);
        self.bytes
    }

    /// Returns HEADER (2.2.2.6).
    fn header(&self, node_root: &[u8], block_root: &[u8]) -> Vec<u8> {
        let end = (self.bytes.len() as u64).to_le_bytes();
        let root = [&[0; 4][..], &end, &[0; 24], node_root, block_root, &[2, 0, 0, 0]].concat();
        let next_page = (self.pages + 1).to_le_bytes();
        let next_block = ((self.blocks.len() as u64 + 1) << 2).to_le_bytes();
        let mut fields = b"SM".to_vec();
        fields.extend_from_slice(&[23, 0, 19, 0, 1, 1]);
        fields.extend_from_slice(&[0; 16]);
        fields.extend_from_slice(&next_page);
        fields.extend_from_slice(&[0; 4 + 128 + 8]);
        fields.extend_from_slice(&root);
        fields.extend_from_slice(&[0; 4]);
        fields.extend_from_slice(&[0xFF; 256]);
        // bSentinel, bCryptMethod: no encoding of the data.
        fields.extend_from_slice(&[0x80, 0, 0, 0]);
        fields.extend_from_slice(&next_block);
        let mut header = b"!BDN".to_vec();
        header.extend_from_slice(&crc(&fields[..471]).to_le_bytes());
        header.extend_from_slice(&fields);
        header.extend_from_slice(&crc(&fields).to_le_bytes());
        header.resize(564, 0);
        header
    }
}

/// Returns the signature of a block or page (5.5).
fn signature(at: u64, id: u64) -> u16 {
    let value = (at ^ id) as u32;
    (value >> 16) as u16 ^ value as u16
}

/// Returns the CRC (5.3): the CRC-32 of ZIP with initial value 0 and without inversion.
fn crc(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |sum: u32, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| {
            if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 }
        })
    })
}
