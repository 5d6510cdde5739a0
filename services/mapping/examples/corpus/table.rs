//! Counts what becomes of documents, and prints it.

use std::collections::BTreeMap;
use std::error::Error;

use mapping::{InvoiceCommand, Refusal};
use problem::Code;
use rust_decimal::{Decimal, RoundingStrategy};

/// VAT code → rate in percent.
type Rates = BTreeMap<String, Decimal>;

/// One document, apart from what mapping makes of it.
pub(crate) struct Case<'a> {
    pub(crate) group: String,
    pub(crate) total: Decimal,
    /// Rates and the tax that was charged at each.
    pub(crate) charged: Vec<(Decimal, Decimal)>,
    pub(crate) rates: &'a Rates,
}

#[derive(Debug, Default)]
struct Group {
    documents: usize,
    exact: usize,
    wrong: usize,
    waits: usize,
    skipped: usize,
    refused: BTreeMap<Code, usize>,
    largest_rounding: Decimal,
    with_rounding: usize,
    /// Documents whose VAT is what the shop charged in every code.
    vat_equal: usize,
    /// Largest difference of VAT of one code to what the shop charged at that rate.
    vat_off: Decimal,
}

/// The documents of one kind by groups.
pub(crate) struct Table {
    name: &'static str,
    groups: BTreeMap<String, Group>,
}

impl Table {
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, groups: BTreeMap::new() }
    }

    /// Counts one document in its group and in all: booked, waiting (`Err(true)`), skipped, or refused.
    pub(crate) fn count(&mut self, case: &Case<'_>, decision: &Result<Result<Box<InvoiceCommand>, bool>, Refusal>) {
        for name in [case.group.as_str(), "all"] {
            let group = self.groups.entry(name.to_owned()).or_default();
            group.documents += 1;
            match decision {
                Ok(Ok(command)) => group.booked(case, command),
                Ok(Err(true)) => group.waits += 1,
                Ok(Err(false)) => group.skipped += 1,
                Err(refusal) => *group.refused.entry(refusal.code).or_default() += 1,
            }
        }
    }

    pub(crate) fn print(&self) {
        println!(
            "{:<12} {:>6} {:>6} {:>5} {:>5} {:>7} {:>9} {:>8} {:>9} {:>8}  refused",
            self.name, "all", "exact", "wrong", "waits", "skipped", "rounded", "max", "VAT equal", "max off"
        );
        for (name, group) in &self.groups {
            let refused: Vec<String> = group.refused.iter().map(|(code, count)| format!("{code} {count}")).collect();
            println!(
                "{name:<12} {:>6} {:>6} {:>5} {:>5} {:>7} {:>9} {:>8} {:>9} {:>8}  {}",
                group.documents,
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
        println!();
    }
}

impl Group {
    fn booked(&mut self, case: &Case<'_>, command: &InvoiceCommand) {
        let predicted = &command.predicted;
        let lines: Decimal = command.invoice.lines.iter().map(|line| line.amount).sum();
        let vat: Decimal = predicted.vat.iter().map(|amount| amount.vat).sum();
        if lines + vat == cents(case.total) {
            self.exact += 1;
        } else {
            self.wrong += 1;
        }
        self.largest_rounding = self.largest_rounding.max(predicted.rounding.abs());
        self.with_rounding += usize::from(!predicted.rounding.is_zero());
        let off = vat_off(case, command);
        self.vat_off = self.vat_off.max(off);
        self.vat_equal += usize::from(off.is_zero());
    }
}

/// The largest difference between the VAT of a code and what the shop's own tax lines say for its rate.
fn vat_off(case: &Case<'_>, command: &InvoiceCommand) -> Decimal {
    let mut shop: BTreeMap<Decimal, Decimal> = BTreeMap::new();
    for (rate, tax) in &case.charged {
        *shop.entry(rate.normalize()).or_default() += tax;
    }
    let mut ours: BTreeMap<Decimal, Decimal> = BTreeMap::new();
    for amount in command.predicted.vat.iter().filter(|amount| !amount.vat.is_zero()) {
        *ours.entry(case.rates.get(&amount.code).copied().unwrap_or_default()).or_default() += amount.vat;
    }
    let difference = |rate: &Decimal| {
        let of = |taxes: &BTreeMap<Decimal, Decimal>| taxes.get(rate).copied().unwrap_or_default();
        (cents(of(&shop)) - of(&ours)).abs()
    };
    shop.keys().chain(ours.keys()).map(difference).max().unwrap_or_default()
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// The rate of each VAT code of a mapping file.
pub(crate) fn rates(mapping: &str) -> Result<Rates, Box<dyn Error>> {
    let file: toml::Table = toml::from_str(mapping)?;
    let rules = file.get("vat").and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let mut rates = Rates::new();
    for rule in rules {
        if let (Some(code), Some(rate)) = (rule.get("code").and_then(toml::Value::as_str), rule.get("rate")) {
            rates.insert(code.to_owned(), rate.to_string().parse::<Decimal>()?.normalize());
        }
    }
    let tables = file.get("vat_codes").and_then(toml::Value::as_table);
    for (rate, code) in
        tables.into_iter().flat_map(|tables| tables.values().filter_map(toml::Value::as_table)).flatten()
    {
        rates.insert(code.as_str().unwrap_or_default().to_owned(), rate.parse::<Decimal>()?.normalize());
    }
    Ok(rates)
}
