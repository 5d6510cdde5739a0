//! Whose reference is whose: a view over the commands, by their headers.
//!
//! A claim whose command is not in the view yet is kept in memory, so that no two documents of this process share a
//! reference.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use proto::seen::REFERENCE;
use record::Log;
use record::address::{Address, Entity, Kind, System, created_by};
use record::envelope::{LANE, header, text};
use record::view::sql::{Connection, OptionalExtension as _, Result, params};
use record::view::{Caught, Schema, Seen, Store, View};
use tokio_util::sync::CancellationToken;

/// Before the id of a Commerce invoice, in the key of the record of what it became.
const OF_INVOICE: &str = "invoice-";
/// So many claims are looked at with each new one: whether the view has them.
const LOOKED_AT: usize = 2;

const TABLES: &str = "
    CREATE TABLE references_owner (
        reference TEXT PRIMARY KEY, entity INTEGER NOT NULL, key TEXT NOT NULL, lane TEXT) WITHOUT ROWID;
    CREATE TABLE references_invoice (
        lane TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (lane, id)) WITHOUT ROWID;";
/// The first record that has a reference keeps it.
const HOLD: &str = "INSERT INTO references_owner VALUES (?1, ?2, ?3, ?4) ON CONFLICT (reference)
    DO UPDATE SET lane = excluded.lane
    WHERE entity = excluded.entity AND key = excluded.key AND excluded.lane IS NOT NULL AND lane IS NOT excluded.lane";

#[derive(Debug)]
pub(crate) struct References {
    store: Arc<Store>,
    claims: Mutex<Claims>,
}

/// The record that holds a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Owner {
    /// An invoice, or a credit note.
    pub(crate) entity: Entity,
    /// Its key.
    pub(crate) key: String,
    /// Its lane: the entity_id of its order. Known once its command is in the view.
    pub(crate) lane: Option<String>,
}

/// Claims that are not in the view yet.
#[derive(Debug, Default)]
struct Claims {
    by_reference: HashMap<String, (Entity, String)>,
    oldest_first: VecDeque<String>,
}

impl References {
    fn new(store: &Arc<Store>) -> Self {
        Self { store: Arc::clone(store), claims: Mutex::default() }
    }

    /// Takes `reference` for what the command of `entity` and `key` creates; false when another document has it.
    pub(crate) fn claim(&self, reference: &str, entity: Entity, key: &str) -> bool {
        let Some((entity, key)) = created_by(entity, key) else { return true };
        let mut claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(owner) = self.followed(reference) {
            return owner.entity == entity && owner.key == key;
        }
        if let Some((holder, own)) = claims.by_reference.get(reference) {
            return *holder == entity && own.as_str() == key;
        }
        claims.by_reference.insert(reference.to_owned(), (entity, key.into_owned()));
        claims.oldest_first.push_back(reference.to_owned());
        for _ in 0..LOOKED_AT {
            let Some(oldest) = claims.oldest_first.pop_front() else { break };
            match self.followed(&oldest) {
                Some(_) => drop(claims.by_reference.remove(&oldest)),
                None => claims.oldest_first.push_back(oldest),
            }
        }
        true
    }

    /// The document that holds `reference`.
    pub(crate) fn owner(&self, reference: &str) -> Option<Owner> {
        let claims = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        self.followed(reference).or_else(|| {
            let (entity, key) = claims.by_reference.get(reference)?.clone();
            Some(Owner { entity, key, lane: None })
        })
    }

    /// Record keys of the invoices that the Commerce invoices of the order `lane` became, in their order.
    pub(crate) fn invoices_of(&self, lane: &str) -> Vec<String> {
        let ids: Vec<i64> = self.store.read(|tables| {
            let mut ids = tables.prepare_cached("SELECT id FROM references_invoice WHERE lane = ?1 ORDER BY id")?;
            ids.query_map([lane], |row| row.get(0))?.collect()
        });
        ids.into_iter().map(|id| format!("{OF_INVOICE}{id}")).collect()
    }

    /// Returns the record that holds `reference`, as the commands say.
    fn followed(&self, reference: &str) -> Option<Owner> {
        self.store.read(|tables| {
            let owner = "SELECT entity, key, lane FROM references_owner WHERE reference = ?1";
            let mut owner = tables.prepare_cached(owner)?;
            let found = owner.query_row([reference], |row| {
                let entity = if row.get(0)? { Entity::CreditNote } else { Entity::Invoice };
                Ok(Owner { entity, key: row.get(1)?, lane: row.get(2)? })
            });
            found.optional()
        })
    }
}

impl View for References {
    fn schema(&self) -> Schema {
        Schema { name: "references", version: 1, tables: TABLES }
    }

    fn see(&self, tables: &Connection, entry: &Seen<'_>) -> Result<()> {
        let (Some(reference), Ok(address)) = (text(entry.headers, REFERENCE), Address::parse(entry.subject)) else {
            return Ok(());
        };
        let lane = header(entry.headers, LANE);
        if let Some((entity, key)) = created_by(address.entity(), address.key()) {
            let is_note = entity == Entity::CreditNote;
            tables.prepare_cached(HOLD)?.execute(params![reference, is_note, key, lane])?;
        }
        let id = address.key().strip_prefix(OF_INVOICE).and_then(|id| id.parse::<i64>().ok());
        if let (Entity::Invoice, Some(lane), Some(id)) = (address.entity(), lane, id) {
            tables
                .prepare_cached("INSERT OR IGNORE INTO references_invoice VALUES (?1, ?2)")?
                .execute(params![lane, id])?;
        }
        Ok(())
    }
}

/// Follows the commands that create documents in Visma.
pub(crate) async fn follow(log: &Log, stop: &CancellationToken) -> (Arc<References>, Caught) {
    let references = Arc::new(References::new(log.tables()));
    let commands = [Entity::Invoice, Entity::CreditNote, Entity::Cancellation];
    let commands = commands.map(|entity| log.part(&log.entity(Kind::Command, System::Visma, entity), true)).to_vec();
    let caught = log.follow(Arc::clone(&references) as Arc<dyn View>, commands, stop).await;
    (references, caught)
}
