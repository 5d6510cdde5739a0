//! The view of what waits at one stage: by the record that each waits for, and by the time at which its wait is over.
//!
//! It is on disk: a million that wait take no memory. What is in hand, and what is due because its record has moved, is
//! in memory. Addresses are kept as hashes of 64 bits.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Params, Result, params};
use sha2::{Digest as _, Sha256};
use tokio::sync::Notify;

use super::list::read;
use crate::address::Address;
use crate::view::{self, Schema, Seen, Store, View, signed, unsigned};

/// So often an entry is looked for before it is taken to be gone.
const MISSES: u8 = 20;

/// `entry` is the sequence of the entry of the log, `until` when it is taken up in any case, milliseconds since the
/// epoch, `missed` how often its entry was not found.
const TABLES: &str = "
    CREATE TABLE waiting_parked (
        own INTEGER PRIMARY KEY, entry INTEGER NOT NULL, record INTEGER NOT NULL, until INTEGER NOT NULL,
        missed INTEGER NOT NULL DEFAULT 0);
    CREATE INDEX waiting_record ON waiting_parked (record);
    CREATE INDEX waiting_until ON waiting_parked (until);";
const PARK: &str = "INSERT INTO waiting_parked (own, entry, record, until) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (own)
    DO UPDATE SET entry = excluded.entry, record = excluded.record, until = excluded.until, missed = 0
    WHERE entry <= excluded.entry";

/// State that is not on disk.
#[derive(Debug, Default)]
struct State {
    /// Those whose record has moved, in that order, and the same to look them up.
    due: VecDeque<u64>,
    raised: HashSet<u64>,
    /// Those that were taken up and are not decided on, and those among them whose record has moved since.
    in_hand: HashSet<u64>,
    again: HashSet<u64>,
    /// How far the slow round has come.
    round: Option<u64>,
    /// Nothing is due by its time before this; not known where there is none.
    quiet_until: Option<u64>,
    /// An entry that cannot be read, in words.
    unread: Option<String>,
}

/// Index of the deliveries that wait at a stage.
#[derive(Debug)]
pub(crate) struct Index {
    store: Arc<Store>,
    state: Mutex<State>,
    /// How many wait.
    count: AtomicU64,
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
    fn raise(&mut self, own: u64) {
        if self.raised.insert(own) {
            self.due.push_back(own);
        }
    }
}

impl Index {
    /// The index in `store`, as it was left.
    pub(crate) fn open(store: &Arc<Store>) -> Self {
        let (store, count, state, news) = (Arc::clone(store), AtomicU64::new(0), Mutex::default(), Notify::new());
        let index = Self { store, state, count, news };
        view::prepare(&index.store, &index);
        let count: i64 =
            index.store.read(|tables| tables.query_row("SELECT count(*) FROM waiting_parked", [], |row| row.get(0)));
        index.count.store(unsigned(count), Ordering::Relaxed);
        index
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns true when `own` waits.
    pub(crate) fn contains(&self, own: u64) -> bool {
        self.count() > 0 && self.store.read(|tables| is_parked(tables, own))
    }

    /// How many wait.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// `own` waits for `on`; an entry that is older than the one that is known changes nothing.
    pub(crate) fn park(&self, own: u64, entry: u64, on: &Address, until: u64) {
        self.store.write(|tables| self.put(tables, own, (entry, on, until)));
        self.grown();
    }

    fn put(&self, tables: &Connection, own: u64, (entry, on, until): (u64, &Address, u64)) -> Result<()> {
        let is_new = !is_parked(tables, own)?;
        let on = hash(&on.subject()).cast_signed();
        run(tables, PARK, params![own.cast_signed(), signed(entry), on, signed(until)])?;
        self.count.fetch_add(u64::from(is_new), Ordering::Relaxed);
        Ok(())
    }

    /// `own` waits no longer, as the entry with this sequence says.
    pub(crate) fn over(&self, own: u64, entry: u64) {
        self.store.write(|tables| self.remove(tables, own, entry));
    }

    fn remove(&self, tables: &Connection, own: u64, entry: u64) -> Result<()> {
        let remove = "DELETE FROM waiting_parked WHERE own = ?1 AND entry <= ?2";
        let removed = run(tables, remove, params![own.cast_signed(), signed(entry)])?;
        self.count.fetch_sub(u64::from(removed > 0), Ordering::Relaxed);
        Ok(())
    }

    /// A record has moved: all that wait for it are due.
    pub(crate) fn moved(&self, address: &Address) {
        if self.count() == 0 {
            return;
        }
        let on = hash(&address.subject()).cast_signed();
        let waiting: Vec<i64> = self.store.read(|tables| {
            let mut waiting = tables.prepare_cached("SELECT own FROM waiting_parked WHERE record = ?1")?;
            waiting.query_map([on], |row| row.get(0))?.collect()
        });
        if waiting.is_empty() {
            return;
        }
        let mut state = self.state();
        waiting.into_iter().for_each(|own| state.raise(own.cast_unsigned()));
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
            let Some(entry) = self.entry(own) else { continue };
            if state.in_hand.insert(own) {
                return Some(Due { own, entry });
            }
            // It has moved again: it is due when what is in hand is decided on.
            state.again.insert(own);
        }
        if state.quiet_until.is_some_and(|until| now < until) {
            return None;
        }
        let Some((until, due)) = self.earliest(&state) else {
            state.quiet_until = Some(u64::MAX);
            return None;
        };
        if until > now {
            state.quiet_until = Some(until);
            return None;
        }
        state.quiet_until = None;
        state.in_hand.insert(due.own);
        Some(due)
    }

