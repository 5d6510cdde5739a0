//! Faults on demand: what a vendor or the network does to a request on a bad day.
//!
//! The one thing that matters about a failed write is whether it was done, and the caller cannot see it. So every
//! fault says with `done` on which side of the work it strikes, and the ledger tells the test what is true.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::select::{Facts, Matcher, Selector, System};

/// The ways in which a request can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// The connection is closed before anything was done.
    LostBefore,
    /// Everything is done, and then the connection is closed instead of answered.
    LostAfter,
    /// A gateway answers with a page of HTML (502 unless `status` says otherwise).
    #[serde(rename = "html_5xx")]
    Html5xx,
    /// The system answers 500 with its JSON error.
    #[serde(rename = "json_500")]
    Json500,
    /// Too many requests, with `Retry-After` when `retry_after` is given; nothing is done.
    #[serde(rename = "429")]
    TooManyRequests,
    /// An address elsewhere (302 with `Location`); nothing is done.
    Redirect,
    /// A conflict (409) without a word.
    Conflict,
    /// 200 with a message in place of what was asked for, as Commerce answers for a list whose row it cannot build.
    Message,
    /// An answer of `status` (200 unless it is said), `headers` and `body`; with `unpacked_mb` a gzip bomb of so many
    /// megabytes of spaces.
    Says,
    /// The true answer, with `headers` set.
    Headers,
    /// The true answer, with `body` wherever it holds `shows`.
    Edits,
    /// The answer takes `delay_ms` longer: before the work, or after it when `done`.
    Slow,
    /// The connection is reset (RST): before the work, or after it when `done`.
    Reset,
}

/// One fault and the requests that it strikes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The way in which the request fails.
    pub kind: FaultKind,
    /// To which requests.
    #[serde(default)]
    pub on: Selector,
    /// True when the work is done first (`html_5xx`, `json_500`, `conflict`, `slow`, `reset`, `message`, `says`).
    #[serde(default)]
    pub done: bool,
    /// The status of `html_5xx`; absent means 502.
    #[serde(default)]
    pub status: Option<u16>,
    /// `Retry-After` of `429`, in seconds; absent means that the header is not sent.
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// True when `Retry-After` names the point in time instead of the seconds, which HTTP allows as well.
    #[serde(default)]
    pub as_date: bool,
    /// The delay of `slow`, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
    /// True when that delay is for each kilobyte of the answer: a shop that makes up its pages row by row.
    #[serde(default)]
    pub per_kilobyte: bool,
    /// Strikes only where the true answer holds this text: a record that cannot be listed, on whatever page it is.
    #[serde(default)]
    pub shows: Option<String>,
    /// Headers of `says`, `edits` and `headers`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The body of `says`; what `edits` puts in.
    #[serde(default)]
    pub body: String,
    /// The size of a gzip bomb.
    #[serde(default)]
    pub unpacked_mb: usize,
}

impl Fault {
    /// True when the work is done before the fault strikes.
    #[must_use]
    pub fn done(&self) -> bool {
        let looks = self.shows.is_some() || self.per_kilobyte;
        match self.kind {
            _ if looks => true,
            FaultKind::LostAfter | FaultKind::Headers | FaultKind::Edits => true,
            FaultKind::LostBefore | FaultKind::TooManyRequests | FaultKind::Redirect => false,
            FaultKind::Html5xx
            | FaultKind::Json500
            | FaultKind::Conflict
            | FaultKind::Slow
            | FaultKind::Reset
            | FaultKind::Message
            | FaultKind::Says => self.done,
        }
    }

