//! Outlook data files (MS-PST). What is in them is encoded, so that no search for bytes finds it,
//! and the library does not read it: a [`PstReader`] of the caller's does, and what it says is
//! believed no more than the bytes of any other file.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use super::msg::inflated_use_license;
use crate::bytes::{Buffer, Cursor, to_u64, to_usize};
use crate::code::ErrorCode;
use crate::container::{
    Body, Member, Name, Sink, WAITING, is_named_protected, is_worth_opening, not_as_named,
};
use crate::error::{Error, Result};
use crate::kinds::{Container, Protection};
use crate::limits::{Limit, Meter};
use crate::source::{Ahead, ReadAt, Window};

/// What errors call it.
const STRUCTURE: &str = "PST";
/// `dwMagic`, MS-PST 2.2.2.6.
const MAGIC: &[u8] = b"!BDN";
/// `wMagicClient`: "SM".
const MAGIC_CLIENT: u16 = 0x4D53;
/// Where it stands; `wVer` is behind it.
const MAGIC_CLIENT_AT: u64 = 8;
/// `wVer` of files whose pages have 4 KB: what Outlook 2013 and later caches a mailbox in. The
/// specification does not have them.
const LARGE_PAGES: u16 = 36;
/// What begins with `dwMagic` and has no more than this is no file of Outlook's: the header alone
/// has 512 bytes in the older form.
const HEADER: u64 = 512;
/// Steps that a reader costs to begin with. It may be a process, which takes as long as looking at
/// so many bytes; an archive of a million small data files shall not start a million of them.
const START: u64 = 1 << 24;
/// Bytes of an attachment that tell what it is.
const HEAD: usize = 4096;
/// Characters of what a reader says that go into an error.
const MAX_SAID: usize = 300;

/// Reads an Outlook data file for the library, which cannot: somewhere else, with limits of its own.
///
/// A factory of them is given to [`InspectorBuilder::pst`](crate::InspectorBuilder::pst). Without
/// one an Outlook data file is `feature-off`. Each reads one file, and gets at its bytes only by the
/// `file` of each call, whose reading is charged to [`Limits`](crate::Limits).
pub trait PstReader: fmt::Debug {
    /// Goes on to the next attachment or use license of any message, in whatever order but for
    /// that a use license comes behind the attachments of its message; `None` at the end.
    ///
    /// # Errors
    /// What ends the reading of this file. What it gave before stands.
    fn next(&mut self, file: &dyn ReadAt) -> Result<Option<PstItem>, PstError>;

    /// Reads at `offset` of what [`next`](PstReader::next) gave last, as [`ReadAt::read_at`] does.
    ///
    /// # Errors
    /// What ends the reading of this attachment or use license.
    fn read_at(
        &mut self,
        file: &dyn ReadAt,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<usize, PstError>;
}

/// What a [`PstReader`] comes upon.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PstItem {
    /// An attachment, whose bytes can be read until the next one is asked for.
    Attachment(PstAttachment),
    /// The use license that a client has cached in a message, as it lies there: the first value of
    /// the named property `DRMLicense` (MS-OXORMMS 2.2.3.1). It has no name.
    UseLicense(PstAttachment),
    /// A part of the file that could not be read, and why. The file is then not searched in full.
    Unread(PstDamage),
}

/// What is wrong with a part of an Outlook data file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PstDamage {
    /// In words.
    pub detail: String,
    /// Where the damaged page or block begins in the file, if that is known.
    pub offset: Option<u64>,
}

impl From<String> for PstDamage {
    fn from(detail: String) -> PstDamage {
        PstDamage { detail, offset: None }
    }
}

/// An attachment of a message in an Outlook data file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PstAttachment {
    /// The folders that lead to the message, and the message: its path as a person reads it.
    pub message: Vec<String>,
    /// The messages in it that lead to the attachment, each attached to the one before.
    pub embedded: Vec<String>,
    /// Its file name, if it has one.
    pub name: Option<String>,
    /// Its bytes.
    pub size: u64,
}

