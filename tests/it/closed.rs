//! What may hold files and is not opened is never called ordinary.

use rmsight::specimen::{Method, Zip, cab, noise, rar4, rar5, self_extracting};
use rmsight::{Inspector, Limits, Protection};

const MEMBERS: [(&str, &[u8]); 1] = [("a.txt", b"text")];

/// The error code of a file of which nobody knows what is in it.
fn unknown(bytes: &[u8]) -> Option<(&'static str, Option<u64>)> {
    let report = Inspector::default().inspect_bytes(bytes);
    let expected =
        if report.incomplete().is_some() { Protection::Unknown } else { Protection::None };
    assert_eq!(report.worst(), expected);
    report.incomplete().map(|error| (error.code(), error.offset()))
}

#[test]
fn an_archive_that_a_program_unpacks_is_not_overlooked() {
    // 7-Zip writes what its program is to do between the two.
    let seven = |settings: &[u8]| [settings, b"7z\xBC\xAF\x27\x1C", &noise(7, 60)].concat();
    let settings = seven(b";!@Install@!UTF-8!\r\nTitle=\"Offers\"\r\n;!@InstallEnd@!");
    let settings_at = 512 + settings.windows(6).position(|at| at == b"7z\xBC\xAF\x27\x1C").unwrap();
    let zip = Zip::new().member("a.txt", b"text".to_vec(), Method::Stored).build();
    let signed = [zip.as_slice(), &noise(8, 9000)].concat();
    let cases: [(&str, Vec<u8>, Option<usize>); 8] = [
        ("rar 4", rar4(&MEMBERS), Some(512)),
        ("rar 5", rar5(&MEMBERS), Some(512)),
        ("cab", cab(&MEMBERS), Some(512)),
        ("7z", seven(b""), Some(512)),
        ("7z behind settings", settings, Some(settings_at)),
        ("zip behind which a signature stands", signed, Some(512)),
        ("a signature alone", noise(9, 9000), None),
        ("nothing", Vec::new(), None),
    ];
    for (name, archive, at) in cases {
        let expected = at.map(|at| ("archive-not-opened", Some(at as u64)));
        assert_eq!(unknown(&self_extracting(&archive)), expected, "{name}");
    }
}

#[test]
fn the_image_of_an_optical_disc_is_not_overlooked() {
    let image = |begin: &[u8], descriptor: &[u8]| {
        let mut bytes = begin.to_vec();
        bytes.resize(32_768, 0);
        bytes.extend(descriptor);
        bytes.resize(65_537, 0);
        bytes
    };
    let cases: [(&[u8], &[u8], bool); 7] = [
        (b"", b"\x01CD001\x01", true),
        (b"", b"\x00BEA01\x01", true),
        (b"ER\x02\0", b"\x01CD001\x01", true),
        (b"text", b"\x01CD001\x01", false),
        (b"", b"\x01CD002\x01", false),
        (b"", b"CD001\x01", false),
        (b"", b"", false),
    ];
    for (begin, descriptor, is_image) in cases {
        let expected = is_image.then_some(("archive-not-opened", Some(0)));
        let name = descriptor.escape_ascii();
        assert_eq!(unknown(&image(begin, descriptor)), expected, "{name}");
    }
    for len in [0, 2048, 32_768, 32_770] {
        assert_eq!(unknown(&vec![0; len]), None, "{len} zeros");
    }
}

#[test]
fn a_member_of_nothing_is_neither_a_disc_nor_a_protected_file() {
    let zip = |name: &str, count: usize| {
        (0..count).fold(Zip::new(), |zip, member| {
            zip.member(&format!("{member}{name}"), vec![0; 65_536], Method::Deflated)
        })
    };
    let named = unknown(&zip(".rpmsg", 1).build());
    assert_eq!(named.map(|(code, _)| code), Some("malformed-attachment"));
    // None of them is decoded as far as a disc has its descriptor.
    let mut limits = Limits::default();
    limits.inflated_total = 65_536;
    let report = Inspector::builder().limits(limits).build().inspect_bytes(&zip("", 8).build());
    assert!(report.incomplete().is_none(), "{:?}", report.incomplete());
}

#[test]
fn a_message_that_is_written_like_no_other_is_not_overlooked() {
    let mime = "From: Jo <jo@contoso.example>\nTo: all@contoso.example\nSubject: \u{dc}bersicht\n\
        MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"next\"\n\n--next\nContent-Type:\n";
    let forms: [fn(&str) -> Vec<u8>; 5] = [
        |text| text.replace('\n', "\r").into_bytes(),
        |text| text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        |text| text.replace('\n', "\r\n").encode_utf16().flat_map(u16::to_be_bytes).collect(),
        |text| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect(),
        |text| format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect(),
    ];
    // As Outlook saves the text of a message, which has no attachments.
    let saved = "From:\tJo\nSent:\tMonday\nTo:\tall\nSubject:\tReports\n\nContent-Type: paper\n";
    for (number, form) in forms.iter().enumerate() {
        assert_eq!(unknown(&form(mime)), Some(("mail-not-read", Some(0))), "form {number}");
        assert_eq!(unknown(&form(saved)), None, "form {number}");
        let long = [form(mime), form("text\n").repeat(2000)].concat();
        assert_eq!(unknown(&long), Some(("mail-not-read", Some(0))), "form {number}");
        let zip = Zip::new().member("a.eml", form(mime), Method::Stored).build();
        assert!(unknown(&zip).is_some_and(|(code, _)| code == "mail-not-read"), "form {number}");
    }
}
