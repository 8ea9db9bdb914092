//! Placeholders: files whose content is in a cloud or on tape. Opening one fetches the content.

/// FILE_ATTRIBUTE_OFFLINE, _RECALL_ON_OPEN and _RECALL_ON_DATA_ACCESS (MS-FSCC 2.6). A file without
/// allocated blocks is not necessarily a placeholder: deduplicated files do not have any either.
const RECALLED: u32 = 0x1000 | 0x4_0000 | 0x40_0000;

/// Returns whether these are the DOS attributes of a placeholder.
pub(crate) fn is_placeholder(attributes: u32) -> bool {
    attributes & RECALLED != 0
}

/// Returns the DOS attributes of a file on a mounted share. The SMB client of the kernel provides
/// them as an extended attribute with either name (fs/smb/client/xattr.c: 4 bytes, little-endian).
#[cfg(target_os = "linux")]
pub(crate) fn dos_attributes(path: &std::path::Path) -> Option<u32> {
    ["user.cifs.dosattrib", "user.smb3.dosattrib"].into_iter().find_map(|name| {
        let mut value = [0; 4];
        let len = rustix::fs::lgetxattr(path, name, &mut value).ok()?;
        (len == value.len()).then(|| u32::from_le_bytes(value))
    })
}

/// Returns `None`: DOS attributes are not available on this system.
#[cfg(all(unix, not(target_os = "linux")))]
pub(crate) fn dos_attributes(_: &std::path::Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_of_the_three_attributes_makes_a_placeholder() {
        let cases =
            [(0x20, false), (0x1020, true), (0x40000, true), (0x40_0000, true), (0x200, false)];
        for (attributes, expected) in cases {
            assert_eq!(is_placeholder(attributes), expected, "{attributes:#x}");
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn attributes_are_read_from_the_extended_attribute() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert_eq!(dos_attributes(file.path()), None);
        let value = 0x40_0020_u32.to_le_bytes();
        let flags = rustix::fs::XattrFlags::empty();
        if rustix::fs::setxattr(file.path(), "user.smb3.dosattrib", &value, flags).is_err() {
            eprintln!("skipped: no extended attributes on this file system");
            return;
        }
        assert_eq!(dos_attributes(file.path()), Some(0x40_0020));
    }
}
