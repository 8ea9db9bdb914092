//! Detection table: which reader a file or member needs, by its first bytes and in part by its end
//! or its name. It imports the formats; no format imports it. Containers use it through
//! [`Sink::recognizer`].

use super::head_words::{Word, Words};
use super::name::{Name, NameHint, is_named_like_archive};
use super::polyglot::{self, TrailingFormat as Trailing};
use super::recognizer::Recognizer;
use super::sink::{Read, Sink};
use super::{
    ar, armor, cms, compound, embedded_object, gzip, irm, mail, office_encryption, pdf, pe, pfile,
    rpmsg, shifted, tail, tar, unsupported_archive, xrml_file, zip, zlib,
};
use crate::error::Result;
use crate::kinds::{Container, Protection};
use crate::source::Window;

use Condition::{Colon, ColonAnd, Contains, FirstByte, PdfHeader, Unconditional};
use Matches::{Always, Head, Nested};

/// Test of the first bytes of a member.
enum Matches {
    /// The condition of the row is the test.
    Always,
    Head(fn(&[u8]) -> bool),
    /// The format contains an encoded file, which the table has to recognize.
    Nested(fn(&[u8], Recognizer) -> bool),
}

impl Matches {
    #[inline]
    fn test(&self, head: &[u8]) -> bool {
        match self {
            Always => true,
            Head(matches) => matches(head),
            Nested(matches) => matches(head, RECOGNIZER),
        }
    }
}

/// Cheap condition for the test of a row. Rows that share one evaluate it once for each head.
enum Condition {
    /// No condition.
    Unconditional,
    /// The first byte after a byte order mark and blanks is one of [`FIRST_BYTES`].
    FirstByte,
    /// `%PDF-` is present near the beginning.
    PdfHeader,
    /// A colon is present, as in each field of a message.
    Colon,
    /// A colon and a word are present.
    ColonAnd(Word),
    /// A word is present.
    Contains(Word),
}

/// First bytes of the text formats that begin with a specific word.
const FIRST_BYTES: &[u8] = b"-MBb=(Csi";

/// Row of the detection table.
pub(crate) struct Format {
    condition: Condition,
    matches: Matches,
    read: Read,
    /// Format that the end of the same bytes may have.
    trailing: Trailing,
}

const fn row(condition: Condition, matches: Matches, read: Read, trailing: Trailing) -> Format {
    Format { condition, matches, read, trailing }
}

const fn plain(matches: fn(&[u8]) -> bool, read: Read, trailing: Trailing) -> Format {
    row(Unconditional, Head(matches), read, trailing)
}

/// The formats that have a firm magic, in the order in which they are tested. A file after another
/// file is recognized by them too. They have no conditions, because every head is tested against
/// them.
const MAGICS: &[Format] = &[
    plain(compound::matches, read_compound, Trailing::AfterSectors),
    plain(pfile::matches, pfile::read, Trailing::Any),
    plain(rpmsg::matches, rpmsg::read, Trailing::Pdf),
    plain(rpmsg::matches_bare_blocks, rpmsg::read_bare_blocks, Trailing::Pdf),
    plain(zip::matches, zip::read, Trailing::UnlistedPdf),
    // Its first field is a name, which may begin with any of the following magics.
    plain(tar::matches, tar::read, Trailing::None),
    plain(pe::matches, pe::read, Trailing::Pdf),
    plain(mail::tnef::matches, mail::tnef::read, Trailing::Pdf),
    plain(mail::pst::matches, mail::pst::read, Trailing::Pdf),
    plain(gzip::matches, gzip::read, Trailing::None),
    plain(ar::matches, ar::read, Trailing::None),
    plain(zlib::matches, zlib::read, Trailing::None),
    plain(cms::matches, cms::read, Trailing::Pdf),
    plain(unsupported_archive::matches, unsupported_archive::read, Trailing::Pdf),
    plain(tar::matches_damaged, tar::read, Trailing::None),
];

