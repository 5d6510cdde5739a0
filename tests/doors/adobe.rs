//! Adobe Commerce's own webhooks: believed under the shop's key, and never in the way of a checkout.

use std::time::{Duration, Instant};

use super::sender::{Answer, Sender};
use super::signer::Signer;
use super::{PATIENCE, changes, house_of_webhooks, until_taken, without_polling};
use crate::bad_input::order::order;
use crate::house::{House, Wishes};

const PATH: &str = "/webhooks/adobe";
const SIGNATURE: &str = "x-adobe-commerce-webhook-signature";
const SERVICE: &str = "ingestor-commerce";

/// Returns the body that an order's hook sends.
fn hook(entity_id: u64) -> Vec<u8> {
    format!("{{\"eventName\":\"observer.sales_order_place_after\",\"data\":{{\"order\":{{\"entity_id\":\"{entity_id}\"}}}}}}")
        .into_bytes()
}

async fn post(sender: &Sender, signature: &str, body: &[u8]) -> Answer {
    sender.post_with(body.to_vec(), &[(SIGNATURE, signature)]).await.unwrap()
}

fn success() -> Answer {
    Answer { status: 200, code: None, text: "{\"op\":\"success\"}".to_owned() }
}

/// A house that knows the key of `shop`, and a sender to this door.
async fn open(wishes: Wishes, shop: &Signer) -> (House, Sender) {
    let wishes = wishes.set("COMMERCE__WEBHOOK__ADOBE__PUBLIC_KEY", &shop.pem().replace('\n', "\\n"));
    let house = house_of_webhooks(wishes).await;
    let sender = Sender::to(&house).await.at(PATH);
    (house, sender)
}

#[tokio::test]
async fn a_signed_hook_becomes_an_invoice_and_its_replay_nothing() {
    let shop = Signer::new();
    let (house, sender) = open(without_polling(), &shop).await;
    house.store(&order(1)).await;
    let body = hook(1);
    let signature = shop.over_base64(&body);
    assert_eq!(post(&sender, &signature, &body).await, success());
    assert_eq!(house.messages("HINTS").await, 1, "answered before it was on disk");
    house.until_booked(1, PATIENCE).await;
    for _ in 0..3 {
        assert_eq!(post(&sender, &signature, &body).await, success());
    }
    until_taken(&house, "HINTS", SERVICE).await;
    assert_eq!(changes(&house).await, [1], "who saw a hook can send it again, and nothing comes of it");
    // A hook that names no record is the shop's own fault, and no reason to stop a checkout.
    let nameless = br#"{"grand_total":"5"}"#;
    assert_eq!(post(&sender, &shop.over_base64(nameless), nameless).await, success());
    assert_eq!(house.figure(SERVICE, "ml_webhooks_unkept_total", "kind=\"adobe\"").await, 1.0);
}

#[tokio::test]
async fn what_the_shop_has_not_signed_is_refused() {
    let (shop, stranger) = (Signer::new(), Signer::new());
    let (house, sender) = open(without_polling(), &shop).await;
    let body = hook(1);
    let right = shop.over_base64(&body);
    let hmac = super::sender::signature(&body);
    for wrong in [&stranger.over_base64(&body), &shop.over_body(&body), &shop.over_base64(&hook(2)), &hmac, ""] {
        let answer = post(&sender, wrong, &body).await;
        assert_eq!((answer.status, answer.code.as_deref()), (401, Some("WEBHOOK_SIGNATURE")), "{wrong}");
    }
    let unsigned = sender.post_with(body.clone(), &[("X-Signature", &hmac)]).await.unwrap();
    assert_eq!(unsigned.code.as_deref(), Some("WEBHOOK_SIGNATURE"));
    let cut = post(&sender, &right, &body[..body.len() - 1]).await;
    assert_eq!(cut.code.as_deref(), Some("WEBHOOK_SIGNATURE"));
    let large = vec![b' '; 2 * 1024 * 1024];
    // By itself: the connection ends with it.
    let another = Sender::to(&house).await.at(PATH);
    if let Ok(answer) = another.post_with(large.clone(), &[(SIGNATURE, &shop.over_base64(&large))]).await {
        assert_eq!((answer.status, answer.code.as_deref()), (413, Some("WEBHOOK_TOO_LARGE")));
    }
    // The other door, at its own path, is as it was.
    let elsewhere = sender.at("/webhooks/commerce").post_with(body.clone(), &[(SIGNATURE, &right)]).await.unwrap();
    assert_eq!(elsewhere.status, 401);
    assert_eq!(house.messages("HINTS").await, 0);
    assert_eq!(post(&sender, &right, &body).await, success());
}

#[tokio::test]
async fn a_checkout_does_not_wait_for_a_broker_that_is_away() {
    let shop = Signer::new();
    let wishes = Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", "500ms")
        .set("COMMERCE__WEBHOOK__ADOBE__PATIENCE", "300ms")
        .set("NATS__PUBLISH_TIMEOUT", "2s");
    let (mut house, sender) = open(wishes, &shop).await;
    for service in ml_connector::stand::installation::SERVICES {
        house.until_ready(service).await;
    }
    house.installation.broker.process.kill();
    house.store(&order(1)).await;
    for _ in 0..3 {
        let began = Instant::now();
        assert_eq!(post(&sender, &shop.over_base64(&hook(1)), &hook(1)).await, success());
        assert!(began.elapsed() < Duration::from_secs(2), "the shopper waited {:?}", began.elapsed());
    }
    assert_eq!(house.figure(SERVICE, "ml_webhooks_unkept_total", "kind=\"adobe\"").await, 3.0);
    house.installation.broker.kill_and_restart().await.unwrap();
    // What was lost at the door comes by the poll.
    house.until_booked(1, PATIENCE).await;
}

#[tokio::test]
async fn a_key_that_was_exchanged_is_read_from_its_file() {
    let (old, new) = (Signer::new(), Signer::new());
    let mut house = House::prepare(without_polling()).await;
    let file = house.installation.folder().join("shop.pem");
    std::fs::write(&file, old.pem()).unwrap();
    let setting = ("ML__COMMERCE__WEBHOOK__ADOBE__PUBLIC_KEY_FILE".to_owned(), file.display().to_string());
    house.installation.start_service_with(SERVICE, &[setting]).unwrap();
    let sender = Sender::to(&house).await.at(PATH);
    assert_eq!(post(&sender, &old.over_base64(&hook(1)), &hook(1)).await, success());
    assert_eq!(post(&sender, &new.over_base64(&hook(1)), &hook(1)).await.status, 401);
    std::fs::write(&file, old.pem() + &new.pem()).unwrap();
    let began = Instant::now();
    while post(&sender, &new.over_base64(&hook(1)), &hook(1)).await.status != 200 {
        assert!(began.elapsed() < Duration::from_secs(20), "the file is not read again\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_eq!(post(&sender, &old.over_base64(&hook(1)), &hook(1)).await, success());
}
