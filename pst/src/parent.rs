//! The parent process: reads the file, and does not trust the child. See [`Reader`].

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _, Seek as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use rmsight::{Cancel, PstError, PstItem, PstReader, ReadAt};

use super::protocol::{Answer, Ask, PIECE};

/// Maximum number of bytes of the child's standard error that are read.
const STDERR_BYTES: u64 = 4096;
/// Interval at which the watching thread checks the cancel flag.
const LOOK: Duration = Duration::from_millis(250);
/// Seconds of processor time beyond the time after which the parent kills the child.
const SPARE: u64 = 5;
/// Message of the standard library for a failed allocation.
const NO_MEMORY: &str = "memory allocation of";

/// Limits of the process that reads one Outlook data file. Several inspectors each have such a process at a
/// time, so the memory of a program is up to the number of its threads times [`memory`](PstLimits::memory).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PstLimits {
    /// Seconds that the child may work on one file (`limit-pst-time`). Time in which the parent
    /// reads or inspects does not count. The default is 600. 0 leaves nothing.
    pub seconds: u64,
    /// Bytes of address space of the child (`limit-pst-memory`). The default is 1 GiB. No effect on systems
    /// that cannot limit it (see the table in the [crate documentation](crate)).
    pub memory: u64,
}

impl Default for PstLimits {
    fn default() -> PstLimits {
        PstLimits { seconds: 600, memory: 1 << 30 }
    }
}

impl PstLimits {
    /// Returns limits of `seconds` of work and `memory` bytes.
    pub fn new(seconds: u64, memory: u64) -> PstLimits {
        PstLimits { seconds, memory }
    }

    /// Returns the processor time that the system grants: more than the time after which the parent
    /// kills the child.
    pub(super) fn processor_time(self) -> Duration {
        Duration::from_secs(self.seconds.saturating_add(SPARE))
    }

    /// Reads the two arguments that [`PstChild`] passes to the child after its own: seconds and
    /// bytes. Returns `None` if they are missing or are not numbers.
    pub fn from_args(args: &mut impl Iterator<Item = String>) -> Option<PstLimits> {
        let mut number = || args.next()?.parse().ok();
        Some(PstLimits { seconds: number()?, memory: number()? })
    }
}

/// The command that starts a child, and the limits of the child.
///
/// The command is a program that calls [`run`](crate::run). The child gets the two arguments of
/// [`PstLimits::from_args`] after those of the command, and an empty environment. One `PstChild` can be used
/// by all threads; each data file has a child of its own.
///
/// ```no_run
/// use rmsight::Inspector;
/// use rmsight_pst::PstChild;
///
/// let child = PstChild::new("/usr/bin/rmsight").arg("pst-child");
/// let inspector = Inspector::builder().pst(child.opener()).build();
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PstChild {
    program: PathBuf,
    args: Vec<OsString>,
    limits: PstLimits,
}

impl PstChild {
    /// Returns the command that starts `program` without arguments, with [`PstLimits::default`]. A name
    /// without a separator is searched for in the paths of the system. Nothing is started yet.
    pub fn new(program: impl Into<PathBuf>) -> PstChild {
        PstChild { program: program.into(), args: Vec::new(), limits: PstLimits::default() }
    }

    /// Adds an argument, which precedes the limits.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Sets the limits of each child. The default is [`PstLimits::default`].
    pub fn limits(mut self, limits: PstLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Starts a child, which reads one data file. It is killed when its time is used up, and within
    /// 250 ms when the inspection of the file is cancelled or its deadline passes.
    ///
    /// # Errors
    /// The program cannot be started. The error names it. If the program starts and is no child of this kind,
    /// the file is `reader-failed`.
    pub fn open(&self) -> io::Result<Box<dyn PstReader>> {
        let reader = Reader::start(self, Duration::from_secs(self.limits.seconds));
        let reader = reader.map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", self.program.display()))
        })?;
        Ok(Box::new(reader))
    }

    /// Returns the function that [`InspectorBuilder::pst`](rmsight::InspectorBuilder::pst) takes. It
    /// starts one child for each data file, as [`open`](PstChild::open) does.
    pub fn opener(self) -> impl Fn() -> io::Result<Box<dyn PstReader>> + Send + Sync + 'static {
        move || self.open()
    }
}

