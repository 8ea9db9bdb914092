//! Property contexts (MS-PST 2.3.3): the few properties that describe an attachment.
//!
//! `outlook-pst` reads only whole objects, and fails if any property of a message is damaged. This
//! module reads the needed properties from the blocks that it decodes.

use std::io;

/// `bSig` and `bClientSig` of a heap that is a property context, 2.3.1.2.
const HEAP: [u8; 2] = [0xEC, 0xBC];
/// `bType`, `cbKey`, `cbEnt` of its tree, 2.3.2.1 and 2.3.3.3.
const TREE: [u8; 3] = [0xB5, 2, 6];
/// Maximum number of levels of a tree. Its keys have 16 bits, so that two levels suffice.
const LEVELS: u8 = 4;
/// `PtypInteger32`, `PtypString8`, `PtypString`, `PtypObject`; MS-OXCDATA 2.11.1.
const INTEGER: u16 = 0x0003;
const STRING8: u16 = 0x001E;
const STRING: u16 = 0x001F;
pub(super) const OBJECT: u16 = 0x000D;

/// The decoded blocks of a node that is a property context.
pub(super) struct Properties {
    blocks: Vec<Vec<u8>>,
    /// Records of the tree: `wPropId`, `wPropType`, `dwValueHnid`.
    records: Vec<(u16, u16, u32)>,
}

/// Value of a property.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// The bytes of the value.
    Here(Vec<u8>),
    /// The id of the subnode that contains the value.
    Node(u32),
}

fn damaged(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("property context: {what}"))
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_le_bytes(bytes.try_into().ok()?))
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(bytes.try_into().ok()?))
}

impl Properties {
    pub(super) fn new(blocks: Vec<Vec<u8>>) -> io::Result<Properties> {
        let mut properties = Properties { blocks, records: Vec::new() };
        properties.records = properties.read().ok_or_else(|| damaged("its tree is broken"))?;
        Ok(properties)
    }

    fn read(&self) -> Option<Vec<(u16, u16, u32)>> {
        let header = self.blocks.first()?;
        if header.get(2..4)? != HEAP {
            return None;
        }
        let tree = self.allocation(u32_at(header, 4)?)?;
        let levels = tree.get(3).filter(|levels| **levels <= LEVELS)?;
        if tree.get(..3)? != TREE {
            return None;
        }
        let root = u32_at(tree, 4)?;
        // An empty tree does not have a root.
        let mut ids = if root == 0 { Vec::new() } else { vec![root] };
        for _ in 0..*levels {
            let mut below = Vec::new();
            for id in ids {
                let entries = self.allocation(id)?.chunks_exact(6);
                below.extend(entries.filter_map(|entry| u32_at(entry, 2)));
            }
            // There cannot be more ids than keys.
            ids = below.into_iter().take(1 << 16).collect();
        }
        let mut records = Vec::new();
        for id in ids {
            for entry in self.allocation(id)?.chunks_exact(8) {
                records.push((u16_at(entry, 0)?, u16_at(entry, 2)?, u32_at(entry, 4)?));
            }
        }
        Some(records)
    }

    /// Returns the allocation of a `HID`, 2.3.1.1: five bits of type, eleven bits of a 1-based
    /// index, and a block.
    fn allocation(&self, id: u32) -> Option<&[u8]> {
        let (index, block) = ((id >> 5) & 0x7FF, id >> 16);
        let block = self.blocks.get(usize::try_from(block).ok()?)?;
        // HNPAGEMAP, 2.3.1.5: cAlloc, cFree, and the offsets, with an additional one at the end.
        let map = usize::from(u16_at(block, 0)?);
        if id & 0x1F != 0 || index == 0 || index > u32::from(u16_at(block, map)?) {
            return None;
        }
        let at = map.checked_add(2)?.checked_add(usize::try_from(index).ok()?.checked_mul(2)?)?;
        let (start, end) = (u16_at(block, at)?, u16_at(block, at.checked_add(2)?)?);
        block.get(usize::from(start)..usize::from(end))
    }

    fn record(&self, property: u16) -> Option<(u16, u32)> {
        let found = self.records.iter().find(|(id, ..)| *id == property)?;
        Some((found.1, found.2))
    }

    /// Returns the type and value of a property of variable size.
    pub(super) fn value(&self, property: u16) -> io::Result<Option<(u16, Value)>> {
        let Some((kind, id)) = self.record(property) else { return Ok(None) };
        let value = match id {
            0 => Value::Here(Vec::new()),
            // An HNID with type zero is a HID, otherwise a subnode.
            _ if id & 0x1F == 0 => {
                let bytes = self.allocation(id).ok_or_else(|| damaged("a value is missing"))?;
                Value::Here(bytes.to_vec())
            }
            _ => Value::Node(id),
        };
        Ok(Some((kind, value)))
    }

    /// Returns the value of a numeric property.
    pub(super) fn number(&self, property: u16) -> Option<u32> {
        self.record(property).filter(|(kind, _)| *kind == INTEGER).map(|(_, value)| value)
    }

    /// Returns the value of a text property of moderate length.
    pub(super) fn text(&self, property: u16) -> Option<String> {
        let (kind, Value::Here(bytes)) = self.value(property).ok().flatten()? else { return None };
        let text = match kind {
            STRING => {
                let units = bytes.chunks_exact(2).filter_map(|pair| u16_at(pair, 0));
                let units: Vec<u16> = units.collect();
                String::from_utf16_lossy(&units)
            }
            STRING8 => String::from_utf8_lossy(&bytes).into_owned(),
            _ => return None,
        };
        let mut text = text.trim_matches('\0');
        // PidTagSubject begins with the length of its prefix ("Re: "), 2.5.3.1.1.1.
        let mut chars = text.chars();
        if chars.next() == Some('\u{1}') && chars.next().is_some() {
            text = chars.as_str();
        }
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }
}
