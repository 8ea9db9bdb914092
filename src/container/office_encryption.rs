//! Encryption of Office documents with a password, in compound files without rights management.
//!
//! The clear part of such a file contains no publishing license.

use crate::bytes::Cursor;
use crate::code::ErrorCode;
use crate::container::compound::{CompoundFile, DirectoryEntry};
use crate::container::label;
use crate::container::sink::Sink;
use crate::error::{Error, Result};
use crate::kinds::{Anomaly, Container, Protection};
use crate::limits::Limit;
use crate::source::Window;

/// `wIdent` of Word's formats from 2.0 to 2003 (MS-DOC 2.5.2).
const WORD_IDENTS: [u16; 6] = [0xA5EC, 0xA5DC, 0xA5DB, 0xA699, 0xA698, 0xA697];
/// `fEncrypted` among the flags of `FibBase` (MS-DOC 2.5.2).
const WORD_ENCRYPTED: u16 = 0x0100;
/// `headerToken` of an encrypted `CurrentUserAtom` (MS-PPT 2.3.2).
const POWERPOINT_ENCRYPTED: u32 = 0xF3D1_C4DF;
/// BOF, whose high byte is the version up to BIFF4 (MS-XLS 2.4.21).
const BIFF_BOF: u16 = 0x0009;
/// WriteProtect, the only record that may precede FilePass (MS-XLS 2.1.7.20.2).
const BIFF_WRITE_PROTECT: u16 = 0x0086;
/// FilePass (MS-XLS 2.4.117).
const BIFF_FILE_PASS: u16 = 0x002F;
/// Bytes of a stream that are read to determine whether it is encrypted.
const HEAD: u64 = 64;
/// Maximum bytes of a property set with labels. Real ones have a few thousand.
const MOST_LABEL_BYTES: u64 = 1_048_576;

/// Streams that show encryption.
#[derive(Default)]
struct DocumentStreams {
    encryption_info: Option<DirectoryEntry>,
    has_package: bool,
    workbook: Option<DirectoryEntry>,
    word: Option<DirectoryEntry>,
    current_user: Option<DirectoryEntry>,
    summary: Option<DirectoryEntry>,
}

/// Reports whether a compound file without data spaces is encrypted with a password.
pub(crate) fn read(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
) -> Result<()> {
    let streams = find(file, window)?;
    let found = match (&streams, streams.has_package) {
        (DocumentStreams { encryption_info: Some(info), .. }, true) => {
            Some(package(file, window, info)?)
        }
        (DocumentStreams { workbook: Some(book), .. }, _) => workbook(file, window, book)?,
        (DocumentStreams { word: Some(word), .. }, _) => word_document(file, window, word)?,
        (DocumentStreams { current_user: Some(user), .. }, _) => current_user(file, window, user)?,
        _ => None,
    };
    sink.container(Container::Ole);
    match found {
        Some((structure, what, offset)) => {
            sink.protection(Protection::Password);
            sink.evidence(structure, what, Some(offset));
        }
        None => sink.protection(Protection::None),
    }
    if let Some(summary) = &streams.summary
        && sink.options().labels
    {
        let bytes = file.read(window, summary, MOST_LABEL_BYTES);
        match bytes.and_then(|bytes| label::property_set(&bytes, window.meter())) {
            Ok(label) => label.into_iter().for_each(|label| sink.label(label)),
            Err(error) if error.ends_file() => return Err(error),
            // A label has no effect on the verdict.
            Err(error) => sink.anomaly(Anomaly::NonSpecLayout, error.offset()),
        }
    }
    Ok(())
}

/// Structure that shows the encryption, its scheme, and the offset of the directory entry.
type EncryptionEvidence = (&'static str, &'static str, u64);

fn find(file: &mut CompoundFile, window: &mut Window<'_>) -> Result<DocumentStreams> {
    let mut streams = DocumentStreams::default();
    let root = file.root();
    let mut children = file.children(&root);
    while let Some(child) = children.next(file, window)? {
        let place = if child.is_named("EncryptionInfo") {
            &mut streams.encryption_info
        } else if child.is_named("Workbook") || child.is_named("Book") {
            &mut streams.workbook
        } else if child.is_named("WordDocument") {
            &mut streams.word
        } else if child.is_named("Current User") {
            &mut streams.current_user
        } else if child.is_named("\u{5}DocumentSummaryInformation") {
            &mut streams.summary
        } else {
            streams.has_package |= child.is_named("EncryptedPackage");
            continue;
        };
        place.get_or_insert(child);
    }
    Ok(streams)
}

