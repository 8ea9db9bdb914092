//! The rights of the child process. They are dropped before it reads the first byte, for good.
//!
//! Each layer is optional: a system that does not have it goes on without. On Windows the parent puts
//! the child into a job object.

use std::time::Duration;

/// The layers of Linux that are in force.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct SandboxLayers {
    pub(super) landlock: bool,
    pub(super) seccomp: bool,
}

/// Drops the rights that reading does not need. An attacker that controls this process has some
/// processor time, some memory and two pipes, but cannot open files, connect, signal or start
/// processes.
pub(super) fn enter(processor_time: Duration, memory: u64) -> SandboxLayers {
    // They need descriptors, which the limits do not leave.
    let layers = layers();
    limits::enter(processor_time, memory);
    layers
}

#[cfg(not(target_os = "linux"))]
fn layers() -> SandboxLayers {
    SandboxLayers::default()
}

#[cfg(target_os = "linux")]
fn layers() -> SandboxLayers {
    let landlock = landlock::enter().is_ok_and(|is_complete| is_complete);
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    let seccomp = seccomp::enter().is_ok();
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    let seccomp = false;
    SandboxLayers { landlock, seccomp }
}

/// Landlock: no names of files, no connections, no signals to other processes. It applies to files
/// that the child could open in place of standard error too, which the limit of descriptors permits.
#[cfg(target_os = "linux")]
mod landlock {
    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetError,
        RulesetStatus, Scope,
    };

    /// The newest version whose rights are dropped. An older kernel drops those that it knows.
    const NEWEST: ABI = ABI::V6;

    /// Returns whether the kernel knows all of these rights.
    pub(super) fn enter() -> Result<bool, RulesetError> {
        let ruleset = Ruleset::default()
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(Scope::from_all(NEWEST))?;
        let status = ruleset.create()?.restrict_self()?;
        Ok(status.ruleset == RulesetStatus::FullyEnforced)
    }
}

/// Seccomp: calls of the system that fail, which reading and a failed allocation do not use.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")
))]
mod seccomp {
    use std::collections::BTreeMap;

    use seccompiler::{BpfProgram, Error, SeccompAction, SeccompFilter, apply_filter};

    /// Other processes and threads, their memory, other programs, sockets, and parts of the kernel that
    /// a reader has no use for.
    const DENIED: &[libc::c_long] = &[
        libc::SYS_add_key,
        libc::SYS_bpf,
        libc::SYS_clone,
        libc::SYS_clone3,
        libc::SYS_execve,
        libc::SYS_execveat,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_fork,
        libc::SYS_io_uring_setup,
        libc::SYS_kexec_load,
        libc::SYS_keyctl,
        libc::SYS_kill,
        libc::SYS_mount,
        libc::SYS_perf_event_open,
        libc::SYS_pidfd_open,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_ptrace,
        libc::SYS_request_key,
        libc::SYS_setns,
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_unshare,
        libc::SYS_userfaultfd,
        #[cfg(target_arch = "x86_64")]
        libc::SYS_vfork,
    ];

    pub(super) fn enter() -> Result<(), Error> {
        let denied: BTreeMap<i64, _> = DENIED.iter().map(|call| (*call, Vec::new())).collect();
        let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
        let arch = std::env::consts::ARCH.try_into()?;
        let filter = SeccompFilter::new(denied, SeccompAction::Allow, refuse, arch)?;
        let program: BpfProgram = filter.try_into()?;
        apply_filter(&program)
    }
}

#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd"
))]
mod limits {
    use std::time::Duration;

    use rustix::process::{Resource, Rlimit, setrlimit};

    /// Limits memory, processor time, files and processes. Unsupported limits are skipped; the parent
    /// still kills a process that takes too long.
    pub(super) fn enter(processor_time: Duration, memory: u64) {
        let none = |resource| limit(resource, 0);
        // At the maximum the kernel sends SIGKILL, which does not tell why. SIGXCPU precedes it.
        let seconds = processor_time.as_secs();
        let maximum = Some(seconds.saturating_add(1));
        _ = setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum });
        limit(Resource::As, memory);
        limit(Resource::Nofile, 3);
        none(Resource::Core);
        none(Resource::Nproc);
        // Pipes are not files. Standard error, a file, has room for the message of a failed
        // allocation.
        limit(Resource::Fsize, 4096);
    }

    fn limit(resource: Resource, most: u64) {
        let most = Some(most);
        _ = setrlimit(resource, Rlimit { current: most, maximum: most });
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd"
)))]
mod limits {
    use std::time::Duration;

