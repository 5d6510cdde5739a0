//! Every order's account: what stands for it in Visma, invoices less credit notes, held against what the shop says is
//! left of it. All of it is in the streams.
//!
//! An account is not judged while anything of it is under way: before mapper and writer are past its last change and
//! its last command, and for a while after the shop last wrote the order, whose credit memos may be read a moment
//! later.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use async_nats::jetstream::{Context, Message};
use commerce::order::Order;
use mapping::Account;
use pipeline::body;
use pipeline::broker::streams::{CHANGES, COMMANDS};
use pipeline::envelope::{LANE, header};
use pipeline::problem::{Problem, chain};
use pipeline::subject::{Subjects, key_of, untoken};
use rust_decimal::Decimal;
use visma::compare::Shown;

use super::compare::{Booked, Held};
use super::{ACCOUNT_UNBALANCED, Drift};
use crate::read::{Which, entries};

/// Each document is rounded once.
const ROUNDED: Decimal = Decimal::from_parts(5, 0, 0, false, 3);
/// Visma may compute VAT of its own from the lines.
const VAT_ROUNDED: Decimal = Decimal::from_parts(5, 0, 0, false, 2);
/// Who is past what.
const WORKERS: [(&str, &str); 2] = [(CHANGES, "mapper"), (COMMANDS, "writer-visma")];
/// What a Commerce invoice's Visma invoice has before its key.
const OF_INVOICE: &str = "invoice-";

/// One order, as it was last read.
#[derive(Debug, Clone)]
struct Sold {
    increment_id: String,
    currency: String,
    whole: Account,
    invoiced: Account,
    /// Place of its change in the stream, and when it was put there, milliseconds since the epoch.
    sequence: u64,
    at: i128,
}

