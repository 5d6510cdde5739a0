//! Lengths of time in settings.

use std::str::FromStr;
use std::time::Duration;

use jiff::SpanRelativeTo;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time written as people write it: `250ms`, `30s`, `10m`, `4h`, `2d` (of 24 hours), or ISO
/// 8601 (`PT10M`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.parse::<jiff::Span>().and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()));
        let parsed = parsed.map_err(|e| format!("`{text}` is no length of time such as \"30s\" or \"10m\": {e}"))?;
        Duration::try_from(parsed).map(Span).map_err(|_| format!("`{text}` must not be negative"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ms", self.0.as_millis()))
    }
}
