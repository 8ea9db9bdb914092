use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rmsight::ReadAt as _;
use rmsight_store::{Address, ListedObject, RequestOptions, StoreErrorKind, Stores};

use crate::fake::{Fake, Fault};
use crate::{stores, stores_with};

/// Bytes that differ at each offset.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect()
}

fn object(address: &str, size: Option<u64>) -> ListedObject {
    let mut object = ListedObject::new(Address::parse(address).unwrap().unwrap());
    (object.size, object.etag) = (size, Some("0".to_owned()));
    object
}

fn untagged(address: &str, size: Option<u64>) -> ListedObject {
    let mut object = object(address, size);
    object.etag = None;
    object
}

/// Reads an object as a reader of a ZIP archive does: head, end, then a part in the middle.
fn read(stores: &Arc<Stores>, object: &ListedObject) -> Result<Vec<u8>, StoreErrorKind> {
    let source = stores.open(object).map_err(|error| error.kind())?;
    let size = usize::try_from(source.len()).unwrap();
    let mut whole = vec![0; size];
    let middle = size / 2;
    for (start, end) in [(0, 4096.min(size)), (size.saturating_sub(22), size), (middle, size)] {
        let read = source.read_at(u64::try_from(start).unwrap(), &mut whole[start..end]);
        let read = read.map_err(|error| match error.kind() {
            std::io::ErrorKind::StaleNetworkFileHandle => StoreErrorKind::Changed,
            _ => StoreErrorKind::Io,
        })?;
        assert_eq!(read, end - start);
    }
    let mut rest = vec![0; middle];
    assert_eq!(source.read_at(0, &mut rest).unwrap(), middle);
    whole[..middle].copy_from_slice(&rest);
    assert_eq!(source.read_at(source.len(), &mut [0; 4]).unwrap(), 0);
    Ok(whole)
}

#[test]
fn small_object_is_read_by_one_request() {
    let fake = Fake::start();
    for len in [1, 8192, 100_000, 256 << 10] {
        let (key, content) = (format!("{len}"), bytes(len));
        fake.put(&key, content.clone());
        let size = u64::try_from(len).ok();
        for address in [format!("az://acct/box/{key}"), format!("s3://box/{key}"), fake.web(&key)] {
            let before = fake.gets().len();
            assert_eq!(read(&stores(&fake), &object(&address, size)).unwrap(), content);
            assert_eq!(fake.gets().len() - before, 1, "{address}");
        }
    }
}

#[test]
fn large_object_is_read_by_bounded_ranges() {
    let fake = Fake::start();
    let content = bytes(3 << 20);
    fake.put("large", content.clone());
    let size = u64::try_from(content.len()).ok();
    for address in ["az://acct/box/large".to_owned(), fake.web("large")] {
        // A listing may lack the size.
        for size in [size, None] {
            assert_eq!(read(&stores(&fake), &object(&address, size)).unwrap(), content);
        }
    }
    let gets = fake.gets();
    assert!(gets.iter().all(|(_, range)| range.starts_with("bytes=") && !range.ends_with('-')));
    assert_eq!(gets[0].1, "bytes=0-8191");
}

#[test]
fn empty_object_needs_no_request_if_its_size_is_listed() {
    let fake = Fake::start();
    fake.put("empty", Vec::new());
    assert!(read(&stores(&fake), &object("az://acct/box/empty", Some(0))).unwrap().is_empty());
    assert!(fake.gets().is_empty());
    assert!(read(&stores(&fake), &object("az://acct/box/empty", None)).unwrap().is_empty());
}

