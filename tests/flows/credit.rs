//! Credit memos become credit notes, once.

use serde_json::json;

use super::seen::until_outcome;
use super::{PATIENCE, act, arm, bodies, calls, orders, wishes};
use crate::house::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_memo_becomes_one_credit_note_whatever_becomes_of_the_answer() {
    let house = House::start(wishes()).await;
    house.place(3, 2).await;
    house.until_booked(3, PATIENCE).await;
    // Done and not told; not done and not told; refused at the door.
    arm(&house, json!({ "kind": "lost_after" }), "POST", "*/v2/customerCreditNote", 1).await;
    arm(&house, json!({ "kind": "lost_before" }), "POST", "*/v2/customerCreditNote", 1).await;
    for order in orders(&house).await {
        act(&house, order, "invoice", &json!({})).await;
        act(&house, order, "creditmemo", &json!({})).await;
    }
    let ledger = house
        .until("3 credit notes", PATIENCE, |ledger| {
            ledger["credit_memos"]["matched"] == 3 && ledger["credit_notes"]["count"] == 3
        })
        .await;
    assert_eq!(ledger["credit_memos"]["totals_differ"], json!([]), "{ledger:#}");
    assert_eq!(ledger["duplicate_credit_notes"], json!({}), "{ledger:#}");
    assert_eq!(ledger["audit"]["blind_overwrites"], json!([]));
    assert_eq!(house.dead_letters().await, []);
    // One that was lost on the way was sent again, and no other one.
    assert_eq!(calls(&house, "POST /v2/customerCreditNote").await, 4);
    let sent = bodies(&house, "POST", "/v2/customerCreditNote").await;
    let note = sent[0]["note"]["value"].as_str().unwrap();
    assert!(note.contains("Credits invoice 1000"), "{note}");
}

/// Applied to the invoice that it credits, as far as that is released and open, so that nothing is left to match by
/// hand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credit_note_is_applied_to_the_invoice_that_it_credits() {
    let wishes = wishes()
        .set("VISMA__DOCUMENTS__RELEASE_INVOICES", "true")
        .set("VISMA__DOCUMENTS__RELEASE_CREDIT_NOTES", "true")
        .set("VISMA__DOCUMENTS__APPLY_CREDIT_NOTES", "true");
    let house = House::start(wishes).await;
    house.place(1, 1).await;
    let ledger = house.until_booked(1, PATIENCE).await;
    let number = ledger["documents"][0]["invoices"][0]["number"].clone();
    let order = orders(&house).await[0];
    // Released, and seen to be: what no poll has seen open is not applied to.
    let record = format!("outcome.main.visma.invoice.{order}");
    let started = std::time::Instant::now();
    while until_outcome(&house, &record, "verified").await.status != "Open" {
        assert!(started.elapsed() < PATIENCE, "it is not released\n{}", house.logs());
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    act(&house, order, "invoice", &json!({})).await;
    act(&house, order, "creditmemo", &json!({})).await;
    house
        .until("both are closed", PATIENCE, |ledger| ledger["documents"][0]["invoices"][0]["status"] == "Closed")
        .await;
    let sent = bodies(&house, "POST", "/v2/customerCreditNote").await;
    let applied = sent[0]["applicationLines"].as_array().unwrap();
    assert_eq!(applied.len(), 1, "{applied:?}");
    assert!(applied[0].to_string().contains(number.as_str().unwrap()), "{number} {applied:?}");
    assert_eq!(house.dead_letters().await, []);
}
