//! Findings from the reports of a simple test format.

use super::*;
use crate::code::ErrorCode;
use crate::container::{Label, LicenseBytes, Sink};
use crate::inspect::{Inspector, Report};
use crate::kinds::{Anomaly, Container};
use crate::limits::Interrupt;
use crate::source::{Ahead, Extent, Window};
use rmsight_specimen::{Client, Documents, LicenseBuilder, Server};

/// Reads `file` with `format`, without recognition.
fn read_as(
    file: &[u8],
    format: impl FnOnce(&mut Window<'_>, &mut dyn Sink) -> Result<()> + 'static,
) -> Report {
    let mut inspector = Inspector::builder().labels(true).build();
    let meter = Meter::new(inspector.options.limits.clone(), Interrupt::default());
    let buffers = Buffers {
        cache: &mut inspector.cache,
        license: &mut inspector.license,
        memory: &mut inspector.memory,
    };
    let walk = Traversal::new(&inspector.options, &meter, buffers);
    let size = u64::try_from(file.len()).unwrap();
    walk.run_as(&file, size, Some(Box::new(format)), None).findings.into_report()
}

fn license(server: &Server) -> Vec<u8> {
    LicenseBuilder::client(server, &Client::windows()).documents(Documents::One).build()
}

/// Reports two adjacent licenses, and a member that contains a third one.
fn toy() -> (Vec<u8>, [u64; 3]) {
    let parts = [
        license(&Server::contoso()),
        license(&Server::azure()),
        license(&Server::contoso_legacy()),
    ];
    let lens = [0, 1, 2].map(|index: usize| u64::try_from(parts[index].len()).unwrap());
    (parts.concat(), lens)
}

#[test]
fn file_can_have_many_findings() {
    let (file, [first, second, third]) = toy();
    let report = read_as(&file, move |window, sink| {
        sink.container(Container::Pfile);
        sink.protection(Protection::Rms);
        sink.license_at(window, &[Extent { offset: 0, len: first }])?;
        let bytes = window
            .read("license", first, usize::try_from(second).unwrap(), Ahead::Nothing)?
            .to_vec();
        sink.license(LicenseBytes { bytes: &bytes, offset: Some(first) })?;
        sink.label(Label { id: "a-label".to_owned(), tenant: None });
        sink.anomaly(Anomaly::NonSpecLayout, Some(0));
        let offset = first.checked_add(second).unwrap();
        sink.member(Member {
            name: Name::Named("inner.xml".to_owned()),
            body: Body::Stored(vec![Extent { offset, len: third }]),
        })
    });
    let findings: Vec<&Finding> = report.findings().collect();
    assert_eq!(findings.len(), 3);
    let keys: Vec<&str> = findings.iter().map(|found| found.facts.slc_key().unwrap()).collect();
    assert!(keys[0] != keys[1] && keys[1] != keys[2]);
    for (finding, offset) in findings.iter().zip([0, first, first.checked_add(second).unwrap()]) {
        let license = finding.facts.license.as_ref().unwrap();
        assert_eq!(license.license_offset, Some(offset));
        assert_eq!(finding.facts.protection, Protection::Rms);
        assert_eq!(finding.facts.searched, Searched::Full);
    }
    for finding in &findings[..2] {
        assert_eq!(finding.facts.container, Container::Pfile);
        assert_eq!(finding.facts.label_id.as_deref(), Some("a-label"));
        let anomalies = [Anomaly::NonSpecLayout, Anomaly::SeveralLicenses];
        assert_eq!(finding.facts.anomalies, anomalies);
        assert_eq!(finding.facts.member, None);
    }
    assert_eq!(findings[2].facts.member.as_deref(), Some("inner.xml"));
    assert_eq!(findings[2].facts.container, Container::License);
    assert_eq!(report.incomplete(), None);
}

#[test]
fn findings_before_an_error_stay() {
    let (file, [first, ..]) = toy();
    let report = read_as(&file, move |window, sink| {
        sink.container(Container::Pfile);
        sink.protection(Protection::Rms);
        sink.license_at(window, &[Extent { offset: 0, len: first }])?;
        Err(Error::malformed(
            ErrorCode::MalformedPfileHeader,
            "toy",
            7,
            "the second half is missing",
        ))
    });
    let finding = report.findings().next().unwrap();
    assert!(finding.facts.slc_key().is_some());
    assert_eq!(finding.facts.error_code.as_deref(), Some("malformed-pfile-header"));
    assert_eq!(finding.facts.error_offset, Some(7));
    assert_eq!(report.incomplete().unwrap().code(), "malformed-pfile-header");
}

#[test]
fn protected_container_without_license_is_not_unprotected() {
    let report = read_as(b"toy", |_, sink| {
        sink.container(Container::Pfile);
        sink.protection(Protection::Rms);
        sink.protection(Protection::None);
        Ok(())
    });
    let finding = report.findings().next().unwrap();
    assert_eq!(finding.facts.protection, Protection::Rms);
    assert_eq!(finding.facts.error_code.as_deref(), Some("license-missing"));
}
