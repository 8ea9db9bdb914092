//! Unusual and damaged forms of mail, calendars and encoded files: each is read, or reported as not
//! read.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use rmsight::{Inspector, Protection};
use rmsight_specimen::{Attachment, Method, Msg, Zip, eml, mbox, signed, tnef};

use crate::evasion::needs_no_key;
use crate::mail::{
    assert_code, assert_found, base64_lines, document, inspect, pem, plain_mail, protected_mail,
    uuencoded, yencoded,
};

/// Folds a line at 75 bytes (RFC 5545, 3.1).
fn folded(line: &str) -> String {
    let lines = line.as_bytes().chunks(75).map(|line| std::str::from_utf8(line).unwrap());
    lines.collect::<Vec<_>>().join("\r\n ")
}

fn calendar(property: &str) -> String {
    format!("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n{property}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
}

#[test]
fn calendar_with_a_folded_property_is_read() {
    let letters = BASE64_STANDARD.encode(document());
    let long = "FMTTYPE=application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    let cases = [
        ("after the first parameter", format!("A;X=a.docx\r\n ;ENCODING=BASE64:{letters}")),
        ("before the first parameter", format!("ATTACH\r\n ;ENCODING=BASE64:{letters}")),
        ("inside the name", format!("ATT\r\n\tACH;ENCODING=BASE64:{letters}")),
        ("before the colon", format!("ATTACH;ENCODING=BASE64\r\n :{letters}")),
        ("at 75 bytes", folded(&format!("ATTACH;{long};ENCODING=BASE64:{letters}"))),
        ("inside the scheme", format!("ATTACH:da\r\n ta:a/b;base64,{letters}")),
        ("comma after 1,100 bytes", {
            let name = "a".repeat(1100);
            folded(&format!("ATTACH:data:a/b;name={name};base64,{letters}"))
        }),
        ("colon in a parameter", format!("ATTACH;X=a:b;ENCODING=BASE64:{letters}")),
    ];
    for (what, property) in cases {
        assert_found(what, calendar(&property).as_bytes());
    }
    for component in ["VEVENT", "VTODO", "VJOURNAL", "VALARM", "VCALENDAX"] {
        let property = format!("ATTACH;ENCODING=BASE64:{letters}");
        let text = format!("BEGIN:{component}\r\n{property}\r\nEND:{component}\r\n");
        assert_found(component, text.as_bytes());
    }
}

#[test]
fn calendar_with_damage_before_an_attachment_is_read() {
    let letters = BASE64_STANDARD.encode(protected_mail());
    let parameters = "ATTACH;ENCODING=BASE64;VALUE=BINARY";
    let text = calendar(&folded(&format!("{parameters}:{letters}")));
    let contact =
        format!("BEGIN:VCARD\r\nVERSION:3.0\r\nKEY;ENCODING=B;VALUE=BINARY:{letters}\r\n");
    for text in [text.clone(), contact] {
        for at in 0..11 {
            let (before, after) = text.split_at(at);
            for piece in ["A", "\0", "\0\0\0\0"] {
                assert_found("inserted", format!("{before}{piece}{after}").as_bytes());
            }
            for len in [1, 2, 4] {
                let after = after.get(len..).unwrap();
                if before.len() + len < 13 && text.starts_with("BEGIN:VCAL") || len == 1 {
                    assert_found("deleted", format!("{before}{after}").as_bytes());
                }
            }
        }
    }
    let begin = text.find(";ENCODING").unwrap();
    for at in begin..begin + ";ENCODING=BASE64;VALUE=BINARY".len() {
        let replaced = format!("{}X{}", &text[..at], &text[at + 1..]);
        assert!(!needs_no_key(&inspect(replaced.as_bytes())), "letter {at}");
        let deleted = format!("{}{}", &text[..at], &text[at + 1..]);
        assert!(!needs_no_key(&inspect(deleted.as_bytes())), "without letter {at}");
    }
    let padded = BASE64_STANDARD.encode([&*document(), &[0; 3]].concat().get(1..).unwrap());
    let shifted =
        format!("ATTACH;ENCODING=BASE64:{}====", padded.replace('=', "").get(1..).unwrap());
    assert!(!needs_no_key(&inspect(calendar(&folded(&shifted)).as_bytes())), "a letter is missing");
}

