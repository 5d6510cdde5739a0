//! Whose reference is whose: a view over the commands, by their headers.
//!
//! Hashes of 64 bits are kept, not texts: a million orders fit in tens of megabytes.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Arc, Mutex, PoisonError};

use pipeline::broker::follow::{self, Caught, Follow};
use pipeline::broker::streams::COMMANDS;
use pipeline::envelope::header;
use pipeline::service::Context;
use pipeline::subject::{key_of, untoken};

/// Header of a document's command that carries its reference.
pub(crate) const REFERENCE: &str = "Ml-Reference";

#[derive(Debug, Default)]
pub(crate) struct References(Mutex<HashMap<u64, u64>>);

impl References {
    /// Takes `reference` for the document `key` of a kind (`invoice`, `creditnote`); false when another one has it.
    pub(crate) fn claim(&self, reference: &str, entity: &str, key: &str) -> bool {
        let document = hash(&(entity, key));
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *taken.entry(hash(&reference)).or_insert(document) == document
    }
}

pub(crate) fn follow(context: &Context, references: &Arc<References>) -> Caught {
    let references = Arc::clone(references);
    let filter = context.broker.subjects.every("command", "visma");
    let what = Follow { stream: COMMANDS, filter, headers_only: true };
    follow::follow(&context.broker, what, context.stop.clone(), move |subject, headers, _| {
        let entity = subject.split('.').nth(3);
        if let (Some(reference), Some(entity), Some(key)) = (header(headers, REFERENCE), entity, key_of(subject)) {
            references.claim(reference, entity, &untoken(key));
        }
    })
}

/// Within one process only: the view is rebuilt by each.
fn hash(text: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
