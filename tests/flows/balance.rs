//! The account of an order balances, whatever a shop does to the order and in which sequence: what stands for it in
//! Visma is what the shop says is left of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::seen::until_outcome;
use super::{PATIENCE, accountant, orders, wishes};
use crate::house::{House, Wishes};

/// Lives of orders: the steps that are taken with one order. `part` is one unit of its first item.
const LIVES: [&[&str]; 6] = [
    // Magento calls such an order canceled.
    &["invoice part", "creditmemo all", "cancel"],
    &["invoice part", "cancel", "creditmemo all"],
    &["invoice part", "creditmemo kept", "cancel"],
    &["invoice part", "invoice part", "creditmemo more", "cancel", "creditmemo part"],
    &["cancel"],
    &["invoice all", "creditmemo part", "creditmemo all"],
];

pub(super) async fn live(house: &House, order: u64, steps: &[&str]) {
    let shown = house.installation.ask_shop(&format!("orders/{order}")).await.unwrap();
    let first = shown["items"].as_array().unwrap().iter().find(|item| item["parent_item_id"].is_null()).unwrap();
    let part = json!([{ "order_item_id": first["item_id"], "qty": 1 }]);
    for step in steps {
        let (verb, how) = step.split_once(' ').unwrap_or((step, ""));
        let body = match how {
            "part" => json!({ "items": part }),
            "kept" => json!({ "arguments": { "adjustment_negative": 1 } }),
            "more" => json!({ "items": [], "arguments": { "shipping_amount": 0, "adjustment_positive": 1 } }),
            _ => json!({}),
        };
        // An order of one piece has nothing left after the first step: then the shop refuses, and so it stays.
        let _refused = house.installation.tell_shop(&format!("commerce/orders/{order}/{verb}"), &body).await;
    }
}

/// Lives all lives, two of each kind, of orders that are booked; the first of each kind is released before. Returns the
/// ledger when nothing is under way any more.
async fn lived(house: &House, release: bool) -> Value {
    let count = 2 * LIVES.len();
    house.place(count, count).await;
    let ledger = house.until("the orders are read", PATIENCE, |ledger| ledger["orders"]["count"] == count).await;
    if release {
        house.until_booked(count as u64, PATIENCE).await;
        let ledger = house.ledger().await;
        for document in ledger["documents"].as_array().unwrap().iter().step_by(2) {
            let number = &document["invoices"][0]["number"];
            let off_hold = json!({ "entity": "invoice", "number": number, "body": { "hold": { "value": false } } });
            accountant(house, &off_hold).await;
            accountant(house, &json!({ "entity": "invoice", "number": number, "do": "release" })).await;
        }
    }
    drop(ledger);
    for (at, order) in orders(house).await.into_iter().enumerate() {
        live(house, order, LIVES[at / 2 % LIVES.len()]).await;
    }
    let shop = house.installation.ask("ledger").await.unwrap();
    let memos = shop["credit_memos"]["documents"]["count"].clone();
    house
        .until("every account balances", PATIENCE, |ledger| {
            ledger["unbalanced"] == json!([]) && ledger["credit_memos"]["matched"] == memos
        })
        .await;
    // It stays so.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let ledger = house.ledger().await;
    assert_eq!(ledger["unbalanced"], json!([]), "{:#}", ledger["unbalanced"]);
    assert_eq!(ledger["unexpected_credit_notes"], json!([]), "{ledger:#}");
    assert_eq!(ledger["duplicate_credit_notes"], json!({}), "{ledger:#}");
    assert_eq!(house.dead_letters().await, []);
    ledger
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_to_an_order_its_account_balances() {
    let house = House::start(wishes()).await;
    let ledger = lived(&house, true).await;
    let of = |document: &Value| (document["state"].clone(), document["invoices"].as_array().unwrap().len());
    let documents: Vec<_> = ledger["documents"].as_array().unwrap().iter().map(of).collect();
    assert!(documents.contains(&(json!("canceled"), 1)), "none was refunded and then cancelled: {documents:?}");
    assert!(documents.contains(&(json!("canceled"), 0)), "none was cancelled as a whole: {documents:?}");
    assert_eq!(house.verb(&["drift"], &[]).await.0, Some(0), "{:?}", house.verb(&["drift"], &[]).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn and_so_it_does_by_every_trigger() {
    for trigger in ["invoiced", "paid", "shipped"] {
        let house = House::start(with(trigger)).await;
        lived(&house, false).await;
    }
}

/// Returns what `drift` lists, by code and number.
async fn listed(house: &House) -> Vec<(String, String)> {
    let (_, list, _) = house.verb(&["drift", "--json"], &[]).await;
    let drifts = list.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    drifts.map(|drift| (text(&drift["code"]), text(&drift["number"]))).collect()
}

/// Somebody deletes drafts of credit notes in Visma, one over what was refunded and one over what was cancelled:
/// neither is in any book any longer.
#[tokio::test]
async fn an_account_that_does_not_balance_is_listed_and_counted() {
    let wishes = wishes().set("VISMA__SWEEP__INTERVAL", "1s").set("DRIFT__INTERVAL", "1s");
    let house = House::start(wishes).await;
    house.place(8, 8).await;
    house.until_booked(8, PATIENCE).await;
    let [refunded, others @ ..] = &orders(&house).await[..] else { panic!("no orders") };
    live(&house, *refunded, &["invoice all", "creditmemo part"]).await;
    for order in others {
        live(&house, *order, &["invoice part", "cancel"]).await;
    }
    let verified = async |record: &str| {
        let record = format!("outcome.main.visma.creditnote.{record}");
        until_outcome(&house, &record, "verified").await.number
    };
    let notes = [verified("1").await, verified(&format!("cancellation-{}", others[0])).await];
    house.until("all is read", PATIENCE, |ledger| ledger["unbalanced"] == json!([])).await;
    let all_balance = async || listed(&house).await.is_empty();
    assert!(all_balance().await, "{:?}", listed(&house).await);
    for note in &notes {
        accountant(&house, &json!({ "entity": "creditnote", "number": note, "do": "delete" })).await;
    }
    let started = Instant::now();
    loop {
        let mut drifts = listed(&house).await;
        drifts.sort();
        let codes: Vec<&str> = drifts.iter().map(|(code, _)| code.as_str()).collect();
        let counted = house.figure("mapper", "ml_accounts_unbalanced", "").await;
        if codes == ["ACCOUNT_UNBALANCED", "ACCOUNT_UNBALANCED", "DOCUMENT_GONE", "DOCUMENT_GONE"] && counted == 2.0 {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{drifts:?}, {counted} counted\n{}", house.logs());
    }
}

fn with(trigger: &str) -> Wishes {
    wishes().set("SCOPE__TRIGGER", trigger)
}
