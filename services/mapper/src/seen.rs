//! Which documents in Visma carry which reference of ours: a view over the changes of invoices and credit notes, by
//! their headers. Two under one reference are one too many, and no vendor says so.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::HeaderMap;
use pipeline::broker::follow::{self, Caught, Follow};
use pipeline::broker::streams::CHANGES;
use pipeline::envelope::{header, text};
use pipeline::service::Context;
use pipeline::subject::{key_of, untoken};
use proto::seen::{DELETED, REFERENCE};

use crate::references::hash;

/// An invoice, as it stands in subjects.
pub(crate) const INVOICE: &str = "invoice";
/// A credit note, as it stands in subjects.
pub(crate) const CREDIT_NOTE: &str = "creditnote";

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
    pub(crate) fn note(&self, kind: &str, number: &str, headers: &HeaderMap) -> Vec<String> {
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
    pub(crate) fn numbers(&self, kind: &str, reference: &str) -> Vec<String> {
        let index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let numbers = index.numbers.get(&hash(&(kind, reference)));
        numbers.into_iter().flatten().map(|number| (*number).to_string()).collect()
    }
}

/// Follows the changes of both kinds.
pub(crate) fn follow(context: &Context, seen: &Arc<Seen>) -> [Caught; 2] {
    [INVOICE, CREDIT_NOTE].map(|kind| {
        let seen = Arc::clone(seen);
        let filter = context.broker.subjects.all("change", "visma", kind);
        let what = Follow { stream: CHANGES, filter, headers_only: true };
        follow::follow(&context.broker, what, context.stop.clone(), move |subject, headers, _| {
            if let Some(number) = key_of(subject) {
                seen.note(kind, &untoken(number), headers);
            }
        })
    })
}
