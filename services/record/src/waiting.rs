//! Waiting: what a delivery waits for is an entry of the log, and the delivery is settled.
//!
//! So the consumer's window holds work in hand only, and what waits costs nothing until the record that it waits for
//! moves, or its time has come: then its delivery is taken up again. An entry stands at
//! `waiting.<connection>.<stage>.<system>.<entity>.<key>`, one for each record that waits, and is replaced by a mark
//! that the broker removes when it is over. Each replica follows the entries of its stage (`index`).
//!
//! A record is seen to move by the process that works: it writes the entry, or takes the delivery. What a crash has cut
//! off in between is found by a slow round over all that waits.

mod index;
mod list;
mod parking;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::address::Address;
pub(crate) use index::{Due, Index};
pub use list::Waiting;
pub(crate) use parking::{Parking, Taken};

/// The record that a delivery waits for, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The record that is to move.
    pub on: Address,
    /// Sequence of that record's last entry as it was when this was decided, 0 for none.
    pub seen: u64,
    /// When the delivery is taken up again in any case, milliseconds since the epoch.
    pub until: u64,
    /// It is likely to move within moments: the delivery is kept in hand that long.
    pub is_soon: bool,
    /// Reason for the wait, in words.
    pub why: String,
}

/// Tells those who wait for a record that it has moved.
#[derive(Debug, Default)]
pub(crate) struct Movements {
    in_hand: Mutex<HashMap<Address, Arc<Notify>>>,
    parked: Mutex<Vec<Arc<Index>>>,
}

impl Movements {
    /// A record has moved.
    pub(crate) fn moved(&self, address: &Address) {
        if let Some(waiting) = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner).get(address) {
            waiting.notify_waiters();
        }
        for index in self.parked.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            index.moved(address);
        }
    }

    /// Adds `index`: its parked deliveries hear of movements too.
    pub(crate) fn tell(&self, index: Arc<Index>) {
        self.parked.lock().unwrap_or_else(PoisonError::into_inner).push(index);
    }

    /// Hears of the movements of one record until it is dropped.
    pub(crate) fn listen(&self, address: &Address) -> Listening<'_> {
        let mut in_hand = self.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = Arc::clone(in_hand.entry(address.clone()).or_default());
        Listening { movements: self, address: address.clone(), heard }
    }
}

/// Hears of the movements of one record.
#[derive(Debug)]
pub(crate) struct Listening<'a> {
    movements: &'a Movements,
    address: Address,
    pub(crate) heard: Arc<Notify>,
}

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        let mut in_hand = self.movements.in_hand.lock().unwrap_or_else(PoisonError::into_inner);
        // The map and this one hold it: nobody else listens.
        if Arc::strong_count(&self.heard) <= 2 {
            in_hand.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests;
