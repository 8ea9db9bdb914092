//! [`Detection`]: whether a file is protected, and by whose key.

use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;

use super::findings::doubt;
use super::inspector::{Answer, Input, Inspector};
use super::report::Finding;
use super::traversal::Traversed;
use crate::code::ErrorCode;
use crate::error::{Error, Result};
use crate::facts::Facts;
use crate::kinds::{Container, Protection, Searched};
use crate::limits::Interrupt;
use crate::source::{FileSource, ReadAt, StreamSource};

/// Detects whether the file at `path` is rights-protected, with the options of
/// [`Inspector::default`]. For many files keep an inspector: [`Inspector::detect_path`].
///
/// # Errors
/// Only if the file could not be opened. Everything else that was not read is
/// [`Detection::error_code`].
///
/// ```
/// use rmsight::{Container, Protection, detect_path};
///
/// let detection = detect_path("corpus/containers/ooxml-chain8.docx")?;
/// assert_eq!(detection.protection(), Protection::Rms);
/// assert_eq!(detection.container(), Container::OoxmlIrm);
/// println!("its key is {}", detection.slc_key().unwrap_or("unknown"));
/// # Ok::<(), rmsight::Error>(())
/// ```
pub fn detect_path(path: impl AsRef<Path>) -> Result<Detection> {
    Inspector::default().detect_path(path)
}

/// Detects whether bytes in memory are a rights-protected file, with the options of
/// [`Inspector::default`]. For many files keep an inspector: [`Inspector::detect_bytes`].
///
/// ```
/// use rmsight::{Protection, detect_bytes};
///
/// assert_eq!(detect_bytes(b"Nothing in this text is protected.").protection(), Protection::None);
/// // The beginning of a license, and nothing more.
/// let detection = detect_bytes(b"<XrML version=\"1.2\">");
/// assert!(!detection.is_decided());
/// assert!(detection.error_code().is_some());
/// ```
pub fn detect_bytes(bytes: &[u8]) -> Detection {
    Inspector::default().detect_bytes(bytes)
}

/// Detects whether the bytes of a reader are a rights-protected file, with the options of
/// [`Inspector::default`]. For many files keep an inspector: [`Inspector::detect_reader`].
///
/// # Errors
/// The reader failed before the answer was known.
///
/// ```
/// use rmsight::{Protection, detect_reader};
///
/// let file = std::fs::File::open("corpus/containers/ooxml-chain8.docx")?;
/// assert_eq!(detect_reader(file)?.protection(), Protection::Rms);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn detect_reader(reader: impl Read) -> Result<Detection> {
    Inspector::default().detect_reader(reader)
}

/// The answer to the question whether a file is rights-protected.
///
/// The detection ends with the first license. Without a license it reads the file and all of its
/// members, like an inspection: [`protection`](Detection::protection) is `none` only if the report of
/// [`Inspector::inspect`] has no error, and every finding is `none` and searched in full.
///
/// ```
/// use rmsight::{Need, Protection, detect_path, judge};
///
/// let detection = detect_path("corpus/containers/ooxml-chain8.docx")?;
/// match detection.protection() {
///     Protection::Rms => println!("protected by {:?}", detection.slc_key()),
///     Protection::Unknown => println!("undecided: {:?}", detection.error_code()),
///     _ => println!("not rights-protected"),
/// }
/// // The license is in the file itself, and nothing was left to read.
/// assert!(detection.is_decided() && detection.is_searched());
/// assert_eq!(detection.member(), None);
/// // The facts can be judged. Without an estate file no key is known.
/// assert_eq!(judge(detection.facts(), &Default::default()).need(), Need::Possible);
/// # Ok::<(), rmsight::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detection {
    protection: Protection,
    facts: Facts,
}

impl Detection {
    /// Returns the protection of the file with all of its members: `rms` if one of them is
    /// rights-protected, else `unknown` if something could not be read.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// Returns whether the question is answered: the protection is not `unknown`.
    pub fn is_decided(&self) -> bool {
        self.protection != Protection::Unknown
    }

    /// Returns whether the whole file was searched. A detection that a license ended early was not,
    /// unless nothing was left to read.
    pub fn is_searched(&self) -> bool {
        self.facts.searched == Searched::Full
    }

