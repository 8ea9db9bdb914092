//! [`Inspector`]: reads one source after the other, with the same buffers.

use std::io::{Read, Seek};
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use super::findings::Receiver;
use super::options::Options;
use super::report::{Finding, Report};
use super::traversal::{Buffers, Traversal, Traversed};
use super::triage::{self, Triage};
use crate::bytes::Buffer;
use crate::code::ErrorCode;
use crate::container::NameHint;
use crate::error::{Error, Result};
use crate::license::ParserCache;
use crate::limits::{Cancel, Deadline, Interrupt, Meter};
use crate::source::{
    Cache, FileSource, ReadAt, SeekSource, SizedSource, SmallSource, StreamSource,
};

/// Inspects files, one after the other.
///
/// An inspector belongs to one thread: make one for each worker and keep it, because its buffers and
/// its cache of certificates are reused from file to file. The results do not depend on earlier
/// files. An [`Estate`](crate::Estate) is read-only, and all threads can share it.
///
/// [`inspect`](Inspector::inspect) and its variants return all findings about a file.
/// [`inspect_with`](Inspector::inspect_with) passes them on one by one, and can stop.
/// [`detect`](Inspector::detect) and its variants only answer whether the file is protected.
///
/// ```
/// use rmsight::{Estate, Inspector, judge};
///
/// let estate = Estate::default();
/// let files = ["corpus/containers/ooxml-chain8.docx", "README.md"];
/// std::thread::scope(|scope| {
///     for file in files {
///         let estate = &estate;
///         scope.spawn(move || -> Result<(), rmsight::Error> {
///             for finding in Inspector::default().inspect_path(file)?.findings() {
///                 println!("{file}: {}", judge(finding.facts(), estate).need());
///             }
///             Ok(())
///         });
///     }
/// });
/// ```
#[derive(Debug)]
pub struct Inspector {
    pub(super) options: Options,
    pub(super) cache: Cache,
    /// The bytes of a small file.
    pub(super) small: Vec<u8>,
    pub(super) license: Buffer,
    pub(super) memory: ParserCache,
    /// For the next call only.
    pub(super) interrupt: Interrupt,
}

/// The bytes of one call, and how they are read.
#[derive(Clone, Copy)]
pub(super) struct Input<'s> {
    pub(super) source: &'s dyn ReadAt,
    pub(super) name: NameHint,
}

/// What a call has read.
pub(super) enum Answer {
    /// The file is of no known format. This is its only finding, which was not delivered.
    Unrecognized(Finding),
    Traversed(Traversed),
}

impl Inspector {
    /// Lets another thread end the next call, by [`Cancel::raise`]. Later calls are not affected, also if
    /// the next one fails to open its file.
    ///
    /// The report of a file that was ended has the code `cancelled`, and the findings until then. The
    /// flag is checked before each charge to a budget; a read that blocks is not interrupted.
    ///
    /// ```
    /// use rmsight::{Cancel, Inspector, Protection};
    ///
    /// let mut inspector = Inspector::default();
    /// let cancel = Cancel::new();
    /// cancel.raise(); // usually by another thread, which has a clone
    /// let report = inspector.cancel(&cancel).inspect_bytes(b"<XrML>");
    /// assert_eq!(report.incomplete().unwrap().code(), "cancelled");
    /// assert_eq!(report.worst(), Protection::Unknown);
    /// // The next file is inspected as usual.
    /// assert_eq!(inspector.inspect_bytes(b"prose").worst(), Protection::None);
    /// ```
    pub fn cancel(&mut self, cancel: &Cancel) -> &mut Inspector {
        self.interrupt.cancel = Some(cancel.clone());
        self
    }

    /// Ends the next call at this point in time. Later calls are not affected, also if the next one fails
    /// to open its file. A raised [`Cancel`] precedes a deadline that has passed.
    ///
    /// The report of a file that was ended has the code `deadline`, and the findings until then. Unlike
    /// the budgets of [`Limits`](crate::Limits), a deadline makes results depend on the speed of the
    /// machine. A read that blocks is not interrupted.
    ///
    /// ```
    /// use rmsight::{Inspector, Protection};
    /// use std::time::{Duration, Instant};
    ///
    /// let mut inspector = Inspector::default();
    /// let report = inspector.deadline(Instant::now()).inspect_bytes(b"<XrML>");
    /// assert_eq!(report.incomplete().unwrap().code(), "deadline");
    /// let later = Instant::now() + Duration::from_secs(60);
    /// let report = inspector.deadline(later).inspect_bytes(b"prose");
    /// assert_eq!(report.worst(), Protection::None);
    /// ```
    pub fn deadline(&mut self, at: Instant) -> &mut Inspector {
        self.interrupt.deadline = Some(Deadline::new(at));
        self
    }

