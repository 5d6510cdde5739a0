//! Invoicing an order, whole or in part, with the arithmetic of Magento's invoice totals.
//!
//! A part of a line costs its share of what is left of the line, rounded with a carry; the last part takes the rest.
//! Shipping, its tax and its discount are on the first invoice alone, and later ones do not even have the keys. If a
//! line's discount is 0 in the order's currency, the invoice drops it in the base currency too (a defect of Magento's,
//! measured on 2.4.7): base totals of invoices may then miss the order's.

use rust_decimal::Decimal;

use super::credit::Credits;
use super::line::Line;
use super::money::{Pair, Rounding};
use super::sale::Sale;
use super::take::{Purpose, Quantities, Taken, take};
use super::{Refused, fee, product_tax};
use crate::commerce::habits;

/// Request for an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// How many of which items; everything that is left when it is not said.
    pub(super) quantities: Option<Quantities>,
    /// True when it is paid at once.
    pub(super) paid: bool,
    /// Amount that is captured, where that is not its total.
    pub(super) captured: Option<Pair>,
}

/// A document's amounts.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    pub(super) subtotal: Pair,
    pub(super) subtotal_including: Pair,
    /// Negative for a discount.
    pub(super) discount: Pair,
    pub(super) tax: Pair,
    /// Tax compensation of the lines; on credit memos with that of shipping.
    pub(super) compensation: Pair,
    pub(super) shipping: Shipping,
    /// Amounts that were paid otherwise than with money.
    pub(super) credits: Credits,
    pub(super) grand_total: Pair,
}

/// Part of the order's shipping that a document has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shipping {
    pub(super) amount: Pair,
    pub(super) including: Pair,
    pub(super) tax: Pair,
    pub(super) compensation: Pair,
}

/// An invoice that was made.
#[derive(Debug)]
pub(super) struct Invoice {
    pub(super) taken: Vec<Taken>,
    pub(super) totals: Totals,
    /// True when it carries the order's shipping.
    pub(super) first: bool,
    pub(super) paid: bool,
    pub(super) captured: Option<Pair>,
}

/// Makes an invoice and moves the order on.
pub(super) fn make(sale: &mut Sale, asked: &Asked) -> Result<Invoice, Refused> {
    let mut taken = take(sale, Purpose::Invoice, asked.quantities.as_ref())?;
    let held = sale.text("state");
    let mut faults = Vec::new();
    if taken.is_empty() {
        faults.push("The invoice can't be created without products. Add products and try again.".to_owned());
    }
    if matches!(held.as_str(), "holded" | "canceled" | "closed" | "complete" | "payment_review") {
        faults.push(format!("An invoice cannot be created when an order has a status of {}", sale.text("status")));
    } else if taken.is_empty() && !sale.can_invoice() {
        faults.push("The order does not allow an invoice to be created.".to_owned());
    }
    if !faults.is_empty() {
        return Err(Refused::document("Invoice", &faults));
    }
    let first = sale.document().member("total_invoiced").is_none();
    let last = is_last(sale, &taken);
    let totals = totals(sale, &mut taken, first, last);
    let invoice = Invoice { taken, totals, first, paid: asked.paid, captured: asked.captured };
    book(sale, &invoice);
    Ok(invoice)
}

/// True when nothing is left to be invoiced afterwards.
fn is_last(sale: &Sale, taken: &[Taken]) -> bool {
    let taken_of = |line: &Line| taken.iter().find(|taken| taken.line.id == line.id).map(|taken| taken.quantity);
    sale.lines.iter().filter(|line| !line.dummy).all(|line| taken_of(line).unwrap_or_default() == line.to_invoice())
}

