//! Supplier invoices in a custom attribute of the orders that they serve, in shops that have such attributes and in
//! those that have not.

use serde_json::{Value, json};

use super::PATIENCE;
use super::seen::{asked_comments, quick, until_outcome};
use crate::house::{House, Wishes};

const CODE: &str = "visma_supplier_invoices";

fn wishes() -> Wishes {
    quick()
        .set("COMMENTS__SUPPLIER_INVOICES_ATTRIBUTE", CODE)
        .set("COMMERCE__TIMEOUT", "2s")
        .set("COMMERCE__COMMENT__DOUBT_WAIT", "4s")
        .set("COMMERCE__COMMENT__SEND_WITHIN", "1s")
        .set("COMMERCE__COMMENT__LOOK_SPACING", "500ms")
        .set("COMMERCE__COMMENT__FAULT_WAIT", "500ms")
}

/// A house whose shop does with attributes of orders what `how` says, and has an order with one of somebody else's.
async fn house(wishes: Wishes, how: &str) -> (House, u64, String) {
    let house = House::start(wishes).await;
    house.installation.tell_shop("commerce/config", &json!({ "order_attributes": how })).await.unwrap();
    let mut order = crate::bad_input::order::order(1);
    order["custom_attributes"] = json!([{ "attribute_code": "gate", "value": "7" }]);
    let id = house.store(&order).await;
    house.until_booked(1, PATIENCE).await;
    (house, id, order["increment_id"].as_str().unwrap().to_owned())
}

/// A supplier bills what was bought for the order; the number of its invoice.
async fn billed(house: &House, order: &str) -> String {
    let bills = house.installation.tell("visma/supplier-invoices", &json!({ "of_orders": [order] })).await.unwrap();
    bills[0]["number"].as_str().unwrap().to_owned()
}

/// The attributes of an order as the shop holds them, by code.
async fn attributes(house: &House, id: u64) -> Value {
    let order = house.installation.ask_shop(&format!("orders/{id}")).await.unwrap();
    order["custom_attributes"].as_array().cloned().unwrap_or_default().into_iter().fold(json!({}), |mut all, one| {
        all[one["attribute_code"].as_str().unwrap()] = one["value"].clone();
        all
    })
}

/// The documents and their states in our attribute.
async fn entries(house: &House, id: u64) -> Vec<(String, String)> {
    let all = attributes(house, id).await;
    let list: Value = serde_json::from_str(all[CODE].as_str().unwrap_or("[]")).unwrap();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    list.as_array().unwrap().iter().map(|entry| (text(entry, "document"), text(entry, "status"))).collect()
}

async fn saves(house: &House) -> u64 {
    let calls = house.installation.ask("calls").await.unwrap();
    calls["commerce"]["by_kind"]["POST /rest/{store}/V1/orders"]["calls"].as_u64().unwrap_or(0)
}

fn record(number: &str) -> String {
    format!("outcome.main.commerce.comment.supplierinvoice-Invoice-{number}")
}

