//! One record that stands in the way of its list.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, always, booked, heal};
use crate::bad_input::order::{order, spoilt};
use crate::house::{House, Wishes};

const SERVICE: &str = "ingestor-commerce";

fn polled() -> Wishes {
    Wishes::default().set("COMMERCE__POLL__INTERVAL", "500ms").set("COMMERCE__TIMEOUT", "1s")
}

/// Four orders of which the shop cannot show the second; a fifth comes when it was set aside.
async fn one_of_four(house: &mut House, fault: Value) {
    always(house, fault).await;
    for number in 9000..=9003 {
        house.store(&order(number)).await;
    }
    house.installation.start_services().unwrap();
    let sentence = house.until_dead("RECORD_BROKEN", PATIENCE).await;
    assert!(sentence.contains("the order with the entity_id 9001"), "{sentence}");
    house.until("the others are booked", PATIENCE, |ledger| booked(ledger) == 3).await;
    // What comes later comes as quickly as ever, also after a restart: nothing is looked for anew.
    house.store(&order(9004)).await;
    house.until("the next is booked", PATIENCE, |ledger| booked(ledger) == 4).await;
    house.installation.take_service(SERVICE).unwrap().kill();
    house.installation.start_service(SERVICE).unwrap();
    house.until_ready(SERVICE).await;
    house.store(&order(9005)).await;
    house.until("and the one after a restart", PATIENCE, |ledger| booked(ledger) == 5).await;
    assert_eq!(house.dead_letters().await.len(), 1, "{:?}", house.dead_letters().await);
    // The shop is healed: what it could not show is read, although the poll is long past it.
    heal(house).await;
    house.until("the one that was set aside", PATIENCE, |ledger| booked(ledger) == 6).await;
}

fn orders() -> Value {
    json!({ "system": "commerce", "method": "GET", "path": "/rest/default/V1/orders" })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_over_which_its_list_fails_is_set_aside_and_the_others_are_booked() {
    let mut house = House::prepare(polled()).await;
    one_of_four(&mut house, json!({ "kind": "json_500", "shows": "\"entity_id\":9001,", "on": orders() })).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_over_which_its_list_does_not_answer_is_set_aside() {
    let mut house = House::prepare(polled()).await;
    let slow =
        json!({ "kind": "slow", "done": true, "delay_ms": 2_000, "shows": "\"entity_id\":9001,", "on": orders() });
    one_of_four(&mut house, slow).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_list_that_answers_a_message_in_place_of_rows_is_read_around_the_row() {
    let mut house = House::prepare(polled()).await;
    always(&house, json!({ "kind": "message", "shows": "\"entity_id\":9001,", "on": orders() })).await;
    for number in 9000..=9003 {
        house.store(&order(number)).await;
    }
    house.installation.start_services().unwrap();
    let sentence = house.until_dead("COMMERCE_UNREADABLE", PATIENCE).await;
    assert!(sentence.contains("the order with the entity_id 9001"), "{sentence}");
    house.until("the others are booked", PATIENCE, |ledger| booked(ledger) == 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_is_larger_than_what_is_read_is_set_aside() {
    let mut house = House::prepare(polled().set("COMMERCE__MAX_BODY_BYTES", "100000")).await;
    house.store(&order(9000)).await;
    house.store(&spoilt(9001, &[("/customer_firstname", json!("Ola ".repeat(50_000)))])).await;
    house.store(&order(9002)).await;
    house.installation.start_services().unwrap();
    let sentence = house.until_dead("RECORD_BROKEN", PATIENCE).await;
    assert!(sentence.contains("9001") && sentence.contains("larger than 100000 bytes"), "{sentence}");
    house.until("the others are booked", PATIENCE, |ledger| booked(ledger) == 2).await;
}

/// A row without the time that pages are read by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_that_cannot_be_paged_by_is_set_aside() {
    let mut house = House::prepare(polled()).await;
    let answer = json!({ "items": [{ "entity_id": 1 }], "total_count": 1 }).to_string();
    always(
        &house,
        json!({ "kind": "says", "done": true, "body": answer, "shows": "\"entity_id\":9001,", "on": orders() }),
    )
    .await;
    for number in 9000..=9002 {
        house.store(&order(number)).await;
    }
    house.installation.start_services().unwrap();
    let sentence = house.until_dead("COMMERCE_UNREADABLE", PATIENCE).await;
    assert!(sentence.contains("9001") && sentence.contains("updated_at"), "{sentence}");
    house.until("the others are booked", PATIENCE, |ledger| booked(ledger) == 2).await;
}

/// A shop that fails at everything is away, and no record is to blame.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_that_is_away_sets_nothing_aside() {
    let mut house = House::prepare(polled()).await;
    always(
        &house,
        json!({ "kind": "html_5xx", "status": 503, "on": { "system": "commerce", "path": "/rest/default/V1/orders" } }),
    )
    .await;
    for number in 9000..=9003 {
        house.store(&order(number)).await;
    }
    house.installation.start_services().unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await; // Time for a wrong conclusion.
    assert_eq!(house.dead_letters().await, [], "{}", house.logs());
    heal(&house).await;
    house.until_booked(4, PATIENCE).await;
}

/// A list whose time grows with its rows: it is asked for less, and not for the same again and again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_shop_is_asked_for_smaller_pages() {
    let mut house = House::prepare(polled().set("COMMERCE__POLL__PAGE_SIZE", "64")).await;
    house.place(40, 10).await;
    always(&house, json!({ "kind": "slow", "delay_ms": 15, "per_kilobyte": true, "on": orders() })).await;
    let began = Instant::now();
    house.installation.start_service(SERVICE).unwrap();
    while crate::doors::changes(&house).await.len() < 40 {
        assert!(began.elapsed() < PATIENCE, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    let log = house.installation.ask("log?since=0").await.unwrap();
    let full = log.as_array().unwrap().iter().filter(|call| {
        let target = call["target"].as_str().unwrap();
        target.contains("/V1/orders?") && target.contains("pageSize%5D=64&")
    });
    assert!(full.count() <= 2, "the same page again and again\n{}", house.logs());
    assert_eq!(house.dead_letters().await, []);
}
