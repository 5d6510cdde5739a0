//! Every order's account: what stands for it in Visma, invoices less credit notes, held against what the shop says is
//! left of it. All of it is in the streams.
//!
//! An account is not judged while anything of it is under way: before mapper and writer are past its last change and
//! its last command, and for a while after the shop last wrote the order, whose credit memos may be read a moment
//! later.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use commerce::order::Order;
use mapping::Account;
use problem::Problem;
use record::address::{Address, Entity, Kind, System, created_by};
use record::envelope::{LANE, header};
use record::{Entry, Log, Which, backlog, body};
use rust_decimal::Decimal;
use visma::compare::Shown;

use super::compare::{Booked, Held};
use super::{ACCOUNT_UNBALANCED, Drift};
use crate::orders::order_of_paper;

/// Each document is rounded once.
const ROUNDED: Decimal = Decimal::from_parts(5, 0, 0, false, 3);
/// Visma may compute VAT of its own from the lines.
const VAT_ROUNDED: Decimal = Decimal::from_parts(5, 0, 0, false, 2);
/// Services that must be past an order's entries, each with the kind of entry that it reads.
const WORKERS: [(Kind, &str); 2] = [(Kind::Change, "mapper"), (Kind::Command, "writer-visma")];
/// Prefix of the key of a Visma invoice that was made from a Commerce invoice.
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
    at: u64,
}

/// The records of one order by entity and key, with the place of the last command.
type Records = BTreeMap<(Entity, String), u64>;

/// Data that the accounts are judged by.
pub(super) struct Accounts {
    orders: BTreeMap<String, Sold>,
    records: BTreeMap<String, Records>,
    /// Orders that a credit memo or an invoice is still to be decided on.
    waiting: BTreeSet<String>,
    /// How far mapper and writer are.
    past: [u64; 2],
    /// Changes and commands that wait for another document, by their sequence: nobody is past them.
    parked: BTreeSet<(Kind, u64)>,
    /// Orders that were read after this are not judged yet, milliseconds since the epoch.
    until: u64,
}

impl Accounts {
    /// Reads orders and commands.
    pub(super) async fn read(log: &Log, settles: Duration) -> Result<Self, Problem> {
        let [mapper, writer] = WORKERS;
        let past = [backlog::past(log, mapper).await?, backlog::past(log, writer).await?];
        let settles = u64::try_from(settles.as_millis()).unwrap_or(u64::MAX);
        let until = pipeline::clock::now_millis().saturating_sub(settles);
        let parked = log.waiting().await?.into_iter().map(|one| (one.delivery.kind(), one.sequence)).collect();
        let (orders, records, waiting) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
        let mut read = Self { orders, records, waiting, past, parked, until };
        let versions = |entity| log.entity(Kind::Change, System::Commerce, entity);
        log.read(&versions(Entity::Order), Which::Last, |_, entry| read.order(entry)).await?;
        for entity in [Entity::Invoice, Entity::CreditMemo] {
            log.read(&versions(entity), Which::Last, |_, entry| read.paper(entry)).await?;
        }
        let commands = log.system(Kind::Command, System::Visma);
        log.read(&commands, Which::LastHeaders, |address, entry| read.command(address, entry)).await?;
        Ok(read)
    }

    fn order(&mut self, entry: &Entry) {
        self.orders.extend(sold(entry));
    }

    /// A credit memo or an invoice that the mapper is not past yet.
    fn paper(&mut self, entry: &Entry) {
        if entry.sequence <= self.past[0] && !self.parked.contains(&(Kind::Change, entry.sequence)) {
            return;
        }
        self.waiting.extend(order_of_paper(entry));
    }

    fn command(&mut self, address: &Address, entry: &Entry) {
        let Some(lane) = header(&entry.headers, LANE) else { return };
        let Some(record) = creates(address) else { return };
        let last = self.records.entry(lane.to_owned()).or_default().entry(record).or_default();
        *last = entry.sequence.max(*last);
    }

