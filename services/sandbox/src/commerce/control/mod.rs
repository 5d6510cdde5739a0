//! The test's own door to the shop, under `/_sandbox/`: no signature, no faults. Placing is answered with
//! 200 when the orders are there, and with 202 when they come over time.
//!
//! | call | what it does |
//! | --- | --- |
//! | `POST /_sandbox/orders` `{"count","rate_per_second"?,"customers"?,"webhook"?}` | places orders |
//! | `POST /_sandbox/orders/raw` | stores the order in the body as it is; it gets an `entity_id` if it has none |
//! | `POST /_sandbox/orders/{id}/touch` | moves `updated_at`, nothing else |
//! | `POST /_sandbox/orders/{id}/state` `{"state","status"?}` | changes both |
//! | `GET /_sandbox/orders/{id}` | one order as the shop holds it |
//! | `GET /_sandbox/orders` | id, number, state and `updated_at` of every visible order |
//! | `POST /_sandbox/commerce/orders/{id}/invoice` `{"items"?,"capture"?}` | invoices it, or a part of it |
//! | `POST /_sandbox/commerce/orders/{id}/creditmemo` `{"items"?,"arguments"?}` | refunds it, or a part of it |
//! | `POST /_sandbox/commerce/orders/{id}/ship` `{"items"?}` | ships it, or a part of it |
//! | `POST /_sandbox/commerce/orders/{id}/pay` | pays the open invoices; with none, invoices what is left |
//! | `POST /_sandbox/commerce/orders/{id}/cancel`, `…/hold`, `…/unhold` | as Magento does it |
//! | `POST /_sandbox/commerce/orders/{id}/edit` | cancels it and places `{number}-1` in its stead |
//! | `POST /_sandbox/commerce/customers` a customer, or nothing | registers it, or the next one that is drawn |
//! | `PUT /_sandbox/commerce/customers/{id}` a part of a customer | edits it as Magento's PUT does |
//! | `PUT /_sandbox/commerce/customers/{id}/addresses` a list of addresses | edits the address book as its owner does |
//! | `POST /_sandbox/commerce/day` `{"seed"?,"orders"?,"new_customers"?,…}` | lets a whole day happen |
//! | `GET /_sandbox/commerce/config`, `POST` | the settings; a JSON merge patch changes them |
//! | `POST /_sandbox/commerce/revoke-tokens` | makes every token of administrators and of SaaS worthless |
//! | `POST /_sandbox/webhook`, a [`Webhook`] or `null` | where to send webhooks with an HMAC, or nowhere |
//! | `GET /_sandbox/commerce/deliveries?since=` | what was sent when documents were saved, and what became of it |
//! | `POST /_sandbox/commerce/announce` `{"entity","id","kind"?}` | tells of a document once more |
//! | `GET /_sandbox/commerce/keys`, `POST …/keys/renew` | the public keys of webhooks and events |
//! | `POST /_sandbox/commerce/challenge` `{"how"?,"base"?}` | the handshake of I/O Events; `GET` tells how it ended |

mod customers;
mod fulfil;
mod webhooks;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode};
use axum::routing::{get, post};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::commerce::config::Webhook;
use crate::commerce::day::Day;
use crate::commerce::place::Placing;
use crate::commerce::reply;
use crate::commerce::search::columns::Entity;
use crate::commerce::shop::Shop;
use crate::commerce::table::Document;
use crate::commerce::text::{self, whole_number};
use crate::commerce::webhook;

/// The control door of a shop, to be merged into any router.
pub fn control_router(shop: Shop) -> Router {
    Router::new()
        .route("/_sandbox/orders", get(list).post(place))
        .route("/_sandbox/orders/raw", post(store))
        .route("/_sandbox/orders/{id}", get(one))
        .route("/_sandbox/orders/{id}/touch", post(touch))
        .route("/_sandbox/orders/{id}/state", post(set_state))
        .route("/_sandbox/webhook", post(set_webhook))
        .route("/_sandbox/commerce/day", post(day))
        .route("/_sandbox/commerce/config", get(show_config).post(patch_config))
        .route("/_sandbox/commerce/revoke-tokens", post(revoke_tokens))
        .merge(fulfil::router())
        .merge(customers::router())
        .merge(webhooks::router())
        .with_state(shop)
}

type Answer = Response<Body>;

fn answer(status: StatusCode, body: &Value) -> Answer {
    let mut answer = reply::ok(body.to_string());
    *answer.status_mut() = status;
    answer
}

