//! Messages, mailboxes and mail envelopes: recognition, and the protected files in them.

use std::io::Write;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rmsight::{Anomaly, Container, Depth, Estate, Inspector, Protection, Report, judge};
use rmsight_specimen::{
    Attachment, IrmDocument, IrmKind, LicenseBuilder, Msg, PdfForm, PdfIrm, Server, eml,
    eml_bounded, mbox, rpmsg, signed, signed_in_pieces, tnef, tnef_with_properties, use_license,
    zlib,
};

use crate::evasion::{has_rms, needs_no_key};

fn license() -> Vec<u8> {
    LicenseBuilder::server(&Server::contoso()).build()
}

pub(crate) fn document() -> Vec<u8> {
    IrmDocument::new(IrmKind::Ooxml, license()).payload(2048).build()
}

pub(crate) fn message() -> Vec<u8> {
    rpmsg(&IrmDocument::new(IrmKind::Message, license()).payload(600).build())
}

pub(crate) fn inspect(bytes: &[u8]) -> Report {
    Inspector::default().inspect_bytes(bytes)
}

pub(crate) fn base64_lines(bytes: &[u8], end: &str) -> String {
    let letters = BASE64_STANDARD.encode(bytes);
    let lines = letters.as_bytes().chunks(64);
    lines.map(|line| format!("{}{end}", std::str::from_utf8(line).unwrap())).collect()
}

pub(crate) fn protected_mail() -> Vec<u8> {
    eml(&[], &[Attachment::rpmsg(message())])
}

pub(crate) fn plain_mail() -> Vec<u8> {
    eml(&[], &[Attachment::new("a.txt", b"Nothing is protected here.".to_vec())])
}

fn code(report: &Report) -> &str {
    report.findings().find_map(|finding| finding.facts().error_code.as_deref()).unwrap_or("")
}

#[track_caller]
pub(crate) fn assert_found(what: &str, bytes: &[u8]) {
    let report = inspect(bytes);
    assert!(has_rms(&report), "{what}: {:?}", report.incomplete());
}

#[track_caller]
pub(crate) fn assert_code(what: &str, bytes: &[u8], expected: &str) {
    let report = inspect(bytes);
    assert_eq!(code(&report), expected, "{what}");
    assert_eq!(needs_no_key(&report), expected.is_empty(), "{what}");
}

/// The cases change the first `From ` line and the bytes around it.
#[test]
fn mailbox_with_unusual_first_line_is_read() {
    let mailbox = String::from_utf8(mbox(&[plain_mail(), protected_mail()])).unwrap();
    let (first, rest) = mailbox.split_once('\n').unwrap();
    let undated = mailbox.replace(first, "From ada@contoso.com");
    let headerless =
        format!("{first}\n\nOnly a text, of two lines.\nFrom here on there is no more.\n");
    let cases = [
        ("blank lines", format!("\n\r\n\n{mailbox}")),
        ("byte order mark", format!("\u{FEFF}{mailbox}")),
        ("both", format!("\u{FEFF}\n{mailbox}")),
        ("quoted", format!(">{mailbox}")),
        ("quoted after a blank line", format!("\n>{mailbox}")),
        ("no first separator", rest.to_owned()),
        ("blank line, no first separator", format!("\n{rest}")),
        ("undated separators", undated),
        ("undated first separator", mailbox.replacen(first, "From ada@contoso.com", 1)),
        ("empty first message", format!("{first}\n\n{mailbox}")),
        ("empty message without a blank line", format!("{first}\n{mailbox}")),
        ("message without header", format!("{headerless}\n{mailbox}")),
        ("blank line after the separator", mailbox.replacen('\n', "\n\n", 1)),
        ("message of headers only", format!("{first}\nSubject: x\n{mailbox}")),
    ];
    for (what, bytes) in cases {
        assert_found(what, bytes.as_bytes());
    }
    let single = format!("From: a@b.example\nSubject: x\n\nOne line.\n\n{mailbox}");
    assert_found("text message without separator", single.as_bytes());
    let letter = "From: a@b.example\nSubject: x\n\nHello\n\nFrom now on 10:10 it is\nto: be\n";
    assert_code("letter", letter.as_bytes(), "");
}

