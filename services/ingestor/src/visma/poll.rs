//! One poll of one list: everything that was modified since the last one is read and recorded, then the cursor moves.
//!
//! A record that cannot be read becomes a dead letter by its number. The number of a row that Visma cannot show is not
//! known: its dead letter names the time of its modification. Later polls begin behind it, and once an hour one begins
//! before it, until everything is shown.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use ::visma::delta::{Delta, Mark};
use ::visma::list::{Page, Row, Turn};
use ::visma::requests::Rows;
use ::visma::stamp::Stamp;
use futures::StreamExt as _;
use pipeline::clock;
use pipeline::cursor::Cursor;
use pipeline::service::Context;
use problem::{Code, Problem, Stopped};
use record::envelope::Cause;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Source;
use super::aside::{Aside, Seen};
use super::entity::Entity;
use super::known::Known;
use super::list::{Lister, Unread, again, nonsense, ours};
use crate::changes::{Changes, Reading, Recorded};

/// Pages of one list at most.
pub(super) const PAGES: u32 = 10_000;
/// Changes of one page that are recorded at once.
const AT_ONCE: usize = 64;
/// How far ahead of ours Visma's clock may run.
const CLOCKS: Duration = Duration::from_secs(60 * 60);
/// How often what could not be shown is asked for again.
const AGAIN: Duration = Duration::from_secs(60 * 60);
/// From this many rows of a page on, a page of which most cannot be read is no page of ours.
const PLAUSIBLE: usize = 5;

/// How far a list has been read.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
struct Read {
    /// The newest stamp that can be relied on; none when the list was empty.
    newest: Option<Stamp>,
    /// Rows that could not be shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hole: Option<Hole>,
}

/// Rows that Visma could not show.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Hole {
    /// They were all modified at or after this.
    since: Option<Stamp>,
    /// When the newest of them was modified.
    newest: Stamp,
}

/// Reads one list again and again.
pub(super) struct Scan<'a> {
    pub(super) entity: Entity,
    pub(super) source: &'a Source,
    pub(super) changes: &'a Changes,
    pub(super) lister: Lister<'a>,
    pub(super) aside: Aside,
    cursor: Cursor,
    /// When this process asked last for what could not be shown.
    asked: Mutex<Option<Instant>>,
}

impl<'a> Scan<'a> {
    /// # Errors
    /// When the broker does not answer.
    pub(super) async fn open(
        context: &Context,
        source: &'a Source,
        changes: &'a Changes,
        entity: Entity,
    ) -> Result<Self, Problem> {
        let cursor = Cursor::open(&context.broker, &context.connection, entity.poll_name()).await?;
        let (aside, lister) = (Aside::open(context, entity).await?, Lister::new(source, entity));
        Ok(Self { entity, source, changes, lister, aside, cursor, asked: Mutex::default() })
    }

    /// Reads every record that was modified since the last time, or all; returns the number of new versions.
    pub(super) async fn poll(&self) -> Result<u64, Stopped> {
        let Self { entity, source, .. } = self;
        let read: Read = self.cursor.read().await.map_err(ours)?.unwrap_or_default();
        let (before, overlap) = (read.newest, source.poll.overlap.0);
        // What is made of history is made today, which may be before the go-live date.
        let today = Stamp::surely_before(clock::now_millis(), overlap);
        let first = (!entity.reads_history()).then_some(source.from.min(today));
        let since = before.map(|newest| newest.rewound(overlap)).or(first);
        let (since, again) = self.around_hole(since, read.hole.as_ref());
        let ceiling = Stamp::surely_after(clock::now_millis(), CLOCKS);
        let mut new = self.again().await?;
        let began = Instant::now();
        let mut delta = Delta::new(since, before, ceiling, PAGES);
        new += self.read(&mut delta, since.map_or(Rows::All, Rows::ModifiedSince), None, |_| {}).await?;
        if delta.outside() > 0 {
            metrics::counter!("ml_poll_outside_total", "entity" => entity.name()).increment(delta.outside());
            tracing::warn!(
                entity = entity.name(),
                rows = delta.outside(),
                "Visma gave rows that were not asked for: it does not honour the filter, and polls are larger than they need be"
            );
        }
        let hole = match delta.unshown() {
            0 => read.hole.filter(|_| !again),
            rows => Some(self.hole(since, ceiling, read.hole, rows).await?),
        };
        let read = Read { newest: delta.reach(began.elapsed()), hole };
        self.cursor.write(&read).await.map_err(ours)?;
        Ok(new)
    }

    /// From where on to read: behind what cannot be shown, or before it when it is time to ask for it again, which is
    /// told too.
    fn around_hole(&self, since: Option<Stamp>, hole: Option<&Hole>) -> (Option<Stamp>, bool) {
        let Some(hole) = hole else { return (since, false) };
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.is_none_or(|asked| asked.elapsed() >= AGAIN) {
            *asked = Some(Instant::now());
            return (since.min(hole.since), true);
        }
        (since.max(Some(hole.newest.next())), false)
    }

