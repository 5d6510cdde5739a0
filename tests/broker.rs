//! The broker goes away and comes back, at every time; a writer goes away and another takes its place.

mod capacity;
mod compressed;
mod disk;
pub(crate) mod rights;
mod start;

use std::time::{Duration, Instant};

use futures::StreamExt as _;
use ml_connector::stand::tap::{Message, Side, Tap, Way};
use serde_json::{Value, json};

use crate::crash::siege::Siege;
use crate::crash::until_settled;
use crate::crash::window::{Entity, Window};
use crate::house::{House, Wishes};

const LONG: Duration = Duration::from_secs(90);
const WRITER: &str = "writer-visma";

fn quick() -> Wishes {
    Wishes::default()
        .set("COMMERCE__POLL__INTERVAL", "300ms")
        .set("NATS__ACK_WAIT", "2s")
        // What was published into a broker that died is published again after this.
        .set("NATS__PUBLISH_TIMEOUT", "2s")
        // More of them than on any bad day: when a person would be asked is not what is tested.
        .set("VISMA__CREATE__ATTEMPTS", "20")
}

fn invoices(ledger: &Value) -> u64 {
    ledger["invoices"]["count"].as_u64().unwrap()
}

/// SIGKILL, as a power cut would: what was acknowledged is on disk, and what was not is done again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_killed_while_orders_flow() {
    const ORDERS: u64 = 120;
    let mut house = House::start(quick().set("NATS__BATCH_FROM", "4")).await;
    let placing = json!({ "count": ORDERS, "rate_per_second": 20, "customers": 40, "webhook": false });
    house.installation.tell_shop("orders", &placing).await.unwrap();
    for kill in 1..=4 {
        let ledger = house.ledger().await;
        let (booked, so_far) = (invoices(&ledger), ledger["orders"]["count"].as_u64().unwrap());
        // While some are on their way: the next kill comes when the last one is overcome.
        house.until("the next invoice", LONG, |l| invoices(l) > booked.max(1)).await;
        eprintln!("kill {kill}: {booked} invoices of {so_far} orders");
        house.installation.broker.kill_and_restart().await.unwrap();
    }
    house.until("every order placed", LONG, |l| l["orders"]["count"] == ORDERS).await;
    until_settled(&house, ORDERS).await;
}

/// Killed with a message on its way, which is lost, or with its confirmation on the way, which is lost too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_killed_with_a_message_on_its_way() {
    let mut siege = Siege::start(4, 2).await;
    let lost = [
        Window::ReadToChange,
        Window::ChangeToCursor,
        Window::ChangeToCommand(Entity::Invoice),
        Window::CommandToAck,
        Window::BeforeIntent(Entity::Invoice),
        Window::WithinBatch,
        Window::AnswerToOutcome(Entity::Invoice),
        Window::OutcomeToAck(Entity::Invoice),
    ];
    let unconfirmed = [
        Window::ChangeToKnown,
        Window::CommandToKnown(Entity::Invoice),
        Window::IntentToSend(Entity::Invoice),
        Window::OutcomeToKnown(Entity::Invoice),
    ];
    for window in lost.into_iter().chain(unconfirmed) {
        siege.kill_broker_in(window, 2).await;
    }
    siege.settle().await;
}

