//! Fees and points of an order that are on none of its invoices, where the rest of the order is cancelled.
//!
//! Commerce shows what its invoices have of rows, gift wraps, gift cards and store credit. Of fees and reward points it
//! does not: a fee is in one invoice as a whole, or in none, and points are used up by the first invoices. So what was
//! cancelled in total, and its tax, say which of them are in it.

use commerce::order::Order;
use commerce::totals::Totals;
use rust_decimal::Decimal;

use super::header::{Header, Hidden};
use super::rows::Row;
use crate::fee::Fee;
use crate::file::Limits;

/// One choice of what may be in the rest beside the rows.
#[derive(Debug, Clone, Copy, Default)]
struct Choice {
    fees: bool,
    custom_fees: bool,
    reward_points: Decimal,
}

/// The header of the rest. `whole` is that of the order, `rows` are those of the rest, and `totals` what was cancelled.
pub(super) fn header(order: &Order, whole: &Header, rows: &[Row<'_>], totals: &Totals, limits: Limits) -> Header {
    let extension = &order.extension_attributes;
    let custom: Decimal = extension.custom_fees.iter().map(|fee| fee.custom_fee_amount).sum();
    let (fee_net, fee_tax) = (net(&whole.fees), tax(&whole.fees));
    let told_tax = fee_tax - whole.untold_tax;
    let tax_left = totals.tax_amount - tax_of(rows, totals);
    let left = totals.grand_total - totals.tax_amount - net_of(rows, totals);
    // How far the total without points would be off, and the tax.
    let off = |choice: &Choice| {
        let fees = if choice.fees { fee_net + whole.untold_tax } else { Decimal::ZERO };
        let custom = if choice.custom_fees { custom } else { Decimal::ZERO };
        let tax = if choice.fees { told_tax } else { Decimal::ZERO };
        (left - fees - custom + choice.reward_points, (tax_left - tax).abs())
    };
    let points = extension.reward_currency_amount;
    let whole_ones: Vec<Choice> = [Decimal::ZERO, points]
        .into_iter()
        .flat_map(|reward_points| {
            let of = move |(fees, custom_fees)| Choice { fees, custom_fees, reward_points };
            [(false, false), (true, false), (false, true), (true, true)].map(of)
        })
        .filter(|one| !one.fees || !whole.fees.is_empty())
        .filter(|one| !one.custom_fees || whole.custom_fees && !custom.is_zero())
        .collect();
    let distance = |choice: &&Choice| off(choice).0.abs() + off(choice).1;
    // The first of those that are equally near: the simplest one.
    let nearest = whole_ones.iter().min_by_key(distance).copied().unwrap_or_default();
    let chosen = if distance(&&nearest) <= limits.rounding {
        nearest
    } else {
        // A part of the points, beside the fees whose tax fits.
        let without = whole_ones.iter().filter(|one| one.reward_points.is_zero());
        let part = without.map(|one| Choice { reward_points: -off(one).0, ..*one });
        let possible = part.filter(|one| one.reward_points > Decimal::ZERO && one.reward_points < points);
        possible.min_by_key(|one| off(one).1).unwrap_or_default()
    };
    Header {
        custom_fees: chosen.custom_fees,
        fees: if chosen.fees { whole.fees.clone() } else { Vec::new() },
        untold_tax: if chosen.fees { whole.untold_tax } else { Decimal::ZERO },
        hidden: Hidden { reward_points: chosen.reward_points, ..Hidden::default() },
        ..Header::default()
    }
}

/// Takes off a header what an earlier header of the same order had.
pub(super) fn less(now: Header, before: &Header) -> Header {
    let hidden = Hidden { reward_points: now.hidden.reward_points - before.hidden.reward_points, ..now.hidden };
    Header {
        custom_fees: now.custom_fees && !before.custom_fees,
        untold_tax: now.untold_tax - before.untold_tax,
        fees: if before.fees.is_empty() { now.fees } else { Vec::new() },
        hidden,
        ..now
    }
}

/// Tax of the fees.
pub(super) fn tax(fees: &[Fee]) -> Decimal {
    fees.iter().map(|fee| fee.tax).sum()
}

fn net(fees: &[Fee]) -> Decimal {
    fees.iter().map(|fee| fee.net).sum()
}

fn tax_of(rows: &[Row<'_>], totals: &Totals) -> Decimal {
    let of = |row: &Row<'_>| row.tax + row.fpt.as_ref().map_or(Decimal::ZERO, |fpt| fpt.tax);
    rows.iter().map(of).sum::<Decimal>() + totals.shipping_tax_amount + totals.gift_wrap_tax
}

fn net_of(rows: &[Row<'_>], totals: &Totals) -> Decimal {
    let of = |row: &Row<'_>| row.gross - row.discount + row.fpt.as_ref().map_or(Decimal::ZERO, |fpt| fpt.amount);
    let credits = totals.gift_cards + totals.store_credit;
    rows.iter().map(of).sum::<Decimal>() + totals.shipping_net() + totals.gift_wrap - credits
}
