//! How an invoice is settled that the shop was paid for, and a credit note that the shop has paid out.
//!
//! Only for the payment methods that the mapping file names: an order on account is open until the bank says
//! otherwise. The shop invoices what it takes in: an order that is paid in parts has an invoice for each, and each is
//! dated the day on which the money was taken. Gift cards and credit that pay a part are lines of the invoice, so that
//! only what the method itself paid is left to settle; an order has one such method.

use commerce::creditmemo::CreditMemo;
use commerce::document::DocumentState;
use commerce::invoice::Invoice;
use commerce::order::Order;
use problem::Code;
use rust_decimal::Decimal;

use crate::customer::optional;
use crate::date;
use crate::decision::{CustomerCommand, InvoiceCommand, OrderPayment, PaymentCommand, Refusal};
use crate::document::{DocumentKind, Name};
use crate::file::{ClosedPeriod, Currency, Mapping};
use crate::rounding::round;
use crate::rules::Facts;

/// The order's own sums are rounded to two places, an invoice's total is not.
const OFF: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// Returns the payment by which a paid invoice of Commerce settles its order's invoice in Visma, or a part of it, where
/// the order itself is what is booked.
///
/// # Errors
/// When it has no date, or the rules for branches leave it without one.
pub(crate) fn of_part(
    paid: &Invoice,
    order: &Order,
    mapping: &Mapping,
    (facts, currency): (&Facts<'_>, Currency),
    customer: CustomerCommand,
) -> Result<Option<OrderPayment>, Refusal> {
    let Some(settlement) = mapping.payments.find(facts) else { return Ok(None) };
    let amount = captured(paid, order).unwrap_or(paid.grand_total);
    let amount = round(amount, currency.decimals);
    if paid.state != Some(DocumentState::Settled) || amount <= Decimal::ZERO {
        return Ok(None);
    }
    let name = Name::new(DocumentKind::Invoice, &paid.increment_id);
    let payment = PaymentCommand {
        reference: format!("{}PI{}", mapping.invoice.reference_prefix, paid.increment_id),
        method: settlement.method.clone(),
        cash_account: settlement.cash_account.clone(),
        date: date::local(paid.created_at.as_deref(), name, mapping)?.date().to_string(),
        currency: order.order_currency_code.clone(),
        amount,
        text: format!(
            "Invoice {} of order {}, paid by {}",
            paid.increment_id, order.increment_id, facts.payment_method
        ),
        branch: optional(&mapping.branches, facts, order, Code::NoBranch, "branch")?,
        next_open_period: mapping.invoice.closed_period == ClosedPeriod::NextOpen,
    };
    Ok(Some(OrderPayment { part: paid.entity_id, customer, payment }))
}

/// The payment of a Commerce invoice that is paid, where it is what is booked.
pub(crate) fn of_invoice(
    (paid, order): (&Invoice, &Order),
    mapping: &Mapping,
    (facts, currency): (&Facts<'_>, Currency),
    invoice: &InvoiceCommand,
) -> Option<PaymentCommand> {
    if paid.state != Some(DocumentState::Settled) {
        return None;
    }
    let payment = of(mapping, facts, invoice, ("PI", &paid.increment_id))?;
    let amount = captured(paid, order).map_or(payment.amount, |amount| round(amount, currency.decimals));
    Some(PaymentCommand { amount, ..payment })
}

/// Returns the amount that was captured for an invoice, where that is not its total: Adobe Commerce as a Cloud Service
/// lets a shop capture another amount (`custom_capture_amount` of the request that makes the invoice). No field of an
/// invoice shows it, the order's payment does; so it is known for an order's only invoice. On 360 orders of Magento
/// 2.4.7 both are the same.
fn captured(paid: &Invoice, order: &Order) -> Option<Decimal> {
    let differs = |amount: Decimal| Some(amount.checked_sub(paid.grand_total)?.abs() > OFF);
    let amount = order.payment.as_ref()?.amount_paid.filter(|amount| *amount > Decimal::ZERO)?;
    (!differs(order.total_invoiced?)? && differs(amount)?).then_some(amount)
}

/// The refund of a credit memo.
pub(crate) fn of_refund(
    memo: &CreditMemo,
    mapping: &Mapping,
    facts: &Facts<'_>,
    credit_note: &InvoiceCommand,
) -> Option<PaymentCommand> {
    of(mapping, facts, credit_note, ("PC", &memo.increment_id))
}

fn of(
    mapping: &Mapping,
    facts: &Facts<'_>,
    document: &InvoiceCommand,
    (letters, number): (&str, &str),
) -> Option<PaymentCommand> {
    let settlement = mapping.payments.find(facts)?;
    if document.predicted.total <= Decimal::ZERO {
        return None;
    }
    Some(PaymentCommand {
        reference: format!("{}{letters}{number}", mapping.invoice.reference_prefix),
        method: settlement.method.clone(),
        cash_account: settlement.cash_account.clone(),
        date: document.invoice.document_date.clone(),
        currency: document.invoice.currency.clone(),
        amount: document.predicted.total,
        text: format!("{}, paid by {}", document.invoice.text, facts.payment_method),
        branch: document.invoice.branch.clone(),
        next_open_period: document.next_open_period,
    })
}
