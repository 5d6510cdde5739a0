//! Refunding an order by a credit memo, with the arithmetic of Magento's credit memo totals and its defects.
//!
//! The defect that reaches the books is in the discount of shipping (`Creditmemo\Total\Discount`): it is worked out
//! from the shipping that was *asked for*, and where that is nothing, from shipping with tax less the tax of the whole
//! order. An adjustment alone, on an order whose shipping was discounted, then refunds more than the adjustment, and
//! nothing of that is rounded. Measured on 2.4.7, and played here to the fourth decimal.

use rust_decimal::Decimal;

use super::credit::Credits;
use super::invoice::{Shipping, Totals};
use super::money::{Pair, Rounding, cents, ratio};
use super::sale::Sale;
use super::take::{Purpose, Quantities, Taken, take};
use super::{Refused, fee, product_tax};
use crate::commerce::habits;

/// Request for a refund. Amounts are in the base currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// How many of which items; everything that is left when it is not said.
    pub(super) quantities: Option<Quantities>,
    /// How much of shipping; all that is left when it is not said.
    pub(super) shipping: Option<Decimal>,
    /// Amount that is refunded on top, without tax.
    pub(super) adjustment_positive: Option<Decimal>,
    /// Amount that is kept back, without tax.
    pub(super) adjustment_negative: Option<Decimal>,
}

/// A credit memo that was made.
#[derive(Debug)]
pub(super) struct CreditMemo {
    pub(super) taken: Vec<Taken>,
    pub(super) totals: Totals,
    pub(super) positive: Option<Pair>,
    pub(super) negative: Option<Pair>,
}

/// Makes a credit memo and moves the order on.
pub(super) fn make(sale: &mut Sale, asked: &Asked) -> Result<CreditMemo, Refused> {
    let state = sale.text("state");
    let mut faults = Vec::new();
    if matches!(state.as_str(), "canceled" | "holded" | "closed" | "payment_review") {
        let status = sale.text("status");
        faults.push(format!("A creditmemo can not be created when an order has a status of {status}"));
    }
    let mut taken = take(sale, Purpose::Refund, asked.quantities.as_ref())?;
    let rate = sale.amount("base_to_order_rate");
    let adjustment = |amount: Decimal| Pair::new(cents(amount), cents(cents(amount) * rate));
    // With any argument given, the adjustment that is not given is 0; with none at all both keys stay away.
    let argued = asked.shipping.is_some() || asked.adjustment_positive.or(asked.adjustment_negative).is_some();
    let given = |amount: Option<Decimal>| amount.or(argued.then_some(Decimal::ZERO)).map(adjustment);
    let (positive, negative) = (given(asked.adjustment_positive), given(asked.adjustment_negative));
    let mut totals = totals(sale, &mut taken, asked.shipping)?;
    totals.grand_total = totals.grand_total + positive.unwrap_or_default() - negative.unwrap_or_default();

    let (paid, refunded) = (sale.amount("base_total_paid"), sale.amount("base_total_refunded"));
    if cents(refunded + totals.grand_total.base) > cents(paid) {
        let left = (paid - refunded).normalize();
        faults.push(format!("The most money available to refund is {left}."));
    } else if faults.is_empty() && taken.is_empty() && totals.grand_total.base <= Decimal::ZERO {
        faults.push("The credit memo's total must be positive.".to_owned());
    }
    if !faults.is_empty() {
        return Err(Refused::document("Creditmemo", &faults));
    }
    let memo = CreditMemo { taken, totals, positive, negative };
    book(sale, &memo);
    Ok(memo)
}

