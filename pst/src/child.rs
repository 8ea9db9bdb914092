//! The child process: reads an untrusted data file, with minimal rights.

use std::cell::RefCell;
use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use rmsight::PstItem;

use super::messages::MessageWalk;
use super::parent::PstLimits;
use super::protocol::{Answer, Ask, LastSeek, PIECE};
use super::sandbox;

/// Minimum number of bytes fetched at once. Pages have 512 bytes, and reads of fields are smaller.
const CHUNK: u64 = 4096;
/// Number of cached chunks.
const CHUNKS: usize = 256;

/// Reads one data file for the process that started this one, over standard input and output, until standard
/// input ends. It is the whole `main` of a child: call it before other threads are started, and write nothing
/// to standard output.
///
/// First it reduces the rights of this process for good, as far as the system can: memory and
/// processor time to `limits`, no further files, connections or processes. It also silences panics.
///
/// # Errors
/// A pipe failed, or the parent violates the protocol. Damage of the data file is an answer to the parent,
/// not an error.
pub fn run(limits: PstLimits) -> io::Result<()> {
    sandbox::enter(limits.processor_time(), limits.memory);
    // Standard error is not shown; the answer contains the failure.
    std::panic::set_hook(Box::new(|_| {}));
    serve(io::stdin().lock(), io::stdout().lock())
}

/// The pipes to the parent process. The reader of the file and the loop of requests share them,
/// never at the same time.
pub(super) struct Pipes<I, O> {
    from: I,
    to: O,
}

type SharedPipes<I, O> = Rc<RefCell<Pipes<I, O>>>;

fn serve(from: impl Read + 'static, to: impl io::Write + 'static) -> io::Result<()> {
    let pipes = Rc::new(RefCell::new(Pipes { from, to }));
    let Ask::Size(size) = receive(&pipes)? else { return Err(io::ErrorKind::InvalidData.into()) };
    let mut walk = None;
    let last_seek = LastSeek::default();
    loop {
        let ask = match receive(&pipes) {
            Ok(ask) => ask,
            // The parent has closed the pipe.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let answer =
            catch_unwind(AssertUnwindSafe(|| answer(&ask, &mut walk, &pipes, &last_seek, size)));
        let answer = match (answer, &ask) {
            (Ok(answer), _) => answer,
            // The next request continues with the next part of the file, if the file could be
            // opened.
            (Err(panic), Ask::Next) if walk.is_some() => {
                Answer::Unread(last_seek.damage(failed(&*panic)))
            }
            (Err(panic), _) => Answer::Malformed(last_seek.damage(failed(&*panic))),
        };
        answer.write(&mut pipes.borrow_mut().to)?;
    }
}

fn answer<I: Read + 'static, O: io::Write + 'static>(
    ask: &Ask,
    walk: &mut Option<MessageWalk>,
    pipes: &SharedPipes<I, O>,
    last_seek: &LastSeek,
    size: u64,
) -> Answer {
    match ask {
        Ask::Next => {
            if walk.is_none() {
                let source = || Remote::new(Rc::clone(pipes), last_seek.clone(), size);
                match MessageWalk::open(&|| Box::new(source()), last_seek.clone()) {
                    Ok(opened) => *walk = Some(opened),
                    Err(error) => return Answer::Malformed(last_seek.damage(error.to_string())),
                }
            }
            match walk.as_mut().and_then(MessageWalk::next) {
                Some(PstItem::Attachment(attachment)) => Answer::Attachment(attachment),
                Some(PstItem::UseLicense(license)) => Answer::UseLicense(license),
                Some(PstItem::Unread(why)) => Answer::Unread(why),
                _ => Answer::End,
            }
        }
        Ask::Attachment { offset, len } => {
            let read = walk.as_mut().map(|walk| walk.read_at(*offset, *len));
            match read.unwrap_or_else(|| Ok(Vec::new())) {
                Ok(bytes) => Answer::Bytes(bytes),
                Err(error) => Answer::Malformed(last_seek.damage(error.to_string())),
            }
        }
        _ => Answer::Malformed("asked what it cannot answer".to_owned().into()),
    }
}

fn failed(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("its reader failed at it: {}", text.unwrap_or_default())
}

fn receive<I: Read, O>(pipes: &SharedPipes<I, O>) -> io::Result<Ask> {
    Ask::read(&mut pipes.borrow_mut().from)
}

/// The file, read through the pipes.
struct Remote<I, O> {
    pipes: SharedPipes<I, O>,
    last_seek: LastSeek,
    size: u64,
    at: u64,
    /// Cache of chunks of [`CHUNK`] bytes with their numbers. The slot is the number modulo the
    /// size.
    chunks: Vec<Option<(u64, Vec<u8>)>>,
}

impl<I: Read, O: io::Write> Remote<I, O> {
    /// The first read starts at offset 0.
    fn new(pipes: SharedPipes<I, O>, last_seek: LastSeek, size: u64) -> Remote<I, O> {
        last_seek.set(Some(0));
        Remote { pipes, last_seek, size, at: 0, chunks: vec![None; CHUNKS] }
    }

    fn fetch(&self, offset: u64, len: usize) -> io::Result<Vec<u8>> {
        let len = len.min(PIECE);
        let mut pipes = self.pipes.borrow_mut();
        let wanted = u32::try_from(len).map_err(io::Error::other)?;
        Answer::Wants { offset, len: wanted }.write(&mut pipes.to)?;
        match Ask::read(&mut pipes.from)? {
            Ask::File(bytes) if bytes.len() <= len => Ok(bytes),
            _ => Err(io::Error::other("the file could not be read")),
        }
    }
}

impl<I: Read, O: io::Write> Read for Remote<I, O> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let len = buf.len().min(left);
        let Some(buf) = buf.get_mut(..len).filter(|buf| !buf.is_empty()) else { return Ok(0) };
        let (number, skip) = (self.at / CHUNK, self.at % CHUNK);
        let slot = usize::try_from(number).unwrap_or_default() % CHUNKS;
        let kept = self.chunks.get(slot).and_then(Option::as_ref);
        if kept.is_none_or(|(kept, _)| *kept != number) {
            let bytes = self.fetch(number * CHUNK, CHUNK as usize)?;
            if let Some(slot) = self.chunks.get_mut(slot) {
                *slot = Some((number, bytes));
            }
        }
        let kept = self.chunks.get(slot).and_then(Option::as_ref);
        let skip = usize::try_from(skip).unwrap_or_default();
        let bytes = kept.and_then(|(_, bytes)| bytes.get(skip..)).unwrap_or_default();
        let len = bytes.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..len), bytes.get(..len)) {
            to.copy_from_slice(from);
        }
        self.at += u64::try_from(len).unwrap_or_default();
        Ok(len)
    }
}

impl<I: Read, O: io::Write> Seek for Remote<I, O> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        if matches!(to, SeekFrom::Start(_)) {
            self.last_seek.set(Some(self.at));
        }
        Ok(self.at)
    }
}
