//! The one place that asks what time it is. Pure crates take the time as an argument.

use jiff::Timestamp;

/// Milliseconds since the Unix epoch, by this machine's clock.
pub fn now_millis() -> u64 {
    u64::try_from(now().as_millisecond()).unwrap_or(0)
}

/// Seconds since the Unix epoch.
pub fn now_seconds() -> u64 {
    now_millis() / 1000
}

/// The time now.
pub fn now() -> Timestamp {
    Timestamp::now()
}
