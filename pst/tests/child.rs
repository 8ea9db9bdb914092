//! The program of the child, started by its path.
#![allow(clippy::unwrap_used)]

use rmsight::{ErrorCode, Inspector, Protection, Report};
use rmsight_pst::PstChild;
use rmsight_specimen::{Attachment, IrmDocument, IrmKind, LicenseBuilder, PstMessage, Server, pst};

fn child() -> PstChild {
    PstChild::new(env!("CARGO_BIN_EXE_rmsight-pst-child"))
}

fn inspect(child: PstChild) -> Report {
    let license = LicenseBuilder::server(&Server::contoso()).build();
    let document = IrmDocument::new(IrmKind::Ooxml, license).payload(20_000).build();
    let message = PstMessage::new("Offer").attachment(Attachment::new("offer.docx", document));
    let mailbox = pst("Inbox", &[message]);
    Inspector::builder().pst(child.opener()).build().inspect_bytes(&mailbox)
}

#[test]
fn attachment_of_a_data_file_is_inspected() {
    let report = inspect(child());
    let protected = report.findings().find(|it| it.facts().protection == Protection::Rms).unwrap();
    assert_eq!(protected.facts().member.as_deref(), Some("Inbox/Offer!/offer.docx"));
    assert_eq!(report.incomplete(), None);
}

#[test]
fn data_file_is_undecided_if_its_child_cannot_read_it() {
    let cases = [
        (PstChild::new("/no/such/program"), ErrorCode::ReaderFailed),
        // It gets one argument more than it accepts, and ends.
        (child().arg("7"), ErrorCode::ReaderFailed),
    ];
    for (child, code) in cases {
        let report = inspect(child);
        assert_eq!(report.worst(), Protection::Unknown, "{code}");
        assert_eq!(report.incomplete().map(|error| error.code()), Some(code));
    }
}

#[cfg(unix)]
#[test]
fn deadline_or_flag_of_a_call_ends_its_child_and_no_later_one() {
    use std::time::{Duration, Instant};

    use rmsight::Cancel;

    let child = PstChild::new("/bin/sh").arg("-c").arg("sleep 60");
    let mailbox = pst("Inbox", &[PstMessage::new("Offer")]);
    let mut inspector = Inspector::builder().pst(child.opener()).build();
    let begun = Instant::now();
    for _ in 0..2 {
        let soon = Instant::now() + Duration::from_millis(100);
        let report = inspector.deadline(soon).inspect_bytes(&mailbox);
        assert_eq!(report.incomplete().map(|error| error.code()), Some(ErrorCode::Deadline));
    }
    let cancel = Cancel::new();
    let raise = std::thread::spawn({
        let cancel = cancel.clone();
        move || {
            std::thread::sleep(Duration::from_millis(100));
            cancel.raise();
        }
    });
    let report = inspector.cancel(&cancel).inspect_bytes(&mailbox);
    assert_eq!(report.incomplete().map(|error| error.code()), Some(ErrorCode::Cancelled));
    raise.join().unwrap();
    // The child would have worked for 60 s.
    assert!(begun.elapsed() < Duration::from_secs(30));
}
