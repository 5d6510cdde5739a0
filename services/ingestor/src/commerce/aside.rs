//! Records that the shop cannot show, set aside so that those behind them are read.
//!
//! A list fails as a whole when one row of it cannot be made up, and does not say which. So a page that fails is halved
//! until the first row alone fails, and its id is found by asking for it within ranges of ids. It becomes a dead
//! letter, the scan leaves it out and goes on, and each run asks for it again by its id: when the shop can show it, it
//! is read, however old it is by then.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use ::commerce::entity::Entity;
use ::commerce::search::{Filter, Search};
use pipeline::cursor::Cursor;
use pipeline::service::Context;
use problem::Problem;
use record::Log;
use record::address::System;
use record::envelope::Cause;

use super::reader::{ReadError, Reader};
use super::recorder::{By, Recorder};

/// Records that a search leaves out at most: they stand in its address, which has a limit.
const LEFT_OUT: usize = 200;
/// Records that one run asks for again.
const AGAIN: usize = 3;
/// Ids are columns of 32 bits.
const LARGEST: u64 = u32::MAX as u64;
/// How far beyond the last row the id of a new record may be.
const NEAR: u64 = 255;

/// Records of one kind that are set aside. The list outlives the process.
#[derive(Debug)]
pub(super) struct Aside {
    entity: Entity,
    /// Name of the stage that sets aside, for the subjects of dead letters.
    stage: &'static str,
    log: Log,
    cursor: Cursor,
    ids: Mutex<BTreeSet<u64>>,
    /// The last one that was asked for again.
    last: Mutex<u64>,
}

impl Aside {
    /// Opens the list that earlier runs of the poll called `poll` have set aside; dead letters are those of `stage`.
    ///
    /// # Errors
    /// When the broker does not answer.
    pub(super) async fn open(
        context: &Context,
        entity: Entity,
        poll: &str,
        stage: &'static str,
    ) -> Result<Self, Problem> {
        let cursor = Cursor::open(&context.broker, &context.connection, &format!("{poll}.aside")).await?;
        let ids = Mutex::new(cursor.read().await?.unwrap_or_default());
        let log = Log::on(&context.broker, &context.connection);
        Ok(Self { entity, stage, log, cursor, ids, last: Mutex::default() })
    }

    /// The newest of them, for a search to leave out.
    pub(super) fn ids(&self) -> Vec<u64> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.iter().rev().take(LEFT_OUT).copied().collect()
    }

    /// Sets a record aside: a dead letter, and a note that it is to be asked for again.
    ///
    /// # Errors
    /// When the broker does not do its part; the record is then met again.
    pub(super) async fn set(&self, id: u64, problem: Problem) -> Result<(), Problem> {
        let key = id.to_string();
        let address = self.log.change(System::Commerce, super::entity(self.entity), &key);
        let sentence = format!("the {} with the entity_id {id}: {}", self.entity.name(), problem.sentence);
        self.log.give_up_unread(self.stage, &address, &Problem { sentence, ..problem }).await?;
        self.change(|ids| ids.insert(id)).await
    }

    /// Asks for some of them again; returns how many were recorded.
    ///
    /// # Errors
    /// When the shop or the broker is away.
    pub(super) async fn again(&self, recorder: &Recorder, by: By) -> Result<u64, ReadError> {
        let mut new = 0;
        for id in self.next() {
            let row = match recorder.reader.by_id(self.entity, id).await {
                Ok(row) => recorder.record(self.entity, row, Cause::default(), by).await.map(|_| ()),
                Err(e) => Err(e),
            };
            match row {
                Ok(()) => new += 1,
                // It was removed, which is an end of it, too.
                Err(ReadError::NotFound) => {}
                Err(ReadError::Broken(_)) => continue,
                Err(e) => return Err(e),
            }
            tracing::info!(
                entity = self.entity.name(),
                id,
                "a record that was set aside can be read again, or is gone"
            );
            self.change(|ids| ids.remove(&id)).await?;
        }
        Ok(new)
    }

    /// The next few, in turn.
    fn next(&self) -> Vec<u64> {
        let ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next: Vec<u64> =
            ids.range(*last + 1..).chain(ids.range(..=*last)).take(AGAIN.min(ids.len())).copied().collect();
        *last = next.last().copied().unwrap_or(0);
        next
    }

    async fn change(&self, change: impl FnOnce(&mut BTreeSet<u64>) -> bool) -> Result<(), Problem> {
        let ids = {
            let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
            if !change(&mut ids) {
                return Ok(());
            }
            ids.clone()
        };
        metrics::gauge!("ml_records_aside", "entity" => self.entity.name())
            .set(u32::try_from(ids.len()).unwrap_or(u32::MAX));
        self.cursor.write(&ids).await
    }
}

/// The id of the record because of which a search of one row fails; nothing when it is no single record.
///
/// The first row of a search within a range of ids is the record as long as the range has it. So a range whose first
/// row cannot be shown is narrowed down. Should that be another such record, it is one to be set aside as well.
///
/// # Errors
/// When the shop asks for patience or does not let us in.
pub(super) async fn culprit(
    reader: &Reader,
    entity: Entity,
    search: &Search,
    after: u64,
) -> Result<Option<u64>, ReadError> {
    let shows = async |low: u64, high: u64| {
        let within = search.clone().and(Filter::at_least("entity_id", low)).and(Filter::at_most("entity_id", high));
        match reader.page(entity, &within).await {
            Ok(_) => Ok(true),
            Err(ReadError::Broken(_)) => Ok(false),
            Err(e) => Err(e),
        }
    };
    let (mut low, mut high) = (1, LARGEST);
    let near = (after.saturating_add(1), after.saturating_add(1 + NEAR).min(LARGEST));
    if near.0 < near.1 && !shows(near.0, near.1).await? {
        (low, high) = near;
    }
    while low < high {
        let middle = low + (high - low) / 2;
        if shows(low, middle).await? {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(if shows(low, low).await? { None } else { Some(low) })
}
