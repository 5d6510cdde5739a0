//! The rate window: so many calls in a fixed window, and 429 after that.
//!
//! Visma's policy is called `4-fixed-window`; its length is an hour and its limit unpublished, so both are settings.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::config::Config;
use super::reply;

const POLICY: &str = "4-fixed-window";

#[derive(Clone, Copy, Debug)]
struct Window {
    opened: Instant,
    used: u64,
}

/// Counts over all windows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// Calls over the limit.
    pub(super) over: u64,
    /// The most calls in one window.
    pub(super) busiest: u64,
}

/// The window that is open, and what all of them have seen.
#[derive(Debug, Default)]
pub(super) struct RateWindow {
    open: Mutex<(Option<Window>, Seen)>,
}

/// Where one call stands in the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    limit: u64,
    remaining: u64,
    reset_seconds: u64,
    over: bool,
}

impl RateWindow {
    /// Counts a call.
    pub(super) fn count(&self, config: &Config) -> Standing {
        let length = Duration::from_millis(config.rate_window_ms.max(1));
        let now = Instant::now();
        let mut state = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let (open, seen) = &mut *state;
        let window = match *open {
            Some(window) if now.duration_since(window.opened) < length => Window { used: window.used + 1, ..window },
            _ => Window { opened: now, used: 1 },
        };
        *open = Some(window);
        seen.over += u64::from(window.used > config.rate_limit);
        seen.busiest = seen.busiest.max(window.used);
        let left = length.saturating_sub(now.duration_since(window.opened));
        Standing {
            limit: config.rate_limit,
            remaining: config.rate_limit.saturating_sub(window.used),
            reset_seconds: u64::try_from(left.as_millis().div_ceil(1000)).unwrap_or(u64::MAX),
            over: window.used > config.rate_limit,
        }
    }

    /// Opens a new window at the next call.
    pub(super) fn reset(&self) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).0 = None;
    }

    /// Returns the counts over all windows.
    pub(super) fn seen(&self) -> Seen {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).1
    }
}

impl Standing {
    /// The 429, when the window is spent. Its body is not documented: it has none here.
    pub(super) fn refusal(self) -> Option<Response> {
        self.over.then(|| {
            let mut response = reply::empty(StatusCode::TOO_MANY_REQUESTS);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(self.reset_seconds));
            response
        })
    }

    /// Puts the window into the answer.
    pub(super) fn tell(self, headers: &mut HeaderMap) {
        let mut put = |name: &'static str, value: HeaderValue| {
            headers.insert(HeaderName::from_static(name), value);
        };
        put("x-ratelimit-limit", HeaderValue::from(self.limit));
        put("x-ratelimit-remaining", HeaderValue::from(self.remaining));
        put("x-ratelimit-reset", HeaderValue::from(self.reset_seconds));
        put("x-ratelimit-policy", HeaderValue::from_static(POLICY));
    }
}
