//! The polls: every record that changed is read, whether or not a webhook came.
//!
//! Each kind has a cursor, which moves after the changes of a page are on disk and never passes the shop's clock less
//! the safety lag. Each poll starts some minutes before it; what was read before is recognised by its content.
//!
//! Orders are read to the end once before any document of theirs is: else a first start would fetch the order of each
//! invoice by itself.

use std::pin::pin;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::keyset::{Keyset, Pager};
use ::commerce::page::{Page, Row};
use ::commerce::search::PageSize;
use ::commerce::time::Moment;
use futures::StreamExt as _;
use futures::future::{join_all, try_join_all};
use futures::stream;
use jiff::{SignedDuration, Timestamp};
use pipeline::cursor::Cursor;
use pipeline::poll::Polls;
use pipeline::schedule::Schedule;
use pipeline::service::Context;
use problem::{Code, Problem, Stopped, chain};
use record::envelope::Cause;

use super::aside::Aside;
use super::reader::ReadError;
use super::recorder::{By, Recorder};
use super::walk::Walk;
use super::{NAME, Poll, Source, stamps, sweep};
use crate::changes::Recorded;

/// Changes of one page that are recorded at once; the publisher makes one batch of them.
const AT_ONCE: usize = 128;
/// Pages that are recorded at once.
const PAGES_AT_ONCE: usize = 2;

/// The poll of a kind: its name, and that of its cursor.
pub(super) fn name(entity: Entity) -> &'static str {
    match entity {
        Entity::Order => "commerce.order",
        Entity::Invoice => "commerce.invoice",
        Entity::CreditMemo => "commerce.creditmemo",
        Entity::Customer => "commerce.customer",
    }
}

pub(super) async fn run(context: &Context, recorder: &Recorder, source: &Source) -> Result<(), Problem> {
    let polls = Polls::open(context, "commerce").await?;
    let entities = source.poll.entities.iter().map(|entity| entity.0);
    let scans = try_join_all(entities.map(|entity| Scan::open(context, recorder, source, entity))).await?;
    let scanning = join_all(scans.iter().map(|scan| scan.run(&polls)));
    let accounts = sweep::run(context, &polls, &scans);
    let (_, accounts, stamps) = futures::join!(scanning, accounts, stamps::run(context, &polls, &scans));
    accounts.and(stamps)
}

/// The poll of one kind of record.
pub(super) struct Scan<'a> {
    pub(super) entity: Entity,
    pub(super) recorder: &'a Recorder,
    pub(super) source: &'a Source,
    cursor: Cursor,
    pub(super) aside: Aside,
    /// Rows of a page that this shop bore last.
    pub(super) rows: AtomicU32,
}

impl<'a> Scan<'a> {
    async fn open(
        context: &Context,
        recorder: &'a Recorder,
        source: &'a Source,
        entity: Entity,
    ) -> Result<Self, Problem> {
        let cursor = Cursor::open(&context.broker, &context.connection, name(entity)).await?;
        let aside = Aside::open(context, entity, name(entity), NAME).await?;
        let rows = AtomicU32::new(source.poll.page_size);
        Ok(Self { entity, recorder, source, cursor, aside, rows })
    }

    async fn run(&self, polls: &Polls) {
        let Source { poll, zone, .. } = self.source;
        let orders_are_read = poll.entities.iter().any(|entity| entity.0 == Entity::Order);
        if matches!(self.entity, Entity::Invoice | Entity::CreditMemo) && orders_are_read {
            polls.announce(name(self.entity));
            polls.until_read(name(Entity::Order)).await;
        }
        let schedule = Schedule::new(poll.interval, poll.daily_at, zone);
        let read = async || Box::pin(self.read()).await.map_err(|e| e.stopped(self.entity));
        polls.run(name(self.entity), schedule, read).await;
    }

