//! The default number of threads that read files.

use std::sync::Arc;
use std::thread;

use crate::fs::device::is_remote;
use crate::fs::path::real;
use crate::fs::walk::Root;

/// Minimum number of threads for remote files. Measured with `tree_bench --slow` on two processors,
/// verifying whole licenses: if a read takes 1 ms, 32 threads read 20 times as many files per
/// second as one thread, and 64 threads 25 times as many; at 5 ms it is 32 times and 59 times. More
/// threads would mostly increase the load of the server. Local files use fewer threads: on a loaded
/// machine, 32 threads instead of two needed 1.2 to 2.5 times the processor time for small files,
/// and 40 to 50 MB more memory.
const REMOTE_JOBS: usize = 32;

/// Number of threads for objects of stores: each waits for one request. The store limits how many
/// are under way.
const OBJECT_JOBS: usize = 256;

/// Returns the number of reading threads without `-j`.
pub(super) fn usual(roots: &[Arc<Root>], one_file_system: bool) -> usize {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let is_remote = |root: &Arc<Root>| {
        // A root that does not exist is reported later.
        let real = || real(&root.path);
        !root.is_list() && real().is_some_and(|path| is_remote(&path, one_file_system))
    };
    if roots.iter().any(|root| root.objects.is_some()) {
        return processors.max(OBJECT_JOBS);
    }
    if roots.iter().any(is_remote) { processors.max(REMOTE_JOBS) } else { processors }
}
