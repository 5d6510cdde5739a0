//! The sweep of accounts: all of them by id, whatever their `updated_at` says.
//!
//! Magento writes an edit of the address book into the address alone, so the account is in no list of what changed, and
//! no event of the customer is sent. From time to time all accounts are listed; those whose content is what was
//! recorded make no change. A sweep that was interrupted goes on where it was.

use ::commerce::entity::Entity;
use ::commerce::history;
use ::commerce::search::PageSize;
use futures::StreamExt as _;
use futures::stream;
use pipeline::cursor::Cursor;
use pipeline::poll::Polls;
use pipeline::schedule::Schedule;
use pipeline::service::Context;
use pipeline::settings::Span;
use problem::{Code, Problem, Stopped, chain};
use serde::{Deserialize, Serialize};

use super::ids::{Ids, Turned};
use super::poll::{self, Scan};
use super::reader::ReadError;
use super::recorder::By;

/// Name of the sweep and of its cursor.
const NAME: &str = "commerce.sweep";
/// Accounts of a page that are recorded at once.
const AT_ONCE: usize = 16;

/// How accounts, and ids and stamps of documents, are swept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// True when they are swept.
    pub enabled: bool,
    /// Time between sweeps.
    pub interval: Span,
    /// Accounts a page, or ids and stamps.
    pub page_size: u32,
    /// Orders, invoices and credit memos that changed within this time are held against what was recorded; none when it
    /// is zero.
    pub window: Span,
}

/// How far a sweep is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Far {
    /// The last account that was read; 0 between two sweeps.
    after: u64,
}

/// Sweeps accounts whenever it is time, if they are read at all.
pub(super) async fn run(context: &Context, polls: &Polls, scans: &[Scan<'_>]) -> Result<(), Problem> {
    let of = |entity: Entity| scans.iter().find(|scan| scan.entity == entity);
    let Some(scan) = of(Entity::Customer).filter(|scan| scan.source.sweep.enabled) else { return Ok(()) };
    let cursor = Cursor::open(&context.broker, &context.connection, NAME).await?;
    polls.announce(NAME);
    for scan in [of(Entity::Order), Some(scan)].into_iter().flatten() {
        polls.until_read(poll::name(scan.entity)).await;
    }
    let once = async || sweep(scan, &cursor).await.map_err(|error| error.stopped(Entity::Customer));
    polls.run(NAME, Schedule::Every(scan.source.sweep.interval.0), once).await;
    Ok(())
}

/// Reads all accounts, or those that are left; returns the number of new versions.
async fn sweep(scan: &Scan<'_>, cursor: &Cursor) -> Result<u64, ReadError> {
    let Scan { recorder, source, .. } = scan;
    let page_size = PageSize::new(source.sweep.page_size).map_err(|e| {
        ReadError::Stopped(Stopped::Person(Problem::new(
            Code::SettingsInvalid,
            chain(&e),
            "correct commerce.sweep.page_size",
        )))
    })?;
    let mut after = cursor.read::<Far>().await?.unwrap_or_default().after;
    let (mut ids, mut new) = (Ids::new(Entity::Customer, page_size), 0);
    loop {
        let search = |size| history::accounts(after, &source.websites, size);
        let Turned { page, is_last } = ids.page(&recorder.reader, &scan.aside, after, search).await?;
        let last = history::last_of(&page, after).map_err(|e| poll::stop(&e))?;
        let recording = page.items.into_iter().map(|row| scan.record_one(row, By::Sweep));
        let mut done = stream::iter(recording).buffer_unordered(AT_ONCE);
        while let Some(recorded) = done.next().await {
            new += u64::from(recorded?);
        }
        after = last.filter(|_| !is_last).unwrap_or(0);
        cursor.write(&Far { after }).await?;
        if after == 0 {
            return Ok(new);
        }
    }
}
