//! Strangers at the door: many slow connections, large bodies, forged signatures. Genuine webhooks are answered as if
//! nobody were there, and the memory stays what it was.
//!
//! `ML_ATTACK=60 cargo test --release -p ml-connector --test house attack -- --nocapture` attacks for so many seconds
//! and prints what was measured.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::sender::{HEADER, signature};
use super::{house_of_webhooks, without_polling};
use crate::house::House;

const SERVICE: &str = "ingestor-commerce";
/// More than may come from one address.
const SLOW: usize = 300;
/// Together several times of what there is for bodies.
const LARGE: usize = 64;
const SIZE: usize = 1024 * 1024;

/// A connection that sends this and then nothing more; it stays until the door closes it.
async fn stand_still(house: &House, first: Vec<u8>, strangers: &mut JoinSet<()>) {
    let Ok(mut stream) = TcpStream::connect(house.installation.door).await else { return };
    strangers.spawn(async move {
        let _ = stream.write_all(&first).await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
    });
}

fn head(length: usize) -> Vec<u8> {
    format!("POST /webhooks/commerce HTTP/1.1\r\nHost: shop\r\nContent-Length: {length}\r\n\r\n").into_bytes()
}

/// How long webhooks that are signed wait for their answer, each on a connection of its own; sorted.
async fn genuine(house: &House, count: u64) -> Vec<Duration> {
    let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
    let url = format!("http://{}/webhooks/commerce", house.installation.door);
    let mut times = Vec::new();
    for number in 1..=count {
        let body =
            format!("{{\"event\":\"sales_order_invoice_save_commit_after\",\"invoice\":{{\"entity_id\":{number}}}}}");
        let request = http.post(&url).header(HEADER, signature(body.as_bytes())).body(body);
        let started = Instant::now();
        let answer = request.send().await;
        times.push(started.elapsed());
        assert_eq!(answer.map(|answer| answer.status().as_u16()).ok(), Some(200), "webhook {number}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    times.sort_unstable();
    times
}

fn memory(house: &House) -> u64 {
    let service = house.installation.services.iter().find(|service| service.name() == SERVICE).unwrap();
    service.usage().unwrap().resident
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn genuine_webhooks_are_answered_while_strangers_attack() {
    let seconds: u64 = std::env::var("ML_ATTACK").ok().and_then(|text| text.parse().ok()).unwrap_or(2);
    let house = house_of_webhooks(without_polling()).await;
    genuine(&house, 20).await;
    let idle = genuine(&house, 100).await;
    let before = memory(&house);

    let mut strangers = JoinSet::new();
    for number in 0..SLOW {
        let first = match number % 3 {
            0 => b"POST /webhooks/commerce HTTP/1.1\r\nX-Slow: ".to_vec(),
            1 => head(1000),
            _ => Vec::new(),
        };
        stand_still(&house, first, &mut strangers).await;
    }
    for _ in 0..LARGE {
        stand_still(&house, [head(SIZE), vec![b' '; SIZE - 1]].concat(), &mut strangers).await;
    }
    let until = Instant::now() + Duration::from_secs(seconds);
    let mut attacked = Vec::new();
    while Instant::now() < until || attacked.is_empty() {
        // They go on: connections, large bodies, and forged ones.
        for _ in 0..25 {
            stand_still(&house, head(1000), &mut strangers).await;
        }
        for _ in 0..4 {
            stand_still(&house, [head(SIZE), vec![b' '; SIZE - 1]].concat(), &mut strangers).await;
        }
        stand_still(&house, [head(2), b"{}".to_vec()].concat(), &mut strangers).await;
        attacked.extend(genuine(&house, 100).await);
        while strangers.try_join_next().is_some() {}
    }
    attacked.sort_unstable();
    let (peak, cut) = (memory(&house), house.figure(SERVICE, "ml_webhook_connections_cut_total", "").await);
    let at = |times: &[Duration], percent: usize| times[(times.len() - 1) * percent / 100];
    println!(
        "genuine webhooks: p50 {:?} and p99 {:?} idle, {:?} and {:?} under attack; {} MB before, {} MB after; {cut} cut",
        at(&idle, 50),
        at(&idle, 99),
        at(&attacked, 50),
        at(&attacked, 99),
        before / 1_000_000,
        peak / 1_000_000
    );
    assert!(cut > 0.0, "nobody had to give way: the attack was none");
    // Half the machine may be at work elsewhere: what is measured exactly is printed.
    assert!(at(&attacked, 50) < at(&idle, 50) * 3 + Duration::from_millis(50), "{idle:?} {attacked:?}");
    assert!(peak < before + 45_000_000, "{before} bytes became {peak}");
    let refused = house.logs().matches("a webhook was refused").count();
    assert!(refused < 10 + 2 * usize::try_from(seconds).unwrap(), "{refused} lines of refusals");
    assert!(house.logs().contains("127.0.0.1:"), "nobody is told where they come from");
}
