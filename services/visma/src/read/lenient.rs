//! Field by field: bare, or as `{value, description}`, or missing.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

use super::CustomerStatus;
use super::purchase::Named;
use crate::decimal;
use crate::etag::Etag;
use crate::stamp::Stamp;

/// The scalar inside; an object without a `value` has none.
fn bare(value: Value) -> Value {
    match value {
        Value::Object(mut fields) => fields.remove("value").map_or(Value::Null, bare),
        other @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => other,
    }
}

fn scalar(value: Value) -> Option<String> {
    match bare(value) {
        Value::String(text) if text.is_empty() => None,
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Value::deserialize(deserializer).map(scalar)
}

pub(super) fn required<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    text(deserializer)?.ok_or_else(|| D::Error::custom("empty"))
}

pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Decimal>, D::Error> {
    let digits = text(deserializer)?;
    digits.map(|digits| decimal::parse(&digits).map_err(|_| D::Error::custom("not an amount"))).transpose()
}

pub(super) fn integer<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    let digits = text(deserializer)?;
    digits.map(|digits| digits.parse().map_err(|_| D::Error::custom("not a whole number"))).transpose()
}

pub(super) fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<bool>, D::Error> {
    let word = text(deserializer)?;
    match word.as_deref() {
        None => Ok(None),
        Some("true" | "True" | "1") => Ok(Some(true)),
        Some("false" | "False" | "0") => Ok(Some(false)),
        Some(_) => Err(D::Error::custom("neither true nor false")),
    }
}

pub(super) fn stamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Stamp>, D::Error> {
    text(deserializer)?.map(|text| text.parse().map_err(D::Error::custom)).transpose()
}

pub(super) fn etag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Etag>, D::Error> {
    Ok(text(deserializer)?.as_deref().and_then(Etag::parse))
}

/// The number of a record that is referred to: `{number, name}`, or the number alone.
pub(super) fn key<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let mut value = Value::deserialize(deserializer)?;
    let number = value.get_mut("number").map(Value::take);
    Ok(scalar(number.unwrap_or(value)))
}

/// The address in a contact.
pub(super) fn email<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let mut contact = Value::deserialize(deserializer)?;
    Ok(contact.get_mut("email").map(Value::take).and_then(scalar))
}

/// The country of an address: `{id, name}`, or its id alone.
pub(super) fn country<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let mut address = Value::deserialize(deserializer)?;
    let country = ["country", "countryId"].into_iter().find_map(|key| address.get_mut(key).map(Value::take));
    Ok(country.and_then(|mut country| scalar(country.get_mut("id").map(Value::take).unwrap_or(country))))
}

/// Visma adds words to this list, so a new one is no error.
pub(super) fn customer_status<'de, D: Deserializer<'de>>(deserializer: D) -> Result<CustomerStatus, D::Error> {
    Ok(match text(deserializer)? {
        None => CustomerStatus::Unknown,
        Some(word) => match word.as_str() {
            "Active" => CustomerStatus::Active,
            "OnHold" => CustomerStatus::OnHold,
            "CreditHold" => CustomerStatus::CreditHold,
            "Inactive" => CustomerStatus::Inactive,
            "OneTime" => CustomerStatus::OneTime,
            _ => CustomerStatus::Other(word),
        },
    })
}

/// The id of a record that is referred to: `{id, description}`, or the id alone.
pub(super) fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let mut value = Value::deserialize(deserializer)?;
    let id = value.get_mut("id").map(Value::take);
    Ok(scalar(id.unwrap_or(value)))
}

/// A subaccount: `{subaccountNumber, …}`, or the number alone.
pub(super) fn subaccount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let mut value = Value::deserialize(deserializer)?;
    let number = value.get_mut("subaccountNumber").map(Value::take);
    Ok(scalar(number.unwrap_or(value)))
}

/// A record that is referred to: `{number, name}`, or the number alone.
pub(super) fn named<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Named, D::Error> {
    let mut value = Value::deserialize(deserializer)?;
    let name = value.get_mut("name").map(Value::take).and_then(scalar);
    let number = value.get_mut("number").map(Value::take);
    Ok(Named { number: scalar(number.unwrap_or(value)), name })
}

/// A list; `null` and a missing one are empty.
pub(super) fn list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
