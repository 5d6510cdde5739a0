//! What takes an invoice back whose order or Commerce invoice shall not stand any longer.
//!
//! Whether it was booked is not known here. The credit note repeats the invoice line by line, so that nothing is left
//! of either when both stand.

use commerce::document::State;
use commerce::invoice::Invoice;
use commerce::order::Order;

use crate::decision::{Cancellation, Credits, Refund, Refusal};
use crate::document::Document;
use crate::draft::{self, Head};
use crate::file::Mapping;
use crate::invoice::record_key;
use crate::{customer, date, facts, judge};

/// Whether an order was taken back after it was placed: cancelled, or replaced by an edited one.
pub fn is_withdrawn(order: &Order) -> bool {
    judge::is_withdrawn(order)
}

/// Whether a Commerce invoice was taken back.
pub fn is_cancelled(invoice: &Invoice) -> bool {
    invoice.state == Some(State::Canceled)
}

/// What undoes the invoice of an order that [is withdrawn](is_withdrawn) after it was booked.
///
/// # Errors
/// As [`order()`](crate::order()).
pub fn cancellation(order: &Order, mapping: &Mapping) -> Result<Cancellation, Refusal> {
    let reason = match &order.relation_child_real_id {
        Some(by) => format!("Order {} was replaced by order {by}", order.increment_id),
        None => format!("Order {} was cancelled", order.increment_id),
    };
    let withdrawn = order.updated_at.as_deref();
    of(&Document::of_order(order)?, withdrawn, mapping, (order.entity_id.to_string(), "X", reason))
}

/// What undoes the Visma invoice of a Commerce invoice that [is cancelled](is_cancelled) after it was booked.
///
/// # Errors
/// As [`invoice()`](crate::invoice()).
pub fn invoice_cancellation(invoice: &Invoice, order: &Order, mapping: &Mapping) -> Result<Cancellation, Refusal> {
    let reason = format!("Invoice {} of order {} was cancelled", invoice.increment_id, order.increment_id);
    let withdrawn = invoice.updated_at.as_deref();
    of(&Document::of_invoice(invoice, order)?, withdrawn, mapping, (record_key(invoice), "XI", reason))
}

/// What takes back the part of an order that was cancelled while the rest goes on, after the whole was booked: a credit
/// note. `None` when nothing of the kind was cancelled.
///
/// Its date is that of the order's last write, which moves: once there is one, it is not made again.
///
/// # Errors
/// As [`order()`](crate::order()).
pub fn cancelled_part(order: &Order, mapping: &Mapping) -> Result<Option<Refund>, Refusal> {
    if judge::is_withdrawn(order) || order.total_canceled.is_none_or(|sum| sum.is_zero()) {
        return Ok(None);
    }
    let key = order.entity_id.to_string();
    let reason = format!("Cancelled part of order {}", order.increment_id);
    let document = Document::of_cancelled_part(order)?;
    let undo = of(&document, order.updated_at.as_deref(), mapping, (key, "X", reason))?;
    if undo.credit_note.predicted.total.is_zero() {
        return Ok(None);
    }
    let Cancellation { customer, credit_note, invoice_key, .. } = undo;
    Ok(Some(Refund { customer, credit_note, credits: Credits::Invoice(invoice_key), payment: None }))
}

fn of(
    document: &Document<'_>,
    withdrawn: Option<&str>,
    mapping: &Mapping,
    (invoice_key, letter, reason): (String, &'static str, String),
) -> Result<Cancellation, Refusal> {
    let (facts, currency) = facts::of_order(document.order, mapping)?;
    let customer = customer::of_order(document.order, mapping, &facts)?;
    // Commerce keeps no date of a cancellation. It is the last thing that happens to a document, so its row's last
    // write comes next to it.
    let date = match date::optional(withdrawn, mapping) {
        Some(date) => date,
        None => document.made(mapping)?,
    };
    let head = Head { key: format!("cancellation-{invoice_key}"), letter, date: date.date(), text: reason.clone() };
    let credit_note = draft::command(document, mapping, head, customer.key.clone(), (&facts, currency))?;
    Ok(Cancellation { invoice_key, reason, customer, credit_note })
}
