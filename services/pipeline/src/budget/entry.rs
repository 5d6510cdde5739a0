//! The entry that all processes share: what of the vendor's window nobody has taken yet, and who may still be calling.
//!
//! Everything here is arithmetic on one entry, with the time as an argument. The vendor counts a call in the window in
//! which it arrives, by its own clock, and we do not know when that is. So a call belongs to whoever may still make it,
//! and not to a time: what processes have in hand when a window ends is charged to the next one too, until they say
//! what became of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Class, LONGEST, MARGIN, Shares, UNTOLD};

/// Calls that a process takes at once for documents, and for polls: few polls are many pages, and what a process keeps
/// for itself nobody else can use.
const DOCUMENTS: u64 = 25;
const POLLS: u64 = 5;
/// A block is at most this part of a window.
const PART: u64 = 8;
/// How long the others wait for the one call that tells what a new window is like.
const PROBE: u64 = 10_000;
/// How soon the entry is looked at again for such an answer.
const LOOK_AGAIN: u64 = 50;

/// Calls that one process may still send, or has sent without an answer yet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    pub(super) calls: u64,
    /// When the last of them has surely arrived or never will, milliseconds since the epoch.
    pub(super) until: u64,
}

/// The end of a window lies between these two, milliseconds since the epoch: headers tell whole seconds, and an answer
/// takes its time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct End {
    pub(super) earliest: u64,
    pub(super) latest: u64,
}

/// How the end that an answer tells lies to the one that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    Same,
    Earlier,
    Later,
}

impl End {
    /// Which window an answer speaks of that tells `told`; hosts' clocks differ by [`MARGIN`] at most.
    pub(super) fn compare(self, told: Self) -> Which {
        if told.earliest > self.latest.saturating_add(MARGIN) {
            Which::Later
        } else if told.latest.saturating_add(MARGIN) < self.earliest {
            Which::Earlier
        } else {
            Which::Same
        }
    }

    /// Both are about one end.
    pub(super) fn narrow(self, other: Self) -> Self {
        let (earliest, latest) = (self.earliest.max(other.earliest), self.latest.min(other.latest));
        // Clocks that differ make a gap of it; then what was known first is kept.
        if earliest <= latest { Self { earliest, latest } } else { self }
    }
}

/// The shared entry.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    /// Calls allowed in a window, once an answer has told.
    pub(super) limit: Option<u64>,
    /// The vendor answers and tells no limit.
    pub(super) silent: bool,
    /// Number of this window.
    pub(super) window: u64,
    /// An answer has told of this window. Before that, one process at a time makes one call.
    pub(super) told: bool,
    /// When this window was opened, milliseconds since the epoch.
    pub(super) opened_at: u64,
    /// When it ends; a guess until it is told.
    pub(super) end: End,
    /// The longest that an end was away, milliseconds: a window is at least as long.
    pub(super) length: u64,
    /// Calls of this window that nobody has taken. Below zero while more than a window's calls may still arrive in it.
    pub(super) free: i64,
    /// Calls of this window that polls have taken.
    pub(super) polled: u64,
    /// While the window is untold: until when the one who asks may be waited for.
    pub(super) probing_until: u64,
    /// Calls that each process has in hand.
    pub(super) held: BTreeMap<String, Held>,
    /// Nobody calls before this time: the vendor asked for patience.
    pub(super) blocked_until: u64,
    /// When a person cleared it last, milliseconds since the epoch.
    pub(super) cleared: u64,
}

/// Answer to a process that asks for calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grant {
    /// So many calls of this window.
    Block(u64),
    /// One call, whose answer tells what the window is like.
    Probe,
    /// Nothing for so many milliseconds.
    Wait(u64),
}

impl Entry {
    /// The entry as it can be: what an answer without sense has put there is believed no longer than any window lasts.
    pub(super) fn bounded(mut self, now: u64) -> Self {
        let last = now.saturating_add(LONGEST);
        self.blocked_until = self.blocked_until.min(last);
        self.probing_until = self.probing_until.min(last);
        self.length = self.length.min(LONGEST);
        if self.end.latest > last.saturating_add(MARGIN) {
            self.end = End { earliest: now, latest: now.saturating_add(UNTOLD) };
        }
        // A window of no calls would never be asked about again.
        self.limit = self.limit.filter(|limit| *limit > 0);
        self
    }

    /// In place of an entry that cannot be read: what is left of the window is not known, nor for how long the vendor
    /// has asked for patience. Nobody calls before the longest window that is usual is over.
    pub(super) fn unreadable(now: u64) -> Self {
        Self { opened_at: now, blocked_until: now.saturating_add(UNTOLD), ..Self::default() }
    }

