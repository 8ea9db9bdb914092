//! `winmail.dat`, the envelope of Outlook around attachments (MS-OXTNEF).

use super::properties::{self, Attached};
use crate::bytes::{Cursor, to_u64, to_usize, utf8_lossy};
use crate::code::ErrorCode;
use crate::container::name::{Name, is_named_protected, not_as_named};
use crate::container::sink::{Body, Member, Sink, report_damage};
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container};
use crate::limits::Limit;
use crate::source::{Ahead, Extent, Window};

/// `TNEFSignature`, MS-OXTNEF 2.1.3.1.
const SIGNATURE: u32 = 0x223E_9F78;
/// Signature and `LegacyKey`.
const HEADER: u64 = 6;
/// `attrLevel`, `attrID`, `attrLength`.
const ATTRIBUTE: u64 = 9;
/// Bytes of the checksum after the data.
const CHECKSUM: u64 = 2;

/// `attrLevel` of attributes of the message, and of those of an attachment, 2.1.3.2.
const LEVEL_MESSAGE: u8 = 1;
const LEVEL_ATTACHMENT: u8 = 2;
/// The lower half of `attrID`, which tells attributes apart; the upper half is their type.
///
/// `idAttachRendData`: a new attachment begins.
const ATTACH_REND_DATA: u16 = 0x9002;
/// `idAttachTitle`: its name.
const ATTACH_TITLE: u16 = 0x8010;
/// `idAttachData`: its bytes.
const ATTACH_DATA: u16 = 0x800F;
/// `idAttachment`: its MAPI properties.
const ATTACHMENT: u16 = 0x9005;
/// Other attributes of an attachment: transport file name, metafile, dates.
const OF_ATTACHMENT: [u16; 4] = [0x9001, 0x8011, 0x8012, 0x8013];
/// Attributes of the message: its class, sender, dates, text, properties, recipients.
const OF_MESSAGE: [u16; 25] = [
    0x0000, 0x0001, 0x0002, 0x0006, 0x0007, 0x0008, 0x0009, 0x0600, 0x8000, 0x8001, 0x8004, 0x8005,
    0x8006, 0x8007, 0x8008, 0x8009, 0x800A, 0x800B, 0x800C, 0x800D, 0x8020, 0x9003, 0x9004, 0x9006,
    0x9007,
];

/// `attTnefVersion`, four bytes, which writers store first (2.1.3.3.1). It identifies a stream
/// whose signature is damaged.
const VERSION: &[u8] = &[1, 6, 0x90, 8, 0, 4, 0, 0, 0];

/// Attachments that are reported before the first of them is read.
const BATCH: usize = 16;
/// Bytes of data that are summed up at once.
const PIECE: u64 = 65_536;
/// Bytes of a name that are read.
const MAX_NAME: u64 = 1024;

/// Returns whether `head` begins with the signature, undamaged.
pub(crate) fn begins(head: &[u8]) -> bool {
    head.starts_with(&SIGNATURE.to_le_bytes())
}

pub(crate) fn matches(head: &[u8]) -> bool {
    let first = head.get(to_usize(HEADER).unwrap_or_default()..);
    begins(head) || first.is_some_and(|first| first.starts_with(VERSION))
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Tnef);
    // Some writers store zero instead of the checksum in every attribute.
    let first = window.up_to(HEADER, to_usize(ATTRIBUTE).unwrap_or_default())?.len();
    let has_checksums = match to_u64(first) < ATTRIBUTE {
        true => true,
        false => {
            let end = Attribute::read(window, HEADER)?.data.end();
            window.up_to(end, to_usize(CHECKSUM).unwrap_or_default())? != [0, 0]
        }
    };
    read_on(window, sink, HEADER, Attachment { has_checksums, ..Attachment::default() })
}

/// State of the current attachment.
#[derive(Debug, Default)]
struct Attachment {
    /// Whether the writer of the stream sums up attributes.
    has_checksums: bool,
    /// Whether `idAttachRendData` was read.
    is_begun: bool,
    title: Option<String>,
    data: Option<Extent>,
    properties: Attached,
    /// Whether its properties could not be read.
    is_unread: bool,
}

