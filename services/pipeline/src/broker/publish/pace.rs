//! When a batch is quicker than singles: measured, since it depends on how long this disk takes to sync.
//!
//! A single costs one sync. A batch costs a handful of them, however many messages it holds. By that arithmetic it
//! pays from a hundred messages on where a sync takes a fraction of a millisecond, and from a few where it takes
//! milliseconds. On a disk of the first kind the benchmark shows no gain; one of the second kind has not been tried.

use std::time::Duration;

/// Weight of a new sample is one in this many.
const MEMORY: u32 = 8;
/// Cost that a batch is taken to have before one was made.
const FIRST_BATCH: Duration = Duration::from_millis(12);
/// Fewer messages than this are no batch.
const FEWEST: usize = 4;

/// Measured cost of singles and batches here.
#[derive(Debug)]
pub(super) struct Pace {
    /// A fixed bound, 0 for none.
    batch_from: usize,
    single: Duration,
    batch: Duration,
}

impl Pace {
    /// Batches from `batch_from` messages on, or from where they are measured to be quicker when that is 0.
    pub(super) fn new(batch_from: usize) -> Self {
        Self { batch_from, single: Duration::ZERO, batch: FIRST_BATCH }
    }

    /// A single was confirmed after `took`, as the last of `in_flight`: the broker syncs them one after the other.
    pub(super) fn single_took(&mut self, took: Duration, in_flight: usize) {
        let each = took / u32::try_from(in_flight.max(1)).unwrap_or(u32::MAX);
        self.single = blend(self.single, each);
    }

    /// A batch was confirmed after `took`.
    pub(super) fn batch_took(&mut self, took: Duration) {
        self.batch = blend(self.batch, took);
    }

    /// Returns true when so many messages are sooner on disk as a batch.
    pub(super) fn is_batch(&self, messages: usize) -> bool {
        if self.batch_from > 0 {
            return messages >= self.batch_from.max(2);
        }
        messages >= FEWEST && self.single * u32::try_from(messages).unwrap_or(u32::MAX) > self.batch
    }
}

fn blend(old: Duration, new: Duration) -> Duration {
    if old.is_zero() { new } else { (old * (MEMORY - 1) + new) / MEMORY }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Pace;

    fn after(single: Duration, batch: Duration) -> Pace {
        let mut pace = Pace::new(0);
        for _ in 0..100 {
            pace.single_took(single * 10, 10);
            pace.batch_took(batch);
        }
        pace
    }

    #[test]
    fn a_slow_disk_makes_batches_of_a_few_and_a_quick_one_of_many() {
        let slow = after(Duration::from_millis(2), Duration::from_millis(12));
        assert!(slow.is_batch(8) && !slow.is_batch(5));
        let quick = after(Duration::from_micros(150), Duration::from_millis(12));
        assert!(quick.is_batch(100) && !quick.is_batch(60));
    }

    #[test]
    fn nothing_is_known_before_the_first_confirmation() {
        assert!(!Pace::new(0).is_batch(500));
    }

    #[test]
    fn a_fixed_bound_is_kept() {
        let mut fixed = Pace::new(7);
        fixed.single_took(Duration::from_secs(1), 1);
        assert!(fixed.is_batch(7) && !fixed.is_batch(6));
    }
}
