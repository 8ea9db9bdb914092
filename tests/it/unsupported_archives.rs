//! Archives, images and messages that the library does not open are reported as unknown.

use rmsight::{Inspector, Limits, Protection};
use rmsight_specimen::{Attachment, Method, Zip, cab, eml, noise, rar4, rar5, self_extracting};

const MEMBERS: [(&str, &[u8]); 1] = [("a.txt", b"text")];

/// Inspects `bytes`. Returns the code and the offset of the error that left it incomplete.
fn unknown(bytes: &[u8]) -> Option<(&'static str, Option<u64>)> {
    let report = Inspector::default().inspect_bytes(bytes);
    let expected =
        if report.incomplete().is_some() { Protection::Unknown } else { Protection::None };
    assert_eq!(report.worst(), expected);
    report.incomplete().map(|error| (error.code().as_str(), error.offset()))
}

#[test]
fn archive_in_self_extracting_program_is_reported() {
    // 7-Zip writes the installer's settings between the program and the archive.
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
        ("7z after settings", settings, Some(settings_at)),
        ("zip followed by a signature", signed, Some(512)),
        ("signature without an archive", noise(9, 9000), None),
        ("nothing", Vec::new(), None),
    ];
    for (name, archive, at) in cases {
        let expected = at.map(|at| ("archive-not-opened", Some(at as u64)));
        assert_eq!(unknown(&self_extracting(&archive)), expected, "{name}");
    }
}

