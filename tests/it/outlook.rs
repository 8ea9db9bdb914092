//! Outlook data files: what the library makes of what a reader of the caller's says.

use std::io;

use rmsight::{
    Anomaly, Inspector, Limits, Protection, PstAttachment, PstDamage, PstError, PstItem, PstReader,
    ReadAt, Report,
};
use rmsight_specimen::{Client, PstMessage, Server, pst, use_license, zlib};

/// What a reader does next.
#[derive(Debug, Clone)]
enum Step {
    Gives(Vec<&'static str>, Option<&'static str>, Vec<u8>),
    /// It gives the use license of a message, the one of the attachment before or another.
    GivesUseLicense(&'static str, Vec<u8>),
    CannotRead,
    Malformed,
    Fails,
    TimesOut,
    WantsMemory,
    /// It fails at its file's bytes, which it reads for ever.
    ReadsOn,
    /// It gives attachments without end.
    GivesOn,
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
            Step::Gives(embedded, name, bytes) => {
                self.current = bytes;
                PstAttachment {
                    message: vec!["Inbox".to_owned(), "Re: a/b".to_owned()],
                    embedded: embedded.into_iter().map(str::to_owned).collect(),
                    name: name.map(str::to_owned),
                    size: self.current.len() as u64,
                }
            }
            Step::GivesUseLicense(message, bytes) => {
                self.current = bytes;
                return Ok(Some(PstItem::UseLicense(PstAttachment {
                    message: vec!["Inbox".to_owned(), message.to_owned()],
                    size: self.current.len() as u64,
                    ..PstAttachment::default()
                })));
            }
            Step::CannotRead => {
                let detail = "a block".to_owned();
                return Ok(Some(PstItem::Unread(PstDamage { detail, offset: Some(512) })));
            }
            Step::Malformed => {
                return Err(PstError::Malformed("a page".to_owned().into()));
            }
            Step::Fails => return Err(PstError::Failed("signal\n9".to_owned())),
            Step::TimesOut => return Err(PstError::Time(5)),
            Step::WantsMemory => return Err(PstError::Memory(6)),
            Step::ReadsOn => loop {
                file.read_at(0, &mut [0; 4096]).map_err(PstError::Io)?;
            },
            Step::GivesOn => {
                self.steps.push(Step::GivesOn);
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

/// The members that are protected, and the code of the file's own record.
fn found(report: &Report) -> (Vec<&str>, &str) {
    let own = report.findings().next().unwrap().facts();
    let rms = report.findings().filter(|one| one.facts().protection == Protection::Rms);
    let members = rms.map(|one| one.facts().member.as_deref().unwrap_or_default()).collect();
    (members, own.error_code.as_deref().unwrap_or_default())
}

#[test]
fn what_was_found_stays_whatever_becomes_of_the_reader() {
    let gives = || Step::Gives(vec![], Some("message.rpmsg"), protected());
    let member = "Inbox/Re: a/b!/message.rpmsg";
    let cases = [
        (vec![gives()], ""),
        (vec![gives(), Step::Malformed], "malformed-pst"),
        (vec![gives(), Step::Fails], "reader-failed"),
        (vec![gives(), Step::TimesOut], "limit-pst-time"),
        (vec![gives(), Step::WantsMemory], "limit-pst-memory"),
        (vec![gives(), Step::ReadsOn], "limit-bytes-read"),
        (vec![gives(), Step::GivesOn], "limit-steps-total"),
        (vec![Step::CannotRead, gives()], "malformed-pst"),
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
fn attachments_have_paths_that_a_person_can_follow() {
    let steps = [
        Step::Gives(vec!["FW: x!", "y"], Some("a.rpmsg"), protected()),
        Step::Gives(vec![], None, protected()),
        Step::Gives(vec![], None, protected()),
        Step::Gives(vec![], Some("a.txt"), b"text".to_vec()),
        Step::Gives(vec![], Some("empty.txt"), Vec::new()),
    ];
    let report = inspect(&steps, Limits::default());
    let paths = ["FW: x%21!/y!/a.rpmsg", "attachment#1", "attachment#2"]
        .map(|path| format!("Inbox/Re: a/b!/{path}"));
    let expected: Vec<&str> = paths.iter().map(String::as_str).collect();
    assert_eq!(found(&report), (expected, ""));
}

#[test]
fn an_attachment_is_held_to_the_limits_of_members() {
    let size = protected().len() as u64;
    let steps = [Step::Gives(vec!["x", "y"], Some("a.rpmsg"), protected())];
    let mut limits = Limits::default();
    limits.member_size = size - 1;
    assert_eq!(found(&inspect(&steps, limits.clone())), (vec![], "limit-member-size"));
    (limits.member_size, limits.nesting) = (size, 2);
    assert_eq!(found(&inspect(&steps, limits)), (vec![], "limit-nesting"));
}

#[test]
fn damage_has_a_place_where_the_reader_knows_it() {
    let place = |step| {
        let report = inspect(&[step], Limits::default());
        let facts = report.findings().next().unwrap().facts();
        (facts.error_offset, facts.error.clone().unwrap_or_default())
    };
    assert_eq!(place(Step::CannotRead), (Some(512), "PST: a block (at byte 512)".to_owned()));
    assert_eq!(place(Step::Malformed), (None, "PST: a page".to_owned()));
}

fn stored_use_license(issued: &str) -> Vec<u8> {
    zlib(use_license(&Server::contoso(), &Client::windows(), issued).concat().as_bytes())
}

#[test]
fn use_licenses_are_counted_and_one_without_its_mail_leaves_the_file_undecided() {
    let gives = || Step::Gives(vec!["FW"], Some("message.rpmsg"), protected());
    let license = || stored_use_license("2016-06-02T08:00");
    let own = |steps: &[Step], limits| {
        let report = inspect(steps, limits);
        let facts = report.findings().next().unwrap().facts();
        let from = facts.anomalies.contains(&Anomaly::FromUseLicense);
        let code = facts.error_code.clone().unwrap_or_default().into_owned();
        let keys = (facts.use_license_key.is_some(), facts.slc_key().is_some());
        (facts.protection, facts.use_licenses, keys, from, code)
    };
    let with_mail = Step::GivesUseLicense("Re: a/b", license());
    let without = Step::GivesUseLicense("Lost", license());
    let (none, rms) = (Protection::None, Protection::Rms);
    let missing = || "license-missing".to_owned();
    let cases = [
        (vec![gives(), with_mail.clone()], (none, Some(1), (true, false), false, String::new())),
        (
            vec![gives(), with_mail, without.clone()],
            (Protection::Unknown, Some(2), (true, false), false, missing()),
        ),
        (vec![without], (rms, Some(1), (true, true), true, missing())),
        (
            vec![Step::GivesUseLicense("Lost", zlib(b"nothing"))],
            (Protection::Unknown, None, (false, false), false, "license-unreadable".to_owned()),
        ),
        (
            vec![Step::GivesUseLicense("Lost", b"nothing".to_vec())],
            (Protection::Unknown, None, (false, false), false, "malformed-deflate".to_owned()),
        ),
    ];
    for (steps, expected) in cases {
        assert_eq!(own(&steps, Limits::default()), expected, "{steps:?}");
    }
    let mut limits = Limits::default();
    limits.license_bytes = 1000;
    let steps = [Step::GivesUseLicense("Lost", license()), gives()];
    assert_eq!(own(&steps, limits).4, "limit-license-bytes");
}

/// A mailbox of thousands of protected mails takes no more memory than one.
#[test]
fn each_use_license_has_the_budgets_of_a_member() {
    let steps = vec![Step::GivesUseLicense("Lost", stored_use_license("2016-06-02T08:00")); 40];
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
fn one_that_is_named_like_a_protected_file_has_to_be_one() {
    let steps = [Step::Gives(vec![], Some("message.rpmsg"), b"damaged".to_vec())];
    assert_eq!(found(&inspect(&steps, Limits::default())), (vec![], "malformed-attachment"));
}

#[test]
fn a_reader_that_cannot_be_started_leaves_the_file_undecided() {
    let builder = Inspector::builder().pst(|| Err(io::Error::other("no process")));
    let report = builder.build().inspect_bytes(&pst("Inbox", &[]));
    assert_eq!(found(&report), (vec![], "io"));
    assert_eq!(report.worst(), Protection::Unknown);
}
