//! `ml-connector health`, as Docker and Kubernetes ask it: well while a service works, and not when the broker is lost,
//! the process stands still, or nothing runs.

use std::process::Command;
use std::time::{Duration, Instant};

use ml_connector::stand::ports::Port;

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
async fn health_is_told_of_what_runs_here_and_of_what_is_named() {
    let (mut house, _ports) = house().await;
    let (code, said, _) = house.verb(&["health"], &[]).await;
    assert_eq!(code, Some(1), "nothing runs, and nobody is well: {said}");
    assert!(said.contains("mapper") && said.contains("not running"), "{said}");

    house.installation.start_service("mapper").unwrap();
    until(&house, &["health"], "well", |code, said| code == Some(0) && said == "mapper             ready\n").await;
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
    until(&house, &["health"], "well", |code, _| code == Some(0)).await;
    let mapper = house.installation.services[0].id().to_string();
    let signal = |name: &str| assert!(Command::new("kill").args([name, &mapper]).status().unwrap().success());
    signal("-STOP");
    let (code, said, _) = house.verb(&["health"], &[]).await;
    signal("-CONT");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("mapper             no answer within"), "{said}");
    until(&house, &["health"], "well again", |code, _| code == Some(0)).await;
}

#[tokio::test]
async fn a_service_whose_consumer_is_gone_is_not_well() {
    let (mut house, _ports) = house().await;
    house.installation.start_service("mapper").unwrap();
    until(&house, &["health"], "well", |code, _| code == Some(0)).await;
    let stream = house.jetstream().await.get_stream("CHANGES").await.unwrap();
    stream.delete_consumer("mapper").await.unwrap();
    let gone = |code, said: &str| code == Some(1) && said.contains("consumer: the consumer mapper on CHANGES");
    until(&house, &["health"], "ill", gone).await;
    house.installation.provision().await.unwrap();
    until(&house, &["health"], "well again", |code, _| code == Some(0)).await;
}