#[test]
fn optical_disc_image_is_reported() {
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
fn file_system_image_that_begins_with_zeros_is_reported() {
    let cases: [(usize, &[u8]); 7] = [
        (65_600, b"_BHRfS_M"),
        (65_588, b"ReIsEr2Fs"),
        (8244, b"ReIsErFs"),
        (32_768, b"JFS1\x01\0\0\0"),
        (65_536 + 1372, b"\x19\x01\x54\x19"),
        (8192 + 1372, b"\x54\x19\x01\0"),
        (8192 + 1372, b"\0\x01\x19\x54"),
    ];
    for (at, magic) in cases {
        let mut image = vec![0; 100_000];
        image[at..at + magic.len()].copy_from_slice(magic);
        let name = magic.escape_ascii();
        assert_eq!(unknown(&image), Some(("archive-not-opened", Some(0))), "{name}");
        let mut other = image.clone();
        other[at] ^= 1;
        assert_eq!(unknown(&other), None, "{name}, damaged magic");
    }
}

/// ISO 9660 leaves the content of the system area open. Only the name of such an image identifies
/// it.
#[test]
fn disc_image_with_used_system_area_is_recognized_by_name() {
    let mut image = noise(5, 40_000);
    image[32_769..32_774].copy_from_slice(b"CD001");
    let mut inspector = Inspector::default();
    for (name, expected) in [("disc.iso", Some("archive-not-opened")), ("disc", None)] {
        let report = inspector.inspect_named(&image, name).unwrap();
        assert_eq!(report.incomplete().map(|error| error.code().as_str()), expected, "{name}");
    }
    let zip = Zip::new().member("disc.iso", image, Method::Stored).build();
    assert_eq!(unknown(&zip).map(|(code, _)| code), Some("archive-not-opened"));
}

#[test]
fn archive_in_dos_program_is_reported() {
    let program = |at: usize, mark: &[u8], appended: &[u8]| {
        let mut image = b"MZ\x40\0\x02\0".to_vec();
        image.resize(576, 0);
        image[at..at + mark.len()].copy_from_slice(mark);
        [&image, appended, &[0; 30]].concat()
    };
    let arj = b"\x60\xEA\x25\0\x1E\x0B\x01\0\x10\0\x02\0";
    let cases: [(&str, Vec<u8>, Option<u64>); 6] = [
        ("LHA by its mark", program(36, b"LHA's SFX 2.13", b""), Some(0)),
        ("ARJ by its mark", program(28, b"RJSX", b""), Some(0)),
        ("LHA after the image", program(60, b"", b"\x20\x1A-lh5-"), Some(578)),
        ("ARJ after the image", program(60, b"", arj), Some(576)),
        ("RAR after the image", program(60, b"", b"Rar!\x1A\x07\0"), Some(576)),
        ("nothing", program(60, b"", b"text"), None),
    ];
    for (name, bytes, at) in cases {
        assert_eq!(unknown(&bytes), at.map(|at| ("archive-not-opened", Some(at))), "{name}");
    }
}

#[test]
fn zip_member_of_zeros_is_neither_disc_image_nor_protected() {
    let zip = |name: &str, count: usize| {
        (0..count).fold(Zip::new(), |zip, member| {
            zip.member(&format!("{member}{name}"), vec![0; 65_536], Method::Deflated)
        })
    };
    let named = unknown(&zip(".rpmsg", 1).build());
    assert_eq!(named.map(|(code, _)| code), Some("malformed-attachment"));
    // The budget is too small to decode any member up to the offset of a disc descriptor.
    let mut limits = Limits::default();
    limits.inflated_total = 65_536;
    let report = Inspector::builder().limits(limits).build().inspect_bytes(&zip("", 8).build());
    assert!(report.incomplete().is_none(), "{:?}", report.incomplete());
}

/// A message as a server delivers it. The tests change its line ends and its encoding.
const MESSAGE: &str = "From: Jo <jo@contoso.example>\nTo: all@contoso.example\n\
    Subject: \u{dc}bersicht\nMIME-Version: 1.0\nContent-Type: multipart/mixed;\n\
    \tboundary=\"next\"\n\n--next\nContent-Type: application/x-microsoft-rpmsg-message\n\n\n--next--\n";
/// The text form in which Outlook saves a message. It has no attachments.
const SAVED: &str =
    "From:\tJo\nSent:\tMonday\nTo:\tall\nSubject:\tReports\n\nContent-Type: paper\n";

fn utf16(text: &str, order: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(order).collect()
}

#[test]
fn message_with_unusual_encoding_is_reported() {
    let forms: [fn(&str) -> Vec<u8>; 8] = [
        |text| text.replace('\n', "\r").into_bytes(),
        |text| text.replace('\n', "\r\r\n").into_bytes(),
        |text| format!("\u{feff}\r{}", text.replace('\n', "\r")).into_bytes(),
        |text| utf16(text, u16::to_le_bytes),
        |text| utf16(&text.replace('\n', "\r"), u16::to_be_bytes),
        |text| utf16(&text.replace('\n', "\r\n"), u16::to_be_bytes),
        |text| utf16(&format!("\u{feff}\r\n{text}"), u16::to_le_bytes),
        |text| utf16(&format!("\u{feff}{text}"), u16::to_be_bytes),
    ];
    let received = "Received: from a.contoso.example by b.contoso.example; Mon, 1 Jun\n";
    let separator = "From jo@contoso.example Mon Jun  1 10:00:00 2026\n";
    let plain = "From: Jo\nDate: Mon\n\nNothing\n\n";
    let texts = [
        ("a message", MESSAGE.to_owned()),
        ("followed by text", MESSAGE.to_owned() + &"text\n".repeat(2000)),
        ("with many trace fields", received.repeat(80) + MESSAGE),
        (
            "with many recipients",
            format!("From: Jo\nTo: {}\n", "a@contoso.example, ".repeat(300)) + MESSAGE,
        ),
        ("after a quoted separator", format!(">{separator}{MESSAGE}")),
        ("in a mailbox", [separator, plain, separator, MESSAGE].concat()),
        ("base64", "From: Jo\nContent-Transfer-Encoding: base64\n\nAAAA\n".to_owned()),
    ];
    for (number, form) in forms.iter().enumerate() {
        for (name, text) in &texts {
            let bytes = form(text);
            let read = Some(("mail-not-read", Some(0)));
            assert_eq!(unknown(&bytes), read, "form {number}, {name}");
            let zip = Zip::new().member("a.eml", bytes.clone(), Method::Deflated).build();
            let attached = eml(&[], &[Attachment::new("a.eml", bytes)]);
            for container in [zip, attached] {
                let code = unknown(&container).map(|(code, _)| code);
                assert_eq!(code, Some("mail-not-read"), "form {number}, {name}, as a member");
            }
        }
        let answer = "HTTP/1.1 200 OK\nDate: Mon\nContent-Type: text/html\n\n<html>\n";
        for text in [SAVED, plain, answer, "To do: nothing\nLater: nothing\n"] {
            assert_eq!(unknown(&form(text)), None, "form {number}, {text}");
        }
    }
}

#[test]
fn message_with_mixed_line_ends_is_read_or_reported() {
    let message = MESSAGE.replace('\n', "\r\n");
    // The window over the header ends between the CR and the LF of the first line.
    let long = format!("{:4094}\"", "Content-Type: multipart/mixed; boundary=next; x=\"");
    let long = long + "\r\n\r\n--next\r\n\r\n\r\n--next--\r\n";
    let doubled = message.replace('\n', "\r\n").replacen("\r\r\n", "\r\n", 1);
    let bare = MESSAGE.replace('\n', "\r");
    let cases = [
        ("folded after a CR", message.replace(";\r\n\t", ";\r\t"), false),
        ("CR in a field", message.replace("Jo ", "Jo\r"), false),
        ("CR in the body", message.replacen("\r\n--next", "\r\n.\r.\r\n--next", 1), false),
        ("the head ends with a CR", long, false),
        ("doubled after the first line", doubled, true),
        ("doubled at the end of the header", message.replacen("\r\n\r\n", "\r\n\r\r\n", 1), true),
        ("one LF in the header", bare.replacen("\rTo:", "\nTo:", 1), true),
        ("CR LF at the end of the header", bare.replacen("\r\r", "\r\r\n", 1), true),
        ("LF LF in the body", bare.replacen("\r\r--next\r", "\r\r--next\n\n", 1), true),
    ];
    for (name, text, is_odd) in cases {
        let expected = is_odd.then_some(("mail-not-read", Some(0)));
        assert_eq!(unknown(text.as_bytes()), expected, "{name}");
    }
}
