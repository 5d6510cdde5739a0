//! How orders are getting on: how many were read, how many have come to an end, how long it took.

use std::collections::{BTreeMap, HashMap, HashSet};

use problem::Problem;
use record::address::{Entity, Kind, Span, System};
use record::dead::Letters;
use record::envelope::{CODE, KIND, header};
use record::{Entry, Log, Which, body};

/// How far a connection's orders are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Versions of orders that were read.
    pub read: u64,
    /// Orders that have come to an end: an invoice, nothing to be done, or a dead letter.
    pub settled: u64,
}

/// Returns the `entity_id` of the order that an invoice or a credit memo of the shop is of, as its body says.
pub(crate) fn order_of_paper(paper: &Entry) -> Option<String> {
    let bytes = body::unpack(&paper.headers, &paper.payload).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    Some(value.get("order_id")?.to_string().trim_matches('"').to_owned())
}

/// How far orders are.
///
/// # Errors
/// `BROKER_AWAY` when the streams cannot be read.
pub async fn progress(log: &Log) -> Result<Progress, Problem> {
    let mut settled = HashSet::new();
    for records in [invoices(log), decisions(log)] {
        log.read(&records, Which::All, |address, entry| {
            if kind(entry) != Some("intent") {
                settled.insert(address.key().to_owned());
            }
        })
        .await?;
    }
    for entity in [Entity::Order, Entity::Invoice] {
        let letters = Letters { entity: Some(entity), connection: Some(log.connection()), code: None };
        log.dead_letters(letters, |about, _| {
            settled.insert(about.key.clone());
        })
        .await?;
    }
    let mut read = 0;
    log.read(&versions(log), Which::All, |_, _| read += 1).await?;
    Ok(Progress { read, settled: settled.len() as u64 })
}

/// Orders that the last decision left alone, by the decision's code: not in scope, or waiting.
///
/// # Errors
/// `BROKER_AWAY` when the streams cannot be read.
pub async fn left_alone(log: &Log) -> Result<BTreeMap<String, u64>, Problem> {
    let mut last: HashMap<String, String> = HashMap::new();
    log.read(&decisions(log), Which::All, |address, entry| {
        if let Some(code) = header(&entry.headers, CODE) {
            last.insert(address.key().to_owned(), code.to_owned());
        }
    })
    .await?;
    log.read(&invoices(log), Which::All, |address, _| {
        // Booked before or since: it is not left alone.
        last.remove(address.key());
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
pub async fn latencies(log: &Log) -> Result<Vec<u64>, Problem> {
    let mut read = HashMap::new();
    log.read(&versions(log), Which::All, |address, entry| {
        read.entry(address.key().to_owned()).or_insert(entry.stored_at);
    })
    .await?;
    let mut latencies = Vec::new();
    log.read(&invoices(log), Which::All, |address, entry| {
        if let (Some("applied"), Some(begun)) = (kind(entry), read.get(address.key())) {
            latencies.push(entry.stored_at.saturating_sub(*begun));
        }
    })
    .await?;
    latencies.sort_unstable();
    Ok(latencies)
}

fn versions(log: &Log) -> Span {
    log.entity(Kind::Change, System::Commerce, Entity::Order)
}

fn invoices(log: &Log) -> Span {
    log.entity(Kind::Outcome, System::Visma, Entity::Invoice)
}

fn decisions(log: &Log) -> Span {
    log.entity(Kind::Outcome, System::Mapping, Entity::Order)
}

fn kind(entry: &Entry) -> Option<&str> {
    header(&entry.headers, KIND)
}
