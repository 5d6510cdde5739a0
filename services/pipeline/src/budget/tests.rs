mod simulation;

use std::time::Duration;

use super::entry::{End, Entry, Grant};
use super::share::{After, Answered, Share};
use super::{Class, FRESH, MARGIN, Shares, Window};

const SHARES: Shares = Shares { documents: 20, polls: 5 };
const START: u64 = 1_000_000;

fn told(limit: u64, remaining: u64, reset: u64) -> Option<Window> {
    Some(Window { limit, remaining, reset: Some(Duration::from_secs(reset)) })
}

fn answer(told: Option<Window>, sent_at: u64, now: u64) -> Answered {
    Answered { told, good: true, sent_at, now }
}

/// A bucket with one entry, and processes that use it one after the other.
struct Bucket {
    entry: Entry,
}

impl Bucket {
    fn take(&mut self, share: &mut Share, class: Class, now: u64) -> Result<super::Ticket, u64> {
        for _ in 0..4 {
            match share.take(class, now) {
                Err(0) => {}
                other => return other,
            }
            let (granted, changed) = share.refill(&mut self.entry, class, SHARES, now);
            let _ = changed; // The entry is changed in place.
            share.see(self.entry.clone(), now);
            if let Some(ticket) = granted? {
                return Ok(ticket);
            }
        }
        panic!("neither a call nor a wait");
    }

    fn learn(&mut self, share: &mut Share, ticket: super::Ticket, answer: Answered) {
        if share.answered(ticket, answer) == After::Account {
            share.account(&mut self.entry, ticket, answer);
            share.see(self.entry.clone(), answer.now);
        }
    }
}

fn process(name: &str) -> Share {
    Share::new(name.to_owned(), 10_000)
}

/// Two processes that know of a window of 100 calls that ends in an hour.
fn opened() -> (Bucket, Share, Share) {
    let (mut bucket, mut one, other) = (Bucket { entry: Entry::default() }, process("one"), process("other"));
    let probe = bucket.take(&mut one, Class::Document, START).unwrap();
    bucket.learn(&mut one, probe, answer(told(100, 99, 3600), START, START));
    (bucket, one, other)
}

#[test]
fn before_the_first_answer_one_call_is_made_by_all_processes_together() {
    let (mut bucket, mut one, mut other) = (Bucket { entry: Entry::default() }, process("one"), process("other"));
    let probe = bucket.take(&mut one, Class::Poll, START).unwrap();
    assert!(bucket.take(&mut one, Class::Document, START).is_err());
    assert!(bucket.take(&mut other, Class::Document, START).is_err());
    bucket.learn(&mut one, probe, answer(told(100, 99, 3600), START, START + 20));
    assert!(bucket.take(&mut other, Class::Document, START + 60).is_ok());
    assert_eq!(bucket.entry.limit, Some(100));
}

#[test]
fn an_entry_that_cannot_be_read_grants_nothing_for_a_whole_window() {
    let (mut bucket, mut one) = (Bucket { entry: Entry::unreadable(START) }, process("one"));
    assert!(bucket.take(&mut one, Class::Document, START + 1).is_err());
    assert!(bucket.take(&mut one, Class::Document, START + 3_599_000).is_err());
    bucket.take(&mut one, Class::Document, START + 3_600_001).unwrap();
}

#[test]
fn a_probe_without_an_answer_is_waited_for_and_then_made_by_somebody_else() {
    let (mut bucket, mut one, mut other) = (Bucket { entry: Entry::default() }, process("one"), process("other"));
    bucket.take(&mut one, Class::Document, START).unwrap();
    assert!(bucket.take(&mut other, Class::Document, START + 9_000).is_err());
    assert!(bucket.take(&mut other, Class::Document, START + 10_001).is_ok());
}

#[test]
fn a_vendor_that_tells_no_limit_has_none_and_its_gateways_errors_say_nothing_of_that() {
    let (mut bucket, mut one) = (Bucket { entry: Entry::default() }, process("one"));
    let probe = bucket.take(&mut one, Class::Document, START).unwrap();
    bucket.learn(&mut one, probe, Answered { good: false, ..answer(None, START, START + 5) });
    assert!(!bucket.entry.silent);
    let probe = bucket.take(&mut one, Class::Document, START + 10).unwrap();
    bucket.learn(&mut one, probe, answer(None, START + 10, START + 15));
    for _ in 0..1_000 {
        bucket.take(&mut one, Class::Poll, START + 20).unwrap();
    }
}

