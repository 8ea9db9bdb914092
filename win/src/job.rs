//! Job objects: limits of a child process.

use std::ffi::c_void;
use std::io;
use std::mem::size_of;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::process::Child;
use std::ptr::null;
use std::time::Duration;

use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT_ACTIVE_PROCESS,
    JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOB_OBJECT_LIMIT_PROCESS_MEMORY, JOB_OBJECT_LIMIT_PROCESS_TIME,
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject,
};

/// The exit code of a process that has used up its processor time (ERROR_NOT_ENOUGH_QUOTA).
pub const TIME_IS_SPENT: i32 = 1816;

/// What one process may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JobLimits {
    /// Bytes of committed memory. Beyond it, allocations fail.
    pub memory: u64,
    /// Processor time. The system ends the process with [`TIME_IS_SPENT`] after it.
    pub processor_time: Duration,
}

/// A job object with a single process in it. The process cannot start another one, cannot leave the
/// job, and ends when this value is dropped, or when this process ends.
///
/// The crate `win32job` does not have limits of memory, time and processes.
#[derive(Debug)]
pub struct Job(OwnedHandle);

impl Job {
    /// Creates a job without a process.
    ///
    /// # Errors
    /// The error of the system.
    pub fn new(limits: JobLimits) -> io::Result<Job> {
        // SAFETY: null pointers mean the default security and no name.
        let handle = unsafe { CreateJobObjectW(null(), null()) };
        if handle.is_null() {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the call above has succeeded, so `handle` is open, and nothing else closes it.
        let job = Job(unsafe { OwnedHandle::from_raw_handle(handle) });
        let mut info = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
        info.BasicLimitInformation.LimitFlags = JOB_OBJECT_LIMIT_ACTIVE_PROCESS
            | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION
            | JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
            | JOB_OBJECT_LIMIT_PROCESS_MEMORY
            | JOB_OBJECT_LIMIT_PROCESS_TIME;
        info.BasicLimitInformation.ActiveProcessLimit = 1;
        info.ProcessMemoryLimit = usize::try_from(limits.memory).unwrap_or(usize::MAX);
        // In units of 100 nanoseconds.
        let time = limits.processor_time.as_nanos() / 100;
        info.BasicLimitInformation.PerProcessUserTimeLimit =
            i64::try_from(time).unwrap_or(i64::MAX);
        let class = JobObjectExtendedLimitInformation;
        let source: *const c_void = (&raw const info).cast();
        let size = u32::try_from(size_of::<JOBOBJECT_EXTENDED_LIMIT_INFORMATION>())
            .map_err(io::Error::other)?;
        // SAFETY: the handle is open as long as `job` exists. `source` points to `size` bytes of the
        // structure that belongs to `class`, which outlives the call.
        let done = unsafe { SetInformationJobObject(job.0.as_raw_handle(), class, source, size) };
        if done == 0 { Err(io::Error::last_os_error()) } else { Ok(job) }
    }

    /// Puts a process into the job.
    ///
    /// # Errors
    /// The error of the system, also if the process has ended.
    pub fn assign(&self, child: &Child) -> io::Result<()> {
        // SAFETY: both handles are open as long as `self` and `child` are borrowed.
        let done =
            unsafe { AssignProcessToJobObject(self.0.as_raw_handle(), child.as_raw_handle()) };
        if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};
    use std::time::Instant;

    use super::*;

    const LIMITS: JobLimits =
        JobLimits { memory: 64 << 20, processor_time: Duration::from_secs(1) };

    /// Names the work of this test program when it is started as a child.
    const WORK: &str = "RMSIGHT_WIN_CHILD";

    fn child(work: &str) -> (Job, Child) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "job::tests::work_of_a_child", "--nocapture"]).env(WORK, work);
        let child = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = child.spawn().unwrap();
        let job = Job::new(LIMITS).unwrap();
        job.assign(&child).unwrap();
        (job, child)
    }

    #[test]
    fn work_of_a_child() {
        match std::env::var(WORK).as_deref() {
            // Allocates until an allocation fails, which is the expected end.
            Ok("allocate") => {
                _ = io::stdin().lines().next();
                let mut all = Vec::new();
                for _ in 0..256 {
                    let mut block: Vec<u8> = Vec::new();
                    if block.try_reserve_exact(1 << 20).is_err() {
                        std::process::exit(42);
                    }
                    block.resize(1 << 20, 1);
                    all.push(block);
                }
            }
            Ok("spin") => {
                _ = io::stdin().lines().next();
                let started = Instant::now();
                while started.elapsed() < Duration::from_secs(60) {}
            }
            Ok("spawn") => {
                _ = io::stdin().lines().next();
                let spawned = Command::new("cmd").args(["/c", "exit"]).status();
                std::process::exit(if spawned.is_err() { 43 } else { 0 });
            }
            Ok("wait") => _ = io::stdin().lines().next(),
            _ => {}
        }
    }

    /// Lets a child begin, and returns its exit code.
    fn ended(work: &str) -> Option<i32> {
        let (_job, mut child) = child(work);
        drop(child.stdin.take());
        child.wait().unwrap().code()
    }

    #[test]
    fn a_child_ends_with_its_job() {
        let (job, mut child) = child("wait");
        drop(job);
        let started = Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < Duration::from_secs(30));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    #[ignore = "Wine 8 does not enforce these limits; run it on Windows"]
    fn a_child_that_allocates_spins_or_spawns_is_stopped() {
        assert_eq!(ended("allocate"), Some(42));
        assert_eq!(ended("spin"), Some(TIME_IS_SPENT));
        assert_eq!(ended("spawn"), Some(43));
    }
}
