//! Members that the central directory does not list. Programs that read an archive from its front,
//! as a pipe is unpacked, extract them.
//!
//! They are searched for in gaps that the records of the directory leave between two members, and
//! only if a local header begins the gap. So an archive without gaps costs nothing, and padding
//! costs a read of its first bytes.

use std::collections::BTreeMap;

use super::directory::{ZipEntry, local};
use super::layout::{DESCRIPTOR, DESCRIPTORS, ENCRYPTED, LOCAL, LOCAL_LEN};
use super::member::{body, name};
use crate::bytes::to_u64;
use crate::code::ErrorCode;
use crate::container::sink::{Body, Member, Sink};
use crate::error::{Error, Result};
use crate::kinds::Anomaly;
use crate::limits::Limit;
use crate::source::{Extent, Window};

/// The smallest room for a member: its header, and one byte of name or data.
const LEAST: u64 = LOCAL_LEN + 1;
/// Bytes after a member within which the next local header begins.
const LOOK: usize = 28;

/// Parts of the archive that no record of the directory claims.
#[derive(Debug)]
pub(super) struct Gaps {
    /// Start and end of each.
    gaps: BTreeMap<u64, u64>,
    /// Highest end of the members until now.
    reach: u64,
    /// Offset of the directory, which follows all members.
    directory: u64,
}

impl Gaps {
    /// Returns the gaps of an archive without members between `start` and `directory`.
    pub(super) fn new(start: u64, directory: u64) -> Gaps {
        Gaps { gaps: BTreeMap::new(), reach: start, directory }
    }

    /// Adds a member from `start` to at least `end`. Records may be in another order than the
    /// members.
    pub(super) fn claim(&mut self, window: &mut Window<'_>, start: u64, end: u64) -> Result<()> {
        if start >= self.reach {
            self.keep(window, self.reach, start)?;
            self.reach = end.max(start);
            return Ok(());
        }
        let around = self.gaps.range(..=start).next_back().map(|(from, to)| (*from, *to));
        if let Some((from, to)) = around.filter(|(_, to)| *to > start) {
            window.meter().charge(Limit::StepsTotal, 1)?;
            self.gaps.remove(&from);
            self.keep(window, from, start)?;
            self.keep(window, end, to)?;
        }
        self.reach = self.reach.max(end);
        Ok(())
    }

    #[inline]
    fn keep(&mut self, window: &mut Window<'_>, from: u64, to: u64) -> Result<()> {
        let to = to.min(self.directory);
        // Adjacent members have no gap.
        if to > from && header(window, from, to)?.is_some() {
            window.meter().charge(Limit::Allocation, 64)?;
            self.gaps.insert(from, to);
        }
        Ok(())
    }

    /// Adds the gap after the last member.
    pub(super) fn close(&mut self, window: &mut Window<'_>) -> Result<()> {
        let end = self.directory.max(self.reach);
        self.claim(window, end, end)
    }

    /// Reports up to `most` members in the gaps. Returns whether there may be others.
    pub(super) fn name(
        &mut self,
        window: &mut Window<'_>,
        sink: &mut dyn Sink,
        most: usize,
    ) -> Result<bool> {
        for _ in 0..most {
            let Some((from, to)) = self.gaps.pop_first() else { return Ok(false) };
            let Some(at) = header(window, from, to)? else { continue };
            window.meter().charge(Limit::StepsTotal, 1)?;
            let Ok((entry, data)) = local(window, at, <[u8]>::to_vec) else { continue };
            let end = name_member(window, sink, entry, at, data, to)?;
            self.gaps.insert(end, to);
        }
        Ok(!self.gaps.is_empty())
    }
}

/// Returns the offset of a local header that begins a gap or follows the descriptor of a member.
fn header(window: &mut Window<'_>, from: u64, to: u64) -> Result<Option<u64>> {
    if to.saturating_sub(from) < LEAST {
        return Ok(None);
    }
    let bytes = window.up_to(from, LOOK)?;
    let signature = LOCAL.to_le_bytes();
    let mut places = DESCRIPTORS.iter();
    let skip = places.find(|skip| bytes.get(**skip..).is_some_and(|at| at.starts_with(&signature)));
    Ok(skip.map(|skip| from.saturating_add(to_u64(*skip))))
}

/// Reports the member unless its head rules it out. Returns the end of the member.
fn name_member(
    window: &mut Window<'_>,
    sink: &mut dyn Sink,
    mut entry: ZipEntry<Vec<u8>>,
    at: u64,
    data: u64,
    to: u64,
) -> Result<u64> {
    let stop = data.saturating_add(entry.packed);
    // The size of a member with a descriptor follows its data.
    let is_sized = (entry.flags & DESCRIPTOR == 0 || entry.packed > 0) && stop <= to;
    let end = if is_sized { stop } else { to };
    entry.packed = end.saturating_sub(data);
    if entry.packed == 0 || data >= to {
        return Ok(end);
    }
    let extent = Extent { offset: data, len: entry.packed };
    let body = if entry.flags & ENCRYPTED != 0 {
        let error = Error::unsupported(
            ErrorCode::EncryptedMember,
            "zip member",
            at,
            "a password is needed",
        );
        Some(Body::Unopened { error, size: None })
    } else {
        if !is_sized {
            // The decoded size is unknown.
            entry.size = 0;
        }
        body(window, &entry, extent, sink.recognizer())?
    };
    if let Some(body) = body {
        sink.anomaly(Anomaly::NonSpecLayout, Some(at));
        sink.member(Member { name: name(&entry.name, entry.flags), body })?;
    }
    Ok(end)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::as_conversions)]
