//! Shipping an order, whole or in part. No money moves.

use super::Refused;
use super::sale::Sale;
use super::take::{Purpose, Quantities, Taken, take};

/// Makes a shipment and moves the order on.
pub(super) fn make(sale: &mut Sale, asked: Option<&Quantities>) -> Result<Vec<Taken>, Refused> {
    let taken = take(sale, Purpose::Ship, asked)?;
    let status = sale.text("status");
    let mut faults = Vec::new();
    if matches!(sale.text("state").as_str(), "holded" | "canceled" | "closed" | "complete" | "payment_review") {
        faults.push(format!("A shipment cannot be created when an order has a status of {status}"));
    }
    if taken.is_empty() {
        faults.push("You can't create a shipment without products.".to_owned());
    }
    if !faults.is_empty() {
        return Err(Refused::document("Shipment", &faults));
    }
    for one in &taken {
        sale.set_item(one.line.id, "qty_shipped", one.line.shipped + one.quantity);
        if let Some(known) = sale.lines.iter_mut().find(|known| known.id == one.line.id) {
            known.shipped += one.quantity;
        }
    }
    Ok(taken)
}
