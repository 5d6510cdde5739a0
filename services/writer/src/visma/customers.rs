//! The view that customers are matched in: who stands in Visma under which e-mail address and numbers, by keyed hashes.
//!
//! It is fed by the customers that were read at Visma and by the outcomes of those that we created, which the next poll
//! will read too. Both name the customer's number, so that nobody stands here twice. What this process has written, or
//! a list of Visma's has shown it, is put into the tables at once; who is being created by it is in memory.

mod contact;
mod tables;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use record::Log;
use record::address::{Entity, Kind, System};
use record::view::sql::{Connection, Result};
use record::view::{Opened, Schema, Seen, Store, View};

use proto::matching::{CORPORATE, EMAIL, VAT};
use tables::{Customer, parsed};

/// A hashed mark: which kind, and its hash.
type Mark = (&'static str, String);

/// Result of looking for a customer at Visma by its marks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match {
    /// Nobody stands there under any of the marks.
    Nobody,
    /// One customer does.
    One(String),
    /// Several do; which is meant is not ours to guess.
    Several(Vec<String>),
}

#[derive(Debug)]
pub(crate) struct Customers {
    store: Arc<Store>,
    /// Marks of customers that this process is creating, and for whom: nobody else is created under them meanwhile.
    reserved: Mutex<HashMap<Mark, String>>,
    /// Numbers of customers that are being written to.
    written: Mutex<HashSet<String>>,
}

/// One customer in Visma, written to by nobody else until this is dropped.
#[derive(Debug)]
pub(crate) struct Writing<'a> {
    customers: &'a Customers,
    number: String,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.customers.written.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number);
    }
}

impl Customers {
    fn new(store: &Arc<Store>) -> Self {
        Self { store: Arc::clone(store), reserved: Mutex::default(), written: Mutex::default() }
    }

    /// The number of the customer whose record has this key, if it is linked.
    pub(crate) fn linked(&self, key: &str) -> Option<String> {
        self.store.read(|tables| tables::linked(tables, key))
    }

    /// The number that a customer has now, if it was given another one in Visma.
    pub(crate) fn renumbered(&self, number: &str) -> Option<String> {
        self.store.read(|tables| tables::renumbered(tables, number))
    }

    /// Notes a link that was just written, without waiting for the view to follow.
    pub(crate) fn link(&self, key: &str, number: &str, marks: &[Mark]) {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let marks = parsed(marks);
        self.store.write(|tables| {
            tables::release(tables, key)?;
            tables::link(tables, key, number, &marks)?;
            match marks.is_empty() || tables::is_known(tables, number)? {
                true => Ok(()),
                false => tables::put(tables, Customer { number, marks: &marks, inactive: false, of: Some(key) }),
            }
        });
        reserved.retain(|_, holder| holder != key);
    }

    /// Reserves the marks for the customer `key` while it is created; false when another one under the same e-mail
    /// address or number is being created, and is to be waited for.
    pub(crate) fn reserve(&self, key: &str, marks: &[Mark]) -> bool {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        let is_free = marks.iter().all(|mark| reserved.get(mark).is_none_or(|holder| holder == key))
            && self.store.read(|tables| tables::is_free(tables, key, &parsed(marks)));
        if is_free {
            reserved.extend(marks.iter().map(|mark| (mark.clone(), key.to_owned())));
        }
        is_free
    }

    /// Keeps the customer `number` for one writer; none while another has it. The accounts of one company have lanes of
    /// their own and one customer in Visma: at once they would each make the other's version stale, until one is given
    /// up on.
    pub(crate) fn writing(&self, number: &str) -> Option<Writing<'_>> {
        let free = self.written.lock().unwrap_or_else(PoisonError::into_inner).insert(number.to_owned());
        free.then(|| Writing { customers: self, number: number.to_owned() })
    }

    /// Gives the marks free: the customer is settled, or refused.
    pub(crate) fn release(&self, key: &str) {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        self.store.write(|tables| tables::release(tables, key));
        reserved.retain(|_, holder| holder != key);
    }

    /// Matches by organisation or VAT number first, then by e-mail address.
    pub(crate) fn find(&self, marks: &[Mark]) -> Match {
        for kinds in [&[CORPORATE, VAT][..], &[EMAIL]] {
            let mut asked = parsed(marks);
            asked.retain(|(name, _)| kinds.contains(name));
            let found: BTreeSet<(String, bool)> = self.store.read(|tables| tables::holders(tables, &asked));
            // A retired customer is the match only when there is no other.
            let any_active = found.iter().any(|(_, inactive)| !inactive);
            let found = found.into_iter().filter(|(_, inactive)| !(any_active && *inactive));
            let mut found: Vec<String> = found.map(|(number, _)| number).collect();
            match found.len() {
                0 => {}
                1 => return found.pop().map_or(Match::Nobody, Match::One),
                _ => return Match::Several(found),
            }
        }
        Match::Nobody
    }

    /// Other customers in use that have the organisation or the VAT number among these marks, where the customer
    /// `number` does not have it itself: written on it too, every buyer of that number would match both.
    pub(crate) fn taken(&self, number: &str, marks: &[Mark]) -> Vec<String> {
        self.store.read(|tables| {
            let own = tables::marks(tables, number)?;
            let mut asked = parsed(marks);
            asked.retain(|mark| mark.0 != EMAIL && !own.contains(mark));
            let holders = tables::holders(tables, &asked)?;
            let others = holders.into_iter().filter(|(other, inactive)| other != number && !inactive);
            Ok(others.map(|(other, _)| other).collect())
        })
    }

    /// Notes numbers that were just written on a customer, until the poll reads them there.
    pub(crate) fn gains(&self, number: &str, marks: &[Mark]) {
        self.store.write(|tables| {
            let gained = parsed(marks).into_iter().filter(|mark| mark.0 != EMAIL);
            match tables::is_known(tables, number)? {
                true => tables::mark(tables, number, gained),
                false => Ok(()),
            }
        });
    }

    /// A customer as a list of Visma's shows it now, before the poll that reads it.
    pub(crate) fn listed(&self, number: &str, internal: Option<&str>, marks: &[Mark], inactive: bool) {
        self.store.write(|tables| {
            tables::put(tables, Customer { number, marks: &parsed(marks), inactive, of: None })?;
            internal.map_or(Ok(()), |internal| tables::identify(tables, internal, number))
        });
    }
}

impl View for Customers {
    fn schema(&self) -> Schema {
        Schema { name: "customers", version: 1, tables: tables::TABLES }
    }

    fn see(&self, tables: &Connection, entry: &Seen<'_>) -> Result<()> {
        tables::see(tables, entry)
    }
}

/// Opens the view over both its sources. It is to be followed only when Visma's customers have been read once.
pub(crate) async fn open(log: &Log) -> (Arc<Customers>, Opened) {
    let customers = Arc::new(Customers::new(log.tables()));
    let parts = [Kind::Change, Kind::Outcome].map(|kind| {
        let records = log.entity(kind, System::Visma, Entity::Customer);
        log.part(&records, true)
    });
    let opened = log.open_view(Arc::clone(&customers) as Arc<dyn View>, parts.to_vec()).await;
    (customers, opened)
}

#[cfg(test)]
mod tests;
