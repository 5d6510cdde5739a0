//! Cancelled orders: their invoice falls, or is credited where it cannot any more.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{PATIENCE, accountant, act, arm, calls, kinds, orders, wishes};
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_order_is_taken_out_of_the_books_or_credited() {
    let house = House::start(wishes()).await;
    house.place(3, 3).await;
    let ledger = house.until_booked(3, PATIENCE).await;
    let ids = orders(&house).await;
    // The second one is released before it is cancelled; the answer to the first delete is lost.
    let released = ledger["documents"][1]["invoices"][0]["number"].as_str().unwrap().to_owned();
    let off_hold = json!({ "entity": "invoice", "number": released, "body": { "hold": { "value": false } } });
    accountant(&house, &off_hold).await;
    accountant(&house, &json!({ "entity": "invoice", "number": released, "do": "release" })).await;
    let is_open = |ledger: &Value| ledger["documents"][1]["invoices"][0]["status"] == "Open";
    house.until("the second one is released", PATIENCE, is_open).await;
    arm(&house, json!({ "kind": "lost_after" }), "DELETE", "*/v1/customerinvoice/*", 1).await;
    for id in &ids[..2] {
        act(&house, *id, "cancel", &json!({})).await;
    }
    let ledger = house
        .until("one deleted and one credited", PATIENCE, |ledger| {
            ledger["invoices"]["count"] == 2 && ledger["credit_notes"]["count"] == 1
        })
        .await;
    assert_eq!(ledger["uncancelled"], json!([]), "{ledger:#}");
    assert_eq!(ledger["unexpected_credit_notes"], json!([]), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
    assert_eq!(ledger["unbalanced"], json!([]), "{ledger:#}");
    // That of the draft, and once more since its answer was lost. What is released is not tried.
    let fallen = format!("outcome.main.visma.invoice.{}", ids[0]);
    let started = Instant::now();
    let record = loop {
        let record = kinds(&house, &fallen).await;
        if record.iter().filter(|kind| *kind == "applied").count() == 2 {
            break record;
        }
        assert!(started.elapsed() < PATIENCE, "booked and withdrawn: {record:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!(calls(&house, "DELETE /v1/customerinvoice/{number}").await, 2);
    assert_eq!(record.first().map(String::as_str), Some("intent"), "{record:?}");
}

/// An order that is cancelled while its invoice is in doubt: what was sent is looked for first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_doubt_is_settled_before_it_falls() {
    let house = House::start(wishes()).await;
    house.place(1, 1).await;
    house.until_booked(1, PATIENCE).await;
    arm(&house, json!({ "kind": "lost_after" }), "POST", "*/v2/customerinvoice", 1).await;
    house.place(1, 1).await;
    house.until("two invoices", PATIENCE, |ledger| ledger["invoices"]["count"] == 2).await;
    let id = *orders(&house).await.last().unwrap();
    act(&house, id, "cancel", &json!({})).await;
    let ledger = house.until("one invoice", PATIENCE, |ledger| ledger["invoices"]["count"] == 1).await;
    assert_eq!(ledger["uncancelled"], json!([]), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
}
