//! An order in a shop, and what a real Magento 2.4.7 does to its amounts when it is invoiced, shipped, refunded and
//! cancelled. Written from the measured facts: no amount of it comes from the crate under test.
//!
//! * An invoice takes a line's share of what is left of it, and with the last unit all; the first one carries the
//!   shipping. [`extras`] says where the rest goes.
//! * A credit memo takes its share of what was invoiced and not refunded, shipping as asked for, and adjustments
//!   without tax. It is refused where more goes back than was paid, or nothing does.
//! * `registerCancellation` cancels the units that are neither invoiced nor shipped, sets `total_canceled` to
//!   `grand_total` − `total_paid` and `tax_canceled` to `tax_amount` − `tax_invoiced`, and calls the order canceled
//!   where no invoiced unit is left to be refunded.

use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};

mod extras;
mod shown;

use crate::shop::number;
use extras::{On, Taxed};
use shown::{item, of_memo, paper};

pub(super) use extras::Extras;

/// Rates of the shop, in per cent; the first is that of shipping.
const RATES: [i64; 4] = [25, 15, 12, 0];

/// Net, discount and tax of a line, or of a part of it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Money {
    row: Decimal,
    discount: Decimal,
    tax: Decimal,
}

#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) rate: i64,
    price: Decimal,
    pub(super) ordered: u32,
    invoiced: u32,
    refunded: u32,
    canceled: u32,
    shipped: u32,
    whole: Money,
    billed: Money,
    returned: Money,
    /// Gift wrap and fixed product tax of a piece.
    wrap: Taxed,
    fpt: Taxed,
}

/// An invoice or a credit memo, and whether the money of it moved.
#[derive(Debug, Clone)]
pub(super) struct Paper {
    pub(super) json: Value,
    pub(super) open: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Sale {
    pub(super) lines: Vec<Line>,
    pub(super) state: &'static str,
    /// Net and tax.
    shipping: (Decimal, Decimal),
    shipping_refunded: (Decimal, Decimal),
    pub(super) total: Decimal,
    pub(super) paid: Decimal,
    pub(super) invoiced: Option<Decimal>,
    pub(super) refunded: Option<Decimal>,
    pub(super) canceled: Option<Decimal>,
    tax_canceled: Decimal,
    /// Cancelled by the shop itself, and not unit by unit by an extension.
    pub(super) by_core: bool,
    pub(super) invoices: Vec<Paper>,
    pub(super) memos: Vec<Paper>,
    /// Tax refunded by rate.
    pub(super) tax_refunded: Vec<(i64, Decimal)>,
    kept: Decimal,
    extras: Extras,
}

fn cents(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}

fn of(amount: Decimal, part: u32, all: u32) -> Decimal {
    if part == all { amount } else { cents(amount * Decimal::from(part) / Decimal::from(all)) }
}

impl Money {
    fn share(self, part: u32, all: u32) -> Self {
        Self { row: of(self.row, part, all), discount: of(self.discount, part, all), tax: of(self.tax, part, all) }
    }

    fn plus(self, other: Self) -> Self {
        Self { row: self.row + other.row, discount: self.discount + other.discount, tax: self.tax + other.tax }
    }

    fn less(self, other: Self) -> Self {
        Self { row: self.row - other.row, discount: self.discount - other.discount, tax: self.tax - other.tax }
    }

    fn net(self) -> Decimal {
        self.row - self.discount
    }
}

impl Line {
    /// Price in hundredths, discount in per cent.
    pub(super) fn new(price: u32, ordered: u32, rate: usize, discount: u32) -> Self {
        let (price, rate) = (Decimal::new(i64::from(price), 2), RATES[rate % RATES.len()]);
        let row = price * Decimal::from(ordered);
        let discount = cents(row * Decimal::from(discount) / Decimal::ONE_HUNDRED);
        let tax = cents((row - discount) * Decimal::from(rate) / Decimal::ONE_HUNDRED);
        let whole = Money { row, discount, tax };
        let none = Money::default();
        Self {
            rate,
            price,
            ordered,
            invoiced: 0,
            refunded: 0,
            canceled: 0,
            shipped: 0,
            whole,
            billed: none,
            returned: none,
            wrap: Taxed::default(),
            fpt: Taxed::default(),
        }
    }

    fn to_invoice(&self) -> u32 {
        self.ordered.saturating_sub(self.invoiced + self.canceled)
    }

    fn to_refund(&self) -> u32 {
        self.invoiced - self.refunded
    }

    fn to_ship(&self) -> u32 {
        self.ordered.saturating_sub(self.shipped.max(self.refunded) + self.canceled)
    }

    fn to_cancel(&self) -> u32 {
        self.to_invoice().min(self.to_ship())
    }

    /// The tax of the units that an extension cancelled.
    pub(super) fn tax_named(&self) -> Decimal {
        self.whole.share(self.canceled, self.ordered).tax
    }

