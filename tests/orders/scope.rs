//! Which orders are booked at all, and that the others say why they are not: nothing is dropped in silence.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::bad_input::order::{order, spoilt};
use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);

/// The last code that mapping gave for not booking each order, by entity id.
async fn reasons(house: &House) -> BTreeMap<String, String> {
    let stream = house.jetstream().await.get_stream("OUTCOMES").await.unwrap();
    let state = stream.cached_info().state.clone();
    let mut reasons = BTreeMap::new();
    for sequence in state.first_sequence.max(1)..=state.last_sequence {
        let message = stream.direct_get(sequence).await.unwrap();
        if let Some(key) = message.subject.strip_prefix("outcome.main.mapping.order.") {
            let code = record::envelope::header(&message.headers, record::envelope::CODE).unwrap_or_default();
            reasons.insert(key.to_owned(), code.to_owned());
        }
    }
    reasons
}

async fn until_reasons(house: &House, expected: &[(&str, &str)]) {
    let expected: BTreeMap<String, String> =
        expected.iter().map(|(key, code)| ((*key).to_owned(), (*code).to_owned())).collect();
    let started = Instant::now();
    loop {
        let reasons = reasons(house).await;
        if reasons == expected {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{reasons:?} instead of {expected:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn orders_out_of_scope_are_not_booked_and_say_why() {
    let wishes = Wishes::default()
        .set("SCOPE__GO_LIVE", "2026-01-01")
        .set("SCOPE__STATES__CLOSED", "skip")
        .set("SCOPE__ZERO_TOTALS", "skip");
    let house = House::start(wishes).await;
    let nothing: Vec<(&str, Value)> = [
        "/subtotal",
        "/subtotal_incl_tax",
        "/tax_amount",
        "/grand_total",
        "/items/0/price",
        "/items/0/price_incl_tax",
        "/items/0/row_total",
        "/items/0/row_total_incl_tax",
        "/items/0/tax_amount",
    ]
    .map(|pointer| (pointer, json!(0)))
    .into();
    // A minute before go-live in Oslo, and a minute after it: both on the 31st of December in UTC.
    house.store(&spoilt(11, &[("/created_at", json!("2025-12-31 22:59:00"))])).await;
    house.store(&spoilt(12, &[("/created_at", json!("2025-12-31 23:01:00"))])).await;
    house.store(&spoilt(13, &[("/state", json!("canceled"))])).await;
    house.store(&spoilt(14, &[("/state", json!("closed"))])).await;
    house.store(&spoilt(15, &[("/state", json!("pending_payment"))])).await;
    house.store(&spoilt(16, &[("/state", json!("holded"))])).await;
    house.store(&spoilt(17, &nothing)).await;
    let expected = [
        ("11", "BEFORE_GO_LIVE"),
        ("13", "STATE_SKIPPED"),
        ("14", "STATE_SKIPPED"),
        ("15", "STATE_WAITS"),
        ("16", "STATE_WAITS"),
        ("17", "ZERO_TOTAL"),
    ];
    until_reasons(&house, &expected).await;
    house.until_booked(1, PATIENCE).await;
    // What waited is booked when its time comes, and what is closed after that stays booked.
    house.installation.tell_shop("orders/15/state", &json!({ "state": "processing" })).await.unwrap();
    let ledger = house.until_booked(2, PATIENCE).await;
    house.installation.tell_shop("orders/15/state", &json!({ "state": "closed" })).await.unwrap();
    let mut expected = expected;
    expected[3].1 = "STATE_SKIPPED";
    until_reasons(&house, &expected).await;
    assert_eq!(house.ledger().await["invoices"], ledger["invoices"]);
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn stores_out_of_scope_are_not_even_read() {
    let house = House::start(Wishes::default().set("SCOPE__STORES", "2, 3")).await;
    house.store(&order(11)).await;
    house.store(&spoilt(12, &[("/store_id", json!(3))])).await;
    house.until_booked(1, PATIENCE).await;
    assert_eq!(house.ledger().await["missing"][0]["increment_id"], "000000011");
    assert_eq!(house.dead_letters().await, []);
}

/// An invoice is made once; what would be booked differently later is for a person, with both amounts.
#[tokio::test]
async fn an_order_that_changes_after_booking_is_told_and_makes_no_second_invoice() {
    let house = House::start(Wishes::default()).await;
    house.store(&order(11)).await;
    house.until_booked(1, PATIENCE).await;
    let more = [
        ("/items/0/qty_ordered", json!(3)),
        ("/items/0/row_total", json!(300)),
        ("/items/0/row_total_incl_tax", json!(375)),
        ("/items/0/tax_amount", json!(75)),
        ("/subtotal", json!(300)),
        ("/subtotal_incl_tax", json!(375)),
        ("/tax_amount", json!(75)),
        ("/grand_total", json!(375)),
    ];
    house.store(&spoilt(11, &more)).await;
    let sentence = house.until_dead("CHANGED_AFTER_BOOKING", PATIENCE).await;
    for words in ["WEB-000000011", "100001", "375"] {
        assert!(sentence.contains(words), "{words} is not in: {sentence}");
    }
    let ledger = house.ledger().await;
    assert_eq!(ledger["invoices"]["count"], 1, "{ledger:#}");
}

#[tokio::test]
async fn customers_that_stand_in_visma_are_not_made_again() {
    let mut house = House::prepare(Wishes::default()).await;
    house.place(30, 12).await;
    house.installation.tell("visma/customers", &json!({ "of_shop": 5, "count": 700 })).await.unwrap();
    house.installation.start_services().unwrap();
    let ledger = house.until_booked(30, PATIENCE).await;
    let made = &ledger["calls"]["visma"]["by_kind"]["POST /v1/customer"]["calls"];
    let buyers = ledger["customers"].as_u64().unwrap() - 700;
    assert_eq!(made.as_u64(), Some(buyers - 5), "{ledger:#}");
    assert!((6..=12).contains(&buyers), "{ledger:#}");
}
