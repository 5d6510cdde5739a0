//! The walk of one Commerce invoice: a Visma invoice of its own, or a reference on that of its order.

use commerce::invoice::Invoice;
use commerce::order::Order;
use problem::Code;

use crate::decision::{Booking, Decision, Invoiced, Refusal};
use crate::document::Document;
use crate::draft::{self, Head};
use crate::file::Mapping;
use crate::judge::Held;
use crate::refusal::reason;
use crate::scope::{Scope, Trigger};
use crate::{customer, facts, judge, payment};

/// Decides what one Commerce invoice shall become in Visma. `order` is the order that it belongs to.
///
/// Where invoices are what is booked, each becomes one, in whatever state the order stands; elsewhere its number is
/// noted on the order's invoice, if that is wished.
///
/// # Errors
/// As [`order()`](crate::order()).
pub fn invoice(
    invoice: &Invoice,
    order: &Order,
    mapping: &Mapping,
    scope: &Scope,
) -> Result<Decision<Invoiced>, Refusal> {
    if scope.trigger != Trigger::Invoiced {
        return noted(invoice, order, mapping, scope);
    }
    let document = Document::of_invoice(invoice, order)?;
    if let Some(held) = judge::document(&document, invoice.state, mapping, scope)? {
        return Ok(held.into());
    }
    let (facts, currency) = facts::of_order(order, mapping)?;
    let customer = customer::of_order(order, mapping, &facts)?;
    let head = Head {
        key: record_key(invoice),
        letter: "I",
        date: document.made(mapping)?.date(),
        text: format!("Invoice {} of order {}", invoice.increment_id, order.increment_id),
    };
    let command = draft::command(&document, mapping, head, customer.key.clone(), (&facts, currency))?;
    let payment = payment::of_invoice((invoice, order), mapping, (&facts, currency), &command);
    let booking = Booking { customer, invoice: command, payment };
    Ok(Decision::Book(Box::new(Invoiced::Booking(Box::new(booking)))))
}

/// Key of the record of the Visma invoice that a Commerce invoice becomes.
pub(crate) fn record_key(invoice: &Invoice) -> String {
    format!("invoice-{}", invoice.entity_id)
}

/// Decides what an invoice adds to the Visma invoice of its order: its number as a reference, if that is wished, and
/// that it is paid. An invoice is decided on once, and its order may be booked later, such as when that is shipped:
/// the writer waits for the order.
fn noted(invoice: &Invoice, order: &Order, mapping: &Mapping, scope: &Scope) -> Result<Decision<Invoiced>, Refusal> {
    if !scope.references && !mapping.settles() {
        let sentence = format!(
            "The number of invoice {} is not written on the Visma invoice of its order: scope.references is off.",
            invoice.increment_id
        );
        return Ok(Decision::Skip { reason: reason(Code::NotNoted, sentence) });
    }
    let held = judge::order(order, mapping, scope)?;
    if let Some(Held::Skip(reason)) = held {
        return Ok(Decision::Skip { reason });
    }
    let payment = if mapping.settles() {
        let (facts, currency) = facts::of_order(order, mapping)?;
        let customer = customer::of_order(order, mapping, &facts)?;
        payment::of_part(invoice, order, mapping, (&facts, currency), customer)?
    } else {
        None
    };
    let reference = scope.references.then(|| invoice.increment_id.clone());
    match (held, reference, payment) {
        (Some(held), None, None) => Ok(held.into()),
        (None, None, None) => {
            let sentence = format!("Invoice {} settles nothing: it is not paid, or on account.", invoice.increment_id);
            Ok(Decision::Skip { reason: reason(Code::NotNoted, sentence) })
        }
        (_, reference, payment) => Ok(Decision::Book(Box::new(Invoiced::OfOrder {
            invoice_key: order.entity_id.to_string(),
            reference,
            payment: payment.map(Box::new),
        }))),
    }
}
