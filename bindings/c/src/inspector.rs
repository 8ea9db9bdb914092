//! Inspectors: detection and inspection of paths, bytes and callbacks.

use std::ffi::c_void;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, TryLockError};
use std::time::{Duration, Instant};
use std::{fs, io, mem, ptr};

use rmsight::{
    Cancel, Depth, Detection, Envelope, Inspector, InspectorBuilder, Limits, Protection, ReadAt,
    Report,
};

use crate::guard::guarded;
use crate::handle::HandleTable;
use crate::input;
use crate::report;
use crate::status::{RmsightStatus, fail};

/// Options of an inspector. A zero is the default.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RmsightOptions {
    /// Size of this struct in bytes. The caller sets it.
    pub size: usize,
    /// 1: small budgets, for a gateway that reads hostile files.
    pub strict: u8,
    /// 1: signatures are not checked.
    pub no_verify: u8,
    /// 1: only the head of each license is read. Implies `no_verify`.
    pub quick: u8,
    /// 1: sensitivity labels outside of licenses are read.
    pub labels: u8,
    /// 1: files inside of documents are inspected too.
    pub deep: u8,
    /// 1: the SHA-256 of each license is computed.
    pub fingerprint: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// Options of one call. A zero is the default.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RmsightCall {
    /// Size of this struct in bytes. The caller sets it.
    pub size: usize,
    /// Handle of `rmsight_cancel_open`; 0: the call cannot be cancelled.
    pub cancel: u64,
    /// Milliseconds after which the call ends with the error code `deadline`; 0: never.
    pub deadline_ms: u64,
}

/// Whether a file is protected.
#[repr(i32)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RmsightProtection {
    /// The file was not read far enough to tell. Never treat it as `NONE`.
    Unknown = 0,
    /// Not protected. Everything in the file was read.
    None = 1,
    /// Rights-protected.
    Rms = 2,
    /// Protected by a password.
    Password = 3,
    /// Protected by another security handler.
    Other = 4,
}

/// Answer of `rmsight_detect_*`. Texts end with a NUL.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct RmsightDetection {
    /// Size of this struct in bytes. The caller sets it before the call.
    pub size: usize,
    /// An `RmsightProtection`.
    pub protection: i32,
    /// 1 if the question is answered: `protection` is not `UNKNOWN`.
    pub decided: u8,
    /// 1 if the whole file was searched. A license ends the search early.
    pub searched: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// Format of the file or member that decided, such as `ooxml-irm`.
    pub container: [u8; 24],
    /// Why something was not read, such as `truncated`; empty without an error.
    pub error_code: [u8; 40],
    /// Key of the server that opens the file, `sha256:` and 64 hex digits; empty if unknown.
    pub slc_key: [u8; 80],
}

/// Reads up to `len` bytes at `offset` into `buffer`. Returns the number of bytes, which is less than `len`
/// only at the end, or a negative number for an error. It must not unwind.
pub type RmsightReadAt = Option<
    unsafe extern "C" fn(user: *mut c_void, offset: u64, buffer: *mut u8, len: usize) -> i64,
>;

struct SharedInspector {
    builder: Mutex<(InspectorBuilder, Limits)>,
    inspector: Mutex<Inspector>,
}

static INSPECTORS: HandleTable<SharedInspector> = HandleTable::new();
static CANCELS: HandleTable<Cancel> = HandleTable::new();

/// Opens an inspector. Keep it for many files: its buffers are reused. `options` may be null.
///
/// # Safety
/// `options` is null or points to a struct of the size that its first field states. `handle` is null or points
/// to a `uint64_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_inspector_open(
    options: *const RmsightOptions,
    handle: *mut u64,
) -> RmsightStatus {
    guarded(|| {
        let default = RmsightOptions {
            size: size_of::<RmsightOptions>(),
            strict: 0,
            no_verify: 0,
            quick: 0,
            labels: 0,
            deep: 0,
            fingerprint: 0,
            reserved: [0; 2],
        };
        // SAFETY: the caller guarantees it. The struct consists of integers.
        let options = unsafe { input::sized(options, default) }?;
        if handle.is_null() {
            return Err(fail(RmsightStatus::NullArgument, "the pointer for the handle is null"));
        }
        let limits = if options.strict == 0 { Limits::default() } else { Limits::strict() };
        let builder = Inspector::builder()
            .limits(limits.clone())
            .depth(if options.quick == 0 { Depth::Full } else { Depth::Head })
            .verify(options.no_verify == 0 && options.quick == 0)
            .labels(options.labels != 0)
            .deep(options.deep != 0)
            .fingerprint(options.fingerprint != 0)
            .keep_licenses(false);
        let inspector = Mutex::new(builder.clone().build());
        let builder = Mutex::new((builder, limits));
        let opened = INSPECTORS.insert(SharedInspector { builder, inspector });
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(handle, opened) })
    })
}

