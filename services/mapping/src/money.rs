//! The money of a document as exact decimals: a header that adds up, and the lines that it is made of.
//!
//! Commerce's header identity is exact, while the textbook sum of price × quantity misses it for almost half of real
//! orders. So the header decides: the lines are rebuilt to agree with it, what does not fit anywhere is told, and
//! nothing is rounded here. Rounding happens once, where the lines become a document of Visma's.

pub(crate) mod explain;
mod gross;
mod header;
mod items;
pub(crate) mod range;
pub(crate) mod rate;
mod rest;
mod rows;
mod split;

use commerce::order::{Item, Order};
use commerce::totals::Totals;
use problem::Code;
use rust_decimal::Decimal;

use crate::decision::Refusal;
use crate::document::{Document, DocumentKind};
use crate::fee::Fee;
use crate::file::Limits;
use crate::refusal::refuse;
use crate::rounding::round;
use crate::rules::LineKind;
use header::Hidden;
use rows::Row;

/// A part of the document's total, in the order's currency, unrounded.
#[derive(Debug, Clone)]
pub(crate) struct MoneyLine<'a> {
    pub(crate) kind: LineKind,
    /// The item behind an item line or a fixed product tax.
    pub(crate) item: Option<&'a Item>,
    /// Text that the buyer reads.
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
    /// Codes of the shop's tax rates that were applied.
    pub(crate) tax_codes: Vec<&'a str>,
    /// Whose VAT it is, where the mapping file knows a country by the tax codes.
    pub(crate) country: Option<&'a str>,
    /// Part of `discount` that the shop did not take off what it taxed.
    pub(crate) untaxed_discount: Decimal,
    /// Number of pieces that it is the sum of, where its quantity is one.
    pub(crate) pieces: Option<Decimal>,
    /// True when it is what other documents left of a row, so that it has their roundings too.
    pub(crate) left: bool,
}

impl MoneyLine<'_> {
    /// After discount, without tax.
    pub(crate) fn net(&self) -> Decimal {
        self.gross - self.discount
    }

    /// How a refusal calls it.
    pub(crate) fn name(&self) -> String {
        match (self.kind, self.item) {
            (LineKind::Item, Some(item)) => format!("item {}", item.code()),
            (kind, Some(item)) => format!("the {kind} line of {}", item.code()),
            (kind, None) => format!("the {kind} line"),
        }
    }

    /// Checks whether it costs nothing, and never did.
    pub(crate) fn is_free(&self) -> bool {
        self.gross.is_zero() && self.discount.is_zero() && self.tax.is_zero()
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
            tax_codes: Vec::new(),
            country: None,
            untaxed_discount: Decimal::ZERO,
            pieces: None,
            left: false,
        }
    }
}

/// A document taken apart.
#[derive(Debug)]
pub(crate) struct Money<'a> {
    pub(crate) lines: Vec<MoneyLine<'a>>,
    /// All tax: what the document shows, and what a module takes besides.
    pub(crate) tax: Decimal,
}

/// Takes a document apart into lines whose sum is its total. `fees` are those of payment modules that may be in it.
///
/// The lines agree with the header to within the limits; what is left of that is the caller's to book as rounding.
///
/// # Errors
/// When amounts are negative where they cannot be, when the header does not add up, when the lines do not add up to the
/// header, or when a tax has no rate.
pub(crate) fn lines<'a>(document: &Document<'a>, fees: &[Fee], limits: Limits) -> Result<Money<'a>, Refusal> {
    let order = document.order;
    let (rows, header) = match document.kind {
        DocumentKind::CancelledPart => rows::cancelled(document, fees, limits)?,
        DocumentKind::Order | DocumentKind::Invoice | DocumentKind::CreditMemo => {
            rows::with_header(document, fees, limits)?
        }
    };
    let rates = rate::Rates::of_order(order, limits.unit);
    let mut lines = Vec::new();
    for row in &rows {
        let left = document.kind == DocumentKind::CancelledPart;
        lines.extend(rates.of_item(row.item, MoneyLine { left, ..item_line(row) })?);
    }
    lines.extend(shipping(document, &rates)?);
    lines.extend(gift_wrap(document, &rates)?);
    lines.extend(custom_fees(order).filter(|_| header.custom_fees));
    lines.extend(module_fees(&header.fees, &rates)?);
    lines.extend(fixed_product_taxes(&rows, &rates)?);
    lines.extend(adjustments(document).chain(liabilities(document, header.hidden)));
    let tax = document.totals.tax_amount + header.untold_tax;
    add_up(document, &lines, tax, limits)?;
    Ok(Money { lines, tax })
}

