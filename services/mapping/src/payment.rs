//! How an invoice is settled that the shop was paid for, and a credit note that the shop has paid out.
//!
//! Only for the payment methods that the mapping file names: an order on account is open until the bank says otherwise.

use commerce::creditmemo::CreditMemo;
use commerce::document::State;
use commerce::invoice::Invoice;
use commerce::order::Order;
use rust_decimal::Decimal;

use crate::decision::{InvoiceCommand, PaymentCommand};
use crate::file::Mapping;
use crate::judge::is_paid;
use crate::rules::Facts;

/// The payment of an order, once all of it is paid. The shop keeps no date of it: it is the invoice's.
pub(crate) fn of_order(
    order: &Order,
    mapping: &Mapping,
    facts: &Facts<'_>,
    invoice: &InvoiceCommand,
) -> Option<PaymentCommand> {
    let paid = order.total_paid.is_some() && order.total_canceled.unwrap_or_default().is_zero() && is_paid(order);
    if paid { of(mapping, facts, invoice, ("P", &order.increment_id)) } else { None }
}

/// The payment of a Commerce invoice that is paid.
pub(crate) fn of_invoice(
    paid: &Invoice,
    mapping: &Mapping,
    facts: &Facts<'_>,
    invoice: &InvoiceCommand,
) -> Option<PaymentCommand> {
    if paid.state == Some(State::Settled) { of(mapping, facts, invoice, ("PI", &paid.increment_id)) } else { None }
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
    })
}
