//! The share of one process in the shared entry: blocks to spend without a word to anybody, and calls under way.
//!
//! As in [`super::entry`], the time is an argument and nothing is sent. A function that changes the entry is given a
//! copy of what stands in the bucket and of this share, and both hold only once the entry was written.

use super::entry::{End, Entry, Grant, Held, Which, signed};
use super::{Class, MARGIN, Shares, Window};

/// A call that was reserved: where it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    /// Number of the window.
    pub(super) window: u64,
    pub(super) class: Class,
    /// Its answer tells what the window is like, and others wait for it.
    pub(super) probe: bool,
}

/// Content of an answer, and when it was asked for and came, milliseconds since the epoch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered {
    pub(super) told: Option<Window>,
    /// It was let in; an error of a gateway's says nothing of a vendor's headers.
    pub(super) good: bool,
    pub(super) sent_at: u64,
    pub(super) now: u64,
}

/// The work to be done on the shared entry after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// Nothing: it says what we think.
    Nothing,
    /// It must be looked at again with this answer: see [`Share::account`].
    Account,
}

/// This process's share.
#[derive(Debug, Clone, Default)]
pub(super) struct Share {
    /// Names this process in the entry.
    pub(super) member: String,
    /// How long a call may take, milliseconds.
    pub(super) patience: u64,
    /// The entry when it was last seen, and when that was.
    pub(super) seen: Entry,
    pub(super) seen_at: u64,
    /// The window that the blocks are of, and its end as this process's own answers tell it: not what is guessed of a
    /// window that is untold.
    window: u64,
    end: Option<End>,
    /// Calls taken out of the window and not yet reserved, for each class.
    blocks: PerClass,
    /// Calls reserved or under way.
    in_flight: u64,
    /// Calls that are over and may have been counted in the window after this one.
    astray: u64,
    /// Calls of earlier windows that were charged to this one, and were not counted in it.
    refund: u64,
    /// Not to be asked for again before, for each class.
    again_at: PerClass,
}

/// A figure for each class.
#[derive(Debug, Clone, Copy, Default)]
struct PerClass {
    document: u64,
    poll: u64,
}

impl PerClass {
    fn of(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::Document => &mut self.document,
            Class::Poll => &mut self.poll,
        }
    }
}

impl Share {
    pub(super) fn new(member: String, patience: u64) -> Self {
        Self { member, patience, ..Self::default() }
    }

    /// A call out of what this process has, if it has one; `Err` says how long there is none, zero for asking the
    /// shared entry.
    pub(super) fn take(&mut self, class: Class, now: u64) -> Result<Ticket, u64> {
        if self.seen.blocked_until > now {
            return Err(self.seen.blocked_until - now);
        }
        let ticket = Ticket { window: self.window, class, probe: false };
        if self.seen.silent {
            self.in_flight += 1;
            return Ok(ticket);
        }
        // A block is used until its window is surely over, or known to be: what arrives after that is charged anyway.
        let good = self.seen.window == self.window && now < self.end().latest;
        let block = self.blocks.of(class);
        if good && *block > 0 {
            *block -= 1;
            self.in_flight += 1;
            return Ok(ticket);
        }
        Err(self.again_at.of(class).saturating_sub(now))
    }

    /// Asks the shared entry for calls. `entry` is what stands in the bucket; whether it is to be written is the second
    /// answer. `Err` says how long there is nothing.
    pub(super) fn refill(
        &mut self,
        entry: &mut Entry,
        class: Class,
        shares: Shares,
        now: u64,
    ) -> (Result<Option<Ticket>, u64>, bool) {
        if entry.blocked_until > now || entry.silent {
            let settled = self.settle(entry, now);
            return (Ok(None), settled); // The next turn waits for it, or takes one.
        }
        let mut changed = self.settle(entry, now);
        if entry.is_over(now) {
            self.open(entry, now);
            changed = true;
        }
        match entry.grant(class, shares, now) {
            Grant::Wait(wait) => {
                *self.again_at.of(class) = now.saturating_add(wait.min(1_000));
                (Err(wait), changed)
            }
            Grant::Probe => {
                self.in_flight += 1;
                self.put_down(entry, now);
                (Ok(Some(Ticket { window: self.window, class, probe: true })), true)
            }
            Grant::Block(calls) => {
                *self.blocks.of(class) += calls;
                entry.end = self.end.map_or(entry.end, |own| entry.end.narrow(own));
                entry.give(signed(std::mem::take(&mut self.refund)));
                self.put_down(entry, now);
                (Ok(None), true)
            }
        }
    }

