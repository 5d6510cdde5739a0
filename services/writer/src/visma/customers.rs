//! The view that customers are matched in: who stands in Visma under which e-mail address and numbers, by keyed hashes.
//!
//! It is fed by the customers that were read at Visma and by the outcomes of those that we created, which the next poll
//! will read too. Both name the customer's number, so that nobody stands here twice.

mod contact;

use record::Log;
use record::address::{Entity, Kind, System};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use tokio_util::sync::CancellationToken;

use async_nats::HeaderMap;
use pipeline::broker::follow::Caught;
use proto::matching::{CORPORATE, EMAIL, INACTIVE, INTERNAL, NUMBER, VAT};
use record::envelope::{KIND, header, text};

/// A hashed mark: which kind, and its hash.
type Mark = (&'static str, u128);

#[derive(Debug, Default)]
struct Index {
    numbers: HashMap<Mark, BTreeSet<String>>,
    marks: HashMap<String, (Vec<Mark>, bool)>,
    /// Marks of customers that are being created, and for whom: nobody else is created under them meanwhile.
    reserved: HashMap<Mark, String>,
    /// Records that are linked, by our key of the customer.
    links: HashMap<String, Link>,
    /// Numbers by what Visma never changes.
    internal: HashMap<String, String>,
    /// Numbers that customers had, and those that they have now.
    renumbered: HashMap<String, String>,
    /// Numbers of customers that are being written to.
    written: HashSet<String>,
}

/// Whom a record of ours is linked with.
#[derive(Debug)]
struct Link {
    /// The customer's number in Visma.
    number: String,
    /// Hash of the e-mail address that the shop has, where it is known.
    email: Option<u128>,
}

/// Who a customer is at Visma.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match {
    /// Nobody stands there under any of the marks.
    Nobody,
    /// One customer does.
    One(String),
    /// Several do; which is meant is not ours to guess.
    Several(Vec<String>),
}

#[derive(Debug, Default)]
pub(crate) struct Customers(Mutex<Index>);

/// One customer in Visma, written to by nobody else until this is dropped.
#[derive(Debug)]
pub(crate) struct Writing<'a> {
    customers: &'a Customers,
    number: String,
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        self.customers.0.lock().unwrap_or_else(PoisonError::into_inner).written.remove(&self.number);
    }
}

