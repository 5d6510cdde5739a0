//! Deliveries in hand, queued by lane: one of a lane at a time, lanes in the order in which they became free. What
//! gives way has a queue of lanes of its own; a lane goes with the most urgent delivery that it holds.

use std::collections::{HashMap, VecDeque};

use super::Delivery;

#[derive(Default)]
pub(super) struct Lanes {
    /// Every lane with something in hand.
    lanes: HashMap<String, Lane>,
    /// Lanes that may begin their next delivery, and those of them that give way. One that has moved up stands in both,
    /// and its second turn is passed over when there is nothing left to begin.
    free: Both<VecDeque<String>>,
    waiting: Both<usize>,
}

/// One for what does not give way, and one for what does.
#[derive(Debug, Default)]
pub(super) struct Both<T> {
    urgent: T,
    giving: T,
}

impl<T> Both<T> {
    pub(super) fn of(&self, gives_way: bool) -> &T {
        if gives_way { &self.giving } else { &self.urgent }
    }

    fn of_mut(&mut self, gives_way: bool) -> &mut T {
        if gives_way { &mut self.giving } else { &mut self.urgent }
    }
}

#[derive(Default)]
struct Lane {
    queue: VecDeque<Delivery>,
    /// Its first delivery is being worked on, and is not in the queue.
    is_busy: bool,
    /// How many of the queue do not give way.
    urgent: usize,
}

impl Lanes {
    /// Deliveries that wait for their turn, and give way or do not.
    pub(super) fn waiting(&self, gives_way: bool) -> usize {
        *self.waiting.of(gives_way)
    }

    pub(super) fn push(&mut self, lane: String, delivery: Delivery) {
        let gives_way = delivery.address.gives_way();
        *self.waiting.of_mut(gives_way) += 1;
        let held = self.lanes.entry(lane.clone()).or_default();
        let moves_up = !gives_way && held.urgent == 0;
        let begins = !held.is_busy && (held.queue.is_empty() || moves_up);
        held.urgent += usize::from(!gives_way);
        held.queue.push_back(delivery);
        if begins {
            self.free.of_mut(gives_way).push_back(lane);
        }
    }

    /// The next delivery of a free lane, of those that give way or those that do not; the lane is busy until
    /// [`Lanes::finish`].
    pub(super) fn next(&mut self, gives_way: bool) -> Option<(String, Delivery)> {
        while let Some(name) = self.free.of_mut(gives_way).pop_front() {
            let Some(lane) = self.lanes.get_mut(&name).filter(|lane| !lane.is_busy) else { continue };
            let Some(delivery) = lane.queue.pop_front() else { continue };
            lane.is_busy = true;
            let urgent = !delivery.address.gives_way();
            lane.urgent -= usize::from(urgent);
            *self.waiting.of_mut(!urgent) -= 1;
            return Some((name, delivery));
        }
        None
    }

    pub(super) fn finish(&mut self, name: &str) {
        let Some(lane) = self.lanes.get_mut(name) else { return };
        lane.is_busy = false;
        match lane.queue.is_empty() {
            true => drop(self.lanes.remove(name)),
            false => self.free.of_mut(lane.urgent == 0).push_back(name.to_owned()),
        }
    }

    /// Everything that waits. Lanes being worked on stay busy; the others are forgotten, so that what comes into them
    /// again finds them free.
    pub(super) fn drain(&mut self) -> Vec<Delivery> {
        (self.waiting, self.free) = Default::default();
        let drained = self.lanes.values_mut().flat_map(|lane| {
            lane.urgent = 0;
            std::mem::take(&mut lane.queue)
        });
        let drained = drained.collect();
        self.lanes.retain(|_, lane| lane.is_busy);
        drained
    }
}

#[cfg(test)]
mod tests;
