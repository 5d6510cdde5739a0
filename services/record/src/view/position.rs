//! Where a view stands in its streams: the last entry of each part that it has taken in, by what only that one has.

use rusqlite::{Connection, OptionalExtension as _, Result, params};

use super::{Schema, Store, View};

/// The last entry that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) sequence: u64,
    pub(super) subject: String,
    /// When the broker stored it, nanoseconds since the epoch: another entry that has its place has not its time.
    pub(super) stored: i64,
}

/// Makes the tables of a view where they are not there, or of another version.
pub(crate) fn prepare(store: &Store, view: &dyn View) {
    let Schema { name, version, .. } = view.schema();
    let known: Option<u32> = store.read(|tables| {
        tables.query_row("SELECT version FROM view WHERE name = ?1", [name], |row| row.get(0)).optional()
    });
    if known == Some(version) {
        return;
    }
    if let Some(known) = known {
        tracing::info!(view = name, was = known, is = version, "a view of another version is built anew");
    }
    begin(store, view);
}

/// Throws away what a view holds.
pub(super) fn begin(store: &Store, view: &dyn View) {
    let schema = view.schema();
    store.write(|tables| {
        let like = format!("{}\\_%", schema.name);
        let own = "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE ?1 ESCAPE '\\'";
        let own: Vec<String> = tables.prepare(own)?.query_map([like], |row| row.get(0))?.collect::<Result<_>>()?;
        own.iter().try_for_each(|table| tables.execute_batch(&format!("DROP TABLE \"{table}\"")))?;
        tables.execute("DELETE FROM position WHERE view = ?1", [schema.name])?;
        tables.execute_batch(schema.tables)?;
        tables.execute("INSERT OR REPLACE INTO view VALUES (?1, ?2)", params![schema.name, schema.version])?;
        Ok(())
    });
    view.begun();
}

/// Where a view stands in a part.
pub(super) fn read(store: &Store, view: &dyn View, span: &str) -> Option<Position> {
    store.read(|tables| {
        let position = "SELECT sequence, subject, stored FROM position WHERE view = ?1 AND span = ?2";
        let found = |row: &rusqlite::Row<'_>| {
            Ok(Position { sequence: unsigned(row.get(0)?), subject: row.get(1)?, stored: row.get(2)? })
        };
        tables.query_row(position, [view.schema().name, span], found).optional()
    })
}

/// Notes where a view stands in a part.
pub(super) fn write(tables: &Connection, view: &dyn View, span: &str, position: &Position) -> Result<()> {
    let Position { sequence, subject, stored } = position;
    let mut write = tables.prepare_cached("INSERT OR REPLACE INTO position VALUES (?1, ?2, ?3, ?4, ?5)")?;
    write.execute(params![view.schema().name, span, signed(*sequence), subject, stored])?;
    Ok(())
}

/// A sequence or a time as SQLite keeps it.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The number that [`signed`] made.
pub fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
