//! Whose reference is whose: a view over the commands, by their headers.
//!
//! Hashes of 64 bits are kept, not texts: a million orders fit in tens of megabytes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use pipeline::broker::follow::{self, Caught, Follow};
use pipeline::broker::streams::COMMANDS;
use pipeline::envelope::{self, header};
use pipeline::service::Context;
use pipeline::subject::{key_of, untoken};

/// Header of a document's command that carries its reference.
pub(crate) const REFERENCE: &str = "Ml-Reference";

/// Before the id of a Commerce invoice, in the key of the record of what it became.
const OF_INVOICE: &str = "invoice-";

#[derive(Debug, Default)]
pub(crate) struct References {
    taken: Mutex<HashMap<u64, u64>>,
    /// By order: keys of the invoices that are booked for its Commerce invoices.
    invoices: Mutex<HashMap<u64, Vec<u64>>>,
}

impl References {
    /// Takes `reference` for the document `key` of a kind (`invoice`, `creditnote`); false when another one has it.
    pub(crate) fn claim(&self, reference: &str, entity: &str, key: &str) -> bool {
        let document = hash(&(entity, key));
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken.entry(hash(&reference)).or_insert(document) == document
    }

    /// Record keys of the invoices that the Commerce invoices of the order `lane` became, in their order.
    pub(crate) fn invoices_of(&self, lane: &str) -> Vec<String> {
        let invoices = self.invoices.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = invoices.get(&hash(&lane)).cloned().unwrap_or_default();
        ids.into_iter().map(|id| format!("{OF_INVOICE}{id}")).collect()
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

pub(crate) fn follow(context: &Context, references: &Arc<References>) -> Caught {
    let references = Arc::clone(references);
    let filter = context.broker.subjects.every("command", "visma");
    let what = Follow { stream: COMMANDS, filter, headers_only: true };
    follow::follow(&context.broker, what, context.stop.clone(), move |subject, headers, _| {
        let entity = subject.split('.').nth(3);
        if let (Some(reference), Some(entity), Some(key)) = (header(headers, REFERENCE), entity, key_of(subject)) {
            let key = untoken(key);
            references.claim(reference, entity, &key);
            if let ("invoice", Some(lane)) = (entity, header(headers, envelope::LANE)) {
                references.booked(lane, &key);
            }
        }
    })
}

/// Within one process only: the view is rebuilt by each.
fn hash(text: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
