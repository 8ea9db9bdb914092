//! `winmail.dat`, Outlook's envelope around attachments (MS-OXTNEF).

use super::properties::{self, Attached};
use crate::bytes::{Cursor, narrow, utf8_lossy, wide};
use crate::container::{Anomaly, Body, Container, Member, Name, Sink};
use crate::error::{Error, Result};
use crate::limits::Limit;
use crate::source::{Extent, Window};

/// `TNEFSignature`, MS-OXTNEF 2.1.3.1.
const SIGNATURE: u32 = 0x223E_9F78;
/// Signature and `LegacyKey`.
const HEADER: u64 = 6;
/// `attrLevel`, `attrID`, `attrLength`.
const ATTRIBUTE: u64 = 9;
/// The checksum behind the data.
const CHECKSUM: u64 = 2;

/// 2.1.3.2: what belongs to an attachment.
const LEVEL_ATTACHMENT: u8 = 2;
/// `idAttachRendData`: a new attachment begins.
const ATTACH_REND_DATA: u32 = 0x0006_9002;
/// `idAttachTitle`: its name.
const ATTACH_TITLE: u32 = 0x0001_8010;
/// `idAttachData`: its bytes.
const ATTACH_DATA: u32 = 0x0006_800F;
/// `idAttachment`: its MAPI properties.
const ATTACHMENT: u32 = 0x0006_9005;

/// What writers put first, 2.1.3.3.1: `attTnefVersion`, four bytes. It tells a stream whose signature is
/// damaged.
const VERSION: &[u8] = &[1, 6, 0x90, 8, 0, 4, 0, 0, 0];

/// Attachments that are named before the first of them is read.
const BATCH: usize = 16;
/// Bytes of the smallest protected file there can be.
const SMALLEST: u64 = 2048;
/// Bytes of a name that are read.
const MAX_NAME: u64 = 1024;

pub(crate) fn matches(head: &[u8]) -> bool {
    let first = head.get(narrow(HEADER).unwrap_or_default()..);
    head.starts_with(&SIGNATURE.to_le_bytes())
        || first.is_some_and(|first| first.starts_with(VERSION))
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Tnef);
    go_on(window, sink, HEADER, Attachment::default())
}

/// What is known of the attachment at hand.
#[derive(Debug, Default)]
struct Attachment {
    title: Option<String>,
    data: Option<Extent>,
    properties: Attached,
}

/// Reads the attributes from `position` on.
fn go_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut position: u64,
    mut attachment: Attachment,
) -> Result<()> {
    let mut named: usize = 0;
    loop {
        window.meter().charge(Limit::Steps, 1)?;
        let left = window.up_to(position, narrow(ATTRIBUTE).unwrap_or_default())?.len();
        let is_end = wide(left) < ATTRIBUTE;
        if is_end && left > 0 {
            sink.anomaly(Anomaly::TrailingData, Some(position));
        }
        let attribute = if is_end { None } else { Some(attribute(window, position)?) };
        let begins = attribute.as_ref().is_none_or(|(_, id, _)| *id == ATTACH_REND_DATA);
        if begins {
            named = named.saturating_add(attachment.name(window, sink)?);
            attachment = Attachment::default();
        }
        let Some((level, id, data)) = attribute else {
            return Ok(());
        };
        if level == LEVEL_ATTACHMENT {
            match id {
                ATTACH_TITLE => attachment.title = Some(title(window, data)?),
                ATTACH_DATA => attachment.data = Some(data),
                ATTACHMENT => attachment.properties = properties::attached(window, data)?,
                // A metafile, an icon; or the bytes, if the id is damaged.
                _ if data.len >= SMALLEST && properties::is_worth_opening(window, data)? => {
                    attachment.data.get_or_insert(data);
                }
                _ => {}
            }
        }
        position = data.end().saturating_add(CHECKSUM);
        if begins && named >= BATCH {
            sink.rest(Box::new(move |window, sink| go_on(window, sink, position, attachment)));
            return Ok(());
        }
    }
}

/// Level, id and data of the attribute at `offset`.
fn attribute(window: &mut Window<'_>, offset: u64) -> Result<(u8, u32, Extent)> {
    let structure = "TNEF attribute";
    let bytes = window.block(structure, offset, narrow(ATTRIBUTE).unwrap_or_default())?;
    let mut cursor = Cursor::new(structure, bytes, offset);
    let level = cursor.u8("attrLevel")?;
    let id = cursor.u32_le("attrID")?;
    let len = u64::from(cursor.u32_le("attrLength")?);
    if !matches!(level, 1 | 2) {
        let detail = format!("attrLevel is {level}, not 1 or 2");
        return Err(Error::malformed("malformed-tnef", structure, offset, detail));
    }
    let data = Extent { offset: offset.saturating_add(ATTRIBUTE), len };
    // A source of unknown size is asked for the last byte.
    let last = data.end().saturating_sub(1);
    if len > 0 && window.up_to(last, 1)?.is_empty() {
        let detail = format!("attrLength is {len}, and the stream ends before");
        return Err(Error::truncated(structure, offset, detail));
    }
    Ok((level, id, data))
}

fn title(window: &mut Window<'_>, data: Extent) -> Result<String> {
    let len = narrow(data.len.min(MAX_NAME)).unwrap_or_default();
    let bytes = window.block("attAttachTitle", data.offset, len)?;
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    Ok(utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned())
}

impl Attachment {
    /// Puts the attachment before the sink; how many members it has.
    fn name(&mut self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<usize> {
        let title = self.properties.name.take().or(self.title.take());
        let title = title.filter(|title| !title.is_empty());
        let mut named: usize = 0;
        // Both may carry bytes; nothing says that they are the same.
        for extent in [self.data, self.properties.data].into_iter().flatten() {
            if !properties::is_worth_opening(window, extent)? {
                continue;
            }
            let name = title.clone().map_or(Name::Unnamed("attachment"), Name::Named);
            sink.member(Member { name, body: Body::Stored(vec![extent]) })?;
            named = named.saturating_add(1);
        }
        Ok(named)
    }
}
