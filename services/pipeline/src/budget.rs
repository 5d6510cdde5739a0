//! The calls that a vendor still allows in its window, shared by all processes.
//!
//! The calls that are left stand in one entry of a bucket. A process takes a block of calls out of it with a
//! compare-and-set and spends the block by itself, so that a steady call costs no message. The vendor's headers are the
//! truth: they say what the limit is, which window a call was counted in, and whether somebody else is using it too.
//! Until an answer has told what a window is like, one call is made at a time. The arithmetic is in `entry` and
//! `share`, which know no clock and no broker; here it is carried out.
//!
//! Our own calls, of all processes together, are never more than the limit in any window of the vendor's. That holds
//! while the clocks of our hosts differ by less than [`MARGIN`], and is not a promise about other users of the same
//! window, who may take the last call at the same moment.

mod entry;
mod forecast;
mod permit;
mod share;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as Now, PoisonError};
use std::time::Duration;

use async_nats::jetstream::kv;
use problem::{Code, Problem};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::broker::follow::{self, Follow};
use crate::broker::token::key_token;
use crate::broker::{Broker, buckets};
use crate::clock::{self, now_millis};
use crate::health::Health;
use entry::Entry;
pub use forecast::Outlook;
use permit::Dropped;
pub use permit::Permit;
pub(crate) use permit::Spent;
use share::{After, Answered, Share, Ticket};

/// Clocks of our hosts differ by less than this, milliseconds; a new window is opened this much after its end.
const MARGIN: u64 = 500;
/// How old this process's copy of the entry may be, milliseconds. A 429 that another process met is heard of at once;
/// while the broker does not tell, it is seen after this time.
const FRESH: u64 = 1_000;
/// How long a window lasts whose end no answer tells, milliseconds: an hour, which Visma documents.
const UNTOLD: u64 = 3_600_000;

/// No window is longer, and no patience that is asked for is believed for longer, milliseconds.
const LONGEST: u64 = 24 * 3_600_000;
/// A process that waits looks again after this time, milliseconds: a person may have cleared the entry.
const LOOK_AGAIN: u64 = 30_000;
/// A wait that is no window's, and worth a word on the admin port, milliseconds.
const WORTH_A_WORD: u64 = UNTOLD + 60_000;
/// Name of the reason why a service is not ready then.
const PATIENCE: &str = "patience";

/// Names of the bucket's stream and subjects.
const STREAM: &str = "KV_ML_BUDGET";
const PREFIX: &str = "$KV.ML_BUDGET.";

/// Purpose of a call. Documents go before polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Creating or settling a document.
    Document,
    /// Reading what may wait.
    Poll,
}

/// How a window's calls are shared between what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shares {
    /// Percent of a window that polls leave to documents.
    pub documents: u8,
    /// Percent of a window that documents leave to polls, until polls have had it.
    pub polls: u8,
}

impl Shares {
    /// For a vendor that tells no limit.
    pub const NONE: Self = Self { documents: 0, polls: 0 };

    /// Checks that both leave something to the other.
    ///
    /// # Errors
    /// `SETTINGS_INVALID` when they are more than the whole.
    pub fn check(self) -> Result<Self, Problem> {
        if u16::from(self.documents) + u16::from(self.polls) <= 100 {
            return Ok(self);
        }
        let sentence = "the shares of documents and of polls are more than 100 percent together";
        Err(Problem::new(Code::SettingsInvalid, sentence, "correct visma.budget.documents and visma.budget.polls"))
    }
}

/// The window that a vendor's answer describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Calls allowed in a window.
    pub limit: u64,
    /// Calls left in this one.
    pub remaining: u64,
    /// Until the next one begins, in whole seconds; `None` when the answer does not say.
    pub reset: Option<Duration>,
}

/// The budget of one vendor. Cheap to clone; clones share the block.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    bucket: kv::Store,
    vendor: &'static str,
    /// Where it stands: under the vendor's name, and that of who has the window.
    key: String,
    shares: Shares,
    share: Mutex<Share>,
    /// Calls that were reserved and not made, and calls that nobody waited for the answer of: [`Permit`]s and
    /// [`Spent`]s that were dropped. They are accounted for at the next turn.
    dropped: Now<Vec<Dropped>>,
    /// Nobody calls before this time: what the entry says of it, to be read without waiting.
    blocked_until: AtomicU64,
    /// When a person cleared the entry last, as far as was heard.
    cleared: AtomicU64,
    health: Health,
}

