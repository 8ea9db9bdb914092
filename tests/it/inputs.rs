//! Reports about empty, truncated, failing and changing input.

use std::io;

use rmsight::{
    Container, Dependency, Error, ErrorKind, Estate, Inspector, Need, Protection, ReadAt, Report,
    Searched, judge,
};
use rmsight_specimen::{Client, LicenseBuilder, Server};

fn first(report: &Report) -> (Container, Protection, Searched, Option<String>) {
    let facts = report.findings().next().unwrap().facts();
    let code = facts.error_code.as_ref().map(|code| code.to_string());
    (facts.container, facts.protection, facts.searched, code)
}

#[test]
fn unprotected_input_needs_no_key() {
    let cases: [(&[u8], Container); 5] = [
        (b"", Container::Empty),
        (b"\0", Container::Other),
        (b"hello", Container::Other),
        (b"<XrM", Container::Other),
        (&[0xFF; 10_000], Container::Other),
    ];
    let mut inspector = Inspector::default();
    for (bytes, container) in cases {
        let report = inspector.inspect_bytes(bytes);
        assert_eq!(first(&report), (container, Protection::None, Searched::Full, None));
        assert_eq!(report.incomplete(), None);
        assert_eq!(report.findings().count(), 1);
        let verdict = judge(report.findings().next().unwrap().facts(), &Estate::default());
        assert_eq!((verdict.need(), verdict.dependency()), (Need::No, Dependency::None));
    }
}

#[test]
fn magic_without_content_is_undecided() {
    let heads: [&[u8]; 3] =
        [b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", b".pfile\x02\0\0\0", b"<XrML version=\"1.2\">"];
    for head in heads {
        let report = Inspector::default().inspect_bytes(head);
        let (_, protection, searched, code) = first(&report);
        assert_eq!((protection, searched), (Protection::Unknown, Searched::Partial));
        assert!(code.is_some());
        assert_eq!(report.worst(), Protection::Unknown);
        let verdict = judge(report.findings().next().unwrap().facts(), &Estate::default());
        assert_eq!(verdict.dependency(), Dependency::Undecided);
        assert_eq!(verdict.need(), Need::Possible);
    }
}

type Fail = fn() -> io::Error;

/// A source with a size whose reads fail.
struct Failing {
    size: u64,
    error: Fail,
}

impl ReadAt for Failing {
    fn read_at(&self, _offset: u64, _buf: &mut [u8]) -> io::Result<usize> {
        Err((self.error)())
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

#[test]
fn failing_source_is_undecided_with_error_code() {
    let cases: [(Fail, &str); 2] = [
        (|| io::Error::other("the disk is gone"), "io"),
        (|| io::ErrorKind::PermissionDenied.into(), "permission-denied"),
    ];
    for (error, code) in cases {
        let report = Inspector::default().inspect(&Failing { size: 10, error }).unwrap();
        let (_, protection, _, found) = first(&report);
        assert_eq!((protection, found.as_deref()), (Protection::Unknown, Some(code)));
    }
}

/// A source that is shorter than the size it declares.
struct Shrunk(Vec<u8>);

impl ReadAt for Shrunk {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.0.len() as u64 + 100_000)
    }
}

/// A source that reports a change of its content.
struct Written<'a>(&'a [u8]);

impl ReadAt for Written<'_> {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buf)
    }

    fn size(&self) -> io::Result<u64> {
        self.0.size()
    }

    fn has_changed(&self) -> bool {
        true
    }
}

#[test]
fn file_changed_during_inspection_has_a_distinct_code() {
    let license = LicenseBuilder::client(&Server::contoso(), &Client::windows()).build();
    let shrunk = Inspector::default().inspect(&Shrunk(license.clone())).unwrap();
    assert_eq!(first(&shrunk).3.as_deref(), Some("changed-while-reading"));
    let damaged = Written(b".pfile\x09\0\0\0\0\0\0\0\0\0\0\0 and more");
    let written = Inspector::default().inspect(&damaged).unwrap();
    assert_eq!(first(&written).3.as_deref(), Some("changed-while-reading"));
    let whole = Inspector::default().inspect(&Written(&license)).unwrap();
    assert_eq!(first(&whole).3, None, "readable content is not checked for changes");
}

#[test]
fn path_that_cannot_be_opened_is_an_error() {
    let error: Error = Inspector::default().inspect_path("no/such/file").unwrap_err();
    assert_eq!((error.kind(), error.code().as_str()), (ErrorKind::Io, "io"));
    let folder = tempfile::tempdir().unwrap();
    assert!(Inspector::default().inspect_path(folder.path()).is_err());
}

#[test]
fn public_types_can_cross_threads() {
    fn data<T: Send + Sync + Clone + Eq + std::fmt::Debug + 'static>() {}
    fn worker<T: Send + 'static>() {}
    data::<Report>();
    data::<rmsight::Facts>();
    data::<rmsight::Verdict>();
    data::<Error>();
    data::<rmsight::Detection>();
    worker::<Inspector>();
    assert_eq!(size_of::<Error>(), size_of::<usize>());
}
