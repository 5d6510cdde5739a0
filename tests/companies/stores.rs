//! One shop, and a company for each of its stores: an order lands in the company of its store, once.

use std::time::Duration;

use serde_json::json;

use super::house::Companies;
use crate::bad_input::order::{order, spoilt};
use crate::doors::sender::{Sender, signature};

/// A company for store 1 and one for store 3, of the shop of the first.
async fn companies(poll: &str) -> Companies {
    let mut house = Companies::prepare(&["no", "se"]).await;
    let shop = house.sandbox("no").commerce;
    house.common(|text| text.replace("interval = \"2s\"", &format!("interval = \"{poll}\"")));
    house.set("no", "scope.stores = [1]\n");
    house.set_shop("se", shop, "scope.stores = [3]\n");
    house.start().await;
    house
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_order_lands_in_the_company_of_its_store_once() {
    let house = companies("500ms").await;
    let shop = house.sandbox("no");
    for number in 1..=3 {
        shop.store(&order(number)).await;
        shop.store(&spoilt(10 + number, &[("/store_id", json!(3))])).await;
    }
    house.until_invoices("no", 3).await;
    house.until_invoices("se", 3).await;
    assert_eq!(house.inner.dead_letters().await, []);
}

/// The poll comes in an hour: webhooks bring the orders, at the path of all and at that of one connection.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_reaches_the_connection_whose_store_its_order_is_of() {
    let house = companies("1h").await;
    let sender = Sender::to(&house.inner).await;
    for service in ["ingestor-commerce", "mapper", "writer-visma"] {
        for company in ["no", "se"] {
            house.until_said(service, &format!("?connection={company}"), &["ready\n"]).await;
        }
    }
    let hints = async |house: &Companies, name: &str| {
        crate::doors::subjects(&house.inner, "HINTS", &format!("hint.{name}.>")).await.into_values().sum::<usize>()
    };
    // The body says which store: one hint.
    house.sandbox("no").store(&spoilt(11, &[("/store_id", json!(3))])).await;
    assert_eq!(sender.post(r#"{"order":{"entity_id":11,"store_id":3}}"#).await.status, 200);
    assert_eq!((hints(&house, "no").await, hints(&house, "se").await), (0, 1));
    house.until_invoices("se", 1).await;
    // It does not: whose it is shows when it is read.
    house.sandbox("no").store(&order(1)).await;
    assert_eq!(sender.hint(1).await.status, 200);
    assert_eq!((hints(&house, "no").await, hints(&house, "se").await), (1, 2));
    house.until_invoices("no", 1).await;
    // The path names one.
    house.sandbox("no").store(&order(2)).await;
    let body = br#"{"order_id":2}"#.to_vec();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = |name: &str| format!("http://{}/webhooks/commerce/{name}", house.inner.installation.door);
    let post = async |name: &str| {
        let request = client.post(url(name)).header("x-signature", signature(&body)).body(body.clone());
        request.timeout(Duration::from_secs(10)).send().await.unwrap().status().as_u16()
    };
    assert_eq!(post("nobody").await, 404);
    assert_eq!(post("no").await, 200);
    assert_eq!((hints(&house, "no").await, hints(&house, "se").await), (2, 2));
    house.until_invoices("no", 2).await;
    house.until_invoices("se", 1).await;
    let changes = crate::doors::subjects(&house.inner, "CHANGES", "change.se.commerce.order.>").await;
    assert_eq!(changes.len(), 1, "an order of another store is not recorded: {changes:?}");
    assert_eq!(house.inner.dead_letters().await, []);
}
