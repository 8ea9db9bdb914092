//! Upper limits for the reads, bytes and turns of an inspection.

use std::cell::RefCell;
use std::io;

use rmsight::{Inspector, Limits, Protection, ReadAt};
use rmsight_specimen::{
    Attachment, CrossReference, IrmDocument, IrmKind, LicenseBuilder, Method, Msg, PdfForm, PdfIrm,
    Region, Server, Zip, eml, eml_bounded, gzip, mbox, noise, plain_pdf, rpmsg, tar, tnef,
};

/// A source that records the offset and length of each read.
struct Counted {
    bytes: Vec<u8>,
    reads: RefCell<Vec<(u64, usize)>>,
}

impl Counted {
    fn new(bytes: Vec<u8>) -> Counted {
        Counted { bytes, reads: RefCell::default() }
    }

    fn total(&self) -> usize {
        self.reads.borrow().iter().map(|(_, len)| len).sum()
    }

    fn is_forward(&self) -> bool {
        self.reads.borrow().windows(2).all(|pair| pair[1].0 >= pair[0].0)
    }
}

impl ReadAt for Counted {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.bytes.read_at(offset, buf)?;
        self.reads.borrow_mut().push((offset, read));
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        self.bytes.size()
    }
}

/// Builds a protected message of 1 MiB whose compound file has its regions in `order`.
fn mail(order: &[Region]) -> Vec<u8> {
    let license = LicenseBuilder::server(&Server::contoso()).build();
    let document = IrmDocument::new(IrmKind::Message, license).payload(1 << 20);
    rpmsg(&document.compound().layout(order).build())
}

#[test]
fn rpmsg_is_inflated_only_up_to_its_license() {
    use Region::{Directory, Fat, MiniFat, MiniStream, OtherStreams};
    let first = [Fat, Directory, MiniFat, MiniStream, OtherStreams];
    let last = [OtherStreams, MiniStream, MiniFat, Fat, Directory];
    for (order, is_lazy) in [(first, true), (last, false)] {
        let source = Counted::new(mail(&order));
        let report = Inspector::default().inspect(&source).unwrap();
        assert_eq!((report.worst(), report.incomplete()), (Protection::Rms, None));
        let after_head = &source.reads.borrow()[1..];
        assert!(after_head.is_sorted_by_key(|(offset, _)| *offset), "{after_head:?}");
        let (read, all) = (source.total(), source.bytes.len());
        if is_lazy {
            assert!(read < 65_536, "{read} of {all} bytes");
        } else {
            assert!(read < all + 16_384, "{read} of {all} bytes");
        }
    }
}

#[test]
fn tnef_and_msg_take_little_more_than_their_message() {
    let attachment = || {
        Attachment::rpmsg(mail(&[
            Region::Fat,
            Region::Directory,
            Region::MiniFat,
            Region::MiniStream,
            Region::OtherStreams,
        ]))
    };
    let source = Counted::new(tnef(&[attachment()]));
    let report = Inspector::default().inspect(&source).unwrap();
    assert_eq!(report.worst(), Protection::Rms);
    assert!(source.total() < 100_000, "{} bytes", source.total());
    let source = Counted::new(Msg::new().attachment(attachment()).build());
    let report = Inspector::default().inspect(&source).unwrap();
    assert_eq!(report.worst(), Protection::Rms);
    assert!(source.total() < 200_000, "{} bytes", source.total());
    let text = Counted::new(b"plain text ".repeat(10_000));
    Inspector::default().inspect_named(&text, "a.txt").unwrap();
    assert_eq!(text.reads.borrow().len(), 1);
    assert!(text.is_forward());
}

/// Counts the reads that start before the previous one.
fn turns(source: &Counted) -> usize {
    source.reads.borrow().windows(2).filter(|pair| pair[1].0 < pair[0].0).count()
}

