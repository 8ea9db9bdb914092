//! Outlook data files (MS-PST). Their contents are encoded, so that no byte search finds a license
//! in them, and the library does not decode them: a [`PstReader`](crate::PstReader) of the caller
//! does.

use std::cell::RefCell;
use std::rc::Rc;

use super::msg::inflated_use_license;
use crate::bytes::{Buffer, Cursor, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::external::{
    MeteredFile, PST, PstAttachment, PstError, PstItem, SharedPstReader, reader_error, shortened,
};
use crate::container::name::{Name, is_named_protected, not_as_named};
use crate::container::sink::{Body, Member, Sink, WAITING};
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::limits::Limit;
use crate::source::{Ahead, HEAD, Window};

/// `dwMagic`, MS-PST 2.2.2.6.
const MAGIC: &[u8] = b"!BDN";
/// `wMagicClient`: "SM".
const MAGIC_CLIENT: u16 = 0x4D53;
/// Its offset; `wVer` follows.
const MAGIC_CLIENT_AT: u64 = 8;
/// `wVer` of files with pages of 4 KB, in which Outlook 2013 and later cache a mailbox. The
/// specification does not describe them.
const LARGE_PAGES: u16 = 36;
/// Bytes of the header in the older form. A shorter file is not an Outlook data file.
const HEADER: u64 = 512;
/// Steps that starting a reader costs. A reader may be a process; an archive of a million small
/// data files must not start a million of them.
const START: u64 = 1 << 24;

pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Pst);
    sink.protection(Protection::Unknown);
    let Some(opener) = sink.pst_opener() else {
        let detail = "Outlook data files are not read here";
        return Err(Error::unsupported(ErrorCode::FeatureOff, PST, 0, detail));
    };
    header(window)?;
    window.meter().charge(Limit::Steps, START)?;
    let mut reader = (opener.0)().map_err(|error| {
        let detail = format!("its reader could not be started: {error}");
        Error::unsupported(ErrorCode::ReaderFailed, PST, None, detail)
    })?;
    let interrupt = window.meter().interrupt();
    reader.interrupted_by(interrupt.cancel.as_ref(), interrupt.deadline());
    read_on(window, sink, Rc::new(RefCell::new(reader)), None)
}

/// Checks the header, for which no reader is needed.
///
/// # Errors
/// The file is too short, is not of Outlook, or has pages of 4 KB.
fn header(window: &mut Window<'_>) -> Result<()> {
    if window.len() < HEADER {
        return Err(Error::truncated(PST, 0, "it ends in its header"));
    }
    let bytes = window.read("HEADER", MAGIC_CLIENT_AT, 4, Ahead::Block)?;
    let mut cursor = Cursor::new("HEADER", bytes, MAGIC_CLIENT_AT);
    let client = cursor.u16_le("wMagicClient")?;
    let version = cursor.u16_le("wVer")?;
    if client != MAGIC_CLIENT {
        let detail = format!("wMagicClient is {client:#06X}");
        return Err(Error::malformed(ErrorCode::MalformedPst, PST, MAGIC_CLIENT_AT, detail));
    }
    if version >= LARGE_PAGES {
        let detail = format!("wVer is {version}: files with pages of 4 KB are not read");
        return Err(Error::unsupported(ErrorCode::ArchiveNotOpened, PST, 10, detail));
    }
    Ok(())
}

/// Message of an attachment: its path, and the messages embedded in it.
type MessagePath = (Vec<String>, Vec<String>);

