//! Years of orders: streams that a seeded program fills with what so many orders leave in them, and what services take
//! that start on them. `ML_YEARS_ORDERS` and `ML_YEARS_PARKED` say how many there are.

mod fill;

use std::path::Path;
use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::{DeliverPolicy, FromConsumer as _, PullConsumer, pull};
use ml_connector::stand::installation::SERVICES;

use crate::bad_input_order::order;
use crate::house::{House, Wishes};
use crate::percentile;

const PATIENCE: Duration = Duration::from_secs(900);
/// Orders whose way is measured while much waits, and while nothing does.
const NEXT: u32 = 60;

fn wanted(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

pub(crate) async fn print() {
    let (orders, parked) = (wanted("ML_YEARS_ORDERS", 2_000), wanted("ML_YEARS_PARKED", 2_000));
    println!("== streams of {orders} orders, and {parked} documents that wait");
    let wishes = Wishes::default().set("COMMERCE__POLL__INTERVAL", "200ms").set("VISMA__POLL__INTERVAL", "1d");
    let mut house = House::prepare(wishes).await;
    sync(&mut house, "2m").await;
    let began = Instant::now();
    fill::orders(&house.jetstream().await, orders).await;
    println!("filled                        in {:.0} s", began.elapsed().as_secs_f64());
    pass_by(&house).await;
    sync(&mut house, "always").await;
    disk(&house, orders).await;
    start(&mut house, "views are built").await;
    house.installation.services.drain(..).for_each(|mut service| service.kill());
    start(&mut house, "views are there").await;
    let views = size(&house.installation.folder().join("views"));
    println!("views on disk, an order       {:.0} bytes", views as f64 / orders as f64);
    next(&house, "nothing waits", 1).await;
    let began = Instant::now();
    fill::parked(&house.jetstream().await, parked).await;
    until_parked(&house, parked).await;
    println!("{parked} parked                  in {:.0} s", began.elapsed().as_secs_f64());
    next(&house, &format!("{parked} wait"), 1 + NEXT).await;
    memory(&house);
    println!("dead letters                  {}", house.dead_letters().await.len());
}

/// The broker syncs what it acknowledges so often: filling is no test of the disk.
async fn sync(house: &mut House, interval: &str) {
    let file = house.installation.folder().join("broker/nats.conf");
    let text = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = text.split_once("sync_interval: ").unwrap();
    let after = rest.split_once(',').unwrap().1;
    std::fs::write(&file, format!("{before}sync_interval: {interval},{after}")).unwrap();
    house.installation.broker.process.stop(Duration::from_secs(60));
    house.installation.broker.kill_and_restart().await.unwrap();
}

/// The services have done all that was filled in.
async fn pass_by(house: &House) {
    for (stream, name) in [("CHANGES", "mapper"), ("COMMANDS", "writer-visma"), ("COMMANDS", "writer-commerce")] {
        let stream = house.jetstream().await.get_stream(stream).await.unwrap();
        let mut consumer: PullConsumer = stream.get_consumer(name).await.unwrap();
        let config = consumer.info().await.unwrap().config.clone();
        let config = pull::Config::try_from_consumer_config(config).unwrap();
        stream.delete_consumer(name).await.unwrap();
        stream.create_consumer(pull::Config { deliver_policy: DeliverPolicy::New, ..config }).await.unwrap();
    }
}

/// Starts every service, and tells how long it takes until each takes work.
async fn start(house: &mut House, what: &str) {
    let logs = SERVICES.map(|name| log(house, name).len());
    house.installation.start_services().unwrap();
    let (began, mut ready) = (Instant::now(), Vec::new());
    while ready.len() < SERVICES.len() {
        for (name, since) in SERVICES.into_iter().zip(logs) {
            let is_new = !ready.contains(&name) && log(house, name)[since..].contains("admin=");
            // The writer is ready for a moment before it looks at Visma's customers.
            let is_past = name != "writer-visma" || log(house, name)[since..].contains("customers known");
            if is_new && is_past && house.readiness(name).await.is_some_and(|said| said.starts_with("ready\n")) {
                ready.push(name);
                println!("{what}, {name:<18} ready in {:.1} s", began.elapsed().as_secs_f64());
            }
        }
        assert!(began.elapsed() < PATIENCE, "not ready\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    memory(house);
}

fn log(house: &House, name: &str) -> String {
    std::fs::read_to_string(house.installation.folder().join(format!("{name}.log"))).unwrap_or_default()
}

fn memory(house: &House) {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    for service in &house.installation.services {
        let usage = service.usage().unwrap();
        let (name, cpu) = (service.name(), usage.cpu.as_secs_f64());
        println!(
            "  {name:<18} {:.0} MB resident, {:.0} MB shared out, {cpu:.1} s of CPU",
            mb(usage.resident),
            mb(usage.share)
        );
    }
    let all = house.installation.usage();
    let broker = house.installation.broker.process.usage().unwrap();
    println!("  services together  {:.0} MB shared out; broker {:.0} MB resident", mb(all.share), mb(broker.resident));
}

async fn disk(house: &House, orders: u64) {
    for name in ["CHANGES", "COMMANDS", "OUTCOMES"] {
        let state = house.jetstream().await.get_stream(name).await.unwrap().cached_info().state.clone();
        let of = house.installation.folder().join("broker/jetstream/jetstream/$G/streams").join(name);
        let an_order = |number: u64| number as f64 / orders as f64;
        println!(
            "{name:<10} an order           {:.1} entries, {:.0} bytes, on disk {:.0}",
            an_order(state.messages),
            an_order(state.bytes),
            an_order(size(&of))
        );
    }
}

/// Bytes of all files below a folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    entries.map(|entry| if entry.path().is_dir() { size(&entry.path()) } else { entry.metadata().unwrap().len() }).sum()
}

/// Times the way of one order after the other: from its change to its outcome, by the broker's clock.
async fn next(house: &House, what: &str, first: u32) {
    let (stream, began) = (house.jetstream().await.get_stream("OUTCOMES").await.unwrap(), Instant::now());
    let cpu = house.installation.usage().cpu;
    let mut times = Vec::new();
    for id in (0..NEXT).map(|nth| 900_000_000 + first + nth) {
        house.store(&order(id)).await;
        let subject = format!("outcome.main.visma.invoice.{id}");
        let outcome = loop {
            let last = stream.direct_get_last_for_subject(subject.clone()).await;
            let applied = |h| record::envelope::header(h, record::envelope::KIND) == Some("applied");
            match last {
                Ok(last) if applied(&last.headers) => break last.time,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
            assert!(began.elapsed() < PATIENCE, "{subject}\n{}", house.logs());
        };
        let changes = house.jetstream().await.get_stream("CHANGES").await.unwrap();
        let change = changes.direct_get_last_for_subject(format!("change.main.commerce.order.{id}")).await.unwrap();
        times.push((outcome - change.time).whole_microseconds().unsigned_abs());
    }
    times.sort_unstable();
    let ms = |percent| percentile(&times, percent) as f64 / 1e3;
    let cpu = (house.installation.usage().cpu - cpu).as_secs_f64() * 1e3 / f64::from(NEXT);
    println!("change → invoice, {what}: p50 {:.1} ms, p90 {:.1} ms; {cpu:.0} ms of CPU an order", ms(50), ms(90));
}

async fn until_parked(house: &House, parked: u64) {
    let began = Instant::now();
    // It is counted a few times a minute.
    while (house.figure("writer-visma", "ml_waiting", "writer-visma").await as u64) < parked {
        assert!(began.elapsed() < PATIENCE, "not parked\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
