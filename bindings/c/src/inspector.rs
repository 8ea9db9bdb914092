//! Inspectors: detection and inspection of paths, bytes and callbacks.

use std::ffi::c_void;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use rmsight::{Depth, Envelope, Inspector, InspectorBuilder, Limits, Report};
use rmsight_pst::PstChild;

use crate::callback::{CallbackSource, RmsightReadAt};
use crate::cancel::cancel_of;
use crate::detection::{RmsightDetection, write_detection};
use crate::guard::guarded;
use crate::handle::HandleTable;
use crate::input;
use crate::outlook::pst_child;
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

/// Options from which an inspector is built again when one of them changes.
struct InspectorSettings {
    builder: InspectorBuilder,
    limits: Limits,
    pst: Option<PstChild>,
}

impl InspectorSettings {
    fn build(&self) -> Inspector {
        let builder = self.builder.clone().limits(self.limits.clone());
        match &self.pst {
            Some(child) => builder.pst(child.clone().opener()).build(),
            None => builder.build(),
        }
    }
}

struct SharedInspector {
    settings: Mutex<InspectorSettings>,
    inspector: Mutex<Inspector>,
}

impl SharedInspector {
    /// Locks the inspector for one call.
    fn locked(&self) -> Result<MutexGuard<'_, Inspector>, RmsightStatus> {
        self.inspector.try_lock().map_err(|error| match error {
            // A panic ended an earlier call, and the state of the inspector is unknown.
            TryLockError::Poisoned(_) => fail(RmsightStatus::Internal, "an earlier call failed"),
            TryLockError::WouldBlock => {
                fail(RmsightStatus::Busy, "another thread uses the inspector")
            }
        })
    }

    /// Changes the settings, and builds the inspector again.
    fn change(
        &self,
        change: impl FnOnce(&mut InspectorSettings) -> Result<(), RmsightStatus>,
    ) -> Result<RmsightStatus, RmsightStatus> {
        let mut inspector = self.locked()?;
        let mut settings = self.settings.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut settings)?;
        *inspector = settings.build();
        Ok(RmsightStatus::Ok)
    }
}

static INSPECTORS: HandleTable<SharedInspector> = HandleTable::new();

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
            .depth(if options.quick == 0 { Depth::Full } else { Depth::Head })
            .verify(options.no_verify == 0 && options.quick == 0)
            .labels(options.labels != 0)
            .deep(options.deep != 0)
            .fingerprint(options.fingerprint != 0)
            .keep_licenses(false);
        let settings = InspectorSettings { builder, limits, pst: None };
        let inspector = Mutex::new(settings.build());
        let settings = Mutex::new(settings);
        let opened = INSPECTORS.insert(SharedInspector { settings, inspector });
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
        INSPECTORS.get(inspector)?.change(|settings| match settings.limits.set(name, amount) {
            true => Ok(()),
            false => Err(fail(RmsightStatus::NotFound, format!("there is no limit {name:?}"))),
        })
    })
}

/// Sets the program that reads Outlook data files in a separate process: the path of `rmsight-pst-child`. Each
/// such file starts one. Without it these files have the error code `feature-off`; a `len` of 0 takes it away.
/// `seconds` and `memory` (bytes) limit each process; 0 is the default: 600 seconds, 1 GiB.
///
/// The status is `RMSIGHT_STATUS_IO` if there is no such file, and the inspector stays as it was.
///
/// # Safety
/// `path` points to `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rmsight_inspector_set_pst_child(
    inspector: u64,
    path: *const u8,
    len: usize,
    seconds: u64,
    memory: u64,
) -> RmsightStatus {
    guarded(|| {
        // SAFETY: the caller guarantees it.
        let path = path_of(unsafe { input::bytes(path, len) }?)?;
        INSPECTORS.get(inspector)?.change(|settings| {
            settings.pst = match len {
                0 => None,
                _ => Some(pst_child(&path, seconds, memory)?),
            };
            Ok(())
        })
    })
}

/// Closes an inspector.
#[unsafe(no_mangle)]
pub extern "C" fn rmsight_inspector_close(inspector: u64) -> RmsightStatus {
    guarded(|| Ok(INSPECTORS.close(inspector)))
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
    let mut inspector = shared.locked().inspect_err(|status| {
        if *status == RmsightStatus::Internal {
            INSPECTORS.close(handle);
        }
    })?;
    let cancel = cancel_of(call.cancel)?;
    inspector.cancel(&cancel);
    let milliseconds = Duration::from_millis(call.deadline_ms);
    if let Some(at) = Instant::now().checked_add(milliseconds).filter(|_| call.deadline_ms != 0) {
        inspector.deadline(at);
    }
    Ok(work(&mut inspector))
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
