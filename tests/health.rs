//! `ml-connector health`, as Docker and Kubernetes ask it: well while a service works, and not when the broker is lost,
//! the process stands still, or nothing runs.

use std::process::Command;
use std::time::{Duration, Instant};

use ml_connector::stand::installation::WEBHOOK_SECRET;
use ml_connector::stand::ports::Port;
use serde_json::json;

use crate::house::{House, Wishes};

/// A house whose mapper and writer have admin ports that the settings name, as those in containers have.
async fn house() -> (House, [Port; 2]) {
    let ports = [Port::take().unwrap(), Port::take().unwrap()];
    let wishes = Wishes::default().set("ADMIN__MAPPER", &ports[0].address.to_string());
    let wishes = wishes.set("ADMIN__WRITER_VISMA", &ports[1].address.to_string());
    (House::prepare(wishes).await, ports)
}

/// Asks until `wanted` holds for exit code and answer.
async fn until(house: &House, arguments: &[&str], what: &str, wanted: impl Fn(Option<i32>, &str) -> bool) {
    let started = Instant::now();
    loop {
        let (code, said, talk) = house.verb(arguments, &[]).await;
        if wanted(code, &said) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "never {what}: {code:?} {said}{talk}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn health_is_told_of_what_should_run_of_what_runs_here_and_of_what_is_named() {
    let (mut house, ports) = house().await;
    let (code, said, _) = house.verb(&["health"], &[]).await;
    assert_eq!(code, Some(1), "nothing runs, and nobody is well: {said}");
    assert!(said.contains("mapper") && said.contains("not running"), "{said}");

    house.installation.start_service("mapper").unwrap();
    let here = &["health", "--here"];
    until(&house, here, "well", |code, said| code == Some(0) && said == "mapper             ready\n").await;
    let (code, said, _) = house.verb(&["health"], &[]).await;
    assert_eq!(code, Some(1), "what should run and does not is named: {said}");
    assert!(said.contains("mapper             ready\n") && said.contains("writer-commerce    not running\n"), "{said}");
    // As one container asks another, which is down and has no name then, or is up.
    let elsewhere = [("ML__ADMIN__MAPPER", "mapper.invalid:9103")];
    let (code, said, _) = house.verb(&["health", "mapper"], &elsewhere).await;
    assert_eq!((code, said.as_str()), (Some(1), "mapper             not running\n"));
    let elsewhere = ports[0].address.to_string().replace("127.0.0.1", "localhost");
    let (code, said, _) = house.verb(&["health", "mapper"], &[("ML__ADMIN__MAPPER", &elsewhere)]).await;
    assert_eq!((code, said.as_str()), (Some(0), "mapper             ready\n"));
    let (code, said, _) = house.verb(&["health", "mapper", "writer-visma"], &[]).await;
    assert_eq!(code, Some(1), "one that is named must run: {said}");
    assert!(said.contains("mapper             ready\n") && said.contains("writer-visma       not running\n"), "{said}");
    let (code, said, _) = house.verb(&["health", "mapper", "--json"], &[]).await;
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, told["state"].as_str(), told["service"].as_str()), (Some(0), Some("ready"), Some("mapper")));
}

#[tokio::test]
async fn a_service_is_not_well_without_its_broker_and_well_again_with_it() {
    let (mut house, _ports) = house().await;
    house.installation.start_service("mapper").unwrap();
    until(&house, &["health", "mapper"], "well", |code, _| code == Some(0)).await;
    house.installation.broker.process.kill();
    let lost = |code, said: &str| code == Some(1) && said.contains("not ready; broker: the connection is lost");
    until(&house, &["health", "mapper"], "ill", lost).await;
    house.installation.broker.kill_and_restart().await.unwrap();
    until(&house, &["health", "mapper"], "well again", |code, _| code == Some(0)).await;
}

