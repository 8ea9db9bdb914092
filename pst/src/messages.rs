//! Traversal of all attachments and use licenses of all messages in a data file.
//!
//! It reads messages from the node tree, not from the tables of folders. The tree contains each
//! message once, including messages that damaged folders and search folders do not list.

use std::collections::HashMap;
use std::io;
use std::rc::Rc;

use outlook_pst::PstReader as Source;
use rmsight::{PstAttachment, PstItem};

use super::heap::{OBJECT, Properties, Value, u16_at, u32_at};
use super::protocol::{LastSeek, PIECE, STEPS};
use super::store::{DataBlock, Node, NodeStore, is_absent, open};

/// `nidType`: a message, a message associated with a folder, an attachment; MS-PST 2.2.2.1.
const MESSAGE: u8 = 0x04;
const ASSOCIATED: u8 = 0x08;
const ATTACHMENT: u8 = 0x05;
/// `NID_MESSAGE_STORE`, `NID_NAME_TO_ID_MAP`, `NID_ROOT_FOLDER`, 2.4.1.
const STORE: u32 = 0x21;
const NAMES: u32 = 0x61;
const ROOT_FOLDER: u32 = 0x122;
/// PidTagIpmSubTreeEntryId: the root folder of the visible mailbox. Its node id is at the end.
const VISIBLE_ROOT: u16 = 0x35E0;
const ENTRY_ID_NODE: usize = 20;
/// PidTagSubject; PidTagDisplayName.
const SUBJECT: u16 = 0x0037;
const DISPLAY_NAME: u16 = 0x3001;
/// PidTagAttachLongFilename, PidTagAttachFilename, PidTagDisplayName.
const FILE_NAMES: [u16; 3] = [0x3707, 0x3704, DISPLAY_NAME];
/// PidTagAttachDataBinary and PidTagAttachDataObject: they differ in their types.
const DATA: u16 = 0x3701;
/// PidTagAttachMethod, and its values for attachments with data; MS-OXCMSG 2.2.2.9.
const METHOD: u16 = 0x3705;
const BY_VALUE: u32 = 1;
const MESSAGE_OBJECT: u32 = 5;
const OTHER_OBJECT: u32 = 6;
/// PidTagNameidStreamEntry, PidTagNameidStreamString: the names of named properties, 2.4.7.
const NAME_ENTRIES: u16 = 0x0003;
const NAME_STRINGS: u16 = 0x0004;
/// `PidNameRightsManagementLicense` (MS-OXPROPS 2.474), and its type, `PtypMultipleBinary`.
const LICENSE_NAME: &str = "DRMLicense";
const BINARIES: u16 = 0x1102;
/// The first id of a named property.
const FIRST_NAMED: u16 = 0x8000;
/// Maximum size of the names of properties, and of a use license, in bytes.
const LARGEST_VALUE: u64 = 1 << 24;
/// Maximum size of a property context, in bytes.
const LARGEST_CONTEXT: u64 = 1 << 24;
/// Maximum depth of folders.
const FOLDERS: usize = 32;
/// Number of cached folder paths: up to about 13 MB.
const REMEMBERED: usize = 1 << 10;
/// Maximum number of characters of a folder name.
const FOLDER_NAME: usize = 100;

pub(super) struct MessageWalk {
    store: Box<dyn NodeStore>,
    last_seek: LastSeek,
    visible_root: u32,
    /// The id of the property with use licenses in this file, if there is one.
    license: Option<u16>,
    folders: HashMap<u32, Rc<[String]>>,
    /// The stack of items to visit; the last one is the next one.
    waiting: Vec<PendingItem>,
    /// Data blocks of the current attachment or use license.
    current: Vec<DataBlock>,
    /// Its bytes, if they are part of its properties.
    inline: Vec<u8>,
    /// Cache of the last block.
    block: Option<(u64, Rc<[u8]>)>,
}

/// Location of a message or an attachment.
#[derive(Clone)]
struct ItemLocation {
    message: Rc<[String]>,
    embedded: Rc<[String]>,
}

enum PendingItem {
    Message {
        node: Node,
        location: Option<ItemLocation>,
    },
    Attachment {
        node: Node,
        location: ItemLocation,
        siblings: Rc<[Node]>,
    },
    UseLicense {
        value: Value,
        location: ItemLocation,
        below: Rc<[Node]>,
    },
    /// Damage that was found before the first message.
    Unread(PstItem),
}

