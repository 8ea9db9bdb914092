//! Waiting for a lock of another process.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::failure::{LOCK_TIMEOUT, failed, is_locked, locked};
use crate::exit::{Result, warn};

/// Time before a message reports the lock.
const NOTICE: Duration = Duration::from_secs(1);

/// Makes every statement wait for a lock, without a message.
pub(crate) fn set_busy_timeout(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(LOCK_TIMEOUT)
}

/// Runs `action` again until the inventory is not locked. Prints a message after one second.
///
/// # Errors
///
/// Fails if the inventory stays locked, and if `action` fails for another reason.
pub(super) fn retry_while_locked<T>(
    db: &Connection,
    file: &Path,
    action: impl FnMut() -> rusqlite::Result<T>,
) -> Result<T> {
    retry_within(LOCK_TIMEOUT, db, file, action)
}

fn retry_within<T>(
    patience: Duration,
    db: &Connection,
    file: &Path,
    mut action: impl FnMut() -> rusqlite::Result<T>,
) -> Result<T> {
    let begun = Instant::now();
    let set = |timeout| db.busy_timeout(timeout).map_err(|error| failed(file, &error));
    set(NOTICE)?;
    let mut is_told = false;
    loop {
        match action() {
            Ok(done) => return set(LOCK_TIMEOUT).map(|()| done),
            Err(error) if !is_locked(&error) => return Err(failed(file, &error)),
            Err(_) if begun.elapsed() >= patience => return Err(locked(file, begun.elapsed())),
            Err(_) if !is_told => {
                is_told = true;
                warn(format_args!(
                    "{}: another process has locked it (a scan, or a database program); waiting \
                     for up to {} s. End that process if it is not needed.",
                    file.display(),
                    patience.as_secs()
                ));
            }
            // A lock of this kind is reported immediately, whatever the timeout.
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Failure;

    #[test]
    fn a_lock_that_is_not_released_is_a_failure() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("i.db");
        let other = Connection::open(&file).unwrap();
        other.execute_batch("CREATE TABLE t (x); BEGIN EXCLUSIVE").unwrap();
        let db = Connection::open(&file).unwrap();
        let begun = Instant::now();
        let read = || db.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0));
        let Err(Failure::Message(text)) = retry_within(Duration::from_secs(2), &db, &file, read)
        else {
            panic!("it was not locked");
        };
        assert!(text.contains("i.db: another process has kept it locked for "), "{text}");
        assert!(begun.elapsed() < Duration::from_secs(10));
        other.execute_batch("COMMIT").unwrap();
        assert!(matches!(retry_within(Duration::from_secs(2), &db, &file, read), Ok(0)));
    }
}
