//! The cancelled part of an order, as its amounts say it.
//!
//! Commerce sets `total_canceled` to what is not paid (`grand_total` − `total_paid`) and `tax_canceled` to what is not
//! invoiced (`tax_amount` − `tax_invoiced`), and cancels every unit that is neither invoiced nor shipped. Where all
//! invoices are paid, both are what no invoice has, also of units that were shipped. An invoice that is still open, or
//! was paid afterwards, is in `total_canceled` too: it is a claim of its own, and no part of what was cancelled.
//! Extensions cancel single units; then the quantities say which.

use commerce::order::Order;
use commerce::totals::Totals;
use rust_decimal::Decimal;

use crate::judge;

/// `total_paid` is rounded to two places, `grand_total` is not.
const HALF_CENT: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// How much of an order was cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// None of it.
    Nothing,
    /// The order as a whole, before anything of it was invoiced.
    Whole,
    /// Everything that no invoice has.
    Rest,
    /// The quantities that the items name; what is left may still be invoiced.
    Named,
}

/// How much of an order was cancelled.
pub(crate) fn part(order: &Order) -> Part {
    match order.total_canceled {
        _ if judge::is_withdrawn(order) => Part::Whole,
        None => Part::Nothing,
        Some(cancelled) if cancelled.is_zero() => Part::Nothing,
        Some(cancelled) if cancelled >= not_invoiced(order) - HALF_CENT => match is_named(order, cancelled) {
            true => Part::Named,
            false => Part::Rest,
        },
        Some(_) => Part::Named,
    }
}

/// Checks whether the quantities say what was cancelled, though the amount is all that no invoice has. The tax tells:
/// Commerce would call all tax cancelled that was not invoiced, and an extension that rounds shares of rows is a
/// hundredth off that.
fn is_named(order: &Order, cancelled: Decimal) -> bool {
    let left = not_invoiced(order);
    let tax_left = order.tax_invoiced.map(|invoiced| order.tax_amount - invoiced);
    let differs = tax_left.is_some_and(|left| (order.tax_canceled - left).abs() > HALF_CENT);
    // Where points or credit pay, the tax may have been invoiced afterwards, by an invoice that comes to nothing; and
    // what units cost is not what is not paid.
    let extension = &order.extension_attributes;
    let credits = [extension.reward_currency_amount, extension.customer_balance_amount, extension.gift_cards_amount];
    if credits.iter().any(|amount| !amount.is_zero()) {
        return false;
    }
    differs && cancelled <= left + HALF_CENT && order.shipping_canceled.is_zero()
}

/// The header amounts of what was cancelled.
pub(crate) fn totals(order: &Order) -> Totals {
    let as_shown = |order: &Order| Totals {
        grand_total: order.total_canceled.unwrap_or_default(),
        tax_amount: order.tax_canceled,
        ..Totals::default()
    };
    match part(order) {
        Part::Nothing => Totals::default(),
        Part::Whole => order.totals(),
        Part::Named => as_shown(order),
        Part::Rest => rest(order, as_shown(order)),
    }
}

fn rest(order: &Order, shown: Totals) -> Totals {
    let (whole, extension) = (order.totals(), &order.extension_attributes);
    let left = not_invoiced(order);
    let tax_left = order.tax_invoiced.map(|invoiced| order.tax_amount - invoiced);
    let (grand_total, tax_amount) = match tax_left {
        Some(tax) if shown.grand_total > left + HALF_CENT || shown.tax_amount > tax + HALF_CENT => (left, tax),
        _ => (shown.grand_total, shown.tax_amount),
    };
    let credits = Totals {
        grand_total,
        tax_amount,
        gift_cards: whole.gift_cards - extension.gift_cards_invoiced,
        store_credit: whole.store_credit - extension.customer_balance_invoiced,
        gift_wrap: whole.gift_wrap - extension.gift_wrap_invoiced(),
        gift_wrap_tax: whole.gift_wrap_tax - extension.gift_wrap_tax_invoiced(),
        ..Totals::default()
    };
    // The first invoice carries the whole shipping, so that it is cancelled as a whole or not at all.
    if order.shipping_canceled.is_zero() {
        return credits;
    }
    Totals {
        shipping_amount: whole.shipping_amount,
        shipping_discount_amount: whole.shipping_discount_amount,
        shipping_tax_amount: whole.shipping_tax_amount,
        shipping_discount_tax_compensation_amount: whole.shipping_discount_tax_compensation_amount,
        ..credits
    }
}

/// Returns the part of the order's total that no invoice has.
fn not_invoiced(order: &Order) -> Decimal {
    order.grand_total - order.total_invoiced.or(order.total_paid).unwrap_or_default()
}
