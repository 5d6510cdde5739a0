//! The view that a sweep holds Visma's lists against: our documents that we know to be there, from what was read there
//! and from the outcomes of what we created and no poll has read yet. It is brought up to date when a sweep begins.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::visma::stamp::Stamp;
use proto::seen;
use record::address::{Address, Entity, Kind, System};
use record::envelope::{header, text};
use record::view::sql::{Connection, Result, params};
use record::view::{Schema, Seen, Store, View, signed};
use record::{Log, entry};
use tokio_util::sync::CancellationToken;

/// References by number.
pub(super) type Known = BTreeMap<String, String>;

/// A document that is gone has no reference. `key` is that of our record, `written` in milliseconds since the epoch.
const TABLES: &str = "
    CREATE TABLE known_read (
        is_note INTEGER NOT NULL, number TEXT NOT NULL, reference TEXT, created TEXT, sequence INTEGER NOT NULL,
        PRIMARY KEY (is_note, number)) WITHOUT ROWID;
    CREATE INDEX known_created ON known_read (is_note, created);
    CREATE TABLE known_written (
        is_note INTEGER NOT NULL, key TEXT NOT NULL, number TEXT, reference TEXT NOT NULL, written INTEGER NOT NULL,
        PRIMARY KEY (is_note, key)) WITHOUT ROWID;
    CREATE INDEX known_since ON known_written (is_note, written) WHERE number IS NOT NULL;";
const READ: &str = "INSERT INTO known_read VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (is_note, number) DO UPDATE SET
    reference = excluded.reference, created = excluded.created, sequence = excluded.sequence
    WHERE sequence <= excluded.sequence";

/// Those that were created since, and those that we have written since and no poll has read.
const LISTED: &str = "SELECT number, reference FROM known_read
    WHERE is_note = ?1 AND created >= ?2 AND reference IS NOT NULL";
const UNREAD: &str = "SELECT number, reference FROM known_written
    WHERE is_note = ?1 AND written >= ?2 AND number IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM known_read AS read WHERE read.is_note = ?1 AND read.number = known_written.number)";

/// Our documents in Visma.
#[derive(Debug)]
pub(super) struct Documents(Arc<Store>);

impl Documents {
    /// All that the log says of them by now.
    pub(super) async fn now(log: &Log, stop: &CancellationToken) -> Arc<Self> {
        let documents = Arc::new(Self(Arc::clone(log.tables())));
        let of = |kind, headers_only| {
            let part = move |entity| log.part(&log.entity(kind, System::Visma, entity), headers_only);
            [Entity::Invoice, Entity::CreditNote].map(part)
        };
        let parts = [of(Kind::Change, true), of(Kind::Outcome, false)].concat();
        let following = stop.child_token();
        log.follow(Arc::clone(&documents) as Arc<dyn View>, parts, &following).await.up().await;
        following.cancel();
        documents
    }

    /// Those that were surely created after `created`, or that we have written since `written`.
    pub(super) fn since(&self, entity: Entity, created: Stamp, written: u64) -> Known {
        let is_note = entity == Entity::CreditNote;
        self.0.read(|tables| {
            let row = |row: &record::view::sql::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            let mut known = Known::new();
            for one in tables.prepare_cached(UNREAD)?.query_map(params![is_note, signed(written)], row)? {
                known.extend([one?]);
            }
            for one in tables.prepare_cached(LISTED)?.query_map(params![is_note, created.to_string()], row)? {
                known.extend([one?]);
            }
            Ok(known)
        })
    }
}

impl View for Documents {
    fn schema(&self) -> Schema {
        Schema { name: "known", version: 1, tables: TABLES }
    }

    fn see(&self, tables: &Connection, entry: &Seen<'_>) -> Result<()> {
        let Ok(address) = Address::parse(entry.subject) else { return Ok(()) };
        let (is_note, key) = (address.entity() == Entity::CreditNote, address.key());
        if address.kind() == Kind::Change {
            let created: Option<Stamp> = header(entry.headers, seen::CREATED).and_then(|created| created.parse().ok());
            let created = created.map(|created| created.to_string());
            let is_alive = header(entry.headers, seen::DELETED).is_none();
            let reference = text(entry.headers, seen::REFERENCE).filter(|_| is_alive);
            let with = params![is_note, key, reference, created, signed(entry.sequence)];
            tables.prepare_cached(READ)?.execute(with)?;
            return Ok(());
        }
        // One that cannot be read tells of no document.
        let Ok(outcome) = entry::read_outcome(entry.body) else { return Ok(()) };
        let number = (!outcome.number.is_empty() && !outcome.deleted).then_some(outcome.number);
        let with = params![is_note, key, number, outcome.external_reference, signed(outcome.written_at)];
        tables.prepare_cached("INSERT OR REPLACE INTO known_written VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(with)?;
        Ok(())
    }
}
