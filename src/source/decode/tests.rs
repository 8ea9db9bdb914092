use std::io::Write;

use super::*;
use crate::limits::{Interrupt, Limits};
use crate::source::counted::Counted;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use flate2::Compression;
use flate2::write::{DeflateEncoder, ZlibEncoder};
use proptest::prelude::*;

fn decoded<'a>(
    inner: &'a Counted,
    encoding: Encoding,
    declared: Option<u64>,
    meter: &'a Meter<'a>,
) -> DecodedMember<'a, &'a Counted> {
    let guard = Rc::new(RatioGuard::new(None, StoredSize::Bytes(to_u64(inner.bytes.len()))));
    let budget = Rc::new(SpoolBudget::new(meter.allowed(Limit::Spool), None));
    DecodedMember::new(inner, 100, encoding, declared, meter, guard, &budget)
}

fn meter() -> Meter<'static> {
    Meter::new(Limits::default(), Interrupt::default())
}

/// Text that deflates, but not to nothing.
fn plain(len: usize) -> Vec<u8> {
    let words = (0_u32..).flat_map(|n| format!("{} ", n.wrapping_mul(2_654_435_761)).into_bytes());
    words.take(len).collect()
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The blocks of an rpmsg, each ended by a flush as Outlook does; without the stream's end.
pub(crate) fn blocks(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let mut out = Vec::new();
    for block in bytes.chunks(4096) {
        encoder.write_all(block).unwrap();
        encoder.flush().unwrap();
        let packed = std::mem::take(encoder.get_mut());
        for field in [0x0FA0, block.len() as u32, packed.len() as u32] {
            out.extend(field.to_le_bytes());
        }
        out.extend(packed);
    }
    out
}

fn encoded(encoding: Encoding, bytes: &[u8]) -> Vec<u8> {
    match encoding {
        Encoding::Deflate => deflated(bytes),
        Encoding::Deflates => bytes.chunks(5000).flat_map(deflated).collect(),
        Encoding::Zlib => {
            let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Encoding::Base64 => {
            let letters = BASE64_STANDARD.encode(bytes).into_bytes();
            letters.chunks(76).flat_map(|line| [line, b"\r\n"].concat()).collect()
        }
        Encoding::QuotedPrintable => {
            let escape = |byte: &u8| match byte {
                b'a'..=b'z' | b'0'..=b'9' => vec![*byte],
                _ => format!("={byte:02X}").into_bytes(),
            };
            let escaped: Vec<Vec<u8>> = bytes.iter().map(escape).collect();
            escaped
                .chunks(20)
                .flat_map(|line| [&line.concat(), b"=\r\n".as_slice()].concat())
                .collect()
        }
        Encoding::Rpmsg => blocks(bytes),
    }
}

const ALL: [Encoding; 6] = [
    Encoding::Deflate,
    Encoding::Deflates,
    Encoding::Zlib,
    Encoding::Base64,
    Encoding::QuotedPrintable,
    Encoding::Rpmsg,
];

#[test]
fn each_encoding_decodes_to_its_bytes_at_any_offset() {
    for encoding in ALL {
        for len in [0, 1, 2, 3, 100, 4095, 4096, 4097, 150_000] {
            let bytes = plain(len);
            let inner = Counted::new(encoded(encoding, &bytes));
            let meter = meter();
            let member = decoded(&inner, encoding, None, &meter);
            for (offset, want) in [(70_000, 10), (3, 5000), (0, 1), (65_530, 100), (149_990, 50)] {
                let mut buf = vec![0; want];
                let read = member.read_at(offset, &mut buf).unwrap();
                let rest = bytes.get(offset as usize..).unwrap_or_default();
                assert_eq!(buf[..read], rest[..want.min(rest.len())], "{encoding:?} {len}");
            }
            assert_eq!(member.size().unwrap(), len as u64, "{encoding:?}");
        }
    }
}

#[test]
fn a_head_needs_few_reads_and_no_byte_is_read_twice() {
    for encoding in ALL {
        let bytes = plain(2_000_000);
        let inner = Counted::new(encoded(encoding, &bytes));
        let meter = meter();
        let member = decoded(&inner, encoding, None, &meter);
        member.read_at(0, &mut [0; 4096]).unwrap();
        let read: usize = inner.reads.borrow().iter().map(|(_, len)| len).sum();
        assert!(read <= 32_768, "{encoding:?} read {read} bytes for a head");
        assert!(!member.is_sized());
        assert_eq!(member.size().unwrap(), 2_000_000);
        let reads = inner.reads.borrow();
        assert!(reads.is_sorted_by_key(|(offset, _)| *offset), "{encoding:?}");
        let read: usize = reads.iter().map(|(_, len)| len).sum();
        assert_eq!(read, inner.bytes.len(), "{encoding:?}: every byte once");
    }
}

fn code(outcome: io::Result<usize>) -> String {
    match outcome {
        Ok(read) => format!("{read} bytes"),
        Err(error) => Error::io(error).code().to_string(),
    }
}

#[test]
fn a_wrong_declared_size_is_an_error_of_the_read_that_reaches_it() {
    let bytes = plain(10_000);
    let cases = [
        (Some(10_000), 9_000, "1000 bytes"),
        (Some(20_000), 0, "4096 bytes"),
        (Some(20_000), 15_000, "truncated"),
        (Some(9_000), 0, "4096 bytes"),
        (Some(9_000), 8_000, "malformed-member-size"),
        (Some(100), 0, "malformed-member-size"),
        (Some(0), 0, "4096 bytes"),
        (None, 15_000, "0 bytes"),
    ];
    for (declared, offset, expected) in cases {
        let inner = Counted::new(deflated(&bytes));
        let meter = meter();
        let member = decoded(&inner, Encoding::Deflate, declared, &meter);
        assert_eq!(code(member.read_at(offset, &mut [0; 4096])), expected, "{declared:?} {offset}");
    }
}

#[test]
fn damage_has_a_code_and_the_bytes_before_it_are_readable() {
    let bytes = plain(20_000);
    let whole = blocks(&bytes);
    let second = 12 + u32::from_le_bytes(whole[8..12].try_into().unwrap()) as usize;
    let change = |at: usize, value: u8| {
        let mut bytes = whole.clone();
        bytes[at] = value;
        bytes
    };
    let cases = [
        ("tag of the second block", change(second, 0xFF), "malformed-rpmsg"),
        ("size of the first block", change(9, 0xFF), "malformed-deflate"),
        (
            "no bytes in the first block",
            [&whole[..8], &[0; 4], &whole[12..]].concat(),
            "malformed-rpmsg",
        ),
        ("zlib header", change(12, 0xFF), "malformed-deflate"),
        ("cut in a header", whole[..second + 6].to_vec(), "truncated"),
        ("cut in a block", whole[..whole.len() - 5].to_vec(), "truncated"),
        ("more declared than there is", change(5, 0x20), "truncated"),
    ];
    for (what, damaged, expected) in cases {
        let inner = Counted::new(damaged);
        let meter = meter();
        let member = decoded(&inner, Encoding::Rpmsg, None, &meter);
        let error = Error::io(member.size().expect_err(what));
        assert_eq!(error.code().as_str(), expected, "{what}: {error}");
        assert!(error.offset().is_some_and(|offset| offset >= 100), "{what}");
    }
    let inner = Counted::new(change(second, 0xFF));
    let meter = meter();
    let member = decoded(&inner, Encoding::Rpmsg, None, &meter);
    let mut head = [0; 4096];
    assert_eq!(member.read_at(0, &mut head).unwrap(), 4096);
    assert_eq!(head, bytes[..4096]);
}

#[test]
fn memory_ends_at_the_spool_limit_unless_the_caller_has_a_spill() {
    let bytes = plain(300_000);
    let limits = Limits { spool: 100_000, ..Limits::default() };
    let meter = Meter::new(limits, Interrupt::default());
    let inner = Counted::new(deflated(&bytes));
    let member = decoded(&inner, Encoding::Deflate, Some(300_000), &meter);
    assert_eq!(code(member.read_at(90_000, &mut [0; 100])), "100 bytes");
    assert_eq!(code(member.read_at(299_000, &mut [0; 100])), "limit-spool");

    struct Memory(Vec<u8>);
    impl ReadAt for Memory {
        fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
            self.0.read_at(offset, buf)
        }
        fn size(&self) -> io::Result<u64> {
            self.0.size()
        }
    }
    impl Spill for Memory {
        fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
    }
    let open = || Ok(Box::new(Memory(Vec::new())) as Box<dyn Spill>);
    let budget = Rc::new(SpoolBudget::new(100_000, Some(Spiller(std::sync::Arc::new(open)))));
    let guard = Rc::new(RatioGuard::new(None, StoredSize::Bytes(1_000_000)));
    let declared = Some(300_000);
    let member = DecodedMember::new(&inner, 0, Encoding::Deflate, declared, &meter, guard, &budget);
    for offset in [299_900, 95_000, 105_000, 0] {
        let mut buf = [0; 100];
        assert_eq!(member.read_at(offset, &mut buf).unwrap(), 100);
        assert_eq!(buf, bytes[offset as usize..][..100]);
    }
}

#[test]
fn a_bomb_ends_at_its_ratio() {
    let limits = Limits { ratio: 100, ..Limits::default() };
    let meter = Meter::new(limits, Interrupt::default());
    let inner = Counted::new(deflated(&vec![0; 8 << 20]));
    let member = decoded(&inner, Encoding::Deflate, None, &meter);
    assert_eq!(Error::io(member.size().unwrap_err()).code(), "limit-ratio");
    assert!(member.guard.is_spent());
}

proptest! {
    #[test]
    fn head_in_two_steps_equals_that_in_one(
        bytes in prop::collection::vec(0..20_u8, 0..6000),
        first in 1..5000_usize,
        cut in 0..6000_usize,
    ) {
        let packed = deflated(&bytes);
        let packed = packed.get(..cut).unwrap_or(&packed);
        let head = head_of(Encoding::Deflate, packed);
        let len = head.as_ref().map_or(0, Vec::len);
        prop_assert_eq!(&inflate_head(packed, first.min(4096), |_| false), &head);
        let short = inflate_head(packed, first.min(4096), |_| true).unwrap_or_default();
        prop_assert!(short.len() >= first.min(len));
        prop_assert_eq!(short.as_slice(), &head.unwrap_or_default()[..short.len()]);
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        kind in 0..5_usize,
        offset in 0..5000_u64,
    ) {
        let inner = Counted::new(bytes.clone());
        let meter = meter();
        let member = decoded(&inner, ALL[kind], None, &meter);
        let _ = member.read_at(offset, &mut [0; 700]);
        let _ = member.size();
        let _ = head_of(ALL[kind], &bytes);
        let _ = decode_all(ALL[kind], &bytes, 10_000);
    }
}
