//! Settings of each connection to an inventory.

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::lock::wait;

/// Makes every statement wait for a lock, and keeps the plan of a statement.
///
/// Without `ENABLE_QPSG`, SQLite parses and plans a cached statement again whenever the value of a
/// parameter changes. That doubled the time of a scan in which no file has changed.
pub(crate) fn configure(db: &mut Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.busy_handler(Some(wait))
}