    /// Returns the format of the file or member that decided.
    pub fn container(&self) -> Container {
        self.facts.container
    }

    /// Returns the path of the member that decided ([`Facts::member`]). `None` for the file itself.
    pub fn member(&self) -> Option<&str> {
        self.facts.member.as_deref()
    }

    /// Returns why something was not read. It is present if the protection is `unknown`, and can be
    /// present with a license that was not read completely. `None` if everything that decides was read.
    ///
    /// It is the code of [`Facts::error_code`], which is text because stored facts can have codes of later
    /// versions. A detection is never read from storage, so its code is always one of the enum:
    /// [`ErrorCode::as_str`] is the text, and [`str::parse`] converts the text back.
    pub fn error_code(&self) -> Option<ErrorCode> {
        self.facts.error_code.as_ref()?.parse().ok()
    }

    /// Returns the key of the server that can open the file ([`LicenseFacts::slc_key`]). `None` without
    /// a readable license. Other members of an archive may have other keys.
    ///
    /// [`LicenseFacts::slc_key`]: crate::LicenseFacts::slc_key
    pub fn slc_key(&self) -> Option<&str> {
        self.facts.slc_key()
    }

    /// Returns the facts about the file or member that decided, for [`judge`](crate::judge).
    ///
    /// If a license ended the detection early, [`Facts::searched`] is `partial`. A verdict about these
    /// facts is never `no`, because the part that was not read can need another key.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns the facts about the file or member that decided, see [`facts`](Detection::facts).
    pub fn into_facts(self) -> Facts {
        self.facts
    }

    /// Returns the detection that this finding decides.
    fn of(finding: Finding) -> Detection {
        Detection { protection: finding.facts.protection, facts: finding.facts }
    }

    /// Returns the detection that a license ended. `is_last` says that nothing was left to read.
    fn by_license(finding: Finding, is_last: bool) -> Detection {
        let mut detection = Detection::of(finding);
        if !is_last && detection.is_searched() {
            detection.facts.searched = Searched::Partial;
        }
        detection
    }
}

