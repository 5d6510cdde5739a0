//! Which record a webhook is about.
//!
//! Bodies are whatever the merchant's module makes of them, so the id is looked for where the usual ones put it:
//! Adobe's observers (`{"eventName", "data"}`), plugins (named arguments such as `{"order": {…}}`), I/O Events
//! (`{"type", "data": {"value": {…}}}`, ids as strings, several in a list) and hand-made ones (`{"order_id": 7}`). A
//! body of any other form needs a configured pointer. Nothing but the key is taken from it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::entity::Entity;
use crate::field::id_of;

/// Hints of one body at most; Adobe sends 20 events together.
const MAX_HINTS: usize = 100;
/// Objects inside objects that are looked into.
const MAX_DEPTH: usize = 4;
/// Length of the column `increment_id`.
const MAX_INCREMENT_ID: usize = 50;

/// Names one record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum HintKey {
    /// Database id: it can be read directly.
    EntityId(u64),
    /// The number that people see: it must be searched for.
    IncrementId(String),
}

/// One record that may have changed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Hint {
    /// Its kind.
    pub entity: Entity,
    /// Its name.
    pub key: HintKey,
}

/// Why a believed webhook gives no hint.
#[derive(Debug, thiserror::Error)]
pub enum HintError {
    /// The body is no JSON text.
    #[error("the webhook's body is no JSON")]
    Malformed(#[source] serde_json::Error),
    /// The body names no record.
    #[error("the webhook's body names no record: configure where its id stands")]
    NoKey,
    /// The body names more records than one webhook may.
    #[error("the webhook names more than {MAX_HINTS} records")]
    TooMany,
    /// The configured pointer is none.
    #[error("`{0}` is no JSON pointer: write it as /data/order/entity_id")]
    Pointer(String),
}

/// Where the key of an order stands in a body of another form: a JSON pointer (RFC 6901), `/data/order/entity_id`.
///
/// A last part that ends in `increment_id` means the number that people see, any other the database id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPointer(String);

impl KeyPointer {
    /// Reads a configured pointer.
    ///
    /// # Errors
    /// When it does not begin with a slash.
    pub fn new(pointer: &str) -> Result<Self, HintError> {
        if pointer.starts_with('/') {
            Ok(Self(pointer.to_owned()))
        } else {
            Err(HintError::Pointer(pointer.to_owned()))
        }
    }

    fn find(&self, body: &Value) -> Option<Hint> {
        let value = body.pointer(&self.0)?;
        let key = if self.0.ends_with("increment_id") { increment_key(value) } else { entity_key(value) };
        Some(Hint { entity: Entity::Order, key: key? })
    }
}

/// The hints of a body.
pub(super) fn read(body: &[u8], pointer: Option<&KeyPointer>) -> Result<Vec<Hint>, HintError> {
    let body: Value = serde_json::from_slice(body).map_err(HintError::Malformed)?;
    let one = std::slice::from_ref(&body);
    let events = body.as_array().map_or(one, Vec::as_slice);
    if events.len() > MAX_HINTS {
        return Err(HintError::TooMany);
    }
    let mut hints: Vec<Hint> = Vec::new();
    for event in events {
        // One event without a key must not pass in silence between others that have one.
        let hint = match pointer {
            Some(pointer) => pointer.find(event).ok_or(HintError::NoKey)?,
            None => of_event(event)?,
        };
        if !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    if hints.is_empty() { Err(HintError::NoKey) } else { Ok(hints) }
}

/// The hint of one event.
pub(super) fn of_event(event: &Value) -> Result<Hint, HintError> {
    find(event, Subject::of_event(event), MAX_DEPTH).ok_or(HintError::NoKey)
}

/// The stores that the records of a body are of: none where one of its events names none. A customer is of a website,
/// not of the store that it came through.
pub(super) fn stores(body: &[u8]) -> Vec<u64> {
    let Ok(body) = serde_json::from_slice::<Value>(body) else { return Vec::new() };
    let one = std::slice::from_ref(&body);
    let of = |event: &Value| {
        let is_customer = of_event(event).is_ok_and(|hint| hint.entity == Entity::Customer);
        store(event, MAX_DEPTH).filter(|_| !is_customer)
    };
    let found: Option<BTreeSet<u64>> = body.as_array().map_or(one, Vec::as_slice).iter().map(of).collect();
    found.unwrap_or_default().into_iter().collect()
}

/// The store that an object names, or what it holds.
fn store(object: &Value, depth: usize) -> Option<u64> {
    let object = object.as_object()?;
    if let Some(store) = object.get("store_id").and_then(id_of).filter(|store| *store > 0) {
        return Some(store);
    }
    let deeper = depth.checked_sub(1)?;
    let inside = Subject::NAMED.iter().map(|(name, _)| *name).chain(["data", "value", "data_object"]);
    inside.filter_map(|name| object.get(name)).find_map(|inner| store(inner, deeper))
}

/// True when a type of event is about a record that we read. An event about none would be taken for an order.
pub(super) fn is_ours(kind: &str) -> bool {
    let kind = kind.to_ascii_lowercase().replace('_', "");
    let ours = ["order", "invoice", "creditmemo", "shipment", "customer", "checkout"];
    ours.iter().any(|name| kind.contains(name)) && !kind.contains("customergroup")
}

/// Subject of an event, and the fields of its record that hold the key.
#[derive(Clone, Copy)]
struct Subject {
    entity: Entity,
    /// Fields with the database id, best first.
    ids: &'static [&'static str],
    /// True when a bare `id`, and an `increment_id`, belong to this record.
    own: bool,
}

impl Subject {
    const ORDER: Self = Self { entity: Entity::Order, ids: &["order_id", "entity_id"], own: true };
    /// Parts of an order, whose own ids say nothing: the order is their parent.
    const ORDER_PART: Self = Self { entity: Entity::Order, ids: &["order_id", "parent_id"], own: false };
    /// A shipment and its parts, whose parent is the shipment.
    const SHIPMENT: Self = Self { entity: Entity::Order, ids: &["order_id"], own: false };
    /// Lines and comments, whose own ids say nothing: the document is their parent.
    const INVOICE_PART: Self = Self { entity: Entity::Invoice, ids: &["invoice_id", "parent_id"], own: false };
    const CREDIT_MEMO_PART: Self =
        Self { entity: Entity::CreditMemo, ids: &["creditmemo_id", "parent_id"], own: false };
    const INVOICE: Self = Self { entity: Entity::Invoice, ids: &["invoice_id", "entity_id"], own: true };
    const CREDIT_MEMO: Self = Self { entity: Entity::CreditMemo, ids: &["creditmemo_id", "entity_id"], own: true };
    /// A customer's address, whose own id says nothing.
    const CUSTOMER_PART: Self = Self { entity: Entity::Customer, ids: &["customer_id", "parent_id"], own: false };
    const CUSTOMER: Self = Self { entity: Entity::Customer, ids: &["customer_id", "entity_id"], own: true };