#[test]
fn part_after_the_last_delimiter_is_read() {
    let mail = String::from_utf8(protected_mail()).unwrap();
    let boundary = "------=_specimen_0";
    let closed_early = mail.replacen(
        &format!("\r\n{boundary}\r\nContent-Type: application"),
        &format!("\r\n{boundary}--\r\n\r\n{boundary}\r\nContent-Type: application"),
        1,
    );
    assert_ne!(closed_early, mail);
    assert_found("same boundary", closed_early.as_bytes());
    let at = closed_early.find(&format!("{boundary}--")).unwrap() + boundary.len() + 2;
    let (before, after) = closed_early.split_at(at);
    let other = format!("{before}{}", after.replace(boundary, "--other"));
    assert_code("other boundary", other.as_bytes(), "archive-not-opened");
    let bare = other.replace("Content-Disposition: attachment; filename=\"message.rpmsg\"\r\n", "");
    assert_ne!(bare, other);
    assert_code("other boundary, no disposition", bare.as_bytes(), "archive-not-opened");
    let footer = String::from_utf8(plain_mail()).unwrap() + "\r\n-- \r\nList footer\r\n";
    assert_code("footer", footer.as_bytes(), "");
}

#[test]
fn message_that_contains_pdf_magic_is_read_as_mail() {
    let mail = String::from_utf8(protected_mail()).unwrap();
    let text = mail.replace("This message is protected.", "It begins with %PDF-1.4, you know.");
    assert_found("in the text", text.as_bytes());
    let subject = mail.replace("Subject: a specimen", "Subject: what is %PDF-1.7");
    assert_found("in a field", subject.as_bytes());
    let pdf = PdfIrm::new(PdfForm::V2, license()).build();
    let header = b"From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf\r\n\
        Content-Transfer-Encoding: binary\r\n\r\n";
    let single = [header.as_slice(), &pdf].concat();
    let report = inspect(&single);
    let rms = report.findings().filter(|it| it.facts().protection == Protection::Rms).count();
    assert_eq!(rms, 1, "{report:?}");
    let head = "From: a@b.example\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n--q\r\n\
        Content-Type: application/pdf\r\nContent-Transfer-Encoding: binary\r\n\r\n";
    let last = [head.as_bytes(), &pdf, b"\r\n--q--\r\n"].concat();
    let report = inspect(&last);
    let rms = report.findings().filter(|it| it.facts().protection == Protection::Rms).count();
    assert_eq!(rms, 1, "{report:?}");
    let mailbox = [b"From a@b.example Tue Mar  5 14:20:00 2024\n", last.as_slice()].concat();
    assert_found("mailbox", &mailbox);
}

#[test]
fn header_longer_than_the_first_read_is_read() {
    let mail = String::from_utf8(protected_mail()).unwrap();
    let fields: String = (0..60).map(|n| format!("X-Spam-{n}: {}\r\n", "v".repeat(90))).collect();
    let folded = format!("X-Report: a\r\n{}", format!("\t{}\r\n", "w".repeat(70)).repeat(90));
    let cases = [
        ("one field", format!("X-Junk: {}\r\n{mail}", "A".repeat(5000))),
        (
            "one field of 70 KB",
            format!("Authentication-Results: {}\r\n{mail}", "b ".repeat(35_000)),
        ),
        ("references", format!("References: {}\r\n{mail}", "<1@b> ".repeat(900))),
        ("many fields", format!("{fields}{mail}")),
        ("many fields of 300 KB", format!("{}{mail}", fields.repeat(50))),
        ("folded", format!("{folded}{mail}")),
    ];
    for (what, bytes) in cases {
        assert_found(what, bytes.as_bytes());
    }
    let list = "some-key: value\nother-key: value\n".repeat(400);
    let report = inspect(list.as_bytes());
    assert_eq!(report.findings().next().unwrap().container(), Container::Other);
    assert!(needs_no_key(&report));
}

