//! The header of a document: the identity that must hold between its amounts.

use commerce::order::Order;
use commerce::totals::Totals;
use problem::Code;
use rust_decimal::Decimal;

use super::rows::{self, Fpt, Row};
use crate::decision::Refusal;
use crate::document::{Document, DocumentKind};
use crate::fee::Fee;
use crate::refusal::refuse;

/// Header amounts are stored with four decimals, so that a sum of ten of them may be off by ten halves of the last one.
const STORED: Decimal = Decimal::from_parts(5, 0, 0, false, 4);

/// A header that adds up.
#[derive(Debug, Clone, Default)]
pub(super) struct Header {
    /// Sum of the rows before discount.
    pub(super) rows: Decimal,
    /// The fixed product tax of the rows that is in the total.
    pub(super) fpt: Fpts,
    /// True when fees of apps are in the total.
    pub(super) custom_fees: bool,
    /// The fees of payment modules that are in the total.
    pub(super) fees: Vec<Fee>,
    /// Tax on those that the document's own tax does not contain.
    pub(super) untold_tax: Decimal,
    /// Paid with, or refunded as, what the shop owed, where only the order shows it.
    pub(super) hidden: Hidden,
}

/// The fixed product tax that a document has of its rows. Versions of Commerce that do not look at the chosen variant
/// leave what stands on it out of invoices and credit memos.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fpts {
    #[default]
    All,
    /// All but the tax that stands on parts of an item.
    Own,
    None,
}

impl Fpts {
    pub(super) fn has(self, fpt: &Fpt) -> bool {
        match self {
            Self::All => true,
            Self::Own => !fpt.of_parts,
            Self::None => false,
        }
    }
}

/// Liabilities that the order shows and its invoice or credit memo does not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Hidden {
    pub(super) gift_cards: Decimal,
    pub(super) store_credit: Decimal,
    pub(super) reward_points: Decimal,
}

impl Hidden {
    fn sum(self) -> Decimal {
        self.gift_cards + self.store_credit + self.reward_points
    }

    /// Every choice of whole amounts but the one of none, the smallest number of them first.
    fn choices(self) -> Vec<Self> {
        let one = |gift_cards, store_credit, reward_points| {
            let keep = |kept: bool, amount: Decimal| if kept { amount } else { Decimal::ZERO };
            Self {
                gift_cards: keep(gift_cards, self.gift_cards),
                store_credit: keep(store_credit, self.store_credit),
                reward_points: keep(reward_points, self.reward_points),
            }
        };
        let choices = [
            one(true, false, false),
            one(false, true, false),
            one(false, false, true),
            one(true, true, false),
            one(true, false, true),
            one(false, true, true),
            self,
        ];
        choices.into_iter().filter(|choice| !choice.sum().is_zero()).collect()
    }

    /// A part of the only liability that there is. Of several, nobody can say which one a part is of.
    fn part(self, amount: Decimal) -> Option<Self> {
        let zero = Decimal::ZERO;
        if amount <= zero || amount > self.sum() {
            return None;
        }
        match (self.gift_cards.is_zero(), self.store_credit.is_zero(), self.reward_points.is_zero()) {
            (false, true, true) => Some(Self { gift_cards: amount, ..Self::default() }),
            (true, false, true) => Some(Self { store_credit: amount, ..Self::default() }),
            (true, true, false) => Some(Self { reward_points: amount, ..Self::default() }),
            _ => None,
        }
    }
}

/// The fixed product tax of a document: one choice of it.
#[derive(Debug, Clone, Copy, Default)]
struct Fixed {
    which: Fpts,
    in_subtotal: Decimal,
    /// In no header field.
    beside: Decimal,
    tax: Decimal,
}

/// One choice of what may be in a total and in no header field, besides liabilities.
#[derive(Debug, Clone, Copy, Default)]
struct Way {
    fixed: Fixed,
    /// Fees of apps that only the order shows.
    custom_fees: Decimal,
    /// Fees of payment modules, without tax.
    fees: Decimal,
    /// Their tax, where the document's tax contains it.
    told_tax: Decimal,
    /// Their tax, where the document's tax does not contain it.
    untold_tax: Decimal,
}

