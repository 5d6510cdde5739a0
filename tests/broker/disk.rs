//! No room: a stream is full, or the disk under the broker is. It is told, nothing that was acknowledged is lost, and
//! everything goes on when there is room again.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use ml_connector::stand::installation::SERVICES;
use ml_connector::stand::ports::Port;

use crate::crash::until_settled;
use crate::doors::sender::Sender;
use crate::house::{House, Wishes};

const INGESTOR: &str = "ingestor-commerce";

/// A message that is not confirmed is told after some seconds; the ingestor's admin port is known.
fn quick(admin: &Port) -> Wishes {
    let wishes = super::quick().set("NATS__PUBLISH_TIMEOUT", "4s");
    wishes.set("ADMIN__INGESTOR_COMMERCE", &admin.address.to_string())
}

/// Waits for a minute until a service says on its admin port that it is not ready, because of one of `whats`.
async fn until_told(house: &House, service: &str, whats: &[&str]) {
    let started = Instant::now();
    loop {
        let said = house.readiness(service).await.unwrap_or_default();
        if said.starts_with("not ready\n") && whats.iter().any(|what| said.contains(what)) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{service} says {said}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// `ml-connector health` says so of a service, and its exit code.
async fn until_ill(house: &House, service: &str, why: &str) {
    let started = Instant::now();
    loop {
        let (code, said, _) = house.verb(&["health", service], &[]).await;
        if code == Some(1) && said.contains("not ready") && said.contains(why) {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(60), "{service}: {code:?} {said}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Everything that stands in a stream: by sequence, its subject and its size.
async fn entries(house: &House, stream: &str) -> Vec<(u64, String, usize)> {
    let stream = house.jetstream().await.get_stream(stream).await.unwrap();
    let mut entries = Vec::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        let entry = stream.direct_get(sequence).await.unwrap();
        entries.push((sequence, entry.subject.to_string(), entry.payload.len()));
    }
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_stream_is_told_and_everything_goes_on_when_it_is_larger() {
    let admin = Port::take().unwrap();
    let house = House::start(quick(&admin).set("NATS__ROOM_FOR_ORDERS", "1")).await;
    house.until_ready(INGESTOR).await;
    // Entries of a connection that nobody serves leave room for some dozens of orders in the smallest stream.
    let jetstream = house.jetstream().await;
    for number in 0..16 {
        let subject = format!("change.other.commerce.order.{number}");
        jetstream.publish(subject, vec![b'x'; 1_000_000].into()).await.unwrap().await.unwrap();
    }
    house.place(60, 20).await;
    until_told(&house, INGESTOR, &["CHANGES: BROKER_NOT_CONFIRMED"]).await;
    until_ill(&house, INGESTOR, "CHANGES: BROKER_NOT_CONFIRMED").await;
    let before = entries(&house, "CHANGES").await;
    let larger = [("ML__NATS__ROOM_FOR_ORDERS", "100000")];
    let (code, _, talk) = house.verb(&["provision"], &larger).await;
    assert_eq!(code, Some(0), "{talk}");
    until_settled(&house, 60).await;
    let after = entries(&house, "CHANGES").await;
    assert_eq!(after[..before.len()], before, "a stream has changed what stood in it");
    for service in SERVICES {
        house.until_ready(service).await;
    }
}

/// A small file system under the broker's store, for as long as this lives.
struct Disk(PathBuf);

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: the broker may still have its files open.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

impl Disk {
    /// Moves the store of a house onto a file system of its own; the reason where this machine does not allow it.
    async fn under(house: &mut House, megabytes: usize) -> Result<Self, String> {
        let store = house.installation.folder().join("broker/jetstream");
        let aside = store.with_extension("aside");
        house.installation.broker.process.kill();
        std::fs::rename(&store, &aside).unwrap();
        std::fs::create_dir(&store).unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(&store).output();
        let said = match mounted {
            Ok(said) if said.status.success() => None,
            Ok(said) => Some(String::from_utf8_lossy(&said.stderr).trim().to_owned()),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = said {
            return Err(why);
        }
        let disk = Self(store.clone());
        let copied = Command::new("cp").arg("-a").arg(aside.join(".")).arg(&store).status().unwrap();
        assert!(copied.success());
        house.installation.broker.kill_and_restart().await.unwrap();
        Ok(disk)
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        use std::io::Write as _;
        let mut file = std::fs::File::create(self.filler()).unwrap();
        for size in [65_536, 4_096, 1] {
            while file.write(&vec![0; size]).is_ok_and(|written| written > 0) {}
        }
    }

    fn free(&self) {
        std::fs::remove_file(self.filler()).unwrap();
    }
}

/// Sequences, subjects and sizes in every stream of record.
async fn all_entries(house: &House) -> Vec<Vec<(u64, String, usize)>> {
    let mut all = Vec::new();
    for stream in ["HINTS", "CHANGES", "COMMANDS", "OUTCOMES"] {
        all.push(entries(house, stream).await);
    }
    all
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_is_told_loses_nothing_and_is_over_when_there_is_room() {
    let admin = Port::take().unwrap();
    let mut house = House::prepare(quick(&admin)).await;
    let disk = match Disk::under(&mut house, 24).await {
        Ok(disk) => disk,
        Err(why) => return println!("SKIPPED: a small file system could not be mounted (root can): {why}"),
    };
    house.installation.start_services().unwrap();
    house.until_ready(INGESTOR).await;
    house.place(6, 4).await;
    until_settled(&house, 6).await;
    let shop = Sender::to(&house).await;
    assert_eq!(shop.hint(1).await.status, 200);
    let before = all_entries(&house).await;

    disk.fill();
    house.place(6, 4).await;
    // A page of a file that is there already has room for a few.
    let mut kept = 0;
    while shop.hint(2).await.status == 200 {
        kept += 1;
        assert!(kept < 100, "what cannot be kept is acknowledged\n{}", house.logs());
    }
    // Whoever has something to write says so. The others have nothing to do.
    for service in [INGESTOR, "ingestor-visma"] {
        until_told(&house, service, &["the broker did not confirm", "it is gone, or cannot be read"]).await;
    }
    until_ill(&house, INGESTOR, "not ready").await;

    disk.free();
    // As the stack does it (deploy/nats/run): the server takes nothing until it is started again.
    house.installation.broker.kill_and_restart().await.unwrap();
    until_settled(&house, 12).await;
    let after = all_entries(&house).await;
    assert!(after[0].len() >= before[0].len() + kept, "a hint that was acknowledged is lost");
    for (after, before) in after.iter().zip(&before) {
        assert_eq!(after[..before.len()], before[..], "a stream has changed what stood in it");
    }
    for service in SERVICES {
        house.until_ready(service).await;
    }
    assert_eq!(shop.hint(3).await.status, 200);
}
