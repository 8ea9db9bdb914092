//! How much of a file is read, in counts.

use std::cell::RefCell;
use std::io;

use rmsight::specimen::{
    Attachment, IrmDocument, IrmKind, LicenseBuilder, Msg, Region, Server, rpmsg, tnef,
};
use rmsight::{Inspector, Protection, ReadAt};

/// Remembers what was read.
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

/// A protected mail of a megabyte, laid out in this order.
fn mail(order: &[Region]) -> Vec<u8> {
    let license = LicenseBuilder::server(&Server::contoso()).build();
    let document = IrmDocument::new(IrmKind::Message, license).payload(1 << 20);
    rpmsg(&document.compound().layout(order).build())
}

#[test]
fn a_protected_mail_is_inflated_only_as_far_as_its_license_lies() {
    use Region::{Directory, Fat, MiniFat, MiniStream, OtherStreams};
    let first = [Fat, Directory, MiniFat, MiniStream, OtherStreams];
    let last = [OtherStreams, MiniStream, MiniFat, Fat, Directory];
    for (order, is_lazy) in [(first, true), (last, false)] {
        let source = Counted::new(mail(&order));
        let report = Inspector::default().inspect(&source).unwrap();
        assert_eq!((report.worst(), report.incomplete()), (Protection::Rms, None));
        let behind_head = &source.reads.borrow()[1..];
        assert!(behind_head.is_sorted_by_key(|(offset, _)| *offset), "{behind_head:?}");
        let (read, all) = (source.total(), source.bytes.len());
        if is_lazy {
            assert!(read < 65_536, "{read} of {all} bytes");
        } else {
            assert!(read < all + 16_384, "{read} of {all} bytes");
        }
    }
}

#[test]
fn envelopes_are_read_forward() {
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
    Inspector::default().inspect(&text).unwrap();
    assert_eq!(text.reads.borrow().len(), 1);
    assert!(text.is_forward());
}
