use std::io::{self, Write};

use crate::container::zip::tests::{archive, deflated, found, inspect, protected, stored};
use crate::source::counted::Counted;
use crate::{Container, Error, Inspector, Limits, Protection, Report};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mail_parser::{MessageParser, MimeHeaders};
use proptest::prelude::*;

fn base64(bytes: &[u8]) -> String {
    let letters = BASE64_STANDARD.encode(bytes);
    let lines = letters.as_bytes().chunks(76);
    lines.map(|line| format!("{}\r\n", std::str::from_utf8(line).unwrap())).collect()
}

fn attachment(header: &str, bytes: &[u8]) -> String {
    format!("{header}\r\nContent-Transfer-Encoding: base64\r\n\r\n{}", base64(bytes))
}

/// Builds a message of `parts`, each with its header.
fn message(boundary: &str, parts: &[String]) -> String {
    let mut mail = format!(
        "From: a@example.org\r\nSubject: test\r\nMIME-Version: 1.0\r\nContent-Type: \
         multipart/mixed;\r\n boundary=\"{boundary}\"\r\n\r\npreamble\r\n"
    );
    for part in parts {
        mail.push_str(&format!("--{boundary}\r\n{part}\r\n"));
    }
    mail.push_str(&format!("--{boundary}--\r\nepilogue\r\n"));
    mail
}

fn own(report: &Report) -> Container {
    report.findings().next().unwrap().container()
}

/// Returns container, protection and error code of the file.
fn code(report: &Report) -> &'static str {
    report.incomplete().map_or("", |error| error.code().as_str())
}

const TEXT: &str = "Content-Type: text/plain\r\n\r\nhello\r\n";

#[test]
fn protected_file_in_zip_in_mail_in_zip_has_its_path() {
    let inner =
        archive(&[stored("readme.txt", b"text"), deflated("q3/message.rpmsg", &protected())]);
    let header = "Content-Type: application/zip; name=\"report!.zip\"";
    let mail = message("b", &[TEXT.to_owned(), attachment(header, &inner)]);
    let bytes = archive(&[deflated("inbox/mail.eml", mail.as_bytes())]);
    let expected = ["inbox/mail.eml!/report%21.zip!/q3/message.rpmsg"];
    assert_eq!(found(&inspect(&bytes)), expected);
}

#[test]
fn part_is_recognized_by_its_bytes_with_any_header() {
    let mail = protected();
    let headers = [
        "Content-Type: text/plain",
        "Content-Type: TEXT/HTML; charset=utf-8\r\nContent-Disposition: inline",
        "Content-Type: image/png; name=x.png\r\ncontent-disposition: ATTACHMENT; filename=y.png",
        "X-Nothing: known",
        "Content-Type: application/octet-stream;\r\n\tname=\"=?UTF-8?B?w7xiZXI=?=\"",
        "Content-Disposition: attachment; filename*=UTF-8''%C3%BCber%20uns",
    ];
    let parts: Vec<String> = headers.iter().map(|header| attachment(header, &mail)).collect();
    let expected = ["part#1", "part#2", "y.png", "part#4", "über", "über uns"];
    let report = inspect(message("=_x 1", &parts).as_bytes());
    assert_eq!(own(&report), Container::Eml);
    assert_eq!(found(&report), expected);
}

#[test]
fn transfer_encodings_are_decoded() {
    let mail = protected();
    let quoted: String = mail.iter().map(|byte| format!("={byte:02X}=\r\n")).collect();
    let as_is = [
        b"From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n".as_slice(),
        b"Content-Transfer-Encoding: binary\r\n\r\n",
        &mail,
        b"\r\n--b\r\nContent-Transfer-Encoding: Quoted-Printable\r\n\r\n",
        quoted.as_bytes(),
        b"\r\n--b\r\nContent-Transfer-Encoding: base64 (what else)\r\n\r\n",
        base64(&mail).as_bytes(),
        b"--b--\r\n",
    ]
    .concat();
    assert_eq!(found(&inspect(&as_is)), ["part#1", "part#2", "part#3"]);
    let single = format!("Subject: x\nContent-Transfer-Encoding: base64\n\n{}", base64(&mail));
    assert_eq!(found(&inspect(single.as_bytes())), ["part#1"]);
}

