//! Outlook data files read by a `PstReader` that the caller provides.

use std::io;

use rmsight::{
    Anomaly, Inspector, Limits, Protection, PstAttachment, PstDamage, PstError, PstItem, PstReader,
    ReadAt, Report,
};
use rmsight_specimen::{Client, PstMessage, Server, pst, use_license, zlib};

/// The next action of the scripted reader.
#[derive(Debug, Clone)]
enum Step {
    Attachment(Vec<&'static str>, Option<&'static str>, Vec<u8>),
    /// Returns a use license that belongs to the message of this name.
    UseLicense(&'static str, Vec<u8>),
    Unread,
    Malformed,
    Failed,
    TimedOut,
    OutOfMemory,
    /// Reads the file until a read fails.
    EndlessReads,
    /// Returns attachments without end.
    EndlessAttachments,
}

#[derive(Debug)]
struct Script {
    steps: Vec<Step>,
    current: Vec<u8>,
}

impl PstReader for Script {
    fn next(&mut self, file: &dyn ReadAt) -> Result<Option<PstItem>, PstError> {
        let Some(step) = self.steps.pop() else { return Ok(None) };
        let attachment = match step {
            Step::Attachment(embedded, name, bytes) => {
                self.current = bytes;
                PstAttachment {
                    message: vec!["Inbox".to_owned(), "Re: a/b".to_owned()],
                    embedded: embedded.into_iter().map(str::to_owned).collect(),
                    name: name.map(str::to_owned),
                    size: self.current.len() as u64,
                }
            }
            Step::UseLicense(message, bytes) => {
                self.current = bytes;
                return Ok(Some(PstItem::UseLicense(PstAttachment {
                    message: vec!["Inbox".to_owned(), message.to_owned()],
                    size: self.current.len() as u64,
                    ..PstAttachment::default()
                })));
            }
            Step::Unread => {
                let detail = "a block".to_owned();
                return Ok(Some(PstItem::Unread(PstDamage { detail, offset: Some(512) })));
            }
            Step::Malformed => {
                return Err(PstError::Malformed("a page".to_owned().into()));
            }
            Step::Failed => return Err(PstError::Failed("signal\n9".to_owned())),
            Step::TimedOut => return Err(PstError::Time(5)),
            Step::OutOfMemory => return Err(PstError::Memory(6)),
            Step::EndlessReads => loop {
                file.read_at(0, &mut [0; 4096]).map_err(PstError::Io)?;
            },
            Step::EndlessAttachments => {
                self.steps.push(Step::EndlessAttachments);
                PstAttachment::default()
            }
        };
        Ok(Some(PstItem::Attachment(attachment)))
    }

    fn read_at(&mut self, _: &dyn ReadAt, offset: u64, buf: &mut [u8]) -> Result<usize, PstError> {
        self.current.as_slice().read_at(offset, buf).map_err(PstError::Io)
    }
}

fn inspect(steps: &[Step], limits: Limits) -> Report {
    let steps: Vec<Step> = steps.iter().rev().cloned().collect();
    let builder = Inspector::builder().limits(limits).pst(move || {
        let script = Script { steps: steps.clone(), current: Vec::new() };
        Ok(Box::new(script))
    });
    builder.build().inspect_bytes(&pst("Inbox", &[PstMessage::new("a")]))
}

fn protected() -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/containers/");
    std::fs::read(format!("{folder}message.rpmsg")).unwrap()
}

/// Returns the protected members, and the error code of the first finding, the file itself.
fn found(report: &Report) -> (Vec<&str>, &str) {
    let own = report.findings().next().unwrap().facts();
    let rms = report.findings().filter(|one| one.facts().protection == Protection::Rms);
    let members = rms.map(|one| one.facts().member.as_deref().unwrap_or_default()).collect();
    (members, own.error_code.as_deref().unwrap_or_default())
}

#[test]
fn findings_stay_if_the_reader_fails() {
    let attachment = || Step::Attachment(vec![], Some("message.rpmsg"), protected());
    let member = "Inbox/Re: a/b!/message.rpmsg";
    let cases = [
        (vec![attachment()], ""),
        (vec![attachment(), Step::Malformed], "malformed-pst"),
        (vec![attachment(), Step::Failed], "reader-failed"),
        (vec![attachment(), Step::TimedOut], "limit-pst-time"),
        (vec![attachment(), Step::OutOfMemory], "limit-pst-memory"),
        (vec![attachment(), Step::EndlessReads], "limit-bytes-read"),
        (vec![attachment(), Step::EndlessAttachments], "limit-steps-total"),
        (vec![Step::Unread, attachment()], "malformed-pst"),
    ];
    for (steps, code) in cases {
        let mut limits = Limits::default();
        (limits.bytes_read, limits.steps_total) = (5_000_000, (1 << 24) + 400_000);
        let report = inspect(&steps, limits);
        assert_eq!(found(&report), (vec![member], code), "{steps:?}");
        let own = report.findings().next().unwrap().facts().protection;
        assert_eq!(own == Protection::None, code.is_empty(), "{steps:?}");
        assert_eq!(report.findings().count(), 2, "{steps:?}");
    }
}

