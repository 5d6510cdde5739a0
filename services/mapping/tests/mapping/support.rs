//! What several tests need: recorded orders, and mapping files that differ from the default in one place.

use std::fs;
use std::path::PathBuf;

use commerce::order::Order;
use mapping::{Booking, DEFAULT, Decision, Mapping, Meaning, Refusal, Scope, States};
use serde_json::{Value, json};

/// The recorded orders by name, as Commerce sent them.
pub(crate) fn recorded() -> Vec<(String, String)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/orders");
    let mut orders: Vec<(String, String)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap()))
        .collect();
    orders.sort();
    assert!(orders.len() > 20, "the recorded orders are missing");
    orders
}

/// One recorded order as JSON.
pub(crate) fn recorded_order(name: &str) -> Value {
    let (_, text) = recorded().into_iter().find(|(known, _)| known == name).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// A small order with round amounts, for tests that change one thing: 2 × 100 at 25 %, 100 at 15 %, shipping 40 at
/// 25 %, by a guest in Norway.
pub(crate) fn small_order() -> Value {
    let tax = |kind: &str, item: Option<u64>, percent: u32, amount: u32| {
        json!({ "type": kind, "item_id": item,
            "applied_taxes": [{ "code": format!("NO-MVA-{percent}"), "percent": percent, "amount": amount }] })
    };
    let item = |id: u64, sku: &str, quantity: u32, percent: u32| {
        json!({ "item_id": id, "product_type": "simple", "sku": sku, "name": "Product", "qty_ordered": quantity,
            "price": 100, "row_total": 100 * quantity, "discount_amount": 0, "tax_percent": percent,
            "tax_amount": quantity * percent })
    };
    json!({
        "entity_id": 1042, "increment_id": "000001042", "store_id": 1, "state": "new", "status": "pending",
        "created_at": "2026-01-31 08:00:11", "updated_at": "2026-01-31 08:04:55",
        "customer_is_guest": 1, "customer_group_id": 0, "customer_email": "kari@example.no",
        "order_currency_code": "NOK", "base_currency_code": "NOK", "base_to_order_rate": 1,
        "subtotal": 300, "discount_amount": 0, "shipping_amount": 40, "shipping_tax_amount": 10, "tax_amount": 75,
        "grand_total": 415, "base_grand_total": 415, "shipping_description": "Posten",
        "billing_address": { "firstname": "Kari", "lastname": "Nordmann", "street": ["Storgata 1"],
            "postcode": "0155", "city": "Oslo", "country_id": "NO", "telephone": "+47 99999999" },
        "payment": { "method": "checkmo" },
        "items": [item(1, "A", 2, 25), item(2, "B", 1, 15)],
        "extension_attributes": {
            "item_applied_taxes": [tax("product", Some(1), 25, 50), tax("product", Some(2), 15, 15),
                tax("shipping", None, 25, 10)],
        },
    })
}

pub(crate) fn decode(order: &Value) -> Order {
    Order::decode(order.to_string().as_bytes()).unwrap()
}

pub(crate) fn default_mapping() -> Mapping {
    Mapping::parse(DEFAULT).unwrap()
}

/// The default mapping file with some pieces of text replaced; each must be there.
pub(crate) fn changed(replacements: &[(&str, &str)]) -> Mapping {
    let text = changed_text(replacements);
    Mapping::parse(&text).unwrap_or_else(|problems| panic!("{problems}"))
}

pub(crate) fn changed_text(replacements: &[(&str, &str)]) -> String {
    replacements.iter().fold(DEFAULT.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "`{from}` is not in the default mapping file");
        text.replace(from, to)
    })
}

/// A scope that looks at nothing, so that only the money decides.
pub(crate) fn every_order() -> Scope {
    let book = Meaning::Book;
    let states = States {
        new: book,
        pending_payment: book,
        processing: book,
        complete: book,
        closed: book,
        canceled: book,
        holded: book,
        payment_review: book,
    };
    Scope { states, ..Scope::default() }
}

/// The booking of an order that is in scope.
pub(crate) fn book(order: &Value, mapping: &Mapping) -> Result<Booking, Refusal> {
    match mapping::order(&decode(order), mapping, &every_order())? {
        Decision::Book(booking) => Ok(*booking),
        other => panic!("neither booked nor refused: {other:?}"),
    }
}
