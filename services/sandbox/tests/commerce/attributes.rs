//! Saving a part of an order: few columns, and custom attributes as the kind of shop has them.

use sandbox::commerce::{Config, OrderAttributes};
use serde_json::{Value, json};

use crate::client::{Answer, Served, serve};

async fn save(shop: &Served, id: u64, members: Value) -> Answer {
    let mut entity = members;
    entity["entity_id"] = id.into();
    shop.post("orders", &json!({ "entity": entity }).to_string()).await
}

fn attribute(code: &str, value: &str) -> Value {
    json!({ "attribute_code": code, "value": value })
}

#[tokio::test]
async fn only_what_is_sent_changes() {
    let shop = serve(Config::default(), 1).await;
    let before = shop.get("orders/1").await.json;
    let long = "x".repeat(40);
    let saved = save(&shop, 1, json!({ "ext_order_id": long, "increment_id": before["increment_id"] })).await;
    assert_eq!((saved.status.as_u16(), &saved.json["grand_total"]), (200, &Value::Null), "its answer misleads");
    assert_eq!((&saved.json["ext_order_id"], &saved.json["total_due"]), (&json!(long), &json!(0)));
    let mut after = shop.get("orders/1").await.json;
    assert_eq!(after["ext_order_id"], "x".repeat(32));
    after.as_object_mut().unwrap().remove("ext_order_id");
    after["updated_at"] = before["updated_at"].clone();
    assert_eq!(after, before);
}

#[tokio::test]
async fn what_is_no_order_or_no_column_is_refused() {
    let shop = serve(Config::default(), 1).await;
    let payment = r#"{"message":"Please provide payment for the order."}"#;
    save(&shop, 99, json!({})).await.is(400, payment);
    shop.post("orders", r#"{"entity":{"ext_order_id":"1"}}"#).await.is(400, payment);
    assert_eq!(shop.post("orders", "{}").await.status, 400);
    assert_eq!(save(&shop, 1, json!({ "items": [] })).await.json["parameters"]["fieldName"], "Items");
    let other = save(&shop, 1, json!({ "increment_id": "another" })).await;
    assert_eq!(other.json["parameters"]["fieldName"], "IncrementId");
}

#[tokio::test]
async fn custom_attributes_are_taken_as_the_shop_has_them() {
    let (one, two, three) = (attribute("a", "1"), attribute("b", "2"), attribute("a", "3"));
    for (how, held) in [
        (None, Value::Null),
        (Some(OrderAttributes::Refused), Value::Null),
        (Some(OrderAttributes::Ignored), Value::Null),
        (Some(OrderAttributes::Replaced), json!([three])),
        (Some(OrderAttributes::Merged), json!([two, three])),
    ] {
        let shop = serve(Config { order_attributes: how, ..Config::default() }, 1).await;
        let first = save(&shop, 1, json!({ "custom_attributes": [one, two] })).await;
        let second = save(&shop, 1, json!({ "custom_attributes": [three] })).await;
        let refused = matches!(how, None | Some(OrderAttributes::Refused));
        let status = if refused { 400 } else { 200 };
        assert_eq!((first.status.as_u16(), second.status.as_u16()), (status, status), "{how:?}");
        assert_eq!(shop.get("orders/1").await.json["custom_attributes"], held, "{how:?}");
    }
}

#[tokio::test]
async fn a_value_that_is_no_text_is_refused() {
    let shop = serve(Config { order_attributes: Some(OrderAttributes::Merged), ..Config::default() }, 1).await;
    let wrong = save(&shop, 1, json!({ "custom_attributes": [{ "attribute_code": "a", "value": [1] }] })).await;
    assert_eq!(wrong.status, 400, "{}", wrong.text);
}
