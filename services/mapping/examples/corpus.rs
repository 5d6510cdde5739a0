//! What mapping makes of a directory of recorded orders: a table per group of orders.
//!
//! `cargo run -p mapping --example corpus -- DIR [--mapping FILE] [--pin true|false] [--vat-on document|line]
//! [--states] [--list]`
//!
//! DIR holds `orders.jsonl` (an order a line) and optionally `scenarios.json` (increment id → `{"cfg": …}`), by which
//! the orders are grouped; without it they are grouped by store. `--states` lets the default scope judge the states of
//! orders; without it every order is booked, since it is the money that is looked at. `--list` tells each refusal.
#![allow(clippy::print_stdout, reason = "this program prints a table")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use commerce::order::Order;
use mapping::{Booking, Decision, Mapping, Meaning, Scope, States};
use rust_decimal::Decimal;

/// VAT code → rate in percent.
type Rates = BTreeMap<String, Decimal>;

#[derive(Debug, Default)]
struct Group {
    orders: usize,
    exact: usize,
    wrong: usize,
    waits: usize,
    skipped: usize,
    refused: BTreeMap<&'static str, usize>,
    largest_rounding: Decimal,
    with_rounding: usize,
    /// Invoices whose VAT is that of the order in every code.
    vat_equal: usize,
    /// Largest difference of VAT of one code to what the shop charged at that rate.
    vat_off: Decimal,
}

struct Options {
    directory: String,
    mapping: String,
    states: bool,
    list: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = options()?;
    let mapping = Mapping::parse(&options.mapping)?;
    let rates = rates(&options.mapping)?;
    let scope = Scope { states: if options.states { States::default() } else { every_state() }, ..Scope::default() };
    let directory = Path::new(&options.directory);
    let groups_by_number = scenarios(directory)?;
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    for line in fs::read_to_string(directory.join("orders.jsonl"))?.lines() {
        let order = Order::decode(line.as_bytes())?;
        let by_store = || format!("store {}", order.store_id.unwrap_or_default());
        let name = groups_by_number.get(&order.increment_id).cloned().unwrap_or_else(by_store);
        for group in [name, "all".to_owned()] {
            count(groups.entry(group).or_default(), &order, mapping::order(&order, &mapping, &scope), &rates);
        }
        if let (true, Err(refusal)) = (options.list, mapping::order(&order, &mapping, &scope)) {
            println!("{}: {refusal}", order.increment_id);
        }
    }
    print(&groups);
    Ok(())
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

fn count(group: &mut Group, order: &Order, decision: Result<Decision, mapping::Refusal>, rates: &Rates) {
    group.orders += 1;
    match decision {
        Ok(Decision::Book(booking)) => booked(group, order, &booking, rates),
        Ok(Decision::Wait { .. }) => group.waits += 1,
        Ok(Decision::Skip { .. }) => group.skipped += 1,
        Err(refusal) => *group.refused.entry(refusal.code).or_default() += 1,
    }
}

fn booked(group: &mut Group, order: &Order, booking: &Booking, rates: &Rates) {
    let predicted = &booking.invoice.predicted;
    let lines: Decimal = booking.invoice.invoice.lines.iter().map(|line| line.amount).sum();
    let vat: Decimal = predicted.vat.iter().map(|amount| amount.vat).sum();
    let away = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    let exact = lines + vat == order.grand_total.round_dp_with_strategy(2, away);
    if exact {
        group.exact += 1
    } else {
        group.wrong += 1
    }
    group.largest_rounding = group.largest_rounding.max(predicted.rounding.abs());
    group.with_rounding += usize::from(!predicted.rounding.is_zero());
    let off = vat_off(order, booking, rates);
    group.vat_off = group.vat_off.max(off);
    group.vat_equal += usize::from(off.is_zero());
}

/// The largest difference between the VAT of a code and what the shop's own tax lines say for its rate.
fn vat_off(order: &Order, booking: &Booking, rates: &Rates) -> Decimal {
    let away = rust_decimal::RoundingStrategy::MidpointAwayFromZero;
    let mut shop: BTreeMap<Decimal, Decimal> = BTreeMap::new();
    for tax in &order.extension_attributes.applied_taxes {
        *shop.entry(tax.percent.unwrap_or_default().normalize()).or_default() += tax.amount;
    }
    let mut ours: BTreeMap<Decimal, Decimal> = BTreeMap::new();
    for amount in booking.invoice.predicted.vat.iter().filter(|amount| !amount.vat.is_zero()) {
        *ours.entry(rates.get(&amount.code).copied().unwrap_or_default()).or_default() += amount.vat;
    }
    let charged = shop.keys().chain(ours.keys());
    let difference = |rate: &Decimal| {
        let of = |taxes: &BTreeMap<Decimal, Decimal>| taxes.get(rate).copied().unwrap_or_default();
        (of(&shop).round_dp_with_strategy(2, away) - of(&ours)).abs()
    };
    charged.map(difference).max().unwrap_or_default()
}

/// The rate of each VAT code of a mapping file.
fn rates(mapping: &str) -> Result<Rates, Box<dyn Error>> {
    let file: toml::Table = toml::from_str(mapping)?;
    let rules = file.get("vat").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let mut rates = Rates::new();
    for rule in rules {
        if let (Some(code), Some(rate)) = (rule.get("code").and_then(toml::Value::as_str), rule.get("rate")) {
            rates.insert(code.to_owned(), rate.to_string().parse::<Decimal>()?.normalize());
        }
    }
    Ok(rates)
}

fn print(groups: &BTreeMap<String, Group>) {
    println!(
        "{:<12} {:>6} {:>6} {:>5} {:>5} {:>7} {:>9} {:>8} {:>9} {:>8}  refused",
        "group", "orders", "exact", "wrong", "waits", "skipped", "rounded", "max", "VAT equal", "max off"
    );
    for (name, group) in groups {
        let refused: Vec<String> = group.refused.iter().map(|(code, count)| format!("{code} {count}")).collect();
        println!(
            "{name:<12} {:>6} {:>6} {:>5} {:>5} {:>7} {:>9} {:>8} {:>9} {:>8}  {}",
            group.orders,
            group.exact,
            group.wrong,
            group.waits,
            group.skipped,
            group.with_rounding,
            group.largest_rounding,
            group.vat_equal,
            group.vat_off,
            if refused.is_empty() { "none".to_owned() } else { refused.join(", ") },
        );
    }
}