/// The other formats in the order in which they are tested.
const FORMATS: &[Format] = &[
    // Files after a mark and blanks, and a tape archive whose first header lost or gained bytes.
    // The latter is intact after blanks.
    plain(shifted::matches, shifted::read, Trailing::None),
    plain(tar::matches_moved, tar::read, Trailing::None),
    // Text that begins with a specific word.
    row(FirstByte, Nested(armor::matches_first), armor::read, Trailing::None),
    row(FirstByte, Head(cms::matches_base64), cms::read_base64, Trailing::None),
    row(FirstByte, Head(mail::calendar::matches), mail::calendar::read, Trailing::None),
    row(FirstByte, Nested(mail::encoded::matches), mail::encoded::read, Trailing::None),
    row(PdfHeader, Head(matches_pdf), pdf::read_whole, Trailing::Zip),
    // Other text.
    row(Unconditional, Nested(armor::matches_bare), armor::read_bare, Trailing::None),
    plain(xrml_file::matches, xrml_file::read, Trailing::Any),
    plain(mail::unsupported_mail::matches, mail::unsupported_mail::read, Trailing::Pdf),
    plain(mail::mbox::matches, mail::mbox::read, Trailing::PdfInMail),
    row(Colon, Head(mail::eml::matches), mail::mbox::read_message, Trailing::PdfInMail),
    row(Colon, Head(mail::eml::matches_long), mail::mbox::read_long_message, Trailing::None),
    // A mailbox after lines that are not a message.
    row(
        ColonAnd(Word::MailSeparator),
        Head(mail::mbox::matches_later),
        mail::mbox::read_later,
        Trailing::None,
    ),
    // `%PDF-` after text that is not a message.
    row(PdfHeader, Always, pdf::read_quoted, Trailing::None),
    // Formats that only a search of the head shows.
    row(Contains(Word::PdfObject), Head(pdf::matches_objects), pdf::read_headless, Trailing::None),
    plain(xrml_file::matches_prolog, xrml_file::read_prolog, Trailing::Any),
    plain(xrml_file::matches_damaged, xrml_file::read_damaged, Trailing::None),
    row(Contains(Word::PdfHeader), Head(shifted::matches_late), shifted::read, Trailing::None),
    row(Contains(Word::Armor), Nested(armor::matches), armor::read, Trailing::None),
    row(
        Contains(Word::LocalHeader),
        Head(zip::matches_prefixed),
        zip::read_prefixed,
        Trailing::None,
    ),
    plain(zip::matches_damaged, zip::read_prefixed, Trailing::None),
    row(Colon, Head(mail::calendar::matches_later), mail::calendar::read, Trailing::None),
];

/// Image of a disc; for files only. Many members begin with zeros, and each would have to be
/// decoded up to the descriptor.
static DISC: Format = plain(unsupported_archive::matches_disc, read_disc, Trailing::None);

/// File that is recognized by its end; for files only. A member would have to be decoded to its
/// end.
static KNOWN_BY_TAIL: Format = plain(tail::is_possible, tail::read, Trailing::None);

/// The table for formats that recognize their members.
pub(crate) const RECOGNIZER: Recognizer = Recognizer { is_known, is_firmly_known, begins_file };

/// Properties of a head that conditions test. Each is computed at most once, and only on demand.
#[derive(Default)]
struct HeadProperties<'h> {
    has_first_byte: Option<bool>,
    has_pdf_header: Option<bool>,
    has_colon: Option<bool>,
    words: Option<Words<'h>>,
}

impl<'h> HeadProperties<'h> {
    #[inline]
    fn meet(&mut self, condition: &Condition, head: &'h [u8]) -> bool {
        match condition {
            Unconditional => true,
            FirstByte => *self.has_first_byte.get_or_insert_with(|| {
                let first = mail::eml::begin(head).first();
                first.is_some_and(|first| FIRST_BYTES.contains(first))
            }),
            PdfHeader => *self.has_pdf_header.get_or_insert_with(|| pdf::header_at(head).is_some()),
            Colon => self.has_colon(head),
            ColonAnd(word) => self.has_colon(head) && self.contains(*word, head),
            Contains(word) => self.contains(*word, head),
        }
    }

    #[inline]
    fn has_colon(&mut self, head: &[u8]) -> bool {
        *self.has_colon.get_or_insert_with(|| memchr::memchr(b':', head).is_some())
    }

    #[inline]
    fn contains(&mut self, word: Word, head: &'h [u8]) -> bool {
        self.words.get_or_insert_with(|| Words::of(head)).contain(word)
    }
}

/// Returns whether a member is a PDF, and not a message that precedes the header of a PDF.
fn matches_pdf(head: &[u8]) -> bool {
    pdf::matches(head) && !pdf::header_at(head).is_some_and(|at| is_mail_before(head, at))
}

/// Returns whether the bytes before offset `at` of `%PDF-` are the beginning of a message: its
/// attachment may be a PDF, or its text may mention one.
fn is_mail_before(head: &[u8], at: usize) -> bool {
    let before = head.get(..at).unwrap_or_default();
    at > 0 && (mail::mbox::matches(head) || mail::eml::matches(before))
}

