//! Members of other files: limits of depth and size, and temporary files.

use rmsight::{Inspector, Limits, Protection};
use rmsight_specimen::{
    Attachment, IrmDocument, IrmKind, LicenseBuilder, Method, Region, Server, Zip, eml,
};
use serde_json::Value;

use super::{folder, scan};

/// Returns a protected document whose directory follows `payload` bytes of content.
fn document(payload: u64) -> Vec<u8> {
    use Region::{Directory, Fat, MiniFat, MiniStream, OtherStreams};
    let license = LicenseBuilder::server(&Server::contoso()).build();
    let document = IrmDocument::new(IrmKind::Ooxml, license).payload(payload);
    document.compound().layout(&[OtherStreams, MiniStream, Fat, MiniFat, Directory]).build()
}

/// Returns the paths of the protected members, and the error code of the first record.
fn found(records: &[Value]) -> (Vec<&str>, Option<&str>) {
    let rms = records.iter().filter(|record| record["protection"] == "rms");
    let paths = rms.map(|record| record["member"].as_str().unwrap_or_default());
    (paths.collect(), records[0]["error_code"].as_str())
}

#[test]
fn a_member_that_memory_does_not_hold_is_read_from_a_temporary_file() {
    const SPOOL: u64 = 65_536;
    let zip = Zip::new().member("large.docx", document(1 << 20), Method::Deflated).build();
    let mut limits = Limits::default();
    limits.spool = SPOOL;
    let report = Inspector::builder().limits(limits).build().inspect_bytes(&zip);
    assert_eq!(report.incomplete().map(rmsight::Error::code), Some(rmsight::ErrorCode::LimitSpool));
    assert_ne!(report.worst(), Protection::None);
    let folder = folder(&[("large.zip", &zip)]);
    let (records, exit) = scan(folder.path(), &["--limit", &format!("spool={SPOOL}"), "."]);
    assert_eq!(found(&records), (vec!["large.docx"], None));
    assert_eq!(exit, 0);
}

#[test]
fn members_are_opened_as_deep_and_as_large_as_the_user_says() {
    let document = document(2048);
    let size = document.len();
    let zip = Zip::new().member("a.docx", document, Method::Deflated).build();
    let mail = eml(&[], &[Attachment::new("a.zip", zip)]);
    let outer = Zip::new().member("mail.eml", mail, Method::Deflated).build();
    let folder = folder(&[("outer.zip", &outer)]);
    let path = "mail.eml!/a.zip!/a.docx";
    let (larger, smaller) = (size.to_string(), (size - 1).to_string());
    let cases: [(&[&str], Option<&str>); 6] = [
        (&[], None),
        (&["--max-depth", "3"], None),
        (&["--max-depth", "2"], Some("limit-nesting")),
        (&["--max-depth", "0"], Some("limit-nesting")),
        (&["--max-member-size", &larger], None),
        (&["--max-member-size", &smaller], Some("limit-member-size")),
    ];
    for (options, code) in cases {
        let (records, exit) = scan(folder.path(), &[options, &["."]].concat());
        let (paths, first) = found(&records);
        assert_eq!(first, code, "{options:?}");
        assert_eq!(exit, i32::from(code.is_some()), "{options:?}");
        let expected = if code.is_none() { vec![path] } else { Vec::new() };
        assert_eq!(paths, expected, "{options:?}");
        if code.is_some() {
            assert_eq!(records[0]["dependency"], "undecided", "{options:?}");
        }
    }
}