    /// Reads everything behind the cursor; returns the number of new versions.
    async fn read(&self) -> Result<u64, ReadError> {
        let Source { poll, .. } = self.source;
        let limit = limit(self.recorder.reader.server_time().await?, poll);
        let from = self.begins().await?;
        PageSize::new(poll.page_size).map_err(|e| {
            ReadError::Stopped(Stopped::Person(Problem::new(
                Code::SettingsInvalid,
                chain(&e),
                "correct commerce.poll.page_size",
            )))
        })?;
        let (column, ids) = match self.entity {
            Entity::Order | Entity::Invoice | Entity::CreditMemo => ("store_id", &self.source.stores),
            Entity::Customer => ("website_id", &self.source.websites),
        };
        let mut new = self.aside.again(self.recorder, By::Poll).await?;
        let page_size = PageSize::new(self.rows.load(Ordering::Relaxed)).map_err(|e| stop(&e))?;
        let mut pager = Pager::new(from, limit, page_size).within(column, ids);
        pager.leave_out(self.aside.ids());
        let walk = Walk::new(self, pager);
        // A page is put on disk while the one before it is finished, and the shop makes up the next.
        let pages = stream::try_unfold(walk, Walk::turn);
        let recordings = pages.map(async |turned| {
            let (page, read) = turned?;
            Ok::<_, ReadError>((self.record(page).await?, read))
        });
        let mut recordings = pin!(recordings.buffered(PAGES_AT_ONCE));
        let mut done = recordings.next().await;
        while let Some(recorded) = done {
            let (of_page, read) = recorded?;
            new += of_page;
            // Pages come back in their order, so nothing before `read` is missing on disk.
            let (written, following) = futures::join!(self.cursor.write(&read), recordings.next());
            written?;
            done = following;
        }
        Ok(new)
    }

    /// Where a poll begins.
    pub(super) async fn begins(&self) -> Result<Keyset, ReadError> {
        let Source { poll, from, .. } = self.source;
        let from = match self.cursor.read::<Keyset>().await? {
            Some(read) => read.rewound(seconds(poll.overlap.0)),
            None => Keyset::before(Moment::of(*from)),
        };
        // Where the shop's clock was set back, what is changed now stands before the cursor.
        let limit = limit(self.recorder.reader.server_time().await?, poll);
        Ok(from.min(Keyset::before(limit.earlier(seconds(poll.overlap.0)))))
    }

    async fn record(&self, page: Page) -> Result<u64, ReadError> {
        let recording = page.items.into_iter().map(|row| self.record_one(row, By::Poll));
        let mut done = stream::iter(recording).buffer_unordered(AT_ONCE);
        let mut new = 0;
        while let Some(recorded) = done.next().await {
            new += u64::from(recorded?);
        }
        Ok(new)
    }

    /// Records one row, or sets it aside where that is its own fault; whether it was new.
    pub(super) async fn record_one(&self, row: Row, by: By) -> Result<bool, ReadError> {
        let id = row.entity_id;
        match self.recorder.record(self.entity, row, Cause::default(), by).await {
            Ok(recorded) => Ok(recorded == Recorded::New),
            // Of an invoice or a credit memo, its order may be what cannot be shown.
            Err(ReadError::Broken(broken)) => {
                if broken.passing && !self.recorder.reader.lists(self.entity).await? {
                    return Err(ReadError::Broken(broken));
                }
                self.aside.set(id, broken.problem).await?;
                Ok(false)
            }
            Err(e) => Err(e),
        }
    }
}

/// The last second that the cursor may reach.
fn limit(server_time: Timestamp, poll: &Poll) -> Moment {
    let lag = SignedDuration::try_from(poll.safety_lag.0).unwrap_or(SignedDuration::MAX);
    Moment::of(server_time.saturating_sub(lag).unwrap_or(Timestamp::MIN))
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

pub(super) fn stop(error: &dyn std::error::Error) -> ReadError {
    let remedy = "look at the shop's answers; a module may sort or filter them";
    ReadError::Stopped(Stopped::Person(Problem::new(Code::CommerceUnreadable, chain(error), remedy)))
}