#[test]
fn faults_that_pass_are_repeated() {
    let all = [
        Fault::Status(503),
        Fault::Status(429),
        Fault::Status(500),
        Fault::Truncate,
        Fault::Hang,
        Fault::Stall,
    ];
    let check = |scheme: &str, fault: Fault| {
        let fake = Fake::start();
        fake.put("a", bytes(20_000));
        fake.fail("a", &[fault, fault]);
        let address = match scheme {
            "az" => "az://acct/box/a".to_owned(),
            "s3" => "s3://box/a".to_owned(),
            _ => fake.web("a"),
        };
        let stores = stores(&fake);
        let found = read(&stores, &object(&address, Some(20_000)));
        assert_eq!(found, Ok(bytes(20_000)), "{fault:?} {address}");
        assert_eq!(stores.traffic().requests, 3, "{fault:?} {address}");
        assert_eq!(stores.traffic().retries, 2, "{fault:?} {address}");
    };
    // Each case waits for its repetitions, so all wait at the same time.
    std::thread::scope(|scope| {
        for scheme in ["az", "s3", "http"] {
            for fault in all {
                scope.spawn(move || check(scheme, fault));
            }
        }
    });
}

#[test]
fn refusals_are_final_and_have_their_kinds() {
    let fake = Fake::start();
    fake.put("a", bytes(20));
    for (fault, expected) in [
        (Fault::Status(401), StoreErrorKind::Denied),
        (Fault::Status(403), StoreErrorKind::Denied),
        (Fault::Status(404), StoreErrorKind::NotFound),
        (Fault::Status(412), StoreErrorKind::Changed),
        (Fault::Status(400), StoreErrorKind::Io),
    ] {
        for address in ["az://acct/box/a".to_owned(), "s3://box/a".to_owned(), fake.web("a")] {
            fake.fail("a", &[fault]);
            let stores = stores(&fake);
            let error = stores.open(&object(&address, Some(20))).unwrap_err();
            assert_eq!(error.kind(), expected, "{fault:?} {address} {error}");
            assert_eq!(stores.traffic().requests, 1, "{fault:?} {address}");
            assert!(!error.to_string().contains("geheim"), "{error}");
            fake.fail("a", &[]);
        }
    }
}

#[test]
fn object_that_is_written_between_requests_has_changed() {
    let fake = Fake::start();
    fake.put("a", bytes(3 << 20));
    let size = Some(3 << 20);
    let stores = stores(&fake);
    for address in ["az://acct/box/a".to_owned(), "s3://box/a".to_owned(), fake.web("a")] {
        let source = stores.open(&untagged(&address, size)).unwrap();
        fake.fail("a", &[Fault::Replace]);
        let error = source.read_at(1 << 20, &mut [0; 10]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::StaleNetworkFileHandle, "{address}");
        assert!(source.has_changed());
    }
    // The listing has another tag, or another size.
    let listed = object("az://acct/box/a", size);
    assert_eq!(read(&stores, &listed), Err(StoreErrorKind::Changed));
    for size in [100, (3 << 20) + 1] {
        let listed = untagged("az://acct/box/a", Some(size));
        assert_eq!(read(&stores, &listed), Err(StoreErrorKind::Changed), "{size}");
    }
}

#[test]
fn key_that_no_request_can_name_is_an_error_of_its_object() {
    let fake = Fake::start();
    let error = stores(&fake).open(&object("az://acct/box/a/%2Fb", Some(5))).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Io);
    assert!(fake.gets().is_empty());
}

#[test]
fn lasting_fault_ends_with_an_error_without_the_address() {
    let fake = Fake::start();
    fake.put("a", bytes(20));
    fake.fail("a", &[Fault::Status(503); 100]);
    let mut options = RequestOptions::default();
    (options.attempts, options.patience) = (3, Duration::from_secs(60));
    let stores = stores_with(&fake, options);
    let error = stores.open(&object(&fake.web("a"), Some(20))).unwrap_err().to_string();
    assert!(error.contains("503") && error.contains("3 attempts"), "{error}");
    assert!(!error.contains("geheim") && !error.contains("box"), "{error}");
    assert_eq!(stores.traffic().throttled, 3);
}

#[test]
fn stopped_work_sends_nothing_more() {
    let fake = Fake::start();
    fake.put("a", bytes(20));
    let stop = Arc::new(AtomicBool::new(true));
    let mut options = RequestOptions::default();
    options.is_stopped = Arc::new(move || stop.load(Ordering::Relaxed));
    let error = stores_with(&fake, options).open(&object("az://acct/box/a", Some(20))).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Stopped);
    assert!(fake.gets().is_empty());
}
