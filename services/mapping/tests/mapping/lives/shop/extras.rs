//! Extras of an order beside its rows and shipping: a module's fee, gift wraps, reward points, fixed product tax.
//!
//! They go where the modules put them: a wrap of the order into the first invoice, a fee into the first or the last.
//! Points take off what there is to pay until they are used up, on invoices and then on refunds.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Line, RATES, Sale, cents};
use crate::shop::number;

/// Net and tax.
pub(super) type Taxed = (Decimal, Decimal);

/// The extras of an order, and what of them was invoiced and refunded.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Extras {
    pub(super) fee: Taxed,
    /// The module adds its fee to the invoice after which nothing is left, and not to the first one.
    fee_is_last: bool,
    pub(super) wrap: Taxed,
    pub(super) points: Decimal,
    fee_invoiced: bool,
    fee_refunded: bool,
    wrap_refunded: bool,
    points_used: Decimal,
    points_returned: Decimal,
}

/// Extras that are on one invoice or credit memo.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct On {
    /// Extras of rows: wraps, and fixed product taxes with the rate of their row.
    pub(super) items_wrap: Taxed,
    pub(super) fpt: Taxed,
    pub(super) fee: Taxed,
    pub(super) wrap: Taxed,
}

impl Extras {
    /// Fee and wrap in hundredths; a fee may have no tax.
    pub(in super::super) fn new(fee: u32, is_taxed: bool, fee_is_last: bool, wrap: u32) -> Self {
        let rate = if is_taxed { RATES[0] } else { 0 };
        Self { fee: taxed(fee, rate), fee_is_last, wrap: taxed(wrap, RATES[0]), ..Self::default() }
    }

    /// On an invoice: the first of the order, the last of it, or one between.
    pub(super) fn invoice(&mut self, on: &mut On, first: bool, last: bool) {
        if first {
            on.wrap = self.wrap;
        }
        if (if self.fee_is_last { last } else { first }) && !self.fee_invoiced {
            (on.fee, self.fee_invoiced) = (self.fee, true);
        }
    }

    /// On a credit memo that refunds `shipping`, or not.
    pub(super) fn refund(&mut self, on: &mut On, is_invoiced: bool, shipping: bool) {
        if is_invoiced && !self.wrap_refunded {
            (on.wrap, self.wrap_refunded) = (self.wrap, true);
        }
        if self.fee_invoiced && !self.fee_refunded && shipping {
            (on.fee, self.fee_refunded) = (self.fee, true);
        }
    }

    pub(super) fn has_points(&self) -> bool {
        !self.points.is_zero()
    }

    pub(super) fn has_points_left(&self) -> bool {
        self.points_used < self.points
    }

    /// Pays an invoice with points, as far as they go; returns how much they pay.
    pub(super) fn pay(&mut self, total: Decimal) -> Decimal {
        let used = (self.points - self.points_used).min(total).max(Decimal::ZERO);
        self.points_used += used;
        used
    }

    /// Gives back points with a refund, as far as any were used; returns how much goes back.
    pub(super) fn pay_back(&mut self, total: Decimal) -> Decimal {
        let returned = (self.points_used - self.points_returned).min(total).max(Decimal::ZERO);
        self.points_returned += returned;
        returned
    }
}

impl On {
    pub(super) fn add(&mut self, line: &Line, pieces: u32) {
        let pieces = Decimal::from(pieces);
        self.items_wrap.0 += line.wrap.0 * pieces;
        self.items_wrap.1 += line.wrap.1 * pieces;
        self.fpt.0 += line.fpt.0 * pieces;
        self.fpt.1 += line.fpt.1 * pieces;
    }

    pub(super) fn tax(&self) -> Decimal {
        self.items_wrap.1 + self.fpt.1 + self.fee.1 + self.wrap.1
    }

    pub(super) fn total(&self) -> Decimal {
        self.items_wrap.0 + self.fpt.0 + self.fee.0 + self.wrap.0 + self.tax()
    }

    /// As a document shows it; reward points it does not show.
    pub(super) fn json(&self) -> Value {
        json!({ "gw_price": number(self.wrap.0), "gw_tax_amount": number(self.wrap.1),
            "gw_items_price": number(self.items_wrap.0), "gw_items_tax_amount": number(self.items_wrap.1),
            "mollie_payment_fee": number(self.fee.0), "mollie_payment_fee_tax": number(self.fee.1) })
    }
}

/// Net in hundredths, and tax at a rate.
pub(super) fn taxed(net: u32, rate: i64) -> Taxed {
    let net = Decimal::new(i64::from(net), 2);
    (net, cents(net * Decimal::from(rate) / Decimal::ONE_HUNDRED))
}

impl Line {
    /// The same with a gift wrap on each piece, in units of 0.04, whose tax needs no rounding; and with a fixed product
    /// tax, in hundredths.
    pub(in super::super) fn with(self, wrap: u32, fpt: u32) -> Self {
        Self { wrap: taxed(4 * wrap, RATES[0]), fpt: taxed(fpt, self.rate), ..self }
    }
}

impl Sale {
    /// The same with these; points pay so many per cent of it.
    pub(in super::super) fn with(mut self, extras: Extras, points: u32) -> Self {
        let (fee, wrap) = (extras.fee, extras.wrap);
        self.total += fee.0 + fee.1 + wrap.0 + wrap.1;
        let points = cents(self.total * Decimal::from(points) / Decimal::ONE_HUNDRED);
        self.total -= points;
        self.extras = Extras { points, ..extras };
        self
    }

    /// Taxes beside those of rows and shipping, by rate: of all, or of what the invoices have.
    pub(in super::super) fn more_taxes(&self, invoiced: bool) -> Vec<(i64, Decimal)> {
        let mut taxes: Vec<(i64, Decimal)> = Vec::new();
        for line in &self.lines {
            let pieces = Decimal::from(if invoiced { line.invoiced } else { line.ordered });
            taxes.extend([(line.rate, line.fpt.1 * pieces), (RATES[0], line.wrap.1 * pieces)]);
        }
        if !invoiced || self.invoiced.is_some() {
            taxes.push((RATES[0], self.extras.wrap.1));
        }
        if !invoiced || self.extras.fee_invoiced {
            taxes.push((RATES[0], self.extras.fee.1));
        }
        taxes
    }

    /// Fixed product taxes of units that an extension cancelled, by rate.
    pub(in super::super) fn taxes_named(&self) -> Vec<(i64, Decimal)> {
        self.lines.iter().map(|line| (line.rate, line.fpt.1 * Decimal::from(line.canceled))).collect()
    }

    /// Returns the fields that the order shows of the extras.
    pub(super) fn extras_json(&self) -> Value {
        let sum = |invoiced: bool| {
            let mut on = On::default();
            for line in &self.lines {
                on.add(line, if invoiced { line.invoiced } else { line.ordered });
            }
            on.items_wrap
        };
        let (all, billed) = (sum(false), sum(true));
        let wrap = if self.invoiced.is_some() { self.extras.wrap } else { Taxed::default() };
        let Extras { fee, wrap: whole, points, .. } = &self.extras;
        json!({
            "gw_price": number(whole.0), "gw_tax_amount": number(whole.1), "gw_items_price": number(all.0),
            "gw_items_tax_amount": number(all.1), "gw_price_invoiced": number(wrap.0),
            "gw_tax_amount_invoiced": number(wrap.1), "gw_items_price_invoiced": number(billed.0),
            "gw_items_tax_invoiced": number(billed.1), "mollie_payment_fee": number(fee.0),
            "mollie_payment_fee_tax": number(fee.1), "reward_currency_amount": number(*points),
        })
    }
}
