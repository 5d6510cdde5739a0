//! The walk of one credit memo: a customer credit note to its exact total, whatever Commerce computed.

use commerce::creditmemo::CreditMemo;
use commerce::order::Order;

use crate::decision::{Credits, Decision, Refund, Refusal};
use crate::document::Document;
use crate::draft::{self, Head};
use crate::file::Mapping;
use crate::scope::{Scope, Trigger};
use crate::{customer, date, facts, judge, payment};

/// Decides what one credit memo shall become in Visma. `order` is the order that it refunds.
///
/// # Errors
/// With a code and a sentence for an accountant when it is in scope but cannot be booked to its exact total.
pub fn credit_memo(
    memo: &CreditMemo,
    order: &Order,
    mapping: &Mapping,
    scope: &Scope,
) -> Result<Decision<Refund>, Refusal> {
    let document = Document::of_credit_memo(memo, order)?;
    if let Some(held) = judge::document(&document, memo.state, mapping, scope)? {
        return Ok(held.into());
    }
    let (facts, currency) = facts::of_order(order, mapping)?;
    let customer = customer::of_order(order, mapping, &facts)?;
    let head = Head {
        key: memo.entity_id.to_string(),
        letter: "C",
        date: document.made(mapping)?.date(),
        text: format!("Credit memo {} of order {}", memo.increment_id, order.increment_id),
    };
    let credit_note = draft::command(&document, mapping, head, customer.key.clone(), (&facts, currency))?;
    let payment = payment::of_refund(memo, mapping, &facts, &credit_note);
    Ok(Decision::Book(Box::new(Refund {
        customer,
        credit_note,
        credits: credits(memo, order, mapping, scope),
        payment,
    })))
}

fn credits(memo: &CreditMemo, order: &Order, mapping: &Mapping, scope: &Scope) -> Credits {
    let placed = date::optional(order.created_at.as_deref(), mapping);
    let ours = scope.go_live.is_none_or(|go_live| placed.is_some_and(|placed| placed >= go_live));
    match (scope.trigger, memo.invoice_id) {
        (Trigger::Invoiced, Some(id)) if ours => Credits::Invoice(format!("invoice-{id}")),
        (Trigger::Invoiced, _) => Credits::InvoicesOfOrder { wait: ours },
        (Trigger::Placed | Trigger::Paid | Trigger::Shipped, _) if ours => {
            Credits::Invoice(order.entity_id.to_string())
        }
        (Trigger::Placed | Trigger::Paid | Trigger::Shipped, _) => Credits::Nothing,
    }
}
