//! What holds the license: one module for each format, each a function from a [`Window`] to a
//! [`Sink`].
//!
//! A format says what it is, where a license lies in it, and which members somebody should look
//! into. It opens no member itself, keeps no state, and stops at the first thing that it cannot
//! believe: what it has told the sink until then stands.

mod ar;
pub(crate) mod archive;
mod armor;
mod binary;
pub(crate) mod cms;
pub(crate) mod compound;
pub(crate) mod gzip;
pub(crate) mod irm;
pub(crate) mod label;
pub(crate) mod mail;
mod ole;
pub(crate) mod password;
pub(crate) mod pdf;
pub(crate) mod pfile;
mod polyglot;
mod program;
pub(crate) mod rpmsg;
mod shifted;
mod stored;
mod tail;
pub(crate) mod tar;
pub(crate) mod text;
mod words;
pub(crate) mod zip;
mod zlib;

use std::cell::RefCell;
use std::rc::Rc;

use crate::code::ErrorCode;
use crate::error::{Error, ErrorKind, Result};
use crate::kinds::{Anomaly, Container, Protection};
pub(crate) use crate::source::Encoding;
use crate::source::{Extent, Window};
use polyglot::Second;
use words::{Word, Words};

/// A license that a format has found, in memory.
#[derive(Debug)]
pub(crate) struct LicenseBytes<'a> {
    /// Its bytes as the container delivers them, in whatever encoding.
    pub(crate) bytes: &'a [u8],
    /// Where they lie in the member, if they do so in one piece and not encoded.
    pub(crate) offset: Option<u64>,
}

/// Something inside a member that should be looked into by itself.
pub(crate) struct Member {
    pub(crate) name: Name,
    pub(crate) body: Body,
}

/// Bytes of memory that a member takes while it waits.
pub(crate) const WAITING: u64 = 512;