#[tokio::test]
async fn supplier_invoices_stand_in_the_attribute_each_once_and_as_they_are_now() {
    // What others keep in attributes stays, whichever way the shop takes what it is sent.
    for how in ["merged", "replaced"] {
        let (house, id, order) = house(wishes(), how).await;
        let first = billed(&house, &order).await;
        until_outcome(&house, &record(&first), "applied").await;
        let second = billed(&house, &order).await;
        until_outcome(&house, &record(&second), "applied").await;
        let named = |number: &str, status: &str| (format!("Invoice-{number}"), status.to_owned());
        let status = entries(&house, id).await[0].1.clone();
        assert_eq!(entries(&house, id).await, [named(&first, &status), named(&second, &status)]);
        assert_eq!(attributes(&house, id).await["gate"], "7", "{how}");
        assert_eq!(saves(&house).await, 2, "{how}");
        // The supplier's invoice is paid: its entry says so, in its old place.
        let path = format!("visma/supplier-invoices/Invoice/{first}");
        let _ = house.installation.tell(&path, &json!({ "status": "Closed" })).await; // Its answer is empty.
        asked_comments(&house, &format!("supplierinvoice-Invoice-{first}"), 2).await;
        let paid = [named(&first, "Closed"), named(&second, &status)];
        let started = std::time::Instant::now();
        while entries(&house, id).await != paid {
            assert!(started.elapsed() < PATIENCE, "{}\n{}", attributes(&house, id).await, house.logs());
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        assert_eq!(saves(&house).await, 3, "{how}");
        assert_eq!(house.ledger().await["doubled_comments"], json!({}), "{how}");
        assert_eq!(house.dead_letters().await, []);
    }
}

#[tokio::test]
async fn the_attribute_alone_and_written_once_when_its_answer_is_lost() {
    let (house, id, order) = house(wishes().set("COMMENTS__SUPPLIER_INVOICES", "false"), "merged").await;
    for (number, kind) in [(1, "lost_after"), (2, "lost_before")] {
        let on = json!({ "system": "commerce", "method": "POST", "path": "/rest/default/V1/orders" });
        house.installation.tell("faults", &json!({ "kind": kind, "on": on })).await.unwrap();
        let bill = billed(&house, &order).await;
        until_outcome(&house, &record(&bill), "applied").await;
        assert_eq!(entries(&house, id).await.len(), number, "{kind}");
    }
    // What was written is found, and what was not is sent again.
    assert_eq!(saves(&house).await, 3);
    let calls = house.installation.ask("calls").await.unwrap();
    assert_eq!(calls["commerce"]["by_kind"]["POST /rest/{store}/V1/orders/{id}/comments"], Value::Null);
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn a_shop_without_attributes_of_orders_gets_the_comment_and_a_person_is_told() {
    for how in ["refused", "ignored"] {
        let (house, id, order) = house(wishes(), how).await;
        let bill = billed(&house, &order).await;
        let sentence = house.until_dead("ATTRIBUTE_NOT_KEPT", PATIENCE).await;
        assert!(sentence.contains(CODE) && sentence.contains(&order), "{sentence}");
        let shown = house.installation.ask_shop(&format!("orders/{id}")).await.unwrap();
        let noted = shown["status_histories"].to_string();
        assert_eq!(noted.matches(&format!("[ml:main supplierinvoice Invoice-{bill}]")).count(), 1, "{how}: {noted}");
        assert_eq!(attributes(&house, id).await, json!({ "gate": "7" }), "{how}");
    }
}

#[tokio::test]
async fn an_attribute_that_somebody_else_uses_is_left_alone() {
    let wishes = wishes().set("COMMENTS__SUPPLIER_INVOICES_ATTRIBUTE", "gate");
    let (house, id, order) = house(wishes, "merged").await;
    billed(&house, &order).await;
    let sentence = house.until_dead("ATTRIBUTE_TAKEN", PATIENCE).await;
    assert!(sentence.contains("`gate`") && sentence.contains(&order), "{sentence}");
    assert_eq!((attributes(&house, id).await, saves(&house).await), (json!({ "gate": "7" }), 0));
}

#[tokio::test]
async fn an_entry_that_stands_is_not_written_again() {
    let (house, id, order) = house(wishes(), "merged").await;
    let bill = billed(&house, &order).await;
    until_outcome(&house, &record(&bill), "applied").await;
    assert_eq!(entries(&house, id).await.len(), 1);
    // Asked for again, as a replay does: nothing is written.
    let [asked] = &asked_comments(&house, &format!("supplierinvoice-Invoice-{bill}"), 1).await[..] else {
        panic!("more than one")
    };
    let (entry, before) = (&asked.attributes[0].value, saves(&house).await);
    assert!(entry.contains("\"supplier_name\":\"Nordisk Lær AS\"") && entry.contains("NOK"), "{entry}");
    super::comments::again(&house, &format!("supplierinvoice-Invoice-{bill}"), asked).await;
    until_outcome(&house, &record(&bill), "unchanged").await;
    assert_eq!(saves(&house).await, before);
}