fn totals(sale: &Sale, taken: &mut [Taken], asked_shipping: Option<Decimal>) -> Result<Totals, Refused> {
    let mut rounding = Rounding::default();
    for one in taken.iter_mut().filter(|one| !one.line.dummy) {
        let left = one.line.billed.row - one.line.returned.row;
        one.money.row = share(one, left, &mut |amount| rounding.regular(amount));
        one.including = rounding.including(one.line.including.part(one.quantity, one.line.ordered));
    }
    let product_tax = product_tax::refund(sale, taken, &mut rounding);
    for one in taken.iter_mut().filter(|one| !one.line.dummy && !one.line.billed.discount.own.is_zero()) {
        let left = one.line.billed.discount - one.line.returned.discount;
        one.money.discount = share(one, left, &mut |amount| rounding.negative(amount));
    }
    let shipping_discount = shipping_discount(sale, asked_shipping)?;
    let (amount, including) = shipping(sale, asked_shipping)?;
    for one in taken.iter_mut().filter(|one| !one.line.dummy) {
        let tax = one.line.billed.tax - one.line.returned.tax;
        one.money.tax = share(one, tax, &mut |amount| rounding.regular(amount));
        let compensation = one.line.billed.compensation - one.line.returned.compensation;
        one.money.compensation = share(one, compensation, &mut |amount| rounding.regular(amount));
    }
    let (tax, compensation) = shipping_tax(sale, amount, &mut rounding);
    let sum = |of: fn(&Taken) -> Pair| -> Pair { taken.iter().map(of).sum() };
    let mut totals = Totals {
        subtotal: sum(|one| one.money.row),
        subtotal_including: sum(|one| one.including),
        discount: -(sum(|one| one.money.discount) + shipping_discount),
        tax: sum(|one| one.money.tax) + tax,
        compensation: sum(|one| one.money.compensation) + compensation,
        shipping: Shipping { amount, including, tax, compensation },
        ..Totals::default()
    };
    let open_tax = sale.pair("tax_invoiced") - sale.pair("tax_refunded");
    let open_compensation = sale.pair("discount_tax_compensation_invoiced")
        + sale.pair("shipping_discount_tax_compensation_amount")
        - sale.pair("discount_tax_compensation_refunded");
    let fee = fee::of_refund(sale, taken);
    let beside = product_tax.tax + fee.tax;
    totals.tax = totals.tax.min(open_tax - beside) + beside;
    totals.compensation = totals.compensation.min(open_compensation);
    let total = totals.subtotal
        + totals.discount
        + totals.shipping.amount
        + totals.tax
        + totals.compensation
        + product_tax.amount
        + fee.net;
    totals.credits = Credits::of_refund(sale, total);
    totals.grand_total = total - totals.credits.sum();
    if let Some(ore) = sale.habits.round_to_ore {
        let left = sale.pair("total_paid") - sale.pair("total_refunded");
        totals.grand_total = totals.grand_total.map(|amount| habits::rounded(amount, ore)).min(left);
    }
    Ok(totals)
}

/// A line's share of what was invoiced and is not refunded: all of it with the last unit.
fn share(one: &Taken, left: Pair, round: &mut impl FnMut(Pair) -> Pair) -> Pair {
    let line = &one.line;
    if one.quantity == line.to_refund() {
        return left;
    }
    round(left.part(one.quantity, line.to_refund()))
}

/// The discount of shipping that Magento takes off: of what is asked for, and of something else where that is nothing.
fn shipping_discount(sale: &Sale, asked: Option<Decimal>) -> Result<Pair, Refused> {
    let whole = sale.pair("shipping_amount");
    let including = asked.unwrap_or_else(|| sale.amount("base_shipping_incl_tax"));
    let base = match asked {
        Some(amount) if !amount.is_zero() => amount,
        _ => including - sale.amount("base_shipping_tax_amount"),
    };
    if base.is_zero() {
        return Ok(Pair::ZERO);
    }
    if whole.base <= Decimal::ZERO {
        return Err(Refused::plain("You can not refund shipping if there is no shipping amount."));
    }
    let off = ratio(base * sale.amount("base_shipping_discount_amount"), whole.base);
    Ok(Pair::new(off, ratio(whole.own * off, whole.base)))
}