/// Why a [`PstReader`] does not go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum PstError {
    /// The file breaks its format: `malformed-pst`.
    Malformed(PstDamage),
    /// The reader itself failed, as a process does that dies: `reader-failed`.
    Failed(String),
    /// It took longer than so many seconds: `limit-pst-time`.
    Time(u64),
    /// It wanted more memory than so many bytes: `limit-pst-memory`.
    Memory(u64),
    /// It could not be started, or the file's bytes could not be read.
    Io(io::Error),
}

impl From<PstError> for Error {
    fn from(error: PstError) -> Error {
        let (code, detail) = match error {
            PstError::Io(error) => return Error::io(error),
            PstError::Malformed(PstDamage { detail, offset }) => {
                return Error::malformed(ErrorCode::MalformedPst, STRUCTURE, offset, said(&detail));
            }
            PstError::Failed(detail) => (ErrorCode::ReaderFailed, said(&detail)),
            PstError::Time(seconds) => {
                (ErrorCode::LimitPstTime, format!("its reader was ended after {seconds} s"))
            }
            PstError::Memory(bytes) => (
                ErrorCode::LimitPstMemory,
                format!("its reader needed more than {bytes} bytes of memory"),
            ),
        };
        Error::unsupported(code, STRUCTURE, None, detail)
    }
}

/// A text of the reader's, as long as fits an error.
fn said(text: &str) -> String {
    text.chars().take(MAX_SAID).filter(|char| !char.is_control()).collect()
}

type Open = dyn Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync;

/// The caller's factory.
#[derive(Clone)]
pub(crate) struct PstOpener(pub(crate) Arc<Open>);

impl fmt::Debug for PstOpener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PstOpener")
    }
}

/// A reader that the format and its members share.
pub(crate) type Shared = Rc<RefCell<Box<dyn PstReader>>>;

pub(crate) fn matches(head: &[u8]) -> bool {
    head.starts_with(MAGIC)
}

pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Pst);
    sink.protection(Protection::Unknown);
    let Some(opener) = sink.pst_opener() else {
        let detail = "Outlook data files are not read here";
        return Err(Error::unsupported(ErrorCode::FeatureOff, STRUCTURE, 0, detail));
    };
    header(window)?;
    window.meter().charge(Limit::Steps, START)?;
    let reader = (opener.0)().map_err(|error| Error::from(PstError::Io(error)))?;
    go_on(window, sink, Rc::new(RefCell::new(reader)), None)
}

/// What can be told without a reader.
fn header(window: &mut Window<'_>) -> Result<()> {
    if window.len() < HEADER {
        return Err(Error::truncated(STRUCTURE, 0, "it ends in its header"));
    }
    let bytes = window.read("HEADER", MAGIC_CLIENT_AT, 4, Ahead::Block)?;
    let mut cursor = Cursor::new("HEADER", bytes, MAGIC_CLIENT_AT);
    let client = cursor.u16_le("wMagicClient")?;
    let version = cursor.u16_le("wVer")?;
    if client != MAGIC_CLIENT {
        let detail = format!("wMagicClient is {client:#06X}");
        return Err(Error::malformed(ErrorCode::MalformedPst, STRUCTURE, MAGIC_CLIENT_AT, detail));
    }
    if version >= LARGE_PAGES {
        let detail = format!("wVer is {version}: files with pages of 4 KB are not read");
        return Err(Error::unsupported(ErrorCode::ArchiveNotOpened, STRUCTURE, 10, detail));
    }
    Ok(())
}

/// The message in which an attachment lies: its path, and the messages in it.
type Within = (Vec<String>, Vec<String>);