/// Reports the next attachment that has to be opened, and continues after it when it is read.
/// `last` is the message of the preceding attachment.
fn read_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    reader: SharedPstReader,
    mut last: Option<MessagePath>,
) -> Result<()> {
    let file = MeteredFile { file: window.source(), meter: window.meter() };
    loop {
        window.meter().charge(Limit::Steps, 1)?;
        let item = reader.borrow_mut().next(&file);
        let item = item.map_err(|error| reader_error(error, file.meter))?;
        let attachment = match item {
            None => break,
            Some(PstItem::Unread(why)) => {
                sink.incomplete(PstError::Malformed(why).into());
                continue;
            }
            Some(PstItem::UseLicense(found)) if sink.reads_whole_licenses() => {
                match use_license(&file, sink, &reader, &found, last.as_ref()) {
                    Err(error) if error.ends_file() => return Err(error),
                    Err(error) => sink.incomplete(error),
                    Ok(()) => {}
                }
                // Each message of a mailbox may have one. Each gets the budgets of a member.
                sink.continue_with(Box::new(move |window, sink| {
                    read_on(window, sink, reader, last)
                }));
                return Ok(());
            }
            Some(PstItem::UseLicense(_)) => continue,
            Some(PstItem::Attachment(attachment)) => attachment,
        };
        let head = match head(&file, &reader, attachment.size) {
            Ok(head) => head,
            Err(PstError::Malformed(why)) => {
                sink.incomplete(PstError::Malformed(why).into());
                continue;
            }
            Err(error) => return Err(reader_error(error, file.meter)),
        };
        let name_bytes = attachment.name.as_deref().unwrap_or_default().as_bytes();
        if !sink.recognizer().is_worth_opening(name_bytes, &head) {
            if attachment.name.as_deref().is_some_and(is_named_protected) {
                sink.incomplete(not_as_named());
            }
            continue;
        }
        window.meter().charge(Limit::Allocation, WAITING)?;
        let depth = to_u64(attachment.embedded.len()).saturating_add(1);
        window.meter().check(Limit::Nesting, depth)?;
        last = Some((attachment.message.clone(), attachment.embedded.clone()));
        let body = Body::External { reader: Rc::clone(&reader), size: attachment.size };
        sink.member(Member { name: name(attachment), body })?;
        sink.continue_with(Box::new(move |window, sink| read_on(window, sink, reader, last)));
        return Ok(());
    }
    sink.protection(Protection::None);
    Ok(())
}

/// Reads a use license, and reports damage if the file contains no mail for it.
fn use_license(
    file: &MeteredFile<'_>,
    sink: &mut dyn Sink,
    reader: &SharedPstReader,
    found: &PstAttachment,
    last: Option<&MessagePath>,
) -> Result<()> {
    file.meter.check(Limit::LicenseBytes, found.size)?;
    let mut packed = Buffer::default();
    let mut piece = [0; HEAD];
    while to_u64(packed.len()) < found.size {
        let read = reader.borrow_mut().read_at(file, to_u64(packed.len()), &mut piece);
        let read = read.map_err(|error| reader_error(error, file.meter))?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        packed.extend(file.meter, read)?;
    }
    // Offsets in the license are not offsets in the file.
    let license = inflated_use_license(packed.as_slice(), file.meter);
    let read = license.and_then(|license| sink.use_license(&license));
    read.map_err(|error| error.with_offset(None))?;
    let has_mail = last.is_some_and(|(message, embedded)| {
        *message == found.message && embedded.starts_with(&found.embedded)
    });
    if !has_mail {
        let path: Vec<&str> =
            found.message.iter().chain(&found.embedded).map(String::as_str).collect();
        let detail = format!("{} has a use license and no mail that it opens", path.join("/"));
        let structure = "publishing license";
        sink.incomplete(Error::malformed(
            ErrorCode::LicenseMissing,
            structure,
            None,
            shortened(&detail),
        ));
    }
    Ok(())
}

/// Returns the name for the record. The path of the message is one step of it, like a path in an
/// archive; each embedded message is another step.
fn name(attachment: PstAttachment) -> Name {
    let PstAttachment { message, embedded, name, .. } = attachment;
    let name = name.map_or(Name::Unnamed("attachment"), Name::Named);
    let message = (!message.is_empty()).then(|| message.join("/"));
    let steps: Vec<String> = message.into_iter().chain(embedded).collect();
    if steps.is_empty() { name } else { Name::Within(steps, Box::new(name)) }
}

/// Returns the first [`HEAD`] bytes of the attachment.
fn head(file: &MeteredFile<'_>, reader: &SharedPstReader, size: u64) -> Result<Vec<u8>, PstError> {
    let mut head = [0; HEAD];
    let wanted = to_usize(size).unwrap_or(usize::MAX).min(HEAD);
    let mut done: usize = 0;
    while let Some(rest) = head.get_mut(done..wanted).filter(|rest| !rest.is_empty()) {
        let read = reader.borrow_mut().read_at(file, to_u64(done), rest)?;
        if read == 0 {
            break;
        }
        done = done.saturating_add(read);
    }
    Ok(head.get(..done).unwrap_or_default().to_vec())
}
