//! Protocol violations of each side.

use std::io::Cursor;

use rmsight::{PstAttachment, PstDamage};
use rmsight_specimen::noise;

use super::protocol::{Answer, Ask};

#[test]
fn frames_are_read_as_written() {
    let attachment = PstAttachment {
        message: vec!["Inbox".to_owned(), "Grüße".repeat(200)],
        embedded: Vec::new(),
        name: Some("a.docx".to_owned()),
        size: u64::MAX,
    };
    let answers = [
        Answer::Wants { offset: 1 << 40, len: 7 },
        Answer::Unread("a block".to_owned().into()),
        Answer::End,
        Answer::Bytes(noise(1, 1 << 16)),
        Answer::Malformed(PstDamage { detail: String::new(), offset: Some(1 << 40) }),
        Answer::UseLicense(PstAttachment { message: Vec::new(), ..attachment.clone() }),
        Answer::Attachment(PstAttachment { name: None, message: Vec::new(), ..attachment.clone() }),
    ];
    for answer in answers {
        let mut bytes = Vec::new();
        answer.write(&mut bytes).unwrap();
        assert_eq!(Answer::read(&mut Cursor::new(bytes)).unwrap(), answer);
    }
    let mut bytes = Vec::new();
    Answer::Attachment(attachment).write(&mut bytes).unwrap();
    let Answer::Attachment(read) = Answer::read(&mut Cursor::new(bytes)).unwrap() else { panic!() };
    assert!(read.message[1].starts_with("Grüße") && read.message[1].len() <= 400);
    let asks = [
        Ask::Size(5),
        Ask::Next,
        Ask::Attachment { offset: 3, len: 4 },
        Ask::File(vec![1, 2]),
        Ask::Unreadable,
    ];
    for ask in asks {
        let mut bytes = Vec::new();
        ask.write(&mut bytes).unwrap();
        assert_eq!(Ask::read(&mut Cursor::new(bytes)).unwrap(), ask);
    }
}

#[test]
fn noise_in_frames_does_not_panic() {
    for seed in 0..2000 {
        let mut bytes = noise(seed, 40);
        bytes[0] = b"waluebmSNAFU"[usize::try_from(seed).unwrap() % 12];
        // A valid length.
        bytes[1..5].copy_from_slice(&35_u32.to_le_bytes());
        bytes[5..7].copy_from_slice(&[u8::try_from(seed % 7).unwrap(), 0]);
        _ = Answer::read(&mut Cursor::new(&bytes));
        _ = Ask::read(&mut Cursor::new(&bytes));
    }
}

/// Children that are shell scripts.
#[cfg(unix)]
mod scripts {
    use std::time::{Duration, Instant};

    use rmsight::{PstError, PstItem, PstReader};

    use crate::parent::{PstChild, PstLimits, Reader};

    fn launch(script: &str) -> PstChild {
        PstChild::new("/bin/sh").arg("-c").arg(script).limits(PstLimits::new(60, 7))
    }

    fn first(script: &str, time: Duration) -> Result<Option<PstItem>, PstError> {
        let mut reader = Reader::start(&launch(script), time).unwrap();
        let file = vec![0_u8; 100];
        let said = reader.next(&file);
        if said.is_err() {
            // The error of later requests is the same.
            assert_eq!(format!("{:?}", reader.next(&file)), format!("{said:?}"), "{script}");
        }
        said
    }

    #[test]
    fn the_parent_reports_why_a_child_ended() {
        const LONG: Duration = Duration::from_secs(60);
        let no_memory = "echo 'memory allocation of 5 bytes failed' >&2; kill -ABRT $$";
        let cases: [(&str, &str); 9] = [
            ("exit 3", "exit status: 3"),
            ("kill -9 $$", "signal: 9"),
            ("kill -SEGV $$", "signal: 11"),
            (no_memory, "Memory(7)"),
            ("kill -XCPU $$", "Time(60)"),
            ("head -c 100000 /dev/zero; sleep 60", "does not keep to the protocol"),
            ("printf 'e\\377\\377\\377\\177'; sleep 60", "does not keep to the protocol"),
            ("printf 'b\\0\\0\\0\\0'; sleep 60", "does not keep to the protocol"),
            ("exec cat", "does not keep to the protocol"),
        ];
        for (script, expected) in cases {
            let said = format!("{:?}", first(script, LONG).unwrap_err());
            assert!(said.contains(expected), "{script}: {said}");
        }
        assert_eq!(first("printf 'e\\0\\0\\0\\0'; sleep 60", LONG).unwrap(), None);
        let error = PstChild::new("/no/such").open().unwrap_err();
        assert!(error.to_string().starts_with("/no/such: "), "{error}");
    }

    #[test]
    fn a_child_that_takes_too_long_is_ended() {
        const SHORT: Duration = Duration::from_millis(300);
        let cases = [
            "exec sleep 60",
            // The shell has started another process, which holds the pipe. It does so after the first
            // request.
            "sleep 60 & sleep 0.1",
            // It requests bytes endlessly, each time quickly.
            "while :; do printf 'w\\14\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\1\\0\\0\\0'; done",
            // It also does not read them.
            "yes 'w' > /dev/null",
        ];
        for script in cases {
            let begun = Instant::now();
            let said = first(script, SHORT).unwrap_err();
            assert!(matches!(said, PstError::Time(0)), "{script}: {said:?}");
            assert!(begun.elapsed() < Duration::from_secs(20), "{script}");
        }
    }
}
