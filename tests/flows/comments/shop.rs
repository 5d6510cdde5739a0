//! The shop's side of a comment, read as a person with the API would, and the log's side.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use commerce::comment::{NotedOrder, noted_order};
use commerce::oauth::{Credentials, authorization};
use commerce::requests::Base;
use jiff::Timestamp;
use proto::{Command, Comment, Message as _, Outcome, command};
use record::address::{Address, Connection, Entity, System};
use record::envelope;
use serde_json::Value;

use crate::house::House;

pub(super) const SERVICE: &str = "writer-commerce";
const PATIENCE: Duration = Duration::from_secs(60);

/// An order that stands in the shop.
pub(super) struct Order {
    pub(super) entity_id: u64,
    pub(super) increment_id: String,
}

pub(super) async fn order(house: &House, number: u32) -> Order {
    let order = crate::bad_input::order::order(number);
    Order { entity_id: house.store(&order).await, increment_id: order["increment_id"].as_str().unwrap().to_owned() }
}

pub(super) fn comment(order: &Order, mark: &str) -> Comment {
    Comment {
        increment_id: order.increment_id.clone(),
        entity_id: Some(order.entity_id),
        mark: mark.to_owned(),
        text: format!("A word from accounting. {mark}"),
        visible: false,
        attributes: Vec::new(),
    }
}

/// Publishes a command for a comment, as the mapper does; `number` stands for the change that it came from.
pub(super) async fn publish(house: &House, key: &str, comment: &Comment, number: u32) {
    let command = Command {
        id: format!("test-{key}-{number}"),
        change_sequence: number.into(),
        document: Some(command::Document::Comment(comment.clone())),
        ..Command::default()
    };
    let lane = comment.entity_id.unwrap_or_default().to_string();
    let mut headers = HeaderMap::new();
    headers.insert(envelope::LANE, lane.as_str());
    let subject = Address::command(&Connection::new("main"), System::Commerce, Entity::Comment, key, &lane).subject();
    let jetstream = house.jetstream().await;
    let payload = command.encode_to_vec().into();
    jetstream.publish_with_headers(subject, headers, payload).await.unwrap().await.unwrap();
}

/// The numbers of the comments on an order that bear a mark.
pub(super) async fn marked(house: &House, order: &Order, mark: &str) -> Vec<String> {
    let base = Base::parse(&format!("http://{}/rest/default", house.installation.commerce)).unwrap();
    let request = noted_order(&base, &order.increment_id).unwrap();
    let integration = sandbox::commerce::Integration::default();
    let credentials = Credentials {
        consumer_key: integration.consumer_key,
        consumer_secret: integration.consumer_secret.into(),
        access_token: integration.access_token.into(),
        access_token_secret: integration.access_token_secret.into(),
    };
    let url = url::Url::parse(&request.uri().to_string()).unwrap();
    let nonce = uuid::Uuid::new_v4().simple().to_string();
    let now = u64::try_from(Timestamp::now().as_second()).unwrap();
    let proof = authorization(&credentials, request.method(), &url, &nonce, now).unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = client.get(url).header("authorization", proof).header("accept", "application/json").send().await;
    let body = answer.unwrap().bytes().await.unwrap();
    let orders = NotedOrder::decode_list(&body).unwrap();
    assert_eq!(orders.len(), 1, "{}", order.increment_id);
    orders[0].marked(mark)
}

/// The entries of a record, oldest first.
pub(super) async fn outcomes(house: &House, key: &str) -> Vec<Outcome> {
    let stream = house.jetstream().await.get_stream("OUTCOMES").await.unwrap();
    let subject = Address::outcome(&Connection::new("main"), System::Commerce, Entity::Comment, key).subject();
    let mut found = Vec::new();
    for sequence in 1..=stream.cached_info().state.last_sequence {
        let message = stream.direct_get(sequence).await.unwrap();
        if message.subject.as_str() == subject {
            found.push(Outcome::decode(message.payload).unwrap());
        }
    }
    found
}

fn kinds(outcomes: &[Outcome]) -> Vec<String> {
    outcomes.iter().map(|outcome| outcome.kind().as_str_name().to_lowercase()).collect()
}

/// Waits until a record's entries are of these kinds.
pub(super) async fn until_settled(house: &House, key: &str, wanted: &[&str]) {
    let started = Instant::now();
    loop {
        let kinds = kinds(&outcomes(house, key).await);
        if kinds == wanted {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{key}: {kinds:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until a record's last entry says that the comment stands.
pub(super) async fn until_applied(house: &House, key: &str) {
    let started = Instant::now();
    loop {
        let kinds = kinds(&outcomes(house, key).await);
        if kinds.last().is_some_and(|last| last == "applied") {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{key}: {kinds:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until no delivery is in hand or waits.
pub(super) async fn until_idle(house: &House) {
    let stream = house.jetstream().await.get_stream("COMMANDS").await.unwrap();
    let started = Instant::now();
    loop {
        let info = stream.consumer_info(SERVICE).await.unwrap();
        if (info.num_pending, info.num_ack_pending) == (0, 0) {
            return;
        }
        assert!(started.elapsed() < PATIENCE, "{info:?}\n{}", house.logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// When calls to Commerce whose target holds `what` were answered, and with which status.
pub(super) async fn calls(house: &House, what: &str) -> Vec<(Timestamp, Option<u64>)> {
    let log = house.installation.ask("log?since=0").await.unwrap();
    let of_shop = |entry: &&Value| entry["system"] == "commerce" && entry["target"].as_str().unwrap().contains(what);
    let call = |entry: &Value| (entry["at"].as_str().unwrap().parse().unwrap(), entry["status"].as_u64());
    log.as_array().unwrap().iter().filter(of_shop).map(call).collect()
}
