//! The money of an order as exact decimals: a header that adds up, and the lines that it is made of.
//!
//! Commerce's header identity is exact, while the textbook sum of price × quantity misses it for almost half of real
//! orders. So the header decides: the lines are rebuilt to agree with it, what does not fit anywhere is told, and
//! nothing is rounded here. Rounding happens once, where the lines become an invoice.

mod gross;
mod header;
mod items;
pub(crate) mod rate;

use commerce::order::{Item, Order};
use rust_decimal::Decimal;

use crate::decision::Refusal;
use crate::refusal::{code, refuse};
use crate::rules::LineKind;

/// A part of the order's total, in the order's currency, unrounded.
#[derive(Debug, Clone)]
pub(crate) struct MoneyLine<'a> {
    pub(crate) kind: LineKind,
    /// The item behind an item line or a fixed product tax.
    pub(crate) item: Option<&'a Item>,
    /// What the buyer reads.
    pub(crate) description: String,
    pub(crate) quantity: Decimal,
    /// Before discount, without tax.
    pub(crate) gross: Decimal,
    /// Taken off `gross`, without tax.
    pub(crate) discount: Decimal,
    /// Tax that the shop charged on this line.
    pub(crate) tax: Decimal,
    /// The rate that it was charged at, in percent.
    pub(crate) rate: Decimal,
}

impl MoneyLine<'_> {
    /// After discount, without tax.
    pub(crate) fn net(&self) -> Decimal {
        self.gross - self.discount
    }

    pub(crate) fn single(kind: LineKind, description: impl Into<String>, amount: Decimal) -> Self {
        Self {
            kind,
            item: None,
            description: description.into(),
            quantity: Decimal::ONE,
            gross: amount,
            discount: Decimal::ZERO,
            tax: Decimal::ZERO,
            rate: Decimal::ZERO,
        }
    }
}

/// Takes an order apart into lines whose sum is its total.
///
/// The lines agree with the header to within `tolerance` (net and tax each); what is left of that is the caller's to
/// book as rounding.
///
/// # Errors
/// When amounts are out of range or negative where they cannot be, when the header does not add up, when the lines do
/// not add up to the header, or when a tax has no rate.
pub(crate) fn lines(order: &Order, tolerance: Decimal) -> Result<Vec<MoneyLine<'_>>, Refusal> {
    let header = header::check(order)?;
    let items = items::with_money(order);
    let grosses = gross::rebuild(order, &items, header.rows())?;
    let mut lines = Vec::new();
    for (item, gross) in items.iter().zip(grosses) {
        lines.push(item_line(order, item, gross)?);
    }
    let rates = rate::Rates::of_order(order, &lines);
    let shipping = shipping(order, &rates)?;
    let wrap = gift_wrap(order, &rates)?;
    let fees = fees(order);
    let fpt = fixed_product_taxes(order, &items, &rates)?;
    lines.extend(shipping.into_iter().chain(wrap).chain(fees).chain(fpt).chain(liabilities(order)));
    add_up(order, &lines, tolerance)?;
    Ok(lines)
}

fn item_line<'a>(order: &Order, item: &'a Item, gross: Decimal) -> Result<MoneyLine<'a>, Refusal> {
    Ok(MoneyLine {
        kind: LineKind::Item,
        item: Some(item),
        description: if item.sku.is_empty() { item.name.clone() } else { format!("{} ({})", item.name, item.sku) },
        quantity: item.qty_ordered,
        gross,
        discount: item.discount_amount - item.discount_tax_compensation_amount,
        tax: item.tax_amount,
        rate: rate::of_item(order, item)?,
    })
}

fn shipping<'a>(order: &'a Order, rates: &rate::Rates<'_>) -> Result<Option<MoneyLine<'a>>, Refusal> {
    let totals = order.totals();
    let (gross, tax) = (totals.shipping_amount, totals.shipping_tax_amount);
    let discount = totals.shipping_discount_amount - totals.shipping_discount_tax_compensation_amount;
    if gross == discount && tax.is_zero() {
        return Ok(None);
    }
    let rate = rates.of("shipping", "the shipping", gross - discount, tax)?;
    let description = order.shipping_description.clone().unwrap_or_else(|| "Shipping".to_owned());
    Ok(Some(MoneyLine { discount, tax, rate, ..MoneyLine::single(LineKind::Shipping, description, gross) }))
}

