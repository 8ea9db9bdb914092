//! Class files of Java, which most members of archives are (The Java Virtual Machine Specification, 4.1).

use crate::container::pdf;

/// Bytes by which a member that [`is_class_file`] is ruled out.
///
/// A class file is no text and no archive. Only a PDF can begin in it, because readers of PDF search its first
/// 1,024 bytes for the header.
pub(super) const CLASS_FILE_HEAD: usize = pdf::HEADER_WITHIN.saturating_add(8);

/// Returns whether `head` begins a class file: the magic, a version, and a constant of a known kind.
pub(super) fn is_class_file(head: &[u8]) -> bool {
    let Some([0xCA, 0xFE, 0xBA, 0xBE, _, _, 0, version, high, low, kind]) = head.first_chunk()
    else {
        return false;
    };
    let constants = u16::from_be_bytes([*high, *low]);
    *version >= 45 && constants > 1 && matches!(kind, 1 | 3..=12 | 15..=20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_file_is_recognized_by_its_first_fields() {
        let class = b"\xCA\xFE\xBA\xBE\0\0\0\x34\0\x1D\x0A\0\x06";
        assert!(is_class_file(class));
        assert!(!is_class_file(&class[..10]), "too short");
        // The same magic begins programs of macOS for several processors.
        assert!(!is_class_file(b"\xCA\xFE\xBA\xBE\0\0\0\x02\x01\0\0\x07\0"));
        for (at, byte) in [(0, 0), (7, 44), (9, 1), (10, 2)] {
            let mut other = *class;
            other[at] = byte;
            assert!(!is_class_file(&other), "{at}");
        }
    }
}
