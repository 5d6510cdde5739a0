//! Fields that may be written: every field of the write DTOs, and how it is wrapped.
//!
//! A real Visma.net takes scalars as `{"value": x}` and a few fields bare. A field that is misspelt or wrapped
//! wrongly would be lost without a word, so here it is refused. The tables hold the fields of the 2023 and the 2026
//! specification together.

use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// The type of a field's value.
#[derive(Debug)]
pub(super) enum FieldType {
    Text,
    Decimal,
    Integer,
    Flag,
    Date,
    OneOf(&'static [&'static str]),
    Object(&'static Schema),
    /// A part that this sandbox does not look into.
    Any,
}

/// How a field is written.
#[derive(Debug)]
pub(super) enum Shape {
    /// `{"value": x}`.
    Wrapped(FieldType),
    /// `x`.
    Bare(FieldType),
    /// An array of objects.
    List(&'static Schema),
}

/// The fields of one DTO.
#[derive(Debug)]
pub(super) struct Schema {
    pub(super) name: &'static str,
    pub(super) fields: &'static [(&'static str, Shape)],
}

impl Schema {
    /// Reads a body that must have this schema.
    ///
    /// # Errors
    /// A sentence in the manner of the vendor's.
    pub(super) fn read(&'static self, body: &[u8]) -> Result<Value, String> {
        let value: Value = serde_json::from_slice(body).map_err(|error| format!("The request is invalid. {error}"))?;
        self.check(&value, "")?;
        Ok(value)
    }

    fn check(&self, value: &Value, path: &str) -> Result<(), String> {
        let Some(fields) = value.as_object() else {
            return Err(format!("Error converting value to type '{}'. Path '{path}'.", self.name));
        };
        for (name, value) in fields {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let Some((_, shape)) = self.fields.iter().find(|(known, _)| known == name) else {
                return Err(format!(
                    "Could not find member '{name}' on object of type '{}'. Path '{path}'.",
                    self.name
                ));
            };
            shape.check(value, &path)?;
        }
        Ok(())
    }
}

impl Shape {
    fn check(&self, value: &Value, path: &str) -> Result<(), String> {
        match self {
            Self::Bare(kind) => kind.check(value, path),
            Self::Wrapped(kind) => match value.as_object() {
                Some(wrapper) if wrapper.len() == 1 => match wrapper.get("value") {
                    Some(Value::Null) => Ok(()),
                    Some(inner) => kind.check(inner, path),
                    None => Err(unwrapped(path)),
                },
                _ => Err(unwrapped(path)),
            },
            Self::List(schema) => {
                let Some(items) = value.as_array() else {
                    return Err(format!("Cannot deserialize the current JSON value into a list. Path '{path}'."));
                };
                items.iter().enumerate().try_for_each(|(i, item)| schema.check(item, &format!("{path}[{i}]")))
            }
        }
    }
}

fn unwrapped(path: &str) -> String {
    format!(
        "Error converting value to type 'DtoValue': an object with the one member 'value' is needed. Path '{path}'."
    )
}

impl FieldType {
    fn check(&self, value: &Value, path: &str) -> Result<(), String> {
        let fits = match self {
            Self::Any => true,
            Self::Text => value.is_string(),
            Self::Decimal => decimal(value).is_some(),
            Self::Integer => value.as_i64().is_some(),
            Self::Flag => value.is_boolean(),
            Self::Date => value.as_str().and_then(date_time).is_some(),
            Self::OneOf(names) => value.as_str().is_some_and(|name| names.contains(&name)),
            Self::Object(schema) => return schema.check(value, path),
        };
        if fits { Ok(()) } else { Err(format!("Error converting value {value} to type '{self:?}'. Path '{path}'.")) }
    }
}

/// A decimal from the JSON number's own text.
pub(super) fn decimal(value: &Value) -> Option<Decimal> {
    let Value::Number(number) = value else { return None };
    let text = number.as_str();
    text.parse().or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A point of wall clock time in one of the five formats that Visma documents; no zone.
pub(super) fn date_time(text: &str) -> Option<DateTime> {
    const FORMATS: [&str; 4] =
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%.f"];
    if let Ok(date) = Date::strptime("%Y-%m-%d", text) {
        return Some(date.to_datetime(jiff::civil::Time::midnight()));
    }
    FORMATS.iter().find_map(|format| DateTime::strptime(format, text).ok())
}

/// A checked object, read by field name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dto<'a>(&'a Map<String, Value>);

impl<'a> Dto<'a> {
    /// The object in `value`, which a schema has checked.
    pub(super) fn of(value: &'a Value) -> Option<Self> {
        value.as_object().map(Self)
    }

    /// The value of a field: nothing when it is absent, `null` when it is to be cleared.
    pub(super) fn given(self, name: &str) -> Option<&'a Value> {
        let value = self.0.get(name)?;
        match value {
            Value::Object(wrapper) => Some(wrapper.get("value").unwrap_or(value)),
            _ => Some(value),
        }
    }

    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.given(name).and_then(Value::as_str)
    }

    pub(super) fn decimal(self, name: &str) -> Option<Decimal> {
        self.given(name).and_then(decimal)
    }

    pub(super) fn integer(self, name: &str) -> Option<i64> {
        self.given(name).and_then(Value::as_i64)
    }

    pub(super) fn flag(self, name: &str) -> Option<bool> {
        self.given(name).and_then(Value::as_bool)
    }

    pub(super) fn date(self, name: &str) -> Option<Date> {
        self.text(name).and_then(date_time).map(DateTime::date)
    }

    pub(super) fn object(self, name: &str) -> Option<Dto<'a>> {
        self.given(name).and_then(Self::of)
    }

    pub(super) fn list(self, name: &str) -> Option<impl Iterator<Item = Dto<'a>> + use<'a>> {
        self.0.get(name).and_then(Value::as_array).map(|items| items.iter().filter_map(Self::of))
    }

    /// Takes over a text when it is given; `null` clears it.
    pub(super) fn put(self, name: &str, into: &mut Option<String>) {
        if let Some(value) = self.given(name) {
            *into = value.as_str().map(str::to_owned);
        }
    }
}
