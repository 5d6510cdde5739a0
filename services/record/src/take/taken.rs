//! Remembers the deliveries that were taken and are not settled: since when the oldest waits, and which are tried again
//! because something fails.
//!
//! A single retry is no news. One that goes on for a minute is: nothing is lost, and nothing gets through either. One
//! that goes on for an hour is told by itself: a record may stand still while all others get through.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use problem::{Code, Problem};
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
/// How many are told by themselves at once.
const MOST: usize = 20;
/// Name of failing deliveries in the service's health.
const WHAT: &str = "deliveries";

/// Knowledge of a delivery that is not settled.
#[derive(Debug)]
struct One {
    subject: String,
    /// When the broker stored it, milliseconds since the epoch.
    stored_at: u64,
    /// It is in hand, or to come again by then.
    until: Option<Instant>,
    /// It was handed back as it should be, for a time.
    is_postponed: bool,
    fails: Option<Failing>,
}

/// Problem that keeps a delivery from being settled.
#[derive(Debug)]
struct Failing {
    since: Instant,
    problem: Problem,
    /// When it was told of by itself last.
    told: Option<Instant>,
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
    /// How long a delivery fails before it is told of by itself, and how often that is said.
    stuck_after: Duration,
    state: Mutex<State>,
}

/// Figures of a consumer's deliveries that wait here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// When the oldest was stored that does not wait as it should, milliseconds since the epoch.
    pub(crate) oldest: Option<u64>,
    /// How many were handed back as they should be, for a time.
    pub(crate) postponed: u64,
    /// How many this process has settled for good.
    pub(crate) settled: u64,
}

impl Taken {
    pub(crate) fn of(consumer: &'static str, health: Health, stuck_after: Duration) -> Self {
        Self { consumer, health, stuck_after, state: Mutex::default() }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A delivery was taken that was stored, or taken up again, at `stored_at`, milliseconds since the epoch.
    pub(super) fn begun(&self, delivery: &Delivery, stored_at: u64) {
        let subject = delivery.subject.clone();
        let new = || One { subject, stored_at, until: None, is_postponed: false, fails: None };
        self.state().by_sequence.entry(delivery.sequence).or_insert_with(new).until = None;
    }

    /// It was handed back before anything was decided.
    pub(super) fn handed_back(&self, sequence: u64) {
        self.state().by_sequence.remove(&sequence);
    }

    /// Notes the verdict on a delivery.
    pub(super) fn decided(&self, delivery: &Delivery, verdict: &Verdict) {
        let (wait, problem) = match verdict {
            // What waits is an entry of the log now, and looked after there.
            Verdict::Done | Verdict::Dead(_) | Verdict::Wait(_) => {
                self.state().by_sequence.remove(&delivery.sequence);
                return;
            }
            Verdict::RetryAfter(wait, _) => (wait, None),
            Verdict::Again(wait, problem) => (wait, Some(problem)),
        };
        let now = Instant::now();
        if let Some(one) = self.state().by_sequence.get_mut(&delivery.sequence) {
            one.until = Some(now + (*wait).min(super::settle::LONGEST));
            one.is_postponed = problem.is_none();
            let before = one.fails.take();
            let (since, told) = before.map_or((now, None), |before| (before.since, before.told));
            one.fails = problem.map(|problem| Failing { since, problem: problem.clone(), told });
        }
    }

    /// One was settled for good.
    pub(super) fn settled(&self) {
        self.state().settled += 1;
    }

    /// Returns the figures of the deliveries that wait here.
    pub(crate) fn standing(&self) -> Standing {
        let state = self.state();
        let oldest = state.by_sequence.values().filter(|one| !one.is_postponed).map(|one| one.stored_at).min();
        let postponed = state.by_sequence.values().filter(|one| one.is_postponed).count();
        Standing { oldest, postponed: u64::try_from(postponed).unwrap_or(u64::MAX), settled: state.settled }
    }

    /// Says what fails for a minute, or that nothing does any more.
    #[allow(clippy::cast_precision_loss, reason = "a gauge is a float, and no such figure is beyond its precision")]
    pub(super) fn tell(&self) {
        let now = Instant::now();
        let mut state = self.state();
        state.by_sequence.retain(|_, one| one.until.is_none_or(|until| now < until + FORGOTTEN));
        self.tell_stuck(&mut state, now);
        let failing = || state.by_sequence.values().filter_map(|one| Some((one, one.fails.as_ref()?)));
        let (count, oldest) = (failing().count(), failing().min_by_key(|(_, fails)| fails.since));
        let lasts = oldest.map_or(Duration::ZERO, |(_, fails)| now.duration_since(fails.since));
        metrics::gauge!("ml_failing", "consumer" => self.consumer).set(count as f64);
        metrics::gauge!("ml_failing_seconds", "consumer" => self.consumer).set(lasts.as_secs_f64());
        let Some((One { subject, .. }, Failing { problem, .. })) = oldest.filter(|_| lasts >= self.told_after()) else {
            if state.told.take().is_some() {
                self.health.ready(WHAT);
                tracing::info!(consumer = self.consumer, "deliveries get through again");
            }
            return;
        };
        let (seconds, why) = (lasts.as_secs(), problem.line());
        let others = others(failing().map(|(_, fails)| fails.problem.code), problem.code);
        let said = format!("{count} are tried again and again, {subject} for {seconds} s: {why}{others}");
        self.health.not_ready(WHAT, said);
        if state.told.is_none_or(|told| now.duration_since(told) >= AGAIN) {
            tracing::warn!(consumer = self.consumer, count, seconds, subject, why, "deliveries do not get through");
            state.told = Some(now);
        }
    }

    /// How long something fails before the service is not ready because of it.
    fn told_after(&self) -> Duration {
        MINUTE.min(self.stuck_after)
    }

    /// Names each delivery that has failed for long, the oldest first.
    fn tell_stuck(&self, state: &mut State, now: Instant) {
        let is_due = |fails: &Failing| now.duration_since(fails.told.unwrap_or(fails.since)) >= self.stuck_after;
        let failing = state.by_sequence.values_mut().filter_map(|one| Some((&one.subject, one.fails.as_mut()?)));
        let mut due: Vec<_> = failing.filter(|(_, fails)| is_due(fails)).collect();
        due.sort_by_key(|(_, fails)| fails.since);
        let more = due.len().saturating_sub(MOST);
        for (at, (subject, fails)) in due.into_iter().enumerate() {
            fails.told = Some(now);
            if at < MOST {
                let Problem { code, sentence, remedy } = &fails.problem;
                let (consumer, seconds) = (self.consumer, now.duration_since(fails.since).as_secs());
                tracing::warn!(consumer, %code, subject, seconds, sentence, remedy, "a delivery does not get through");
            }
        }
        if more > 0 {
            tracing::warn!(consumer = self.consumer, more, "further deliveries do not get through for as long");
        }
    }
}

/// The codes of the others that fail, and how many each, for the end of a sentence.
fn others(codes: impl Iterator<Item = Code>, told: Code) -> String {
    let mut counts: BTreeMap<Code, u64> = BTreeMap::new();
    codes.filter(|code| *code != told).for_each(|code| *counts.entry(code).or_default() += 1);
    counts.into_iter().map(|(code, count)| format!("; {code}: {count}")).collect()
}

#[cfg(test)]
mod tests;
