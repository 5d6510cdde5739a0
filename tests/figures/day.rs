//! A day, a storm of edits, a small window and lossy webhooks: what they cost, and what must be zero.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ml_connector::stand::installation::WEBHOOK_SECRET;
use serde_json::{Value, json};

use crate::day::seen::Seen;
use crate::day::{Day, both, morning, play, storm};
use crate::house::{House, Wishes};

const DAY: Day = Day {
    earlier: 80,
    customers: 60,
    orders: 150,
    new_customers: 30,
    customer_edits: 20,
    credit_memos: 10,
    supplier_invoices: 30,
};
/// Calls that the day may cost.
const MOST_CALLS: u64 = 240;
/// Rounds of edits in the storm.
const ROUNDS: u64 = 3;
/// A window that is spent many times over, and what spends it.
const WINDOW_CALLS: u64 = 60;
const WINDOW: Duration = Duration::from_secs(4);
const WINDOW_ORDERS: usize = 300;
/// Orders of which webhooks tell, and how many of a hundred webhooks never come.
const TOLD: u64 = 600;
const LOST_PERCENT: u64 = 5;

const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) async fn print() {
    let house = morning(&DAY, Wishes::default()).await;
    let Day { orders, new_customers, customer_edits, credit_memos, supplier_invoices, .. } = DAY;
    println!(
        "-- a day: {orders} orders, {new_customers} of them of new customers, {customer_edits} edits of customers,"
    );
    println!("   {credit_memos} credit memos, {supplier_invoices} supplier invoices, one poll of Visma's lists");
    let seen = play(&house, &DAY).await;
    println!("Visma calls                   {} (at most {MOST_CALLS})", seen.calls());
    print_seen(&seen);
    assert!(seen.calls() <= MOST_CALLS);
    println!(
        "-- a 412 storm: {ROUNDS} times {customer_edits} edits, the accountant is faster twice with each customer"
    );
    let seen = storm(&house, &DAY, ROUNDS).await;
    println!("refused with 412              {}", seen.audit("stale_puts"));
    println!(
        "edits by the accountant       {}, {} fields kept",
        seen.audit("accountant_deeds"),
        seen.audit("kept_edits")
    );
    println!("customers edited              {}, {} arrived", seen.edits, seen.arrived);
    println!("Visma calls                   {}", seen.calls());
    print_seen(&seen);
    drop(house);
    window().await;
    webhooks().await;
}

fn print_seen(seen: &Seen) {
    for (kind, calls, statuses) in seen.calls_by_kind() {
        println!("  {kind:<28}{calls:>4} {statuses}");
    }
    for (what, count) in seen.zeros() {
        println!("{what:<30}{count}");
    }
    for (code, sentence) in &seen.letters {
        println!("  {code}: {sentence}");
    }
    assert!(seen.zeros().iter().all(|(_, count)| *count == 0));
}

/// Documents and polls want more than the window has, over and over.
async fn window() {
    println!("-- a window of {WINDOW_CALLS} calls in {WINDOW:?}, and polls that never rest");
    let company = json!({ "rate_limit": WINDOW_CALLS, "rate_window_ms": WINDOW.as_millis() }).to_string();
    let wishes = Wishes::default().sandbox("--visma-config", &company).set("VISMA__POLL__INTERVAL", "300ms");
    let house = House::start(wishes.set("COMMERCE__POLL__INTERVAL", "500ms")).await;
    let started = Instant::now();
    house.place(WINDOW_ORDERS, WINDOW_ORDERS / 3).await;
    let ledger = house.until_booked(WINDOW_ORDERS as u64, PATIENCE).await;
    let audit = &ledger["audit"];
    let windows = started.elapsed().as_millis() / WINDOW.as_millis();
    println!("documents                     {WINDOW_ORDERS} and {} customers", ledger["customers"]);
    println!("Visma calls                   {}, over {windows} windows", ledger["calls"]["visma"]["total"]);
    println!("calls in the busiest window   {} of {WINDOW_CALLS}", audit["busiest_window"]);
    println!("calls over the limit          {}", audit["calls_over_limit"]);
}

/// Webhooks that never come; the poll finds what they would have told of.
async fn webhooks() {
    println!("-- {TOLD} orders of which webhooks tell, {LOST_PERCENT} % of the webhooks never come");
    let wishes = Wishes::default().set("COMMERCE__POLL__INTERVAL", "2s").set("COMMERCE__WEBHOOK__GRACE", "4s");
    let house = House::start(wishes).await;
    house.until_ready("ingestor-commerce").await;
    let url = format!("http://{}/webhooks/commerce", house.installation.door);
    let webhook = json!({ "url": url, "secret": WEBHOOK_SECRET, "loss": LOST_PERCENT as f64 / 100.0 });
    house.installation.tell_shop("webhook", &webhook).await.unwrap();
    let orders = json!({ "count": TOLD, "customers": 100, "rate_per_second": 40 });
    house.installation.tell_shop("orders", &orders).await.unwrap();
    let ledger = house.until_booked(TOLD, PATIENCE).await;
    both::poll(&house, "commerce").await;
    let started = Instant::now();
    let (lost, untold, counted) = loop {
        let (lost, untold) = lost_on_their_way(&house).await;
        let counted = house.figure("ingestor-commerce", "ml_webhooks_lost_total", "entity=\"order\"").await as u64;
        if counted >= untold || started.elapsed() > Duration::from_secs(20) {
            break (lost, untold, counted);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    println!("webhooks lost on their way    {lost}");
    println!("orders that none told of      {untold}, counted as lost {counted}");
    println!("orders lost                   {}", ledger["missing"].as_array().unwrap().len());
    println!("duplicates                    {}", ledger["duplicates"].as_object().unwrap().len());
    println!("dead letters                  {}", house.dead_letters().await.len());
}

/// Webhooks that the shop never sent, and orders of which none came.
async fn lost_on_their_way(house: &House) -> (u64, u64) {
    let url = format!("http://{}/_sandbox/commerce/deliveries", house.installation.commerce);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let text = client.get(url).send().await.unwrap().text().await.unwrap();
    let shown: Value = serde_json::from_str(&text).unwrap();
    let orders = |outcome: &str| -> BTreeSet<u64> {
        let all = shown["deliveries"].as_array().unwrap().iter();
        let of_orders = all.filter(|one| one["entity"] == "order" && one["outcome"] == outcome);
        of_orders.map(|one| one["ids"][0].as_u64().unwrap()).collect()
    };
    let untold = orders("lost").difference(&orders("taken")).count() as u64;
    (shown["counts"]["hmac"]["lost"].as_u64().unwrap_or(0), untold)
}
