//! Keeps calls back while nothing gets through to a vendor: one call tries, all others wait for it.
//!
//! A server that fails, an address where nobody answers, a token that was revoked: these are the vendor's state and no
//! document's fault. Without this, each document that waits would find it out by itself, and be given up on for it.
//! The breaker believes this process's own experience alone; it is worth a probe every half minute, and no more.
//!
//! The pattern is known as a circuit breaker (M. Nygard, "Release It!").

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use problem::{Code, Problem};

use crate::clock::now_millis;
use crate::health::Health;
use crate::retry::Schedule;

/// Failed writes in a row, none let in between, after which it is the vendor and not the document.
const FAULTS: u32 = 3;
/// The first wait between two probes, about.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// How soon the others ask again while a probe is under way.
pub(super) const PROBING: Duration = Duration::from_millis(250);

/// The kinds of calls, as the breaker tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Makes or changes a document.
    Write,
    /// Reads for a document: looks one up, or reads what is to be changed.
    Read,
    /// A poll goes on by its own schedule. It is never kept back, and what it meets is not counted against documents.
    Poll,
}

/// The answer to an attempt, as far as it says how the vendor is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Met {
    /// Let in and done.
    Done,
    /// Let in and refused, for what was asked or for who asked: only the caller can tell.
    Refused,
    /// A server's failure, or no answer to what was sent.
    Fault,
    /// Nobody at its address.
    Nobody,
    /// An answer that says nothing about whether documents get through, such as one about the number of calls.
    Door,
}

/// Which calls are kept back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kept {
    Writes,
    All,
}

#[derive(Debug)]
struct Open {
    kept: Kept,
    since: Instant,
    /// The next probe may begin then.
    until: Instant,
    is_probing: bool,
    /// How far apart probes are where a person must act; else they follow the schedule.
    every: Option<Duration>,
    /// Reason in words, and the problem that tells a person what to do, where one must act.
    why: (String, Option<Problem>),
}

#[derive(Debug)]
struct State {
    open: Option<Open>,
    schedule: Schedule,
    /// Failed writes since one was let in.
    faults: u32,
}

/// The breaker of one vendor. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Breaker(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    vendor: &'static str,
    health: Health,
    state: Mutex<State>,
    /// When a write was let in last, milliseconds since the epoch; zero before the first.
    passed_at: AtomicU64,
}

/// The right to make one attempt. Dropped without a word of what it met, it leaves the place to the next.
#[derive(Debug)]
#[must_use = "what the attempt met is to be told"]
pub(super) struct Pass {
    breaker: Breaker,
    kind: Kind,
    is_probe: bool,
    is_risky: bool,
    is_told: bool,
}

