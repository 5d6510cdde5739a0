//! Headers that make no sense.

use serde_json::json;

use super::{PATIENCE, always, booked};
use crate::bad_input::order::order;
use crate::house::{House, Wishes};

fn polled() -> Wishes {
    Wishes::default().set("COMMERCE__POLL__INTERVAL", "500ms")
}

/// A point in time where seconds belong, and no calls left: nothing is sent until a person ends it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_makes_no_sense_is_cleared_by_a_verb() {
    let house = House::start(polled()).await;
    house.until_ready("writer-visma").await;
    let headers =
        json!({ "X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790000000" });
    let once =
        json!({ "kind": "headers", "headers": headers, "on": { "system": "visma", "method": "POST", "path": "/v1/" } });
    house.installation.tell("faults", &once).await.unwrap();
    house.store(&order(9000)).await;
    for number in 9001..=9003 {
        house.store(&order(number)).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(3)).await; // What is in hand is sent, and no more.
    let (code, said, talk) = house.verb(&["budget", "show", "--json"], &[]).await;
    assert!(code == Some(0) && said.contains("\"vendor\":\"visma\""), "{said} {talk}");
    let (code, said, talk) = house.verb(&["budget", "clear", "visma"], &[]).await;
    assert!(code == Some(0) && said.contains("cleared"), "{said} {talk}");
    house.until_booked(4, PATIENCE).await;
}

/// The same with calls left: the next answer that makes sense is believed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_that_makes_no_sense_stops_nobody_who_has_calls_left() {
    let house = House::start(polled()).await;
    for (limit, remaining, reset) in [("5000", "4000", "1790000000"), ("0", "0", "0"), ("x", "-1", "1e9")] {
        let headers =
            json!({ "X-RateLimit-Limit": limit, "X-RateLimit-Remaining": remaining, "X-RateLimit-Reset": reset });
        let on = json!({ "system": "visma", "method": "POST", "path": "/v1/" });
        house.installation.tell("faults", &json!({ "kind": "headers", "headers": headers, "on": on })).await.unwrap();
    }
    for number in 9000..=9005 {
        house.store(&order(number)).await;
    }
    house.until_booked(6, PATIENCE).await;
}

/// Gigabytes of nothing in a few kilobytes: read no further than the limit, and the poll goes on afterwards.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gzip_bomb_is_read_no_further_than_the_limit() {
    let mut house = House::prepare(polled().set("COMMERCE__MAX_BODY_BYTES", "1000000")).await;
    let on = json!({ "system": "commerce", "method": "GET", "path": "/rest/default/V1/orders" });
    always(&house, json!({ "kind": "says", "unpacked_mb": 8, "done": true, "shows": "\"entity_id\":9001,", "on": on }))
        .await;
    for number in 9000..=9002 {
        house.store(&order(number)).await;
    }
    house.installation.start_services().unwrap();
    let sentence = house.until_dead("RECORD_BROKEN", PATIENCE).await;
    assert!(sentence.contains("9001") && sentence.contains("larger than 1000000 bytes"), "{sentence}");
    house.until("the others are booked", PATIENCE, |ledger| booked(ledger) == 2).await;
}
