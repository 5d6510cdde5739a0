//! The walk of one order: in scope, known, taken apart, booked.

use commerce::order::Order;

use crate::decision::{Booking, Decision, Refusal};
use crate::file::Mapping;
use crate::scope::Scope;
use crate::{customer, facts, invoice, scope};

/// Decides what one order shall become in Visma.
///
/// A function of its arguments alone: the same order, mapping file and scope give the same decision, to the byte.
///
/// # Errors
/// With a code and a sentence for an accountant when the order is in scope but cannot be booked to its exact total.
pub fn order(order: &Order, mapping: &Mapping, scope: &Scope) -> Result<Decision, Refusal> {
    if let Some(decision) = scope::judge(order, mapping, scope)? {
        return Ok(decision);
    }
    let (facts, currency) = facts::of_order(order, mapping)?;
    let customer = customer::command(order, mapping, &facts)?;
    let invoice = invoice::command(order, mapping, customer.key.clone(), (&facts, currency))?;
    Ok(Decision::Book(Box::new(Booking { customer, invoice })))
}
