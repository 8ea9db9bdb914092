//! Waiting for a lock of another process.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::failure::{LOCK_TIMEOUT, failed, is_locked, locked};
use crate::exit::{Result, warn};

/// Time before a message reports the lock.
const NOTICE: Duration = Duration::from_secs(1);

/// Time between two attempts.
const PAUSE: Duration = Duration::from_millis(50);

/// Set after a message has reported a lock.
static IS_TOLD: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// The inventory of the statement that this thread runs, if it is known.
    static CURRENT: RefCell<Option<PathBuf>> = const { RefCell::new(None) };
}

/// Waits before the next attempt of a statement. Returns `false` to give up.
pub(super) fn wait(attempts: i32) -> bool {
    std::thread::sleep(PAUSE);
    let waited = PAUSE.saturating_mul(u32::try_from(attempts).unwrap_or_default());
    if waited >= NOTICE {
        tell();
    }
    waited < LOCK_TIMEOUT
}

/// Reports the lock, once.
fn tell() {
    if IS_TOLD.swap(true, Ordering::Relaxed) {
        return;
    }
    let file = CURRENT.with_borrow(|file| {
        file.as_ref().map_or_else(|| "an inventory".to_owned(), |file| file.display().to_string())
    });
    warn(format_args!(
        "{file}: another process has locked it (a scan, or a database program); waiting for up to \
         {} s. End that process if it is not needed.",
        LOCK_TIMEOUT.as_secs()
    ));
}

/// Runs `action` again until the inventory is not locked. Prints a message after one second.
///
/// # Errors
///
/// Fails if the inventory stays locked, and if `action` fails for another reason.
pub(super) fn retry_while_locked<T>(
    file: &Path,
    action: impl FnMut() -> rusqlite::Result<T>,
) -> Result<T> {
    CURRENT.set(Some(file.to_owned()));
    let done = retry_within(LOCK_TIMEOUT, file, action);
    CURRENT.set(None);
    done
}

fn retry_within<T>(
    patience: Duration,
    file: &Path,
    mut action: impl FnMut() -> rusqlite::Result<T>,
) -> Result<T> {
    let begun = Instant::now();
    loop {
        match action() {
            Ok(done) => return Ok(done),
            Err(error) if !is_locked(&error) => return Err(failed(file, &error)),
            Err(_) if begun.elapsed() >= patience => return Err(locked(file, begun.elapsed())),
            // A lock of this kind is reported immediately, without a call of `wait`.
            Err(_) => {
                std::thread::sleep(PAUSE);
                if begun.elapsed() >= NOTICE {
                    tell();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Failure;
    use rusqlite::Connection;

    #[test]
    fn a_lock_that_is_not_released_is_a_failure() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("i.db");
        let other = Connection::open(&file).unwrap();
        other.execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE").unwrap();
        let db = Connection::open(&file).unwrap();
        // Without this, SQLite itself waits for 5 s.
        db.busy_timeout(Duration::ZERO).unwrap();
        let patience = Duration::from_millis(200);
        let begun = Instant::now();
        let read = || db.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
        let Err(Failure::Message(text)) = retry_within(patience, &file, read) else {
            panic!("it was not locked");
        };
        assert!(text.contains("i.db: another process has kept it locked for "), "{text}");
        assert!((patience..Duration::from_secs(10)).contains(&begun.elapsed()));
        other.execute_batch("COMMIT").unwrap();
        assert!(matches!(retry_within(patience, &file, read), Ok(0)));
    }
}