    /// Does nothing: this system has no such limits. On Windows the parent sets those of a job.
    pub(super) fn enter(_: Duration, _: u64) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;
    use std::io;
    use std::net::{TcpStream, UdpSocket};
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, ExitStatus, Stdio};
    use std::time::Instant;

    use super::*;

    /// Names the work of this test program when it is started as a child.
    const WORK: &str = "RMSIGHT_PST_WORK";
    /// A folder that the child may try to change.
    const FOLDER: &str = "RMSIGHT_PST_FOLDER";
    const REFUSED: i32 = 42;
    /// The kernel does not have a layer.
    const SKIPPED: i32 = 77;

    /// Does what a child must not do. It ends with [`REFUSED`] if the system refuses.
    #[test]
    fn work_of_a_child() {
        let Ok(work) = std::env::var(WORK) else { return };
        let folder = std::path::PathBuf::from(std::env::var_os(FOLDER).unwrap());
        let file = folder.join("file");
        let layers = enter(Duration::from_secs(1), 256 << 20);
        if layers != (SandboxLayers { landlock: true, seccomp: true }) {
            std::process::exit(SKIPPED);
        }
        let is_refused = match work.as_str() {
            "allocate" => {
                let mut all: Vec<Vec<u8>> = Vec::new();
                (0..512).any(|_| {
                    let mut block: Vec<u8> = Vec::new();
                    let done = block.try_reserve_exact(1 << 20);
                    all.push(block);
                    done.is_err()
                })
            }
            "spin" => {
                let started = Instant::now();
                while started.elapsed() < Duration::from_secs(60) {}
                false
            }
            "spawn" => is_denied(Command::new("/bin/true").status()),
            "thread" => is_denied(std::thread::Builder::new().spawn(|| ())),
            "read" => is_denied(fs::read(&file)),
            "write" => is_denied(fs::write(folder.join("new"), "")),
            "remove" => is_denied(fs::remove_file(&file)),
            "rename" => is_denied(fs::rename(&file, folder.join("renamed"))),
            "folder" => is_denied(fs::create_dir(folder.join("created"))),
            "connect" => is_denied(TcpStream::connect("127.0.0.1:9")),
            "datagram" => is_denied(UdpSocket::bind("127.0.0.1:0")),
            // What reading needs.
            "work" => (0..100).map(|at| vec![1_u8; at << 10].len()).sum::<usize>() > 0,
            _ => false,
        };
        std::process::exit(if is_refused { REFUSED } else { 0 });
    }

    fn is_denied<T>(done: io::Result<T>) -> bool {
        // EPERM, EACCES, EMFILE, EAGAIN
        done.is_err_and(|error| matches!(error.raw_os_error(), Some(1 | 13 | 24 | 11)))
    }

    fn ended(work: &str) -> ExitStatus {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "kept").unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "sandbox::tests::work_of_a_child", "--nocapture"]);
        command.env(WORK, work).env(FOLDER, folder.path());
        let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        // Whatever the child tried, nothing has changed.
        let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap()).collect();
        assert_eq!(names.len(), 1, "{work}");
        assert_eq!(fs::read(folder.path().join("file")).unwrap(), b"kept", "{work}");
        status
    }

    #[test]
    fn a_child_that_allocates_spawns_connects_or_changes_files_is_refused() {
        for work in [
            "allocate", "spawn", "thread", "read", "write", "remove", "rename", "folder",
            "connect", "datagram", "work",
        ] {
            match ended(work).code() {
                Some(SKIPPED) => eprintln!("skipped: this kernel lacks Landlock or seccomp"),
                code => assert_eq!(code, Some(REFUSED), "{work}"),
            }
        }
    }

    #[test]
    fn a_child_that_spins_is_ended_after_its_processor_time() {
        let status = ended("spin");
        if status.code() != Some(SKIPPED) {
            assert_eq!(status.signal(), Some(rustix::process::Signal::XCPU.as_raw()));
        }
    }
}