#[test]
fn mail_is_read_forward_and_tar_turns_only_for_its_protected_member() {
    use Region::{Directory, Fat, MiniFat, MiniStream, OtherStreams};
    let protected = || mail(&[Fat, Directory, MiniFat, MiniStream, OtherStreams]);
    let text = b"Nothing is protected here.\r\n".repeat(20_000);
    let letter =
        eml(&[], &[Attachment::new("a.txt", text.clone()), Attachment::rpmsg(protected())]);
    let plain = eml(&[], &[Attachment::new("a.txt", text.clone())]);
    let mut inner =
        Attachment::new("", eml_bounded("inner", &[], &[Attachment::rpmsg(protected())]));
    inner.media_type = "message/rfc822".to_owned();
    let forwarded = eml(&[], &[Attachment::new("a.txt", text.clone()), inner]);
    let files = [
        ("eml", letter.clone()),
        ("eml", forwarded.clone()),
        ("mbox", mbox(&[plain.clone(), letter, forwarded.clone(), plain])),
        ("rpmsg", protected()),
        ("tar", tar(&[("a.txt", &text), ("m.rpmsg", &protected()), ("b.txt", &text)])),
        ("gzip", gzip(&protected())),
    ];
    for (name, bytes) in files {
        let source = Counted::new(bytes);
        let report = Inspector::default().inspect(&source).unwrap();
        assert_eq!((report.worst(), report.incomplete()), (Protection::Rms, None), "{name}");
        let (read, all) = (source.total(), source.bytes.len());
        println!("{name}: {read} of {all} bytes, {} turns", turns(&source));
        let is_mail = ["eml", "mbox", "rpmsg"].contains(&name);
        let (most_turns, most) = if is_mail { (0, all) } else { (2, all * 2) };
        assert!(turns(&source) <= most_turns, "{name}: {:?}", source.reads.borrow());
        assert!(read <= most, "{name}: {read} of {all} bytes");
    }
}

#[test]
fn mbox_of_many_small_messages_is_read_once() {
    let message = b"From a@b Mon Jan  1 10:10:10 2024\nFrom: a\nSubject: x\n\nhello\n\n";
    let source = Counted::new(message.repeat(10_000));
    let mut limits = Limits::default();
    limits.steps = source.bytes.len() as u64;
    let report = Inspector::builder().limits(limits).build().inspect(&source).unwrap();
    assert_eq!((report.worst(), report.incomplete()), (Protection::None, None));
    assert_eq!((source.total(), turns(&source)), (source.bytes.len(), 0));
    assert!(source.reads.borrow().len() <= 16, "{} reads", source.reads.borrow().len());
}

#[test]
fn zip_takes_its_directory_and_its_protected_members() {
    let document = || IrmDocument::new(IrmKind::Ooxml, license()).payload(1 << 20).build();
    let picture = [b"\x89PNG\r\n\x1A\n".to_vec(), vec![7; 1 << 20]].concat();
    let zip = Zip::new()
        .member("a.png", picture.clone(), Method::Stored)
        .member("a.docx", document(), Method::Stored)
        .member("b.png", picture, Method::Stored);
    let source = Counted::new(zip.build());
    let report = Inspector::default().inspect(&source).unwrap();
    assert_eq!((report.worst(), report.incomplete()), (Protection::Rms, None));
    let (reads, read) = (source.reads.borrow().len(), source.total());
    println!("zip: {reads} reads, {read} bytes");
    assert!(reads <= 16 && read <= 98_304, "{reads} reads, {read} bytes");
}

/// One read for each member would cost one round trip each on a slow disk or network share.
#[test]
fn many_small_members_take_few_reads() {
    let small = (0..2000).map(|member| (format!("{member}.png"), noise(member, 3000)));
    let zip = small.fold(Zip::new(), |zip, (name, bytes)| zip.member(&name, bytes, Method::Stored));
    let source = Counted::new(zip.build());
    let report = Inspector::default().inspect(&source).unwrap();
    assert_eq!((report.worst(), report.incomplete()), (Protection::None, None));
    let (reads, read) = (source.reads.borrow().len(), source.total());
    println!("zip of small members: {reads} reads, {read} of {} bytes", source.bytes.len());
    assert!(reads <= 150 && read <= source.bytes.len() / 20 * 21, "{reads} reads, {read} bytes");
}

fn license() -> Vec<u8> {
    LicenseBuilder::server(&Server::contoso()).build()
}

#[test]
fn compressed_pdf_payload_needs_no_spool() {
    let pdf = PdfIrm::new(PdfForm::V2Wrapped, license()).flate(true).content(3 << 20).build();
    let mut limits = Limits::default();
    limits.spool = 0;
    let source = Counted::new(pdf);
    let report = Inspector::builder().limits(limits).build().inspect(&source).unwrap();
    assert_eq!((report.worst(), report.incomplete()), (Protection::Rms, None));
    let (read, all) = (source.total(), source.bytes.len());
    println!("pdf: {read} of {all} bytes, {} turns", turns(&source));
    assert!(read <= 2 * all + 65_536, "{read} of {all} bytes");
}

