//! Tests of harm that a vendor can do to us without meaning it: one record that it cannot show, one header that makes
//! no sense, one text with a line break. It costs that record, that call or that text, and nothing beside it.

mod bombs;
mod headers;
mod lists;
mod poison;
mod records;
mod sweeps;
mod texts;

use std::time::Duration;

use serde_json::{Value, json};

use crate::house::House;

const PATIENCE: Duration = Duration::from_secs(90);

/// Arms a fault that strikes as often as it is met.
async fn always(house: &House, mut fault: Value) {
    fault["on"]["count"] = json!(1_000_000);
    house.installation.tell("faults", &fault).await.unwrap();
}

/// Increment ids of the orders that are booked.
fn booked(ledger: &Value) -> u64 {
    ledger["invoices"]["count"].as_u64().unwrap()
}

/// Disarms every fault.
async fn heal(house: &House) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("http://{}/_sandbox/faults", house.installation.visma);
    assert!(http.delete(url).send().await.unwrap().status().is_success());
}