/// A child process that reads one file.
#[derive(Debug)]
pub(super) struct Reader {
    guard: Arc<Guard>,
    to: ChildStdin,
    from: ChildStdout,
    stderr: Option<File>,
    time: Duration,
    memory: u64,
    has_size: bool,
    /// Why the child ended. Later requests return the same error.
    end: Option<PstError>,
    /// Limits of the child, which ends when this is dropped, or with this process.
    #[cfg(windows)]
    _job: rmsight_win::Job,
}

/// Kills a child that takes too long. It runs in its own thread, because the reader blocks on the
/// pipe.
#[derive(Debug)]
struct Guard {
    state: Mutex<ChildState>,
    changed: Condvar,
}

#[derive(Debug)]
struct ChildState {
    child: Child,
    /// Remaining time.
    left: Duration,
    /// Start of the current request.
    since: Option<Instant>,
    is_timed_out: bool,
    is_over: bool,
    /// What ends the inspection of the file early.
    cancel: Option<Cancel>,
    deadline: Option<Instant>,
}

impl Guard {
    fn state(&self) -> MutexGuard<'_, ChildState> {
        self.state.lock().unwrap_or_else(|error| error.into_inner())
    }

    /// Kills the child when its time is used up. Returns when the child has ended.
    fn watch(&self) {
        let mut state = self.state();
        while !state.is_over {
            let left = state.since.map(|since| state.left.saturating_sub(since.elapsed()));
            let until_deadline =
                state.deadline.map(|at| at.saturating_duration_since(Instant::now()));
            let is_cancelled = state.cancel.as_ref().is_some_and(Cancel::is_raised);
            if is_cancelled || until_deadline == Some(Duration::ZERO) {
                state.kill();
                return;
            }
            match left {
                Some(Duration::ZERO) => {
                    state.is_timed_out = true;
                    state.kill();
                    return;
                }
                Some(left) => {
                    let wait = left.min(LOOK).min(until_deadline.unwrap_or(LOOK));
                    let waited = self.changed.wait_timeout(state, wait);
                    state = waited.unwrap_or_else(|error| error.into_inner()).0;
                }
                None => {
                    state = self.changed.wait(state).unwrap_or_else(|error| error.into_inner());
                }
            }
        }
    }

    /// Starts the clock of the child.
    fn begin(&self) {
        self.state().since = Some(Instant::now());
        self.changed.notify_all();
    }

    /// Stops the clock of the child.
    fn pause(&self) {
        let mut state = self.state();
        if let Some(since) = state.since.take() {
            state.left = state.left.saturating_sub(since.elapsed());
        }
    }
}

impl ChildState {
    fn kill(&mut self) {
        // Processes that it may have started are in its process group.
        #[cfg(unix)]
        if let Some(pid) =
            i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw)
        {
            _ = rustix::process::kill_process_group(pid, rustix::process::Signal::KILL);
        }
        _ = self.child.kill();
    }
}

impl Reader {
    /// Starts a child that may work for `time`.
    pub(super) fn start(launch: &PstChild, time: Duration) -> io::Result<Reader> {
        let mut command = Command::new(&launch.program);
        let PstLimits { seconds, memory } = launch.limits;
        command.args(&launch.args).args([seconds.to_string(), memory.to_string()]);
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
        // A file, because a pipe that is not read would block the child.
        let stderr = tempfile::tempfile().ok();
        match stderr.as_ref().and_then(|file| file.try_clone().ok()) {
            Some(file) => command.stderr(file),
            None => command.stderr(Stdio::null()),
        };
        // Ctrl-C must reach only this process, which still stores its results.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        #[cfg(windows)]
        std::os::windows::process::CommandExt::creation_flags(&mut command, 0x0000_0200);
        let mut child = command.spawn()?;
        // It has not read anything yet.
        #[cfg(windows)]
        let job = limited(&mut child, launch.limits)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (to, from) = pipes.ok_or_else(|| io::Error::other("no pipes"))?;
        let state = ChildState {
            child,
            left: time,
            since: None,
            is_timed_out: false,
            is_over: false,
            cancel: None,
            deadline: None,
        };
        let guard = Arc::new(Guard { state: Mutex::new(state), changed: Condvar::new() });
        let watched = Arc::clone(&guard);
        let reader = Reader {
            guard,
            to,
            from,
            stderr,
            time,
            memory,
            has_size: false,
            end: None,
            #[cfg(windows)]
            _job: job,
        };
        // Without the thread nothing would kill the child. Dropping the reader does.
        thread::Builder::new().name("pst".to_owned()).spawn(move || watched.watch())?;
        Ok(reader)
    }

