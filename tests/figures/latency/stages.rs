//! Where an order's time goes, by the times at which its entries were stored.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use record::envelope::header;
use serde_json::Value;

use crate::bare::{self, Write};
use crate::house::House;

/// The stages of an order, each from the end of the one before.
pub(crate) const STAGES: [&str; 6] = ["door", "reading", "mapping", "customer", "taking", "Visma"];

/// Measurements of one order.
pub(crate) struct Order {
    /// Its `entity_id`.
    pub(crate) id: u64,
    /// Seconds after the first webhook of the run.
    pub(crate) since: f64,
    /// Microseconds of each stage.
    pub(crate) stages: [u64; 6],
}

impl Order {
    /// Microseconds from the webhook to the outcome on disk.
    pub(crate) fn total(&self) -> u64 {
        self.stages.iter().sum()
    }
}

/// The stages of these orders; one that is not booked is left out.
pub(crate) async fn of(house: &House, placed: &[u64]) -> Vec<Order> {
    let told = told(house).await;
    let writes = bare::recorded(house, &["HINTS", "CHANGES", "COMMANDS", "OUTCOMES"]).await;
    let mut first: HashMap<(&str, &str), i128> = HashMap::new();
    for write in &writes {
        first.entry((record(write), header(&write.headers, "Ml-Kind").unwrap_or_default())).or_insert(write.at);
    }
    let customers = customers(&writes);
    let begin = placed.iter().filter_map(|id| told.get(id)).min().copied().unwrap_or_default();
    let stages = |id: &u64| {
        let at = |subject: String, kind: &str| first.get(&(subject.as_str(), kind)).copied();
        let told = *told.get(id)?;
        let hint = at(format!("hint.main.commerce.order.{id}"), "")?;
        let change = at(format!("change.main.commerce.order.{id}"), "")?;
        let command = at(format!("command.main.visma.invoice.{id}"), "")?;
        let invoice = format!("outcome.main.visma.invoice.{id}");
        let (intent, outcome) = (at(invoice.clone(), "intent")?, at(invoice, "applied")?);
        // Its customer is commanded before the invoice, and is settled before its intent.
        let customer = customers.get(id).copied().unwrap_or(command).clamp(command, intent);
        let times = [told, hint, change, command, customer, intent, outcome];
        let mut stages = [0; 6];
        for (stage, pair) in stages.iter_mut().zip(times.windows(2)) {
            *stage = u64::try_from((pair[1] - pair[0]) / 1_000).unwrap_or(0);
        }
        Some(Order { id: *id, since: (told - begin) as f64 / 1e9, stages })
    };
    placed.iter().filter_map(stages).collect()
}

/// The subject of an entry, without the partition of a command.
fn record(write: &Write) -> &str {
    match write.subject.starts_with("command.") {
        true => write.subject.rsplit_once('.').map_or("", |(record, _)| record),
        false => &write.subject,
    }
}

/// When the customer that was commanded for an order was settled, by the id of the order.
fn customers(writes: &[Write]) -> HashMap<u64, i128> {
    let last = |write: &Write| write.subject.rsplit('.').next().and_then(|key| key.parse::<u64>().ok());
    let id = |write: &Write, name: &str| header(&write.headers, name).map(str::to_owned);
    let orders = writes.iter().filter(|write| write.subject.starts_with("change.main.commerce.order."));
    let orders: HashMap<String, u64> = orders.filter_map(|write| Some((id(write, "ce-id")?, last(write)?))).collect();
    let mut settled = HashMap::new();
    let outcomes = writes.iter().filter(|write| write.subject.starts_with("outcome.main.visma.customer."));
    for write in outcomes.filter(|write| header(&write.headers, "Ml-Kind") != Some("intent")) {
        settled.entry(id(write, "ce-causationid").unwrap_or_default()).or_insert(write.at);
    }
    let commands = writes.iter().filter(|write| write.subject.starts_with("command.main.visma.customer."));
    let of = |write: &Write| {
        let order = orders.get(&id(write, "ce-causationid")?)?;
        Some((*order, *settled.get(&id(write, "ce-id")?)?))
    };
    commands.filter_map(of).collect()
}

/// When the shop sent each order's webhook, nanoseconds since the epoch.
async fn told(house: &House) -> HashMap<u64, i128> {
    let shown = house.installation.ask_shop("commerce/deliveries").await.unwrap();
    let deliveries = shown["deliveries"].as_array().unwrap().iter();
    let taken = deliveries.filter(|one| one["outcome"] == "taken" && one["entity"] == "order");
    let sent = |one: &Value| {
        let over: Timestamp = one["at"].as_str()?.parse().ok()?;
        let took = Duration::from_millis(one["took_ms"].as_u64()?).as_nanos();
        Some((one["ids"][0].as_u64()?, over.as_nanosecond() - i128::try_from(took).ok()?))
    };
    taken.filter_map(sent).collect()
}