/// `EncryptionInfo` of an ECMA-376 document (MS-OFFCRYPTO 2.3.4): its version names the scheme.
fn package(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    info: &DirectoryEntry,
) -> Result<EncryptionEvidence> {
    let bytes = file.read(window, info, HEAD)?;
    let mut cursor = Cursor::new("EncryptionInfo", &bytes, info.offset);
    let version = (cursor.u16_le("vMajor")?, cursor.u16_le("vMinor")?);
    let scheme = match version {
        (4, 4) => "agile encryption",
        (2..=4, 2) => "standard encryption",
        (3 | 4, 3) => "extensible encryption",
        (major, minor) => {
            return Err(Error::malformed(
                ErrorCode::MalformedEncryptionInfo,
                "EncryptionInfo",
                info.offset,
                format!("version {major}.{minor} is none that MS-OFFCRYPTO knows"),
            ));
        }
    };
    Ok(("EncryptionInfo", scheme, info.offset))
}

/// FilePass after the first BOF (MS-XLS 2.1.7.20.2).
fn workbook(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    book: &DirectoryEntry,
) -> Result<Option<EncryptionEvidence>> {
    let bytes = file.read(window, book, HEAD)?;
    let mut cursor = Cursor::new("Workbook", &bytes, book.offset);
    let mut is_first = true;
    while cursor.rest().len() >= 4 {
        window.meter().charge(Limit::Steps, 1)?;
        let record = cursor.u16_le("record type")?;
        let len = usize::from(cursor.u16_le("record size")?);
        match record {
            BIFF_FILE_PASS if !is_first => {
                return Ok(Some(("Workbook", "FilePass", book.offset)));
            }
            BIFF_WRITE_PROTECT if !is_first => {}
            _ if is_first && record & 0x00FF == BIFF_BOF => {}
            _ => break,
        }
        is_first = false;
        if cursor.skip(len, "record").is_err() {
            break;
        }
    }
    Ok(None)
}

/// `fEncrypted` of `FibBase` (MS-DOC 2.5.2).
fn word_document(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    word: &DirectoryEntry,
) -> Result<Option<EncryptionEvidence>> {
    let bytes = file.read(window, word, HEAD)?;
    let mut cursor = Cursor::new("FibBase", &bytes, word.offset);
    let ident = cursor.u16_le("wIdent")?;
    cursor.skip(8, "nFib to pnNext")?;
    let flags = cursor.u16_le("flags")?;
    let is_encrypted = WORD_IDENTS.contains(&ident) && flags & WORD_ENCRYPTED != 0;
    Ok(is_encrypted.then_some(("FibBase", "fEncrypted", word.offset)))
}

/// `headerToken` of the `CurrentUserAtom` (MS-PPT 2.3.2).
fn current_user(
    file: &mut CompoundFile,
    window: &mut Window<'_>,
    user: &DirectoryEntry,
) -> Result<Option<EncryptionEvidence>> {
    let bytes = file.read(window, user, HEAD)?;
    let mut cursor = Cursor::new("CurrentUserAtom", &bytes, user.offset);
    if cursor.rest().len() < 16 {
        // Presentations of versions before 97 have no such atom.
        return Ok(None);
    }
    cursor.skip(12, "rh, size")?;
    let token = cursor.u32_le("headerToken")?;
    let is_encrypted = token == POWERPOINT_ENCRYPTED;
    Ok(is_encrypted.then_some(("CurrentUserAtom", "headerToken", user.offset)))
}

#[cfg(test)]
mod tests {
    use rmsight_specimen::Compound;

    use super::*;
    use crate::container::sink::{ExtractOptions, Label, LicenseBytes, Member};
    use crate::limits::{Interrupt, Limits, Meter};
    use crate::source::{Cache, Extent};

    #[derive(Default)]
    struct Reports {
        protection: Option<Protection>,
        evidence: String,
    }

