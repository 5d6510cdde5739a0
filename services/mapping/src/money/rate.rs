//! The tax rates of each part of an order, and the lines that a part becomes where it has several.
//!
//! Commerce writes a rate on items, and for the rest (shipping, gift wrap …) in `item_applied_taxes`, where a rate of
//! 0 % mostly leaves no entry. Several taxes of one thing are split over it (30 of a shipping of 60 at each of two
//! rates), or stand one on the other; which of them it is, its tax says. Tax without any rate is refused rather than
//! guessed at, with one exception: where the order shows rates and one of them explains the tax, it is that one; those
//! of its items come before those of its shipping and of anything else.

use commerce::order::{AppliedTax, Item, Order};
use problem::Code;
use rust_decimal::Decimal;

use super::MoneyLine;
use super::explain::Rounds;
use super::split::{makes_up, split};
use crate::decision::Refusal;
use crate::refusal::refuse;

/// Codes of the tax rates that were applied to an item.
pub(crate) fn codes<'a>(order: &'a Order, item: &Item) -> impl Iterator<Item = &'a str> {
    of_product(order, item.item_id).map(|tax| tax.code.as_str())
}

fn of_product(order: &Order, item_id: u64) -> impl Iterator<Item = &AppliedTax> {
    let entries = order.extension_attributes.item_applied_taxes.iter();
    let entries = entries.filter(move |one| one.kind == "product" && one.item_id == Some(item_id));
    entries.flat_map(|one| one.applied_taxes.iter())
}

/// The rates that an order shows.
pub(super) struct Rates<'a> {
    order: &'a Order,
    /// Distinct rates above zero on the items.
    items: Vec<Decimal>,
    /// The smallest amount that the shop rounds to.
    unit: Decimal,
}

impl<'a> Rates<'a> {
    pub(super) fn of_order(order: &'a Order, unit: Decimal) -> Self {
        let applied = |item: &'a Item| of_product(order, item.item_id).filter_map(|tax| tax.percent);
        let shown = order.items.iter().flat_map(|item| item.tax_percent.into_iter().chain(applied(item)));
        let mut items: Vec<Decimal> = shown.filter(|rate| !rate.is_zero()).collect();
        items.sort_unstable();
        items.dedup();
        Self { order, items, unit }
    }

    /// Places that the shop rounds to.
    pub(super) fn decimals(&self) -> u32 {
        self.unit.scale()
    }

    /// The lines of an item, or of a fixed product tax on it: mostly one.
    pub(super) fn of_item(&self, item: &Item, line: MoneyLine<'a>) -> Result<Vec<MoneyLine<'a>>, Refusal> {
        let untaxed = item.tax_amount.is_zero() && line.tax.is_zero();
        if untaxed && item.tax_percent.is_some_and(|rate| rate.is_zero()) {
            return Ok(vec![line]);
        }
        let shown = item.tax_percent.filter(|rate| !rate.is_zero());
        let applied: Vec<&AppliedTax> = of_product(self.order, item.item_id).collect();
        match self.said(&line, shown, &applied) {
            Some(lines) => Ok(lines),
            None if line.tax.is_zero() => Ok(vec![line]),
            None => Err(without_rate(self.order, &item.code(), line.tax)),
        }
    }

    /// The lines of something that is no item: as applied to this kind of thing, or at the one rate of the order that
    /// explains the tax.
    ///
    /// `ordered` is the same thing on the order: without tax of its own, what a document has of it is taxed as that
    /// was.
    pub(super) fn of(
        &self,
        kind: &str,
        what: &str,
        line: MoneyLine<'a>,
        ordered: &MoneyLine<'_>,
    ) -> Result<Vec<MoneyLine<'a>>, Refusal> {
        let entries = self.order.extension_attributes.item_applied_taxes.iter().filter(|one| one.kind.contains(kind));
        let applied: Vec<&AppliedTax> = entries.flat_map(|one| &one.applied_taxes).collect();
        if makes_up(&applied, ordered, self.unit) {
            let split = split(&line, &applied, self.unit);
            if let Some(lines) = split.filter(|lines| lines.iter().all(|line| self.explain(line))) {
                return Ok(lines);
            }
        }
        if let Some(lines) = self.said(&line, None, &applied) {
            return Ok(lines);
        }
        let taxed = if line.tax.is_zero() { ordered } else { &line };
        if taxed.tax.is_zero() {
            return Ok(vec![line]);
        }
        let fitting = |rates: &[Decimal]| -> Vec<Decimal> {
            rates.iter().copied().filter(|rate| self.explains(taxed, *rate)).collect()
        };
        let others = self.others();
        match (fitting(&self.items).as_slice(), fitting(&others).as_slice(), self.items.as_slice()) {
            ([rate], ..) | ([], [rate], _) | ([], [], [rate]) => {
                Ok(vec![MoneyLine { rate: *rate, tax_codes: self.codes_of(*rate), ..line }])
            }
            _ => Err(without_rate(self.order, what, taxed.tax)),
        }
    }

