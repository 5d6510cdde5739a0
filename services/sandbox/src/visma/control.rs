//! The test's own door to the company, under `/_sandbox/visma/`: no token, no faults, no rate window.
//!
//! | call | what it does |
//! | --- | --- |
//! | `GET config`, `POST config` | the settings; a JSON merge patch changes them |
//! | `POST customers` `{"count"?,"of_shop"?,"emails"?,"customers"?}` | customers that are there already |
//! | `POST accountant`, an [`Errand`] | somebody works in Visma itself: now, or before the `PUT`s to come |
//! | `DELETE accountant` | forgets the errands that wait |
//! | `POST supplier-invoices`, a [`Purchases`] | supplier invoices, and the purchase orders that they are for |
//! | `POST supplier-invoices/{type}/{number}`, a JSON merge patch of its form | changes one |
//! | `POST purchase-orders`, a [`PurchaseOrder`] | writes one, or writes over the one with its number |
//! | `POST purchase-orders/{number}`, a JSON merge patch of one | changes it |
//! | `POST periods` `{"period","closed"}` | closes or opens a financial period |
//! | `POST clock` `{"at"}`, a time in UTC or `null` | sets the server's clock, or sets it right |
//! | `POST revoke-tokens` | makes every token worthless |

use std::collections::HashSet;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use http::StatusCode;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::accountant::Errand;
use super::{Company, PurchaseOrder, Purchases, Seed};
use crate::commerce::Shop;
use crate::control::{Refused, ok, read, shown};

/// State that the door reaches.
#[derive(Clone, Debug)]
struct Door {
    company: Company,
    shop: Shop,
}

/// The control door of a company, to be merged into any router. The shop tells who its customers are.
pub fn control_router(company: Company, shop: Shop) -> Router {
    Router::new()
        .route("/_sandbox/visma/config", get(show_config).post(patch_config))
        .route("/_sandbox/visma/customers", post(seed_customers))
        .route("/_sandbox/visma/accountant", post(send_accountant).delete(dismiss_accountants))
        .route("/_sandbox/visma/supplier-invoices", post(generate_purchases))
        .route("/_sandbox/visma/supplier-invoices/{kind}/{number}", post(patch_supplier_invoice))
        .route("/_sandbox/visma/purchase-orders", post(put_order))
        .route("/_sandbox/visma/purchase-orders/{number}", post(patch_order))
        .route("/_sandbox/visma/periods", post(set_period))
        .route("/_sandbox/visma/clock", post(set_clock))
        .route("/_sandbox/visma/revoke-tokens", post(revoke_tokens))
        .with_state(Door { company, shop })
}

async fn show_config(State(door): State<Door>) -> Response {
    ok(&*door.company.config())
}

async fn patch_config(State(door): State<Door>, body: Bytes) -> Result<Response, Refused> {
    door.company.patch_config(read(&body)?).map_err(Refused)?;
    Ok(ok(&*door.company.config()))
}

async fn seed_customers(State(door): State<Door>, body: Bytes) -> Result<Response, Refused> {
    let mut seed = read::<Seed>(&body)?;
    seed.emails.extend(shop_emails(&door.shop, seed.of_shop));
    let numbers = door.company.seed_customers(seed).map_err(Refused)?;
    Ok(shown(StatusCode::CREATED, &json!({ "numbers": numbers })))
}

/// The first `count` e-mail addresses of the shop's orders.
fn shop_emails(shop: &Shop, count: usize) -> Vec<String> {
    let mut seen = HashSet::new();
    let emails = shop.ledger().into_iter().filter_map(|order| order.customer_email.map(|email| email.to_lowercase()));
    emails.filter(|email| seen.insert(email.clone())).take(count).collect()
}

async fn send_accountant(State(door): State<Door>, body: Bytes) -> Result<Response, Refused> {
    let numbers = door.company.send_accountant(read::<Errand>(&body)?).map_err(Refused)?;
    Ok(ok(&json!({ "numbers": numbers })))
}

async fn dismiss_accountants(State(door): State<Door>) -> StatusCode {
    door.company.dismiss_accountants();
    StatusCode::NO_CONTENT
}

async fn generate_purchases(State(door): State<Door>, body: Bytes) -> Result<Response, Refused> {
    let mut wanted = read::<Purchases>(&body)?;
    let orders = door.shop.ledger().into_iter().take(wanted.of_shop);
    wanted.of_orders.extend(orders.map(|order| order.increment_id));
    let generated = door.company.books().generate_purchases(&wanted).map_err(Refused)?;
    Ok(shown(StatusCode::CREATED, &generated))
}

async fn patch_supplier_invoice(
    State(door): State<Door>,
    Path(key): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refused> {
    door.company.books().patch_supplier_invoice(&key, read(&body)?).map_err(Refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn put_order(State(door): State<Door>, body: Bytes) -> Result<Response, Refused> {
    let number = door.company.books().put_order(read::<PurchaseOrder>(&body)?).map_err(Refused)?;
    Ok(shown(StatusCode::CREATED, &json!({ "number": number })))
}

async fn patch_order(State(door): State<Door>, Path(number): Path<String>, body: Bytes) -> Result<Response, Refused> {
    door.company.books().patch_order(&number, read(&body)?).map_err(Refused)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn set_period(State(door): State<Door>, body: Bytes) -> Result<Response, Refused> {
    door.company.set_period(read(&body)?);
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Time that the clock shall show.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Clock {
    at: Option<Timestamp>,
}

async fn set_clock(State(door): State<Door>, body: Bytes) -> Result<Response, Refused> {
    door.company.set_clock(read::<Clock>(&body)?.at);
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn revoke_tokens(State(door): State<Door>) -> StatusCode {
    door.company.revoke_tokens();
    StatusCode::NO_CONTENT
}
