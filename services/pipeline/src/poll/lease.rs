//! How long the holder of a poll may be silent: as the settings say, or longer where the broker confirms slowly.
//!
//! A lease that ends before a disk under load has confirmed its renewal would be lost again and again, and no run of
//! the poll would ever end. So the holder measures what a write takes, and says in the entry how long to wait for it.

use std::time::Duration;

/// Writes that fit into a lease.
const WRITES: u32 = 4;
/// No lease is longer, however slow the disk: a holder that died is waited for as long.
const LONGEST: Duration = Duration::from_secs(120);

/// The lease of one poll at one replica.
#[derive(Debug)]
pub(super) struct Lease {
    takeover: Duration,
    /// Time that a write takes, as far as was seen lately.
    write: Duration,
}

impl Lease {
    /// A lease of the time that the settings say.
    pub(super) fn new(takeover: Duration) -> Self {
        Self { takeover, write: Duration::ZERO }
    }

    /// A write took this long, or was not confirmed within it. One that was slow is forgotten slowly.
    pub(super) fn took(&mut self, time: Duration) {
        self.write = time.max(self.write.mul_f32(0.9));
    }

    /// How long the holder may be silent.
    pub(super) fn silence(&self) -> Duration {
        self.takeover.max((self.write * WRITES).mul_f32(1.5).min(LONGEST))
    }

    /// How long it rests between two renewals, and how long one of them may take.
    pub(super) fn beat(&self) -> Duration {
        self.silence() / WRITES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_disk_lengthens_the_lease_until_renewals_fit_and_a_quick_one_does_not() {
        let takeover = Duration::from_secs(5);
        let mut lease = Lease::new(takeover);
        lease.took(Duration::from_millis(20));
        assert_eq!((lease.silence(), lease.beat()), (takeover, takeover / 4));
        lease.took(Duration::from_secs(4));
        assert!(lease.beat() > Duration::from_secs(4), "{lease:?}");
        for _ in 0..40 {
            lease.took(Duration::from_millis(20));
        }
        assert_eq!(lease.silence(), takeover);
        lease.took(Duration::from_secs(3600));
        assert_eq!(lease.silence(), LONGEST);
    }
}
