//! Findings by folder, rolled up to as many folders as a table shows.

use std::collections::{BTreeMap, HashMap};

use rmsight::Need;

use super::groups::NAMES;
use crate::stats::NeedCounts;

/// Numbers of findings, by the folder that contains their file.
#[derive(Debug, Clone, Default)]
pub(super) struct FolderTree {
    /// The path of a folder, without a separator at its end; empty for files without a folder.
    folders: HashMap<String, NeedCounts>,
}

/// A folder of a table, with everything in it or only the files directly in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FolderRow {
    pub(super) path: String,
    pub(super) needs: NeedCounts,
    /// The folders in it have rows of their own.
    pub(super) is_direct: bool,
}

impl FolderRow {
    /// Returns the path for people.
    pub(super) fn name(&self) -> String {
        let path = if self.path.is_empty() { "(top)" } else { &self.path };
        if self.is_direct { format!("{path} (directly)") } else { path.to_owned() }
    }
}

/// A folder with the folders in it.
#[derive(Debug, Default)]
struct FolderNode<'t> {
    /// Findings of files directly in it.
    own: NeedCounts,
    all: NeedCounts,
    folders: Vec<&'t str>,
}

impl FolderTree {
    /// Adds a finding of the file at `path`. Beyond the maximum number of folders it counts for the next
    /// folder above that is known.
    pub(super) fn add(&mut self, path: &str, need: Need) {
        let mut folder = parent(path).unwrap_or_default();
        while !self.folders.contains_key(folder) && self.folders.len() >= NAMES {
            match parent(folder) {
                Some(above) => folder = above,
                None => break,
            }
        }
        match self.folders.get_mut(folder) {
            Some(needs) => needs.add(need),
            None => self.folders.entry(folder.to_owned()).or_default().add(need),
        }
    }

    /// Returns at most `count` folders that contain all findings together, those with the most needed
    /// files first. A folder with many files is divided into the folders in it as long as all of these
    /// have room, and a folder that contains nothing but one folder is replaced by that.
    pub(super) fn roll_up(&self, count: usize) -> Vec<FolderRow> {
        let nodes = self.nodes();
        let mut open = vec![""];
        let mut closed: Vec<FolderRow> = Vec::new();
        let row =
            |path: &str, needs, is_direct| FolderRow { path: path.to_owned(), needs, is_direct };
        while let Some(at) = most_needed(&open, &nodes) {
            let path = open.swap_remove(at);
            let Some(node) = nodes.get(path) else { continue };
            let direct = usize::from(node.own.all() > 0);
            let rows = open.len() + closed.len() + node.folders.len() + direct;
            let is_chain = node.folders.len() + direct == 1;
            if node.folders.is_empty() || rows > count && !is_chain {
                closed.push(row(path, node.all, false));
                continue;
            }
            open.extend(&node.folders);
            if direct > 0 {
                closed.push(row(path, node.own, true));
            }
        }
        closed.retain(|row| row.needs.all() > 0);
        closed.sort_by(|one, other| other.needs.cmp(&one.needs).then(one.path.cmp(&other.path)));
        closed
    }

    fn nodes(&self) -> BTreeMap<&str, FolderNode<'_>> {
        let mut nodes: BTreeMap<&str, FolderNode<'_>> = BTreeMap::new();
        nodes.entry("").or_default();
        for (path, needs) in &self.folders {
            nodes.entry(path).or_default().own.merge(*needs);
            let mut folder = path.as_str();
            loop {
                nodes.entry(folder).or_default().all.merge(*needs);
                let Some(above) = parent(folder) else { break };
                let siblings = &mut nodes.entry(above).or_default().folders;
                if let Err(at) = siblings.binary_search(&folder) {
                    siblings.insert(at, folder);
                }
                folder = above;
            }
        }
        nodes
    }
}

/// Returns the index of the folder with the most needed files; of equal ones, the first by name.
fn most_needed(open: &[&str], nodes: &BTreeMap<&str, FolderNode<'_>>) -> Option<usize> {
    let needs = |path: &str| nodes.get(path).map(|node| node.all).unwrap_or_default();
    let all = open.iter().enumerate();
    let most = all
        .max_by(|(_, one), (_, other)| needs(one).cmp(&needs(other)).then_with(|| other.cmp(one)));
    most.map(|(at, _)| at)
}

/// Returns the folder of a path, without a separator at its end; `None` for the empty path.
fn parent(path: &str) -> Option<&str> {
    let end = path.rfind(['/', '\\']);
    match end {
        Some(end) => path.get(..end),
        None if path.is_empty() => None,
        None => Some(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(paths: &[(&str, u64)], count: usize) -> Vec<(String, u64)> {
        let mut tree = FolderTree::default();
        for (path, files) in paths {
            (0..*files).for_each(|_| tree.add(path, Need::Yes));
        }
        tree.roll_up(count).iter().map(|row| (row.name(), row.needs.yes)).collect()
    }

    #[test]
    fn folders_are_divided_as_far_as_rows_remain() {
        let paths = [
            ("/mnt/fs1/hr/2016/a.docx", 5),
            ("/mnt/fs1/hr/2017/a.docx", 4),
            ("/mnt/fs1/hr/a.docx", 1),
            ("/mnt/fs1/it/deep/er/a.docx", 3),
        ];
        let named = |rows: &[(&str, u64)]| -> Vec<(String, u64)> {
            rows.iter().map(|(name, files)| ((*name).to_owned(), *files)).collect()
        };
        assert_eq!(rows(&paths, 1), named(&[("/mnt/fs1", 13)]));
        assert_eq!(rows(&paths, 3), named(&[("/mnt/fs1/hr", 10), ("/mnt/fs1/it/deep/er", 3)]));
        let four = [
            ("/mnt/fs1/hr/2016", 5),
            ("/mnt/fs1/hr/2017", 4),
            ("/mnt/fs1/it/deep/er", 3),
            ("/mnt/fs1/hr (directly)", 1),
        ];
        assert_eq!(rows(&paths, 4), named(&four));
    }

    #[test]
    fn paths_of_both_systems_have_folders() {
        assert_eq!(rows(&[(r"\\fs1\s\a\b.docx", 1)], 9), [(r"\\fs1\s\a".to_owned(), 1)]);
        assert_eq!(rows(&[("b.docx", 1)], 9), [("(top)".to_owned(), 1)]);
        assert_eq!(rows(&[("share/a/b.docx", 1)], 9), [("share/a".to_owned(), 1)]);
        assert_eq!(rows(&[], 9), []);
        let both = rows(&[("b.docx", 1), ("a/b.docx", 2)], 9);
        assert_eq!(both, [("a".to_owned(), 2), ("(top) (directly)".to_owned(), 1)]);
    }
}