impl Format {
    /// Returns the format of a member whose decoded bytes begin with `head`, if it is a known one.
    pub(crate) fn of(head: &[u8]) -> Option<&'static Format> {
        if let Some(found) = MAGICS.iter().find(|row| row.matches.test(head)) {
            return Some(found);
        }
        let mut properties = HeadProperties::default();
        FORMATS.iter().find(|row| properties.meet(&row.condition, head) && row.matches.test(head))
    }

    /// Returns the format of a whole file, whose end is read if head and name do not decide.
    pub(crate) fn of_file(
        window: &mut Window<'_>,
        name: NameHint,
    ) -> Result<Option<&'static Format>> {
        let head = window.head()?;
        if let Some(found) = Format::of(head) {
            return Ok(Some(found));
        }
        if DISC.matches.test(head) {
            return Ok(Some(&DISC));
        }
        let is_known_by_tail = match name {
            _ if KNOWN_BY_TAIL.matches.test(head) => tail::matches(window)?,
            NameHint::Archive => tail::matches(window)?,
            NameHint::Unknown => tail::has_signature(window)?,
            NameHint::Other => false,
        };
        if is_known_by_tail {
            return Ok(Some(&KNOWN_BY_TAIL));
        }
        // The name may be that of an image, whose system area has no form.
        let is_disc = name == NameHint::Archive && unsupported_archive::is_disc(window)?;
        Ok(is_disc.then_some(&DISC))
    }

    /// Reads a member of this format.
    pub(crate) fn read(&self, window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
        polyglot::report(self.trailing, window, sink)?;
        (self.read)(window, sink)
    }
}

fn is_known(head: &[u8]) -> bool {
    Format::of(head).is_some()
}

fn is_firmly_known(head: &[u8]) -> bool {
    let by_chance = xrml_file::matches(head)
        || mail::mbox::matches(head)
        || mail::eml::matches(head)
        || mail::eml::matches_long(head)
        || mail::mbox::matches_later(head)
        || mail::unsupported_mail::matches(head)
        // Programs compress much that is not a file.
        || zlib::matches(head);
    is_known(head) && !by_chance
}

fn begins_file(head: &[u8]) -> bool {
    MAGICS.iter().any(|row| row.matches.test(head)) || xrml_file::matches(head)
}

/// Returns the kind of a member of no known format.
fn unrecognized(head: &[u8]) -> Container {
    if head.is_empty() { Container::Empty } else { Container::Other }
}

/// Returns the reader that the name of a member requires, if that is not [`read`].
pub(crate) fn reader_for(name: &Name) -> Option<Read> {
    match name {
        Name::Named(name) if is_named_like_archive(name.as_bytes()) => Some(read_to_tail),
        Name::Within(_, name) => reader_for(name),
        _ => None,
    }
}

/// Reads a member that may be recognized by its end.
fn read_to_tail(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    match Format::of(head) {
        Some(format) => format.read(window, sink),
        None if head.is_empty() => read(window, sink),
        None => DISC.read(window, sink),
    }
}

/// Reads the image of a disc, or a file that is recognized by its end.
fn read_disc(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    if unsupported_archive::read_disc(window, sink)? {
        return Ok(());
    }
    tail::read(window, sink)
}

/// Reads a whole file of any format.
pub(crate) fn read_file(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    match Format::of_file(window, NameHint::Other)? {
        Some(format) => format.read(window, sink),
        None => read(window, sink),
    }
}

/// Reads a member of any format.
pub(crate) fn read(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    let head = window.head()?;
    match Format::of(head) {
        Some(format) => format.read(window, sink),
        None => {
            sink.container(unrecognized(head));
            Ok(())
        }
    }
}

/// Reads a compound file as the format that its directory shows.
fn read_compound(window: &mut Window<'_>, sink: &mut dyn Sink) -> Result<()> {
    sink.container(Container::Ole);
    // Until the directory is read, the file may contain anything.
    sink.protection(Protection::Unknown);
    let mut file = compound::CompoundFile::open(window)?;
    if irm::read(&mut file, window, sink)? {
        return Ok(());
    }
    if mail::msg::read(&mut file, window, sink)? {
        return Ok(());
    }
    office_encryption::read(&mut file, window, sink)?;
    match sink.options().deep {
        true => embedded_object::read(&mut file, window, sink),
        false => embedded_object::read_package(&mut file, window, sink),
    }
}
