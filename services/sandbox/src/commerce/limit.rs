//! A limit on calls: so many in a window, and 429 for all others until it ends.
//!
//! Commerce has none of its own over REST; gateways in front of it do, with `Retry-After` or without.

use std::time::{Duration, Instant};

use super::config::RateLimit;

/// The window that runs.
#[derive(Debug, Default)]
pub(crate) struct Limit {
    window: Option<(Instant, u32)>,
}

impl Limit {
    /// Counts a call, or says how long the window still lasts that has no more of them.
    pub(crate) fn take(&mut self, limit: RateLimit, now: Instant) -> Result<(), Duration> {
        let length = Duration::from_millis(limit.window_ms);
        let (start, calls) = self.window.filter(|(start, _)| now.duration_since(*start) < length).unwrap_or((now, 0));
        if calls >= limit.calls {
            self.window = Some((start, calls));
            return Err(length.saturating_sub(now.duration_since(start)));
        }
        self.window = Some((start, calls + 1));
        Ok(())
    }
}