    /// A person knows better: nothing is asked for, and the next call tells what the window is like.
    pub(super) fn clear(&mut self, now: u64) {
        *self = Self { window: self.window.saturating_add(1), opened_at: now, cleared: now, ..Self::default() };
    }

    /// Calls for `class`. What is granted still has to be put down as held.
    pub(super) fn grant(&mut self, class: Class, shares: Shares, now: u64) -> Grant {
        if !self.told {
            if self.probing_until > now {
                return Grant::Wait(LOOK_AGAIN.min(self.probing_until - now));
            }
            if self.limit.is_some() {
                if self.free < 1 {
                    return Grant::Wait(self.until_over(now));
                }
                self.free -= 1;
            }
            self.probing_until = now.saturating_add(PROBE);
            return Grant::Probe;
        }
        let limit = self.limit.unwrap_or(0);
        let block = match class {
            Class::Document => DOCUMENTS,
            Class::Poll => POLLS,
        };
        let calls = self.allowed(class, shares).min(block).min((limit / PART).max(1));
        if calls == 0 || now >= self.end.latest {
            return Grant::Wait(self.until_over(now));
        }
        self.give(-signed(calls));
        if class == Class::Poll {
            self.polled += calls;
        }
        Grant::Block(calls)
    }

    /// Calls that `class` may take of what is free: polls leave the share of documents alone, and documents what polls
    /// have not had of theirs yet.
    fn allowed(&self, class: Class, shares: Shares) -> u64 {
        let limit = self.limit.unwrap_or(0);
        let of = |percent: u8| limit.saturating_mul(u64::from(percent)) / 100;
        let for_polls = of(shares.polls).saturating_sub(self.polled);
        let free = u64::try_from(self.free).unwrap_or(0);
        match class {
            Class::Document => free.saturating_sub(for_polls),
            Class::Poll => free.saturating_sub(of(shares.documents)).max(for_polls.min(free)),
        }
    }

    /// Calls that documents may still take of this window.
    pub(super) fn for_documents(&self, shares: Shares) -> u64 {
        self.allowed(Class::Document, shares)
    }

    fn until_over(&self, now: u64) -> u64 {
        self.end.latest.saturating_add(MARGIN).saturating_sub(now).max(LOOK_AGAIN)
    }

    /// Returns true when this window is over by every clock of ours.
    pub(super) fn is_over(&self, now: u64) -> bool {
        self.limit.is_some() && now >= self.end.latest.saturating_add(MARGIN)
    }

    /// Begins the next window. `spent` calls of the caller may have been counted in it already; what all processes
    /// still have in hand may be, too.
    pub(super) fn open(&mut self, spent: u64, now: u64) {
        self.held.retain(|_, held| held.until > now && held.calls > 0);
        self.window += 1;
        self.told = false;
        self.opened_at = now;
        self.end = End { earliest: now, latest: now.saturating_add(self.length) };
        self.free = signed(self.limit.unwrap_or(0)) - signed(spent) - signed(self.in_hand());
        self.polled = 0;
        self.probing_until = 0;
    }

    /// An answer of this window says: so many allowed, so many left after this call, and when it ends.
    pub(super) fn tell(&mut self, limit: u64, remaining: u64, end: End, now: u64) {
        // What is in hand may not be in the vendor's count yet.
        let left = signed(remaining) - signed(self.in_hand());
        self.free = match self.limit {
            Some(known) => left.min(self.free + signed(limit) - signed(known)),
            None => left,
        };
        self.limit = Some(limit);
        self.silent = false;
        self.told = true;
        self.probing_until = 0;
        self.end = end;
        self.length = self.length.max(end.latest.saturating_sub(now));
    }

    /// Corrects what is free.
    pub(super) fn give(&mut self, calls: i64) {
        self.free = self.free.saturating_add(calls);
    }

    /// Calls in hand anywhere.
    pub(super) fn in_hand(&self) -> u64 {
        self.held.values().fold(0, |sum, held| sum.saturating_add(held.calls))
    }

    /// Puts down what `member` has in hand.
    pub(super) fn hold(&mut self, member: &str, held: Held) {
        if held.calls == 0 {
            self.held.remove(member);
        } else {
            self.held.insert(member.to_owned(), held);
        }
    }
}

pub(super) fn signed(calls: u64) -> i64 {
    i64::try_from(calls).unwrap_or(i64::MAX / 4)
}