/// What a member is called in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Name {
    /// The name that the container gives it; directories with `/`.
    Named(String),
    /// It has none; the record counts it. The text says what it is: `attachment`, `part`.
    Unnamed(&'static str),
    /// It has none but its place in the container, counted from 1 with those that nobody names to
    /// the sink.
    Numbered(&'static str, u64),
    /// It lies in something that is no member of its own: a message embedded in an Outlook item.
    Within(Vec<String>, Box<Name>),
    /// It is no member but the same thing one layer down, and its license is the outer one's: the
    /// compound file in an rpmsg, the payload of a PDF wrapper.
    Layer,
}

/// Where a member's bytes are.
pub(crate) enum Body {
    /// In the container as they are, in one piece or several.
    Stored(Vec<Extent>),
    /// In the container, encoded; they are decoded as far as somebody reads them.
    Encoded {
        extents: Vec<Extent>,
        encoding: Encoding,
        /// What the container says that they decode to; it need not be true.
        size: Option<u64>,
    },
    /// In the container from here on, encoded or not, up to an end that is searched for as they are
    /// read.
    Delimited { content: Rc<RefCell<mail::Content>>, begin: u64, encoding: Option<Encoding> },
    /// Where only a reader of the caller's gets at them.
    Elsewhere { reader: mail::pst::Shared, size: u64 },
    /// They are all of the container's own, read as another format.
    Again(Read),
    /// Somewhere in the container's own; this knows where.
    Inside(Rest),
    /// Nobody here can get at them; why.
    Unopened { error: Error, size: Option<u64> },
}

/// A format as a function.
pub(crate) type Read = fn(&mut Window<'_>, &mut dyn Sink) -> Result<()>;

/// What a format does once the members that it has named are read.
///
/// A container of a million members names some of them and goes on from there, so that no more
/// than those wait in memory.
pub(crate) type Rest = Box<dyn FnOnce(&mut Window<'_>, &mut dyn Sink) -> Result<()>>;

/// A sensitivity label, found beside a license or alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Label {
    pub(crate) id: String,
    pub(crate) tenant: Option<String>,
}

/// What a caller wants searched beyond what decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Labels outside of licenses.
    pub(crate) labels: bool,
    /// The files inside of documents.
    pub(crate) deep: bool,
    /// Evidence and all that `inspect` shows, at the price of more reads.
    pub(crate) evidence: bool,
}

/// What a format tells of what it reads.
pub(crate) trait Sink {
    /// What the caller wants beyond what decides.
    fn wanted(&self) -> Wanted;

    /// Whether licenses are read whole, and use licenses too, or only what decides.
    fn reads_whole_licenses(&self) -> bool {
        true
    }

    /// Whether the format reads a member of a container, not a file.
    fn is_member(&self) -> bool {
        false
    }

    /// The caller's reader of Outlook data files, if there is one.
    fn pst_opener(&self) -> Option<mail::pst::PstOpener> {
        None
    }

    /// The member is of this kind. The last word counts; a format says it as soon as it knows, so
    /// that an error behind it is an error of that kind of file.
    fn container(&mut self, container: Container);

    /// What keeps people out. Once `rms` is said nothing lowers it.
    fn protection(&mut self, protection: Protection);

    /// A fact that a person would want to see: the structure it stands in, the value, where.
    fn evidence(&mut self, element: &'static str, value: &str, offset: Option<u64>);

    /// A license, in memory.
    fn license(&mut self, license: LicenseBytes<'_>) -> Result<()>;

    /// A license that lies in the member as it is, in one piece or several. The sink reads as much
    /// of it as the caller's depth asks for.
    fn license_at(&mut self, window: &mut Window<'_>, extents: &[Extent]) -> Result<()>;

    /// A license candidate that cannot be read. If the structure holds other candidates, it becomes
    /// a record of its own with `error`.
    fn unread_license(&mut self, error: Error) -> Result<()> {
        self.incomplete(error);
        Ok(())
    }

    /// A use license cached in the file: XrML, or the `<certificatechain>` around it.
    fn use_license(&mut self, bytes: &[u8]) -> Result<()>;

    /// A label in the clear part of the member.
    fn label(&mut self, label: Label);

    /// Something inside to be looked into later.
    fn member(&mut self, member: Member) -> Result<()>;

    /// A second reading of the same bytes: a PDF that begins at `span.start`, and whose `startxref`
    /// is located at `span.end`. Where a stored member turns out to contain the span, the PDF is that
    /// member, and is not named twice.
    fn second_pdf(&mut self, member: Member, span: std::ops::Range<u64>) -> Result<()> {
        self.anomaly(Anomaly::Polyglot, Some(span.start));
        self.member(member)
    }

    /// The format is not through: it goes on with `rest` when its members until now are read. It
    /// says so last, before it returns.
    fn rest(&mut self, rest: Rest) {
        drop(rest);
        self.incomplete(Error::unsupported(
            ErrorCode::ArchiveNotOpened,
            "archive",
            None,
            "not read on",
        ));
    }

    /// The same, of a format that reads from here on what it has not read yet, and all of it.
    fn forward(&mut self, rest: Rest) {
        self.rest(rest);
    }

    /// Odd, but readable.
    fn anomaly(&mut self, anomaly: Anomaly, offset: Option<u64>);

    /// Something could not be read, and the format goes on without it. The first one is kept.
    fn incomplete(&mut self, error: Error);
}

/// Damage in one place does not keep the others from being read; a limit does.
pub(crate) fn go_on<T>(sink: &mut dyn Sink, read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::Malformed => {
            sink.incomplete(error);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// One line of the detection table.
pub(crate) struct Format {
    /// Whether a member whose first bytes are these may be of the format.
    matches: fn(head: &[u8]) -> bool,
    read: Read,
    /// What else it may be at its end.
    second: Second,
}

const fn format(matches: fn(head: &[u8]) -> bool, read: Read, second: Second) -> Format {
    Format { matches, read, second }
}

/// The formats in the order in which they are tried: first those with a firm magic.
const MAGICS: &[Format] = &[
    format(compound::matches, read_compound, Second::BehindSectors),
    format(pfile::matches, pfile::read, Second::Any),
    format(rpmsg::matches, rpmsg::read, Second::Pdf),
    format(rpmsg::matches_bare_blocks, rpmsg::read_bare_blocks, Second::Pdf),
    format(zip::matches, zip::read, Second::UnlistedPdf),
    // Its first field is a name, which may begin with any of the following magics.
    format(tar::matches, tar::read, Second::None),
    format(program::matches, program::read, Second::Pdf),
    format(mail::tnef::matches, mail::tnef::read, Second::Pdf),
    format(mail::pst::matches, mail::pst::read, Second::Pdf),
    format(gzip::matches, gzip::read, Second::None),
    format(ar::matches, ar::read, Second::None),
    format(zlib::matches, zlib::read, Second::None),
    format(cms::matches, cms::read, Second::Pdf),
    format(archive::matches, archive::read, Second::Pdf),
    format(tar::matches_damaged, tar::read, Second::None),
];

/// Then text that begins with a word of its own, the first byte of which is one of these.
const WORD_STARTS: &[u8] = b"-MBb=(Csi";
const WORDS: &[Format] = &[
    format(armor::matches_first, armor::read, Second::None),
    format(cms::matches_base64, cms::read_base64, Second::None),
    format(mail::calendar::matches, mail::calendar::read, Second::None),
    format(mail::encoded::matches, mail::encoded::read, Second::None),
];

/// Then those for which `%PDF-` has to be present near the beginning.
const PDF: &Format = &format(matches_pdf, pdf::read_whole, Second::Zip);

/// Then other text.
const TEXTS: &[Format] = &[
    format(armor::matches_bare, armor::read_bare, Second::None),
    format(text::matches, text::read, Second::Any),
    format(mail::foreign::matches, mail::foreign::read, Second::Pdf),
    format(mail::mbox::matches, mail::mbox::read, Second::PdfInMail),
];

/// Then messages, which have a colon in each field.
const MESSAGES: &[Format] = &[
    format(mail::eml::matches, mail::mbox::read_message, Second::PdfInMail),
    format(mail::eml::matches_long, mail::mbox::read_long_message, Second::None),
];

/// Then a mailbox behind lines that are no message.
const LATER_MAILBOX: &Format =
    &format(mail::mbox::matches_later, mail::mbox::read_later, Second::None);

/// Then `%PDF-` behind something that is no message.
const QUOTED_PDF: &Format = &format(pdf::matches_quoted, pdf::read_quoted, Second::None);

/// Last, what only a search of the head shows.
/// A head that is of the format contains the word.
const SEARCHED: &[(Option<Word>, Format)] = &[
    (Some(Word::PdfObject), format(pdf::matches_objects, pdf::read_headless, Second::None)),
    (None, format(text::matches_prolog, text::read_prolog, Second::Any)),
    (None, format(text::matches_damaged, text::read_damaged, Second::None)),
    (Some(Word::PdfHeader), format(shifted::matches_late, shifted::read, Second::None)),
    (Some(Word::Armor), format(armor::matches, armor::read, Second::None)),
    (Some(Word::LocalHeader), format(zip::matches_prefixed, zip::read_prefixed, Second::None)),
    (None, format(zip::matches_damaged, zip::read_prefixed, Second::None)),
    (None, format(mail::calendar::matches_later, mail::calendar::read, Second::None)),
];

/// Whatever blanks precede.
const SHIFTED: &Format = &format(shifted::matches, shifted::read, Second::None);

/// A tape archive whose first header lost or gained bytes. Behind blanks it is whole.
const MOVED_TAR: &Format = &format(tar::matches_moved, tar::read, Second::None);

/// The image of a disc, which a file may be and a member is not asked for: many begin with nothing,
/// and each would have to be decoded up to the descriptor.
const DISC: Format =
    Format { matches: archive::matches_disc, read: archive::read_disc, second: Second::None };

/// A file that its end may name. A member is not asked for it, because it would have to be decoded to
/// its end.
const KNOWN_BY_TAIL: Format = format(tail::is_possible, tail::read, Second::None);

/// Returns whether a member is a PDF, and not a message that precedes the header of a PDF.
fn matches_pdf(head: &[u8]) -> bool {
    pdf::matches(head) && !pdf::header_at(head).is_some_and(|at| is_mail_before(head, at))
}

/// Returns whether the bytes before `at`, where `%PDF-` is located, are the beginning of a message:
/// its attachment may be a PDF, its text may mention one.
fn is_mail_before(head: &[u8], at: usize) -> bool {
    let before = head.get(..at).unwrap_or_default();
    at > 0 && (mail::mbox::matches(head) || mail::eml::matches(before))
}

impl Format {
    /// The format of a member whose decoded bytes begin with `head`, if it is one that is known here.
    pub(crate) fn of(head: &[u8]) -> Option<&'static Format> {
        let first = |formats: &'static [Format]| formats.iter().find(|it| (it.matches)(head));
        if let Some(found) = first(MAGICS) {
            return Some(found);
        }
        if let Some(found) = [SHIFTED, MOVED_TAR].into_iter().find(|it| (it.matches)(head)) {
            return Some(found);
        }
        let begins = mail::eml::begin(head).first().is_some_and(|it| WORD_STARTS.contains(it));
        if begins && let Some(found) = first(WORDS) {
            return Some(found);
        }
        // The search is done once: most files have no such header.
        let has_header = pdf::header_at(head).is_some();
        if has_header && (PDF.matches)(head) {
            return Some(PDF);
        }
        let has_fields = || memchr::memchr(b':', head).is_some();
        if let Some(found) =
            first(TEXTS).or_else(|| if has_fields() { first(MESSAGES) } else { None })
        {
            return Some(found);
        }
        let words = Words::of(head);
        let later = || {
            let is_possible = has_fields() && words.contain(Word::MailSeparator);
            (is_possible && (LATER_MAILBOX.matches)(head)).then_some(LATER_MAILBOX)
        };
        let quoted = || has_header.then_some(QUOTED_PDF);
        let searched = || {
            SEARCHED
                .iter()
                .find(|(word, it)| {
                    word.is_none_or(|word| words.contain(word)) && (it.matches)(head)
                })
                .map(|(_, format)| format)
        };
        later().or_else(quoted).or_else(searched)
    }

    /// Returns the format of a whole file, of which the end is read where the head does not decide.
    pub(crate) fn of_file(
        window: &mut Window<'_>,
        reads_tail: bool,
    ) -> Result<Option<&'static Format>> {
        let head = window.head()?;
        if let Some(found) = Format::of(head) {
            return Ok(Some(found));
        }
        if (DISC.matches)(head) {
            return Ok(Some(&DISC));
        }
        let may_be = reads_tail || (KNOWN_BY_TAIL.matches)(head);
        if may_be && tail::matches(window)? {
            return Ok(Some(&KNOWN_BY_TAIL));
        }
        // The name may be that of an image, whose system area has no form.
        let is_disc = reads_tail && archive::is_disc(window)?;
        Ok(is_disc.then_some(&DISC))
    }

    /// Reads a member of this format.
    pub(crate) fn read(&self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
        polyglot::look(self.second, window, sink)?;
        (self.read)(window, sink)
    }
}

/// Whether a member whose decoded bytes begin with `head` is of a format that is known here.
///
/// A container of many members asks before it names one, so that those of which nothing can come
/// cost no more than that.
pub(crate) fn is_known(head: &[u8]) -> bool {
    Format::of(head).is_some()
}

/// What a member is that begins with `head`, where nothing can come of it.
pub(crate) fn ordinary(head: &[u8]) -> Container {
    if head.is_empty() { Container::Empty } else { Container::Other }
}

/// Whether a file of this name is looked at to its end.
pub(crate) fn is_named_like_archive(name: &[u8]) -> bool {
    tail::is_named(name)
}

/// Whether a member of this name is opened: its first bytes are of a known format, or its name is that
/// of a file which its end may name.
pub(crate) fn is_worth_opening(name: &[u8], head: &[u8]) -> bool {
    is_known(head) || tail::is_named(name)
}

/// Whether `head` is that of a format which no text begins like by chance.
pub(crate) fn is_firmly_known(head: &[u8]) -> bool {
    let by_chance = text::matches(head)
        || mail::mbox::matches(head)
        || mail::eml::matches(head)
        || mail::eml::matches_long(head)
        || mail::mbox::matches_later(head)
        || mail::foreign::matches(head)
        // Programs pack much else than files.
        || zlib::matches(head);
    is_known(head) && !by_chance
}

/// Whether `head` begins with the magic of a format or is a license, so that a file can begin there
/// behind another one.
pub(crate) fn begins_file(head: &[u8]) -> bool {
    MAGICS.iter().any(|format| (format.matches)(head)) || text::matches(head)
}

/// Whether a member is named like one that only rights management writes.
///
/// What it holds is decided by its bytes; but where they are of no known format, somebody may have
/// damaged them, and it is not to pass for an ordinary file.
pub(crate) fn is_named_protected(name: &str) -> bool {
    ends_protected(name.trim_end().as_bytes())
}

/// The same of a name in whatever encoding, of which only UTF-8 counts.
pub(crate) fn is_named_protected_in_bytes(name: &[u8]) -> bool {
    // Nothing is trimmed of most, nor need they be decoded.
    let is_whole = name.last().is_some_and(u8::is_ascii_graphic);
    (!is_whole || ends_protected(name)) && std::str::from_utf8(name).is_ok_and(is_named_protected)
}

fn ends_protected(name: &[u8]) -> bool {
    [&b".rpmsg"[..], b".pfile"].iter().any(|suffix| {
        let end = name.len().checked_sub(suffix.len()).and_then(|at| name.get(at..));
        end.is_some_and(|end| end.eq_ignore_ascii_case(suffix))
    })
}

/// What is said of such a member.
pub(crate) fn not_as_named() -> Error {
    let detail = "it is named like a protected file, and its bytes are of no known format";
    Error::malformed(ErrorCode::MalformedAttachment, "attachment", None, detail)
}

/// Returns what reads a member of this name, if that is not [`read`].
pub(crate) fn reader_for(name: &Name) -> Option<Read> {
    match name {
        Name::Named(name) if tail::is_named(name.as_bytes()) => Some(read_to_tail),
        Name::Within(_, name) => reader_for(name),
        _ => None,
    }
}

/// Reads a member that its end may name.
fn read_to_tail(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    match Format::of(head) {
        Some(format) => format.read(window, sink),
        None if head.is_empty() => read(window, sink),
        None => DISC.read(window, sink),
    }
}

/// Reads a whole file of whatever format.
pub(crate) fn read_file(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    match Format::of_file(window, false)? {
        Some(format) => format.read(window, sink),
        None => read(window, sink),
    }
}

/// Reads a member of whatever format.
pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    match Format::of(head) {
        Some(format) => format.read(window, sink),
        None => {
            sink.container(ordinary(head));
            Ok(())
        }
    }
}

/// Reads a compound file as what its directory says that it is.
fn read_compound(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Ole);
    // Until the directory is read, anything may be in it.
    sink.protection(Protection::Unknown);
    let mut file = compound::CompoundFile::open(window)?;
    if irm::read(&mut file, window, sink)? {
        return Ok(());
    }
    if mail::msg::read(&mut file, window, sink)? {
        return Ok(());
    }
    password::read(&mut file, window, sink)?;
    match sink.wanted().deep {
        true => ole::read(&mut file, window, sink),
        false => ole::read_package(&mut file, window, sink),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_name_need_not_be_decoded(
            name in "[a\u{e9}]{0,2}(\\.rpmsg|\\.PFile|\\.jpg)?[ \u{a0}\u{2003}g.]{0,2}",
            damage in proptest::option::of((0..8_usize, any::<u8>())),
        ) {
            let mut name = name.into_bytes();
            if let Some((at, byte)) = damage
                && let Some(there) = name.get_mut(at)
            {
                *there = byte;
            }
            let plainly = std::str::from_utf8(&name).is_ok_and(is_named_protected);
            prop_assert_eq!(is_named_protected_in_bytes(&name), plainly);
        }
    }
}
