//! The sweep of ids and stamps: what no poll and no webhook has shown.
//!
//! A poll finds what changed by its time, and a time can be wrong: a record that was seen once with a time to come, a
//! shop whose clock was set back by more than the overlap. So from time to time the ids and times of all records that
//! changed within some days are listed, without the records, and held against what was recorded last. One that differs
//! is read, and counted when it is news. A sweep that was interrupted goes on where it was.

use std::collections::BTreeMap;

use ::commerce::entity::Entity;
use ::commerce::history;
use ::commerce::page::Row;
use ::commerce::search::PageSize;
use ::commerce::time::Moment;
use futures::StreamExt as _;
use futures::stream;
use jiff::SignedDuration;
use pipeline::cursor::Cursor;
use pipeline::poll::Polls;
use pipeline::schedule::Schedule;
use pipeline::service::Context;
use problem::{Code, Problem, Stopped, chain};
use record::envelope::Cause;
use serde::{Deserialize, Serialize};

use super::ids::Ids;
use super::poll::{self, Scan, stop};
use super::reader::ReadError;
use super::recorder::By;
use crate::changes::Recorded;

/// Name of the sweep and of its cursor.
const NAME: &str = "commerce.stamps";
/// Records that are held against what was recorded at once.
const AT_ONCE: usize = 8;

/// How far a sweep is: the last record of each kind that is not read to its end; none between two sweeps.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Far {
    after: BTreeMap<String, u64>,
}

/// Sweeps orders, invoices and credit memos whenever it is time, those that are read at all.
pub(super) async fn run(context: &Context, polls: &Polls, scans: &[Scan<'_>]) -> Result<(), Problem> {
    let scans: Vec<_> = scans.iter().filter(|scan| scan.entity != Entity::Customer).collect();
    let Some(source) = scans.first().map(|scan| scan.source) else { return Ok(()) };
    if !source.sweep.enabled || source.sweep.window.0.is_zero() {
        return Ok(());
    }
    let cursor = Cursor::open(&context.broker, &context.connection, NAME).await?;
    polls.announce(NAME);
    for scan in &scans {
        polls.until_read(poll::name(scan.entity)).await;
    }
    let once = async || {
        let mut found = 0;
        for scan in &scans {
            found += sweep(scan, &cursor).await.map_err(|error| error.stopped(scan.entity))?;
        }
        // The next one begins anew.
        cursor.write(&Far::default()).await.map_err(|e| ReadError::from(e).stopped(Entity::Order))?;
        Ok(found)
    };
    polls.run(NAME, Schedule::Every(source.sweep.interval.0), once).await;
    Ok(())
}

/// Sweeps one kind, or what is left of it; returns the number of new versions.
async fn sweep(scan: &Scan<'_>, cursor: &Cursor) -> Result<u64, ReadError> {
    let Scan { entity, recorder, source, .. } = scan;
    let (entity, name) = (*entity, entity.name());
    let size = PageSize::new(source.sweep.page_size).map_err(|e| {
        ReadError::Stopped(Stopped::Person(Problem::new(
            Code::SettingsInvalid,
            chain(&e),
            "correct commerce.sweep.page_size",
        )))
    })?;
    let window = SignedDuration::try_from(source.sweep.window.0).unwrap_or(SignedDuration::MAX);
    let now = recorder.reader.server_time().await?;
    let since = Moment::of(now.saturating_sub(window).map_or(source.from, |since| since.max(source.from)));
    // What is newer is the next poll's.
    let until = scan.begins().await?.updated_at;
    let mut far: Far = cursor.read().await?.unwrap_or_default();
    let (mut ids, mut new) = (Ids::new(entity, size), 0);
    loop {
        let after = far.after.get(name).copied().unwrap_or(0);
        if after == u64::MAX {
            return Ok(new); // This sweep has read it to its end before it was interrupted.
        }
        let search = |size| history::stamps(entity, (since, until), after, &source.stores, size);
        let turned = ids.page(&recorder.reader, &scan.aside, after, search).await?;
        let last = history::last_of(&turned.page, after).map_err(|e| stop(&e))?;
        let checking = turned.page.items.into_iter().map(|row| check(scan, row));
        let mut done = stream::iter(checking).buffer_unordered(AT_ONCE);
        while let Some(found) = done.next().await {
            new += u64::from(found?);
        }
        far.after.insert(name.to_owned(), last.filter(|_| !turned.is_last).unwrap_or(u64::MAX));
        cursor.write(&far).await?;
    }
}

/// Holds an id and its time against what was recorded last, and reads the record where they differ; whether it was
/// news.
async fn check(scan: &Scan<'_>, row: Row) -> Result<bool, ReadError> {
    let Scan { entity, recorder, .. } = scan;
    let (entity, id) = (*entity, row.entity_id);
    let known = recorder.stamp(entity, id).await?;
    if known.as_ref().is_some_and(|(_, updated)| *updated == row.updated_at.to_string()) {
        return Ok(false);
    }
    let by = By::Stamps(known.map_or(0, |(sequence, _)| sequence));
    let read = match recorder.reader.by_id(entity, id).await {
        Ok(row) => recorder.record(entity, row, Cause::default(), by).await,
        Err(e) => Err(e),
    };
    match read {
        Ok(Recorded::New) => {}
        Ok(Recorded::Same | Recorded::Older) | Err(ReadError::NotFound) => return Ok(false),
        Err(ReadError::Broken(broken)) => {
            if broken.passing && !recorder.reader.lists(entity).await? {
                return Err(ReadError::Broken(broken));
            }
            scan.aside.set(id, broken.problem).await?;
            return Ok(false);
        }
        Err(e) => return Err(e),
    }
    metrics::counter!("ml_swept_total", "entity" => entity.name()).increment(1);
    let why = "no poll and no webhook had shown this: its time, or the shop's clock, was wrong";
    tracing::warn!(entity = entity.name(), id, updated = %row.updated_at, why, "the sweep found a record");
    Ok(true)
}
