//! The walk of one order: in scope, known, taken apart, booked.

use commerce::order::Order;

use crate::decision::{Booking, Decision, Refusal};
use crate::document::Document;
use crate::draft::{self, Head};
use crate::file::Mapping;
use crate::scope::Scope;
use crate::{customer, facts, judge};

/// Decides what one order shall become in Visma.
///
/// A function of its arguments alone: the same order, mapping file and scope give the same decision, to the byte.
///
/// # Errors
/// With a code and a sentence for an accountant when the order is in scope but cannot be booked to its exact total.
pub fn order(order: &Order, mapping: &Mapping, scope: &Scope) -> Result<Decision, Refusal> {
    if let Some(held) = judge::order(order, mapping, scope)? {
        return Ok(held.into());
    }
    let document = Document::of_order(order)?;
    let (facts, currency) = facts::of_order(order, mapping)?;
    let customer = customer::of_order(order, mapping, &facts)?;
    let head = Head {
        key: order.entity_id.to_string(),
        letter: "",
        date: document.made(mapping)?.date(),
        text: format!("Order {}", order.increment_id),
    };
    let invoice = draft::command(&document, mapping, head, customer.key.clone(), (&facts, currency))?;
    // What is paid of it, and when, its invoices in Commerce say.
    Ok(Decision::Book(Box::new(Booking { customer, invoice, payment: None })))
}