impl Way {
    fn sum(self) -> Decimal {
        self.fixed.beside + self.custom_fees + self.fees + self.untold_tax
    }
}

/// Checks that the document's amounts add up to its total, to within `tolerance`.
///
/// Some amounts may be in a total and in no header field: fixed product tax outside of the subtotal, fees of payment
/// modules, and on invoices and credit memos what only the order shows of fees, gift cards, store credit and reward
/// points.
pub(super) fn check(
    document: &Document<'_>,
    rows: &[Row<'_>],
    fees: &[Fee],
    tolerance: Decimal,
) -> Result<Header, Refusal> {
    let totals = &document.totals;
    if totals.grand_total < Decimal::ZERO {
        return Err(negative(document));
    }
    let (custom_fees, hidden) = shown_on_the_order_only(document);
    let mut ways = ways(&fixed(document.kind, rows), custom_fees, fees);
    // The lines of an invoice or a credit memo show more: those that agree with them come first.
    if matches!(document.kind, DocumentKind::Invoice | DocumentKind::CreditMemo) {
        ways.sort_by_cached_key(|way| off(way, totals, rows));
    }
    let Some((way, hidden)) = explained(totals.residual(), &ways, hidden, tolerance) else {
        return Err(does_not_add_up(document, totals, rows));
    };
    Ok(Header {
        rows: totals.subtotal - way.fixed.in_subtotal,
        fpt: way.fixed.which,
        custom_fees: !way.custom_fees.is_zero() || !totals.custom_fees.is_zero(),
        fees: if (way.fees + way.untold_tax).is_zero() { Vec::new() } else { fees.to_vec() },
        untold_tax: way.untold_tax,
        hidden,
    })
}

/// How far rows and taxes are off by a choice.
fn off(way: &Way, totals: &Totals, rows: &[Row<'_>]) -> Decimal {
    let gross: Decimal = rows.iter().map(|row| row.gross).sum();
    let subtotal = totals.subtotal - way.fixed.in_subtotal;
    let of_rows = [gross, gross - rows::in_parents(rows)].map(|gross| (subtotal - gross).abs());
    let tax = rows.iter().map(|row| row.tax).sum::<Decimal>() + totals.shipping_tax_amount + totals.gift_wrap_tax;
    let of_taxes = (totals.tax_amount - tax - way.fixed.tax - way.told_tax).abs();
    of_rows.into_iter().min().unwrap_or_default() + of_taxes
}

/// The choices of fixed product tax, the simplest first: an order has all of it.
fn fixed(kind: DocumentKind, rows: &[Row<'_>]) -> Vec<Fixed> {
    let choices = match kind {
        DocumentKind::Order | DocumentKind::CancelledPart => &[Fpts::All][..],
        DocumentKind::Invoice | DocumentKind::CreditMemo => &[Fpts::All, Fpts::Own, Fpts::None],
    };
    let of = |which: Fpts| {
        let fpts = || rows.iter().filter_map(|row| row.fpt.as_ref()).filter(move |fpt| which.has(fpt));
        let amount: Decimal = fpts().map(|fpt| fpt.amount).sum();
        let within = Fixed { which, in_subtotal: amount, beside: Decimal::ZERO, tax: fpts().map(|fpt| fpt.tax).sum() };
        [within, Fixed { in_subtotal: Decimal::ZERO, beside: amount, ..within }]
    };
    choices.iter().flat_map(|which| of(*which)).collect()
}

/// The choices, the simplest first.
fn ways(fixed: &[Fixed], custom_fees: Decimal, fees: &[Fee]) -> Vec<Way> {
    let net: Decimal = fees.iter().map(|fee| fee.net).sum();
    let tax: Decimal = fees.iter().map(|fee| fee.tax).sum();
    let some = |amount: Decimal| [Decimal::ZERO, amount].into_iter().take(if amount.is_zero() { 1 } else { 2 });
    let mut of_fees = vec![Way::default()];
    if !fees.is_empty() {
        of_fees.push(Way { fees: net, told_tax: tax, ..Way::default() });
    }
    if !tax.is_zero() {
        of_fees.push(Way { fees: net, untold_tax: tax, ..Way::default() });
    }
    let mut ways = Vec::new();
    for of_fees in of_fees {
        for custom_fees in some(custom_fees) {
            ways.extend(fixed.iter().map(|fixed| Way { fixed: *fixed, custom_fees, ..of_fees }));
        }
    }
    ways
}

/// Which choice the residual is: exactly so, or but for an amount that is booked as rounding.
fn explained(residual: Decimal, ways: &[Way], hidden: Hidden, tolerance: Decimal) -> Option<(Way, Hidden)> {
    let rest = |way: &Way, hidden: Hidden| (residual - way.sum() + hidden.sum()).abs();
    if let Some(way) = ways.iter().find(|way| rest(way, Hidden::default()) <= STORED) {
        return Some((*way, Hidden::default()));
    }
    let choices = hidden.choices();
    let whole = ways.iter().flat_map(|way| choices.iter().map(move |hidden| (way, *hidden)));
    if let Some((way, hidden)) = whole.clone().find(|(way, hidden)| rest(way, *hidden) <= STORED) {
        return Some((*way, hidden));
    }
    let rounded = ways.iter().map(|way| (way, Hidden::default())).min_by_key(|(way, none)| rest(way, *none));
    if let Some((way, none)) = rounded.filter(|(way, none)| rest(way, *none) <= tolerance) {
        return Some((*way, none));
    }
    ways.iter().find_map(|way| hidden.part(way.sum() - residual).map(|hidden| (*way, hidden)))
}

/// Fees and liabilities of the order, which its invoices and credit memos may contain unseen.
fn shown_on_the_order_only(document: &Document<'_>) -> (Decimal, Hidden) {
    let Order { extension_attributes: extension, .. } = document.order;
    let unless = |shown: Decimal, amount: Decimal| if shown.is_zero() { amount } else { Decimal::ZERO };
    match document.kind {
        DocumentKind::Order | DocumentKind::CancelledPart => (Decimal::ZERO, Hidden::default()),
        DocumentKind::Invoice | DocumentKind::CreditMemo => {
            let fees = extension.custom_fees.iter().map(|fee| fee.custom_fee_amount).sum();
            let hidden = Hidden {
                gift_cards: unless(document.totals.gift_cards, extension.gift_cards_amount),
                store_credit: unless(document.totals.store_credit, extension.customer_balance_amount),
                reward_points: unless(document.totals.reward_points, extension.reward_currency_amount),
            };
            (fees, hidden)
        }
    }
}

/// A credit memo below zero (the shop makes one when it keeps back more than it refunds) asks money of the customer in
/// a document which says that money goes back. Visma has documents for a claim; that there is one, and that it is worth
/// pursuing, only a person can say.
fn negative(document: &Document<'_>) -> Refusal {
    let (name, total, currency) = (document.name().capital(), document.totals.grand_total, document.currency());
    let what = match document.kind {
        DocumentKind::Order | DocumentKind::Invoice => "a customer invoice cannot be negative".to_owned(),
        DocumentKind::CreditMemo | DocumentKind::CancelledPart => {
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
    refuse(Code::NegativeTotal, format!("{name} has a total of {total} {currency}: {what}."))
}

fn does_not_add_up(document: &Document<'_>, totals: &Totals, rows: &[Row<'_>]) -> Refusal {
    let fpt: Decimal = rows.iter().filter_map(|row| row.fpt.as_ref()).map(|fpt| fpt.amount).sum();
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
    refuse(Code::TotalDoesNotAddUp, sentence)
}
