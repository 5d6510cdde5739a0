//! A webhook that was answered is not lost: the ingestor is killed with the hint on disk and the order not yet read.
//! One that was not answered is sent again. No poll helps here.

use std::time::Duration;

use ml_connector::stand::installation::WEBHOOK_SECRET;
use ml_connector::stand::tap::{Meant, Side, Tap, Way};
use serde_json::json;

use super::settled::until_settled;
use super::window::INGESTOR;
use crate::house::{House, Wishes};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ingestor_killed_between_a_webhook_and_its_change() {
    let mut house = House::prepare(Wishes::default().set("NATS__ACK_WAIT", "2s")).await;
    let tap = Tap::open(house.installation.broker.address).await.unwrap();
    for service in ["ingestor-visma", "mapper", "writer-visma"] {
        house.installation.start_service(service).unwrap();
    }
    start_ingestor(&mut house, &tap);
    house.until_ready(INGESTOR).await;
    // From now on only single orders can be read: the poll at the next start would find them all.
    let no_lists = json!({ "system": "commerce", "method": "GET", "contains": "searchCriteria", "count": 1_000_000 });
    house.installation.tell("faults", &json!({ "kind": "html_5xx", "on": no_lists })).await.unwrap();
    let url = format!("http://{}/webhooks/commerce", house.installation.door);
    let webhook = json!({ "url": url, "secret": WEBHOOK_SECRET, "retries": 200 });
    house.installation.tell_shop("webhook", &webhook).await.unwrap();

    let windows: [(u64, Side, Meant); 4] = [
        // The hint never left, and the webhook was not answered.
        (0, Side::Before, Box::new(|m| m.way == Way::ToBroker && m.subject.starts_with("hint."))),
        // The hint is on disk, and the webhook was not answered.
        (1, Side::After, Box::new(|m| m.way == Way::ToBroker && m.subject.starts_with("hint."))),
        // The webhook was answered, the order was read, and its change never left.
        (1, Side::Before, Box::new(|m| m.way == Way::ToBroker && m.subject.starts_with("change."))),
        // The change is on disk, and the hint is not acknowledged.
        (1, Side::Before, Box::new(|m| m.subject.starts_with("$JS.ACK.HINTS.") && m.payload.starts_with(b"+ACK"))),
    ];
    let mut hints = 0;
    for (orders, (stored, side, meant)) in (1..).zip(windows) {
        let stop = tap.stop_at(side, meant);
        let one = json!({ "count": 1, "customers": 1, "webhook": true });
        house.installation.tell_shop("orders", &one).await.unwrap();
        let reached = tokio::time::timeout(Duration::from_secs(60), stop.reached()).await;
        assert!(reached.is_ok(), "order {orders} never came there\n{}", house.logs());
        house.installation.take_service(INGESTOR).unwrap().kill();
        hints += stored;
        assert!(house.messages("HINTS").await >= hints, "a hint less than was stored");
        drop(stop);
        start_ingestor(&mut house, &tap);
        until_settled(&house, orders).await;
        assert_eq!(changes(&house).await, orders, "one change an order");
        hints = house.messages("HINTS").await;
    }
}

fn start_ingestor(house: &mut House, tap: &Tap) {
    let tapped = ("ML__NATS__URL".to_owned(), tap.url());
    house.installation.start_service_with(INGESTOR, &[tapped]).unwrap();
}

async fn changes(house: &House) -> u64 {
    let stream = house.jetstream().await.get_stream("CHANGES").await.unwrap();
    let mut subjects = stream.info_with_subjects("change.main.commerce.order.>").await.unwrap();
    let mut messages = 0;
    while let Some(subject) = futures::StreamExt::next(&mut subjects).await {
        messages += subject.unwrap().1 as u64;
    }
    messages
}
