//! Which supplier invoices are for which purchase order: a view over their changes, by a header. A purchase order may
//! be told which order of the shop it serves long after the supplier has billed it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::HeaderMap;
use pipeline::broker::follow::Caught;
use pipeline::broker::token::untoken;
use proto::seen::PURCHASE_ORDERS;
use record::Log;
use record::address::{Entity, Kind, System};
use record::envelope::header;
use tokio_util::sync::CancellationToken;

use crate::references::hash;

#[derive(Debug, Default)]
pub(crate) struct Purchases(Mutex<HashMap<u64, Vec<Box<str>>>>);

impl Purchases {
    /// Keys of the supplier invoices that name this purchase order, or did once.
    pub(crate) fn invoices(&self, purchase_order: &str) -> Vec<String> {
        let index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let keys = index.get(&hash(&purchase_order));
        keys.into_iter().flatten().map(|key| key.to_string()).collect()
    }

    /// Notes a version of a supplier invoice.
    pub(crate) fn note(&self, key: &str, headers: &HeaderMap) {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for number in header(headers, PURCHASE_ORDERS).unwrap_or_default().split(',').filter(|n| !n.is_empty()) {
            let keys = index.entry(hash(&untoken(number).as_str())).or_default();
            if keys.iter().all(|known| known.as_ref() != key) {
                keys.push(key.into());
            }
        }
    }
}

/// Follows the changes of supplier invoices.
pub(crate) fn follow(log: &Log, stop: &CancellationToken, purchases: &Arc<Purchases>) -> Caught {
    let purchases = Arc::clone(purchases);
    let versions = log.entity(Kind::Change, System::Visma, Entity::SupplierInvoice);
    log.follow(&versions, true, stop, move |address, headers, _| purchases.note(address.key(), headers))
}