/// Sets one limit by its name: `steps` of the error code `limit-steps`.
///
/// # Safety
/// `name` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_inspector_set_limit(
    inspector: u64,
    name: *const u8,
    len: usize,
    amount: u64,
) -> RmsightStatus {
    guarded(|| {
        // SAFETY: the caller guarantees it.
        let name = unsafe { input::text(name, len) }?;
        let shared = INSPECTORS.get(inspector)?;
        let mut own = free(shared.inspector.try_lock())?;
        let mut settings = free(shared.builder.try_lock())?;
        let (builder, limits) = &mut *settings;
        if !limits.set(name, amount) {
            return Err(fail(RmsightStatus::NotFound, format!("there is no limit {name:?}")));
        }
        *builder = builder.clone().limits(limits.clone());
        *own = builder.clone().build();
        Ok(RmsightStatus::Ok)
    })
}

/// Closes an inspector.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_inspector_close(inspector: u64) -> RmsightStatus {
    guarded(|| Ok(INSPECTORS.close(inspector)))
}

/// Opens a cancel handle, by which another thread ends a call.
///
/// # Safety
/// `handle` is null or points to a `uint64_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_cancel_open(handle: *mut u64) -> RmsightStatus {
    guarded(|| {
        if handle.is_null() {
            return Err(fail(RmsightStatus::NullArgument, "the pointer for the handle is null"));
        }
        let opened = CANCELS.insert(Cancel::new());
        // SAFETY: the caller guarantees it.
        Ok(unsafe { input::write(handle, opened) })
    })
}

/// Ends the calls that use the handle, now and later. Their records have the error code `cancelled`.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_cancel_raise(cancel: u64) -> RmsightStatus {
    guarded(|| {
        CANCELS.get(cancel)?.raise();
        Ok(RmsightStatus::Ok)
    })
}

/// Closes a cancel handle. Calls that use it go on.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_cancel_close(cancel: u64) -> RmsightStatus {
    guarded(|| Ok(CANCELS.close(cancel)))
}

/// Detects whether the file at a path is rights-protected. The path is UTF-8 on Windows, and any bytes on other
/// systems. `call` may be null.
///
/// # Safety
/// `path` points to `len` bytes. `call` is null or points to a struct of the size that its first field states.
/// `detection` points to a struct of the size that its first field states, which may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_detect_path(
    inspector: u64,
    path: *const u8,
    len: usize,
    call: *const RmsightCall,
    detection: *mut RmsightDetection,
) -> RmsightStatus {
    guarded(|| {
        // SAFETY: the caller guarantees it.
        let path = path_of(unsafe { input::bytes(path, len) }?)?;
        // SAFETY: the caller guarantees it.
        let found = unsafe { with(inspector, call, |inspector| inspector.detect_path(&path)) }?;
        // SAFETY: the caller guarantees it.
        unsafe { write_detection(&found.map_err(unread)?, detection) }
    })
}

/// Detects whether bytes in memory are a rights-protected file. `call` may be null.
///
/// # Safety
/// As for `rmsight_detect_path`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_detect_bytes(
    inspector: u64,
    data: *const u8,
    len: usize,
    call: *const RmsightCall,
    detection: *mut RmsightDetection,
) -> RmsightStatus {
    guarded(|| {
        // SAFETY: the caller guarantees it.
        let bytes = unsafe { input::bytes(data, len) }?;
        // SAFETY: the caller guarantees it.
        let found = unsafe { with(inspector, call, |inspector| inspector.detect_bytes(bytes)) }?;
        // SAFETY: the caller guarantees it.
        unsafe { write_detection(&found, detection) }
    })
}

/// Detects whether the bytes that a callback reads are a rights-protected file. `call` may be null.
///
/// # Safety
/// As for `rmsight_detect_path`. `read` may be called with `user` until this function returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_detect_callback(
    inspector: u64,
    read: RmsightReadAt,
    user: *mut c_void,
    size: u64,
    call: *const RmsightCall,
    detection: *mut RmsightDetection,
) -> RmsightStatus {
    guarded(|| {
        let source = CallbackSource::new(read, user, size)?;
        // SAFETY: the caller guarantees it.
        let found = unsafe { with(inspector, call, |inspector| inspector.detect(&source)) }?;
        // SAFETY: the caller guarantees it.
        unsafe { write_detection(&found.map_err(unread)?, detection) }
    })
}