impl Inner {
    /// Keeps calls back as the entry says. One that was cleared since says it anew.
    fn heard(&self, entry: &Entry) {
        if self.cleared.fetch_max(entry.cleared, Ordering::Relaxed) < entry.cleared {
            self.blocked_until.store(entry.blocked_until, Ordering::Relaxed);
        }
        self.blocked_until.fetch_max(entry.blocked_until, Ordering::Relaxed);
    }
}

impl Budget {
    /// The budget of `vendor` for one company or shop, shared with every connection and process on this broker that
    /// calls it; `timeout` is how long a call may take.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when its bucket is missing.
    pub async fn open(
        broker: &Broker,
        (vendor, owner): (&'static str, &str),
        shares: Shares,
        timeout: Duration,
    ) -> Result<Self, Problem> {
        let shares = shares.check()?;
        let patience = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let member = uuid::Uuid::new_v4().simple().to_string();
        Ok(Self(Arc::new(Inner {
            bucket: broker.bucket(buckets::BUDGET).await?,
            vendor,
            key: format!("{vendor}.{}", key_token(owner)),
            shares,
            share: Mutex::new(Share::new(member, patience)),
            dropped: Now::default(),
            blocked_until: AtomicU64::new(0),
            cleared: AtomicU64::new(0),
            health: broker.health().clone(),
        })))
    }

    /// Hears what other processes write into the entry, until `stop`: a patience that the vendor asked one of them for
    /// is kept by all within the time of a message.
    pub fn follow(&self, broker: &Broker, stop: CancellationToken) {
        let weak = Arc::downgrade(&self.0);
        let what = Follow { stream: STREAM, filter: format!("{PREFIX}{}", self.0.key), headers_only: false };
        follow::follow(broker, what, stop, move |seen| {
            // An entry that cannot be read is said when it is asked for.
            if let (Some(inner), Ok(entry)) = (weak.upgrade(), serde_json::from_slice::<Entry>(seen.body)) {
                inner.heard(&entry.bounded(now_millis()));
            }
        });
    }

    /// The vendor's name.
    pub fn vendor(&self) -> &'static str {
        self.0.vendor
    }

    /// Where it stands: connections of one company, or of one shop, have the same.
    pub fn key(&self) -> &str {
        &self.0.key
    }

    /// Reserves one call.
    ///
    /// # Errors
    /// How long to wait when none is left for this class.
    pub async fn take(&self, class: Class) -> Result<Permit, Duration> {
        let mut share = self.0.share.lock().await;
        self.put_back(&mut share);
        for _ in 0..8 {
            let now = now_millis();
            if now.saturating_sub(share.seen_at) > FRESH
                && let Ok((entry, _)) = self.read().await
            {
                self.see(&mut share, entry);
            }
            match share.take(class, now) {
                Ok(ticket) => return Ok(self.permit(ticket)),
                Err(0) => {}
                Err(wait) => return Err(Duration::from_millis(wait.min(LOOK_AGAIN))),
            }
            if let Some(ticket) = self.refill(&mut share, class).await? {
                return Ok(self.permit(ticket));
            }
        }
        Err(Duration::from_millis(50)) // Others are quicker just now.
    }

    fn permit(&self, ticket: Ticket) -> Permit {
        Permit { ticket, budget: Some(self.clone()) }
    }

    /// Asks the shared entry for calls, or says how long there are none.
    async fn refill(&self, share: &mut Share, class: Class) -> Result<Option<Ticket>, Duration> {
        let (mut entry, revision) = self.read().await.map_err(|()| Duration::from_secs(1))?;
        let mut next = share.clone();
        let (granted, changed) = next.refill(&mut entry, class, self.0.shares, now_millis());
        if changed && !self.write(&entry, revision).await {
            return Ok(None); // Somebody else has written meanwhile.
        }
        *share = next;
        self.see(share, entry);
        granted.map_err(|wait| Duration::from_millis(wait.min(LOOK_AGAIN)))
    }

    /// Learns from an answer: what its headers say of the window, and whether it let the call in.
    pub(crate) async fn learn(&self, mut spent: Spent, told: Option<Window>, good: bool) {
        // The time now and not later: whoever has the lock may be waiting for the broker, and `reset` counts on.
        let answer = Answered { told, good, sent_at: spent.at, now: now_millis() };
        let mut share = self.0.share.lock().await;
        spent.budget = None;
        if share.answered(spent.ticket, answer) == After::Nothing {
            return;
        }
        for _ in 0..8 {
            let Ok((mut entry, revision)) = self.read().await else { break };
            let mut next = share.clone();
            let changed = next.account(&mut entry, spent.ticket, answer);
            if !changed || self.write(&entry, revision).await {
                *share = next;
                self.see(&mut share, entry);
                return;
            }
        }
        share.unaccounted();
    }

