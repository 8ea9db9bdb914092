//! The files to scan: a walk through folders, or a list.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use ignore::{DirEntry, WalkBuilder, WalkState};

use crate::exit::{Failure, Result};
use crate::open::Links;

/// One thing to do for a worker.
#[derive(Debug)]
pub(crate) enum Job {
    /// A file to open.
    File { path: PathBuf, links: Links },
    /// A folder, or a file's name, at which the walk could not go on.
    Unreadable { path: PathBuf, error: io::Error },
}

/// What was met and is no file to scan.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    pub(crate) links: AtomicU64,
    pub(crate) special: AtomicU64,
    /// Paths that the user named and that could not be walked.
    pub(crate) failed_roots: AtomicU64,
}

pub(crate) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// A walk that looks at everything: no ignore file, no hidden file changes it.
fn builder(roots: &[PathBuf]) -> Option<WalkBuilder> {
    let (first, rest) = roots.split_first()?;
    let mut builder = WalkBuilder::new(named(first));
    for root in rest {
        builder.add(named(root));
    }
    builder.standard_filters(false).follow_links(false);
    Some(builder)
}

/// The walker takes `-` for standard input; here it is a file like any other.
fn named(root: &Path) -> PathBuf {
    if root == Path::new("-") { Path::new(".").join(root) } else { root.to_owned() }
}

/// Walks in the order of the names.
pub(crate) fn in_order(
    roots: &[PathBuf],
    left_out: &LeftOut,
    mut visit: impl FnMut(Job) -> ControlFlow<()>,
) {
    let Some(mut builder) = builder(roots) else { return };
    builder.sort_by_file_name(|one, other| one.cmp(other));
    for entry in builder.build() {
        if let Some(job) = job(entry, left_out)
            && visit(job).is_break()
        {
            return;
        }
    }
}

/// Walks with several threads; `visit` is called from each.
pub(crate) fn in_parallel(
    roots: &[PathBuf],
    threads: usize,
    left_out: &LeftOut,
    visit: &(impl Fn(Job) -> ControlFlow<()> + Sync),
) {
    let Some(mut builder) = builder(roots) else { return };
    builder.threads(threads).build_parallel().run(|| {
        Box::new(move |entry| match job(entry, left_out).map(visit) {
            Some(ControlFlow::Break(())) => WalkState::Quit,
            _ => WalkState::Continue,
        })
    });
}

fn job(entry: std::result::Result<DirEntry, ignore::Error>, left_out: &LeftOut) -> Option<Job> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Some(unreadable(error, left_out)),
    };
    let kind = entry.file_type()?;
    let is_named = entry.depth() == 0;
    if kind.is_dir() {
        return None;
    }
    if kind.is_file() {
        let links = if is_named { Links::Follow } else { Links::Refuse };
        return Some(Job::File { path: entry.into_path(), links });
    }
    if kind.is_symlink() && is_named {
        return named_link(entry.into_path(), left_out);
    }
    count(if kind.is_symlink() { &left_out.links } else { &left_out.special });
    None
}

/// A symbolic link that the user named. One to a folder is walked anyway.
fn named_link(path: PathBuf, left_out: &LeftOut) -> Option<Job> {
    match fs::metadata(&path) {
        Ok(target) if target.is_dir() => None,
        Ok(target) if target.is_file() => Some(Job::File { path, links: Links::Follow }),
        Ok(_) => {
            count(&left_out.special);
            None
        }
        Err(error) => {
            count(&left_out.failed_roots);
            Some(Job::Unreadable { path, error })
        }
    }
}

fn unreadable(error: ignore::Error, left_out: &LeftOut) -> Job {
    if error.depth().unwrap_or(0) == 0 {
        count(&left_out.failed_roots);
    }
    let path = path_of(&error).map_or_else(PathBuf::new, Path::to_owned);
    let message = error.to_string();
    let error = error.into_io_error().unwrap_or_else(|| io::Error::other(message));
    Job::Unreadable { path, error }
}

fn path_of(error: &ignore::Error) -> Option<&Path> {
    match error {
        ignore::Error::WithPath { path, .. } => Some(path),
        ignore::Error::Loop { child, .. } => Some(child),
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => {
            path_of(err)
        }
        _ => None,
    }
}

/// Reads names from `list`, each ended by `end`; empty ones are passed over.
pub(crate) fn listed(
    list: &Path,
    end: u8,
    mut visit: impl FnMut(Job) -> ControlFlow<()>,
) -> Result<()> {
    let failed = |error| Failure::message(format_args!("{}: {error}", list.display()));
    let mut reader: Box<dyn BufRead> = if list == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(fs::File::open(list).map_err(failed)?))
    };
    let mut name = Vec::new();
    while reader.read_until(end, &mut name).map_err(failed)? > 0 {
        if name.last() == Some(&end) {
            name.pop();
        }
        if end == b'\n' && name.last() == Some(&b'\r') && cfg!(windows) {
            name.pop();
        }
        if name.is_empty() {
            continue;
        }
        let path = path_from(std::mem::take(&mut name)).map_err(|()| {
            Failure::message(format_args!("{}: a name is not UTF-8", list.display()))
        })?;
        if visit(Job::File { path, links: Links::Refuse }).is_break() {
            break;
        }
    }
    Ok(())
}

#[cfg(unix)]
fn path_from(name: Vec<u8>) -> std::result::Result<PathBuf, ()> {
    use std::os::unix::ffi::OsStringExt;
    Ok(std::ffi::OsString::from_vec(name).into())
}

#[cfg(not(unix))]
fn path_from(name: Vec<u8>) -> std::result::Result<PathBuf, ()> {
    String::from_utf8(name).map(PathBuf::from).map_err(|_| ())
}