    /// An entry that was read or written is the one that holds.
    pub(super) fn see(&mut self, entry: Entry, now: u64) {
        if entry.told && !self.seen.told || entry.window != self.seen.window {
            self.again_at = PerClass::default();
        }
        self.seen = entry;
        self.seen_at = now;
    }

    /// Another process has begun another window: what this one has left of the last one was charged there in full, and
    /// is corrected here to what may really be counted. Whether the entry changed.
    fn settle(&mut self, entry: &mut Entry, now: u64) -> bool {
        if entry.window == self.window {
            return false;
        }
        let charged = entry.held.get(&self.member).map_or(0, |held| held.calls);
        let counted = self.in_flight.saturating_add(self.astray);
        entry.give(signed(charged) - signed(counted));
        self.enter(entry, now);
        true
    }

    /// Begins the next window.
    fn open(&mut self, entry: &mut Entry, now: u64) {
        entry.hold(&self.member, Held { calls: self.in_flight, until: u64::MAX });
        entry.open(self.astray, now);
        self.enter(entry, now);
    }

    fn enter(&mut self, entry: &mut Entry, now: u64) {
        self.window = entry.window;
        self.end = None;
        self.blocks = PerClass::default();
        self.astray = 0;
        self.refund = 0;
        self.put_down(entry, now);
    }

    /// When the window ends, by all that this process knows.
    fn end(&self) -> End {
        self.end.map_or(self.seen.end, |own| self.seen.end.narrow(own))
    }

    /// Puts down what this process has in hand.
    fn put_down(&self, entry: &mut Entry, now: u64) {
        let calls = self.in_flight.saturating_add(self.astray).saturating_add(self.in_blocks());
        let last = entry.end.latest.max(now).saturating_add(MARGIN);
        entry.hold(&self.member, Held { calls, until: last.saturating_add(self.patience) });
    }

    pub(super) fn in_blocks(&self) -> u64 {
        self.blocks.document.saturating_add(self.blocks.poll)
    }