impl Customers {
    /// Customers known.
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).marks.len()
    }

    /// The number of the customer whose record has this key, if it is linked.
    pub(crate) fn linked(&self, key: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).links.get(key).map(|link| link.number.clone())
    }

    /// The number that a customer has now, if it was given another one in Visma.
    pub(crate) fn renumbered(&self, number: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).renumbered.get(number).cloned()
    }

    /// Notes a link that was just written, without waiting for the view to follow.
    pub(crate) fn link(&self, key: &str, number: &str, marks: &[(&'static str, String)]) {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        index.release(key);
        index.link(key, number, &parsed(marks));
        if !marks.is_empty() && !index.marks.contains_key(number) {
            index.put(number, parsed(marks), false);
        }
    }

    /// Reserves the marks for the customer `key` while it is created; false when another one under the same e-mail
    /// address or number is being created, and is to be waited for.
    pub(crate) fn reserve(&self, key: &str, marks: &[(&'static str, String)]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reserve(key, &parsed(marks))
    }

    /// Keeps the customer `number` for one writer; none while another has it. The accounts of one company have lanes of
    /// their own and one customer in Visma: at once they would each make the other's version stale, until one is given
    /// up on.
    pub(crate) fn writing(&self, number: &str) -> Option<Writing<'_>> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).written.insert(number.to_owned());
        free.then(|| Writing { customers: self, number: number.to_owned() })
    }

    /// Gives the marks free: the customer is settled, or refused.
    pub(crate) fn release(&self, key: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).release(key);
    }

    /// Matches by organisation or VAT number first, then by e-mail address.
    pub(crate) fn find(&self, marks: &[(&'static str, String)]) -> Match {
        let index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for kinds in [&[CORPORATE, VAT][..], &[EMAIL]] {
            let found: BTreeSet<&String> = marks
                .iter()
                .filter(|(name, _)| kinds.contains(name))
                .filter_map(|(name, hash)| index.numbers.get(&(*name, parse(hash)?)))
                .flatten()
                .collect();
            let active: Vec<&String> = found.iter().copied().filter(|number| !index.is_inactive(number)).collect();
            // A retired customer is the match only when there is no other.
            let found = if active.is_empty() { found.into_iter().collect() } else { active };
            match found.as_slice() {
                [] => {}
                [one] => return Match::One((*one).clone()),
                several => return Match::Several(several.iter().map(|number| (*number).clone()).collect()),
            }
        }
        Match::Nobody
    }

    /// Other customers in use that have the organisation or the VAT number among these marks, where the customer
    /// `number` does not have it itself: written on it too, every buyer of that number would match both.
    pub(crate) fn taken(&self, number: &str, marks: &[(&'static str, String)]) -> Vec<String> {
        let index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let own = index.marks.get(number).map(|(marks, _)| marks.as_slice()).unwrap_or_default();
        let numbers = parsed(marks).into_iter().filter(|mark| mark.0 != EMAIL && !own.contains(mark));
        let holders = numbers.filter_map(|mark| index.numbers.get(&mark)).flatten();
        let others: BTreeSet<&String> =
            holders.filter(|other| other.as_str() != number && !index.is_inactive(other)).collect();
        others.into_iter().cloned().collect()
    }

    /// Notes numbers that were just written on a customer, until the poll reads them there.
    pub(crate) fn gains(&self, number: &str, marks: &[(&'static str, String)]) {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((mut known, inactive)) = index.marks.get(number).cloned() else { return };
        known.extend(
            parsed(marks).into_iter().filter(|mark| mark.0 != EMAIL && !known.contains(mark)).collect::<Vec<_>>(),
        );
        index.put(number, known, inactive);
    }

    /// A customer as a list of Visma's shows it now, before the poll that reads it.
    pub(crate) fn listed(
        &self,
        number: &str,
        internal: Option<&str>,
        marks: &[(&'static str, String)],
        inactive: bool,
    ) {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        index.put(number, parsed(marks), inactive);
        if let Some(internal) = internal {
            index.identify(internal, number);
        }
    }

    /// A customer as it was read at Visma: what it says replaces what was known.
    fn read(&self, headers: &HeaderMap) {
        if let Some(number) = text(headers, NUMBER) {
            let inactive = header(headers, INACTIVE).is_some();
            let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            index.put(&number, marks_of(headers), inactive);
            if let Some(internal) = header(headers, INTERNAL) {
                index.identify(internal, &number);
            }
        }
    }

    /// The outcome of a customer's command, by ourselves or an earlier process.
    fn settled(&self, key: &str, headers: &HeaderMap) {
        let mut index = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        index.release(key);
        let Some(number) = text(headers, NUMBER) else {
            if header(headers, KIND) == Some("intent") {
                index.reserve(key, &marks_of(headers));
            }
            return;
        };
        let number = index.renumbered.get(number.as_ref()).cloned().unwrap_or_else(|| number.into_owned());
        let marks = marks_of(headers);
        index.link(key, &number, &marks);
        if !index.marks.contains_key(&number) {
            index.put(&number, marks, false);
        }
    }
}

impl Index {
    fn link(&mut self, key: &str, number: &str, marks: &[Mark]) {
        let known = self.links.get(key).and_then(|link| link.email);
        let email = contact::email(marks).or(known);
        self.links.insert(key.to_owned(), Link { number: number.to_owned(), email });
    }

    fn reserve(&mut self, key: &str, marks: &[Mark]) -> bool {
        let free = marks.iter().all(|mark| self.reserved.get(mark).is_none_or(|holder| holder == key));
        if free {
            self.reserved.extend(marks.iter().map(|mark| (*mark, key.to_owned())));
        }
        free
    }

    fn release(&mut self, key: &str) {
        self.reserved.retain(|_, holder| holder != key);
    }

    /// Notes which customer a number is. One that had another number until now has this one instead: nobody stands
    /// under the old one any longer.
    fn identify(&mut self, internal: &str, number: &str) {
        self.renumbered.remove(number);
        let Some(old) = self.internal.insert(internal.to_owned(), number.to_owned()) else { return };
        if old == number || self.internal.values().any(|other| *other == old) {
            return;
        }
        self.forget(&old);
        let links = self.links.values_mut().map(|link| &mut link.number);
        links.chain(self.renumbered.values_mut()).filter(|held| **held == old).for_each(|held| number.clone_into(held));
        self.renumbered.insert(old, number.to_owned());
    }

    fn put(&mut self, number: &str, marks: Vec<Mark>, inactive: bool) {
        self.forget(number);
        for mark in &marks {
            self.numbers.entry(*mark).or_default().insert(number.to_owned());
        }
        self.marks.insert(number.to_owned(), (marks, inactive));
    }

    fn forget(&mut self, number: &str) {
        for old in self.marks.remove(number).map(|(marks, _)| marks).unwrap_or_default() {
            if let Some(numbers) = self.numbers.get_mut(&old) {
                numbers.remove(number);
                if numbers.is_empty() {
                    self.numbers.remove(&old);
                }
            }
        }
    }

    fn is_inactive(&self, number: &str) -> bool {
        self.marks.get(number).is_some_and(|(_, inactive)| *inactive)
    }
}

fn marks_of(headers: &HeaderMap) -> Vec<Mark> {
    [EMAIL, CORPORATE, VAT].into_iter().filter_map(|name| Some((name, parse(header(headers, name)?)?))).collect()
}

fn parsed(marks: &[(&'static str, String)]) -> Vec<Mark> {
    marks.iter().filter_map(|(name, hash)| Some((*name, parse(hash)?))).collect()
}

fn parse(hash: &str) -> Option<u128> {
    u128::from_str_radix(hash, 16).ok()
}

/// Follows both sources of the view.
pub(crate) fn follow(log: &Log, stop: &CancellationToken, customers: &Arc<Customers>) -> [Caught; 2] {
    let read = Arc::clone(customers);
    let versions = log.entity(Kind::Change, System::Visma, Entity::Customer);
    let changes = log.follow(&versions, true, stop, move |_, headers, _| read.read(headers));
    let settled = Arc::clone(customers);
    let records = log.entity(Kind::Outcome, System::Visma, Entity::Customer);
    let outcomes = log.follow(&records, true, stop, move |address, headers, _| settled.settled(address.key(), headers));
    [changes, outcomes]
}