/// Inspects the file at a path and opens its report. The path is UTF-8 on Windows, and any bytes on other
/// systems. `call` may be null.
///
/// # Safety
/// `path` points to `len` bytes. `call` is null or points to a struct of the size that its first field states.
/// `report` is null or points to a `uint64_t` that may be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_inspect_path(
    inspector: u64,
    path: *const u8,
    len: usize,
    call: *const RmsightCall,
    report: *mut u64,
) -> RmsightStatus {
    guarded(|| {
        // SAFETY: the caller guarantees it.
        let path = path_of(unsafe { input::bytes(path, len) }?)?;
        let envelope = envelope(&path);
        // SAFETY: the caller guarantees it.
        let found = unsafe { with(inspector, call, |inspector| inspector.inspect_path(&path)) }?;
        let found = found.unwrap_or_else(|error| Report::unopened(&error));
        // SAFETY: the caller guarantees it.
        unsafe { open_report(envelope, &found, report) }
    })
}

/// Inspects bytes in memory and opens their report. `call` may be null.
///
/// # Safety
/// As for `rmsight_inspect_path`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_inspect_bytes(
    inspector: u64,
    data: *const u8,
    len: usize,
    call: *const RmsightCall,
    report: *mut u64,
) -> RmsightStatus {
    guarded(|| {
        // SAFETY: the caller guarantees it.
        let bytes = unsafe { input::bytes(data, len) }?;
        // SAFETY: the caller guarantees it.
        let found = unsafe { with(inspector, call, |inspector| inspector.inspect_bytes(bytes)) }?;
        let mut envelope = Envelope::new("");
        envelope.size = u64::try_from(len).ok();
        // SAFETY: the caller guarantees it.
        unsafe { open_report(envelope, &found, report) }
    })
}

/// Inspects the bytes that a callback reads and opens their report. `call` may be null.
///
/// # Safety
/// As for `rmsight_inspect_path`. `read` may be called with `user` until this function returns.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_inspect_callback(
    inspector: u64,
    read: RmsightReadAt,
    user: *mut c_void,
    size: u64,
    call: *const RmsightCall,
    report: *mut u64,
) -> RmsightStatus {
    guarded(|| {
        let source = CallbackSource::new(read, user, size)?;
        // SAFETY: the caller guarantees it.
        let found = unsafe { with(inspector, call, |inspector| inspector.inspect(&source)) }?;
        let found = found.map_err(unread)?;
        let mut envelope = Envelope::new("");
        envelope.size = Some(size);
        // SAFETY: the caller guarantees it.
        unsafe { open_report(envelope, &found, report) }
    })
}

/// Runs `work` with an inspector and the options of one call.
///
/// # Safety
/// `call` is null or points to a struct of the size that its first field states.
unsafe fn with<T>(
    handle: u64,
    call: *const RmsightCall,
    work: impl FnOnce(&mut Inspector) -> T,
) -> Result<T, RmsightStatus> {
    let default = RmsightCall { size: size_of::<RmsightCall>(), cancel: 0, deadline_ms: 0 };
    // SAFETY: the caller guarantees it. The struct consists of integers.
    let call = unsafe { input::sized(call, default) }?;
    let shared = INSPECTORS.get(handle)?;
    let mut inspector = match shared.inspector.try_lock() {
        // A panic ended an earlier call, and the state of the inspector is unknown.
        Err(TryLockError::Poisoned(_)) => {
            INSPECTORS.close(handle);
            return Err(fail(RmsightStatus::Internal, "an earlier call failed"));
        }
        other => free(other)?,
    };
    if call.cancel != 0 {
        let cancel = CANCELS.get(call.cancel)?;
        inspector.cancel(&cancel);
    }
    if call.deadline_ms != 0
        && let Some(at) = Instant::now().checked_add(Duration::from_millis(call.deadline_ms))
    {
        inspector.deadline(at);
    }
    Ok(work(&mut inspector))
}

fn free<T>(locked: Result<T, TryLockError<T>>) -> Result<T, RmsightStatus> {
    locked.map_err(|_| fail(RmsightStatus::Busy, "another thread uses the inspector"))
}

fn unread(error: rmsight::Error) -> RmsightStatus {
    fail(RmsightStatus::Io, error.to_string())
}

#[cfg(unix)]
fn path_of(bytes: &[u8]) -> Result<PathBuf, RmsightStatus> {
    use std::os::unix::ffi::OsStrExt;
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(bytes)))
}

