//! Lists of files.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};

use super::handle::Dir;
use super::job::count;
use super::root::{NameList, Root};
use super::state::Walk;
use crate::digest::UnorderedDigest;
use crate::exit::{Failure, Result};
use crate::fs::open::Links;
use crate::fs::path::normal;
use crate::fs::text::{self, Marks};

/// Capacity of the queue of names.
const NAMES: usize = 1024;

/// Interval at which a waiting walk checks the stop flag.
const PAUSE: Duration = Duration::from_millis(100);

/// Hexadecimal digits of the digest in the identity of a list.
const DIGITS: usize = 16;

impl NameList {
    /// Returns a list in which each name ends with the byte `end`.
    pub(crate) fn new(end: u8) -> NameList {
        NameList { end, copy: None }
    }

    /// Opens the list at `file`.
    fn names(&self, file: &Path) -> io::Result<Names<Box<dyn BufRead>>> {
        // A list of lines does not contain zeros, except as a half of a UTF-16 unit.
        let marks = if self.end == b'\n' { Marks::Optional } else { Marks::Required };
        Ok(Names::new(text::open(file, marks)?, self.end))
    }

    /// Reads the list at `file` to its end into a temporary file, in which names end with a zero.
    /// Returns the list that reads the copy, and the identity of the list for an inventory: the path of
    /// `file` and a digest of the absolute paths in the list, whatever their order.
    ///
    /// # Errors
    /// Fails if the list cannot be read or copied, or if a name is not valid.
    pub(crate) fn copied(self, file: &Path) -> Result<(NameList, PathBuf)> {
        let failed = |error| of_list(file, error);
        let mut names = self.names(file).map_err(failed)?;
        let mut copy = BufWriter::new(tempfile::tempfile().map_err(failed)?);
        let mut digest = UnorderedDigest::default();
        while let Some(name) = names.next().map_err(failed)? {
            copy.write_all(&name).and_then(|()| copy.write_all(&[0])).map_err(failed)?;
            let path = normal(&path_of(name, file)?).map_err(failed)?;
            // `find` does not guarantee an order.
            digest.add(path.as_os_str().as_encoded_bytes());
        }
        let mut copy = copy.into_inner().map_err(|error| failed(error.into_error()))?;
        copy.rewind().map_err(failed)?;
        let hex = digest.hex();
        // The path of a pipe does not identify its content.
        let is_file = file.metadata().is_ok_and(|found| found.is_file());
        let mut identity = match is_file && file != Path::new("-") {
            true => normal(file).map_err(failed)?.into_os_string(),
            false => "-".into(),
        };
        identity.push("#");
        identity.push(hex.get(..DIGITS).unwrap_or(&hex));
        Ok((NameList { end: 0, copy: Some(Arc::new(copy)) }, identity.into()))
    }
}

/// Iterates over the names in a list, without empty ones.
struct Names<R> {
    reader: R,
    end: u8,
    /// Whether lines end with a carriage return too, as the first one does. A name on Windows cannot
    /// contain one. On other systems it can, and the end of the first line decides.
    is_crlf: Option<bool>,
}

impl<R: BufRead> Names<R> {
    fn new(reader: R, end: u8) -> Names<R> {
        Names { reader, end, is_crlf: None }
    }

    /// Returns the next name; `None` at the end of the list.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let mut name = Vec::new();
            if self.reader.read_until(self.end, &mut name)? == 0 {
                return Ok(None);
            }
            if name.last() == Some(&self.end) {
                name.pop();
            }
            let has_return = self.end == b'\n' && name.last() == Some(&b'\r');
            if has_return && (cfg!(windows) || *self.is_crlf.get_or_insert(true)) {
                name.pop();
            }
            self.is_crlf.get_or_insert(false);
            if self.end != 0 && name.contains(&0) {
                let words = "a name contains a zero byte; --null is for names that end with one";
                return Err(io::Error::new(io::ErrorKind::InvalidData, words));
            }
            if !name.is_empty() {
                return Ok(Some(name));
            }
        }
    }
}

impl Walk {
    /// Hands over the files in the list. Skips empty names.
    pub(super) fn listed(&self, root: &Arc<Root>, list: &NameList) -> Result<()> {
        let file = &root.path;
        let failed = |error| of_list(file, error);
        let names = read_names(file.clone(), list.clone()).map_err(failed)?;
        // Consecutive names are often in the same folder.
        let mut last: Option<Arc<Dir>> = None;
        while !self.stop.is_raised() {
            let name = match names.recv_timeout(PAUSE) {
                Ok(name) => name.map_err(failed)?,
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let path = path_of(name, file)?;
            count(&root.files);
            if self.omits(root, below(&path)) {
                continue;
            }
            let path = match &self.inventory {
                Some(_) => normal(&path).map_err(failed)?,
                None => path,
            };
            let folder = path.parent().unwrap_or(&path);
            let dir = match &last {
                Some(dir) if dir.path == folder => Arc::clone(dir),
                _ => root.dir(folder, None),
            };
            last = Some(Arc::clone(&dir));
            self.file(path, dir, Links::Refuse);
        }
        Ok(())
    }
}

/// Starts a thread that reads the names of a list. A stopped scan does not wait for it, because a
/// read from a pipe or a terminal can wait for ever.
fn read_names(file: PathBuf, list: NameList) -> io::Result<Receiver<io::Result<Vec<u8>>>> {
    let (sender, names) = bounded(NAMES);
    let read = move || {
        let names: io::Result<Names<Box<dyn BufRead>>> = match list.copy.clone() {
            // The copy is not decoded again: a name may begin like a byte order mark.
            Some(copy) => Ok(Names::new(Box::new(BufReader::new(SharedFile(copy))), 0)),
            None => list.names(&file),
        };
        let mut names = match names {
            Ok(names) => names,
            Err(error) => {
                // If the receiver is gone, the scan has ended.
                _ = sender.send(Err(error));
                return;
            }
        };
        while let Some(name) = names.next().transpose() {
            let is_last = name.is_err();
            if sender.send(name).is_err() || is_last {
                return;
            }
        }
    };
    thread::Builder::new().name("list".to_owned()).spawn(read)?;
    Ok(names)
}

/// Reads a file that a list shares with its clones.
struct SharedFile(Arc<File>);

impl Read for SharedFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buf)
    }
}

/// Globs match paths below a root, and the root of a list is the root folder.
fn below(path: &Path) -> &Path {
    let mut parts = path.components();
    loop {
        let rest = parts.as_path();
        match parts.next() {
            Some(Component::Prefix(_) | Component::RootDir | Component::CurDir) => {}
            _ => return rest,
        }
    }
}

/// Converts a name in the list `file` to a path.
fn path_of(name: Vec<u8>, file: &Path) -> Result<PathBuf> {
    path_from(name).map_err(|()| of_list(file, "a name is not UTF-8"))
}

/// Returns the path with these bytes; on Windows they are UTF-8.
#[cfg(unix)]
pub(crate) fn path_from(name: Vec<u8>) -> std::result::Result<PathBuf, ()> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::ffi::OsString::from_vec(name).into())
}

/// Returns the path with these bytes, which are UTF-8.
#[cfg(windows)]
pub(crate) fn path_from(name: Vec<u8>) -> std::result::Result<PathBuf, ()> {
    String::from_utf8(name).map(PathBuf::from).map_err(|_| ())
}

/// Returns the failure of a read of `list`, or of a name in it.
fn of_list(list: &Path, error: impl std::fmt::Display) -> Failure {
    Failure::message(format_args!("{}: {error}", list.display()))
}
