//! One SQLite file with the tables of a service's views, and the position of each view beside its tables.
//!
//! Nothing in it is the truth: it can be thrown away at any time, and is when it does not fit. So an error of the store
//! is no error of whoever asks it: the process begins anew, without the file, and in memory where a disk is full.
//!
//! A file may be put back by a person, with the write-ahead log of a newer one beside it: SQLite would mix the two. So
//! an epoch is counted in the file with each checkpoint, and noted beside it: a log of another epoch is removed.

mod file;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use pipeline::anew;
use pipeline::health::Health;
use problem::Code;
use rusqlite::{Connection, Result, Transaction};

use file::{THROWN_AWAY, Unusable, beside, checkpoint, kept, remove, set_up};

/// In the environment of a process that begun anew because a store could not be kept: why.
const IN_MEMORY: &str = "ML_VIEWS_IN_MEMORY";
/// Length of the write-ahead log from which on it is written into the file.
const LONG: u64 = 4 * 1024 * 1024;
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

    /// Returns true when its write-ahead log is long.
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
