//! The view of what waits at one stage: by the record that each waits for, and by the time at which its wait is over.
//!
//! Addresses are kept as hashes of 64 bits, so that a million of them fit in some hundred megabytes.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::address::Address;

/// One entry of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parked {
    /// Sequence of the entry of the log.
    entry: u64,
    /// Hash of the address that is waited for.
    on: u64,
    /// When it is taken up in any case, milliseconds since the epoch.
    until: u64,
    /// How often its entry was not found.
    missed: u8,
}

/// So often an entry is looked for before it is taken to be gone.
const MISSES: u8 = 20;

#[derive(Debug, Default)]
struct State {
    parked: BTreeMap<u64, Parked>,
    by_record: BTreeSet<(u64, u64)>,
    by_time: BTreeSet<(u64, u64)>,
    /// Those whose record has moved, in that order, and the same to look them up.
    due: VecDeque<u64>,
    raised: HashSet<u64>,
    /// Those that were taken up and are not decided on, and those among them whose record has moved since.
    in_hand: HashSet<u64>,
    again: HashSet<u64>,
    /// How far the slow round has come.
    round: u64,
}

/// What waits at a stage.
#[derive(Debug, Default)]
pub(crate) struct Index {
    state: Mutex<State>,
    news: Notify,
}

/// One that is to be taken up: who it is, and the sequence of its entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    /// Hash of what waits.
    pub(crate) own: u64,
    /// Sequence of the entry that says what it waits for.
    pub(crate) entry: u64,
}

impl State {
    fn remove(&mut self, own: u64) {
        if let Some(old) = self.parked.remove(&own) {
            self.by_record.remove(&(old.on, own));
            self.by_time.remove(&(old.until, own));
        }
    }

    fn insert(&mut self, own: u64, parked: Parked) {
        self.remove(own);
        self.by_record.insert((parked.on, own));
        self.by_time.insert((parked.until, own));
        self.parked.insert(own, parked);
    }

    fn raise(&mut self, own: u64) {
        if self.raised.insert(own) {
            self.due.push_back(own);
        }
    }
}

impl Index {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether `own` waits.
    pub(crate) fn contains(&self, own: u64) -> bool {
        self.state().parked.contains_key(&own)
    }

    /// How many wait.
    pub(crate) fn count(&self) -> usize {
        self.state().parked.len()
    }

    /// `own` waits for `on`; an entry that is older than the one that is known changes nothing.
    pub(crate) fn park(&self, own: u64, entry: u64, on: &Address, until: u64) {
        let mut state = self.state();
        if state.parked.get(&own).is_none_or(|known| known.entry <= entry) {
            state.insert(own, Parked { entry, on: hash(on), until, missed: 0 });
        }
        drop(state);
        self.news.notify_one();
    }

    /// `own` waits no longer, as the entry with this sequence says.
    pub(crate) fn over(&self, own: u64, entry: u64) {
        let mut state = self.state();
        if state.parked.get(&own).is_some_and(|known| known.entry <= entry) {
            state.remove(own);
        }
    }

    /// A record has moved: all that wait for it are due.
    pub(crate) fn moved(&self, address: &Address) {
        let mut state = self.state();
        if state.parked.is_empty() {
            return;
        }
        let on = hash(address);
        let waiting: Vec<u64> = state.by_record.range((on, 0)..=(on, u64::MAX)).map(|(_, own)| *own).collect();
        if waiting.is_empty() {
            return;
        }
        waiting.into_iter().for_each(|own| state.raise(own));
        drop(state);
        self.news.notify_one();
    }

    /// One that waits is to be taken up: its record was seen to have moved.
    pub(crate) fn raise(&self, own: u64) {
        self.state().raise(own);
        self.news.notify_one();
    }

    /// The next one to be taken up at `now`, if any; it is in hand until [`Index::decided`].
    pub(crate) fn next(&self, now: u64) -> Option<Due> {
        let mut state = self.state();
        while let Some(own) = state.due.pop_front() {
            state.raised.remove(&own);
            let Some(parked) = state.parked.get(&own).copied() else { continue };
            if state.in_hand.insert(own) {
                return Some(Due { own, entry: parked.entry });
            }
            // It has moved again: it is due when what is in hand is decided on.
            state.again.insert(own);
        }
        let State { by_time, in_hand, .. } = &*state;
        let own = by_time.range(..=(now, u64::MAX)).map(|(_, own)| *own).find(|own| !in_hand.contains(own))?;
        let entry = state.parked.get(&own)?.entry;
        state.in_hand.insert(own);
        Some(Due { own, entry })
    }

    /// It was decided on, or handed back: whether it still waits is said by its entry. `again` is when it is taken up
    /// next, where that could not be decided.
    pub(crate) fn decided(&self, own: u64, again: Option<u64>) {
        let mut state = self.state();
        state.in_hand.remove(&own);
        if state.again.remove(&own) {
            state.raise(own);
        }
        if let (Some(until), Some(parked)) = (again, state.parked.get(&own).copied()) {
            state.insert(own, Parked { until, ..parked });
        }
        drop(state);
        self.news.notify_one();
    }

    /// Its entry was not found: a copy of the log may be late, so it is looked for again at `again`, and not for ever.
    pub(crate) fn missed(&self, own: u64, again: u64) {
        let mut state = self.state();
        state.in_hand.remove(&own);
        match state.parked.get(&own).copied() {
            Some(parked) if parked.missed < MISSES => {
                state.insert(own, Parked { until: again, missed: parked.missed + 1, ..parked });
            }
            Some(_) | None => state.remove(own),
        }
    }

    /// When the next one is due by its time, milliseconds since the epoch.
    pub(crate) fn next_time(&self) -> Option<u64> {
        let state = self.state();
        state.by_time.iter().find(|(_, own)| !state.in_hand.contains(own)).map(|(until, _)| *until)
    }

    /// Returns when something may be due.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// The next few of a round over all that wait.
    pub(crate) fn round(&self, few: usize) -> Vec<Due> {
        let mut state = self.state();
        let after = state.round.saturating_add(1);
        let next: Vec<_> =
            state.parked.range(after..).take(few).map(|(own, p)| Due { own: *own, entry: p.entry }).collect();
        // After the last one it begins again.
        state.round = next.last().filter(|_| next.len() == few).map_or(0, |last| last.own);
        next
    }
}

/// Within one process only: the view is rebuilt by each.
pub(crate) fn hash(what: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}
