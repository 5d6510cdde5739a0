//! The rows of a document: an order's items that carry money, or the lines of an invoice or a credit memo that do.

use std::collections::BTreeMap;

use commerce::document::Line;
use commerce::order::{DecodeError, FixedProductTax, Item, Order};
use commerce::totals::Totals;
use problem::Code;
use rust_decimal::{Decimal, RoundingStrategy};

use super::header::{self, Header};
use super::{gross, items, rest};
use crate::cancelled::{self, Part};
use crate::decision::Refusal;
use crate::document::{Document, DocumentKind};
use crate::fee::Fee;
use crate::file::Limits;
use crate::refusal::refuse;
use crate::rounding::round;

/// Commerce stores amounts with four decimals.
const STORED: u32 = 4;

/// One row, with the order item that says its rate and type.
#[derive(Debug)]
pub(super) struct Row<'a> {
    pub(super) item: &'a Item,
    pub(super) quantity: Decimal,
    /// Before discount, without tax. Zero on an order until it is rebuilt: its items do not show it.
    pub(super) gross: Decimal,
    /// Taken off `gross`, without tax.
    pub(super) discount: Decimal,
    pub(super) tax: Decimal,
    pub(super) fpt: Option<Fpt>,
}

/// Fixed product tax of a row.
#[derive(Debug)]
pub(super) struct Fpt {
    pub(super) title: String,
    pub(super) amount: Decimal,
    /// Tax on it. Commerce puts it in the header's tax and in no line.
    pub(super) tax: Decimal,
    /// Amount and tax on the order.
    pub(super) ordered: (Decimal, Decimal),
    /// True when it stands on parts of the item, which carry no money themselves.
    pub(super) of_parts: bool,
}

/// The rows of a document, with its header, with which they agree.
///
/// A reading of an order's items that agrees exactly comes before one that leaves something for rounding.
pub(super) fn with_header<'a>(
    document: &Document<'a>,
    fees: &[Fee],
    limits: Limits,
) -> Result<(Vec<Row<'a>>, Header), Refusal> {
    let tolerance = limits.rounding;
    if document.kind != DocumentKind::Order {
        return of_lines(document, fees, tolerance);
    }
    if document.order.items.is_empty() {
        let sentence = format!("{} has no items.", document.name().capital());
        return Err(refuse(Code::OrderWithoutItems, sentence));
    }
    let mut refusal = None;
    for off in [Decimal::ZERO, tolerance] {
        for items in items::with_money(document.order) {
            let mut rows: Vec<Row<'a>> =
                items.into_iter().map(|item| of_item(document, item)).collect::<Result<_, _>>()?;
            let header = header::check(document, &rows, fees, tolerance);
            let rebuilt = |header: Header| {
                gross::rebuild(document.order, &mut rows, header.rows, off, limits.unit).map(|()| header)
            };
            match header.and_then(rebuilt) {
                Ok(header) => return Ok((rows, header)),
                Err(error) => refusal = refusal.or(Some(error)),
            }
        }
    }
    Err(refusal.unwrap_or_else(|| refuse(Code::LinesDoNotAddUp, "No reading of the items adds up.")))
}

/// Returns the cancelled part of an order's rows, with the order's header where that is all of it. The part that was
/// cancelled before, as `document.before` has it, is taken off.
pub(super) fn cancelled<'a>(
    document: &Document<'a>,
    fees: &[Fee],
    limits: Limits,
) -> Result<(Vec<Row<'a>>, Header), Refusal> {
    let (mut rows, header) = cancelled_of(document.order, fees, limits)?;
    let Some(before) = document.before else { return Ok((rows, header)) };
    let (earlier, before) = cancelled_of(before, fees, limits)?;
    let header = rest::less(header, &before);
    for earlier in earlier {
        if let Some(row) = rows.iter_mut().find(|row| row.item.item_id == earlier.item.item_id) {
            row.quantity -= earlier.quantity;
            row.gross -= earlier.gross;
            row.discount -= earlier.discount;
            row.tax -= earlier.tax;
            if let (Some(fpt), Some(earlier)) = (&mut row.fpt, earlier.fpt) {
                fpt.amount -= earlier.amount;
                fpt.tax -= earlier.tax;
            }
        }
    }
    rows.retain(|row| !row.quantity.is_zero() || !(row.gross - row.discount).is_zero() || !row.tax.is_zero());
    Ok((rows, header))
}

