//! Magento's tax on one row: three algorithms, prices with and without tax, rounding that carries.
//!
//! Re-built from its rules (`Magento\Tax\Model\Calculation`): `deltaRound` adds what the last rounding of the same
//! rate left over (one millionth at first), with TOTAL across the rows of a document, with ROW and UNIT within one.
//! Discounts come before tax; in shops whose prices include tax they are taken off the price with tax, and the tax
//! that the row loses by that is its *discount tax compensation*.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Serialize};

/// `tax/calculation/algorithm`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Algorithm {
    /// Tax on each unit, times the quantity.
    Unit,
    /// Tax on each row.
    Row,
    /// Tax on each row, with what rounding leaves carried to the next. Magento's default.
    #[default]
    Total,
}

/// How a shop computes tax.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TaxRules {
    /// True when catalogue prices, shipping and discounts include tax.
    pub prices_include_tax: bool,
    /// The algorithm.
    pub algorithm: Algorithm,
}

/// Changes that modules and settings of a shop make to its tax. Magento alone makes none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TaxHabits {
    /// Shipping is taxed at the rates of the goods, in proportion to them.
    pub shipping_by_goods: bool,
    /// The first taxed row of an order is sold without tax, and shows its rate all the same.
    pub exempt_row: bool,
}

/// Cost of one row before tax is worked out, in one currency.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    /// Per unit, with or without tax as the rules say, rounded to the currency.
    pub(super) price: Decimal,
    pub(super) quantity: Decimal,
    /// Per cent.
    pub(super) rate: Decimal,
    pub(super) discount: Decimal,
}

/// The same row with its tax.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Taxed {
    pub(super) price: Decimal,
    pub(super) price_incl_tax: Decimal,
    /// Without tax, before discount.
    pub(super) row_total: Decimal,
    /// With tax, before discount.
    pub(super) row_total_incl_tax: Decimal,
    pub(super) discount: Decimal,
    /// After discount.
    pub(super) tax: Decimal,
    /// Tax before discount less tax after it; 0 when prices are without tax.
    pub(super) compensation: Decimal,
}

/// To the currency's two decimals, halves away from zero, as PHP rounds.
pub(super) fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

/// To the four decimals of the database's columns.
pub(super) fn stored(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(4, RoundingStrategy::MidpointAwayFromZero)
}

/// Tax in, or on top of, an amount.
fn tax_of(amount: Decimal, rate: Decimal, included: bool) -> Decimal {
    let base = if included { Decimal::ONE_HUNDRED + rate } else { Decimal::ONE_HUNDRED };
    amount * rate / base
}

/// A price with the tax of the shop's own country, as it is for a customer elsewhere: the price without tax stays.
pub(super) fn price_elsewhere(price: Decimal, store_rate: Decimal, rate: Decimal) -> Decimal {
    if store_rate == rate {
        return price;
    }
    let net = price - tax_of(price, store_rate, true);
    cents(net + tax_of(net, rate, false))
}

/// Which of a row's two taxes is rounded; their carries are apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    BeforeDiscount,
    AfterDiscount,
}

/// Works out the rows of one document in one currency, in their order.
#[derive(Debug)]
pub(super) struct Calculator {
    rules: TaxRules,
    carries: BTreeMap<(Decimal, Stage), Decimal>,
}

impl Taxed {
    /// Two parts of one thing together.
    pub(super) fn with(&self, other: &Self) -> Self {
        Self {
            price: self.price + other.price,
            price_incl_tax: self.price_incl_tax + other.price_incl_tax,
            row_total: self.row_total + other.row_total,
            row_total_incl_tax: self.row_total_incl_tax + other.row_total_incl_tax,
            discount: self.discount + other.discount,
            tax: self.tax + other.tax,
            compensation: self.compensation + other.compensation,
        }
    }
}

impl Calculator {
    pub(super) fn new(rules: TaxRules) -> Self {
        Self { rules, carries: BTreeMap::new() }
    }

    fn delta_round(&mut self, amount: Decimal, rate: Decimal, stage: Stage) -> Decimal {
        let first = Decimal::new(1, 6);
        if amount.is_zero() {
            return Decimal::ZERO;
        }
        if self.rules.algorithm != Algorithm::Total {
            return cents(amount + first);
        }
        let carry = self.carries.entry((rate, stage)).or_insert(first);
        let exact = amount + *carry;
        let rounded = cents(exact);
        *carry = exact - rounded;
        rounded
    }

    /// Works out an amount that is taxed at several rates, in proportion to these weights.
    pub(super) fn parts(rules: TaxRules, charge: &Charge, weights: &[(Decimal, Decimal)]) -> Vec<Taxed> {
        let whole: Decimal = weights.iter().map(|(_, weight)| weight).sum();
        let (mut price, mut discount) = (charge.price, charge.discount);
        let mut parts = Vec::new();
        for (at, (rate, weight)) in weights.iter().enumerate() {
            let last = at + 1 == weights.len();
            let share = |amount: Decimal| cents(amount * weight / whole);
            let own = if last { (price, discount) } else { (share(charge.price), share(charge.discount)) };
            (price, discount) = (price - own.0, discount - own.1);
            let part = Charge { price: own.0, quantity: Decimal::ONE, rate: *rate, discount: own.1 };
            parts.push(Self::new(rules).taxed(&part));
        }
        parts
    }

    pub(super) fn taxed(&mut self, charge: &Charge) -> Taxed {
        match self.rules.algorithm {
            Algorithm::Unit => self.by_unit(charge),
            Algorithm::Row | Algorithm::Total => self.by_row(charge),
        }
    }

    /// The tax before and after discount on `amount`, which is a unit's or a row's.
    fn taxes(&mut self, amount: Decimal, discount: Decimal, rate: Decimal) -> (Decimal, Decimal) {
        let included = self.rules.prices_include_tax;
        let before = self.delta_round(tax_of(amount, rate, included), rate, Stage::BeforeDiscount);
        let left = (amount - discount).max(Decimal::ZERO);
        let after = self.delta_round(tax_of(left, rate, included), rate, Stage::AfterDiscount);
        (before, after)
    }

    fn by_row(&mut self, charge: &Charge) -> Taxed {
        let row = charge.price * charge.quantity;
        let (before, after) = self.taxes(row, charge.discount, charge.rate);
        if self.rules.prices_include_tax {
            let row_total = stored(row - before);
            Taxed {
                price: cents(row_total / charge.quantity),
                price_incl_tax: charge.price,
                row_total,
                row_total_incl_tax: stored(row),
                discount: charge.discount,
                tax: after,
                compensation: before - after,
            }
        } else {
            Taxed {
                price: charge.price,
                price_incl_tax: cents((row + before) / charge.quantity),
                row_total: stored(row),
                row_total_incl_tax: stored(row + before),
                discount: charge.discount,
                tax: after,
                compensation: Decimal::ZERO,
            }
        }
    }

    fn by_unit(&mut self, charge: &Charge) -> Taxed {
        let (before, after) = self.taxes(charge.price, charge.discount / charge.quantity, charge.rate);
        let included = self.rules.prices_include_tax;
        let (price, price_incl_tax) =
            if included { (charge.price - before, charge.price) } else { (charge.price, charge.price + before) };
        Taxed {
            price,
            price_incl_tax,
            row_total: stored(price * charge.quantity),
            row_total_incl_tax: stored(price_incl_tax * charge.quantity),
            discount: charge.discount,
            tax: stored(after * charge.quantity),
            compensation: if included { stored((before - after) * charge.quantity) } else { Decimal::ZERO },
        }
    }
}
