//! Checks whether the event that makes an order an invoice has happened.
//!
//! Commerce has no date for "paid" or "shipped": both are read off the order as it stands. An order of which money went
//! back counts as both, so that a credit memo never waits for an invoice that is not to come.

use commerce::order::{Item, Order, OrderState};
use rust_decimal::Decimal;

use crate::scope::Trigger;

/// `total_paid` is rounded to two places, `grand_total` is not.
const HALF_CENT: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

/// Tells what is missing for the order to be booked, if anything.
pub(super) fn missing(order: &Order, trigger: Trigger) -> Option<&'static str> {
    let over = matches!(order.state, Some(OrderState::Complete | OrderState::Closed | OrderState::Canceled));
    // A refund below zero, of which more was kept back than refunded, sends no money back.
    let refunded = order.total_refunded.is_some_and(|sum| sum > Decimal::ZERO);
    match trigger {
        _ if over || refunded => None,
        Trigger::Placed | Trigger::Invoiced => None,
        Trigger::Paid => (!is_paid(order)).then_some("paid"),
        Trigger::Shipped => (!is_shipped(order)).then_some("shipped"),
    }
}

/// Checks whether nothing is due any more: what was not cancelled is paid. An order whose amounts have no sum waits for
/// nothing: it is refused for them when it is decided on.
fn is_paid(order: &Order) -> bool {
    let settled = order.total_paid.unwrap_or_default().checked_add(order.total_canceled.unwrap_or_default());
    let due = settled.and_then(|settled| order.grand_total.checked_sub(settled));
    due.is_none_or(|due| due <= HALF_CENT)
}

/// Checks whether all that can be shipped is shipped; what was cancelled or refunded will not be. Where nothing can be
/// shipped, paying is all that is left to wait for.
fn is_shipped(order: &Order) -> bool {
    let mut goods = order.items.iter().filter(|item| is_top(order, item) && !item.is_virtual).peekable();
    if goods.peek().is_none() {
        return is_paid(order);
    }
    // A configurable is shipped as itself, a bundle as itself or part by part.
    goods.all(|item| {
        let mut parts = order.children(item.item_id).filter(|part| !part.is_virtual).peekable();
        is_handled(item) || parts.peek().is_some() && parts.all(is_handled)
    })
}

fn is_top(order: &Order, item: &Item) -> bool {
    let parent = |id: u64| order.items.iter().any(|other| other.item_id == id);
    !item.parent_item_id.is_some_and(parent)
}

fn is_handled(item: &Item) -> bool {
    let handled = item.qty_shipped.checked_add(item.qty_canceled).and_then(|sum| sum.checked_add(item.qty_refunded));
    handled.is_none_or(|handled| handled >= item.qty_ordered)
}