fn cancelled_of<'a>(order: &'a Order, fees: &[Fee], limits: Limits) -> Result<(Vec<Row<'a>>, Header), Refusal> {
    let (rows, header) = with_header(&Document::of_order(order)?, fees, limits)?;
    let (rows, part_of) = (rows.into_iter(), cancelled::part(order));
    let mut parts: Vec<Row<'a>> = match part_of {
        Part::Nothing => Vec::new(),
        Part::Whole => return Ok((rows.collect(), header)),
        Part::Rest => rows.filter_map(not_invoiced).collect(),
        Part::Named => {
            let named = rows.filter(|row| !row.item.qty_canceled.is_zero());
            named.map(|row| part(row.item.qty_canceled, row)).collect()
        }
    };
    let totals = cancelled::totals(order);
    in_whole_units(&mut parts, &totals, rest::tax(&header.fees) - header.untold_tax, limits.unit.scale());
    let header = match part_of {
        Part::Rest => rest::header(order, &header, &parts, &totals, limits),
        Part::Nothing | Part::Whole | Part::Named => Header::default(),
    };
    Ok((parts, header))
}

/// Rounds shares of rows, so that what is credited of them first and what is credited later add up to the invoice on
/// each account and VAT code. Either each share is rounded by itself, where that is the header's tax; or what the
/// rounding of one leaves is carried to the next one of its rate, as the shop does it with tax. `fees` is the tax of
/// fees that may be among them.
fn in_whole_units(rows: &mut [Row<'_>], totals: &Totals, fees: Decimal, places: u32) {
    let amounts: [for<'r, 'a> fn(&'r mut Row<'a>) -> &'r mut Decimal; 3] =
        [|row| &mut row.gross, |row| &mut row.discount, |row| &mut row.tax];
    let fpt = |row: &Row<'_>| row.fpt.as_ref().map_or(Decimal::ZERO, |fpt| fpt.tax);
    let by_themselves: Decimal = rows.iter().map(|row| round(row.tax, places) + fpt(row)).sum();
    let others = by_themselves + totals.shipping_tax_amount + totals.gift_wrap_tax;
    let carries = [Decimal::ZERO, fees].iter().all(|fees| others + fees != round(totals.tax_amount, places));
    for amount in amounts {
        let mut carried: BTreeMap<Option<Decimal>, Decimal> = BTreeMap::new();
        for row in rows.iter_mut() {
            let left = carried.entry(row.item.tax_percent).or_default();
            let share = amount(row);
            let rounded = round(*share, places);
            if rounded == *share {
                continue;
            }
            let rounded = if carries { round(*share + *left, places) } else { rounded };
            *left += *share - rounded;
            *share = rounded;
        }
    }
}

/// Returns the part of a row that no invoice has: to the øre where the shop tells what its invoices have, and else by
/// quantity.
fn not_invoiced(row: Row<'_>) -> Option<Row<'_>> {
    let item = row.item;
    let quantity = item.qty_ordered - item.qty_invoiced;
    if item.qty_invoiced.is_zero() {
        return Some(row);
    }
    let Some(invoiced) = item.row_invoiced else {
        return (!quantity.is_zero()).then(|| part(quantity, row));
    };
    let rest = Row {
        quantity,
        gross: row.gross - invoiced,
        discount: row.discount - (item.discount_invoiced - item.discount_tax_compensation_invoiced),
        tax: row.tax - item.tax_invoiced,
        fpt: row.fpt.map(|fpt| share(fpt, quantity, item.qty_ordered)),
        item,
    };
    (!quantity.is_zero() || !rest.gross.is_zero() || !rest.tax.is_zero()).then_some(rest)
}

fn part(quantity: Decimal, row: Row<'_>) -> Row<'_> {
    let of = row.item.qty_ordered;
    let part = |amount: Decimal| (amount * quantity).checked_div(of).unwrap_or_default().round_dp(STORED);
    Row {
        quantity,
        gross: part(row.gross),
        discount: part(row.discount),
        tax: part(row.tax),
        fpt: row.fpt.map(|fpt| share(fpt, quantity, of)),
        ..row
    }
}

/// The rows of an invoice or a credit memo.
fn of_lines<'a>(document: &Document<'a>, fees: &[Fee], tolerance: Decimal) -> Result<(Vec<Row<'a>>, Header), Refusal> {
    // Lines without the key carry no money: parents of dynamic bundles, children of configurables.
    let lines = document.lines.iter().filter_map(|line| line.row_total.map(|gross| (line, gross)));
    let mut rows = lines.map(|(line, gross)| of_line(document, line, gross)).collect::<Result<Vec<_>, _>>()?;
    let header = header::check(document, &rows, fees, tolerance)?;
    let (sum, in_parents) = (rows.iter().map(|row| row.gross).sum::<Decimal>(), in_parents(&rows));
    if (sum - in_parents - header.rows).abs() < (sum - header.rows).abs() {
        let kept: Vec<bool> = rows.iter().map(|row| !is_in_parent(row, &rows)).collect();
        let mut kept = kept.into_iter();
        rows.retain(|_| kept.next().unwrap_or(true));
    }
    for row in &mut rows {
        row.fpt = row.fpt.take().filter(|fpt| header.fpt.has(fpt));
    }
    Ok((rows, header))
}

/// Sums up the rows that are in the price of their parents too: the parts of a bundle with a fixed price.
pub(super) fn in_parents(rows: &[Row<'_>]) -> Decimal {
    rows.iter().filter(|row| is_in_parent(row, rows)).map(|row| row.gross).sum()
}

fn is_in_parent(row: &Row<'_>, rows: &[Row<'_>]) -> bool {
    let shown = |parent: u64| rows.iter().any(|other| other.item.item_id == parent && !other.gross.is_zero());
    row.item.parent_item_id.is_some_and(shown)
}

fn of_item<'a>(document: &Document<'_>, item: &'a Item) -> Result<Row<'a>, Refusal> {
    Ok(Row {
        item,
        quantity: item.qty_ordered,
        gross: Decimal::ZERO,
        discount: item.discount_amount - item.discount_tax_compensation_amount,
        tax: item.tax_amount,
        fpt: fpt_of_item(document, item)?,
    })
}

fn of_line<'a>(document: &Document<'a>, line: &Line, gross: Decimal) -> Result<Row<'a>, Refusal> {
    let mut items = document.order.items.iter();
    let item = items.find(|item| Some(item.item_id) == line.order_item_id).ok_or_else(|| {
        let sentence = format!(
            "{} has a line for {} that is not on its order {}, so its tax rate is not known.",
            document.name().capital(),
            if line.sku.is_empty() { "a product without SKU" } else { &line.sku },
            document.order.increment_id
        );
        refuse(Code::LineNotOnOrder, sentence)
    })?;
    let fpt = match document.kind {
        DocumentKind::CreditMemo => match (fpt_of_memo(document, line, item)?, fpt_of_item(document, item)?) {
            (Some(own), Some(Fpt { ordered, .. })) => Some(Fpt { ordered, ..own }),
            (own, _) => own,
        },
        // Invoices show none: theirs is the order item's, by quantity.
        _ => fpt_of_item(document, item)?.map(|fpt| share(fpt, line.qty, item.qty_ordered)),
    };
    Ok(Row {
        item,
        quantity: line.qty,
        gross,
        discount: line.discount_amount - line.discount_tax_compensation_amount,
        tax: line.tax_amount,
        fpt,
    })
}

/// The fixed product tax of an order item, or of the parts of it that carry no money: that of a configurable product
/// may stand on the chosen variant.
fn fpt_of_item(document: &Document<'_>, item: &Item) -> Result<Option<Fpt>, Refusal> {
    let of = |item: &Item| fpt(document, &item.sku, item.weee_tax_applied_row_amount, || item.fixed_product_taxes());
    match of(item)? {
        Some(own) => Ok(Some(own)),
        None => document.order.children(item.item_id).try_fold(None, |sum, part| Ok(of_parts(sum, of(part)?))),
    }
}

/// As [`fpt_of_item`], of a line of a credit memo.
fn fpt_of_memo(document: &Document<'_>, line: &Line, item: &Item) -> Result<Option<Fpt>, Refusal> {
    let of = |line: &Line| fpt(document, &line.sku, line.weee_tax_applied_row_amount, || line.fixed_product_taxes());
    if let Some(own) = of(line)? {
        return Ok(Some(own));
    }
    let is_part =
        |line: &&Line| document.order.children(item.item_id).any(|part| Some(part.item_id) == line.order_item_id);
    document.lines.iter().filter(is_part).try_fold(None, |sum, part| Ok(of_parts(sum, of(part)?)))
}

/// Adds up the fixed product tax that stands on parts of an item.
fn of_parts(one: Option<Fpt>, other: Option<Fpt>) -> Option<Fpt> {
    let sum = match (one, other) {
        (Some(one), Some(other)) => Some(Fpt {
            title: if one.title == other.title { one.title } else { format!("{}, {}", one.title, other.title) },
            amount: one.amount + other.amount,
            tax: one.tax + other.tax,
            ordered: (one.ordered.0 + other.ordered.0, one.ordered.1 + other.ordered.1),
            ..one
        }),
        (one, other) => one.or(other),
    };
    sum.map(|fpt| Fpt { of_parts: true, ..fpt })
}

fn share(fpt: Fpt, quantity: Decimal, of: Decimal) -> Fpt {
    let part = |amount: Decimal| {
        let part = (amount * quantity).checked_div(of).unwrap_or_default();
        part.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
    };
    Fpt { amount: part(fpt.amount), tax: part(fpt.tax), ..fpt }
}

fn fpt(
    document: &Document<'_>,
    sku: &str,
    amount: Decimal,
    taxes: impl Fn() -> Result<Vec<FixedProductTax>, DecodeError>,
) -> Result<Option<Fpt>, Refusal> {
    if amount.is_zero() {
        return Ok(None);
    }
    let taxes = taxes().map_err(|error| {
        let name = document.name().capital();
        refuse(
            Code::FixedProductTaxUnreadable,
            format!("{name}: the fixed product tax of {sku} cannot be read: {error}."),
        )
    })?;
    let taxes = of_the_row(&taxes, amount);
    let mut titles: Vec<&str> = taxes.iter().map(|one| one.title.as_str()).filter(|title| !title.is_empty()).collect();
    titles.dedup();
    let title = if titles.is_empty() { "Fixed product tax".to_owned() } else { titles.join(", ") };
    let tax = taxes.iter().map(|one| one.tax()).sum();
    Ok(Some(Fpt { title, amount, tax, ordered: (amount, tax), of_parts: false }))
}

/// Amounts of a row are stored with four decimals each.
const OFF: Decimal = Decimal::from_parts(1, 0, 0, false, 3);
/// Entries of one row that are searched; no product has as many taxes.
const MOST_TAXES: usize = 12;

/// The entries that make up the amount of the row, the first ones that do: Commerce repeats some of them on the last
/// item. All of them where no choice does.
fn of_the_row(taxes: &[FixedProductTax], amount: Decimal) -> Vec<&FixedProductTax> {
    let all: Vec<&FixedProductTax> = taxes.iter().collect();
    let makes_up =
        |taxes: &[&FixedProductTax]| (taxes.iter().map(|one| one.row_amount).sum::<Decimal>() - amount).abs() <= OFF;
    if makes_up(&all) || taxes.len() > MOST_TAXES {
        return all;
    }
    let choices = (1_u32..1 << taxes.len()).map(|choice| -> Vec<&FixedProductTax> {
        taxes.iter().enumerate().filter(|(index, _)| choice & (1 << index) != 0).map(|(_, one)| one).collect()
    });
    choices.into_iter().find(|choice| makes_up(choice)).unwrap_or(all)
}