    /// Sends a request, serves the child's requests for bytes of the file, and returns its answer.
    fn ask(&mut self, ask: &Ask, file: &dyn ReadAt) -> Result<Answer, PstError> {
        if let Some(end) = &self.end {
            return Err(again(end));
        }
        let answer = self.exchange(ask, file);
        self.guard.pause();
        answer.map_err(|error| self.end_with(error))
    }

    fn end_with(&mut self, error: PstError) -> PstError {
        self.end = Some(again(&error));
        error
    }

    fn exchange(&mut self, ask: &Ask, file: &dyn ReadAt) -> Result<Answer, PstError> {
        if !self.has_size {
            self.has_size = true;
            let size = file.size().map_err(PstError::Io)?;
            self.send(&Ask::Size(size))?;
        }
        self.send(ask)?;
        loop {
            self.guard.begin();
            let answer = Answer::read(&mut self.from);
            self.guard.pause();
            let (offset, len) = match answer {
                Ok(Answer::Wants { offset, len }) => (offset, len),
                Ok(answer) => return Ok(answer),
                Err(error) => return Err(self.ended(&error)),
            };
            match piece(file, offset, len) {
                Ok(bytes) => self.send(&Ask::File(bytes))?,
                Err(error) => {
                    // The child must not wait. Its answer is ignored.
                    _ = self.send(&Ask::Unreadable);
                    return Err(PstError::Io(error));
                }
            }
        }
    }

    fn send(&mut self, ask: &Ask) -> Result<(), PstError> {
        self.guard.begin();
        let told = ask.write(&mut self.to);
        self.guard.pause();
        told.map_err(|error| self.ended(&error))
    }

    /// Returns why the child does not answer.
    fn ended(&mut self, error: &io::Error) -> PstError {
        let status = {
            let mut state = self.guard.state();
            // The child may be alive and violate the protocol, or about to end with closed pipes.
            let status = match error.kind() {
                io::ErrorKind::InvalidData => None,
                _ => wait_a_little(&mut state.child),
            };
            state.kill();
            let waited = state.child.wait().ok();
            state.is_over = true;
            self.guard.changed.notify_all();
            if state.is_timed_out || status.or(waited).is_some_and(has_spent_its_time) {
                return PstError::Time(self.time.as_secs());
            }
            status
        };
        if self.stderr().contains(NO_MEMORY) {
            return PstError::Memory(self.memory);
        }
        PstError::Failed(match status {
            Some(status) => format!("its reader ended: {status}"),
            None => format!("its reader was ended: {error}"),
        })
    }

    fn stderr(&mut self) -> String {
        let mut words = Vec::new();
        if let Some(file) = &mut self.stderr {
            _ = file.rewind();
            _ = file.take(STDERR_BYTES).read_to_end(&mut words);
        }
        String::from_utf8_lossy(&words).into_owned()
    }
}

/// Returns the exit status of a child that ends within a short time.
fn wait_a_little(child: &mut Child) -> Option<ExitStatus> {
    for _ in 0..50 {
        if let Ok(Some(status)) = child.try_wait() {
            return Some(status);
        }
        thread::sleep(Duration::from_millis(2));
    }
    None
}