#[tokio::test]
async fn a_service_that_stands_still_is_not_well_although_its_port_is_open() {
    let (mut house, _ports) = house().await;
    house.installation.start_service("mapper").unwrap();
    until(&house, &["health", "--here"], "well", |code, _| code == Some(0)).await;
    let mapper = house.installation.services[0].id().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &mapper]).status().unwrap().success());
    signal("-STOP");
    let (code, said, _) = house.verb(&["health", "--here"], &[]).await;
    signal("-CONT");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("mapper             no answer within"), "{said}");
    until(&house, &["health", "--here"], "well again", |code, _| code == Some(0)).await;
}

#[tokio::test]
async fn a_service_whose_consumer_is_gone_is_not_well() {
    let (mut house, _ports) = house().await;
    house.installation.start_service("mapper").unwrap();
    until(&house, &["health", "--here"], "well", |code, _| code == Some(0)).await;
    let stream = house.jetstream().await.get_stream("CHANGES").await.unwrap();
    stream.delete_consumer("mapper").await.unwrap();
    let gone = |code, said: &str| code == Some(1) && said.contains("consumer: the consumer mapper on CHANGES");
    until(&house, &["health", "--here"], "ill", gone).await;
    house.installation.provision().await.unwrap();
    until(&house, &["health", "--here"], "well again", |code, _| code == Some(0)).await;
}

