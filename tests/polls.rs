//! Polls: one replica at a time, on their schedule, when somebody asks, and never before a shop says that it may.

use std::process::Stdio;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::doors::changes;
use crate::hold::Hold;
use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);
const SERVICE: &str = "ingestor-commerce";

/// Two replicas on one machine cannot both have the door.
fn without_door(interval: &str) -> Wishes {
    Wishes::default().set("COMMERCE__POLL__INTERVAL", interval).set("COMMERCE__WEBHOOK__LISTEN", "")
}

/// The times and answers of all calls to Commerce whose target holds `what`.
async fn calls(house: &House, what: &str) -> Vec<(Timestamp, Option<u64>)> {
    let log = house.installation.ask("log?since=0").await.unwrap();
    let of_shop = |entry: &&Value| entry["system"] == "commerce" && entry["target"].as_str().unwrap().contains(what);
    let call = |entry: &Value| (entry["at"].as_str().unwrap().parse().unwrap(), entry["status"].as_u64());
    log.as_array().unwrap().iter().filter(of_shop).map(call).collect()
}

/// Runs a verb to its end and returns its exit code and what it printed.
pub(crate) async fn verb(house: &House, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_ml-connector"));
    command.arg("--config").arg(&house.installation.config).args(arguments).stderr(Stdio::piped());
    let output = tokio::time::timeout(PATIENCE, command.output()).await.expect("it ends").unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.code(), text)
}

/// One of the JSON lines of `poll list` or `poll now`.
fn poll<'a>(lines: &'a [Value], name: &str) -> &'a Value {
    lines.iter().find(|line| line["poll"] == name).unwrap_or_else(|| panic!("{name} is not in {lines:?}"))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

