use problem::Code;

use crate::*;

const NOW: Millis = Millis(10_000_000);

fn wanted() -> Wanted {
    Wanted { command: "c3".to_owned(), command_seq: 3, body_hash: "b".to_owned(), source_seq: 30 }
}

fn later(seconds: u64) -> Millis {
    NOW.after(std::time::Duration::from_secs(seconds))
}

const NOTHING: Silence = Silence::ProvesNothing { until: NOW };

fn looking(step: Step) -> LookingUp {
    match step {
        Step::LookUp(looking) => looking,
        other => panic!("{other:?}"),
    }
}

/// Records that say that nothing stands there.
fn silent() -> [Record; 3] {
    let refusal = Refusal { code: Code::VismaAccountUnknown, sentence: "no such account".to_owned() };
    let (source_seq, command_seq, command) = (10, 1, "c1".to_owned());
    let rejected = Rejected { refusal, body_hash: "a".to_owned(), source_seq, command: command.clone(), command_seq };
    let withdrawn = Withdrawn { number: Some("99".to_owned()), source_seq, command, command_seq };
    [Record::Absent, Record::Rejected(rejected), Record::Withdrawn(withdrawn)]
}

#[test]
fn what_stands_is_adopted_without_a_send() {
    for record in silent() {
        let looking = looking(open(record, wanted(), Policy::default(), NOTHING, NOW));
        assert!(looking.is_unheard());
        match looking.found(vec!["100".to_owned()], NOW) {
            Step::PutOutcome(put) => {
                let outcome = put.outcome();
                assert_eq!((outcome.number.as_deref(), outcome.command_seq), (Some("100"), 3));
                assert!(matches!(put.written(NOW), Step::End(End::Done)));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn absent_is_believed_when_nothing_that_was_lost_can_still_be_worked_on() {
    let policy = Policy::default();
    let proven = NOTHING.believe_after(&policy).unwrap();
    assert_eq!(proven, later(315), "the wait of a doubt, and the time between its looks");
    for record in silent() {
        match looking(open(record.clone(), wanted(), policy, NOTHING, NOW)).found(Vec::new(), NOW) {
            Step::Wait(wait) => assert!(wait.until() <= proven && wait.why() == Pause::Doubt),
            other => panic!("{other:?}"),
        }
        // A sweep that had begun too early proves nothing, whenever it is asked; one that had not proves it at once.
        let early = looking(open(record.clone(), wanted(), policy, NOTHING, later(400)));
        match early.listed(Vec::new(), NOW, later(400)) {
            Step::Wait(wait) => assert_eq!(wait.until(), later(415)),
            other => panic!("{other:?}"),
        }
        let late = looking(open(record, wanted(), policy, NOTHING, later(400)));
        assert!(matches!(late.listed(Vec::new(), later(320), later(400)), Step::WriteIntent(_)));
    }
}

#[test]
fn a_withdrawal_removes_what_the_record_does_not_know() {
    for record in silent() {
        let looking = looking(withdraw(record, wanted(), Policy::default(), NOTHING, false, NOW));
        let Step::PutOutcome(put) = looking.found(vec!["100".to_owned()], NOW) else { panic!() };
        assert!(matches!(put.written(NOW), Step::Inspect(inspecting) if inspecting.number() == "100"));
    }
}

#[test]
fn two_are_told_and_older_commands_ask_nothing() {
    let [absent, rejected, withdrawn] = silent();
    let two = looking(open(absent, wanted(), Policy::default(), NOTHING, NOW)).found(vec!["1".into(), "2".into()], NOW);
    assert!(matches!(two, Step::End(End::Dead(Death::Duplicate { .. }))));
    let old = || Wanted { command_seq: 1, ..wanted() };
    assert!(matches!(open(rejected, old(), Policy::default(), NOTHING, NOW), Step::End(End::Dead(_))));
    assert!(matches!(open(withdrawn, old(), Policy::default(), NOTHING, NOW), Step::PutOutcome(_)));
}

/// The log loses the intent while its answer is on the way: the number that was told is not sent for again.
#[test]
fn a_life_that_has_sent_believes_no_silence() {
    let Step::WriteIntent(writing) = open(Record::Absent, wanted(), Policy::default(), Silence::Proves, NOW) else {
        panic!()
    };
    let intent = writing.intent(NOW);
    let Step::Send(sending) = writing.written(intent, NOW) else { panic!() };
    let created = Reply::Created { number: "100".to_owned(), etag: None };
    let Step::PutOutcome(put) = sending.answered(created, NOW) else { panic!() };
    let Step::Reopen(reopening) = put.lost() else { panic!() };
    let looking = looking(reopening.with(Record::Absent, NOW));
    assert!(matches!(looking.found(vec!["100".to_owned()], NOW), Step::PutOutcome(_)));
}

/// An intent that is left of several: a later send of the same document is lost.
#[test]
fn an_old_intent_is_in_doubt_for_as_long_as_a_lost_one_may_be() {
    let Wanted { command, command_seq, body_hash, source_seq } = wanted();
    let intent = Intent { attempt: 1, written_at: Millis(1), body_hash, source_seq, command, command_seq };
    let looking = looking(open(Record::Intent(intent), wanted(), Policy::default(), NOTHING, NOW));
    assert!(matches!(looking.found(Vec::new(), NOW), Step::Wait(wait) if wait.until() == later(315)));
}

#[test]
fn what_is_given_up_on_is_still_asked_for_by_the_next_command() {
    let refusal = Refusal { code: Code::CustomerAmbiguous, sentence: "several".to_owned() };
    let Step::PutOutcome(put) = give_up(Record::Absent, wanted(), Policy::default(), NOTHING, refusal) else {
        panic!()
    };
    let next = Wanted { command: "c4".to_owned(), command_seq: 4, ..wanted() };
    // The doubt is in the record: it outlives the time in which its silence proves nothing.
    looking(open(put.outcome().record(), next, Policy::default(), Silence::Proves, later(60)));
}

/// An archive took it out of the record long ago: nothing of it can be under way, so one look suffices, and nothing
/// is sent before there was one, whatever fails meanwhile.
#[test]
fn what_was_archived_is_looked_for_once_and_never_sent_before() {
    let archived = Silence::ProvesNothing { until: Millis(0) };
    for record in silent() {
        let open = || looking(open(record.clone(), wanted(), Policy::default(), archived, NOW));
        assert!(matches!(open().found(Vec::new(), NOW), Step::WriteIntent(_)), "absent: it is created at once");
        // Looks that fail, and an entry that somebody else was quicker with.
        let mut looked = open();
        for _ in 0..5 {
            let Step::Wait(wait) = looked.failed(None, NOW) else { panic!() };
            let until = wait.until();
            looked = looking(wait.over(until));
        }
        let Step::PutOutcome(put) = looked.found(vec!["100".to_owned()], NOW) else { panic!() };
        let Step::Reopen(reopening) = put.lost() else { panic!() };
        let again = looking(reopening.with(record.clone(), NOW));
        assert!(matches!(again.found(vec!["100".to_owned()], NOW), Step::PutOutcome(_)), "adopted, not sent");
    }
}
