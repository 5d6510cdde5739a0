//! Whose reference is whose: a view over the commands, by their headers.
//!
//! References are kept as hashes of 64 bits, keys and lanes as they are: a million orders fit in a hundred megabytes.

use std::borrow::Cow;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use pipeline::broker::follow::Caught;
pub(crate) use proto::seen::REFERENCE;
use record::Log;
use record::address::{Entity, Kind, System};
use record::envelope::{LANE, header, text};
use tokio_util::sync::CancellationToken;

/// Before the id of a Commerce invoice, in the key of the record of what it became.
const OF_INVOICE: &str = "invoice-";

#[derive(Debug, Default)]
pub(crate) struct References {
    taken: Mutex<HashMap<u64, Claim>>,
    /// By order: keys of the invoices that are booked for its Commerce invoices.
    invoices: Mutex<HashMap<u64, Vec<u64>>>,
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

#[derive(Debug)]
struct Claim {
    entity: Entity,
    key: Box<str>,
    lane: Lane,
}

/// An order's own invoice has the order's key.
#[derive(Debug)]
enum Lane {
    Unknown,
    Key,
    Other(Box<str>),
}

impl References {
    /// Takes `reference` for what the command of `entity` and `key` creates; false when another document has it.
    pub(crate) fn claim(&self, reference: &str, entity: Entity, key: &str) -> bool {
        self.hold(reference, (entity, key), None)
    }

    /// The document that holds `reference`.
    pub(crate) fn owner(&self, reference: &str) -> Option<Owner> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let held = taken.get(&hash(&reference))?;
        let lane = match &held.lane {
            Lane::Unknown => None,
            Lane::Key => Some(held.key.to_string()),
            Lane::Other(lane) => Some(lane.to_string()),
        };
        Some(Owner { entity: held.entity, key: held.key.to_string(), lane })
    }

    /// Record keys of the invoices that the Commerce invoices of the order `lane` became, in their order.
    pub(crate) fn invoices_of(&self, lane: &str) -> Vec<String> {
        let invoices = self.invoices.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = invoices.get(&hash(&lane)).cloned().unwrap_or_default();
        ids.into_iter().map(|id| format!("{OF_INVOICE}{id}")).collect()
    }

    fn hold(&self, reference: &str, (entity, key): (Entity, &str), lane: Option<&str>) -> bool {
        let Some((entity, key)) = record(entity, key) else { return true };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Claim { entity, key: key.as_ref().into(), lane: Lane::Unknown };
        let held = taken.entry(hash(&reference)).or_insert_with(new);
        let own = held.entity == entity && held.key.as_ref() == key;
        if let (true, Some(lane)) = (own, lane) {
            held.lane = if lane == key { Lane::Key } else { Lane::Other(lane.into()) };
        }
        own
    }

    fn booked(&self, lane: &str, key: &str) {
        let Some(id) = key.strip_prefix(OF_INVOICE).and_then(|id| id.parse().ok()) else { return };
        let mut invoices = self.invoices.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = invoices.entry(hash(&lane)).or_default();
        if let Err(place) = ids.binary_search(&id) {
            ids.insert(place, id);
        }
    }
}

/// The record of the document that a command creates. A cancellation may create a credit note.
fn record(entity: Entity, key: &str) -> Option<(Entity, Cow<'_, str>)> {
    match entity {
        Entity::Invoice | Entity::CreditNote => Some((entity, key.into())),
        Entity::Cancellation => Some((Entity::CreditNote, format!("{}-{key}", entity.name()).into())),
        _ => None,
    }
}

pub(crate) fn follow(log: &Log, stop: &CancellationToken, references: &Arc<References>) -> Caught {
    let references = Arc::clone(references);
    log.follow(&log.system(Kind::Command, System::Visma), true, stop, move |address, headers, _| {
        let Some(reference) = text(headers, REFERENCE) else { return };
        let (entity, key, lane) = (address.entity(), address.key(), header(headers, LANE));
        references.hold(&reference, (entity, key), lane);
        if let (Entity::Invoice, Some(lane)) = (entity, lane) {
            references.booked(lane, key);
        }
    })
}

/// Within one process only: the view is rebuilt by each.
pub(crate) fn hash(text: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