fn item_line<'a>(row: &Row<'a>) -> MoneyLine<'a> {
    let item = row.item;
    MoneyLine {
        item: Some(item),
        quantity: row.quantity,
        discount: row.discount,
        tax: row.tax,
        ..MoneyLine::single(LineKind::Item, item.label(), row.gross)
    }
}

fn shipping<'a>(document: &Document<'a>, rates: &rate::Rates<'a>) -> Result<Vec<MoneyLine<'a>>, Refusal> {
    let totals = &document.totals;
    let line = |totals: &Totals| MoneyLine {
        discount: totals.shipping_discount_amount - totals.shipping_discount_tax_compensation_amount,
        tax: totals.shipping_tax_amount,
        ..MoneyLine::single(
            LineKind::Shipping,
            document.order.shipping_description.as_deref().unwrap_or("Shipping"),
            totals.shipping_amount,
        )
    };
    if totals.shipping_net().is_zero() && totals.shipping_tax_amount.is_zero() || refunds_beyond_the_lines(document) {
        return Ok(Vec::new());
    }
    let ordered = line(&document.order.totals());
    let lines = rates.of("shipping", "the shipping", line(totals), &ordered)?;
    if document.kind != DocumentKind::CreditMemo || lines.iter().all(|line| rates.explain(line)) {
        return Ok(lines);
    }
    // Commerce works out the discount of some refunds wrongly where the order's shipping was discounted. Then the tax
    // is that of what is refunded less its part of the order's discount, and the customer got the difference without
    // tax.
    let Some(part) = (ordered.discount * totals.shipping_amount).checked_div(ordered.gross) else { return Ok(lines) };
    let right = MoneyLine { discount: round(part, rates.decimals()), ..line(totals) };
    let beyond = totals.shipping_net() - right.net();
    let mut right = rates.of("shipping", "the shipping", right, &ordered)?;
    if !right.iter().all(|line| rates.explain(line)) {
        return Ok(lines);
    }
    right.push(miscalculated(beyond));
    Ok(right)
}

fn gift_wrap<'a>(document: &Document<'a>, rates: &rate::Rates<'a>) -> Result<Vec<MoneyLine<'a>>, Refusal> {
    let line = |totals: &Totals| MoneyLine {
        tax: totals.gift_wrap_tax,
        ..MoneyLine::single(LineKind::GiftWrap, "Gift wrap", totals.gift_wrap)
    };
    let wrap = line(&document.totals);
    if wrap.gross.is_zero() && wrap.tax.is_zero() {
        return Ok(Vec::new());
    }
    rates.of("gw", "the gift wrap", wrap, &line(&document.order.totals()))
}

/// Fees of apps. Commerce shows no tax of theirs, so they are booked without.
fn custom_fees<'a>(order: &'a Order) -> impl Iterator<Item = MoneyLine<'a>> {
    order.extension_attributes.custom_fees.iter().filter(|fee| !fee.custom_fee_amount.is_zero()).map(|fee| {
        let name = fee.custom_fee_label.as_ref().or(fee.custom_fee_code.as_ref());
        let description = name.cloned().unwrap_or_else(|| "Fee".to_owned());
        MoneyLine::single(LineKind::Fee, description, fee.custom_fee_amount)
    })
}

/// Fees of payment modules, each with the tax that the module shows.
fn module_fees<'a>(fees: &[Fee], rates: &rate::Rates<'a>) -> Result<Vec<MoneyLine<'a>>, Refusal> {
    let mut lines = Vec::new();
    for fee in fees {
        let of = |net, tax| MoneyLine { tax, ..MoneyLine::single(LineKind::Fee, fee.label.clone(), net) };
        let (line, ordered) = (of(fee.net, fee.tax), of(fee.ordered.0, fee.ordered.1));
        match fee.tax.is_zero() && ordered.tax.is_zero() {
            true => lines.push(line),
            false => lines.extend(rates.of(&fee.field, &fee.label, line, &ordered)?),
        }
    }
    Ok(lines)
}

