//! Reading Visma.net: its customers, so that orders can be matched with them and not a call is spent on it per order.
//!
//! No order of rows is promised and pages shift under the reader, so a list is read to its end before the cursor moves,
//! again when its total moved meanwhile, and each poll reads an overlap again. Stamps are Visma's own wall clock: the
//! cursor comes from the data and is never held against a clock of ours.

use std::time::Duration;

use ::visma::list::{Pager, Turn};
use ::visma::read::{CustomerRead, CustomerStatus};
use ::visma::reply::{Failure, read_page};
use ::visma::requests::Company;
use ::visma::stamp::Stamp;
use futures::StreamExt as _;
use jiff::civil;
use pipeline::budget::Class;
use pipeline::clock;
use pipeline::cursor::Cursor;
use pipeline::envelope::Cause;
use pipeline::poll::{Polls, Stopped};
use pipeline::problem::{Problem, chain};
use pipeline::schedule::{Interval, Schedule, Zone};
use pipeline::service::Context;
use pipeline::settings::Span;
use pipeline::vendor::{CallError, Vendor};
use proto::matching::{self, Marks};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::changes::{Changes, Reading, Recorded};
use crate::records;

/// The service's name.
pub const NAME: &str = "ingestor-visma";
/// Pages of one list at most.
const PAGES: u32 = 10_000;
/// Changes of one page that are recorded at once.
const AT_ONCE: usize = 64;

/// How Visma is polled.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// Time between polls, or `daily`.
    pub interval: Interval,
    /// When a daily poll runs.
    pub daily_at: civil::Time,
    /// Records a page.
    pub page_size: u32,
    /// How much each poll reads again.
    pub overlap: Span,
}

/// How far customers have been read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomersRead {
    /// The newest stamp seen; none when the company had no customer.
    pub newest: Option<Stamp>,
}

/// What the service works with besides its context.
#[derive(Debug)]
pub struct Source {
    /// Visma's API.
    pub vendor: Vendor,
    /// The company.
    pub company: Company,
    /// Polling.
    pub poll: Poll,
    /// The business's time zone.
    pub zone: Zone,
}

/// Runs the service until it is told to stop.
///
/// # Errors
/// When the streams are not there.
pub async fn run(context: Context, source: Source) -> Result<(), Problem> {
    let changes = Changes::open(&context.broker, &context.vault, NAME).await?;
    let cursor = Cursor::open(&context.broker, &context.connection, "visma.customer").await?;
    let polls = Polls::open(&context, "visma").await?;
    let schedule = Schedule::new(source.poll.interval, source.poll.daily_at, &source.zone);
    polls.run("visma.customer", schedule, async || poll(&source, &changes, &cursor).await).await;
    Ok(())
}

/// Reads every customer, or those that changed since the last time; returns the number of new versions.
async fn poll(source: &Source, changes: &Changes, cursor: &Cursor) -> Result<u64, Stopped> {
    let later = |problem: Problem| Stopped::Later(Duration::from_secs(1), problem.to_string());
    let before = cursor.read::<CustomersRead>().await.map_err(later)?;
    let mut newest = before.and_then(|read| read.newest);
    let since = newest.map(|stamp| stamp.rewound(source.poll.overlap.0));
    let mut pager = Pager::new(PAGES);
    let mut new = 0;
    loop {
        let page = page(source, pager.page(), since).await?;
        let mut readings = Vec::with_capacity(page.rows.len());
        for row in &page.rows {
            let customer = CustomerRead::read(row).map_err(|e| Stopped::Person(nonsense(&e)))?;
            newest = newest.max(customer.last_modified);
            readings.push(reading(changes, row, &customer));
        }
        new += record(changes, readings).await.map_err(later)?;
        match pager.take(&page) {
            Turn::Fetch(_) => {}
            Turn::Drained { settled: true } => break,
            Turn::Drained { settled: false } => {
                return Err(Stopped::Later(Duration::ZERO, "the list moved while it was read".to_owned()));
            }
            Turn::TooLong => return Err(Stopped::Later(Duration::ZERO, "the list does not end".to_owned())),
        }
    }
    cursor.write(&CustomersRead { newest }).await.map_err(later)?;
    Ok(new)
}

async fn page(source: &Source, number: u32, since: Option<Stamp>) -> Result<::visma::list::Page<Value>, Stopped> {
    let request =
        source.company.customers(number, source.poll.page_size, since).map_err(|e| Stopped::Person(nonsense(&e)))?;
    match source.vendor.call(Class::Poll, &request).await {
        Ok(response) => read_page(&response, clock::now().into()).map_err(|failure| match failure {
            Failure::Busy { retry_after, said } => Stopped::Later(retry_after, said.to_string()),
            Failure::Broken { .. } | Failure::Unknown { .. } => Stopped::Later(Duration::ZERO, failure.to_string()),
            Failure::Stale { .. }
            | Failure::Unauthorised { .. }
            | Failure::Forbidden { .. }
            | Failure::NotFound { .. }
            | Failure::Refused { .. } => {
                Stopped::Person(Problem::new(failure.code(), failure.to_string(), failure.what_to_do()))
            }
        }),
        Err(CallError::Busy(wait)) => Err(Stopped::Later(wait, "the budget is spent".to_owned())),
        Err(CallError::Credentials(problem)) => Err(Stopped::Person(problem)),
        Err(CallError::NotSent(why) | CallError::NoAnswer(why)) => Err(Stopped::Later(Duration::ZERO, why)),
        Err(CallError::TooLate) => Err(Stopped::Later(Duration::ZERO, CallError::TooLate.to_string())),
    }
}

async fn record(changes: &Changes, readings: Vec<Reading>) -> Result<u64, Problem> {
    let recording =
        futures::stream::iter(readings.into_iter().map(|reading| changes.record(reading, Cause::default())));
    let mut done = recording.buffer_unordered(AT_ONCE);
    let mut new = 0;
    while let Some(recorded) = done.next().await {
        new += u64::from(recorded? == Recorded::New);
    }
    Ok(new)
}

fn reading(changes: &Changes, record: &Value, customer: &CustomerRead) -> Reading {
    let CustomerRead { email, corporate_id, vat_registration_id, .. } = customer;
    let marks = Marks::of(email.as_deref(), corporate_id.as_deref(), vat_registration_id.as_deref());
    let mut headers = marks.hashed(|purpose, text| changes.hash(purpose, text));
    headers.push((matching::NUMBER, customer.number.clone()));
    if customer.status == CustomerStatus::Inactive {
        headers.push((matching::INACTIVE, "true".to_owned()));
    }
    Reading {
        system: "visma",
        entity: "customer",
        key: customer.number.clone(),
        text: record.to_string(),
        rules: &records::VISMA,
        updated: customer.last_modified.map(|stamp| stamp.to_string()).unwrap_or_default(),
        headers,
    }
}

fn nonsense(error: &dyn std::error::Error) -> Problem {
    Problem::new("VISMA_UNREADABLE", chain(error), "check the base URL and Visma's status page")
}
