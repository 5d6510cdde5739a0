//! Supplier invoices: through their purchase orders to the shop's orders, or visibly to none.

use serde_json::{Value, json};

use super::{PATIENCE, asked_comments, quick, until_outcome};
use crate::house::House;
use crate::regressions::entries;

async fn bought(house: &House, body: Value) -> Vec<Value> {
    let generated = house.installation.tell("visma/supplier-invoices", &body).await.unwrap();
    generated.as_array().unwrap().clone()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{value}"))
}

#[tokio::test]
async fn a_supplier_invoice_becomes_a_comment_on_the_order_that_it_serves() {
    let house = House::start(quick()).await;
    house.place(2, 1).await;
    let ledger = house.until_booked(2, PATIENCE).await;
    let order = text(&ledger["documents"][0], "increment_id");
    for (place, pattern) in [("supplier_ref", "{order}"), ("note", "Order #{order}, by boat")] {
        let body = json!({ "of_orders": [order], "place": place, "pattern": pattern });
        let generated = bought(&house, body).await;
        let number = text(&generated[0], "number");
        let key = format!("supplierinvoice-Invoice-{number}");
        let [comment] = &asked_comments(&house, &key, 1).await[..] else { panic!("more than one") };
        assert_eq!(comment.increment_id, order);
        assert_eq!(comment.mark, format!("[ml:main supplierinvoice Invoice-{number}]"));
        assert!(comment.text.contains("Nordisk Lær AS") && comment.text.contains("NOK"), "{}", comment.text);
    }
    assert!(house.dead_letters().await.is_empty());
}

#[tokio::test]
async fn a_supplier_invoice_that_serves_no_order_is_an_outcome_of_its_own() {
    let house = House::start(quick()).await;
    // One for stock, with a purchase order, and one without.
    for invoice in bought(&house, json!({ "count": 2 })).await {
        let subject = format!("outcome.main.mapping.supplierinvoice.Invoice-{}", text(&invoice, "number"));
        let outcome = until_outcome(&house, &subject, "unchanged").await;
        assert_eq!(outcome.refusal_code, "SERVES_NO_ORDER");
    }
    assert!(entries(&house, "COMMANDS", "command.main.commerce").await.is_empty());
}

/// The purchase order's poll fails while the supplier invoice's does not: the invoice waits for it.
#[tokio::test]
async fn a_supplier_invoice_waits_for_its_purchase_order() {
    let mut house = House::prepare(quick()).await;
    let body = json!({ "of_orders": ["000000001"] });
    let generated = bought(&house, body).await;
    let number = text(&generated[0], "number");
    let on = json!({ "system": "visma", "method": "GET", "path": "/v1/purchaseorder" });
    house.installation.tell("faults", &json!({ "kind": "json_500", "on": on })).await.unwrap();
    house.installation.start_services().unwrap();
    let [comment] = &asked_comments(&house, &format!("supplierinvoice-Invoice-{number}"), 1).await[..] else {
        panic!("more than one")
    };
    assert_eq!(comment.increment_id, "000000001");
}

/// The buyer writes the order's number into the purchase order after the supplier has billed it.
#[tokio::test]
async fn a_purchase_order_that_is_told_its_order_later_takes_its_invoices_along() {
    let house = House::start(quick()).await;
    let generated = bought(&house, json!({ "count": 1 })).await;
    let (number, order) = (text(&generated[0], "number"), text(&generated[0], "purchase_order"));
    let subject = format!("outcome.main.mapping.supplierinvoice.Invoice-{number}");
    until_outcome(&house, &subject, "unchanged").await;
    let path = format!("visma/purchase-orders/{order}");
    let _ = house.installation.tell(&path, &json!({ "supplier_ref": "#000000042" })).await; // Its answer is empty.
    let [comment] = &asked_comments(&house, &format!("supplierinvoice-Invoice-{number}"), 1).await[..] else {
        panic!("more than one")
    };
    assert_eq!(comment.increment_id, "000000042");
}
