//! Customers who register and who change their data.

use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{post, put};
use serde_json::{Map, Value, json};

use super::{Answer, answer, read};
use crate::commerce::reply;
use crate::commerce::shop::Shop;

pub(super) fn router() -> Router<Shop> {
    Router::new()
        .route("/_sandbox/commerce/customers", post(register))
        .route("/_sandbox/commerce/customers/{id}", put(edit))
        .route("/_sandbox/commerce/customers/{id}/addresses", put(address_book))
}

async fn register(State(shop): State<Shop>, body: String) -> Answer {
    if body.trim().is_empty() {
        let id = shop.register_drawn().await;
        return answer(StatusCode::OK, &json!({ "id": id }));
    }
    if let Err(refused) = read::<Map<String, Value>>(&body) {
        return *refused;
    }
    match shop.register(&body).await {
        Ok(id) => answer(StatusCode::OK, &json!({ "id": id })),
        Err(refused) => refused.into_response(),
    }
}

async fn edit(State(shop): State<Shop>, Path(id): Path<u64>, body: String) -> Answer {
    if let Err(refused) = read::<Map<String, Value>>(&body) {
        return *refused;
    }
    match shop.edit_customer(id, &body).await {
        Ok(text) => reply::ok(text),
        Err(refused) => refused.into_response(),
    }
}

async fn address_book(State(shop): State<Shop>, Path(id): Path<u64>, body: String) -> Answer {
    match shop.edit_address_book(id, &body) {
        Ok(text) => reply::ok(text),
        Err(refused) => refused.into_response(),
    }
}
