//! One SQLite file with the tables of a service's views, and the position of each view beside its tables.
//!
//! Nothing in it is the truth: it can be thrown away at any time, and is when it does not fit. So an error of the store
//! is no error of whoever asks it: the process begins anew, without the file, and in memory where a disk is full.
//!
//! A file may be put back by a person, with the write-ahead log of a newer one beside it: SQLite would mix the two. So
//! an epoch is counted in the file with each checkpoint, and noted beside it: a log of another epoch is removed.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pipeline::anew;
use pipeline::health::Health;
use problem::Code;
use rusqlite::{Connection, OpenFlags, Result, Transaction};

/// In the environment of a process that begun anew because a store could not be kept: why.
const IN_MEMORY: &str = "ML_VIEWS_IN_MEMORY";
/// Length of the write-ahead log from which on it is written into the file.
const LONG: u64 = 4 * 1024 * 1024;
/// What the file is, to SQLite: `ml` and the layout of the tables below.
const LAYOUT: i32 = 0x6d6c_0001;

/// How a store is used: pages in memory are few, whole requests are kept prepared.
const USED: &str = "PRAGMA cache_size = -1024; PRAGMA temp_store = FILE; PRAGMA foreign_keys = OFF;";
/// The file is this process's alone. Its log is synced before it is written into the file, so that no crash of the
/// machine leaves a file that is half of one state and half of another.
const KEPT: &str = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
                    PRAGMA wal_autocheckpoint = 0;";
const THROWN_AWAY: &str = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF;";
const OWN: &str = "CREATE TABLE IF NOT EXISTS store (epoch INTEGER NOT NULL);
    INSERT INTO store SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM store);
    CREATE TABLE IF NOT EXISTS view (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS position (
        view TEXT NOT NULL, span TEXT NOT NULL, sequence INTEGER NOT NULL, subject TEXT NOT NULL, stored INTEGER NOT NULL,
        PRIMARY KEY (view, span)) WITHOUT ROWID;";

/// The files that this process has open: a work that is begun anew takes up the store of the one before it, whose last
/// tasks may still be ending.
static OPEN: Mutex<BTreeMap<PathBuf, Weak<Store>>> = Mutex::new(BTreeMap::new());

/// The store of one service on one connection.
#[derive(Debug)]
pub struct Store {
    tables: Mutex<Connection>,
    file: Option<Kept>,
}

/// A store that stays.
#[derive(Debug)]
struct Kept {
    path: PathBuf,
    /// Held while the store is open.
    _lock: File,
}

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error("another process uses it")]
    Taken,
    #[error("it is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Store(#[from] rusqlite::Error),
    #[error(transparent)]
    Disk(#[from] std::io::Error),
}

impl Store {
    /// The store in the file `name` of `folder`, once a process.
    pub(crate) fn shared(folder: Option<&Path>, name: &str, health: &Health) -> Arc<Self> {
        let Some(path) = folder.map(|folder| folder.join(name)) else {
            return Arc::new(Self::open(None, name, health));
        };
        let mut all = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = all.get(&path).and_then(Weak::upgrade) {
            return store;
        }
        let store = Arc::new(Self::open(folder, name, health));
        all.insert(path, Arc::downgrade(&store));
        store
    }

