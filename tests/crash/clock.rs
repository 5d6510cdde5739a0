//! A machine whose clock is wrong: a writer that is started again ten minutes ahead must not take a document for absent
//! that Visma is still working on.
//!
//! The clock of the writer's process is moved by a few lines of C that stand between it and the C library.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::settled::until_settled;
use crate::house::{House, Wishes};

/// Visma works on a request for so long here; the services take it for done after twice that.
const WORK: Duration = Duration::from_secs(6);
const DOUBT_WAIT: &str = "12s";

/// The environment of a process whose clock is so many seconds ahead.
fn moved(house: &House, seconds: &str) -> [(String, String); 2] {
    let library = house.installation.folder().join("clock.so");
    let source = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/crash/clock/clock.c");
    let compiled = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).status().unwrap();
    assert!(compiled.success());
    let preload = library.to_str().unwrap().to_owned();
    [("LD_PRELOAD".to_owned(), preload), ("ML_TEST_CLOCK".to_owned(), seconds.to_owned())]
}

fn kill(house: &mut House) {
    drop(house.installation.take_service("writer-visma").unwrap());
}

fn wishes() -> Wishes {
    Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", "300ms")
        .set("VISMA__POLL__ENTITIES", "customer")
        .set("VISMA__TIMEOUT", "2s")
        .set("VISMA__CREATE__DOUBT_WAIT", DOUBT_WAIT)
        .set("VISMA__CREATE__SEND_WITHIN", "2s")
        .set("VISMA__CREATE__LOOK_SPACING", "500ms")
        .set("VISMA__CREATE__ATTEMPTS", "20")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_started_again_ten_minutes_ahead_waits_as_long_as_any_other() {
    let mut house = House::prepare(wishes().set("NATS__CLOCK_LIMIT", "1h")).await;
    let slow = json!({ "kind": "slow", "delay_ms": WORK.as_millis() as u64, "done": false,
        "on": { "system": "visma", "method": "POST", "path": "/v2/customerinvoice", "count": 6 } });
    house.installation.tell("faults", &slow).await.unwrap();
    house.installation.start_services().unwrap();
    house.place(3, 3).await;
    let started = Instant::now();
    while house.intents().await < 6 {
        assert!(started.elapsed() < Duration::from_secs(60), "no intents\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    kill(&mut house);
    house.installation.start_service_with("writer-visma", &moved(&house, "600")).unwrap();
    until_settled(&house, 3).await;
    let skew = house.figure("writer-visma", "ml_clock_skew_seconds", "against=\"broker\"").await;
    assert!((595.0..=605.0).contains(&skew), "the clock was not moved: {skew}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_far_from_the_brokers_is_told_and_no_work_is_taken() {
    let mut house = House::prepare(wishes()).await;
    house.installation.start_services().unwrap();
    kill(&mut house);
    house.installation.start_service_with("writer-visma", &moved(&house, "-600")).unwrap();
    house.place(2, 2).await;
    let started = Instant::now();
    let told =
        |said: &str| said.contains("CLOCK_SKEW: this machine's clock is ") && said.contains(" s behind the broker's");
    while !house.readiness("writer-visma").await.is_some_and(|said| told(&said)) {
        assert!(started.elapsed() < Duration::from_secs(30), "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(house.ledger().await["invoices"]["count"], 0);
    kill(&mut house);
    house.installation.start_service("writer-visma").unwrap();
    until_settled(&house, 2).await;
}
