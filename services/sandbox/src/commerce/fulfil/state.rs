//! Moves an order's state on, as `Magento\Sales\Model\ResourceModel\Order\Handler\State` decides it, and does the
//! actions that are about the state alone: cancel, hold, unhold.

use rust_decimal::Decimal;

use super::Refused;
use super::money::{Pair, cents, ratio};
use super::sale::Sale;

/// Moves the state on after an invoice, a shipment or a credit memo.
pub(super) fn settle(sale: &mut Sale) {
    if sale.text("state") == "new" {
        sale.set_state("processing");
    }
    let state = sale.text("state");
    if matches!(state.as_str(), "canceled" | "holded") || sale.can_invoice() {
        return;
    }
    let can_ship = sale.lines.iter().any(|line| !line.dummy && line.to_ship() > Decimal::ZERO);
    let in_progress = matches!(state.as_str(), "processing" | "complete");
    if in_progress && !can_refund(sale) && !can_ship {
        sale.set_state("closed");
    } else if state == "processing" && !can_ship {
        sale.set_state("complete");
    }
}

/// True when money is left to be refunded. An amount that an adjustment kept back counts as refunded.
fn can_refund(sale: &Sale) -> bool {
    let left = cents(sale.amount("total_paid")) - sale.amount("total_refunded");
    let nothing = Decimal::new(1, 4);
    if sale.amount("grand_total").abs() < nothing {
        let refunded = sale.lines.iter().any(|line| line.refunded > Decimal::ZERO);
        return !(refunded && sale.amount("total_refunded") == sale.amount("total_paid"));
    }
    left.abs() >= nothing && (left - sale.amount("adjustment_negative")).abs() >= nothing
}

/// Cancels what is not invoiced. `false`, as Magento answers, when there is nothing to cancel.
pub(super) fn cancel(sale: &mut Sale) -> bool {
    let state = sale.text("state");
    if !sale.can_invoice() || matches!(state.as_str(), "canceled" | "complete" | "closed" | "holded" | "payment_review")
    {
        return false;
    }
    let mut becomes = "canceled";
    for at in 0..sale.lines.len() {
        let Some(line) = sale.lines.get_mut(at) else { continue };
        if !line.dummy && becomes != "processing" && line.to_refund() > Decimal::ZERO {
            becomes = if line.to_ship() > line.to_cancel() { "processing" } else { "complete" };
        }
        let off = if line.dummy { Decimal::ZERO } else { line.to_cancel() };
        line.canceled += off;
        let (id, canceled) = (line.id, line.canceled);
        let of = |amount: Decimal| ratio(amount * off, line.ordered);
        // The tax is that of the base currency, which is a defect of Magento's.
        let (tax, compensation) = (of(line.whole.tax.base), of(line.whole.compensation.own));
        sale.set_item(id, "qty_canceled", canceled);
        sale.set_item(id, "tax_canceled", if off.is_zero() { Decimal::ZERO } else { tax });
        sale.set_item(id, "discount_tax_compensation_canceled", compensation);
    }
    let rest = |all: &str, done: &str| sale.pair(all) - sale.pair(done);
    let subtotal = rest("subtotal", "subtotal_invoiced");
    let tax = rest("tax_amount", "tax_invoiced");
    let shipping = rest("shipping_amount", "shipping_invoiced");
    let discount = sale.pair("discount_amount").map(|amount| amount.abs())
        - sale.pair("discount_invoiced").map(|amount| amount.abs());
    let total: Pair = rest("grand_total", "total_paid");
    sale.set_pair("subtotal_canceled", subtotal);
    sale.set_pair("tax_canceled", tax);
    sale.set_pair("shipping_canceled", shipping);
    sale.set_pair("discount_canceled", discount);
    sale.set_pair("total_canceled", total);
    sale.set_state(becomes);
    true
}

/// Puts an order on hold.
pub(super) fn hold(sale: &mut Sale) -> Result<(), Refused> {
    let (state, status) = (sale.text("state"), sale.text("status"));
    if matches!(state.as_str(), "canceled" | "complete" | "closed" | "holded" | "payment_review") {
        return Err(Refused::plain("A hold action is not available."));
    }
    sale.set_text("hold_before_state", &state);
    sale.set_text("hold_before_status", &status);
    sale.set_state("holded");
    Ok(())
}

/// Lets a held order go on where it was.
pub(super) fn unhold(sale: &mut Sale) -> Result<(), Refused> {
    if sale.text("state") != "holded" {
        return Err(Refused::plain("You cannot remove the hold."));
    }
    let (state, status) = (sale.text("hold_before_state"), sale.text("hold_before_status"));
    sale.set_text("state", &state);
    sale.set_text("status", &status);
    sale.clear("hold_before_state");
    sale.clear("hold_before_status");
    Ok(())
}
