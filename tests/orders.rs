//! The main job: orders become invoices, once each, to the øre.

use std::time::Duration;

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
    let creates = |calls: &serde_json::Value| calls[kind]["calls"].as_u64().unwrap_or(0);
    assert_eq!(creates(&ledger["calls"]["visma"]["by_kind"]) - creates(&before), 20);
    assert!(house.dead_letters().await.is_empty());
}
