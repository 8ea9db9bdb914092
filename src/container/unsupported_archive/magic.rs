//! Magic numbers at a fixed offset of a head.

/// Magic at a fixed offset.
pub(super) struct Magic {
    pub(super) at: usize,
    pub(super) bytes: &'static [u8],
    pub(super) name: &'static str,
    /// Tests further fields of a head that has the magic.
    pub(super) confirm: fn(&[u8]) -> bool,
}

pub(super) const fn magic(bytes: &'static [u8], name: &'static str) -> Magic {
    Magic { at: 0, bytes, name, confirm: always }
}

pub(super) const fn tested(
    bytes: &'static [u8],
    name: &'static str,
    confirm: fn(&[u8]) -> bool,
) -> Magic {
    Magic { at: 0, bytes, name, confirm }
}

pub(super) const fn at(at: usize, bytes: &'static [u8], name: &'static str) -> Magic {
    Magic { at, bytes, name, confirm: always }
}

impl Magic {
    #[inline]
    pub(super) fn matches(&self, head: &[u8]) -> bool {
        begins_at(head, self.at, self.bytes) && (self.confirm)(head)
    }
}

/// Returns the byte at an offset, or 0xFF after the end.
pub(super) fn byte(head: &[u8], at: usize) -> u8 {
    head.get(at).copied().unwrap_or(0xFF)
}

pub(super) fn begins_at(head: &[u8], at: usize, magic: &[u8]) -> bool {
    head.get(at..).is_some_and(|rest| rest.starts_with(magic))
}

fn always(_: &[u8]) -> bool {
    true
}
