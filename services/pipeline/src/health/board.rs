//! The health of a process and of each connection that it serves.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::Health;

/// The health of the process, and of each connection's work by its name. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Board {
    process: Health,
    works: Arc<Mutex<BTreeMap<String, Health>>>,
    /// Connections that are no longer served, whose figures stay.
    gone: Arc<Mutex<BTreeSet<String>>>,
}

/// State of the process and of its connections: ready or not, and why not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// True when the process is ready, and one of its connections is.
    pub ready: bool,
    /// Reasons why the process is not ready, and all its connections with it.
    pub reasons: Vec<String>,
    /// Further facts that a person should know of it.
    pub notes: Vec<String>,
    /// The connections.
    pub connections: Vec<State>,
}

/// How one connection is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Its name.
    pub connection: String,
    /// True when it is ready, if the process is.
    pub ready: bool,
    /// Why it is not.
    pub reasons: Vec<String>,
    /// Further facts that a person should know of it.
    pub notes: Vec<String>,
}

impl Board {
    pub(crate) fn new(process: Health) -> Self {
        Self { process, works: Arc::default(), gone: Arc::default() }
    }

    /// The health of a connection's work, in the place of an earlier one.
    pub(crate) fn put(&self, connection: &str, health: Health) {
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).remove(connection);
        self.works().insert(connection.to_owned(), health);
    }

    /// The connection is no longer served.
    pub(crate) fn remove(&self, connection: &str) {
        self.works().remove(connection);
        self.gone.lock().unwrap_or_else(PoisonError::into_inner).insert(connection.to_owned());
    }

    /// The health of a connection's work.
    pub(crate) fn of(&self, connection: &str) -> Option<Health> {
        self.works().get(connection).cloned()
    }

    /// How everything is, or one connection; none when that one is not served.
    pub(crate) fn page(&self, connection: Option<&str>) -> Option<Page> {
        let works = self.works();
        let meant = works.iter().filter(|(name, _)| connection.is_none_or(|asked| asked == *name));
        let states = meant.map(|(name, health)| State {
            connection: name.clone(),
            ready: health.is_well(),
            reasons: health.reasons(),
            notes: health.said(),
        });
        let connections: Vec<_> = states.collect();
        if connection.is_some() && connections.is_empty() {
            return None;
        }
        let (reasons, notes) = (self.process.reasons(), self.process.said());
        let ready = reasons.is_empty() && (connections.is_empty() || connections.iter().any(|one| one.ready));
        Some(Page { ready, reasons, notes, connections })
    }

    /// The loops that have stopped turning.
    pub(crate) fn stalled(&self, now: Instant) -> Vec<String> {
        let works = self.works();
        let several = works.len() > 1;
        let of = |name: &str, line: String| if several { format!("{name}: {line}") } else { line };
        let theirs = works.iter().flat_map(|(name, health)| {
            health.stalled(now).into_iter().map(move |line| of(name, line)).collect::<Vec<_>>()
        });
        self.process.stalled(now).into_iter().chain(theirs).collect()
    }

    /// Puts into the metrics what keeps the process and its connections from being ready.
    pub(crate) fn measure(&self) {
        let is_well = self.process.is_well();
        for (what, is_reason) in self.process.known() {
            metrics::gauge!("ml_not_ready", "what" => what).set(figure(is_reason));
        }
        for (name, health) in self.works().iter() {
            metrics::gauge!("ml_ready", "connection" => name.clone()).set(figure(is_well && health.is_well()));
            for (what, is_reason) in health.known() {
                metrics::gauge!("ml_not_ready", "what" => what, "connection" => name.clone()).set(figure(is_reason));
            }
        }
        // A figure cannot be taken back, and 0 would be an alarm for ever.
        for name in self.gone.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            metrics::gauge!("ml_ready", "connection" => name.clone()).set(f64::NAN);
        }
    }

    fn works(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Health>> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn figure(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}
