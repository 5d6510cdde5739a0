//! Whose intent stands in the log: the writer that has written it sends, and no other one.

use std::time::{Duration, Instant};

use async_nats::jetstream::consumer::pull;
use ml_connector::stand::tap::{Message, Side, Tap, Way};
use proto::Message as _;
use record::address::{Address, Connection, Entity, System};
use serde_json::json;

use super::{PATIENCE, calls, quick, until_entries};
use crate::bad_input::order::spoilt;
use crate::hold::Hold;
use crate::house::{House, Wishes};

const WRITER: &str = "writer-visma";
const CREATE: &str = "POST /v2/customerinvoice";
const LOOK: &str = "GET /v1/customerinvoice";

/// An intent stays fresh enough to send under for as long as a test needs, so that nothing but its owner decides. No
/// poll reads the list that look-ups are counted on.
fn patient() -> Wishes {
    quick()
        .set("VISMA__POLL__ENTITIES", "customer, purchaseorder")
        .set("NATS__ACK_WAIT", "2s")
        .set("NATS__PUBLISH_TIMEOUT", "1s")
        .set("VISMA__CREATE__SEND_WITHIN", "20s")
        .set("VISMA__CREATE__DOUBT_WAIT", "25s")
}

/// An installation with writers behind taps, and one invoice booked, so that its customer is known.
async fn with_writers<const COUNT: usize>() -> (House, [Tap; COUNT]) {
    let mut house = House::prepare(patient()).await;
    let mut taps = Vec::new();
    for service in ["ingestor-commerce", "ingestor-visma", "mapper"] {
        house.installation.start_service(service).unwrap();
    }
    for _ in 0..COUNT {
        let tap = Tap::open(house.installation.broker.address).await.unwrap();
        let tapped = ("ML__NATS__URL".to_owned(), tap.url());
        house.installation.start_service_with(WRITER, &[tapped]).unwrap();
        taps.push(tap);
    }
    store(&house, 1).await;
    house.until_booked(1, PATIENCE).await;
    (house, taps.try_into().unwrap())
}

async fn store(house: &House, number: u32) {
    house.store(&spoilt(number, &[("/customer_email", json!("kjoper@example.no"))])).await;
}

fn is_intent(message: &Message<'_>) -> bool {
    message.way == Way::ToBroker
        && message.subject == "outcome.main.visma.invoice.2"
        && message.header("Ml-Kind") == Some("intent")
}

fn times_unconfirmed(house: &House) -> usize {
    let log = std::fs::read_to_string(house.installation.folder().join(format!("{WRITER}.log"))).unwrap();
    log.matches("an entry of the log was not confirmed").count()
}

