use async_nats::HeaderMap;
use bytes::Bytes;

use super::{Delivery, Lanes};
use crate::address::Address;

/// A delivery that is known by its sequence.
fn delivery(sequence: u64) -> Delivery {
    let (subject, headers, payload) = ("hint.main.commerce.order.7".to_owned(), HeaderMap::new(), Bytes::new());
    let address = Address::parse(&subject).unwrap();
    Delivery { address, subject, headers, payload, sequence, delivered: 1, stored_at: 0 }
}

/// Lanes with deliveries 1, 2, … in the lanes named.
fn lanes(names: &[&str]) -> Lanes {
    let mut lanes = Lanes::default();
    for (sequence, name) in (1..).zip(names) {
        lanes.push((*name).to_owned(), delivery(sequence));
    }
    lanes
}

fn next(lanes: &mut Lanes) -> Option<(String, u64)> {
    lanes.next(false).map(|(lane, delivery)| (lane, delivery.sequence))
}

fn is(lane: &str, sequence: u64) -> Option<(String, u64)> {
    Some((lane.to_owned(), sequence))
}

#[test]
fn one_of_a_lane_at_a_time_and_lanes_side_by_side() {
    let mut lanes = lanes(&["a", "a", "b", "a"]);
    assert_eq!(lanes.waiting(false), 4);
    assert_eq!(next(&mut lanes), is("a", 1));
    assert_eq!(next(&mut lanes), is("b", 3));
    assert_eq!(next(&mut lanes), None, "a is busy, b is empty");
    assert_eq!(lanes.waiting(false), 2);
    lanes.finish("a");
    assert_eq!(next(&mut lanes), is("a", 2));
    lanes.finish("a");
    assert_eq!(next(&mut lanes), is("a", 4));
    lanes.finish("a");
    lanes.finish("b");
    assert_eq!((next(&mut lanes), lanes.waiting(false)), (None, 0));
}

#[test]
fn what_comes_into_a_busy_lane_waits_for_its_turn() {
    let mut lanes = lanes(&["a"]);
    assert_eq!(next(&mut lanes), is("a", 1));
    lanes.push("a".to_owned(), delivery(2));
    assert_eq!(next(&mut lanes), None);
    lanes.finish("a");
    assert_eq!(next(&mut lanes), is("a", 2));
}

#[test]
fn a_long_lane_does_not_keep_the_others_waiting() {
    let mut lanes = lanes(&["a", "a", "a", "b", "c"]);
    let mut order = Vec::new();
    while let Some((lane, sequence)) = next(&mut lanes) {
        order.push(sequence);
        lanes.finish(&lane);
    }
    assert_eq!(order, [1, 4, 5, 2, 3]);
}

#[test]
fn what_is_drained_is_everything_that_waits_and_busy_lanes_stay_busy() {
    let mut lanes = lanes(&["a", "a", "b"]);
    assert_eq!(next(&mut lanes), is("a", 1));
    let mut drained: Vec<u64> = lanes.drain().iter().map(|d| d.sequence).collect();
    drained.sort_unstable();
    assert_eq!(drained, [2, 3]);
    assert_eq!((next(&mut lanes), lanes.waiting(false)), (None, 0));
    lanes.push("a".to_owned(), delivery(2));
    assert_eq!(next(&mut lanes), None, "1 is still in hand");
    lanes.finish("a");
    assert_eq!(next(&mut lanes), is("a", 2));
}

/// Deliveries that are handed back come again, and a lane that only waited is worked on by nobody.
#[test]
fn what_comes_again_after_a_drain_is_worked_on() {
    let mut lanes = lanes(&["a", "b", "b", "c"]);
    assert_eq!(next(&mut lanes), is("a", 1));
    assert_eq!(lanes.drain().len(), 3);
    lanes.finish("a");
    for (sequence, lane) in [(2, "b"), (3, "b"), (4, "c"), (5, "a")] {
        lanes.push(lane.to_owned(), delivery(sequence));
    }
    let mut again = Vec::new();
    while let Some((lane, sequence)) = next(&mut lanes) {
        again.push(sequence);
        lanes.finish(&lane);
    }
    assert_eq!((again, lanes.waiting(false)), (vec![2, 4, 5, 3], 0));
}

/// Lanes with deliveries 1, 2, … in the lanes named; those of which `gives_way` says so are a poll's.
fn mixed(names: &[(&str, bool)]) -> Lanes {
    let mut lanes = Lanes::default();
    for (sequence, (name, gives_way)) in (1..).zip(names) {
        let mut one = delivery(sequence);
        if *gives_way {
            one.address = Address::parse("change.main.visma.invoice.7").unwrap();
        }
        lanes.push((*name).to_owned(), one);
    }
    lanes
}

fn all(lanes: &mut Lanes, gives_way: bool) -> Vec<u64> {
    let mut order = Vec::new();
    while let Some((lane, delivery)) = lanes.next(gives_way) {
        order.push(delivery.sequence);
        lanes.finish(&lane);
    }
    order
}

#[test]
fn what_gives_way_waits_behind_what_does_not() {
    let mut lanes = mixed(&[("a", true), ("b", true), ("c", false), ("d", true), ("e", false)]);
    assert_eq!((lanes.waiting(true), lanes.waiting(false)), (3, 2));
    assert_eq!(all(&mut lanes, false), [3, 5]);
    assert_eq!(all(&mut lanes, true), [1, 2, 4]);
    assert_eq!((lanes.waiting(true), lanes.waiting(false)), (0, 0));
}

/// Its order holds: what stands before an order in its own lane is not passed, and moves up with it.
#[test]
fn a_lane_moves_up_with_what_is_urgent_in_it() {
    let mut lanes = mixed(&[("a", true), ("b", true), ("b", false), ("b", true)]);
    assert_eq!(lanes.next(false).map(|(lane, one)| (lane, one.sequence)), is("b", 2));
    assert!(lanes.next(false).is_none(), "b is busy");
    assert_eq!(all(&mut lanes, true), [1], "b stands there too, and is busy");
    lanes.finish("b");
    assert_eq!(all(&mut lanes, false), [3], "what is left of b gives way again");
    assert_eq!(all(&mut lanes, true), [4]);
    assert_eq!((lanes.waiting(true), lanes.waiting(false)), (0, 0));
    assert!(lanes.lanes.is_empty());
}

#[test]
fn a_busy_lane_that_gives_way_moves_up_when_it_is_free() {
    let mut lanes = mixed(&[("a", true), ("b", true)]);
    assert_eq!(lanes.next(true).map(|(lane, one)| (lane, one.sequence)), is("a", 1));
    lanes.push("a".to_owned(), delivery(3));
    lanes.finish("a");
    assert_eq!(all(&mut lanes, false), [3]);
    assert_eq!(all(&mut lanes, true), [2]);
}