    /// A call that was reserved is not made.
    pub(super) fn give_back(&mut self, ticket: Ticket) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if self.seen.silent {
        } else if ticket.window != self.window {
            self.refund += 1;
        } else if !ticket.probe {
            *self.blocks.of(ticket.class) += 1;
        }
    }

    /// A probe was not made: the next one may be. `entry` is to be written.
    pub(super) fn give_up_probe(&mut self, entry: &mut Entry, ticket: Ticket, now: u64) {
        self.settle(entry, now);
        if ticket.window == entry.window && !entry.told {
            entry.probing_until = 0;
            entry.give(i64::from(entry.limit.is_some()));
        }
        self.put_down(entry, now);
    }

    /// A call is over. Says whether the shared entry has to be looked at.
    pub(super) fn answered(&mut self, ticket: Ticket, answer: Answered) -> After {
        let over = |share: &mut Self| share.in_flight = share.in_flight.saturating_sub(1);
        let Some(window) = answer.told else {
            if self.seen.silent && ticket.window == self.window {
                over(self);
                return After::Nothing;
            }
            if ticket.probe || self.seen.limit.is_none() {
                return After::Account;
            }
            over(self);
            if ticket.window == self.window && answer.now.saturating_add(MARGIN) >= self.end().earliest {
                self.astray += 1;
            }
            return After::Nothing;
        };
        if !self.seen.told || self.seen.window != self.window {
            return After::Account;
        }
        let told = end_of(window, answer, self.end());
        match self.end().compare(told) {
            Which::Later => After::Account,
            Which::Earlier => {
                over(self);
                // It was charged to this window and counted in an earlier one.
                self.refund += u64::from(ticket.window != self.window);
                After::Nothing
            }
            Which::Same => {
                self.end = Some(self.end.map_or(told, |own| own.narrow(told)));
                // What is in the blocks is surely not in the vendor's count; what is under way may be.
                let as_thought = signed(window.remaining) >= self.seen.free.saturating_add(signed(self.in_blocks()));
                if as_thought && self.seen.limit == Some(window.limit) {
                    over(self);
                    return After::Nothing;
                }
                After::Account
            }
        }
    }

    /// A call is over and the shared entry could not be reached: it may have been counted in the next window.
    pub(super) fn unaccounted(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.astray += 1;
    }

    /// Accounts for an answer in the shared entry. Whether the entry is to be written; the call is over in any case.
    pub(super) fn account(&mut self, entry: &mut Entry, ticket: Ticket, answer: Answered) -> bool {
        let now = answer.now;
        let mut changed = self.settle(entry, now); // With this call still under way: it may be counted there.
        let mine = ticket.window == entry.window;
        self.in_flight = self.in_flight.saturating_sub(1);
        let Some(window) = answer.told else {
            if ticket.probe && mine && !entry.told {
                entry.probing_until = 0;
                changed = true;
            }
            if entry.limit.is_none() && answer.good && !entry.silent {
                entry.silent = true;
                changed = true;
            }
            if changed {
                self.put_down(entry, now);
            }
            return changed;
        };
        let told = end_of(window, answer, entry.end);
        if entry.silent {
            self.end_silence(entry, window, told, now);
            return true;
        }
        if !entry.told {
            // The answer to a call of an earlier window tells of this one only if it ends after this one was opened.
            if mine || told.earliest > entry.opened_at.saturating_add(MARGIN) {
                self.tell(entry, window, told, now);
                return true;
            }
            self.refund += u64::from(told.latest.saturating_add(MARGIN) < entry.opened_at);
            return changed;
        }
        match entry.end.compare(told) {
            Which::Later => {
                self.in_flight += 1;
                entry.hold(&self.member, Held { calls: self.in_flight, until: u64::MAX });
                entry.open(self.astray, now);
                self.in_flight -= 1;
                self.enter(entry, now);
                self.tell(entry, window, told, now);
                true
            }
            Which::Earlier => {
                self.refund += u64::from(!mine);
                changed
            }
            Which::Same => self.hold_against(entry, window, now) || changed,
        }
    }

    /// The vendor's count against ours. What is missing there, somebody else has used.
    fn hold_against(&mut self, entry: &mut Entry, window: Window, now: u64) -> bool {
        let blocks = self.in_blocks();
        let mut changed = entry.limit != Some(window.limit);
        entry.limit = Some(window.limit);
        if signed(window.remaining) < entry.free.saturating_add(signed(blocks)) {
            self.put_down(entry, now);
            entry.free = signed(window.remaining) - signed(entry.in_hand());
            changed = true;
        }
        if window.remaining < blocks {
            self.blocks = PerClass::default();
            self.put_down(entry, now);
            changed = true;
        }
        changed
    }

    fn tell(&mut self, entry: &mut Entry, window: Window, told: End, now: u64) {
        self.put_down(entry, now);
        entry.tell(window.limit, window.remaining, told, now);
        self.end = Some(told);
        self.put_down(entry, now); // With the end that is known now.
    }

    /// A vendor that told nothing begins to tell. Others call without a count until they see this entry; then one asks.
    fn end_silence(&mut self, entry: &mut Entry, window: Window, told: End, now: u64) {
        entry.silent = false;
        entry.limit = Some(window.limit);
        entry.length = entry.length.max(told.latest.saturating_sub(now));
        entry.hold(&self.member, Held { calls: self.in_flight, until: u64::MAX });
        entry.open(0, now);
        entry.free = entry.free.min(signed(window.remaining));
        entry.probing_until = now.saturating_add(2 * super::FRESH);
        self.enter(entry, now);
    }
}

/// When the window of an answer ends: it was told in whole seconds, rounded either way, at some time between the two.
fn end_of(window: Window, answer: Answered, known: End) -> End {
    let Some(reset) = window.reset else {
        // It does not say. An hour is what the vendor documents; until then it is the window that is known.
        let hour = End { earliest: answer.now, latest: answer.now.saturating_add(super::UNTOLD) };
        return if known.latest > answer.now { known } else { hour };
    };
    let reset = u64::try_from(reset.as_millis()).unwrap_or(u64::MAX).min(super::LONGEST);
    End {
        earliest: answer.sent_at.saturating_add(reset).saturating_sub(1_000),
        latest: answer.now.saturating_add(reset).saturating_add(1_000),
    }
}