    /// Inspects the file at `path`. Its name saves a read for most files, see
    /// [`inspect_named`](Inspector::inspect_named). For a callback instead of a report see
    /// [`inspect_with`](Inspector::inspect_with).
    ///
    /// # Errors
    /// Only if the file could not be opened, or is not a regular file. Damage inside and failed reads are
    /// [`Report::incomplete`]. [`Report::unopened`] makes a report of this error.
    pub fn inspect_path(&mut self, path: impl AsRef<Path>) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let source = FileSource::open(&path).map_err(Error::io)?;
        self.report(Input::named(&source, path.as_ref()), &interrupt)
    }

    /// Inspects bytes in memory, like [`inspect`](Inspector::inspect).
    pub fn inspect_bytes(&mut self, bytes: &[u8]) -> Report {
        self.inspect(&bytes).unwrap_or_else(|error| Report::unopened(&error))
    }

    /// Inspects the bytes of a reader from its position to its end, by a [`StreamSource`]. Up to
    /// [`Limits::spool`](crate::Limits::spool) bytes are kept in memory. If the stream is longer, and
    /// its first bytes are of a known format, all findings are incomplete (`limit-spool`).
    ///
    /// # Errors
    /// The reader failed before the report was complete; there are no findings then. A deadline or a
    /// [`Cancel`] is not an error here, and is in the report.
    pub fn inspect_reader(&mut self, reader: impl Read) -> Result<Report> {
        self.inspect(&StreamSource::new(reader, self.options.limits.spool))
    }

    /// Inspects the bytes of a reader that can seek, from its beginning to its end, wherever its position is.
    /// It is not read into memory.
    ///
    /// # Errors
    /// The reader failed to seek to its end. Later failures are [`Report::incomplete`].
    pub fn inspect_seekable(&mut self, reader: impl Read + Seek) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let source = SeekSource::new(reader).map_err(Error::io)?;
        self.report(Input::unnamed(&source), &interrupt)
    }

    /// Inspects any source of bytes.
    ///
    /// Without a file name, the last 4 KB are read as well if the first bytes are of no format with members,
    /// because an archive may follow a prefix of any kind. [`inspect_named`](Inspector::inspect_named) saves
    /// that read for most files. A source of unknown size ([`ReadAt::is_sized`]) is not read to its end for
    /// that.
    ///
    /// # Errors
    /// Only if the source cannot return its size.
    pub fn inspect(&mut self, source: &dyn ReadAt) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        self.report(Input::unnamed(source), &interrupt)
    }

    /// Inspects any source of bytes that has a file name, as [`inspect_path`](Inspector::inspect_path) does.
    /// Only the last component of `name` matters; no file of this name is opened.
    ///
    /// If the first bytes are of no format with members, the last 4 KB are read as well, because an
    /// archive may follow a prefix of any kind. The name saves that read for text, images, audio, video
    /// and most programs, unless it ends like that of an archive or a document (`.zip`, `.jar`, `.exe`,
    /// `.docx` …).
    ///
    /// # Errors
    /// Only if the source cannot return its size.
    pub fn inspect_named(&mut self, source: &dyn ReadAt, name: impl AsRef<Path>) -> Result<Report> {
        let interrupt = std::mem::take(&mut self.interrupt);
        self.report(Input::named(source, name.as_ref()), &interrupt)
    }

    /// Inspects any source of bytes, and passes each finding to `each` as soon as it is known. `each`
    /// ends the inspection by [`ControlFlow::Break`].
    ///
    /// Findings of members precede those of the file itself, except that a protected file is passed on
    /// before its members are read where that is possible. Findings about the same structure
    /// (`several-licenses`) are passed on together, one directly after the other. At least one finding
    /// is passed on.
    ///
    /// Returns `Break` with the value of `each`, or `Continue` with the first error anywhere in the
    /// file: `None` if everything was read. An error that ends the whole file, such as a spent budget,
    /// makes all findings of a [`Report`] incomplete. Findings that were passed on before such an error
    /// cannot show it.
    ///
    /// # Errors
    /// Only if the source cannot return its size.
    ///
    /// ```
    /// use rmsight::{Inspector, Protection};
    /// use std::ops::ControlFlow;
    ///
    /// let bytes = std::fs::read("corpus/containers/ooxml-chain8.docx")?;
    /// let outcome = Inspector::default().inspect_with(&bytes, |finding| {
    ///     match finding.facts().protection {
    ///         Protection::Rms => ControlFlow::Break(finding),
    ///         _ => ControlFlow::Continue(()),
    ///     }
    /// })?;
    /// match &outcome {
    ///     ControlFlow::Break(finding) => println!("protected: {:?}", finding.facts().slc_key()),
    ///     ControlFlow::Continue(None) => println!("not protected"),
    ///     ControlFlow::Continue(Some(error)) => println!("undecided: {error}"),
    /// }
    /// # assert!(outcome.is_break());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// To inspect the file at a path like this, open it as a [`FileSource`], and pass its name to
    /// [`inspect_named_with`](Inspector::inspect_named_with):
    ///
    /// ```
    /// use rmsight::{FileSource, Inspector, Protection};
    /// use std::ops::ControlFlow;
    ///
    /// let path = "corpus/containers/ooxml-chain8.docx";
    /// let source = FileSource::open(path)?;
    /// let outcome = Inspector::default().inspect_named_with(&source, path, |finding| {
    ///     match finding.facts().protection {
    ///         Protection::Rms => ControlFlow::Break(finding.container()),
    ///         _ => ControlFlow::Continue(()),
    ///     }
    /// })?;
    /// assert!(outcome.is_break());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn inspect_with<B>(
        &mut self,
        source: &dyn ReadAt,
        each: impl FnMut(Finding) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, Option<Error>>> {
        self.pass_on(Input::unnamed(source), each)
    }

    /// Inspects any source of bytes that has a file name, like [`inspect_named`](Inspector::inspect_named),
    /// and passes each finding to `each`, like [`inspect_with`](Inspector::inspect_with).
    ///
    /// # Errors
    /// Only if the source cannot return its size.
    ///
    /// ```
    /// use rmsight::Inspector;
    /// use std::ops::ControlFlow;
    ///
    /// let bytes = b"Nothing in this text is protected.".as_slice();
    /// let mut count = 0;
    /// let outcome = Inspector::default().inspect_named_with(&bytes, "notes.txt", |_| {
    ///     count += 1;
    ///     ControlFlow::<()>::Continue(())
    /// })?;
    /// assert_eq!((outcome, count), (ControlFlow::Continue(None), 1));
    /// # Ok::<(), rmsight::Error>(())
    /// ```
    pub fn inspect_named_with<B>(
        &mut self,
        source: &dyn ReadAt,
        name: impl AsRef<Path>,
        each: impl FnMut(Finding) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, Option<Error>>> {
        self.pass_on(Input::named(source, name.as_ref()), each)
    }

    fn pass_on<B>(
        &mut self,
        input: Input<'_>,
        mut each: impl FnMut(Finding) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B, Option<Error>>> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let mut value = None;
        let mut receiver = |finding| match each(finding) {
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
            ControlFlow::Break(last) => {
                value = Some(last);
                ControlFlow::Break(())
            }
        };
        let incomplete = match self.read(input, &interrupt, Some(&mut receiver))? {
            Answer::Unrecognized(finding) => receiver(finding).map_continue(|()| None),
            Answer::Traversed(Traversed { stop: Some(_), .. }) => ControlFlow::Break(()),
            Answer::Traversed(Traversed { findings, .. }) => findings.deliver_rest(&mut receiver),
        };
        Ok(match value {
            Some(value) => ControlFlow::Break(value),
            None => ControlFlow::Continue(incomplete.continue_value().flatten()),
        })
    }

    fn report(&mut self, input: Input<'_>, interrupt: &Interrupt) -> Result<Report> {
        Ok(match self.read(input, interrupt, None)? {
            Answer::Unrecognized(first) => Report { first, rest: Vec::new(), incomplete: None },
            Answer::Traversed(traversed) => traversed.findings.into_report(),
        })
    }

    /// Reads a source to the end, or until `receiver` stops.
    ///
    /// # Errors
    /// The source cannot return its size.
    pub(super) fn read(
        &mut self,
        input: Input<'_>,
        interrupt: &Interrupt,
        receiver: Option<&mut Receiver<'_>>,
    ) -> Result<Answer> {
        let Input { source, .. } = input;
        if source.is_sized() {
            let size = source.size().map_err(Error::io)?;
            return Ok(self.read_sized(input, size, interrupt, receiver));
        }
        if let Some(finding) = self.unrecognized(input, interrupt) {
            return Ok(Answer::Unrecognized(finding));
        }
        // The end of a file may be another file, or contain what its format searches for. Without it no
        // finding is complete.
        match measure(source, interrupt) {
            Ok(size) => {
                let source = &SizedSource { source, size };
                Ok(self.read_sized(Input { source, ..input }, size, interrupt, receiver))
            }
            Err(error) if error.code() == ErrorCode::LimitSpool || error.ends_file() => {
                let traversed = self.read_unsized(source, interrupt, Some(&error), receiver);
                Ok(Answer::Traversed(traversed))
            }
            Err(error) => Err(error),
        }
    }

    fn read_sized(
        &mut self,
        input: Input<'_>,
        size: u64,
        interrupt: &Interrupt,
        receiver: Option<&mut Receiver<'_>>,
    ) -> Answer {
        let options = &self.options;
        let mut small = SmallSource::new(input.source, size, &mut self.small);
        let source = small.as_ref().map_or(input.source, |small| small);
        let mut meter = Meter::within(&options.limits, interrupt.clone(), size);
        let format = match triage::triage(source, input.name, &mut self.cache, &meter) {
            Ok(Triage::Unknown(container)) => {
                return Answer::Unrecognized(triage::finding(container, options.manner.depth));
            }
            Ok(Triage::Read(format)) => {
                if let Some(small) = &mut small {
                    small.load(self.cache.first_bytes(), &meter);
                }
                format
            }
            // Triage failed. Restart with a fresh meter; the traversal reports the error.
            Err(_) => {
                meter = Meter::within(&options.limits, interrupt.clone(), size);
                None
            }
        };
        let source = small.as_ref().map_or(input.source, |small| small);
        let buffers = Buffers {
            cache: &mut self.cache,
            license: &mut self.license,
            memory: &mut self.memory,
        };
        let traversal = Traversal::new(options, &meter, buffers);
        Answer::Traversed(traversal.run(source, size, format, receiver))
    }

    /// Returns the finding about a source of unknown size if its first bytes, and only if they require
    /// it its last bytes, are of no known format.
    pub(super) fn unrecognized(
        &mut self,
        input: Input<'_>,
        interrupt: &Interrupt,
    ) -> Option<Finding> {
        let options = &self.options;
        let meter = Meter::within(&options.limits, interrupt.clone(), options.limits.spool);
        match triage::triage(input.source, input.name, &mut self.cache, &meter) {
            Ok(Triage::Unknown(container)) => {
                Some(triage::finding(container, options.manner.depth))
            }
            _ => None,
        }
    }

    /// Reads a source of unknown size, as far as its format requires. With `cut`, the reason why the end
    /// cannot be read, all findings are incomplete. Without it, only a license is final, and reading stops
    /// once the size is known.
    pub(super) fn read_unsized(
        &mut self,
        source: &dyn ReadAt,
        interrupt: &Interrupt,
        cut: Option<&Error>,
        receiver: Option<&mut Receiver<'_>>,
    ) -> Traversed {
        self.cache.forget();
        let options = &self.options;
        let size = options.limits.spool;
        let meter = Meter::within(&options.limits, interrupt.clone(), size);
        let buffers = Buffers {
            cache: &mut self.cache,
            license: &mut self.license,
            memory: &mut self.memory,
        };
        let traversal = Traversal::new(options, &meter, buffers);
        let traversal = match cut {
            Some(error) => traversal.cut(error),
            None => traversal.until_sized(),
        };
        traversal.run(source, size, None, receiver)
    }
}

impl<'s> Input<'s> {
    pub(super) fn unnamed(source: &'s dyn ReadAt) -> Input<'s> {
        // The end of a stream of unknown size is not requested.
        let name = if source.is_sized() { NameHint::Unknown } else { NameHint::Other };
        Input { source, name }
    }

    pub(super) fn named(source: &'s dyn ReadAt, name: &Path) -> Input<'s> {
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        Input { source, name: NameHint::of(name.as_bytes()) }
    }
}

/// Bytes of a stream between two checks of the caller's flag and deadline.
const PIECE: u64 = 65_536;

/// Returns the size of a source that has to be read for it.
fn measure(source: &dyn ReadAt, interrupt: &Interrupt) -> Result<u64> {
    let mut at = PIECE;
    loop {
        interrupt.check(true)?;
        match source.read_at(at, &mut [0]) {
            Ok(1..) => at = at.saturating_add(PIECE),
            // The size returns the same error.
            Ok(0) | Err(_) => return source.size().map_err(Error::io),
        }
    }
}
