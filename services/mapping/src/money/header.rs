//! The header of an order: amounts within reason, and the identity that must hold between them.

use commerce::order::{Order, Totals};
use rust_decimal::Decimal;

use crate::decision::Refusal;
use crate::refusal::{code, refuse};

/// No amount, quantity or rate of a real order reaches this; below it no sum or product here can overflow.
const LARGEST: Decimal = Decimal::from_parts(1_410_065_408, 2, 0, false, 0);
/// No real order has as many items.
const MOST_ITEMS: usize = 10_000;
/// Header amounts are stored with four decimals, so that a sum of ten of them may be off by ten halves of the last one.
const STORED: Decimal = Decimal::from_parts(5, 0, 0, false, 4);

/// A header that adds up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    subtotal: Decimal,
    /// Fixed product tax that is contained in `subtotal`.
    fpt_inside: Decimal,
}

impl Header {
    /// What the items' rows before discount must add up to.
    pub(super) fn rows(self) -> Decimal {
        self.subtotal - self.fpt_inside
    }
}

/// Checks that the order's amounts can be worked with and add up to its total.
pub(super) fn check(order: &Order) -> Result<Header, Refusal> {
    let number = &order.increment_id;
    if order.items.is_empty() {
        return Err(refuse(code::ORDER_WITHOUT_ITEMS, format!("Order {number} has no items.")));
    }
    in_range(order)?;
    if order.grand_total < Decimal::ZERO {
        let sentence = format!(
            "Order {number} has a total of {} {}: a customer invoice cannot be negative.",
            order.grand_total, order.order_currency_code
        );
        return Err(refuse(code::NEGATIVE_TOTAL, sentence));
    }
    let totals = order.totals();
    let fpt: Decimal = super::items::with_money(order).iter().map(|item| item.weee_tax_applied_row_amount).sum();
    let residual = totals.residual();
    if near_zero(residual) {
        return Ok(Header { subtotal: order.subtotal, fpt_inside: fpt });
    }
    if near_zero(residual - fpt) {
        return Ok(Header { subtotal: order.subtotal, fpt_inside: Decimal::ZERO });
    }
    Err(does_not_add_up(order, &totals, fpt))
}

fn does_not_add_up(order: &Order, totals: &Totals, fpt: Decimal) -> Refusal {
    let (number, currency) = (&order.increment_id, &order.order_currency_code);
    let with_fpt =
        if fpt.is_zero() { String::new() } else { format!(" (with fixed product tax {})", totals.sum() + fpt) };
    let sentence = format!(
        "Order {number} does not add up: subtotal, discount, shipping, tax, fees and payments by credit make {} \
         {currency}{with_fpt}, but its total is {} {currency}. Find out in the shop what the difference of {} is.",
        totals.sum(),
        totals.grand_total,
        totals.residual(),
    );
    refuse(code::TOTAL_DOES_NOT_ADD_UP, sentence)
}

fn near_zero(amount: Decimal) -> bool {
    amount.abs() <= STORED
}

fn in_range(order: &Order) -> Result<(), Refusal> {
    let extension = &order.extension_attributes;
    let header = [
        ("grand_total", order.grand_total),
        ("subtotal", order.subtotal),
        ("discount_amount", order.discount_amount),
        ("shipping_amount", order.shipping_amount),
        ("shipping_discount_amount", order.shipping_discount_amount),
        ("shipping_tax_amount", order.shipping_tax_amount),
        ("tax_amount", order.tax_amount),
        ("discount_tax_compensation_amount", order.discount_tax_compensation_amount),
        ("shipping_discount_tax_compensation_amount", order.shipping_discount_tax_compensation_amount),
        ("gift_cards_amount", extension.gift_cards_amount),
        ("customer_balance_amount", extension.customer_balance_amount),
        ("reward_currency_amount", extension.reward_currency_amount),
        ("gw_price", extension.gw_price),
        ("gw_items_price", extension.gw_items_price),
        ("gw_card_price", extension.gw_card_price),
        ("gw_tax_amount", extension.gw_tax_amount),
        ("gw_items_tax_amount", extension.gw_items_tax_amount),
        ("gw_card_tax_amount", extension.gw_card_tax_amount),
    ];
    let fees = extension.custom_fees.iter().map(|fee| ("custom_fee_amount", fee.custom_fee_amount));
    let items = order.items.iter().flat_map(|item| {
        [
            ("qty_ordered", item.qty_ordered),
            ("price", item.price),
            ("row_total", item.row_total.unwrap_or_default()),
            ("discount_amount", item.discount_amount),
            ("discount_tax_compensation_amount", item.discount_tax_compensation_amount),
            ("tax_amount", item.tax_amount),
            ("tax_percent", item.tax_percent.unwrap_or_default()),
            ("weee_tax_applied_row_amount", item.weee_tax_applied_row_amount),
        ]
    });
    let applied = extension.item_applied_taxes.iter().flat_map(|one| &one.applied_taxes);
    let rates = applied.map(|tax| ("percent", tax.percent.unwrap_or_default()));
    let fpt = order.items.iter().flat_map(|item| item.fixed_product_taxes().unwrap_or_default());
    let fpt = fpt.flat_map(|tax| [tax.row_amount, tax.row_amount_incl_tax.unwrap_or_default()]);
    let fpt = fpt.map(|amount| ("weee_tax_applied", amount));
    let mut amounts = header.into_iter().chain(fees).chain(items).chain(rates).chain(fpt);
    let large = amounts.find(|(_, amount)| amount.abs() >= LARGEST);
    let sentence = match large {
        Some((key, amount)) => format!("Order {} has {key} {amount}, which no real order has.", order.increment_id),
        None if order.items.len() > MOST_ITEMS => {
            format!("Order {} has {} items, which no real order has.", order.increment_id, order.items.len())
        }
        None => return Ok(()),
    };
    Err(refuse(code::AMOUNT_OUT_OF_RANGE, sentence))
}
