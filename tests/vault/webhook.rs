//! The secret that a module signs its webhooks with: kept in the vault, changed on both sides one after the other.

use std::time::{Duration, Instant};

use super::{PATIENCE, done, furnished, refused, without_credentials};
use crate::bad_input::order::order;
use crate::doors::sender::{HEADER, Sender, mac};
use crate::house::House;

const FIRST: &str = "the-first-secret-of-webhooks";
const SECOND: &str = "the-second-secret-of-webhooks";

/// Sends a webhook for an order, signed with this secret; the answer's status.
async fn send(sender: &Sender, secret: &str, order: u64) -> u16 {
    let body = format!("{{\"entity_id\":{order}}}").into_bytes();
    let signature = format!("sha256={}", hex::encode(mac(secret, &body)));
    sender.post_with(body, &[(HEADER, &signature)]).await.unwrap().status
}

async fn until(house: &House, sender: &Sender, secret: &str, status: u16) {
    let started = Instant::now();
    while send(sender, secret, 1).await != status {
        assert!(started.elapsed() < PATIENCE, "`{secret}` is not answered {status}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn the_secret_of_webhooks_is_kept_changed_and_removed_while_the_door_is_open() {
    let wishes = without_credentials().set("COMMERCE__WEBHOOK__SECRET", "").set("COMMERCE__POLL__INTERVAL", "1h");
    let mut house = furnished(wishes).await;
    let said = refused(&house, &["credentials", "set", "webhook"], "secret = too-short\n");
    assert!(said.contains("CREDENTIALS_REFUSED") && !said.contains("too-short"), "{said}");
    done(&house, &["credentials", "set", "webhook"], &format!("secret = {FIRST}\n"));
    house.installation.start_services().unwrap();
    house.until_ready("ingestor-commerce").await;
    let sender = Sender::to(&house).await;
    let listed = done(&house, &["credentials", "list"], "");
    assert!(listed.contains("webhook") && !listed.contains(FIRST), "{listed}");
    let tried = done(&house, &["credentials", "test", "webhook"], "");
    assert!(tried.contains("our webhook port accepts"), "{tried}");

    house.store(&order(1)).await;
    assert_eq!(send(&sender, SECOND, 1).await, 401);
    assert_eq!(send(&sender, FIRST, 1).await, 200);
    house.until_booked(1, PATIENCE).await;

    // Until the sender has the new one, too, both are believed.
    let new = format!("secret = {SECOND}\n");
    let said = done(&house, &["credentials", "rotate", "webhook", "--overlap", "15s"], &new);
    assert!(said.contains("Now give it to their sender") && !said.contains(SECOND), "{said}");
    until(&house, &sender, SECOND, 200).await;
    assert_eq!(send(&sender, FIRST, 1).await, 200, "the one before is still good");
    assert_eq!(send(&sender, "a-third-secret-of-nobody", 1).await, 401);
    until(&house, &sender, FIRST, 401).await;
    assert_eq!(send(&sender, SECOND, 1).await, 200);

    let plan = done(&house, &["credentials", "remove", "webhook"], "");
    assert!(plan.contains("would refuse every webhook"), "{plan}");
    done(&house, &["credentials", "remove", "webhook", "--apply"], "");
    until(&house, &sender, SECOND, 401).await;
    let said = house.readiness("ingestor-commerce").await.unwrap();
    assert!(said.contains("secret of webhooks: there is none"), "{said}");
    assert_eq!(house.dead_letters().await, []);
}
