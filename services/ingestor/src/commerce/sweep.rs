//! The sweep of accounts: all of them by id, whatever their `updated_at` says.
//!
//! Magento writes an edit of the address book into the address alone, so the account is in no list of what changed, and
//! no event of the customer is sent. From time to time all accounts are listed; those whose content is what was
//! recorded make no change. A sweep that was interrupted goes on where it was.

use std::time::Duration;

use ::commerce::entity::Entity;
use ::commerce::history;
use ::commerce::search::PageSize;
use futures::StreamExt as _;
use futures::stream;
use pipeline::cursor::Cursor;
use pipeline::envelope::Cause;
use pipeline::poll::{Polls, Stopped};
use pipeline::problem::{Problem, chain};
use pipeline::schedule::Schedule;
use pipeline::service::Context;
use pipeline::settings::Span;
use serde::{Deserialize, Serialize};

use super::reader::{Broken, ReadError};
use super::recorder::{By, Recorder};
use super::{Source, poll};
use crate::changes::Recorded;

/// Name of the sweep and of its cursor.
const NAME: &str = "commerce.sweep";
/// Accounts of a page that are recorded at once.
const AT_ONCE: usize = 16;

/// How accounts are swept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sweep {
    /// Whether they are.
    pub enabled: bool,
    /// Time between sweeps.
    pub interval: Span,
    /// Accounts a page.
    pub page_size: u32,
}

/// How far a sweep is.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Far {
    /// The last account that was read; 0 between two sweeps.
    after: u64,
}

/// Sweeps accounts whenever it is time, if they are read at all.
pub(super) async fn run(context: &Context, polls: &Polls, recorder: &Recorder, source: &Source) -> Result<(), Problem> {
    let reads = |entity: Entity| source.poll.entities.iter().any(|kind| kind.0 == entity);
    if !source.sweep.enabled || !reads(Entity::Customer) {
        return Ok(());
    }
    let cursor = Cursor::open(&context.broker, &context.connection, NAME).await?;
    polls.announce(NAME);
    for entity in [Entity::Order, Entity::Customer].into_iter().filter(|entity| reads(*entity)) {
        polls.until_read(poll::name(entity)).await;
    }
    let once = async || sweep(recorder, source, &cursor).await.map_err(stopped);
    polls.run(NAME, Schedule::Every(source.sweep.interval.0), once).await;
    Ok(())
}

/// Reads all accounts, or those that are left; returns the number of new versions.
async fn sweep(recorder: &Recorder, source: &Source, cursor: &Cursor) -> Result<u64, ReadError> {
    let page_size = PageSize::new(source.sweep.page_size).map_err(|e| {
        ReadError::Stop(Problem::new("SETTINGS_INVALID", chain(&e), "correct commerce.sweep.page_size"))
    })?;
    let mut after = cursor.read::<Far>().await?.unwrap_or_default().after;
    let mut new = 0;
    loop {
        let search = history::accounts(after, &source.websites, page_size).map_err(|e| poll::stop(&e))?;
        let page = recorder.reader.page(Entity::Customer, &search).await?;
        let last = history::last_of(&page, after).map_err(|e| poll::stop(&e))?;
        let full = page.items.len() >= usize::try_from(page_size.rows()).unwrap_or(usize::MAX);
        let recording = page.items.into_iter();
        let recording = recording.map(|row| recorder.record(Entity::Customer, row, Cause::default(), By::Sweep));
        let mut done = stream::iter(recording).buffer_unordered(AT_ONCE);
        while let Some(recorded) = done.next().await {
            new += u64::from(recorded? == Recorded::New);
        }
        after = last.filter(|_| full).unwrap_or(0);
        cursor.write(&Far { after }).await?;
        if after == 0 {
            return Ok(new);
        }
    }
}

fn stopped(error: ReadError) -> Stopped {
    match error {
        ReadError::Later(wait, why) => Stopped::Later(wait, why),
        ReadError::Spent(wait) => Stopped::Spent(wait),
        ReadError::Broken(Broken { problem, passing: true }) => Stopped::Later(Duration::ZERO, problem.sentence),
        ReadError::Broken(Broken { problem, passing: false }) | ReadError::Stop(problem) => Stopped::Person(problem),
        ReadError::NotFound => Stopped::Person(Problem::new(
            "COMMERCE_REFUSED",
            "Commerce has no list of customers at commerce.base_url",
            "check commerce.base_url: scheme, host and store code as the shop itself has them",
        )),
    }
}