    /// Tells of rows that could not be shown, once.
    async fn hole(
        &self,
        since: Option<Stamp>,
        ceiling: Stamp,
        before: Option<Hole>,
        rows: u64,
    ) -> Result<Hole, Stopped> {
        let Some(newest) = self.lister.newest_unshown(since, ceiling).await? else {
            return Err(again("rows could not be shown, and can now"));
        };
        *self.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        let told = before.as_ref().is_some_and(|hole| newest <= hole.newest);
        if !told {
            let name = self.entity.name();
            let sentence = format!(
                "Visma cannot show {rows} of the rows ({name}) that it counts; the newest of these was last modified at \
                 {newest} by Visma's clock: {}",
                self.lister.why()
            );
            let remedy =
                "find the record in Visma by the time of its last change, and ask Visma why its API fails over it";
            let problem = Problem::new(Code::RecordBroken, sentence, remedy);
            self.aside.tell(&format!("modified-{newest}"), &problem).await.map_err(ours)?;
        }
        let newest = before.as_ref().filter(|_| told).map_or(newest, |hole| hole.newest);
        Ok(Hole { since: before.map_or(since, |hole| since.min(hole.since)), newest })
    }

    /// Asks for some of what was set aside; returns the number of new versions.
    async fn again(&self) -> Result<u64, Stopped> {
        let mut new = 0;
        for number in self.aside.next() {
            let row = match self.lister.record(&number).await {
                Ok(row) => row,
                Err(Unread::Gone) => {
                    self.aside.done(&number).await.map_err(ours)?;
                    continue;
                }
                Err(Unread::Broken(_)) => continue,
                Err(Unread::Stopped(stopped)) => return Err(stopped),
            };
            new += self.record(vec![self.seen(row)], None).await?;
        }
        Ok(new)
    }

    /// Reads a list to its end and records it, telling `met` of each row; returns the number of new versions.
    pub(super) async fn read(
        &self,
        delta: &mut Delta,
        rows: Rows,
        known: Option<&Known>,
        mut met: impl FnMut(&Mark),
    ) -> Result<u64, Stopped> {
        let mut new = 0;
        loop {
            let page = self.lister.page(rows, delta.page()).await?.map(|row| self.seen(row));
            plausible(&page)?;
            page.rows.iter().for_each(|seen| met(&seen.mark));
            let mark = |seen: &Seen| Ok::<_, std::convert::Infallible>(seen.mark.clone());
            let taken = delta.take(page, mark).map_err(|e| nonsense(&e))?;
            new += self.record(taken.rows, known).await?;
            match taken.turn {
                Turn::Fetch(_) => {}
                Turn::Drained { settled: true } => return Ok(new),
                Turn::Drained { settled: false } => {
                    return Err(again("the list moved while it was read"));
                }
                Turn::TooLong => return Err(again("the list does not end")),
            }
        }
    }

    fn seen(&self, row: Row) -> Seen {
        Seen::new(self.entity, row, |text| self.changes.hash("row", text))
    }

    /// Records rows, many at once; returns the number of new versions. Until a row's turn comes it is a part of its
    /// page. `known` are the references of our documents by their numbers, where they are at hand.
    async fn record(&self, rows: Vec<Seen>, known: Option<&Known>) -> Result<u64, Stopped> {
        let recording = rows.into_iter().map(|seen| self.record_one(seen, known));
        let mut done = futures::stream::iter(recording).buffer_unordered(AT_ONCE);
        let mut new = 0;
        while let Some(recorded) = done.next().await {
            new += u64::from(recorded?);
        }
        Ok(new)
    }

    /// Records one row, or sets it aside where that is its own fault; whether it was new.
    async fn record_one(&self, seen: Seen, known: Option<&Known>) -> Result<bool, Stopped> {
        let number = &seen.mark.key;
        if let Some(wrong) = &seen.wrong {
            self.aside.set(number, Seen::problem(wrong)).await.map_err(ours)?;
            return Ok(false);
        }
        let reading = self.entity.reading(&seen.row, &self.source.prefix, self.changes).map_err(|e| nonsense(&e))?;
        let reading = match reading {
            Some(reading) => Some(reading),
            None => self.detached(&seen, known).await?,
        };
        let recorded = match reading {
            None => false,
            Some(reading) => match self.changes.record(reading, Cause::default()).await {
                Ok(recorded) => recorded == Recorded::New,
                Err(problem) if matches!(problem.code, Code::RecordUnreadable | Code::MessageTooLarge) => {
                    self.aside.set(number, problem).await.map_err(ours)?;
                    return Ok(false);
                }
                Err(problem) => return Err(ours(problem)),
            },
        };
        self.aside.done(number).await.map_err(ours)?;
        Ok(recorded)
    }

    /// A document that was ours and does not bear our reference now: it would be in no poll any longer.
    async fn detached(&self, seen: &Seen, known: Option<&Known>) -> Result<Option<Reading>, Stopped> {
        let number = &seen.mark.key;
        let reference = match known {
            Some(known) => known.get(number).cloned(),
            None => self.changes.reference(self.entity.record(), number).await.map_err(ours)?,
        };
        let reading = reference.map(|reference| self.entity.detached(&seen.row, &reference, self.changes)).transpose();
        reading.map(Option::flatten).map_err(|e| nonsense(&e))
    }
}

/// Checks that a page is of the list that was asked for: a few bad rows are set aside, mostly bad rows are an error.
fn plausible(page: &Page<Seen>) -> Result<(), Stopped> {
    let wrong = page.rows.iter().filter_map(|seen| seen.wrong.as_ref());
    match wrong.clone().next() {
        Some(first) if wrong.count() > PLAUSIBLE.max(page.rows.len() / 2) => Err(Stopped::Person(Seen::problem(first))),
        Some(_) | None => Ok(()),
    }
}