fn gift_wrap<'a>(order: &'a Order, rates: &rate::Rates<'_>) -> Result<Option<MoneyLine<'a>>, Refusal> {
    let extension = &order.extension_attributes;
    let net = order.totals().gift_wrap;
    let tax = extension.gw_tax_amount + extension.gw_items_tax_amount + extension.gw_card_tax_amount;
    if net.is_zero() && tax.is_zero() {
        return Ok(None);
    }
    let rate = rates.of("gw", "the gift wrap", net, tax)?;
    Ok(Some(MoneyLine { tax, rate, ..MoneyLine::single(LineKind::GiftWrap, "Gift wrap", net) }))
}

/// Fees of apps. Commerce shows no tax of theirs, so they are booked without.
fn fees<'a>(order: &'a Order) -> impl Iterator<Item = MoneyLine<'a>> {
    order.extension_attributes.custom_fees.iter().filter(|fee| !fee.custom_fee_amount.is_zero()).map(|fee| {
        let name = fee.custom_fee_label.as_ref().or(fee.custom_fee_code.as_ref());
        let description = name.cloned().unwrap_or_else(|| "Fee".to_owned());
        MoneyLine::single(LineKind::Fee, description, fee.custom_fee_amount)
    })
}

/// Fixed product taxes, a line per item. Their tax stands in the header and, per item, inside a JSON text.
fn fixed_product_taxes<'a>(
    order: &Order,
    items: &[&'a Item],
    rates: &rate::Rates<'_>,
) -> Result<Vec<MoneyLine<'a>>, Refusal> {
    let mut lines = Vec::new();
    for item in items.iter().filter(|item| !item.weee_tax_applied_row_amount.is_zero()) {
        let taxes = item.fixed_product_taxes().map_err(|error| {
            let sentence =
                format!("Order {}: the fixed product tax of {} cannot be read: {error}.", order.increment_id, item.sku);
            refuse(code::FIXED_PRODUCT_TAX_UNREADABLE, sentence)
        })?;
        let amount = item.weee_tax_applied_row_amount;
        let tax: Decimal = taxes.iter().map(commerce::order::FixedProductTax::tax).sum();
        let titles: Vec<&str> = taxes.iter().map(|one| one.title.as_str()).filter(|title| !title.is_empty()).collect();
        let title = if titles.is_empty() { "Fixed product tax".to_owned() } else { titles.join(", ") };
        let rate = match rate::of_item(order, item)? {
            _ if tax.is_zero() => Decimal::ZERO,
            rate if rate.is_zero() => rates.of("weee", "the fixed product tax", amount, tax)?,
            rate => rate,
        };
        let description = format!("{title} ({})", item.sku);
        let line = MoneyLine::single(LineKind::Fpt, description, amount);
        lines.push(MoneyLine { item: Some(item), tax, rate, ..line });
    }
    Ok(lines)
}

/// What was paid with money that the shop already owed: it lowers the total, not the revenue.
fn liabilities<'a>(order: &'a Order) -> impl Iterator<Item = MoneyLine<'a>> {
    let totals = order.totals();
    [
        (LineKind::GiftCard, "Gift card", totals.gift_cards),
        (LineKind::StoreCredit, "Store credit", totals.store_credit),
        (LineKind::Reward, "Reward points", totals.reward_points),
    ]
    .into_iter()
    .filter(|(_, _, amount)| !amount.is_zero())
    .map(|(kind, description, amount)| MoneyLine::single(kind, description, -amount))
}

/// Holds the lines against the header: their net sum, and their tax.
fn add_up(order: &Order, lines: &[MoneyLine<'_>], tolerance: Decimal) -> Result<(), Refusal> {
    let (number, currency) = (&order.increment_id, &order.order_currency_code);
    let net: Decimal = lines.iter().map(MoneyLine::net).sum();
    let expected = order.grand_total - order.tax_amount;
    if (net - expected).abs() > tolerance {
        let sentence = format!(
            "The lines of order {number} add up to {net} {currency} without tax, but its total without tax is \
             {expected} {currency}. Something in the shop changes totals without a line."
        );
        return Err(refuse(code::LINES_DO_NOT_ADD_UP, sentence));
    }
    let tax: Decimal = lines.iter().map(|line| line.tax).sum();
    if (tax - order.tax_amount).abs() > tolerance {
        let sentence = format!(
            "The taxes on the lines of order {number} add up to {tax} {currency}, but the order shows {} {currency} \
             of tax.",
            order.tax_amount
        );
        return Err(refuse(code::TAX_DOES_NOT_ADD_UP, sentence));
    }
    Ok(())
}
