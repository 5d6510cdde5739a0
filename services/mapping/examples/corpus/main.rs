//! Maps a directory of recorded orders, invoices and credit memos, and prints a table for each, by groups.
//!
//! `cargo run -p mapping --example corpus -- DIR [--mapping FILE] [--pin true|false] [--vat-on document|line]
//! [--states] [--list]`
//!
//! DIR holds `orders.jsonl` (an order a line), optionally `invoices.jsonl` and `creditmemos.jsonl`, and optionally
//! `scenarios.json` (increment id of the order → `{"cfg": …}`), by which the documents are grouped; without it they are
//! grouped by store. Invoices are booked as with the trigger `invoiced`. `--states` lets the default scope judge the
//! states of orders; without it every order is booked, since it is the money that is looked at. `--list` tells each
//! refusal.
#![allow(clippy::print_stdout, reason = "this program prints a table")]

mod table;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use commerce::creditmemo::CreditMemo;
use commerce::invoice::Invoice;
use commerce::order::Order;
use mapping::{Decision, InvoiceCommand, Invoiced, Mapping, Meaning, Refusal, Scope, States, Trigger};
use rust_decimal::Decimal;

use table::{Case, Table, rates};

struct Options {
    directory: String,
    mapping: String,
    states: bool,
    list: bool,
}

/// Settings that documents are held against.
struct Rules {
    mapping: Mapping,
    scope: Scope,
    rates: BTreeMap<String, Decimal>,
    list: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let states = if options.states { States::default() } else { every_state() };
    let rules = Rules {
        mapping: Mapping::parse(&options.mapping)?,
        scope: Scope { states, ..Scope::default() },
        rates: rates(&options.mapping)?,
        list: options.list,
    };
    let directory = Path::new(&options.directory);
    let groups = scenarios(directory)?;
    let mut orders: BTreeMap<u64, Order> = BTreeMap::new();
    let mut table = Table::new("orders");
    for line in fs::read_to_string(directory.join("orders.jsonl"))?.lines() {
        let order = Order::decode(line.as_bytes())?;
        let decision = mapping::order(&order, &rules.mapping, &rules.scope);
        let taxes = order.extension_attributes.applied_taxes.iter();
        let charged = taxes.map(|tax| (tax.percent.unwrap_or_default(), tax.amount)).collect();
        let decision = decision.map(|decision| command(decision, |booking| booking.invoice));
        count(&mut table, &rules, (&order.increment_id, group(&order, &groups), order.grand_total, charged), decision);
        orders.insert(order.entity_id, order);
    }
    table.print();
    invoices(directory, &rules, &groups, &orders)?;
    credit_memos(directory, &rules, &groups, &orders)
}

fn invoices(
    directory: &Path,
    rules: &Rules,
    groups: &BTreeMap<String, String>,
    orders: &BTreeMap<u64, Order>,
) -> Result<(), Box<dyn Error>> {
    let Ok(text) = fs::read_to_string(directory.join("invoices.jsonl")) else { return Ok(()) };
    let mut table = Table::new("invoices");
    let scope = Scope { trigger: Trigger::Invoiced, ..rules.scope.clone() };
    for line in text.lines() {
        let invoice = Invoice::decode(line.as_bytes())?;
        let order = orders.get(&invoice.order_id).ok_or("an invoice without its order")?;
        let decision = mapping::invoice(&invoice, order, &rules.mapping, &scope).map(|decision| {
            command(decision, |invoiced| match invoiced {
                Invoiced::Booking(booking) => booking.invoice,
                Invoiced::OfOrder { .. } => unreachable!("invoices are what is booked"),
            })
        });
        let charged = charged(&invoice.items, order, invoice.shipping_tax_amount);
        let (number, total) = (&invoice.increment_id, invoice.grand_total);
        count(&mut table, rules, (number, group(order, groups), total, charged), decision);
    }
    table.print();
    Ok(())
}

