use std::sync::LazyLock;

use proptest::prelude::*;
use rmsight_specimen::{Compound, Region, Siblings, Version};

use super::layout::{COMPRESSION_CLASS, PASSWORD_CLASS, RMS_CLASS};
use super::*;
use crate::bytes::Buffer;
use crate::container::compound::counting::CountingSource;
use crate::container::sink::{ExtractOptions, Label, LicenseBytes, Member};
use crate::limits::{Interrupt, Limits, Meter};
use crate::source::{Cache, Extent, ReadAt};

/// A sink that records the reports of a format.
#[derive(Default)]
struct RecordingSink {
    container: Option<Container>,
    protection: Option<Protection>,
    licenses: Vec<Vec<u8>>,
    use_licenses: Vec<Vec<u8>>,
    label: Option<Label>,
    anomalies: Vec<Anomaly>,
    error: Option<Error>,
    wants_labels: bool,
    is_quick: bool,
}

impl RecordingSink {
    fn error_code(&self) -> &'static str {
        self.error.as_ref().map_or("", |error| error.code().as_str())
    }

    /// Returns whether the reports are those of an unprotected file.
    fn is_harmless(&self) -> bool {
        let protection = self.protection.unwrap_or(Protection::None);
        self.error.is_none() && matches!(protection, Protection::None | Protection::Password)
    }
}