impl MessageWalk {
    pub(super) fn open(
        source: &dyn Fn() -> Box<dyn Source>,
        last_seek: LastSeek,
    ) -> io::Result<MessageWalk> {
        let mut walk = MessageWalk {
            store: open(source, &last_seek)?,
            last_seek,
            visible_root: 0,
            license: None,
            folders: HashMap::new(),
            waiting: Vec::new(),
            current: Vec::new(),
            inline: Vec::new(),
            block: None,
        };
        walk.visible_root = walk.visible_root().unwrap_or_default();
        walk.last_seek.forget();
        match walk.license_property() {
            Ok(id) => walk.license = id,
            Err(error) => {
                let item = walk.unread("names of properties", &error);
                walk.waiting.push(PendingItem::Unread(item));
            }
        }
        Ok(walk)
    }

    /// Returns the id of the property [`LICENSE_NAME`] in this file.
    fn license_property(&mut self) -> io::Result<Option<u16>> {
        let node = match self.store.node(NAMES) {
            Err(error) if is_absent(&error) => return Ok(None),
            node => node?,
        };
        let properties = self.properties(&node)?;
        let below = self.below(&node)?;
        let mut streams = Vec::new();
        for property in [NAME_STRINGS, NAME_ENTRIES] {
            let Some((_, value)) = properties.value(property)? else { return Ok(None) };
            streams.push(self.whole(value, &below)?);
        }
        let (Some(entries), Some(strings)) = (streams.pop(), streams.pop()) else {
            return Ok(None);
        };
        Ok(property_id(&strings, &entries, LICENSE_NAME))
    }

    fn below(&mut self, node: &Node) -> io::Result<Rc<[Node]>> {
        node.below.map_or(Ok(Rc::new([])), |block| self.store.below(block).map(Rc::from))
    }

    /// Reads a whole value, which must be small.
    fn whole(&mut self, value: Value, below: &[Node]) -> io::Result<Vec<u8>> {
        let id = match value {
            Value::Here(bytes) => return Ok(bytes),
            Value::Node(id) => id,
        };
        let node = below.iter().find(|node| node.id == id);
        let node = node.ok_or_else(|| io::Error::other("a value is not there"))?;
        let data_blocks = self.store.data_blocks(node.data)?;
        if data_blocks.iter().fold(0, |sum: u64, piece| sum + piece.len) > LARGEST_VALUE {
            return Err(io::Error::other("a value is too large"));
        }
        let blocks = data_blocks.iter().map(|piece| self.store.bytes(piece.block));
        Ok(blocks.collect::<io::Result<Vec<_>>>()?.concat())
    }

    fn visible_root(&mut self) -> Option<u32> {
        let store = self.store.node(STORE).ok()?;
        let properties = self.properties(&store).ok()?;
        let (_, Value::Here(entry_id)) = properties.value(VISIBLE_ROOT).ok().flatten()? else {
            return None;
        };
        u32_at(&entry_id, ENTRY_ID_NODE)
    }

    /// Advances to the next attachment. A damaged item is removed before it is reported, so that
    /// the next call continues with another one.
    pub(super) fn next(&mut self) -> Option<PstItem> {
        self.current.clear();
        self.inline.clear();
        loop {
            self.last_seek.forget();
            let item = match self.waiting.pop() {
                Some(PendingItem::Unread(item)) => Some(item),
                Some(PendingItem::UseLicense { value, location, below }) => {
                    Some(self.use_license(value, location, &below))
                }
                Some(PendingItem::Message { node, location }) => self.message(&node, location),
                Some(PendingItem::Attachment { node, location, siblings }) => {
                    self.attachment(&node, &location, &siblings)
                }
                None => match self.store.next_nodes()? {
                    Ok(nodes) => {
                        let messages =
                            nodes.into_iter().filter(|n| matches!(n.kind(), MESSAGE | ASSOCIATED));
                        // A message without subnodes does not have attachments, but may have a use
                        // license.
                        let is_wanted =
                            |node: &Node| self.license.is_some() || node.below.is_some();
                        let messages = messages.filter(is_wanted);
                        let waiting =
                            messages.map(|node| PendingItem::Message { node, location: None });
                        self.waiting.extend(waiting);
                        self.waiting.reverse();
                        continue;
                    }
                    Err(error) => Some(self.unread("node tree", &error)),
                },
            };
            if item.is_some() {
                return item;
            }
        }
    }

    fn properties(&mut self, node: &Node) -> io::Result<Properties> {
        let data_blocks = self.store.data_blocks(node.data)?;
        if data_blocks.iter().fold(0, |sum: u64, piece| sum + piece.len) > LARGEST_CONTEXT {
            return Err(io::Error::other("a property context is too large"));
        }
        let blocks = data_blocks.iter().map(|piece| self.store.bytes(piece.block));
        Properties::new(blocks.collect::<io::Result<_>>()?)
    }

