//! One page of a list of records.
//!
//! The records stay the text that was sent: what is recorded is what was read, and only the few fields that paging
//! needs are looked at, so that a page of a hundred orders is not a hundred trees in memory. A page that does not say
//! how many rows there are is no empty page: taking a broken answer for "nothing new" would move the cursor past
//! records that were never read.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::decode::{DecodeError, from_text};
use crate::entity::Entity;
use crate::field::id_of;
use crate::time::Moment;

/// A page of `GET /V1/orders` and the like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows, as sorted by the server.
    pub items: Vec<Row>,
    /// Rows of the whole search, on all its pages.
    pub total_count: u64,
}

/// One record of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Database id.
    pub entity_id: u64,
    /// When the row was last written.
    pub updated_at: Moment,
    /// Database id of the order; for an invoice or a credit memo only.
    pub order_id: Option<u64>,
    /// Database id of the account; for an order that no guest placed only.
    pub account: Option<u64>,
    /// Database id of the store view that it was placed in.
    pub store: Option<u64>,
    /// The record as it was sent: JSON text.
    pub text: String,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(default, borrow)]
    items: Option<Vec<&'a RawValue>>,
    total_count: u64,
}

/// Fields of a record that paging needs.
#[derive(Deserialize)]
struct Head {
    #[serde(default)]
    entity_id: Value,
    #[serde(default)]
    id: Value,
    #[serde(default)]
    order_id: Value,
    #[serde(default)]
    customer_id: Value,
    #[serde(default)]
    customer_is_guest: Value,
    #[serde(default)]
    store_id: Value,
    #[serde(default)]
    updated_at: Value,
}

impl Page {
    /// Decodes the body of a list answer.
    ///
    /// # Errors
    /// When it is no list, when rows are announced and none are there, or when a row lacks its id or time.
    pub fn decode(entity: Entity, body: &[u8]) -> Result<Self, DecodeError> {
        let wire: Wire = from_text(body)?;
        let Some(values) = wire.items else {
            return match wire.total_count {
                0 => Ok(Self { items: Vec::new(), total_count: 0 }),
                count => Err(DecodeError { path: "items".into(), reason: format!("missing, of {count} rows in all") }),
            };
        };
        let items = values
            .into_iter()
            .enumerate()
            .map(|(index, text)| Row::read(entity, index, text))
            .collect::<Result<_, _>>();
        Ok(Self { items: items?, total_count: wire.total_count })
    }
}

impl Row {
    /// One record, from the list or by itself.
    ///
    /// # Errors
    /// When it is no record of its kind: no object, no id, no time, and for a document no order.
    pub fn decode(entity: Entity, text: &str) -> Result<Self, DecodeError> {
        let head: Head = from_text(text.as_bytes())?;
        let fail = |field: &str, reason: String| DecodeError { path: field.to_owned(), reason };
        let id = |field: &str, value: &Value| {
            id_of(value).ok_or_else(|| fail(field, "an id is needed here: a whole number".into()))
        };
        let entity_id = match entity {
            Entity::Order | Entity::Invoice | Entity::CreditMemo => id("entity_id", &head.entity_id)?,
            Entity::Customer => id("id", &head.id)?,
        };
        let order_id = match entity {
            Entity::Invoice | Entity::CreditMemo => Some(id("order_id", &head.order_id)?),
            Entity::Order | Entity::Customer => None,
        };
        let is_guest = head.customer_is_guest == Value::Bool(true) || id_of(&head.customer_is_guest) == Some(1);
        let account = match entity {
            Entity::Order if !is_guest => id_of(&head.customer_id).filter(|id| *id > 0),
            Entity::Order | Entity::Invoice | Entity::CreditMemo | Entity::Customer => None,
        };
        let store = Some(&head.store_id).filter(|_| entity != Entity::Customer).and_then(id_of);
        let updated_at = Moment::parse(head.updated_at.as_str().unwrap_or_default());
        let updated_at = updated_at.map_err(|error| fail("updated_at", error.to_string()))?;
        Ok(Self { entity_id, updated_at, order_id, account, store, text: text.to_owned() })
    }