/// Names the next attachment of which something can come; the others follow when it is read. `last`
/// is the message of the one before.
fn go_on(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    reader: Shared,
    mut last: Option<Within>,
) -> Result<()> {
    let file = Charged { file: window.source(), meter: window.meter() };
    loop {
        window.meter().charge(Limit::Steps, 1)?;
        let item = reader.borrow_mut().next(&file)?;
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
                // A mailbox may have one in each message: each has the budgets of a member.
                sink.rest(Box::new(move |window, sink| go_on(window, sink, reader, last)));
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
            Err(error) => return Err(error.into()),
        };
        let name_bytes = attachment.name.as_deref().unwrap_or_default().as_bytes();
        if !is_worth_opening(name_bytes, &head) {
            if attachment.name.as_deref().is_some_and(is_named_protected) {
                sink.incomplete(not_as_named());
            }
            continue;
        }
        window.meter().charge(Limit::Allocation, WAITING)?;
        let depth = to_u64(attachment.embedded.len()).saturating_add(1);
        window.meter().check(Limit::Nesting, depth)?;
        last = Some((attachment.message.clone(), attachment.embedded.clone()));
        let body = Body::Elsewhere { reader: Rc::clone(&reader), size: attachment.size };
        sink.member(Member { name: name(attachment), body })?;
        sink.rest(Box::new(move |window, sink| go_on(window, sink, reader, last)));
        return Ok(());
    }
    sink.protection(Protection::None);
    Ok(())
}

/// Reads a use license, and says so where the mail that it opens is missing.
fn use_license(
    file: &Charged<'_>,
    sink: &mut dyn Sink,
    reader: &Shared,
    found: &PstAttachment,
    last: Option<&Within>,
) -> Result<()> {
    file.meter.check(Limit::LicenseBytes, found.size)?;
    let mut packed = Buffer::default();
    let mut piece = [0; HEAD];
    while to_u64(packed.len()) < found.size {
        let read = reader.borrow_mut().read_at(file, to_u64(packed.len()), &mut piece)?;
        let Some(read) = piece.get(..read).filter(|read| !read.is_empty()) else { break };
        packed.extend(file.meter, read)?;
    }
    // Places in the license are none in the file.
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
            said(&detail),
        ));
    }
    Ok(())
}

/// The folders and the message are one step, as a path in an archive is; a message in it another.
fn name(attachment: PstAttachment) -> Name {
    let PstAttachment { message, embedded, name, .. } = attachment;
    let name = name.map_or(Name::Unnamed("attachment"), Name::Named);
    let message = (!message.is_empty()).then(|| message.join("/"));
    let steps: Vec<String> = message.into_iter().chain(embedded).collect();
    if steps.is_empty() { name } else { Name::Within(steps, Box::new(name)) }
}

/// The first bytes of the attachment.
fn head(file: &Charged<'_>, reader: &Shared, size: u64) -> Result<Vec<u8>, PstError> {
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

/// The data file as its reader gets at it.
struct Charged<'a> {
    file: &'a dyn ReadAt,
    meter: &'a Meter<'a>,
}

impl ReadAt for Charged<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let charged = self.meter.charge(Limit::Steps, 1);
        charged
            .and_then(|()| self.meter.charge(Limit::BytesRead, to_u64(buf.len())))
            .map_err(io::Error::other)?;
        self.file.read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }

    fn has_changed(&self) -> bool {
        self.file.has_changed()
    }
}

/// The bytes of an attachment, which its reader gives.
pub(crate) struct Elsewhere<'a, S> {
    pub(crate) file: S,
    pub(crate) reader: Shared,
    pub(crate) size: u64,
    pub(crate) meter: &'a Meter<'a>,
}

impl<S: ReadAt> ReadAt for Elsewhere<'_, S> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let left = to_usize(self.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let len = buf.len().min(left);
        let Some(buf) = buf.get_mut(..len).filter(|buf| !buf.is_empty()) else { return Ok(0) };
        let file = Charged { file: &self.file, meter: self.meter };
        let read = self.reader.borrow_mut().read_at(&file, offset, buf);
        read.map(|read| read.min(len)).map_err(|error| match error {
            PstError::Io(error) => error,
            // It is one of the data file's, and this error is of the attachment.
            error => io::Error::other(Error::from(error).with_offset(None)),
        })
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }

    fn has_changed(&self) -> bool {
        self.file.has_changed()
    }
}