    /// Pushes the attachments of a message, and its use license.
    fn message(&mut self, node: &Node, location: Option<ItemLocation>) -> Option<PstItem> {
        let siblings = match self.below(node) {
            Ok(below) => below,
            Err(error) => return Some(self.unread(&format!("message {:#X}", node.id), &error)),
        };
        let license = self.license.map(|id| self.properties(node)?.value(id)).transpose();
        let (license, error) = match license {
            Ok(license) => (license.flatten().filter(|(kind, _)| *kind == BINARIES), None),
            Err(error) => (None, Some(self.unread(&format!("message {:#X}", node.id), &error))),
        };
        if license.is_none() && !siblings.iter().any(|node| node.kind() == ATTACHMENT) {
            return error;
        }
        let location = location.unwrap_or_else(|| self.location(node));
        if let Some((_, value)) = license {
            let (location, below) = (location.clone(), Rc::clone(&siblings));
            self.waiting.push(PendingItem::UseLicense { value, location, below });
        }
        for node in siblings.iter().rev().filter(|node| node.kind() == ATTACHMENT) {
            let (location, siblings) = (location.clone(), Rc::clone(&siblings));
            self.waiting.push(PendingItem::Attachment { node: *node, location, siblings });
        }
        error
    }

    /// The first value of the property is the license; MS-OXORMMS 2.2.3.1.
    fn use_license(&mut self, value: Value, location: ItemLocation, below: &[Node]) -> PstItem {
        let read = self.whole(value, below).and_then(|bytes| {
            first_value(&bytes).ok_or_else(|| io::Error::other("its values are not there"))
        });
        match read {
            Ok(license) => {
                self.inline = license;
                PstItem::UseLicense(self.attached(&location, None))
            }
            Err(error) => {
                let path = location.message.join("/");
                self.unread(&format!("the use license of {path}"), &error)
            }
        }
    }

    /// Returns the folders of a message and its subject.
    fn location(&mut self, node: &Node) -> ItemLocation {
        let subject = self.properties(node).ok().and_then(|found| found.text(SUBJECT));
        let subject = subject.unwrap_or_else(|| format!("message#{}", node.id >> 5));
        let folder = self.folder(node.parent);
        let message = folder.iter().cloned().chain([subject]).collect();
        ItemLocation { message, embedded: Rc::new([]) }
    }

    /// Returns the names of the folders down to a folder.
    fn folder(&mut self, id: u32) -> Rc<[String]> {
        if let Some(known) = self.folders.get(&id) {
            return Rc::clone(known);
        }
        let mut names = Vec::new();
        let mut at = id;
        while at != 0 && at != ROOT_FOLDER && at != self.visible_root && names.len() < FOLDERS {
            let Ok(node) = self.store.node(at) else { break };
            let name = self.properties(&node).ok().and_then(|found| found.text(DISPLAY_NAME));
            let name = name.map(|name| name.chars().take(FOLDER_NAME).collect());
            names.push(name.unwrap_or_else(|| format!("folder#{}", at >> 5)));
            // The root is its own parent.
            at = if node.parent == at { 0 } else { node.parent };
        }
        names.reverse();
        if self.folders.len() > REMEMBERED {
            self.folders.clear();
        }
        let names: Rc<[String]> = names.into();
        self.folders.insert(id, Rc::clone(&names));
        names
    }

    /// Returns an attachment. Returns `None` if it is a message, and pushes that.
    fn attachment(
        &mut self,
        node: &Node,
        location: &ItemLocation,
        siblings: &[Node],
    ) -> Option<PstItem> {
        let read = self.try_attachment(node, location, siblings);
        read.unwrap_or_else(|error| {
            let path = location.message.join("/");
            Some(self.unread(&format!("an attachment of {path}"), &error))
        })
    }

