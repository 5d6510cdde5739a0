//! A vendor that fails for everybody: nothing is given up for it, nobody is asked a thousand times, and it is said.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::settled::until_settled;
use crate::house::{House, Wishes};

/// Tries of a document are spent within two seconds here, so that an outage is many times as long as they last.
fn wishes() -> Wishes {
    Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", "300ms")
        .set("VISMA__POLL__ENTITIES", "customer")
        .set("VISMA__POLL__INTERVAL", "1h")
        .set("VISMA__CREATE__ATTEMPTS", "3")
        .set("VISMA__CREATE__FAULT_WAIT", "200ms")
        .set("VISMA__CREATE__LOOK_SPACING", "100ms")
        .set("VISMA__CREATE__REFUSED_WAIT", "2s")
}

async fn writes(house: &House, are_counted: impl Fn(&str) -> bool) -> u64 {
    let calls = house.installation.ask("calls").await.unwrap();
    let kinds = calls["visma"]["by_kind"].as_object().unwrap();
    let writes = kinds.iter().filter(|(kind, _)| !kind.starts_with("GET ") && are_counted(kind));
    writes.filter_map(|(_, calls)| calls["calls"].as_u64()).sum()
}

async fn until_told(house: &House, what: &str) {
    let started = Instant::now();
    while !house.readiness("writer-visma").await.is_some_and(|said| said.contains(what)) {
        assert!(started.elapsed() < Duration::from_secs(30), "/readyz does not say {what}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// All writes meet `fault` for a while; afterwards each order is booked once, and no letter was written.
async fn outage(faults: &[Value], told: &str, [most_probes, most_creates]: [u64; 2]) {
    const ORDERS: u64 = 40;
    let mut house = House::prepare(wishes()).await;
    for fault in faults {
        house.installation.tell("faults", fault).await.unwrap();
    }
    house.installation.start_services().unwrap();
    house.place(20, 12).await;
    until_told(&house, told).await;
    house.place(20, 12).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let creates = |kind: &str| kind.starts_with("POST ");
    let before = (writes(&house, |_| true).await, writes(&house, creates).await);
    tokio::time::sleep(Duration::from_secs(8)).await;
    let probes = writes(&house, |_| true).await - before.0;
    let created = writes(&house, creates).await - before.1;
    assert!(created <= most_creates, "{created} creates put in doubt by an outage that was known\n{}", house.logs());
    assert!(probes <= most_probes, "{probes} writes in eight seconds of an outage\n{}", house.logs());
    assert_eq!(house.dead_letters().await, []);
    house.installation.forget("faults").await.unwrap();
    until_settled(&house, ORDERS).await;
    house.until_ready("writer-visma").await;
}

fn all_writes(kind: &Value) -> Vec<Value> {
    all(kind, &["POST", "PUT", "DELETE"])
}

/// `kind` on all calls with these methods. Tokens are to be had: they are another server's.
fn all(kind: &Value, methods: &[&str]) -> Vec<Value> {
    let places = ["/v1/", "/v2/"].into_iter().flat_map(|path| methods.iter().map(move |method| (path, method)));
    let arm = |(path, method)| {
        let mut fault = kind.clone();
        fault["on"] = json!({ "system": "visma", "method": method, "path": path, "count": 1_000_000 });
        fault
    };
    places.map(arm).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_all_fail_give_no_order_up() {
    let broken = json!({ "kind": "html_5xx", "status": 503 });
    outage(&all_writes(&broken), "nothing gets through: it answers 503", [16, 0]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn resets_give_no_order_up() {
    let reset = json!({ "kind": "reset" });
    outage(&all_writes(&reset), "nothing gets through: no answer arrived", [16, 0]).await;
}

/// A client whose rights were taken away while orders flow: each waiting document would ask for itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_client_asks_seldom_and_gives_no_order_up() {
    let refused = json!({ "kind": "html_5xx", "status": 401 });
    // Each probe asks twice, the second time with a new token.
    outage(&all(&refused, &["POST", "PUT", "DELETE"]), "nothing gets through: VISMA_", [12, 12]).await;
}

/// The server that gives tokens fails, and the one that takes documents would not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_endpoint_that_fails_is_told_and_gives_no_order_up() {
    let house = House::start(wishes()).await;
    house.place(4, 4).await;
    until_settled(&house, 4).await;
    let broken = json!({ "kind": "html_5xx", "status": 503,
        "on": { "system": "visma", "path": "/connect/token", "count": 1_000_000 } });
    house.installation.tell("faults", &broken).await.unwrap();
    house.installation.tell("visma/revoke-tokens", &json!({})).await.unwrap();
    house.place(20, 12).await;
    until_told(&house, "nothing gets through: the token endpoint answered 503").await;
    house.installation.forget("faults").await.unwrap();
    until_settled(&house, 24).await;
}
