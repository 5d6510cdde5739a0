//! How many calls Visma still takes, as its headers tell.
//!
//! The number is published nowhere: a fixed window of an hour for each company and client. So it is read, not known.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

/// No window is longer, and no wait that is asked for is believed for longer.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// No window takes more calls.
const MOST: u64 = 1_000_000_000;

/// Calls and time that are left of the current window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Calls that a whole window takes.
    pub limit: u64,
    /// Calls that this one still takes.
    pub remaining: u64,
    /// Until the next one begins, in whole seconds; `None` when the reply does not say.
    pub reset: Option<Duration>,
}

impl Window {
    /// From a reply's headers (`X-RateLimit-Limit`, `-Remaining`, `-Reset` in seconds); `None` when the reply does not
    /// say how many are left, or makes no sense. A reset that is no time left, such as a point in time, is not told.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let limit = number(headers, "x-ratelimit-limit").filter(|limit| (1..=MOST).contains(limit))?;
        let remaining = number(headers, "x-ratelimit-remaining")?.min(limit);
        let reset = number(headers, "x-ratelimit-reset").filter(|seconds| *seconds <= LONGEST.as_secs());
        Some(Self { limit, remaining, reset: reset.map(Duration::from_secs) })
    }
}

/// How long to stay away: `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3). A date in the past is no
/// wait.
#[must_use]
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds).min(LONGEST));
    }
    let date: Timestamp = DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(SystemTime::from(date).duration_since(now).unwrap_or(Duration::ZERO).min(LONGEST))
}

fn number(headers: &HeaderMap, name: &str) -> Option<u64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_window_is_read_or_not_there() {
        let told =
            headers(&[("X-RateLimit-Limit", "5000"), ("X-RateLimit-Remaining", "4999"), ("X-RateLimit-Reset", "411")]);
        assert_eq!(
            Window::of(&told),
            Some(Window { limit: 5000, remaining: 4999, reset: Some(Duration::from_secs(411)) })
        );
        assert_eq!(Window::of(&headers(&[("X-RateLimit-Limit", "5000")])), None);
        for (limit, remaining, reset, read) in [
            ("0", "0", "60", None),
            ("18446744073709551615", "1", "60", None),
            ("5000", "6000", "60", Some((5000, Some(60)))),
            ("5000", "4999", "1790000000", Some((4999, None))),
            ("5000", "4999", "-1", Some((4999, None))),
        ] {
            let told = headers(&[
                ("X-RateLimit-Limit", limit),
                ("X-RateLimit-Remaining", remaining),
                ("X-RateLimit-Reset", reset),
            ]);
            let window = Window::of(&told).map(|w| (w.remaining, w.reset.map(|reset| reset.as_secs())));
            assert_eq!(window, read, "{limit} {remaining} {reset}");
        }
        assert_eq!(Window::of(&headers(&[("X-RateLimit-Limit", "many"), ("X-RateLimit-Remaining", "1")])), None);
    }

    #[test]
    fn a_wait_is_seconds_or_a_date() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777 - 30);
        assert_eq!(retry_after(&headers(&[("Retry-After", "411")]), now), Some(Duration::from_secs(411)));
        let date = headers(&[("Retry-After", "Sun, 06 Nov 1994 08:49:37 GMT")]);
        assert_eq!(retry_after(&date, now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&date, now + Duration::from_secs(60)), Some(Duration::ZERO));
        assert_eq!(retry_after(&headers(&[("Retry-After", "soon")]), now), None);
        assert_eq!(retry_after(&headers(&[("Retry-After", "999999999")]), now), Some(LONGEST));
        assert_eq!(retry_after(&headers(&[("Retry-After", "Tue, 08 Nov 1994 08:49:37 GMT")]), now), Some(LONGEST));
    }
}
