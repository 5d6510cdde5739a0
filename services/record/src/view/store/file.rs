//! A store's file: opened, found to be sound, and kept in step with the epoch that is noted beside it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, Result};

/// Application id of the file, for SQLite: `ml` and the layout of the tables below.
const LAYOUT: i32 = 0x6d6c_0001;

/// How a store is used: pages in memory are few, whole requests are kept prepared.
const USED: &str = "PRAGMA cache_size = -1024; PRAGMA temp_store = FILE; PRAGMA foreign_keys = OFF;";
/// The file is this process's alone. Its log is synced before it is written into the file, so that no crash of the
/// machine leaves a file that is half of one state and half of another.
const KEPT: &str = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                    PRAGMA wal_autocheckpoint = 0;";
pub(super) const THROWN_AWAY: &str =
    "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;";
const OWN: &str = "CREATE TABLE IF NOT EXISTS store (epoch INTEGER NOT NULL);
    INSERT INTO store SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM store);
    CREATE TABLE IF NOT EXISTS view (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS position (
        view TEXT NOT NULL, span TEXT NOT NULL, sequence INTEGER NOT NULL, subject TEXT NOT NULL, stored INTEGER NOT NULL,
        PRIMARY KEY (view, span)) WITHOUT ROWID;";

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unusable {
    #[error("another process uses it")]
    Taken,
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Store(#[from] rusqlite::Error),
    #[error(transparent)]
    Disk(#[from] std::io::Error),
}

/// Opens a file, as it was left or new.
pub(super) fn kept(path: &Path) -> std::result::Result<(Connection, File), Unusable> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let lock = File::options().create(true).truncate(false).write(true).open(beside(path, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(Unusable::Taken),
        Err(TryLockError::Error(e)) => return Err(e.into()),
    }
    drop_foreign_log(path)?;
    let tables = set_up(Connection::open(path)?, KEPT).map_err(|e| judged(e, path))?;
    let sound: Result<String> = tables.query_row("PRAGMA quick_check(1)", [], |row| row.get(0));
    match sound.map_err(|e| judged(e, path))?.as_str() {
        "ok" => {}
        why => return Err(Unusable::Damaged(why.to_owned())),
    }
    checkpoint(&tables, path).map_err(|e| judged(e, path))?;
    Ok((tables, lock))
}

/// An error over a file that is there and was none of ours, or is damaged.
fn judged(error: rusqlite::Error, path: &Path) -> Unusable {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    match error.sqlite_error_code() {
        Some(DatabaseCorrupt | NotADatabase) => Unusable::Damaged(error.to_string()),
        // Its tables are not what they are now.
        Some(rusqlite::ErrorCode::Unknown) if path.exists() => Unusable::Damaged(error.to_string()),
        _ => error.into(),
    }
}

pub(super) fn set_up(tables: Connection, how: &str) -> Result<Connection> {
    tables.set_prepared_statement_cache_capacity(96);
    tables.execute_batch(how)?;
    tables.execute_batch(USED)?;
    let layout: i32 = tables.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let is_new: bool = tables.query_row("SELECT count(*) = 0 FROM sqlite_master", [], |row| row.get(0))?;
    if layout != LAYOUT && !is_new {
        return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB), None));
    }
    tables.execute_batch(&format!("PRAGMA application_id = {LAYOUT};"))?;
    tables.execute_batch(OWN)?;
    Ok(tables)
}

/// Counts the epoch on, writes the log into the file, and notes the epoch beside it.
pub(super) fn checkpoint(tables: &Connection, path: &Path) -> Result<()> {
    tables.execute("UPDATE store SET epoch = epoch + 1", [])?;
    tables.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    let epoch: i64 = tables.query_row("SELECT epoch FROM store", [], |row| row.get(0))?;
    // Where it cannot be noted, the log is of another epoch at the next start, and what it holds is read again.
    if let Err(error) = fs::write(beside(path, ".epoch"), epoch.to_string()) {
        tracing::debug!(%error, "the epoch of a view's file could not be noted");
    }
    Ok(())
}

/// Removes a write-ahead log that was not written for this file.
fn drop_foreign_log(path: &Path) -> std::io::Result<()> {
    let log = beside(path, "-wal");
    if !fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        return Ok(());
    }
    let noted = fs::read_to_string(beside(path, ".epoch")).ok().and_then(|text| text.parse::<i64>().ok());
    if noted.is_some() && noted == epoch(path) {
        return Ok(());
    }
    tracing::info!(file = %path.display(), "a view's file was put back: what is newer is read from the streams again");
    fs::remove_file(log)
}

/// The epoch of a file without its log.
fn epoch(path: &Path) -> Option<i64> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let name = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let alone = Connection::open_with_flags(format!("file:{name}?immutable=1"), flags).ok()?;
    alone.query_row("SELECT epoch FROM store", [], |row| row.get(0)).ok()
}

pub(super) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub(super) fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm", "-journal", ".epoch"] {
        let _ = fs::remove_file(beside(path, ending)); // Err: it is not there.
    }
}
