use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::silence::Silence;
use super::{State, Trouble, due};
use crate::schedule::{Interval, Schedule};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_holder_is_silent_from_when_its_entry_was_first_seen_as_it_is() {
    let (mut silence, start) = (Silence::default(), Instant::now());
    assert_eq!(silence.lasts(7, start), Duration::ZERO, "nothing is known of the time before");
    assert_eq!(silence.lasts(7, start + 3 * SECOND), 3 * SECOND);
    assert_eq!(silence.lasts(8, start + 4 * SECOND), Duration::ZERO, "it was renewed");
    assert_eq!(silence.lasts(8, start + 9 * SECOND), 5 * SECOND);
}

#[test]
fn an_entry_of_an_older_version_is_understood() {
    let state: State = serde_json::from_str(r#"{"holder":"a","found":3,"later":true}"#).expect("an entry");
    assert_eq!(state, State { holder: Some("a".to_owned()), found: 3, ..State::default() });
    let trouble = Some(Trouble { sentence: "x".to_owned(), person: true, spent: false, since: None });
    let state = State { trouble, ..state };
    let text = serde_json::to_string(&state).expect("JSON");
    assert_eq!(serde_json::from_str::<State>(&text).expect("an entry"), state);
}

#[test]
fn a_run_that_did_not_read_everything_is_tried_again_before_its_next_day() {
    let zone = serde_json::from_str("\"Europe/Oslo\"").expect("a zone");
    let schedule = Schedule::new(Interval::Daily, jiff::civil::time(5, 30, 0, 0), &zone);
    let now: Timestamp = "2026-03-02T12:00:00Z".parse().expect("a time");
    let read = State { began: Some(now), ended: Some(now), ..State::default() };
    assert_eq!(due(&read, &schedule, now).to_string(), "2026-03-03T04:30:00Z");
    let trouble = Some(Trouble { sentence: "spent".to_owned(), person: false, spent: true, since: None });
    assert_eq!(due(&State { trouble, ..read }, &schedule, now), now);
}