/// Fixed product taxes, a line per item.
fn fixed_product_taxes<'a>(rows: &[Row<'a>], rates: &rate::Rates<'a>) -> Result<Vec<MoneyLine<'a>>, Refusal> {
    let mut lines = Vec::new();
    for (row, fpt) in rows.iter().filter_map(|row| row.fpt.as_ref().map(|fpt| (row, fpt))) {
        let item = row.item;
        let of = |amount: Decimal, tax: Decimal| {
            let line = MoneyLine::single(LineKind::Fpt, format!("{} ({})", fpt.title, item.code()), amount);
            MoneyLine { item: Some(item), tax, pieces: Some(row.quantity), ..line }
        };
        let (line, ordered) = (of(fpt.amount, fpt.tax), of(fpt.ordered.0, fpt.ordered.1));
        // A shop may leave it untaxed on items that it taxes; not on the order alone, or on the refund.
        match fpt.tax.is_zero() && ordered.tax.is_zero() {
            true => lines.push(line),
            false if item.tax_percent.is_some_and(|rate| !rate.is_zero()) => lines.extend(rates.of_item(item, line)?),
            false => lines.extend(rates.of("weee", "the fixed product tax", line, &ordered)?),
        }
    }
    Ok(lines)
}

/// A credit memo that refunds no shipping and yet has something of the discount on it left over: Commerce computes the
/// discount of such refunds wrongly where the order's shipping was discounted. The customer got that money, without
/// tax and for nothing that was sold.
fn refunds_beyond_the_lines(document: &Document<'_>) -> bool {
    let totals = &document.totals;
    let refunds_shipping = !totals.shipping_amount.is_zero() || !totals.shipping_tax_amount.is_zero();
    document.kind == DocumentKind::CreditMemo && !refunds_shipping && !totals.shipping_net().is_zero()
}

/// Returns lines for what is refunded beyond the rows, and for what is kept back of them: by the merchant's choice, or
/// by miscalculation.
fn adjustments<'a>(document: &Document<'_>) -> impl Iterator<Item = MoneyLine<'a>> {
    let beyond = if refunds_beyond_the_lines(document) { document.totals.shipping_net() } else { Decimal::ZERO };
    let lines = [
        MoneyLine::single(LineKind::AdjustmentRefund, "Adjustment refund", document.adjustment_refund),
        MoneyLine::single(LineKind::AdjustmentFee, "Adjustment fee", -document.adjustment_fee),
        miscalculated(beyond),
    ];
    lines.into_iter().filter(|line| !line.gross.is_zero())
}

/// Returns a line for what the shop refunded without meaning to, or kept back.
fn miscalculated<'a>(beyond: Decimal) -> MoneyLine<'a> {
    let kind = if beyond > Decimal::ZERO { LineKind::AdjustmentRefund } else { LineKind::AdjustmentFee };
    MoneyLine::single(kind, "Difference in the shop's refund", beyond)
}

/// Returns lines for what was paid with money that the shop already owed, or refunded as such: it lowers the total, not
/// the revenue.
fn liabilities<'a>(document: &Document<'_>, hidden: Hidden) -> impl Iterator<Item = MoneyLine<'a>> {
    let totals = &document.totals;
    [
        (LineKind::GiftCard, "Gift card", totals.gift_cards + hidden.gift_cards),
        (LineKind::StoreCredit, "Store credit", totals.store_credit + hidden.store_credit),
        (LineKind::Reward, "Reward points", totals.reward_points + hidden.reward_points),
    ]
    .into_iter()
    .filter(|(_, _, amount)| !amount.is_zero())
    .map(|(kind, description, amount)| MoneyLine::single(kind, description, -amount))
}

/// Holds the lines against the header: their net sum, and their tax.
fn add_up(document: &Document<'_>, lines: &[MoneyLine<'_>], charged: Decimal, limits: Limits) -> Result<(), Refusal> {
    let (name, currency) = (document.name(), document.currency());
    let net: Decimal = lines.iter().map(MoneyLine::net).sum();
    let expected = document.totals.grand_total - charged;
    if (net - expected).abs() > limits.rounding {
        let sentence = format!(
            "The lines of {name} add up to {net} {currency} without tax, but its total without tax is {expected} \
             {currency}. Something in the shop changes totals without a line."
        );
        return Err(refuse(Code::LinesDoNotAddUp, sentence));
    }
    let tax: Decimal = lines.iter().map(|line| line.tax).sum();
    if (tax - charged).abs() > limits.vat {
        let sentence = format!(
            "The taxes on the lines of {name} add up to {tax} {currency}, but it shows {charged} {currency} of tax."
        );
        return Err(refuse(Code::TaxDoesNotAddUp, sentence));
    }
    Ok(())
}
