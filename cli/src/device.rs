//! What file system a folder is on, by a name that is the same in the next scan.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    pub(crate) name: Arc<str>,
    /// A share of a Windows server, mounted here: it tells DOS attributes.
    pub(crate) is_smb: bool,
}

/// File systems by the number that the system has for them now.
#[derive(Debug, Default)]
pub(crate) struct Devices(Mutex<HashMap<u64, Device>>);

impl Devices {
    #[cfg(unix)]
    pub(crate) fn of(&self, number: u64) -> Device {
        let mut known = self.0.lock().unwrap_or_else(|error| error.into_inner());
        known.entry(number).or_insert_with(|| device(number)).clone()
    }

    /// The volume or share that a path begins with.
    #[cfg(not(unix))]
    pub(crate) fn of_path(&self, path: &std::path::Path) -> Device {
        let prefix = path.components().next().map(|first| first.as_os_str().to_string_lossy());
        Device { name: prefix.unwrap_or_default().into(), is_smb: false }
    }
}

#[cfg(unix)]
fn device(number: u64) -> Device {
    let (major, minor) = (rustix::fs::major(number), rustix::fs::minor(number));
    // proc_pid_mountinfo(5)
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    named(&mounts, major, minor)
}

/// A share keeps its name when it is mounted again and has another number then; of anything else
/// the number is the best there is.
#[cfg(unix)]
fn named(mounts: &str, major: u32, minor: u32) -> Device {
    let number = format!("{major}:{minor}");
    let found = mounts.lines().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        let mut system = system.split(' ');
        let (kind, source) = (system.next()?, system.next()?);
        (mount.split(' ').nth(2)? == number).then_some((kind, source))
    });
    let Some((kind, source)) = found else {
        return Device { name: format!("device {number}").into(), is_smb: false };
    };
    let is_smb = matches!(kind, "cifs" | "smb3" | "smbfs");
    let is_share = is_smb || kind.starts_with("nfs") || source.contains(":/");
    let name = if is_share { format!("{kind} {source}") } else { format!("{kind} {number}") };
    Device { name: name.into(), is_smb }
}

#[cfg(all(test, unix))]
mod tests {
    use super::named;

    #[test]
    fn shares_have_the_name_of_their_server_and_disks_their_number() {
        let mounts = "\
36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext4 /dev/root rw
40 35 0:52 / /mnt/fs1 rw shared:9 - cifs //fs1/share rw,vers=3.1.1
41 35 0:53 / /mnt/nas rw - nfs4 nas:/export rw
";
        let cases = [
            ((98, 0), "ext4 98:0", false),
            ((0, 52), "cifs //fs1/share", true),
            ((0, 53), "nfs4 nas:/export", false),
            ((7, 7), "device 7:7", false),
        ];
        for ((major, minor), name, is_smb) in cases {
            let device = named(mounts, major, minor);
            assert_eq!((&*device.name, device.is_smb), (name, is_smb));
        }
    }
}
