//! Damage to a protected file never makes its report say that no key is needed.
//!
//! The tests take every file of `corpus/` with a finding of protection `rms` and mutate each byte
//! that an inspection reads. Bytes that are not read cannot change the report.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use rmsight::{
    Anomaly, Dependency, Estate, Finding, Inspector, InspectorBuilder, Protection, ReadAt, Report,
    judge,
};

/// A change of a file at an offset. The numbers are masks, bytes or lengths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Mutation {
    Flip(u8),
    Zero(usize),
    Truncate,
    Insert(u8),
    Delete(usize),
    Duplicate(usize),
}

impl Mutation {
    const QUICK: [Mutation; 3] = [Mutation::Flip(0xFF), Mutation::Truncate, Mutation::Zero(4)];
    const ALL: [Mutation; 12] = [
        Mutation::Flip(0x01),
        Mutation::Flip(0x20),
        Mutation::Flip(0xFF),
        Mutation::Zero(1),
        Mutation::Zero(4),
        Mutation::Zero(16),
        Mutation::Truncate,
        Mutation::Insert(0),
        Mutation::Insert(b' '),
        Mutation::Delete(1),
        Mutation::Duplicate(1),
        Mutation::Duplicate(64),
    ];

    fn apply(self, bytes: &[u8], at: usize, out: &mut Vec<u8>) {
        let (before, after) = bytes.split_at(at);
        out.clear();
        out.extend_from_slice(before);
        match self {
            Mutation::Flip(mask) => {
                out.push(after[0] ^ mask);
                out.extend_from_slice(&after[1..]);
            }
            Mutation::Zero(len) => {
                let len = len.min(after.len());
                out.extend(std::iter::repeat_n(0, len));
                out.extend_from_slice(&after[len..]);
            }
            Mutation::Truncate => {}
            Mutation::Insert(byte) => {
                out.push(byte);
                out.extend_from_slice(after);
            }
            Mutation::Delete(len) => out.extend_from_slice(&after[len.min(after.len())..]),
            Mutation::Duplicate(len) => {
                out.extend_from_slice(&after[..len.min(after.len())]);
                out.extend_from_slice(after);
            }
        }
    }
}

/// Returns whether every finding says that no key is needed.
pub(crate) fn needs_no_key(report: &Report) -> bool {
    let estate = Estate::default();
    let none = |finding: &Finding| judge(finding.facts(), &estate).dependency() == Dependency::None;
    report.findings().all(none)
}

pub(crate) fn has_rms(report: &Report) -> bool {
    report.findings().any(|finding| finding.facts().protection == Protection::Rms)
}

/// A source that marks the bytes that are read.
struct Recording<'a> {
    bytes: &'a [u8],
    read: RefCell<Vec<bool>>,
}

impl ReadAt for Recording<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.bytes.read_at(offset, buf)?;
        let start = usize::try_from(offset).unwrap().min(self.bytes.len());
        self.read.borrow_mut()[start..start + len].fill(true);
        Ok(len)
    }

    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }
}

fn builder() -> InspectorBuilder {
    let builder = Inspector::builder().first_read(512).block(512).keep_licenses(false);
    // Signatures do not change whether a file is protected.
    #[cfg(feature = "verify")]
    let builder = builder.verify(false);
    builder
}

/// Marks the bytes that an inspection of the file reads.
fn bytes_read(bytes: &[u8]) -> Vec<bool> {
    let source = Recording { bytes, read: RefCell::new(vec![false; bytes.len()]) };
    builder().build().inspect(&source).unwrap();
    source.read.into_inner()
}

/// Returns the files of `corpus/` with a finding of protection `rms`.
pub(crate) fn protected() -> Vec<(String, Vec<u8>)> {
    // Several tests need them.
    static FILES: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(find_protected);
    FILES.clone()
}

fn find_protected() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    let mut files = Vec::new();
    for folder in ["containers", "damaged", "licenses", "rules"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{folder}/{}", entry.file_name().to_str().unwrap());
            if name.ends_with(".ndjson") {
                continue;
            }
            let bytes = std::fs::read(entry.path()).unwrap();
            if has_rms(&Inspector::default().inspect_bytes(&bytes)) {
                files.push((name, bytes));
            }
        }
    }
    files.sort();
    files
}