#[test]
fn nested_multiparts_and_messages_are_read() {
    let deepest = attachment("Content-Type: x/y; name=deep.rpmsg", &protected());
    let alternative = format!(
        "Content-Type: multipart/alternative; boundary=inner\r\n\r\n--inner\r\n{TEXT}\r\n--inner\r\n\
         {deepest}\r\n--inner--\r\n"
    );
    let forwarded = message("inner mail", &[TEXT.to_owned(), alternative]);
    let header = "Content-Type: message/rfc822; name=\"forwarded.eml\"\r\n\r\n";
    let mail = message("outer", &[TEXT.to_owned(), format!("{header}{forwarded}")]);
    assert_eq!(found(&inspect(mail.as_bytes())), ["forwarded.eml!/deep.rpmsg"]);
    // A multipart without its last delimiter ends with the outer multipart.
    let open = mail.replace("--inner--\r\n", "");
    assert_eq!(found(&inspect(open.as_bytes())), ["forwarded.eml!/deep.rpmsg"]);
}

#[test]
fn mailbox_is_read_message_by_message() {
    let separator = "From a@example.org Mon Jan  1 10:10:10 2024\r\n";
    let plain = message("b", &[TEXT.to_owned()]);
    let quoting =
        message("c", &[format!("{TEXT}\r\nFrom here at 10:10 on\r\nit is only text\r\n")]);
    let guilty = message("d", &[attachment("Content-Type: x/y; name=m.rpmsg", &protected())]);
    let mut mailbox = String::new();
    for mail in [&plain, &quoting, &guilty, &plain, &guilty] {
        mailbox.push_str(&format!("{separator}{mail}\r\n"));
    }
    let report = inspect(mailbox.as_bytes());
    assert_eq!(own(&report), Container::Mbox);
    assert_eq!(found(&report), ["message#3!/m.rpmsg", "message#5!/m.rpmsg"]);
    let many = mailbox.repeat(40);
    let report = inspect(many.as_bytes());
    assert_eq!(found(&report).len(), 80);
    assert_eq!(found(&report).last(), Some(&"message#200!/m.rpmsg"));
}

#[test]
fn mail_is_read_forward_and_each_byte_once() {
    let junk = attachment("Content-Type: image/png", &[0x55; 900_000]);
    let plain = message("b", &[TEXT.to_owned(), junk.clone(), junk.clone()]);
    let source = Counted::new(plain.into_bytes());
    Inspector::default().inspect(&source).unwrap();
    {
        let reads = source.reads.borrow();
        assert!(reads.is_sorted_by_key(|(offset, _)| *offset), "{reads:?}");
        let total: usize = reads.iter().map(|(_, len)| len).sum();
        assert_eq!(total, source.bytes.len());
    }
    let part = attachment("Content-Type: x/y", &protected());
    let mail = message("b", &[junk.clone(), part, junk]);
    let source = Counted::new(mail.into_bytes());
    let report = Inspector::default().inspect(&source).unwrap();
    assert_eq!(found(&report), ["part#2"]);
    let reads = source.reads.borrow();
    let mut position = 0;
    for (offset, len) in reads.iter() {
        assert_eq!(*offset, position, "{reads:?}");
        position += *len as u64;
    }
}

#[test]
fn text_is_not_read_as_a_message() {
    let texts = [
        "Dear all,\nplease note: nothing.\n",
        "Note: this is a list\nTodo: nothing\n\nend",
        "From here on it is text\nand more: text\n",
        "{\"from\": \"a\"}",
        "http://example.org/\n",
        ":\n",
    ];
    for text in texts {
        let report = inspect(text.as_bytes());
        assert_eq!(own(&report), Container::Other, "{text}");
        assert_eq!(report.worst(), Protection::None, "{text}");
    }
}

