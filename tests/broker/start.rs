//! The broker goes away while services start: whatever they ask it then, they ask again, and none ends or says that
//! something is missing which is there.

use std::time::{Duration, Instant};

use ml_connector::stand::installation::SERVICES;
use ml_connector::stand::tap::{Message, Side, Stop, Tap, Way};

use super::{LONG, WRITER, quick};
use crate::crash::until_settled;
use crate::house::House;

/// Questions to the broker of which a start consists, at least for most services.
const QUESTIONS: u64 = 14;
/// How long a service is given to come to its next question; some wait for another service instead.
const TURN: Duration = Duration::from_millis(1_500);

/// Checks whether a service asks something of JetStream with this message, or writes into a bucket.
fn is_question(message: &Message<'_>) -> bool {
    let subject = message.subject;
    message.way == Way::ToBroker && (subject.starts_with("$JS.API.") || subject.starts_with("$KV."))
}

fn stop_at_question(tap: &Tap, nth: u64) -> Stop {
    let mut left = nth;
    tap.stop_at(Side::Before, move |message| {
        left = left.saturating_sub(u64::from(is_question(message)));
        left == 0
    })
}

async fn tapped(house: &House) -> Vec<(&'static str, Tap)> {
    let mut taps = Vec::new();
    for service in SERVICES {
        taps.push((service, Tap::open(house.installation.broker.address).await.unwrap()));
    }
    taps
}

fn start(house: &mut House, service: &str, tap: &Tap) {
    let tapped = ("ML__NATS__URL".to_owned(), tap.url());
    house.installation.start_service_with(service, &[tapped]).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_killed_at_every_question_of_a_start() {
    let mut house = House::prepare(quick().set("NATS__PUBLISH_TIMEOUT", "1s")).await;
    let taps = tapped(&house).await;
    let mut struck = 0;
    for nth in 1..=QUESTIONS {
        let stops: Vec<Stop> = taps.iter().map(|(_, tap)| stop_at_question(tap, nth)).collect();
        for (service, tap) in &taps {
            start(&mut house, service, tap);
        }
        let turn = Instant::now() + TURN;
        for stop in &stops {
            struck += u64::from(tokio::time::timeout_at(turn.into(), stop.reached()).await.is_ok());
        }
        house.installation.broker.kill_and_restart().await.unwrap();
        drop(stops);
        for service in SERVICES {
            house.until_ready(service).await;
        }
        for mut service in house.installation.services.drain(..).collect::<Vec<_>>() {
            assert_eq!(service.ended(), None, "{} at question {nth}\n{}", service.name(), house.logs());
            service.kill();
        }
    }
    assert!(struck >= 3 * QUESTIONS, "only {struck} questions were struck");
    for (service, tap) in &taps {
        start(&mut house, service, tap);
    }
    house.place(3, 3).await;
    until_settled(&house, 3).await;
}

/// Told to stop while it waits for a broker, or for an answer of one, a service ends at once, and well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_waits_for_the_broker_ends_when_it_is_told() {
    let mut house = House::prepare(quick()).await;
    let tap = Tap::open(house.installation.broker.address).await.unwrap();
    let stop = tap.stop_at(Side::Before, |message| message.subject.starts_with("$JS.API.CONSUMER.INFO."));
    for service in ["ingestor-visma", WRITER] {
        start(&mut house, service, &tap);
    }
    tokio::time::timeout(LONG, stop.reached()).await.unwrap();
    ends_well(&mut house, WRITER);
    ends_well(&mut house, "ingestor-visma");

    house.installation.broker.process.kill();
    house.installation.start_service("mapper").unwrap();
    let started = Instant::now();
    while !house.readiness("mapper").await.is_some_and(|text| text.contains("broker: not connected yet: ")) {
        assert!(started.elapsed() < LONG, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    ends_well(&mut house, "mapper");
}

fn ends_well(house: &mut House, service: &str) {
    let mut process = house.installation.take_service(service).unwrap();
    let told = Instant::now();
    let status = process.stop(Duration::from_secs(20));
    assert!(status.is_some_and(|status| status.success()), "{service}: {status:?}\n{}", house.logs());
    assert!(told.elapsed() < Duration::from_secs(5), "{service} took {:?}\n{}", told.elapsed(), house.logs());
}