pub(crate) fn uuencoded(name: &str, bytes: &[u8]) -> String {
    let six = |bits: u32| char::from(b' ' + (bits & 0x3F) as u8).to_string().replace(' ', "`");
    let mut out = format!("begin 644 {name}\n");
    for line in bytes.chunks(45) {
        out.push_str(&six(line.len() as u32));
        for group in line.chunks(3) {
            let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            [18, 12, 6, 0].iter().for_each(|shift| out.push_str(&six(bits >> shift)));
        }
        out.push('\n');
    }
    out + "`\nend\n"
}

pub(crate) fn yencoded(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"=ybegin line=128 size=9 name=a.docx\n".to_vec();
    for (n, byte) in bytes.iter().enumerate() {
        let byte = byte.wrapping_add(42);
        match byte {
            0 | b'\n' | b'\r' | b'=' => out.extend([b'=', byte.wrapping_add(64)]),
            _ => out.push(byte),
        }
        if n % 128 == 127 {
            out.push(b'\n');
        }
    }
    out.extend(b"\n=yend size=9\n");
    out
}

#[test]
fn file_encoded_in_text_is_reported() {
    let unopened = "archive-not-opened";
    let letter = |text: &[u8]| [b"From: a@b\nSubject: x\n\n", text].concat();
    let far = "One more line of text.\n".repeat(20_000);
    for bytes in [document(), message()] {
        let encoded = uuencoded("plan.docx", &bytes);
        assert_code("file", encoded.as_bytes(), unopened);
        assert_code("file after a blank line", format!("\n{encoded}").as_bytes(), unopened);
        assert_code("far", &letter(format!("{far}{encoded}").as_bytes()), unopened);
        let two = uuencoded("b.png", b"\x89PNG not a picture") + &encoded;
        assert_code("second", &letter(two.as_bytes()), unopened);
        assert_code("yEnc file", &yencoded(&bytes), unopened);
        assert_code("yEnc", &letter(&yencoded(&bytes)), unopened);
        let base64 = format!("begin-base64 644 plan.docx\n{}====\n", base64_lines(&bytes, "\n"));
        assert_code("base64 file", base64.as_bytes(), unopened);
        assert_code("base64", &letter(format!("{far}{base64}").as_bytes()), unopened);
    }
    let binhex = b"(This file must be converted with BinHex 4.0)\n\n:abc:\n";
    assert_code("BinHex file", binhex, unopened);
    assert_code("BinHex", &letter(binhex), unopened);
    let picture = uuencoded("b.png", b"\x89PNG not a picture");
    assert_code("picture", &letter(picture.as_bytes()), "");
    assert_code("picture file", picture.as_bytes(), "");
    assert_code("text", &letter(b"begin 644 of them\nbegin now\n=ybegin x\n"), "");
}

pub(crate) fn pem(label: &str, bytes: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}-----END {label}-----\n", base64_lines(bytes, "\n"))
}

