use async_nats::HeaderMap;
use bytes::Bytes;

use super::*;
use crate::address::Address;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

fn delivery(sequence: u64) -> Delivery {
    let subject = format!("change.main.commerce.order.{sequence}");
    let (headers, payload) = (HeaderMap::new(), Bytes::new());
    let address = Address::parse(&subject).unwrap();
    Delivery { address, subject, headers, payload, sequence, delivered: 1, stored_at: 1_000 * sequence }
}

fn take(taken: &Taken, sequence: u64, verdict: &Verdict) {
    taken.begun(&delivery(sequence), 1_000 * sequence);
    taken.decided(&delivery(sequence), verdict);
}

fn fails(why: &str) -> Verdict {
    Verdict::Again(SECOND, Problem::new(Code::BrokerAway, why, ""))
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_a_minute_is_told_with_its_sentence_until_it_gets_through() {
    let health = Health::default();
    let taken = Taken::of("mapper", health.clone(), HOUR);
    for second in 0..70 {
        take(&taken, 7, &fails("the broker does not answer"));
        take(&taken, 8, &Verdict::RetryAfter(SECOND, "waits for its customer".to_owned()));
        taken.tell();
        assert_eq!(health.is_well(), second < 60, "{second}");
        tokio::time::advance(SECOND).await;
    }
    let told = health.told();
    let wanted = "deliveries: 1 are tried again and again, change.main.commerce.order.7 for 69 s: BROKER_AWAY: the";
    assert!(told.starts_with(wanted), "{told}");
    take(&taken, 7, &Verdict::Done);
    taken.tell();
    assert!(health.is_well());
}

#[tokio::test(start_paused = true)]
async fn what_another_replica_has_taken_over_is_forgotten() {
    let health = Health::default();
    let taken = Taken::of("mapper", health.clone(), HOUR);
    take(&taken, 9, &fails("x"));
    tokio::time::advance(61 * SECOND).await;
    taken.tell();
    assert!(!health.is_well());
    tokio::time::advance(300 * SECOND).await;
    taken.tell();
    assert!(health.is_well() && taken.standing() == Standing::default());
}

#[tokio::test(start_paused = true)]
async fn the_oldest_is_one_that_does_not_wait_as_it_should() {
    let taken = Taken::of("writer-visma", Health::default(), HOUR);
    take(&taken, 1, &Verdict::RetryAfter(60 * SECOND, "waits for its release".to_owned()));
    take(&taken, 2, &fails("503"));
    taken.begun(&delivery(3), 3_000);
    taken.settled();
    assert_eq!(taken.standing(), Standing { oldest: Some(2_000), postponed: 1, settled: 1 });
    taken.handed_back(3);
    take(&taken, 2, &Verdict::Done);
    assert_eq!(taken.standing(), Standing { oldest: None, postponed: 1, settled: 1 });
}

#[tokio::test(start_paused = true)]
async fn each_code_that_fails_is_named_beside_the_oldest() {
    let health = Health::default();
    let taken = Taken::of("mapper", health.clone(), HOUR);
    take(&taken, 7, &fails("the broker does not answer"));
    let missing = |sequence| take(&taken, sequence, &Verdict::retry(1, Problem::new(Code::OrderMissing, "none", "")));
    tokio::time::advance(SECOND).await;
    missing(8);
    missing(9);
    tokio::time::advance(61 * SECOND).await;
    taken.tell();
    let told = health.told();
    assert!(told.contains("order.7 for 62 s: BROKER_AWAY: ") && told.ends_with("; ORDER_MISSING: 2"), "{told}");
}

#[tokio::test(start_paused = true)]
async fn one_that_fails_for_an_hour_is_named_once_an_hour() {
    let taken = Taken::of("mapper", Health::default(), HOUR);
    let mut told = Vec::new();
    for second in 0..9_000_u64 {
        take(&taken, 7, &fails("the broker does not answer"));
        taken.tell();
        let at = taken.state().by_sequence[&7].fails.as_ref().and_then(|fails| fails.told);
        if at.is_some() && told.last().map(|(_, at)| *at) != Some(at) {
            told.push((second, at));
        }
        tokio::time::advance(SECOND).await;
    }
    assert_eq!(told.into_iter().map(|(second, _)| second).collect::<Vec<_>>(), [3_600, 7_200]);
}
