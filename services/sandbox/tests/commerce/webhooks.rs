//! Adobe Commerce Webhooks and Adobe I/O Events: bodies, signatures, answers, tries, luck.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sandbox::commerce::Config;
use serde_json::{Value, json};

use crate::client::{Served, serve};

#[derive(Clone)]
struct Received {
    headers: HeaderMap,
    body: String,
}

impl Received {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A receiver that answers in turn as it is told, the last answer again and again.
#[derive(Clone)]
struct Door {
    url: String,
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<Vec<(u16, &'static str)>>>,
}

async fn take(
    State(door): State<Door>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: String,
) -> (StatusCode, String) {
    if let Some(challenge) = query.as_deref().and_then(|query| query.strip_prefix("challenge=")) {
        return (StatusCode::OK, challenge.to_owned());
    }
    door.received.lock().unwrap().push(Received { headers, body });
    let mut answers = door.answers.lock().unwrap();
    let (status, body) = if answers.len() > 1 { answers.remove(0) } else { answers[0] };
    (StatusCode::from_u16(status).unwrap(), body.to_owned())
}

async fn door(answers: &[(u16, &'static str)]) -> Door {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let door = Door { url, received: Arc::default(), answers: Arc::new(Mutex::new(answers.to_vec())) };
    let router = Router::new().route("/hooks", any(take)).route("/hooks/{entity}", any(take)).with_state(door.clone());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    door
}

impl Door {
    /// Waits until so many have come, and a little longer for more.
    async fn received(&self, count: usize) -> Vec<Received> {
        let until = Instant::now() + Duration::from_secs(10);
        while self.received.lock().unwrap().len() < count && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(150)).await;
        self.received.lock().unwrap().clone()
    }
}

async fn configure(shop: &Served, config: Value) {
    let answer = shop.control("commerce/config", &config.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

async fn control_get(shop: &Served, path: &str) -> Value {
    shop.send("GET", &format!("{}/_sandbox/commerce/{path}", shop.base), &[], "").await.json
}

fn verifies(pem: &str, text: &[u8], signature: &str) -> bool {
    let inside: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, STANDARD.decode(inside).unwrap());
    key.verify(text, &STANDARD.decode(signature).unwrap()).is_ok()
}

const SUCCESS: (u16, &str) = (200, "{\"op\":\"success\"}");

#[tokio::test]
async fn a_webhook_is_signed_over_the_base64_of_its_body_and_waited_for() {
    let door = door(&[SUCCESS, (200, "[{\"op\":\"success\"},{\"op\":\"exception\"}]"), (500, "")]).await;
    let shop = serve(Config::default(), 1).await;
    configure(&shop, json!({ "commerce_webhook": { "url": format!("{}/{{entity}}", door.url) } })).await;
    shop.control("orders", "{\"count\":1}").await;
    let received = door.received.lock().unwrap().clone();
    assert_eq!(received.len(), 1, "the shopper waited");
    let (hook, body) = (&received[0], received[0].json());
    assert_eq!(body["eventName"], "observer.sales_order_save_commit_after");
    let order = shop.get("orders/2").await.json;
    assert_eq!(body["data"]["order"]["increment_id"], order["increment_id"]);
    assert_eq!(body["data"]["order"]["entity_id"], "2", "columns are strings");
    assert!(!hook.header("x-adobe-commerce-request-id").is_empty());
    let keys = control_get(&shop, "keys").await;
    let signature = hook.header("x-adobe-commerce-webhook-signature");
    let pem = keys["webhooks"].as_str().unwrap();
    assert!(verifies(pem, STANDARD.encode(&hook.body).as_bytes(), signature));
    assert!(!verifies(pem, hook.body.as_bytes(), signature), "not over the body itself");

    shop.control("commerce/orders/1/invoice", "").await;
    let deliveries = control_get(&shop, "deliveries").await;
    let outcomes: Vec<&Value> =
        deliveries["deliveries"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(outcomes, ["taken", "dropped", "dropped"], "an exception and a 500 are not tried again");
    assert_eq!(deliveries["deliveries"][2]["entity"], "invoice");
    assert_eq!(deliveries["counts"]["commerce"], json!({ "taken": 1, "dropped": 2 }));
    shop.control("commerce/keys/renew", "").await;
    assert_ne!(control_get(&shop, "keys").await["webhooks"], keys["webhooks"]);
}

#[tokio::test]
async fn a_webhook_has_three_shapes_and_ends_with_the_shoppers_patience() {
    let door = door(&[SUCCESS]).await;
    let shop = serve(Config::default(), 1).await;
    for (payload, pointer) in [("fields", "/entity_id"), ("plugin", "/order/entity_id")] {
        let webhook = json!({ "url": door.url, "payload": payload, "signed": false, "headers": { "X-Key": "k" } });
        configure(&shop, json!({ "commerce_webhook": webhook })).await;
        shop.control("commerce/announce", "{\"entity\":\"order\",\"id\":1}").await.is(200, "{}");
        let last = door.received.lock().unwrap().last().cloned().unwrap();
        assert_eq!(last.json().pointer(pointer), Some(&json!("1")), "{}", last.body);
        assert_eq!((last.header("x-key"), last.header("x-adobe-commerce-webhook-signature")), ("k", ""));
    }
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", silent.local_addr().unwrap());
    configure(&shop, json!({ "commerce_webhook": { "url": url, "timeout_ms": 200 } })).await;
    let start = Instant::now();
    shop.control("orders", "{\"count\":1}").await.is(200, "{\"placed\":1}");
    assert!((200..2_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    let last = control_get(&shop, "deliveries").await["deliveries"].as_array().unwrap().last().cloned().unwrap();
    assert_eq!((&last["status"], &last["outcome"]), (&Value::Null, &json!("dropped")));
    assert_eq!(shop.control("commerce/announce", "{\"entity\":\"order\",\"id\":99}").await.status, 404);
}

fn events(url: &str, more: &Value) -> Value {
    let mut events = json!({ "url": url, "client_id": "client-1", "gather_ms": 100, "minute_ms": 20 });
    events.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    json!({ "io_events": events })
}

#[tokio::test]
async fn events_come_alone_under_two_signatures_whose_keys_can_be_fetched() {
    let door = door(&[(200, "")]).await;
    let shop = serve(Config::default(), 1).await;
    configure(&shop, events(&door.url, &json!({ "spoilt_signature": 1 }))).await;
    shop.control("commerce/orders/1/invoice", "").await;
    let received = door.received(2).await;
    assert_eq!(received.len(), 2, "the order and its invoice");
    let mut kinds: Vec<Value> = received.iter().map(|one| one.json()["type"].clone()).collect();
    kinds.sort_by_key(ToString::to_string);
    let kind = |name: &str| json!(format!("com.adobe.commerce.observer.{name}"));
    assert_eq!(kinds, [kind("sales_order_invoice_save_after"), kind("sales_order_save_commit_after")]);
    for one in &received {
        let event = one.json();
        assert_eq!((&event["specversion"], &event["recipientclientid"]), (&json!("1.0"), &json!("client-1")));
        assert_eq!(event["id"], one.header("x-adobe-event-id"));
        assert_eq!(event["data"]["value"]["entity_id"], "1");
        let valid = async |number: u8| {
            let path = one.header(&format!("x-adobe-public-key{number}-path"));
            assert!(path.starts_with("/prod/keys/pub-key-"), "{path}");
            let pem = shop.send("GET", &format!("{}{path}", shop.base), &[], "").await;
            let signature = one.header(&format!("x-adobe-digital-signature-{number}"));
            verifies(&pem.text, one.body.as_bytes(), signature)
        };
        assert_eq!((valid(1).await, valid(2).await), (false, true), "one of them is spoilt, as was asked");
    }
    let old = received[0].header("x-adobe-public-key2-path");
    shop.control("commerce/keys/renew", "").await;
    assert_eq!(shop.send("GET", &format!("{}{old}", shop.base), &[], "").await.status, 200, "old keys stay readable");
    assert_eq!(shop.send("GET", &format!("{}/prod/keys/other.pem", shop.base), &[], "").await.status, 404);
}

#[tokio::test]
async fn events_come_in_batches_and_again_after_what_may_pass() {
    let door = door(&[(503, ""), (429, ""), (200, "")]).await;
    let shop = serve(Config::default(), 0).await;
    configure(&shop, events(&door.url, &json!({ "batch": 20, "luck": { "repeat": 1.0 } }))).await;
    shop.control("orders", "{\"count\":3}").await;
    let received = door.received(3).await;
    assert_eq!(received.len(), 3, "twice refused, then taken");
    assert_eq!(received.iter().map(|one| one.header("x-adobe-retry-count")).collect::<Vec<_>>(), ["", "1", "2"]);
    assert!(received.iter().all(|one| one.body == received[0].body));
    let batch = received[0].json();
    let ids: Vec<&Value> = batch.as_array().unwrap().iter().map(|event| &event["id"]).collect();
    assert_eq!((ids.len(), ids[0]), (6, ids[1]), "each twice, under one id");
    let counts = control_get(&shop, "deliveries").await["counts"]["events"].clone();
    assert_eq!(counts, json!({ "retried": 2, "taken": 1 }));

    *door.answers.lock().unwrap() = vec![(400, "")];
    shop.control("orders", "{\"count\":1}").await;
    assert_eq!(door.received(4).await.len(), 4, "a 400 is dropped for good");
    assert_eq!(control_get(&shop, "deliveries").await["counts"]["events"]["dropped"], 1);
}

#[tokio::test]
async fn a_challenge_is_put_in_both_ways() {
    let door = door(&[(200, "")]).await;
    let shop = serve(Config::default(), 0).await;
    assert_eq!(shop.control("commerce/challenge", "").await.status, 400, "nothing is configured");
    configure(&shop, events(&door.url, &json!({}))).await;
    shop.control("commerce/challenge", "").await.is(200, "{\"stood\":true}");
    shop.control("commerce/challenge", "{\"how\":\"post\"}").await.is(200, "{\"stood\":true}");
    assert_eq!(control_get(&shop, "challenge").await["called"], false);
    let url = door.received(1).await[0].json()["validationUrl"].as_str().unwrap().to_owned();
    let other = format!("{}/csm/registrations/validate?id=x&challenge=other", shop.base);
    assert_eq!(shop.send("GET", &other, &[], "").await.status, 404);
    assert_eq!(shop.send("GET", &url, &[], "").await.status, 200);
    assert_eq!(control_get(&shop, "challenge").await["called"], true);
}

#[tokio::test]
async fn messages_are_lost_late_and_out_of_order_the_same_way_each_time() {
    let mut runs = Vec::new();
    for _ in 0..2 {
        let door = door(&[SUCCESS]).await;
        let shop = serve(Config::default(), 60).await;
        let luck = json!({ "loss": 0.3, "delay_ms": 300 });
        configure(&shop, events(&door.url, &json!({ "gather_ms": 1, "luck": luck }))).await;
        for id in 1..=60 {
            shop.control("commerce/announce", &format!("{{\"entity\":\"order\",\"id\":{id},\"kind\":\"events\"}}"))
                .await;
        }
        let deliveries = control_get(&shop, "deliveries").await;
        let lost: Vec<Value> = deliveries["deliveries"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["outcome"] == "lost")
            .map(|one| one["ids"][0].clone())
            .collect();
        assert!((8..30).contains(&lost.len()), "{} of 60", lost.len());
        runs.push(lost);
        let hooks = json!({ "io_events": null, "webhook": {
            "url": door.url, "secret": "s", "delay_ms": 300 } });
        configure(&shop, hooks).await;
        door.received.lock().unwrap().clear();
        shop.control("orders", "{\"count\":30}").await;
        let order: Vec<u64> =
            door.received(30).await.iter().map(|one| one.json()["entity_id"].as_u64().unwrap()).collect();
        assert_eq!(order.len(), 30);
        assert!(order.windows(2).any(|pair| pair[0] > pair[1]), "some overtook others: {order:?}");
    }
    assert_eq!(runs[0], runs[1], "the seed decides");
}
