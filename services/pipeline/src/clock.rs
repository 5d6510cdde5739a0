//! The one place that asks what time it is. Pure crates take the time as an argument.
//!
//! A service goes by the broker's time, which all services share: it asks the broker once, and counts on from there
//! with a clock of its machine that only goes forward (`CLOCK_BOOTTIME`). How long a document has been in doubt is
//! counted from when the broker stored its intent, so a machine whose clock is wrong, or is set while the service runs,
//! must not make that time seem over.

use std::sync::OnceLock;
use std::time::Duration;

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// The broker's time at one moment of this machine's forward clock.
struct Anchor {
    time: Timestamp,
    at: Duration,
}

static ANCHOR: OnceLock<Anchor> = OnceLock::new();

/// Goes by the broker's time from now on. Only the first call counts: time that was believed once is not taken back.
pub fn anchor(broker: Timestamp) {
    let _ = ANCHOR.set(Anchor { time: broker, at: forward() });
}

/// Milliseconds since the Unix epoch, as [`now`].
pub fn now_millis() -> u64 {
    u64::try_from(now().as_millisecond()).unwrap_or(0)
}

/// Seconds since the Unix epoch, as [`now`].
pub fn now_seconds() -> u64 {
    now_millis() / 1000
}

/// The time now: the broker's, or before it was asked, and in verbs of people, this machine's.
pub fn now() -> Timestamp {
    match ANCHOR.get() {
        Some(anchor) => anchor.time.saturating_add(forward().saturating_sub(anchor.at)).unwrap_or(Timestamp::MAX),
        None => host(),
    }
}

/// The time by this machine's clock, which a person or a time server may set at any moment.
pub fn host() -> Timestamp {
    Timestamp::now()
}

/// Time since this machine was started, its sleep included.
pub fn forward() -> Duration {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0));
    seconds.saturating_add(Duration::from_nanos(u64::try_from(time.tv_nsec).unwrap_or(0)))
}

/// A time in milliseconds since the Unix epoch, as a person reads it.
pub fn told(millis: u64) -> String {
    let at = i64::try_from(millis).ok().and_then(|millis| Timestamp::from_millisecond(millis).ok());
    at.map_or_else(|| "a time that no calendar has".to_owned(), |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())
}
