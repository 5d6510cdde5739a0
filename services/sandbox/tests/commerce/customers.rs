//! Customers who register and change, and orders that are edited.

use sandbox::commerce::Config;
use serde_json::{Value, json};

use crate::client::{Answer, Served, criteria_query, filter, serve};

async fn put(shop: &Served, id: u64, body: &Value) -> Answer {
    let url = format!("{}/_sandbox/commerce/customers/{id}", shop.base);
    shop.send("PUT", &url, &[], &body.to_string()).await
}

fn ola() -> Value {
    json!({
        "email": "ola@example.no", "firstname": "Ola", "lastname": "Prøve", "taxvat": "NO123", "group_id": 2,
        "addresses": [
            { "country_id": "NO", "city": "Oslo", "street": ["Storgata 1"], "postcode": "0155", "telephone": "1",
              "default_billing": true },
            { "country_id": "NO", "city": "Bergen", "street": ["Gata 2"], "postcode": "5003", "telephone": "2",
              "company": "Prøve AS", "vat_id": "NO123", "default_shipping": true },
        ],
        "extension_attributes": { "company_attributes": { "company_id": 4, "status": 1 } },
    })
}

#[tokio::test]
async fn a_registered_customer_is_found_and_unique() {
    let shop = serve(Config { customers: 5, ..Config::default() }, 5).await;
    let made = shop.control("commerce/customers", &ola().to_string()).await;
    let id = made.json["id"].as_u64().unwrap();
    let customer = shop.get(&format!("customers/{id}")).await.json;
    assert_eq!((&customer["email"], &customer["website_id"]), (&json!("ola@example.no"), &json!(1)));
    assert_eq!(customer["extension_attributes"]["company_attributes"]["company_id"], 4);
    assert_eq!(customer["default_shipping"], customer["addresses"][1]["id"].to_string());
    shop.control("commerce/customers", &ola().to_string())
        .await
        .is(400, "{\"message\":\"A customer with the same email address already exists in an associated website.\"}");
    let by_email = filter(0, "email", "eq", "OLA@example.no");
    let by_email: Vec<(&str, &str)> = by_email.iter().map(|(path, value)| (path.as_str(), *value)).collect();
    let found = shop.get(&format!("customers/search?{}", criteria_query(&by_email))).await;
    assert_eq!(found.items("id"), [id.to_string()]);
    let missing = shop.control("commerce/customers", "{\"email\":\"x@example.no\"}").await;
    assert_eq!(missing.json["errors"].as_array().unwrap().len(), 2);
    let drawn = shop.control("commerce/customers", "").await.json["id"].as_u64().unwrap();
    assert!(drawn > 5 && drawn < id, "clear of those who order, and of those who are given");
    assert_eq!(shop.get(&format!("customers/{drawn}")).await.json["id"], drawn);
}

#[tokio::test]
async fn edits_keep_what_is_left_out_but_not_addresses() {
    let shop = serve(Config::default(), 0).await;
    let id = shop.control("commerce/customers", &ola().to_string()).await.json["id"].as_u64().unwrap();
    let before = shop.get(&format!("customers/{id}")).await.json;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let named = put(&shop, id, &json!({ "firstname": "Kåre", "taxvat": null })).await.json;
    assert_eq!((&named["firstname"], &named["taxvat"]), (&json!("Kåre"), &json!("NO123")));
    assert_eq!(named["addresses"], before["addresses"]);
    assert!(named["updated_at"].as_str() > before["updated_at"].as_str());

    let billing = before["addresses"][0].clone();
    let left_out = put(&shop, id, &json!({ "addresses": [billing] })).await;
    left_out.is(
        400,
        "{\"message\":\"The %fieldName value is invalid. Set the correct value and try again.\",\
         \"parameters\":{\"fieldName\":\"default_shipping\"}}",
    );
    let mut moved = before["addresses"].clone();
    moved[0]["city"] = json!("Moss");
    let edited = put(&shop, id, &json!({ "addresses": moved })).await.json;
    assert_eq!((&edited["addresses"][0]["city"], &edited["addresses"][0]["id"]), (&json!("Moss"), &billing["id"]));
    let none = put(&shop, id, &json!({ "addresses": [] })).await.json;
    assert_eq!(none["addresses"], json!([]));
    assert!(none.get("default_billing").is_none() && none.get("default_shipping").is_none());
    assert_eq!(put(&shop, id, &json!({ "nope": 1 })).await.json["parameters"]["fieldName"], "Nope");
    assert_eq!(put(&shop, id, &json!({ "id": 999 })).await.status, 404);
    assert_eq!(put(&shop, 77, &json!({})).await.status, 404);
}

