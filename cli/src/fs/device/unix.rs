//! File systems on Unix, by the mount table.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::name::Device;

/// Known file systems, by their current device number and mount number.
#[derive(Debug, Default)]
pub(crate) struct Devices(Mutex<HashMap<(u64, u64), Device>>);

impl Devices {
    /// Returns the file system with the device number `number` in the mount `mount` (0 if unknown).
    /// `id` returns the identity of the file system itself (`f_fsid`; 0 if it does not have one).
    /// It is called only for numbers that are not cached.
    pub(crate) fn of(&self, number: u64, mount: u64, id: impl FnOnce() -> u64) -> Device {
        if let Some(known) = self.known(number, mount) {
            return known;
        }
        // Not under the lock, because this can hang.
        let device = device(number, mount, id());
        self.lock().entry((number, mount)).or_insert(device).clone()
    }

    /// Returns the file system with these numbers if [`Devices::of`] returned it before.
    pub(crate) fn known(&self, number: u64, mount: u64) -> Option<Device> {
        self.lock().get(&(number, mount)).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<(u64, u64), Device>> {
        self.0.lock().unwrap_or_else(|error| error.into_inner())
    }
}

fn device(number: u64, mount: u64, id: u64) -> Device {
    let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
    let mounts = mountinfo();
    with_top(named(&mounts, major, minor, id).0, &mounts, mount)
}

fn with_top(mut device: Device, mounts: &str, mount: u64) -> Device {
    if let Some(top) = top_of(mounts, mount) {
        device.name = format!("{} {top}", device.name).into();
    }
    device
}

/// Returns proc_pid_mountinfo(5); empty if the system does not have this file.
fn mountinfo() -> String {
    let bytes = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A file system that is mounted in a folder.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) path: PathBuf,
    /// Mount number.
    pub(crate) number: u64,
    /// Name of a share. It must not be looked up, because a share can hang.
    pub(crate) share: Option<Arc<str>>,
    /// A read waits for a network or for another process.
    is_remote: bool,
}

/// Returns the mount points inside a folder, without one on the folder itself. The path of the
/// folder must not contain links.
pub(crate) fn mounts_in(folder: &Path) -> Vec<Mount> {
    let mounts = mountinfo();
    mounts
        .lines()
        .filter_map(|line| mounted(&mounts, line))
        .filter(|mount| mount.path != folder && mount.path.starts_with(folder))
        .collect()
}

/// Returns whether a folder or file is on a remote file system, or may contain one. The path must
/// not contain links. Reads only the mount table.
pub(crate) fn is_remote(path: &Path, one_file_system: bool) -> bool {
    is_remote_in(&mountinfo(), path, one_file_system)
}

fn is_remote_in(mounts: &str, path: &Path, one_file_system: bool) -> bool {
    let all: Vec<Mount> = mounts.lines().filter_map(|line| mounted(mounts, line)).collect();
    let above = all.iter().filter(|mount| path.starts_with(&mount.path));
    // Of two mounts on one folder, the later one covers the other.
    let own = above.max_by_key(|mount| mount.path.components().count());
    let mut inside = all.iter().filter(|mount| mount.path.starts_with(path));
    own.is_some_and(|mount| mount.is_remote)
        || (!one_file_system && inside.any(|mount| mount.is_remote))
}

/// Parses a line of `mountinfo`.
fn mounted(mounts: &str, line: &str) -> Option<Mount> {
    use std::os::unix::ffi::OsStringExt as _;
    let mut fields = line.split(' ');
    let number = fields.next()?.parse().ok()?;
    let (major, minor) = fields.nth(1)?.split_once(':')?;
    let path = std::ffi::OsString::from_vec(unescaped(fields.nth(1)?)).into();
    let (device, is_share) = named(mounts, major.parse().ok()?, minor.parse().ok()?, 0);
    let share = is_share.then(|| with_top(device, mounts, number).name);
    let kind = line.split_once(" - ").map_or("", |(_, system)| system);
    let kind = kind.split(' ').next().unwrap_or_default();
    let is_remote = is_share
        || kind.starts_with("fuse.")
        || matches!(kind, "9p" | "afs" | "beegfs" | "ceph" | "gpfs" | "lustre");
    Some(Mount { path, number, share, is_remote })
}

/// Replaces the octal escapes of `mountinfo`: space, tab, line feed and backslash.
fn unescaped(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut parts = text.split('\\');
    bytes.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        match part.split_at_checked(3).map(|(code, rest)| (u8::from_str_radix(code, 8), rest)) {
            Some((Ok(byte), rest)) => {
                bytes.push(byte);
                bytes.extend_from_slice(rest.as_bytes());
            }
            _ => {
                bytes.push(b'\\');
                bytes.extend_from_slice(part.as_bytes());
            }
        }
    }
    bytes
}