#[test]
fn signed_message_is_read_in_every_encoding() {
    let (plain, pieces) = (signed(&document()), signed_in_pieces(&document(), 700));
    let certificate = pem("CERTIFICATE", &[0x30, 0x82, 1, 2, 0x30, 3, 7, 7, 7]);
    for message in [plain, pieces] {
        assert_found("DER", &message);
        let nested = signed(&message);
        assert_found("nested", &nested);
        assert_found("nested twice", &signed_in_pieces(&nested, 300));
        for label in ["CMS", "PKCS7", "PKCS #7 SIGNED DATA", "CERTIFICATE"] {
            assert_found(label, pem(label, &message).as_bytes());
        }
        let fields = pem("PKCS7", &message).replacen('\n', "\nProc-Type: 4\nOriginator: a\n\n", 1);
        assert_found("fields", fields.as_bytes());
        let crlf = pem("CMS", &message).replace('\n', "\r\n");
        assert_found("CRLF", crlf.as_bytes());
        assert_found(
            "after a certificate",
            (certificate.clone() + &pem("CMS", &message)).as_bytes(),
        );
        let two = pem("CMS", &signed(b"text")) + &certificate + &pem("CMS", &message);
        assert_found("second", two.as_bytes());
        assert_found("base64", base64_lines(&message, "\r\n").as_bytes());
        let mail = eml(&[], &[Attachment::new("smime.p7m", message)]);
        assert_found("mail", &mail);
    }
    assert_code("certificates", certificate.repeat(3).as_bytes(), "");
    assert_code("text", b"MIA, or missing in action, is a word.\n", "");
}

/// Encodes a DER value with a length of four bytes.
fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    [&[tag, 0x84][..], &(content.len() as u32).to_be_bytes(), &content].concat()
}

#[test]
fn cms_content_type_is_read_or_reported_as_not_opened() {
    let id = |last: &[u8]| value(6, &[b"\x2A\x86\x48\x86\xF7\x0D\x01", last]);
    let info = |kind: &[u8], content: &[u8]| value(0x30, &[&id(kind), &value(0xA0, &[content])]);
    let octets = value(4, &[&document()]);
    let version = [2, 1, 1];
    let algorithms = value(0x31, &[]);
    let data = |kind: &[u8], content: &[u8]| {
        let inner = value(0x30, &[&id(kind), &value(0xA0, &[content])]);
        value(0x30, &[&version, &algorithms, &inner, &value(0x31, &[])])
    };
    let inner = data(b"\x07\x01", &octets);
    let stamped = value(
        0x30,
        &[&version, &value(0x16, &[b"http://a.example/"]), &octets, &value(0xA0, &[b"x"])],
    );
    let digested = value(
        0x30,
        &[
            &version,
            &value(0x30, &[]),
            &value(0x30, &[&id(b"\x07\x01"), &value(0xA0, &[&octets])]),
            &value(4, &[b"digest"]),
        ],
    );
    for (what, bytes) in [
        ("data", info(b"\x07\x01", &octets)),
        ("unknown type inside", info(b"\x07\x02", &data(b"\x09\x10\x01\x63", &octets))),
        ("signed data inside", info(b"\x07\x02", &data(b"\x07\x02", &value(4, &[&inner])))),
        ("signed data without octets", info(b"\x07\x02", &data(b"\x07\x02", &inner))),
        ("time-stamped", info(b"\x09\x10\x01\x1F", &stamped)),
        ("digested", info(b"\x07\x05", &digested)),
    ] {
        assert_found(what, &bytes);
    }
    for kind in [b"\x07\x03".as_slice(), b"\x07\x04", b"\x07\x06", b"\x09\x10\x01\x02"] {
        let bytes = info(kind, &value(0x30, &[&version]));
        assert_code("encrypted or authenticated", &bytes, "archive-not-opened");
    }
}

/// Damages each byte before the content, and the last 12 bytes.
#[test]
fn envelope_with_one_damaged_byte_is_not_ordinary() {
    let attachment = || [Attachment::new("offer.docx", document())];
    let envelopes = [
        ("signed", signed(&document())),
        ("in pieces", signed_in_pieces(&document(), 700)),
        ("nested", signed(&signed(&document()))),
        ("attributes", tnef(&attachment())),
        ("properties", tnef_with_properties(&attachment())),
    ];
    for (what, bytes) in envelopes {
        let magic = b"\xD0\xCF\x11\xE0";
        let begin = bytes.windows(4).position(|it| it == magic).unwrap();
        let mut inspector = Inspector::default();
        for at in (4..begin + 4).chain(bytes.len() - 12..bytes.len()) {
            for mask in [0x01, 0x04, 0x20, 0x80, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[at] ^= mask;
                assert!(
                    !needs_no_key(&inspector.inspect_bytes(&damaged)),
                    "{what}: {mask:02X} at {at}"
                );
            }
        }
    }
}