#[tokio::test]
async fn two_replicas_poll_in_turns_and_read_each_change_once() {
    let mut house = House::prepare(without_door("1s")).await;
    for _ in 0..2 {
        house.installation.start_service(SERVICE).unwrap();
    }
    house.until_ready(SERVICE).await;
    let (before, started) = (calls(&house, "/V1/orders?").await.len(), Instant::now());
    for _ in 0..6 {
        house.place(5, 5).await;
        tokio::time::sleep(Duration::from_secs(1)).await; // Time over which the calls are counted.
    }
    let elapsed = started.elapsed().as_secs();
    let scans = calls(&house, "/V1/orders?").await.len() - before;
    // One page a poll; two replicas that did not know of each other would ask twice as often.
    assert!(scans as u64 <= elapsed + 3, "{scans} scans in {elapsed} s\n{}", house.logs());
    assert!(scans >= 3, "{scans} scans in {elapsed} s\n{}", house.logs());
    let read = async || changes(&house).await;
    while read().await.len() < 30 {
        assert!(started.elapsed() < PATIENCE, "{:?}\n{}", read().await, house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(read().await, [1; 30]);
}

#[tokio::test]
async fn a_replica_that_dies_in_a_poll_is_followed_by_the_other_within_seconds() {
    let mut house = House::prepare(without_door("1h")).await;
    house.place(8, 4).await;
    let first_page = json!({ "system": "commerce", "method": "GET", "path": "/rest/default/V1/orders" });
    let hold = Hold::arm(&house, &json!({ "point": "received", "on": first_page })).await;
    house.installation.start_service(SERVICE).unwrap();
    hold.reached().await;
    let mut holder = house.installation.take_service(SERVICE).unwrap();
    house.installation.start_service(SERVICE).unwrap();
    // While the holder lives and waits for its answer, the other leaves the poll alone for longer than a takeover.
    tokio::time::sleep(Duration::from_millis(3000)).await;
    assert_eq!(calls(&house, "/V1/orders?").await.len(), 0, "{}", house.logs());
    holder.kill();
    let killed = Instant::now();
    while changes(&house).await.len() < 8 {
        assert!(killed.elapsed() < Duration::from_secs(10), "nobody took the poll over\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    hold.end("release").await;
    assert_eq!(changes(&house).await, [1; 8]);
}

#[tokio::test]
async fn a_poll_runs_when_somebody_asks_and_says_what_it_found() {
    let mut house = House::prepare(Wishes::default().set("COMMERCE__POLL__INTERVAL", "daily")).await;
    let (code, said) = verb(&house, &["poll", "now"]).await;
    assert!(code == Some(78) && said.contains("POLL_UNKNOWN"), "{code:?} {said}");
    house.installation.start_service(SERVICE).unwrap();
    house.until_ready(SERVICE).await;
    let (code, said) = verb(&house, &["poll", "now", "order", "--wait", "--json"]).await;
    assert_eq!((code, &poll(&lines(&said), "commerce.order")["new"]), (Some(0), &json!(0)), "{said}");
    house.place(3, 3).await;
    let (code, said) = verb(&house, &["poll", "now", "commerce.order", "--wait", "--json"]).await;
    assert_eq!((code, &poll(&lines(&said), "commerce.order")["new"]), (Some(0), &json!(3)), "{said}");
    assert_eq!(changes(&house).await, [1; 3]);
    // One that cannot be read says why.
    let fault = json!({ "kind": "429", "retry_after": 30, "on": { "system": "commerce", "path": "/rest/default/V1/customers" } });
    house.installation.tell("faults", &fault).await.unwrap();
    let (code, said) = verb(&house, &["poll", "now", "customer", "--wait"]).await;
    assert!(code == Some(69) && said.contains("POLL_FAILED"), "{code:?} {said}");
}

/// A daily poll that ran is not run again by a restart, and one that was missed is.
#[tokio::test]
async fn a_daily_poll_is_caught_up_when_it_was_missed() {
    let mut house = House::prepare(Wishes::default().set("COMMERCE__POLL__INTERVAL", "daily")).await;
    house.installation.start_service(SERVICE).unwrap();
    house.until_ready(SERVICE).await;
    let before = calls(&house, "/V1/orders?").await.len();
    house.place(2, 2).await;
    house.installation.services.clear();
    house.installation.start_service(SERVICE).unwrap();
    house.until_ready(SERVICE).await;
    assert_eq!(calls(&house, "/V1/orders?").await.len(), before, "{}", house.logs());
    house.installation.services.clear();
    // As if it had been off for two days.
    let polls = house.jetstream().await.get_key_value("ML_POLLS").await.unwrap();
    let mut state: Value = serde_json::from_slice(&polls.get("main.commerce.order").await.unwrap().unwrap()).unwrap();
    state["began"] = (Timestamp::now() - jiff::SignedDuration::from_hours(48)).to_string().into();
    polls.put("main.commerce.order", state.to_string().into()).await.unwrap();
    house.installation.start_service(SERVICE).unwrap();
    let started = Instant::now();
    while changes(&house).await.len() < 2 {
        assert!(started.elapsed() < PATIENCE, "it was not caught up\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Returns when the shop is asked within `quiet` after a 429, in milliseconds, and whether it is asked later.
async fn after_a_429(retry_after: Option<u64>, quiet: std::ops::Range<i64>) -> (Vec<i64>, bool) {
    let house = House::start(Wishes::default().set("COMMERCE__POLL__INTERVAL", "200ms")).await;
    house.until_ready(SERVICE).await;
    let on = json!({ "system": "commerce", "method": "GET", "path": "/rest/default/V1/orders" });
    let fault = json!({ "kind": "429", "retry_after": retry_after, "on": on });
    house.installation.tell("faults", &fault).await.unwrap();
    house.place(5, 5).await;
    house.until_booked(5, PATIENCE).await;
    let calls = calls(&house, "/V1/").await;
    let refused: Vec<Timestamp> = calls.iter().filter(|(_, status)| *status == Some(429)).map(|(at, _)| *at).collect();
    let [refused] = refused[..] else { panic!("refused {} times\n{}", refused.len(), house.logs()) };
    let since: Vec<i64> = calls.iter().map(|(at, _)| at.as_millisecond() - refused.as_millisecond()).collect();
    let later = since.iter().any(|after| *after >= quiet.end);
    (since.into_iter().filter(|after| quiet.contains(after)).collect(), later)
}

#[tokio::test]
async fn a_shop_that_says_when_to_come_again_is_left_alone_until_then() {
    // What was on its way when it was said is answered.
    assert_eq!(after_a_429(Some(3), 500..2_900).await, (Vec::new(), true));
}

#[tokio::test]
async fn a_shop_that_only_says_too_many_is_left_alone_for_a_while() {
    assert_eq!(after_a_429(None, 500..2_400).await, (Vec::new(), true));
}