    /// Objects that name what they hold.
    const NAMED: [(&'static str, Self); 8] = [
        ("order", Self::ORDER),
        ("invoice", Self::INVOICE),
        ("creditmemo", Self::CREDIT_MEMO),
        ("customer", Self::CUSTOMER),
        ("customer_address", Self::CUSTOMER_PART),
        ("shipment", Self::SHIPMENT),
        ("track", Self::SHIPMENT),
        ("status_history", Self::ORDER_PART),
    ];

    /// Objects that hold what the event is about, or a part of an order that names it.
    const SAID_BY_EVENT: [&'static str; 5] = ["address", "payment", "item", "comment", "data_object"];

    /// By the name of the event, where there is one; an order otherwise.
    fn of_event(event: &Value) -> Self {
        let name =
            ["event", "eventName", "type"].iter().find_map(|field| event.get(field)?.as_str()).unwrap_or_default();
        let name = name.to_ascii_lowercase().replace(['_', '.'], "");
        let parts = ["statushistory", "orderaddress", "orderpayment", "orderitem"];
        let is_part =
            |document: &str| ["item", "comment"].iter().any(|part| name.contains(&format!("{document}{part}")));
        if name.contains("shipment") {
            Self::SHIPMENT
        } else if parts.iter().any(|part| name.contains(part)) {
            Self::ORDER_PART
        } else if name.contains("creditmemo") {
            if is_part("creditmemo") { Self::CREDIT_MEMO_PART } else { Self::CREDIT_MEMO }
        } else if name.contains("invoice") {
            if is_part("invoice") { Self::INVOICE_PART } else { Self::INVOICE }
        } else if name.contains("customer") && name.contains("address") && !name.contains("order") {
            Self::CUSTOMER_PART
        } else if name.contains("customer") && !name.contains("order") {
            Self::CUSTOMER
        } else {
            Self::ORDER
        }
    }
}

/// The first key in an object: in its own id fields, then in what it holds, then a bare `id`.
fn find(event: &Value, subject: Subject, depth: usize) -> Option<Hint> {
    let object = event.as_object()?;
    let hint = |key: HintKey| Hint { entity: subject.entity, key };
    if let Some(key) = subject.ids.iter().find_map(|field| entity_key(object.get(*field)?)) {
        return Some(hint(key));
    }
    let deeper = depth.checked_sub(1)?;
    for (name, named) in Subject::NAMED {
        if let Some(found) = object.get(name).and_then(|inner| find(inner, named, deeper)) {
            return Some(found);
        }
    }
    for name in ["data", "value"] {
        if let Some(found) = object.get(name).and_then(|inner| find(inner, subject, deeper)) {
            return Some(found);
        }
    }
    for name in Subject::SAID_BY_EVENT {
        // Of an event that names a record and no part of one, it is a part: only an order that it names is meant.
        let said = if subject.own && name != "data_object" { Subject::SHIPMENT } else { subject };
        if let Some(found) = object.get(name).and_then(|inner| find(inner, said, deeper)) {
            return Some(found);
        }
    }
    if !subject.own {
        return None;
    }
    let own = object.get("id").and_then(entity_key).or_else(|| increment_key(object.get("increment_id")?));
    // A document that is not saved yet has no number of its own: its order has one.
    let of_order = || object.get("order_id").and_then(entity_key).map(|key| Hint { entity: Entity::Order, key });
    own.map(hint).or_else(of_order)
}

fn entity_key(value: &Value) -> Option<HintKey> {
    id_of(value).filter(|id| *id > 0).map(HintKey::EntityId)
}

fn increment_key(value: &Value) -> Option<HintKey> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Number(number) => number.as_str(),
        _ => return None,
    };
    let usable = !text.is_empty() && text.len() <= MAX_INCREMENT_ID && !text.contains(char::is_control);
    usable.then(|| HintKey::IncrementId(text.to_owned()))
}
