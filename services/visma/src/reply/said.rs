//! Words of a reply. Visma publishes no shape for errors; these are the shapes that were seen.

use std::fmt;

use http::HeaderMap;
use serde_json::Value;

/// Characters of a text that is kept when it is no JSON of a known shape.
const PLAIN: usize = 500;

/// The words of a reply, and what support asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Said {
    /// Visma's sentence, or the beginning of the body without its markup. May be empty.
    pub message: String,
    /// True when it was a message in JSON, and so the application's and not a gateway's.
    pub structured: bool,
    /// `Ipp-Request-Id`.
    pub request_id: Option<String>,
    /// The id that stands in front of many of Visma's sentences.
    pub visma_id: Option<String>,
}

impl Said {
    pub(super) fn read(headers: &HeaderMap, body: &[u8]) -> Self {
        let json: Option<Value> = serde_json::from_slice(body).ok();
        let told = json.as_ref().and_then(told);
        let structured = told.is_some();
        let message = told.unwrap_or_else(|| plain(body));
        let request_id = headers.get("ipp-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
        let visma_id = visma_id(&message);
        Self { message, structured, request_id, visma_id }
    }

    /// These words instead, where the reply says nothing.
    pub(super) fn or(mut self, words: &str) -> Self {
        if self.message.is_empty() {
            words.clone_into(&mut self.message);
        }
        self
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.message.is_empty() { "no reason given" } else { &self.message })?;
        self.request_id.as_ref().map_or(Ok(()), |id| write!(f, " [request {id}]"))
    }
}

/// The sentence of a JSON error, in any of the shapes that were seen.
fn told(json: &Value) -> Option<String> {
    let text =
        |pointer: &str| json.pointer(pointer).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty());
    let message = ["/message", "/Message", "/ExceptionMessage", "/details/message"].into_iter().find_map(text)?;
    Some(message.to_owned())
}

/// `VismaId: <guid>. Error …`
fn visma_id(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("VismaId:")?;
    let id: String = rest.trim_start().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    (!id.is_empty()).then_some(id)
}

/// The beginning of a text, without markup and with single spaces. Never more than 500 characters: a gateway's page is
/// long.
#[must_use]
pub fn plain(body: &[u8]) -> String {
    // Markup first swells the text; more of it than this does not become readable.
    let body = body.get(..body.len().min(PLAIN * 16)).unwrap_or_default();
    let text = String::from_utf8_lossy(body);
    let mut words = String::new();
    let mut markup = false;
    for c in text.chars() {
        match c {
            '<' => markup = true,
            '>' if markup => {
                markup = false;
                words.push(' ');
            }
            _ if markup => {}
            c if c.is_control() => words.push(' '),
            c => words.push(c),
        }
    }
    words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(PLAIN).collect()
}
