//! Fields that modules of the shop put into a record under names of their own.
//!
//! Every module adds fields, and no list of them is complete. So what is not typed is kept as it came, and read by a
//! JSON pointer that an accountant names. Lists that are typed (items, addresses, applied taxes) are left out: they are
//! most of a record.

use std::fmt;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::decode::{DecodeError, from_text};
use crate::field;

/// Parts of a record that are typed elsewhere, at its top and in its `extension_attributes`. No pointer leads into
/// them.
pub const TYPED: [&str; 8] = [
    "items",
    "billing_address",
    "status_histories",
    "comments",
    "shipping_assignments",
    "applied_taxes",
    "item_applied_taxes",
    "custom_fees",
];

/// The fields of a record besides its lists, as they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Modules(Value);

impl Modules {
    /// Those of a JSON text that was decoded as a record.
    pub(crate) fn of_text(text: &[u8]) -> Result<Self, DecodeError> {
        from_text(text)
    }

    /// The amount that a JSON pointer leads to; `None` when there is nothing, null or an empty text.
    ///
    /// # Errors
    /// When what is there is not an amount.
    pub fn amount(&self, pointer: &str) -> Result<Option<Decimal>, DecodeError> {
        let Some(found) = self.0.pointer(pointer) else { return Ok(None) };
        field::optional_amount(found)
            .map_err(|error| DecodeError { path: pointer.to_owned(), reason: error.to_string() })
    }
}

impl<'de> Deserialize<'de> for Modules {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Fields { nested: true }.deserialize(from).map(Self)
    }
}

/// Reads an object without the parts that are typed elsewhere.
struct Fields {
    /// True when `extension_attributes` is read in the same way.
    nested: bool,
}

impl<'de> DeserializeSeed<'de> for Fields {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Fields {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = from.next_key::<String>()? {
            if TYPED.contains(&key.as_str()) {
                from.next_value::<IgnoredAny>()?;
            } else if self.nested && key == "extension_attributes" {
                fields.insert(key, from.next_value_seed(Fields { nested: false })?);
            } else {
                fields.insert(key, from.next_value()?);
            }
        }
        Ok(Value::Object(fields))
    }

    /// PHP prints an object without fields as `[]`.
    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        while from.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Value::Null)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn modules(text: &str) -> Modules {
        Modules::of_text(text.as_bytes()).expect("an object")
    }

    #[test]
    fn amounts_are_found_by_pointer_with_the_digits_that_came() {
        let order = modules(
            r#"{"items":[{"price":1}],"rounding_amount":-0.34,"payment":{"fee":"2.6500"},
                "extension_attributes":{"qliroone_fee":29,"other":null,"shipping_assignments":[{"fee":1}]}}"#,
        );
        let at = |pointer: &str| order.amount(pointer).expect("an amount").map(|amount| amount.to_string());
        assert_eq!(at("/extension_attributes/qliroone_fee").as_deref(), Some("29"));
        assert_eq!(at("/rounding_amount").as_deref(), Some("-0.34"));
        assert_eq!(at("/payment/fee").as_deref(), Some("2.65"));
        for nothing in ["/extension_attributes/other", "/nowhere", "/items/0/price"] {
            assert_eq!(at(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn what_is_no_amount_is_an_error_and_no_zero() {
        let order = modules(r#"{"extension_attributes":{"fee":"29,00","list":[1]}}"#);
        for pointer in ["/extension_attributes/fee", "/extension_attributes/list"] {
            assert_eq!(order.amount(pointer).expect_err("no amount").path, pointer);
        }
    }

    #[test]
    fn objects_that_php_prints_as_lists_are_empty() {
        assert_eq!(modules(r#"{"extension_attributes":[]}"#).amount("/extension_attributes/fee"), Ok(None));
        assert_eq!(modules(r#"{"extension_attributes":null}"#).amount("/extension_attributes/fee"), Ok(None));
    }
}
