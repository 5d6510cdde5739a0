//! The rules of an update, one by one.

use problem::Code;

use super::*;
use crate::Intent;

const NOW: Millis = Millis(1_000_000);

fn wanted() -> Wanted {
    Wanted { command: "c2".to_owned(), command_seq: 2, body_hash: "b".to_owned(), source_seq: 20 }
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

fn policy() -> Policy {
    Policy { attempts: 3, ..Policy::default() }
}

fn begin_with(record: Record, seen: Option<&str>) -> Step {
    open(record, wanted(), seen.map(str::to_owned), policy())
}

fn at(seconds: u64) -> Millis {
    NOW.after(std::time::Duration::from_secs(seconds))
}

macro_rules! step {
    ($step:expr, $kind:ident) => {
        match $step {
            Step::$kind(step) => step,
            other => panic!("wanted {}, got {other:?}", stringify!($kind)),
        }
    };
}

fn sending() -> Sending {
    step!(begin_with(Record::Linked(linked()), Some("v7")), Send)
}

/// Read in this version, and differing: our record is looked at once more, then it is sent.
fn resent(reading: Reading, etag: &str) -> Sending {
    let reopening = step!(reading.found(Some(etag.to_owned()), true), Reopen);
    step!(reopening.with(Record::Linked(linked())), Send)
}

/// A bad end: an entry that says so, and the same end when the command is delivered again.
fn dead(step: Step) -> Death {
    let put = step!(step, PutOutcome);
    let outcome = put.outcome().clone();
    assert_eq!((outcome.kind, outcome.number.as_deref(), outcome.command_seq), (Kind::Rejected, Some("100"), 2));
    let refusal = outcome.refusal.clone().unwrap();
    let again = step!(begin_with(outcome.record(), Some("v7")), End);
    assert_eq!(again, End::Dead(Death::Refused(refusal)));
    match step!(put.written(), End) {
        End::Dead(death) => death,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_steady_update_is_one_call_under_the_version_that_was_seen() {
    let sending = sending();
    assert_eq!((sending.number(), sending.etag()), ("100", "v7"));
    let put = step!(sending.answered(Reply::Updated { etag: Some("v8".to_owned()) }, NOW), PutOutcome);
    let outcome = put.outcome();
    assert_eq!(
        (outcome.kind, outcome.number.as_deref(), outcome.etag.as_deref()),
        (Kind::Applied, Some("100"), Some("v8"))
    );
    assert_eq!((outcome.body_hash.as_str(), outcome.source_seq, outcome.command_seq), ("b", 20, 2));
    assert_eq!(step!(put.written(), End), End::Done);
}

#[test]
fn without_a_version_it_is_read_first_and_never_written_blindly() {
    let reading = step!(begin_with(Record::Linked(linked()), None), Read);
    assert_eq!(resent(reading, "v9").etag(), "v9");
    let reading = step!(begin_with(Record::Linked(linked()), None), Read);
    let end = dead(reading.found(None, true));
    assert!(matches!(end, Death::Refused(refusal) if refusal.code == Code::NoVersion));
}

#[test]
fn what_it_says_already_costs_no_write() {
    let reading = step!(begin_with(Record::Linked(linked()), None), Read);
    let put = step!(reading.found(Some("v9".to_owned()), false), PutOutcome);
    assert_eq!((put.outcome().kind, put.outcome().body_hash.as_str()), (Kind::Unchanged, "b"));
    assert_eq!(put.outcome().etag.as_deref(), Some("v9"));
}

#[test]
fn the_same_body_and_an_older_version_cost_no_call() {
    let same = Linked { body_hash: "b".to_owned(), ..linked() };
    let put = step!(begin_with(Record::Linked(same), Some("v7")), PutOutcome);
    assert_eq!(
        (put.outcome().kind, put.outcome().source_seq, put.outcome().etag.as_deref()),
        (Kind::Unchanged, 20, Some("v1"))
    );
    let newer = Linked { source_seq: 30, command_seq: 3, ..linked() };
    let put = step!(begin_with(Record::Linked(newer), Some("v7")), PutOutcome);
    let outcome = put.outcome();
    assert_eq!(
        (outcome.kind, outcome.body_hash.as_str(), outcome.source_seq, outcome.command_seq),
        (Kind::Unchanged, "a", 30, 3)
    );
    let settled = Linked { command_seq: 2, ..linked() };
    assert_eq!(step!(begin_with(Record::Linked(settled), None), End), End::Done);
}

#[test]
fn a_stale_version_is_read_again_and_our_own_record_after_it() {
    let reading = step!(sending().answered(Reply::Stale, NOW), Read);
    let again = resent(reading, "v8");
    assert_eq!(again.etag(), "v8");
    // A newer command was settled meanwhile: ours is not written any more.
    let reading = step!(again.answered(Reply::Stale, NOW), Read);
    let reopening = step!(reading.found(Some("v9".to_owned()), true), Reopen);
    let newer = Linked { source_seq: 30, command_seq: 3, ..linked() };
    let put = step!(reopening.with(Record::Linked(newer)), PutOutcome);
    assert_eq!((put.outcome().kind, put.outcome().command_seq), (Kind::Unchanged, 3));
}

#[test]
fn a_storm_of_stale_versions_ends_with_a_person() {
    let mut step = Step::Send(sending());
    let mut sends = 0;
    let put = loop {
        step = match step {
            Step::Send(sending) => {
                sends += 1;
                sending.answered(Reply::Stale, NOW)
            }
            Step::Reopen(reopening) => reopening.with(Record::Linked(linked())),
            Step::Read(reading) => reading.found(Some(format!("v{sends}")), true),
            put @ Step::PutOutcome(_) => break put,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!((sends, dead(put)), (3, Death::Contended { attempts: 3 }));
}

#[test]
fn a_fault_that_does_not_pass_is_taken_for_a_refusal() {
    let refusal =
        Refusal { code: Code::VismaCreditTermsUnknown, sentence: "The credit terms 99 are unknown.".to_owned() };
    let mut step = Step::Send(sending());
    let put = loop {
        step = match step {
            Step::Send(sending) => sending.answered(Reply::Faulted(refusal.clone()), NOW),
            Step::Wait(wait) => wait.over(at(60)),
            Step::Weigh(weighing) => weighing.weighed(true),
            Step::Read(reading) => reading.found(Some("v7".to_owned()), true),
            Step::Reopen(reopening) => reopening.with(Record::Linked(linked())),
            put @ Step::PutOutcome(_) => break put,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(dead(put), Death::Refused(refusal));
}

#[test]
fn a_change_is_not_given_up_in_an_outage() {
    let mut sending = sending();
    for _ in 0..50 {
        let wait = step!(sending.answered(Reply::Uncertain, NOW), Wait);
        let weighing = step!(wait.over(at(60)), Weigh);
        assert_eq!(weighing.since(), NOW);
        sending = resent(step!(weighing.weighed(false), Read), "v7");
    }
}

#[test]
fn after_silence_nobody_knows_what_it_says() {
    let mut step = Step::Send(sending());
    let put = loop {
        step = match step {
            Step::Send(sending) => sending.answered(Reply::Uncertain, NOW),
            Step::Wait(wait) => wait.over(at(60)),
            Step::Weigh(weighing) => weighing.weighed(true),
            Step::Read(reading) => reading.found(Some("v8".to_owned()), true),
            Step::Reopen(reopening) => reopening.with(Record::Linked(linked())),
            Step::PutOutcome(put) => break put,
            other => panic!("{other:?}"),
        };
    };
    assert_eq!(put.outcome().body_hash, "", "so that the next command does not take it for unchanged");
}

#[test]
fn a_lost_answer_is_settled_by_reading() {
    let wait = step!(sending().answered(Reply::Uncertain, NOW), Wait);
    assert_eq!((wait.why(), wait.until()), (Pause::Fault, NOW.after(policy().fault_wait)));
    let reading = step!(step!(wait.over(at(60)), Weigh).weighed(false), Read);
    let put = step!(reading.found(Some("v8".to_owned()), false), PutOutcome);
    assert_eq!(put.outcome().kind, Kind::Applied, "it was ours");
    let wait = step!(sending().answered(Reply::Uncertain, NOW), Wait);
    let reading = step!(step!(wait.over(at(60)), Weigh).weighed(true), Read);
    assert_eq!(resent(reading, "v7").etag(), "v7");
}

#[test]
fn what_is_turned_away_is_sent_again_under_the_same_version() {
    let wait = step!(sending().answered(Reply::NotNow { retry_at: at(10), why: Pause::Busy }, NOW), Wait);
    let early = step!(wait.over(at(9)), Wait);
    assert_eq!(step!(early.over(at(10)), Send).etag(), "v7");
}

#[test]
fn what_is_not_there_or_refused_is_a_persons() {
    let gone = Death::Gone { number: "100".to_owned() };
    assert_eq!(dead(sending().answered(Reply::Gone, NOW)), gone);
    assert_eq!(dead(step!(begin_with(Record::Linked(linked()), None), Read).gone()), gone);
    let refusal = Refusal { code: Code::VismaCreditTermsUnknown, sentence: "no".to_owned() };
    assert_eq!(dead(sending().answered(Reply::Refused(refusal.clone()), NOW)), Death::Refused(refusal));
}

#[test]
fn a_reading_that_failed_is_made_again() {
    let reading = step!(begin_with(Record::Linked(linked()), None), Read);
    let wait = step!(reading.failed(Some(at(30)), NOW), Wait);
    assert_eq!((wait.why(), wait.until()), (Pause::LookFailed, at(30)));
    assert!(matches!(wait.over(at(30)), Step::Read(_)));
}

#[test]
fn a_lost_outcome_is_written_again_after_a_look() {
    let put = step!(sending().answered(Reply::Updated { etag: None }, NOW), PutOutcome);
    let reading = step!(step!(put.lost(), Reopen).with(Record::Linked(linked())), Read);
    let put = step!(reading.found(Some("v8".to_owned()), false), PutOutcome);
    assert_eq!(put.outcome().kind, Kind::Applied);
    let ours = put.outcome().record();
    assert_eq!(step!(step!(put.lost(), Reopen).with(ours), End), End::Done);
}

#[test]
fn what_is_not_linked_is_the_business_of_a_create() {
    let Wanted { command, command_seq, body_hash, source_seq } = wanted();
    let intent = Intent { attempt: 1, written_at: NOW, body_hash, source_seq, command, command_seq };
    assert!(matches!(begin_with(Record::Intent(intent), Some("v7")), Step::NotLinked(Record::Intent(_))));
    assert!(matches!(begin_with(Record::Absent, None), Step::NotLinked(Record::Absent)));
}
