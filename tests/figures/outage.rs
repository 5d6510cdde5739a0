//! A quarter of an hour in which Visma's writes fail, or all calls, or its tokens are refused, and 200 orders: none is
//! given up, and all are booked soon after.
//!
//! The quarter of an hour is shortened, and with it every wait of the product by the same factor. `ML_OUTAGE=900` takes
//! it as it is, with the waits as they are shipped; `ML_OUTAGE_OF=writes`, `calls` or `tokens` plays one kind alone.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::house::{House, Wishes};

/// Length of the outage that is played, seconds.
const OUTAGE: u64 = 900;
/// How long it takes here.
const SHORTENED: u64 = 45;
const ORDERS: u64 = 200;
const CUSTOMERS: u64 = 60;
/// All are to be booked so long after it.
const AFTER: Duration = Duration::from_secs(60);
/// The waits that are shipped, milliseconds.
const WAITS: [(&str, u64); 6] = [
    ("DOUBT_WAIT", 300_000),
    ("SEND_WITHIN", 20_000),
    ("LOOK_SPACING", 15_000),
    ("FAULT_WAIT", 15_000),
    ("REFUSED_WAIT", 30_000),
    ("PROBE_WAIT", 30_000),
];

/// An outage: its name, the methods of the calls that fail, and the status that they are answered with.
type Outage = (&'static str, &'static [&'static str], u16);

const OUTAGES: [Outage; 3] = [
    ("writes", &["POST", "PUT", "DELETE"], 503),
    ("calls", &["GET", "POST", "PUT", "DELETE"], 503),
    ("tokens", &["GET", "POST", "PUT", "DELETE"], 401),
];

pub(crate) async fn print() {
    let only = std::env::var("ML_OUTAGE_OF").ok();
    for outage in OUTAGES.into_iter().filter(|(name, ..)| only.as_deref().is_none_or(|only| only == *name)) {
        play(outage).await;
    }
}

async fn play((name, methods, status): Outage) {
    let seconds = std::env::var("ML_OUTAGE").ok().and_then(|text| text.parse().ok()).unwrap_or(SHORTENED);
    let quiet = Wishes::default().set("VISMA__POLL__ENTITIES", "customer").set("VISMA__POLL__INTERVAL", "1h");
    let shortened = |wishes: Wishes, (name, wait): (&str, u64)| {
        wishes.set(&format!("VISMA__CREATE__{name}"), &format!("{}ms", wait * seconds / OUTAGE))
    };
    let wishes = WAITS.into_iter().fold(quiet, shortened);
    let house = House::start(wishes).await;
    house.until_ready("writer-visma").await;
    let shorter = OUTAGE / seconds;
    println!(
        "-- {name} are answered {status} for {seconds} s with waits 1/{shorter} as long as shipped, {ORDERS} orders"
    );
    for method in methods {
        for path in ["/v1/", "/v2/"] {
            let on = json!({ "system": "visma", "method": method, "path": path, "count": 1_000_000 });
            house
                .installation
                .tell("faults", &json!({ "kind": "html_5xx", "status": status, "on": on }))
                .await
                .unwrap();
        }
    }
    let rate = ORDERS.div_ceil(seconds).max(1);
    let orders = json!({ "count": ORDERS, "customers": CUSTOMERS, "rate_per_second": rate, "webhook": false });
    let began = Instant::now();
    house.installation.tell_shop("orders", &orders).await.unwrap();
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let patience = Duration::from_secs(ORDERS);
    house.until("every order placed", patience, |ledger| ledger["orders"]["count"] == ORDERS).await;
    let (probes, given_up) = (writes(&house).await, house.dead_letters().await.len());
    println!("writes tried in {:<14.0?}{probes}", began.elapsed());
    println!("given up meanwhile            {given_up}");

    house.installation.forget("faults").await.unwrap();
    let over = Instant::now();
    let first = |ledger: &Value| ledger["invoices"]["count"].as_u64() > Some(0);
    house.until("the first invoice", AFTER * 2, first).await;
    println!("first invoice after           {:.1?}", over.elapsed());
    let ledger = house.until_booked(ORDERS, AFTER * 3).await;
    println!("all {ORDERS} invoices after        {:.1?} (at most {AFTER:?})", over.elapsed());
    println!("duplicates                    {}", ledger["duplicates"].as_object().unwrap().len());
    println!("given up                      {}", house.dead_letters().await.len());
    assert_eq!(house.dead_letters().await, []);
    assert!(over.elapsed() < AFTER, "{}", house.logs());
}

async fn writes(house: &House) -> u64 {
    let calls = house.installation.ask("calls").await.unwrap();
    let kinds = calls["visma"]["by_kind"].as_object().unwrap();
    let writes = kinds.iter().filter(|(kind, _)| !kind.starts_with("GET "));
    writes.filter_map(|(_, calls)| calls["calls"].as_u64()).sum()
}