/// Returns the length of the prefix that identifies the format: up to the first tag of a text
/// license, or up to the first field of mail.
fn magic_len(name: &str, bytes: &[u8]) -> usize {
    let text = |sought: &str| {
        let wide: Vec<u8> = sought.encode_utf16().flat_map(u16::to_le_bytes).collect();
        [sought.as_bytes(), &wide].into_iter().find_map(|sought| {
            let at = bytes.windows(sought.len()).position(|window| window == sought)?;
            Some(at + sought.len())
        })
    };
    match name.rsplit('.').next().unwrap() {
        "xml" | "bin" => text("<XrML").unwrap(),
        "pfile" | "ptxt" => b".pfile".len(),
        "pdf" => b"%PDF-".len(),
        "zip" | "dat" => 4,
        "eml" | "mbox" => b"From ".len(),
        "gz" => 3,
        // Compound files and rpmsg.
        _ => 8,
    }
}

/// Reason why a mutated file is allowed to read as ordinary. SECURITY.md lists each with its
/// count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Exception {
    /// The magic of the whole file is damaged.
    Magic,
    /// The file ends before its bytes declare the protected part.
    CutBefore,
    /// Only the end of the file identifies a second container, and that end is damaged.
    EndOfSecond,
    /// A member is identified by its first bytes, and no longer inflates to them.
    FirstBytesOfMember,
    /// A message ends before its protected part, and each earlier part is complete.
    CutBetweenParts,
}

/// Returns whether the report says that a message only lacks its last delimiter.
fn is_cut_between_parts(mutation: Mutation, report: &Report) -> bool {
    let is_cut =
        |finding: &Finding| finding.facts().anomalies.contains(&Anomaly::UnterminatedMultipart);
    mutation == Mutation::Truncate && report.findings().any(is_cut)
}

fn exception(name: &str, bytes: &[u8], mutation: Mutation, at: usize) -> Option<Exception> {
    let is_mail = name.ends_with(".eml") || name.ends_with(".mbox");
    let last = |part: &[u8]| bytes.windows(part.len()).rposition(|window| window == part);
    let shifts = !matches!(mutation, Mutation::Flip(_) | Mutation::Zero(_));
    match mutation {
        // The magic of a tar header follows fields that its checksum protects.
        _ if name.ends_with(".tar") && at < 265 && (shifts || at + 16 > 257) => {
            Some(Exception::Magic)
        }
        // The last 100 bytes hold the central directory of one member and its end record.
        _ if name.ends_with("behind-pdf.pdf") && (shifts || at + 100 >= bytes.len()) => {
            Some(Exception::EndOfSecond)
        }
        _ if at < magic_len(name, bytes) => Some(Exception::Magic),
        Mutation::Truncate if is_mail => {
            let first = bytes.windows(9).position(|window| window == b"boundary=");
            // Each message of a mailbox declares its parts, so the last declaration counts.
            let declared = if name.ends_with(".mbox") { last(b"boundary=") } else { first };
            (at < declared.unwrap() + 100).then_some(Exception::CutBefore)
        }
        _ if name.ends_with("zip-in-mail-in-zip.zip") && at < 500 => {
            Some(Exception::FirstBytesOfMember)
        }
        // TNEF does not count its attributes; the file may end after any of them.
        Mutation::Truncate if name.ends_with(".dat") => {
            (at < last(b"\x02\x90\x06\0").unwrap_or(200)).then_some(Exception::CutBefore)
        }
        _ => None,
    }
}

/// Counts the mutations and their outcomes.
#[derive(Debug, Default)]
struct Sweep {
    runs: u64,
    exceptions: BTreeMap<Exception, u64>,
    escapes: Vec<String>,
}

