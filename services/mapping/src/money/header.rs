//! The header of a document: the identity that must hold between its amounts.

use commerce::order::Order;
use commerce::totals::Totals;
use rust_decimal::Decimal;

use super::rows::Row;
use crate::decision::Refusal;
use crate::document::{Document, Kind};
use crate::refusal::{code, refuse};

/// Header amounts are stored with four decimals, so that a sum of ten of them may be off by ten halves of the last one.
const STORED: Decimal = Decimal::from_parts(5, 0, 0, false, 4);

/// A header that adds up.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Header {
    /// What the rows before discount add up to.
    pub(super) rows: Decimal,
    /// Whether fees of apps are in the total.
    pub(super) fees: bool,
    /// Paid with, or refunded as, reward points.
    pub(super) reward_points: Decimal,
}

/// Checks that the document's amounts add up to its total.
///
/// Three things may be in a total and in no header field: fixed product tax outside of the subtotal, and on invoices
/// and credit memos the fees and the reward points that only the order shows.
pub(super) fn check(document: &Document<'_>, rows: &[Row<'_>], tolerance: Decimal) -> Result<Header, Refusal> {
    let totals = &document.totals;
    if totals.grand_total < Decimal::ZERO {
        return Err(negative(document));
    }
    let fpt: Decimal = rows.iter().filter_map(|row| row.fpt.as_ref()).map(|fpt| fpt.amount).sum();
    let (fees, reward) = shown_on_the_order_only(document);
    let residual = totals.residual();
    // An invoice shows no fixed product tax: it is the order's by quantity, and thus not exact.
    let off = if document.kind == Kind::Invoice && !fpt.is_zero() { tolerance } else { STORED };
    let ways = [(Decimal::ZERO, Decimal::ZERO), (Decimal::ZERO, fpt), (fees, Decimal::ZERO), (fees, fpt)];
    let explained = |(fees, outside): (Decimal, Decimal), reward_points: Decimal| Header {
        rows: totals.subtotal - (fpt - outside),
        fees: !fees.is_zero() || !totals.custom_fees.is_zero(),
        reward_points: totals.reward_points + reward_points,
    };
    if let Some(way) = ways.into_iter().find(|(fees, outside)| (residual - fees - outside).abs() <= off) {
        return Ok(explained(way, Decimal::ZERO));
    }
    let points = |(fees, outside): (Decimal, Decimal)| fees + outside - residual;
    // Those of the whole order rather than a part of them.
    let all = ways.into_iter().find(|way| !reward.is_zero() && (points(*way) - reward).abs() <= STORED);
    let some = || ways.into_iter().find(|way| points(*way) > Decimal::ZERO && points(*way) <= reward);
    if let Some(way) = all.or_else(some) {
        return Ok(explained(way, points(way)));
    }
    Err(does_not_add_up(document, totals, fpt))
}

/// Fees and reward points of the order, which its invoices and credit memos may contain unseen.
fn shown_on_the_order_only(document: &Document<'_>) -> (Decimal, Decimal) {
    let Order { extension_attributes: extension, .. } = document.order;
    match document.kind {
        Kind::Order | Kind::CancelledPart => (Decimal::ZERO, Decimal::ZERO),
        Kind::Invoice | Kind::CreditMemo => {
            let fees = extension.custom_fees.iter().map(|fee| fee.custom_fee_amount).sum();
            (fees, extension.reward_currency_amount)
        }
    }
}

/// A credit memo below zero (the shop makes one when it keeps back more than it refunds) asks money of the customer in
/// a document which says that money goes back. Visma has documents for a claim; that there is one, and that it is worth
/// pursuing, only a person can say.
fn negative(document: &Document<'_>) -> Refusal {
    let (name, total, currency) = (document.name().capital(), document.totals.grand_total, document.currency());
    let what = match document.kind {
        Kind::Order | Kind::Invoice => "a customer invoice cannot be negative".to_owned(),
        Kind::CreditMemo | Kind::CancelledPart => {
            let kept = match document.adjustment_fee.is_zero() {
                true => String::new(),
                false => format!(" after a fee of {} {currency} was kept back", document.adjustment_fee.normalize()),
            };
            format!(
                "nothing goes back to the customer{kept}, and the shop has collected nothing either, so there is nothing \
                 to credit and no claim in the books. If the customer is to pay {} {currency}, write an invoice in Visma; \
                 if not, nothing is to be booked",
                -total.normalize()
            )
        }
    };
    refuse(code::NEGATIVE_TOTAL, format!("{name} has a total of {total} {currency}: {what}."))
}

fn does_not_add_up(document: &Document<'_>, totals: &Totals, fpt: Decimal) -> Refusal {
    let (name, currency) = (document.name().capital(), document.currency());
    let with_fpt =
        if fpt.is_zero() { String::new() } else { format!(" (with fixed product tax {})", totals.sum() + fpt) };
    let sentence = format!(
        "{name} does not add up: subtotal, discount, shipping, tax, fees, adjustments and payments by credit make {} \
         {currency}{with_fpt}, but its total is {} {currency}. Find out in the shop what the difference of {} is.",
        totals.sum(),
        totals.grand_total,
        totals.residual(),
    );
    refuse(code::TOTAL_DOES_NOT_ADD_UP, sentence)
}