/// Services that start first wait for it, say so, and then work.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_away_at_start() {
    let mut house = House::prepare(quick()).await;
    house.installation.broker.process.kill();
    house.installation.start_services().unwrap();
    let services = ["ingestor-commerce", "ingestor-visma", "mapper", WRITER];
    for service in services {
        let started = Instant::now();
        loop {
            match house.readiness(service).await {
                Some(text) if text.contains("broker: not connected yet") => break,
                other => assert!(started.elapsed() < LONG, "{service}: {other:?}\n{}", house.logs()),
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    house.place(5, 5).await;
    house.installation.broker.kill_and_restart().await.unwrap();
    for service in services {
        house.until_ready(service).await;
    }
    until_settled(&house, 5).await;
}

/// An installation with two writers, each behind a tap of its own.
async fn two_writers(wishes: Wishes) -> (House, [Tap; 2]) {
    let mut house = House::prepare(wishes).await;
    let broker = house.installation.broker.address;
    let taps = [Tap::open(broker).await.unwrap(), Tap::open(broker).await.unwrap()];
    for service in ["ingestor-commerce", "ingestor-visma", "mapper"] {
        house.installation.start_service(service).unwrap();
    }
    for tap in &taps {
        let tapped = ("ML__NATS__URL".to_owned(), tap.url());
        house.installation.start_service_with(WRITER, &[tapped]).unwrap();
    }
    (house, taps)
}

/// Two writers: one works. It is killed with a document in hand, and the other goes on within seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_standby_takes_over() {
    let (mut house, taps) = two_writers(quick()).await;
    // Both take their place in the order of `services`, as they were started.
    let first = house.installation.services.len() - 2;
    house.place(4, 4).await;
    until_settled(&house, 4).await;

    let [one, other] = taps.each_ref().map(|tap| tap.stop_at(Side::Before, |message| is_entry(message, "applied")));
    house.place(4, 4).await;
    let active = tokio::select! {
        () = one.reached() => 0,
        () = other.reached() => 1,
        () = tokio::time::sleep(LONG) => panic!("nobody works\n{}", house.logs()),
    };
    let mut killed = house.installation.services.swap_remove(first + active);
    assert_eq!(killed.name(), WRITER);
    killed.kill();
    let killed_at = Instant::now();
    drop((one, other));
    // Beside the document in hand, which is in doubt now: orders of known customers that come after the kill.
    let booked = invoices(&house.ledger().await);
    house.place(4, 4).await;
    house.until("an invoice by the standby", LONG, |l| invoices(l) > booked).await;
    let took = killed_at.elapsed();
    assert!(took < Duration::from_secs(8), "the standby took over after {took:?}");
    until_settled(&house, 12).await;
}

/// A writer that stands still and wakes up when another one has done its work must not do it again: neither with its
/// intent not yet out, which is not the first any more, nor with its intent on disk, which is too old to send under.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_wakes_up_too_late() {
    // Asleep it must not notice the time: what it published is confirmed when it wakes up.
    let (house, taps) = two_writers(quick().set("NATS__PUBLISH_TIMEOUT", "60s")).await;
    let mut orders = 0;
    for side in [Side::Before, Side::After] {
        // Of a new order: what the one that woke up before still says of the others is no matter.
        let meant = move |m: &Message<'_>| is_entry(m, "intent") && order_of(m) > Some(orders);
        let stops = taps.each_ref().map(|tap| tap.stop_at(side, meant));
        house.place(4, 4).await;
        orders += 4;
        let [one, other] = stops;
        let asleep = tokio::select! {
            () = one.reached() => { drop(other); one }
            () = other.reached() => { drop(one); other }
            () = tokio::time::sleep(LONG) => panic!("nobody works\n{}", house.logs()),
        };
        house.until("all invoices by the standby", LONG, |l| invoices(l) == orders).await;
        asleep.release();
        until_settled(&house, orders).await;
    }
}

fn is_entry(message: &Message<'_>, kind: &str) -> bool {
    message.way == Way::ToBroker
        && message.subject.starts_with("outcome.main.visma.invoice.")
        && message.header("Ml-Kind") == Some(kind)
}

/// The `entity_id` at the end of a subject; the sandbox counts orders from 1.
fn order_of(message: &Message<'_>) -> Option<u64> {
    message.subject.rsplit('.').next()?.parse().ok()
}

/// Provisioning an installation that works changes nothing and loses nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn provisioning_twice() {
    let house = House::start(quick()).await;
    house.place(6, 4).await;
    until_settled(&house, 6).await;
    let before = inventory(&house).await;
    assert!(before.contains_key("COMMANDS") && before.contains_key("KV_ML_CURSORS"), "{before:?}");
    house.installation.provision().await.unwrap();
    let after = inventory(&house).await;
    for (name, (config, messages)) in &before {
        assert_eq!(after[name].0, *config, "{name}");
        assert!(after[name].1 >= *messages, "{name}: {messages} messages before, {} after", after[name].1);
    }
    assert_eq!(after.len(), before.len());
    house.place(6, 4).await;
    let ledger = until_settled(&house, 12).await;
    let creates = &ledger["calls"]["visma"]["by_kind"]["POST /v2/customerinvoice"]["calls"];
    assert_eq!(creates, 12, "what was booked before is not sent again");
}

/// Every stream: its settings, those of its consumers, and its messages.
async fn inventory(house: &House) -> std::collections::BTreeMap<String, (String, u64)> {
    let jetstream = house.jetstream().await;
    let mut inventory = std::collections::BTreeMap::new();
    let mut streams = jetstream.streams();
    while let Some(stream) = streams.next().await {
        let info = stream.unwrap();
        let stream = jetstream.get_stream(&info.config.name).await.unwrap();
        let mut consumers = Vec::new();
        let mut all = stream.consumers();
        while let Some(consumer) = all.next().await {
            let consumer = consumer.unwrap();
            if consumer.config.durable_name.is_some() {
                consumers.push(json!(consumer.config).to_string());
            }
        }
        consumers.sort();
        // As JSON, where the keys of metadata have an order.
        let config = format!("{} {}", json!(info.config), consumers.join(" "));
        inventory.insert(info.config.name, (config, info.state.messages));
    }
    inventory
}
