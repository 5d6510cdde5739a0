//! Remembers the deliveries that were taken and are not settled: since when the oldest waits, and which are tried again
//! because something fails.
//!
//! A single retry is no news. One that goes on for a minute is: nothing is lost, and nothing gets through either.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::Delivery;
use crate::verdict::Verdict;
use pipeline::health::Health;

/// A delivery that fails for longer is told.
const MINUTE: Duration = Duration::from_secs(60);
/// How often the log is told while it lasts.
const AGAIN: Duration = Duration::from_secs(5 * 60);
/// One that was to come again longer ago was settled by another replica.
const FORGOTTEN: Duration = Duration::from_secs(5 * 60);
/// What it is called in the service's health.
const WHAT: &str = "deliveries";

/// What is known of a delivery that is not settled.
#[derive(Debug)]
struct One {
    subject: String,
    /// When the broker stored it, milliseconds since the epoch.
    stored_at: u64,
    /// It is in hand, or to come again by then.
    until: Option<Instant>,
    /// It waits as it should, for another document or for a time.
    is_parked: bool,
    /// Since when it fails, and over what.
    fails: Option<(Instant, String)>,
}

#[derive(Debug, Default)]
struct State {
    by_sequence: BTreeMap<u64, One>,
    settled: u64,
    /// When the log was told last, while there is something to tell.
    told: Option<Instant>,
}

/// The deliveries of one consumer that this process has taken.
#[derive(Debug)]
pub(crate) struct Taken {
    consumer: &'static str,
    health: Health,
    state: Mutex<State>,
}

/// What of a consumer's deliveries waits here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// When the oldest was stored that does not wait as it should, milliseconds since the epoch.
    pub(crate) oldest: Option<u64>,
    /// How many wait as they should.
    pub(crate) parked: u64,
    /// How many this process has settled for good.
    pub(crate) settled: u64,
}

impl Taken {
    pub(crate) fn of(consumer: &'static str, health: Health) -> Self {
        Self { consumer, health, state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A delivery was taken that was stored, or taken up again, at `stored_at`, milliseconds since the epoch.
    pub(super) fn begun(&self, delivery: &Delivery, stored_at: u64) {
        let subject = delivery.subject.clone();
        let new = || One { subject, stored_at, until: None, is_parked: false, fails: None };
        self.state().by_sequence.entry(delivery.sequence).or_insert_with(new).until = None;
    }

    /// It was handed back before anything was decided.
    pub(super) fn handed_back(&self, sequence: u64) {
        self.state().by_sequence.remove(&sequence);
    }

    /// What was decided on it.
    pub(super) fn decided(&self, delivery: &Delivery, verdict: &Verdict) {
        let (wait, why) = match verdict {
            // What waits is an entry of the log now, and looked after there.
            Verdict::Done | Verdict::Dead(_) | Verdict::Wait(_) => {
                self.state().by_sequence.remove(&delivery.sequence);
                return;
            }
            Verdict::RetryAfter(wait, _) => (wait, None),
            Verdict::Again(wait, why) => (wait, Some(why)),
        };
        let now = Instant::now();
        if let Some(one) = self.state().by_sequence.get_mut(&delivery.sequence) {
            one.until = Some(now + (*wait).min(super::settle::LONGEST));
            one.is_parked = why.is_none();
            one.fails = why.map(|why| (one.fails.take().map_or(now, |(since, _)| since), why.clone()));
        }
    }

    /// One was settled for good.
    pub(super) fn settled(&self) {
        self.state().settled += 1;
    }

    /// What waits here.
    pub(crate) fn standing(&self) -> Standing {
        let state = self.state();
        let oldest = state.by_sequence.values().filter(|one| !one.is_parked).map(|one| one.stored_at).min();
        let parked = state.by_sequence.values().filter(|one| one.is_parked).count();
        Standing { oldest, parked: u64::try_from(parked).unwrap_or(u64::MAX), settled: state.settled }
    }

    /// Says what fails for a minute, or that nothing does any more.
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float, and no such figure is beyond its precision")]
    pub(super) fn tell(&self) {
        let now = Instant::now();
        let mut state = self.state();
        state.by_sequence.retain(|_, one| one.until.is_none_or(|until| now < until + FORGOTTEN));
        let failing = || state.by_sequence.values().filter_map(|one| Some((one, one.fails.as_ref()?)));
        let (count, oldest) = (failing().count(), failing().min_by_key(|(_, (since, _))| *since));
        let lasts = oldest.map_or(Duration::ZERO, |(_, (since, _))| now.duration_since(*since));
        metrics::gauge!("ml_failing", "consumer" => self.consumer).set(count as f64);
        metrics::gauge!("ml_failing_seconds", "consumer" => self.consumer).set(lasts.as_secs_f64());
        let Some((One { subject, .. }, (_, why))) = oldest.filter(|_| lasts >= MINUTE) else {
            if state.told.take().is_some() {
                self.health.ready(WHAT);
                tracing::info!(consumer = self.consumer, "deliveries get through again");
            }
            return;
        };
        let seconds = lasts.as_secs();
        self.health.not_ready(WHAT, format!("{count} are tried again and again, {subject} for {seconds} s: {why}"));
        if state.told.is_none_or(|told| now.duration_since(told) >= AGAIN) {
            tracing::warn!(consumer = self.consumer, count, seconds, subject, why, "deliveries do not get through");
            state.told = Some(now);
        }
    }
}

#[cfg(test)]
mod tests;
