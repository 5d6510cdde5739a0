use std::time::Duration;

use super::{Schedule, wait_after};

const FIRST: Duration = Duration::from_millis(200);
const CAP: Duration = Duration::from_secs(10);

#[test]
fn waits_grow_to_the_cap_with_jitter() {
    let mut seen = std::collections::BTreeSet::new();
    let margin = Duration::from_millis(1);
    for _ in 0..50 {
        let mut schedule = Schedule::new(FIRST, CAP);
        let mut middle = FIRST;
        for n in 0..20 {
            let wait = schedule.next_wait();
            let (low, high) = (middle / 2 - margin, middle * 3 / 2 + margin);
            assert!((low..=high).contains(&wait), "wait {n} is {wait:?}, not {low:?} to {high:?}");
            seen.insert(wait);
            middle = (middle * 3 / 2).min(CAP);
        }
    }
    assert!(seen.len() > 500, "so many clients would come back at the same moment");
}

#[test]
fn a_success_starts_the_schedule_over() {
    let mut schedule = Schedule::new(FIRST, CAP);
    let tenth = (0..10).map(|_| schedule.next_wait()).last().unwrap();
    schedule.reset();
    assert!(schedule.next_wait() <= FIRST * 3 / 2 && tenth > FIRST * 3 / 2);
}

#[test]
fn a_schedule_never_ends() {
    let mut schedule = Schedule::new(Duration::from_nanos(1), Duration::from_nanos(10));
    assert!((0..10_000).all(|_| schedule.next_wait() <= Duration::from_nanos(16)));
}

#[test]
fn the_wait_after_an_attempt_depends_on_its_number_alone() {
    for _ in 0..50 {
        for attempt in [0, 1] {
            assert!(wait_after(attempt, FIRST, CAP) <= FIRST * 3 / 2 + Duration::from_millis(1));
        }
        assert!(wait_after(7, FIRST, CAP) > FIRST * 3 / 2);
        for attempt in [20, 1_000_000, u64::MAX] {
            let wait = wait_after(attempt, FIRST, CAP);
            assert!(CAP / 3 < wait && wait <= CAP, "{wait:?}");
        }
    }
}
