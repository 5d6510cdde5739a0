//! The figures: what an order costs, beside what the raw broker does in the same run.
//!
//! `cargo bench` prints them. Absolute times are the machine's; the ratios are ours.
#![allow(
    dead_code,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::float_arithmetic,
    missing_docs,
    reason = "a benchmark prints, divides, and stops where something is wrong"
)]

mod archive;
#[path = "../bad_input/order.rs"]
mod bad_input_order;
mod bare;
#[path = "../day/mod.rs"]
mod day;
#[path = "day.rs"]
mod days;
mod disk;
#[path = "../house.rs"]
mod house;
mod latency;
mod morning;
mod outage;
mod webhooks;
mod years;

/// Orders of one run, and customers that they are spread over.
const ORDERS: usize = 1_000;
const CUSTOMERS: usize = 300;

#[tokio::main]
async fn main() {
    // Cargo passes `--bench`; a word names the figures wanted.
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|w| name.contains(w.as_str()));
    if is_wanted("morning") {
        println!("== {ORDERS} orders of {CUSTOMERS} customers, half of them already in Visma; sync_interval: always");
        morning::print("one by one", morning::Publishing::OneByOne).await;
        morning::print("in batches", morning::Publishing::InBatches).await;
    }
    if is_wanted("day") {
        println!("== a day, a storm, a small window and lossy webhooks");
        days::print().await;
    }
    if is_wanted("latency") {
        println!("== webhook → invoice at ten orders a second");
        // Further words name its runs: `latency Visma`.
        let words: Vec<String> = wanted.iter().filter(|word| *word != "latency").cloned().collect();
        latency::print(&words).await;
    }
    if is_wanted("outage") {
        println!("== an outage of Visma's writes");
        outage::print().await;
    }
    if is_wanted("archive") {
        println!("== an archive");
        archive::print().await;
    }
    if is_wanted("webhooks") {
        println!("== webhooks, beside a bare acknowledged publish of the same body");
        webhooks::print().await;
    }
    if is_wanted("years") {
        years::print().await;
    }
}

/// The value below which `percent` of the sorted values lie.
fn percentile(sorted: &[u128], percent: usize) -> u128 {
    sorted.get((sorted.len() * percent / 100).min(sorted.len().saturating_sub(1))).copied().unwrap_or(0)
}
