//! The tap itself, held against a real broker: the crash tests are worth what it is worth.

use std::path::PathBuf;
use std::time::Duration;

use async_nats::HeaderMap;
use futures::StreamExt as _;
use ml_connector::stand::nats::{self, Broker};
use ml_connector::stand::tap::{Side, Tap, Way};

struct Bench {
    broker: Broker,
    tap: Tap,
    _folder: Folder,
}

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn bench(name: &str) -> Bench {
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let server = nats::find(target.parent().unwrap()).unwrap();
    let folder = target.join(format!("wire-{}-{name}", std::process::id()));
    let broker = Broker::start(&server, &folder).await.unwrap();
    let tap = Tap::open(broker.address).await.unwrap();
    Bench { broker, tap, _folder: Folder(folder) }
}

/// Subscribes, and returns when the broker knows: flushing alone does not say that.
async fn subscribe(client: &async_nats::Client, subject: &'static str) -> async_nats::Subscriber {
    let subscriber = client.subscribe(subject).await.unwrap();
    let mut echo = client.subscribe("echo").await.unwrap();
    client.publish("echo", "".into()).await.unwrap();
    echo.next().await.unwrap();
    subscriber
}

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_message_that_is_stopped_before_the_wire_arrives_when_it_is_released() {
    let bench = bench("before").await;
    let tapped = async_nats::connect(bench.tap.url()).await.unwrap();
    let direct = async_nats::connect(bench.broker.url()).await.unwrap();
    let mut seen = subscribe(&direct, "greeting.>").await;
    let stop = bench.tap.stop_at(Side::Before, |message| {
        message.way == Way::ToBroker && message.header("colour") == Some("red") && message.payload == b"two\r\nlines"
    });
    let mut red = HeaderMap::new();
    red.insert("Colour", "red");
    tapped.publish("greeting.1", "plain".into()).await.unwrap();
    tapped.publish_with_headers("greeting.2", red.clone(), "one".into()).await.unwrap();
    tapped.publish_with_headers("greeting.3", red, "two\r\nlines".into()).await.unwrap();
    tapped.publish("greeting.4", "after".into()).await.unwrap();
    tokio::time::timeout(LONG, stop.reached()).await.unwrap();
    for expected in ["greeting.1", "greeting.2"] {
        assert_eq!(seen.next().await.unwrap().subject.as_str(), expected);
    }
    assert!(tokio::time::timeout(SHORT, seen.next()).await.is_err(), "it passed the stop");
    stop.release();
    for expected in ["greeting.3", "greeting.4"] {
        assert_eq!(tokio::time::timeout(LONG, seen.next()).await.unwrap().unwrap().subject.as_str(), expected);
    }
}

#[tokio::test]
async fn a_message_that_is_stopped_after_the_wire_arrives_and_its_answer_does_not() {
    let bench = bench("after").await;
    let tapped = async_nats::connect(bench.tap.url()).await.unwrap();
    let direct = async_nats::connect(bench.broker.url()).await.unwrap();
    let mut asked = subscribe(&direct, "question").await;
    let stop = bench.tap.stop_at(Side::After, |message| message.subject == "question" && message.reply.is_some());
    let asking = tokio::spawn(async move { tapped.request("question", "?".into()).await.unwrap() });
    let question = tokio::time::timeout(LONG, asked.next()).await.unwrap().unwrap();
    stop.reached().await;
    direct.publish(question.reply.unwrap(), "!".into()).await.unwrap();
    direct.flush().await.unwrap();
    tokio::time::sleep(SHORT).await;
    assert!(!asking.is_finished(), "the answer passed the stop");
    stop.release();
    assert_eq!(tokio::time::timeout(LONG, asking).await.unwrap().unwrap().payload, "!");
}

#[tokio::test]
async fn a_stop_that_is_dropped_cuts_the_connection_that_stands_at_it() {
    let bench = bench("cut").await;
    let tapped = async_nats::connect(bench.tap.url()).await.unwrap();
    let direct = async_nats::connect(bench.broker.url()).await.unwrap();
    let mut seen = subscribe(&direct, "greeting").await;
    let stop = bench.tap.stop_at(Side::Before, |message| message.subject == "greeting");
    tapped.publish("greeting", "lost".into()).await.unwrap();
    stop.reached().await;
    drop(stop);
    // The client connects again, through the same tap.
    let again = async { while seen.next().await.unwrap().payload != "heard" {} };
    let publishing = async {
        loop {
            tapped.publish("greeting", "heard".into()).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = again => {}
        () = publishing => {}
        () = tokio::time::sleep(LONG) => panic!("no connection came about again"),
    }
}
