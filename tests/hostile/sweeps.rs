//! Tests of changes that no poll and no webhook shows, and of a record that stands in the way of a sweep or a backfill.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{PATIENCE, always, booked, heal};
use crate::bad_input::order::{order, spoilt};
use crate::flows::customers::{address, put};
use crate::house::{House, Wishes};
use crate::regressions::until_entries;

/// A moment so many hours ago, as the shop writes it.
fn ago(hours: i64) -> Value {
    let at = Timestamp::now().checked_sub(SignedDuration::from_hours(hours)).unwrap();
    json!(at.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn swept() -> Wishes {
    Wishes::default().set("COMMERCE__POLL__INTERVAL", "500ms").set("COMMERCE__SWEEP__INTERVAL", "2s")
}

async fn until_swept(house: &House, count: f64) {
    let started = Instant::now();
    let figure = async || house.figure("ingestor-commerce", "ml_swept_total", "entity=\"order\"").await;
    while figure().await < count {
        assert!(started.elapsed() < PATIENCE, "{} of {count}\n{}", figure().await, house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_whose_time_lies_behind_the_cursor_is_found_by_the_sweep() {
    let house = House::start(swept()).await;
    house.store(&order(9000)).await;
    house.until_booked(1, PATIENCE).await;
    house.store(&spoilt(9001, &[("/updated_at", ago(5))])).await;
    house.until_booked(2, PATIENCE).await;
    until_swept(&house, 1.0).await;
    // The shop's clock is set back by hours, and an order that was read is changed.
    house.store(&spoilt(9000, &[("/updated_at", ago(3)), ("/state", json!("canceled"))])).await;
    until_entries(&house, "CHANGES", "change.main.commerce.order.9000", 2).await;
    until_swept(&house, 2.0).await;
    // What is as it was recorded is not read again.
    let read = async || {
        let log = house.installation.ask("log?since=0").await.unwrap();
        let target = |call: &&Value| call["target"].as_str().unwrap().contains("/V1/orders/900");
        log.as_array().unwrap().iter().filter(target).count()
    };
    let before = read().await;
    let sweeps = async || house.figure("ingestor-commerce", "ml_polls_total", "poll=\"commerce.stamps\"").await;
    let (started, swept) = (Instant::now(), sweeps().await);
    while sweeps().await < swept + 2.0 {
        assert!(started.elapsed() < PATIENCE, "no sweep\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(read().await, before);
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backfill_goes_around_a_record_and_brings_it_in_when_it_can_be_shown() {
    let wishes = Wishes::default().set("SCOPE__GO_LIVE", "2026-01-01").set("COMMERCE__TIMEOUT", "2s");
    let house = House::start(wishes).await;
    for number in 9000..=9003 {
        let made = json!("2025-12-05 10:00:00");
        house.store(&spoilt(number, &[("/created_at", made.clone()), ("/updated_at", made)])).await;
    }
    let on = json!({ "system": "commerce", "method": "GET", "path": "/rest/default/V1/orders" });
    // The first one: not even a count can be had with it.
    always(&house, json!({ "kind": "json_500", "shows": "\"entity_id\":9000,", "on": on })).await;
    let apply = ["backfill", "--from", "2025-12-01", "--to", "2026-01-01", "--json", "--apply"];
    let (code, said, talk) = house.verb(&apply, &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    let sentence = house.until_dead("RECORD_BROKEN", PATIENCE).await;
    assert!(sentence.contains("the order with the entity_id 9000"), "{sentence}");
    house.until("the others are booked", PATIENCE, |ledger| booked(ledger) == 3).await;
    heal(&house).await;
    let (code, said, talk) = house.verb(&apply, &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    house.until("the one that was set aside", PATIENCE, |ledger| booked(ledger) == 4).await;
    assert_eq!(house.dead_letters().await.len(), 1);
}

/// The shop cannot list the second of four accounts any longer, and the poll, which has read them all, does not list
/// them again. The sweep meets it: edits of the address books behind it arrive all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sweep_of_accounts_goes_around_one_that_cannot_be_listed() {
    let wishes = swept().set("COMMERCE__POLL__INTERVAL", "1h").set("COMMERCE__SWEEP__PAGE_SIZE", "2");
    let mut house = House::prepare(wishes).await;
    let mut ids = Vec::new();
    for name in ["anne", "bernt", "cecilie", "david"] {
        let mut account = json!({ "firstname": name, "lastname": "Prøve", "addresses": [address("Storgata 1", "22")] });
        account["email"] = json!(format!("{name}@example.no"));
        let registered = house.installation.tell_shop("commerce/customers", &account).await.unwrap();
        ids.push(registered["id"].as_u64().unwrap());
    }
    house.installation.start_services().unwrap();
    let changes = |id: u64| format!("change.main.commerce.customer.{id}");
    for id in &ids {
        until_entries(&house, "CHANGES", &changes(*id), 1).await;
    }
    let on = json!({ "system": "commerce", "method": "GET", "path": "/rest/default/V1/customers/search" });
    always(&house, json!({ "kind": "json_500", "shows": "\"email\":\"bernt@example.no\"", "on": on })).await;
    for id in &ids[1..] {
        put(&house, &format!("{id}/addresses"), &json!([address("Havnegata 9", "99887766")])).await;
    }
    let sentence = house.until_dead("RECORD_BROKEN", PATIENCE).await;
    assert!(sentence.contains(&format!("the customer with the entity_id {}", ids[1])), "{sentence}");
    for id in &ids[2..] {
        until_entries(&house, "CHANGES", &changes(*id), 2).await;
    }
    // When the shop can show it again, the next poll asks for it.
    heal(&house).await;
    let (code, _, talk) = house.verb(&["poll", "now", "commerce", "--wait"], &[]).await;
    assert_eq!(code, Some(0), "{talk}");
    until_entries(&house, "CHANGES", &changes(ids[1]), 2).await;
    assert_eq!(house.dead_letters().await.len(), 1, "{:?}", house.dead_letters().await);
}
