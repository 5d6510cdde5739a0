//! The calls that a vendor still allows in its window, shared by all processes.
//!
//! What is left stands in one entry of a bucket. A process takes a block of calls out of it with a
//! compare-and-set and spends the block by itself, so that a steady call costs no message. The vendor's headers are the
//! truth: where they say less than we think, somebody else is using the window, and the entry is lowered.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_nats::jetstream::kv;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use crate::broker::{Broker, streams};
use crate::clock::now_millis;
use crate::problem::Problem;

/// Calls taken out of the shared window at once.
const BLOCK: u64 = 25;
/// One in this many of a window's calls is kept for creating documents: polls leave it alone.
const KEPT_FOR_DOCUMENTS: u64 = 5;
/// Calls let through before the vendor has said what its limit is.
const BEFORE_KNOWN: u64 = 4;
/// A vendor counts its window in whole seconds; we begin the next one this much later.
const WINDOW_MARGIN: u64 = 1_000;
/// How long a window lasts of which no answer has told the end yet: longer than any answer takes.
const UNTOLD: u64 = 60_000;

/// What a call is for. Documents go before polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Creating or settling a document.
    Document,
    /// Reading what may wait.
    Poll,
}

/// What a vendor's answer says of its window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Calls allowed in a window.
    pub limit: u64,
    /// Calls left in this one.
    pub remaining: u64,
    /// Until the next one begins.
    pub reset: Duration,
}

/// The shared entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Shared {
    limit: Option<u64>,
    /// Calls of this window that no process has taken yet.
    free: u64,
    /// When we began this window, milliseconds since the epoch.
    #[serde(default)]
    began_at: u64,
    /// End of this window, milliseconds since the epoch.
    ends_at: u64,
    /// No answer has told the end yet; what stands there is a guess.
    #[serde(default)]
    untold: bool,
    /// Nobody calls before this time: the vendor asked for patience.
    blocked_until: u64,
}

/// How old this process's copy of the entry may be: a 429 that another process met is seen after this time.
const FRESH: u64 = 1_000;

/// This process's share.
#[derive(Debug, Default)]
struct Share {
    seen: Shared,
    /// When it was seen, milliseconds since the epoch.
    seen_at: u64,
    /// Calls taken out of the window and not yet made.
    block: u64,
    /// Calls made whose answer is not there yet.
    in_flight: u64,
    /// The vendor answered without saying a limit.
    unlimited: bool,
}

/// The budget of one vendor. Cheap to clone; clones share the block.
#[derive(Clone, Debug)]
pub struct Budget {
    bucket: kv::Store,
    vendor: &'static str,
    share: Arc<Mutex<Share>>,
    /// Calls that were taken and not made: [`Permit`]s that were dropped. They go back into the block at the next turn.
    returned: Arc<AtomicU64>,
}

/// The right to make one call. It goes back into the budget when it is dropped without one.
#[derive(Debug)]
#[must_use = "a permit that is dropped goes back"]
pub struct Permit {
    /// What the call is for.
    pub class: Class,
    /// Where it goes back to; `None` once it is spent.
    returned: Option<Arc<AtomicU64>>,
}

