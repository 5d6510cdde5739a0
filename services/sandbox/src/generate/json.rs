//! Writing JSON the way PHP does for money: `100`, not `100.00`, and `79.2`, not `79.20`.

use rust_decimal::Decimal;
use serde_json::Value;

/// An object that is being written.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) fn new() -> Self {
        Self(String::from("{"))
    }

    /// A member whose value is JSON text already.
    pub(crate) fn raw(&mut self, name: &str, value: &str) -> &mut Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
        self.0.push_str(value);
        self
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) -> &mut Self {
        self.raw(name, &quoted(value))
    }

    pub(crate) fn integer(&mut self, name: &str, value: u64) -> &mut Self {
        self.raw(name, &value.to_string())
    }

    pub(crate) fn decimal(&mut self, name: &str, value: Decimal) -> &mut Self {
        self.raw(name, &number(value))
    }

    /// An amount in both currencies: `base_<name>` and `<name>`.
    pub(crate) fn both(&mut self, name: &str, base: Decimal, order: Decimal) -> &mut Self {
        self.decimal(&format!("base_{name}"), base).decimal(name, order)
    }

    /// The same number under several names.
    pub(crate) fn each(&mut self, names: &[&str], value: u64) -> &mut Self {
        for name in names {
            self.integer(name, value);
        }
        self
    }

    pub(crate) fn end(&self) -> String {
        let mut text = self.0.clone();
        text.push('}');
        text
    }
}

/// An array of JSON texts.
pub(crate) fn array<S: AsRef<str>>(elements: impl IntoIterator<Item = S>) -> String {
    let mut text = String::from("[");
    for element in elements {
        if text.len() > 1 {
            text.push(',');
        }
        text.push_str(element.as_ref());
    }
    text.push(']');
    text
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Without trailing zeros, and zero without a sign.
pub(crate) fn number(value: Decimal) -> String {
    if value.is_zero() { "0".to_owned() } else { value.normalize().to_string() }
}
