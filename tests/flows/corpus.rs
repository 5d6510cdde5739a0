//! Recorded orders, invoices and credit memos of a real shop through the real processes, with Visma's zone check on.
//!
//! `ML_CORPUS=DIR` names another folder than the one that comes with the sandbox. What became of everything is printed
//! (`-- --nocapture`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use record::backlog;
use serde_json::{Value, json};

use super::wishes;
use crate::house::{House, Wishes, assert_agrees};

/// The longest that the folder may take: hundreds of orders on a busy machine.
const PATIENCE: Duration = Duration::from_secs(600);
/// Codes of what the recorded shop does that nobody can book: a credit memo below zero.
const REFUSED: [&str; 1] = ["NEGATIVE_TOTAL"];

fn folder() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sandbox/fixtures/corpus");
    std::env::var_os("ML_CORPUS").map_or(own, PathBuf::from)
}

/// Waits until nothing is in hand at mapper and writer, and each order has come to an end.
async fn until_quiet(house: &House, orders: u64) {
    let (log, began, mut quiet) = (house.installation.log().await.unwrap(), Instant::now(), 0);
    while quiet < 4 {
        let waiting = async |durable| backlog::waiting(&log, durable).await.unwrap();
        let parked = log.waiting().await.unwrap().len() as u64;
        let busy = parked + waiting(mapper::DURABLE).await + waiting(writer::visma::DURABLE).await;
        let settled = operator::orders::progress(&log).await.unwrap().settled;
        quiet = if busy == 0 && settled >= orders { quiet + 1 } else { 0 };
        assert!(began.elapsed() < PATIENCE, "{settled} of {orders} orders, {busy} in hand\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

fn count(ledger: &Value, list: &str) -> usize {
    let documents = ledger["documents"].as_array().unwrap();
    documents.iter().map(|document| document[list].as_array().map_or(0, Vec::len)).sum()
}

async fn booked(trigger: &str, pinned: bool) {
    let zones = "\n[[vat_zone]]\nwhen = { country = \"NO\" }\nzone = \"01\"\n\n[[vat_zone]]\nzone = \"02\"\n";
    let pin = format!("pin_vat = {pinned}");
    let mapping = format!("{}{zones}", mapping::DEFAULT).replace("pin_vat = true", &pin);
    assert!(mapping.contains(&pin), "the default file says otherwise");
    let strict = json!({ "vat_zone_check": true }).to_string();
    let folder = folder();
    let wishes = wishes().set("SCOPE__TRIGGER", trigger).sandbox("--visma-config", &strict);
    let wishes = wishes.sandbox("--corpus", folder.to_str().unwrap());
    let house = House::start(Wishes { mapping: Some(mapping), ..wishes }).await;
    let orders = house.ledger().await["orders"]["count"].as_u64().unwrap();
    until_quiet(&house, orders).await;
    let ledger = house.ledger().await;
    let mut letters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (code, sentence) in house.dead_letters().await {
        letters.entry(code).or_default().push(sentence);
    }
    let refused: Vec<_> = letters.iter().map(|(code, all)| format!("{code} {}", all.len())).collect();
    println!(
        "{trigger}, {}: {orders} orders, {} invoices, {} credit notes; refused: {}",
        if pinned { "VAT pinned" } else { "VAT not pinned" },
        count(&ledger, "invoices") + ledger["commerce_invoices"]["matched"].as_u64().unwrap() as usize,
        ledger["credit_memos"]["matched"],
        if refused.is_empty() { "none".to_owned() } else { refused.join(", ") },
    );
    assert_agrees(&ledger);
    // The order of a credit memo that nobody can book is told by it.
    let unbalanced = ledger["unbalanced"].as_array().unwrap();
    let refused = letters.values().map(Vec::len).sum();
    assert!(unbalanced.len() <= refused, "{unbalanced:#?}");
    let unexpected: Vec<_> = letters.iter().filter(|(code, _)| !REFUSED.contains(&code.as_str())).collect();
    assert!(unexpected.is_empty() || std::env::var_os("ML_CORPUS").is_some(), "{unexpected:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_shop_is_booked_in_the_zones_of_its_deliveries() {
    booked("placed", true).await;
    booked("placed", false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_shop_is_booked_by_its_invoices() {
    booked("invoiced", true).await;
}
