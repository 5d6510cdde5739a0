//! Polls: each runs when it is due or asked for, at one replica at a time, and says what became of it.
//!
//! A poll has one entry in a bucket: who runs it, and what its last run found. Beginning a run is a compare-and-set
//! that writes a holder into it, ending one another that takes the holder out again, so that a poll at rest costs no
//! message. The holder writes the entry again and again while it works. Whoever else finds the poll due watches that:
//! when the entry has not moved for the time of a takeover, by the watcher's own clock, its holder is dead and the next
//! one takes the poll over. No clocks are compared. A holder that cannot reach the broker stops before the others take
//! over.

pub mod ask;
mod entry;
mod ill;
mod lease;
mod silence;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::kv;
use jiff::{SignedDuration, Timestamp};
use problem::{Problem, Stopped};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::broker::buckets;
use crate::broker::publish::confirmed::Confirmed;
use crate::broker::token::key_token;
use crate::clock;
use crate::guard;
use crate::health::Health;
use crate::retry;
use crate::schedule::Schedule;
use crate::service::Context;
use ask::Asks;
use entry::Slot;
pub use entry::{State, Trouble};
use lease::Lease;
use silence::Silence;

/// How long a poll that is not due sleeps at most: this machine's clock may be set meanwhile.
const SLEEP: Duration = Duration::from_secs(60);
/// How often it is looked whether the last run was too long ago.
const LOOK: Duration = Duration::from_secs(10);

/// How long a poll may take between two looks at whether it is due, or two renewals of its lease: the sleep, and what a
/// broker that is slow may take for the entry.
const TURN: Duration = Duration::from_secs(300);

/// A run that cannot go on is tried again after this time at the latest, whatever a vendor asked for: to ask costs one
/// call, and a header that makes no sense would stop the poll for years.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// Name of the reason why a service is not ready until its polls have begun.
const BEGINNING: &str = "polls";
/// Sentence that is said until a poll has read everything once.
const NEVER: &str = "no poll has ended yet";

/// Says that a service which polls is not ready; to be called before it waits for anything.
pub fn beginning(health: &Health) {
    health.not_ready(BEGINNING, NEVER);
}

/// The polls of one service.
#[derive(Debug)]
pub struct Polls {
    bucket: kv::Store,
    connection: String,
    health: Health,
    stop: CancellationToken,
    asks: Asks,
    /// This process among its replicas.
    me: String,
    takeover: Duration,
    confirmed: Arc<Mutex<Confirmed>>,
}

impl Polls {
    /// The polls of `system` (`commerce`, `visma`) on the context's connection.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when the bucket is not there.
    pub async fn open(context: &Context, system: &str) -> Result<Self, Problem> {
        let connection = key_token(&context.connection);
        Ok(Self {
            bucket: context.broker.bucket(buckets::POLLS).await?,
            asks: Asks::follow(&context.broker, &connection, system, &context.stop),
            connection,
            health: context.health.clone(),
            stop: context.stop.clone(),
            me: uuid::Uuid::now_v7().to_string(),
            takeover: context.broker.settings().takeover.0,
            confirmed: Arc::new(Mutex::new(Confirmed::of(buckets::POLLS, context.health.clone()))),
        })
    }

    /// Says that the service is not ready before the poll called `name` has read everything once.
    pub fn announce(&self, name: &'static str) {
        self.health.not_ready(name, NEVER);
        self.health.ready(BEGINNING);
    }

