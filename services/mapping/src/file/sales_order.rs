//! How a purchase order in Visma names the order of the shop that it serves: a field, and a pattern in it.

use regex::Regex;
use serde_json::Value;

use super::read::{Reader, Table};

/// Length of a field that is looked into; what is longer is nobody's reference.
const LONGEST: usize = 10_000;

/// One way.
#[derive(Debug, Clone)]
pub(crate) struct SalesOrder {
    place: Place,
    pattern: Regex,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    /// A field by its name, or by a JSON pointer.
    Field(String),
    /// An attribute by its id.
    Attribute(String),
}

impl SalesOrder {
    /// Returns the texts that the pattern finds, each once: its group `order`, or else its first group.
    pub(crate) fn find(&self, purchase_order: &Value) -> Vec<String> {
        let mut found = Vec::new();
        for captures in self.pattern.captures_iter(&self.place.text(purchase_order)) {
            let order = captures.name("order").or_else(|| captures.get(1)).map(|order| order.as_str().to_owned());
            found.extend(order.filter(|order| !order.is_empty() && !found.contains(order)));
        }
        found
    }
}

impl Place {
    fn text(&self, purchase_order: &Value) -> String {
        let value = match self {
            Self::Field(name) if name.starts_with('/') => purchase_order.pointer(name),
            Self::Field(name) => purchase_order.get(name),
            Self::Attribute(id) => {
                let named = |attribute: &&Value| attribute.get("id").and_then(Value::as_str) == Some(id);
                let attributes = purchase_order.get("attributes").and_then(Value::as_array);
                attributes.and_then(|list| list.iter().find(named)).and_then(|attribute| attribute.get("value"))
            }
        };
        let value = value.map(|value| value.get("value").unwrap_or(value));
        let text = match value {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => String::new(),
        };
        if text.len() > LONGEST { String::new() } else { text }
    }
}

/// Reads the rules; none is allowed: then no purchase order serves an order.
pub(super) fn rules<'t>(reader: &mut Reader<'t>, root: &Table<'t>) -> Vec<SalesOrder> {
    let mut rules = Vec::new();
    for table in reader.tables(root, "sales_order") {
        reader.known_keys(&table, &["field", "attribute", "pattern"]);
        let place = match (reader.text(&table, "field"), reader.text(&table, "attribute")) {
            (Some(field), None) => Some(Place::Field(field)),
            (None, Some(id)) => Some(Place::Attribute(id)),
            (None, None) => {
                reader.wrong(&table, "field", "say where to look: `field`, by its name in Visma's API, or `attribute`");
                None
            }
            (Some(_), Some(_)) => {
                reader.wrong(&table, "attribute", "a rule looks in one place: `field` or `attribute`");
                None
            }
        };
        let pattern = reader.required_text(&table, "pattern").and_then(|text| match Regex::new(&text) {
            Ok(pattern) if pattern.captures_len() > 1 => Some(pattern),
            Ok(_) => {
                let sentence = format!("`{text}` has no group: put ( ) around what is the order's number");
                reader.wrong(&table, "pattern", sentence);
                None
            }
            Err(error) => {
                reader.wrong(&table, "pattern", format!("`{text}` is no regular expression: {error}"));
                None
            }
        });
        rules.extend(place.zip(pattern).map(|(place, pattern)| SalesOrder { place, pattern }));
    }
    rules
}
