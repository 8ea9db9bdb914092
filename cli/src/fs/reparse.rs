//! Reparse points of Windows: which are read, entered, left out or refused.

use super::placeholders::is_placeholder;

/// What this program does with a file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReparseAction {
    /// Reads the file or lists the folder. The driver that owns the tag provides the content.
    Read,
    /// Does not follow it. It is a gap unless its target is scanned.
    NotFollowed,
    /// Does not open it: its content is in a cloud or on tape.
    NotHydrated,
    /// Does not open it: it is a socket, a pipe or a device.
    Special,
    /// Does not open it, and reports that its tag is unknown.
    Unknown,
}

/// The class of a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TagClass {
    /// Stored in another form on the same volume, or on another server under the same path.
    Content,
    /// Another name for something else.
    Link,
    /// Local or not, which the attributes tell.
    Cloud,
    /// Content on tape or on another store, whatever the attributes are.
    Archive,
    Special,
}

/// Tags (MS-FSCC 2.1.2.1; ntifs.h), with their classes. Of a tag that is not in the table nothing is
/// known: reading it could give other bytes than the content of the file.
const TAGS: [(u32, TagClass); 18] = [
    // IO_REPARSE_TAG_MOUNT_POINT, also junctions; _SYMLINK; _LX_SYMLINK
    (0xa000_0003, TagClass::Link),
    (0xa000_000c, TagClass::Link),
    (0xa000_001d, TagClass::Link),
    // _SIS, _DEDUP, _WOF: deduplicated and compressed files
    (0x8000_0007, TagClass::Content),
    (0x8000_0013, TagClass::Content),
    (0x8000_0017, TagClass::Content),
    // _DFS, _DFSR: folders of a namespace. The walk detects loops by the identity of folders.
    (0x8000_000a, TagClass::Content),
    (0x8000_0012, TagClass::Content),
    // _ONEDRIVE, _STORAGE_SYNC (Azure File Sync), _STORAGE_SYNC_FOLDER, _PROJFS
    (0x8000_0021, TagClass::Cloud),
    (0x8000_001e, TagClass::Cloud),
    (0x9000_0027, TagClass::Cloud),
    (0x9000_001c, TagClass::Cloud),
    // _HSM, _HSM2
    (0xc000_0004, TagClass::Archive),
    (0x8000_0006, TagClass::Archive),
    // _AF_UNIX, _LX_FIFO, _LX_CHR, _LX_BLK
    (0x8000_0023, TagClass::Special),
    (0x8000_0024, TagClass::Special),
    (0x8000_0025, TagClass::Special),
    (0x8000_0026, TagClass::Special),
];

/// IO_REPARSE_TAG_CLOUD and _CLOUD_1 to _CLOUD_F, which differ in these bits.
const CLOUD: u32 = 0x9000_001a;
const CLOUD_NUMBER: u32 = 0xf000;

/// The bit of tags that name something else (MS-FSCC 2.1.2.1, "N").
const IS_NAME_SURROGATE: u32 = 0x2000_0000;

/// Returns what to do with a file or folder that has these attributes, and this tag if it is a
/// reparse point.
///
/// A fetched file of a cloud keeps its tag, but not the attributes of a placeholder.
pub(crate) fn action(attributes: u32, tag: Option<u32>, hydrate: bool) -> ReparseAction {
    let is_elsewhere = is_placeholder(attributes) && !hydrate;
    let Some(tag) = tag else {
        return if is_elsewhere { ReparseAction::NotHydrated } else { ReparseAction::Read };
    };
    let class = match tag & !CLOUD_NUMBER {
        CLOUD => Some(TagClass::Cloud),
        _ => TAGS.iter().find(|(known, _)| *known == tag).map(|(_, class)| *class),
    };
    match class {
        None if tag & IS_NAME_SURROGATE != 0 => ReparseAction::NotFollowed,
        None => ReparseAction::Unknown,
        Some(TagClass::Link) => ReparseAction::NotFollowed,
        Some(TagClass::Special) => ReparseAction::Special,
        Some(TagClass::Archive) if !hydrate => ReparseAction::NotHydrated,
        Some(_) if is_elsewhere => ReparseAction::NotHydrated,
        Some(_) => ReparseAction::Read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_decides_whether_a_file_is_opened() {
        use ReparseAction::*;
        // Attributes, tag, without --hydrate, with --hydrate.
        let cases = [
            (0x20, None, Read, Read),
            (0x1020, None, NotHydrated, Read),
            // Deduplicated, compressed, DFS
            (0x620, Some(0x8000_0013), Read, Read),
            (0x420, Some(0x8000_0017), Read, Read),
            (0x410, Some(0x8000_000a), Read, Read),
            // A deduplicated file that was archived
            (0x1620, Some(0x8000_0013), NotHydrated, Read),
            // Symbolic link, junction, a name surrogate that is unknown
            (0x420, Some(0xa000_000c), NotFollowed, NotFollowed),
            (0x410, Some(0xa000_0003), NotFollowed, NotFollowed),
            (0x410, Some(0xa000_7777), NotFollowed, NotFollowed),
            // OneDrive and Azure File Sync: fetched, and not fetched
            (0x420, Some(0x9000_601a), Read, Read),
            (0x40_0420, Some(0x9000_601a), NotHydrated, Read),
            (0x1420, Some(0x8000_001e), NotHydrated, Read),
            // On tape
            (0x420, Some(0xc000_0004), NotHydrated, Read),
            (0x420, Some(0x8000_0023), Special, Special),
            (0x420, Some(0x8000_7777), Unknown, Unknown),
        ];
        for (attributes, tag, plain, hydrate) in cases {
            let actions = [false, true].map(|hydrate| action(attributes, tag, hydrate));
            assert_eq!(actions, [plain, hydrate], "{attributes:#x} {tag:x?}");
        }
    }
}
