//! Deliveries in hand, queued by lane: one of a lane at a time, lanes in the order in which they became free.

use std::collections::{HashMap, VecDeque};

use super::Delivery;

#[derive(Default)]
pub(super) struct Lanes {
    /// Every lane with something in hand; the lane being worked on has its queue here too, even when empty.
    queues: HashMap<String, VecDeque<Delivery>>,
    /// Lanes that may begin their next delivery.
    free: VecDeque<String>,
    waiting: usize,
}

impl Lanes {
    /// Deliveries that wait for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    pub(super) fn push(&mut self, lane: String, delivery: Delivery) {
        self.waiting += 1;
        if let Some(queue) = self.queues.get_mut(&lane) {
            queue.push_back(delivery);
        } else {
            self.queues.insert(lane.clone(), VecDeque::from([delivery]));
            self.free.push_back(lane);
        }
    }

    /// The next delivery of a free lane; the lane is busy until [`Lanes::finish`].
    pub(super) fn next(&mut self) -> Option<(String, Delivery)> {
        while let Some(lane) = self.free.pop_front() {
            if let Some(delivery) = self.queues.get_mut(&lane).and_then(VecDeque::pop_front) {
                self.waiting -= 1;
                return Some((lane, delivery));
            }
            self.queues.remove(&lane);
        }
        None
    }

    pub(super) fn finish(&mut self, lane: &str) {
        match self.queues.get(lane) {
            Some(queue) if !queue.is_empty() => self.free.push_back(lane.to_owned()),
            _ => {
                self.queues.remove(lane);
            }
        }
    }

    /// Everything that waits. Lanes being worked on stay busy; the others are forgotten, so that what comes into them
    /// again finds them free.
    pub(super) fn drain(&mut self) -> Vec<Delivery> {
        self.waiting = 0;
        let free = std::mem::take(&mut self.free);
        let mut drained: Vec<_> = free.iter().filter_map(|lane| self.queues.remove(lane)).flatten().collect();
        drained.extend(self.queues.values_mut().flat_map(std::mem::take));
        drained
    }
}

#[cfg(test)]
mod tests;
