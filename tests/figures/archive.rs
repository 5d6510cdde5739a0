//! Cost of an archive: entries a second that are written and purged, and what the broker has of it in memory and on
//! disk. `ML_ARCHIVE_ORDERS` says how many orders.

use std::path::Path;
use std::time::Instant;

use async_nats::HeaderMap;
use async_nats::jetstream::consumer::{Consumer, pull};
use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::house::{House, Wishes};

/// Publishes under way at once.
const AT_ONCE: usize = 128;
/// Entries of an order: four versions of it, and our decisions on them.
const VERSIONS: usize = 4;

fn on_disk(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => on_disk(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Memory and disk of the broker, in megabytes.
fn broker(house: &House) -> String {
    let memory = house.installation.broker.process.usage().map_or(0, |usage| usage.resident) / 1_000_000;
    format!("{memory} MB of memory, {} MB of disk", on_disk(&house.installation.folder().join("broker")) / 1_000_000)
}

/// Orders that were cancelled before anything of them was booked.
async fn fill(house: &House, orders: usize) {
    house.place(1, 1).await;
    let listed = house.installation.ask_shop("orders").await.unwrap();
    let id = listed[0]["entity_id"].as_u64().unwrap();
    let mut order = house.installation.ask_shop(&format!("orders/{id}")).await.unwrap();
    order["state"] = json!("canceled");
    let jetstream = house.jetstream().await;
    let writes = (0..orders).map(|number| {
        let (jetstream, mut order) = (jetstream.clone(), order.clone());
        async move {
            let key = 1_000_000 + number;
            order["entity_id"] = json!(key);
            for version in 0..VERSIONS {
                order["customer_note"] = json!(format!("version {version}"));
                for (subject, body) in [
                    (format!("change.main.commerce.order.{key}"), order.to_string()),
                    (format!("outcome.main.mapping.order.{key}"), String::new()),
                ] {
                    let sent = jetstream.publish_with_headers(subject, HeaderMap::new(), body.into()).await.unwrap();
                    sent.await.unwrap();
                }
            }
        }
    });
    stream::iter(writes).buffer_unordered(AT_ONCE).collect::<Vec<()>>().await;
}

pub(crate) async fn print() {
    let orders = std::env::var("ML_ARCHIVE_ORDERS").map_or(2_000, |text| text.parse().unwrap());
    let wishes = Wishes::default()
        .set("TIME_ZONE", "UTC")
        .set("COMMERCE__SWEEP__ENABLED", "false")
        .set("VISMA__SWEEP__ENABLED", "false")
        .set("COMMERCE__POLL__OVERLAP", "0s")
        .set("VISMA__POLL__OVERLAP", "0s");
    let mut house = House::prepare(wishes).await;
    fill(&house, orders).await;
    house.installation.start_services().unwrap();
    house.until_ready("writer-visma").await;
    while left(&house).await > 0 {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    house.installation.broker.kill_and_restart().await.unwrap();
    println!("before             {}", broker(&house));
    let before = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    let to = house.installation.folder().join("archive");
    let apply = ["archive", "--before", &before, "--to", to.to_str().unwrap(), "--apply", "--json"];
    let started = Instant::now();
    let (code, said, talk) = house.verb(&apply, &[]).await;
    assert_eq!(code, Some(0), "{said}{talk}");
    let took = started.elapsed().as_secs_f64();
    let done: Value = serde_json::from_str(said.lines().last().unwrap()).unwrap();
    let (entries, millis) = (done["entries"].as_u64().unwrap() as f64, done["millis"].as_u64().unwrap() as f64);
    let rest = took - millis / 1_000.0;
    println!("read, judged, written, read back  {entries} entries, {:.0} a second", entries / rest);
    println!("purged             {} subjects, {} a second", done["subjects"], done["subjects_a_second"]);
    println!("the files          {} KB", on_disk(&to) / 1_000);
    println!("after              {}", broker(&house));
    house.installation.broker.kill_and_restart().await.unwrap();
    println!("after a restart    {}", broker(&house));
}

/// Deliveries that mapper and writer have yet to settle.
async fn left(house: &House) -> u64 {
    let (jetstream, mut left) = (house.jetstream().await, 0);
    for (name, stream) in [("mapper", "CHANGES"), ("writer-visma", "COMMANDS")] {
        let consumer: Consumer<pull::Config> = jetstream.get_consumer_from_stream(name, stream).await.unwrap();
        let info = consumer.cached_info();
        left += info.num_pending + info.num_ack_pending as u64;
    }
    left
}