#[tokio::test]
async fn an_edit_of_the_address_book_leaves_no_trace_on_the_customer() {
    let shop = serve(Config::default(), 0).await;
    let id = shop.control("commerce/customers", &ola().to_string()).await.json["id"].as_u64().unwrap();
    let before = shop.get(&format!("customers/{id}")).await.json;
    tokio::time::sleep(std::time::Duration::from_millis(1_100)).await;
    let mut moved = before["addresses"].clone();
    moved[0]["city"] = json!("Moss");
    let url = format!("{}/_sandbox/commerce/customers/{id}/addresses", shop.base);
    assert_eq!(shop.send("PUT", &url, &[], &moved.to_string()).await.status, 200);
    let after = shop.get(&format!("customers/{id}")).await.json;
    assert_eq!((&after["updated_at"], &after["addresses"]), (&before["updated_at"], &moved));
}

#[tokio::test]
async fn an_edited_order_is_canceled_and_replaced() {
    let shop = serve(Config::default(), 3).await;
    let before = shop.get("orders/2").await.json;
    let number = before["increment_id"].as_str().unwrap();
    let made = shop.control("commerce/orders/2/edit", "").await.json;
    assert_eq!(made["increment_id"], format!("{number}-1"));
    let (old, new) = (shop.get("orders/2").await.json, shop.get(&format!("orders/{}", made["entity_id"])).await.json);
    assert_eq!((&old["state"], &old["relation_child_real_id"]), (&json!("canceled"), &new["increment_id"]));
    assert_eq!(old["relation_child_id"], new["entity_id"].to_string());
    assert_eq!((&new["relation_parent_real_id"], &new["original_increment_id"]), (&json!(number), &json!(number)));
    assert_eq!((&new["state"], &new["customer_email"]), (&json!("new"), &before["customer_email"]));
    let again = shop.control(&format!("commerce/orders/{}/edit", made["entity_id"]), "").await.json;
    assert_eq!(again["increment_id"], format!("{number}-2"), "the number of the first one stays");
    assert_eq!(shop.control("commerce/orders/2/edit", "").await.status, 400);

    let raw = before.to_string().replace(&format!("\"entity_id\":{}", 2), "\"entity_id\":900");
    shop.control("orders/raw", &raw).await;
    shop.control("commerce/orders/900/invoice", "").await;
    assert_eq!(shop.control("commerce/orders/900/edit", "").await.status, 400, "nothing is left to be canceled");
}

#[tokio::test]
async fn a_recorded_order_is_replaced_by_its_copy() {
    let shop = crate::client::serve_recorded().await;
    let found = shop.shop.ledger().into_iter().find(|order| order.state == "new").unwrap();
    let made = shop.control(&format!("commerce/orders/{}/edit", found.entity_id), "").await.json;
    let copy = shop.get(&format!("orders/{}", made["entity_id"])).await.json;
    assert_eq!(copy["grand_total"].to_string(), found.grand_total.to_string());
    assert_eq!(copy["items"][0]["order_id"], copy["entity_id"]);
    assert_eq!(copy["billing_address"]["parent_id"], copy["entity_id"]);
    let invoiced = shop.control(&format!("commerce/orders/{}/invoice", made["entity_id"]), "").await;
    assert_eq!(invoiced.json["grand_total"], copy["grand_total"], "{}", invoiced.text);
}
