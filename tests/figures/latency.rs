//! From a webhook to its invoice, at ten orders a second: how long it takes, and what the slow ones wait for.
//!
//! The broker says when each entry was stored: the hint, the change, the command, the intent, the outcome. What lies
//! between two of them is a stage. Orders of known customers and first orders of a customer are told apart, since a
//! first order waits for its customer.

mod stages;

use std::time::{Duration, Instant};

use async_nats::jetstream::Context;
use async_nats::jetstream::stream::Config;
use ml_connector::stand::installation::WEBHOOK_SECRET;
use serde_json::{Value, json};

use crate::house::{House, Wishes};
use crate::percentile;
use stages::Order;

/// Customers who have ordered before, and what they order now.
const CUSTOMERS: usize = 60;
const KNOWN: u64 = 600;
/// First orders of a customer.
const FIRST: u64 = 200;
/// Ten a second.
const PAUSE: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(120);
/// Milliseconds that 99 of 100 orders of known customers shall not exceed on an idle machine.
const GOAL: u64 = 60;
/// Upper ends of the histogram's bars, milliseconds.
const BARS: [u64; 12] = [5, 10, 15, 20, 30, 40, 60, 100, 200, 500, 1_000, 5_000];
/// The slowest ones are told one by one.
const SLOWEST: usize = 5;

/// Prints each run, or those whose name has one of these words.
pub(crate) async fn print(words: &[String]) {
    let (known, first) = (("known customers", KNOWN, false), ("first orders of a customer", FIRST, true));
    let runs: [(&str, &str, &str, &[_]); 3] = [
        ("polls as shipped", "2m", "daily", &[known, first]),
        ("Commerce is polled every 20 s", "20s", "daily", &[known]),
        ("Visma is polled every 20 s", "2m", "20s", &[known]),
    ];
    let is_wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    for (name, commerce, visma, kinds) in runs.into_iter().filter(|(name, ..)| is_wanted(name)) {
        run(name, commerce, visma, kinds).await;
    }
}

/// Orders of each kind, one kind after the other, in an installation that polls so often.
async fn run(name: &str, commerce: &str, visma: &str, kinds: &[(&str, u64, bool)]) {
    let house = morning(commerce, visma).await;
    let mut booked = CUSTOMERS as u64;
    for (kind, orders, new) in kinds {
        let bare = tokio::spawn(bare(house.jetstream().await, *orders));
        let placed = place(&house, *orders, *new).await;
        booked += orders;
        house.until_settled(booked, PATIENCE).await;
        let measured = stages::of(&house, &placed).await;
        assert_eq!(measured.len(), placed.len(), "{kind}: orders without an invoice\n{}", house.logs());
        println!("-- {kind}: {orders} orders, one every {PAUSE:?}; {name}");
        show(measured);
        let bare = bare.await.unwrap();
        let at = |percent: usize| ms(u64::try_from(percentile(&bare, percent)).unwrap());
        println!(
            "a bare program's four writes  p50 {:.1} ms, p90 {:.1}, p99 {:.1}, at the same time",
            at(50),
            at(90),
            at(99)
        );
        if !new {
            println!("  goal: p99 under {GOAL} ms on an idle machine");
        }
    }
    println!("dead letters                  {}", house.dead_letters().await.len());
}

/// Everybody has ordered once, and that is booked and seen in Visma. Leases and waits are as shipped.
async fn morning(commerce: &str, visma: &str) -> House {
    let wishes = Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", commerce)
        .set("VISMA__POLL__INTERVAL", visma)
        .set("NATS__TAKEOVER", "5s")
        .set("NATS__ACK_WAIT", "30s");
    let mut house = House::prepare(wishes).await;
    house.place(CUSTOMERS, CUSTOMERS).await;
    house.installation.start_services().unwrap();
    house.until_ready("ingestor-commerce").await;
    house.until_settled(CUSTOMERS as u64, PATIENCE).await;
    let url = format!("http://{}/webhooks/commerce", house.installation.door);
    house.installation.tell_shop("webhook", &json!({ "url": url, "secret": WEBHOOK_SECRET })).await.unwrap();
    house
}

