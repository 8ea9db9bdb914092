//! Inspects an object in a store that is read by ranges, without downloading it whole.
//!
//! ```text
//! cargo run --example custom_source -- FILE
//! ```
//!
//! The store is a folder here. Replace [`Bucket::range`] by a request with the header `Range`.

use std::cell::Cell;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::PathBuf;

use rmsight::{Inspector, ReadAt};

fn main() -> Result<(), Box<dyn Error>> {
    let file = std::env::args_os().nth(1).ok_or("the file is missing")?;
    inspect_object(&Bucket { file: file.into() }, &mut io::stdout().lock())
}

/// A store with one object.
pub(crate) struct Bucket {
    pub(crate) file: PathBuf,
}

impl Bucket {
    /// Returns the size of the object in bytes, as the header `Content-Length` does.
    fn size(&self) -> io::Result<u64> {
        Ok(std::fs::metadata(&self.file)?.len())
    }

    /// Returns up to `len` bytes from `offset` on, as a request for a range does.
    fn range(&self, offset: u64, len: u64) -> io::Result<Vec<u8>> {
        let mut file = File::open(&self.file)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut bytes = Vec::new();
        file.take(len).read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

/// An object, read by ranges.
struct Object<'a> {
    bucket: &'a Bucket,
    size: u64,
    requests: Cell<u64>,
}

impl ReadAt for Object<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.requests.set(self.requests.get().saturating_add(1));
        let len = u64::try_from(buf.len()).unwrap_or(u64::MAX);
        let bytes = self.bucket.range(offset, len)?;
        // Fewer bytes than requested are correct at the end of the object only.
        let (to, _) = buf.split_at_mut_checked(bytes.len()).ok_or(io::ErrorKind::InvalidData)?;
        to.copy_from_slice(&bytes);
        Ok(bytes.len())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

/// Writes what the object contains, and how many requests that took.
pub(crate) fn inspect_object(bucket: &Bucket, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let object = Object { bucket, size: bucket.size()?, requests: Cell::new(0) };
    // Requests are slow, so each one reads more than the default of 4 KB.
    let mut inspector = Inspector::builder().first_read(65_536).block(65_536).build();
    let report = inspector.inspect_named(&object, &bucket.file)?;
    for finding in report.findings() {
        let facts = finding.facts();
        let member = facts.member.as_deref().unwrap_or("the object");
        writeln!(out, "{member}: {} {}", facts.container, facts.protection)?;
    }
    if let Some(error) = report.incomplete() {
        writeln!(out, "not everything was read: {error}")?;
    }
    writeln!(out, "{} requests", object.requests.get())?;
    Ok(())
}