#[test]
fn polls_leave_documents_their_share_and_get_their_own() {
    let (mut bucket, mut one, mut other) = opened();
    let mut polls = 0;
    while bucket.take(&mut one, Class::Poll, START + 10).is_ok() {
        polls += 1;
    }
    assert_eq!(polls, 79, "all but the probe and a fifth of the window");
    let mut documents = 0;
    while bucket.take(&mut other, Class::Document, START + 10).is_ok() {
        documents += 1;
    }
    assert_eq!(documents, 20);

    let (mut bucket, mut one, mut other) = opened();
    let mut documents = 0;
    while bucket.take(&mut one, Class::Document, START + 10).is_ok() {
        documents += 1;
    }
    assert_eq!(documents, 94, "documents leave polls a twentieth");
    let mut polls = 0;
    while bucket.take(&mut other, Class::Poll, START + 10).is_ok() {
        polls += 1;
    }
    assert_eq!(polls, 5);
}

#[test]
fn what_somebody_else_uses_is_taken_off() {
    let (mut bucket, mut one, mut other) = opened();
    let ticket = bucket.take(&mut one, Class::Document, START + 10).unwrap();
    bucket.learn(&mut one, ticket, answer(told(100, 30, 3600), START + 10, START + 20));
    let mut left = 0;
    while bucket.take(&mut one, Class::Document, START + 30).is_ok() {
        left += 1;
    }
    while bucket.take(&mut other, Class::Document, START + 30).is_ok() {
        left += 1;
    }
    assert!((1..=30).contains(&left), "{left} calls of the 30 that the vendor leaves");
}

#[test]
fn a_block_of_one_window_is_charged_to_the_next_until_its_process_says_what_became_of_it() {
    let (mut bucket, mut one, mut other) = opened();
    let under_way = bucket.take(&mut other, Class::Document, START + 10).unwrap();
    let next = bucket.entry.end.latest + MARGIN;
    let probe = bucket.take(&mut one, Class::Document, next).unwrap();
    bucket.learn(&mut one, probe, answer(told(100, 99, 3600), next, next));
    assert_eq!(bucket.entry.free, 99 - 12, "a block of twelve, one of them under way");
    // Its own view of the entry is old; what it asks the entry for settles its block.
    other.see(bucket.entry.clone(), next + FRESH);
    bucket.take(&mut other, Class::Document, next + FRESH).unwrap();
    assert_eq!(bucket.entry.free, 99 - 1 - 12, "the one under way, and a block of this window");
    // It was counted in the window in which it was sent.
    bucket.learn(&mut other, under_way, answer(told(100, 98, 0), START + 10, next + 20));
    for _ in 0..12 {
        bucket.take(&mut other, Class::Document, next + FRESH).unwrap();
    }
    assert_eq!(bucket.entry.free, 99 - 24, "nothing of the last window is charged to this one any more");
}

#[test]
fn an_answer_out_of_a_new_window_opens_it_without_a_wait() {
    let (mut bucket, mut one, mut other) = opened();
    bucket.take(&mut other, Class::Document, START + 10).unwrap();
    let ticket = bucket.take(&mut one, Class::Document, START + 10).unwrap();
    bucket.learn(&mut one, ticket, answer(told(100, 97, 3600), START + 20_000, START + 20_010));
    assert_eq!((bucket.entry.window, bucket.entry.told), (1, true));
    assert_eq!(bucket.entry.free, 97 - 12, "what the other process has in hand may come there too");
}

#[test]
fn the_end_of_a_window_is_known_more_closely_with_each_answer() {
    let end = End { earliest: 1_000, latest: 3_000 };
    assert_eq!(end.narrow(End { earliest: 1_800, latest: 3_900 }), End { earliest: 1_800, latest: 3_000 });
    assert_eq!(end.narrow(End { earliest: 3_200, latest: 4_000 }), end, "clocks that differ");
}

#[test]
fn a_spent_window_is_waited_out() {
    let (mut bucket, mut one, _) = opened();
    while bucket.take(&mut one, Class::Document, START + 10).is_ok() {}
    let waits = bucket.entry.clone().grant(Class::Document, SHARES, START + 10);
    assert_eq!(waits, Grant::Wait(3_600_000 + 1_000 + MARGIN - 10));
}

#[test]
fn an_entry_of_an_earlier_version_is_read() {
    let old = r#"{"limit":500,"free":20,"began_at":5,"ends_at":1000,"untold":false,"blocked_until":0}"#;
    let mut bucket = Bucket { entry: serde_json::from_str(old).unwrap() };
    let mut one = process("one");
    bucket.take(&mut one, Class::Document, START).unwrap();
    assert!(bucket.take(&mut one, Class::Document, START).is_err(), "one call, whose answer tells what is left");
}
