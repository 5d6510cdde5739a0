//! How orders are getting on: how many were read, how many have come to an end, how long it took.

use std::collections::{BTreeMap, HashMap, HashSet};

use async_nats::jetstream::{Context, Message};
use pipeline::broker::streams::{CHANGES, DEAD, OUTCOMES};
use pipeline::envelope::{CODE, KIND, header};
use pipeline::problem::Problem;
use pipeline::subject::key_of;

use crate::read::each;

/// How far a connection's orders are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Versions of orders that were read.
    pub read: u64,
    /// Orders that have come to an end: an invoice, nothing to be done, or a dead letter.
    pub settled: u64,
}

/// How far orders are.
///
/// # Errors
/// `BROKER_AWAY` when the streams cannot be read.
pub async fn progress(jetstream: &Context) -> Result<Progress, Problem> {
    let mut settled = HashSet::new();
    each(jetstream, OUTCOMES, &["outcome.*.visma.invoice.>", "outcome.*.mapping.order.>"], |message| {
        if kind(message) != Some("intent") {
            settled.extend(key_of(&message.subject).map(str::to_owned));
        }
    })
    .await?;
    each(jetstream, DEAD, &["dead.*.*.*.order.>", "dead.*.*.*.invoice.>"], |message| {
        settled.extend(message.subject.split('.').nth(5).map(str::to_owned));
    })
    .await?;
    let mut read = 0;
    each(jetstream, CHANGES, &["change.*.commerce.order.>"], |_| read += 1).await?;
    Ok(Progress { read, settled: settled.len() as u64 })
}

/// Orders that the last decision left alone, by the decision's code: not in scope, or waiting.
///
/// # Errors
/// `BROKER_AWAY` when the streams cannot be read.
pub async fn left_alone(jetstream: &Context) -> Result<BTreeMap<String, u64>, Problem> {
    let mut last: HashMap<String, String> = HashMap::new();
    each(jetstream, OUTCOMES, &["outcome.*.mapping.order.>"], |message| {
        let code = message.headers.as_ref().and_then(|headers| header(headers, CODE));
        if let (Some(key), Some(code)) = (key_of(&message.subject), code) {
            last.insert(key.to_owned(), code.to_owned());
        }
    })
    .await?;
    each(jetstream, OUTCOMES, &["outcome.*.visma.invoice.>"], |message| {
        // Booked before or since: it is not left alone.
        key_of(&message.subject).map(|key| last.remove(key));
    })
    .await?;
    let mut by_code = BTreeMap::new();
    last.into_values().for_each(|code| *by_code.entry(code).or_insert(0) += 1);
    Ok(by_code)
}

/// From an order's first change on disk to its invoice's outcome on disk, in milliseconds, sorted.
///
/// # Errors
/// `BROKER_AWAY` when the streams cannot be read.
pub async fn latencies(jetstream: &Context) -> Result<Vec<u64>, Problem> {
    let mut read = HashMap::new();
    each(jetstream, CHANGES, &["change.*.commerce.order.>"], |message| {
        if let (Some(key), Ok(info)) = (key_of(&message.subject), message.info()) {
            read.entry(key.to_owned()).or_insert(info.published);
        }
    })
    .await?;
    let mut latencies = Vec::new();
    each(jetstream, OUTCOMES, &["outcome.*.visma.invoice.>"], |message| {
        let begun = key_of(&message.subject).and_then(|key| read.get(key));
        if let (Some("applied"), Some(begun), Ok(info)) = (kind(message), begun, message.info()) {
            latencies.push(u64::try_from((info.published - *begun).whole_milliseconds()).unwrap_or(0));
        }
    })
    .await?;
    latencies.sort_unstable();
    Ok(latencies)
}

fn kind(message: &Message) -> Option<&str> {
    message.headers.as_ref().and_then(|headers| header(headers, KIND))
}
