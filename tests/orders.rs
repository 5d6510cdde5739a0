//! The main job: orders become invoices, once each, to the øre.

mod budget;
mod documents;
mod scope;
mod urgent;
mod vat;

use std::time::Duration;

use serde_json::Value;

use crate::house::{House, Wishes};

#[tokio::test]
async fn orders_become_invoices_and_a_steady_order_costs_one_call() {
    let house = House::start(Wishes::default()).await;
    house.place(40, 10).await;
    house.until_booked(40, Duration::from_secs(60)).await;
    let before = house.ledger().await["calls"]["visma"]["by_kind"].clone();
    house.place(20, 10).await;
    let ledger = house.until_booked(60, Duration::from_secs(60)).await;
    let kind = "POST /v2/customerinvoice";
    let creates = |calls: &Value| calls[kind]["calls"].as_u64().unwrap_or(0);
    assert_eq!(creates(&ledger["calls"]["visma"]["by_kind"]) - creates(&before), 20);
    assert!(house.dead_letters().await.is_empty());

    // A line in the log for each document: our reference, both numbers, the amount, the trace.
    house.until_settled(60, Duration::from_secs(60)).await;
    let lines = || {
        let log = std::fs::read_to_string(house.installation.folder().join("writer-visma.log")).unwrap();
        let lines = log.lines().filter(|line| line.contains(" written ") && line.contains("document=\"invoice\""));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let started = tokio::time::Instant::now();
    while lines().len() < 60 && started.elapsed() < Duration::from_secs(5) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(lines().len(), 60, "{}", house.logs());
    for line in lines() {
        let value = |key: &str| line.split(&format!(" {key}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        let is_said = |key: &str| value(key).is_some_and(|value| !value.is_empty());
        assert!(["key", "reference", "number", "amount"].into_iter().all(is_said), "{line}");
        assert!(value("trace").is_some_and(|trace| trace.len() == 32), "{line}");
    }
}

/// The order of one customer: a registered one, or a guest with the same e-mail address.
fn order_of(entity_id: u64, customer: Option<u64>) -> Value {
    let mut order: Value =
        serde_json::from_str(include_str!("../services/commerce/fixtures/configurable.json")).unwrap();
    order["entity_id"] = entity_id.into();
    order["increment_id"] = format!("{entity_id:09}").into();
    // As if it had just been placed: the poll has passed the day on which it was recorded.
    order["updated_at"] = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S").to_string().into();
    order["customer_id"] = customer.into();
    order["customer_is_guest"] = u8::from(customer.is_none()).into();
    order
}

/// Visma's customers are polled every quarter of an hour or daily; until then the log is all that knows of a new one.
#[tokio::test]
async fn a_customer_created_before_a_restart_is_known_after_it() {
    let mut house = House::start(Wishes::default().set("VISMA__POLL__INTERVAL", "1h")).await;
    house.store(&order_of(9001, Some(77))).await;
    house.until_booked(1, Duration::from_secs(60)).await;
    drop(house.installation.take_service("writer-visma"));
    house.installation.start_service("writer-visma").unwrap();
    house.store(&order_of(9002, None)).await;
    let ledger = house.until_booked(2, Duration::from_secs(60)).await;
    assert_eq!(ledger["customers"].as_u64(), Some(1), "{ledger:#}");
}
