//! Invoices, credit memos and customers come through both doors too, and a document never before its order.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::sender::Sender;
use super::stub::Stub;
use super::{PATIENCE, subjects};
use crate::bad_input::order::order;
use crate::house::{House, Wishes};

const SERVICE: &str = "ingestor-commerce";

/// How many changes each record of a kind has.
async fn changes(house: &House, entity: &str) -> Vec<usize> {
    subjects(house, "CHANGES", &format!("change.main.commerce.{entity}.>")).await.into_values().collect()
}

async fn until_changes(house: &House, entity: &str, wanted: &[usize]) {
    let started = Instant::now();
    loop {
        let found = changes(house, entity).await;
        if found == wanted {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{entity}: {found:?} and not {wanted:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The last change of a record: its sequence and its text.
async fn last(house: &House, entity: &str, key: u64) -> (u64, String) {
    let stream = house.jetstream().await.get_stream("CHANGES").await.unwrap();
    let subject = format!("change.main.commerce.{entity}.{key}");
    let message = stream.direct_get_last_for_subject(subject).await.unwrap();
    (message.sequence, String::from_utf8(message.payload.to_vec()).unwrap())
}

/// Edits a customer of the shop.
async fn edit(house: &House, number: u64, part: &Value) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/_sandbox/commerce/customers/{number}", house.installation.commerce);
    let answer = client.put(url).body(part.to_string()).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
}

#[tokio::test]
async fn every_kind_is_polled_and_a_version_is_one_change() {
    let mut house = House::prepare(Wishes::default().set("COMMERCE__POLL__INTERVAL", "200ms")).await;
    let id = house.store(&order(1)).await;
    let invoiced = house.installation.tell_shop(&format!("commerce/orders/{id}/invoice"), &json!({})).await.unwrap();
    house.installation.tell_shop(&format!("commerce/orders/{id}/creditmemo"), &json!({})).await.unwrap();
    let customer = json!({ "email": "kari@example.no", "firstname": "Kari", "lastname": "Nordmann", "website_id": 1 });
    let customer = house.installation.tell_shop("commerce/customers", &customer).await.unwrap();
    house.installation.start_service(SERVICE).unwrap();
    for entity in ["order", "invoice", "creditmemo", "customer"] {
        until_changes(&house, entity, &[1]).await;
    }
    let invoice = invoiced["entity_id"].as_u64().expect("an id");
    assert!(last(&house, "order", id).await.0 < last(&house, "invoice", invoice).await.0);
    // Polls go on and read the same again; what an edit says is a version of its own.
    let number = customer["id"].as_u64().expect("an id");
    edit(&house, number, &json!({ "firstname": "Kåre" })).await;
    until_changes(&house, "customer", &[2]).await;
    assert_eq!(changes(&house, "invoice").await, [1]);
    let (_, text) = last(&house, "customer", number).await;
    assert!(!text.contains("Kåre") && text.contains("sealed:1:"), "{text}");
}

/// A shop in which nothing changes, with one order and one invoice that somebody wrote on.
fn quiet_shop(path: &str) -> (u16, String) {
    let invoice = || {
        let text = include_str!("../../services/commerce/fixtures/invoice_bundle.json");
        let mut invoice: Value = serde_json::from_str(text).unwrap();
        (invoice["entity_id"], invoice["order_id"]) = (json!(12), json!(7));
        invoice["comments"] = json!([{ "comment": "Kari hentet selv", "created_at": "2026-01-15 10:00:00" }]);
        invoice
    };
    let body = match path.rsplit_once("/V1/").map(|(_, path)| path) {
        Some("store/storeViews") => json!([]),
        Some("orders/7") => order(7),
        Some("invoices/12") => invoice(),
        Some("invoices/13") => return (404, json!({ "message": "No such entity." }).to_string()),
        _ => json!({ "items": [], "search_criteria": {}, "total_count": 0 }),
    };
    (200, body.to_string())
}

/// The tokens of the persons for whom a text is sealed.
fn persons(text: &str) -> Vec<&str> {
    let mut persons: Vec<&str> =
        text.split("sealed:1:").skip(1).filter_map(|rest| Some(rest.split_once(':')?.0)).collect();
    persons.sort_unstable();
    persons.dedup();
    persons
}

#[tokio::test]
async fn a_webhook_of_an_invoice_brings_its_order_first_and_is_sealed_for_its_person() {
    let stub = Stub::start(|asked| quiet_shop(asked.uri.path())).await;
    let base = stub.url("/rest/default");
    let wishes = Wishes::default().set("COMMERCE__BASE_URL", &base).set("COMMERCE__POLL__INTERVAL", "1h");
    let mut house = House::prepare(wishes).await;
    house.installation.start_service(SERVICE).unwrap();
    let sender = Sender::to(&house).await;
    for _ in 0..2 {
        assert_eq!(sender.post(r#"{"invoice":{"entity_id":12,"order_id":7}}"#).await.status, 200);
    }
    until_changes(&house, "invoice", &[1]).await;
    until_changes(&house, "order", &[1]).await;
    let (before, of_order) = last(&house, "order", 7).await;
    let (after, of_invoice) = last(&house, "invoice", 12).await;
    assert!(before < after);
    let person = persons(&of_order);
    assert_eq!((person.len(), persons(&of_invoice)), (1, person), "{of_invoice}");
    // One that does not exist is looked for, and given up.
    assert_eq!(sender.post(r#"{"invoice":{"entity_id":13,"order_id":7}}"#).await.status, 200);
    let sentence = house.until_dead("RECORD_NOT_FOUND", 2 * PATIENCE).await;
    assert!(sentence.contains("the invoice 13"), "{sentence}");
}