    /// The answer of a fault that answers, in the words of the system that was asked.
    #[must_use]
    pub fn answer(&self, system: System) -> Option<Response> {
        match self.kind {
            FaultKind::Html5xx => {
                let status = self.status.and_then(|status| StatusCode::from_u16(status).ok());
                let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
                let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
                Some(respond(status, "text/html", page))
            }
            FaultKind::Json500 => {
                let id = uuid::Uuid::new_v4();
                let body = match system {
                    System::Visma => format!(r#"{{"message":"VismaId: {id}. An unexpected error occurred."}}"#),
                    System::Commerce => format!(
                        r#"{{"message":"Internal Error. Details are available in Magento log file. Report ID: webapi-{id}"}}"#
                    ),
                };
                Some(respond(StatusCode::INTERNAL_SERVER_ERROR, "application/json", body))
            }
            FaultKind::TooManyRequests => {
                let body = match system {
                    System::Visma => String::new(),
                    System::Commerce => r#"{"message":"Too Many Requests"}"#.to_owned(),
                };
                let mut response = respond(StatusCode::TOO_MANY_REQUESTS, "application/json", body);
                if let Some(after) = self.retry_after.and_then(|seconds| self.after(seconds)) {
                    response.headers_mut().insert(header::RETRY_AFTER, after);
                }
                Some(response)
            }
            FaultKind::Redirect => {
                let mut response = respond(StatusCode::FOUND, "text/html", String::new());
                let place = HeaderValue::from_static("https://elsewhere.example.com/login?from=api");
                response.headers_mut().insert(header::LOCATION, place);
                Some(response)
            }
            FaultKind::Conflict => Some(respond(StatusCode::CONFLICT, "text/plain", String::new())),
            FaultKind::Message => {
                let body = r#"{"message":"The requested product doesn't exist. Verify the product and try again."}"#;
                Some(respond(StatusCode::OK, "application/json", body.to_owned()))
            }
            FaultKind::Says => Some(self.says()),
            FaultKind::LostBefore
            | FaultKind::LostAfter
            | FaultKind::Slow
            | FaultKind::Reset
            | FaultKind::Headers
            | FaultKind::Edits => None,
        }
    }

    /// True when the fault strikes this true answer.
    #[must_use]
    pub fn strikes(&self, answer: &[u8]) -> bool {
        let holds = |text: &String| answer.windows(text.len().max(1)).any(|window| window == text.as_bytes());
        self.shows.as_ref().is_none_or(holds)
    }

    /// The true answer as it is given.
    #[must_use]
    pub fn edited(&self, answer: Bytes) -> Bytes {
        match (&self.shows, self.kind) {
            (Some(shows), FaultKind::Edits) => String::from_utf8_lossy(&answer).replace(shows, &self.body).into(),
            _ => answer,
        }
    }

    /// Sets `headers` on an answer.
    pub fn dress(&self, response: &mut Response) {
        for (name, value) in &self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                response.headers_mut().insert(name, value);
            }
        }
    }

    fn says(&self) -> Response {
        let status = self.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
        let mut response = respond(status, "application/json", self.body.clone());
        if self.unpacked_mb > 0 {
            let spaces = vec![b' '; 1 << 20];
            let mut packed = GzEncoder::new(Vec::new(), Compression::best());
            for _ in 0..self.unpacked_mb {
                // Writing to memory does not fail.
                let _ = packed.write_all(&spaces);
            }
            *response.body_mut() = Body::from(packed.finish().unwrap_or_default());
            response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        self.dress(&mut response);
        response
    }
}

impl Fault {
    fn after(&self, seconds: u64) -> Option<HeaderValue> {
        if !self.as_date {
            return Some(HeaderValue::from(seconds));
        }
        let at = jiff::Timestamp::now().checked_add(std::time::Duration::from_secs(seconds)).ok()?;
        HeaderValue::from_str(&at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()).ok()
    }
}

fn respond(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// The faults that are armed.
#[derive(Debug, Default)]
pub struct Faults {
    armed: Mutex<Vec<(Fault, Matcher)>>,
}

impl Faults {
    /// Arms a fault.
    ///
    /// # Errors
    /// A sentence when the selector makes no sense.
    pub fn arm(&self, fault: Fault) -> Result<(), String> {
        let matcher = Matcher::new(fault.on.clone())?;
        self.lock().push((fault, matcher));
        Ok(())
    }

    /// The first armed fault that strikes this request; those armed after it do not see the request.
    #[must_use]
    pub fn meant_for(&self, facts: Facts<'_>) -> Option<Fault> {
        let mut armed = self.lock();
        let struck = armed.iter_mut().find_map(|(fault, matcher)| matcher.strikes(facts).then(|| fault.clone()));
        if struck.is_some() {
            armed.retain(|(_, matcher)| !matcher.exhausted());
        }
        struck
    }

    /// Disarms every fault.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Fault, Matcher)>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