#[test]
fn calendar_with_an_unreadable_attachment_is_reported() {
    let letters = BASE64_STANDARD.encode(document());
    let broken = format!("-_-_{}", &letters[4..]);
    let malformed = [
        ("unclosed quote", format!("ATTACH;X=\"a.docx;ENCODING=BASE64:{letters}")),
        ("no colon", format!("ATTACH;ENCODING=BASE64{letters}")),
        ("no comma", format!("ATTACH:data:a/b;base64{letters}")),
        ("other alphabet", format!("ATTACH;ENCODING=BASE64:{broken}")),
    ];
    for (what, property) in malformed {
        assert_code(what, calendar(&folded(&property)).as_bytes(), "malformed-attachment");
    }
    let percent: String = document().iter().map(|byte| format!("%{byte:02X}")).collect();
    let percent = calendar(&format!("ATTACH:data:a/b,{percent}"));
    assert_code("percent-encoded", percent.as_bytes(), "archive-not-opened");
    let text = calendar(&format!("ATTACH;ENCODING=BASE64:{letters}"));
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_code("UTF-16", &utf16, "mail-not-read");
    assert_code("UTF-16, marked", &[b"\xFF\xFE", &*utf16].concat(), "mail-not-read");
    assert_code("bare CR", text.replace('\n', "").as_bytes(), "mail-not-read");
}

#[test]
fn ordinary_calendar_is_not_reported() {
    let prose = "A quote \" and a word; some text, 10:10 o'clock. ".repeat(40);
    let quoted = "Gr=C3=BC=C3=9Fe; aus M=C3=BCnchen und so weiter=\r\n".repeat(40);
    let cases = [
        ("prose", format!("DESCRIPTION:{}", folded(&prose))),
        ("quoted-printable", format!("NOTE;ENCODING=QUOTED-PRINTABLE:{quoted}")),
        ("picture", format!("PHOTO;ENCODING=b:iVBORw0KGgo{}", "A".repeat(3001))),
        ("link", format!("ATTACH:https://a.example/{}", "x".repeat(900))),
        ("picture as a data: URI", format!("PHOTO:data:image/png;base64,{}", "A".repeat(3000))),
        ("text as a data: URI", "ATTACH:data:text/plain,100%25".to_owned()),
    ];
    for (what, property) in cases {
        assert_code(what, calendar(&property).as_bytes(), "");
    }
}

/// Builds a ZIP archive with a protected document, after at least 6,000 other bytes.
fn prefixed_zip(prefix: &[u8]) -> Vec<u8> {
    let zip = Zip::new().member("plan.docx", document(), Method::Deflated).build();
    [prefix.repeat(6000_usize.div_ceil(prefix.len())).as_slice(), &zip].concat()
}

#[test]
fn attachment_with_zip_after_its_head_is_opened_by_name() {
    let noise: Vec<u8> = (0..1000_u32).map(|n| (n.wrapping_mul(n) >> 3).to_le_bytes()[0]).collect();
    for (what, prefix) in [("script", b"#!/bin/sh\n".as_slice()), ("noise", &noise)] {
        let bytes = prefixed_zip(prefix);
        for name in ["x.zip", "x.docx", "X.EXE"] {
            let attachment = Attachment::new(name, bytes.clone());
            let what = format!("{name}, {what}");
            assert_found(&what, &eml(&[], std::slice::from_ref(&attachment)));
            assert_found(&what, &Msg::new().attachment(attachment.clone()).build());
            assert_found(&what, &tnef(&[attachment]));
            let property = format!("ATTACH;FILENAME={name};ENCODING=BASE64:");
            let property = property + &BASE64_STANDARD.encode(&bytes);
            assert_found(&what, calendar(&folded(&property)).as_bytes());
        }
    }
    let ordinary = eml(&[], &[Attachment::new("x.zip", b"Only a text.\n".to_vec())]);
    assert_code("text named x.zip", &ordinary, "");
}

