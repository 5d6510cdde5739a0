//! Doing to an order what a shop does: the bodies are those of Magento's own endpoints, and so are the refusals.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{Answer, answer, read};
use crate::commerce::fulfil::{Action, Done};
use crate::commerce::refusal::CommerceRefusal;
use crate::commerce::search::columns::Entity;
use crate::commerce::shop::Shop;

pub(super) fn router() -> Router<Shop> {
    Router::new()
        .route("/_sandbox/commerce/orders/{id}/invoice", post(invoice))
        .route("/_sandbox/commerce/orders/{id}/creditmemo", post(credit_memo))
        .route("/_sandbox/commerce/orders/{id}/ship", post(ship))
        .route("/_sandbox/commerce/orders/{id}/edit", post(edit))
        .route("/_sandbox/commerce/orders/{id}/{verb}", post(plain))
}

async fn invoice(State(shop): State<Shop>, Path(id): Path<u64>, body: String) -> Answer {
    perform(&shop, id, &body, Action::Invoice).await
}

async fn credit_memo(State(shop): State<Shop>, Path(id): Path<u64>, body: String) -> Answer {
    perform(&shop, id, &body, Action::Refund).await
}

async fn ship(State(shop): State<Shop>, Path(id): Path<u64>, body: String) -> Answer {
    perform(&shop, id, &body, Action::Ship).await
}

async fn edit(State(shop): State<Shop>, Path(id): Path<u64>) -> Answer {
    let edited = shop.edit(id).await.map(|new| Done::Document(Entity::Order, new));
    shown(&shop, edited)
}

/// The verbs that have nothing more to say.
async fn plain(State(shop): State<Shop>, Path((id, verb)): Path<(u64, String)>) -> Answer {
    let action = match verb.as_str() {
        "pay" => Action::Pay,
        "cancel" => Action::Cancel,
        "hold" => Action::Hold,
        "unhold" => Action::Unhold,
        _ => return answer(StatusCode::NOT_FOUND, &json!({ "error": "no such verb" })),
    };
    shown(&shop, shop.act(id, action).await)
}

/// Does what the body says; an empty one says nothing in particular.
async fn perform<B: DeserializeOwned + Default>(shop: &Shop, id: u64, body: &str, of: fn(B) -> Action) -> Answer {
    let body = if body.trim().is_empty() { Ok(B::default()) } else { read::<B>(body) };
    match body {
        Ok(body) => shown(shop, shop.act(id, of(body)).await),
        Err(refused) => *refused,
    }
}

/// The new document's numbers and total, or whether anything was done; Magento's own words when it refuses.
fn shown(shop: &Shop, done: Result<Done, CommerceRefusal>) -> Answer {
    match done {
        Err(refused) => refused.into_response(),
        Ok(Done::Changed(changed)) => answer(StatusCode::OK, &json!({ "done": changed })),
        Ok(Done::Document(entity, id)) => {
            let mut body = Map::from_iter([("entity_id".to_owned(), id.into())]);
            if let Some(document) = shop.books().table(entity).get(&id) {
                for name in ["increment_id", "grand_total"] {
                    let value = document.member(name).and_then(|value| serde_json::from_str::<Value>(value).ok());
                    body.extend(value.map(|value| (name.to_owned(), value)));
                }
            }
            answer(StatusCode::OK, &body.into())
        }
    }
}
