//! Views of the streams that services keep: taken up again after a kill, caught up where they are behind, built anew
//! where they do not fit. No reference is taken twice and no customer is created twice, whatever was done to the file.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::bad_input::order::spoilt;
use crate::day::both;
use crate::house::{House, Wishes};

const PATIENCE: Duration = Duration::from_secs(60);
const REMEMBER: [&str; 2] = ["mapper", "writer-visma"];

fn wishes() -> Wishes {
    Wishes::default().set("COMMERCE__POLL__INTERVAL", "300ms").set("VISMA__POLL__INTERVAL", "500ms")
}

/// An order of a buyer of its own. Of the same `number`, it has the same reference in Visma.
fn order(id: u32, number: u32) -> Value {
    let increment_id = json!(format!("9{number:08}"));
    let email = json!(format!("buyer{number}@example.com"));
    spoilt(id, &[("/increment_id", increment_id), ("/customer_email", email)])
}

async fn store(house: &House, numbers: std::ops::Range<u32>) {
    for number in numbers {
        house.store(&order(number, number)).await;
    }
}

fn kill(house: &mut House) {
    REMEMBER.iter().for_each(|name| house.installation.take_service(name).unwrap().kill());
}

async fn begin(house: &mut House) {
    for name in REMEMBER {
        house.installation.start_service(name).unwrap();
    }
    for name in REMEMBER {
        house.until_ready(name).await;
    }
}

fn files(house: &House) -> PathBuf {
    house.installation.folder().join("views")
}

fn file(house: &House, name: &str) -> PathBuf {
    files(house).join(format!("main-{name}.sqlite"))
}

fn log(house: &House, name: &str) -> String {
    std::fs::read_to_string(house.installation.folder().join(format!("{name}.log"))).unwrap()
}

/// Waits until a service says `text`; returns what it has said since its log was `since` long.
async fn until_said(house: &House, name: &str, since: usize, text: &str) -> String {
    house.until(&format!("{name} says: {text}"), PATIENCE, |_| log(house, name)[since..].contains(text)).await;
    log(house, name)[since..].to_owned()
}