    /// The store in the file `name` of `folder`; a temporary one where there is no folder, or another process has it.
    fn open(folder: Option<&Path>, name: &str, health: &Health) -> Self {
        if let Ok(why) = std::env::var(IN_MEMORY) {
            let remedy = "give the disk room, or mend the folder (views.dir); then start the service again";
            tracing::warn!(
                code = Code::ViewNotKept.as_str(),
                why,
                remedy,
                "what is remembered of the streams is kept in memory"
            );
            health.say(
                Code::ViewNotKept.as_str(),
                format!("what is remembered of the streams is kept in memory: {why}; {remedy}"),
            );
            return Self::begin(Connection::open_in_memory(), THROWN_AWAY, None);
        }
        let Some(folder) = folder else { return Self::temporary() };
        let path = folder.join(format!("{name}.sqlite"));
        match kept(&path).or_else(|why| match why {
            Unusable::Damaged(_) => {
                tracing::info!(file = %path.display(), %why, "a view's file is thrown away and built anew");
                remove(&path);
                kept(&path)
            }
            why => Err(why),
        }) {
            Ok((tables, lock)) => Self { tables: Mutex::new(tables), file: Some(Kept { path, _lock: lock }) },
            Err(why @ Unusable::Taken) => {
                tracing::info!(file = %path.display(), %why, "a view's file is not used; a temporary one is built");
                Self::temporary()
            }
            Err(why) => {
                let remedy = "mend the folder (views.dir); then start the service again";
                let why = format!("{} cannot be used: {why}", path.display());
                tracing::warn!(code = Code::ViewNotKept.as_str(), why, remedy, "a temporary file is built");
                health.say(Code::ViewNotKept.as_str(), format!("{why}; a temporary file is used; {remedy}"));
                Self::temporary()
            }
        }
    }

    /// A store that is gone with the process.
    pub fn temporary() -> Self {
        Self::begin(Connection::open(""), THROWN_AWAY, None)
    }

    fn begin(opened: Result<Connection>, how: &str, file: Option<Kept>) -> Self {
        match opened.and_then(|tables| set_up(tables, how)) {
            Ok(tables) => Self { tables: Mutex::new(tables), file },
            Err(e) => give_up(&e, None),
        }
    }

    /// Asks the tables. What cannot be read is built anew, by a new process.
    pub fn read<T>(&self, ask: impl FnOnce(&Connection) -> Result<T>) -> T {
        let tables = self.tables();
        let answer = ask(&tables);
        answer.unwrap_or_else(|e| give_up(&e, self.file.as_ref()))
    }

    /// Changes the tables: all of it or nothing.
    pub fn write<T>(&self, change: impl FnOnce(&Transaction<'_>) -> Result<T>) -> T {
        let mut tables = self.tables();
        let changed = (|| {
            let transaction = tables.transaction()?;
            let changed = change(&transaction)?;
            transaction.commit()?;
            Ok(changed)
        })();
        changed.unwrap_or_else(|e| give_up(&e, self.file.as_ref()))
    }

    fn tables(&self) -> MutexGuard<'_, Connection> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether its write-ahead log is long.
    pub(crate) fn is_due(&self) -> bool {
        let Some(file) = &self.file else { return false };
        fs::metadata(beside(&file.path, "-wal")).is_ok_and(|log| log.len() > LONG)
    }

    /// Writes the write-ahead log into the file; blocks for a sync of the disk.
    pub(crate) fn checkpoint(&self) {
        let Some(file) = &self.file else { return };
        let tables = self.tables();
        if let Err(e) = checkpoint(&tables, &file.path) {
            give_up(&e, Some(file));
        }
    }
}

/// Opens a file, as it was left or new.
fn kept(path: &Path) -> std::result::Result<(Connection, File), Unusable> {
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

fn set_up(tables: Connection, how: &str) -> Result<Connection> {
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
fn checkpoint(tables: &Connection, path: &Path) -> Result<()> {
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

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn remove(path: &Path) {
    for ending in ["", "-wal", "-shm", "-journal", ".epoch"] {
        let _ = fs::remove_file(beside(path, ending)); // Err: it is not there.
    }
}

/// Throws the store away and begins anew: with a new file where it was damaged, else in memory.
fn give_up(error: &rusqlite::Error, file: Option<&Kept>) -> ! {
    use rusqlite::ErrorCode::{DatabaseCorrupt, NotADatabase};
    #[cfg(test)]
    tests::no_test_begins_anew(error);
    let is_gone = file.is_some_and(|file| {
        remove(&file.path);
        !file.path.exists()
    });
    let is_damaged = matches!(error.sqlite_error_code(), Some(DatabaseCorrupt | NotADatabase)) && is_gone;
    tracing::warn!(code = Code::ViewNotKept.as_str(), %error, is_damaged, "what is remembered of the streams is built anew");
    let why = error.to_string();
    anew::begin((!is_damaged).then_some((IN_MEMORY, why.as_str())))
}

#[cfg(test)]
mod tests;