#[test]
fn attachment_paths_name_folder_and_message() {
    let steps = [
        Step::Attachment(vec!["FW: x!", "y"], Some("a.rpmsg"), protected()),
        Step::Attachment(vec![], None, protected()),
        Step::Attachment(vec![], None, protected()),
        Step::Attachment(vec![], Some("a.txt"), b"text".to_vec()),
        Step::Attachment(vec![], Some("empty.txt"), Vec::new()),
    ];
    let report = inspect(&steps, Limits::default());
    let paths = ["FW: x%21!/y!/a.rpmsg", "attachment#1", "attachment#2"]
        .map(|path| format!("Inbox/Re: a/b!/{path}"));
    let expected: Vec<&str> = paths.iter().map(String::as_str).collect();
    assert_eq!(found(&report), (expected, ""));
}

#[test]
fn attachment_obeys_the_limits_of_members() {
    let size = protected().len() as u64;
    let steps = [Step::Attachment(vec!["x", "y"], Some("a.rpmsg"), protected())];
    let mut limits = Limits::default();
    limits.member_size = size - 1;
    assert_eq!(found(&inspect(&steps, limits.clone())), (vec![], "limit-member-size"));
    (limits.member_size, limits.nesting) = (size, 2);
    assert_eq!(found(&inspect(&steps, limits)), (vec![], "limit-nesting"));
}

#[test]
fn damage_has_the_offset_that_the_reader_reports() {
    let error_at = |step| {
        let report = inspect(&[step], Limits::default());
        let facts = report.findings().next().unwrap().facts();
        (facts.error_offset, facts.error.clone().unwrap_or_default())
    };
    assert_eq!(error_at(Step::Unread), (Some(512), "PST: a block (at byte 512)".to_owned()));
    assert_eq!(error_at(Step::Malformed), (None, "PST: a page".to_owned()));
}

fn stored_use_license(issued: &str) -> Vec<u8> {
    zlib(use_license(&Server::contoso(), &Client::windows(), issued).concat().as_bytes())
}

#[test]
fn use_license_without_its_message_leaves_the_file_undecided() {
    let attachment = || Step::Attachment(vec!["FW"], Some("message.rpmsg"), protected());
    let license = || stored_use_license("2016-06-02T08:00");
    let own = |steps: &[Step], limits| {
        let report = inspect(steps, limits);
        let facts = report.findings().next().unwrap().facts();
        let from = facts.anomalies.contains(&Anomaly::FromUseLicense);
        let code = facts.error_code.clone().unwrap_or_default().into_owned();
        let keys = (facts.use_license_key.is_some(), facts.slc_key().is_some());
        (facts.protection, facts.use_licenses, keys, from, code)
    };
    let with_mail = Step::UseLicense("Re: a/b", license());
    let without = Step::UseLicense("Lost", license());
    let (none, rms) = (Protection::None, Protection::Rms);
    let missing = || "license-missing".to_owned();
    let cases = [
        (
            vec![attachment(), with_mail.clone()],
            (none, Some(1), (true, false), false, String::new()),
        ),
        (
            vec![attachment(), with_mail, without.clone()],
            (Protection::Unknown, Some(2), (true, false), false, missing()),
        ),
        (vec![without], (rms, Some(1), (true, true), true, missing())),
        (
            vec![Step::UseLicense("Lost", zlib(b"nothing"))],
            (Protection::Unknown, None, (false, false), false, "license-unreadable".to_owned()),
        ),
        (
            vec![Step::UseLicense("Lost", b"nothing".to_vec())],
            (Protection::Unknown, None, (false, false), false, "malformed-deflate".to_owned()),
        ),
    ];
    for (steps, expected) in cases {
        assert_eq!(own(&steps, Limits::default()), expected, "{steps:?}");
    }
    let mut limits = Limits::default();
    limits.license_bytes = 1000;
    let steps = [Step::UseLicense("Lost", license()), attachment()];
    assert_eq!(own(&steps, limits).4, "limit-license-bytes");
}

/// A mailbox with thousands of protected messages needs no more memory than one message.
#[test]
fn each_use_license_has_the_budgets_of_a_member() {
    let steps = vec![Step::UseLicense("Lost", stored_use_license("2016-06-02T08:00")); 40];
    let mut limits = Limits::default();
    (limits.allocation, limits.steps) = (200_000, (1 << 24) + 200_000);
    let report = inspect(&steps, limits);
    let facts = report.findings().next().unwrap().facts();
    assert_eq!(
        (facts.use_licenses, facts.error_code.as_deref()),
        (Some(40), Some("license-missing"))
    );
}

#[test]
fn damaged_attachment_named_like_a_protected_file_is_reported() {
    let steps = [Step::Attachment(vec![], Some("message.rpmsg"), b"damaged".to_vec())];
    assert_eq!(found(&inspect(&steps, Limits::default())), (vec![], "malformed-attachment"));
}

#[test]
fn reader_that_does_not_start_leaves_the_file_undecided() {
    let builder = Inspector::builder().pst(|| Err(io::Error::other("no process")));
    let report = builder.build().inspect_bytes(&pst("Inbox", &[]));
    assert_eq!(found(&report), (vec![], "reader-failed"));
    assert_eq!(report.worst(), Protection::Unknown);
}
