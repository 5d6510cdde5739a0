use std::sync::Arc;

use super::*;
use crate::view::{Schema, Seen, View, position};

pub(super) fn no_test_begins_anew(error: &rusqlite::Error) {
    panic!("{error}");
}

/// A folder of its own, gone after the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("ml-views-{}", uuid::Uuid::now_v7().simple()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn open(&self) -> Store {
        Store::open(Some(&self.0), "main-mapper", &Health::default())
    }

    fn file(&self) -> PathBuf {
        self.0.join("main-mapper.sqlite")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

struct Numbers(u32);

impl View for Numbers {
    fn schema(&self) -> Schema {
        Schema {
            name: "number",
            version: self.0,
            tables: "CREATE TABLE number_seen (number INTEGER PRIMARY KEY, text TEXT NOT NULL)",
        }
    }

    fn see(&self, _: &Connection, _: &Seen<'_>) -> Result<()> {
        Ok(())
    }
}

fn opened(folder: &Folder) -> Store {
    let store = folder.open();
    position::prepare(&store, &Numbers(1));
    store
}

fn put(store: &Store, numbers: std::ops::Range<u32>) {
    store.write(|tables| {
        let mut insert = tables.prepare("INSERT INTO number_seen VALUES (?1, ?2)")?;
        numbers.clone().try_for_each(|number| insert.execute((number, "x".repeat(100))).map(drop))
    });
}

fn count(store: &Store) -> u32 {
    store.read(|tables| tables.query_row("SELECT count(*) FROM number_seen", [], |row| row.get(0)))
}

#[test]
fn what_was_written_is_there_again_and_another_version_begins_empty() {
    let folder = Folder::new();
    put(&opened(&folder), 0..1_000);
    let store = opened(&folder);
    assert_eq!((count(&store), store.file.is_some()), (1_000, true));
    position::prepare(&store, &Numbers(2));
    assert_eq!(count(&store), 0);
}

#[test]
fn a_file_that_another_one_uses_is_left_to_it() {
    let folder = Folder::new();
    let first = opened(&folder);
    put(&first, 0..10);
    let second = opened(&folder);
    assert_eq!((second.file.is_none(), count(&second)), (true, 0));
    put(&second, 0..3);
    drop(first);
    assert_eq!(count(&opened(&folder)), 10);
}

#[test]
fn a_damaged_file_and_one_that_is_none_of_ours_are_thrown_away() {
    let folder = Folder::new();
    put(&opened(&folder), 0..10_000);
    let mut bytes = fs::read(folder.file()).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 4_096].fill(0x5a);
    fs::write(folder.file(), &bytes).unwrap();
    assert_eq!(count(&opened(&folder)), 0, "a page in the middle");
    fs::write(folder.file(), &bytes[..3_000]).unwrap();
    assert_eq!(count(&opened(&folder)), 0, "its end is missing");
    fs::write(folder.file(), b"no tables").unwrap();
    assert_eq!(count(&opened(&folder)), 0, "no file of SQLite's");
    let other = Folder::new();
    Connection::open(other.file()).unwrap().execute_batch("CREATE TABLE number_seen (other)").unwrap();
    assert_eq!(count(&opened(&other)), 0, "somebody else's file");
}

#[test]
fn a_file_that_was_put_back_is_not_mixed_with_the_log_of_a_newer_one() {
    let folder = Folder::new();
    put(&opened(&folder), 0..1_000);
    let older = fs::read(folder.file()).unwrap();
    let newer = opened(&folder);
    put(&newer, 1_000..20_000);
    newer.checkpoint();
    newer.write(|tables| tables.execute("DELETE FROM number_seen WHERE number % 7 = 3", []));
    let log = fs::read(beside(&folder.file(), "-wal")).unwrap();
    assert!(!log.is_empty(), "the process was killed before it was written into the file");
    drop(newer);
    fs::write(beside(&folder.file(), "-wal"), &log).unwrap();
    fs::write(folder.file(), older).unwrap();
    assert_eq!(count(&opened(&folder)), 1_000);
    // Its own log is taken up.
    let store = Arc::new(opened(&folder));
    store.write(|tables| tables.execute("DELETE FROM number_seen WHERE number < 100", []));
    let (file, log) = (fs::read(folder.file()).unwrap(), fs::read(beside(&folder.file(), "-wal")).unwrap());
    drop(store);
    fs::write(folder.file(), file).unwrap();
    fs::write(beside(&folder.file(), "-wal"), log).unwrap();
    assert_eq!(count(&opened(&folder)), 900);
}