/// How much of shipping is refunded, without tax and with it.
fn shipping(sale: &Sale, asked: Option<Decimal>) -> Result<(Pair, Pair), Refused> {
    let whole = sale.pair("shipping_amount");
    let open = whole - sale.pair("shipping_refunded");
    let open_tax = sale.pair("shipping_tax_amount") - sale.pair("shipping_tax_refunded");
    let Some(asked) = asked.map(cents) else {
        let untouched = open == whole;
        return Ok((open, if untouched { sale.pair("shipping_incl_tax") } else { (open + open_tax).cents() }));
    };
    if asked > cents(open.base) {
        return Err(Refused::listed("Maximum shipping amount allowed to refund is: %1", &[&open.base.to_string()]));
    }
    let part = ratio(asked, whole.base);
    let amount = if asked == open.base { open } else { (whole * part).cents() };
    Ok((amount, (sale.pair("shipping_incl_tax") * part).cents()))
}

/// The tax of that much shipping, and its compensation.
fn shipping_tax(sale: &Sale, amount: Pair, rounding: &mut Rounding) -> (Pair, Pair) {
    let whole = sale.pair("shipping_amount");
    let open = whole.base - sale.amount("base_shipping_refunded");
    let (tax, compensation) =
        (sale.pair("shipping_tax_amount"), sale.pair("shipping_discount_tax_compensation_amount"));
    if open > amount.base {
        let part = amount.zip(whole, ratio);
        let of = |all: Pair| all.zip(part, |all, part| all * part);
        (rounding.regular(of(tax)), rounding.regular(of(compensation)))
    } else {
        (tax - sale.pair("shipping_tax_refunded"), compensation)
    }
}

/// Notes a credit memo down on the order.
fn book(sale: &mut Sale, memo: &CreditMemo) {
    for one in &memo.taken {
        let Taken { line, quantity, money, .. } = one;
        sale.set_item(line.id, "qty_refunded", line.refunded + quantity);
        if line.dummy {
            for name in ["discount_refunded", "tax_refunded", "discount_tax_compensation_refunded"] {
                sale.set_item_pair(line.id, name, Pair::ZERO);
            }
        } else {
            sale.set_item_pair(line.id, "amount_refunded", line.returned.row + money.row);
            sale.set_item_pair(line.id, "discount_refunded", line.returned.discount + money.discount);
            sale.set_item_pair(line.id, "tax_refunded", line.returned.tax + money.tax);
            let compensation = line.returned.compensation + money.compensation;
            sale.set_item_pair(line.id, "discount_tax_compensation_refunded", compensation);
        }
        if let Some(known) = sale.lines.iter_mut().find(|known| known.id == line.id) {
            known.refunded += quantity;
        }
    }
    product_tax::book(sale, &memo.taken, "refunded");
    let totals = &memo.totals;
    sale.add("subtotal_refunded", totals.subtotal);
    sale.add("discount_refunded", totals.discount);
    sale.add("shipping_refunded", totals.shipping.amount);
    sale.add("shipping_tax_refunded", totals.shipping.tax);
    sale.add("tax_refunded", totals.tax);
    sale.add("discount_tax_compensation_refunded", totals.compensation);
    sale.add("adjustment_positive", memo.positive.unwrap_or_default());
    sale.add("adjustment_negative", memo.negative.unwrap_or_default());
    sale.add("total_offline_refunded", totals.grand_total);
    totals.credits.book(sale, "refunded");
    sale.set_pair("total_refunded", (sale.pair("total_refunded") + totals.grand_total).cents());
    // The base amount is rounded, the other is not: measured.
    let Pair { base, own } = totals.grand_total;
    sale.add_payment("amount_refunded", Pair::new(cents(base), own));
    sale.add_payment("shipping_refunded", totals.shipping.amount);
    let cost = |one: &Taken| one.line.document.number("base_cost").unwrap_or_default() * one.quantity;
    let cost: Decimal = memo.taken.iter().filter(|one: &&Taken| !one.line.has_children).map(cost).sum();
    sale.set_amount("base_total_invoiced_cost", sale.amount("base_total_invoiced_cost") - cost);
}
