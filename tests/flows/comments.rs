//! Comments on orders of Commerce: each mark once, whatever is killed, lost or repeated.

mod shop;

use std::time::{Duration, Instant};

use ml_connector::stand::tap::{Message, Side, Tap, Way};
use serde_json::json;

use crate::hold::Hold;
use crate::house::{House, Wishes};
use shop::{SERVICE, comment, marked, order, outcomes, publish, until_settled};

const PATIENCE: Duration = Duration::from_secs(60);

/// A house in which nothing runs but the writer of Commerce.
async fn house() -> House {
    let mut house = House::prepare(Wishes::default()).await;
    house.installation.start_service(SERVICE).unwrap();
    house
}

/// Asks for a comment that was asked for before, as a replay does.
pub(super) async fn again(house: &House, key: &str, comment: &proto::Comment) {
    publish(house, key, comment, u32::MAX).await;
}

/// How often the shop was asked to add a comment.
async fn posts(house: &House) -> u64 {
    let calls = house.installation.ask("calls").await.unwrap();
    calls["commerce"]["by_kind"]["POST /rest/{store}/V1/orders/{id}/comments"]["calls"].as_u64().unwrap_or(0)
}

#[tokio::test]
async fn a_mark_is_noted_once_and_another_one_beside_it() {
    let house = house().await;
    let order = order(&house, 1).await;
    let open = comment(&order, "[visma:invoice 100042 open]");
    publish(&house, "invoice-100042", &open, 1).await;
    until_settled(&house, "invoice-100042", &["intent", "applied"]).await;
    assert_eq!(marked(&house, &order, &open.mark).await.len(), 1);
    assert_eq!(posts(&house).await, 1);
    // The same asked for again, as a replay does.
    publish(&house, "invoice-100042", &open, 2).await;
    until_settled(&house, "invoice-100042", &["intent", "applied", "unchanged"]).await;
    // The next status of the same invoice.
    let paid = comment(&order, "[visma:invoice 100042 closed]");
    publish(&house, "invoice-100042", &paid, 3).await;
    let all = ["intent", "applied", "unchanged", "intent", "applied"];
    until_settled(&house, "invoice-100042", &all).await;
    assert_eq!(
        (marked(&house, &order, &open.mark).await.len(), marked(&house, &order, &paid.mark).await.len()),
        (1, 1)
    );
    assert_eq!(posts(&house).await, 2);
    // A mark that stands there, of which this log knows nothing.
    publish(&house, "supplierinvoice-Invoice-7", &paid, 4).await;
    until_settled(&house, "supplierinvoice-Invoice-7", &["intent", "applied"]).await;
    assert_eq!((marked(&house, &order, &paid.mark).await.len(), posts(&house).await), (1, 2));
    let last = outcomes(&house, "supplierinvoice-Invoice-7").await.pop().unwrap();
    assert_eq!([last.number], marked(&house, &order, &paid.mark).await[..]);
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn an_order_that_does_not_exist_is_told() {
    let house = house().await;
    let mut missing = order(&house, 1).await;
    missing.increment_id = "000009999".to_owned();
    publish(&house, "invoice-100042", &comment(&missing, "[visma:invoice 100042 open]"), 1).await;
    let sentence = house.until_dead("COMMENT_NO_ORDER", PATIENCE).await;
    assert!(sentence.contains("000009999") && sentence.contains("[visma:invoice 100042 open]"), "{sentence}");
    assert_eq!(posts(&house).await, 0);
}

/// The order goes on while its comment is on the way: a comment with its old status is refused, and one with its new
/// status is not.
#[tokio::test]
async fn an_order_whose_status_changes_meanwhile_gets_its_comment() {
    let house = house().await;
    let order = order(&house, 1).await;
    let on = json!({ "system": "commerce", "method": "POST", "path": "/rest/default/V1/orders/*/comments" });
    let hold = Hold::arm(&house, &json!({ "point": "received", "on": on })).await;
    let open = comment(&order, "[visma:invoice 100042 open]");
    publish(&house, "invoice-100042", &open, 1).await;
    hold.reached().await;
    let state = json!({ "state": "complete" });
    house.installation.tell_shop(&format!("orders/{}/state", order.entity_id), &state).await.unwrap();
    hold.end("release").await;
    until_settled(&house, "invoice-100042", &["intent", "applied"]).await;
    assert_eq!((marked(&house, &order, &open.mark).await.len(), posts(&house).await), (1, 2));
}

/// Faults of a bad day strike the one call that cannot be taken back.
#[tokio::test]
async fn a_comment_whose_answer_is_lost_or_broken_is_noted_once() {
    let house = house().await;
    let faults = [
        json!({ "kind": "lost_before" }),
        json!({ "kind": "lost_after" }),
        json!({ "kind": "reset", "done": true }),
        json!({ "kind": "html_5xx", "done": true }),
        json!({ "kind": "html_5xx", "done": false }),
    ];
    for (number, mut fault) in (1..).zip(faults) {
        let order = order(&house, number).await;
        fault["on"] = json!({ "system": "commerce", "method": "POST", "path": "/rest/default/V1/orders/*/comments" });
        house.installation.tell("faults", &fault).await.unwrap();
        let key = format!("invoice-{number}");
        let open = comment(&order, &format!("[visma:invoice {number} open]"));
        publish(&house, &key, &open, number).await;
        shop::until_applied(&house, &key).await;
        assert_eq!(marked(&house, &order, &open.mark).await.len(), 1, "{fault}\n{}", house.logs());
    }
    assert_eq!(house.dead_letters().await, []);
}

#[tokio::test]
async fn a_shop_that_answers_429_gets_the_comment_when_it_may() {
    let house = house().await;
    for (number, retry_after, quiet) in [(1, Some(3), 2_900), (2, None, 2_400)] {
        let order = order(&house, number).await;
        let on = json!({ "system": "commerce", "method": "POST", "path": "/rest/default/V1/orders/*/comments" });
        let fault = json!({ "kind": "429", "retry_after": retry_after, "on": on });
        house.installation.tell("faults", &fault).await.unwrap();
        let open = comment(&order, &format!("[visma:invoice {number} open]"));
        let key = format!("invoice-{number}");
        publish(&house, &key, &open, number).await;
        shop::until_applied(&house, &key).await;
        assert_eq!(marked(&house, &order, &open.mark).await.len(), 1);
        let calls = shop::calls(&house, "orders").await;
        let refused = calls.iter().rposition(|(_, status)| *status == Some(429)).expect("a 429");
        let next = calls[refused + 1].0.as_millisecond() - calls[refused].0.as_millisecond();
        assert!(next >= quiet, "the shop was called {next} ms after its 429 ({retry_after:?})");
    }
}

/// Where the writer is killed.
enum Window {
    Wire(Side, fn(&Message<'_>) -> bool),
    Shop(&'static str),
}

fn is_entry(message: &Message<'_>, kind: &str) -> bool {
    message.way == Way::ToBroker
        && message.subject.starts_with("outcome.main.commerce.comment.")
        && message.header("Ml-Kind") == Some(kind)
}

fn is_ack(message: &Message<'_>) -> bool {
    message.way == Way::ToBroker
        && message.subject.contains(".COMMANDS.writer-commerce.")
        && message.payload.starts_with(b"+ACK")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_killed_anywhere_notes_once() {
    let mut house = House::prepare(Wishes::default().set("NATS__ACK_WAIT", "2s")).await;
    let tap = Tap::open(house.installation.broker.address).await.unwrap();
    let tapped = [("ML__NATS__URL".to_owned(), tap.url())];
    let windows = [
        ("before the intent", Window::Wire(Side::Before, |m| is_entry(m, "intent"))),
        ("after the intent", Window::Wire(Side::After, |m| is_entry(m, "intent"))),
        ("at the shop", Window::Shop("received")),
        ("before the shop has written it", Window::Shop("before_commit")),
        ("after the shop has written it", Window::Shop("after_commit")),
        ("before the outcome", Window::Wire(Side::Before, |m| is_entry(m, "applied"))),
        ("after the outcome", Window::Wire(Side::After, |m| is_entry(m, "applied"))),
        ("before the acknowledgement", Window::Wire(Side::Before, is_ack)),
    ];
    for (number, (name, window)) in (1..).zip(windows) {
        let order = order(&house, number).await;
        let key = format!("invoice-{number}");
        let open = comment(&order, &format!("[visma:invoice {number} open]"));
        house.installation.start_service_with(SERVICE, &tapped).unwrap();
        match window {
            Window::Wire(side, meant) => {
                let stop = tap.stop_at(side, meant);
                publish(&house, &key, &open, number).await;
                within(name, &house, stop.reached()).await;
                house.installation.take_service(SERVICE).unwrap().kill();
            }
            Window::Shop(point) => {
                let on =
                    json!({ "system": "commerce", "method": "POST", "path": "/rest/default/V1/orders/*/comments" });
                let hold = Hold::arm(&house, &json!({ "point": point, "on": on })).await;
                publish(&house, &key, &open, number).await;
                within(name, &house, hold.reached()).await;
                house.installation.take_service(SERVICE).unwrap().kill();
                hold.end("release").await;
            }
        }
        house.installation.start_service_with(SERVICE, &tapped).unwrap();
        shop::until_applied(&house, &key).await;
        shop::until_idle(&house).await;
        assert_eq!(marked(&house, &order, &open.mark).await.len(), 1, "killed {name}\n{}", house.logs());
        house.installation.take_service(SERVICE).unwrap().kill();
    }
    assert_eq!(house.dead_letters().await, []);
}

async fn within(name: &str, house: &House, reached: impl Future<Output = ()>) {
    let started = Instant::now();
    let reached = tokio::time::timeout(PATIENCE, reached).await;
    assert!(reached.is_ok(), "{name} was not reached in {:?}\n{}", started.elapsed(), house.logs());
}
