//! The control door and the webhooks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use sandbox::commerce::{Config, Webhook};
use sha2::Sha256;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::client::serve;

type Received = (String, String);

/// A door for webhooks, and what came through it: signature and body.
async fn door() -> (String, UnboundedReceiver<Received>) {
    async fn take(State(into): State<UnboundedSender<Received>>, headers: HeaderMap, body: String) {
        let signature = headers["x-shop-signature"].to_str().unwrap().to_owned();
        into.send((signature, body)).unwrap();
    }
    let (send, receive) = unbounded_channel();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(take)).with_state(send);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url, receive)
}

fn webhook(url: &str) -> Webhook {
    Webhook {
        url: url.to_owned(),
        secret: "s3cret".to_owned(),
        header: "X-Shop-Signature".to_owned(),
        prefix: "sha256=".to_owned(),
        loss: 0.0,
        repeat: 0.0,
        delay_ms: 0,
        retries: 0,
    }
}

async fn drain(receive: &mut UnboundedReceiver<Received>) -> Vec<Received> {
    let mut all = Vec::new();
    while let Ok(Some(one)) = tokio::time::timeout(Duration::from_millis(700), receive.recv()).await {
        all.push(one);
    }
    all
}

#[tokio::test]
async fn a_placed_order_is_announced_with_a_signature() {
    let (url, mut receive) = door().await;
    let shop = serve(Config { webhook: Some(webhook(&url)), ..Config::default() }, 4).await;
    shop.control("orders", "{\"count\":2}").await.is(200, "{\"placed\":2}");
    let received = drain(&mut receive).await;
    assert_eq!(received.len(), 2, "the orders that were there at start are not announced");
    for (signature, body) in received {
        let mut mac = Hmac::<Sha256>::new_from_slice(b"s3cret").unwrap();
        mac.update(body.as_bytes());
        assert_eq!(signature, format!("sha256={}", hex::encode(mac.finalize().into_bytes())));
        let hint: serde_json::Value = serde_json::from_str(&body).unwrap();
        assert_eq!(hint["event"], "sales_order_save_commit_after");
        let order = shop.get(&format!("orders/{}", hint["entity_id"])).await.json;
        assert_eq!(order["increment_id"], hint["increment_id"]);
        assert_eq!(order["updated_at"], hint["updated_at"]);
    }
    shop.control("orders", "{\"count\":1,\"webhook\":false}").await;
    shop.control("webhook", "null").await;
    shop.control("orders", "{\"count\":1}").await;
    assert_eq!(drain(&mut receive).await, []);
}

#[tokio::test]
async fn webhooks_get_lost_and_come_twice() {
    let (url, mut receive) = door().await;
    let shop = serve(Config::default(), 0).await;
    let set = |loss: &str, repeat: &str| {
        format!(
            "{{\"url\":\"{url}\",\"secret\":\"s\",\"header\":\"X-Shop-Signature\",\"loss\":{loss},\"repeat\":{repeat}}}"
        )
    };
    shop.control("webhook", &set("1", "0")).await.is(200, "{}");
    shop.control("orders", "{\"count\":5}").await;
    assert_eq!(drain(&mut receive).await.len(), 0);
    shop.control("webhook", &set("0", "1")).await;
    shop.control("orders", "{\"count\":5}").await;
    assert_eq!(drain(&mut receive).await.len(), 10);
    shop.control("webhook", &set("0.3", "0")).await;
    shop.control("orders", "{\"count\":100}").await;
    let some = drain(&mut receive).await.len();
    assert!((50..90).contains(&some), "{some} of 100");
}

#[tokio::test]
async fn a_webhook_that_is_not_taken_is_tried_again_as_often_as_set() {
    let tries = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&tries);
    let refuse = move || async move {
        count.fetch_add(1, Ordering::SeqCst);
        StatusCode::SERVICE_UNAVAILABLE
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(refuse));
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let shop = serve(Config { webhook: Some(Webhook { retries: 2, ..webhook(&url) }), ..Config::default() }, 0).await;
    shop.control("orders", "{\"count\":1}").await;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    assert_eq!(tries.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn orders_can_be_placed_over_time() {
    let shop = serve(Config::default(), 0).await;
    shop.control("orders", "{\"count\":4,\"rate_per_second\":10}").await.is(202, "{\"placing\":4}");
    assert!(shop.shop.ledger().len() < 4);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(shop.shop.ledger().len(), 4);
}

#[tokio::test]
async fn an_order_can_be_stored_as_it_is() {
    let shop = serve(Config::default(), 1).await;
    let raw = "{ \"entity_id\" : 77, \"increment_id\":\"X\", \"grand_total\": 5.55E-17, \"items\": [] }";
    shop.control("orders/raw", raw).await.is(200, "{\"entity_id\":77}");
    shop.get("orders/77").await.is(200, raw);
    shop.control("orders/raw", "{\"increment_id\":\"Y\"}").await.is(200, "{\"entity_id\":78}");
    shop.get("orders/78").await.is(200, "{\"increment_id\":\"Y\",\"entity_id\":78}");
    assert_eq!(shop.control("orders/raw", "not json").await.status, 400);
    let url = format!("{}/_sandbox/orders", shop.base);
    let listed = shop.send("GET", &url, &[], "").await.json;
    assert_eq!(listed.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn touch_and_state_change_nothing_else() {
    let shop = serve(Config::default(), 1).await;
    let before = shop.get("orders/1").await.json;
    tokio::time::sleep(Duration::from_millis(1_100)).await;
    shop.control("orders/1/touch", "").await.is(200, "{\"entity_id\":1}");
    let mut touched = shop.get("orders/1").await.json;
    assert!(touched["updated_at"].as_str() > before["updated_at"].as_str());
    touched["updated_at"] = before["updated_at"].clone();
    assert_eq!(touched, before);
    shop.control("orders/1/state", "{\"state\":\"canceled\"}").await;
    let canceled = shop.get("orders/1").await.json;
    assert_eq!((canceled["state"].clone(), canceled["status"].clone()), ("canceled".into(), "canceled".into()));
    assert_eq!(shop.shop.ledger()[0].state, "canceled");
    assert_eq!(shop.control("orders/9/touch", "").await.status, 404);
}
