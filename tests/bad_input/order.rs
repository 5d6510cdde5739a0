//! A small order that is right in every part, for a test to spoil one part of.

use serde_json::{Value, json};

/// 2 × 100.00 with 25 % VAT, 250.00 NOK in all, of a guest.
const ORDER: &str = include_str!("../fixtures/order.json");

/// The order of the fixture, placed now, with ids and a buyer of its own.
pub(crate) fn order(number: u32) -> Value {
    let now = json!(jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string());
    let changes = [
        ("/entity_id", json!(number)),
        ("/increment_id", json!(format!("{number:09}"))),
        ("/customer_email", json!(format!("gjest.{number}@example.no"))),
        ("/created_at", now.clone()),
        ("/updated_at", now),
    ];
    changed(serde_json::from_str(ORDER).unwrap(), &changes)
}

/// As [`order`], with other values at some JSON pointers, which must be there.
pub(crate) fn spoilt(number: u32, changes: &[(&str, Value)]) -> Value {
    changed(order(number), changes)
}

/// A number as the text of it, which JSON may write in ways that no literal of Rust does.
pub(crate) fn written(number: &str) -> Value {
    serde_json::from_str(number).unwrap()
}

fn changed(mut order: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        *order.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in the order")) = value.clone();
    }
    order
}
