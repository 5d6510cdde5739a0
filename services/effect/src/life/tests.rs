//! The rules, one by one. How they hold together is the simulation's business.

use std::time::Duration;

use problem::Code;

use crate::*;

const NOW: Millis = Millis(1_000_000);

fn policy() -> Policy {
    Policy {
        doubt_wait: Duration::from_secs(300),
        send_within: Duration::from_secs(20),
        looks: 2,
        look_spacing: Duration::from_secs(15),
        fault_wait: Duration::from_secs(10),
        attempts: 2,
    }
}

fn wanted() -> Wanted {
    Wanted { command: "c2".to_owned(), command_seq: 2, body_hash: "b".to_owned(), source_seq: 20 }
}

fn intent(attempt: u32) -> Intent {
    let Wanted { command, command_seq, body_hash, source_seq } = wanted();
    Intent { attempt, written_at: NOW, body_hash, source_seq, command, command_seq }
}

fn linked() -> Linked {
    Linked {
        number: "100".to_owned(),
        etag: Some("v1".to_owned()),
        body_hash: "b".to_owned(),
        source_seq: 10,
        command: "c1".to_owned(),
        command_seq: 1,
        refused: None,
    }
}

fn refusal() -> Refusal {
    Refusal { code: Code::VismaAccountUnknown, sentence: "no such account".to_owned() }
}

fn rejected() -> Rejected {
    Rejected { refusal: refusal(), body_hash: "b".to_owned(), source_seq: 10, command: "c1".to_owned(), command_seq: 1 }
}

fn begin(record: Record) -> Step {
    open(record, wanted(), policy(), Silence::Proves, NOW)
}

fn at(seconds: u64) -> Millis {
    NOW.after(Duration::from_secs(seconds))
}

macro_rules! step {
    ($step:expr, $kind:ident) => {
        match $step {
            Step::$kind(step) => step,
            other => panic!("wanted {}, got {other:?}", stringify!($kind)),
        }
    };
}

/// From nothing to the send.
fn sending() -> Sending {
    let writing = step!(begin(Record::Absent), WriteIntent);
    let intent = writing.intent(NOW);
    assert_eq!(intent.attempt, 1);
    step!(writing.written(intent, NOW), Send)
}

fn created(number: &str) -> Reply {
    Reply::Created { number: number.to_owned(), etag: Some("v1".to_owned()) }
}

/// Two absent looks from `seconds` on; what follows when others got through meanwhile.
fn absent_twice(looking: LookingUp, seconds: u64) -> Step {
    match proven_absent(looking, seconds) {
        Step::Weigh(weighing) => weighing.weighed(true),
        other => other,
    }
}

/// Two absent looks from `seconds` on; what follows.
fn proven_absent(looking: LookingUp, seconds: u64) -> Step {
    let wait = step!(looking.found(Vec::new(), at(seconds)), Wait);
    assert_eq!((wait.why(), wait.until()), (Pause::BetweenLooks, at(seconds + 15)));
    assert!(!wait.why().may_hand_back());
    step!(wait.over(at(seconds + 15)), LookUp).found(Vec::new(), at(seconds + 15))
}

#[test]
fn a_steady_create_is_intent_send_outcome() {
    let put = step!(sending().answered(created("100"), NOW), PutOutcome);
    let outcome = put.outcome();
    assert_eq!((outcome.kind, outcome.number.as_deref(), outcome.command_seq), (Kind::Applied, Some("100"), 2));
    assert_eq!((outcome.etag.as_deref(), outcome.source_seq, outcome.body_hash.as_str()), (Some("v1"), 20, "b"));
    assert_eq!(step!(put.written(NOW), End), End::Done);
}

#[test]
fn what_stands_already_is_unchanged() {
    let put = step!(begin(Record::Linked(linked())), PutOutcome);
    let outcome = put.outcome().clone();
    assert_eq!((outcome.kind, outcome.number.as_deref(), outcome.source_seq), (Kind::Unchanged, Some("100"), 20));
    assert_eq!(outcome.etag.as_deref(), Some("v1"));
    assert_eq!(step!(begin(outcome.record()), End), End::Done);
}