/// The money of each line, then of the document: subtotal, discount, shipping, tax, in the order of Magento's
/// collectors, since all of them share the carries.
fn totals(sale: &Sale, taken: &mut [Taken], first: bool, last: bool) -> Totals {
    let mut rounding = Rounding::default();
    for one in taken.iter_mut().filter(|one| !one.line.dummy) {
        let left = one.line.whole.row - one.line.billed.row;
        one.money.row = share(one, left, &mut |amount| rounding.regular(amount));
        one.including = rounding.including(one.line.including.part(one.quantity, one.line.ordered));
    }
    for one in taken.iter_mut().filter(|one| !one.line.dummy && !one.line.whole.discount.own.is_zero()) {
        let left = one.line.whole.discount - one.line.billed.discount;
        one.money.discount = share(one, left, &mut |amount| rounding.negative(amount));
    }
    for one in taken.iter_mut().filter(|one| !one.line.dummy) {
        let tax = one.line.whole.tax - one.line.billed.tax;
        one.money.tax = share(one, tax, &mut |amount| rounding.regular(amount));
        let compensation = one.line.whole.compensation - one.line.billed.compensation;
        one.money.compensation = share(one, compensation, &mut |amount| rounding.regular(amount));
    }
    let sum = |of: fn(&Taken) -> Pair| -> Pair { taken.iter().map(of).sum() };
    let mut totals = Totals {
        subtotal: sum(|one| one.money.row),
        subtotal_including: sum(|one| one.including),
        discount: -sum(|one| one.money.discount),
        tax: sum(|one| one.money.tax),
        compensation: sum(|one| one.money.compensation),
        ..Totals::default()
    };
    if first {
        totals.shipping = Shipping {
            amount: sale.pair("shipping_amount"),
            including: sale.pair("shipping_incl_tax"),
            tax: sale.pair("shipping_tax_amount"),
            compensation: sale.pair("shipping_discount_tax_compensation_amount"),
        };
        totals.discount = totals.discount - sale.pair("shipping_discount_amount");
        totals.tax = totals.tax + totals.shipping.tax;
    }
    let open = |amount: &str, invoiced: &str| sale.pair(amount) - sale.pair(invoiced);
    let limit = |sum: Pair, open: Pair| if last { open } else { sum.min(open) };
    totals.subtotal = limit(totals.subtotal, open("subtotal", "subtotal_invoiced"));
    totals.tax = limit(totals.tax, open("tax_amount", "tax_invoiced"));
    totals.compensation =
        limit(totals.compensation, open("discount_tax_compensation_amount", "discount_tax_compensation_invoiced"));
    let open_tax = open("tax_amount", "tax_invoiced");
    let product_tax = product_tax::invoice(sale, taken, &mut rounding);
    totals.tax = totals.tax + product_tax.tax.min(open_tax - totals.tax);
    let fee = fee::of_invoice(sale, first, open_tax - totals.tax);
    totals.tax = totals.tax + fee.tax;
    let total = totals.subtotal
        + totals.discount
        + totals.shipping.amount
        + totals.tax
        + totals.compensation
        + totals.shipping.compensation
        + product_tax.amount
        + fee.net;
    totals.credits = Credits::of_invoice(sale, total);
    totals.grand_total = total - totals.credits.sum();
    if let Some(ore) = sale.habits.round_to_ore {
        let rounded = totals.grand_total.map(|amount| habits::rounded(amount, ore));
        totals.grand_total = if last { open("grand_total", "total_invoiced") } else { rounded };
    }
    totals
}

/// A line's share of what is left of an amount: all of it with the last unit.
fn share(one: &Taken, left: Pair, round: &mut impl FnMut(Pair) -> Pair) -> Pair {
    let line = &one.line;
    if one.quantity == line.to_invoice() {
        return left;
    }
    round(left.part(one.quantity, line.ordered - line.invoiced))
}

/// Notes an invoice down on the order.
fn book(sale: &mut Sale, invoice: &Invoice) {
    for one in &invoice.taken {
        let Taken { line, quantity, money, .. } = one;
        sale.set_item(line.id, "qty_invoiced", line.invoiced + quantity);
        if line.dummy {
            sale.set_item_pair(line.id, "discount_tax_compensation_invoiced", Pair::ZERO);
        } else {
            sale.set_item_pair(line.id, "row_invoiced", line.billed.row + money.row);
            sale.set_item_pair(line.id, "discount_invoiced", line.billed.discount + money.discount);
            sale.set_item_pair(line.id, "tax_invoiced", line.billed.tax + money.tax);
            let compensation = line.billed.compensation + money.compensation;
            sale.set_item_pair(line.id, "discount_tax_compensation_invoiced", compensation);
        }
        if let Some(known) = sale.lines.iter_mut().find(|known| known.id == line.id) {
            known.invoiced += quantity;
        }
    }
    product_tax::book(sale, &invoice.taken, "invoiced");
    let totals = &invoice.totals;
    sale.add("subtotal_invoiced", totals.subtotal);
    sale.add("discount_invoiced", totals.discount);
    sale.add("shipping_invoiced", totals.shipping.amount);
    sale.add("tax_invoiced", totals.tax);
    sale.add("discount_tax_compensation_invoiced", totals.compensation);
    sale.add("total_invoiced", totals.grand_total);
    totals.credits.book(sale, "invoiced");
    let cost = |one: &Taken| one.line.document.number("base_cost").unwrap_or_default() * one.quantity;
    let cost: Decimal = invoice.taken.iter().filter(|one| !one.line.has_children).map(cost).sum();
    sale.set_amount("base_total_invoiced_cost", sale.amount("base_total_invoiced_cost") + cost);
    if invoice.paid {
        sale.pay(totals.grand_total, invoice.captured);
        sale.add_payment("shipping_captured", totals.shipping.amount);
    }
}