fn read<T: DeserializeOwned>(body: &str) -> Result<T, Box<Answer>> {
    serde_json::from_str(body)
        .map_err(|error| Box::new(answer(StatusCode::BAD_REQUEST, &json!({ "error": error.to_string() }))))
}

fn missing() -> Answer {
    answer(StatusCode::NOT_FOUND, &json!({ "error": "no such order" }))
}

async fn list(State(shop): State<Shop>) -> Answer {
    let orders: Vec<Value> = shop
        .books()
        .orders
        .iter()
        .map(|(id, order)| {
            let text = |name: &str| order.string(name).map(|text| text.into_owned());
            json!({
                "entity_id": id,
                "increment_id": text("increment_id"),
                "state": text("state"),
                "updated_at": text("updated_at"),
            })
        })
        .collect();
    answer(StatusCode::OK, &orders.into())
}

async fn one(State(shop): State<Shop>, Path(id): Path<u64>) -> Answer {
    let text = shop.books().orders.get(&id).map(|order| order.text().to_string());
    text.map_or_else(missing, reply::ok)
}

async fn place(State(shop): State<Shop>, body: String) -> Answer {
    let placing: Placing = match read(&body) {
        Ok(placing) => placing,
        Err(refused) => return *refused,
    };
    let count = placing.count;
    if placing.rate_per_second.is_some() {
        tokio::spawn(shop.place(placing));
        return answer(StatusCode::ACCEPTED, &json!({ "placing": count }));
    }
    shop.place(placing).await;
    answer(StatusCode::OK, &json!({ "placed": count }))
}

async fn store(State(shop): State<Shop>, body: String) -> Answer {
    if let Err(refused) = read::<serde_json::Map<String, Value>>(&body) {
        return *refused;
    }
    let id = {
        let mut books = shop.books();
        let id = whole_number(&body, "entity_id").unwrap_or_else(|| books.next_id(Entity::Order));
        books.reserve(Entity::Order, id);
        id
    };
    let text =
        if whole_number(&body, "entity_id").is_some() { body } else { text::with(&body, "entity_id", &id.to_string()) };
    webhook::wait(shop.commit(id, Document::new(&text), true)).await;
    answer(StatusCode::OK, &json!({ "entity_id": id }))
}

async fn touch(State(shop): State<Shop>, Path(id): Path<u64>) -> Answer {
    if shop.update(id, Vec::new()) { answer(StatusCode::OK, &json!({ "entity_id": id })) } else { missing() }
}

/// The state of an order, and the status if it is not the state's usual one.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewState {
    state: String,
    #[serde(default)]
    status: Option<String>,
}

async fn set_state(State(shop): State<Shop>, Path(id): Path<u64>, body: String) -> Answer {
    let NewState { state, status } = match read(&body) {
        Ok(state) => state,
        Err(refused) => return *refused,
    };
    let usual = if state == "new" { "pending".to_owned() } else { state.clone() };
    let json_text = |value: String| Value::from(value).to_string();
    let members = vec![("state", json_text(state)), ("status", json_text(status.unwrap_or(usual)))];
    if shop.update(id, members) { answer(StatusCode::OK, &json!({ "entity_id": id })) } else { missing() }
}

async fn set_webhook(State(shop): State<Shop>, body: String) -> Answer {
    match read::<Option<Webhook>>(&body) {
        Ok(webhook) => {
            shop.set_webhook(webhook);
            answer(StatusCode::OK, &json!({}))
        }
        Err(refused) => *refused,
    }
}

async fn show_config(State(shop): State<Shop>) -> Answer {
    answer(StatusCode::OK, &serde_json::to_value(&*shop.config()).unwrap_or_default())
}

async fn patch_config(State(shop): State<Shop>, body: String) -> Answer {
    let patched = read::<Value>(&body).map(|patch| shop.patch_config(patch));
    match patched {
        Ok(Ok(())) => show_config(State(shop)).await,
        Ok(Err(error)) => answer(StatusCode::BAD_REQUEST, &json!({ "error": error })),
        Err(refused) => *refused,
    }
}

async fn revoke_tokens(State(shop): State<Shop>) -> Answer {
    shop.revoke_tokens();
    answer(StatusCode::OK, &json!({}))
}

async fn day(State(shop): State<Shop>, body: String) -> Answer {
    let asked = if body.trim().is_empty() { Ok(Day::default()) } else { read::<Day>(&body) };
    match asked {
        Ok(asked) => match shop.day(&asked).await {
            Ok(happened) => answer(StatusCode::OK, &serde_json::to_value(happened).unwrap_or_default()),
            Err(error) => answer(StatusCode::CONFLICT, &json!({ "error": error })),
        },
        Err(refused) => *refused,
    }
}
