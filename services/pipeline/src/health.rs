//! The admin port: `/livez`, `/readyz`, `/metrics`.
//!
//! Ready is a list of reasons not to be; it is empty when the service takes work. Alive is more than an open port: the
//! loops that do the work say here that they turn, and one that has stopped turning is a service that only a restart
//! helps.

pub mod address;
mod admin;
pub mod ask;
mod board;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

pub(crate) use admin::serve;
pub(crate) use board::Board;
pub use board::{Page, State};

/// Reasons why a service is not ready, and the loops of it that turn. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Health {
    reasons: Arc<Mutex<BTreeMap<&'static str, String>>>,
    /// Everything that has ever been a reason, for the metric that says so.
    known: Arc<Mutex<BTreeSet<&'static str>>>,
    turns: Arc<Mutex<BTreeMap<&'static str, Turn>>>,
    /// Notes on a service that is ready all the same.
    said: Arc<Mutex<BTreeMap<&'static str, String>>>,
    /// Health of the process, for a connection's work.
    process: Option<Arc<Health>>,
}

/// When a loop turned last, and how long the next turn may take.
#[derive(Debug, Clone, Copy)]
struct Turn {
    at: Instant,
    within: Duration,
}

impl Health {
    /// The health of one connection's work in a process with this one.
    pub(crate) fn of_work(&self) -> Self {
        Self { process: Some(Arc::new(self.clone())), ..Self::default() }
    }

    /// Not ready, because of `what`.
    pub fn not_ready(&self, what: &'static str, why: impl Into<String>) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(what);
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).insert(what, why.into());
    }

    /// Returns true when nobody has said yet that the service is not ready because of `what`, for the reason `why`.
    pub(crate) fn is_new(&self, what: &'static str, why: &str) -> bool {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.get(what).is_none_or(|known| known != why)
    }

    /// Returns true when `what` keeps the service from being ready.
    pub fn is_ill(&self, what: &str) -> bool {
        let is_here = self.reasons.lock().unwrap_or_else(PoisonError::into_inner).contains_key(what);
        is_here || self.process.as_ref().is_some_and(|process| process.is_ill(what))
    }

    /// `what` no longer keeps the service from being ready.
    pub fn ready(&self, what: &'static str) {
        self.reasons.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }

    /// The service is ready, and `what` is to be known of it.
    pub fn say(&self, what: &'static str, why: impl Into<String>) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(what, why.into());
    }

    /// `what` is over.
    pub fn unsay(&self, what: &'static str) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }

    /// The notes on it, line by line.
    pub(crate) fn said(&self) -> Vec<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().map(|(what, why)| line(what, why)).collect()
    }

    /// The loop `what` turns now, and will again within `within`; if it does not, the service is not alive.
    pub fn turned(&self, what: &'static str, within: Duration) {
        let turn = Turn { at: Instant::now(), within };
        self.turns.lock().unwrap_or_else(PoisonError::into_inner).insert(what, turn);
    }

    /// The loops that have stopped turning.
    pub(crate) fn stalled(&self, now: Instant) -> Vec<String> {
        let turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let late = turns.iter().filter(|(_, turn)| now.duration_since(turn.at) > turn.within);
        late.map(|(what, turn)| format!("{what}: has not turned for {} s", (now - turn.at).as_secs())).collect()
    }

    /// Returns true when the service is ready.
    pub fn is_well(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Why it is not, line by line.
    pub fn told(&self) -> String {
        self.reasons().join("\n")
    }

    /// Returns everything that has ever been a reason, each with true when it is one now.
    pub(crate) fn known(&self) -> Vec<(&'static str, bool)> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().map(|what| (*what, reasons.contains_key(what))).collect()
    }

    pub(crate) fn reasons(&self) -> Vec<String> {
        let reasons = self.reasons.lock().unwrap_or_else(PoisonError::into_inner);
        reasons.iter().map(|(what, why)| line(what, why)).collect()
    }
}

/// A reason on one line.
fn line(what: &str, why: &str) -> String {
    format!("{what}: {}", why.lines().map(str::trim).collect::<Vec<_>>().join("; ").replace(":; ", ": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loop_that_stops_turning_is_told_and_one_that_turns_again_is_not() {
        let health = Health::default();
        assert!(health.stalled(Instant::now()).is_empty(), "what has not begun is not late");
        health.turned("consumer", Duration::from_secs(90));
        health.turned("poll", Duration::from_secs(300));
        let in_time = |seconds| health.stalled(Instant::now() + Duration::from_secs(seconds));
        assert!(in_time(60).is_empty());
        assert_eq!(in_time(100).len(), 1);
        assert!(in_time(100)[0].starts_with("consumer: has not turned for "), "{:?}", in_time(100));
        assert_eq!(in_time(400).len(), 2);
        health.turned("consumer", Duration::from_secs(900));
        assert_eq!(in_time(400).len(), 1, "{:?}", in_time(400));
    }
}
