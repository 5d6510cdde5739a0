//! Tests that an entry is read as it was written: nothing that `effect` decided is lost between two processes.

use effect::Silence;
use effect::{Outcome as Settled, Policy, Wanted};
use proto::Message as _;

use super::*;

const NOW: Millis = Millis(1_000_000);

fn wanted() -> Wanted {
    Wanted { command: "c2".to_owned(), command_seq: 2, body_hash: "b".to_owned(), source_seq: 20 }
}

fn an_intent() -> Intent {
    Intent {
        attempt: 2,
        written_at: NOW,
        body_hash: "a".to_owned(),
        source_seq: 10,
        command: "c1".to_owned(),
        command_seq: 1,
    }
}

fn refusal() -> Refusal {
    Refusal { code: Code::VismaRefused, sentence: "no".to_owned() }
}

fn settled() -> Settled {
    Settled {
        kind: Kind::Applied,
        number: Some("100".to_owned()),
        etag: Some("v1".to_owned()),
        body_hash: "b".to_owned(),
        source_seq: 20,
        command: "c2".to_owned(),
        command_seq: 2,
        refusal: None,
        withdrawn: false,
        doubt: None,
    }
}

/// An entry as another process reads it.
fn read(entry: &Outcome) -> Record {
    record(Outcome::decode(entry.encode_to_vec().as_slice()).unwrap(), NOW.0)
}

#[test]
fn every_kind_of_record_survives_the_log() {
    let nothing = Settled { number: None, etag: None, ..settled() };
    let all = [
        settled(),
        Settled { etag: None, ..settled() },
        Settled { kind: Kind::Rejected, refusal: Some(refusal()), ..settled() },
        Settled { kind: Kind::Rejected, refusal: Some(refusal()), ..nothing.clone() },
        Settled { kind: Kind::Rejected, refusal: Some(refusal()), doubt: Some(an_intent()), ..nothing.clone() },
        Settled { withdrawn: true, ..settled() },
        Settled { withdrawn: true, ..nothing.clone() },
        Settled { kind: Kind::Unchanged, ..nothing },
    ];
    for settled in all {
        assert_eq!(read(&outcome(&settled, NOW)), settled.record(), "{settled:?}");
    }
    assert_eq!(read(&intent(&an_intent())), Record::Intent(an_intent()));
}

#[test]
fn what_was_deleted_says_so_and_what_was_never_booked_does_not() {
    let withdrawn = Settled { withdrawn: true, ..settled() };
    assert!(outcome(&withdrawn, NOW).deleted);
    assert!(!outcome(&Settled { number: None, ..withdrawn }, NOW).deleted);
}

#[test]
fn a_doubt_that_was_given_up_is_looked_for_by_the_next_command() {
    let given_up = Settled {
        kind: Kind::Rejected,
        number: None,
        etag: None,
        refusal: Some(refusal()),
        doubt: Some(an_intent()),
        ..settled()
    };
    let next = Wanted { command: "c3".to_owned(), command_seq: 3, ..wanted() };
    let step = effect::open(read(&outcome(&given_up, NOW)), next, Policy::default(), Silence::Proves, NOW);
    assert!(matches!(step, effect::Step::LookUp(_)), "{step:?}");
}
