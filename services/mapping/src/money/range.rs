//! Amounts within reason: checked before the first sum, so that no sum or product of a document can overflow.

use commerce::creditmemo::CreditMemo;
use commerce::document::{Extension, Line};
use commerce::invoice::Invoice;
use commerce::order::{FixedProductTax, Order};
use problem::Code;
use rust_decimal::Decimal;

use crate::decision::Refusal;
use crate::document::Name;
use crate::refusal::refuse;

/// No amount, quantity or rate of a real document reaches this.
const LARGEST: Decimal = Decimal::from_parts(1_410_065_408, 2, 0, false, 0);
/// No real document has as many lines.
const MOST_LINES: usize = 10_000;

/// The amounts of an order.
pub(crate) fn order(order: &Order, name: Name<'_>) -> Result<(), Refusal> {
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
        ("total_paid", order.total_paid.unwrap_or_default()),
        ("total_canceled", order.total_canceled.unwrap_or_default()),
        ("tax_canceled", order.tax_canceled),
        ("total_invoiced", order.total_invoiced.unwrap_or_default()),
        ("total_refunded", order.total_refunded.unwrap_or_default()),
        ("tax_invoiced", order.tax_invoiced.unwrap_or_default()),
        ("tax_refunded", order.tax_refunded.unwrap_or_default()),
        ("shipping_canceled", order.shipping_canceled),
        ("gift_cards_invoiced", extension.gift_cards_invoiced),
        ("customer_balance_invoiced", extension.customer_balance_invoiced),
        ("gift_cards_amount", extension.gift_cards_amount),
        ("customer_balance_amount", extension.customer_balance_amount),
        ("reward_currency_amount", extension.reward_currency_amount),
        ("gw_price", extension.gw_price),
        ("gw_items_price", extension.gw_items_price),
        ("gw_card_price", extension.gw_card_price),
        ("gw_tax_amount", extension.gw_tax_amount),
        ("gw_items_tax_amount", extension.gw_items_tax_amount),
        ("gw_card_tax_amount", extension.gw_card_tax_amount),
        ("gw_price_invoiced", extension.gw_price_invoiced),
        ("gw_items_price_invoiced", extension.gw_items_price_invoiced),
        ("gw_card_price_invoiced", extension.gw_card_price_invoiced),
        ("gw_tax_amount_invoiced", extension.gw_tax_amount_invoiced),
        ("gw_items_tax_invoiced", extension.gw_items_tax_invoiced),
        ("gw_card_tax_invoiced", extension.gw_card_tax_invoiced),
    ];
    let fees = extension.custom_fees.iter().map(|fee| ("custom_fee_amount", fee.custom_fee_amount));
    let items = order.items.iter().flat_map(|item| {
        [
            ("qty_ordered", item.qty_ordered),
            ("qty_invoiced", item.qty_invoiced),
            ("qty_shipped", item.qty_shipped),
            ("qty_refunded", item.qty_refunded),
            ("qty_canceled", item.qty_canceled),
            ("price", item.price),
            ("row_total", item.row_total.unwrap_or_default()),
            ("discount_amount", item.discount_amount),
            ("discount_tax_compensation_amount", item.discount_tax_compensation_amount),
            ("tax_amount", item.tax_amount),
            ("row_invoiced", item.row_invoiced.unwrap_or_default()),
            ("discount_invoiced", item.discount_invoiced),
            ("discount_tax_compensation_invoiced", item.discount_tax_compensation_invoiced),
            ("tax_invoiced", item.tax_invoiced),
            ("tax_percent", item.tax_percent.unwrap_or_default()),
            ("weee_tax_applied_row_amount", item.weee_tax_applied_row_amount),
        ]
    });
    let applied = extension.item_applied_taxes.iter().flat_map(|one| &one.applied_taxes);
    let rates = applied.flat_map(|tax| [("percent", tax.percent.unwrap_or_default()), ("tax amount", tax.amount)]);
    let fpt = order.items.iter().flat_map(|item| fixed(item.fixed_product_taxes().unwrap_or_default()));
    check(header.into_iter().chain(fees).chain(items).chain(rates).chain(fpt), order.items.len(), name)
}

