//! Class files of Java, which most members of archives are (The Java Virtual Machine Specification, 4.1).

use crate::container::pdf;

/// Bytes by which a class file is ruled out: those in which readers of PDF search for a header, and 8 bytes for
/// the header.
///
/// Other formats may begin after any bytes, so a member also has to be named as a class file. A file that
/// begins later in a member of this name is not found.
pub(super) const CLASS_FILE_HEAD: usize = pdf::HEADER_WITHIN.saturating_add(8);

/// Returns whether a member is a class file: by its name, the magic, a version, and a constant of a known kind.
pub(super) fn is_class_file(name: &[u8], head: &[u8]) -> bool {
    let Some([0xCA, 0xFE, 0xBA, 0xBE, _, _, 0, version, high, low, kind]) = head.first_chunk()
    else {
        return false;
    };
    let constants = u16::from_be_bytes([*high, *low]);
    let is_begun = *version >= 45 && constants > 1 && matches!(kind, 1 | 3..=12 | 15..=20);
    is_begun && name.ends_with(b".class")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn class_file_is_recognized_by_its_name_and_first_fields() {
        let class = b"\xCA\xFE\xBA\xBE\0\0\0\x34\0\x1D\x0A\0\x06";
        assert!(is_class_file(b"a/B.class", class));
        assert!(!is_class_file(b"a/B.pem", class));
        assert!(!is_class_file(b"a/B.class", &class[..10]), "too short");
        // The same magic begins programs of macOS for several processors.
        let program = b"\xCA\xFE\xBA\xBE\0\0\0\x02\x01\0\0\x07\0";
        assert!(!is_class_file(b"a/B.class", program));
        for (at, byte) in [(0, 0), (7, 44), (9, 1), (10, 2)] {
            let mut other = *class;
            other[at] = byte;
            assert!(!is_class_file(b"a/B.class", &other), "{at}");
        }
    }
}
