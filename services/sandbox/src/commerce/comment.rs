//! Comments on an order, the one thing that is written here.
//!
//! Measured on 2.4.7: a comment does not move the order's `updated_at`; duplicates are stored twice; an omitted or
//! empty status means the order's own, and any other is refused; `parent_id` in the body is ignored; a plain string
//! where the object belongs is accepted and stores an empty comment.

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};
use axum::response::IntoResponse;
use serde_json::{Map, Value, json};

use super::read;
use super::refusal::CommerceRefusal;
use super::reply;
use super::search::criteria::pascal;
use super::shop::{self, Shop};
use super::text;
use crate::hold::{Point, Points};

/// `GET /V1/orders/{id}/comments`: oldest first, without criteria.
pub(crate) fn list(shop: &Shop, id: &str) -> Result<Response<Body>, CommerceRefusal> {
    let books = shop.books();
    let order = books.orders.get(&read::order_id(id)?).ok_or_else(CommerceRefusal::no_entity)?;
    let mut comments = text::elements(order.member("status_histories").unwrap_or("[]"));
    comments.reverse();
    let criteria = json!({ "filter_groups": [{ "filters": [{
        "field": "parent_id", "value": id, "condition_type": "eq",
    }] }] });
    let (items, total) = (comments.join(","), comments.len());
    Ok(reply::ok(format!("{{\"items\":[{items}],\"search_criteria\":{criteria},\"total_count\":{total}}}")))
}

/// `POST /V1/orders/{id}/comments`: `true`.
pub(crate) async fn add(
    shop: &Shop,
    id: &str,
    headers: &HeaderMap,
    body: &[u8],
    points: &Points,
) -> Result<Response<Body>, CommerceRefusal> {
    let history = history(headers, body)?;
    let id = read::order_id(id)?;
    if let Err(aborted) = points.reach(Point::BeforeCommit).await {
        return Ok(aborted.into_response());
    }
    store(shop, id, &history)?;
    if let Err(aborted) = points.reach(Point::AfterCommit).await {
        return Ok(aborted.into_response());
    }
    Ok(reply::ok("true"))
}

/// A body as JSON; null when it is empty.
pub(crate) fn json_body(headers: &HeaderMap, body: &[u8]) -> Result<Value, CommerceRefusal> {
    let bad = |message: &str| CommerceRefusal::plain(StatusCode::BAD_REQUEST, message);
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split_once(';').map_or(kind, |(kind, _)| kind).trim();
    if kind.is_empty() {
        return Err(bad("Content-Type header is empty."));
    }
    if kind != "application/json" {
        return Err(bad(&format!("Server cannot understand Content-Type HTTP header media type {kind}")));
    }
    match body {
        [] => Ok(Value::Null),
        body => serde_json::from_slice(body).map_err(|_| bad("Decoding error.")),
    }
}

/// The `statusHistory` of a body, its names in snake case.
fn history(headers: &HeaderMap, body: &[u8]) -> Result<Map<String, Value>, CommerceRefusal> {
    let body = json_body(headers, body)?;
    let sent = body.get("statusHistory").or_else(|| body.get("status_history"));
    match sent {
        None | Some(Value::Null) => Err(CommerceRefusal::required(&["statusHistory"])),
        Some(Value::Object(sent)) => sent.iter().map(|(name, value)| Ok((field(name)?, typed(name, value)?))).collect(),
        Some(_) => Ok(Map::new()),
    }
}

/// The snake-case name of a known field.
fn field(name: &str) -> Result<String, CommerceRefusal> {
    let known = match pascal(name).as_str() {
        "Comment" => "comment",
        "CreatedAt" => "created_at",
        "EntityId" => "entity_id",
        "EntityName" => "entity_name",
        "ExtensionAttributes" => "extension_attributes",
        "IsCustomerNotified" => "is_customer_notified",
        "IsVisibleOnFront" => "is_visible_on_front",
        "ParentId" => "parent_id",
        "Status" => "status",
        unknown => return Err(CommerceRefusal::not_supported(unknown)),
    };
    Ok(known.to_owned())
}

fn typed(name: &str, value: &Value) -> Result<Value, CommerceRefusal> {
    let flag = matches!(pascal(name).as_str(), "IsCustomerNotified" | "IsVisibleOnFront" | "ParentId");
    match value {
        Value::String(text) if flag => match text.parse::<i64>() {
            Ok(number) => Ok(number.into()),
            Err(_) => Err(CommerceRefusal::wrong_type(&[name], text, "int")),
        },
        Value::Bool(set) if flag => Ok(i64::from(*set).into()),
        other => Ok(other.clone()),
    }
}

/// Writes the comment in front of the others; the order's own columns stay.
fn store(shop: &Shop, id: u64, sent: &Map<String, Value>) -> Result<(), CommerceRefusal> {
    let mut books = shop.books();
    let comment_id = books.next_comment();
    let order = books.orders.get(&id).ok_or_else(CommerceRefusal::no_entity)?;
    let current = order.string("status").unwrap_or_default().into_owned();
    if let Some(Value::String(status)) = sent.get("status")
        && !status.is_empty()
        && *status != current
    {
        let message =
            "Unable to add comment: The status \"%1\" is not part of the order\n                 status history.";
        return Err(CommerceRefusal::listed(StatusCode::BAD_REQUEST, message, &[status]));
    }
    let mut comment = Map::new();
    let mut put = |name: &str, value: Value| comment.insert(name.to_owned(), value);
    if let Some(text) = sent.get("comment").filter(|text| !text.is_null()) {
        put("comment", text.clone());
    }
    if let Some(name) = sent.get("entity_name").filter(|name| !name.is_null()) {
        put("entity_name", name.clone());
    }
    put("created_at", shop::now().into());
    put("entity_id", comment_id.into());
    put("is_customer_notified", sent.get("is_customer_notified").cloned().unwrap_or_default());
    put("is_visible_on_front", sent.get("is_visible_on_front").cloned().unwrap_or_else(|| 0.into()));
    put("parent_id", id.into());
    put("status", current.into());
    let mut all = vec![Value::from(comment).to_string()];
    all.extend(text::elements(order.member("status_histories").unwrap_or("[]")).into_iter().map(str::to_owned));
    let changed = order.with("status_histories", &format!("[{}]", all.join(",")));
    books.orders.insert(id, changed);
    Ok(())
}
