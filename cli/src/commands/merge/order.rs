//! The order of scans in the new inventory.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::input::{Input, Loaded, ScanOf, Source};
use crate::exit::warn;
use crate::inventory::Inventory;

pub(super) fn scans(input: &Input, inventory: &Inventory) -> rusqlite::Result<Vec<ScanOf>> {
    // Tables of version 1 do not have the host.
    let host = if inventory.is_first().unwrap_or(true) { "NULL" } else { "s.host" };
    let sql = format!(
        "SELECT s.id, s.started, s.finished, (SELECT name FROM sources WHERE id = s.source),
           json_array(s.started, s.finished, s.outcome, s.program, s.files, s.read, s.unchanged,
             s.failed, s.gone, s.bytes, {host},
             (SELECT json_group_array(visit) FROM (
               SELECT json_array(r.kind, hex(r.path), v.started, v.finished, v.files) AS visit
               FROM root_scans v JOIN roots r ON r.id = v.root WHERE v.scan = s.id
               ORDER BY r.kind, r.path)))
         FROM scans s ORDER BY s.id"
    );
    let mut statement = inventory.db().prepare(&sql)?;
    let scans = statement.query_map([], |row| {
        let own: String = row.get(3)?;
        Ok(ScanOf {
            id: row.get(0)?,
            started: row.get(1)?,
            finished: row.get(2)?,
            source: input.source.clone().unwrap_or(own),
            same: row.get(4)?,
            nth: 0,
        })
    })?;
    let mut scans = scans.collect::<rusqlite::Result<Vec<ScanOf>>>()?;
    let mut counts: HashMap<(String, String), usize> = HashMap::new();
    for scan in &mut scans {
        let count = counts.entry((scan.source.clone(), scan.same.clone())).or_default();
        scan.nth = *count;
        *count += 1;
    }
    Ok(scans)
}

/// New numbers of the scans of an input.
pub(super) type Numbers = BTreeMap<i64, i64>;

/// Numbers the scans of all inputs as if one inventory had made them. A scan in several inputs gets
/// one number.
///
/// Scans of one input keep their order, because it determines which of two scans is later, and
/// clocks can be set back. Scans of different inputs are ordered by their start.
pub(super) fn numbers(inputs: &[Loaded<'_>]) -> Vec<Numbers> {
    let mut nodes: HashMap<(&str, &str, usize), usize> = HashMap::new();
    // Start and end of each scan. A scan without an end precedes a later copy of itself.
    let mut times = Vec::new();
    let mut sequences: Vec<Vec<usize>> = Vec::new();
    for input in inputs {
        let sequence = input.scans.iter().map(|scan| {
            *nodes.entry((&scan.source, &scan.same, scan.nth)).or_insert_with(|| {
                times.push((scan.started, scan.finished));
                times.len() - 1
            })
        });
        sequences.push(sequence.collect());
    }
    let mut later: Vec<Vec<usize>> = vec![Vec::new(); times.len()];
    let mut earlier = vec![0_usize; times.len()];
    for pair in sequences.iter().flat_map(|sequence| sequence.windows(2)) {
        if let [one, next] = *pair {
            later[one].push(next);
            earlier[next] += 1;
        }
    }
    let mut waiting: BTreeSet<_> = times.iter().copied().zip(0..).collect();
    let mut number = vec![0_i64; times.len()];
    for next_number in 1.. {
        // If two inputs contradict each other, the start decides.
        let is_next = |(_, node): &&(_, usize)| earlier[*node] == 0;
        let Some(next) = waiting.iter().find(is_next).or(waiting.first()).copied() else { break };
        waiting.remove(&next);
        let (_, node) = next;
        number[node] = next_number;
        for follower in &later[node] {
            earlier[*follower] = earlier[*follower].saturating_sub(1);
        }
    }
    let scans = inputs.iter().zip(&sequences).map(|(input, sequence)| {
        input.scans.iter().zip(sequence).map(|(scan, node)| (scan.id, number[*node])).collect()
    });
    scans.collect()
}

/// Returns the scans that two inputs have in common, by their numbers in each of them.
pub(super) fn shared(numbers: &[Numbers], one: usize, other: usize) -> [Vec<i64>; 2] {
    let all = |at: usize| numbers.get(at).into_iter().flatten();
    let has = |at: usize, number: i64| all(at).any(|(_, own)| *own == number);
    let of = |at: usize, other: usize| {
        all(at).filter(|(_, number)| has(other, **number)).map(|(scan, _)| *scan).collect()
    };
    [of(one, other), of(other, one)]
}

/// Warns if two inventories have the same scans under two names: their files would count twice.
pub(super) fn warn_of_two_names(inputs: &[Loaded<'_>]) {
    for (at, one) in inputs.iter().enumerate() {
        for other in inputs.iter().take(at) {
            let pair = other.scans.iter().find_map(|scan| {
                let is_same = |own: &&ScanOf| own.same == scan.same && own.source != scan.source;
                let own = one.scans.iter().find(is_same)?;
                let scanners = |all: &[Source], name: &str| -> BTreeSet<String> {
                    let all = all.iter().filter(|source| source.name == name);
                    all.flat_map(|source| source.scanners.iter().cloned()).collect()
                };
                let is_disjoint = scanners(&other.sources, &scan.source)
                    .is_disjoint(&scanners(&one.sources, &own.source));
                (!is_disjoint).then_some((&scan.source, &own.source))
            });
            if let Some((name, own)) = pair {
                warn(format_args!(
                    "{} and {} have the same scans under two names, {name:?} and {own:?}: their \
                     files count twice. Give both the same name.",
                    other.input.file.display(),
                    one.input.file.display()
                ));
            }
        }
    }
}