#[test]
fn attachment_of_calendar_or_contact_is_inspected() {
    let letters = BASE64_STANDARD.encode(document());
    let folded: String = letters
        .as_bytes()
        .chunks(72)
        .map(|line| format!("{}\r\n ", std::str::from_utf8(line).unwrap()))
        .collect();
    let unfolded = base64_lines(&document(), "\r\n");
    let event = |property: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nSUMMARY:x\r\n{property}\r\n\
             END:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    let card = |property: &str| format!("BEGIN:VCARD\r\nFN:Ada\r\n{property}\r\nEND:VCARD\r\n");
    let cases = [
        event(&format!("ATTACH;ENCODING=BASE64;VALUE=BINARY:{folded}")),
        event(&format!(
            "attach;value=binary;x-filename=\"a:b.docx\";\r\n encoding=base64:{folded}"
        )),
        event(&format!("ATTACH;ENCODING=BASE64:{letters}")),
        event(&format!("ATTACH;FMTTYPE=application/x;ENCODINH=BASE64:{folded}")),
        event(&format!("ATTACH:data:application/octet-stream;base64,{folded}")),
        card(&format!("PHOTO;ENCODING=b;TYPE=JPEG:{folded}")),
        card(&format!("PHOTO;JPEG;BASE64:\r\n {folded}")),
        card(&format!("KEY;ENCODING=BASE64:\r\n{unfolded}\r\nNOTE:x")),
        card(&format!("PHOTO:data:image/jpeg;base64,{letters}")),
    ];
    for bytes in &cases {
        assert_found(&bytes[..120], bytes.as_bytes());
    }
    let mail = eml(&[], &[Attachment::new("a.ics", cases[0].clone().into_bytes())]);
    assert_found("in a mail", &mail);
    assert_code("plain", event("DESCRIPTION:see 10:10\\, ATTACH").as_bytes(), "");
    assert_code("link", event("ATTACH:https://a.example/x").as_bytes(), "");
    assert_code("picture", card("PHOTO;ENCODING=b:iVBORw0KGgoAAAANSUhEUgAAAAE=").as_bytes(), "");
    let odd = event("ATTACH;ENCODING=X-UU:abc");
    assert_code("unknown encoding", odd.as_bytes(), "archive-not-opened");
}

#[test]
fn header_without_a_body_is_complete() {
    let headers = "From: a@b.example\r\nTo: c@d.example\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=\"inner\"\r\n";
    let notice = |part: &str| {
        format!(
            "From: postmaster@b.example\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report;\r\n \
             boundary=outer\r\n\r\n--outer\r\n\r\nNot delivered.\r\n--outer\r\nContent-Type: \
             message/delivery-status\r\n\r\nStatus: 5.1.1\r\n\r\n--outer\r\n{part}\r\n--outer--\r\n"
        )
    };
    for kind in ["text/rfc822-headers", "message/rfc822", "message/rfc822-headers"] {
        for end in ["", "\r\n", "\r\n\r\n"] {
            let notice = notice(&format!("Content-Type: {kind}\r\n\r\n{headers}{end}"));
            assert_code(kind, notice.as_bytes(), "");
            let item = Msg::new().attachment(Attachment::new("notice.eml", notice.into_bytes()));
            assert_code("item", &item.build(), "");
        }
    }
    let item = Msg::new().attachment(Attachment::new("headers.txt", headers.as_bytes().to_vec()));
    assert_code("headers in an item", &item.build(), "");
    // A whole message under the same type is read.
    let mail =
        String::from_utf8(eml_bounded("inner", &[], &[Attachment::rpmsg(message())])).unwrap();
    let whole = notice(&format!("Content-Type: text/rfc822-headers\r\n\r\n{mail}"));
    assert_found("whole message", whole.as_bytes());
}