    pub(super) fn tax(&self) -> Decimal {
        self.whole.tax
    }

    pub(super) fn tax_billed(&self) -> Decimal {
        self.billed.tax
    }
}

impl Sale {
    /// Shipping in hundredths.
    pub(super) fn place(lines: Vec<Line>, shipping: u32) -> Self {
        let net = Decimal::new(i64::from(shipping), 2);
        let shipping = (net, cents(net * Decimal::from(RATES[0]) / Decimal::ONE_HUNDRED));
        let mut on = On::default();
        lines.iter().for_each(|line| on.add(line, line.ordered));
        let total = lines.iter().map(|line| line.whole.net() + line.whole.tax).sum::<Decimal>() + on.total();
        Self {
            total: total + shipping.0 + shipping.1,
            lines,
            state: "new",
            shipping,
            shipping_refunded: Default::default(),
            paid: Decimal::ZERO,
            invoiced: None,
            refunded: None,
            canceled: None,
            tax_canceled: Decimal::ZERO,
            by_core: false,
            invoices: Vec::new(),
            memos: Vec::new(),
            tax_refunded: Vec::new(),
            kept: Decimal::ZERO,
            extras: Extras::default(),
        }
    }

    pub(super) fn shipping_tax(&self) -> (i64, Decimal) {
        (RATES[0], self.shipping.1)
    }

    fn can_act(&self) -> bool {
        matches!(self.state, "new" | "processing")
    }

    /// Invoices as many of each line as `wanted` says; nothing where a cancellation has given points back.
    pub(super) fn invoice(&mut self, wanted: impl Fn(usize, u32) -> u32, paid: bool) {
        let parts: Vec<u32> = self.lines.iter().enumerate().map(|(at, line)| wanted(at, line.to_invoice())).collect();
        let is_over = self.by_core && self.extras.has_points_left();
        if !self.can_act() || is_over || parts.iter().all(|part| *part == 0) {
            return;
        }
        let (mut sum, mut items, mut on) = (Money::default(), Vec::new(), On::default());
        for (at, (line, part)) in self.lines.iter_mut().zip(parts).enumerate().filter(|(_, (_, part))| *part > 0) {
            on.add(line, part);
            let one = line.whole.less(line.billed).share(part, line.ordered - line.invoiced);
            line.invoiced += part;
            line.billed = line.billed.plus(one);
            sum = sum.plus(one);
            items.push(item(at, line, part, one));
        }
        let first = self.invoiced.is_none();
        let (shipping, shipping_tax) = if first { self.shipping } else { Default::default() };
        self.extras.invoice(&mut on, first, self.lines.iter().all(|line| line.to_invoice() == 0));
        let total = sum.net() + sum.tax + shipping + shipping_tax + on.total();
        let total = total - self.extras.pay(total);
        let id = self.invoices.len() + 1;
        let mut json = paper(100 + id, sum, shipping_tax + on.tax(), total, items);
        json["extension_attributes"] = on.json();
        if first {
            (json["shipping_amount"], json["shipping_tax_amount"]) = (number(shipping), number(shipping_tax));
        }
        json["state"] = json!(if paid { 2 } else { 1 });
        self.invoices.push(Paper { json, open: !paid });
        self.invoiced = Some(self.invoiced.unwrap_or_default() + total);
        if paid {
            self.paid += total;
        }
        self.settle();
    }

    /// The open invoices are paid.
    pub(super) fn pay(&mut self) {
        for invoice in self.invoices.iter_mut().filter(|invoice| invoice.open) {
            let total: Decimal = invoice.json["grand_total"].to_string().parse().unwrap();
            self.paid += total;
            (invoice.open, invoice.json["state"]) = (false, json!(2));
        }
    }

