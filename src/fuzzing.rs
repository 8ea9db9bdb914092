//! Internal readers for fuzz targets and differential tests. Not part of the API.

use std::collections::BTreeMap;

use crate::container::compound::{CompoundFile, EntryKind};
use crate::error::Result;
use crate::limits::{Interrupt, Limits, Meter};
use crate::source::{Cache, Window};

/// Returns the content of all streams of a compound file by path; `None` for storages.
///
/// # Errors
/// Fails at the first part that cannot be read.
pub fn compound_listing(bytes: &[u8], limits: Limits) -> Result<BTreeMap<String, Option<Vec<u8>>>> {
    let meter = Meter::new(limits, Interrupt::default());
    let mut cache = Cache::new(4096, 4096);
    let mut window = Window::new(&bytes, &mut cache, &meter)?;
    let mut file = CompoundFile::open(&mut window)?;
    let mut found = BTreeMap::new();
    let mut pending = vec![(String::new(), file.root())];
    // Ids of visited storages, so that a cycle of storages ends.
    let mut seen = vec![file.root().id];
    while let Some((path, storage)) = pending.pop() {
        let mut children = file.children(&storage);
        while let Some(child) = children.next(&mut file, &mut window)? {
            let path = format!("{path}/{}", child.name());
            if child.kind == EntryKind::Stream {
                found.insert(path, Some(file.read(&mut window, &child, u64::MAX)?));
            } else if !seen.contains(&child.id) {
                seen.push(child.id);
                found.insert(path.clone(), None);
                pending.push((path, child));
            }
        }
    }
    Ok(found)
}
