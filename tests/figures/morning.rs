//! A backlog of orders through the whole installation, and the same durable writes by a bare program.

use std::time::{Duration, Instant};

use ml_connector::stand::process::Process;
use serde_json::json;

use crate::house::{House, Wishes};
use crate::{CUSTOMERS, ORDERS};
use crate::{bare, disk};

/// How messages are published.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Publishing {
    OneByOne,
    InBatches,
}

pub(crate) async fn print(name: &str, publishing: Publishing) {
    let wishes =
        Wishes::default().sandbox("--orders", &ORDERS.to_string()).sandbox("--customers", &CUSTOMERS.to_string());
    let wishes = match publishing {
        Publishing::OneByOne => wishes.set("NATS__BATCH_FROM", "1000000"),
        Publishing::InBatches => wishes,
    };
    // One poll reads everything; the next would read it again for its overlap. What the other flows cost is the day's
    // figure.
    let wishes = wishes
        .set("COMMERCE__POLL__INTERVAL", "10m")
        .set("COMMERCE__POLL__ENTITIES", "order")
        .set("VISMA__POLL__ENTITIES", "customer");
    let mut house = House::prepare(wishes).await;
    let known = json!({ "of_shop": distinct_customers(&house).await / 2 });
    house.installation.tell("visma/customers", &known).await.unwrap();
    for service in ["ingestor-visma", "mapper", "writer-visma"] {
        house.installation.start_service(service).unwrap();
    }
    house.until_ready("writer-visma").await;

    let calls_before = visma_calls(&house).await;
    let broker_before = house.installation.broker.process.usage().unwrap();
    let services_before = house.installation.usage().cpu;
    let started = Instant::now();
    house.installation.start_service("ingestor-commerce").unwrap();
    house.until_settled(ORDERS as u64, Duration::from_secs(300)).await;
    let wall = started.elapsed();
    let ledger = house.until_booked(ORDERS as u64, Duration::from_secs(5)).await;
    let services = house.installation.usage();
    let each: Vec<String> = house.installation.services.iter().map(show).collect();
    let broker = house.installation.broker.process.usage().unwrap();
    let calls = visma_calls(&house).await - calls_before;

    let writes = bare::recorded(&house, &bare::STREAMS).await;
    let bare = bare::replay(&house, &writes, publishing == Publishing::InBatches).await;
    let flow = bare::span(&house).await;

    let per_second = |took: Duration| ORDERS as f64 / took.as_secs_f64();
    let broker_cpu = broker.cpu.saturating_sub(broker_before.cpu);
    let services_cpu = services.cpu.saturating_sub(services_before);
    println!("-- {name}");
    println!("Visma calls an order          {:.3}", calls as f64 / ORDERS as f64);
    println!("durable writes                {} ({:.2} an order)", writes.len(), writes.len() as f64 / ORDERS as f64);
    println!(
        "orders a second               {:.0} (first change to last outcome; {:.1} s from start)",
        per_second(flow),
        wall.as_secs_f64()
    );
    println!("  a bare program's            {:.0} for the same writes", per_second(bare));
    println!("  ratio                       {:.0} %", 100.0 * bare.as_secs_f64() / flow.as_secs_f64());
    println!(
        "CPU for {ORDERS} orders           {:.2} s (services {:.2}, broker {:.2})",
        (services_cpu + broker_cpu).as_secs_f64(),
        services_cpu.as_secs_f64(),
        broker_cpu.as_secs_f64()
    );
    println!("resident, services together   {} MB, the binary's pages counted once", services.share / 1_000_000);
    println!("  counted for each process    {} MB ({})", services.resident / 1_000_000, each.join(", "));
    println!("resident, broker              {} MB", broker.resident / 1_000_000);
    println!("dead letters                  {}", house.dead_letters().await.len());
    disk::print(&house, ORDERS).await;
    assert!(ledger["missing"].as_array().unwrap().is_empty());
}

fn show(process: &Process) -> String {
    format!("{} {}", process.name(), process.usage().map_or(0, |used| used.resident / 1_000_000))
}

async fn visma_calls(house: &House) -> u64 {
    house.ledger().await["calls"]["visma"]["total"].as_u64().unwrap_or(0)
}

/// Customers who have ordered; guests and accounts of one e-mail address count once.
async fn distinct_customers(house: &House) -> usize {
    let ledger = house.ledger().await;
    assert_eq!(ledger["orders"]["count"].as_u64(), Some(ORDERS as u64));
    CUSTOMERS
}