    fn try_attachment(
        &mut self,
        node: &Node,
        location: &ItemLocation,
        siblings: &[Node],
    ) -> io::Result<Option<PstItem>> {
        let properties = self.properties(node)?;
        let name = FILE_NAMES.iter().find_map(|property| properties.text(*property));
        let Some((kind, value)) = properties.value(DATA)? else {
            // A reference does not have data.
            return match properties.number(METHOD) {
                Some(BY_VALUE | MESSAGE_OBJECT | OTHER_OBJECT) => {
                    Err(io::Error::other("it has no data"))
                }
                _ => Ok(None),
            };
        };
        let id = match (kind, value) {
            (OBJECT, Value::Here(object)) => u32_at(&object, 0).unwrap_or_default(),
            (_, Value::Node(id)) => id,
            (_, Value::Here(bytes)) => {
                self.inline = bytes;
                return Ok(Some(self.item(location, name)));
            }
        };
        let below = self.below(node)?;
        let found = below.iter().chain(siblings).find(|node| node.id == id).copied();
        let found = found.ok_or_else(|| io::Error::other("its data is not there"))?;
        if kind == OBJECT && matches!(found.kind(), MESSAGE | ASSOCIATED) {
            if location.embedded.len() >= STEPS {
                return Err(io::Error::other("messages in messages lie too deep"));
            }
            let subject = self.properties(&found).ok().and_then(|found| found.text(SUBJECT));
            let step = name.or(subject).unwrap_or_else(|| format!("message#{}", found.id >> 5));
            let embedded = location.embedded.iter().cloned().chain([step]).collect();
            let location = ItemLocation { message: Rc::clone(&location.message), embedded };
            self.waiting.push(PendingItem::Message { node: found, location: Some(location) });
            return Ok(None);
        }
        self.current = self.store.data_blocks(found.data)?;
        Ok(Some(self.item(location, name)))
    }

    fn item(&self, location: &ItemLocation, name: Option<String>) -> PstItem {
        PstItem::Attachment(self.attached(location, name))
    }

    fn attached(&self, location: &ItemLocation, name: Option<String>) -> PstAttachment {
        let inline = u64::try_from(self.inline.len()).unwrap_or(u64::MAX);
        PstAttachment {
            message: location.message.to_vec(),
            embedded: location.embedded.to_vec(),
            name,
            size: self.current.iter().fold(inline, |sum, piece| sum + piece.len),
        }
    }

    fn unread(&self, what: &str, error: &io::Error) -> PstItem {
        PstItem::Unread(self.last_seek.damage(format!("{what}: {error}")))
    }

    /// Reads the current attachment: up to the end of the block that contains `offset`, or more.
    pub(super) fn read_at(&mut self, offset: u64, len: u32) -> io::Result<Vec<u8>> {
        self.last_seek.forget();
        let most = usize::try_from(len).unwrap_or(PIECE).min(PIECE);
        if self.current.is_empty() {
            let at = usize::try_from(offset).unwrap_or(usize::MAX);
            let rest = self.inline.get(at..).unwrap_or_default();
            return Ok(rest.get(..most).unwrap_or(rest).to_vec());
        }
        let mut bytes = Vec::new();
        let mut start = 0_u64;
        for index in 0..self.current.len() {
            let Some(piece) = self.current.get(index).copied() else { break };
            let end = start + piece.len;
            let at = offset + u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            if at < end {
                let block = self.block(piece)?;
                let skip = usize::try_from(at - start).unwrap_or(usize::MAX);
                let rest = block.get(skip..).unwrap_or_default();
                bytes.extend_from_slice(rest.get(..most - bytes.len()).unwrap_or(rest));
                if bytes.len() >= most {
                    break;
                }
            }
            start = end;
        }
        Ok(bytes)
    }

    fn block(&mut self, piece: DataBlock) -> io::Result<Rc<[u8]>> {
        if let Some((id, bytes)) = &self.block
            && *id == piece.block
        {
            return Ok(Rc::clone(bytes));
        }
        let bytes: Rc<[u8]> = self.store.bytes(piece.block)?.into();
        if u64::try_from(bytes.len()).ok() != Some(piece.len) {
            return Err(io::Error::other("a block has not the size that its tree says"));
        }
        self.block = Some((piece.block, Rc::clone(&bytes)));
        Ok(bytes)
    }
}

/// Returns the id of the property with this name, from the streams of 2.4.7.1 to 2.4.7.3.
fn property_id(strings: &[u8], entries: &[u8], name: &str) -> Option<u16> {
    let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let last_seek = [&u32::try_from(name.len()).ok()?.to_le_bytes()[..], &name].concat();
    let at = strings.windows(last_seek.len()).position(|window| window == last_seek)?;
    entries.chunks_exact(8).find_map(|entry| {
        // dwPropertyID; wGuid with the flag N for a name; wPropIdx.
        let is_it = u32_at(entry, 0) == u32::try_from(at).ok() && u16_at(entry, 4)? & 1 == 1;
        if is_it { FIRST_NAMED.checked_add(u16_at(entry, 6)?) } else { None }
    })
}

/// Returns the first value of a multi-valued property, 2.3.3.4.2: a count, the offsets of the
/// values, the values.
fn first_value(bytes: &[u8]) -> Option<Vec<u8>> {
    let at = |location: usize| usize::try_from(u32_at(bytes, location)?).ok();
    let end = if at(0)? > 1 { at(8)? } else { bytes.len() };
    Some(bytes.get(at(4)?..end)?.to_vec())
}