#[test]
fn mime_bomb_ends_at_a_limit() {
    let mut deep = String::from("From: a\r\n");
    for n in 0..10_000 {
        deep.push_str(&format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"));
    }
    assert_eq!(code(&inspect(deep.as_bytes())), "limit-nesting");
    // Reading a field takes time in the square of its length, and is charged so. A quarter of the longest
    // field and a sixteenth of the default budget show the same in less time.
    let mut limits = Limits::default();
    limits.steps /= 16;
    let field = format!("Content-Type: a{}\r\n\r\nx", "?=".repeat(2000));
    let mail = message("b", &vec![field; 100]);
    let report = Inspector::builder().limits(limits).build().inspect_bytes(mail.as_bytes());
    assert_eq!(code(&report), "limit-steps");
    let padded = message(&format!("b\"; x=\"{}", "y".repeat(17_000)), &[TEXT.to_owned()]);
    assert_eq!(code(&inspect(padded.as_bytes())), "malformed-header");
    let many = message("b", &vec!["\r\nx".to_owned(); 20_000]);
    assert_eq!(code(&inspect(many.as_bytes())), "limit-mail-parts");
    let mut messages = String::from("From: a\r\n\r\n");
    for _ in 0..1000 {
        messages = format!("From: a\r\nContent-Type: message/rfc822\r\n\r\n{messages}");
    }
    assert_eq!(code(&inspect(messages.as_bytes())), "limit-nesting");
}

fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0_u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    let len = (data.len() as u32).to_le_bytes();
    [&[level], id.to_le_bytes().as_slice(), &len, data, &sum.to_le_bytes()].concat()
}

