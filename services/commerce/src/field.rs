//! Deserialisers for the ways in which Commerce spells one thing.
//!
//! REST sends ids as numbers, events send them as strings; null and absent mean the same. None of these helpers buffers
//! an object, so that an error still knows its JSON path.

use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, Error};
use serde_json::Value;

use crate::decimal;

/// An amount that must be there.
pub(crate) fn amount<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    optional_amount(from)?.ok_or_else(|| D::Error::custom("an amount is needed here, found null"))
}

/// An amount whose absence means zero.
pub(crate) fn amount_or_zero<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    Ok(optional_amount(from)?.unwrap_or_default())
}

/// An amount whose absence means something else than zero.
pub(crate) fn optional_amount<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
    let parsed = match Value::deserialize(from)? {
        Value::Null => return Ok(None),
        Value::Number(number) => decimal::parse(number.as_str()),
        Value::String(text) if text.is_empty() => return Ok(None),
        Value::String(text) => decimal::parse(&text),
        _ => return Err(D::Error::custom("an amount is needed here")),
    };
    parsed.map(Some).map_err(D::Error::custom)
}

/// A database id that must be there.
pub(crate) fn id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    optional_id(from)?.ok_or_else(|| D::Error::custom("an id is needed here, found null"))
}

/// A database id that may be missing.
pub(crate) fn optional_id<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(None),
        other => id_of(&other).map(Some).ok_or_else(|| D::Error::custom("an id is needed here: a whole number")),
    }
}

/// An id from a number or a string of digits.
pub(crate) fn id_of(value: &Value) -> Option<u64> {
    let text = match value {
        Value::Number(number) => number.as_str(),
        Value::String(text) => text,
        _ => return None,
    };
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) { None } else { text.parse().ok() }
}

/// A flag: `1`, `"1"` and `true` are set; `0`, null and absent are not.
pub(crate) fn flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    match Value::deserialize(from)? {
        Value::Null => Ok(false),
        Value::Bool(set) => Ok(set),
        other => match id_of(&other) {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(D::Error::custom("a flag is needed here: 0 or 1")),
        },
    }
}

/// A value whose null means the default, as its absence does. An object whose fields all have defaults may also come as
/// `[]`, as PHP prints it when it is empty: serde takes a list for an object's fields in their order.
pub(crate) fn null_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A list of texts in which null entries are left out.
pub(crate) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    Ok(Option::<Vec<Option<String>>>::deserialize(from)?.unwrap_or_default().into_iter().flatten().collect())
}
