//! The rules of a withdrawal and of giving up, one by one.

use std::time::Duration;

use problem::Code;

use crate::*;

const NOW: Millis = Millis(1_000_000);

fn wanted() -> Wanted {
    Wanted { command: "c2".to_owned(), command_seq: 2, body_hash: String::new(), source_seq: 20 }
}

fn linked() -> Linked {
    Linked {
        number: "100".to_owned(),
        etag: Some("v1".to_owned()),
        body_hash: "a".to_owned(),
        source_seq: 10,
        command: "c1".to_owned(),
        command_seq: 1,
        refused: None,
    }
}

fn intent() -> Intent {
    Intent {
        attempt: 1,
        written_at: NOW,
        body_hash: "a".to_owned(),
        source_seq: 10,
        command: "c1".to_owned(),
        command_seq: 1,
    }
}

fn refusal() -> Refusal {
    Refusal { code: Code::VismaCreditTermsUnknown, sentence: "no".to_owned() }
}

fn begin(record: Record) -> Step {
    withdraw(record, wanted(), Policy::default(), Silence::Proves, false, NOW)
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

fn deleting() -> Deleting {
    let look = step!(begin(Record::Linked(linked())), Inspect);
    step!(look.found(Some("v1".to_owned()), true, NOW), Delete)
}

#[test]
fn what_was_never_booked_is_withdrawn_without_a_call_and_stays_so() {
    let rejected = Rejected {
        refusal: refusal(),
        body_hash: "a".to_owned(),
        source_seq: 10,
        command: "c1".to_owned(),
        command_seq: 1,
    };
    for record in [Record::Absent, Record::Rejected(rejected)] {
        let put = step!(begin(record), PutOutcome);
        let outcome = put.outcome().clone();
        assert_eq!((outcome.kind, outcome.number.as_deref(), outcome.withdrawn), (Kind::Applied, None, true));
        assert_eq!(step!(put.written(NOW), End), End::Done);
        // The booking that it overtook, and one that is decided again from the same old change.
        for command_seq in [1, 3] {
            let older = Wanted { command: "c1".to_owned(), command_seq, source_seq: 10, ..wanted() };
            let put = step!(open(outcome.record(), older, Policy::default(), Silence::Proves, NOW), PutOutcome);
            assert_eq!((put.outcome().kind, put.outcome().source_seq), (Kind::Unchanged, 20));
            assert!(matches!(put.outcome().record(), Record::Withdrawn(_)));
        }
        // An order that came back to life.
        let newer = Wanted { command: "c3".to_owned(), command_seq: 3, source_seq: 30, ..wanted() };
        assert!(matches!(open(outcome.record(), newer, Policy::default(), Silence::Proves, NOW), Step::WriteIntent(_)));
    }
}

#[test]
fn what_stands_is_deleted_under_its_version_and_gone_is_gone() {
    let deleting = deleting();
    assert_eq!((deleting.number(), deleting.etag()), ("100", Some("v1")));
    let put = step!(deleting.answered(Removed::Gone, NOW), PutOutcome);
    let record = put.outcome().record();
    assert!(matches!(&record, Record::Withdrawn(w) if w.number.as_deref() == Some("100")));
    assert_eq!(step!(begin(record), End), End::Done, "redelivered");
}

#[test]
fn what_the_vendor_does_not_delete_is_not_tried() {
    let look = step!(begin(Record::Linked(linked())), Inspect);
    let end = step!(look.found(Some("v2".to_owned()), false, NOW), End);
    assert_eq!(end, End::Stands(Linked { etag: Some("v2".to_owned()), ..linked() }));
    // Where a poll has seen it so, not even a look.
    let known = withdraw(Record::Linked(linked()), wanted(), Policy::default(), Silence::Proves, true, NOW);
    assert_eq!(step!(known, End), End::Stands(linked()));
}

#[test]
fn what_is_refused_is_looked_at_before_it_is_said_to_stand() {
    let inspecting = step!(deleting().answered(Removed::Refused(refusal()), NOW), Inspect);
    let end = step!(inspecting.found(Some("v2".to_owned()), false, NOW), End);
    assert_eq!(end, End::Stands(Linked { etag: Some("v2".to_owned()), ..linked() }));
    let inspecting = step!(deleting().answered(Removed::Refused(refusal()), NOW), Inspect);
    let wait = step!(inspecting.found(None, true, NOW), Wait);
    let inspecting = step!(step!(wait.over(at(15)), Delete).answered(Removed::Refused(refusal()), at(15)), Inspect);
    assert!(matches!(inspecting.found(None, false, at(15)), Step::End(End::Stands(_))), "its release was under way");
    let inspecting = step!(deleting().answered(Removed::Refused(refusal()), NOW), Inspect);
    assert!(matches!(inspecting.gone(), Step::PutOutcome(_)));
}

#[test]
fn what_goes_on_being_refused_is_a_persons() {
    let mut step = Step::Delete(deleting());
    let mut waits = 0;
    let end = loop {
        step = match step {
            Step::Delete(deleting) => deleting.answered(Removed::Refused(refusal()), NOW),
            Step::Inspect(inspecting) => inspecting.found(None, true, NOW),
            Step::Wait(wait) => {
                waits += 1;
                wait.over(at(15 * waits))
            }
            Step::End(end) => break end,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!((waits, end), (2, End::Dead(Death::Refused(refusal()))));
}

/// A delete that always comes to nothing; others get through from some try on. The tries, and its end.
fn failing(answer: &Removed, in_outage: impl Fn(u64) -> bool) -> (u64, Death) {
    let (mut step, mut tries) = (Step::Delete(deleting()), 0);
    loop {
        step = match step {
            Step::Delete(deleting) => {
                tries += 1;
                deleting.answered(answer.clone(), NOW)
            }
            Step::Inspect(inspecting) => inspecting.found(None, true, NOW),
            Step::Wait(wait) => {
                assert_eq!((wait.why(), wait.until()), (Pause::Fault, NOW.after(Policy::default().fault_wait)));
                wait.over(at(60))
            }
            Step::Weigh(weighing) => weighing.weighed(!in_outage(tries)),
            Step::End(End::Dead(death)) => return (tries, death),
            other => panic!("{other:?}"),
        };
    }
}

#[test]
fn a_delete_without_an_answer_is_not_given_up_in_an_outage_and_was_nobodys_change() {
    assert_eq!(failing(&Removed::Uncertain, |tries| tries < 50), (52, Death::Refused(Refusal::unanswered())));
}

#[test]
fn a_fault_is_looked_at_too() {
    assert_eq!(failing(&Removed::Faulted(refusal()), |tries| tries < 100), (102, Death::Refused(refusal())));
    let inspecting = step!(deleting().answered(Removed::Faulted(refusal()), NOW), Inspect);
    assert!(matches!(inspecting.found(None, false, NOW), Step::End(End::Stands(_))));
}

#[test]
fn another_version_is_read_and_deleted_under_that_so_many_times() {
    let mut step = Step::Delete(deleting());
    let mut versions = Vec::new();
    let end = loop {
        step = match step {
            Step::Delete(deleting) => {
                versions.push(deleting.etag().unwrap_or_default().to_owned());
                deleting.answered(Removed::Stale, NOW)
            }
            Step::Inspect(inspecting) => inspecting.found(Some(format!("w{}", versions.len())), true, NOW),
            Step::End(end) => break end,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(versions, ["v1", "w1", "w2"]);
    assert_eq!(end, End::Dead(Death::Contended { attempts: 3 }));
}

#[test]
fn a_delete_without_an_answer_is_made_again() {
    let wait = step!(deleting().answered(Removed::Uncertain, NOW), Wait);
    assert_eq!(wait.why(), Pause::Fault);
    assert!(matches!(step!(wait.over(at(60)), Weigh).weighed(true), Step::Delete(_)));
    let wait = step!(deleting().answered(Removed::NotNow { retry_at: at(9), why: Pause::Busy }, NOW), Wait);
    assert!(matches!(wait.over(at(9)), Step::Delete(_)));
}

#[test]
fn what_may_have_been_sent_is_looked_for_first() {
    let looking = step!(begin(Record::Intent(intent())), LookUp);
    let put = step!(looking.found(vec!["100".to_owned()], at(1)), PutOutcome);
    // It is adopted in the name of whoever sent it; only then it is deleted.
    assert_eq!((put.outcome().command.as_str(), put.outcome().number.as_deref()), ("c1", Some("100")));
    assert_eq!(step!(put.written(at(1)), Inspect).number(), "100");

    let looking =
        step!(withdraw(Record::Intent(intent()), wanted(), Policy::default(), Silence::Proves, false, at(301)), LookUp);
    let wait = step!(looking.found(Vec::new(), at(301)), Wait);
    let put = step!(step!(wait.over(at(316)), LookUp).found(Vec::new(), at(316)), PutOutcome);
    assert!(put.outcome().withdrawn && put.outcome().number.is_none());
}

#[test]
fn an_older_cancellation_does_not_undo_a_newer_booking() {
    let newer = Linked { source_seq: 30, command_seq: 3, ..linked() };
    let put = step!(begin(Record::Linked(newer)), PutOutcome);
    assert_eq!((put.outcome().kind, put.outcome().withdrawn), (Kind::Unchanged, false));
    assert!(matches!(put.outcome().record(), Record::Linked(_)));
}

#[test]
fn giving_up_over_an_intent_carries_the_doubt_along() {
    let put =
        step!(give_up(Record::Intent(intent()), wanted(), Policy::default(), Silence::Proves, refusal()), PutOutcome);
    let record = put.outcome().record();
    let Record::GivenUp(given_up) = &record else { panic!("{record:?}") };
    assert_eq!((&given_up.intent, given_up.command_seq, &given_up.refusal), (&intent(), 2, &refusal()));
    // The command itself, delivered again, ends as it did; it sends nothing.
    let again = step!(open(record.clone(), wanted(), Policy::default(), Silence::Proves, NOW), End);
    assert_eq!(again, End::Dead(Death::Refused(refusal())));
    // The next one looks before it sends, from the time of the intent on.
    let next = Wanted { command: "c3".to_owned(), command_seq: 3, source_seq: 30, body_hash: "a".to_owned() };
    let looking = step!(open(record, next, Policy::default(), Silence::Proves, NOW), LookUp);
    assert_eq!(looking.intent(), &intent());
    let put = step!(looking.found(vec!["100".to_owned()], at(1)), PutOutcome);
    assert_eq!((put.outcome().number.as_deref(), put.outcome().command_seq), (Some("100"), 3));
}

#[test]
fn giving_up_where_nothing_stands_is_a_refusal_and_where_something_stands_is_nothing() {
    let put = step!(give_up(Record::Absent, wanted(), Policy::default(), Silence::Proves, refusal()), PutOutcome);
    let record = put.outcome().record();
    assert!(matches!(&record, Record::Rejected(rejected) if rejected.refusal == refusal()));
    assert_eq!(step!(give_up(record, wanted(), Policy::default(), Silence::Proves, refusal()), End), End::Done);
    assert_eq!(
        step!(give_up(Record::Linked(linked()), wanted(), Policy::default(), Silence::Proves, refusal()), End),
        End::Done
    );
}
