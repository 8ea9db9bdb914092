//! Calls as C makes them: results, and a status for each mistake of a caller.
#![allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::undocumented_unsafe_blocks)]

use std::ffi::c_void;
use std::ptr;

use rmsight_c::*;

fn corpus(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/containers/");
    std::fs::read(format!("{folder}{name}")).unwrap()
}

fn open() -> u64 {
    let mut handle = 0;
    assert_eq!(unsafe { rmsight_inspector_open(ptr::null(), &mut handle) }, RmsightStatus::Ok);
    handle
}

fn detection() -> RmsightDetection {
    RmsightDetection {
        size: size_of::<RmsightDetection>(),
        protection: -1,
        decided: 0,
        searched: 0,
        reserved: [0; 2],
        container: [0; 24],
        error_code: [0; 40],
        slc_key: [0; 80],
        error_offset: 0,
    }
}

fn text_of(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap().trim_end_matches('\0')
}

fn string(text: RmsightText) -> String {
    if text.len == 0 {
        return String::new();
    }
    let bytes = unsafe { std::slice::from_raw_parts(text.data, text.len) };
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn column(name: &str) -> u32 {
    let found = rmsight::COLUMNS.iter().position(|column| column.name == name);
    u32::try_from(found.unwrap()).unwrap()
}

fn value(report: u64, row: usize, name: &str) -> String {
    let mut text = RmsightText { data: ptr::null(), len: 0 };
    let status = unsafe { rmsight_report_text(report, row, column(name), &mut text) };
    assert!(matches!(status, RmsightStatus::Ok | RmsightStatus::NoValue), "{name}: {status:?}");
    string(text)
}

#[test]
fn a_protected_document_is_detected_and_inspected() {
    let inspector = open();
    let bytes = corpus("ooxml-chain8.docx");
    let mut found = detection();
    let (data, len) = (bytes.as_ptr(), bytes.len());
    let status = unsafe { rmsight_detect_bytes(inspector, data, len, ptr::null(), &mut found) };
    assert_eq!(status, RmsightStatus::Ok);
    assert_eq!((found.protection, found.decided), (RmsightProtection::Rms as i32, 1));
    assert_eq!(text_of(&found.container), "ooxml-irm");
    assert_eq!((text_of(&found.error_code), found.error_offset), ("", u64::MAX));
    assert!(text_of(&found.slc_key).starts_with("sha256:"));
    let mut report = 0;
    let status = unsafe { rmsight_inspect_bytes(inspector, data, len, ptr::null(), &mut report) };
    assert_eq!(status, RmsightStatus::Ok);
    let mut rows = 0;
    assert_eq!(unsafe { rmsight_report_count(report, &mut rows) }, RmsightStatus::Ok);
    assert_eq!(rows, 1);
    assert_eq!(value(report, 0, "slc_key"), text_of(&found.slc_key));
    assert_eq!(value(report, 0, "need"), "possible");
    let mut number = 0;
    let id = column("slc_key_bits");
    assert_eq!(unsafe { rmsight_report_int(report, 0, id, &mut number) }, RmsightStatus::Ok);
    assert_eq!(number.to_string(), value(report, 0, "slc_key_bits"));
    // The key, declared by an estate.
    let toml = format!(
        "[[authority]]\nname = \"Old\"\nkind = \"ad-rms\"\n[[authority.key]]\nslc_key = \"{}\"\n\
         status = \"active\"\n",
        text_of(&found.slc_key)
    );
    let mut estate = 0;
    let status = unsafe { rmsight_estate_parse(toml.as_ptr(), toml.len(), &mut estate) };
    let mut message = RmsightText { data: ptr::null(), len: 0 };
    assert_eq!(unsafe { rmsight_last_error(&mut message) }, RmsightStatus::Ok);
    assert_eq!(status, RmsightStatus::Ok, "{}", string(message));
    let mut judged = 0;
    assert_eq!(unsafe { rmsight_judge(report, estate, &mut judged) }, RmsightStatus::Ok);
    assert_eq!(
        (value(judged, 0, "need"), value(judged, 0, "authority")),
        ("yes".into(), "Old".into())
    );
    for (handle, close) in [
        (judged, rmsight_report_close as extern "C" fn(u64) -> RmsightStatus),
        (report, rmsight_report_close),
        (estate, rmsight_estate_close),
        (inspector, rmsight_inspector_close),
    ] {
        assert_eq!(close(handle), RmsightStatus::Ok);
        assert_eq!(close(handle), RmsightStatus::InvalidHandle, "closed twice");
    }
}

unsafe extern "C" fn read(user: *mut c_void, offset: u64, buffer: *mut u8, len: usize) -> i64 {
    let bytes = unsafe { &*user.cast::<Vec<u8>>() };
    let rest = usize::try_from(offset).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
    let len = rest.len().min(len);
    unsafe { ptr::copy_nonoverlapping(rest.as_ptr(), buffer, len) };
    i64::try_from(len).unwrap()
}

unsafe extern "C" fn failing(_: *mut c_void, _: u64, _: *mut u8, _: usize) -> i64 {
    -1
}

unsafe extern "C" fn lying(_: *mut c_void, _: u64, _: *mut u8, len: usize) -> i64 {
    i64::try_from(len).unwrap() + 1
}

#[test]
fn a_callback_is_a_source_and_its_failure_is_an_error_of_the_record() {
    let inspector = open();
    let mut bytes = corpus("ooxml-chain8.docx");
    let (user, size) = ((&raw mut bytes).cast::<c_void>(), bytes.len() as u64);
    let cases: [(RmsightReadAt, i32, &str); 3] = [
        (Some(read), RmsightProtection::Rms as i32, ""),
        (Some(failing), RmsightProtection::Unknown as i32, "io"),
        (Some(lying), RmsightProtection::Unknown as i32, "io"),
    ];
    for (callback, protection, code) in cases {
        let mut found = detection();
        let status = unsafe {
            rmsight_detect_callback(inspector, callback, user, size, ptr::null(), &mut found)
        };
        assert_eq!(status, RmsightStatus::Ok);
        assert_eq!((found.protection, text_of(&found.error_code)), (protection, code));
        let mut report = 0;
        let status = unsafe {
            rmsight_inspect_callback(inspector, callback, user, size, ptr::null(), &mut report)
        };
        assert_eq!(status, RmsightStatus::Ok);
        assert_eq!(value(report, 0, "error_code"), code);
    }
}

#[test]
fn a_call_is_cancelled_and_has_a_deadline() {
    let inspector = open();
    let bytes = corpus("ooxml-chain8.docx");
    let mut cancel = 0;
    assert_eq!(unsafe { rmsight_cancel_open(&mut cancel) }, RmsightStatus::Ok);
    assert_eq!(rmsight_cancel_raise(cancel), RmsightStatus::Ok);
    let call = RmsightCall { size: size_of::<RmsightCall>(), cancel, deadline_ms: 0 };
    let mut found = detection();
    let (data, len) = (bytes.as_ptr(), bytes.len());
    let status = unsafe { rmsight_detect_bytes(inspector, data, len, &call, &mut found) };
    assert_eq!(status, RmsightStatus::Ok);
    assert_eq!(text_of(&found.error_code), "cancelled");
    // The next call is not cancelled.
    let status = unsafe { rmsight_detect_bytes(inspector, data, len, ptr::null(), &mut found) };
    assert_eq!((status, found.protection), (RmsightStatus::Ok, RmsightProtection::Rms as i32));
    assert_eq!(rmsight_cancel_close(cancel), RmsightStatus::Ok);
    let status = unsafe { rmsight_detect_bytes(inspector, data, len, &call, &mut found) };
    assert_eq!(status, RmsightStatus::InvalidHandle);
}

#[test]
fn a_caller_that_was_compiled_earlier_has_a_shorter_detection() {
    let inspector = open();
    let mut found = detection();
    found.size = std::mem::offset_of!(RmsightDetection, error_offset);
    found.error_offset = 7;
    let bytes = corpus("ooxml-chain8.docx");
    let (data, len) = (bytes.as_ptr(), bytes.len());
    let status = unsafe { rmsight_detect_bytes(inspector, data, len, ptr::null(), &mut found) };
    assert_eq!((status, found.decided), (RmsightStatus::Ok, 1));
    assert!(text_of(&found.slc_key).starts_with("sha256:"));
    assert_eq!(found.error_offset, 7, "bytes after the size of the caller are not written");
}

#[test]
fn an_outlook_data_file_is_read_by_the_program_that_the_caller_names() {
    // Cargo builds the program for the tests of the workspace.
    let folder = std::env::current_exe().unwrap();
    let folder = folder.parent().and_then(|deps| deps.parent()).unwrap();
    let program = folder.join(format!("rmsight-pst-child{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        eprintln!("skipped: `cargo test --workspace` builds {}", program.display());
        return;
    }
    let program = program.to_str().unwrap();
    let inspector = open();
    let bytes = corpus("mailbox.pst");
    let (data, len) = (bytes.as_ptr(), bytes.len());
    let inspect = |call: Option<&RmsightCall>| {
        let call = call.map_or(ptr::null(), ptr::from_ref);
        let mut report = 0;
        let status = unsafe { rmsight_inspect_bytes(inspector, data, len, call, &mut report) };
        assert_eq!(status, RmsightStatus::Ok);
        let mut rows = 0;
        assert_eq!(unsafe { rmsight_report_count(report, &mut rows) }, RmsightStatus::Ok);
        (rows, value(report, 0, "error_code"))
    };
    assert_eq!(inspect(None), (1, "feature-off".to_owned()));
    let set = |path: &str| unsafe {
        rmsight_inspector_set_pst_child(inspector, path.as_ptr(), path.len(), 0, 0)
    };
    assert_eq!(set(program), RmsightStatus::Ok);
    let (rows, code) = inspect(None);
    assert!(rows > 1 && code.is_empty(), "{rows} {code}");
    // A call that is cancelled ends the program.
    let mut cancel = 0;
    assert_eq!(unsafe { rmsight_cancel_open(&mut cancel) }, RmsightStatus::Ok);
    assert_eq!(rmsight_cancel_raise(cancel), RmsightStatus::Ok);
    let call = RmsightCall { size: size_of::<RmsightCall>(), cancel, deadline_ms: 0 };
    assert_eq!(inspect(Some(&call)).1, "cancelled");
    // The change of another option keeps the program.
    let name = b"steps";
    let limit = unsafe { rmsight_inspector_set_limit(inspector, name.as_ptr(), 5, 1 << 40) };
    assert_eq!(limit, RmsightStatus::Ok);
    assert_eq!(inspect(None), (rows, String::new()));
    assert_eq!(set(""), RmsightStatus::Ok);
    assert_eq!(inspect(None).1, "feature-off");
}

#[cfg(unix)]
#[test]
fn a_program_that_hangs_ends_with_the_deadline_of_the_call() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("hangs");
    std::fs::write(&program, "#!/bin/sh\nexec sleep 600\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = program.to_str().unwrap();
    let inspector = open();
    let status =
        unsafe { rmsight_inspector_set_pst_child(inspector, path.as_ptr(), path.len(), 0, 0) };
    assert_eq!(status, RmsightStatus::Ok);
    let bytes = corpus("mailbox.pst");
    let call = RmsightCall { size: size_of::<RmsightCall>(), cancel: 0, deadline_ms: 300 };
    let mut report = 0;
    let status = unsafe {
        rmsight_inspect_bytes(inspector, bytes.as_ptr(), bytes.len(), &call, &mut report)
    };
    assert_eq!(status, RmsightStatus::Ok);
    assert_eq!(value(report, 0, "error_code"), "deadline");
    assert_eq!(value(report, 0, "protection"), "unknown");
}

#[test]
fn mistakes_of_a_caller_have_a_status() {
    let inspector = open();
    let mut found = detection();
    let mut handle = 0;
    let bytes = [0xff_u8];
    let (data, len) = (bytes.as_ptr(), bytes.len());
    let none = ptr::null();
    let null = ptr::null_mut();
    let mut small = detection();
    small.size = 3;
    let mut huge = detection();
    huge.size = 1 << 20;
    let bad_call = RmsightCall { size: 1, cancel: 0, deadline_ms: 0 };
    let missing = b"/does/not/exist";
    unsafe {
        use RmsightStatus::*;
        for (what, status, expected) in [
            ("no inspector", rmsight_detect_bytes(0, data, len, none, &mut found), InvalidHandle),
            ("no result", rmsight_detect_bytes(inspector, data, len, none, null), NullArgument),
            (
                "no bytes",
                rmsight_detect_bytes(inspector, ptr::null(), 1, none, &mut found),
                NullArgument,
            ),
            ("empty", rmsight_detect_bytes(inspector, ptr::null(), 0, none, &mut found), Ok),
            (
                "too long",
                rmsight_detect_bytes(inspector, data, usize::MAX, none, &mut found),
                InvalidSize,
            ),
            (
                "small struct",
                rmsight_detect_bytes(inspector, data, len, none, &mut small),
                InvalidSize,
            ),
            (
                "huge struct",
                rmsight_detect_bytes(inspector, data, len, none, &mut huge),
                InvalidSize,
            ),
            (
                "small call",
                rmsight_detect_bytes(inspector, data, len, &bad_call, &mut found),
                InvalidSize,
            ),
            (
                "no file",
                rmsight_detect_path(inspector, missing.as_ptr(), missing.len(), none, &mut found),
                Io,
            ),
            (
                "no callback",
                rmsight_detect_callback(inspector, None, null_user(), 1, none, &mut found),
                NullArgument,
            ),
            (
                "limit in bad UTF-8",
                rmsight_inspector_set_limit(inspector, data, len, 1),
                InvalidUtf8,
            ),
            (
                "unknown limit",
                rmsight_inspector_set_limit(inspector, b"x".as_ptr(), 1, 1),
                NotFound,
            ),
            ("known limit", rmsight_inspector_set_limit(inspector, b"steps".as_ptr(), 5, 1), Ok),
            (
                "no program",
                rmsight_inspector_set_pst_child(inspector, missing.as_ptr(), missing.len(), 0, 0),
                Io,
            ),
            (
                "a folder as program",
                rmsight_inspector_set_pst_child(inspector, b"/".as_ptr(), 1, 0, 0),
                Io,
            ),
            (
                "no path of a program",
                rmsight_inspector_set_pst_child(inspector, ptr::null(), 1, 0, 0),
                NullArgument,
            ),
            ("bad estate", rmsight_estate_parse(b"[".as_ptr(), 1, &mut handle), InvalidEstate),
            (
                "report of another kind",
                rmsight_judge(inspector, inspector, &mut handle),
                InvalidHandle,
            ),
            ("no handle", rmsight_inspector_open(ptr::null(), ptr::null_mut()), NullArgument),
            ("no text", rmsight_last_error(ptr::null_mut()), NullArgument),
            ("unknown column", rmsight_column_kind(9_999, ptr::null_mut()), NotFound),
        ] {
            assert_eq!(status, expected, "{what}");
        }
    }
    let mut report = 0;
    let mut number = 0;
    let mut text = RmsightText { data: ptr::null(), len: 0 };
    unsafe {
        use RmsightStatus::*;
        assert_eq!(rmsight_inspect_bytes(inspector, data, len, none, &mut report), Ok);
        assert_eq!(rmsight_report_text(report, 1, 0, &mut text), NotFound, "no such row");
        assert_eq!(rmsight_report_text(report, 0, 9_999, &mut text), NotFound, "no such column");
        assert_eq!(rmsight_report_int(report, 0, column("need"), &mut number), WrongType);
        assert_eq!(rmsight_report_text(report, 0, column("slc_key"), &mut text), NoValue);
    }
}

fn null_user() -> *mut c_void {
    ptr::null_mut()
}

#[test]
fn column_ids_are_append_only() {
    // The order is part of the binary interface: add new columns at the end of this list.
    let names: Vec<&str> = rmsight::COLUMNS.iter().map(|column| column.name).collect();
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/columns.txt");
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    let committed: Vec<&str> = committed.lines().collect();
    if std::env::var_os("RMSIGHT_BLESS").is_some() && names.starts_with(&committed) {
        std::fs::write(file, names.join("\n") + "\n").unwrap();
        return;
    }
    assert_eq!(names, committed, "columns.txt lists the ids of columns");
}
