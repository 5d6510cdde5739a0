//! Which documents in Visma carry which reference of ours: a view over the changes of invoices and credit notes, by
//! their headers. Two under one reference are one too many, and no vendor says so.

use std::sync::Arc;

use async_nats::HeaderMap;
use proto::seen::{DELETED, REFERENCE};
use record::Log;
use record::address::{Address, Entity, Kind, System};
use record::envelope::{header, text};
use record::take::Delivery;
use record::view::sql::{Connection, Result, params};
use record::view::{Caught, Schema, Seen as Entry, Store, View, signed};
use tokio_util::sync::CancellationToken;

/// A document that is gone, and one without a reference, has none.
const TABLES: &str = "
    CREATE TABLE document_version (
        is_note INTEGER NOT NULL, number TEXT NOT NULL, reference TEXT, sequence INTEGER NOT NULL,
        PRIMARY KEY (is_note, number)) WITHOUT ROWID;
    CREATE INDEX document_reference ON document_version (reference, is_note) WHERE reference IS NOT NULL;";
const NOTE: &str = "INSERT INTO document_version VALUES (?1, ?2, ?3, ?4) ON CONFLICT (is_note, number)
    DO UPDATE SET reference = excluded.reference, sequence = excluded.sequence WHERE sequence <= excluded.sequence";

#[derive(Debug)]
pub(crate) struct Seen(Arc<Store>);

impl Seen {
    /// Notes a version of a document, which the view may not have come to yet, and returns every number that carries
    /// its reference now, its own among them unless it is gone.
    pub(crate) fn note(&self, kind: Entity, number: &str, delivery: &Delivery) -> Vec<String> {
        self.0.write(|tables| {
            note(tables, (kind, number), &delivery.headers, delivery.sequence)?;
            numbers(tables, kind, &text(&delivery.headers, REFERENCE).unwrap_or_default())
        })
    }

    /// Every number that was seen with this reference.
    pub(crate) fn numbers(&self, kind: Entity, reference: &str) -> Vec<String> {
        self.0.read(|tables| numbers(tables, kind, reference))
    }
}

fn numbers(tables: &Connection, kind: Entity, reference: &str) -> Result<Vec<String>> {
    let numbers = "SELECT number FROM document_version WHERE reference = ?1 AND is_note = ?2 ORDER BY number";
    let mut numbers = tables.prepare_cached(numbers)?;
    numbers.query_map(params![reference, kind == Entity::CreditNote], |row| row.get(0))?.collect()
}

fn note(tables: &Connection, (kind, number): (Entity, &str), headers: &HeaderMap, sequence: u64) -> Result<()> {
    let reference = header(headers, DELETED).is_none().then(|| text(headers, REFERENCE).unwrap_or_default());
    let is_note = kind == Entity::CreditNote;
    tables.prepare_cached(NOTE)?.execute(params![is_note, number, reference, signed(sequence)])?;
    Ok(())
}

impl View for Seen {
    fn schema(&self) -> Schema {
        Schema { name: "document", version: 1, tables: TABLES }
    }

    fn see(&self, tables: &Connection, entry: &Entry<'_>) -> Result<()> {
        let Ok(address) = Address::parse(entry.subject) else { return Ok(()) };
        note(tables, (address.entity(), address.key()), entry.headers, entry.sequence)
    }
}

/// Follows the changes of both kinds.
pub(crate) async fn follow(log: &Log, stop: &CancellationToken) -> (Arc<Seen>, Caught) {
    let seen = Arc::new(Seen(Arc::clone(log.tables())));
    let versions = |kind| log.part(&log.entity(Kind::Change, System::Visma, kind), true);
    let versions = [Entity::Invoice, Entity::CreditNote].map(versions).to_vec();
    let caught = log.follow(Arc::clone(&seen) as Arc<dyn View>, versions, stop).await;
    (seen, caught)
}