mod tests {
    use super::super::tests::{Put, archive, deflated, protected, stored};
    use crate::{Anomaly, Inspector, Protection, Report};

    fn find(bytes: &[u8], needle: &[u8], from: usize) -> Option<usize> {
        bytes[from..].windows(needle.len()).position(|at| at == needle).map(|at| at + from)
    }

    /// Returns the records of the directory, and the end record.
    fn split(zip: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>, Vec<u8>) {
        let end = find(zip, b"PK\x05\x06", 0).unwrap();
        let mut places = Vec::new();
        let mut from = 0;
        while let Some(at) = find(&zip[..end], b"PK\x01\x02", from) {
            places.push(at);
            from = at + 4;
        }
        let stops = places.iter().skip(1).chain([&end]);
        let records = places.iter().zip(stops).map(|(at, stop)| zip[*at..*stop].to_vec());
        (zip[..places[0]].to_vec(), records.collect(), zip[end..].to_vec())
    }

    /// Replaces the directory with some of its records, and a matching end record.
    fn listing(members: &[Put], listed: &[usize]) -> Vec<u8> {
        let (mut out, records, mut end) = split(&archive(members));
        let start = out.len() as u32;
        for place in listed {
            out.extend(&records[*place]);
        }
        let count = (listed.len() as u16).to_le_bytes();
        end[8..10].copy_from_slice(&count);
        end[10..12].copy_from_slice(&count);
        end[12..16].copy_from_slice(&(out.len() as u32 - start).to_le_bytes());
        end[16..20].copy_from_slice(&start.to_le_bytes());
        out.extend(end);
        out
    }

    fn members() -> Vec<Put> {
        vec![
            stored("a.txt", b"Nothing is protected here."),
            stored("hidden.rpmsg", &protected()),
            deflated("b.txt", b"Nor here."),
            deflated("deflated.rpmsg", &protected()),
            stored("c.txt", b"Nor there."),
        ]
    }

    fn rms(report: &Report) -> Vec<&str> {
        let found = report.findings().filter(|one| one.facts().protection != Protection::None);
        found.filter_map(|one| one.facts().member.as_deref()).collect()
    }

    #[test]
    fn unlisted_member_is_found() {
        let both = ["hidden.rpmsg", "deflated.rpmsg"];
        let cases: [(&[usize], &[&str], bool); 9] = [
            (&[0, 1, 2, 3, 4], &both, false),
            (&[4, 2, 0, 3, 1], &["deflated.rpmsg", "hidden.rpmsg"], false),
            (&[0, 2, 4], &both, true),
            (&[4, 2, 0], &both, true),
            (&[0, 2, 3, 4], &["deflated.rpmsg", "hidden.rpmsg"], true),
            (&[0, 1, 2], &both, true),
            (&[0], &both, true),
            (&[2], &both, true),
            (&[4], &both, true),
        ];
        for (listed, expected, is_odd) in cases {
            let report = Inspector::default().inspect_bytes(&listing(&members(), listed));
            let mut found = rms(&report);
            found.sort_unstable();
            let mut expected = expected.to_vec();
            expected.sort_unstable();
            assert_eq!(found, expected, "{listed:?}");
            let own = report.findings().next().unwrap().facts();
            assert_eq!(own.anomalies.contains(&Anomaly::NonSpecLayout), is_odd, "{listed:?}");
        }
    }

    /// An unlisted member of no known format is ordinary, like a listed one.
    #[test]
    fn unlisted_ordinary_members_are_ignored() {
        let plain = || {
            vec![
                stored("a.txt", b"Nothing is protected here."),
                deflated("b.txt", b"Nor here."),
                stored("c.txt", b"Nor there."),
            ]
        };
        for listed in [&[0, 2][..], &[0, 1], &[1, 2], &[2, 0]] {
            let report = Inspector::default().inspect_bytes(&listing(&plain(), listed));
            let own = report.findings().next().unwrap().facts();
            assert_eq!(own.protection, Protection::None, "{listed:?}");
            assert_eq!((report.incomplete(), &own.anomalies[..]), (None, &[][..]), "{listed:?}");
        }
    }

    /// Gaps without members: padding, or a signature before the directory.
    #[test]
    fn padding_between_members_is_skipped() {
        let (head, records, mut end) = split(&archive(&[stored("a.txt", b"text")]));
        for padding in [vec![0; 40], b"PK\x01\x02".repeat(12), b"APK Sig Block 42".repeat(9)] {
            let start = (head.len() + padding.len()) as u32;
            end[16..20].copy_from_slice(&start.to_le_bytes());
            let zip = [&head[..], &padding, &records[0], &end].concat();
            let report = Inspector::default().inspect_bytes(&zip);
            assert_eq!((report.worst(), report.incomplete()), (Protection::None, None));
            assert_eq!(report.findings().count(), 1);
        }
    }
}