impl Sink for RecordingSink {
    fn options(&self) -> ExtractOptions {
        ExtractOptions { labels: self.wants_labels, deep: false, evidence: false }
    }
    fn recognizer(&self) -> crate::container::Recognizer {
        crate::container::RECOGNIZER
    }
    fn reads_whole_licenses(&self) -> bool {
        !self.is_quick
    }
    fn container(&mut self, container: Container) {
        self.container = Some(container);
    }
    fn protection(&mut self, protection: Protection) {
        if self.protection != Some(Protection::Rms) {
            self.protection = Some(protection);
        }
    }
    fn evidence(&mut self, _: &'static str, _: &str, _: Option<u64>) {}
    fn license(&mut self, license: LicenseBytes<'_>) -> Result<()> {
        self.licenses.push(license.bytes.to_vec());
        Ok(())
    }
    fn license_at(&mut self, window: &mut Window<'_>, extents: &[Extent]) -> Result<()> {
        assert_eq!(self.protection, Some(Protection::Rms), "reported before the license is read");
        let mut buffer = Buffer::default();
        let mut left = if self.is_quick { 4096 } else { u64::MAX };
        let mut read = Ok(());
        for extent in extents {
            let len = extent.len.min(left);
            left -= len;
            read = read.and(window.append("license", extent.offset, len as usize, &mut buffer));
        }
        self.licenses.push(buffer.into_vec());
        read
    }
    fn use_license(&mut self, bytes: &[u8]) -> Result<()> {
        self.use_licenses.push(bytes.to_vec());
        Ok(())
    }
    fn label(&mut self, label: Label) {
        self.label.get_or_insert(label);
    }
    fn member(&mut self, _: Member) -> Result<()> {
        Ok(())
    }
    fn anomaly(&mut self, anomaly: Anomaly, _: Option<u64>) {
        self.anomalies.push(anomaly);
    }
    fn incomplete(&mut self, error: Error) {
        self.error.get_or_insert(error);
    }
}

fn tell(source: &dyn ReadAt, mut told: RecordingSink) -> RecordingSink {
    let meter = Meter::new(Limits::strict(), Interrupt::default());
    let mut cache = Cache::new(4096, 4096);
    let mut window = Window::new(source, &mut cache, &meter).unwrap();
    if let Err(error) = crate::container::read(&mut window, &mut told) {
        told.error = Some(error);
    }
    told
}

fn told_of(source: &dyn ReadAt) -> RecordingSink {
    tell(source, RecordingSink::default())
}

fn text(text: &str) -> Vec<u8> {
    let mut units: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let len = units.len() as u32;
    units.resize(units.len().next_multiple_of(4), 0);
    [len.to_le_bytes().to_vec(), units].concat()
}

/// Builds `\x06Primary` of a class. Without a license it ends after the versions.
fn primary(class: &str, license: Option<&[u8]>, extensibility: u32) -> Vec<u8> {
    let mut bytes = [88u32.to_le_bytes(), 1u32.to_le_bytes()].concat();
    bytes.extend(text(class));
    bytes.extend(text("Microsoft.Metadata.DRMTransform"));
    bytes.extend([1, 0, 0, 0].repeat(3));
    if let Some(license) = license {
        bytes.extend(extensibility.to_le_bytes());
        bytes.extend(vec![0xEE; extensibility.saturating_sub(4) as usize]);
        bytes.extend((license.len() as u32).to_le_bytes());
        bytes.extend(license);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

fn license(len: usize) -> Vec<u8> {
    (0..len).map(|n| (n * 13 % 251) as u8 + 1).collect()
}

/// Path of the storage with all transforms.
fn transforms() -> String {
    format!("{DATA_SPACES}/{TRANSFORM_INFO}")
}

/// Builds a document with the names of one writer.
fn document(version: Version, names: [&str; 3], license: &[u8], content: u64) -> Compound {
    document_in("", version, names, primary(RMS_CLASS, Some(license), 4), content)
}

/// Builds a document in the storage `prefix`, which ends with `/` unless it is the root.
fn document_in(
    prefix: &str,
    version: Version,
    [transform, space, stream]: [&str; 3],
    primary: Vec<u8>,
    content: u64,
) -> Compound {
    let spaces = format!("{prefix}{DATA_SPACES}");
    Compound::new()
        .version(version)
        .layout(&[])
        .stream(&format!("{spaces}/Version"), vec![1; 76])
        .stream(&format!("{spaces}/DataSpaceMap"), vec![2; 104])
        .stream(&format!("{spaces}/DataSpaceInfo/{space}"), vec![3; 56])
        .stream(&format!("{spaces}/{TRANSFORM_INFO}/{transform}/{PRIMARY}"), primary)
        .zeros(&format!("{prefix}{stream}"), content)
        .stream(&format!("{prefix}\u{5}SummaryInformation"), vec![4; 400])
        .stream(&format!("{prefix}{DOCUMENT_SUMMARY}"), vec![4; 300])
}

const OOXML: [&str; 3] = [OOXML_TRANSFORM, "DRMEncryptedDataSpace", "EncryptedPackage"];
const BINARY: [&str; 3] = [BINARY_TRANSFORM, "\u{9}DRMDataSpace", "\u{9}DRMContent"];
const ENVELOPE: [&str; 3] = ["EncryptionTransform", "127637873429774043", "EncryptedPackage"];

#[test]
fn class_decides_protection_and_names_decide_layout() {
    for (names, container) in [
        (OOXML, Container::OoxmlIrm),
        (BINARY, Container::BinaryIrm),
        (ENVELOPE, Container::XpsIrm),
        (["Any", "Name", "Will do"], Container::XpsIrm),
    ] {
        for version in [Version::Three, Version::Four] {
            for len in [27, 900, 47_000] {
                let license = license(len);
                let told = told_of(&document(version, names, &license, 9000).build());
                assert_eq!(told.container, Some(container), "{names:?}");
                assert_eq!(told.protection, Some(Protection::Rms));
                assert_eq!(told.licenses, [license], "{version:?} {len}");
                assert_eq!(told.error, None);
                // This layout has no placeholder for old readers.
                let is_binary = container == Container::BinaryIrm;
                let expected = if is_binary { vec![Anomaly::PlaceholderMissing] } else { vec![] };
                assert_eq!(told.anomalies, expected);
            }
        }
    }
    let file = document(Version::Three, BINARY, &license(900), 9000);
    let file = file.stream("Workbook", b"a notice".to_vec());
    assert_eq!(told_of(&file.build()).anomalies, []);
}

/// Fields of a description besides its license.
#[test]
fn description_with_other_lengths_is_read() {
    let bytes = license(5000);
    let extended = primary(RMS_CLASS, Some(&bytes), 40);
    let mut lower = primary(&RMS_CLASS.to_lowercase(), Some(&bytes), 4);
    lower.truncate(176 + 5000);
    let mut cut = primary(RMS_CLASS, Some(&bytes), 4);
    cut.truncate(4500);
    let empty = primary(RMS_CLASS, Some(&[]), 4);
    let mut longer = primary(RMS_CLASS, Some(&bytes), 4);
    longer.extend([7; 100]);
    let mut zeros = primary(RMS_CLASS, Some(&bytes), 4);
    zeros.extend([0; 100]);
    let early = primary(RMS_CLASS, None, 0);
    let header = primary(RMS_CLASS, Some(&bytes), 5000);
    let other = primary("{00000000-0000-0000-0000-000000000000}", Some(&bytes), 4);
    let rms = Some(Protection::Rms);
    let unknown = Some(Protection::Unknown);
    for (what, primary, protection, len, code, anomalies) in [
        ("extended header", extended, rms, 5000, "", vec![]),
        ("lower case, no padding", lower, rms, 5000, "", vec![]),
        ("cut off", cut, rms, 4500 - 176, "truncated", vec![]),
        ("no license", empty, rms, 0, "license-missing", vec![]),
        ("other data after the license", longer, rms, 5000, "", vec![Anomaly::TrailingData]),
        ("zeros after the license", zeros, rms, 5000, "", vec![]),
        ("ends after the versions", early, rms, 0, "truncated", vec![]),
        ("header too long", header, rms, 0, "malformed-transform-info", vec![]),
        ("unknown class", other, unknown, 0, "unknown-transform", vec![]),
        ("nothing", Vec::new(), rms, 0, "truncated", vec![]),
    ] {
        let told = told_of(&document_in("", Version::Three, OOXML, primary, 9000).build());
        assert_eq!(told.protection, protection, "{what}");
        assert_eq!(told.container, Some(Container::OoxmlIrm), "{what}");
        assert_eq!(told.licenses.concat(), bytes[..len], "{what}");
        assert_eq!(told.error_code(), code, "{what}: {:?}", told.error);
        assert_eq!(told.anomalies, anomalies, "{what}");
    }
}

#[test]
fn password_and_compression_are_not_rights_management() {
    let with = |class: &str, transform: &str, info: bool| {
        let names = [transform, "Space", "EncryptedPackage"];
        let mut file = document_in("", Version::Three, names, primary(class, None, 0), 9000);
        if info {
            let mut bytes = vec![4, 0, 4, 0, 0x40, 0, 0, 0];
            bytes.resize(2000, b' ');
            file = file.stream("EncryptionInfo", bytes);
        }
        told_of(&file.build())
    };
    for (class, transform, info, protection, code) in [
        (PASSWORD_CLASS, "StrongEncryptionTransform", true, Protection::Password, ""),
        (PASSWORD_CLASS, "StrongEncryptionTransform", false, Protection::Password, ""),
        ("{unreadable}", "StrongEncryptionTransform", true, Protection::Password, ""),
        (COMPRESSION_CLASS, "\u{9}LZXTransform", false, Protection::Unknown, "unknown-transform"),
        // The names show the protection although the class is damaged.
        (PASSWORD_CLASS, OOXML_TRANSFORM, true, Protection::Rms, "malformed-data-spaces"),
    ] {
        let told = with(class, transform, info);
        assert_eq!(told.protection, Some(protection), "{class} {transform}");
        assert_eq!(told.error_code(), code, "{class} {transform}: {:?}", told.error);
    }
}

#[test]
fn two_licenses_are_both_reported() {
    let second = primary(RMS_CLASS, Some(&license(300)), 4);
    let file = document(Version::Three, OOXML, &license(5000), 9000)
        .stream(&format!("{}/Second/{PRIMARY}", transforms()), second);
    let told = told_of(&file.build());
    let mut lens: Vec<usize> = told.licenses.iter().map(Vec::len).collect();
    lens.sort_unstable();
    assert_eq!(lens, [300, 5000]);
    assert_eq!(told.anomalies, [Anomaly::NonSpecLayout]);
}

fn use_license(chain: &[u8]) -> Vec<u8> {
    let user = b"VABlAHMAdAA=";
    let mut bytes = (8 + user.len() as u32).to_le_bytes().to_vec();
    bytes.extend((user.len() as u32).to_le_bytes());
    bytes.extend(user);
    bytes.extend((chain.len() as u32).to_le_bytes());
    bytes.extend(chain);
    bytes
}

#[test]
fn use_licenses_and_labels_are_read() {
    let id = "11111111-2222-3333-4444-55555555aaaa";
    let info = transforms();
    let storage = format!("{info}/{OOXML_TRANSFORM}");
    let xml = format!("<clbl:labelList><clbl:label id='{{{id}}}' enabled='1'/></clbl:labelList>");
    let file = document(Version::Three, OOXML, &license(5000), 9000)
        .stream(&format!("{storage}/EUL-AAA"), use_license(b"<certificatechain/>"))
        .stream(&format!("{storage}/EUL-BBB"), use_license(&license(6000)))
        .stream(&format!("{info}/{LABEL_INFO}"), xml.into_bytes());
    let bytes = file.build();
    let told = tell(&bytes, RecordingSink { wants_labels: true, ..RecordingSink::default() });
    assert_eq!(told.use_licenses, [b"<certificatechain/>".to_vec(), license(6000)]);
    assert_eq!(told.label.map(|label| label.id).as_deref(), Some(id));
    let told = tell(&bytes, RecordingSink { is_quick: true, ..RecordingSink::default() });
    assert_eq!(told.use_licenses.len(), 0);
    assert_eq!(told.licenses, [license(4096)]);
    assert_eq!(told.label, None);
    // A damaged use license does not affect the publishing license.
    let mut damaged = use_license(b"<certificatechain/>");
    damaged[20] = 0xFF;
    let told = told_of(&file.stream(&format!("{storage}/EUL-CCC"), damaged).build());
    assert_eq!(told.use_licenses.len(), 2);
    assert_eq!(told.licenses.len(), 1);
    assert_eq!(told.error_code(), "truncated");
}

/// Orders of the parts of a document in the files of different writers.
fn layouts([transform, _, content]: [&str; 3]) -> [(&'static str, Vec<Region>); 5] {
    use Region::{Difat, Directory, Fat, MiniFat, MiniStream, Stream};
    let license = || Stream(format!("{}/{transform}/{PRIMARY}", transforms()));
    let content = || Stream(content.to_owned());
    [
        ("all first", vec![Fat, Directory, MiniFat, MiniStream, license(), content()]),
        ("license first", vec![license(), content(), MiniStream, MiniFat, Directory, Fat, Difat]),
        (
            "license and FAT last",
            vec![content(), MiniStream, MiniFat, Directory, license(), Fat, Difat],
        ),
        ("all last", vec![content(), MiniFat, MiniStream, license(), Directory, Fat, Difat]),
        ("FAT before the directory", vec![license(), content(), Difat, Fat, Directory]),
    ]
}

#[test]
fn small_document_takes_four_reads() {
    let license = license(47_000);
    for version in [Version::Three, Version::Four] {
        for content in [20_000, 6_500_000] {
            let file = document(version, OOXML, &license, content);
            for (name, layout) in layouts(OOXML) {
                for siblings in [Siblings::Balanced, Siblings::RightOnly] {
                    let file = file.clone().layout(&layout).siblings(siblings);
                    let source = CountingSource::new(file.build_sparse());
                    let told = told_of(&source);
                    let what = format!("{name} {version:?} {content}");
                    assert_eq!(told.licenses.concat(), license, "{what}");
                    let (reads, bytes) = source.cost();
                    let seen = source.reads.borrow();
                    assert!(reads <= 5, "{what}: {seen:?}");
                    assert!(bytes <= license.len() + 8192, "{what}: {seen:?}");
                }
            }
        }
    }
}

#[test]
fn document_of_a_gigabyte_takes_few_reads() {
    let file = document(Version::Three, OOXML, &license(47_000), 1 << 30);
    for (what, layout) in layouts(OOXML) {
        let source = CountingSource::new(file.clone().layout(&layout).build_sparse());
        let told = told_of(&source);
        assert_eq!(told.licenses, [license(47_000)], "{what}");
        let (reads, bytes) = source.cost();
        let difat = (source.file.len() / 512 / 128 - 109).div_ceil(127) as usize;
        if what == "all first" {
            assert!(reads <= 8, "{what}: {reads}");
        }
        assert!(reads <= 12 + difat, "{what}: {reads}");
        assert!(bytes <= 65_536 + 47_000 + 512 * difat, "{what}: {bytes}");
    }
}

/// Builds a protected document of each layout, with small structures at fixed offsets.
static SMALL: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let mut files = Vec::new();
    for version in [Version::Three, Version::Four] {
        for names in [OOXML, BINARY, ENVELOPE] {
            let file = document(version, names, &license(4200), 5000);
            for (_, layout) in layouts(names) {
                files.push(file.clone().layout(&layout).build());
            }
        }
    }
    files
});

#[test]
fn protected_file_with_a_damaged_byte_is_not_ordinary() {
    for (n, file) in SMALL.iter().enumerate() {
        // Mutates each byte of the first file of each layout, except for the end of the license.
        let step = if [0, 5, 10].contains(&n) { 1 } else { 97 };
        let text = file.windows(16).position(|found| found == &license(16)[..]).unwrap();
        for at in (n % step..file.len()).step_by(step) {
            let is_filler = [0, 0xFF].contains(&file[at]) && !at.is_multiple_of(4);
            if is_filler || (text + 16..text + 4200).contains(&at) {
                continue;
            }
            for value in [0, 0xFF, file[at] ^ 1] {
                let mut damaged = file.clone();
                damaged[at] = value;
                let told = told_of(&damaged);
                assert!(!told.is_harmless(), "file {n}, byte {at} made {value:02X}");
            }
        }
    }
}

#[test]
fn protected_file_with_a_lost_sector_is_not_ordinary() {
    for (n, file) in SMALL.iter().enumerate() {
        for start in (0..file.len()).step_by(512).skip(1) {
            for value in [0, 0xFF] {
                let mut damaged = file.clone();
                let end = damaged.len().min(start + 512);
                damaged[start..end].fill(value);
                let told = told_of(&damaged);
                assert!(!told.is_harmless(), "file {n}, sector at {start} made {value:02X}");
                let cut = told_of(&&file[..start]);
                assert!(!cut.is_harmless(), "file {n}, cut at {start}");
            }
        }
    }
}

#[test]
fn item_with_embedded_document_is_read_as_an_item() {
    let primary = primary(RMS_CLASS, Some(&license(5000)), 4);
    let mut file = document_in("__substg1.0_3701000D/", Version::Three, OOXML, primary, 9000);
    for is_message in [false, true] {
        if is_message {
            file = file.stream(MESSAGE_PROPERTIES, vec![0; 64]);
        }
        let bytes = file.build();
        let meter = Meter::new(Limits::strict(), Interrupt::default());
        let mut cache = Cache::new(4096, 4096);
        let mut window = Window::new(&bytes, &mut cache, &meter).unwrap();
        let mut file = CompoundFile::open(&mut window).unwrap();
        let mut told = RecordingSink::default();
        assert_eq!(read(&mut file, &mut window, &mut told).unwrap(), !is_message);
        assert_eq!(told.protection, Some(Protection::Rms));
        assert_eq!(told.licenses, [license(5000)]);
    }
}

#[test]
fn encrypted_content_alone_is_unknown() {
    let told = told_of(&Compound::new().stream("EncryptedPackage", vec![1; 5000]).build());
    assert_eq!(told.protection, Some(Protection::Unknown));
    assert_eq!(told.error_code(), "malformed-data-spaces");
}

#[test]
fn ordinary_file_is_not_protected() {
    let mut file = Compound::new().stream("Workbook", [0x09, 0x08, 2, 0, 6, 0].repeat(900));
    for n in 0..40 {
        file = file.stream(&format!("Macros/Module {n}"), vec![1; 100 * n]);
    }
    for siblings in [Siblings::Balanced, Siblings::Unsorted] {
        let told = told_of(&file.clone().siblings(siblings).build());
        assert_eq!(told.protection, Some(Protection::None), "{:?}", told.error);
        assert_eq!(told.container, Some(Container::Ole));
        assert!(told.is_harmless());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn damaged_files_never_panic(
        which: prop::sample::Index,
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut bytes = which.get(&SMALL).clone();
        for (at, value) in damage {
            let len = bytes.len();
            bytes[at.index(len)] = value;
        }
        told_of(&bytes);
        tell(&bytes, RecordingSink { wants_labels: true, ..RecordingSink::default() });
    }
}