    /// Returns when the poll called `name` has read everything once, here or at another replica, or the service stops.
    pub async fn until_read(&self, name: &str) {
        let slot = self.slot(name);
        // An error is a broker that is away for a moment: it is asked again.
        while !self.stop.is_cancelled() && !slot.read().await.is_ok_and(|(state, _)| state.began.is_some()) {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(500)) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    fn slot(&self, name: &str) -> Slot {
        Slot::new(self.bucket.clone(), format!("{}.{name}", self.connection)).noted(self.confirmed.clone())
    }

    /// Runs `once` whenever the poll called `name` (`commerce.order`) is due or asked for, until the service stops.
    ///
    /// `once` returns how many new versions it recorded. It is dropped where it stands when the poll is lost to another
    /// replica or the service stops, so what it has recorded must be worth keeping.
    pub async fn run(
        &self,
        name: &'static str,
        schedule: Schedule,
        mut once: impl AsyncFnMut() -> Result<u64, Stopped>,
    ) {
        let slot = self.slot(name);
        let backoff = retry::Schedule::new(Duration::from_millis(500), Duration::from_secs(60));
        let (silence, not_before) = (Silence::default(), Timestamp::MIN);
        let (lease, seen) = (Lease::new(self.takeover), State::default());
        let mut poll = Poll { polls: self, name, schedule, slot, silence, not_before, backoff, lease, seen };
        self.announce(name);
        let mut asks = self.asks.clone();
        while !self.stop.is_cancelled() {
            self.health.turned(name, TURN);
            let wait = poll.step(&mut once).await;
            self.health.turned(name, TURN.saturating_add(wait));
            tokio::select! {
                () = poll.rest(wait) => {}
                () = asks.changed() => {}
                () = self.stop.cancelled() => {}
            }
        }
    }
}

struct Poll<'a> {
    polls: &'a Polls,
    name: &'static str,
    schedule: Schedule,
    slot: Slot,
    silence: Silence,
    /// After a run that failed here: when the next one may begin.
    not_before: Timestamp,
    backoff: retry::Schedule,
    lease: Lease,
    /// The entry as it was last seen.
    seen: State,
}

impl Poll<'_> {
    /// Runs the poll if it is due and nobody else does; returns how long there is nothing to do.
    async fn step(&mut self, once: &mut impl AsyncFnMut() -> Result<u64, Stopped>) -> Duration {
        let (state, revision) = match self.slot.read().await {
            Ok(read) => read,
            Err(problem) => {
                tracing::warn!(%problem, poll = self.name, "the state of the poll could not be read; trying again");
                return Duration::from_secs(1);
            }
        };
        self.see(&state);
        let ask = self.polls.asks.latest(self.slot.key()).filter(|id| state.answered.as_ref() != Some(id));
        let now = clock::now();
        let due = if ask.is_some() { now } else { due(&state, &self.schedule, now).max(self.not_before) };
        if let Ok(wait) = Duration::try_from(due.duration_since(now))
            && !wait.is_zero()
        {
            return wait.min(SLEEP);
        }
        let held = state.holder.as_ref().is_some_and(|holder| *holder != self.polls.me);
        if held && self.silence.lasts(revision, Instant::now()) < self.polls.takeover.max(state.silence) {
            return self.polls.takeover / 4;
        }
        if held {
            tracing::warn!(
                poll = self.name,
                "the replica that ran the poll is silent; this replica takes the poll over"
            );
        }
        let taken = State { holder: Some(self.polls.me.clone()), silence: self.lease.silence(), ..state };
        let began = Instant::now();
        let is_taken = self.slot.write(&taken, revision).await;
        self.lease.took(began.elapsed());
        if !is_taken {
            return Duration::from_millis(50); // Somebody else was quicker; or it was written and is seen as ours.
        }
        self.hold(once, ask).await
    }

    /// One run, under the lease.
    async fn hold(&mut self, once: &mut impl AsyncFnMut() -> Result<u64, Stopped>, ask: Option<String>) -> Duration {
        let began = clock::now();
        let ended = tokio::select! {
            ended = guard::guarded(once()) => Some(ended.unwrap_or_else(|panicked| Err(Stopped::Person(panicked.into())))),
            () = lost(self.polls, (self.name, &self.schedule), &self.slot, &mut self.lease) => {
                let why = "another replica has it, or the broker is away or stores nothing";
                tracing::warn!(poll = self.name, why, "the poll is no longer ours");
                return self.polls.takeover;
            }
            () = self.polls.stop.cancelled() => None,
        };
        let mut wait = Duration::ZERO;
        if let Some(ended) = &ended {
            wait = self.note(ended);
        }
        // A renewal may still have been on its way to the broker, and would win over the first attempt.
        for _ in 0..3 {
            match self.slot.read().await {
                Ok((state, revision)) if state.holder.as_ref() == Some(&self.polls.me) => {
                    let state = after(state, began, ended.as_ref(), ask.as_ref());
                    if self.slot.write(&state, revision).await {
                        self.see(&state);
                        return wait;
                    }
                }
                Ok(_) | Err(_) => break,
            }
        }
        Duration::from_secs(1).max(wait) // It runs again, here or at another replica; what it found is on disk.
    }

    /// Tells what became of a run; returns how long the next one has to wait.
    fn note(&mut self, ended: &Result<u64, Stopped>) -> Duration {
        let (outcome, wait) = match ended {
            Ok(found) => {
                self.backoff.reset();
                if *found > 0 {
                    tracing::info!(poll = self.name, new = found, "polled");
                }
                ("done", Duration::ZERO)
            }
            Err(Stopped::Later(wait, problem)) => {
                let wait = self.backoff.next_wait().max((*wait).min(LONGEST));
                tracing::info!(poll = self.name, why = problem.line(), ?wait, "the poll pauses");
                ("later", wait)
            }
            Err(Stopped::Spent(wait)) => {
                tracing::info!(poll = self.name, ?wait, "the poll goes on when the vendor takes calls again");
                ("spent", self.backoff.next_wait().max((*wait).min(LONGEST)))
            }
            Err(Stopped::Person(problem)) => {
                tracing::error!(poll = self.name, %problem, "the poll has stopped");
                ("stopped", self.schedule.patience())
            }
        };
        metrics::counter!("ml_polls_total", "poll" => self.name, "outcome" => outcome).increment(1);
        let until = clock::now().saturating_add(SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX));
        self.not_before = until.unwrap_or(Timestamp::MAX);
        wait
    }

    /// Lets time pass until the next step, and says meanwhile when the last run is too long ago.
    async fn rest(&self, wait: Duration) {
        let until = Instant::now() + wait.min(LONGEST);
        while Instant::now() < until {
            tokio::time::sleep_until(until.min(Instant::now() + LOOK)).await;
            self.polls.tell(self.name, &self.schedule, &self.seen);
        }
    }

    fn see(&mut self, state: &State) {
        self.seen = state.clone();
        self.polls.tell(self.name, &self.schedule, state);
    }
}