/// An attribute, MS-OXTNEF 2.1.3.2.
struct Attribute {
    level: u8,
    /// The lower half of `attrID`.
    id: u16,
    data: Extent,
}

/// Reads the attributes from `position` on.
///
/// Damage to an attribute whose length is intact leaves the stream `undecided`, and its data is
/// inspected nevertheless.
fn read_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut position: u64,
    mut attachment: Attachment,
) -> Result<()> {
    let mut named: usize = 0;
    loop {
        window.meter().charge(Limit::Steps, 1)?;
        let left = window.up_to(position, to_usize(ATTRIBUTE).unwrap_or_default())?;
        let is_end = to_u64(left.len()) < ATTRIBUTE;
        if is_end && !left.is_empty() {
            // Mail programs append a line break.
            if left.iter().any(|byte| *byte != 0 && !byte.is_ascii_whitespace()) {
                let detail = "the stream ends in the header of an attribute";
                sink.incomplete(Error::truncated("TNEF attribute", position, detail));
            }
            sink.anomaly(Anomaly::TrailingData, Some(position));
        }
        let attribute = if is_end { None } else { Some(Attribute::read(window, position)?) };
        let begins = attribute.as_ref().is_none_or(|it| it.id == ATTACH_REND_DATA);
        if begins {
            named = named.saturating_add(attachment.name(window, sink)?);
            let has_checksums = attachment.has_checksums;
            attachment = Attachment { has_checksums, ..Attachment::default() };
        }
        let Some(attribute) = attribute else {
            return Ok(());
        };
        let checked = attribute.check_id(position);
        report_damage(sink, checked)?;
        let data = attribute.data;
        attachment.is_begun |= attribute.id == ATTACH_REND_DATA;
        // The reader of an opened attachment detects damage, so its checksum is not needed.
        let mut is_opened = false;
        match attribute.id {
            ATTACH_REND_DATA => {}
            ATTACH_TITLE => attachment.title = Some(title(window, data)?),
            ATTACH_DATA => {
                attachment.data = Some(data);
                is_opened = properties::is_worth_opening(window, data, sink.recognizer())?;
            }
            ATTACHMENT => {
                let read = properties::attached(window, data, sink.recognizer());
                let read = report_damage(sink, read)?;
                // The unread attachment may have been a file.
                attachment.is_unread |= read.is_none();
                attachment.properties = read.unwrap_or_default();
                if let Some(data) = attachment.properties.data {
                    is_opened = properties::is_worth_opening(window, data, sink.recognizer())?;
                }
            }
            // A metafile, an icon; or the bytes, if the id is damaged.
            _ if attribute.level == LEVEL_ATTACHMENT
                && properties::is_worth_opening(window, data, sink.recognizer())? =>
            {
                attachment.data.get_or_insert(data);
                is_opened = true;
            }
            _ => {}
        }
        if !is_opened {
            let checked = attribute.check_sum(window, position, attachment.has_checksums);
            report_damage(sink, checked)?;
        }
        position = data.end().saturating_add(CHECKSUM);
        if begins && named >= BATCH {
            sink.continue_with(Box::new(move |window, sink| {
                read_on(window, sink, position, attachment)
            }));
            return Ok(());
        }
    }
}

impl Attribute {
    /// Reads the fields before the data of the attribute at `offset`.
    fn read(window: &mut Window<'_>, offset: u64) -> Result<Attribute> {
        let structure = "TNEF attribute";
        let bytes = window.read(
            structure,
            offset,
            to_usize(ATTRIBUTE).unwrap_or_default(),
            Ahead::Block,
        )?;
        let mut cursor = Cursor::new(structure, bytes, offset);
        let level = cursor.u8("attrLevel")?;
        let id = cursor.u16_le("attrID")?;
        cursor.skip(2, "attrID")?;
        let len = u64::from(cursor.u32_le("attrLength")?);
        if !matches!(level, LEVEL_MESSAGE | LEVEL_ATTACHMENT) {
            let detail = format!("attrLevel is {level}, not 1 or 2");
            return Err(Error::malformed(ErrorCode::MalformedTnef, structure, offset, detail));
        }
        let data = Extent { offset: offset.saturating_add(ATTRIBUTE), len };
        // If the size of the source is unknown, the last byte is read.
        let last = data.end().saturating_sub(1);
        if len > 0 && window.up_to(last, 1)?.is_empty() {
            let detail = format!("attrLength is {len}, and the stream ends before");
            return Err(Error::truncated(structure, offset, detail));
        }
        Ok(Attribute { level, id, data })
    }

