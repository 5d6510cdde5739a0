//! Takes back an invoice whose order or Commerce invoice shall not stand any longer.
//!
//! It is not known here whether the invoice was booked. The credit note repeats the invoice line by line, so that
//! nothing is left of either when both stand.

use commerce::document::DocumentState;
use commerce::invoice::Invoice;
use commerce::order::Order;
use problem::Code;
use rust_decimal::Decimal;

use crate::cancelled::{self, Part};
use crate::decision::{Cancellation, Credits, Refund, Refusal, Withdrawal};
use crate::document::Document;
use crate::draft::{self, Head};
use crate::file::Mapping;
use crate::invoice::record_key;
use crate::refusal::refuse;
use crate::{customer, date, facts, judge};

/// Checks whether an order was taken back as a whole after it was placed: cancelled, or replaced by an edited one,
/// before anything of it was invoiced.
pub fn is_withdrawn(order: &Order) -> bool {
    judge::is_withdrawn(order)
}

/// Checks whether a Commerce invoice was taken back.
pub fn is_cancelled(invoice: &Invoice) -> bool {
    invoice.state == Some(DocumentState::Canceled)
}

/// Returns the commands that undo the invoice of an order that [is withdrawn](is_withdrawn) after it was booked.
///
/// # Errors
/// As [`order()`](crate::order()).
pub fn cancellation(order: &Order, mapping: &Mapping) -> Result<Cancellation, Refusal> {
    let withdrawn = order.updated_at.as_deref();
    let key = order.entity_id.to_string();
    of(&Document::of_order(order)?, withdrawn, mapping, (key, "X", order_reason(order)))
}

/// The invoice of an order that [is withdrawn](is_withdrawn) and of which nothing is known that was booked.
///
/// # Errors
/// When it has no number.
pub fn withdrawal(order: &Order, mapping: &Mapping) -> Result<Withdrawal, Refusal> {
    let reference = draft::reference(&Document::of_order(order)?, mapping, "")?;
    Ok(Withdrawal { key: order.entity_id.to_string(), reference, reason: order_reason(order) })
}

fn order_reason(order: &Order) -> String {
    match &order.relation_child_real_id {
        Some(by) => format!("Order {} was replaced by order {by}", order.increment_id),
        None => format!("Order {} was cancelled", order.increment_id),
    }
}

/// Returns the commands that undo the Visma invoice of a Commerce invoice that [is cancelled](is_cancelled) after it
/// was booked.
///
/// # Errors
/// As [`invoice()`](crate::invoice()).
pub fn invoice_cancellation(invoice: &Invoice, order: &Order, mapping: &Mapping) -> Result<Cancellation, Refusal> {
    let reason = format!("Invoice {} of order {} was cancelled", invoice.increment_id, order.increment_id);
    let withdrawn = invoice.updated_at.as_deref();
    of(&Document::of_invoice(invoice, order)?, withdrawn, mapping, (record_key(invoice), "XI", reason))
}

/// Checks whether something was cancelled of an order: a part of it or all.
pub fn has_cancelled(order: &Order) -> bool {
    cancelled::part(order) != Part::Nothing
}

/// The order as it stood when cancelled parts of it were credited before.
#[derive(Debug, Clone, Copy)]
pub struct Before<'a> {
    /// The version that the last of the credit notes was made of.
    pub order: &'a Order,
    /// How many credit notes there are.
    pub notes: u32,
}

/// Key of the record of the `count`th credit note over cancelled parts of the order with this key.
pub fn part_key(order: &str, count: u32) -> String {
    match count {
        0 | 1 => format!("cancellation-{order}"),
        more => format!("cancellation-{order}-{more}"),
    }
}

/// Returns the credit note that takes back the cancelled part of an order, where the whole order was booked and
/// something else of it is invoiced, or was. `None` when nothing was cancelled beyond what is credited already.
///
/// Its date is that of the order's last write, which moves: once there is one, it is not made again. Where more is
/// cancelled later, the next one is over the difference; its reference is that of the first one, a point and its
/// number.
///
/// # Errors
/// As [`order()`](crate::order()), and when less is cancelled than is credited.
pub fn cancelled_part(order: &Order, before: Option<Before<'_>>, mapping: &Mapping) -> Result<Option<Refund>, Refusal> {
    if !has_cancelled(order) && before.is_none() {
        return Ok(None);
    }
    let decimals = mapping.currencies.get(&order.order_currency_code).map_or(2, |currency| currency.decimals);
    let document = Document::of_cancelled_part(order, before.map(|before| before.order), decimals)?;
    let total = document.totals.grand_total;
    if total.is_zero() {
        return Ok(None);
    }
    if total < Decimal::ZERO {
        return Err(less(&document, total));
    }
    let key = order.entity_id.to_string();
    let reason = format!("Cancelled part of order {}", order.increment_id);
    let undo = of(&document, order.updated_at.as_deref(), mapping, (key, "X", reason))?;
    let Cancellation { customer, mut credit_note, invoice: Withdrawal { key: invoice_key, .. } } = undo;
    let count = before.map_or(1, |before| before.notes.saturating_add(1));
    if count > 1 {
        credit_note.key = part_key(&invoice_key, count);
        credit_note.reference = format!("{}.{count}", credit_note.reference);
        credit_note.invoice.external_reference.clone_from(&credit_note.reference);
    }
    Ok(Some(Refund { customer, credit_note, credits: Credits::Invoice(invoice_key), payment: None }))
}

/// Less is cancelled than there was: the shop has invoiced some of it since.
fn less(document: &Document<'_>, total: Decimal) -> Refusal {
    let (order, currency) = (document.order, document.currency());
    let now = cancelled::totals(order).grand_total;
    let sentence = format!(
        "Order {} has {} {currency} credited in Visma as cancelled, and the shop says {} {currency} now: {} {currency} \
         of it was invoiced since, or is not cancelled any more. Write an invoice over {} {currency} in Visma.",
        order.increment_id,
        (now - document.totals.grand_total).normalize(),
        now.normalize(),
        -total,
        -total,
    );
    refuse(Code::CancelledLess, sentence)
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
    // The letters of what undoes a document are those of the document, behind an X.
    let reference = draft::reference(document, mapping, letter.trim_start_matches('X'))?;
    Ok(Cancellation { invoice: Withdrawal { key: invoice_key, reference, reason }, customer, credit_note })
}