/// Asserts that all is remembered: a reference of each of these orders is taken, and its buyer is a customer.
async fn assert_remembers(house: &House, numbers: &[u32], mut orders: u64) {
    let customers = house.ledger().await["customers"].as_u64().unwrap();
    for number in numbers {
        house.store(&order(1_000 + number, *number)).await;
        let sentence = house.until_dead("REFERENCE_TAKEN", PATIENCE).await;
        assert!(sentence.contains("already has the reference"), "{sentence}");
        let mut again = order(2_000 + number, *number);
        again["increment_id"] = json!(format!("8{number:08}"));
        house.store(&again).await;
        orders += 1;
        house.until("an order of a known buyer", PATIENCE, |l| l["invoices"]["count"].as_u64() >= Some(orders)).await;
    }
    both::until_quiet(house).await;
    let ledger = house.ledger().await;
    assert_eq!(ledger["customers"].as_u64(), Some(customers), "{ledger:#}");
    assert_eq!(ledger["invoices"]["count"].as_u64(), Some(orders), "{ledger:#}");
    let letters: Vec<_> = house.dead_letters().await.into_iter().map(|(code, _)| code).collect();
    assert_eq!(letters, vec!["REFERENCE_TAKEN"; numbers.len()], "{}", house.logs());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_service_goes_on_where_its_views_were() {
    let mut house = House::start(wishes()).await;
    house.place(60, 20).await;
    for invoices in [5, 15, 25, 35, 45] {
        house.until("some invoices", PATIENCE, |l| l["invoices"]["count"].as_u64() >= Some(invoices)).await;
        kill(&mut house);
        begin(&mut house).await;
    }
    house.until_booked(60, PATIENCE).await;
    both::until_quiet(&house).await;
    let ledger = house.ledger().await;
    assert_eq!(ledger["invoices"]["count"].as_u64(), Some(60), "{ledger:#}");
    assert_eq!(house.dead_letters().await, [], "{}", house.logs());
    kill(&mut house);
    let since = REMEMBER.map(|name| log(&house, name).len());
    begin(&mut house).await;
    for (name, since) in REMEMBER.into_iter().zip(since) {
        let said = until_said(&house, name, since, "goes on where it was").await;
        assert!(!said.contains("anew"), "{name}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_put_back_catches_up() {
    let mut house = House::start(wishes()).await;
    store(&house, 1..4).await;
    house.until_booked(3, PATIENCE).await;
    both::until_quiet(&house).await;
    kill(&mut house);
    let since = REMEMBER.map(|name| log(&house, name).len());
    begin(&mut house).await;
    for (name, since) in REMEMBER.into_iter().zip(since) {
        until_said(&house, name, since, "goes on where it was").await;
    }
    let copy = house.installation.folder().join("copy");
    std::fs::create_dir(&copy).unwrap();
    for name in REMEMBER {
        std::fs::copy(file(&house, name), copy.join(name)).unwrap();
    }
    store(&house, 4..8).await;
    house.until_booked(7, PATIENCE).await;
    both::until_quiet(&house).await;
    kill(&mut house);
    // The newer file's log of what was not written into it yet is left there.
    for name in REMEMBER {
        std::fs::copy(copy.join(name), file(&house, name)).unwrap();
    }
    let since = log(&house, "mapper").len();
    begin(&mut house).await;
    until_said(&house, "mapper", since, "goes on where it was").await;
    assert_remembers(&house, &[2, 5], 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_and_one_of_another_stream_are_built_anew() {
    let mut house = House::start(wishes()).await;
    store(&house, 1..6).await;
    house.until_booked(5, PATIENCE).await;
    both::until_quiet(&house).await;
    kill(&mut house);
    let since = REMEMBER.map(|name| log(&house, name).len());
    begin(&mut house).await;
    for (name, since) in REMEMBER.into_iter().zip(since) {
        // All of it is in the file then.
        until_said(&house, name, since, "goes on where it was").await;
    }
    kill(&mut house);
    for name in REMEMBER {
        let mut bytes = std::fs::read(file(&house, name)).unwrap();
        let length = bytes.len();
        bytes[8_192..length - 100].fill(0x2a);
        std::fs::write(file(&house, name), bytes).unwrap();
    }
    let since = REMEMBER.map(|name| log(&house, name).len());
    begin(&mut house).await;
    for (name, since) in REMEMBER.into_iter().zip(since) {
        until_said(&house, name, since, "thrown away").await;
    }
    assert_remembers(&house, &[3], 5).await;
}

/// The broker is set back at rest, and more has come by the time the views' owners start: the places in the streams
/// that they have read hold other entries now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn views_ahead_of_a_stream_are_built_anew() {
    let mut house = House::start(wishes()).await;
    store(&house, 1..4).await;
    house.until_booked(3, PATIENCE).await;
    both::until_quiet(&house).await;
    let backup = house.installation.folder().join("backup");
    house.installation.broker.back_up(&backup).await.unwrap();
    store(&house, 4..6).await;
    house.until_booked(5, PATIENCE).await;
    both::until_quiet(&house).await;
    house.installation.services.drain(..).for_each(|mut service| service.kill());
    let aside = house.installation.folder().join("aside");
    std::fs::rename(files(&house), &aside).unwrap();
    house.installation.broker.restore(Some(&backup)).await.unwrap();
    // With views that fit, others get the places of what is lost.
    store(&house, 6..12).await;
    house.installation.start_services().unwrap();
    house.until_booked(11, PATIENCE).await;
    both::until_quiet(&house).await;
    kill(&mut house);
    for name in REMEMBER {
        for ending in ["", "-wal", ".epoch"] {
            let of = |folder: PathBuf| folder.join(format!("main-{name}.sqlite{ending}"));
            let _ = std::fs::remove_file(of(files(&house)));
            if of(aside.clone()).exists() {
                std::fs::copy(of(aside.clone()), of(files(&house))).unwrap();
            }
        }
    }
    let since = log(&house, "mapper").len();
    begin(&mut house).await;
    until_said(&house, "mapper", since, "the stream is another one").await;
    assert_remembers(&house, &[2, 5, 8], 11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_replica_has_a_file_of_its_own() {
    let mut house = House::start(wishes()).await;
    store(&house, 1..4).await;
    house.until_booked(3, PATIENCE).await;
    house.installation.start_service("mapper").unwrap();
    until_said(&house, "mapper", 0, "another process uses it").await;
    house.until_ready("mapper").await;
    // The first one, whose file it is.
    house.installation.take_service("mapper").unwrap().kill();
    store(&house, 4..6).await;
    house.until_booked(5, PATIENCE).await;
    assert_remembers(&house, &[2, 5], 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_under_the_views_stops_nobody() {
    let mut house = House::prepare(wishes()).await;
    std::fs::create_dir(files(&house)).unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(files(&house)).output();
    if !mounted.is_ok_and(|mounted| mounted.status.success()) {
        return println!("SKIPPED: a small file system could not be mounted (root can)");
    }
    house.installation.start_services().unwrap();
    store(&house, 1..4).await;
    house.until_booked(3, PATIENCE).await;
    // There is no room for what comes next.
    let _ = std::fs::write(files(&house).join("filler"), vec![0; 1024 * 1024]);
    store(&house, 4..30).await;
    house.until_booked(29, PATIENCE).await;
    both::until_quiet(&house).await;
    let mut told = String::new();
    for name in REMEMBER {
        let ready = house.readiness(name).await.unwrap_or_default();
        assert!(ready.starts_with("ready\n"), "{ready}");
        told += &ready;
    }
    let _ = Command::new("umount").arg("-l").arg(files(&house)).status();
    // The first one whose file is removed makes room for the others.
    assert!(told.contains("VIEW_NOT_KEPT"), "{told}\n{}", log(&house, "mapper"));
    assert_remembers(&house, &[2, 20], 29).await;
}
