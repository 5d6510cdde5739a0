//! Reading Visma.net: customers, so that orders are matched with them and not a call is spent on it per order; our
//! invoices and credit notes, so that their totals are verified; purchase orders and supplier invoices, so that the
//! shop sees what was bought for an order.
//!
//! One poll engine reads them all. No order of rows is promised and pages shift under the reader, so a list is read to
//! its end before its cursor moves, again when it moved meanwhile, and each poll reads an overlap again. Stamps are
//! Visma's own wall clock: the cursor comes from the data and is never held against a clock of ours.

mod aside;
mod entity;
mod known;
mod list;
mod poll;
mod sweep;

use std::collections::BTreeSet;

use ::visma::requests::Company;
use ::visma::stamp::Stamp;
use futures::future::{join_all, try_join_all};
use jiff::civil;
use pipeline::poll::Polls;
use pipeline::schedule::{Interval, Schedule, Zone};
use pipeline::service::Context;
use pipeline::settings::Span;
use pipeline::vendor::Vendor;
use problem::{Code, Problem};
use record::Log;
use record::address::{self, System};
use serde::Deserialize;

use crate::changes::Changes;
pub use entity::Entity;
use poll::Scan;
pub use sweep::Sweep;

/// The service's name.
pub const NAME: &str = "ingestor-visma";

/// How Visma is polled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Kinds of records that are polled.
    pub entities: BTreeSet<Entity>,
    /// Time between polls, or `daily`.
    pub interval: Interval,
    /// When a daily poll runs.
    pub daily_at: civil::Time,
    /// Records a page.
    pub page_size: u32,
    /// How much each poll reads again.
    pub overlap: Span,
}

/// Parts that the service works with, besides its context.
#[derive(Debug)]
pub struct Source {
    /// Visma's API.
    pub vendor: Vendor,
    /// The company.
    pub company: Company,
    /// Polling.
    pub poll: Poll,
    /// Sweeping.
    pub sweep: Sweep,
    /// The business's time zone.
    pub zone: Zone,
    /// Text that our references begin with.
    pub prefix: String,
    /// Documents that were last modified before this are not read: the go-live date, less a day for time zones.
    pub from: Stamp,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When customers are left out, or the streams are not there.
pub async fn run(context: Context, source: Source) -> Result<(), Problem> {
    if !source.poll.entities.contains(&Entity::Customer) {
        let sentence = "visma.poll.entities leaves out \"customer\", and orders are matched with Visma's customers";
        return Err(Problem::new(Code::SettingsInvalid, sentence, "add \"customer\" to the list"));
    }
    let log = Log::open(&context);
    let changes = Changes::new(&log, &context.vault, NAME);
    log.watch(&context, &log.change(System::Visma, address::Entity::Customer, ""));
    let polls = Polls::open(&context, "visma").await?;
    let entities = source.poll.entities.iter();
    let scans = entities.map(|entity| Scan::open(&context, &source, &changes, *entity));
    let scans = try_join_all(scans).await?;
    let running = scans.iter().map(|scan| {
        let schedule = Schedule::new(source.poll.interval, source.poll.daily_at, &source.zone);
        polls.run(scan.entity.poll_name(), schedule, async || scan.poll().await)
    });
    let swept = async {
        if source.sweep.enabled {
            let once = async || sweep::sweep(&context, &log, &scans).await;
            polls.run("visma.sweep", Schedule::Every(source.sweep.interval.0), once).await;
        }
    };
    futures::join!(join_all(running), swept);
    Ok(())
}