    fn applied(&self) -> impl Iterator<Item = &'a AppliedTax> {
        let extension = &self.order.extension_attributes;
        extension.item_applied_taxes.iter().flat_map(|one| &one.applied_taxes).chain(&extension.applied_taxes)
    }

    /// Distinct rates above zero that the order shows and none of its items has.
    fn others(&self) -> Vec<Decimal> {
        let shown = self.applied().filter_map(|tax| tax.percent).filter(|rate| !rate.is_zero());
        let mut others: Vec<Decimal> = shown.filter(|rate| !self.items.contains(rate)).collect();
        others.sort_unstable();
        others.dedup();
        others
    }

    /// The codes that the order shows this rate under.
    fn codes_of(&self, rate: Decimal) -> Vec<&'a str> {
        let mut codes: Vec<&str> =
            self.applied().filter(|tax| tax.percent == Some(rate)).map(|tax| tax.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }

    /// The lines of a thing by what the order says of its taxes; `None` when it says nothing.
    fn said(
        &self,
        line: &MoneyLine<'a>,
        shown: Option<Decimal>,
        applied: &[&'a AppliedTax],
    ) -> Option<Vec<MoneyLine<'a>>> {
        let percents: Vec<Decimal> = applied.iter().filter_map(|tax| tax.percent).collect();
        let all: Vec<&str> = applied.iter().map(|tax| tax.code.as_str()).collect();
        let first = shown.or(percents.iter().copied().max())?;
        let whole = |rate: Decimal, codes: &[&'a str]| MoneyLine { rate, tax_codes: codes.to_vec(), ..line.clone() };
        if self.explains(line, first) {
            let own: Vec<&str> = with_percent(applied, first).collect();
            return Some(vec![whole(first, if own.is_empty() { &all } else { &own })]);
        }
        // A rate of zero beside others is no rate of the whole: it would explain every tax that is missing.
        let single = percents.iter().copied().find(|rate| !rate.is_zero() && self.explains(line, *rate));
        if let Some(rate) = single {
            return Some(vec![whole(rate, &with_percent(applied, rate).collect::<Vec<_>>())]);
        }
        if let Some(rate) = stacked(&percents).into_iter().find(|rate| self.explains(line, *rate)) {
            return Some(vec![whole(rate, &all)]);
        }
        Some(split(line, applied, self.unit).unwrap_or_else(|| vec![whole(first, &all)]))
    }

    /// Checks whether the tax of a line is what its rate makes, after its discount or before.
    pub(super) fn explain(&self, line: &MoneyLine<'_>) -> bool {
        self.explains(line, line.rate)
    }

    /// Checks whether the line was taxed at this rate, after its discount or before.
    fn explains(&self, line: &MoneyLine<'_>, rate: Decimal) -> bool {
        let rounds = Rounds::of(line, self.unit);
        [line.net(), line.gross].into_iter().any(|base| rounds.explains(base, rate, line.tax))
    }
}

fn with_percent<'a>(applied: &[&'a AppliedTax], rate: Decimal) -> impl Iterator<Item = &'a str> {
    let taxes: Vec<&AppliedTax> = applied.iter().copied().filter(|tax| tax.percent == Some(rate)).collect();
    taxes.into_iter().map(|tax| tax.code.as_str())
}

/// The rates of several taxes on the same base, side by side or each on top of those before it.
fn stacked(percents: &[Decimal]) -> Vec<Decimal> {
    if percents.len() < 2 {
        return Vec::new();
    }
    let beside = percents.iter().try_fold(Decimal::ZERO, |sum, rate| sum.checked_add(*rate));
    let factor = |rate: Decimal| Decimal::ONE.checked_add(rate.checked_div(Decimal::ONE_HUNDRED)?);
    let on_top = percents.iter().try_fold(Decimal::ONE, |product, rate| product.checked_mul(factor(*rate)?));
    let on_top = on_top.and_then(|product| (product - Decimal::ONE).checked_mul(Decimal::ONE_HUNDRED));
    // No rate of that size is one, and a base times it could not be held.
    let is_rate = |rate: &Decimal| rate.abs() <= Decimal::ONE_THOUSAND;
    [beside, on_top].into_iter().flatten().map(|rate| rate.normalize()).filter(is_rate).collect()
}

fn without_rate(order: &Order, what: &str, tax: Decimal) -> Refusal {
    let sentence = format!(
        "Order {} charges {tax} {} of tax on {what}, but does not say at which rate.",
        order.increment_id, order.order_currency_code
    );
    refuse(Code::UnknownTaxRate, sentence)
}
