//! MAPI properties of an attachment in TNEF (MS-OXTNEF 2.1.3.4).

use crate::bytes::{Cursor, to_usize, utf8_lossy, utf16_lossy};
use crate::code::ErrorCode;
use crate::container::recognizer::Recognizer;
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Ahead, Extent, Window};

/// `PidTagAttachDataBinary` and `PidTagAttachDataObject`, MS-OXPROPS 2.580 and 2.581.
const ATTACH_DATA: u16 = 0x3701;
/// `PidTagAttachMethod`, MS-OXPROPS 2.592. Values from 2 to 4 mean a link to a file.
const ATTACH_METHOD: u16 = 0x3705;
const INTEGER: u16 = 0x0003;
const LINKS: [u32; 3] = [2, 3, 4];
/// `PidTagAttachLongFilename`, MS-OXPROPS 2.586.
const ATTACH_LONG_FILENAME: u16 = 0x3707;

/// Property types, MS-OXCDATA 2.11.1.
const STRING_8: u16 = 0x001E;
const STRING: u16 = 0x001F;
const OBJECT: u16 = 0x000D;
const BINARY: u16 = 0x0102;
/// Bit of a type whose values are lists.
const MULTIPLE: u16 = 0x1000;
/// First id of named properties, whose name follows the id.
const FIRST_NAMED: u16 = 0x8000;
/// The interface identifier before the bytes of an object.
const INTERFACE: u64 = 16;
/// Minimum number of bytes of a protected file.
const LEAST: u64 = 512;
/// Maximum number of kept values of other properties.
const MAX_OTHERS: usize = 16;
/// Bytes of a name that are read.
const MAX_NAME: u64 = 1024;

/// Description of an attachment by its properties.
#[derive(Debug, Default)]
pub(super) struct Attached {
    pub(super) name: Option<String>,
    pub(super) data: Option<Extent>,
    /// Values of other properties that begin a known format. Their id may be damaged.
    pub(super) others: Vec<Extent>,
    /// Whether the attachment is a link to a file.
    pub(super) is_link: bool,
}

/// Returns whether the bytes at `extent` begin a known format.
pub(super) fn is_worth_opening(
    window: &mut Window<'_>,
    extent: Extent,
    recognizer: Recognizer,
) -> Result<bool> {
    Ok(recognizer.is_known(window.head_of_extent(extent)?))
}

/// Reads the `MsgPropertyList` in `list`.
pub(super) fn attached(
    window: &mut Window<'_>,
    list: Extent,
    recognizer: Recognizer,
) -> Result<Attached> {
    let mut found = Attached::default();
    let mut walk = PropertyCursor { offset: list.offset, end: list.end() };
    let count = walk.u32(window, "MsgPropertyCount")?;
    for _ in 0..count {
        window.meter().charge(Limit::Steps, 1)?;
        let tag = walk.u32(window, "MsgPropertyTag")?;
        let [low, high, id_low, id_high] = tag.to_le_bytes();
        let kind = u16::from_le_bytes([low, high]);
        let id = u16::from_le_bytes([id_low, id_high]);
        if id >= FIRST_NAMED {
            walk.named(window)?;
        }
        for value in walk.values(window, kind)? {
            match (id, kind) {
                (ATTACH_DATA, BINARY) => found.data = Some(value),
                (ATTACH_DATA, OBJECT) => {
                    let skip = value.len.min(INTERFACE);
                    found.data = Some(Extent {
                        offset: value.offset.saturating_add(skip),
                        len: value.len.saturating_sub(skip),
                    });
                }
                (ATTACH_LONG_FILENAME, STRING | STRING_8) => {
                    found.name = Some(text(window, value, kind)?);
                }
                (ATTACH_METHOD, INTEGER) => {
                    let bytes = window.read("MsgPropertyValue", value.offset, 4, Ahead::Block)?;
                    let method = Cursor::new("MsgPropertyValue", bytes, value.offset);
                    found.is_link = LINKS.contains(&{ method }.u32_le("PidTagAttachMethod")?);
                }
                _ if value.len >= LEAST && found.others.len() < MAX_OTHERS => {
                    let head = window.up_to(value.offset, to_usize(LEAST).unwrap_or_default())?;
                    let inner = head.get(to_usize(INTERFACE).unwrap_or_default()..);
                    if recognizer.is_firmly_known(head) {
                        found.others.push(value);
                    } else if inner.is_some_and(|inner| recognizer.is_firmly_known(inner)) {
                        let offset = value.offset.saturating_add(INTERFACE);
                        let len = value.len.saturating_sub(INTERFACE);
                        found.others.push(Extent { offset, len });
                    }
                }
                _ => {}
            }
        }
    }
    if walk.offset < walk.end {
        let detail = format!(
            "its values end {} bytes before it does",
            list.end().saturating_sub(walk.offset)
        );
        return Err(Error::malformed(
            ErrorCode::MalformedTnef,
            "MsgPropertyList",
            walk.offset,
            detail,
        ));
    }
    Ok(found)
}

