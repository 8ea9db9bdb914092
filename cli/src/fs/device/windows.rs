//! Volumes and shares on Windows.

use std::path::{Component, Path, Prefix, PrefixComponent};

use super::name::Device;

/// Returns the names of file systems.
#[derive(Debug, Default)]
pub(crate) struct Volumes;

impl Volumes {
    /// Returns the file system that contains `path`. `serial` is the serial number of its volume; 0 if
    /// it does not have one.
    ///
    /// A share is named by its server, because a server may have moved its volumes. Another disk can
    /// get the same drive letter, but not the same serial number.
    pub(crate) fn of_volume(&self, path: &Path, serial: u64) -> Device {
        let prefix = prefix(path);
        let name = match prefix.map(|prefix| prefix.kind()) {
            Some(Prefix::UNC(server, share) | Prefix::VerbatimUNC(server, share)) => {
                let (server, share) = (server.to_string_lossy(), share.to_string_lossy());
                format!(r"smb \\{}\{}", server.to_lowercase(), share.to_lowercase())
            }
            _ if serial != 0 => format!("volume {serial:08x}"),
            Some(_) | None => {
                let prefix = prefix.map(|prefix| prefix.as_os_str().to_string_lossy());
                format!("volume {}", prefix.unwrap_or_default())
            }
        };
        Device { name: name.into() }
    }
}

fn prefix(path: &Path) -> Option<PrefixComponent<'_>> {
    match path.components().next() {
        Some(Component::Prefix(prefix)) => Some(prefix),
        _ => None,
    }
}

/// Returns whether a path is on a share. The path must not contain links: a drive letter of a share is
/// one.
pub(crate) fn is_remote(path: &Path, _: bool) -> bool {
    let kind = prefix(path).map(|prefix| prefix.kind());
    matches!(kind, Some(Prefix::UNC(..) | Prefix::VerbatimUNC(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_have_the_name_of_their_server_and_disks_their_serial_number() {
        let cases = [
            (r"C:\a", 0x1a2b_3c4d, "volume 1a2b3c4d"),
            (r"\\?\C:\a", 0x1a2b_3c4d, "volume 1a2b3c4d"),
            (r"C:\a", 0, "volume C:"),
            (r"\\FS1\Legal\a", 0x1a2b_3c4d, r"smb \\fs1\legal"),
            (r"\\?\UNC\fs1\legal\a", 0, r"smb \\fs1\legal"),
        ];
        for (path, serial, name) in cases {
            assert_eq!(&*Volumes.of_volume(Path::new(path), serial).name, name, "{path}");
        }
        assert!(is_remote(Path::new(r"\\fs1\legal\a"), false));
        assert!(!is_remote(Path::new(r"C:\a"), false));
    }
}
