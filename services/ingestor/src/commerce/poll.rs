//! The poll: every order that changed is read, whether or not a webhook came.
//!
//! The cursor moves after the changes of a page are on disk, and never passes the shop's clock less the safety lag.
//! Each poll starts some minutes before the cursor; what was read before is recognised by its content.

use std::time::Duration;

use ::commerce::keyset::{Keyset, Pager};
use ::commerce::page::OrdersPage;
use ::commerce::search::PageSize;
use ::commerce::time::Moment;
use futures::StreamExt as _;
use jiff::{SignedDuration, Timestamp};
use pipeline::cursor::Cursor;
use pipeline::envelope::Cause;
use pipeline::poll::{Polls, Stopped};
use pipeline::problem::{Problem, chain};
use pipeline::schedule::Schedule;
use pipeline::service::Context;

use super::orders::{Orders, ReadError};
use super::{Poll, Source};
use crate::changes::Recorded;

/// Changes of one page that are recorded at once; the publisher makes one batch of them.
const AT_ONCE: usize = 64;

pub(super) async fn run(context: &Context, orders: &Orders, source: &Source) -> Result<(), Problem> {
    let cursor = Cursor::open(&context.broker, &context.connection, "commerce.order").await?;
    let polls = Polls::open(context, "commerce").await?;
    let schedule = Schedule::new(source.poll.interval, source.poll.daily_at, &source.zone);
    polls.run("commerce.order", schedule, async || scan(orders, source, &cursor).await.map_err(stopped)).await;
    Ok(())
}

/// A scan that finds no list at all has the wrong address.
fn stopped(error: ReadError) -> Stopped {
    match error {
        ReadError::Later(wait, why) => Stopped::Later(wait, why),
        ReadError::Stop(problem) => Stopped::Person(problem),
        ReadError::NotFound => Stopped::Person(Problem::new(
            "COMMERCE_REFUSED",
            "Commerce has no list of orders at commerce.base_url",
            "check commerce.base_url: scheme, host and store code as the shop itself has them",
        )),
    }
}

/// Reads everything behind the cursor; returns the number of new versions.
async fn scan(orders: &Orders, source: &Source, cursor: &Cursor) -> Result<u64, ReadError> {
    let later = |problem: Problem| ReadError::Later(Duration::from_secs(1), problem.to_string());
    let limit = limit(orders.server_time().await?, &source.poll);
    let from = match cursor.read::<Keyset>().await.map_err(later)? {
        Some(read) => read.rewound(seconds(source.poll.overlap.0)),
        None => Keyset::before(Moment::of(source.from)),
    };
    let page_size = PageSize::new(source.poll.page_size)
        .map_err(|e| ReadError::Stop(Problem::new("SETTINGS_INVALID", chain(&e), "correct commerce.poll.page_size")))?;
    let mut pager = Pager::new(from, limit, page_size).within_stores(source.stores.clone());
    let mut new = 0;
    let mut next = fetch(orders, &pager).await?;
    while let Some(page) = next {
        pager.take(&page).map_err(|e| stop(&e))?;
        let read = pager.cursor();
        // The shop makes up the next page while this one is put on disk.
        let (recorded, fetched) = futures::join!(record(orders, page), fetch(orders, &pager));
        new += recorded.map_err(later)?;
        cursor.write(&read).await.map_err(later)?;
        next = fetched?;
    }
    Ok(new)
}

/// The page that the scan wants next, if it wants one.
async fn fetch(orders: &Orders, pager: &Pager) -> Result<Option<OrdersPage>, ReadError> {
    match pager.next_search().map_err(|e| stop(&e))? {
        Some(search) => Ok(Some(orders.page(&search).await?.0)),
        None => Ok(None),
    }
}

async fn record(orders: &Orders, page: OrdersPage) -> Result<u64, Problem> {
    let recording = futures::stream::iter(page.items.into_iter().map(|row| orders.record(row, Cause::default())));
    let mut done = recording.buffer_unordered(AT_ONCE);
    let mut new = 0;
    while let Some(recorded) = done.next().await {
        new += u64::from(recorded? == Recorded::New);
    }
    Ok(new)
}

/// The last second that the cursor may reach.
fn limit(server_time: Timestamp, poll: &Poll) -> Moment {
    let lag = SignedDuration::try_from(poll.safety_lag.0).unwrap_or(SignedDuration::MAX);
    Moment::of(server_time.saturating_sub(lag).unwrap_or(Timestamp::MIN))
}

fn seconds(span: Duration) -> u32 {
    u32::try_from(span.as_secs()).unwrap_or(u32::MAX)
}

fn stop(error: &dyn std::error::Error) -> ReadError {
    let remedy = "look at the shop's answers; a module may sort or filter them";
    ReadError::Stop(Problem::new("COMMERCE_UNREADABLE", chain(error), remedy))
}