impl Permit {
    /// The call begins now: from here on it may have been counted.
    pub(crate) fn spend(mut self) {
        self.returned = None;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some(returned) = &self.returned {
            returned.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Budget {
    /// The budget of `vendor`, shared with every process on this broker.
    ///
    /// # Errors
    /// `BROKER_NOT_PROVISIONED` when its bucket is missing.
    pub async fn open(broker: &Broker, vendor: &'static str) -> Result<Self, Problem> {
        Ok(Self {
            bucket: broker.bucket(streams::BUDGET).await?,
            vendor,
            share: Arc::default(),
            returned: Arc::default(),
        })
    }

    /// The vendor's name.
    pub fn vendor(&self) -> &'static str {
        self.vendor
    }

    /// Takes one call out of the budget.
    ///
    /// # Errors
    /// How long to wait when none is left for this class.
    pub async fn take(&self, class: Class) -> Result<Permit, Duration> {
        let permit = || Permit { class, returned: Some(self.returned.clone()) };
        let mut share = self.share.lock().await;
        self.put_back(&mut share);
        for _ in 0..8 {
            let now = now_millis();
            if now.saturating_sub(share.seen_at) > FRESH
                && let Ok((shared, _)) = self.read().await
            {
                share.see(shared);
            }
            if share.seen.blocked_until > now {
                return Err(Duration::from_millis(share.seen.blocked_until - now));
            }
            if share.unlimited {
                share.in_flight += 1;
                return Ok(permit());
            }
            if now >= share.seen.ends_at {
                share.block = 0; // A block is good for the window that it was taken from.
            }
            if share.block > 0 && (class == Class::Document || share.may_poll()) {
                share.block -= 1;
                share.in_flight += 1;
                return Ok(permit());
            }
            self.refill(&mut share, class, now).await?;
        }
        Err(Duration::from_millis(50)) // Others are quicker just now.
    }

    /// Takes a block out of the shared entry, or says how long there is none.
    async fn refill(&self, share: &mut Share, class: Class, now: u64) -> Result<(), Duration> {
        let away = |_| Duration::from_secs(1);
        let (mut shared, revision) = self.read().await.map_err(away)?;
        if shared.blocked_until > now {
            share.see(shared);
            return Ok(()); // The caller's next turn waits for it.
        }
        if now >= shared.ends_at {
            shared.free = shared.limit.unwrap_or(BEFORE_KNOWN);
            shared.untold = shared.limit.is_some();
            shared.began_at = now;
            shared.ends_at = now + if shared.untold { UNTOLD } else { WINDOW_MARGIN };
        }
        let kept = if class == Class::Poll { shared.limit.unwrap_or(0) / KEPT_FOR_DOCUMENTS } else { 0 };
        let grant = shared.free.saturating_sub(kept).min(BLOCK).min((shared.limit.unwrap_or(BLOCK) / 8).max(1));
        if grant == 0 {
            let wait = shared.ends_at.saturating_sub(now).max(1);
            // The answers that tell the end are under way: to wait for a guess could be to wait far too long.
            let wait = if shared.untold { wait.min(WINDOW_MARGIN) } else { wait };
            share.see(shared);
            return Err(Duration::from_millis(wait));
        }
        shared.free -= grant;
        if self.write(&shared, revision).await {
            share.see(shared);
            share.block += grant;
        }
        Ok(())
    }

    /// Learns from an answer's headers; `None` when it had none.
    pub async fn learn(&self, window: Option<Window>) {
        let now = now_millis(); // Not later: whoever has the lock may be waiting for the broker, and `reset` counts on.
        let mut share = self.share.lock().await;
        share.in_flight = share.in_flight.saturating_sub(1);
        let Some(window) = window else {
            share.unlimited = share.seen.limit.is_none();
            return;
        };
        share.unlimited = false;
        let reset = u64::try_from(window.reset.as_millis()).unwrap_or(u64::MAX);
        let ends_at = now.saturating_add(reset).saturating_add(WINDOW_MARGIN);
        let mine = share.block + share.in_flight;
        let free = window.remaining.saturating_sub(mine);
        if share.seen.same(window.limit, ends_at) && share.seen.free <= free {
            return; // The vendor leaves at least what we think.
        }
        for _ in 0..4 {
            let Ok((mut shared, revision)) = self.read().await else { return };
            if ends_at <= shared.began_at + WINDOW_MARGIN {
                return; // A late answer, out of a window before this one.
            }
            let begun = shared.untold && shared.limit == Some(window.limit);
            let same = shared.same(window.limit, ends_at);
            if !begun && !same {
                share.block = 0; // Taken out of a window that is over.
            }
            // What others have taken out of a window that we began is not in the vendor's count yet.
            shared.free = if same || begun { shared.free.min(free) } else { free };
            shared.limit = Some(window.limit);
            if !same {
                shared.ends_at = ends_at;
                shared.untold = false;
            }
            if self.write(&shared, revision).await {
                share.see(shared);
                return;
            }
        }
    }

    /// Puts what was not called into the block again.
    fn put_back(&self, share: &mut Share) {
        let returned = self.returned.swap(0, Ordering::Relaxed);
        share.in_flight = share.in_flight.saturating_sub(returned);
        if !share.unlimited {
            share.block += returned;
        }
    }

    /// A call that was taken got no answer.
    pub async fn unanswered(&self) {
        let mut share = self.share.lock().await;
        share.in_flight = share.in_flight.saturating_sub(1);
    }

    /// The vendor refused a call and asked for patience: nobody calls for `wait`.
    pub async fn block(&self, wait: Duration) {
        let mut share = self.share.lock().await;
        let until = now_millis().saturating_add(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        share.block = 0;
        for _ in 0..4 {
            let Ok((mut shared, revision)) = self.read().await else { break };
            shared.blocked_until = shared.blocked_until.max(until);
            if self.write(&shared, revision).await {
                share.see(shared);
                return;
            }
        }
        share.seen.blocked_until = share.seen.blocked_until.max(until);
    }

    async fn read(&self) -> Result<(Shared, u64), ()> {
        match self.bucket.entry(self.vendor).await {
            Ok(Some(entry)) => Ok((serde_json::from_slice(&entry.value).unwrap_or_default(), entry.revision)),
            Ok(None) => Ok((Shared::default(), 0)),
            Err(e) => {
                tracing::warn!(error = %e, vendor = self.vendor, "the budget could not be read");
                Err(())
            }
        }
    }

    /// Writes the entry if nobody else has since `revision`.
    async fn write(&self, shared: &Shared, revision: u64) -> bool {
        match serde_json::to_vec(shared) {
            Ok(bytes) => self.bucket.update(self.vendor, bytes.into(), revision).await.is_ok(),
            Err(_) => false,
        }
    }
}

impl Shared {
    /// Whether an answer that tells this limit and this end speaks of this window.
    fn same(&self, limit: u64, ends_at: u64) -> bool {
        !self.untold && self.limit == Some(limit) && self.ends_at.abs_diff(ends_at) <= 2 * WINDOW_MARGIN
    }
}

impl Share {
    fn see(&mut self, shared: Shared) {
        if shared.began_at != self.seen.began_at {
            self.block = 0; // A block is good for the window that it was taken from, whoever began the next one.
        }
        self.seen = shared;
        self.seen_at = now_millis();
    }

    /// A poll may not spend what is kept for documents.
    fn may_poll(&self) -> bool {
        let kept = self.seen.limit.unwrap_or(0) / KEPT_FOR_DOCUMENTS;
        self.seen.free + self.block > kept
    }
}