#[test]
fn another_body_is_the_callers_decision_unless_ours_is_older() {
    let other = Linked { body_hash: "a".to_owned(), ..linked() };
    assert_eq!(step!(begin(Record::Linked(other.clone())), End), End::Differs(other.clone()));
    let newer = Linked { source_seq: 30, ..other };
    let put = step!(begin(Record::Linked(newer)), PutOutcome);
    let outcome = put.outcome();
    assert_eq!((outcome.kind, outcome.body_hash.as_str(), outcome.source_seq), (Kind::Unchanged, "a", 30));
}

#[test]
fn a_refusal_of_a_first_send_is_an_outcome_and_a_dead_letter() {
    let put = step!(sending().answered(Reply::Refused(refusal()), NOW), PutOutcome);
    let outcome = put.outcome().clone();
    assert_eq!((outcome.kind, &outcome.number, &outcome.refusal), (Kind::Rejected, &None, &Some(refusal())));
    assert_eq!(step!(put.written(NOW), End), End::Dead(Death::Refused(refusal())));
    // Redelivered after the outcome and before the acknowledgement: the dead letter again, and no call.
    assert_eq!(step!(begin(outcome.record()), End), End::Dead(Death::Refused(refusal())));
}

#[test]
fn a_refusal_is_held_against_its_command_and_not_against_the_next() {
    assert_eq!(step!(begin(Record::Rejected(rejected())), WriteIntent).intent(NOW).attempt, 1);
    let newer = Rejected { source_seq: 30, ..rejected() };
    let put = step!(begin(Record::Rejected(newer)), PutOutcome);
    assert_eq!((put.outcome().kind, put.outcome().source_seq), (Kind::Unchanged, 30));
    assert!(matches!(put.outcome().record(), Record::Rejected(_)));
}

#[test]
fn an_intent_found_is_looked_up_and_adopted() {
    let looking = step!(begin(Record::Intent(intent(1))), LookUp);
    let put = step!(looking.found(vec!["100".to_owned()], at(1)), PutOutcome);
    assert_eq!((put.outcome().kind, put.outcome().number.as_deref()), (Kind::Applied, Some("100")));
    assert_eq!(step!(put.written(at(1)), End), End::Done);
}

#[test]
fn an_adopted_document_of_another_body_is_settled_before_ours_is_held_against_it() {
    let other =
        Intent { body_hash: "a".to_owned(), source_seq: 10, command: "c1".to_owned(), command_seq: 1, ..intent(1) };
    let looking = step!(begin(Record::Intent(other)), LookUp);
    let put = step!(looking.found(vec!["100".to_owned()], at(1)), PutOutcome);
    let outcome = put.outcome();
    assert_eq!((outcome.command.as_str(), outcome.source_seq, outcome.body_hash.as_str()), ("c1", 10, "a"));
    assert!(matches!(step!(put.written(at(1)), End), End::Differs(_)));
}

#[test]
fn several_found_are_never_chosen_from() {
    let looking = step!(begin(Record::Intent(intent(1))), LookUp);
    let numbers = vec!["100".to_owned(), "101".to_owned()];
    let end = step!(looking.found(numbers.clone(), at(1)), End);
    assert_eq!(end, End::Dead(Death::Duplicate { numbers }));
}