/// Four acknowledged messages, one after the other, as often as orders come: what disk and machine take of the time.
/// Microseconds, sorted.
async fn bare(jetstream: Context, orders: u64) -> Vec<u128> {
    let like = jetstream.get_stream("HINTS").await.unwrap().cached_info().config.clone();
    let config = Config { name: "BARE".into(), subjects: vec!["bare.>".into()], ..like };
    jetstream.create_or_update_stream(config).await.unwrap();
    let (mut ticks, mut times) = (tokio::time::interval(PAUSE), Vec::new());
    for turn in 0..orders {
        ticks.tick().await;
        let began = Instant::now();
        for stage in 0..4 {
            let body = vec![b' '; 3_000].into();
            jetstream.publish(format!("bare.{turn}.{stage}"), body).await.unwrap().await.unwrap();
        }
        times.push(began.elapsed().as_micros());
    }
    times.sort_unstable();
    times
}

/// Places orders, each told by a webhook; returns their ids.
async fn place(house: &House, orders: u64, new: bool) -> Vec<u64> {
    let mut ticks = tokio::time::interval(PAUSE);
    let mut placed = Vec::new();
    for turn in 0..orders {
        ticks.tick().await;
        let order = json!({ "seed": 1_000 + turn, "orders": 1, "new_customers": u64::from(new), "customer_edits": 0,
            "credit_memos": 0 });
        let happened = house.installation.tell_shop("commerce/day", &order).await.unwrap();
        placed.extend(happened["orders"].as_array().unwrap().iter().filter_map(Value::as_u64));
    }
    placed
}

fn show(mut orders: Vec<Order>) {
    orders.sort_by_key(Order::total);
    let at = |percent: usize| &orders[(orders.len() * percent / 100).min(orders.len() - 1)];
    println!(
        "webhook → invoice             p50 {:.1} ms, p90 {:.1}, p99 {:.1}, max {:.1}",
        ms(at(50).total()),
        ms(at(90).total()),
        ms(at(99).total()),
        ms(at(100).total())
    );
    let mut from = 0;
    for to in BARS.into_iter().chain([u64::MAX]) {
        let bar = orders.iter().filter(|order| (from..to).contains(&(order.total() / 1_000))).count();
        if bar > 0 {
            let until = if to == u64::MAX { "more".to_owned() } else { format!("{to} ms") };
            println!("  {:>5} – {until:<8} {bar:>5} {}", from, "#".repeat((bar * 60).div_ceil(orders.len())));
        }
        from = to;
    }
    println!("stage, ms                     p50     p99     of the slowest tenth");
    let tenth = &orders[orders.len() - orders.len().div_ceil(10)..];
    let whole: u64 = tenth.iter().map(Order::total).sum();
    for (place, stage) in stages::STAGES.iter().enumerate() {
        let mut times: Vec<u64> = orders.iter().map(|order| order.stages[place]).collect();
        times.sort_unstable();
        let of = |percent: usize| ms(times[(times.len() * percent / 100).min(times.len() - 1)]);
        let part: u64 = tenth.iter().map(|order| order.stages[place]).sum();
        println!("  {stage:<28}{:<8.1}{:<8.1}{:.0} %", of(50), of(99), 100.0 * part as f64 / whole as f64);
    }
    for order in orders.iter().rev().take(SLOWEST) {
        let parts = stages::STAGES.iter().zip(order.stages);
        let parts: Vec<String> = parts.map(|(stage, time)| format!("{stage} {:.1}", ms(time))).collect();
        let (id, total) = (order.id, ms(order.total()));
        println!("  slow: order {id}, told {:.1} s after the first, {total:.1} ms: {}", order.since, parts.join(", "));
    }
}

fn ms(micros: u64) -> f64 {
    micros as f64 / 1_000.0
}