/// The broker has the intent and its confirmation does not come. The writer asks again, and learns that the entry is
/// its own: nothing was sent, so nothing is in doubt, and no call is spent on looking.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_recognises_its_own_intent_when_the_confirmation_was_late() {
    let (house, [tap]) = with_writers::<1>().await;
    let stop = tap.stop_at(Side::After, is_intent);
    store(&house, 2).await;
    stop.reached().await;
    let started = Instant::now();
    while times_unconfirmed(&house) == 0 {
        assert!(started.elapsed() < PATIENCE, "the confirmation came\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    stop.release();
    let released = Instant::now();
    house.until_booked(2, PATIENCE).await;
    assert!(released.elapsed() < Duration::from_secs(10), "after {:?}, as if in doubt", released.elapsed());
    let record = until_entries(&house, "OUTCOMES", "outcome.main.visma.invoice.2", 2).await;
    assert_eq!(record.len(), 2, "an intent and an outcome: {record:#?}");
    assert_eq!(calls(&house, CREATE).await, 2);
    assert_eq!(calls(&house, LOOK).await, 1, "look-ups, beside the list that is read at the start");
}

/// Two writers write the intent of one command: the one that stood still meanwhile must learn that it is not its own,
/// though it is the same in every word and would be fresh enough to send under.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_does_not_send_under_the_intent_of_another() {
    let (house, taps) = with_writers::<2>().await;
    let [one, other] = taps.each_ref().map(|tap| tap.stop_at(Side::Before, is_intent));
    let create = json!({ "system": "visma", "method": "POST", "path": "*/v2/customerinvoice" });
    let hold = Hold::arm(&house, &json!({ "point": "before_commit", "on": create })).await;
    store(&house, 2).await;
    let asleep = tokio::select! {
        () = one.reached() => { drop(other); one }
        () = other.reached() => { drop(one); other }
        () = tokio::time::sleep(PATIENCE) => panic!("nobody works\n{}", house.logs()),
    };
    tokio::time::timeout(PATIENCE, hold.reached()).await.expect("the standby sends");
    let looks = calls(&house, LOOK).await;
    asleep.release();
    let started = Instant::now();
    while calls(&house, CREATE).await == 2 && calls(&house, LOOK).await == looks {
        assert!(started.elapsed() < PATIENCE, "the writer that woke up does nothing\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    hold.end("release").await;
    house.until_settled(2, PATIENCE).await;
    house.until_booked(2, PATIENCE).await;
    assert_eq!(calls(&house, CREATE).await, 2, "one for each order");
    let record = until_entries(&house, "OUTCOMES", "outcome.main.visma.invoice.2", 2).await;
    assert_eq!(record.len(), 2, "an intent and an outcome: {record:#?}");
    assert_eq!(house.dead_letters().await, []);
}

/// Writes an intent of the command `sequence` over the record of invoice 1, as if it had been sent and never answered.
async fn in_doubt(house: &House, sequence: u64) {
    let record = "outcome.main.visma.invoice.1";
    let last = until_entries(house, "OUTCOMES", record, 2).await.pop().unwrap();
    let outcome = proto::Outcome::decode(last.payload).unwrap();
    let written_at = outcome.written_at;
    let intent = proto::Outcome {
        kind: proto::Kind::Intent.into(),
        command_id: "the newer one".to_owned(),
        command_sequence: sequence,
        written_at,
        attempt: 1,
        ..outcome
    };
    let mut headers = last.headers.clone();
    headers.insert("Nats-Msg-Id", format!("in doubt {sequence}").as_str());
    headers.insert("Ml-Kind", "intent");
    headers.insert("Nats-Expected-Last-Subject-Sequence", last.sequence.to_string().as_str());
    let jetstream = house.jetstream().await;
    jetstream.publish_with_headers(record, headers, intent.encode_to_vec().into()).await.unwrap().await.unwrap();
}

/// An older command finds the intent of a newer one. While that is in the log, it settles what it may have sent, and
/// the older one ends with it. Where a restored log has lost it, nobody would, and a person is told.
#[tokio::test]
async fn an_older_command_is_left_to_the_newer_one_that_is_in_the_log() {
    let mut house = House::start(patient()).await;
    store(&house, 1).await;
    house.until_booked(1, PATIENCE).await;
    let command = Address::command(&Connection::new("main"), System::Visma, Entity::Invoice, "1", "1").subject();
    let first = until_entries(&house, "COMMANDS", &command, 1).await.remove(0);
    let jetstream = house.jetstream().await;
    let again = async |id: &str| {
        let mut headers = first.headers.clone();
        headers.insert("Nats-Msg-Id", id);
        headers.insert("Ml-First", "false");
        let put = jetstream.publish_with_headers(first.subject.clone(), headers, first.payload.clone());
        put.await.unwrap().await.unwrap().sequence
    };
    house.installation.take_service(WRITER).unwrap().kill();
    let older = again("older").await;
    in_doubt(&house, older + 1).await;
    assert_eq!(again("newer").await, older + 1);
    house.installation.start_service(WRITER).unwrap();
    until_entries(&house, "OUTCOMES", "outcome.main.visma.invoice.1", 4).await;
    let log = std::fs::read_to_string(house.installation.folder().join(format!("{WRITER}.log"))).unwrap();
    assert!(log.contains("left to a newer command"), "{log}");
    assert_eq!(house.dead_letters().await, []);
    in_doubt(&house, older + 1000).await;
    again("lost").await;
    house.until_dead("SUPERSEDED_IN_DOUBT", PATIENCE).await;
    assert_eq!(calls(&house, CREATE).await, 1);
}

/// A command that says of itself that it is its record's first is believed no further than the intent, which loses
/// against what stands there.
#[tokio::test]
async fn a_first_command_that_comes_a_second_time_makes_no_second_invoice() {
    let house = House::start(patient()).await;
    store(&house, 1).await;
    house.until_booked(1, PATIENCE).await;
    let command = Address::command(&Connection::new("main"), System::Visma, Entity::Invoice, "1", "1").subject();
    let first = until_entries(&house, "COMMANDS", &command, 1).await.remove(0);
    assert_eq!(first.headers.get("Ml-First").map(|first| first.as_str()), Some("true"), "what the test is about");
    let mut headers = first.headers.clone();
    headers.insert("Nats-Msg-Id", "the same once more");
    let before = calls(&house, CREATE).await;
    let jetstream = house.jetstream().await;
    jetstream.publish_with_headers(first.subject, headers, first.payload).await.unwrap().await.unwrap();
    let acknowledged = async || {
        let mut consumer = jetstream.get_consumer_from_stream::<pull::Config, _, _>(WRITER, "COMMANDS").await.unwrap();
        let info = consumer.info().await.unwrap();
        info.num_pending == 0 && info.num_ack_pending == 0
    };
    let deadline = Instant::now() + PATIENCE;
    while !acknowledged().await {
        assert!(Instant::now() < deadline, "{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(calls(&house, CREATE).await, before);
    assert_eq!(house.dead_letters().await, []);
}