/// The records of one order by entity and key, with the place of the last command.
type Records = BTreeMap<(&'static str, String), u64>;

/// What is read for the accounts.
pub(super) struct Accounts {
    orders: BTreeMap<String, Sold>,
    records: BTreeMap<String, Records>,
    /// Orders that a credit memo or an invoice is still to be decided on.
    waiting: BTreeSet<String>,
    /// How far mapper and writer are.
    past: [u64; 2],
    /// Orders that were read after this are not judged yet, milliseconds since the epoch.
    until: i128,
}

impl Accounts {
    /// Reads orders and commands.
    pub(super) async fn read(jetstream: &Context, subjects: &Subjects, settles: Duration) -> Result<Self, Problem> {
        let [mapper, writer] = WORKERS;
        let past = [how_far(jetstream, mapper).await?, how_far(jetstream, writer).await?];
        let settles = i128::try_from(settles.as_millis()).unwrap_or(i128::MAX);
        let until = i128::from(pipeline::clock::now_millis()) - settles;
        let mut read =
            Self { orders: BTreeMap::new(), records: BTreeMap::new(), waiting: BTreeSet::new(), past, until };
        let orders = [subjects.all("change", "commerce", "order")];
        entries(jetstream, CHANGES, &orders, Which::Last, |message| read.order(message)).await?;
        for entity in ["invoice", "creditmemo"] {
            let papers = [subjects.all("change", "commerce", entity)];
            entries(jetstream, CHANGES, &papers, Which::Last, |message| read.paper(message)).await?;
        }
        let commands = [subjects.every("command", "visma")];
        entries(jetstream, COMMANDS, &commands, Which::LastHeaders, |message| read.command(message)).await?;
        Ok(read)
    }

    fn order(&mut self, message: &Message) {
        let Some(headers) = message.headers.as_ref() else { return };
        let Ok(bytes) = body::unpack(headers, &message.payload) else { return };
        let (Ok(order), Ok(info)) = (Order::decode(&bytes), message.info()) else { return };
        let sold = Sold {
            whole: mapping::account(&order, false),
            invoiced: mapping::account(&order, true),
            increment_id: order.increment_id,
            currency: order.order_currency_code,
            sequence: info.stream_sequence,
            at: info.published.unix_timestamp_nanos() / 1_000_000,
        };
        self.orders.insert(order.entity_id.to_string(), sold);
    }

    /// A credit memo or an invoice that the mapper is not past yet.
    fn paper(&mut self, message: &Message) {
        let (Some(headers), Ok(info)) = (message.headers.as_ref(), message.info()) else { return };
        if info.stream_sequence <= self.past[0] {
            return;
        }
        let order = body::unpack(headers, &message.payload).ok().and_then(|bytes| {
            let value: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
            Some(value.get("order_id")?.to_string().trim_matches('"').to_owned())
        });
        self.waiting.extend(order);
    }

    fn command(&mut self, message: &Message) {
        let (Some(headers), Ok(info)) = (message.headers.as_ref(), message.info()) else { return };
        let entity = message.subject.split('.').nth(3);
        let (Some(lane), Some(key)) = (header(headers, LANE), key_of(&message.subject)) else { return };
        let key = untoken(key);
        let (entity, key) = match entity {
            Some("invoice") => ("invoice", key),
            Some("creditnote") => ("creditnote", key),
            Some("cancellation") => ("creditnote", format!("cancellation-{key}")),
            _ => return,
        };
        let last = self.records.entry(lane.to_owned()).or_default().entry((entity, key)).or_default();
        *last = info.stream_sequence.max(*last);
    }

    /// The accounts that do not balance.
    pub(super) fn unbalanced(&self, booked: &[Booked], held: &[Held]) -> Vec<Drift> {
        let booked: BTreeMap<_, _> = booked.iter().map(|one| ((one.entity, one.key.as_str()), one)).collect();
        let held: BTreeMap<_, _> = held.iter().map(|one| ((one.entity, one.number.as_str()), one)).collect();
        let judged = self.records.iter().filter_map(|(lane, records)| {
            let sold = self.orders.get(lane)?;
            let settled = records.values().all(|command| *command <= self.past[1]);
            if !settled || sold.sequence > self.past[0] || sold.at > self.until || self.waiting.contains(lane) {
                return None;
            }
            judge(lane, sold, records, &|place| booked.get(&place).copied(), &|place| held.get(&place).copied())
        });
        judged.collect()
    }
}

/// The last entry that a worker is past, with all before it.
async fn how_far(jetstream: &Context, (stream, durable): (&str, &str)) -> Result<u64, Problem> {
    let failed = |cause: String| {
        let sentence = format!("how far {durable} is could not be asked: {cause}");
        Problem::new("BROKER_AWAY", sentence, "look at the broker, or run `ml-connector provision`")
    };
    let stream = jetstream.get_stream_no_info(stream).await.map_err(|e| failed(chain(&e)))?;
    let mut consumer: PullConsumer = stream.get_consumer(durable).await.map_err(|e| failed(e.to_string()))?;
    let info = consumer.info().await.map_err(|e| failed(chain(&e)))?;
    Ok(if info.num_ack_pending == 0 { info.delivered.stream_sequence } else { info.ack_floor.stream_sequence })
}

type Find<'a, T> = &'a dyn Fn((&'static str, &str)) -> Option<&'a T>;

fn judge<'a>(
    lane: &str,
    sold: &Sold,
    records: &Records,
    booked: Find<'a, Booked>,
    held: Find<'a, Held>,
) -> Option<Drift> {
    let mut invoices = records.keys().filter(|(entity, _)| *entity == "invoice").map(|(_, key)| key.as_str());
    let whole = invoices.clone().any(|key| key == lane);
    let by_invoices = !whole && invoices.any(|key| key.starts_with(OF_INVOICE));
    // A credit memo of an order from before the go-live date stands alone.
    if !whole && !by_invoices {
        return None;
    }
    let (mut total, mut vat, mut documents) = (Decimal::ZERO, Some(Decimal::ZERO), Vec::new());
    for (entity, key) in records.keys() {
        let Some(record) = booked((entity, key)).filter(|record| record.stands) else { continue };
        let seen = held((entity, &record.number));
        let sign = if *entity == "invoice" { Decimal::ONE } else { -Decimal::ONE };
        let amount = if seen.is_some_and(|seen| seen.is_gone) { Decimal::ZERO } else { stands(record, seen)? };
        total += sign * amount;
        let tax = match seen {
            Some(seen) if seen.is_gone => Some(Decimal::ZERO),
            Some(seen) => seen.shown.as_ref().and_then(vat_of),
            None => None,
        };
        vat = vat.zip(tax).map(|(sum, tax)| sum + sign * tax.abs());
        let name = if *entity == "invoice" { "invoice" } else { "credit note" };
        documents.push(format!("{name} {} over {amount}", record.number));
    }
    if documents.is_empty() {
        return None;
    }
    let count = Decimal::from(documents.len() as u64);
    let should = if by_invoices { &sold.invoiced } else { &sold.whole };
    let off = |is: Decimal, should: Decimal, by: Decimal| (is - should).abs() > by * count;
    let vat_off = vat.zip(should.vat).filter(|(is, should)| off(*is, *should, VAT_ROUNDED));
    let what = match (off(total, should.total, ROUNDED), vat_off) {
        (false, None) => return None,
        (true, _) => format!(
            "{total} {currency} stand in Visma, and {} {currency} are left",
            should.total.normalize(),
            currency = sold.currency
        ),
        (false, Some((is, should))) => {
            format!(
                "{is} {currency} of VAT stand in Visma, and {} {currency} are left",
                should.normalize(),
                currency = sold.currency
            )
        }
    };
    let sentence = format!("{what} of order {} in the shop ({})", sold.increment_id, documents.join(", "));
    Some(Drift {
        entity: "order",
        number: sold.increment_id.clone(),
        reference: String::new(),
        code: ACCOUNT_UNBALANCED,
        sentence,
    })
}

/// What a document comes to: as a poll last saw it, and as it was booked before one has.
fn stands(record: &Booked, seen: Option<&Held>) -> Option<Decimal> {
    let predicted = record.prediction.as_ref().ok().and_then(|booked| booked.as_ref()).map(|booked| booked.total);
    match (predicted, seen.and_then(|seen| seen.shown.as_ref()?.totals)) {
        // Which of the two is in the document's currency is not certain.
        (Some(predicted), Some((total, other))) if [total, other].iter().any(|one| one.abs() == predicted.abs()) => {
            Some(predicted.abs())
        }
        (_, Some((total, _))) => Some(total.abs()),
        (predicted, None) => predicted.map(|total| total.abs()),
    }
}

/// The VAT of a document, where the list tells all of it.
fn vat_of(shown: &Shown) -> Option<Decimal> {
    match shown.vat.as_slice() {
        [] => shown.vat_totals.map(|(vat, _)| vat),
        by_code => by_code.iter().map(|one| one.vat).sum(),
    }
}

#[cfg(test)]
mod tests;
