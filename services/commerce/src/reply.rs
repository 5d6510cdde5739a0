//! Commerce's answer, as one closed enum.
//!
//! The status alone is not enough: 401 covers wrong credentials, missing rights and a nonce that was seen before; 404
//! covers a record that does not exist and an address that does not; an edge in front of the shop answers in HTML with
//! any status, 200 included. What a caller has to do differs in each case, so each is a variant of its own.

mod message;

use std::time::Duration;

use bytes::Bytes;
use http::header::{DATE, LOCATION, RETRY_AFTER};
use http::{HeaderMap, Response, StatusCode};
use jiff::Timestamp;

use crate::time::http_date;

/// How far ahead of its own clock Commerce takes a signature's time to be (measured on 2.4.7: 590 s are taken, an hour
/// is not). `Date` is in seconds, and the answer has been on its way.
const CLOCK_MARGIN: Duration = Duration::from_secs(595);
/// No wait that is asked for is believed for longer.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// How Commerce begins to say that a token was cut when it was copied: the one refusal of credentials that comes as 400
/// and not as 401 (measured on 2.4.7).
const TOKEN_LENGTH: &str = "The token length is invalid";

/// The answer to one attempt of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Done; the body.
    Ok(Bytes),
    /// The record does not exist, or not yet: an event can come before its transaction is committed.
    NotFound {
        /// Commerce's sentence.
        message: String,
    },
    /// Wrong credentials, an integration that is switched off, or a right that it was not given. Commerce does not tell
    /// these apart; a gateway may. The same request will fail again until a person acts.
    Unauthorised {
        /// Commerce's sentence.
        message: String,
    },
    /// The nonce was seen before, or our clock is more than 10 minutes ahead: Commerce does not tell these apart. A
    /// nonce is cured by signing again and sending again, a clock by a person.
    NonceRefused {
        /// Commerce's sentence.
        message: String,
        /// How far our clock is ahead of the shop's, where that is why.
        ahead: Option<Duration>,
    },
    /// The request is wrong as it stands: sending it again brings the same answer.
    Refused {
        /// Status of the answer.
        status: StatusCode,
        /// Commerce's sentence.
        message: String,
    },
    /// Too many requests, or maintenance.
    BusyUntil {
        /// How long to wait, where the answer says so. Core Commerce never does, edges and SaaS do.
        retry_after: Option<Duration>,
        /// The sentence in the answer.
        message: String,
    },
    /// Something failed on the other side; the same request may succeed later.
    Broken {
        /// Status of the answer.
        status: StatusCode,
        /// The sentence in the answer.
        message: String,
    },
}

impl Answer {
    /// Classifies an answer. `now` is needed for a `Retry-After` that is a date.
    pub fn read(response: &Response<Bytes>, now: Timestamp) -> Self {
        let status = response.status();
        let body = response.body();
        let page = message::is_markup(body);
        if status.is_success() && !page {
            return Self::Ok(body.clone());
        }
        // Of what is no success only: a page of orders is large.
        let message = message::of(body);
        match status.as_u16() {
            200..=299 => Self::Broken { status, message },
            300..=399 => Self::Refused { status, message: moved(response.headers()) },
            401 if message.contains("nonce") => Self::NonceRefused { message, ahead: ahead(response.headers(), now) },
            401 => Self::Unauthorised { message },
            400 if message.starts_with(TOKEN_LENGTH) => Self::Unauthorised { message },
            // Core Commerce never says it. The gateway of SaaS does, of a credential that lacks a right; a firewall's
            // page is about this one request.
            403 if !page => Self::Unauthorised { message },
            404 if page || message::is_unknown_route(&message) => Self::Refused { status, message },
            404 => Self::NotFound { message },
            408 => Self::Broken { status, message },
            429 => Self::BusyUntil { retry_after: retry_after(response.headers(), now), message },
            503 => match retry_after(response.headers(), now) {
                None => Self::Broken { status, message },
                retry_after => Self::BusyUntil { retry_after, message },
            },
            400..=499 => Self::Refused { status, message },
            _ => Self::Broken { status, message },
        }
    }
}

/// How long an answer asks to wait (RFC 9110 section 10.2.3): seconds or a date. A date that is past means no wait.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let wait = http_date(text)?.duration_since(now);
    Some(Duration::try_from(wait).unwrap_or(Duration::ZERO).min(LONGEST))
}

/// The server's clock when it answered, from its `Date` header: what the limit of a poll is counted from.
pub fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

/// How far `now` is ahead of the shop's clock, where the shop refuses that.
fn ahead(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let ahead = Duration::try_from(now.duration_since(server_time(headers)?)).ok()?;
    (ahead >= CLOCK_MARGIN).then_some(ahead)
}

/// Redirects are not followed: the new address would need a signature of its own, and another host gets no credentials.
fn moved(headers: &HeaderMap) -> String {
    let place = headers.get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or("nowhere");
    format!("redirected to {place}: the configured base address is not the shop's own")
}

#[cfg(test)]
mod tests;