    /// Checks that the attribute at `offset` is one of its level.
    fn check_id(&self, offset: u64) -> Result<()> {
        let is_of_attachment =
            matches!(self.id, ATTACH_REND_DATA | ATTACH_TITLE | ATTACH_DATA | ATTACHMENT)
                || OF_ATTACHMENT.contains(&self.id);
        let is_of_level = match self.level {
            LEVEL_ATTACHMENT => is_of_attachment,
            _ => OF_MESSAGE.contains(&self.id),
        };
        if is_of_level {
            return Ok(());
        }
        let detail = format!("attrLevel {} has no attrID {:#06x}", self.level, self.id);
        Err(Error::malformed(ErrorCode::MalformedTnef, "TNEF attribute", offset, detail))
    }

    /// Checks that the checksum of the attribute at `offset` is that of its data: the sum of the
    /// bytes, modulo 65,536.
    fn check_sum(&self, window: &mut Window<'_>, offset: u64, has_checksums: bool) -> Result<()> {
        let structure = "TNEF attribute";
        let mut sum: u16 = 0;
        let mut position = self.data.offset;
        while position < self.data.end() {
            let len = self.data.end().saturating_sub(position).min(PIECE);
            let piece = window.read(
                structure,
                position,
                to_usize(len).unwrap_or_default(),
                Ahead::Block,
            )?;
            sum = piece.iter().fold(sum, |sum, byte| sum.wrapping_add(u16::from(*byte)));
            position = position.saturating_add(len);
            window.meter().charge(Limit::Steps, len.wrapping_shr(4).max(1))?;
        }
        let len = to_usize(CHECKSUM).unwrap_or_default();
        let bytes = window.read(structure, position, len, Ahead::Block)?;
        let checksum = Cursor::new(structure, bytes, position).u16_le("checksum")?;
        if checksum != sum && (has_checksums || checksum != 0) {
            let detail =
                format!("its checksum is {checksum:#06x}, and that of its data {sum:#06x}");
            return Err(Error::malformed(ErrorCode::MalformedTnef, structure, offset, detail));
        }
        Ok(())
    }
}

fn title(window: &mut Window<'_>, data: Extent) -> Result<String> {
    let len = to_usize(data.len.min(MAX_NAME)).unwrap_or_default();
    let bytes = window.read("attAttachTitle", data.offset, len, Ahead::Block)?;
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    Ok(utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned())
}

impl Attachment {
    /// Reports the attachment. Returns the number of its members.
    fn name(&mut self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<usize> {
        let title = self.properties.name.take().or(self.title.take());
        let title = title.filter(|title| !title.is_empty());
        let mut named: usize = 0;
        let own = self.data.into_iter().chain(self.properties.data);
        let is_opened = title
            .as_ref()
            .is_some_and(|title| sink.recognizer().is_worth_opening(title.as_bytes(), b""));
        let own = own.map(|extent| (extent, is_opened));
        let others = self.properties.others.iter().map(|extent| (*extent, false));
        let has_data = self.data.is_some() || self.properties.data.is_some();
        // Both may contain bytes, which may differ.
        for (extent, is_opened) in own.chain(others) {
            if !is_opened && !properties::is_worth_opening(window, extent, sink.recognizer())? {
                continue;
            }
            let name = title.clone().map_or(Name::Unnamed("attachment"), Name::Named);
            sink.member(Member { name, body: Body::Stored(vec![extent]) })?;
            named = named.saturating_add(1);
        }
        let is_link = self.properties.is_link;
        if named == 0 && self.is_begun && !has_data && !self.is_unread && !is_link {
            let detail = "an attachment has no data";
            sink.incomplete(Error::malformed(ErrorCode::MalformedTnef, "attachment", None, detail));
        }
        if named == 0 && title.as_deref().is_some_and(is_named_protected) {
            sink.incomplete(not_as_named());
        }
        Ok(named)
    }
}