impl Breaker {
    /// A breaker that lets everything through.
    /// Waits between probes grow up to `longest`: a backlog begins within that after an outage.
    pub(super) fn new(vendor: &'static str, health: Health, longest: Duration) -> Self {
        // Waits are drawn from up to half as much again as the schedule's.
        let middle = longest * 2 / 3;
        let schedule = Schedule::new(FIRST_WAIT.min(middle), middle);
        let state = Mutex::new(State { open: None, schedule, faults: 0 });
        Self(Arc::new(Inner { vendor, health, state, passed_at: AtomicU64::new(0) }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long calls of this kind are kept back.
    pub(super) fn wait(&self, kind: Kind) -> Option<Duration> {
        self.state().open.as_ref().filter(|open| open.keeps(kind)).and_then(|open| open.wait())
    }

    /// Lets one attempt through.
    ///
    /// # Errors
    /// How long to wait.
    pub(super) fn enter(&self, kind: Kind) -> Result<Pass, Duration> {
        let mut state = self.state();
        let (mut is_probe, mut is_risky) = (false, false);
        if let Some(open) = state.open.as_mut().filter(|open| open.keeps(kind)) {
            if let Some(wait) = open.wait() {
                return Err(wait);
            }
            open.is_probing = true;
            is_probe = true;
            is_risky = open.kept == Kept::Writes && open.every.is_none();
        }
        Ok(Pass { breaker: self.clone(), kind, is_probe, is_risky, is_told: false })
    }

    /// Returns true when a write was let in after `since`, milliseconds since the epoch.
    pub(super) fn passed_since(&self, since: u64) -> bool {
        self.0.passed_at.load(Ordering::Relaxed) > since
    }

    /// Keeps everything back until a person has acted, but for a probe every so often.
    pub(super) fn hold(&self, every: Duration, problem: &Problem) {
        self.open(&mut self.state(), Kept::All, Some(every), (problem.line(), Some(problem.clone())));
    }

    /// Why calls are kept back, if they are; `away` is the code where no person must act.
    pub(super) fn trouble(&self, away: Code) -> Option<Problem> {
        let state = self.state();
        let (why, held) = &state.open.as_ref()?.why;
        let remedy = "nothing, unless it goes on: it is tried again by itself";
        Some(held.clone().unwrap_or_else(|| Problem::new(away, format!("nothing gets through: {why}"), remedy)))
    }

    /// Lets everything through again: what was wrong may be mended.
    pub(super) fn reset(&self) {
        self.close(&mut self.state());
    }

    fn open(&self, state: &mut State, kept: Kept, every: Option<Duration>, why: (String, Option<Problem>)) {
        let now = Instant::now();
        let wait = every.unwrap_or_else(|| state.schedule.next_wait());
        self.say(&why.0);
        match &mut state.open {
            // One step of the schedule, however many calls failed at once.
            // What is wrong may be another thing than at first: other credentials are in force, or it is back and
            // refuses.
            Some(open) if !open.is_probing && open.until > now && open.kept == kept => open.why = why,
            Some(open) => *open = Open { kept, every, until: now + wait, is_probing: false, since: open.since, why },
            none => {
                let vendor = self.0.vendor;
                tracing::warn!(vendor, why = why.0, "nothing gets through; everything waits, and one call tries");
                metrics::gauge!("ml_vendor_lets_in", "vendor" => vendor).set(0.0);
                *none = Some(Open { kept, since: now, until: now + wait, is_probing: false, every, why });
            }
        }
    }

    fn say(&self, why: &str) {
        self.0.health.not_ready(self.0.vendor, format!("nothing gets through: {why}"));
    }

    fn close(&self, state: &mut State) {
        state.schedule.reset();
        state.faults = 0;
        let Some(open) = state.open.take() else { return };
        let vendor = self.0.vendor;
        self.0.health.ready(vendor);
        metrics::gauge!("ml_vendor_lets_in", "vendor" => vendor).set(1.0);
        let seconds = open.since.elapsed().as_secs();
        tracing::info!(vendor, seconds, "calls get through again");
    }
}

impl Open {
    fn keeps(&self, kind: Kind) -> bool {
        match (self.kept, kind) {
            (_, Kind::Poll) | (Kept::Writes, Kind::Read) => false,
            (Kept::Writes, Kind::Write) | (Kept::All, Kind::Write | Kind::Read) => true,
        }
    }

    /// How long others wait; none when the next probe may begin.
    fn wait(&self) -> Option<Duration> {
        if self.is_probing {
            return Some(PROBING);
        }
        self.until.checked_duration_since(Instant::now()).filter(|wait| !wait.is_zero())
    }
}

impl Pass {
    /// Returns true when the attempt is a probe that may be carried out although no good answer comes.
    pub(super) fn is_risky(&self) -> bool {
        self.is_risky
    }

    /// Notes what the attempt met, and `why` in words where it was nothing good. `is_read` where it was a read under
    /// the pass of a write that is to follow.
    pub(super) fn met(mut self, met: Met, is_read: bool, why: &str) {
        self.is_told = true;
        let breaker = self.breaker.clone();
        let mut state = breaker.state();
        let kind = if is_read && self.kind == Kind::Write { Kind::Read } else { self.kind };
        match (met, kind) {
            // What a person must mend is not mended by an answer that may say so again.
            (Met::Refused, _) if state.open.as_ref().is_some_and(|open| open.every.is_some()) => self.leave(&mut state),
            (Met::Done | Met::Refused, Kind::Write) => {
                breaker.0.passed_at.fetch_max(now_millis(), Ordering::Relaxed);
                breaker.close(&mut state);
            }
            (Met::Done | Met::Refused, Kind::Read | Kind::Poll) => match &mut state.open {
                Some(open) if open.kept == Kept::All => breaker.close(&mut state),
                // That reads are answered says nothing about writes: one of these is the probe.
                Some(open) if self.is_probe => open.is_probing = false,
                Some(_) | None => {}
            },
            (Met::Fault, Kind::Write) => {
                state.faults = state.faults.saturating_add(1);
                if state.open.is_some() || state.faults >= FAULTS {
                    breaker.open(&mut state, Kept::Writes, None, (why.to_owned(), None));
                }
            }
            (Met::Nobody, Kind::Write | Kind::Read) => {
                breaker.open(&mut state, Kept::All, None, (why.to_owned(), None))
            }
            // The probe was no probe of what is kept back: the next one tries.
            (Met::Fault, Kind::Read | Kind::Poll) | (Met::Nobody, Kind::Poll) | (Met::Door, _) => {
                self.leave(&mut state);
            }
        }
    }

    /// Leaves the place of the probe to the next, after a wait.
    fn leave(&self, state: &mut State) {
        if !self.is_probe {
            return;
        }
        let State { open: Some(open), schedule, .. } = state else { return };
        open.is_probing = false;
        open.until = Instant::now() + open.every.unwrap_or_else(|| schedule.next_wait());
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        if !self.is_told && self.is_probe {
            let breaker = self.breaker.clone();
            if let Some(open) = &mut breaker.state().open {
                open.is_probing = false;
            }
        }
    }
}

#[cfg(test)]
mod tests;
