//! How long an entry has been as it is, by the clock of whoever looks.

use std::time::Duration;

use tokio::time::Instant;

/// When the entry was first seen at its revision.
#[derive(Debug, Default)]
pub(super) struct Silence(Option<(u64, Instant)>);

impl Silence {
    /// How long it has stood at `revision`, seen again at `now`.
    pub(super) fn lasts(&mut self, revision: u64, now: Instant) -> Duration {
        match self.0 {
            Some((seen, since)) if seen == revision => now.saturating_duration_since(since),
            _ => {
                self.0 = Some((revision, now));
                Duration::ZERO
            }
        }
    }
}
