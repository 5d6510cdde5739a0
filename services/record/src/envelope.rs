//! The headers that every message carries: CloudEvents in binary mode, W3C trace context, content type, and ours.
//!
//! See the NATS protocol binding of CloudEvents 1.0 for the `ce-` names and their percent-encoding.

use std::borrow::Cow;

use async_nats::header::{IntoHeaderName, NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, NATS_MESSAGE_ID};
use async_nats::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use uuid::Uuid;

/// The version of a record: a keyed hash of its content.
pub const VERSION: &str = "Ml-Version";
/// When the source says that the record was last changed, as the source writes it.
pub const SOURCE_UPDATED: &str = "Ml-Source-Updated";
/// Stream sequence of the version of a record before this one; absent on its first.
pub const PREVIOUS: &str = "Ml-Previous";
/// The time from when a record counts, in the company's time zone, on a change brought in from before the go-live date.
/// Mapping takes it for the go-live date; later versions of the record carry it too.
pub const COUNTS_FROM: &str = "Ml-Counts-From";
/// Kind of an entry of `OUTCOMES`: `intent`, `applied`, `unchanged`, `rejected`, `verified`.
pub const KIND: &str = "Ml-Kind";
/// The lane of a command.
pub const LANE: &str = "Ml-Lane";
/// `true` on a command that follows from the first change of its record: most likely nothing has been done about it
/// yet. A hint, which saves a reading where it is right and costs a refused publish where it is not.
pub const FIRST: &str = "Ml-First";
/// Code of a dead letter.
pub const CODE: &str = "Ml-Code";
/// Sentence of a dead letter, percent-encoded.
pub const SENTENCE: &str = "Ml-Sentence";
/// Remedy for a dead letter, percent-encoded.
pub const REMEDY: &str = "Ml-Remedy";
/// Deliveries of a dead letter's message until it was given up on.
pub const ATTEMPTS: &str = "Ml-Attempts";
/// Subject of a dead letter's message.
pub const ORIGIN: &str = "Ml-Origin-Subject";
/// Stream sequence of a dead letter's message.
pub const ORIGIN_SEQUENCE: &str = "Ml-Origin-Sequence";

/// Media type of protobuf bodies.
pub const PROTOBUF: &str = "application/protobuf";
/// Media type of JSON bodies.
pub const JSON: &str = "application/json";

/// Characters that may not stand in a header's value as they are; everything beyond ASCII is encoded anyway.
const OUTSIDE: &AsciiSet = &CONTROLS.add(b'"').add(b'%');

/// Stands before a value that is percent-encoded because it could not stand in a header as it is (RFC 8187, section
/// 3.2.1). Values without it stand as they are, also those that were written before there was such a mark.
const ENCODED: &str = "UTF-8''";

const TRACEPARENT: &str = "traceparent";

/// Headers that an envelope sets on its message.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Message id: `Nats-Msg-Id` and `ce-id`.
    pub id: &'a str,
    /// The service that writes it.
    pub source: &'a str,
    /// CloudEvents type, such as `ml.change.order`.
    pub kind: &'a str,
    /// Media type of the body.
    pub content_type: &'a str,
}

/// The message that another one follows from: the trace goes on, and its id is noted. The default starts a trace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cause {
    traceparent: Option<String>,
    id: Option<String>,
}

impl Cause {
    /// A message is the cause.
    pub fn of(headers: &HeaderMap) -> Self {
        let traceparent = header(headers, TRACEPARENT).filter(|trace| is_trace(trace)).map(str::to_owned);
        Self { traceparent, id: text(headers, "ce-id").map(Cow::into_owned) }
    }
}

impl Envelope<'_> {
    /// The headers.
    pub fn headers(&self, cause: &Cause) -> HeaderMap {
        let mut headers = HeaderMap::new();
        set(&mut headers, NATS_MESSAGE_ID, self.id);
        set(&mut headers, "Content-Type", self.content_type);
        set(&mut headers, "ce-specversion", "1.0");
        set(&mut headers, "ce-id", self.id);
        set(&mut headers, "ce-source", self.source);
        set(&mut headers, "ce-type", self.kind);
        set(&mut headers, "ce-time", &pipeline::clock::now().to_string());
        set(&mut headers, TRACEPARENT, &cause.traceparent.clone().unwrap_or_else(new_traceparent));
        if let Some(id) = &cause.id {
            set(&mut headers, "ce-causationid", id);
        }
        headers
    }
}

/// The trace that a message belongs to, as collectors of traces know it; empty when it names none.
pub fn trace_of(headers: &HeaderMap) -> &str {
    header(headers, TRACEPARENT).and_then(|trace| trace.split('-').nth(1)).unwrap_or_default()
}

/// A W3C trace context of a new trace, sampled: whether spans are exported is each service's setting.
fn new_traceparent() -> String {
    let span = Uuid::new_v4().as_u128() as u64;
    format!("00-{}-{span:016x}-01", Uuid::new_v4().simple())
}

/// Returns true when a text has the form of a trace context. Only such a text of a sender's is handed on.
fn is_trace(text: &str) -> bool {
    text.len() == 55 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// Sets a header. Any text will do: one that cannot stand in a header as it is stands there encoded, and [`text`]
/// gives it back. The one place where a header's value is made, since the library ends the process over a line break.
pub fn set(headers: &mut HeaderMap, name: impl IntoHeaderName, value: &str) {
    #[allow(clippy::disallowed_methods, reason = "this is the place")]
    headers.insert(name, printable(value).as_ref());
}

/// Adds a value to a header as it once stood in an entry.
pub(crate) fn put(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
        #[allow(clippy::disallowed_methods, reason = "it stood in a header before")]
        headers.append(name, value);
    }
}

/// A text in printable ASCII: as it is where it can be, marked and percent-encoded where not.
fn printable(value: &str) -> Cow<'_, str> {
    let plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain && value.trim() == value && !value.starts_with(ENCODED) {
        return Cow::Borrowed(value);
    }
    Cow::Owned(format!("{ENCODED}{}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
}

/// Text as a header's value: everything outside printable ASCII, and `"` and `%`, percent-encoded as UTF-8.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, OUTSIDE).to_string()
}

/// The text that [`encode`] encoded.
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Returns true when a stored message is the first entry of its subject, as its publisher demanded.
pub fn is_first(headers: &HeaderMap) -> bool {
    headers.get(NATS_EXPECTED_LAST_SUBJECT_SEQUENCE).is_some_and(|sequence| sequence.as_str() == "0")
}

/// A header's value as it stands: a hash, a number, a code of our own. A text of a vendor's is read with [`text`].
pub fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).map(|v| v.as_str())
}

/// The text that [`set`] was given: a reference, a number or a name that somebody else has chosen.
pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<Cow<'a, str>> {
    let value = header(headers, name)?;
    Some(match value.strip_prefix(ENCODED) {
        Some(encoded) => percent_decode_str(encoded).decode_utf8_lossy(),
        None => Cow::Borrowed(value),
    })
}

#[cfg(test)]
mod tests;
