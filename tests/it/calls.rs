//! One call of an inspector: a flag and a deadline.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use rmsight::{Cancel, ErrorKind, Finding, Inspector, Protection, ReadAt, Report, Searched};

use crate::samples::samples;

/// A source that counts the bytes that were read, and calls a function with their number.
struct Counted<'a, F> {
    bytes: &'a [u8],
    read: Cell<usize>,
    at: F,
}

impl<F: Fn(usize)> ReadAt for Counted<'_, F> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read_at(offset, buf)?;
        self.read.set(self.read.get() + read);
        (self.at)(self.read.get());
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }
}

/// Checks the report of a call that ended early.
fn is_undecided(report: &Report, code: &str, context: &str) {
    let error = report.incomplete().expect(context);
    assert_eq!((error.kind(), error.code().as_str()), (ErrorKind::Cancelled, code), "{context}");
    assert_ne!(report.worst(), Protection::None, "{context}");
    let is_searched = |finding: &Finding| finding.facts().searched == Searched::Full;
    assert!(!report.findings().any(is_searched), "{context}");
}

#[test]
fn cancelled_file_does_not_affect_the_next_one() {
    let mut inspector = Inspector::default();
    let mut cut = 0;
    for (name, bytes) in samples() {
        let expected = Inspector::default().inspect_bytes(&bytes);
        for limit in [0, 4096, 20_000] {
            let cancel = Cancel::new();
            let at = |read| {
                if read > limit {
                    cancel.raise()
                }
            };
            let source = Counted { bytes: &bytes, read: Cell::new(0), at };
            let report = inspector.cancel(&cancel).inspect(&source).unwrap();
            if report != expected {
                is_undecided(&report, "cancelled", &name);
                cut += 1;
            }
            assert_eq!(inspector.inspect_bytes(&bytes), expected, "{name} after a cancelled call");
        }
    }
    assert!(cut > 200, "{cut}");
}

#[test]
fn deadline_ends_only_the_next_call() {
    let bytes = b"<XrML>".as_slice();
    let mut inspector = Inspector::default();
    let expected = inspector.inspect_bytes(bytes);
    is_undecided(&inspector.deadline(Instant::now()).inspect_bytes(bytes), "deadline", "past");
    assert_eq!(inspector.inspect_bytes(bytes), expected);
    let hour = Instant::now() + Duration::from_secs(3600);
    assert_eq!(inspector.deadline(hour).inspect_bytes(bytes), expected);
    // A call that fails takes its deadline with it.
    assert!(inspector.deadline(Instant::now()).inspect_path("no/such/file").is_err());
    assert_eq!(inspector.inspect_bytes(bytes), expected);
}