    fn read(entity: Entity, index: usize, text: &RawValue) -> Result<Self, DecodeError> {
        Self::decode(entity, text.get()).map_err(|error| {
            let inside = if error.path == "." { String::new() } else { format!(".{}", error.path) };
            DecodeError { path: format!("items[{index}]{inside}"), ..error }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, Row};
    use crate::entity::Entity;
    use crate::fixtures::{CONFIGURABLE, CUSTOMER_PERSON, DOWNLOADABLE, INVOICES, MEMOS};

    fn decode(text: &str) -> Result<Page, String> {
        Page::decode(Entity::Order, text.as_bytes()).map_err(|error| error.path)
    }

    #[test]
    fn rows_keep_their_number_text() {
        let page = decode(&format!(
            "{{\"items\":[{CONFIGURABLE},{DOWNLOADABLE}],\"search_criteria\":{{}},\"total_count\":9}}"
        ))
        .expect("a page");
        assert_eq!((page.items.len(), page.total_count), (2, 9));
        assert_eq!((page.items[0].entity_id, page.items[1].entity_id), (487, 94));
        assert!(page.items[1].text.contains("1.7763568394003e-15"));
    }

    #[test]
    fn an_empty_page_says_so() {
        for text in [r#"{"items":[],"total_count":0}"#, r#"{"items":null,"total_count":0}"#, r#"{"total_count":0}"#] {
            assert_eq!(decode(text).map(|page| page.items.len()), Ok(0), "{text}");
        }
        assert_eq!(decode(r#"{"items":[],"total_count":838}"#).map(|page| page.total_count), Ok(838));
    }

    #[test]
    fn a_broken_page_is_not_empty() {
        for (text, path) in [
            (r#"{"items":null,"total_count":3}"#, "items"),
            (r#"{"items":[]}"#, "."),
            ("[]", "."),
            ("<html>", "."),
            (r#"{"items":[{}],"total_count":1}"#, "items[0].entity_id"),
            (r#"{"items":[{"entity_id":"1","updated_at":"2026-01-01 00:00:00"},7],"total_count":1}"#, "items[1]"),
            (r#"{"items":[{"entity_id":1}],"total_count":1}"#, "items[0].updated_at"),
            (r#"{"items":[{"entity_id":1,"updated_at":"soon"}],"total_count":1}"#, "items[0].updated_at"),
        ] {
            assert_eq!(decode(text), Err(path.to_owned()), "{text}");
        }
    }

    #[test]
    fn an_order_names_its_account_unless_a_guest_placed_it() {
        let account = |fields: &str| {
            let text = format!("{{\"entity_id\":1,\"updated_at\":\"2026-01-01 00:00:00\",{fields}}}");
            Row::decode(Entity::Order, &text).expect("a row").account
        };
        assert_eq!(account(r#""customer_id":"77""#), Some(77));
        assert_eq!(account(r#""customer_id":77,"customer_is_guest":0"#), Some(77));
        for guest in [r#""customer_id":null"#, r#""customer_id":77,"customer_is_guest":1"#, r#""customer_id":0"#] {
            assert_eq!(account(guest), None, "{guest}");
        }
    }

    #[test]
    fn documents_name_their_order_and_customers_their_id() {
        for (name, text) in INVOICES {
            let row = Row::decode(Entity::Invoice, text).expect(name);
            assert!(row.order_id.is_some_and(|id| id > 0), "{name}");
        }
        for (name, text) in MEMOS {
            let row = Row::decode(Entity::CreditMemo, text).expect(name);
            assert!(row.order_id.is_some_and(|id| id > 0), "{name}");
        }
        let row = Row::decode(Entity::Customer, CUSTOMER_PERSON).expect("a customer");
        assert!(row.entity_id > 0 && row.order_id.is_none());
        let path = |entity, text| Row::decode(entity, text).map_err(|error| error.path);
        assert_eq!(path(Entity::Customer, CONFIGURABLE), Err("id".to_owned()));
        assert_eq!(path(Entity::Invoice, CONFIGURABLE), Err("order_id".to_owned()));
    }
}
