//! Custom attributes of an order, which Adobe Commerce as a Cloud Service has, PaaS with Adobe's module for them, and
//! Open Source has not.
//!
//! Their values are texts. What we keep in one is a list of JSON objects, each of which a member tells from the others,
//! so that several documents find room in one attribute and one that changes takes its own place. Whether the shop puts
//! what is sent in place of all attributes or of those of the same code is nowhere written, so all that were read are
//! sent again with ours. `POST /V1/orders` writes the columns that it is sent and no others.

use bytes::Bytes;
use http::Request;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::comment::NotedOrder;
use crate::field;
use crate::requests::{Base, RequestError};

/// The member that tells the entries of a list apart.
pub const DOCUMENT: &str = "document";

/// A custom attribute as it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Attribute {
    #[serde(deserialize_with = "field::null_default")]
    attribute_code: String,
    value: Value,
}

/// Why nothing can be put into an attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// It holds something else.
    #[error("the attribute `{0}` of the order holds something that is no list of ours")]
    Foreign(String),
    /// The entry that is to be put into it is no object with a [`DOCUMENT`].
    #[error("what the attribute `{0}` shall hold does not say of which document it is")]
    Entry(String),
}

impl NotedOrder {
    /// The value that the attribute `code` must get so that `entry`, a JSON object, is in its list; nothing when it is.
    ///
    /// # Errors
    /// When the attribute is somebody else's, or `entry` is none.
    pub fn entered(&self, code: &str, entry: &str) -> Result<Option<String>, EntryError> {
        let entry: Value = serde_json::from_str(entry).map_err(|_| EntryError::Entry(code.to_owned()))?;
        let document = entry.get(DOCUMENT).and_then(Value::as_str);
        let document = document.ok_or_else(|| EntryError::Entry(code.to_owned()))?;
        let mut list = self.list(code)?;
        match list.iter_mut().find(|known| known.get(DOCUMENT).and_then(Value::as_str) == Some(document)) {
            Some(known) if *known == entry => return Ok(None),
            Some(known) => *known = entry,
            None => list.push(entry),
        }
        Ok(Some(Value::from(list).to_string()))
    }

    fn list(&self, code: &str) -> Result<Vec<Value>, EntryError> {
        let foreign = || EntryError::Foreign(code.to_owned());
        let held = self.custom_attributes.iter().find(|attribute| attribute.attribute_code == code);
        match held.map(|attribute| &attribute.value) {
            None | Some(Value::Null) => Ok(Vec::new()),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(Vec::new()),
            Some(Value::String(text)) => {
                let list: Vec<Value> = serde_json::from_str(text).map_err(|_| foreign())?;
                let ours = list.iter().all(|entry| entry.get(DOCUMENT).is_some_and(Value::is_string));
                if ours { Ok(list) } else { Err(foreign()) }
            }
            Some(_) => Err(foreign()),
        }
    }
}

/// `POST /V1/orders` with these attributes of an order, by code, and the others as they were read. What it answers says
/// nothing of what was kept: read the order again.
///
/// # Errors
/// None in practice.
pub fn write(base: &Base, order: &NotedOrder, values: &[(String, String)]) -> Result<Request<Bytes>, RequestError> {
    let others =
        order.custom_attributes.iter().filter(|held| values.iter().all(|(code, _)| *code != held.attribute_code));
    let others = others.map(|held| json!({ "attribute_code": held.attribute_code, "value": held.value }));
    let ours = values.iter().map(|(code, value)| json!({ "attribute_code": code, "value": value }));
    let attributes: Vec<Value> = others.chain(ours).collect();
    // An older Commerce gives an order that is saved without its number a new one.
    let entity = json!({
        "entity_id": order.entity_id, "increment_id": order.increment_id, "custom_attributes": attributes,
    });
    base.post("/V1/orders", json!({ "entity": entity }).to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "visma_supplier_invoices";
    const ONE: &str = r#"{"amount":"10.00","document":"Invoice-1"}"#;

    fn order(attributes: &Value) -> NotedOrder {
        let list = json!({ "items": [{
            "entity_id": 42, "increment_id": "000000042", "custom_attributes": attributes,
        }], "total_count": 1 });
        NotedOrder::decode_list(list.to_string().as_bytes()).unwrap().pop().unwrap()
    }

    fn holding(value: &str) -> NotedOrder {
        order(&json!([{ "attribute_code": CODE, "value": value }]))
    }

    #[test]
    fn an_entry_is_added_replaced_or_found() {
        let none = [order(&Value::Null), order(&json!([])), holding(""), order(&json!([{ "attribute_code": CODE }]))];
        for empty in none {
            assert_eq!(empty.entered(CODE, ONE).unwrap().as_deref(), Some(format!("[{ONE}]").as_str()));
        }
        let held = holding(&format!("[ {ONE} ]"));
        assert_eq!(held.entered(CODE, r#"{"document": "Invoice-1", "amount": "10.00"}"#), Ok(None));
        let other = r#"{"amount":"2.00","document":"CreditAdj-1"}"#;
        assert_eq!(held.entered(CODE, other).unwrap().unwrap(), format!("[{ONE},{other}]"));
        let changed = r#"{"amount":"12.00","document":"Invoice-1"}"#;
        assert_eq!(held.entered(CODE, changed).unwrap().unwrap(), format!("[{changed}]"));
    }

    #[test]
    fn what_others_keep_there_is_left_alone() {
        for foreign in ["by boat", "{}", "[1]", r#"[{"amount":"1"}]"#] {
            assert_eq!(holding(foreign).entered(CODE, ONE), Err(EntryError::Foreign(CODE.to_owned())), "{foreign}");
        }
        assert!(order(&json!([{ "attribute_code": CODE, "value": ["1"] }])).entered(CODE, ONE).is_err());
        for entry in ["", "[]", r#"{"amount":"1"}"#] {
            assert_eq!(holding("").entered(CODE, entry), Err(EntryError::Entry(CODE.to_owned())), "{entry}");
        }
    }

    #[test]
    fn all_attributes_are_sent_and_nothing_else_of_the_order() {
        let base = Base::parse("https://na1.api.commerce.adobe.com/tenant").unwrap();
        let order =
            order(&json!([{ "attribute_code": "gate", "value": "7" }, { "attribute_code": CODE, "value": "[]" }]));
        let request = write(&base, &order, &[(CODE.to_owned(), format!("[{ONE}]"))]).unwrap();
        assert_eq!(request.uri(), "https://na1.api.commerce.adobe.com/tenant/V1/orders");
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let attributes = json!([
            { "attribute_code": "gate", "value": "7" }, { "attribute_code": CODE, "value": format!("[{ONE}]") },
        ]);
        let entity = json!({ "entity_id": 42, "increment_id": "000000042", "custom_attributes": attributes });
        assert_eq!(body, json!({ "entity": entity }));
    }
}
