//! Whose reference is whose: a view over the invoice commands, by their headers.
//!
//! Hashes of 64 bits are kept, not texts: a million orders fit in tens of megabytes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use pipeline::broker::follow::{self, Caught, Follow};
use pipeline::broker::streams::COMMANDS;
use pipeline::envelope::header;
use pipeline::service::Context;
use pipeline::subject::{key_of, untoken};

/// Header of an invoice command that carries its reference.
pub(crate) const REFERENCE: &str = "Ml-Reference";

#[derive(Debug, Default)]
pub(crate) struct References(Mutex<HashMap<u64, u64>>);

impl References {
    /// Takes `reference` for the order `key`; false when another order has it.
    pub(crate) fn claim(&self, reference: &str, key: &str) -> bool {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *taken.entry(hash(reference)).or_insert(hash(key)) == hash(key)
    }
}

pub(crate) fn follow(context: &Context, references: &Arc<References>) -> Caught {
    let references = Arc::clone(references);
    let filter = context.broker.subjects.all("command", "visma", "invoice");
    let what = Follow { stream: COMMANDS, filter, headers_only: true };
    follow::follow(&context.broker, what, context.stop.clone(), move |subject, headers, _| {
        if let (Some(reference), Some(key)) = (header(headers, REFERENCE), key_of(subject)) {
            references.claim(reference, &untoken(key));
        }
    })
}

/// Within one process only: the view is rebuilt by each.
fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