#[test]
fn zip_after_any_head_is_found_in_a_source_without_a_name() {
    for prefix in [b"#!/bin/sh\n".as_slice(), b"x", b"\xFF\xD8\xFF\xE0 an image"] {
        let bytes = prefixed_zip(prefix);
        let mut inspector = Inspector::default();
        let reports = [
            inspector.inspect_bytes(&bytes),
            inspector.inspect_seekable(std::io::Cursor::new(&bytes)).unwrap(),
            inspector.inspect_named(&bytes, "a.zip").unwrap(),
        ];
        for report in reports {
            assert_eq!(report.worst(), Protection::Rms, "{prefix:?}");
        }
        assert_eq!(inspector.detect_bytes(&bytes).protection(), Protection::Rms);
    }
}

fn letter(body: &str) -> String {
    format!("From: a@b.example\r\nSubject: x\r\nMIME-Version: 1.0\r\n{body}")
}

#[test]
fn file_without_header_after_the_last_delimiter_is_reported() {
    let mail = String::from_utf8(plain_mail()).unwrap();
    let base64 = base64_lines(&document(), "\r\n");
    for (what, epilogue) in [
        ("after an empty line", format!("\r\n{base64}")),
        ("directly", base64.clone()),
        ("after three empty lines", format!("\r\n\r\n\r\n{base64}")),
        ("after a text", format!("footer\r\n\r\n{base64}")),
    ] {
        assert_code(what, format!("{mail}{epilogue}").as_bytes(), "archive-not-opened");
    }
    let binary = [mail.as_bytes(), b"\r\n", &document()].concat();
    assert_code("binary", &binary, "archive-not-opened");
    assert_code("footer", format!("{mail}\r\nList footer\r\n").as_bytes(), "");
}

#[test]
fn uuencoded_file_with_an_unusual_first_line_is_reported() {
    let file = uuencoded("plan.docx", &document());
    let begin = file.lines().next().unwrap().to_owned();
    let quoted: String = file.lines().map(|line| format!("> {line}\r\n")).collect();
    let indented: String = file.lines().map(|line| format!("  {line}\r\n")).collect();
    let cases = [
        ("mode of 6 digits", file.replacen(&begin, "begin 100644 plan.docx", 1)),
        ("no name", file.replacen(&begin, "begin 644", 1)),
        ("leading blanks", format!("  {file}")),
        ("blank line after it", file.replacen(&begin, &format!("{begin}\r\n\r\n"), 1)),
        ("quoted", quoted),
        ("indented", indented),
        ("zip after a script", uuencoded("x.zip", &prefixed_zip(b"#!/bin/sh\n"))),
    ];
    for (what, text) in &cases {
        let mail = letter(&format!("\r\nPlease see below.\r\n\r\n{text}"));
        assert_code(what, mail.as_bytes(), "archive-not-opened");
    }
    for (what, text) in cases {
        let what = format!("{what}, in a file");
        let text = format!("Begin of the list\r\n{text}");
        assert_code(&what, text.as_bytes(), "archive-not-opened");
    }
    for text in ["begin 644 words\r\nthat mean nothing\r\n", "begin 100644\r\n", "begin 12 a\r\nM"]
    {
        assert_code(text, letter(&format!("\r\nHi\r\n\r\n{text}")).as_bytes(), "");
    }
}

