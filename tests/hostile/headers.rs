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

/// A made-up number would be linked to our reference, and the document that was really made would be nobody's.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_create_whose_location_is_elsewhere_is_in_doubt_and_looked_up() {
    let wishes = polled()
        .set("VISMA__TIMEOUT", "2s")
        .set("VISMA__CREATE__DOUBT_WAIT", "4s")
        .set("VISMA__CREATE__SEND_WITHIN", "1s")
        .set("VISMA__CREATE__LOOK_SPACING", "500ms");
    let mut house = House::prepare(wishes).await;
    for (path, made_up) in [("*/v1/customer", "customer/99999"), ("*/v2/customerinvoice", "customerinvoice/999999")] {
        let headers = json!({ "Location": format!("https://elsewhere.example.com/v1/{made_up}") });
        let on = json!({ "system": "visma", "method": "POST", "path": path });
        house.installation.tell("faults", &json!({ "kind": "headers", "headers": headers, "on": on })).await.unwrap();
    }
    house.store(&order(9000)).await;
    house.installation.start_services().unwrap();
    let ledger = house.until_booked(1, PATIENCE).await;
    crate::house::assert_agrees(&ledger);
    let number = ledger["documents"][0]["invoices"][0]["number"].as_str().unwrap().to_owned();
    let started = std::time::Instant::now();
    loop {
        let entries = crate::regressions::entries(&house, "OUTCOMES", "outcome.main.visma.invoice.9000").await;
        let outcome = |entry: &async_nats::jetstream::message::StreamMessage| {
            <proto::Outcome as proto::Message>::decode(entry.payload.clone()).unwrap().number
        };
        let numbers: Vec<String> = entries.iter().map(outcome).filter(|number| !number.is_empty()).collect();
        if !numbers.is_empty() {
            assert!(numbers.iter().all(|known| *known == number), "{numbers:?}");
            break;
        }
        assert!(started.elapsed() < PATIENCE, "{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
}

/// One process is asked for patience, and another one polls all the time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_patience_that_one_process_is_asked_for_is_kept_by_all_at_once() {
    let wishes = polled().set("VISMA__POLL__INTERVAL", "100ms");
    let house = House::start(wishes).await;
    house.until_ready("writer-visma").await;
    house.until_ready("ingestor-visma").await;
    let on = json!({ "system": "visma", "method": "POST", "path": "*/v1/customer" });
    house.installation.tell("faults", &json!({ "kind": "429", "retry_after": 4, "on": on })).await.unwrap();
    house.store(&order(9000)).await;
    house.until_booked(1, PATIENCE).await;
    let log = house.installation.ask("log?since=0").await.unwrap();
    let at = |call: &serde_json::Value| call["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let calls: Vec<_> = log.as_array().unwrap().iter().filter(|call| call["system"] == "visma").collect();
    let refused = calls.iter().find(|call| call["status"] == 429).map(|call| at(call)).unwrap();
    let after = |millis: i64| refused.checked_add(jiff::SignedDuration::from_millis(millis)).unwrap();
    let before = calls.iter().filter(|call| at(call) < refused && at(call) > after(-1_000)).count();
    assert!(before >= 5, "only {before} calls in the second before: nothing is shown by silence");
    let early = calls.iter().filter(|call| at(call) > after(100) && at(call) < after(3_900));
    let early: Vec<_> = early.map(|call| (at(call), &call["kind"])).collect();
    assert!(early.is_empty(), "refused at {refused}, and then {early:?}");
}
