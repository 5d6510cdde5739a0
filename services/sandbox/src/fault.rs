//! Faults on demand: what a vendor or the network does to a request on a bad day.
//!
//! The one thing that matters about a failed write is whether it was done, and the caller cannot see it. So every
//! fault says with `done` on which side of the work it strikes, and the ledger tells the test what is true.

use std::sync::{Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::select::{Facts, Matcher, Selector, System};

/// The ways in which a request can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
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
    /// The answer takes `delay_ms` longer: before the work, or after it when `done`.
    Slow,
    /// The connection is reset (RST): before the work, or after it when `done`.
    Reset,
}

/// One fault and the requests that it strikes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What happens.
    pub kind: Kind,
    /// To which requests.
    #[serde(default)]
    pub on: Selector,
    /// Whether the work is done first (`html_5xx`, `json_500`, `conflict`, `slow`, `reset`).
    #[serde(default)]
    pub done: bool,
    /// The status of `html_5xx`; absent means 502.
    #[serde(default)]
    pub status: Option<u16>,
    /// `Retry-After` of `429`, in seconds; absent means that the header is not sent.
    #[serde(default)]
    pub retry_after: Option<u64>,
    /// Whether `Retry-After` names the point in time instead of the seconds, which HTTP allows as well.
    #[serde(default)]
    pub as_date: bool,
    /// The delay of `slow`, in milliseconds.
    #[serde(default)]
    pub delay_ms: u64,
}

impl Fault {
    /// Whether the work is done before the fault strikes.
    #[must_use]
    pub fn done(&self) -> bool {
        match self.kind {
            Kind::LostAfter => true,
            Kind::LostBefore | Kind::TooManyRequests | Kind::Redirect => false,
            Kind::Html5xx | Kind::Json500 | Kind::Conflict | Kind::Slow | Kind::Reset => self.done,
        }
    }

    /// The answer of a fault that answers, in the words of the system that was asked.
    #[must_use]
    pub fn answer(&self, system: System) -> Option<Response> {
        match self.kind {
            Kind::Html5xx => {
                let status = self.status.and_then(|status| StatusCode::from_u16(status).ok());
                let status = status.unwrap_or(StatusCode::BAD_GATEWAY);
                let page = format!("<html><head><title>{status}</title></head><body><h1>{status}</h1></body></html>");
                Some(respond(status, "text/html", page))
            }
            Kind::Json500 => {
                let id = uuid::Uuid::new_v4();
                let body = match system {
                    System::Visma => format!(r#"{{"message":"VismaId: {id}. An unexpected error occurred."}}"#),
                    System::Commerce => format!(
                        r#"{{"message":"Internal Error. Details are available in Magento log file. Report ID: webapi-{id}"}}"#
                    ),
                };
                Some(respond(StatusCode::INTERNAL_SERVER_ERROR, "application/json", body))
            }
            Kind::TooManyRequests => {
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
            Kind::Redirect => {
                let mut response = respond(StatusCode::FOUND, "text/html", String::new());
                let place = HeaderValue::from_static("https://elsewhere.example.com/login?from=api");
                response.headers_mut().insert(header::LOCATION, place);
                Some(response)
            }
            Kind::Conflict => Some(respond(StatusCode::CONFLICT, "text/plain", String::new())),
            Kind::LostBefore | Kind::LostAfter | Kind::Slow | Kind::Reset => None,
        }
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