fn text(window: &mut Window<'_>, value: Extent, kind: u16) -> Result<String> {
    let len = to_usize(value.len.min(MAX_NAME)).unwrap_or_default();
    let bytes = window.read("MsgPropertyValue", value.offset, len, Ahead::Block)?;
    let text = match kind {
        STRING => utf16_lossy(bytes),
        _ => utf8_lossy(bytes).into_owned(),
    };
    Ok(text.trim_end_matches('\0').to_owned())
}

/// Maximum number of returned values of a property. Further values are skipped.
const MAX_VALUES: usize = 1;

/// Position in a property list.
struct PropertyCursor {
    offset: u64,
    end: u64,
}

impl PropertyCursor {
    fn u32(&mut self, window: &mut Window<'_>, field: &'static str) -> Result<u32> {
        let offset = self.skip(4, field)?;
        let bytes = window.read("MsgPropertyList", offset, 4, Ahead::Block)?;
        Cursor::new("MsgPropertyList", bytes, offset).u32_le(field)
    }

    /// Advances by `len` bytes. Returns the offset at which they begin.
    fn skip(&mut self, len: u64, field: &'static str) -> Result<u64> {
        let offset = self.offset;
        match offset.checked_add(len).filter(|end| *end <= self.end) {
            Some(end) => {
                self.offset = end;
                Ok(offset)
            }
            None => {
                let detail = format!("{field} takes {len} bytes, and the list ends before");
                Err(Error::truncated("MsgPropertyList", offset, detail))
            }
        }
    }

    /// Skips the name of a named property.
    fn named(&mut self, window: &mut Window<'_>) -> Result<()> {
        self.skip(16, "NamedPropSpec")?;
        if self.u32(window, "NamedPropType")? == 0 {
            self.skip(4, "PropID")?;
            return Ok(());
        }
        let len = u64::from(self.u32(window, "NameLength")?);
        self.skip(padded(len), "PropNameList").map(drop)
    }

    /// Skips the values of a property of type `kind`. Returns the extents of values of variable
    /// size.
    fn values(&mut self, window: &mut Window<'_>, kind: u16) -> Result<Vec<Extent>> {
        let single = kind & !MULTIPLE;
        let varies = matches!(single, STRING_8 | STRING | OBJECT | BINARY);
        let counted = varies || kind & MULTIPLE != 0;
        let count = if counted { self.u32(window, "ValueCount")? } else { 1 };
        let mut found = Vec::new();
        for _ in 0..count {
            window.meter().charge(Limit::Steps, 1)?;
            let Some(fixed) = fixed_size(single).filter(|_| !varies) else {
                if !varies {
                    let detail = format!("a property has the type {kind:#06x}");
                    let structure = "MsgPropertyList";
                    return Err(Error::malformed(
                        ErrorCode::MalformedTnef,
                        structure,
                        self.offset,
                        detail,
                    ));
                }
                let len = u64::from(self.u32(window, "ValueSize")?);
                let offset = self.skip(padded(len), "MsgPropertyValue")?;
                if found.len() < MAX_VALUES {
                    found.push(Extent { offset, len });
                }
                continue;
            };
            let offset = self.skip(fixed, "MsgPropertyValue")?;
            if found.len() < MAX_VALUES {
                found.push(Extent { offset, len: fixed });
            }
        }
        Ok(found)
    }
}

/// Returns `len` padded to four bytes.
fn padded(len: u64) -> u64 {
    len.checked_next_multiple_of(4).unwrap_or(u64::MAX)
}

/// Returns the padded size of a type of fixed size.
fn fixed_size(kind: u16) -> Option<u64> {
    Some(match kind {
        // Integers of 16 and 32 bits, single floats, errors, Booleans.
        0x0002 | 0x0003 | 0x0004 | 0x000A | 0x000B => 4,
        // Doubles, currencies, times and integers of 64 bits.
        0x0005 | 0x0006 | 0x0007 | 0x0014 | 0x0040 => 8,
        0x0048 => 16,
        // Types without a value.
        0x0000 | 0x0001 => 0,
        _ => return None,
    })
}
