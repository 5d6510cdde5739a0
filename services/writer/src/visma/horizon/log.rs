//! Facts that the log holds about Visma's documents: their numbers, and the references of those that may have been
//! sent.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use problem::Problem;
use proto::Outcome;
use record::address::{self, Address};
use record::{Entry, Which, entry};

use super::Kind;
use crate::visma::TARGET;

/// How a record stands, as its last entry says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// A document stands, or may.
    Stands,
    /// Nothing does, as far as the log knows.
    Silent,
}

/// A part of the log.
#[derive(Debug, Default)]
pub(super) struct Log {
    numbers: HashMap<Kind, HashSet<String>>,
    records: HashMap<(Kind, String), Standing>,
}

impl Log {
    /// Adds an entry. Entries of one record come in the order of the log.
    pub(super) fn add(&mut self, kind: Kind, outcome: Outcome) {
        let stands = !outcome.number.is_empty() && !outcome.withdrawn;
        let is_sent = outcome.kind() == proto::Kind::Intent || outcome.doubt.is_some();
        let standing = if stands || is_sent { Standing::Stands } else { Standing::Silent };
        self.records.insert((kind, outcome.external_reference), standing);
        let numbers = self.numbers.entry(kind).or_default();
        numbers.extend(outcome.removed);
        if !outcome.number.is_empty() {
            numbers.insert(outcome.number);
        }
    }

    /// True when it explains that Visma holds this document: it knows the number, or another document of the reference,
    /// or an intent in doubt under which it was sent.
    pub(super) fn explains(&self, kind: Kind, reference: &str, number: &str) -> bool {
        let is_known = self.numbers.get(&kind).is_some_and(|numbers| numbers.contains(number));
        is_known || self.records.get(&(kind, reference.to_owned())) == Some(&Standing::Stands)
    }
}

/// The end of the log as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tail {
    /// When its last entry was written, milliseconds since the epoch; none where it is empty.
    pub(super) end: Option<u64>,
    /// The sequence from which on it is read.
    pub(super) first: u64,
}

/// Finds the end of the log, and where it stood `back` before that.
pub(super) async fn tail(log: &record::Log, back: Duration) -> Result<Tail, Problem> {
    let outcomes = log.system(address::Kind::Outcome, TARGET);
    let mut last = None;
    log.read(&outcomes, Which::Newest, |_, entry| last = Some(entry.stored_at)).await?;
    let Some(end) = last else { return Ok(Tail { end: None, first: 1 }) };
    let since = end.saturating_sub(u64::try_from(back.as_millis()).unwrap_or(u64::MAX));
    let mut first = None;
    log.read(&outcomes, Which::FirstSince(since), |_, entry| first = Some(entry.sequence)).await?;
    Ok(Tail { end: Some(end), first: first.unwrap_or(1) })
}

/// The part of the log that was written since.
pub(super) async fn since(log: &record::Log, tail: Tail) -> Result<Log, Problem> {
    let mut part = Log::default();
    let outcomes = log.system(address::Kind::Outcome, TARGET);
    log.read(&outcomes, Which::From(tail.first), |address, entry| note(&mut part, address, entry)).await?;
    Ok(part)
}

/// Reads what all entries of one kind say of these documents, given by reference and number: entries older than the
/// part that was read may explain them too.
pub(super) async fn of(log: &record::Log, kind: Kind, rows: &[(String, String)]) -> Result<Log, Problem> {
    let (references, numbers): (HashSet<&str>, HashSet<&str>) =
        rows.iter().map(|(reference, number)| (reference.as_str(), number.as_str())).unzip();
    let mut all = Log::default();
    let outcomes = log.entity(address::Kind::Outcome, TARGET, kind.entity());
    log.read(&outcomes, Which::From(1), |_, entry| {
        let Ok(outcome) = entry::read_outcome(&entry.payload) else { return };
        let is_asked = references.contains(outcome.external_reference.as_str())
            || numbers.contains(outcome.number.as_str())
            || outcome.removed.iter().any(|number| numbers.contains(number.as_str()));
        if is_asked {
            all.add(kind, outcome);
        }
    })
    .await?;
    Ok(all)
}

fn note(log: &mut Log, address: &Address, entry: &Entry) {
    // One that cannot be read explains nothing: what it would explain is looked up.
    if let (Some(kind), Ok(outcome)) = (Kind::of(address.entity()), entry::read_outcome(&entry.payload)) {
        log.add(kind, outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: proto::Kind, number: &str, withdrawn: bool) -> Outcome {
        let (number, external_reference) = (number.to_owned(), "WEB-1".to_owned());
        Outcome { kind: kind.into(), number, withdrawn, external_reference, ..Outcome::default() }
    }

    #[test]
    fn what_was_sent_or_stands_is_explained_and_what_was_refused_or_withdrawn_is_not() {
        let explains = |entries: Vec<Outcome>, number: &str| {
            let mut log = Log::default();
            entries.into_iter().for_each(|entry| log.add(Kind::Invoice, entry));
            log.explains(Kind::Invoice, "WEB-1", number)
        };
        let intent = || entry(proto::Kind::Intent, "", false);
        assert!(!explains(Vec::new(), "100"));
        assert!(explains(vec![intent()], "100"), "in doubt: it is looked up as such");
        assert!(explains(vec![intent(), entry(proto::Kind::Applied, "100", false)], "100"));
        assert!(explains(vec![entry(proto::Kind::Applied, "100", false)], "101"), "a duplicate is no set-back");
        assert!(!explains(vec![intent(), entry(proto::Kind::Rejected, "", false)], "100"));
        assert!(explains(vec![entry(proto::Kind::Applied, "100", true)], "100"), "a list that lags behind");
        assert!(!explains(vec![entry(proto::Kind::Applied, "100", true)], "101"), "booked anew since");
    }
}