#[test]
fn encoded_file_in_transferred_text_is_reported() {
    let file = document();
    let uuencoded = uuencoded("plan.docx", &file).into_bytes();
    let files = [
        ("uuencode", uuencoded.clone()),
        ("yEnc", yencoded(&file)),
        ("base64", format!("begin-base64 644 a\n{}====\n", base64_lines(&file, "\n")).into_bytes()),
        ("BinHex", b"(This file must be converted with BinHex 4.0)\n\n:abc:\n".to_vec()),
        ("far", ["A line of text, far before.\n".repeat(9000).as_bytes(), &uuencoded].concat()),
        ("no file", b"begin 644 words\n(This file must be converted with BinHex 4.0)\nA.".to_vec()),
    ];
    for (what, file) in files {
        let text = [b"Please see below.\n\n", &*file].concat();
        let escape = |byte: &u8| match byte {
            b' '..=b'<' | b'>'..=b'~' => char::from(*byte).to_string(),
            byte => format!("={byte:02X}"),
        };
        let lines = text.chunks(20).map(|line| line.iter().map(escape).collect::<String>());
        let quoted = lines.collect::<Vec<_>>().join("=\r\n");
        let expected = if what == "no file" { "" } else { "archive-not-opened" };
        let encodings = [("base64", base64_lines(&text, "\r\n")), ("quoted-printable", quoted)];
        for (encoding, body) in encodings {
            let header =
                format!("Content-Type: text/plain\r\nContent-Transfer-Encoding: {encoding}");
            let what = format!("{what} in {encoding}");
            assert_code(&what, letter(&format!("{header}\r\n\r\n{body}")).as_bytes(), expected);
            let part = format!("--x\r\n{header}\r\n\r\n{body}\r\n--x--\r\n");
            let mail = format!("Content-Type: multipart/mixed; boundary=x\r\n\r\n{part}");
            assert_code(&format!("{what}, a part"), letter(&mail).as_bytes(), expected);
        }
    }
    let quote =
        "\r\nThe magic is\r\n(This file must be converted with BinHex 4.0)\r\nthat is all.\r\n";
    assert_code("line of BinHex without data", letter(quote).as_bytes(), "");
}

#[test]
fn long_header_of_unknown_fields_is_read() {
    let mail = String::from_utf8(protected_mail()).unwrap();
    let fields: String = (0..80).map(|n| format!("Field{n}: {}\r\n", "v".repeat(90))).collect();
    let cases = [
        ("80 unknown fields", format!("{fields}{mail}")),
        ("one field of 9 KB", format!("Junk: {}\r\n{mail}", "v".repeat(9000))),
        ("folded fields", format!("{}{mail}", "Junk: a\r\n b\r\n".repeat(500))),
    ];
    for (what, bytes) in cases {
        assert_found(what, bytes.as_bytes());
        let zip = Zip::new().member("mail", bytes.into_bytes(), Method::Deflated).build();
        assert_found(&format!("{what}, in a ZIP"), &zip);
    }
    let exchange = "X-MS-Exchange-Organization-MessageDirectionality: Incoming\r\n".repeat(70);
    let list: String = (0..70).map(|n| format!("List-Field-{n}: {}\r\n", "v".repeat(45))).collect();
    let cases = [
        ("80 unknown fields", fields.clone()),
        ("Exchange fields", exchange),
        ("list fields", list),
        ("names with dots", "X_A.B: c\r\n".repeat(407)),
        ("one field", format!("Junk: {}\r\n", "v".repeat(9000))),
        ("2 MB", "X-Junk: a\r\n".repeat(200_000)),
    ];
    for (what, fields) in cases {
        let attached = Attachment::new("a.eml", format!("{fields}{mail}").into_bytes());
        assert_found(&format!("{what}, attached in base64"), &eml(&[], &[attached]));
    }
    let endless = "X-Junk: a\r\n".repeat(1_600_000);
    assert_code("17 MB of fields", format!("{endless}{mail}").as_bytes(), "mail-not-read");
    let log = endless.replacen("X-Junk: a\r\n", "a line without\r\n", 1) + "\r\n";
    assert_code("17 MB of a log", format!("X: a\r\n{log}").as_bytes(), "");
    let settings: String = (0..900).map(|n| format!("key{n}: value\n")).collect();
    assert_code("settings", settings.as_bytes(), "");
    let log: String = (0..900).map(|n| format!("10:00:{n} info: from: x\n")).collect();
    assert_code("log", log.as_bytes(), "");
}

