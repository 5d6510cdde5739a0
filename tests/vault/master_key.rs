//! Another master key, while orders flow, with a kill in the middle.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::{PATIENCE, SETTINGS, done, furnished, refused, without_credentials};

#[tokio::test]
async fn the_master_key_is_changed_while_everything_runs_and_a_kill_is_made_good() {
    let mut house = furnished(without_credentials()).await;
    house.installation.start_services().unwrap();
    house.place(60, 60).await;
    house.until_booked(60, PATIENCE).await;
    let file = house.installation.folder().join("new.key");
    std::fs::write(&file, done(&house, &["master-key"], "")).unwrap();
    let to = file.to_str().unwrap();
    let plan = done(&house, &["master-key", "rotate", "--to", to], "");
    assert!(plan.contains("would encrypt ") && plan.contains("--apply"), "{plan}");

    // Killed once it has begun.
    let mut killed = Command::new(env!("CARGO_BIN_EXE_ml-connector"))
        .arg("--config")
        .arg(&house.installation.config)
        .args(["master-key", "rotate", "--to", to, "--apply"])
        .envs(SETTINGS.iter().map(|name| (format!("ML__{name}"), "")))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let started = Instant::now();
    while !done(&house, &["master-key", "status"], "").contains("is not complete") {
        assert!(started.elapsed() < PATIENCE, "it never began");
    }
    killed.kill().unwrap();
    killed.wait().unwrap();

    // Both keys are good: services that run go on, one that is started anew with the old key does too.
    house.place(5, 5).await;
    house.until_booked(65, PATIENCE).await;
    drop(house.installation.take_service("mapper"));
    house.installation.start_service("mapper").unwrap();
    house.place(5, 5).await;
    house.until_booked(70, PATIENCE).await;
    let other = house.installation.folder().join("third.key");
    std::fs::write(&other, done(&house, &["master-key"], "")).unwrap();
    let said = refused(&house, &["master-key", "rotate", "--to", other.to_str().unwrap(), "--apply"], "");
    assert!(said.contains("VAULT_CHANGE_UNDER_WAY"), "{said}");

    // Another run ends it, also for the persons who came meanwhile.
    done(&house, &["master-key", "rotate", "--to", to, "--apply"], "");
    let plan = done(&house, &["master-key", "rotate", "--to", to], "");
    assert!(plan.contains("would encrypt 0 of"), "{plan}");
    let new = [("ML__VAULT__MASTER_KEY_FILE".to_owned(), to.to_owned())];
    let all: Vec<String> = house.installation.services.iter().map(|service| service.name().to_owned()).collect();
    for service in &all {
        drop(house.installation.take_service(service));
        house.installation.start_service_with(service, &new).unwrap();
    }
    done(&house, &["master-key", "retire", "--apply"], "");
    house.place(5, 5).await;
    house.until_booked(75, PATIENCE).await;

    // Whoever has only the old key is told so.
    house.installation.start_service("mapper").unwrap();
    let mut old = house.installation.services.pop().unwrap();
    let started = Instant::now();
    while old.ended().is_none() {
        assert!(started.elapsed() < PATIENCE, "it runs with the old key\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let log = std::fs::read_to_string(&old.log).unwrap();
    assert!(log.contains("VAULT_OLD_MASTER_KEY"), "{log}");
    assert_eq!(house.dead_letters().await, []);
}
