//! Deliveries in hand that wait for what is likely to come soon: they take no place of those that work.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::lanes::Both;
use crate::Log;
use crate::waiting::Wait;

/// How many there are.
#[derive(Debug)]
pub(super) struct Asleep {
    consumer: &'static str,
    /// Those that do not give way, and those that do.
    counts: Both<AtomicUsize>,
    news: Notify,
}

impl Asleep {
    pub(super) fn of(consumer: &'static str) -> Self {
        Self { consumer, counts: Both::default(), news: Notify::new() }
    }

    pub(super) fn count(&self, gives_way: bool) -> usize {
        self.counts.of(gives_way).load(Ordering::Relaxed)
    }

    /// Returns when another one sleeps, so that its place is free.
    pub(super) async fn more(&self) {
        self.news.notified().await;
    }

    pub(super) fn has_room(&self, most: usize) -> bool {
        self.count(false) + self.count(true) < most
    }

    /// Waits in hand for what is likely to come soon; whether it has come.
    pub(super) async fn until_moved(
        &self,
        log: &Log,
        (wait, gives_way): (&Wait, bool),
        end: Instant,
        stop: &CancellationToken,
    ) -> bool {
        let count = self.counts.of(gives_way);
        let gauge = metrics::gauge!("ml_held", "consumer" => self.consumer);
        count.fetch_add(1, Ordering::Relaxed);
        gauge.increment(1.0);
        self.news.notify_one();
        let moved = tokio::select! {
            moved = log.until_moved(&wait.on, wait.seen, end) => moved,
            () = stop.cancelled() => false,
        };
        count.fetch_sub(1, Ordering::Relaxed);
        gauge.decrement(1.0);
        moved
    }
}