#[test]
fn multipart_without_its_last_delimiter_is_complete_if_its_parts_are() {
    let ends = |mail: &str| {
        let report = inspect(mail.as_bytes());
        let first = report.findings().next().unwrap().facts();
        let is_marked = first.anomalies.contains(&Anomaly::UnterminatedMultipart);
        (code(&report).to_owned(), is_marked)
    };
    let mail = |kind: &str, parts: &[&str]| {
        let parts: String = parts.iter().map(|part| format!("--q\r\n{part}\r\n")).collect();
        format!("From: a@b.example\r\nContent-Type: multipart/{kind}; boundary=q\r\n\r\n{parts}")
    };
    let text = "Content-Type: text/plain\r\n\r\nHello";
    let base64 = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=";
    let group = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoA";
    let cut = "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\niVBORw0KG";
    let closed = "Content-Type: multipart/mixed; boundary=r\r\n\r\n--r\r\n\r\nHello\r\n--r--\r\n";
    let binary = "Content-Type: image/png\r\n\r\n\u{1}PNG";
    let complete = (String::new(), true);
    let truncated = ("truncated".to_owned(), false);
    for (kind, parts, expected) in [
        ("mixed", &[text][..], &complete),
        ("mixed", &[text, base64], &complete),
        ("mixed", &[text, group], &complete),
        ("mixed", &[text, closed], &complete),
        ("signed", &[text, base64], &complete),
        ("mixed", &[text, cut], &truncated),
        ("mixed", &[text, binary], &truncated),
        ("signed", &[text], &truncated),
        ("report", &[text], &truncated),
        // A header alone has no parts.
        ("mixed", &[], &(String::new(), false)),
        ("mixed", &["Content-Type: text/plain\r\nX-Y: z"], &truncated),
    ] {
        let mail = mail(kind, parts);
        assert_eq!(&ends(&mail), expected, "{mail}");
    }
    let protected = String::from_utf8(protected_mail()).unwrap();
    let open = protected.strip_suffix("------=_specimen_0--\r\n").unwrap();
    assert_found("protected", open.as_bytes());
}

type Item = cfb::CompoundFile<std::io::Cursor<Vec<u8>>>;

fn put(file: &mut Item, path: &str, bytes: &[u8]) {
    file.create_stream(path).unwrap().write_all(bytes).unwrap();
}

/// Builds an item with one attachment, an OLE object of the packager.
fn packaged(native: &[u8], name: &str) -> Vec<u8> {
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    put(&mut file, "/__properties_version1.0", &[0; 32]);
    let storage = "/__attach_version1.0_#00000000";
    file.create_storage(storage).unwrap();
    put(&mut file, &format!("{storage}/__properties_version1.0"), &[0; 8]);
    file.create_storage(format!("{storage}/__substg1.0_3701000D")).unwrap();
    put(&mut file, &format!("{storage}/__substg1.0_3701000D/{name}"), native);
    file.into_inner().into_inner()
}

fn native(file: &[u8], path_len: u32, path: &[u8]) -> Vec<u8> {
    let data = [
        b"\x02\0plan.docx\0C:\\deals\\plan.docx\0\0\0\x03\0".as_slice(),
        &path_len.to_le_bytes(),
        path,
        &(file.len() as u32).to_le_bytes(),
        file,
        &[0, 0],
    ]
    .concat();
    [&(data.len() as u32).to_le_bytes()[..], &data].concat()
}