#[test]
fn later_piece_of_a_message_is_reported() {
    let body = "\r\n\r\nA text.\r\n";
    for (number, expected) in [("1", ""), ("2", "archive-not-opened"), ("13", "archive-not-opened")]
    {
        let kind = format!("Content-Type: message/partial; id=\"a@b\"; number={number}; total=13");
        assert_code(number, letter(&(kind + body)).as_bytes(), expected);
    }
}

#[test]
fn attachment_with_a_wrong_transfer_encoding_is_read() {
    let mail = String::from_utf8(eml(&[], &[Attachment::new("a.bin", document())])).unwrap();
    for encoding in ["7bit", "8bit", "binary", "quoted-printable", "x-unknown"] {
        let field = "Content-Transfer-Encoding: ";
        let wrong = mail.replace(&format!("{field}base64"), &format!("{field}{encoding}"));
        assert_ne!(wrong, mail);
        assert_found(encoding, wrong.as_bytes());
    }
    let quoted: String = document().iter().map(|byte| format!("={byte:02X}=\r\n")).collect();
    let wrong = format!("Content-Transfer-Encoding: base64\r\n\r\n{quoted}");
    assert_found("quoted-printable in base64", letter(&wrong).as_bytes());
}

#[test]
fn pem_with_unusual_text_is_read() {
    let message = signed(&document());
    let block = pem("PKCS7", &message);
    let certificate = pem("CERTIFICATE", &[0x30; 900]);
    let cases = [
        ("CR line ends", block.replace("\r\n", "\n").replace('\n', "\r")),
        ("bag attributes", format!("Bag Attributes\n    localKeyID: 01\n{block}")),
        ("subject", format!("subject=CN=x\nissuer=CN=y\n{block}")),
        ("5 KB of subjects", format!("{}{block}", "subject=CN=x\n".repeat(400))),
        ("certificate text", format!("Certificate:\n    Data:\n        Version: 3\n{block}")),
        ("5 KB of certificates", format!("{}{block}", certificate.repeat(5))),
        ("four dashes", block[1..].to_owned()),
        ("lower case", block.replace("BEGIN PKCS7", "begin pkcs7")),
    ];
    for (what, text) in cases {
        assert_found(what, text.as_bytes());
    }
    let bundle = certificate.repeat(9);
    assert_code("certificates", bundle.as_bytes(), "");
    let mail = String::from_utf8(protected_mail()).unwrap();
    for first in ["-----BEGIN X-----", "Bag Attributes"] {
        let prefixed = format!("{first}\r\nX-A: {}\r\n{mail}", "v".repeat(3000));
        assert_found(first, prefixed.as_bytes());
    }
}

#[test]
fn pem_with_one_damaged_byte_is_not_ordinary() {
    let message = signed(&document());
    let block = pem("PKCS7", &message);
    let begin = block.find('\n').unwrap() + 1;
    for at in (1..begin - 2).chain(begin..begin + 16) {
        for value in [b'\0', b'!', b'z', b'A'] {
            let mut damaged = block.clone().into_bytes();
            damaged[at] = value;
            let report = inspect(&damaged);
            assert!(!needs_no_key(&report), "{value:#x} at {at}");
        }
    }
}

#[test]
fn log_of_http_requests_is_not_reported() {
    let request = "GET / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n\r\n";
    let response = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nDate: today\r\n\r\n";
    assert_code("requests", request.repeat(20).as_bytes(), "");
    assert_code("responses", response.repeat(20).as_bytes(), "");
    let mail = String::from_utf8(protected_mail()).unwrap();
    assert_found("message after a request line", format!("GET / HTTP/1.1\r\n{mail}").as_bytes());
    let inner = format!("{request}GET / HTTP/1.1\r\n{mail}");
    assert!(!needs_no_key(&inspect(inner.as_bytes())), "message in a request");
    assert_found("mailbox", &mbox(&[plain_mail(), protected_mail()]));
}