/// Waits for a minute until `/readyz` of a service says all of `words` in one line.
async fn until_said(house: &House, service: &str, words: &[&str]) {
    let started = Instant::now();
    loop {
        let said = house.readiness(service).await.unwrap_or_default();
        if said.lines().any(|line| words.iter().all(|words| line.contains(words))) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{service} says {said}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// The shop answers 500 for one kind of record: told within a minute, also in log and metrics, until it is over.
#[tokio::test]
async fn a_shop_that_fails_over_its_lists_is_told_within_a_minute() {
    let wishes = Wishes { rights: true, ..Wishes::default() };
    let house = House::start(wishes.set("COMMERCE__POLL__INTERVAL", "500ms")).await;
    house.until_ready("ingestor-commerce").await;
    let lists = json!({ "system": "commerce", "path": "/rest/default/V1/invoices", "count": 1_000_000 });
    house.installation.tell("faults", &json!({ "kind": "json_500", "on": lists })).await.unwrap();
    until_said(&house, "ingestor-commerce", &["commerce.invoice: no run has ended since ", ": a list of invoices: "])
        .await;
    assert_eq!(house.figure("ingestor-commerce", "ml_not_ready", "what=\"commerce.invoice\"").await, 1.0);
    assert_eq!(house.figure("ingestor-commerce", "ml_ready", "").await, 0.0);
    assert!(house.figure("ingestor-commerce", "ml_poll_age_seconds", "commerce.invoice").await >= 30.0);
    house.installation.forget("faults").await.unwrap();
    // By now each has looked for its streams, with the rights that it has.
    for service in ["ingestor-commerce", "ingestor-visma", "mapper", "writer-visma", "writer-commerce"] {
        house.until_ready(service).await;
    }
    let log = std::fs::read_to_string(house.installation.folder().join("ingestor-commerce.log")).unwrap();
    assert!(log.contains("the poll does not get through"), "{log}");
}

/// One record cannot be read, and nothing else fails: it is named with its code in the log and on the admin port, again
/// and again, until it gets through.
#[tokio::test]
async fn a_delivery_that_fails_for_long_is_named_with_its_code() {
    // An hour, in short.
    let house = House::start(Wishes::default().set("NATS__STUCK_AFTER", "2s")).await;
    house.until_ready("ingestor-commerce").await;
    let orders = json!({ "system": "commerce", "path": "/rest/default/V1/orders", "count": 1_000_000 });
    house.installation.tell("faults", &json!({ "kind": "json_500", "on": orders })).await.unwrap();
    // With its webhook, so that there is a delivery of it.
    let url = format!("http://{}/webhooks/commerce", house.installation.door);
    let webhook = json!({ "url": url, "secret": WEBHOOK_SECRET });
    house.installation.tell_shop("webhook", &webhook).await.unwrap();
    house.installation.tell_shop("orders", &json!({ "count": 1, "customers": 1 })).await.unwrap();
    let words = ["deliveries: 1 are tried again and again, hint.main.commerce.order.", ": RECORD_BROKEN: the order "];
    until_said(&house, "ingestor-commerce", &words).await;
    let log = house.installation.folder().join("ingestor-commerce.log");
    let told = || {
        let log = std::fs::read_to_string(&log).unwrap();
        let told = log.lines().filter(|line| line.contains("WARN") && line.contains("a delivery does not get through"));
        told.filter(|line| line.contains("RECORD_BROKEN") && line.contains("hint.main.commerce.order.")).count()
    };
    let started = Instant::now();
    while told() < 2 {
        assert!(started.elapsed() < Duration::from_secs(60), "told {} times\n{}", told(), house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    house.installation.forget("faults").await.unwrap();
    house.until_ready("ingestor-commerce").await;
}

/// Visma's writes fail: that documents wait is told by both figures, and why on the admin port.
#[tokio::test]
async fn documents_that_wait_have_an_age() {
    let house = House::start(Wishes::default()).await;
    house.until_ready("writer-visma").await;
    for path in ["/v1/", "/v2/"] {
        let writes = json!({ "system": "visma", "method": "POST", "path": path, "count": 1_000_000 });
        house.installation.tell("faults", &json!({ "kind": "json_500", "on": writes })).await.unwrap();
    }
    house.place(8, 8).await;
    let started = Instant::now();
    let age = async || house.figure("writer-visma", "ml_backlog_oldest_seconds", "").await;
    while age().await < 20.0 {
        assert!(started.elapsed() < Duration::from_secs(90), "nobody waits\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(house.figure("writer-visma", "ml_backlog_seconds", "").await >= 20.0);
    let said = house.readiness("writer-visma").await.unwrap();
    assert!(said.contains("visma: nothing gets through"), "{said}");
}

/// A stream that nobody takes from, and to which there is nothing to write just now.
#[tokio::test]
async fn a_stream_that_was_deleted_is_told_by_who_writes_to_it() {
    let mut house = House::prepare(Wishes::default()).await;
    house.installation.start_service("ingestor-visma").unwrap();
    house.installation.start_service("writer-visma").unwrap();
    house.until_ready("writer-visma").await;
    let jetstream = house.jetstream().await;
    jetstream.delete_stream("OUTCOMES").await.unwrap();
    until_said(&house, "writer-visma", &["stream OUTCOMES: it is gone", "ml-connector provision"]).await;
    let said = house.readiness("writer-visma").await.unwrap();
    assert!(!said.contains("stream DEAD"), "one that is there is not told of: {said}");
    house.installation.provision().await.unwrap();
    house.until_ready("writer-visma").await;
}

/// A disk that confirms more slowly than a takeover lasts does not keep polls from ending.
#[tokio::test]
async fn a_takeover_shorter_than_a_confirmation_stalls_no_poll() {
    let mut house = House::prepare(Wishes::default().set("NATS__TAKEOVER", "2ms")).await;
    house.installation.start_service("ingestor-visma").unwrap();
    house.until_ready("ingestor-visma").await;
}

/// A verb that the broker's user has no right for says so, and which user it wants, before it would give up.
#[tokio::test]
async fn a_verb_under_the_wrong_user_says_so_at_once() {
    let house = House::prepare(Wishes { rights: true, ..Wishes::default() }).await;
    for (verb, wrong, right) in
        [(&["credentials", "list"][..], "mapper", "vault"), (&["poll", "list"], "writer-visma", "operator")]
    {
        let started = Instant::now();
        let (code, said, talk) = house.verb(verb, &[("ML__NATS__USER", wrong)]).await;
        assert_eq!(code, Some(78), "{verb:?}: {said}{talk}");
        assert!(talk.contains("BROKER_REFUSED") && talk.contains("Permissions Violation"), "{verb:?}: {talk}");
        assert!(talk.contains(&format!("as the user `{right}`")), "{verb:?}: {talk}");
        assert!(started.elapsed() < Duration::from_secs(5), "{verb:?} took {:?}", started.elapsed());
    }
}
