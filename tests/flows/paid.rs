//! Releases and payments, where they are wanted.

use proto::{Kind, Message as _, Outcome};
use serde_json::json;

use super::{PATIENCE, accountant, act, arm, orders, until_kind, wishes};
use crate::bad_input::order::order;
use crate::house::{House, Wishes};
use crate::regressions::entries;

/// Documents are released, and settled when they are paid.
pub(super) fn settling() -> Wishes {
    let payments = "\n[[payments]]\nmethod = \"10\"\ncash_account = \"1920\"\n";
    let mut wishes = wishes()
        .set("VISMA__DOCUMENTS__RELEASE_INVOICES", "true")
        .set("VISMA__DOCUMENTS__RELEASE_CREDIT_NOTES", "true");
    wishes.mapping = Some(mapping::DEFAULT.to_owned() + payments);
    wishes
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_compared_is_released_and_then_settled() {
    let house = House::start(settling()).await;
    // A server that fails once on the way to a release has a second try.
    arm(&house, json!({ "kind": "json_500" }), "PUT", "*/v1/customerinvoice/*", 1).await;
    house.place(2, 2).await;
    house.until_booked(2, PATIENCE).await;
    arm(&house, json!({ "kind": "lost_after" }), "POST", "*/v1/customerPayment", 1).await;
    // The first is paid in two parts, the second at once.
    let ids = orders(&house).await;
    let order = house.installation.ask_shop(&format!("orders/{}", ids[0])).await.unwrap();
    let item = order["items"].as_array().unwrap().iter().find(|item| item["parent_item_id"].is_null()).unwrap();
    let whole = item["qty_ordered"].as_u64().unwrap() > 1 || order["items"].as_array().unwrap().len() > 1;
    assert!(whole, "an order of one piece cannot be paid in parts: {order:#}");
    let part = json!({ "items": [{ "order_item_id": item["item_id"], "qty": 1 }], "capture": true });
    let part = act(&house, ids[0], "invoice", &part).await;
    let record = format!("outcome.main.visma.payment.invoice-{}-{}", ids[0], part["entity_id"]);
    until_kind(&house, &record, "applied").await;
    for order in &ids {
        act(&house, *order, "pay", &json!({})).await;
    }
    let ledger = house
        .until("three payments", PATIENCE, |ledger| ledger["payments"].as_array().is_some_and(|p| p.len() == 3))
        .await;
    assert!(ledger["audit"]["releases"].as_u64() >= Some(2), "{ledger:#}");
    house
        .until("everything is settled", PATIENCE, |ledger| {
            let documents = ledger["documents"].as_array().unwrap();
            documents.iter().all(|document| document["invoices"][0]["status"] == "Closed")
        })
        .await;
    // What goes back to the buyer settles the credit note.
    act(&house, orders(&house).await[0], "creditmemo", &json!({})).await;
    let ledger =
        house.until("a refund", PATIENCE, |ledger| ledger["payments"].as_array().is_some_and(|p| p.len() == 4)).await;
    let refunds = ledger["payments"].as_array().unwrap().iter().filter(|payment| payment["type"] == "Refund").count();
    assert_eq!(refunds, 1, "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
}

/// Orders were settled at once before their parts were settled each by itself, and the records of that stand.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_settled_as_a_whole_is_not_settled_again_as_a_part() {
    let house = House::start(settling()).await;
    house.place(1, 1).await;
    house.until_booked(1, PATIENCE).await;
    let order = orders(&house).await[0];
    let whole = Outcome { kind: Kind::Applied.into(), number: "900001".to_owned(), ..Outcome::default() };
    let subject = format!("outcome.main.visma.payment.invoice-{order}");
    let jetstream = house.jetstream().await;
    jetstream.publish(subject.clone(), whole.encode_to_vec().into()).await.unwrap().await.unwrap();
    let part = act(&house, order, "invoice", &json!({ "capture": true })).await;
    let record = format!("{subject}-{}", part["entity_id"]);
    until_kind(&house, &record, "unchanged").await;
    let last = entries(&house, "OUTCOMES", &record).await.pop().unwrap();
    assert_eq!(Outcome::decode(last.payload).unwrap().number, "900001");
    assert_eq!(house.ledger().await["payments"], json!([]));
    assert_eq!(house.dead_letters().await, []);
}

/// Between the booking and the poll somebody changes a line: what differs is told, and is not released.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_differs_is_told_with_both_amounts_and_not_released() {
    let wishes = wishes().set("VISMA__DOCUMENTS__RELEASE_INVOICES", "true").set("VISMA__POLL__INTERVAL", "1h");
    let house = House::start(wishes).await;
    house.store(&order(11)).await;
    let ledger = house.until_booked(1, PATIENCE).await;
    let number = ledger["documents"][0]["invoices"][0]["number"].as_str().unwrap();
    let line = json!({
        "operation": "Update", "lineNumber": { "value": 1 }, "manualAmountInCurrency": { "value": 300 },
    });
    let body = json!({ "invoiceLines": [line] });
    accountant(&house, &json!({ "entity": "invoice", "number": number, "body": body })).await;
    let status = tokio::process::Command::new(env!("CARGO_BIN_EXE_ml-connector"))
        .arg("--config")
        .arg(&house.installation.config)
        .args(["poll", "now", "--wait"])
        .output()
        .await
        .unwrap();
    assert!(status.status.success(), "{status:?}");
    let sentence = house.until_dead("TOTAL_DIFFERS", PATIENCE).await;
    assert!(sentence.contains("250") && sentence.contains(number), "{sentence}");
    let ledger = house.ledger().await;
    assert_eq!(ledger["audit"]["releases"], 0, "{ledger:#}");
    assert_ne!(ledger["documents"][0]["invoices"][0]["total"], "250.00", "{ledger:#}");
}
