//! Content of a delivery of Adobe I/O: events for one recipient, each about a record of the shop or about none of ours.

use serde_json::Value;

use super::super::hint::{self, Hint, HintError};
use crate::webhook::Verified;

/// Events of one delivery at most; Adobe sends 20.
const MAX_EVENTS: usize = 100;

/// The events of a delivery that was believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// In the order of the body.
    pub events: Vec<Event>,
}

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its id, the same when it is sent again; empty where there is none.
    pub id: String,
    /// Its type, as `com.adobe.commerce.observer.sales_order_save_commit_after`.
    pub kind: String,
    /// The record that may have changed; `None` for a type that is about no record of ours.
    pub hint: Option<Result<Hint, Unnamed>>,
}

/// The event is about a record of ours and does not name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the event names no record: subscribe to it with its entity_id among the fields")]
pub struct Unnamed;

/// Why a delivery is not taken.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The body is no JSON text.
    #[error("the delivery is no JSON")]
    Malformed(#[source] serde_json::Error),
    /// Neither an event nor a list of them.
    #[error("the delivery holds no event")]
    Empty,
    /// More events than one delivery has.
    #[error("the delivery holds more than {MAX_EVENTS} events")]
    TooMany,
    /// An event is for somebody else.
    #[error("the delivery is for the client id `{0}`, which is not the configured one")]
    Recipient(String),
}

impl Verified {
    /// The events of a delivery for `client_id`.
    ///
    /// # Errors
    /// When one of them is for another client, or the body holds none.
    pub fn delivery(&self, client_id: &str) -> Result<Delivery, DeliveryError> {
        let body = addressed(&self.0, client_id)?;
        Ok(Delivery { events: events(&body).iter().map(event).collect() })
    }
}

/// Checks that a body says that it is for `client_id`. Nobody has signed it yet: this only spares the work for a body
/// that would be refused anyway.
///
/// # Errors
/// As [`Verified::delivery`].
pub fn addressed_to(body: &[u8], client_id: &str) -> Result<(), DeliveryError> {
    addressed(body, client_id).map(drop)
}

fn addressed(body: &[u8], client_id: &str) -> Result<Value, DeliveryError> {
    let body: Value = serde_json::from_slice(body).map_err(DeliveryError::Malformed)?;
    let events = events(&body);
    if events.len() > MAX_EVENTS {
        return Err(DeliveryError::TooMany);
    }
    if events.is_empty() || !events.iter().all(Value::is_object) {
        return Err(DeliveryError::Empty);
    }
    for event in events {
        let recipient = text(event, &["recipientclientid", "recipient_client_id"]);
        if recipient != client_id {
            return Err(DeliveryError::Recipient(recipient.chars().take(100).collect()));
        }
    }
    Ok(body)
}

/// One event, or a list of them.
fn events(body: &Value) -> &[Value] {
    body.as_array().map_or(std::slice::from_ref(body), Vec::as_slice)
}

fn event(event: &Value) -> Event {
    let kind = text(event, &["type"]).to_owned();
    let hint = hint::is_ours(&kind).then(|| match hint::of_event(event) {
        Ok(hint) => Ok(hint),
        Err(HintError::NoKey | HintError::Malformed(_) | HintError::TooMany | HintError::Pointer(_)) => Err(Unnamed),
    });
    // The names with an underscore end with the year 2026.
    Event { id: text(event, &["id", "eventid", "event_id"]).to_owned(), kind, hint }
}

/// The first of these fields that holds a text.
fn text<'e>(event: &'e Value, names: &[&str]) -> &'e str {
    names.iter().find_map(|name| event.get(name)?.as_str()).unwrap_or_default()
}
