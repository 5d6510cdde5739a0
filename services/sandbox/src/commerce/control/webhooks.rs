//! Control routes for what the shop tells others: on demand, with the keys that prove it, and what became of it.

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;

use super::{Answer, answer, read};
use crate::commerce::search::columns::Entity;
use crate::commerce::shop::Shop;
use crate::commerce::webhook::{self, Channel, Handshake};

pub(super) fn router() -> Router<Shop> {
    Router::new()
        .route("/_sandbox/commerce/deliveries", get(deliveries))
        .route("/_sandbox/commerce/announce", post(announce))
        .route("/_sandbox/commerce/keys", get(keys))
        .route("/_sandbox/commerce/keys/renew", post(renew))
        .route("/_sandbox/commerce/challenge", get(challenged).post(challenge))
}

#[derive(Debug, Default, Deserialize)]
struct Since {
    #[serde(default)]
    since: u64,
}

async fn deliveries(State(shop): State<Shop>, Query(since): Query<Since>) -> Answer {
    let shown = shop.deliveries().since(since.since);
    answer(StatusCode::OK, &serde_json::to_value(shown).unwrap_or_default())
}

/// Which document, and in which way; in all that are configured when it is not said.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Announcing {
    entity: String,
    id: u64,
    #[serde(default)]
    kind: Option<Channel>,
}

async fn announce(State(shop): State<Shop>, body: String) -> Answer {
    let Announcing { entity, id, kind } = match read(&body) {
        Ok(announcing) => announcing,
        Err(refused) => return *refused,
    };
    let Some(entity) = Entity::named(&entity).filter(|entity| shop.books().table(*entity).contains_key(&id)) else {
        return answer(StatusCode::NOT_FOUND, &json!({ "error": "no such document" }));
    };
    let waiting = match kind {
        Some(kind) => webhook::announce(&shop, kind, entity, id),
        None => webhook::announce_saved(&shop, entity, id),
    };
    webhook::wait(waiting).await;
    answer(StatusCode::OK, &json!({}))
}

async fn keys(State(shop): State<Shop>) -> Answer {
    let keys = shop.keys();
    let events: Vec<_> = keys.events().iter().map(|key| json!({ "path": key.path, "pem": key.pem })).collect();
    answer(StatusCode::OK, &json!({ "webhooks": keys.webhooks().pem, "events": events }))
}

async fn renew(State(shop): State<Shop>) -> Answer {
    shop.renew_keys();
    keys(State(shop)).await
}

/// How the challenge is put, and where this server is reached; under the address of this call when it is not said.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Challenging {
    how: Handshake,
    base: Option<String>,
}

async fn challenge(State(shop): State<Shop>, headers: HeaderMap, body: String) -> Answer {
    let asked = if body.trim().is_empty() { Ok(Challenging::default()) } else { read::<Challenging>(&body) };
    let asked = match asked {
        Ok(asked) => asked,
        Err(refused) => return *refused,
    };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let base = asked.base.unwrap_or_else(|| format!("http://{host}"));
    match webhook::handshake(&shop, asked.how, &base).await {
        Some(stood) => answer(StatusCode::OK, &json!({ "stood": stood })),
        None => answer(StatusCode::BAD_REQUEST, &json!({ "error": "no I/O Events are configured" })),
    }
}

async fn challenged(State(shop): State<Shop>) -> Answer {
    let called = shop.challenge().as_ref().is_some_and(|(_, called)| *called);
    answer(StatusCode::OK, &json!({ "called": called }))
}