    /// The one whose time comes first, of those that are not in hand.
    fn earliest(&self, state: &State) -> Option<(u64, Due)> {
        if self.count() == 0 {
            return None;
        }
        let enough = signed(state.in_hand.len() as u64 + 1);
        let first: Vec<(i64, i64, i64)> = self.store.read(|tables| {
            let mut first =
                tables.prepare_cached("SELECT until, own, entry FROM waiting_parked ORDER BY until LIMIT ?1")?;
            first.query_map([enough], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect()
        });
        let first = first
            .into_iter()
            .map(|(until, own, entry)| (unsigned(until), Due { own: own.cast_unsigned(), entry: unsigned(entry) }));
        first.into_iter().find(|(_, due)| !state.in_hand.contains(&due.own))
    }

    fn entry(&self, own: u64) -> Option<u64> {
        let entry: Option<i64> = self.store.read(|tables| {
            let mut entry = tables.prepare_cached("SELECT entry FROM waiting_parked WHERE own = ?1")?;
            entry.query_row([own.cast_signed()], |row| row.get(0)).optional()
        });
        entry.map(unsigned)
    }

    /// It was decided on, or handed back: whether it still waits is said by its entry. `again` is when it is taken up
    /// next, where that could not be decided.
    pub(crate) fn decided(&self, own: u64, again: Option<u64>) {
        if let Some(until) = again {
            let later = "UPDATE waiting_parked SET until = ?2 WHERE own = ?1";
            self.store.write(|tables| run(tables, later, params![own.cast_signed(), signed(until)]));
        }
        let mut state = self.state();
        state.in_hand.remove(&own);
        if state.again.remove(&own) {
            state.raise(own);
        }
        drop(state);
        self.grown();
    }

    /// Its entry was not found: a copy of the log may be late, so it is looked for again at `again`, and not for ever.
    pub(crate) fn missed(&self, own: u64, again: u64) {
        self.store.write(|tables| {
            let later = "UPDATE waiting_parked SET until = ?2, missed = missed + 1 WHERE own = ?1 AND missed < ?3";
            if run(tables, later, params![own.cast_signed(), signed(again), MISSES])? == 0 {
                self.remove(tables, own, u64::MAX)?;
            }
            Ok(())
        });
        let mut state = self.state();
        state.in_hand.remove(&own);
        state.quiet_until = None;
    }

    /// When the next one is due by its time, milliseconds since the epoch.
    pub(crate) fn next_time(&self) -> Option<u64> {
        let mut state = self.state();
        let until = match state.quiet_until {
            Some(until) => until,
            None => self.earliest(&state).map_or(u64::MAX, |(until, _)| until),
        };
        state.quiet_until = Some(until);
        (until < u64::MAX).then_some(until)
    }

    /// An entry that cannot be read, in words: it waits for ever. It is told once.
    pub(crate) fn unread(&self) -> Option<String> {
        self.state().unread.take()
    }

    /// Returns when something may be due.
    pub(crate) async fn news(&self) {
        self.news.notified().await;
    }

    /// The next few of a round over all that wait.
    pub(crate) fn round(&self, few: usize) -> Vec<Due> {
        if self.count() == 0 {
            return Vec::new();
        }
        let mut state = self.state();
        let after = state.round.map_or(i64::MIN, u64::cast_signed);
        let next: Vec<(i64, i64)> = self.store.read(|tables| {
            let next = "SELECT own, entry FROM waiting_parked WHERE own > ?1 ORDER BY own LIMIT ?2";
            let mut next = tables.prepare_cached(next)?;
            next.query_map(params![after, signed(few as u64)], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        });
        // After the last one it begins again.
        state.round = next.last().filter(|_| next.len() == few).map(|(own, _)| own.cast_unsigned());
        next.into_iter().map(|(own, entry)| Due { own: own.cast_unsigned(), entry: unsigned(entry) }).collect()
    }
}

impl View for Index {
    fn schema(&self) -> Schema {
        Schema { name: "waiting", version: 1, tables: TABLES }
    }

    fn see(&self, tables: &Connection, entry: &Seen<'_>) -> Result<()> {
        let own = hash(entry.subject);
        match read(entry.subject, entry.headers) {
            Ok(Some(waiting)) => self.put(tables, own, (entry.sequence, &waiting.on, waiting.until)),
            Ok(None) => self.remove(tables, own, entry.sequence),
            // It is not over, and nobody can take it up: a person must know.
            Err(problem) => {
                tracing::error!(code = problem.code.as_str(), sentence = problem.sentence, "something waits for ever");
                self.state().unread = Some(problem.sentence);
                Ok(())
            }
        }
    }

    fn grown(&self) {
        self.state().quiet_until = None;
        self.news.notify_one();
    }

    fn begun(&self) {
        self.count.store(0, Ordering::Relaxed);
    }
}

fn is_parked(tables: &Connection, own: u64) -> Result<bool> {
    tables.prepare_cached("SELECT 1 FROM waiting_parked WHERE own = ?1")?.exists([own.cast_signed()])
}

fn run(tables: &Connection, what: &str, with: impl Params) -> Result<usize> {
    tables.prepare_cached(what)?.execute(with)
}

/// The same in every process.
pub(crate) fn hash(subject: &str) -> u64 {
    Sha256::digest(subject).first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}