/// Returns the folder of its file system that a mount shows, unless it is the root folder. It
/// distinguishes a folder that is mounted a second time (a bind mount) from the folder that it
/// covers.
fn top_of(mounts: &str, mount: u64) -> Option<&str> {
    let mount = mount.to_string();
    let mut lines = mounts.lines().map(|line| line.split(' '));
    let mut line = lines.find(|line| line.clone().next() == Some(mount.as_str()))?;
    line.nth(3).filter(|top| *top != "/")
}

/// Returns the name of a file system. A share has the same name after a remount, although its number
/// changes. Any other file system is named by its number and by `id`, because another disk can get the
/// number after an unmount. Also returns whether it is a share.
fn named(mounts: &str, major: u32, minor: u32, id: u64) -> (Device, bool) {
    let number = format!("{major}:{minor}");
    let found = mounts.lines().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        let (kind, source) = (system.next()?, system.next()?);
        (mount.split(' ').nth(2)? == number).then_some((kind, source))
    });
    let (kind, source) = found.unwrap_or(("device", ""));
    let is_smb = matches!(kind, "cifs" | "smb3" | "smbfs");
    let is_share = is_smb || kind.starts_with("nfs") || source.contains(":/");
    let name = match is_share {
        true => format!("{kind} {source}"),
        false if id != 0 => format!("{kind} {number} {id:016x}"),
        false => format!("{kind} {number}"),
    };
    (Device { name: name.into(), is_smb }, is_share)
}

#[cfg(test)]
mod tests {
    use super::{named, top_of};

    #[test]
    fn shares_have_the_name_of_their_server_and_disks_their_number() {
        let mounts = "\
36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext4 /dev/root rw
40 35 0:52 / /mnt/fs1 rw shared:9 - cifs //fs1/share rw,vers=3.1.1
41 35 0:53 / /mnt/nas rw - nfs4 nas:/export rw
42 35 0:54 / /mnt/ram rw - tmpfs none rw
";
        let cases = [
            ((98, 0), "ext4 98:0 00000000000000ab", false),
            ((0, 52), "cifs //fs1/share", true),
            ((0, 53), "nfs4 nas:/export", false),
            ((0, 54), "tmpfs 0:54 00000000000000ab", false),
            ((7, 7), "device 7:7 00000000000000ab", false),
        ];
        for ((major, minor), name, is_smb) in cases {
            let (device, _) = named(mounts, major, minor, 0xab);
            assert_eq!((&*device.name, device.is_smb), (name, is_smb));
        }
        assert_eq!(&*named(mounts, 98, 0, 0).0.name, "ext4 98:0");
        for (mount, expected) in [(36, Some("/mnt1")), (40, None), (7, None), (0, None)] {
            assert_eq!(top_of(mounts, mount), expected, "{mount}");
        }
        let line = r"43 35 0:52 /sub /mnt/a\040b\134 rw - cifs //fs1/share rw";
        let share = Some("cifs //fs1/share".into());
        let expected =
            super::Mount { path: r"/mnt/a b\".into(), number: 43, share, is_remote: true };
        assert_eq!(super::mounted(mounts, line), Some(expected));
    }

    #[test]
    fn the_mount_table_says_which_paths_are_remote() {
        let mounts = "\
20 1 98:0 / / rw - ext4 /dev/root rw
36 20 98:1 / /mnt rw - ext4 /dev/data rw
40 36 0:52 / /mnt/fs1 rw - cifs //fs1/share rw
44 40 98:2 / /mnt/fs1/disk rw - ext4 /dev/disk rw
45 20 0:60 / /srv/blob rw - fuse.blobfuse2 blobfuse2 rw
46 20 98:3 / /over rw - ext4 /dev/over rw
47 46 0:53 / /over rw - nfs4 nas:/export rw
48 20 0:54 / /run rw - tmpfs none rw
";
        // The path, with its mount points, and without them.
        let cases = [
            ("/mnt/fs1", true, true),
            ("/mnt/fs1/a/b.docx", true, true),
            ("/mnt/fs1/disk/a", false, false),
            ("/mnt/fs10", false, false),
            ("/mnt", true, false),
            ("/", true, false),
            ("/srv/blob/a", true, true),
            ("/over", true, true),
            ("/run/user", false, false),
        ];
        for (path, with, without) in cases {
            let is_remote = |one| super::is_remote_in(mounts, path.as_ref(), one);
            assert_eq!((is_remote(false), is_remote(true)), (with, without), "{path}");
        }
        assert!(!super::is_remote_in("", "/mnt/fs1".as_ref(), false));
    }
}
