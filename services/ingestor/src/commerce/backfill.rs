//! Bringing history in: what was made before the go-live date and is to be booked after all.
//!
//! The records are recorded as webhooks and polls do it, with one thing more: a mark that says from which moment on
//! they count, which mapping takes for the go-live date. A record that was recorded before without the mark is recorded
//! again with it; one that has it is left alone. So it can be stopped and begun again anywhere, and nothing comes of it
//! twice.

use std::collections::BTreeMap;
use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::history::{self, History};
use ::commerce::page::Row;
use ::commerce::requests::Base;
use ::commerce::search::PageSize;
use ::commerce::time::Moment;
use futures::StreamExt as _;
use jiff::civil;
use pipeline::cursor::Cursor;
use pipeline::service::Context;
use pipeline::vendor::Vendor;
use problem::{Code, Problem, Stopped, chain};
use record::Log;
use record::envelope::Cause;
use serde::{Deserialize, Serialize};

use super::aside::Aside;
use super::ids::{Ids, Turned};
use super::reader::{Broken, ReadError, Reader};
use super::recorder::{By, Recorder};
use super::returned::Returned;
use crate::changes::{Changes, Recorded};

/// Name of the cursor.
const CURSOR: &str = "commerce.backfill";
/// Whose changes and dead letters these are.
const STAGE: &str = "backfill";
/// Records of a page that are recorded at once.
const AT_ONCE: usize = 32;
/// Times that a record is read again which somebody else recorded meanwhile.
const READINGS: usize = 5;

/// Range of records that is brought in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range {
    /// Records that were made in this time.
    pub history: History,
    /// The first moment, in the company's time zone: the mark.
    pub mark: civil::DateTime,
    /// The kinds of records, in the order in which they are read. Orders first: the others need theirs.
    pub entities: Vec<Entity>,
}

/// How much of a kind there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Amount {
    /// The kind.
    pub entity: Entity,
    /// Records in the range.
    pub all: u64,
    /// Records of these that are not read yet.
    pub left: u64,
}

/// Result of one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stepped {
    /// The kind.
    pub entity: Entity,
    /// Records read.
    pub read: u64,
    /// Records that had not been brought in before, those included that were asked for again.
    pub new: u64,
}

/// How far it is: of which range, and the last record of each kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Far {
    from: Moment,
    until: Moment,
    stores: Vec<u64>,
    read: BTreeMap<String, u64>,
    /// Kinds that this run has read to the end. Not kept: before a go-live date that is yet to come, more may follow.
    #[serde(skip)]
    over: Vec<String>,
}

/// A backfill of one range.
#[derive(Debug)]
pub struct Backfill {
    recorder: Recorder,
    cursor: Cursor,
    range: Range,
    kinds: Vec<KindOf>,
    far: Far,
}

/// How one kind is read.
#[derive(Debug)]
struct KindOf {
    entity: Entity,
    ids: Ids,
    aside: Aside,
}

impl Backfill {
    /// Opens one, where it was left if the last one was of the same range.
    ///
    /// # Errors
    /// When the broker is away or not provisioned, or the page size is none.
    pub async fn open(
        context: &Context,
        (vendor, base): (Vendor, Base),
        range: Range,
        page_size: u32,
    ) -> Result<Self, Problem> {
        let changes = Changes::new(&Log::on(&context.broker, &context.connection), &context.vault, STAGE);
        let recorder = Recorder::new(Reader::new(vendor, base), changes, None, None, Returned::default());
        let cursor = Cursor::open(&context.broker, &context.connection, CURSOR).await?;
        let page_size = PageSize::new(page_size)
            .map_err(|e| Problem::new(Code::SettingsInvalid, chain(&e), "correct commerce.poll.page_size"))?;
        let mut kinds = Vec::new();
        for entity in range.entities.iter().copied() {
            let aside = Aside::open(context, entity, &format!("{CURSOR}.{}", entity.name()), STAGE).await?;
            kinds.push(KindOf { entity, ids: Ids::new(entity, page_size), aside });
        }
        let History { from, until, stores } = range.history.clone();
        let fresh = Far { from, until, stores, read: BTreeMap::new(), over: Vec::new() };
        let same = |far: &Far| far.from == fresh.from && far.until == fresh.until && far.stores == fresh.stores;
        let far = cursor.read::<Far>().await?.filter(same).unwrap_or(fresh);
        Ok(Self { recorder, cursor, range, kinds, far })
    }

    /// True when it goes on where an earlier run of the same range stopped.
    pub fn is_resumed(&self) -> bool {
        !self.far.read.is_empty()
    }