/// The amounts of an invoice.
pub(crate) fn invoice(invoice: &Invoice, name: Name<'_>) -> Result<(), Refusal> {
    let header = [
        ("grand_total", invoice.grand_total),
        ("subtotal", invoice.subtotal),
        ("discount_amount", invoice.discount_amount),
        ("shipping_amount", invoice.shipping_amount),
        ("shipping_tax_amount", invoice.shipping_tax_amount),
        ("tax_amount", invoice.tax_amount),
        ("discount_tax_compensation_amount", invoice.discount_tax_compensation_amount),
        ("shipping_discount_tax_compensation_amount", invoice.shipping_discount_tax_compensation_amount),
    ];
    let rest = extension(&invoice.extension_attributes).into_iter().chain(lines(&invoice.items));
    check(header.into_iter().chain(rest), invoice.items.len(), name)
}

/// The amounts of a credit memo.
pub(crate) fn credit_memo(memo: &CreditMemo, name: Name<'_>) -> Result<(), Refusal> {
    let header = [
        ("grand_total", memo.grand_total),
        ("subtotal", memo.subtotal),
        ("discount_amount", memo.discount_amount),
        ("shipping_amount", memo.shipping_amount),
        ("shipping_tax_amount", memo.shipping_tax_amount),
        ("tax_amount", memo.tax_amount),
        ("discount_tax_compensation_amount", memo.discount_tax_compensation_amount),
        ("adjustment_positive", memo.adjustment_positive),
        ("adjustment_negative", memo.adjustment_negative),
    ];
    let rest = extension(&memo.extension_attributes).into_iter().chain(lines(&memo.items));
    check(header.into_iter().chain(rest), memo.items.len(), name)
}

/// The amount and the tax of a module's fee.
pub(crate) fn fee(field: &str, amount: Decimal, tax: Decimal, name: Name<'_>) -> Result<(), Refusal> {
    match [amount, tax].into_iter().find(|amount| amount.abs() >= LARGEST) {
        Some(amount) => {
            let sentence = format!("{} has {field} {amount}, which no real document has.", name.capital());
            Err(refuse(Code::AmountOutOfRange, sentence))
        }
        None => Ok(()),
    }
}

fn extension(extension: &Extension) -> [(&'static str, Decimal); 8] {
    [
        ("gift_cards_amount", extension.gift_cards_amount),
        ("customer_balance_amount", extension.customer_balance_amount),
        ("gw_price", extension.gw_price),
        ("gw_items_price", extension.gw_items_price),
        ("gw_card_price", extension.gw_card_price),
        ("gw_tax_amount", extension.gw_tax_amount),
        ("gw_items_tax_amount", extension.gw_items_tax_amount),
        ("gw_card_tax_amount", extension.gw_card_tax_amount),
    ]
}

fn lines(lines: &[Line]) -> impl Iterator<Item = (&'static str, Decimal)> {
    let amounts = lines.iter().flat_map(|line| {
        [
            ("qty", line.qty),
            ("row_total", line.row_total.unwrap_or_default()),
            ("discount_amount", line.discount_amount),
            ("discount_tax_compensation_amount", line.discount_tax_compensation_amount),
            ("tax_amount", line.tax_amount),
            ("weee_tax_applied_row_amount", line.weee_tax_applied_row_amount),
        ]
    });
    amounts.chain(lines.iter().flat_map(|line| fixed(line.fixed_product_taxes().unwrap_or_default())))
}

fn fixed(taxes: Vec<FixedProductTax>) -> impl Iterator<Item = (&'static str, Decimal)> {
    let amounts = taxes.into_iter().flat_map(|tax| [tax.row_amount, tax.row_amount_incl_tax.unwrap_or_default()]);
    amounts.map(|amount| ("weee_tax_applied", amount))
}

fn check(
    mut amounts: impl Iterator<Item = (&'static str, Decimal)>,
    lines: usize,
    name: Name<'_>,
) -> Result<(), Refusal> {
    let sentence = match amounts.find(|(_, amount)| amount.abs() >= LARGEST) {
        Some((key, amount)) => format!("{} has {key} {amount}, which no real document has.", name.capital()),
        None if lines > MOST_LINES => format!("{} has {lines} lines, which no real document has.", name.capital()),
        None => return Ok(()),
    };
    Err(refuse(Code::AmountOutOfRange, sentence))
}