/// Builds a property list with one value of variable size for each property.
fn properties(list: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut out = (list.len() as u32).to_le_bytes().to_vec();
    for (kind, id, value) in list {
        out.extend(kind.to_le_bytes());
        out.extend(id.to_le_bytes());
        out.extend(1_u32.to_le_bytes());
        out.extend((value.len() as u32).to_le_bytes());
        out.extend(*value);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    out
}

fn winmail(attributes: &[Vec<u8>]) -> Vec<u8> {
    [0x223E_9F78_u32.to_le_bytes().as_slice(), &[1, 0], &attributes.concat()].concat()
}

#[test]
fn attachments_of_winmail_dat_are_found() {
    let mail = protected();
    let name: Vec<u8> = "lang.rpmsg\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let listed = properties(&[(0x001F, 0x3707, &name), (0x0102, 0x3701, &mail)]);
    let inner = winmail(&[attribute(2, 0x0006_9002, &[0; 14]), attribute(2, 0x0006_800F, &mail)]);
    let object = [[7; 16].as_slice(), &inner].concat();
    let bytes = winmail(&[
        attribute(1, 0x0006_9004, b"anything"),
        attribute(2, 0x0006_9002, &[0; 14]),
        attribute(2, 0x0001_8010, b"short.rpm\0"),
        attribute(2, 0x0006_800F, &mail),
        attribute(2, 0x0006_9002, &[0; 14]),
        attribute(2, 0x0006_9005, &listed),
        attribute(2, 0x0006_9002, &[0; 14]),
        attribute(2, 0x0006_9005, &properties(&[(0x000D, 0x3701, &object)])),
        attribute(2, 0x0006_9002, &[0; 14]),
        attribute(2, 0x0006_800F, &mail),
    ]);
    let report = inspect(&bytes);
    assert_eq!(own(&report), Container::Tnef);
    let expected = ["short.rpm", "lang.rpmsg", "attachment#1!/attachment#1", "attachment#2"];
    assert_eq!(found(&report), expected);
    for (what, at, value) in [("level", 6, 9), ("length", 14, 0xFF)] {
        let mut damaged = bytes.clone();
        damaged[at] = value;
        assert_eq!(inspect(&damaged).worst(), Protection::Unknown, "{what}");
    }
}

fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

type ItemWriter = cfb::CompoundFile<io::Cursor<Vec<u8>>>;

fn put(file: &mut ItemWriter, path: &str, bytes: &[u8]) {
    file.create_stream(path).unwrap().write_all(bytes).unwrap();
}

fn attach(file: &mut ItemWriter, message: &str, number: u32, name: &str) -> String {
    let storage = format!("{message}__attach_version1.0_#{number:08X}/");
    file.create_storage(&storage).unwrap();
    put(file, &format!("{storage}__properties_version1.0"), &[0; 8]);
    if !name.is_empty() {
        put(file, &format!("{storage}__substg1.0_3707001F"), &utf16(name));
    }
    storage
}

#[test]
fn attachments_of_outlook_item_and_embedded_messages_are_found() {
    let mut file = cfb::CompoundFile::create(io::Cursor::new(Vec::new())).unwrap();
    put(&mut file, "/__properties_version1.0", &[0; 32]);
    let first = attach(&mut file, "/", 0, "message.rpmsg");
    put(&mut file, &format!("{first}__substg1.0_37010102"), &protected());
    let unnamed = attach(&mut file, "/", 1, "");
    put(&mut file, &format!("{unnamed}__substg1.0_37010102"), &protected());
    let picture = attach(&mut file, "/", 2, "picture.png");
    put(&mut file, &format!("{picture}__substg1.0_37010102"), b"\x89PNG");
    let embedded = attach(&mut file, "/", 3, "Re: offer!");
    let inside = format!("{embedded}__substg1.0_3701000D/");
    file.create_storage(&inside).unwrap();
    put(&mut file, &format!("{inside}__properties_version1.0"), &[0; 24]);
    let second = attach(&mut file, &inside, 0, "inner.rpmsg");
    put(&mut file, &format!("{second}__substg1.0_37010102"), &protected());
    let bytes = file.into_inner().into_inner();
    let report = inspect(&bytes);
    assert_eq!(own(&report), Container::Msg, "{report:?}");
    let mut members = found(&report);
    members.sort_unstable();
    assert_eq!(members, ["Re: offer%21!/inner.rpmsg", "attachment#1", "message.rpmsg"]);
}

#[test]
fn cached_use_license_is_found_by_its_name() {
    let mut file = cfb::CompoundFile::create(io::Cursor::new(Vec::new())).unwrap();
    put(&mut file, "/__properties_version1.0", &[0; 32]);
    file.create_storage("/__nameid_version1.0").unwrap();
    let mut strings = Vec::new();
    for name in ["Other", "DRMLicense"] {
        let units = utf16(name);
        strings.extend((units.len() as u32).to_le_bytes());
        strings.extend(units);
        strings.resize(strings.len().next_multiple_of(4), 0);
    }
    let entries = [[0, 0, 0, 0, 5, 0, 0, 0], [16, 0, 0, 0, 5, 0, 3, 0]].concat();
    put(&mut file, "/__nameid_version1.0/__substg1.0_00030102", &entries);
    put(&mut file, "/__nameid_version1.0/__substg1.0_00040102", &strings);
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(b"<certificatechain/>").unwrap();
    put(&mut file, "/__substg1.0_80031102-00000000", &encoder.finish().unwrap());
    put(&mut file, "/__substg1.0_80031102", &[0; 8]);
    let report = inspect(&file.into_inner().into_inner());
    assert_eq!(own(&report), Container::Msg);
    let facts = report.findings().next().unwrap().facts();
    // The content of the use license is not parsed here.
    assert!(facts.use_licenses == Some(1) || facts.error_code.is_some(), "{facts:?}");
}

/// Builds a cached chain of certificates with a key.
fn cached() -> Vec<u8> {
    use rmsight_specimen::{Client, Server, use_license, zlib};
    zlib(
        use_license(&Server::contoso(), &Client::windows(), "2016-06-02T08:00").concat().as_bytes(),
    )
}

/// Container, protection, error code, use licenses, and whether their key replaces the missing one.
fn rows(report: &Report) -> Vec<(Container, Protection, &str, Option<u32>, bool)> {
    let rows = report.findings().map(|finding| {
        let facts = finding.facts();
        let from = facts.anomalies.contains(&crate::Anomaly::FromUseLicense);
        assert_eq!(from, from && facts.slc_key() == facts.use_license_key.as_deref());
        let code = facts.error_code.as_deref().unwrap_or_default();
        (facts.container, facts.protection, code, facts.use_licenses, from)
    });
    rows.collect()
}

#[test]
fn use_license_replaces_the_missing_license() {
    use rmsight_specimen::{
        Attachment, IrmDocument, IrmKind, LicenseBuilder, Method, Msg, Server, Zip, rpmsg,
    };
    let with = |item: Msg| item.use_license(cached());
    let alone = (Container::Msg, Protection::Rms, "license-missing", Some(1), true);
    // An item without its mail: as a file, in an item, and in an archive.
    assert_eq!(rows(&inspect(&with(Msg::new()).build())), [alone]);
    assert_eq!(rows(&inspect(&Msg::new().embedded(with(Msg::new())).build())), [alone]);
    let both = with(Msg::new().embedded(with(Msg::new()))).build();
    assert_eq!(rows(&inspect(&both))[0].3, Some(2));
    let zip = Zip::new().member("a.msg", with(Msg::new()).build(), Method::Deflated).build();
    assert_eq!(rows(&inspect(&zip))[1], alone);
    // The mail is present, so its license decides.
    let license = LicenseBuilder::server(&Server::contoso()).build();
    let document = IrmDocument::new(IrmKind::Message, license).payload(600).build();
    let mail = Attachment::rpmsg(rpmsg(&document));
    let report = inspect(&with(Msg::new().attachment(mail.clone())).build());
    let rows_of_both = rows(&report);
    assert_eq!(rows_of_both[0], (Container::Msg, Protection::None, "", Some(1), false));
    assert_eq!(rows_of_both[1].0, Container::Rpmsg);
    // The mail is present and cannot be read.
    let mut damaged = mail;
    damaged.bytes[8] = 0xFF;
    let report = inspect(&with(Msg::new().attachment(damaged)).build());
    assert_eq!(rows(&report)[0], alone);
}

#[test]
fn attachment_without_declared_encoding_is_decoded() {
    use rmsight_specimen::{Attachment, eml};
    let mail = protected();
    let letter = eml(&[], &[Attachment::new("offer.docx", mail.clone())]);
    let text = String::from_utf8(letter).unwrap();
    let damaged =
        text.replace("Content-Transfer-Encoding: base64", "Content-Transfer-Encodinh: base64");
    assert_ne!(damaged, text);
    assert_eq!(found(&inspect(damaged.as_bytes())), ["offer.docx!/content#1"]);
}

#[test]
fn unterminated_part_header_is_reported() {
    let part = attachment("Content-Type: x/y; name=\"a.docx\"", &[0x55; 900]);
    let whole = message("b", &[part]);
    assert_eq!(code(&inspect(whole.as_bytes())), "");
    let damaged = whole.replace("base64\r\n\r\n", "base64\0\0\0\0");
    assert_eq!(code(&inspect(damaged.as_bytes())), "malformed-header");
    let mailbox = format!("From a@b Thu Jan  1 00:00:00 1970\n{damaged}");
    assert_eq!(code(&inspect(mailbox.as_bytes())), "malformed-header");
}

/// Encodes bytes with uuencode (POSIX.1).
fn uuencoded(name: &str, bytes: &[u8]) -> String {
    let six = |bits: u32| char::from(b' ' + (bits & 0x3F) as u8).to_string().replace(' ', "`");
    let mut out = format!("begin 644 {name}\r\n");
    for line in bytes.chunks(45) {
        out.push_str(&six(line.len() as u32));
        for group in line.chunks(3) {
            let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
            let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
            [18, 12, 6, 0].iter().for_each(|shift| out.push_str(&six(bits >> shift)));
        }
        out.push_str("\r\n");
    }
    out + "`\r\nend\r\n"
}

#[test]
fn attachment_in_the_text_is_reported() {
    let mail = protected();
    let of = |text: &str| {
        let letter = format!("From: a@b\r\nSubject: x\r\n\r\nPlease see below.\r\n\r\n{text}");
        let report = inspect(letter.as_bytes());
        (code(&report), report.incomplete().and_then(Error::offset))
    };
    assert_eq!(of(&uuencoded("offer.docx", &mail)), ("archive-not-opened", Some(25)));
    assert_eq!(
        of(&uuencoded("a.txt", b"Nothing in this text is protected, not even so.")),
        ("", None)
    );
    assert_eq!(of("begin 644 words\r\nthat mean nothing\r\n"), ("", None));
    let part = format!(
        "From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\
         Content-Transfer-Encoding: x-uuencode\r\n\r\n{}--x--\r\n",
        uuencoded("offer.docx", &mail)
    );
    assert_eq!(code(&inspect(part.as_bytes())), "archive-not-opened");
}

#[test]
fn outlook_data_file_is_reported() {
    let report = inspect(b"!BDN....SM\x17\0 and so on");
    assert_eq!(own(&report), Container::Pst);
    assert_eq!(code(&report), "feature-off");
    assert_eq!(report.worst(), Protection::Unknown);
}

proptest! {
    /// Attachments and their bytes equal those of another parser.
    #[test]
    fn parts_equal_those_of_another_parser(
        parts in prop::collection::vec((0..3_usize, prop::collection::vec(any::<u8>(), 0..300), "[a-z]{1,8}"), 1..6),
        boundary in "[a-zA-Z0-9'()+_,./:=?-]{1,40}",
    ) {
        let parts: Vec<String> = parts.iter().map(|(kind, bytes, name)| {
            // Each attachment is of a known format, so each is reported as a member.
            let bytes = [b"!BDN", bytes.as_slice()].concat();
            let header = format!("Content-Type: application/x-{name}; name=\"{name}\"");
            match kind {
                0 => attachment(&header, &bytes),
                1 => {
                    let quoted: String = bytes.iter().map(|b| format!("={b:02X}")).collect();
                    let lines: Vec<&str> = quoted.as_bytes().chunks(72)
                        .map(|line| std::str::from_utf8(line).unwrap()).collect();
                    let body = lines.join("=\r\n");
                    format!("{header}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n{body}")
                }
                _ => format!("{header}\r\nContent-Transfer-Encoding: 7bit\r\n\r\n!BDN text"),
            }
        }).collect();
        let mail = message(&boundary, &parts);
        let parsed = MessageParser::default().parse(mail.as_bytes()).unwrap();
        let theirs: Vec<(String, Option<u64>)> = parsed.attachments().map(|part| {
            (part.attachment_name().unwrap_or("?").to_owned(), Some(part.contents().len() as u64))
        }).collect();
        let report = inspect(mail.as_bytes());
        let ours: Vec<(String, Option<u64>)> = report.findings().skip(1).map(|finding| {
            let path = finding.facts().member.clone().unwrap();
            let name = path.split('#').next().unwrap().to_owned();
            (name, finding.facts().member_size)
        }).collect();
        prop_assert_eq!(ours, theirs, "{}", mail);
    }

    #[test]
    fn damaged_mail_never_panics(
        changes in prop::collection::vec((0..3000_usize, any::<u8>()), 1..8),
        cut in 0..3000_usize,
    ) {
        let mail = message("b", &[TEXT.to_owned(), attachment("Content-Type: x/y; name=a", &protected())]);
        let item = winmail(&[
            attribute(2, 0x0006_9002, &[0; 14]),
            attribute(2, 0x0006_9005, &properties(&[(0x0102, 0x3701, b"abc"), (0x001F, 0x3707, b"n")])),
        ]);
        for mut bytes in [mail.clone().into_bytes(), format!("From a 10:10\r\n{mail}").into_bytes(), item] {
            for (at, value) in &changes {
                let len = bytes.len();
                bytes[at % len] = *value;
            }
            let _ = inspect(&bytes);
            let _ = inspect(&bytes[..cut.min(bytes.len())]);
        }
    }
}