impl Sweep {
    /// Applies the next `each` mutations at every `stride`th byte that an inspection reads.
    fn file(&mut self, name: &str, bytes: &[u8], stride: usize, each: usize) {
        let mut inspector = builder().build();
        let read = bytes_read(bytes);
        let mut mutated = Vec::new();
        let offsets = (0..bytes.len()).filter(|at| read[*at]).step_by(stride);
        for (n, at) in offsets.enumerate() {
            for step in 0..each {
                let mutation = Mutation::ALL[(n * each + step) % Mutation::ALL.len()];
                mutation.apply(bytes, at, &mut mutated);
                if mutated == bytes {
                    continue;
                }
                self.runs += 1;
                let report = inspector.inspect_bytes(&mutated);
                if !needs_no_key(&report) {
                    continue;
                }
                let cut =
                    is_cut_between_parts(mutation, &report).then_some(Exception::CutBetweenParts);
                match cut.or_else(|| exception(name, bytes, mutation, at)) {
                    Some(exception) => *self.exceptions.entry(exception).or_default() += 1,
                    None => self.escapes.push(format!("{name}: {mutation:?} at {at}")),
                }
            }
        }
    }
}

#[test]
fn mutated_protected_file_never_reads_as_ordinary() {
    // `RMSIGHT_WIDE=<n>` applies all mutations at every nth byte. The default is about 120 per
    // file.
    let wide = std::env::var("RMSIGHT_WIDE").ok().map(|stride| stride.parse::<usize>().unwrap());
    let only = std::env::var("ONLY").unwrap_or_default();
    let mut sweep = Sweep::default();
    for (name, bytes) in protected() {
        if !only.split(',').any(|only| name.contains(only)) {
            continue;
        }
        match wide {
            Some(stride) => sweep.file(&name, &bytes, stride, Mutation::ALL.len()),
            None if name.starts_with("rules/") || bytes.len() > 30_000 => {}
            None => sweep.file(&name, &bytes, bytes.len() / 120 + 1, 1),
        }
    }
    println!("{} runs, exceptions {:?}", sweep.runs, sweep.exceptions);
    let escapes = sweep.escapes;
    assert!(escapes.is_empty(), "{} escape\n{}", escapes.len(), escapes.join("\n"));
}

/// The folder holds files that an earlier version reported as ordinary.
#[test]
fn past_evasions_are_not_ordinary() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus/regressions/evasion");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let report = Inspector::default().inspect_path(&path).unwrap();
        assert!(!needs_no_key(&report), "{}", path.display());
        count += 1;
    }
    assert!(count >= 12);
}

#[test]
#[ignore = "prints all escapes, for exploration"]
fn explore_escapes() {
    let only = std::env::var("ONLY").unwrap_or_default();
    let mutations: &[Mutation] =
        if std::env::var_os("QUICK").is_some() { &Mutation::QUICK } else { &Mutation::ALL };
    let mut inspector = builder().build();
    let mut mutated = Vec::new();
    let mut runs = 0u64;
    for (name, bytes) in protected() {
        if !only.split(',').any(|only| name.contains(only)) {
            continue;
        }
        let started = std::time::Instant::now();
        let read = bytes_read(&bytes);
        let mut escapes: BTreeMap<Mutation, Vec<Range<usize>>> = BTreeMap::new();
        let mut count = 0u64;
        for at in (0..bytes.len()).filter(|at| read[*at]) {
            for mutation in mutations {
                mutation.apply(&bytes, at, &mut mutated);
                count += 1;
                if mutated != bytes && needs_no_key(&inspector.inspect_bytes(&mutated)) {
                    let ranges = escapes.entry(*mutation).or_default();
                    match ranges.last_mut() {
                        Some(last) if last.end == at => last.end += 1,
                        _ => ranges.push(at..at + 1),
                    }
                }
            }
        }
        runs += count;
        println!(
            "{name}: {} bytes, {} read, {count} runs, {:?}",
            bytes.len(),
            read.iter().filter(|read| **read).count(),
            started.elapsed()
        );
        for (mutation, ranges) in &escapes {
            println!("   {mutation:?}: {ranges:?}");
        }
    }
    println!("{runs} runs");
}