impl Inspector {
    /// Detects whether the file at `path` is rights-protected.
    ///
    /// # Errors
    /// Only if the file could not be opened. Everything else that was not read is
    /// [`Detection::error_code`].
    ///
    /// ```
    /// use rmsight::{Inspector, Protection};
    ///
    /// let mut inspector = Inspector::default();
    /// let detection = inspector.detect_path("README.md")?;
    /// assert_eq!(detection.protection(), Protection::None);
    /// # Ok::<(), rmsight::Error>(())
    /// ```
    pub fn detect_path(&mut self, path: impl AsRef<Path>) -> Result<Detection> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let source = FileSource::open(&path).map_err(Error::io)?;
        self.detect_input(Input::named(&source, path.as_ref()), &interrupt)
    }

    /// Detects whether bytes in memory are a rights-protected file. For text and other bytes of no known
    /// format it allocates no memory.
    ///
    /// ```
    /// use rmsight::{Inspector, Protection};
    ///
    /// let mut inspector = Inspector::default();
    /// for text in ["one", "two"] {
    ///     assert_eq!(inspector.detect_bytes(text.as_bytes()).protection(), Protection::None);
    /// }
    /// ```
    pub fn detect_bytes(&mut self, bytes: &[u8]) -> Detection {
        let detection = self.detect(&bytes);
        detection.unwrap_or_else(|error| Detection::of(Finding::new(Facts::unopened(&error))))
    }

    /// Detects whether the bytes of a reader, from its position on, are a rights-protected file.
    ///
    /// The bytes are read as far as the answer requires: a license is usually in the first 100 KB of a
    /// document of Office, whatever its size. Up to [`Limits::spool`](crate::Limits::spool) bytes are
    /// kept in memory; a longer stream that has no license there and is of a known format is undecided
    /// (`limit-spool`).
    ///
    /// # Errors
    /// The reader failed before the answer was known.
    ///
    /// ```
    /// use rmsight::{ErrorCode, Inspector, Limits};
    ///
    /// let mut limits = Limits::default();
    /// limits.spool = 1000;
    /// let mut inspector = Inspector::builder().limits(limits).build();
    /// let document = std::fs::File::open("corpus/containers/ooxml-chain8.docx")?;
    /// let detection = inspector.detect_reader(document)?;
    /// assert_eq!(detection.error_code(), Some(ErrorCode::LimitSpool));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn detect_reader(&mut self, reader: impl Read) -> Result<Detection> {
        self.detect(&StreamSource::new(reader, self.options.limits.spool))
    }

    /// Detects whether any source of bytes is a rights-protected file.
    ///
    /// A source of unknown size ([`ReadAt::is_sized`]) is read twice if no license ends the detection: the
    /// second time with its size. All limits apply to each time.
    ///
    /// # Errors
    /// Only if the source cannot return its size.
    ///
    /// ```
    /// use rmsight::{FileSource, Inspector, Protection};
    ///
    /// let source = FileSource::open("corpus/containers/ooxml-chain8.docx")?;
    /// assert_eq!(Inspector::default().detect(&source)?.protection(), Protection::Rms);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn detect(&mut self, source: &dyn ReadAt) -> Result<Detection> {
        let interrupt = std::mem::take(&mut self.interrupt);
        self.detect_input(Input::unnamed(source), &interrupt)
    }

    /// Detects whether any source of bytes that has a file name is a rights-protected file. The name
    /// has the same effect as in [`inspect_named`](Inspector::inspect_named).
    ///
    /// # Errors
    /// Only if the source cannot return its size.
    ///
    /// ```
    /// use rmsight::{Inspector, Protection};
    ///
    /// let attachment = b"Nothing in this text is protected.".as_slice();
    /// let detection = Inspector::default().detect_named(&attachment, "notes.txt")?;
    /// assert_eq!(detection.protection(), Protection::None);
    /// # Ok::<(), rmsight::Error>(())
    /// ```
    pub fn detect_named(
        &mut self,
        source: &dyn ReadAt,
        name: impl AsRef<Path>,
    ) -> Result<Detection> {
        let interrupt = std::mem::take(&mut self.interrupt);
        self.detect_input(Input::named(source, name.as_ref()), &interrupt)
    }

    fn detect_input(&mut self, input: Input<'_>, interrupt: &Interrupt) -> Result<Detection> {
        if !input.source.is_sized() {
            if let Some(finding) = self.unrecognized(input, interrupt) {
                return Ok(Detection::of(finding));
            }
            // A license decides, whatever the bytes that were not read contain. Any other answer needs the
            // end of the stream, so the stream is then read again, from memory.
            let mut license = None;
            let mut receiver = |finding: Finding| match finding.facts.protection {
                Protection::Rms if finding.error.is_none() => {
                    license = Some(finding);
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            };
            self.read_unsized(input.source, interrupt, None, Some(&mut receiver));
            if let Some(license) = license {
                return Ok(Detection::by_license(license, false));
            }
        }
        let mut worst: Option<Finding> = None;
        let mut receiver = |finding: Finding| {
            let protection = finding.facts.protection;
            let order = |finding: &Finding| {
                (finding.facts.protection.rank(), finding.facts.member.is_some())
            };
            if worst.as_ref().is_none_or(|worst| order(&finding) < order(worst)) {
                worst = Some(finding);
            }
            match protection {
                Protection::Rms => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        };
        let (incomplete, is_last) = match self.read(input, interrupt, Some(&mut receiver))? {
            Answer::Unrecognized(finding) => return Ok(Detection::of(finding)),
            Answer::Traversed(Traversed { stop: Some(stop), .. }) => (None, stop.is_last),
            Answer::Traversed(Traversed { findings, stop: None }) => {
                (findings.deliver_rest(&mut receiver).continue_value().flatten(), false)
            }
        };
        let undecided = || Finding::new(Facts::new(Container::Other, Protection::Unknown));
        let worst = worst.unwrap_or_else(undecided);
        if worst.facts.protection == Protection::Rms {
            return Ok(Detection::by_license(worst, is_last));
        }
        let mut detection = Detection::of(worst);
        if let Some(error) = incomplete {
            doubt(&mut detection.facts, &error);
            detection.protection = Protection::Unknown;
        }
        Ok(detection)
    }
}
