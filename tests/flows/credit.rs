//! Credit memos become credit notes, once.

use serde_json::json;

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