/// Renews the lease of the poll `what`; returns when it is lost, or can no longer be known to be held.
async fn lost(polls: &Polls, what: (&'static str, &Schedule), slot: &Slot, lease: &mut Lease) {
    let (name, schedule) = what;
    let mut renewed = Instant::now();
    while renewed.elapsed() < lease.silence().mul_f32(0.6) {
        tokio::time::sleep(lease.beat()).await;
        polls.health.turned(name, TURN);
        let began = Instant::now();
        match tokio::time::timeout(lease.beat(), renew(polls, slot, lease)).await {
            Ok(Some(Some(state))) => {
                polls.tell(name, schedule, &state);
                renewed = began;
            }
            Ok(Some(None)) => return,
            Ok(None) | Err(_) => {} // The broker is slow or away: perhaps the next time.
        }
        lease.took(began.elapsed());
    }
}

/// The entry that was renewed, or that it is another replica's; `None` when neither is known.
async fn renew(polls: &Polls, slot: &Slot, lease: &Lease) -> Option<Option<State>> {
    let (state, revision) = slot.read().await.ok()?;
    if state.holder.as_ref() != Some(&polls.me) {
        return Some(None);
    }
    let state = State { silence: lease.silence(), ..state };
    slot.write(&state, revision).await.then_some(Some(state))
}

/// When the next run is due. One that did not read everything is tried again, also when nobody but a person asked
/// for it:
/// the next one by the schedule may be a day away.
fn due(state: &State, schedule: &Schedule, now: Timestamp) -> Timestamp {
    if state.trouble.is_some() { now } else { schedule.due(state.began, now) }
}

/// The entry after a run that began at `began` and followed the request `ask`; `None` is a run that was broken off.
fn after(before: State, began: Timestamp, ended: Option<&Result<u64, Stopped>>, ask: Option<&String>) -> State {
    let state = State { holder: None, ..before };
    let Some(ended) = ended else { return state };
    let state = State { answered: ask.cloned().or(state.answered), ..state };
    let since = state.trouble.as_ref().and_then(|trouble| trouble.since).or_else(|| Some(clock::now()));
    let trouble = |sentence, person, spent| Some(Trouble { sentence, person, spent, since });
    match ended {
        Ok(found) => {
            let (began, ended) = (Some(began), Some(clock::now()));
            State { began, ended, found: *found, trouble: None, ..state }
        }
        Err(Stopped::Later(_, problem)) => State { trouble: trouble(problem.line(), false, false), ..state },
        Err(Stopped::Spent(_)) => {
            State { trouble: trouble("waiting for its share of the call budget".to_owned(), false, true), ..state }
        }
        Err(Stopped::Person(problem)) => State { trouble: trouble(problem.to_string(), true, false), ..state },
    }
}

#[cfg(test)]
mod tests;
