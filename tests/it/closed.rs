//! What may hold files and is not opened is never called ordinary.

use rmsight::specimen::{Method, Zip, cab, noise, rar4, rar5, self_extracting};
use rmsight::{Inspector, Protection};

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
    let image = |descriptor: &[u8]| {
        let mut bytes = vec![0; 32_768];
        bytes.extend(descriptor);
        bytes.resize(16 * 4096, 0);
        bytes
    };
    let cases: [(&[u8], bool); 5] = [
        (b"\x01CD001\x01", true),
        (b"\x00BEA01\x01", true),
        (b"\x01CD002\x01", false),
        (b"CD001\x01", false),
        (b"", false),
    ];
    for (descriptor, is_image) in cases {
        let expected = is_image.then_some(("archive-not-opened", Some(0)));
        assert_eq!(unknown(&image(descriptor)), expected, "{}", descriptor.escape_ascii());
    }
    for len in [0, 2048, 32_768, 32_770] {
        assert_eq!(unknown(&vec![0; len]), None, "{len} zeros");
    }
}
