//! The tax rate of each part of an order.
//!
//! Commerce writes it on items, and for the rest in `item_applied_taxes`, where a rate of 0 % leaves no entry. Tax
//! without any rate is refused rather than guessed at, with one exception: where the order shows rates and one of them
//! explains the tax, it is that one.

use commerce::order::{Item, ItemAppliedTaxes, Order};
use rust_decimal::Decimal;

use super::MoneyLine;
use crate::decision::Refusal;
use crate::refusal::{code, refuse};

/// Tax is rounded to two decimals by each of two roundings.
const ROUNDED: Decimal = Decimal::from_parts(2, 0, 0, false, 2);

/// The rate of an item of which this tax was charged, in percent.
pub(super) fn of_item(order: &Order, item: &Item, tax: Decimal) -> Result<Decimal, Refusal> {
    let shown = item.tax_percent.unwrap_or_default();
    if !shown.is_zero() || tax.is_zero() {
        return Ok(shown);
    }
    let mut applied = order.extension_attributes.item_applied_taxes.iter();
    let entry = applied.find(|one| one.kind == "product" && one.item_id == Some(item.item_id));
    entry.and_then(percent).ok_or_else(|| without_rate(order, &item.sku, tax))
}

/// Codes of the tax rates that were applied to an item.
pub(crate) fn codes<'a>(order: &'a Order, item: &Item) -> impl Iterator<Item = &'a str> {
    let id = item.item_id;
    let entries = order.extension_attributes.item_applied_taxes.iter();
    let entries = entries.filter(move |one| one.kind == "product" && one.item_id == Some(id));
    entries.flat_map(|one| one.applied_taxes.iter().map(|tax| tax.code.as_str()))
}

fn percent(entry: &ItemAppliedTaxes) -> Option<Decimal> {
    let sum: Decimal = entry.applied_taxes.iter().filter_map(|tax| tax.percent).sum();
    (!sum.is_zero()).then_some(sum)
}

fn without_rate(order: &Order, what: &str, tax: Decimal) -> Refusal {
    let sentence = format!(
        "Order {} charges {tax} {} of tax on {what}, but does not say at which rate.",
        order.increment_id, order.order_currency_code
    );
    refuse(code::UNKNOWN_TAX_RATE, sentence)
}

/// The rates that an order shows.
pub(super) struct Rates<'a> {
    order: &'a Order,
    /// Distinct rates above zero on the items.
    items: Vec<Decimal>,
}

impl<'a> Rates<'a> {
    /// The rates of an order, of which a document has these item lines.
    pub(super) fn of_order(order: &'a Order, lines: &[MoneyLine<'_>]) -> Self {
        let shown = order.items.iter().filter_map(|item| item.tax_percent);
        let mut items: Vec<Decimal> =
            lines.iter().map(|line| line.rate).chain(shown).filter(|rate| !rate.is_zero()).collect();
        items.sort_unstable();
        items.dedup();
        Self { order, items }
    }

    /// The rate of something that is no item: as applied to this kind of thing, or the one rate that explains the tax.
    pub(super) fn of(&self, kind: &str, what: &str, net: Decimal, tax: Decimal) -> Result<Decimal, Refusal> {
        let mut applied = self.order.extension_attributes.item_applied_taxes.iter();
        if let Some(rate) = applied.find(|one| one.kind.contains(kind)).and_then(percent) {
            return Ok(rate);
        }
        if tax.is_zero() {
            return Ok(Decimal::ZERO);
        }
        let explains = |rate: &&Decimal| (net * **rate / Decimal::ONE_HUNDRED - tax).abs() <= ROUNDED;
        let fitting: Vec<&Decimal> = self.items.iter().filter(explains).collect();
        match (fitting.as_slice(), self.items.as_slice()) {
            ([rate], _) => Ok(**rate),
            ([], [only]) => Ok(*only),
            _ => Err(without_rate(self.order, what, tax)),
        }
    }
}
