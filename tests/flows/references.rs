//! The shop's invoices as references on Visma's, where they are wanted.

use serde_json::json;

use super::{PATIENCE, act, bodies, orders, until_kind, wishes};
use crate::house::House;
use crate::regressions::until_entries;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_shops_invoices_are_noted_on_the_invoice_of_their_order() {
    let house = House::start(wishes().set("SCOPE__REFERENCES", "true")).await;
    house.place(1, 1).await;
    house.until_booked(1, PATIENCE).await;
    let order = orders(&house).await[0];
    let invoice = act(&house, order, "invoice", &json!({})).await;
    let number = invoice["increment_id"].as_str().unwrap();
    until_kind(&house, &format!("outcome.main.visma.reference.{}", invoice["entity_id"]), "applied").await;
    let puts = bodies(&house, "PUT", "/v1/customerinvoice/").await;
    assert_eq!(puts.len(), 1, "{puts:#?}");
    assert!(puts[0]["note"]["value"].as_str().unwrap().ends_with(&format!("Invoice {number}")), "{:#}", puts[0]);
    let audit = house.ledger().await["audit"].clone();
    assert_eq!((&audit["lost_edits"], &audit["blind_overwrites"]), (&json!([]), &json!([])), "{audit:#}");
    assert_eq!(house.dead_letters().await, []);
}

/// The shop takes the money before it ships, and the order is booked when it is shipped.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invoice_that_is_there_before_its_order_is_booked_is_noted_when_it_is() {
    let house = House::start(wishes().set("SCOPE__REFERENCES", "true").set("SCOPE__TRIGGER", "shipped")).await;
    house.place(1, 1).await;
    let order = orders(&house).await[0];
    let invoice = act(&house, order, "invoice", &json!({})).await;
    let asked = format!("command.main.visma.reference.{}", invoice["entity_id"]);
    until_entries(&house, "COMMANDS", &asked, 1).await;
    assert_eq!(house.ledger().await["documents"][0]["invoices"], json!([]), "it is not shipped yet");
    act(&house, order, "ship", &json!({})).await;
    until_kind(&house, &format!("outcome.main.visma.reference.{}", invoice["entity_id"]), "applied").await;
    assert_eq!(house.dead_letters().await, []);
}