    /// A call that was about to begin cannot have reached the vendor.
    pub(crate) fn not_made(&self, mut spent: Spent) {
        spent.budget = None;
        drop(self.permit(spent.ticket));
    }

    /// A call that began got no answer.
    pub(crate) async fn unanswered(&self, spent: Spent) {
        self.learn(spent, None, false).await;
    }

    /// Puts what was not called into the blocks again.
    fn put_back(&self, share: &mut Share) {
        let dropped = std::mem::take(&mut *self.0.dropped.lock().unwrap_or_else(PoisonError::into_inner));
        for one in dropped {
            match one {
                Dropped::NotMade(ticket) => share.give_back(ticket),
                Dropped::Lost => share.unaccounted(),
            }
        }
    }

    fn note(&self, dropped: Dropped) {
        self.0.dropped.lock().unwrap_or_else(PoisonError::into_inner).push(dropped);
    }

    async fn give_up_probe(&self, ticket: Ticket) {
        let mut share = self.0.share.lock().await;
        share.give_back(ticket);
        for _ in 0..8 {
            let Ok((mut entry, revision)) = self.read().await else { return };
            let mut next = share.clone();
            next.give_up_probe(&mut entry, ticket, now_millis());
            if self.write(&entry, revision).await {
                *share = next;
                self.see(&mut share, entry);
                return;
            }
        }
    }

    /// The vendor refused a call and asked for patience: nobody calls for `wait`.
    pub(crate) async fn block(&self, wait: Duration) {
        let until = now_millis().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        self.0.blocked_until.fetch_max(until, Ordering::Relaxed);
        let mut share = self.0.share.lock().await;
        for _ in 0..8 {
            let Ok((mut entry, revision)) = self.read().await else { break };
            if entry.blocked_until >= until {
                return self.see(&mut share, entry);
            }
            entry.blocked_until = until;
            if self.write(&entry, revision).await {
                return self.see(&mut share, entry);
            }
        }
        share.seen.blocked_until = share.seen.blocked_until.max(until);
    }

    fn see(&self, share: &mut Share, entry: Entry) {
        let now = now_millis();
        self.0.heard(&entry);
        let until = if entry.free < 1 { entry.blocked_until.max(entry.end.latest) } else { entry.blocked_until };
        if until > now.saturating_add(WORTH_A_WORD) {
            let (vendor, until) = (self.0.vendor, clock::told(until));
            let why =
                format!("{vendor} asked to be left alone until {until}; `ml-connector budget clear {vendor}` ends it");
            self.0.health.not_ready(PATIENCE, why);
        } else {
            self.0.health.ready(PATIENCE);
        }
        share.see(entry, now);
    }

    /// Forgets what the vendor asked for and what its window is like: the next call tells. Says until when nobody would
    /// have called.
    ///
    /// # Errors
    /// `BROKER_NOT_CONFIRMED` when the entry could not be written.
    pub async fn clear(&self) -> Result<Outlook, Problem> {
        let before = self.outlook().await;
        for _ in 0..8 {
            let Ok((mut entry, revision)) = self.read().await else { break };
            entry.clear(now_millis());
            if self.write(&entry, revision).await {
                return Ok(before);
            }
        }
        let sentence = format!("the budget of {} could not be written", self.0.vendor);
        Err(Problem::new(Code::BrokerNotConfirmed, sentence, "look at the broker; then try again"))
    }

    async fn read(&self) -> Result<(Entry, u64), ()> {
        match self.0.bucket.entry(self.0.key.as_str()).await {
            Ok(Some(entry)) => {
                let now = now_millis();
                match serde_json::from_slice::<Entry>(&entry.value) {
                    Ok(read) => Ok((read.bounded(now), entry.revision)),
                    Err(e) => {
                        let vendor = self.0.vendor;
                        tracing::error!(vendor, error = %e, "the budget cannot be read; nobody calls for a whole window");
                        // The next reading finds it, or what another process has made of it.
                        self.write(&Entry::unreadable(now), entry.revision).await;
                        Err(())
                    }
                }
            }
            Ok(None) => Ok((Entry::default(), 0)),
            Err(e) => {
                tracing::warn!(error = %e, vendor = self.0.vendor, "the budget could not be read");
                Err(())
            }
        }
    }

    /// Writes the entry if nobody else has since `revision`.
    async fn write(&self, entry: &Entry, revision: u64) -> bool {
        match serde_json::to_vec(entry) {
            Ok(bytes) => self.0.bucket.update(self.0.key.as_str(), bytes.into(), revision).await.is_ok(),
            Err(_) => false,
        }
    }
}

#[cfg(test)]
mod tests;
