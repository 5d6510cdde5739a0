//! Which documents in Visma carry which reference of ours: a view over the changes of invoices and credit notes, by
//! their headers. Two under one reference are one too many, and no vendor says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::HeaderMap;
use pipeline::broker::follow::Caught;
use proto::seen::{DELETED, REFERENCE};
use record::Log;
use record::address::{Entity, Kind, System};
use record::envelope::{header, text};
use tokio_util::sync::CancellationToken;

use crate::references::hash;

#[derive(Debug, Default)]
pub(crate) struct Seen(Mutex<Index>);

#[derive(Debug, Default)]
struct Index {
    /// Numbers by kind and reference. Almost always one.
    numbers: HashMap<u64, Vec<Box<str>>>,
    /// Kind and reference by kind and number: a reference can be changed in Visma.
    references: HashMap<u64, u64>,
}

impl Seen {
    /// Notes a version of a document and returns every number that carries its reference now, its own among them unless
    /// it is gone.
    pub(crate) fn note(&self, kind: Entity, number: &str, headers: &HeaderMap) -> Vec<String> {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (document, reference) = (hash(&(kind, number)), text(headers, REFERENCE).unwrap_or_default());
        let place = hash(&(kind, reference.as_ref()));
        if let Some(old) = index.references.remove(&document)
            && let Some(numbers) = index.numbers.get_mut(&old)
        {
            numbers.retain(|known| known.as_ref() != number);
        }
        if header(headers, DELETED).is_none() {
            index.references.insert(document, place);
            index.numbers.entry(place).or_default().push(number.into());
        }
        let mut numbers: Vec<String> = index
            .numbers
            .get(&place)
            .map(|numbers| numbers.iter().map(|number| (*number).to_string()).collect())
            .unwrap_or_default();
        numbers.sort();
        numbers
    }

    /// Every number that was seen with this reference.
    pub(crate) fn numbers(&self, kind: Entity, reference: &str) -> Vec<String> {
        let index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = index.numbers.get(&hash(&(kind, reference)));
        numbers.into_iter().flatten().map(|number| (*number).to_string()).collect()
    }
}

/// Follows the changes of both kinds.
pub(crate) fn follow(log: &Log, stop: &CancellationToken, seen: &Arc<Seen>) -> [Caught; 2] {
    [Entity::Invoice, Entity::CreditNote].map(|kind| {
        let seen = Arc::clone(seen);
        let versions = log.entity(Kind::Change, System::Visma, kind);
        log.follow(&versions, true, stop, move |address, headers, _| {
            seen.note(kind, address.key(), headers);
        })
    })
}