    /// Refunds as many of each line as `wanted` says, so many hundredths of the shipping, and adjustments.
    pub(super) fn refund(&mut self, wanted: impl Fn(usize, u32) -> u32, shipping: u32, plus: u32, minus: u32) {
        let before = self.clone();
        let parts: Vec<u32> = self.lines.iter().enumerate().map(|(at, line)| wanted(at, line.to_refund())).collect();
        let (mut sum, mut items, mut on) = (Money::default(), Vec::new(), On::default());
        for (at, (line, part)) in self.lines.iter_mut().zip(parts).enumerate().filter(|(_, (_, part))| *part > 0) {
            on.add(line, part);
            let one = line.billed.less(line.returned).share(part, line.to_refund());
            line.refunded += part;
            line.returned = line.returned.plus(one);
            sum = sum.plus(one);
            self.tax_refunded.push((line.rate, one.tax + line.fpt.1 * Decimal::from(part)));
            items.push(of_memo(item(at, line, part, one), line, part));
        }
        let open = (self.shipping.0 - self.shipping_refunded.0, self.shipping.1 - self.shipping_refunded.1);
        let part = Decimal::new(i64::from(shipping), 2).min(open.0);
        let part_tax = if part == open.0 { open.1 } else { cents(self.shipping.1 * part / self.shipping.0) };
        let (plus, minus) = (Decimal::new(i64::from(plus), 2), Decimal::new(i64::from(minus), 2));
        self.extras.refund(&mut on, self.invoiced.is_some(), !part.is_zero());
        self.tax_refunded.push((RATES[0], on.tax() - on.fpt.1));
        let total = sum.net() + sum.tax + part + part_tax + plus - minus + on.total();
        let total = total - self.extras.pay_back(total);
        let refunded = self.refunded.unwrap_or_default() + total;
        let refused = matches!(self.state, "canceled" | "closed") || total <= Decimal::ZERO || refunded > self.paid;
        if refused || part_tax > open.1 {
            *self = before;
            return;
        }
        self.shipping_refunded = (self.shipping_refunded.0 + part, self.shipping_refunded.1 + part_tax);
        self.tax_refunded.push((RATES[0], part_tax));
        self.kept += minus;
        let mut json = paper(200 + self.memos.len(), sum, part_tax + on.tax(), total, items);
        json["extension_attributes"] = on.json();
        for (name, amount) in [
            ("shipping_amount", part),
            ("shipping_tax_amount", part_tax),
            ("adjustment_positive", plus),
            ("adjustment_negative", minus),
        ] {
            json[name] = number(amount);
        }
        json["state"] = json!(2);
        self.memos.push(Paper { json, open: false });
        self.refunded = Some(refunded);
        self.settle();
    }

    pub(super) fn ship(&mut self, wanted: impl Fn(usize, u32) -> u32) {
        if self.can_act() {
            for (at, line) in self.lines.iter_mut().enumerate() {
                line.shipped += wanted(at, line.to_ship());
            }
            self.settle();
        }
    }

    pub(super) fn cancel(&mut self) {
        if !self.can_act() || self.lines.iter().all(|line| line.to_invoice() == 0) {
            return;
        }
        let mut becomes = "canceled";
        for line in &mut self.lines {
            if becomes != "processing" && line.to_refund() > 0 {
                becomes = if line.to_ship() > line.to_cancel() { "processing" } else { "complete" };
            }
            line.canceled += line.to_cancel();
        }
        self.canceled = Some(self.total - self.paid);
        self.tax_canceled = self.tax() - self.tax_invoiced();
        (self.state, self.by_core) = (becomes, true);
    }

    /// An extension cancels single units, as several do: the header grows by what they cost. Of an order that points
    /// pay it does not: what they cost is not what is not paid then.
    pub(super) fn cancel_some(&mut self, wanted: impl Fn(usize, u32) -> u32) {
        // Where it would be the last of them, the shipping too: then it is a cancellation of the order.
        let left: u32 = self.lines.iter().map(Line::to_cancel).sum();
        let parts: Vec<u32> = self.lines.iter().enumerate().map(|(at, line)| wanted(at, line.to_cancel())).collect();
        let whole = parts.iter().sum::<u32>() >= left || self.extras.has_points();
        if !self.can_act() || whole || self.lines.iter().any(|line| line.invoiced > 0) {
            return;
        }
        let mut total = self.canceled.unwrap_or_default();
        for (line, part) in self.lines.iter_mut().zip(parts).filter(|(_, part)| *part > 0) {
            let earlier = line.whole.share(line.canceled, line.ordered);
            line.canceled += part;
            let one = line.whole.share(line.canceled, line.ordered).less(earlier);
            let fpt = (line.fpt.0 * Decimal::from(part), line.fpt.1 * Decimal::from(part));
            total += one.net() + one.tax + fpt.0 + fpt.1;
            self.tax_canceled += one.tax + fpt.1;
        }
        self.canceled = Some(total);
    }

    fn settle(&mut self) {
        if self.state == "new" {
            self.state = "processing";
        }
        if !self.can_act() && self.state != "complete" || self.lines.iter().any(|line| line.to_invoice() > 0) {
            return;
        }
        let ships = self.lines.iter().any(|line| line.to_ship() > 0);
        let left = self.paid - self.refunded.unwrap_or_default();
        if !ships && (left.is_zero() || left == self.kept) {
            self.state = "closed";
        } else if !ships {
            self.state = "complete";
        }
    }

    pub(super) fn tax(&self) -> Decimal {
        let more: Decimal = self.more_taxes(false).iter().map(|(_, tax)| *tax).sum();
        self.lines.iter().map(|line| line.whole.tax).sum::<Decimal>() + self.shipping.1 + more
    }

    pub(super) fn tax_invoiced(&self) -> Decimal {
        let shipping = if self.invoiced.is_some() { self.shipping.1 } else { Decimal::ZERO };
        let more: Decimal = self.more_taxes(true).iter().map(|(_, tax)| *tax).sum();
        self.lines.iter().map(|line| line.billed.tax).sum::<Decimal>() + shipping + more
    }
}