#[test]
fn file_in_packager_object_of_outlook_item_is_inspected() {
    let whole = native(&document(), 7, b"C:\\tmp\0");
    assert_found("native", &packaged(&whole, "\u{1}Ole10Native"));
    assert_found("other name", &packaged(&whole, "\u{1}Ole10Nativf"));
    let wrong = native(&document(), 40, b"C:\\tmp\0");
    assert_found("wrong length of a path", &packaged(&wrong, "\u{1}Ole10Native"));
    let mut file = cfb::CompoundFile::create(std::io::Cursor::new(Vec::new())).unwrap();
    put(&mut file, "/\u{1}Ole10Native", &whole);
    let object = file.into_inner().into_inner();
    assert_found("object as a file", &object);
    let item = Msg::new().attachment(Attachment::new("", object));
    assert_found("object as data", &item.build());
    let plain = native(b"Nothing is protected here.", 7, b"C:\\tmp\0");
    assert_code("plain", &packaged(&plain, "\u{1}Ole10Native"), "");
}

#[test]
fn attachment_with_wrong_start_sector_is_not_ordinary() {
    let text = b"Nothing is protected here, and there is much of it. ".repeat(300);
    let item = Msg::new()
        .attachment(Attachment::new("a.txt", text))
        .attachment(Attachment::new("b.docx", document()))
        .build();
    assert!(has_rms(&inspect(&item)));
    let first_directory = u32::from_le_bytes(item[48..52].try_into().unwrap()) as usize;
    let entries = (first_directory + 1) * 512..item.len();
    let size = (document().len() as u32).to_le_bytes();
    let entry = entries.step_by(128).find(|at| item[at + 120..at + 124] == size).unwrap();
    let start = u32::from_le_bytes(item[entry + 116..entry + 120].try_into().unwrap());
    for other in [start + 1, start + 9, start - 1, start - 20, 0, 0xFFFF_FFFE] {
        let mut moved = item.clone();
        moved[entry + 116..entry + 120].copy_from_slice(&other.to_le_bytes());
        assert!(!needs_no_key(&inspect(&moved)), "{start} to {other}");
    }
    for longer in [512_u32, 5000, 1 << 20] {
        let mut grown = item.clone();
        let size = document().len() as u32 + longer;
        grown[entry + 120..entry + 124].copy_from_slice(&size.to_le_bytes());
        assert!(!needs_no_key(&inspect(&grown)), "{longer} more");
    }
}

#[test]
fn use_license_alone_needs_the_same_at_every_depth() {
    let client = rmsight_specimen::Client::windows();
    let stored = use_license(&Server::contoso(), &client, "2016-06-02T08:00").concat();
    let item = Msg::new().use_license(zlib(stored.as_bytes()));
    for bytes in [item.clone().build(), Msg::new().embedded(item).build()] {
        let needs = [Depth::Head, Depth::Full].map(|depth| {
            let mut inspector = Inspector::builder().depth(depth).build();
            let report = inspector.inspect_bytes(&bytes);
            let need = |it: &rmsight::Finding| judge(it.facts(), &Estate::default()).need();
            report.findings().map(need).collect::<Vec<_>>()
        });
        assert_eq!(needs[0], needs[1]);
        assert!(!needs_no_key(&inspect(&bytes)));
    }
}

/// The attachment is the last part of the file, so the end of the file looks like a PDF too.
#[test]
fn pdf_in_an_envelope_is_found_once() {
    let pdf = PdfIrm::new(PdfForm::V2, license()).build();
    let attachment = || [Attachment::new("plan.pdf", pdf.clone())];
    let envelopes = [
        ("TNEF", tnef(&attachment())),
        ("signed", signed(&pdf)),
        ("item", Msg::new().attachment(Attachment::new("plan.pdf", pdf.clone())).build()),
    ];
    for (what, bytes) in envelopes {
        let report = inspect(&bytes);
        let rms = report.findings().filter(|it| it.facts().protection == Protection::Rms).count();
        assert_eq!(rms, 1, "{what}: {report:?}");
    }
}
