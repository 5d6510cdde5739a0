//! An order's account: what should stand for it in Visma, invoices less credit notes, drafts included.
//!
//! It is what the shop says is left of the order: its total less what was cancelled and what was refunded, and VAT
//! likewise. Where each Commerce invoice becomes one in Visma, what is neither invoiced nor cancelled yet is not there
//! yet: then it is what was invoiced less what was refunded.

use commerce::order::Order;
use rust_decimal::Decimal;

use crate::cancelled;

/// Amounts that should stand for an order, in its currency, unrounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Invoices less credit notes, with VAT.
    pub total: Decimal,
    /// The VAT in it; `None` where the shop does not tell the tax of what it invoiced or refunded.
    pub vat: Option<Decimal>,
}

/// Computes what should stand for an order of which anything was booked. `by_invoices`: each of its Commerce invoices
/// is one in Visma, and the order itself none.
#[must_use]
pub fn account(order: &Order, by_invoices: bool) -> Account {
    let refunded = order.total_refunded.unwrap_or_default();
    let tax_refunded = if refunded.is_zero() { order.tax_refunded.or(Some(Decimal::ZERO)) } else { order.tax_refunded };
    let less_refunds = |total: Decimal, vat: Option<Decimal>| Account {
        total: total - refunded,
        vat: vat.zip(tax_refunded).map(|(vat, refunded)| vat - refunded),
    };
    if by_invoices {
        return less_refunds(order.total_invoiced.unwrap_or_default(), order.tax_invoiced);
    }
    let cancelled = cancelled::totals(order);
    less_refunds(order.grand_total - cancelled.grand_total, Some(order.tax_amount - cancelled.tax_amount))
}