    /// How much there is and how much is left, by one call of one record a kind.
    ///
    /// # Errors
    /// See [`Stopped`].
    pub async fn amounts(&self) -> Result<Vec<Amount>, Stopped> {
        let mut amounts = Vec::new();
        for kind in &self.kinds {
            let entity = kind.entity;
            let all = self.count(kind, 0).await?;
            let left = match (self.is_over(entity), self.after(entity)) {
                (true, _) => 0,
                (false, 0) => all,
                (false, after) => self.count(kind, after).await?,
            };
            amounts.push(Amount { entity, all, left });
        }
        Ok(amounts)
    }

    /// Reads and records the next page; `None` when everything is read.
    ///
    /// # Errors
    /// See [`Stopped`]. The step can be made again.
    pub async fn step(&mut self) -> Result<Option<Stepped>, Stopped> {
        let Some(place) = self.kinds.iter().position(|kind| !self.is_over(kind.entity)) else { return Ok(None) };
        let Some(KindOf { entity, ids, aside }) = self.kinds.get_mut(place) else { return Ok(None) };
        let entity = *entity;
        let after = after(&self.far, entity);
        let again = aside.again(&self.recorder, By::Backfill(self.range.mark)).await?;
        let search = |size| self.range.history.search(after, size);
        let Turned { page, .. } = ids.page(&self.recorder.reader, aside, after, search).await?;
        let last = history::last_of(&page, after).map_err(|e| unreadable(&e))?;
        let read = page.items.len() as u64;
        let new = again + self.record(place, page.items).await?;
        match last {
            Some(last) => self.far.read.insert(entity.name().to_owned(), last).map_or((), |_| ()),
            None => self.far.over.push(entity.name().to_owned()),
        }
        // Only now: what is recorded again after a stop is known by its mark.
        self.cursor.write(&self.far).await.map_err(ReadError::from)?;
        Ok(Some(Stepped { entity, read, new }))
    }

    async fn record(&self, place: usize, rows: Vec<Row>) -> Result<u64, Stopped> {
        let Some(KindOf { entity, aside, .. }) = self.kinds.get(place) else { return Ok(0) };
        let recording = rows.into_iter().map(async |row| {
            let id = row.entity_id;
            match self.bring_in(*entity, row).await {
                Err(ReadError::Broken(broken)) => {
                    if broken.passing && !self.recorder.reader.lists(*entity).await? {
                        return Err(ReadError::Broken(broken));
                    }
                    aside.set(id, broken.problem).await?;
                    Ok(Recorded::Same)
                }
                other => other,
            }
        });
        let mut done = futures::stream::iter(recording).buffer_unordered(AT_ONCE);
        let mut new = 0;
        while let Some(recorded) = done.next().await {
            new += u64::from(recorded? == Recorded::New);
        }
        Ok(new)
    }

    /// Records a row with the mark. A version that somebody else recorded meanwhile is newer and has no mark: the
    /// record is read again.
    async fn bring_in(&self, entity: Entity, row: Row) -> Result<Recorded, ReadError> {
        let (id, mut row) = (row.entity_id, row);
        for _ in 0..READINGS {
            let recorded = self.recorder.record(entity, row, Cause::default(), By::Backfill(self.range.mark)).await?;
            if recorded != Recorded::Older {
                return Ok(recorded);
            }
            row = self.recorder.reader.by_id(entity, id).await?;
        }
        let why = format!("the {} {id} changes faster than it can be read", entity.name());
        let problem = Problem::new(Code::ChangeContended, why, "it is read again");
        Err(Stopped::Later(Duration::from_secs(1), problem).into())
    }

    async fn count(&self, kind: &KindOf, after: u64) -> Result<u64, Stopped> {
        let one = PageSize::new(1).map_err(|e| unreadable(&e))?;
        let search = |size| self.range.history.search(after, size);
        let turned = Ids::new(kind.entity, one).page(&self.recorder.reader, &kind.aside, after, search).await?;
        Ok(turned.page.total_count)
    }

    fn after(&self, entity: Entity) -> u64 {
        after(&self.far, entity)
    }

    fn is_over(&self, entity: Entity) -> bool {
        self.far.over.iter().any(|name| name == entity.name())
    }
}

impl From<ReadError> for Stopped {
    /// How a step stops.
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Stopped(stopped) => stopped,
            ReadError::Broken(Broken { problem, passing: true }) => Self::Later(Duration::from_secs(5), problem),
            ReadError::Broken(Broken { problem, passing: false }) => Self::Person(problem),
            // Deleted while it was read; the next page does not show it any more.
            ReadError::NotFound => {
                let problem =
                    Problem::new(Code::RecordNotFound, "a record is gone", "nothing: the next page has it no more");
                Self::Later(Duration::ZERO, problem)
            }
        }
    }
}

/// The last record of a kind that was read.
fn after(far: &Far, entity: Entity) -> u64 {
    far.read.get(entity.name()).copied().unwrap_or(0)
}

fn unreadable(error: &dyn std::error::Error) -> Stopped {
    let remedy = "look at the shop's answers; a module may sort or filter them";
    Stopped::Person(Problem::new(Code::CommerceUnreadable, chain(error), remedy))
}
