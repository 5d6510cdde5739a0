//! The rules of the breaker, in virtual time.

use super::*;

const LONGEST_WAIT: Duration = Duration::from_secs(30);

fn breaker() -> Breaker {
    Breaker::new("visma", Health::default(), LONGEST_WAIT)
}

/// One call of this kind that meets this; false when it was kept back.
fn call(breaker: &Breaker, kind: Kind, met: Met) -> bool {
    match breaker.enter(kind) {
        Ok(pass) => {
            pass.met(met, kind == Kind::Read, "it answers 503");
            true
        }
        Err(_) => false,
    }
}

async fn pass(time: Duration) {
    tokio::time::advance(time).await;
}

#[tokio::test(start_paused = true)]
async fn a_few_failed_writes_in_a_row_keep_writes_back_and_reads_and_polls_go_on() {
    let breaker = breaker();
    for _ in 1..FAULTS {
        assert!(call(&breaker, Kind::Write, Met::Fault));
    }
    assert!(call(&breaker, Kind::Write, Met::Refused), "one that was let in begins the count anew");
    for _ in 0..FAULTS {
        assert!(call(&breaker, Kind::Write, Met::Fault));
    }
    assert!(!call(&breaker, Kind::Write, Met::Done));
    assert!(call(&breaker, Kind::Read, Met::Done) && call(&breaker, Kind::Poll, Met::Done));
    assert!(!call(&breaker, Kind::Write, Met::Done), "that reads are answered says nothing about writes");
}

#[tokio::test(start_paused = true)]
async fn one_probe_at_a_time_and_when_it_gets_through_all_do() {
    let breaker = breaker();
    for _ in 0..FAULTS {
        call(&breaker, Kind::Write, Met::Fault);
    }
    let before = now_millis().saturating_sub(1);
    assert!(!breaker.passed_since(before));
    let mut probes = 0;
    for _ in 0..600 {
        pass(Duration::from_millis(500)).await;
        // A hundred documents wait.
        let passes: Vec<_> = (0..100).filter_map(|_| breaker.enter(Kind::Write).ok()).collect();
        assert!(passes.len() <= 1);
        for pass in passes {
            probes += 1;
            pass.met(Met::Fault, false, "it answers 503");
        }
    }
    assert!((8..=40).contains(&probes), "{probes} probes in five minutes");
    pass(LONGEST_WAIT * 2).await;
    assert!(call(&breaker, Kind::Write, Met::Done));
    assert!(breaker.passed_since(before));
    assert!((0..100).all(|_| call(&breaker, Kind::Write, Met::Done)));
}

#[tokio::test(start_paused = true)]
async fn where_nobody_answers_look_ups_wait_too() {
    let breaker = breaker();
    assert!(call(&breaker, Kind::Write, Met::Nobody));
    assert!(!call(&breaker, Kind::Read, Met::Done) && !call(&breaker, Kind::Write, Met::Done));
    pass(Duration::from_secs(1)).await;
    assert!(call(&breaker, Kind::Read, Met::Done));
    assert!(call(&breaker, Kind::Write, Met::Done));
}

#[tokio::test(start_paused = true)]
async fn what_a_person_must_mend_is_tried_seldom_until_it_is_or_the_credentials_change() {
    let breaker = breaker();
    let every = Duration::from_secs(60);
    breaker.hold(every, &Problem::new(Code::VismaUnauthorised, "the token is refused", "correct it"));
    let mut probes = 0;
    for _ in 0..3000 {
        pass(Duration::from_millis(100)).await;
        for kind in [Kind::Write, Kind::Read] {
            probes += usize::from(call(&breaker, kind, Met::Door));
        }
    }
    assert!((4..=5).contains(&probes), "{probes} probes in five minutes");
    breaker.reset();
    assert!(call(&breaker, Kind::Write, Met::Done));
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_was_never_made_leaves_its_place() {
    let breaker = breaker();
    call(&breaker, Kind::Write, Met::Nobody);
    pass(Duration::from_secs(1)).await;
    drop(breaker.enter(Kind::Write));
    assert!(call(&breaker, Kind::Write, Met::Done));
}

#[tokio::test(start_paused = true)]
async fn a_probe_among_failing_writes_is_risky_and_no_wait_is_longer_than_the_longest() {
    let breaker = breaker();
    for _ in 0..FAULTS {
        let pass = breaker.enter(Kind::Write).unwrap();
        assert!(!pass.is_risky(), "nothing is known to fail yet");
        pass.met(Met::Fault, false, "it answers 503");
    }
    for _ in 0..200 {
        let wait = breaker.wait(Kind::Write).unwrap();
        assert!(wait <= LONGEST_WAIT, "{wait:?}");
        pass(wait).await;
        let probe = breaker.enter(Kind::Write).unwrap();
        assert!(probe.is_risky());
        probe.met(Met::Fault, false, "it answers 503");
    }
    breaker.hold(Duration::from_secs(60), &Problem::new(Code::VismaUnauthorised, "the token is refused", "correct it"));
    pass(Duration::from_secs(60)).await;
    assert!(!breaker.enter(Kind::Write).unwrap().is_risky(), "who is turned away at the door has done nothing");
}

#[tokio::test(start_paused = true)]
async fn what_is_told_is_what_was_met_last() {
    let health = Health::default();
    let breaker = Breaker::new("visma", health.clone(), LONGEST_WAIT);
    breaker.hold(Duration::from_secs(60), &Problem::new(Code::VismaTokenRefused, "the secret before", "correct it"));
    breaker.hold(Duration::from_secs(60), &Problem::new(Code::VismaTokenRefused, "the secret in force", "correct it"));
    assert_eq!(health.told(), "visma: nothing gets through: VISMA_TOKEN_REFUSED: the secret in force");
    assert_eq!(breaker.trouble(Code::VismaAway).map(|problem| problem.code), Some(Code::VismaTokenRefused));
    breaker.reset();
    assert!(health.is_well());
}
