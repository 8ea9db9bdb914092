//! One call of an inspector: findings one by one, an early end, a flag and a deadline.

use std::cell::Cell;
use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use rmsight::{
    Anomaly, Cancel, ErrorKind, Finding, Inspector, Limits, Protection, ReadAt, Report, Searched,
};

use crate::samples::samples;

/// Returns the findings that are passed on until `most` were, and the outcome.
fn passed_on(
    inspector: &mut Inspector,
    bytes: &[u8],
    most: usize,
) -> (Vec<Finding>, ControlFlow<(), Option<rmsight::Error>>) {
    let mut findings = Vec::new();
    let outcome = inspector.inspect_with(&bytes, |finding| {
        findings.push(finding);
        if findings.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    (findings, outcome.unwrap())
}

fn sorted<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<String> {
    let mut all: Vec<String> = findings.map(|finding| format!("{finding:?}")).collect();
    all.sort();
    all
}

#[test]
fn findings_one_by_one_are_those_of_the_report() {
    let mut inspector = Inspector::builder().keep_licenses(false).build();
    let (mut groups, mut stops) = (0, 0);
    for (name, bytes) in samples() {
        let report = inspector.inspect_bytes(&bytes);
        let (findings, outcome) = passed_on(&mut inspector, &bytes, usize::MAX);
        assert_eq!(outcome, ControlFlow::Continue(report.incomplete().cloned()), "{name}");
        assert_eq!(sorted(findings.iter()), sorted(report.findings()), "{name}");
        // The findings of a structure follow each other directly.
        let members: Vec<_> = findings.iter().map(|finding| &finding.facts().member).collect();
        for (at, finding) in findings.iter().enumerate() {
            if finding.facts().anomalies.contains(&Anomaly::SeveralLicenses) {
                let member = &finding.facts().member;
                let same: Vec<_> = (0..members.len()).filter(|at| members[*at] == member).collect();
                assert_eq!(same.last().unwrap() - same[0] + 1, same.len(), "{name}, {at}");
                groups += 1;
            }
        }
        for most in 1..findings.len().min(5) {
            let (first, outcome) = passed_on(&mut inspector, &bytes, most);
            assert_eq!(first, findings[..most], "{name}");
            assert!(outcome.is_break());
            stops += 1;
        }
    }
    assert!(groups > 1 && stops > 10, "{groups} findings in groups, {stops} early ends");
}

#[test]
fn early_end_reads_no_further_members() {
    let document = crate::detect::document(&rmsight_specimen::Server::contoso());
    let mut zip = rmsight_specimen::Zip::new();
    for n in 0..50 {
        zip = zip.member(&n.to_string(), document.clone(), rmsight_specimen::Method::Deflated);
    }
    let bytes = zip.build();
    let read = |most: usize| {
        let source = Counted { bytes: &bytes, read: Cell::new(0), at: |_| {} };
        let mut members = Vec::new();
        let outcome = Inspector::default().inspect_with(&source, |finding| {
            members.extend(finding.facts().member.clone());
            match members.len() < most {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(members.len()),
            }
        });
        (outcome.unwrap(), source.read.get())
    };
    let ((first, few), (last, all)) = (read(1), read(usize::MAX));
    assert_eq!((first, last), (ControlFlow::Break(1), ControlFlow::Continue(None)));
    // The directory and the heads of the members are read first.
    assert!(few < all / 2, "{few} of {all} bytes");
}

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
    assert_eq!(
        inspector.deadline(Instant::now()).detect_bytes(bytes).error_code().unwrap(),
        "deadline"
    );
    let detection = inspector.deadline(Instant::now()).detect_reader(bytes).unwrap();
    assert_eq!(detection.error_code().unwrap(), "deadline");
}

#[test]
fn findings_after_a_spent_budget_show_it() {
    let document = crate::detect::document(&rmsight_specimen::Server::contoso());
    let zip = (0..9).fold(rmsight_specimen::Zip::new(), |zip, n| {
        zip.member(&n.to_string(), document.clone(), rmsight_specimen::Method::Stored)
    });
    let mut limits = Limits::default();
    limits.licenses = 3;
    let mut inspector = Inspector::builder().limits(limits).build();
    let (findings, outcome) = passed_on(&mut inspector, &zip.build(), usize::MAX);
    let ControlFlow::Continue(Some(error)) = outcome else { panic!("{outcome:?}") };
    assert_eq!(error.code(), "limit-licenses");
    let last = findings.last().unwrap().facts();
    assert_eq!((last.protection, last.searched), (Protection::Unknown, Searched::Partial));
}