#[test]
fn absent_is_believed_after_the_wait_and_two_looks_and_not_before() {
    let mut step = begin(Record::Intent(intent(1)));
    let mut looked_at = Vec::new();
    let mut now = NOW;
    let writing = loop {
        step = match step {
            Step::LookUp(looking) => {
                looked_at.push((now.0 - NOW.0) / 1000);
                looking.found(Vec::new(), now)
            }
            Step::Wait(wait) => {
                now = wait.until();
                wait.over(now)
            }
            Step::Weigh(weighing) => {
                assert_eq!(weighing.since(), NOW);
                weighing.weighed(true)
            }
            Step::WriteIntent(writing) => break writing,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(looked_at, [0, 15, 30, 60, 120, 240, 300, 315]);
    assert_eq!(writing.intent(now).attempt, 2);
}

#[test]
fn a_look_that_began_too_early_proves_nothing_however_late_it_answers() {
    let looking = step!(begin(Record::Intent(intent(1))), LookUp);
    let wait = step!(looking.found(Vec::new(), at(400)), Wait);
    assert_eq!(wait.why(), Pause::Doubt);
    assert!(matches!(absent_twice(step!(wait.over(at(400)), LookUp), 400), Step::WriteIntent(_)));
}

#[test]
fn a_look_that_failed_proves_nothing() {
    let looking = step!(open(Record::Intent(intent(1)), wanted(), policy(), Silence::Proves, at(301)), LookUp);
    let wait = step!(looking.failed(Some(at(360)), at(302)), Wait);
    assert_eq!((wait.why(), wait.until()), (Pause::LookFailed, at(360)));
    assert!(matches!(absent_twice(step!(wait.over(at(360)), LookUp), 360), Step::WriteIntent(_)));
}

#[test]
fn attempts_are_a_commands_own() {
    let spent = |record| absent_twice(step!(open(record, wanted(), policy(), Silence::Proves, at(301)), LookUp), 301);
    let put = step!(spent(Record::Intent(intent(2))), PutOutcome);
    assert_eq!(put.outcome().refusal, Some(Refusal::unresolved(2)));
    let earlier = Intent { command: "c1".to_owned(), command_seq: 1, ..intent(2) };
    assert_eq!(step!(spent(Record::Intent(earlier)), WriteIntent).intent(NOW).attempt, 1);
}

#[test]
fn an_older_command_leaves_the_record_to_the_newer_one_that_is_under_way() {
    let newer = Intent { source_seq: 30, command: "c3".to_owned(), command_seq: 3, ..intent(1) };
    let superseded = End::Superseded { by: "c3".to_owned(), by_seq: 3 };
    assert_eq!(step!(begin(Record::Intent(newer.clone())), End), superseded);
    assert_eq!(
        step!(withdraw(Record::Intent(newer.clone()), wanted(), policy(), Silence::Proves, false, NOW), End),
        superseded
    );
    // Where entries are lost, a lost command has written it, perhaps.
    let silence = Silence::ProvesNothing { until: NOW };
    assert!(matches!(open(Record::Intent(newer.clone()), wanted(), policy(), silence, NOW), Step::LookUp(_)));
    // What it sent itself is looked for: two documents would be seen by nobody else.
    let put = step!(sending().answered(created("101"), NOW), PutOutcome);
    let looking = step!(step!(put.lost(), Reopen).with(Record::Intent(newer), at(301)), LookUp);
    assert_eq!(step!(absent_twice(looking, 301), End), superseded);
}

#[test]
fn an_older_version_looks_for_a_newer_one_and_never_sends() {
    let newer = Intent { source_seq: 30, command: "c1".to_owned(), command_seq: 1, ..intent(1) };
    let looking = step!(open(Record::Intent(newer), wanted(), policy(), Silence::Proves, at(301)), LookUp);
    assert_eq!(step!(absent_twice(looking, 301), End), End::Superseded { by: "c1".to_owned(), by_seq: 1 });
}

#[test]
fn what_was_turned_away_is_sent_again_only_under_a_young_intent() {
    for reply in [
        Reply::Busy { retry_at: at(10) },
        Reply::NotSent { retry_at: at(10) },
        Reply::Unauthorised { retry_at: at(10) },
    ] {
        let wait = step!(sending().answered(reply, at(1)), Wait);
        let early = step!(wait.over(at(9)), Wait);
        assert_eq!(step!(early.over(at(10)), Send).intent().attempt, 1);
    }
    let wait = step!(sending().answered(Reply::Busy { retry_at: at(411) }, at(1)), Wait);
    let writing = step!(wait.over(at(411)), WriteIntent);
    assert_eq!(writing.intent(at(411)).attempt, 1, "nothing was sent, so no attempt is spent");
    let again = step!(step!(writing.lost(), Reopen).with(Record::Intent(intent(1)), at(411)), LookUp);
    assert_eq!(again.intent().attempt, 1);
}

#[test]
fn a_send_that_could_not_start_in_time_needs_a_new_intent() {
    let sending = sending();
    assert_eq!(sending.by(), at(20));
    assert!(matches!(sending.missed(), Step::WriteIntent(_)));
    let slow = step!(begin(Record::Absent), WriteIntent);
    let intent = slow.intent(NOW);
    assert!(matches!(slow.written(intent, at(21)), Step::WriteIntent(_)));
}

#[test]
fn silence_is_in_doubt_from_the_intent_on() {
    let looking = step!(sending().answered(Reply::Uncertain, at(19)), LookUp);
    let wait = step!(looking.found(Vec::new(), at(290)), Wait);
    assert_eq!(wait.until(), at(300));
}

#[test]
fn a_fault_is_looked_up_then_sent_again_then_taken_for_a_refusal() {
    let looking = step!(sending().answered(Reply::Faulted(refusal()), at(1)), LookUp);
    let wait = step!(looking.found(Vec::new(), at(1)), Wait);
    assert_eq!((wait.until(), wait.why()), (at(11), Pause::Fault));
    assert!(!wait.why().may_hand_back(), "another life would not know that it was a fault");
    let writing = step!(absent_twice(step!(wait.over(at(11)), LookUp), 11), WriteIntent);
    let intent = writing.intent(at(26));
    assert_eq!(intent.attempt, 2);
    let second = step!(writing.written(intent, at(26)), Send);
    let looking = step!(second.answered(Reply::Faulted(refusal()), at(30)), LookUp);
    let wait = step!(looking.found(Vec::new(), at(30)), Wait);
    let put = step!(absent_twice(step!(wait.over(at(40)), LookUp), 40), PutOutcome);
    assert_eq!((put.outcome().kind, put.outcome().refusal.clone()), (Kind::Rejected, Some(refusal())));
}

#[test]
fn nothing_is_given_up_while_nothing_gets_through() {
    let mut sending = sending();
    for round in 1..=50 {
        let now = 60 * round;
        let looking = step!(sending.answered(Reply::Faulted(refusal()), at(now)), LookUp);
        let wait = step!(looking.found(Vec::new(), at(now)), Wait);
        let weighing = step!(proven_absent(step!(wait.over(at(now + 10)), LookUp), now + 10), Weigh);
        let writing = step!(weighing.weighed(false), WriteIntent);
        let intent = writing.intent(at(now + 30));
        assert_eq!(intent.attempt, 1, "a try in an outage does not count");
        sending = step!(writing.written(intent, at(now + 30)), Send);
    }
    // A look-up that fails in an outage is held as well: whoever finds the intent would wait for five minutes.
    let looking = step!(sending.answered(Reply::Faulted(refusal()), at(4000)), LookUp);
    assert_eq!(step!(looking.failed(None, at(4000)), Wait).why(), Pause::Fault);
}

#[test]
fn a_refusal_after_doubt_is_looked_up_first() {
    let looking = step!(open(Record::Intent(intent(1)), wanted(), policy(), Silence::Proves, at(301)), LookUp);
    let writing = step!(absent_twice(looking, 301), WriteIntent);
    let intent = writing.intent(at(320));
    let second = step!(writing.written(intent, at(320)), Send);
    let looking = step!(second.answered(Reply::Refused(refusal()), at(321)), LookUp);
    let put = step!(looking.found(vec!["100".to_owned()], at(322)), PutOutcome);
    assert_eq!((put.outcome().kind, put.outcome().number.as_deref()), (Kind::Applied, Some("100")));
}

#[test]
fn a_number_that_is_not_the_records_is_a_duplicate() {
    let put = step!(sending().answered(created("101"), NOW), PutOutcome);
    let end = step!(step!(put.lost(), Reopen).with(Record::Linked(linked()), NOW), End);
    assert_eq!(end, End::Dead(Death::Duplicate { numbers: vec!["100".to_owned(), "101".to_owned()] }));
    let put = step!(sending().answered(created("100"), NOW), PutOutcome);
    let adopted = Linked { command: "c2".to_owned(), command_seq: 2, ..linked() };
    assert_eq!(step!(step!(put.lost(), Reopen).with(Record::Linked(adopted), NOW), End), End::Done);
}

#[test]
fn a_policy_must_hang_together() {
    assert_eq!(Policy::default().check(), Ok(()));
    let late = Policy { send_within: Duration::from_secs(300), ..policy() };
    assert!(matches!(late.check(), Err(PolicyError::SendWithin { .. })));
    assert_eq!(Policy { send_within: Duration::ZERO, ..policy() }.check(), Err(PolicyError::NoTimeToSend));
    assert_eq!(Policy { looks: 0, ..policy() }.check(), Err(PolicyError::NoLooks));
    assert_eq!(Policy { attempts: 0, ..policy() }.check(), Err(PolicyError::NoAttempts));
}
