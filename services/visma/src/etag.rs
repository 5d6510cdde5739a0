//! The version of one record. Visma sends it as `ETag` with a record, and as `timeStamp` inside the record and in
//! lists.
//!
//! The header has quotes (`"AAAAAE0YIiI="`), the field is seen with and without: kept here is what is between them.

use std::fmt;

use http::HeaderMap;
use http::header::ETAG;

/// A version, without quotes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Etag(String);

impl Etag {
    /// From the header's or the field's text; `None` when nothing is between the quotes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("W/").unwrap_or(text).trim_matches('"');
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// From a reply's headers.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        headers.get(ETAG)?.to_str().ok().and_then(Self::parse)
    }

    /// Without quotes, as it is kept.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// With quotes, as `If-Match` takes it (RFC 9110, section 8.8.3).
    #[must_use]
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_for_the_wire_only() {
        for text in ["\"AAAAAE0YIiI=\"", "AAAAAE0YIiI=", "W/\"AAAAAE0YIiI=\"", " \"AAAAAE0YIiI=\" "] {
            let etag = Etag::parse(text).unwrap();
            assert_eq!(etag.as_str(), "AAAAAE0YIiI=");
            assert_eq!(etag.quoted(), "\"AAAAAE0YIiI=\"");
        }
        assert_eq!(Etag::parse("\"\""), None);
    }
}