#[cfg(unix)]
fn has_spent_its_time(status: ExitStatus) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    status.signal() == Some(rustix::process::Signal::XCPU.as_raw())
}

#[cfg(windows)]
fn has_spent_its_time(status: ExitStatus) -> bool {
    status.code() == Some(rmsight_win::TIME_IS_SPENT)
}

#[cfg(not(any(unix, windows)))]
fn has_spent_its_time(_: ExitStatus) -> bool {
    false
}

/// Puts a child into a job object. A child that cannot be limited is killed.
#[cfg(windows)]
fn limited(child: &mut Child, limits: PstLimits) -> io::Result<rmsight_win::Job> {
    let job_limits =
        rmsight_win::JobLimits { memory: limits.memory, processor_time: limits.processor_time() };
    let job = rmsight_win::Job::new(job_limits);
    job.and_then(|job| job.assign(child).map(|()| job)).inspect_err(|_| {
        _ = child.kill();
        _ = child.wait();
    })
}

/// Reads bytes of the file. Returns fewer bytes only at its end.
fn piece(file: &dyn ReadAt, offset: u64, len: u32) -> io::Result<Vec<u8>> {
    let len = usize::try_from(len).unwrap_or(PIECE).min(PIECE);
    let mut bytes = vec![0; len];
    let mut done = 0;
    while let Some(rest) = bytes.get_mut(done..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(u64::try_from(done).unwrap_or(u64::MAX));
        match file.read_at(at, rest) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(done);
    Ok(bytes)
}

/// Copies an error.
fn again(error: &PstError) -> PstError {
    match error {
        PstError::Malformed(why) => PstError::Malformed(why.clone()),
        PstError::Time(seconds) => PstError::Time(*seconds),
        PstError::Memory(bytes) => PstError::Memory(*bytes),
        PstError::Io(error) => PstError::Io(io::Error::new(error.kind(), error.to_string())),
        PstError::Failed(why) => PstError::Failed(why.clone()),
        other => PstError::Failed(format!("its reader has ended: {other:?}")),
    }
}

impl PstReader for Reader {
    fn interrupted_by(&mut self, cancel: Option<&Cancel>, deadline: Option<Instant>) {
        let mut state = self.guard.state();
        state.cancel = cancel.cloned();
        state.deadline = deadline;
    }

    fn next(&mut self, file: &dyn ReadAt) -> Result<Option<PstItem>, PstError> {
        match self.ask(&Ask::Next, file)? {
            Answer::Attachment(attachment) => Ok(Some(PstItem::Attachment(attachment))),
            Answer::UseLicense(license) => Ok(Some(PstItem::UseLicense(license))),
            Answer::Unread(why) => Ok(Some(PstItem::Unread(why))),
            Answer::End => Ok(None),
            Answer::Malformed(why) => Err(self.end_with(PstError::Malformed(why))),
            Answer::Wants { .. } | Answer::Bytes(_) => Err(self.protocol_error()),
        }
    }

    fn read_at(
        &mut self,
        file: &dyn ReadAt,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<usize, PstError> {
        let len = u32::try_from(buf.len().min(PIECE)).unwrap_or_default();
        match self.ask(&Ask::Attachment { offset, len }, file)? {
            Answer::Bytes(bytes) if bytes.len() <= buf.len() => {
                if let Some(to) = buf.get_mut(..bytes.len()) {
                    to.copy_from_slice(&bytes);
                }
                Ok(bytes.len())
            }
            Answer::Malformed(why) => Err(PstError::Malformed(why)),
            _ => Err(self.protocol_error()),
        }
    }
}

impl Reader {
    /// Ends the child after an answer that does not match the request.
    fn protocol_error(&mut self) -> PstError {
        let kind = io::ErrorKind::InvalidData;
        let error = self.ended(&io::Error::new(kind, "it does not keep to the protocol"));
        self.end_with(error)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let mut state = self.guard.state();
        if !state.is_over {
            state.is_over = true;
            state.kill();
            _ = state.child.wait();
        }
        self.guard.changed.notify_all();
    }
}
