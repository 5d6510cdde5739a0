//! The schedule of waits between attempts: exponential, with jitter, capped.
//!
//! The `backoff` crate is unmaintained (RUSTSEC-2025-0012); it is used here alone and for the arithmetic alone, so that
//! taking another is a change of one file.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

/// Waits that grow from `first` to `cap`, each drawn from ± 50 % around its middle, for ever.
#[derive(Debug)]
pub struct Schedule(ExponentialBackoff);

impl Schedule {
    /// A schedule that starts at about `first` and never waits much longer than `cap`.
    pub fn new(first: Duration, cap: Duration) -> Self {
        Self(ExponentialBackoff {
            current_interval: first,
            initial_interval: first,
            max_interval: cap,
            max_elapsed_time: None,
            ..ExponentialBackoff::default()
        })
    }

    /// The next wait.
    pub fn next_wait(&mut self) -> Duration {
        self.0.next_backoff().unwrap_or(self.0.max_interval)
    }

    /// Starts over, after a success.
    pub fn reset(&mut self) {
        self.0.reset();
    }
}

/// The wait after the `attempt`-th failure (from 1) of something whose attempts are counted elsewhere, by the broker.
pub fn wait_after(attempt: u64, first: Duration, cap: Duration) -> Duration {
    let mut schedule = Schedule::new(first, cap);
    let mut wait = schedule.next_wait();
    for _ in 1..attempt.clamp(1, 32) {
        wait = schedule.next_wait();
    }
    wait.min(cap)
}

#[cfg(test)]
mod tests;
