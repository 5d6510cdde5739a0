//! `POST /V1/orders` with an id: the columns that are sent, and custom attributes where the shop has them.
//!
//! Measured on 2.4.7: only what is sent changes, an unknown id is refused for a payment that is missing, `ext_order_id`
//! is cut to 32 characters without a word, the same values again leave `updated_at`, and the answer shows null and 0
//! for what was not sent. Custom attributes are from the documentation: built into SaaS, a module on PaaS, never on
//! Open Source. Whether they are put in place of all others is not documented, nor what a shop without them answers:
//! both are settings.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode};
use axum::response::IntoResponse as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::comment::json_body;
use super::config::Flavour;
use super::refusal::CommerceRefusal;
use super::reply;
use super::search::columns::Entity;
use super::search::criteria::pascal;
use super::shop::{Shop, now};
use super::table::Document;
use super::webhook::{self, Waiting};
use crate::hold::{Point, Points};

/// Ways in which a shop treats custom attributes of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderAttributes {
    /// It does not know them, and says so.
    Refused,
    /// It does not know them, and says nothing.
    Ignored,
    /// Those that are sent are all that the order has then.
    Replaced,
    /// Those that are sent take the place of those with the same code.
    Merged,
}

/// The columns that may be sent here; a real shop takes others too, and whoever sends them does harm.
const COLUMNS: [&str; 3] = ["ext_order_id", "ext_customer_id", "customer_note"];
/// The width of `ext_order_id` and `ext_customer_id`.
const WIDTH: usize = 32;

/// Saves a part of an order.
pub(crate) async fn order(
    shop: &Shop,
    headers: &HeaderMap,
    body: &[u8],
    points: &Points,
) -> Result<Response<Body>, CommerceRefusal> {
    let body = json_body(headers, body)?;
    let entity = match body.get("entity") {
        Some(Value::Object(entity)) => entity,
        _ => return Err(CommerceRefusal::required(&["entity"])),
    };
    let id = match entity.get("entity_id") {
        Some(Value::String(id)) => id.parse().ok(),
        Some(id) => id.as_u64(),
        None => None,
    };
    // It would be a new one, which lacks everything.
    let no_payment = || CommerceRefusal::plain(StatusCode::BAD_REQUEST, "Please provide payment for the order.");
    let id = id.filter(|id| shop.books().orders.contains_key(id)).ok_or_else(no_payment)?;
    if let Err(aborted) = points.reach(Point::BeforeCommit).await {
        return Ok(aborted.into_response());
    }
    let told = shop.save_order(id, entity)?;
    if let Err(aborted) = points.reach(Point::AfterCommit).await {
        return Ok(aborted.into_response());
    }
    webhook::wait(told).await;
    let mut shown = json!({ "base_grand_total": null, "grand_total": null, "customer_email": null, "total_due": 0 });
    if let Some(shown) = shown.as_object_mut() {
        shown.extend(entity.clone());
    }
    Ok(reply::ok(shown.to_string()))
}

impl Shop {
    fn save_order(&self, id: u64, entity: &Map<String, Value>) -> Result<Waiting, CommerceRefusal> {
        let mut books = self.books();
        let before = books.orders.get(&id).ok_or_else(CommerceRefusal::no_entity)?.clone();
        let mut order = before.clone();
        for (name, value) in entity {
            match name.as_str() {
                "entity_id" => {}
                "increment_id" if order.string(name).as_deref() == value.as_str() => {}
                "custom_attributes" => order = self.with_attributes(order, value)?,
                column if COLUMNS.contains(&column) => order = with_column(&order, column, value),
                other => return Err(CommerceRefusal::not_supported(&pascal(other))),
            }
        }
        if order.text() == before.text() {
            return Ok(None);
        }
        books.orders.insert(id, order.with("updated_at", &Value::from(now()).to_string()));
        drop(books);
        Ok(webhook::announce_saved(self, Entity::Order, id))
    }

    fn with_attributes(&self, order: Document, sent: &Value) -> Result<Document, CommerceRefusal> {
        let by_flavour = match self.config().flavour {
            Flavour::Paas => OrderAttributes::Refused,
            Flavour::Saas => OrderAttributes::Merged,
        };
        let sent = sent.as_array().cloned().unwrap_or_default();
        for attribute in &sent {
            let text = |name: &str| attribute.get(name).and_then(Value::as_str);
            if text("attribute_code").is_none_or(str::is_empty) || text("value").is_none() {
                return Err(CommerceRefusal::wrong_type(&["custom_attributes"], &attribute.to_string(), "string"));
            }
        }
        let all = match self.config().order_attributes.unwrap_or(by_flavour) {
            OrderAttributes::Refused => return Err(CommerceRefusal::not_supported("CustomAttributes")),
            OrderAttributes::Ignored => return Ok(order),
            OrderAttributes::Replaced => sent,
            OrderAttributes::Merged => {
                let held: Vec<Value> = order
                    .member("custom_attributes")
                    .and_then(|held| serde_json::from_str(held).ok())
                    .unwrap_or_default();
                let code = |attribute: &Value| attribute.get("attribute_code").cloned();
                let others = held.into_iter().filter(|held| sent.iter().all(|new| code(new) != code(held)));
                others.collect::<Vec<_>>().into_iter().chain(sent.iter().cloned()).collect()
            }
        };
        Ok(order.with("custom_attributes", &Value::from(all).to_string()))
    }
}

fn with_column(order: &Document, column: &str, value: &Value) -> Document {
    match value {
        Value::String(text) if column != "customer_note" => {
            let cut: String = text.chars().take(WIDTH).collect();
            order.with(column, &Value::from(cut).to_string())
        }
        other => order.with(column, &other.to_string()),
    }
}