fn credit_memos(
    directory: &Path,
    rules: &Rules,
    groups: &BTreeMap<String, String>,
    orders: &BTreeMap<u64, Order>,
) -> Result<(), Box<dyn Error>> {
    let Ok(text) = fs::read_to_string(directory.join("creditmemos.jsonl")) else { return Ok(()) };
    let mut table = Table::new("credit memos");
    for line in text.lines() {
        let memo = CreditMemo::decode(line.as_bytes())?;
        let order = orders.get(&memo.order_id).ok_or("a credit memo without its order")?;
        let decision = mapping::credit_memo(&memo, order, &rules.mapping, &rules.scope);
        let decision = decision.map(|decision| command(decision, |refund| refund.credit_note));
        let charged = charged(&memo.items, order, memo.shipping_tax_amount);
        let (number, total) = (&memo.increment_id, memo.grand_total);
        count(&mut table, rules, (number, group(order, groups), total, charged), decision);
    }
    table.print();
    Ok(())
}

/// The tax that the lines of a document show, with the rates that their order shows.
fn charged(lines: &[commerce::document::Line], order: &Order, shipping_tax: Decimal) -> Vec<(Decimal, Decimal)> {
    let rate = |id: Option<u64>| {
        let item = order.items.iter().find(|item| Some(item.item_id) == id);
        item.and_then(|item| item.tax_percent).unwrap_or_default()
    };
    let money = lines.iter().filter(|line| line.row_total.is_some());
    let mut charged: Vec<_> = money.map(|line| (rate(line.order_item_id), line.tax_amount)).collect();
    let mut applied = order.extension_attributes.item_applied_taxes.iter();
    let shipping = applied.find(|taxes| taxes.kind == "shipping").and_then(|taxes| taxes.applied_taxes.first());
    charged.push((shipping.and_then(|tax| tax.percent).unwrap_or_default(), shipping_tax));
    charged
}

/// Returns what is booked of a decision; else true when it waits, and false when it is skipped.
fn command<T>(decision: Decision<T>, with: impl FnOnce(T) -> InvoiceCommand) -> Result<Box<InvoiceCommand>, bool> {
    match decision {
        Decision::Book(booking) => Ok(Box::new(with(*booking))),
        Decision::Wait { .. } => Err(true),
        Decision::Skip { .. } => Err(false),
    }
}

fn count(
    table: &mut Table,
    rules: &Rules,
    (number, group, total, charged): (&str, String, Decimal, Vec<(Decimal, Decimal)>),
    decision: Result<Result<Box<InvoiceCommand>, bool>, Refusal>,
) {
    if let (true, Err(refusal)) = (rules.list, &decision) {
        println!("{number}: {refusal}");
    }
    table.count(&Case { group, total, charged, rates: &rules.rates }, &decision);
}

fn options() -> Result<Options, Box<dyn Error>> {
    let mut options =
        Options { directory: String::new(), mapping: mapping::DEFAULT.to_owned(), states: false, list: false };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--mapping" => options.mapping = fs::read_to_string(value()?)?,
            "--pin" => options.mapping = replaced(&options.mapping, "pin_vat", &value()?),
            "--vat-on" => options.mapping = replaced(&options.mapping, "vat_on", &format!("\"{}\"", value()?)),
            "--states" => options.states = true,
            "--list" => options.list = true,
            _ => options.directory = argument,
        }
    }
    if options.directory.is_empty() {
        return Err("a directory with orders.jsonl is expected".into());
    }
    Ok(options)
}

/// The mapping file with another value on the line of one key.
fn replaced(mapping: &str, key: &str, value: &str) -> String {
    let line = |line: &str| if line.starts_with(key) { format!("{key} = {value}\n") } else { format!("{line}\n") };
    mapping.lines().map(line).collect()
}

fn every_state() -> States {
    let book = Meaning::Book;
    States {
        other: BTreeMap::new(),
        new: book,
        pending_payment: book,
        processing: book,
        complete: book,
        closed: book,
        canceled: book,
        holded: book,
        payment_review: book,
    }
}

fn scenarios(directory: &Path) -> Result<BTreeMap<String, String>, Box<dyn Error>> {
    let Ok(text) = fs::read_to_string(directory.join("scenarios.json")) else { return Ok(BTreeMap::new()) };
    let scenarios: BTreeMap<String, serde_json::Value> = serde_json::from_str(&text)?;
    let cfg = |scenario: &serde_json::Value| scenario.get("cfg")?.as_str().map(str::to_owned);
    Ok(scenarios.iter().filter_map(|(number, scenario)| Some((number.clone(), cfg(scenario)?))).collect())
}

fn group(order: &Order, groups: &BTreeMap<String, String>) -> String {
    let by_store = || format!("store {}", order.store_id.unwrap_or_default());
    groups.get(&order.increment_id).cloned().unwrap_or_else(by_store)
}
