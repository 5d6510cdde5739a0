//! Accounts that are read again because somebody ordered: an edit of the address book moves no `updated_at`, so neither
//! the poll nor a webhook tells of it, and an order is when the address is looked at.
//!
//! It costs one call for an order, and none where the account was read since the order was placed. Content that was
//! recorded before makes no change.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use ::commerce::time::Moment;
use jiff::{SignedDuration, Timestamp};

/// Orders, and accounts, that are remembered; beyond that the memory starts over.
const REMEMBERED: usize = 20_000;
/// An order that is older than this is history, of a first start or of an outage: the sweep reads those accounts, many
/// in a call.
const HISTORY: SignedDuration = SignedDuration::from_mins(60);

/// Which accounts were read when.
#[derive(Debug, Default)]
pub(super) struct Accounts(Mutex<Memory>);

#[derive(Debug, Default)]
struct Memory {
    /// Orders whose account was asked for.
    orders: HashSet<u64>,
    /// When an account was read at the latest, by the shop's clock.
    read: HashMap<u64, Moment>,
}

impl Accounts {
    /// True when the account of an order that was last changed at `updated_at` is to be read; `now` is the shop's
    /// clock. Says so once for an order.
    pub(super) fn wanted(&self, (order, account): (u64, u64), updated_at: Moment, now: Timestamp) -> bool {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.orders.len() >= REMEMBERED {
            memory.orders.clear();
        }
        let recent = updated_at.timestamp().is_some_and(|time| now.duration_since(time) < HISTORY);
        // A second is coarse: what was read in the order's own second may have been read before it.
        let unread = memory.read.get(&account).is_none_or(|read| *read <= updated_at);
        memory.orders.insert(order) && recent && unread
    }

    /// Notes that an account is read, not before `at` by the shop's clock.
    pub(super) fn read(&self, account: u64, at: Timestamp) {
        let mut memory = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memory.read.len() >= REMEMBERED {
            memory.read.clear();
        }
        memory.read.insert(account, Moment::of(at));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn an_account_is_read_once_for_an_order_and_not_when_it_was_read_since() {
        let accounts = Accounts::default();
        let wanted = |order, updated: i64| accounts.wanted((order, 77), Moment::of(at(updated)), at(updated + 1));
        assert!(wanted(1, 0));
        assert!(!wanted(1, 5), "a later version of the same order");
        assert!(wanted(2, 10));
        accounts.read(77, at(20));
        assert!(!wanted(3, 19), "read since");
        assert!(wanted(4, 20), "maybe read before it, in the same second");
        assert!(!accounts.wanted((5, 78), Moment::of(at(0)), at(3_600)), "history");
    }
}