    impl Sink for Reports {
        fn options(&self) -> ExtractOptions {
            ExtractOptions { labels: true, deep: false, evidence: true }
        }
        fn recognizer(&self) -> crate::container::Recognizer {
            crate::container::RECOGNIZER
        }
        fn container(&mut self, _: Container) {}
        fn protection(&mut self, protection: Protection) {
            self.protection = Some(protection);
        }
        fn evidence(&mut self, _: &'static str, value: &str, _: Option<u64>) {
            self.evidence = value.to_owned();
        }
        fn license(&mut self, _: LicenseBytes<'_>) -> Result<()> {
            Ok(())
        }
        fn license_at(&mut self, _: &mut Window<'_>, _: &[Extent]) -> Result<()> {
            Ok(())
        }
        fn use_license(&mut self, _: &[u8]) -> Result<()> {
            Ok(())
        }
        fn label(&mut self, _: Label) {}
        fn member(&mut self, _: Member) -> Result<()> {
            Ok(())
        }
        fn anomaly(&mut self, _: Anomaly, _: Option<u64>) {}
        fn incomplete(&mut self, _: Error) {}
    }

    /// Name and first bytes of a stream.
    type Stream<'a> = (&'a str, &'a [u8]);

    /// Returns the reports about a file with these streams.
    fn reports_of(streams: &[Stream<'_>]) -> Result<(Option<Protection>, String)> {
        let mut file = Compound::new();
        for (name, bytes) in streams {
            let mut bytes = bytes.to_vec();
            bytes.resize(5000, 0);
            file = file.stream(name, bytes);
        }
        let bytes = file.build();
        let meter = Meter::new(Limits::strict(), Interrupt::default());
        let mut cache = Cache::new(4096, 4096);
        let mut window = Window::new(&bytes, &mut cache, &meter)?;
        let mut file = CompoundFile::open(&mut window)?;
        let mut reports = Reports::default();
        read(&mut file, &mut window, &mut reports)?;
        Ok((reports.protection, reports.evidence))
    }

    #[test]
    fn encryption_of_each_format_is_detected() {
        let bof = [0x09, 0x08, 4, 0, 0, 6, 5, 0];
        let old_bof = [0x09, 0x04, 2, 0, 0, 0];
        let write_protect = [0x86, 0, 0, 0];
        let file_pass = [0x2F, 0, 2, 0, 1, 0];
        let code_page = [0x42, 0, 2, 0, 0xE4, 4];
        let fib = |flags: u8| [0xEC, 0xA5, 0xC1, 0, 0, 0, 9, 4, 0, 0, 0, flags, 0, 0];
        let user = |token: u32| [&[0; 12][..], &token.to_le_bytes()].concat();
        let info = |major: u8, minor: u8| [major, 0, minor, 0, 0x40, 0, 0, 0];
        let package: Stream<'_> = ("EncryptedPackage", &[1]);
        let cases: [(&[Stream<'_>], &str); 15] = [
            (&[("Workbook", &[&bof[..], &file_pass].concat())], "FilePass"),
            (&[("Book", &[&bof[..], &file_pass].concat())], "FilePass"),
            (&[("Workbook", &[&old_bof[..], &file_pass].concat())], "FilePass"),
            (&[("Workbook", &[&bof[..], &write_protect, &file_pass].concat())], "FilePass"),
            (&[("Workbook", &[&bof[..], &code_page, &file_pass].concat())], ""),
            (&[("Workbook", &file_pass)], ""),
            (&[("WordDocument", &fib(0x13))], "fEncrypted"),
            (&[("WordDocument", &fib(0x12))], ""),
            (&[("Current User", &user(0xF3D1_C4DF))], "headerToken"),
            (&[("Current User", &user(0xE391_C05F))], ""),
            (&[("EncryptionInfo", &info(4, 4)), package], "agile encryption"),
            (&[("EncryptionInfo", &info(3, 2)), package], "standard encryption"),
            (&[("EncryptionInfo", &info(3, 3)), package], "extensible encryption"),
            (&[("EncryptionInfo", &info(4, 4))], ""),
            (&[], ""),
        ];
        for (streams, evidence) in cases {
            let protection =
                if evidence.is_empty() { Protection::None } else { Protection::Password };
            let found = reports_of(streams).unwrap();
            assert_eq!(found, (Some(protection), evidence.to_owned()), "{streams:?}");
        }
        let error = reports_of(&[("EncryptionInfo", &info(9, 9)), package]).unwrap_err();
        assert_eq!(error.code().as_str(), "malformed-encryption-info");
    }
}
