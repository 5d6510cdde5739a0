//! The doors against a whole shop: SaaS with Adobe's identity service and I/O events, PaaS with an administrator's
//! token and Adobe Commerce's own webhooks.

use std::time::Instant;

use serde_json::{Value, json};

use super::sender::Sender;
use super::{PATIENCE, changes, without_polling};
use crate::house::House;

const SERVICE: &str = "ingestor-commerce";

/// Changes the shop's settings.
async fn tell(house: &House, patch: &Value) {
    house.installation.tell_shop("commerce/config", patch).await.unwrap();
}

/// Starts all services, that of Commerce with further settings.
async fn start(house: &mut House, settings: &[(&str, String)]) {
    let settings: Vec<_> =
        settings.iter().map(|(key, value)| (format!("ML__COMMERCE__{key}"), value.clone())).collect();
    for service in ml_connector::stand::installation::SERVICES {
        match service {
            SERVICE => house.installation.start_service_with(SERVICE, &settings).unwrap(),
            other => house.installation.start_service(other).unwrap(),
        }
    }
    house.until_ready(SERVICE).await;
    let _ = Sender::to(house).await;
}

async fn place(house: &House, count: u64) {
    let orders = json!({ "count": count, "customers": 10, "rate_per_second": 40 });
    house.installation.tell_shop("orders", &orders).await.unwrap();
}

/// What the shop says of its calls at our door, by what became of them.
async fn deliveries(house: &House, outcome: &str) -> Vec<Value> {
    let url = format!("http://{}/_sandbox/commerce/deliveries", house.installation.commerce);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let said: Value = serde_json::from_str(&client.get(url).send().await.unwrap().text().await.unwrap()).unwrap();
    let all = said.as_array().or_else(|| said["deliveries"].as_array()).cloned().unwrap_or_else(|| panic!("{said}"));
    all.into_iter().filter(|one| one["outcome"] == outcome).collect()
}

#[tokio::test]
async fn a_saas_shop_with_events_alone() {
    let mut house = House::prepare(without_polling()).await;
    let (shop, door) = (house.installation.commerce, house.installation.door);
    let ims = sandbox::commerce::Config::default().ims;
    tell(&house, &json!({ "flavour": "saas" })).await;
    let settings = [
        ("AUTH", "ims".to_owned()),
        ("BASE_URL", format!("http://{shop}/{}", ims.tenant)),
        ("IMS__TOKEN_URL", format!("http://{shop}/ims/token/v3")),
        ("IMS__CLIENT_ID", ims.client_id),
        ("IMS__CLIENT_SECRET", ims.client_secret),
        ("IMS__ORG_ID", ims.org_id),
        ("WEBHOOK__IO_EVENTS__CLIENT_ID", "a-client-of-ours".to_owned()),
        ("WEBHOOK__IO_EVENTS__KEYS_URL", format!("http://{shop}")),
        ("WEBHOOK__IO_EVENTS__VALIDATION_URL", format!("http://{shop}")),
    ];
    start(&mut house, &settings).await;
    // The first signature is worthless: the second will do.
    let url = format!("http://{door}/webhooks/io-events");
    let events = json!({
        "url": url, "client_id": "a-client-of-ours", "batch": 20, "gather_ms": 100, "spoilt_signature": 1,
        "luck": { "repeat": 0.2, "delay_ms": 300 },
    });
    tell(&house, &json!({ "io_events": events })).await;
    for how in ["get", "post"] {
        let stood = house.installation.tell_shop("commerce/challenge", &json!({ "how": how })).await.unwrap();
        assert_eq!(stood["stood"], true, "{how}: {stood}");
    }
    let started = Instant::now();
    let called = format!("http://{shop}/_sandbox/commerce/challenge");
    while !reqwest::get(&called).await.unwrap().text().await.unwrap().contains("true") {
        assert!(started.elapsed() < PATIENCE, "the address of the handshake is not opened\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    place(&house, 40).await;
    house.until_booked(40, PATIENCE).await;
    assert_eq!(deliveries(&house, "dropped").await, Vec::<Value>::new());
    // Every token is made worthless, and Adobe signs with other keys from now on.
    house.installation.tell_shop("commerce/revoke-tokens", &json!({})).await.unwrap();
    house.installation.tell_shop("commerce/keys/renew", &json!({})).await.unwrap();
    place(&house, 20).await;
    house.until_booked(60, PATIENCE).await;
    assert_eq!(deliveries(&house, "dropped").await, Vec::<Value>::new());
    assert_eq!(changes(&house).await, [1; 60]);
}

#[tokio::test]
async fn a_paas_shop_with_an_administrator_and_its_own_webhooks() {
    let mut house = House::prepare(without_polling()).await;
    let (shop, door) = (house.installation.commerce, house.installation.door);
    let admin = sandbox::commerce::Config::default().admins.accounts.remove(0);
    let keys: Value = serde_json::from_str(
        &reqwest::get(format!("http://{shop}/_sandbox/commerce/keys")).await.unwrap().text().await.unwrap(),
    )
    .unwrap();
    let file = house.installation.folder().join("shop.pem");
    std::fs::write(&file, keys["webhooks"].as_str().unwrap()).unwrap();
    let settings = [
        ("AUTH", "admin_token".to_owned()),
        ("ADMIN_TOKEN__USERNAME", admin.username),
        ("ADMIN_TOKEN__PASSWORD", admin.password),
        ("WEBHOOK__ADOBE__PUBLIC_KEY_FILE", file.display().to_string()),
    ];
    start(&mut house, &settings).await;
    let mut booked = 0;
    for payload in ["observer", "plugin", "fields"] {
        let webhook = json!({ "url": format!("http://{door}/webhooks/adobe"), "payload": payload });
        tell(&house, &json!({ "commerce_webhook": webhook })).await;
        place(&house, 10).await;
        booked += 10;
        house.until_booked(booked, PATIENCE).await;
        if payload == "observer" {
            house.installation.tell_shop("commerce/revoke-tokens", &json!({})).await.unwrap();
        }
    }
    assert_eq!(deliveries(&house, "dropped").await, Vec::<Value>::new());
    assert_eq!(deliveries(&house, "taken").await.len(), 30);
    assert_eq!(changes(&house).await, [1; 30]);
}