#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Result<PathBuf, RmsightStatus> {
    let text = std::str::from_utf8(bytes);
    text.map(PathBuf::from).map_err(|error| {
        fail(RmsightStatus::InvalidUtf8, format!("the path is not UTF-8: {error}"))
    })
}

/// Returns the envelope of a file: its path, size and time of change.
fn envelope(path: &Path) -> Envelope<'static> {
    let envelope = Envelope::of_path(path).into_owned();
    match fs::metadata(path) {
        Ok(metadata) => envelope.with_metadata(&metadata),
        Err(_) => envelope,
    }
}

/// Opens a report, judged without an estate.
///
/// # Safety
/// `handle` is null or points to a `uint64_t` that may be written.
unsafe fn open_report(
    envelope: Envelope<'static>,
    found: &Report,
    handle: *mut u64,
) -> Result<RmsightStatus, RmsightStatus> {
    if handle.is_null() {
        return Err(fail(RmsightStatus::NullArgument, "the pointer for the handle is null"));
    }
    let opened = report::open(envelope, found);
    // SAFETY: the caller guarantees it.
    Ok(unsafe { input::write(handle, opened) })
}

/// Writes as much of a detection as the struct of the caller has.
///
/// # Safety
/// `to` is null or points to a struct of the size that its first field states, which may be written.
unsafe fn write_detection(
    found: &Detection,
    to: *mut RmsightDetection,
) -> Result<RmsightStatus, RmsightStatus> {
    if to.is_null() {
        return Err(fail(RmsightStatus::NullArgument, "the pointer for the detection is null"));
    }
    // SAFETY: the first field is the size.
    let size = unsafe { to.cast::<usize>().read_unaligned() };
    if size < mem::offset_of!(RmsightDetection, container) || size > 4096 {
        let text = format!("a detection does not have {size} bytes");
        return Err(fail(RmsightStatus::InvalidSize, text));
    }
    let protection = match found.protection() {
        Protection::None => RmsightProtection::None,
        Protection::Rms => RmsightProtection::Rms,
        Protection::Password => RmsightProtection::Password,
        Protection::Other => RmsightProtection::Other,
        _ => RmsightProtection::Unknown,
    };
    let mut detection = RmsightDetection {
        size,
        protection: discriminant(protection),
        decided: u8::from(found.is_decided()),
        searched: u8::from(found.is_searched()),
        reserved: [0; 2],
        container: [0; 24],
        error_code: [0; 40],
        slc_key: [0; 80],
    };
    terminated(found.container().as_str(), &mut detection.container);
    terminated(found.error_code().map_or("", |code| code.as_str()), &mut detection.error_code);
    terminated(found.slc_key().unwrap_or(""), &mut detection.slc_key);
    let known = size.min(size_of::<RmsightDetection>());
    // SAFETY: both have at least `known` bytes and do not overlap, because `detection` is local.
    unsafe {
        ptr::copy_nonoverlapping((&raw const detection).cast::<u8>(), to.cast::<u8>(), known)
    };
    Ok(RmsightStatus::Ok)
}

fn discriminant(protection: RmsightProtection) -> i32 {
    match protection {
        RmsightProtection::Unknown => 0,
        RmsightProtection::None => 1,
        RmsightProtection::Rms => 2,
        RmsightProtection::Password => 3,
        RmsightProtection::Other => 4,
    }
}

/// Copies a text, and leaves at least one NUL at the end.
fn terminated(text: &str, to: &mut [u8]) {
    let room = to.len().saturating_sub(1);
    for (to, from) in to.iter_mut().take(room).zip(text.bytes()) {
        *to = from;
    }
}

/// A source of bytes that the caller reads.
struct CallbackSource {
    read: unsafe extern "C" fn(*mut c_void, u64, *mut u8, usize) -> i64,
    user: *mut c_void,
    size: u64,
}

impl CallbackSource {
    fn new(
        read: RmsightReadAt,
        user: *mut c_void,
        size: u64,
    ) -> Result<CallbackSource, RmsightStatus> {
        let read = read.ok_or_else(|| fail(RmsightStatus::NullArgument, "the callback is null"))?;
        Ok(CallbackSource { read, user, size })
    }
}

impl ReadAt for CallbackSource {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        // SAFETY: the caller guarantees that the callback may be called. The buffer has the stated length.
        let read = unsafe { (self.read)(self.user, offset, buf.as_mut_ptr(), buf.len()) };
        let read = usize::try_from(read)
            .map_err(|_| io::Error::other(format!("the callback returned {read}")))?;
        if read > buf.len() {
            return Err(io::Error::other("the callback returned more bytes than were requested"));
        }
        Ok(read)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}