/// Builds a linearized PDF (ISO 32000-2, annex F). The first page has a cross-reference section.
fn linearized() -> Vec<u8> {
    let mut out = b"%PDF-1.5\n%\xE2\xE3\xCF\xD3\n".to_vec();
    let put = |out: &mut Vec<u8>, number: usize, value: &str| {
        let at = out.len();
        out.extend(format!("{number} 0 obj\n{value}\nendobj\n").bytes());
        at
    };
    let first =
        put(&mut out, 5, "<< /Linearized 1 /L 9000 /H [ 600 20 ] /O 7 /E 1000 /N 1 /T 9 >>");
    // A table of the same length with zeros reserves the space; the offsets follow below.
    let section = out.len();
    let table = |first: usize, catalog: usize, page: usize, main: usize| {
        format!(
            "xref\n5 3\n{first:010} 00000 n \n{catalog:010} 00000 n \n{page:010} 00000 n \n\
             trailer\n<< /Size 8 /Root 6 0 R /Prev {main:010} >>\nstartxref\n0\n%%EOF\n"
        )
    };
    out.extend(table(0, 0, 0, 0).bytes());
    let catalog = put(&mut out, 6, "<< /Type /Catalog /Pages 1 0 R >>");
    let page = put(&mut out, 7, "<< /Type /Page /Parent 1 0 R >>");
    out.resize(out.len() + 9000, b'\n');
    let pages = put(&mut out, 1, "<< /Type /Pages /Kids [7 0 R] /Count 1 >>");
    let main = out.len();
    out.extend(
        format!(
            "xref\n0 2\n0000000000 65535 f \n{pages:010} 00000 n \n\
             trailer\n<< /Size 5 >>\nstartxref\n{section}\n%%EOF\n"
        )
        .bytes(),
    );
    let table = table(first, catalog, page, main).into_bytes();
    out[section..section + table.len()].copy_from_slice(&table);
    out
}

/// Builds a PDF with `times` incremental updates, each of which appends the catalog again.
fn saved_again(times: usize) -> Vec<u8> {
    let mut out = b"%PDF-1.4\n".to_vec();
    let catalog = "1 0 obj\n<< /Type /Catalog /Pages 2 0 R >>\nendobj\n";
    let pages = "2 0 obj\n<< /Type /Pages /Kids [] /Count 0 >>\nendobj\n";
    let (first, second) = (out.len(), out.len() + catalog.len());
    out.extend([catalog, pages].concat().bytes());
    out.resize(out.len() + 9000, b'\n');
    let mut section = out.len();
    let table =
        format!("xref\n0 3\n0000000000 65535 f \n{first:010} 00000 n \n{second:010} 00000 n \n");
    let end = |section, prev: String| {
        format!("trailer\n<< /Size 3 /Root 1 0 R {prev} >>\nstartxref\n{section}\n%%EOF\n")
    };
    out.extend((table + &end(section, String::new())).bytes());
    for _ in 0..times {
        let (at, prev) = (out.len(), format!("/Prev {section}"));
        out.extend(catalog.bytes());
        out.resize(out.len() + 5000, b'\n');
        section = out.len();
        out.extend(format!("xref\n1 1\n{at:010} 00000 n \n{}", end(section, prev)).bytes());
    }
    out
}

#[test]
fn unprotected_pdf_takes_at_most_eight_reads() {
    let files = [
        ("table", plain_pdf(CrossReference::Table)),
        ("stream", plain_pdf(CrossReference::Stream)),
        ("linearized", linearized()),
        ("saved once again", saved_again(1)),
        ("saved twice again", saved_again(2)),
    ];
    for (name, bytes) in files {
        let source = Counted::new(bytes);
        let report = Inspector::default().inspect(&source).unwrap();
        let facts = report.findings().next().unwrap().facts();
        assert_eq!((facts.protection, report.incomplete()), (Protection::None, None), "{name}");
        assert_eq!(facts.anomalies, [], "{name}");
        let reads = source.reads.borrow();
        println!("{name}: {} reads", reads.len());
        assert!(reads.len() <= 8, "{name}: {reads:?}");
    }
}
