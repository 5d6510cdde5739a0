//! One poll of one list: everything that was modified since the last one is read and recorded, then the cursor moves.

use std::time::Duration;

use ::visma::delta::Delta;
use ::visma::list::{Row, Turn};
use ::visma::requests::Rows;
use ::visma::stamp::Stamp;
use futures::StreamExt as _;
use pipeline::clock;
use pipeline::cursor::Cursor;
use pipeline::envelope::Cause;
use pipeline::poll::Stopped;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Source;
use super::entity::Entity;
use super::list::{self, nonsense, ours};
use super::sweep::Known;
use crate::changes::{Changes, Reading, Recorded};

/// Pages of one list at most.
pub(super) const PAGES: u32 = 10_000;
/// Changes of one page that are recorded at once.
const AT_ONCE: usize = 64;
/// How far ahead of ours Visma's clock may run.
const CLOCKS: Duration = Duration::from_secs(60 * 60);

/// How far a list has been read.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Read {
    /// The newest stamp that can be relied on; none when the list was empty.
    newest: Option<Stamp>,
}

/// Reads every record that was modified since the last time, or all; returns the number of new versions.
pub(super) async fn poll(source: &Source, changes: &Changes, cursor: &Cursor, entity: Entity) -> Result<u64, Stopped> {
    let read: Option<Read> = cursor.read().await.map_err(ours)?;
    let before = read.and_then(|read| read.newest);
    // What is made of history is made today, which may be before the go-live date.
    let today = Stamp::surely_before(clock::now_millis(), source.poll.overlap.0);
    let first = (!entity.reads_history()).then_some(source.from.min(today));
    let since = before.map(|newest| newest.rewound(source.poll.overlap.0)).or(first);
    let ceiling = Stamp::surely_after(clock::now_millis(), CLOCKS);
    let mut delta = Delta::new(since, before, ceiling, PAGES);
    let rows = since.map_or(Rows::All, Rows::ModifiedSince);
    let began = Instant::now();
    let mut new = 0;
    loop {
        let page = list::page(source, entity.list(), rows, delta.page()).await?;
        let taken = delta.take(page, |row| entity.mark(row)).map_err(|e| nonsense(&e))?;
        new += record(source, changes, entity, taken.rows, None).await?;
        match taken.turn {
            Turn::Fetch(_) => {}
            Turn::Drained { settled: true } => break,
            Turn::Drained { settled: false } => {
                return Err(Stopped::Later(Duration::ZERO, "the list moved while it was read".to_owned()));
            }
            Turn::TooLong => return Err(Stopped::Later(Duration::ZERO, "the list does not end".to_owned())),
        }
    }
    if delta.outside() > 0 {
        metrics::counter!("ml_poll_outside_total", "entity" => entity.name()).increment(delta.outside());
        tracing::warn!(
            entity = entity.name(),
            rows = delta.outside(),
            "Visma gave rows that were not asked for: it does not honour the filter, and polls are larger than they need be"
        );
    }
    let read = Read { newest: delta.reach(began.elapsed()) };
    cursor.write(&read).await.map_err(ours)?;
    Ok(new)
}

/// Records rows, many at once; returns the number of new versions. Until a row's turn comes it is a part of its page.
/// `known` are the references of our documents by their numbers, where they are at hand.
pub(super) async fn record(
    source: &Source,
    changes: &Changes,
    entity: Entity,
    rows: Vec<Row>,
    known: Option<&Known>,
) -> Result<u64, Stopped> {
    let recording = rows.into_iter().map(async |row| {
        let reading = entity.reading(&row, &source.prefix, changes).map_err(|e| nonsense(&e))?;
        let reading = match reading {
            Some(reading) => Some(reading),
            None => detached(changes, entity, &row, known).await?,
        };
        let Some(reading) = reading else { return Ok(false) };
        let recorded = changes.record(reading, Cause::default()).await.map_err(ours)?;
        Ok(recorded == Recorded::New)
    });
    let mut done = futures::stream::iter(recording).buffer_unordered(AT_ONCE);
    let mut new = 0;
    while let Some(recorded) = done.next().await {
        new += u64::from(recorded?);
    }
    Ok(new)
}

/// A document that was ours and does not bear our reference now: it would be in no poll any longer.
async fn detached(
    changes: &Changes,
    entity: Entity,
    row: &Row,
    known: Option<&Known>,
) -> Result<Option<Reading>, Stopped> {
    let number = entity.mark(row).map_err(|e| nonsense(&e))?.key;
    let reference = match known {
        Some(known) => known.get(&number).cloned(),
        None => changes.reference(entity.name(), &number).await.map_err(ours)?,
    };
    let reading = reference.map(|reference| entity.detached(row, &reference, changes)).transpose();
    reading.map(Option::flatten).map_err(|e| nonsense(&e))
}