    /// The accounts that do not balance.
    pub(super) fn unbalanced(&self, booked: &[Booked], held: &[Held]) -> Vec<Drift> {
        let booked: BTreeMap<_, _> = booked.iter().map(|one| ((one.entity, one.key.as_str()), one)).collect();
        let held: BTreeMap<_, _> = held.iter().map(|one| ((one.entity, one.number.as_str()), one)).collect();
        let judged = self.records.iter().filter_map(|(lane, records)| {
            let sold = self.orders.get(lane)?;
            let settled = records
                .values()
                .all(|command| *command <= self.past[1] && !self.parked.contains(&(Kind::Command, *command)));
            if !settled || sold.sequence > self.past[0] || sold.at > self.until || self.waiting.contains(lane) {
                return None;
            }
            judge(lane, sold, records, &|place| booked.get(&place).copied(), &|place| held.get(&place).copied())
        });
        judged.collect()
    }
}

/// An order and its key, as an entry says them.
fn sold(entry: &Entry) -> Option<(String, Sold)> {
    let bytes = body::unpack(&entry.headers, &entry.payload).ok()?;
    let order = Order::decode(&bytes).ok()?;
    let sold = Sold {
        whole: mapping::account(&order, false),
        invoiced: mapping::account(&order, true),
        increment_id: order.increment_id,
        currency: order.order_currency_code,
        sequence: entry.sequence,
        at: entry.stored_at,
    };
    Some((order.entity_id.to_string(), sold))
}

fn creates(command: &Address) -> Option<(Entity, String)> {
    created_by(command.entity(), command.key()).map(|(entity, key)| (entity, key.into_owned()))
}

/// Returns the error in the account of one order, when all of it is settled; `addresses` are those of its entries.
pub(crate) fn unbalanced(
    (lane, order): (&str, &Entry),
    addresses: &[Address],
    booked: &[Booked],
    held: &[Held],
) -> Option<Drift> {
    let (_, sold) = sold(order)?;
    let commands = addresses.iter().filter(|one| (one.kind(), one.system()) == (Kind::Command, System::Visma));
    let records: Records = commands.filter_map(creates).map(|record| (record, 0)).collect();
    let booked =
        |(entity, key): (Entity, &str)| booked.iter().find(|one| (one.entity, one.key.as_str()) == (entity, key));
    let held = |(entity, number): (Entity, &str)| {
        held.iter().find(|one| (one.entity, one.number.as_str()) == (entity, number))
    };
    judge(lane, &sold, &records, &booked, &held)
}

type Find<'a, T> = &'a dyn Fn((Entity, &str)) -> Option<&'a T>;

fn judge<'a>(
    lane: &str,
    sold: &Sold,
    records: &Records,
    booked: Find<'a, Booked>,
    held: Find<'a, Held>,
) -> Option<Drift> {
    let mut invoices = records.keys().filter(|(entity, _)| *entity == Entity::Invoice).map(|(_, key)| key.as_str());
    let whole = invoices.clone().any(|key| key == lane);
    let by_invoices = !whole && invoices.any(|key| key.starts_with(OF_INVOICE));
    // A credit memo of an order from before the go-live date stands alone.
    if !whole && !by_invoices {
        return None;
    }
    let (mut total, mut vat, mut documents) = (Decimal::ZERO, Some(Decimal::ZERO), Vec::new());
    for (entity, key) in records.keys() {
        let Some(record) = booked((*entity, key)).filter(|record| record.stands) else { continue };
        let seen = held((*entity, &record.number));
        let sign = if *entity == Entity::Invoice { Decimal::ONE } else { -Decimal::ONE };
        let amount = if seen.is_some_and(|seen| seen.is_gone) { Decimal::ZERO } else { stands(record, seen)? };
        total += sign * amount;
        let tax = match seen {
            Some(seen) if seen.is_gone => Some(Decimal::ZERO),
            Some(seen) => seen.shown.as_ref().and_then(vat_of),
            None => None,
        };
        vat = vat.zip(tax).map(|(sum, tax)| sum + sign * tax.abs());
        documents.push(format!("{} {} over {amount}", entity.word(), record.number));
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
        entity: Entity::Order,
        number: sold.increment_id.clone(),
        reference: String::new(),
        code: ACCOUNT_UNBALANCED,
        sentence,
    })
}

/// Returns the total of a document: as a poll last saw it, or as it was booked before one has.
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
