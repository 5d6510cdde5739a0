//! The calls that Visma allows in its window, and its word when they are too many: all processes together keep to it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(90);

/// Answers with this status to calls of every kind.
fn answered(ledger: &Value, status: &str) -> u64 {
    let kinds = ledger["calls"]["visma"]["by_kind"].as_object().unwrap().values();
    kinds.filter_map(|kind| kind["statuses"][status].as_u64()).sum()
}

/// The ingestor polls customers and the writer creates documents, each in a process of its own; none is told to stop.
#[tokio::test]
async fn the_window_is_never_overdrawn_by_all_processes_together() {
    let company = json!({ "rate_limit": 40, "rate_window_ms": 3000 }).to_string();
    let wishes = Wishes::default().sandbox("--visma-config", &company).set("VISMA__POLL__INTERVAL", "200ms");
    let house = House::start(wishes).await;
    house.place(100, 20).await;
    let ledger = house.until_booked(100, PATIENCE).await;
    assert_eq!(answered(&ledger, "429"), 0, "{:#}", ledger["calls"]["visma"]);
    let calls = ledger["calls"]["visma"]["total"].as_u64().unwrap();
    assert!(calls > 3 * 40, "{calls} calls do not show that windows are kept");
    // Polls did not take what documents needed.
    assert!(answered(&ledger, "201") >= 120, "{:#}", ledger["calls"]["visma"]);
    house.until_settled(100, PATIENCE).await;
    // An intent is written when the call under it is reserved: while a window is spent there are none that come to
    // nothing.
    let entries = house.messages("OUTCOMES").await;
    assert!(entries <= 2 * 120 + 25, "{entries} entries of the log for 120 documents");
}

#[tokio::test]
async fn nobody_calls_before_the_time_that_a_429_names() {
    let house = House::start(Wishes::default().set("VISMA__POLL__INTERVAL", "200ms")).await;
    house.until_ready("writer-visma").await;
    let third = json!({ "system": "visma", "method": "POST", "path": "/v2/customerinvoice", "nth": 3 });
    let fault = json!({ "kind": "429", "retry_after": 3, "on": third });
    house.installation.tell("faults", &fault).await.unwrap();
    house.place(30, 5).await;
    house.until_booked(30, PATIENCE).await;
    let log = house.installation.ask("log?since=0").await.unwrap();
    let calls: Vec<(Timestamp, Option<u64>)> = log
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["system"] == "visma" && !entry["target"].as_str().unwrap().ends_with("/token"))
        .map(|entry| (entry["at"].as_str().unwrap().parse().unwrap(), entry["status"].as_u64()))
        .collect();
    let refused: Vec<Timestamp> = calls.iter().filter(|(_, status)| *status == Some(429)).map(|(at, _)| *at).collect();
    let [refused] = refused[..] else { panic!("refused {} times", refused.len()) };
    let since = |at: &Timestamp| at.as_millisecond() - refused.as_millisecond();
    // What was on its way is answered; the other process hears of it within a second.
    let early: Vec<i64> =
        calls.iter().map(|(at, _)| since(at)).filter(|after| (1_500..2_900).contains(after)).collect();
    assert!(early.is_empty(), "calls {early:?} ms after a 429 that asked for 3 s");
    assert!(calls.iter().any(|(at, _)| since(at) >= 2_900), "nothing came after it");
}
