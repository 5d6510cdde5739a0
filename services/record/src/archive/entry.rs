//! One entry as a line of JSON.

use async_nats::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where in a stream an entry stood, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Its sequence.
    pub sequence: u64,
    /// When the broker stored it, to the nanosecond.
    pub time: Timestamp,
}

/// An entry of the log as it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archived {
    /// Its sequence in its stream.
    pub sequence: u64,
    /// When the broker stored it.
    pub time: Timestamp,
    /// The `entity_id` of the order that it is of.
    pub order: String,
    /// Its subject.
    pub subject: String,
    /// Its headers, by name.
    pub headers: Vec<(String, String)>,
    /// Its body, where that is text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Its body, where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl Archived {
    /// An entry as the broker gives it.
    #[must_use]
    pub fn new(mark: Mark, subject: &str, headers: &HeaderMap, body: &Bytes) -> Self {
        let mut lines: Vec<_> = headers
            .iter()
            .flat_map(|(name, values)| values.iter().map(|value| (name.to_string(), value.as_str().to_owned())))
            .collect();
        // The library gives them in no order; the values of one name keep theirs.
        lines.sort_by(|(one, _), (other, _)| one.cmp(other));
        let text = std::str::from_utf8(body).ok().map(str::to_owned);
        let base64 = text.is_none().then(|| STANDARD.encode(body));
        let Mark { sequence, time } = mark;
        let (order, subject) = (String::new(), subject.to_owned());
        Self { sequence, time, order, subject, headers: lines, text, base64 }
    }

    /// Its place and time.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { sequence: self.sequence, time: self.time }
    }

    /// Its body; none where that is spelled wrong.
    #[must_use]
    pub fn body(&self) -> Option<Bytes> {
        match (&self.text, &self.base64) {
            (Some(text), _) => Some(Bytes::from(text.clone())),
            (None, Some(base64)) => STANDARD.decode(base64).ok().map(Bytes::from),
            (None, None) => None,
        }
    }

    /// Its headers as the client has them.
    #[must_use]
    pub fn header_map(&self) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            crate::envelope::put(&mut headers, name, value);
        }
        headers
    }

    /// True when both were stored as the same: whose order it is was found out later.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        let Self { sequence, time, order: _, subject, headers, text, base64 } = self;
        (sequence, time, subject, headers, text, base64)
            == (&other.sequence, &other.time, &other.subject, &other.headers, &other.text, &other.base64)
    }
}
